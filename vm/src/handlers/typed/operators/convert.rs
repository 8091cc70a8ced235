//! Conversions between untagged numbers (WebAssembly core specification, conversions).

use super::{outcome, unary_operators};
use minivm_isa::TrapCode;

/// A float to an integer, rounded to zero: what does not lie between the two bounds traps. The upper bound is exclusive, the
/// lower one, too, unless it says `from`.
macro_rules! truncate {
    ($value:ident, $target:ty, from $low:expr, $high:expr) => {
        truncate!(@ $value, $target, ($low..$high).contains(&$value))
    };
    ($value:ident, $target:ty, $low:expr, $high:expr) => {
        truncate!(@ $value, $target, $value > $low && $value < $high)
    };
    (@ $value:ident, $target:ty, $fits:expr) => {
        if $fits {
            Ok($value as $target)
        } else if $value.is_nan() {
            Err(TrapCode::InvalidConversion)
        } else {
            Err(TrapCode::IntegerOverflow)
        }
    };
}

const P31: f64 = 2_147_483_648.0;
const P32: f64 = 4_294_967_296.0;
const P63: f64 = 9_223_372_036_854_775_808.0;
const P64: f64 = 18_446_744_073_709_551_616.0;

unary_operators! {
    I32WrapI64(u64) -> u32 = |value| value as u32;
    I64ExtendI32S(u32) -> u64 = |value| value as i32 as i64 as u64;
    I64ExtendI32U(u32) -> u64 = |value| u64::from(value);
    I32TruncF32S(f32) -> u32 = checked |value| truncate!(value, i32, from -P31 as f32, P31 as f32).map(|whole| whole as u32);
    I32TruncF32U(f32) -> u32 = checked |value| truncate!(value, u32, -1.0, P32 as f32);
    I32TruncF64S(f64) -> u32 = checked |value| truncate!(value, i32, -P31 - 1.0, P31).map(|whole| whole as u32);
    I32TruncF64U(f64) -> u32 = checked |value| truncate!(value, u32, -1.0, P32);
    I64TruncF32S(f32) -> u64 = checked |value| truncate!(value, i64, from -P63 as f32, P63 as f32).map(|whole| whole as u64);
    I64TruncF32U(f32) -> u64 = checked |value| truncate!(value, u64, -1.0, P64 as f32);
    I64TruncF64S(f64) -> u64 = checked |value| truncate!(value, i64, from -P63, P63).map(|whole| whole as u64);
    I64TruncF64U(f64) -> u64 = checked |value| truncate!(value, u64, -1.0, P64);
    I32TruncSatF32S(f32) -> u32 = |value| value as i32 as u32;
    I32TruncSatF32U(f32) -> u32 = |value| value as u32;
    I32TruncSatF64S(f64) -> u32 = |value| value as i32 as u32;
    I32TruncSatF64U(f64) -> u32 = |value| value as u32;
    I64TruncSatF32S(f32) -> u64 = |value| value as i64 as u64;
    I64TruncSatF32U(f32) -> u64 = |value| value as u64;
    I64TruncSatF64S(f64) -> u64 = |value| value as i64 as u64;
    I64TruncSatF64U(f64) -> u64 = |value| value as u64;
    F32ConvertI32S(u32) -> f32 = |value| value as i32 as f32;
    F32ConvertI32U(u32) -> f32 = |value| value as f32;
    F32ConvertI64S(u64) -> f32 = |value| value as i64 as f32;
    F32ConvertI64U(u64) -> f32 = |value| value as f32;
    F64ConvertI32S(u32) -> f64 = |value| f64::from(value as i32);
    F64ConvertI32U(u32) -> f64 = |value| f64::from(value);
    F64ConvertI64S(u64) -> f64 = |value| value as i64 as f64;
    F64ConvertI64U(u64) -> f64 = |value| value as f64;
    F32DemoteF64(f64) -> f32 = |value| value as f32;
    F64PromoteF32(f32) -> f64 = |value| f64::from(value);
    I32ReinterpretF32(f32) -> u32 = |value| value.to_bits();
    I64ReinterpretF64(f64) -> u64 = |value| value.to_bits();
    F32ReinterpretI32(u32) -> f32 = |value| f32::from_bits(value);
    F64ReinterpretI64(u64) -> f64 = |value| f64::from_bits(value);
}
