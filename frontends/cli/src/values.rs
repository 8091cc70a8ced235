//! Values on the command line: arguments of `--invoke` and what it prints.

use minivm::raw::{Machine, Value};
use minivm_isa::{Signature, Type};
use minivm_wasm::script::{Val, from_values, parse_number, show_number, to_values};
use std::ffi::OsStr;

/// The bytes of a text of the system: what it is on Unix; elsewhere what is not Unicode is replaced.
pub(crate) fn bytes(text: &OsStr) -> Vec<u8> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStrExt::as_bytes(text).to_vec();
    #[cfg(not(unix))]
    return text.to_string_lossy().into_owned().into_bytes();
}

/// Reads an argument for a parameter; nothing if it cannot be one.
pub(crate) fn parse(machine: &mut Machine, text: &[u8], ty: Type) -> Option<Value> {
    let Ok(text) = std::str::from_utf8(text) else {
        return if ty == Type::Any { machine.string(text).ok() } else { None };
    };
    match ty {
        Type::I32 => {
            let number = integer(text)?;
            // Either sign: -1 and 4294967295 are the same 32 bits.
            let fits = i32::try_from(number).is_ok() || u32::try_from(number).is_ok();
            fits.then(|| Value::int(i64::from(number as i32)))
        }
        Type::I64 => {
            let number = integer(text)?;
            let fits = i64::try_from(number).is_ok() || u64::try_from(number).is_ok();
            fits.then(|| Value::int(number as i64))
        }
        Type::F32 => match text.parse::<f32>() {
            Ok(float) => Some(Value::float(f64::from(float))),
            Err(_) => float(parse_number(text, ty)?),
        },
        Type::F64 => text.parse().ok().map(Value::float).or_else(|| float(parse_number(text, ty)?)),
        Type::Any => match (text, integer(text)) {
            ("nil", _) => Some(Value::NIL),
            ("true", _) => Some(Value::TRUE),
            ("false", _) => Some(Value::FALSE),
            (_, Some(number)) => i64::try_from(number).ok().map(Value::int),
            (_, None) if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
                text.parse().ok().map(Value::float).or_else(|| machine.string(text).ok())
            }
            (_, None) => machine.string(text).ok(),
        },
        Type::V128 | Type::Cell | Type::Ref(_) => None,
    }
}

/// A float as a value, which has no single NaNs.
fn float(number: Val) -> Option<Value> {
    match number {
        Val::F32(bits) => Some(Value::float(f64::from(f32::from_bits(bits)))),
        Val::F64(bits) => Some(Value::float(f64::from_bits(bits))),
        _ => None,
    }
}

/// Whether a call has to pass its numbers bit for bit: for vectors, and NaNs that somebody wrote down.
pub(crate) fn needs_bits(signature: &Signature, texts: &[Vec<u8>]) -> bool {
    let is_vector = |ty: &Type| *ty == Type::V128;
    let is_nan = |text: &Vec<u8>| text.windows(4).any(|part| part == b"nan:");
    signature.params.iter().chain(&signature.results).any(is_vector) || texts.iter().any(is_nan)
}

/// As [`parse`], for a function whose numbers are passed bit for bit: the values that stand for one there.
pub(crate) fn parse_bits(machine: &mut Machine, text: &[u8], ty: Type) -> Option<Vec<Value>> {
    match ty {
        Type::F32 | Type::F64 | Type::V128 => {
            let text = std::str::from_utf8(text).ok()?;
            let plain = match ty {
                Type::F32 => text.parse().ok().map(|float: f32| Val::F32(float.to_bits())),
                Type::F64 => text.parse().ok().map(|float: f64| Val::F64(float.to_bits())),
                _ => None,
            };
            plain.or_else(|| parse_number(text, ty)).map(to_values)
        }
        _ => parse(machine, text, ty).map(|value| vec![value]),
    }
}

/// As [`show`], for the results of a function whose numbers are passed bit for bit.
pub(crate) fn show_bits(machine: &mut Machine, values: &[Value], types: &[Type]) -> Vec<String> {
    let mut values = values.iter().copied();
    let mut shown = Vec::with_capacity(types.len());
    for &ty in types {
        shown.push(match ty {
            Type::F32 | Type::F64 | Type::V128 => {
                from_values(&mut values, ty).ok().and_then(show_number).unwrap_or_default()
            }
            _ => show(machine, values.next().unwrap_or_default(), Some(ty)),
        });
    }
    shown
}

/// Decimal or `0x` hexadecimal, with a sign.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) if digits.len() <= 16 => i128::from(u64::from_str_radix(digits, 16).ok()?),
        Some(_) => return None,
        None if digits.starts_with(|c: char| c.is_ascii_digit()) => i128::from(digits.parse::<u64>().ok()?),
        None => return None,
    };
    Some(if negative { -value } else { value })
}

/// A result as it is printed; `ty` is its type, where it has one.
pub(crate) fn show(machine: &mut Machine, value: Value, ty: Option<Type>) -> String {
    match (ty, value.as_float()) {
        // The shortest text of a single is shorter than that of the same double.
        (Some(Type::F32), Some(number)) => (number as f32).to_string(),
        (Some(Type::F64), Some(number)) => number.to_string(),
        _ => machine.describe(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minivm::raw::Limits;

    #[test]
    fn arguments_are_read_by_type() {
        let mut machine = crate::raw_machine::raw_machine(Limits::default());
        let mut int = |text: &str, ty| parse(&mut machine, text.as_bytes(), ty).and_then(Value::as_int);
        assert_eq!(int("-1", Type::I32), Some(-1));
        assert_eq!(int("4294967295", Type::I32), Some(-1));
        assert_eq!(int("4294967296", Type::I32), None);
        assert_eq!(int("0x10", Type::I32), Some(16));
        assert_eq!(int("18446744073709551615", Type::I64), Some(-1));
        assert_eq!(int("-9223372036854775808", Type::I64), Some(i64::MIN));
        assert_eq!(int("-9223372036854775809", Type::I64), None);
        assert_eq!(int("+7", Type::Any), Some(7));
        for wrong in ["", "-", "1.5", "0x", "x", "--1", "+-1"] {
            assert_eq!(int(wrong, Type::I64), None, "{wrong}");
        }
    }

    #[test]
    fn results_are_shown_by_type() {
        let mut machine = crate::raw_machine::raw_machine(Limits::default());
        let value = parse(&mut machine, "0.1".as_bytes(), Type::F32).unwrap();
        assert_eq!(show(&mut machine, value, Some(Type::F32)), "0.1");
        let value = parse(&mut machine, "1e300".as_bytes(), Type::F64).unwrap();
        assert!(show(&mut machine, value, Some(Type::F64)).starts_with("1000000"));
        for text in ["nil", "true", "some words", "1.5", "-x"] {
            let value = parse(&mut machine, text.as_bytes(), Type::Any).unwrap();
            assert_eq!(show(&mut machine, value, None), text);
        }
        assert!(parse(&mut machine, "1".as_bytes(), Type::V128).is_none());
        let value = parse(&mut machine, "-0x1.8p1".as_bytes(), Type::F32).unwrap();
        assert_eq!(show(&mut machine, value, Some(Type::F32)), "-3");
        for (text, ty) in [("i32x4 0x00000001 0x00000002 0x00000003 0xffffffff", Type::V128), ("-nan:0x7", Type::F32)] {
            let values = parse_bits(&mut machine, text.as_bytes(), ty).unwrap();
            assert_eq!(show_bits(&mut machine, &values, &[ty]), [text]);
        }
    }
}
