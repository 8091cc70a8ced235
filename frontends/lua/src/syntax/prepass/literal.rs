//! String literals: quoted with escapes, and long brackets; decoded to bytes.

use super::lexer::{Lexer, LexicalError};
use super::token::{Token, TokenKind, TokenValue};

impl Lexer<'_> {
    /// Reads a string in quotes `quote`; the lexer stands at the opening one.
    pub(super) fn short_string(&mut self, quote: u8) -> Result<Token, LexicalError> {
        self.buffer.clear();
        self.position += 1;
        loop {
            let plain = self.source[self.position..]
                .iter()
                .position(|&byte| byte == quote || matches!(byte, b'\\' | b'\n' | b'\r'));
            let Some(plain) = plain else {
                self.position = self.source.len();
                return Err(self.error("unfinished string", None));
            };
            self.buffer.extend_from_slice(&self.source[self.position..self.position + plain]);
            self.position += plain;
            match self.source[self.position] {
                b'\\' => self.escape(quote)?,
                byte if byte == quote => {
                    self.position += 1;
                    let value = self.interner.intern(&self.buffer);
                    return Ok(self.token(TokenKind::String, TokenValue::String(value)));
                }
                _ => return Err(self.error("unfinished string", Some([&[quote], &self.buffer[..]].concat()))),
            }
        }
    }

    /// Decodes one escape sequence; the lexer stands at its backslash.
    fn escape(&mut self, quote: u8) -> Result<(), LexicalError> {
        let backslash = self.position;
        self.position += 1;
        let simple = match self.peek(0) {
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0B,
            Some(byte @ (b'\\' | b'"' | b'\'')) => byte,
            Some(b'x') => {
                let high = self.hexadecimal_digit(quote, backslash)?;
                let low = self.hexadecimal_digit(quote, backslash)?;
                (high << 4 | low) as u8
            }
            Some(b'u') => return self.utf8_escape(quote, backslash),
            Some(b'z') => {
                self.position += 1;
                self.skip_space();
                return Ok(());
            }
            Some(b'\n' | b'\r') => {
                self.buffer.push(b'\n');
                self.skip_newline();
                return Ok(());
            }
            Some(b'0'..=b'9') => return self.decimal_escape(quote, backslash),
            // The end of the source: the string is unfinished, which the caller finds next.
            None => return Ok(()),
            Some(_) => return Err(self.escape_error("invalid escape sequence", quote, backslash)),
        };
        self.position += 1;
        self.buffer.push(simple);
        Ok(())
    }

    /// Skips all white space, as `\z` asks for.
    fn skip_space(&mut self) {
        loop {
            match self.peek(0) {
                Some(b'\n' | b'\r') => self.skip_newline(),
                Some(b' ' | b'\t' | 0x0B | 0x0C) => self.position += 1,
                _ => return,
            }
        }
    }

    /// Steps to the next byte, which must be a hexadecimal digit.
    fn hexadecimal_digit(&mut self, quote: u8, backslash: usize) -> Result<u32, LexicalError> {
        self.position += 1;
        self.peek(0)
            .and_then(|byte| char::from(byte).to_digit(16))
            .ok_or_else(|| self.escape_error("hexadecimal digit expected", quote, backslash))
    }

    /// `\ddd`: up to three decimal digits that make a byte.
    fn decimal_escape(&mut self, quote: u8, backslash: usize) -> Result<(), LexicalError> {
        let mut value = 0u32;
        for _ in 0..3 {
            let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(10)) else { break };
            value = value * 10 + digit;
            self.position += 1;
        }
        let byte = u8::try_from(value).map_err(|_| self.escape_error("decimal escape too large", quote, backslash))?;
        self.buffer.push(byte);
        Ok(())
    }

    /// `\u{XXX}`: a code point below 2^31 in (extended) UTF-8.
    fn utf8_escape(&mut self, quote: u8, backslash: usize) -> Result<(), LexicalError> {
        self.position += 1;
        if self.peek(0) != Some(b'{') {
            return Err(self.escape_error("missing '{'", quote, backslash));
        }
        let mut code = self.hexadecimal_digit(quote, backslash)?;
        self.position += 1;
        while let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(16)) {
            if code > 0x7FFF_FFFF >> 4 {
                return Err(self.escape_error("UTF-8 value too large", quote, backslash));
            }
            code = code << 4 | digit;
            self.position += 1;
        }
        if self.peek(0) != Some(b'}') {
            return Err(self.escape_error("missing '}'", quote, backslash));
        }
        self.position += 1;
        push_utf8(&mut self.buffer, code);
        Ok(())
    }

    /// An error in the escape that began at `backslash`: quotes what was read up to and with the current byte.
    fn escape_error(&self, message: &str, quote: u8, backslash: usize) -> LexicalError {
        let end = (self.position + 1).min(self.source.len());
        let raw = &self.source[backslash..end];
        self.error(message, Some([&[quote], &self.buffer[..], raw].concat()))
    }

    /// The level (number of `=`) of a long bracket that opens here, if one does; the lexer does not move.
    pub(super) fn long_bracket(&self) -> Option<usize> {
        let rest = self.source[self.position..].strip_prefix(b"[")?;
        let level = rest.iter().position(|&byte| byte != b'=')?;
        (rest[level] == b'[').then_some(level)
    }

    /// Reads a string in long brackets.
    pub(super) fn long_string(&mut self) -> Result<Token, LexicalError> {
        let Some(level) = self.long_bracket() else {
            let signs = self.source[self.position + 1..].iter().take_while(|&&byte| byte == b'=').count();
            self.position += 1 + signs;
            let near = self.source[self.start..self.position].to_vec();
            return Err(self.error("invalid long string delimiter", Some(near)));
        };
        self.long_body(level, "string")?;
        let value = self.interner.intern(&self.buffer);
        Ok(self.token(TokenKind::String, TokenValue::String(value)))
    }

    /// Reads from an opening long bracket to its end into the buffer, line breaks made `\n`, a first one dropped.
    pub(super) fn long_body(&mut self, level: usize, what: &str) -> Result<(), LexicalError> {
        let first_line = self.line;
        self.buffer.clear();
        self.position += level + 2;
        if matches!(self.peek(0), Some(b'\n' | b'\r')) {
            self.skip_newline();
        }
        loop {
            let rest = &self.source[self.position..];
            let Some(plain) = rest.iter().position(|byte| matches!(byte, b']' | b'\n' | b'\r')) else {
                self.position = self.source.len();
                let message = format!("unfinished long {what} (starting at line {first_line})");
                return Err(self.error(message, None));
            };
            self.buffer.extend_from_slice(&rest[..plain]);
            self.position += plain;
            if rest[plain] != b']' {
                self.buffer.push(b'\n');
                self.skip_newline();
                continue;
            }
            let signs = rest[plain + 1..].iter().take_while(|&&byte| byte == b'=').count();
            if signs == level && rest.get(plain + 1 + signs) == Some(&b']') {
                self.position += level + 2;
                return Ok(());
            }
            self.buffer.extend_from_slice(&rest[plain..plain + 1 + signs]);
            self.position += 1 + signs;
        }
    }
}

