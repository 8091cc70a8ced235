//! The `%q` conversion: values as source text that reads back as the same value.

use super::hex_float;
use super::number::Number;
use std::io::Write;
use std::ops::Range;

/// Appends `text` as a string literal.
pub fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    write_string_part(out, text, 0..text.len());
}

/// Appends a part of `text`, as it stands in the literal of the whole; the quotes go with the ends.
pub fn write_string_part(out: &mut Vec<u8>, text: &[u8], part: Range<usize>) {
    if part.start == 0 {
        out.push(b'"');
    }
    for (index, &byte) in part.clone().zip(&text[part.clone()]) {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1f | 0x7f => {
                // A digit that follows must not become part of the escape. Writing to a vector cannot fail.
                let _ = match text.get(index + 1) {
                    Some(b'0'..=b'9') => write!(out, "\\{byte:03}"),
                    _ => write!(out, "\\{byte}"),
                };
            }
            _ => out.push(byte),
        }
    }
    if part.end == text.len() {
        out.push(b'"');
    }
}

/// Appends `number` as an expression that has exactly that value.
pub fn write_number(out: &mut Vec<u8>, number: Number) {
    match number {
        Number::Integer(i64::MIN) => out.extend_from_slice(b"0x8000000000000000"),
        Number::Integer(value) => drop(write!(out, "{value}")),
        Number::Float(value) if value.is_nan() => out.extend_from_slice(b"(0/0)"),
        Number::Float(f64::INFINITY) => out.extend_from_slice(b"1e9999"),
        Number::Float(f64::NEG_INFINITY) => out.extend_from_slice(b"-1e9999"),
        Number::Float(value) => {
            if value.is_sign_negative() {
                out.push(b'-');
            }
            hex_float::write(out, value, None, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\"\\\n\r\x00001\x7f\xff\x001");
        assert_eq!(out, b"\"a\\\"\\\\\\\n\\13\\000001\\127\xff\\0001\"");
        let text = b"a\"\\\n\r\x00001\x7f\xff\x001";
        let mut parts = Vec::new();
        for start in 0..text.len() {
            write_string_part(&mut parts, text, start..start + 1);
        }
        assert_eq!(parts, out);
    }

    #[test]
    fn numbers() {
        let text = |number| {
            let mut out = Vec::new();
            write_number(&mut out, number);
            String::from_utf8(out).expect("ASCII")
        };
        assert_eq!(text(Number::Integer(i64::MIN)), "0x8000000000000000");
        assert_eq!(text(Number::Integer(-7)), "-7");
        assert_eq!(text(Number::Float(-0.5)), "-0x1p-1");
        assert_eq!(text(Number::Float(f64::NEG_INFINITY)), "-1e9999");
        assert_eq!(text(Number::Float(f64::NAN)), "(0/0)");
    }
}
