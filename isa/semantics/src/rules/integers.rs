//! Rules of untagged integers.

use super::rules;
use super::scope::{Flow, Scope, Stop};
use minivm_isa::{Instruction, TrapCode};

rules! {
    /// 32-bit integers.
    pub(crate) fn words;
    I32Add(lhs: i32, rhs: i32) -> i32 = lhs.wrapping_add(rhs);
    I32Sub(lhs: i32, rhs: i32) -> i32 = lhs.wrapping_sub(rhs);
    I32Mul(lhs: i32, rhs: i32) -> i32 = lhs.wrapping_mul(rhs);
    I32DivS(lhs: i32, rhs: i32) -> Result<i32, TrapCode> =
        if rhs == 0 { Err(TrapCode::DivideByZero) } else { lhs.checked_div(rhs).ok_or(TrapCode::IntegerOverflow) };
    I32DivU(lhs: u32, rhs: u32) -> Result<u32, TrapCode> = lhs.checked_div(rhs).ok_or(TrapCode::DivideByZero);
    I32RemS(lhs: i32, rhs: i32) -> Result<i32, TrapCode> = if rhs == 0 { Err(TrapCode::DivideByZero) } else { Ok(lhs.wrapping_rem(rhs)) };
    I32RemU(lhs: u32, rhs: u32) -> Result<u32, TrapCode> = lhs.checked_rem(rhs).ok_or(TrapCode::DivideByZero);
    I32And(lhs: u32, rhs: u32) -> u32 = lhs & rhs;
    I32Or(lhs: u32, rhs: u32) -> u32 = lhs | rhs;
    I32Xor(lhs: u32, rhs: u32) -> u32 = lhs ^ rhs;
    I32Shl(lhs: u32, rhs: u32) -> u32 = lhs << (rhs % 32);
    I32ShrS(lhs: i32, rhs: u32) -> i32 = lhs >> (rhs % 32);
    I32ShrU(lhs: u32, rhs: u32) -> u32 = lhs >> (rhs % 32);
    I32Rotl(lhs: u32, rhs: u32) -> u32 = lhs.rotate_left(rhs % 32);
    I32Rotr(lhs: u32, rhs: u32) -> u32 = lhs.rotate_right(rhs % 32);
    I32Clz(src: u32) -> u32 = src.leading_zeros();
    I32Ctz(src: u32) -> u32 = src.trailing_zeros();
    I32Popcnt(src: u32) -> u32 = src.count_ones();
    I32Extend8S(src: i32) -> i32 = (src as i8).into();
    I32Extend16S(src: i32) -> i32 = (src as i16).into();
    I32Eqz(src: u32) -> bool = src == 0;
    I32Eq(lhs: u32, rhs: u32) -> bool = lhs == rhs;
    I32Ne(lhs: u32, rhs: u32) -> bool = lhs != rhs;
    I32LtS(lhs: i32, rhs: i32) -> bool = lhs < rhs;
    I32LtU(lhs: u32, rhs: u32) -> bool = lhs < rhs;
    I32GtS(lhs: i32, rhs: i32) -> bool = lhs > rhs;
    I32GtU(lhs: u32, rhs: u32) -> bool = lhs > rhs;
    I32LeS(lhs: i32, rhs: i32) -> bool = lhs <= rhs;
    I32LeU(lhs: u32, rhs: u32) -> bool = lhs <= rhs;
    I32GeS(lhs: i32, rhs: i32) -> bool = lhs >= rhs;
    I32GeU(lhs: u32, rhs: u32) -> bool = lhs >= rhs;
}

