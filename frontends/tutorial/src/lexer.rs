//! From text to tokens.

use std::ops::Range;

/// What was compiled, or the bytes that are wrong, and why.
pub(crate) type Compiled<T> = Result<T, (Range<usize>, String)>;

// ANCHOR: token
/// What a token is. Keywords and symbols are told apart by their text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Name,
    Number,
    Text,
    Word,
    End,
}

/// A piece of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
    pub(crate) start: usize,
    /// From 1.
    pub(crate) line: u32,
}

impl Token<'_> {
    /// Its bytes in the text.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// A mistake here.
    pub(crate) fn error<T>(&self, message: impl Into<String>) -> Compiled<T> {
        Err((self.span(), message.into()))
    }
}

// ANCHOR_END: token

const KEYWORDS: &str =
    "and break catch continue else false fn for gen if in len let nil not or return throw true try while yield";

/// The tokens of a text, the last one of kind [`Kind::End`]; or the bytes that are none, and why.
pub(crate) fn tokens(text: &str) -> Compiled<Vec<Token<'_>>> {
    let (mut tokens, mut at, mut line) = (Vec::<Token<'_>>::new(), 0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length_while = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let (kind, length) = match first {
            '#' => (None, length_while(|c| c != '\n')),
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '0'..='9' => (Some(Kind::Number), number_length(rest)),
            _ if is_name(first) => (Some(Kind::Name), length_while(is_name)),
            '"' => match text_length(rest) {
                Some(length) => (Some(Kind::Text), length),
                None => return Err((at..at + 1, "this text does not end on its line".to_owned())),
            },
            _ if ["==", "!=", "<=", ">=", "..", "//"].iter().any(|pair| rest.starts_with(pair)) => {
                (Some(Kind::Word), 2)
            }
            _ if "=<>+-*/%.,:;()[]{}".contains(first) => (Some(Kind::Word), 1),
            _ => return Err((at..at + first.len_utf8(), format!("`{first}` has no meaning here"))),
        };
        let is_keyword = KEYWORDS.split(' ').any(|keyword| keyword == &rest[..length]);
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

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Digits and perhaps a fraction; `1..2` joins two numbers.
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
