//! Operators of untagged floats (WebAssembly core specification, floating-point operations).
//!
//! Not-a-numbers are what the processor makes of them, which the specification allows: on x86-64 an operation that makes one
//! of nothing gives the canonical one with the sign set, and one of operands passes on the first that is one, made quiet.

use super::rounding::Rounding;
use super::{binary_operators, outcome, unary_operators};

macro_rules! floats {
    ($F:ty; $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $copysign:ident; $abs:ident $neg:ident $ceil:ident
        $floor:ident $trunc:ident $nearest:ident $sqrt:ident; $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident) => {
        binary_operators! {
            $add($F, $F) -> $F = |lhs, rhs| lhs + rhs;
            $sub($F, $F) -> $F = |lhs, rhs| lhs - rhs;
            $mul($F, $F) -> $F = |lhs, rhs| lhs * rhs;
            $div($F, $F) -> $F = |lhs, rhs| lhs / rhs;
            $min($F, $F) -> $F = |lhs, rhs| {
                if lhs < rhs {
                    lhs
                } else if rhs < lhs {
                    rhs
                } else if lhs == rhs {
                    <$F>::from_bits(lhs.to_bits() | rhs.to_bits())
                } else {
                    lhs + rhs
                }
            };
            $max($F, $F) -> $F = |lhs, rhs| {
                if lhs > rhs {
                    lhs
                } else if rhs > lhs {
                    rhs
                } else if lhs == rhs {
                    <$F>::from_bits(lhs.to_bits() & rhs.to_bits())
                } else {
                    lhs + rhs
                }
            };
            $copysign($F, $F) -> $F = |lhs, rhs| lhs.copysign(rhs);
            $eq($F, $F) -> u32 = |lhs, rhs| u32::from(lhs == rhs);
            $ne($F, $F) -> u32 = |lhs, rhs| u32::from(lhs != rhs);
            $lt($F, $F) -> u32 = |lhs, rhs| u32::from(lhs < rhs);
            $gt($F, $F) -> u32 = |lhs, rhs| u32::from(lhs > rhs);
            $le($F, $F) -> u32 = |lhs, rhs| u32::from(lhs <= rhs);
            $ge($F, $F) -> u32 = |lhs, rhs| u32::from(lhs >= rhs);
        }
        unary_operators! {
            $abs($F) -> $F = |value| value.abs();
            $neg($F) -> $F = |value| -value;
            $ceil($F) -> $F = |value| value.round_up();
            $floor($F) -> $F = |value| value.round_down();
            $trunc($F) -> $F = |value| value.round_to_zero();
            $nearest($F) -> $F = |value| value.round_to_even();
            $sqrt($F) -> $F = |value| value.sqrt();
        }
    };
}

floats! {
    f32; F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign;
    F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt;
    F32Eq F32Ne F32Lt F32Gt F32Le F32Ge
}

floats! {
    f64; F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign;
    F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt;
    F64Eq F64Ne F64Lt F64Gt F64Le F64Ge
}