rules! {
    /// 64-bit integers.
    pub(crate) fn long_words;
    I64Add(lhs: i64, rhs: i64) -> i64 = lhs.wrapping_add(rhs);
    I64Sub(lhs: i64, rhs: i64) -> i64 = lhs.wrapping_sub(rhs);
    I64Mul(lhs: i64, rhs: i64) -> i64 = lhs.wrapping_mul(rhs);
    I64DivS(lhs: i64, rhs: i64) -> Result<i64, TrapCode> =
        if rhs == 0 { Err(TrapCode::DivideByZero) } else { lhs.checked_div(rhs).ok_or(TrapCode::IntegerOverflow) };
    I64DivU(lhs: u64, rhs: u64) -> Result<u64, TrapCode> = lhs.checked_div(rhs).ok_or(TrapCode::DivideByZero);
    I64RemS(lhs: i64, rhs: i64) -> Result<i64, TrapCode> = if rhs == 0 { Err(TrapCode::DivideByZero) } else { Ok(lhs.wrapping_rem(rhs)) };
    I64RemU(lhs: u64, rhs: u64) -> Result<u64, TrapCode> = lhs.checked_rem(rhs).ok_or(TrapCode::DivideByZero);
    I64And(lhs: u64, rhs: u64) -> u64 = lhs & rhs;
    I64Or(lhs: u64, rhs: u64) -> u64 = lhs | rhs;
    I64Xor(lhs: u64, rhs: u64) -> u64 = lhs ^ rhs;
    I64Shl(lhs: u64, rhs: u64) -> u64 = lhs << (rhs % 64);
    I64ShrS(lhs: i64, rhs: u64) -> i64 = lhs >> (rhs % 64);
    I64ShrU(lhs: u64, rhs: u64) -> u64 = lhs >> (rhs % 64);
    I64Rotl(lhs: u64, rhs: u64) -> u64 = lhs.rotate_left((rhs % 64) as u32);
    I64Rotr(lhs: u64, rhs: u64) -> u64 = lhs.rotate_right((rhs % 64) as u32);
    I64Clz(src: u64) -> u64 = src.leading_zeros().into();
    I64Ctz(src: u64) -> u64 = src.trailing_zeros().into();
    I64Popcnt(src: u64) -> u64 = src.count_ones().into();
    I64Extend8S(src: i64) -> i64 = (src as i8).into();
    I64Extend16S(src: i64) -> i64 = (src as i16).into();
    I64Extend32S(src: i64) -> i64 = (src as i32).into();
    I64Eqz(src: u64) -> bool = src == 0;
    I64Eq(lhs: u64, rhs: u64) -> bool = lhs == rhs;
    I64Ne(lhs: u64, rhs: u64) -> bool = lhs != rhs;
    I64LtS(lhs: i64, rhs: i64) -> bool = lhs < rhs;
    I64LtU(lhs: u64, rhs: u64) -> bool = lhs < rhs;
    I64GtS(lhs: i64, rhs: i64) -> bool = lhs > rhs;
    I64GtU(lhs: u64, rhs: u64) -> bool = lhs > rhs;
    I64LeS(lhs: i64, rhs: i64) -> bool = lhs <= rhs;
    I64LeU(lhs: u64, rhs: u64) -> bool = lhs <= rhs;
    I64GeS(lhs: i64, rhs: i64) -> bool = lhs >= rhs;
    I64GeU(lhs: u64, rhs: u64) -> bool = lhs >= rhs;
}

/// 128-bit integers in two halves.
pub(crate) fn pairs(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    let wide = |low, high| scope.get::<u64>(low) as u128 | (scope.get::<u64>(high) as u128) << 64;
    let (low, high, result) = match *instruction {
        Instruction::I64MulWideS { low, high, lhs, rhs } => {
            (low, high, (i128::from(scope.get::<i64>(lhs)) * i128::from(scope.get::<i64>(rhs))) as u128)
        }
        Instruction::I64MulWideU { low, high, lhs, rhs } => {
            (low, high, u128::from(scope.get::<u64>(lhs)) * u128::from(scope.get::<u64>(rhs)))
        }
        Instruction::I64Add128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high } => {
            (low, high, wide(lhs_low, lhs_high).wrapping_add(wide(rhs_low, rhs_high)))
        }
        Instruction::I64Sub128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high } => {
            (low, high, wide(lhs_low, lhs_high).wrapping_sub(wide(rhs_low, rhs_high)))
        }
        _ => return None,
    };
    scope.set(low, result as u64);
    scope.set(high, (result >> 64) as u64);
    Some(Ok(Flow::Next))
}
