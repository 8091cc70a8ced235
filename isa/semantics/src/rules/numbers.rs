//! Rules of untagged floats, and of conversions between untagged numbers. Which not-a-number an operation gives is open, but for
//! those that only move bits.

use super::rules;
use super::scope::{Flow, Scope, Stop};
use crate::floats::{Float, truncated};
use minivm_isa::{Instruction, TrapCode};

rules! {
    /// 32-bit floats.
    pub(crate) fn singles;
    F32Add(lhs: f32, rhs: f32) -> f32 = lhs + rhs;
    F32Sub(lhs: f32, rhs: f32) -> f32 = lhs - rhs;
    F32Mul(lhs: f32, rhs: f32) -> f32 = lhs * rhs;
    F32Div(lhs: f32, rhs: f32) -> f32 = lhs / rhs;
    F32Min(lhs: f32, rhs: f32) -> f32 = Float::lesser(lhs, rhs);
    F32Max(lhs: f32, rhs: f32) -> f32 = Float::greater(lhs, rhs);
    F32Copysign(lhs: f32, rhs: f32) -> f32 = lhs.copysign(rhs);
    F32Abs(src: f32) -> f32 = src.abs();
    F32Neg(src: f32) -> f32 = -src;
    F32Ceil(src: f32) -> f32 = src.ceil().quiet();
    F32Floor(src: f32) -> f32 = src.floor().quiet();
    F32Trunc(src: f32) -> f32 = src.trunc().quiet();
    F32Nearest(src: f32) -> f32 = src.round_ties_even().quiet();
    F32Sqrt(src: f32) -> f32 = src.sqrt();
    F32Eq(lhs: f32, rhs: f32) -> bool = lhs == rhs;
    F32Ne(lhs: f32, rhs: f32) -> bool = lhs != rhs;
    F32Lt(lhs: f32, rhs: f32) -> bool = lhs < rhs;
    F32Gt(lhs: f32, rhs: f32) -> bool = lhs > rhs;
    F32Le(lhs: f32, rhs: f32) -> bool = lhs <= rhs;
    F32Ge(lhs: f32, rhs: f32) -> bool = lhs >= rhs;
}

rules! {
    /// 64-bit floats.
    pub(crate) fn doubles;
    F64Add(lhs: f64, rhs: f64) -> f64 = lhs + rhs;
    F64Sub(lhs: f64, rhs: f64) -> f64 = lhs - rhs;
    F64Mul(lhs: f64, rhs: f64) -> f64 = lhs * rhs;
    F64Div(lhs: f64, rhs: f64) -> f64 = lhs / rhs;
    F64Min(lhs: f64, rhs: f64) -> f64 = Float::lesser(lhs, rhs);
    F64Max(lhs: f64, rhs: f64) -> f64 = Float::greater(lhs, rhs);
    F64Copysign(lhs: f64, rhs: f64) -> f64 = lhs.copysign(rhs);
    F64Abs(src: f64) -> f64 = src.abs();
    F64Neg(src: f64) -> f64 = -src;
    F64Ceil(src: f64) -> f64 = src.ceil().quiet();
    F64Floor(src: f64) -> f64 = src.floor().quiet();
    F64Trunc(src: f64) -> f64 = src.trunc().quiet();
    F64Nearest(src: f64) -> f64 = src.round_ties_even().quiet();
    F64Sqrt(src: f64) -> f64 = src.sqrt();
    F64Eq(lhs: f64, rhs: f64) -> bool = lhs == rhs;
    F64Ne(lhs: f64, rhs: f64) -> bool = lhs != rhs;
    F64Lt(lhs: f64, rhs: f64) -> bool = lhs < rhs;
    F64Gt(lhs: f64, rhs: f64) -> bool = lhs > rhs;
    F64Le(lhs: f64, rhs: f64) -> bool = lhs <= rhs;
    F64Ge(lhs: f64, rhs: f64) -> bool = lhs >= rhs;
}

rules! {
    /// Conversions.
    pub(crate) fn conversions;
    I32WrapI64(src: i64) -> i32 = src as i32;
    I64ExtendI32S(src: i32) -> i64 = src.into();
    I64ExtendI32U(src: u32) -> u64 = src.into();
    I32TruncF32S(src: f32) -> Result<i32, TrapCode> = truncated(src.into(), i32::MIN as f64, 2f64.powi(31)).map(|whole| whole as i32);
    I32TruncF32U(src: f32) -> Result<u32, TrapCode> = truncated(src.into(), u32::MIN as f64, 2f64.powi(32)).map(|whole| whole as u32);
    I32TruncF64S(src: f64) -> Result<i32, TrapCode> = truncated(src, i32::MIN as f64, 2f64.powi(31)).map(|whole| whole as i32);
    I32TruncF64U(src: f64) -> Result<u32, TrapCode> = truncated(src, u32::MIN as f64, 2f64.powi(32)).map(|whole| whole as u32);
    I64TruncF32S(src: f32) -> Result<i64, TrapCode> = truncated(src.into(), i64::MIN as f64, 2f64.powi(63)).map(|whole| whole as i64);
    I64TruncF32U(src: f32) -> Result<u64, TrapCode> = truncated(src.into(), u64::MIN as f64, 2f64.powi(64)).map(|whole| whole as u64);
    I64TruncF64S(src: f64) -> Result<i64, TrapCode> = truncated(src, i64::MIN as f64, 2f64.powi(63)).map(|whole| whole as i64);
    I64TruncF64U(src: f64) -> Result<u64, TrapCode> = truncated(src, u64::MIN as f64, 2f64.powi(64)).map(|whole| whole as u64);
    I32TruncSatF32S(src: f32) -> i32 = src as i32;
    I32TruncSatF32U(src: f32) -> u32 = src as u32;
    I32TruncSatF64S(src: f64) -> i32 = src as i32;
    I32TruncSatF64U(src: f64) -> u32 = src as u32;
    I64TruncSatF32S(src: f32) -> i64 = src as i64;
    I64TruncSatF32U(src: f32) -> u64 = src as u64;
    I64TruncSatF64S(src: f64) -> i64 = src as i64;
    I64TruncSatF64U(src: f64) -> u64 = src as u64;
    F32ConvertI32S(src: i32) -> f32 = src as f32;
    F32ConvertI32U(src: u32) -> f32 = src as f32;
    F32ConvertI64S(src: i64) -> f32 = src as f32;
    F32ConvertI64U(src: u64) -> f32 = src as f32;
    F64ConvertI32S(src: i32) -> f64 = src as f64;
    F64ConvertI32U(src: u32) -> f64 = src as f64;
    F64ConvertI64S(src: i64) -> f64 = src as f64;
    F64ConvertI64U(src: u64) -> f64 = src as f64;
    F32DemoteF64(src: f64) -> f32 = src as f32;
    F64PromoteF32(src: f32) -> f64 = src.into();
    I32ReinterpretF32(src: f32) -> u32 = src.to_bits();
    I64ReinterpretF64(src: f64) -> u64 = src.to_bits();
    F32ReinterpretI32(src: u32) -> f32 = f32::from_bits(src);
    F64ReinterpretI64(src: u64) -> f64 = f64::from_bits(src);
}
