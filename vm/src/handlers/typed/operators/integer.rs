//! Operators of untagged integers (WebAssembly core specification, integer operations).

use super::{binary_operators, outcome, unary_operators};
use minivm_isa::TrapCode;

/// The rows of one width. `$U` and `$S` are the unsigned and the signed type.
macro_rules! integers {
    ($U:ty, $S:ty; $add:ident $sub:ident $mul:ident $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident
        $rotl:ident $rotr:ident; $div_s:ident $div_u:ident $rem_s:ident $rem_u:ident; $eq:ident $ne:ident $lt_s:ident $lt_u:ident
        $gt_s:ident $gt_u:ident $le_s:ident $le_u:ident $ge_s:ident $ge_u:ident; $clz:ident $ctz:ident $popcnt:ident
        $extend8_s:ident $extend16_s:ident $eqz:ident) => {
        binary_operators! {
            $add($U, $U) -> $U = |lhs, rhs| lhs.wrapping_add(rhs);
            $sub($U, $U) -> $U = |lhs, rhs| lhs.wrapping_sub(rhs);
            $mul($U, $U) -> $U = |lhs, rhs| lhs.wrapping_mul(rhs);
            $and($U, $U) -> $U = |lhs, rhs| lhs & rhs;
            $or($U, $U) -> $U = |lhs, rhs| lhs | rhs;
            $xor($U, $U) -> $U = |lhs, rhs| lhs ^ rhs;
            $shl($U, $U) -> $U = |lhs, rhs| lhs.wrapping_shl(rhs as u32);
            $shr_s($U, $U) -> $U = |lhs, rhs| (lhs as $S).wrapping_shr(rhs as u32) as $U;
            $shr_u($U, $U) -> $U = |lhs, rhs| lhs.wrapping_shr(rhs as u32);
            $rotl($U, $U) -> $U = |lhs, rhs| lhs.rotate_left(rhs as u32 % <$U>::BITS);
            $rotr($U, $U) -> $U = |lhs, rhs| lhs.rotate_right(rhs as u32 % <$U>::BITS);
            $div_s($U, $U) -> $U = checked |lhs, rhs| {
                let (lhs, rhs) = (lhs as $S, rhs as $S);
                if rhs == 0 {
                    Err(TrapCode::DivideByZero)
                } else if lhs == <$S>::MIN && rhs == -1 {
                    Err(TrapCode::IntegerOverflow)
                } else {
                    Ok(lhs.wrapping_div(rhs) as $U)
                }
            };
            $div_u($U, $U) -> $U = checked |lhs, rhs| lhs.checked_div(rhs).ok_or(TrapCode::DivideByZero);
            $rem_s($U, $U) -> $U = checked |lhs, rhs| {
                if rhs == 0 {
                    Err(TrapCode::DivideByZero)
                } else {
                    Ok((lhs as $S).wrapping_rem(rhs as $S) as $U)
                }
            };
            $rem_u($U, $U) -> $U = checked |lhs, rhs| lhs.checked_rem(rhs).ok_or(TrapCode::DivideByZero);
            $eq($U, $U) -> u32 = |lhs, rhs| u32::from(lhs == rhs);
            $ne($U, $U) -> u32 = |lhs, rhs| u32::from(lhs != rhs);
            $lt_s($U, $U) -> u32 = |lhs, rhs| u32::from((lhs as $S) < rhs as $S);
            $lt_u($U, $U) -> u32 = |lhs, rhs| u32::from(lhs < rhs);
            $gt_s($U, $U) -> u32 = |lhs, rhs| u32::from(lhs as $S > rhs as $S);
            $gt_u($U, $U) -> u32 = |lhs, rhs| u32::from(lhs > rhs);
            $le_s($U, $U) -> u32 = |lhs, rhs| u32::from(lhs as $S <= rhs as $S);
            $le_u($U, $U) -> u32 = |lhs, rhs| u32::from(lhs <= rhs);
            $ge_s($U, $U) -> u32 = |lhs, rhs| u32::from(lhs as $S >= rhs as $S);
            $ge_u($U, $U) -> u32 = |lhs, rhs| u32::from(lhs >= rhs);
        }
        unary_operators! {
            $clz($U) -> $U = |value| value.leading_zeros() as $U;
            $ctz($U) -> $U = |value| value.trailing_zeros() as $U;
            $popcnt($U) -> $U = |value| value.count_ones() as $U;
            $extend8_s($U) -> $U = |value| value as i8 as $S as $U;
            $extend16_s($U) -> $U = |value| value as i16 as $S as $U;
            $eqz($U) -> u32 = |value| u32::from(value == 0);
        }
    };
}

integers! {
    u32, i32; I32Add I32Sub I32Mul I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr;
    I32DivS I32DivU I32RemS I32RemU;
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU;
    I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S I32Eqz
}

integers! {
    u64, i64; I64Add I64Sub I64Mul I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64Rotr;
    I64DivS I64DivU I64RemS I64RemU;
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU;
    I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Eqz
}

unary_operators! {
    I64Extend32S(u64) -> u64 = |value| value as i32 as i64 as u64;
}
