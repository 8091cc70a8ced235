//! `string.format`: reading the format and writing one converted argument at a time.
//!
//! The caller walks the [`Pieces`] of a format, fetches the argument a directive asks for (which may run guest code), and
//! calls the method for its kind of value.

use super::error::{LibraryError, LibraryResult};
use super::{float_text, hex_float};
use std::io::Write;

/// A specification may have fewer bytes than this between `%` and the end of its conversion.
const SPECIFICATION_LENGTH_LIMIT: usize = 22;
/// Digits after the point when the format does not say.
const DEFAULT_FLOAT_PRECISION: usize = 6;
/// Strings of this length and more ignore the field width, unless a precision is given.
const LONG_STRING: usize = 100;
/// Bytes of a literal piece at most, so that a step does not take long.
const LITERAL_MAX: usize = 1 << 16;

const FLOAT_FLAGS: &[u8] = b"-+#0 ";
const HEX_FLAGS: &[u8] = b"-#0";
const SIGNED_FLAGS: &[u8] = b"-+0 ";
const UNSIGNED_FLAGS: &[u8] = b"-0";
const TEXT_FLAGS: &[u8] = b"-";

/// One step through a format.
#[derive(Debug)]
pub enum Piece<'f> {
    /// Bytes to copy.
    Literal(&'f [u8]),
    /// A directive, which takes the next argument. An error inside is to be raised once that argument is known to be there.
    Directive(LibraryResult<Directive<'f>>),
}

/// The pieces of a format, in order.
#[derive(Clone, Debug)]
pub struct Pieces<'f> {
    rest: &'f [u8],
    length: usize,
}

impl<'f> Pieces<'f> {
    /// Starts at the beginning of `format`.
    pub fn new(format: &'f [u8]) -> Self {
        Self { rest: format, length: format.len() }
    }

    /// Goes on in `format` where a walk stopped that was at `offset`.
    pub fn resume(format: &'f [u8], offset: usize) -> Self {
        Self { rest: format.get(offset..).unwrap_or_default(), length: format.len() }
    }

    /// How many bytes of the format have been walked.
    pub fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    fn directive(&mut self) -> LibraryResult<Directive<'f>> {
        // Flags, width and precision.
        let is_inner = |byte: &&u8| matches!(byte, b'-' | b'+' | b'#' | b' ' | b'0'..=b'9' | b'.');
        let inner = self.rest[1..].iter().take_while(is_inner).count();
        if inner + 1 >= SPECIFICATION_LENGTH_LIMIT {
            return Err(LibraryError::message("invalid format (too long)"));
        }
        let end = (inner + 2).min(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Directive::parse(text, inner)
    }
}

impl<'f> Iterator for Pieces<'f> {
    type Item = Piece<'f>;

    fn next(&mut self) -> Option<Piece<'f>> {
        match self.rest {
            [] => None,
            [b'%', b'%', rest @ ..] => {
                self.rest = rest;
                Some(Piece::Literal(b"%"))
            }
            [b'%', ..] => Some(Piece::Directive(self.directive())),
            _ => {
                let window = &self.rest[..self.rest.len().min(LITERAL_MAX)];
                let length = memchr::memchr(b'%', window).unwrap_or(window.len());
                let (literal, rest) = self.rest.split_at(length);
                self.rest = rest;
                Some(Piece::Literal(literal))
            }
        }
    }
}

/// What an argument is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// `%c`: an integer, as the byte of that code.
    Character,
    /// `%d`, `%i`: an integer, signed, in decimal.
    Signed,
    /// `%u`: an integer, unsigned, in decimal.
    Unsigned,
    /// `%o`: an integer, unsigned, in octal.
    Octal,
    /// `%x`, `%X`: an integer, unsigned, in hexadecimal.
    Hexadecimal,
    /// `%a`, `%A`: a float, in hexadecimal.
    HexFloat,
    /// `%e`, `%E`: a float, with exponent.
    Exponential,
    /// `%f`: a float, without exponent.
    Fixed,
    /// `%g`, `%G`: a float, in the shorter of both.
    General,
    /// `%p`: the identity of an object.
    Pointer,
    /// `%q`: a value as source text; see [`super::quote`].
    Quoted,
    /// `%s`: what `tostring` makes of a value.
    Text,
}

