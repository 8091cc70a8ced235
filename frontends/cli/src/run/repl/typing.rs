//! Help while a line is typed: colours, completion, and whether it goes on.

use super::super::interpreter::Interpreter;
use super::CHUNK_NAME;
use minivm::raw::{Tag, Value};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;
use std::cell::RefCell;

/// What the message of a chunk ends with that goes on.
const END_MARK: &[u8] = b"<eof>";
/// Tables behind one another in which a field is looked for.
const CHAIN_MAX: usize = 16;
/// Names that are offered at once.
const NAMES_MAX: usize = 500;

const KEYWORDS: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

const KEYWORD: &str = "\x1b[35m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[90m";
const PLAIN: &str = "\x1b[0m";

/// Whether a name is a word of the language.
pub(super) fn is_keyword(name: &[u8]) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.as_bytes() == name)
}

/// What helps while a line is typed: it asks the session, which does nothing else meanwhile.
pub(super) struct Typing<'i> {
    interpreter: RefCell<&'i mut Interpreter>,
}

impl<'i> Typing<'i> {
    pub(super) fn new(interpreter: &'i mut Interpreter) -> Self {
        Typing { interpreter: RefCell::new(interpreter) }
    }

    pub(super) fn interpreter(&mut self) -> &mut Interpreter {
        self.interpreter.get_mut()
    }
}

impl Helper for Typing<'_> {}

impl Hinter for Typing<'_> {
    type Hint = String;
}

impl Validator for Typing<'_> {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        if text.trim_start().starts_with(':') {
            return Ok(ValidationResult::Valid(None));
        }
        let text = text.strip_prefix('=').map_or(text.to_owned(), |expression| format!("return {expression}"));
        let mut interpreter = self.interpreter.borrow_mut();
        let mut load = |text: &str| interpreter.try_to_load(text.as_bytes(), CHUNK_NAME);
        if let Ok(Ok(_)) = load(&format!("return {text};")) {
            return Ok(ValidationResult::Valid(None));
        }
        match load(&text) {
            Ok(Err(message)) if message.ends_with(END_MARK) => Ok(ValidationResult::Incomplete),
            _ => Ok(ValidationResult::Valid(None)),
        }
    }
}

impl Completer for Typing<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "_.:".contains(character);
        let start = line[..at]
            .rfind(|character| !is_part(character))
            .map_or(0, |before| before + line[before..].chars().next().map_or(0, char::len_utf8));
        let word = &line[start..at];
        let (path, begun) = match word.rfind(['.', ':']) {
            Some(dot) => (&word[..dot], &word[dot + 1..]),
            None => ("", word),
        };
        let only_functions = word[..word.len() - begun.len()].ends_with(':');
        let mut interpreter = self.interpreter.borrow_mut();
        let Some(table) = resolve(&mut interpreter, path) else { return Ok((at, Vec::new())) };
        let mut names = names_of(&mut interpreter, table, begun, only_functions);
        if path.is_empty() && word == begun {
            names.extend(
                KEYWORDS.iter().filter(|keyword| keyword.starts_with(begun)).map(|&keyword| keyword.to_owned()),
            );
        }
        names.sort();
        names.dedup();
        Ok((at - begun.len(), names))
    }
}

/// The value behind names with dots between them; nothing of the program runs for that.
fn resolve(interpreter: &mut Interpreter, path: &str) -> Option<Value> {
    let mut value = interpreter.globals();
    for name in path.split(['.', ':']).filter(|name| !name.is_empty()) {
        value = field(interpreter, value, name.as_bytes())?;
    }
    Some(value)
}

/// A field of a value, looked for in tables behind it too.
fn field(interpreter: &mut Interpreter, value: Value, name: &[u8]) -> Option<Value> {
    let mut table = value;
    for _ in 0..CHAIN_MAX {
        let found = interpreter.session.machine.heap().table_get_name(table, name);
        if table.is_table() && !found.is_nil() {
            return Some(found);
        }
        table = interpreter.behind(table)?;
    }
    None
}

/// The names of the fields of a value that begin so, with those of tables behind it.
fn names_of(interpreter: &mut Interpreter, value: Value, begun: &str, only_functions: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut table = value;
    for _ in 0..CHAIN_MAX {
        let mut key = Value::NIL;
        while let Ok(Some((next, value))) = interpreter.session.machine.heap().table_next(table, key) {
            key = next;
            let Some(name) = key.as_bytes().filter(|name| super::show::is_name(name)) else { continue };
            let is_wanted = name.starts_with(begun.as_bytes()) && (!only_functions || value.tag() == Tag::FUNCTION);
            if is_wanted && names.len() < NAMES_MAX {
                names.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        match interpreter.behind(table) {
            Some(next) => table = next,
            None => break,
        }
    }
    names
}

impl Highlighter for Typing<'_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Cow::Borrowed(line);
        }
        Cow::Owned(coloured(line))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}

/// A line with colours.
fn coloured(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let (length, colour) = match first {
            '-' if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), COMMENT),
            '"' | '\'' => (string_length(rest, first), TEXT),
            '[' if rest.starts_with("[[") => (rest.find("]]").map_or(rest.len(), |at| at + 2), TEXT),
            first if first.is_ascii_digit() => {
                let is_number = |character: char| is_word(character) || character == '.';
                (rest.find(|character| !is_number(character)).unwrap_or(rest.len()), NUMBER)
            }
            first if is_word(first) => {
                let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
                (length, if is_keyword(&rest.as_bytes()[..length]) { KEYWORD } else { "" })
            }
            first => (first.len_utf8(), ""),
        };
        let (part, after) = rest.split_at(length);
        match colour {
            "" => out.push_str(part),
            colour => out.extend([colour, part, PLAIN]),
        }
        rest = after;
    }
    out
}

/// Bytes of a string in quotes, or up to the end.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            character if character == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_get_colours_and_stay_as_they_are() {
        for line in ["local x = 'a\\'b' -- c", "[[a", "\"open", "é = 0x1F .. \"ü\"", "return 1 and nil"] {
            let plain = coloured(line);
            let plain = [KEYWORD, TEXT, NUMBER, COMMENT, PLAIN].iter().fold(plain, |text, code| text.replace(code, ""));
            assert_eq!(plain, line);
        }
        assert!(coloured("local x").starts_with(KEYWORD));
        assert!(!coloured("locals").contains('\x1b'));
    }
}
