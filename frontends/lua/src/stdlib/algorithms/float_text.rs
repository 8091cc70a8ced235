//! Floats as decimal text, correctly rounded: the `%e`, `%f` and `%g` conversions, and `tostring` of numbers.

use super::number::Number;
use std::io::Write;

/// Significant digits that `tostring` shows.
const TOSTRING_DIGITS: usize = 14;
/// Integral floats below this show all their digits in `tostring`.
const TOSTRING_INTEGRAL_LIMIT: f64 = 1e14;

/// Appends `number` as `tostring` shows it: floats always look like floats (`1.0`, `1e+15`, `inf`, `-nan`).
///
/// ```
/// use minivm_lua::stdlib::algorithms::{float_text, number::Number};
/// let mut text = Vec::new();
/// float_text::write_number(&mut text, Number::Float(1e15));
/// assert_eq!(text, b"1e+15");
/// ```
pub fn write_number(out: &mut Vec<u8>, number: Number) {
    match number {
        // Writing to a vector cannot fail.
        Number::Integer(value) => drop(write!(out, "{value}")),
        Number::Float(value) => write_float(out, value),
    }
}

fn write_float(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if !value.is_finite() {
        write_special(out, value);
    } else if value < TOSTRING_INTEGRAL_LIMIT && libm::trunc(value) == value {
        let _ = write!(out, "{}.0", value as u64);
    } else {
        let start = out.len();
        write_general(out, value, TOSTRING_DIGITS, false);
        if out[start..].iter().all(u8::is_ascii_digit) {
            out.extend_from_slice(b".0");
        }
    }
}

/// Appends `inf` or `nan`.
pub fn write_special(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
}

/// Appends finite `|value|` with `precision` digits after the point (`%f`); `keep_point` writes the point in any case.
pub fn write_fixed(out: &mut Vec<u8>, value: f64, precision: usize, keep_point: bool) {
    let _ = write!(out, "{:.precision$}", value.abs());
    if precision == 0 && keep_point {
        out.push(b'.');
    }
}

/// Appends finite `|value|` as `d.ddde±dd` with `precision` digits after the point (`%e`).
pub fn write_exponential(out: &mut Vec<u8>, value: f64, precision: usize, keep_point: bool) {
    let start = out.len();
    let exponent = write_digits(out, value, precision);
    let first_fraction_digit = start + 1;
    if precision > 0 || keep_point {
        out.insert(first_fraction_digit, b'.');
    }
    write_exponent(out, exponent);
}

/// Appends finite `|value|` with `precision` significant digits, in the shorter of both notations (`%g`);
/// `keep_zeros` keeps the point and the zeros at the end.
pub fn write_general(out: &mut Vec<u8>, value: f64, precision: usize, keep_zeros: bool) {
    let precision = precision.max(1);
    let start = out.len();
    let exponent = write_digits(out, value, precision - 1);
    if !keep_zeros {
        let last = out[start + 1..].iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        out.truncate(start + 1 + last);
    }
    let digits = out.len() - start;
    if exponent < -4 || exponent >= precision as i32 {
        if digits > 1 || keep_zeros {
            out.insert(start + 1, b'.');
        }
        write_exponent(out, exponent);
    } else if exponent < 0 {
        let zeros = exponent.unsigned_abs() as usize;
        out.splice(start..start, std::iter::repeat_n(b'0', zeros));
        out.insert(start + 1, b'.');
    } else {
        let whole_digits = exponent as usize + 1;
        if digits < whole_digits {
            out.resize(start + whole_digits, b'0');
        }
        if digits > whole_digits || keep_zeros {
            out.insert(start + whole_digits, b'.');
        }
    }
}

/// Appends `1 + precision` digits of finite `|value|`, rounded, and returns the decimal exponent of the first.
fn write_digits(out: &mut Vec<u8>, value: f64, precision: usize) -> i32 {
    let start = out.len();
    let _ = write!(out, "{:.precision$e}", value.abs());
    // What stands there now is `d.ddde-dd`.
    let mark = out[start..].iter().rposition(|&byte| byte == b'e').expect("exponential notation has an 'e'") + start;
    let exponent = std::str::from_utf8(&out[mark + 1..])
        .ok()
        .and_then(|text| text.parse().ok())
        .expect("an exponent is an integer");
    out.truncate(mark);
    if precision > 0 {
        out.remove(start + 1);
    }
    exponent
}

fn write_exponent(out: &mut Vec<u8>, exponent: i32) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn tostring_of_floats() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1e14, "1e+14"),
            (99999999999999.0, "99999999999999.0"),
            (123456789012345.0, "1.2345678901234e+14"),
            (1e15, "1e+15"),
            (1e100, "1e+100"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333333333"),
            (-1234.5, "-1234.5"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.25e-10, "1.25e-10"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (5e-324, "4.9406564584125e-324"),
            (99999999999999.9, "1e+14"),
        ] {
            assert_eq!(shown(value), text);
        }
        assert_eq!(shown(f64::NAN.copysign(1.0)), "nan");
        assert_eq!(shown(f64::NAN.copysign(-1.0)), "-nan");
    }
}
