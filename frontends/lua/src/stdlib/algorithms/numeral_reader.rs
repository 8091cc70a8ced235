//! Reading a numeral from a stream, byte by byte, as `file:read("n")` does.

use super::number::{self, Number};

/// A numeral has at most this many bytes.
const LENGTH_MAX: usize = 200;

/// What the reader expects next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Space,
    Sign,
    /// A zero, which may begin `0x`.
    LeadingZero,
    /// The `x` after a zero.
    HexMark,
    Whole,
    Fraction,
    ExponentSign,
    Exponent,
}

/// Takes the longest prefix of the input that may begin a numeral.
///
/// Offer it one byte after the other until one is refused (that byte stays in the stream) or the stream ends; then ask for
/// the number.
#[derive(Clone, Debug)]
pub struct NumeralReader {
    text: Vec<u8>,
    expect: Expect,
    hexadecimal: bool,
    digits: usize,
    too_long: bool,
}

impl Default for NumeralReader {
    fn default() -> Self {
        Self::new()
    }
}

impl NumeralReader {
    /// A reader that has taken nothing.
    pub fn new() -> Self {
        Self { text: Vec::new(), expect: Expect::Space, hexadecimal: false, digits: 0, too_long: false }
    }

    /// Offers the next byte; false if it is not part of the numeral.
    pub fn take(&mut self, byte: u8) -> bool {
        if self.expect == Expect::Space {
            if number::is_space(byte) {
                return true;
            }
            self.expect = Expect::Sign;
        }
        let Some(next) = self.next_state(byte) else {
            return false;
        };
        if self.text.len() >= LENGTH_MAX {
            self.too_long = true;
            return false;
        }
        self.text.push(byte);
        self.expect = next;
        true
    }

    /// Where the reader stands after `byte`, if it takes it. What is optional is stepped over.
    fn next_state(&mut self, byte: u8) -> Option<Expect> {
        let is_digit = if self.hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        let mut expect = self.expect;
        loop {
            expect = match expect {
                Expect::Space | Expect::Sign if matches!(byte, b'-' | b'+') => return Some(Expect::LeadingZero),
                Expect::Space | Expect::Sign => Expect::LeadingZero,
                Expect::LeadingZero if byte == b'0' => {
                    self.digits += 1;
                    return Some(Expect::HexMark);
                }
                Expect::LeadingZero => Expect::Whole,
                Expect::HexMark if matches!(byte, b'x' | b'X') => {
                    self.hexadecimal = true;
                    self.digits = 0;
                    return Some(Expect::Whole);
                }
                Expect::HexMark => Expect::Whole,
                Expect::Whole | Expect::Fraction if is_digit => {
                    self.digits += 1;
                    return Some(expect);
                }
                Expect::Whole if byte == b'.' => return Some(Expect::Fraction),
                Expect::Whole | Expect::Fraction => {
                    let mark = if self.hexadecimal { b'p' } else { b'e' };
                    return (self.digits > 0 && byte.to_ascii_lowercase() == mark).then_some(Expect::ExponentSign);
                }
                Expect::ExponentSign if matches!(byte, b'-' | b'+') => return Some(Expect::Exponent),
                Expect::ExponentSign => Expect::Exponent,
                Expect::Exponent => return byte.is_ascii_digit().then_some(Expect::Exponent),
            }
        }
    }

    /// The number that was read, if what was taken is one.
    pub fn number(&self) -> Option<Number> {
        if self.too_long { None } else { number::parse(&self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> (Option<Number>, usize) {
        let mut reader = NumeralReader::new();
        let taken = input.iter().take_while(|&&byte| reader.take(byte)).count();
        (reader.number(), taken)
    }

    #[test]
    fn takes_the_longest_prefix() {
        assert_eq!(read(b"  -12 3"), (Some(Number::Integer(-12)), 5));
        assert_eq!(read(b".5.5"), (Some(Number::Float(0.5)), 2));
        assert_eq!(read(b"0x1Fg"), (Some(Number::Integer(31)), 4));
        assert_eq!(read(b"0x.8p1,"), (Some(Number::Float(1.0)), 6));
        assert_eq!(read(b"1e+"), (None, 3));
        assert_eq!(read(b"00012abc"), (Some(Number::Integer(12)), 5));
        assert_eq!(read(b"abc"), (None, 0));
        assert_eq!(read(b"0x"), (None, 2));
        assert_eq!(read(b"- 1"), (None, 1));
        assert_eq!(read(&[b'1'; 300]), (None, 200));
    }
}
