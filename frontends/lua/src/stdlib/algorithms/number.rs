//! Strings to numbers and floats to integers, by the rules of the reference manual, §3.1 and §3.4.3.

use super::hex_float;

/// A Lua number: one type to the program, two in the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A 64-bit integer, which wraps.
    Integer(i64),
    /// A double.
    Float(f64),
}

impl Number {
    /// The value as a float; integers beyond 2⁵³ are rounded.
    pub fn as_float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The value as an integer, if it has that exact value.
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            Self::Float(value) => float_to_integer(value),
        }
    }
}

/// White space to Lua: space, tab, newline, carriage return, form feed and vertical tab.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether a byte can be part of a numeral in some base.
pub fn may_be_in_numeral(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// `text` without white space at either end.
pub fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&b| !is_space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|&b| !is_space(b)).map_or(start, |last| last + 1);
    &text[start..end]
}

/// The number that `text` spells, white space around it allowed; `None` if it spells none.
///
/// Decimal integers that do not fit become floats; hexadecimal ones wrap. `inf` and `nan` are not numbers.
///
/// ```
/// use minivm_lua::stdlib::algorithms::number::{Number, parse};
/// assert_eq!(parse(b" 0x10 "), Some(Number::Integer(16)));
/// assert_eq!(parse(b"9223372036854775808"), Some(Number::Float(9223372036854775808.0)));
/// assert_eq!(parse(b"1e"), None);
/// ```
pub fn parse(text: &[u8]) -> Option<Number> {
    let text = trim(text);
    let (negative, digits) = split_sign(text);
    if let [b'0', b'x' | b'X', digits @ ..] = digits {
        if let Some(value) = parse_hex_integer(digits) {
            return Some(Number::Integer(if negative { value.wrapping_neg() } else { value }));
        }
        return hex_float::parse(digits).map(|value| Number::Float(if negative { -value } else { value }));
    }
    if let Some(value) = parse_decimal_integer(digits, negative) {
        return Some(Number::Integer(value));
    }
    parse_decimal_float(text, digits).map(Number::Float)
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn parse_hex_integer(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0i64, |value, &byte| {
        let digit = (byte as char).to_digit(16)?;
        Some(value.wrapping_shl(4) | i64::from(digit))
    })
}

fn parse_decimal_integer(digits: &[u8], negative: bool) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    // Counting downwards lets the smallest integer through and needs no other special case.
    let below_zero = digits.iter().try_fold(0i64, |value, &byte| {
        let digit = (byte as char).to_digit(10)?;
        value.checked_mul(10)?.checked_sub(i64::from(digit))
    })?;
    if negative { Some(below_zero) } else { below_zero.checked_neg() }
}

