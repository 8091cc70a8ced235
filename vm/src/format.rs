//! Numbers as text, as `tostring` and concatenation write them (Lua manual, 3.4.3).

use crate::value::{Tag, Value};

/// The text of a number.
pub fn number(value: Value) -> String {
    match value.tag() {
        Tag::INT => (value.payload() as i64).to_string(),
        _ => float(f64::from_bits(value.payload())),
    }
}

/// Bytes of the text of an integer at most.
pub(crate) const INT_BYTES_MAX: usize = 20;

/// The text of an integer, at the end of a buffer.
pub(crate) fn int(value: i64, buffer: &mut [u8; INT_BYTES_MAX]) -> &[u8] {
    let (mut rest, mut start) = (value.unsigned_abs(), INT_BYTES_MAX);
    loop {
        start -= 1;
        buffer[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

/// The text of a float: 14 significant digits, and always recognisable as a float.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan" } else { "nan" }.to_string();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-inf" } else { "inf" }.to_string();
    }
    let text = general(value, 14);
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') { text + ".0" } else { text }
}

/// C's `%.*g` of a finite number; `digits` is at least 1.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if exponent < -4 || exponent >= digits as i32 {
        let mantissa = trim_zeros(mantissa);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trim_zeros(&format!("{value:.decimals$}")).to_string()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
