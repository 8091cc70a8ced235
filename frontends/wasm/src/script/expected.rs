//! Whether values are what a script expects.

use super::value::Val;
use wast::WastRet;
use wast::core::{NanPattern, V128Pattern, WastRetCore};
use wast::token::{F32, F64};

/// Whether a value is what is expected.
pub(super) fn fits(value: &Val, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => fits_core(value, expected),
        #[allow(unreachable_patterns, reason = "components are a feature of the parser")]
        _ => false,
    }
}

fn fits_single(value: u32, pattern: &NanPattern<F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => value & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => value & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(expected) => value == expected.bits,
    }
}

fn fits_double(value: u64, pattern: &NanPattern<F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => value & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => value & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(expected) => value == expected.bits,
    }
}

fn fits_vector(value: u128, pattern: &V128Pattern) -> bool {
    let lane = |index: usize, bits: usize| (value >> (index * bits)) as u64;
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 8) as i8),
        V128Pattern::I16x8(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 16) as i16),
        V128Pattern::I32x4(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 32) as i32),
        V128Pattern::I64x2(lanes) => lanes.iter().enumerate().all(|(index, &found)| found == lane(index, 64) as i64),
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| fits_single(lane(index, 32) as u32, pattern))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(index, pattern)| fits_double(lane(index, 64), pattern))
        }
    }
}

fn fits_core(value: &Val, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(value), WastRetCore::F32(pattern)) => fits_single(*value, pattern),
        (Val::F64(value), WastRetCore::F64(pattern)) => fits_double(*value, pattern),
        (Val::V128(value), WastRetCore::V128(pattern)) => fits_vector(*value, pattern),
        (Val::Null, WastRetCore::RefNull(_)) => true,
        (Val::Extern(value), WastRetCore::RefHost(expected)) => value == expected,
        (Val::I31(_), WastRetCore::RefI31 | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Struct, WastRetCore::RefStruct | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Array, WastRetCore::RefArray | WastRetCore::RefEq | WastRetCore::RefAny) => true,
        (Val::Extern(_), WastRetCore::RefAny) => true,
        // What is handed out as a reference of the host.
        (Val::I31(_) | Val::Struct | Val::Array, WastRetCore::RefExtern(None)) => true,
        (Val::Extern(value), WastRetCore::RefExtern(expected)) => expected.is_none_or(|expected| *value == expected),
        (Val::Func, WastRetCore::RefFunc(_)) => true,
        (value, WastRetCore::Either(list)) => list.iter().any(|expected| fits_core(value, expected)),
        _ => false,
    }
}
