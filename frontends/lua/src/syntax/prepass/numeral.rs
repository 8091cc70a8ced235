//! From the spelling of a numeral to its exact value.

/// The value of a numeral.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numeral {
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Float(f64),
}

/// Exponents past this are infinite or zero whatever the digits say, as long as a source is under 4 GB.
const EXPONENT_MAX: i64 = 1 << 40;

/// Reads an unsigned Lua numeral (manual 3.1) that fills `text` completely; `None` when it is malformed.
///
/// Decimal integers that do not fit 64 bits become floats, hexadecimal ones wrap around. Decimal and hexadecimal
/// floats are rounded to nearest, ties to even.
pub fn parse_numeral(text: &[u8]) -> Option<Numeral> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits),
        _ => parse_decimal(text),
    }
}

fn parse_decimal(text: &[u8]) -> Option<Numeral> {
    let (mantissa, exponent) = split_at_mark(text, b'e')?;
    let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit()).count();
    let dots = mantissa.iter().filter(|&&byte| byte == b'.').count();
    if digits == 0 || dots > 1 || digits + dots != mantissa.len() {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if dots == 0
        && exponent.is_none()
        && let Ok(integer) = text.parse()
    {
        return Some(Numeral::Integer(integer));
    }
    text.parse().ok().map(Numeral::Float)
}

fn parse_hexadecimal(text: &[u8]) -> Option<Numeral> {
    let (mantissa, exponent) = split_at_mark(text, b'p')?;
    let (mut significand, mut scale) = (0u64, exponent.unwrap_or(0));
    let (mut wrapped, mut digits, mut seen_dot, mut lost) = (0u64, 0usize, false, false);
    for &byte in mantissa {
        if byte == b'.' && !seen_dot {
            seen_dot = true;
            continue;
        }
        let digit = u64::from(char::from(byte).to_digit(16)?);
        digits += 1;
        wrapped = wrapped.wrapping_mul(16).wrapping_add(digit);
        if significand >> 60 == 0 {
            significand = significand << 4 | digit;
            scale -= if seen_dot { 4 } else { 0 };
        } else {
            lost |= digit != 0;
            scale += if seen_dot { 0 } else { 4 };
        }
    }
    if digits == 0 {
        return None;
    }
    if !seen_dot && exponent.is_none() {
        return Some(Numeral::Integer(wrapped.cast_signed()));
    }
    // A lost digit only matters for ties: one bit below all that is kept says on which side of a tie the value is.
    Some(Numeral::Float(scale_to_float(significand | u64::from(lost), scale)))
}

/// Splits `text` at the exponent mark (in either case); the exponent needs at least one digit.
fn split_at_mark(text: &[u8], mark: u8) -> Option<(&[u8], Option<i64>)> {
    let Some(at) = text.iter().position(|byte| byte.to_ascii_lowercase() == mark) else {
        return Some((text, None));
    };
    let (negative, digits) = match &text[at + 1..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent = digits.iter().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Some((&text[..at], Some(if negative { -exponent } else { exponent })))
}

/// `significand * 2^scale`, rounded once to nearest, ties to even.
fn scale_to_float(significand: u64, scale: i64) -> f64 {
    const SUBNORMAL_SCALE: i64 = -1074;
    if significand == 0 {
        return 0.0;
    }
    let top = scale + 63 - i64::from(significand.leading_zeros());
    if top > 1023 {
        return f64::INFINITY;
    }
    if top >= -1022 {
        // Rounding happens in the conversion; both factors are powers of two within range.
        let half = scale / 2;
        return significand as f64 * power_of_two(half) * power_of_two(scale - half);
    }
    let shift = SUBNORMAL_SCALE - scale;
    if shift <= 0 {
        return f64::from_bits(significand << -shift);
    }
    if shift > 64 {
        return 0.0;
    }
    let (wide, half) = (u128::from(significand), 1u128 << (shift - 1));
    let (kept, rest) = (wide >> shift, wide & ((1u128 << shift) - 1));
    let up = rest > half || (rest == half && kept & 1 == 1);
    // A carry into bit 52 gives the smallest normal number, as it should.
    f64::from_bits((kept + u128::from(up)) as u64)
}

/// `2^exponent` for an exponent of a normal number.
fn power_of_two(exponent: i64) -> f64 {
    let biased = u64::try_from(exponent + 1023).expect("callers halve an exponent of a finite float");
    f64::from_bits(biased << 52)
}

#[cfg(test)]
mod tests {
    use super::Numeral::{Float, Integer};
    use super::*;

    fn check(text: &str, expect: impl Into<Option<Numeral>>) {
        assert_eq!(parse_numeral(text.as_bytes()), expect.into(), "{text}");
    }

    #[test]
    fn integers() {
        check("0", Integer(0));
        check("9223372036854775807", Integer(i64::MAX));
        check("9223372036854775808", Float(9223372036854775808.0));
        check("0xffffffffffffffff", Integer(-1));
        check("0x1ffffffffffffffff", Integer(-1));
        check("0XaBc", Integer(0xabc));
    }

    #[test]
    fn floats() {
        check("3.", Float(3.0));
        check(".5", Float(0.5));
        check("3e2", Float(300.0));
        check("0x.1", Float(0.0625));
        check("0xA.8p1", Float(21.0));
        check("0x1p-1074", Float(5e-324));
        check("0x1p-1075", Float(0.0));
        check("0x1.8p-1075", Float(5e-324));
        check("0x1p-2000", Float(0.0));
        check("0x0.fffffffffffffp-1022", Float(f64::MIN_POSITIVE - 5e-324));
        check("0x0.fffffffffffff8p-1022", Float(f64::MIN_POSITIVE));
        check("0x1p1024", Float(f64::INFINITY));
        check("0x1.fffffffffffffp1023", Float(f64::MAX));
        check("0x1.fffffffffffff8p1023", Float(f64::INFINITY));
        check("0x1p99999999999999999999", Float(f64::INFINITY));
        check("0x0p99999999999999999999", Float(0.0));
        check("0x1.00000000000008p0", Float(1.0));
        check("0x1.00000000000008000000000001p0", Float(1.0 + f64::EPSILON));
        check("0x.00000000000000000000000000000000000001p152", Float(1.0));
    }

    #[test]
    fn malformed() {
        for text in
            ["", ".", "0x", "0x.", "1e", "1e+", "0x1p", "0xp1", "1..2", "1.2.3", "0xg", "12z", "1e2e3", "0x1.2.3"]
        {
            check(text, None);
        }
    }
}
