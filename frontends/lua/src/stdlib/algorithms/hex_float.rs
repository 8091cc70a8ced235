//! Hexadecimal floats: read with correct rounding, written as the `%a` conversion writes them.

use std::io::Write;

/// Bits after the point in a double.
const FRACTION_BITS: u32 = 52;
/// Hexadecimal digits after the point in a double.
const FRACTION_DIGITS: u32 = FRACTION_BITS / 4;
/// The exponent of the smallest normal double.
const EXPONENT_MIN: i64 = -1022;
/// The exponent of the largest double.
const EXPONENT_MAX: i64 = 1023;
/// Exponents are cut off here; nothing in reach of memory can bring such a number back into range.
const EXPONENT_CAP: i64 = 1 << 48;

/// Reads what follows `0x`: digits with an optional point and an optional binary exponent; rounds to nearest, ties to even.
pub fn parse(text: &[u8]) -> Option<f64> {
    let mut mantissa = 0u64;
    let mut inexact = false;
    let mut exponent = 0i64;
    let mut digits_seen = false;
    let mut point_seen = false;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if *byte == b'.' && !point_seen {
            point_seen = true;
        } else if let Some(digit) = (*byte as char).to_digit(16) {
            digits_seen = true;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if point_seen { 4 } else { 0 };
            } else {
                inexact |= digit != 0;
                exponent += if point_seen { 0 } else { 4 };
            }
        } else {
            break;
        }
        rest = tail;
    }
    if !digits_seen {
        return None;
    }
    match rest {
        [] => {}
        [b'p' | b'P', written @ ..] => exponent += parse_exponent(written)?,
        _ => return None,
    }
    Some(compose(mantissa, inexact, exponent))
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0i64, |value, &byte| {
        let digit = (byte as char).to_digit(10)?;
        Some((value * 10 + i64::from(digit)).min(EXPONENT_CAP))
    })?;
    Some(if negative { -value } else { value })
}

/// `mantissa · 2^exponent`, correctly rounded; `inexact` says that something below the mantissa was not zero.
fn compose(mantissa: u64, inexact: bool, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    // The leading bit is bit 127 now; whatever was cut off is kept as the lowest bit.
    let wide = u128::from(mantissa << shift) << 64 | u128::from(inexact);
    let exponent = exponent + 63 - i64::from(shift);
    if exponent > EXPONENT_MAX {
        return f64::INFINITY;
    }
    let denormal_shift = (EXPONENT_MIN - exponent).max(0);
    let dropped_bits = 127 - i64::from(FRACTION_BITS) + denormal_shift;
    if dropped_bits > 128 {
        return 0.0;
    }
    let (kept, rest) =
        if dropped_bits == 128 { (0, wide) } else { (wide >> dropped_bits, wide & ((1 << dropped_bits) - 1)) };
    let half = 1u128 << (dropped_bits - 1);
    let rounded = kept as u64 + u64::from(rest > half || (rest == half && kept & 1 == 1));
    // A carry out of the fraction raises the exponent by itself, up to infinity.
    let bits =
        if denormal_shift > 0 { rounded } else { (((exponent - EXPONENT_MIN) as u64) << FRACTION_BITS) + rounded };
    f64::from_bits(bits)
}

/// Appends finite `|value|` as `%a` does, without sign: `0x1.8p+0`; `precision` digits after the point, or as many as
/// needed. `keep_point` writes the point even if nothing follows it.
pub fn write(out: &mut Vec<u8>, value: f64, precision: Option<u32>, keep_point: bool) {
    let bits = value.abs().to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let biased = (bits >> FRACTION_BITS) as i64;
    let (mut mantissa, exponent) = match (biased, fraction) {
        (0, 0) => (0, 0),
        (0, _) => (fraction, EXPONENT_MIN),
        _ => (fraction | 1 << FRACTION_BITS, biased + EXPONENT_MIN - 1),
    };
    let mut digits = FRACTION_DIGITS;
    if let Some(precision) = precision.filter(|&p| p < FRACTION_DIGITS) {
        let dropped_bits = (FRACTION_DIGITS - precision) * 4;
        let (kept, rest, half) =
            (mantissa >> dropped_bits, mantissa & ((1 << dropped_bits) - 1), 1 << (dropped_bits - 1));
        mantissa = kept + u64::from(rest > half || (rest == half && kept & 1 == 1));
        digits = precision;
    } else if precision.is_none() {
        while digits > 0 && mantissa & 15 == 0 {
            mantissa >>= 4;
            digits -= 1;
        }
    }
    let leading = mantissa >> (digits * 4);
    let fraction = mantissa & !(leading << (digits * 4));
    // Writing to a vector cannot fail.
    let _ = write!(out, "0x{leading:x}");
    let padding = precision.map_or(0, |p| p.saturating_sub(FRACTION_DIGITS)) as usize;
    if digits > 0 || padding > 0 || keep_point {
        out.push(b'.');
    }
    if digits > 0 {
        let _ = write!(out, "{fraction:0digits$x}", digits = digits as usize);
    }
    out.resize(out.len() + padding, b'0');
    let _ = write!(out, "p{exponent:+}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64, precision: Option<u32>) -> String {
        let mut out = Vec::new();
        write(&mut out, value, precision, false);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn rounds_to_nearest_even() {
        assert_eq!(parse(b"1.00000000000008p0"), Some(1.0));
        assert_eq!(parse(b"1.00000000000008000000000000000001p0"), Some(1.0 + f64::EPSILON));
        assert_eq!(parse(b"1.00000000000018p0"), Some(1.0 + 2.0 * f64::EPSILON));
        assert_eq!(parse(b"1.fffffffffffff8p1023"), Some(f64::INFINITY));
        assert_eq!(parse(b"1.fffffffffffff7p1023"), Some(f64::MAX));
        assert_eq!(parse(b"1p-1075"), Some(0.0));
        assert_eq!(parse(b"1.00001p-1075"), Some(5e-324));
        assert_eq!(parse(b"1.8p-1074"), Some(1e-323));
        assert_eq!(parse(b"0.8p-1075"), Some(0.0));
        assert_eq!(parse(b"0.0000000000000000000000000000001p124"), Some(1.0));
        assert_eq!(parse(b"10000000000000000000000000000000p-124"), Some(1.0));
    }

    #[test]
    fn writes_what_it_reads() {
        for value in [0.0, 1.0, 0.1, 1.5, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e300, 3.0e-310] {
            assert_eq!(parse(&text(value, None).as_bytes()[2..]), Some(value));
        }
        assert_eq!(text(1.5, Some(0)), "0x2p+0");
        assert_eq!(text(0.5, Some(3)), "0x1.000p-1");
        assert_eq!(text(0.5, Some(15)), "0x1.000000000000000p-1");
    }
}
