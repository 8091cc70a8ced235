//! One builder method for each row of the table of instructions.

use crate::{FunctionBuilder, IntoOperand, IntoOperands};
use minivm_isa::entities::{Block, Data, Element, Func, Global, Layout, Memory, Reg, Sig, Table};
use minivm_isa::operand::patterns::{self, PatternSpec};
use minivm_isa::{Instruction, Kind, TrapCode};

/// What a builder method takes for an operand of the table.
macro_rules! argument {
    (In<$pattern:ident>) => { impl IntoOperand };
    (Ins<$pattern:ident>) => { impl IntoOperands };
    (Out<$pattern:ident>) => { Reg };
    (InOut<$pattern:ident>) => { Reg };
    (Outs<$pattern:ident>) => { &[Reg] };
    (Target) => { Block };
    (Targets) => { &[Block] };
    (Offset) => { u64 };
    (Number) => { u64 };
    (Kind) => { Kind };
    (Trap) => { TrapCode };
    ($index:ident) => { $index };
}

/// How it becomes the field of the instruction.
macro_rules! field {
    ($value:ident, In<$pattern:ident>) => {
        $value
    };
    ($value:ident, Kind) => {
        $value as u64
    };
    ($value:ident, Trap) => {
        $value as u64
    };
    ($value:ident, Outs<$pattern:ident>) => {
        $value.into()
    };
    ($value:ident, Targets) => {
        $value.into()
    };
    ($value:ident, $($other:tt)*) => {
        $value
    };
}

/// Turns arguments that may be Rust values into operands before the instruction is made.
macro_rules! prepare {
    ($builder:ident, $value:ident, In<$pattern:ident>) => {
        let pattern = $builder.resolve(<patterns::$pattern as PatternSpec>::PATTERN);
        let $value = $value.into_operand($builder, pattern);
    };
    ($builder:ident, $value:ident, Ins<$pattern:ident>) => {
        let $value = $value.into_operands($builder, <patterns::$pattern as PatternSpec>::PATTERN);
    };
    ($builder:ident, $value:ident, $($other:tt)*) => {};
}

/// The type of an operand, for the documentation.
macro_rules! type_text {
    (I32) => {
        "`i32`"
    };
    (I64) => {
        "`i64`"
    };
    (F32) => {
        "`f32`"
    };
    (F64) => {
        "`f64`"
    };
    (V128) => {
        "`v128`"
    };
    (Any) => {
        "`any`"
    };
    (Cell) => {
        "`cell`"
    };
    (Same) => {
        "any type, the same for all operands"
    };
    (GlobalType) => {
        "the type of the global"
    };
    (Address) => {
        "`i32`, or `i64` for a memory or table with addresses of 64 bits"
    };
    (RefType) => {
        "a reference of the layout"
    };
    (Special) => {
        "the type that the other operands ask for"
    };
}

/// What an operand is, for the documentation.
macro_rules! operand_text {
    (In<$pattern:ident>) => {
        type_text!($pattern)
    };
    (Ins<$pattern:ident>) => {
        concat!("a list, each ", type_text!($pattern))
    };
    (Out<$pattern:ident>) => {
        concat!("a result, ", type_text!($pattern))
    };
    (Outs<$pattern:ident>) => {
        concat!("results, each ", type_text!($pattern))
    };
    (InOut<$pattern:ident>) => {
        concat!("read and written, ", type_text!($pattern))
    };
    (Target) => {
        "a block"
    };
    (Targets) => {
        "blocks"
    };
    (Offset) => {
        "bytes that are added to the address"
    };
    (Number) => {
        "a number"
    };
    (Kind) => {
        "a kind of values"
    };
    (Trap) => {
        "why"
    };
    ($index:ident) => {
        concat!("a [`", stringify!($index), "`]")
    };
}

macro_rules! method {
    ($(#[doc = $doc:literal])+ $variant:ident $name:ident {
        dst: Out<$pattern:ident> $(, $field:ident: $spec:ident $(<$inner:ident>)?)*
    }) => {
        $(#[doc = $doc])+
        #[doc = ""]
        $(#[doc = concat!("- `", stringify!($field), "`: ", operand_text!($spec $(<$inner>)?))])*
        #[doc = concat!("- returns the register `dst`: ", type_text!($pattern))]
        #[allow(clippy::too_many_arguments, reason = "one for each operand")]
        pub fn $name(&mut self $(, $field: argument!($spec $(<$inner>)?))*) -> Reg {
            let builder = &mut *self;
            $(prepare!(builder, $field, $spec $(<$inner>)?);)*
            builder.emit_result(|dst| Instruction::$variant { dst $(, $field: field!($field, $spec $(<$inner>)?))* })
        }
    };
    ($(#[doc = $doc:literal])+ $variant:ident $name:ident { $($field:ident: $spec:ident $(<$inner:ident>)?),* }) => {
        $(#[doc = $doc])+
        #[doc = ""]
        $(#[doc = concat!("- `", stringify!($field), "`: ", operand_text!($spec $(<$inner>)?))])*
        #[allow(clippy::too_many_arguments, reason = "one for each operand")]
        pub fn $name(&mut self $(, $field: argument!($spec $(<$inner>)?))*) {
            let builder = &mut *self;
            $(prepare!(builder, $field, $spec $(<$inner>)?);)*
            builder.emit(Instruction::$variant { $($field: field!($field, $spec $(<$inner>)?)),* })
        }
    };
}

macro_rules! methods {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:ident $number:literal { $($operands:tt)* } [$($effect:ident)*] $({ $($facts:tt)* })?;
    )*) => {
        impl FunctionBuilder {
            $(method! { $(#[doc = $doc])+ $variant $name { $($operands)* } })*
        }
    };
}

minivm_isa::for_each_instruction!(methods);