/// Appends `code` (below 2^31) in the original UTF-8 scheme of up to six bytes.
fn push_utf8(buffer: &mut Vec<u8>, code: u32) {
    if code < 0x80 {
        buffer.push(code as u8);
        return;
    }
    // Each continuation byte holds six bits; the first byte holds what is left beside its length mark.
    let continuation = (1u32..=5).find(|&count| code < 1 << (count * 5 + 6)).unwrap_or(5);
    let mark = 0xFF00u32 >> (continuation + 1);
    buffer.push((mark & 0xFF | code >> (continuation * 6)) as u8);
    for index in (0..continuation).rev() {
        buffer.push((0x80 | (code >> (index * 6)) & 0x3F) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::push_utf8;

    #[test]
    fn utf8_agrees_with_the_standard_and_goes_beyond() {
        for code in ['a', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{ffff}', '\u{10000}', '\u{10ffff}'] {
            let mut buffer = Vec::new();
            push_utf8(&mut buffer, code.into());
            assert_eq!(buffer, code.to_string().as_bytes());
        }
        let mut buffer = Vec::new();
        push_utf8(&mut buffer, 0x7FFF_FFFF);
        assert_eq!(buffer, [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]);
        buffer.clear();
        push_utf8(&mut buffer, 0x20_0000);
        assert_eq!(buffer, [0xF8, 0x88, 0x80, 0x80, 0x80]);
    }
}
