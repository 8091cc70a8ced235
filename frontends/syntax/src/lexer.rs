//! From text to tokens.

use crate::{Mistake, Parsed};
use std::ops::Range;

/// What a token is. Keywords and symbols are told apart by their text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Letters of ASCII, digits and `_`, with no digit first.
    Name,
    /// Begins with a digit. Whether it is a number is for [`Token::number`] to find out.
    Number,
    /// In double quotes, on one line.
    Text,
    /// A keyword or a symbol.
    Word,
    /// The end of the text.
    End,
}

// ANCHOR: token
/// A piece of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token<'t> {
    /// What it is.
    pub kind: Kind,
    /// Its text, with the quotes.
    pub text: &'t str,
    /// Where it begins.
    pub start: usize,
    /// The line on which it begins, from 1.
    pub line: u32,
}
// ANCHOR_END: token

/// A number in a program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// Without a fraction, and not too large.
    Integer(i64),
    /// Any other.
    Float(f64),
}

impl<'t> Token<'t> {
    /// Its bytes in the text.
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// A mistake here.
    ///
    /// # Errors
    /// Always: that mistake.
    pub fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(Mistake::new(self.span(), message))
    }

    /// That something else should be here.
    ///
    /// # Errors
    /// Always: that mistake.
    pub fn expected<T>(&self, what: &str) -> Parsed<T> {
        let shown = if self.kind == Kind::End { "the end".to_owned() } else { format!("`{}`", self.text) };
        self.error(format!("{what} is expected, found {shown}"))
    }

    /// The number that its text is.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self) -> Parsed<Number> {
        match (self.text.parse(), self.text.parse()) {
            (Ok(integer), _) => Ok(Number::Integer(integer)),
            (_, Ok(float)) => Ok(Number::Float(float)),
            _ => self.error(format!("`{}` is not a number", self.text)),
        }
    }

    /// The text that is meant by what stands between its quotes: `\n`, `\t`, `\"` and `\\` are escapes.
    ///
    /// # Errors
    /// When another character stands behind a `\`.
    pub fn meant(&self) -> Parsed<String> {
        let quoted = self.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(self.text);
        let (mut meant, mut characters) = (String::new(), quoted.chars());
        while let Some(character) = characters.next() {
            meant.push(match (character, if character == '\\' { characters.next() } else { None }) {
                ('\\', Some('n')) => '\n',
                ('\\', Some('t')) => '\t',
                ('\\', Some(escaped @ ('"' | '\\'))) => escaped,
                ('\\', Some(other)) => return self.error(format!("`\\{other}` is not an escape")),
                (character, _) => character,
            });
        }
        Ok(meant)
    }
}

/// The words of a language.
#[derive(Clone, Copy, Debug)]
pub struct Lexicon {
    /// Names that mean something else, with spaces between them.
    pub keywords: &'static str,
    /// Symbols, with spaces between them. The longest one that fits is taken.
    pub symbols: &'static str,
    /// What begins a comment, which goes on to the end of the line.
    pub comment: &'static str,
}

impl Lexicon {
    /// The tokens of a text, the last one of kind [`Kind::End`].
    ///
    /// # Errors
    /// Of bytes that are no token.
    pub fn tokens<'t>(&self, text: &'t str) -> Parsed<Vec<Token<'t>>> {
        let (mut tokens, mut at, mut line) = (Vec::<Token<'t>>::new(), 0, 1);
        while let Some(first) = text[at..].chars().next() {
            let rest = &text[at..];
            let length_while = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
            let (kind, length) = match first {
                _ if rest.starts_with(self.comment) => (None, length_while(|c| c != '\n')),
                _ if first.is_whitespace() => (None, first.len_utf8()),
                '0'..='9' => (Some(Kind::Number), number_length(rest)),
                _ if is_name(first) => (Some(Kind::Name), length_while(is_name)),
                '"' => match text_length(rest) {
                    Some(length) => (Some(Kind::Text), length),
                    None => return Err(Mistake::new(at..at + 1, "this text does not end on its line")),
                },
                _ => match self.symbol_length(rest) {
                    0 => {
                        let message = format!("`{first}` has no meaning here");
                        return Err(Mistake::new(at..at + first.len_utf8(), message));
                    }
                    length => (Some(Kind::Word), length),
                },
            };
            let is_keyword = self.keywords.split(' ').any(|keyword| keyword == &rest[..length]);
            let kind = kind.map(|kind| if is_keyword { Kind::Word } else { kind });
            tokens.extend(kind.map(|kind| Token { kind, text: &rest[..length], start: at, line }));
            line += u32::from(first == '\n');
            at += length;
        }
        // What is missing at the end is missing after the last token.
        let start = tokens.last().map_or(0, |last| last.span().end);
        tokens.push(Token { kind: Kind::End, text: "", start, line: line + 1 });
        Ok(tokens)
    }

    fn symbol_length(&self, text: &str) -> usize {
        self.symbols.split(' ').filter(|symbol| text.starts_with(symbol)).map(str::len).max().unwrap_or(0)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Digits and perhaps a fraction; `1..2` is two numbers and what stands between them.
fn number_length(text: &str) -> usize {
    let length = |text: &str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let whole = length(text);
    match text[whole..].strip_prefix('.') {
        Some(fraction) if !fraction.starts_with('.') => whole + 1 + length(fraction),
        _ => whole,
    }
}

/// With both quotes, if there are two on the line.
fn text_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'\n' || byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    text[end + 1..].starts_with('"').then_some(end + 2)
}
