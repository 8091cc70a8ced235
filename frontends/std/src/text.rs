//! Strings.

use crate::arguments::{Function, bytes, count, hold, integer, pay_for_bytes, pay_for_values, table, text_of, wrong};
use memchr::memmem;
use minivm::{HostCall, HostResult, Local, Raise};

pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("to_number", to_number),
    ("find", find),
    ("split", split),
    ("join", join),
    ("replace", replace),
    ("repeat", repeat),
    ("upper", upper),
    ("lower", lower),
    ("trim", trim),
];

/// What a text is as a number.
#[derive(Debug, PartialEq)]
enum Number {
    Integer(i64),
    Float(f64),
}

/// The number that a text is, with white space around it: `-12`, `0x1f`, `1.5e3`. A decimal integer that does not fit is a float,
/// one in hexadecimal wraps at 64 bits.
fn number(text: &[u8]) -> Option<Number> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        let digit = |value: Option<u64>, digit: u8| {
            let digit = char::from(digit).to_digit(16)?;
            Some(value?.wrapping_mul(16).wrapping_add(u64::from(digit)))
        };
        let value = digits.bytes().fold((!digits.is_empty()).then_some(0), digit)? as i64;
        return Some(Number::Integer(if is_negative { value.wrapping_neg() } else { value }));
    }
    // Rust also reads words such as `inf`.
    let is_number = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !is_number || !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    match text.parse() {
        Ok(integer) => Some(Number::Integer(integer)),
        Err(_) => text.parse().ok().map(Number::Float),
    }
}

/// The integer that a text is in a base; it wraps at 64 bits.
fn integer_in(text: &[u8], base: u32) -> Option<i64> {
    let text = text.trim_ascii();
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let digit = |value: Option<u64>, &digit: &u8| {
        let digit = char::from(digit).to_digit(base)?;
        Some(value?.wrapping_mul(base.into()).wrapping_add(u64::from(digit)))
    };
    let value = digits.iter().fold((!digits.is_empty()).then_some(0), digit)? as i64;
    Some(if is_negative { value.wrapping_neg() } else { value })
}

fn to_number<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let value = call.arg(0);
    let is_number = value.as_int().is_some() || value.as_float().is_some();
    if is_number && call.arg(1).is_nil() {
        return call.return_one(value);
    }
    let text = bytes(call, "to_number", 0)?;
    pay_for_bytes(call, text.len())?;
    if !call.arg(1).is_nil() {
        let base = u32::try_from(integer(call, "to_number", 1)?).ok().filter(|base| (2..=36).contains(base));
        let base = base.ok_or_else(|| wrong(call, "to_number", 1, "base from 2 to 36"))?;
        return call.return_one(integer_in(&text, base).map_or(Local::NIL, Local::from));
    }
    call.return_one(match number(&text) {
        Some(Number::Integer(integer)) => Local::from(integer),
        Some(Number::Float(float)) => Local::from(float),
        None => Local::NIL,
    })
}

fn find<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let (text, part) = (bytes(call, "find", 0)?, bytes(call, "find", 1)?);
    let from = if call.arg(2).is_nil() { 0 } else { count(call, "find", 2)? };
    pay_for_bytes(call, text.len())?;
    let found = text.get(from..).and_then(|rest| memmem::find(rest, &part)).map(|at| (from + at) as i64);
    call.return_one(found.map_or(Local::NIL, Local::from))
}

/// The parts of a text between separators.
fn parts<'t>(text: &'t [u8], separator: &[u8]) -> Vec<&'t [u8]> {
    let mut start = 0;
    let mut parts: Vec<&[u8]> = Vec::new();
    for at in memmem::find_iter(text, separator) {
        parts.push(&text[start..at]);
        start = at + separator.len();
    }
    parts.push(&text[start..]);
    parts
}

/// A separator, which has bytes.
fn separator<'c>(call: &HostCall<'c>, function: &str, index: usize) -> Result<Vec<u8>, Raise<'c>> {
    let separator = bytes(call, function, index)?;
    if separator.is_empty() { Err(wrong(call, function, index, "string that is not empty")) } else { Ok(separator) }
}