/// A directive of a format: what to make of an argument, and how to lay it out.
#[derive(Clone, Copy, Debug)]
pub struct Directive<'f> {
    conversion: Conversion,
    upper_case: bool,
    /// From `%` to the conversion, for messages.
    text: &'f [u8],
    left: bool,
    plus: bool,
    space: bool,
    alternative: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

impl<'f> Directive<'f> {
    fn parse(text: &'f [u8], inner: usize) -> LibraryResult<Self> {
        use Conversion as C;
        let letter = text.get(inner + 1).copied().unwrap_or(0);
        let conversion = match letter {
            b'c' => C::Character,
            b'd' | b'i' => C::Signed,
            b'u' => C::Unsigned,
            b'o' => C::Octal,
            b'x' | b'X' => C::Hexadecimal,
            b'a' | b'A' => C::HexFloat,
            b'e' | b'E' => C::Exponential,
            b'f' => C::Fixed,
            b'g' | b'G' => C::General,
            b'p' => C::Pointer,
            b'q' => C::Quoted,
            b's' => C::Text,
            _ => return Err(unknown_conversion(text)),
        };
        if conversion == C::Quoted && inner > 0 {
            return Err(LibraryError::message("specifier '%q' cannot have modifiers"));
        }
        let mut directive = Self {
            conversion,
            upper_case: letter.is_ascii_uppercase(),
            text,
            left: false,
            plus: false,
            space: false,
            alternative: false,
            zeros: false,
            width: 0,
            precision: None,
        };
        if inner > 0 {
            directive.parse_layout(&text[1..=inner])?;
        }
        Ok(directive)
    }

