//! Numbers as text, in the words of the text format: hexadecimal floats, payloads of NaNs, vectors.

use super::value::Val;
use minivm_isa::Type;
use wast::core::V128Const;
use wast::parser::{Parse, ParseBuffer};
use wast::token::{F32, F64};

/// Characters of a number; longer text is none.
const LENGTH_MAX: usize = 4096;

/// The number that a text of this type means: an integer, a float as `1.5`, `0x1.8p3`, `-inf`, `nan` or `nan:0x7`, a vector as
/// `i32x4 1 2 3 4`. None for other text, and for types that have no numbers.
pub fn parse_number(text: &str, ty: Type) -> Option<Val> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    match ty {
        Type::I32 => parse::<i32>(text).map(Val::I32),
        Type::I64 => parse::<i64>(text).map(Val::I64),
        Type::F32 => parse::<F32>(text).map(|float| Val::F32(float.bits)),
        Type::F64 => parse::<F64>(text).map(|float| Val::F64(float.bits)),
        Type::V128 => {
            let vector = parse::<V128Const>(text)?;
            Some(Val::V128(u128::from_le_bytes(vector.to_le_bytes())))
        }
        Type::Any | Type::Cell | Type::Ref(_) => None,
    }
}

fn parse<T: for<'t> Parse<'t>>(text: &str) -> Option<T> {
    let buffer = ParseBuffer::new(text).ok()?;
    wast::parser::parse(&buffer).ok()
}

/// The text of a number, from which [`parse_number`] gives the same bits; none for references.
pub fn show_number(value: Val) -> Option<String> {
    Some(match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => {
            let value = f32::from_bits(bits);
            if value.is_nan() { nan(bits >> 31 != 0, u64::from(bits & 0x7f_ffff)) } else { value.to_string() }
        }
        Val::F64(bits) => {
            let value = f64::from_bits(bits);
            if value.is_nan() { nan(bits >> 63 != 0, bits & 0xf_ffff_ffff_ffff) } else { value.to_string() }
        }
        Val::V128(bits) => {
            let lanes: Vec<String> = (0..4).map(|lane| format!("{:#010x}", (bits >> (32 * lane)) as u32)).collect();
            format!("i32x4 {}", lanes.join(" "))
        }
        Val::Null | Val::Func | Val::Extern(_) | Val::I31(_) | Val::Struct | Val::Array => return None,
    })
}

fn nan(is_negative: bool, payload: u64) -> String {
    format!("{}nan:{payload:#x}", if is_negative { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        assert_eq!(parse_number("0x1.8p3", Type::F64), Some(Val::F64(12f64.to_bits())));
        assert_eq!(parse_number("-0x0.0000001p-120", Type::F32), Some(Val::F32(0x8000_0002)));
        assert_eq!(parse_number("nan:0x7", Type::F32), Some(Val::F32(0x7f80_0007)));
        assert_eq!(parse_number("-nan", Type::F64), Some(Val::F64(0xfff8 << 48)));
        assert_eq!(parse_number("i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -1", Type::V128), {
            Some(Val::V128(0xff0f_0e0d_0c0b_0a09_0807_0605_0403_0201))
        });
        for (wrong, ty) in [
            ("nan:0x0", Type::F32),
            ("nan:0x800000", Type::F32),
            ("", Type::F64),
            ("1 2", Type::F64),
            ("i32x4 1 2 3", Type::V128),
            ("1", Type::V128),
            ("1", Type::Any),
        ] {
            assert_eq!(parse_number(wrong, ty), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_read_as_the_same_bits() {
        let floats = [0, 1, 0x7fc0_0000, 0x7f80_0001, 0xffff_ffff, 0x7f80_0000, 0x8000_0000, 0x3eaa_aaab];
        for bits in floats {
            assert_eq!(parse_number(&show_number(Val::F32(bits)).unwrap(), Type::F32), Some(Val::F32(bits)));
        }
        for bits in [0, 1, 0x7ff0_0000_0000_0001, u64::MAX, 0x8000_0000_0000_0000, 0x3fd5_5555_5555_5555] {
            assert_eq!(parse_number(&show_number(Val::F64(bits)).unwrap(), Type::F64), Some(Val::F64(bits)));
        }
        for bits in [0, u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677] {
            assert_eq!(parse_number(&show_number(Val::V128(bits)).unwrap(), Type::V128), Some(Val::V128(bits)));
        }
    }
}
