//! Splits a text into words, numbers, strings and punctuation, each with its place.

use super::ParseError;
use crate::steps;

/// A piece of the text.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token<'a> {
    /// A name: `func3`, `i64`, `ref.layout1`, `nan`, `inf`, `-inf`.
    Word(&'a str),
    /// A number as it is written: `7`, `-1`, `0x1f`, `1.5e-7`, `+8`.
    Number(&'a str),
    /// The bytes of a quoted string.
    String(Box<[u8]>),
    /// One of `( ) { } , = :`.
    Sign(char),
    /// `->`.
    Arrow,
    /// `..`.
    Range,
    /// The end of a line.
    Newline,
    /// The end of the text.
    End,
}

impl Token<'_> {
    /// The token in messages.
    pub(super) fn show(&self) -> String {
        match self {
            Token::Word(text) | Token::Number(text) => {
                let short: String = text.chars().take(40).collect();
                format!("'{short}'")
            }
            Token::String(_) => "a string".into(),
            Token::Sign(sign) => format!("'{sign}'"),
            Token::Arrow => "'->'".into(),
            Token::Range => "'..'".into(),
            Token::Newline => "the end of the line".into(),
            Token::End => "the end of the text".into(),
        }
    }
}

/// Where a token begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Position {
    line: u32,
    line_start: usize,
    start: usize,
}

impl Position {
    /// The byte where it begins.
    pub(super) fn start(self) -> usize {
        self.start
    }
}

/// Reads a text token by token.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Byte where the next token begins, or white space before it.
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0, line: 1, line_start: 0 }
    }

    /// An error at a token.
    pub(super) fn error_at(&self, position: Position, message: impl Into<String>) -> ParseError {
        steps::count(position.start - position.line_start);
        let before = self.text.get(position.line_start..position.start).unwrap_or_default();
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        ParseError { line: position.line, column, message: message.into() }
    }

    /// The byte behind the token that was read last.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn position(&self, start: usize) -> Position {
        Position { line: self.line, line_start: self.line_start, start }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_blanks(&mut self) {
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' => self.at += 1,
                ';' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => break,
            }
        }
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Position), ParseError> {
        let before = self.at;
        self.skip_blanks();
        let start = self.at;
        let position = self.position(start);
        let Some(first) = self.peek() else { return Ok((Token::End, position)) };
        let rest = &self.text[start..];
        let second = rest[first.len_utf8()..].chars().next().unwrap_or(' ');
        let token = match first {
            '\n' => {
                self.at += 1;
                self.line = self.line.saturating_add(1);
                self.line_start = self.at;
                Token::Newline
            }
            '(' | ')' | '{' | '}' | ',' | '=' | ':' => {
                self.at += 1;
                Token::Sign(first)
            }
            '-' if second == '>' => {
                self.at += 2;
                Token::Arrow
            }
            '.' if second == '.' => {
                self.at += 2;
                Token::Range
            }
            '"' => Token::String(self.string(start)?),
            '0'..='9' | '-' | '+' if first.is_ascii_digit() || second.is_ascii_digit() => Token::Number(self.number()),
            'a'..='z' | 'A'..='Z' | '_' | '-' => Token::Word(self.word()),
            _ => {
                self.at += first.len_utf8();
                return Err(self.error_at(position, format!("'{}' has no meaning here", first.escape_debug())));
            }
        };
        steps::count(1 + self.at - before);
        Ok((token, position))
    }

    /// Goes to the end of the line, to go on after an error.
    pub(super) fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.find('\n').unwrap_or(rest.len());
        steps::count(1 + length);
        self.at += length;
    }

    /// Goes past a line that begins with `}` when the current one opened a `{`: the rest of a function.
    pub(super) fn skip_body(&mut self) {
        let code = self.text[self.line_start..].lines().next().unwrap_or_default();
        self.skip_line();
        if !code.split(';').next().unwrap_or_default().trim_end().ends_with('{') {
            return;
        }
        while self.at < self.text.len() {
            self.at += 1;
            self.line = self.line.saturating_add(1);
            self.line_start = self.at;
            let is_end = self.text[self.at..].trim_start_matches([' ', '\t']).starts_with('}');
            self.skip_line();
            if is_end {
                return;
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        text
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let bytes = rest.as_bytes();
        // The first byte belongs to it whatever it is; `..` after a word is a range.
        let length = (1..bytes.len()).find(|&at| !is_word(bytes[at]) || bytes[at..].starts_with(b".."));
        self.take(length.unwrap_or(bytes.len()))
    }

    fn number(&mut self) -> &'a str {
        let bytes = &self.text.as_bytes()[self.at..];
        let is_hex = bytes.starts_with(b"0x");
        let belongs = |at: usize| match bytes[at] {
            b'.' => !bytes[at..].starts_with(b".."),
            b'+' | b'-' => !is_hex && matches!(bytes[at - 1], b'e' | b'E'),
            byte => byte.is_ascii_alphanumeric() || byte == b'_',
        };
        let length = (1..bytes.len()).find(|&at| !belongs(at));
        self.take(length.unwrap_or(bytes.len()))
    }

    fn string(&mut self, start: usize) -> Result<Box<[u8]>, ParseError> {
        let bytes = self.text.as_bytes();
        let mut value = Vec::new();
        let mut at = start + 1;
        loop {
            let escape = match bytes.get(at) {
                None | Some(b'\n') => {
                    self.at = at;
                    return Err(self.error_at(self.position(start), "the string does not end on this line"));
                }
                Some(b'"') => break,
                Some(b'\\') => bytes.get(at + 1),
                Some(&byte) => {
                    value.push(byte);
                    at += 1;
                    continue;
                }
            };
            let (byte, length) = match escape {
                Some(b'n') => (b'\n', 2),
                Some(b'r') => (b'\r', 2),
                Some(b't') => (b'\t', 2),
                Some(&byte @ (b'"' | b'\\')) => (byte, 2),
                Some(b'x') => match self.text.get(at + 2..at + 4).and_then(hex_byte) {
                    Some(byte) => (byte, 4),
                    None => return Err(self.bad_escape(at, "'\\x' needs two hexadecimal digits")),
                },
                _ => return Err(self.bad_escape(at, "after '\\' comes one of n r t x \\ \"")),
            };
            value.push(byte);
            at += length;
        }
        self.at = at + 1;
        Ok(value.into())
    }

    fn bad_escape(&mut self, at: usize, message: &str) -> ParseError {
        self.at = at + 1;
        self.error_at(self.position(at), message)
    }
}

fn hex_byte(digits: &str) -> Option<u8> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}