    /// Reads flags, width and precision, as far as the conversion takes them.
    fn parse_layout(&mut self, layout: &[u8]) -> LibraryResult<()> {
        use Conversion as C;
        let (flags, takes_precision) = match self.conversion {
            C::Signed => (SIGNED_FLAGS, true),
            C::Unsigned => (UNSIGNED_FLAGS, true),
            C::Octal | C::Hexadecimal => (HEX_FLAGS, true),
            C::HexFloat | C::Exponential | C::Fixed | C::General => (FLOAT_FLAGS, true),
            C::Text => (TEXT_FLAGS, true),
            C::Character | C::Pointer | C::Quoted => (TEXT_FLAGS, false),
        };
        let count = layout.iter().take_while(|byte| flags.contains(byte)).count();
        let (given, mut rest) = layout.split_at(count);
        for flag in given {
            match flag {
                b'-' => self.left = true,
                b'+' => self.plus = true,
                b' ' => self.space = true,
                b'#' => self.alternative = true,
                _ => self.zeros = true,
            }
        }
        if rest.first() != Some(&b'0') {
            self.width = two_digits(&mut rest);
            if let Some((b'.', tail)) = rest.split_first().filter(|_| takes_precision) {
                rest = tail;
                self.precision = Some(two_digits(&mut rest));
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        Err(LibraryError::message([b"invalid conversion specification: '", self.text, b"'"].concat()))
    }

    /// What the argument is to be converted to, which says what value it has to be.
    pub fn conversion(&self) -> Conversion {
        self.conversion
    }

    /// Whether the directive is just `%s` or the like, so that the text can be copied as it is.
    pub fn is_plain(&self) -> bool {
        self.text.len() == 2
    }

    /// Appends `value`, for the conversions that take an integer.
    pub fn write_integer(&self, out: &mut Vec<u8>, value: i64) {
        use Conversion as C;
        let mut digits = Vec::with_capacity(24);
        // Writing to a vector cannot fail.
        let _ = match self.conversion {
            // The byte of that code, as in C: what is above it is cut off.
            C::Character => return self.write_padded(out, b"", &[value as u8], false),
            C::Unsigned => write!(digits, "{}", value as u64),
            C::Octal => write!(digits, "{value:o}"),
            C::Hexadecimal if self.upper_case => write!(digits, "{value:X}"),
            C::Hexadecimal => write!(digits, "{value:x}"),
            _ => write!(digits, "{}", value.unsigned_abs()),
        };
        let prefix: &[u8] = match self.conversion {
            C::Signed => self.sign(value < 0),
            C::Hexadecimal if self.alternative && value != 0 && self.upper_case => b"0X",
            C::Hexadecimal if self.alternative && value != 0 => b"0x",
            _ => b"",
        };
        if self.precision == Some(0) && value == 0 {
            digits.clear();
        }
        let mut wanted = self.precision.unwrap_or(1);
        if self.conversion == C::Octal && self.alternative && digits.first() != Some(&b'0') {
            wanted = wanted.max(digits.len() + 1);
        }
        if wanted > digits.len() {
            digits.splice(0..0, std::iter::repeat_n(b'0', wanted - digits.len()));
        }
        self.write_padded(out, prefix, &digits, self.zeros && self.precision.is_none());
    }

    /// Appends `value`, for the conversions that take a float.
    pub fn write_float(&self, out: &mut Vec<u8>, value: f64) {
        let prefix = self.sign(value.is_sign_negative());
        let mut body = Vec::with_capacity(32);
        if !value.is_finite() {
            float_text::write_special(&mut body, value);
        } else {
            let precision = self.precision.unwrap_or(DEFAULT_FLOAT_PRECISION);
            match self.conversion {
                Conversion::HexFloat => {
                    hex_float::write(&mut body, value, self.precision.map(|p| p as u32), self.alternative)
                }
                Conversion::Exponential => float_text::write_exponential(&mut body, value, precision, self.alternative),
                Conversion::General => float_text::write_general(&mut body, value, precision, self.alternative),
                _ => float_text::write_fixed(&mut body, value, precision, self.alternative),
            }
        }
        if self.upper_case {
            body.make_ascii_uppercase();
        }
        let zeros = self.zeros && value.is_finite();
        if self.conversion == Conversion::HexFloat && value.is_finite() {
            // Zeros go between `0x` and the digits.
            let prefix = [prefix, &body[..2]].concat();
            return self.write_padded(out, &prefix, &body[2..], zeros);
        }
        self.write_padded(out, prefix, &body, zeros);
    }

    /// Appends `text`, for `%s`; `argument` is the position of the argument, for the error.
    ///
    /// Fails if there is a layout and the text contains zero bytes.
    pub fn write_text(&self, out: &mut Vec<u8>, text: &[u8], argument: u32) -> LibraryResult<()> {
        if self.is_plain() {
            out.extend_from_slice(text);
            return Ok(());
        }
        if memchr::memchr(0, text).is_some() {
            return Err(LibraryError::argument(argument, "string contains zeros"));
        }
        self.lay_out_text(out, text);
        Ok(())
    }

    /// Appends `text`, which has no zero bytes where there is a layout.
    pub fn lay_out_text(&self, out: &mut Vec<u8>, text: &[u8]) {
        match self.precision {
            _ if self.takes_whole(text.len()) => out.extend_from_slice(text),
            None => self.write_padded(out, b"", text, false),
            Some(precision) => self.write_padded(out, b"", &text[..text.len().min(precision)], false),
        }
    }

    /// Whether a text of that length is written as it is, for `%s`.
    pub fn takes_whole(&self, length: usize) -> bool {
        self.is_plain() || self.precision.is_none() && length >= LONG_STRING
    }

    /// Appends the identity of an object, for `%p`: a number the caller chose for it, or nothing for a value without identity.
    pub fn write_identity(&self, out: &mut Vec<u8>, identity: Option<u64>) {
        match identity {
            None => self.write_padded(out, b"", b"(null)", false),
            Some(identity) => self.write_padded(out, b"", identity_text(identity).as_bytes(), false),
        }
    }

    fn sign(&self, negative: bool) -> &'static [u8] {
        match (negative, self.plus, self.space) {
            (true, _, _) => b"-",
            (false, true, _) => b"+",
            (false, false, true) => b" ",
            (false, false, false) => b"",
        }
    }

    /// Appends prefix and body in a field of the width asked for.
    fn write_padded(&self, out: &mut Vec<u8>, prefix: &[u8], body: &[u8], zeros: bool) {
        let padding = self.width.saturating_sub(prefix.len() + body.len());
        if !self.left && !zeros {
            out.resize(out.len() + padding, b' ');
        }
        out.extend_from_slice(prefix);
        if !self.left && zeros {
            out.resize(out.len() + padding, b'0');
        }
        out.extend_from_slice(body);
        if self.left {
            out.resize(out.len() + padding, b' ');
        }
    }
}

/// How an object's identity is shown by `%p` and `tostring`.
pub fn identity_text(identity: u64) -> String {
    format!("{identity:#016x}")
}

/// Takes up to two digits off the front.
fn two_digits(rest: &mut &[u8]) -> usize {
    let mut value = 0;
    for _ in 0..2 {
        if let [digit @ b'0'..=b'9', tail @ ..] = *rest {
            value = value * 10 + usize::from(digit - b'0');
            *rest = tail;
        }
    }
    value
}

fn unknown_conversion(text: &[u8]) -> LibraryError {
    let shown = text.split(|&byte| byte == 0).next().unwrap_or_default();
    LibraryError::message([b"invalid conversion '", shown, b"' to 'format'"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(format: &str, write: impl Fn(&Directive<'_>, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        for piece in Pieces::new(format.as_bytes()) {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text),
                Piece::Directive(directive) => write(&directive.expect("a valid directive"), &mut out),
            }
        }
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn integers() {
        assert_eq!(one("<%5d|%-5d|%05d>", |d, out| d.write_integer(out, -42)), "<  -42|-42  |-0042>");
        assert_eq!(one("%.0d", |d, out| d.write_integer(out, 0)), "");
        assert_eq!(one("%#x %#o %X", |d, out| d.write_integer(out, 255)), "0xff 0377 FF");
        assert_eq!(one("%d", |d, out| d.write_integer(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(one("100%%", |_, _| ()), "100%");
    }

    #[test]
    fn floats() {
        assert_eq!(one("%.3f|%e|%g|%a", |d, out| d.write_float(out, 0.5)), "0.500|5.000000e-01|0.5|0x1p-1");
        assert_eq!(one("%+010.2f", |d, out| d.write_float(out, 2.0 / 3.0)), "+000000.67");
        assert_eq!(one("%010a", |d, out| d.write_float(out, 1.0)), "0x00001p+0");
        assert_eq!(one("%05G", |d, out| d.write_float(out, f64::NEG_INFINITY)), " -INF");
    }

    #[test]
    fn errors() {
        let error = |format: &str| match Pieces::new(format.as_bytes()).next() {
            Some(Piece::Directive(Err(error))) => String::from_utf8(error.text("format")).expect("UTF-8"),
            other => panic!("{format} gave {other:?}"),
        };
        assert_eq!(error("%y"), "invalid conversion '%y' to 'format'");
        assert_eq!(error("%"), "invalid conversion '%' to 'format'");
        assert_eq!(error("%0123d"), "invalid conversion specification: '%0123d'");
        assert_eq!(error("%5q"), "specifier '%q' cannot have modifiers");
        assert_eq!(error("%0000000000000000000000000d"), "invalid format (too long)");
    }

    #[test]
    fn walks_can_be_resumed() {
        let format = b"ab%dcd";
        let mut pieces = Pieces::new(format);
        pieces.next();
        pieces.next();
        let mut resumed = Pieces::resume(format, pieces.offset());
        assert!(matches!(resumed.next(), Some(Piece::Literal(b"cd"))));
        assert!(resumed.next().is_none());
    }
}
