//! From bytes to tokens, with the lexical errors of the reference implementation; knows nothing of the grammar.

use super::interner::Interner;
use super::numeral::{Numeral, parse_numeral};
use super::token::{Token, TokenKind, TokenValue};
use minivm_isa::steps;
use std::ops::Range;

/// An error in the spelling of a token.
pub(super) struct LexicalError {
    /// What is wrong.
    pub(super) message: String,
    /// The text the message quotes, as it was understood so far; `None` at the end of the source.
    pub(super) near: Option<Vec<u8>>,
    /// The bytes at fault.
    pub(super) span: Range<u32>,
    /// The line reached.
    pub(super) line: u32,
}

/// Reads one token after the other.
pub(super) struct Lexer<'source> {
    pub(super) source: &'source [u8],
    pub(super) position: usize,
    pub(super) line: u32,
    pub(super) interner: Interner,
    /// The bytes of the string literal being read.
    pub(super) buffer: Vec<u8>,
    /// Where the token being read begins.
    pub(super) start: usize,
}

impl<'source> Lexer<'source> {
    /// A lexer that begins at byte `position` of `source`; the caller made sure that offsets fit 32 bits.
    pub(super) fn new(source: &'source [u8], position: usize) -> Self {
        Self { source, position, line: 1, interner: Interner::new(), buffer: Vec::new(), start: position }
    }

    /// The byte `ahead` of the current one, if the source is that long.
    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.position + ahead).copied()
    }

    /// Reads the next token.
    pub(super) fn next_token(&mut self) -> Result<Token, LexicalError> {
        let before = self.position;
        self.skip_blanks()?;
        steps::count(1 + self.position - before);
        self.start = self.position;
        let Some(first) = self.peek(0) else {
            return Ok(self.token(TokenKind::Eof, TokenValue::None));
        };
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(self.word()),
            b'0'..=b'9' => self.numeral(),
            b'.' if matches!(self.peek(1), Some(b'0'..=b'9')) => self.numeral(),
            b'"' | b'\'' => self.short_string(first),
            b'[' if matches!(self.peek(1), Some(b'[' | b'=')) => self.long_string(),
            _ => Ok(self.symbol(first)),
        }
    }

    /// A token from `start` to the current position.
    pub(super) fn token(&self, kind: TokenKind, value: TokenValue) -> Token {
        let Range { start, end } = self.span();
        Token { kind, start, end, line: self.line, value }
    }

    /// The bytes from `start` to the current position.
    fn span(&self) -> Range<u32> {
        let offset = |position| u32::try_from(position).expect("the entry point refuses sources past 32 bits");
        offset(self.start)..offset(self.position)
    }

    /// An error that quotes `near`.
    pub(super) fn error(&self, message: impl Into<String>, near: Option<Vec<u8>>) -> LexicalError {
        LexicalError { message: message.into(), near, span: self.span(), line: self.line }
    }

    /// Skips one line break, which may be any of `\n`, `\r`, `\r\n`, `\n\r`.
    pub(super) fn skip_newline(&mut self) {
        let first = self.peek(0);
        self.position += 1;
        if matches!(self.peek(0), Some(b'\n' | b'\r')) && self.peek(0) != first {
            self.position += 1;
        }
        self.line += 1;
    }

    /// Skips white space and comments.
    fn skip_blanks(&mut self) -> Result<(), LexicalError> {
        loop {
            match self.peek(0) {
                Some(b'\n' | b'\r') => self.skip_newline(),
                Some(b' ' | b'\t' | 0x0B | 0x0C) => self.position += 1,
                Some(b'-') if self.peek(1) == Some(b'-') => {
                    self.start = self.position;
                    self.position += 2;
                    match self.long_bracket() {
                        Some(level) => self.long_body(level, "comment")?,
                        None => self.skip_line(),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while !matches!(self.peek(0), None | Some(b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn word(&mut self) -> Token {
        while matches!(self.peek(0), Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_')) {
            self.position += 1;
        }
        let word = &self.source[self.start..self.position];
        match TokenKind::keyword(word) {
            Some(kind) => self.token(kind, TokenValue::None),
            None => {
                let name = self.interner.intern(word);
                self.token(TokenKind::Name, TokenValue::String(name))
            }
        }
    }

    /// Takes all that could belong to a numeral, as liberally as the reference implementation, then reads it.
    fn numeral(&mut self) -> Result<Token, LexicalError> {
        // Even after a dot, although no numeral is spelled like that.
        self.position += usize::from(self.peek(0) == Some(b'.'));
        let hexadecimal = self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X'));
        let mark = if hexadecimal { b'p' } else { b'e' };
        self.position += if hexadecimal { 2 } else { 1 };
        while let Some(byte) = self.peek(0) {
            if byte.to_ascii_lowercase() == mark {
                self.position += if matches!(self.peek(1), Some(b'+' | b'-')) { 2 } else { 1 };
            } else if byte.is_ascii_hexdigit() || byte == b'.' {
                self.position += 1;
            } else {
                break;
            }
        }
        if matches!(self.peek(0), Some(b'a'..=b'z' | b'A'..=b'Z' | b'_')) {
            // A letter that touches the numeral makes it malformed.
            self.position += 1;
        }
        let text = &self.source[self.start..self.position];
        match parse_numeral(text) {
            Some(Numeral::Integer(value)) => Ok(self.token(TokenKind::Integer, TokenValue::Integer(value))),
            Some(Numeral::Float(value)) => Ok(self.token(TokenKind::Float, TokenValue::Float(value))),
            None => Err(self.error("malformed number", Some(text.to_vec()))),
        }
    }

    fn symbol(&mut self, first: u8) -> Token {
        use TokenKind::*;
        let (kind, length) = match (first, self.peek(1), self.peek(2)) {
            (b'.', Some(b'.'), Some(b'.')) => (Dots, 3),
            (b'.', Some(b'.'), _) => (Concat, 2),
            (b'/', Some(b'/'), _) => (DoubleSlash, 2),
            (b'<', Some(b'<'), _) => (ShiftLeft, 2),
            (b'>', Some(b'>'), _) => (ShiftRight, 2),
            (b'=', Some(b'='), _) => (Equal, 2),
            (b'~', Some(b'='), _) => (NotEqual, 2),
            (b'<', Some(b'='), _) => (LessEqual, 2),
            (b'>', Some(b'='), _) => (GreaterEqual, 2),
            (b':', Some(b':'), _) => (DoubleColon, 2),
            _ => (single(first), 1),
        };
        self.position += length;
        self.token(kind, TokenValue::None)
    }
}

/// The token that one byte makes on its own.
fn single(byte: u8) -> TokenKind {
    use TokenKind::*;
    match byte {
        b'+' => Plus,
        b'-' => Minus,
        b'*' => Star,
        b'/' => Slash,
        b'%' => Percent,
        b'^' => Caret,
        b'#' => Hash,
        b'&' => Ampersand,
        b'~' => Tilde,
        b'|' => Pipe,
        b'<' => Less,
        b'>' => Greater,
        b'=' => Assign,
        b'(' => ParenOpen,
        b')' => ParenClose,
        b'{' => BraceOpen,
        b'}' => BraceClose,
        b'[' => BracketOpen,
        b']' => BracketClose,
        b';' => Semicolon,
        b':' => Colon,
        b',' => Comma,
        b'.' => Dot,
        other => Stray(other),
    }
}
