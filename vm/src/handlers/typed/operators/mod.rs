//! The operators of untagged numbers, one type for each row of the table of instructions, named as the row.

mod convert;
pub(crate) mod float;
mod integer;
pub(crate) mod rounding;

pub(crate) use convert::*;
pub(crate) use float::*;
pub(crate) use integer::*;

/// Operators of two operands: `Name(Left, Right) -> Result = |lhs, rhs| expression;`, where the expression is a `Result` after
/// `checked`.
macro_rules! binary_operators {
    ($($name:ident($left:ty, $right:ty) -> $result:ty = $($trying:ident)? |$lhs:ident, $rhs:ident| $body:expr;)*) => {$(
        #[doc = concat!("See [`Opcode::", stringify!($name), "`](minivm_isa::Opcode::", stringify!($name), ").")]
        pub(crate) enum $name {}
        impl $crate::handlers::typed::expression::BinaryOperator for $name {
            type Left = $left;
            type Right = $right;
            type Result = $result;
            const OPCODE: minivm_isa::Opcode = minivm_isa::Opcode::$name;
            #[inline(always)]
            fn apply($lhs: $left, $rhs: $right) -> Result<$result, minivm_isa::TrapCode> {
                outcome!($($trying)? $body)
            }
        }
    )*};
}

/// Operators of one operand: `Name(Source) -> Result = |value| expression;`, where the expression is a `Result` after `checked`.
macro_rules! unary_operators {
    ($($name:ident($source:ty) -> $result:ty = $($trying:ident)? |$value:ident| $body:expr;)*) => {$(
        #[doc = concat!("See [`Opcode::", stringify!($name), "`](minivm_isa::Opcode::", stringify!($name), ").")]
        pub(crate) enum $name {}
        impl $crate::handlers::typed::expression::UnaryOperator for $name {
            type Source = $source;
            type Result = $result;
            const OPCODE: minivm_isa::Opcode = minivm_isa::Opcode::$name;
            #[inline(always)]
            fn apply($value: $source) -> Result<$result, minivm_isa::TrapCode> {
                outcome!($($trying)? $body)
            }
        }
    )*};
}

macro_rules! outcome {
    (checked $body:expr) => {
        $body
    };
    ($body:expr) => {
        Ok($body)
    };
}

use {binary_operators, outcome, unary_operators};