fn split<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let (text, separator) = (bytes(call, "split", 0)?, separator(call, "split", 1)?);
    pay_for_bytes(call, text.len())?;
    // Each part is a slice of 16 bytes, at most one for each byte.
    let _held = hold(call, 32 * text.len())?;
    let parts = parts(&text, &separator);
    pay_for_values(call, parts.len())?;
    let list = call.table(u32::try_from(parts.len()).unwrap_or(u32::MAX), 0)?;
    for (index, part) in (1_i64..).zip(parts) {
        let part = call.string(part)?;
        call.set(list, index, part)?;
    }
    call.return_one(list)
}

fn join<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let list = table(call, "join", 0)?;
    let separator = if call.arg(1).is_nil() { Vec::new() } else { bytes(call, "join", 1)? };
    let length = call.len(list)?;
    pay_for_values(call, usize::try_from(length).unwrap_or(0))?;
    let held = hold(call, 0)?;
    let mut joined = Vec::new();
    for index in 1..=length {
        if index > 1 {
            joined.extend_from_slice(&separator);
        }
        let value = call.get(list, index)?;
        joined.extend(text_of(call, value));
        if let Some(held) = &held {
            held.resize(2 * joined.len() as u64)?;
        }
    }
    pay_for_bytes(call, joined.len())?;
    let text = call.string(joined)?;
    call.return_one(text)
}

fn replace<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let (text, part) = (bytes(call, "replace", 0)?, separator(call, "replace", 1)?);
    let by = bytes(call, "replace", 2)?;
    pay_for_bytes(call, text.len())?;
    let count = memmem::find_iter(&text, &part).count();
    let length = (text.len() - count * part.len()).saturating_add(count.saturating_mul(by.len()));
    pay_for_bytes(call, length)?;
    let _held = hold(call, length)?;
    let mut replaced = Vec::with_capacity(length);
    let mut start = 0;
    for at in memmem::find_iter(&text, &part) {
        replaced.extend_from_slice(&text[start..at]);
        replaced.extend_from_slice(&by);
        start = at + part.len();
    }
    replaced.extend_from_slice(&text[start..]);
    let text = call.string(replaced)?;
    call.return_one(text)
}

fn repeat<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let (text, count) = (bytes(call, "repeat", 0)?, count(call, "repeat", 1)?);
    let length = text.len().saturating_mul(count);
    // What does not fit is refused before it is paid for.
    let _held = hold(call, length)?;
    pay_for_bytes(call, length)?;
    let text = call.string(text.repeat(count))?;
    call.return_one(text)
}

/// Gives a changed text.
fn changed<'c>(call: &mut HostCall<'c>, function: &str, change: impl Fn(&[u8]) -> Vec<u8>) -> HostResult<'c> {
    let text = bytes(call, function, 0)?;
    pay_for_bytes(call, text.len())?;
    let text = call.string(change(&text))?;
    call.return_one(text)
}

fn upper<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    changed(call, "upper", <[u8]>::to_ascii_uppercase)
}

fn lower<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    changed(call, "lower", <[u8]>::to_ascii_lowercase)
}

fn trim<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    changed(call, "trim", |text| text.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Number, integer_in, number};

    #[test]
    fn numbers_are_read() {
        assert_eq!(number(b" -12 "), Some(Number::Integer(-12)));
        assert_eq!(number(b"+7"), Some(Number::Integer(7)));
        assert_eq!(number(b"0x1F"), Some(Number::Integer(31)));
        assert_eq!(number(b"-0xffffffffffffffff"), Some(Number::Integer(1)));
        assert_eq!(number(b"1.5e3"), Some(Number::Float(1500.0)));
        assert_eq!(number(b".5"), Some(Number::Float(0.5)));
        assert_eq!(number(b"-9223372036854775808"), Some(Number::Integer(i64::MIN)));
        assert_eq!(number(b"9223372036854775808"), Some(Number::Float(9_223_372_036_854_775_808.0)));
        for wrong in ["", " ", "x", "1x", "1.2.3", "0x", "--1", "inf", "nan", "e5", "1 2", "infinity", "+-1"] {
            assert_eq!(number(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn integers_have_bases() {
        assert_eq!(integer_in(b"-zz", 36), Some(-1295));
        assert_eq!(integer_in(b"101", 2), Some(5));
        assert_eq!(integer_in(b"102", 2), None);
        assert_eq!(integer_in(b"", 10), None);
    }
}