/// `text` is what the standard parser reads, sign included; `unsigned` is the same without sign, to check the form.
fn parse_decimal_float(text: &[u8], unsigned: &[u8]) -> Option<f64> {
    // The standard parser takes "inf" and "nan" too: nothing that starts with a letter may reach it, nor a second sign.
    if !matches!(unsigned.first(), Some(b'0'..=b'9' | b'.')) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The integer that `text` spells in `base` (2 to 36), as `tonumber(text, base)`: a sign and white space around it are
/// allowed, letters are digits from 10 on, overflow wraps.
pub fn parse_in_base(text: &[u8], base: u32) -> Option<i64> {
    let (negative, digits) = split_sign(trim(text));
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0i64, |value, &byte| {
        let digit = (byte as char).to_digit(base)?;
        Some(value.wrapping_mul(i64::from(base)).wrapping_add(i64::from(digit)))
    })?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// 2⁶³, the first float above every integer.
const INTEGER_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// `value` as an integer, if it is integral and in range.
pub fn float_to_integer(value: f64) -> Option<i64> {
    ((-INTEGER_LIMIT..INTEGER_LIMIT).contains(&value) && libm::trunc(value) == value).then_some(value as i64)
}

/// The greatest integer not above `value`, if it is in range.
pub fn floor_to_integer(value: f64) -> Option<i64> {
    float_to_integer(libm::floor(value))
}

/// The smallest integer not below `value`, if it is in range.
pub fn ceil_to_integer(value: f64) -> Option<i64> {
    float_to_integer(libm::ceil(value))
}

/// `lhs < rhs`, exactly, where a conversion to floats would round.
pub fn integer_less_float(lhs: i64, rhs: f64) -> bool {
    // Above every integer, or NaN; below every integer; or a bound that integers can be compared with.
    if rhs >= INTEGER_LIMIT { true } else { rhs > -INTEGER_LIMIT && lhs < libm::ceil(rhs) as i64 }
}

/// `lhs < rhs`, exactly, where a conversion to floats would round.
pub fn float_less_integer(lhs: f64, rhs: i64) -> bool {
    if lhs < -INTEGER_LIMIT { true } else { lhs < INTEGER_LIMIT && (libm::floor(lhs) as i64) < rhs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_in_hex_and_become_floats_in_decimal() {
        assert_eq!(parse(b"0xffffffffffffffff"), Some(Number::Integer(-1)));
        assert_eq!(parse(b"-0x1"), Some(Number::Integer(-1)));
        assert_eq!(parse(b"0x1ffffffffffffffff"), Some(Number::Integer(-1)));
        assert_eq!(parse(b"-9223372036854775808"), Some(Number::Integer(i64::MIN)));
        assert_eq!(parse(b"9223372036854775807"), Some(Number::Integer(i64::MAX)));
        assert_eq!(parse(b"-9223372036854775809"), Some(Number::Float(-9223372036854775809.0)));
    }

    #[test]
    fn refuses_what_is_no_numeral() {
        for text in [
            &b""[..],
            b" ",
            b"-",
            b"+-1",
            b"--1",
            b"0x",
            b"0x.",
            b"0xp1",
            b"0x1p",
            b".",
            b"e1",
            b"1e",
            b"1e+",
            b"inf",
            b"nan",
            b"-inf",
            b"NaN",
            b"infinity",
            b"1 2",
            b"1\0",
            b"1.2.3",
            b"0x1.8.8",
            b"1_000",
            b"0b1",
            b"1f",
            b".e1",
            b"- 1",
            b"\xff",
        ] {
            assert_eq!(parse(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn floats() {
        for (text, value) in [
            (&b".5"[..], 0.5),
            (b"5.", 5.0),
            (b"+5e-1", 0.5),
            (b"1e400", f64::INFINITY),
            (b"\t\x0b 1e1\r\n\x0c", 10.0),
            (b"0x.8", 0.5),
            (b"0xA.8p1", 21.0),
            (b"-0x1p-1", -0.5),
            (b"0x1p9999999999", f64::INFINITY),
            (b"0x1p-1074", 5e-324),
        ] {
            assert_eq!(parse(text), Some(Number::Float(value)), "{}", text.escape_ascii());
        }
        assert_eq!(parse(b"-0.0").map(|n| n.as_float().is_sign_negative()), Some(true));
    }

    #[test]
    fn bases() {
        assert_eq!(parse_in_base(b" -fF ", 16), Some(-255));
        assert_eq!(parse_in_base(b"zz", 36), Some(35 * 36 + 35));
        assert_eq!(parse_in_base(b"12", 2), None);
        assert_eq!(parse_in_base(b"+1", 10), Some(1));
        assert_eq!(parse_in_base(b"+-1", 10), None);
        assert_eq!(parse_in_base(b"", 10), None);
        assert_eq!(parse_in_base(b"fffffffffffffffff", 16), Some(-1));
    }

    #[test]
    fn mixed_comparisons() {
        assert!(integer_less_float(i64::MAX, INTEGER_LIMIT));
        assert!(!integer_less_float(i64::MIN, -INTEGER_LIMIT));
        assert!(!float_less_integer(-INTEGER_LIMIT, i64::MIN));
        assert!(integer_less_float(1, 1.5) && !integer_less_float(2, 1.5) && !integer_less_float(1, 1.0));
        assert!(float_less_integer(1.5, 2) && !float_less_integer(1.5, 1) && !float_less_integer(1.0, 1));
        assert!(!integer_less_float(1, f64::NAN) && !float_less_integer(f64::NAN, 1));
        assert!(float_less_integer(f64::NEG_INFINITY, i64::MIN) && integer_less_float(i64::MAX, f64::INFINITY));
    }

    #[test]
    fn float_to_integer_is_exact() {
        assert_eq!(float_to_integer(-INTEGER_LIMIT), Some(i64::MIN));
        assert_eq!(float_to_integer(INTEGER_LIMIT), None);
        assert_eq!(float_to_integer(0.5), None);
        assert_eq!(float_to_integer(f64::NAN), None);
        assert_eq!(floor_to_integer(-0.5), Some(-1));
        assert_eq!(ceil_to_integer(0.5), Some(1));
        assert_eq!(ceil_to_integer(f64::INFINITY), None);
    }
}
