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

macro_rules! method {
    ($(#[doc = $doc:literal])+ $variant:ident $name:ident {
        dst: Out<$pattern:ident> $(, $field:ident: $spec:ident $(<$inner:ident>)?)*
    }) => {
        $(#[doc = $doc])+
        #[doc = "Returns the register `dst`."]
        #[allow(clippy::too_many_arguments, reason = "one for each operand")]
        pub fn $name(&mut self $(, $field: argument!($spec $(<$inner>)?))*) -> Reg {
            let builder = &mut *self;
            $(prepare!(builder, $field, $spec $(<$inner>)?);)*
            builder.emit_result(|dst| Instruction::$variant { dst $(, $field: field!($field, $spec $(<$inner>)?))* })
        }
    };
    ($(#[doc = $doc:literal])+ $variant:ident $name:ident { $($field:ident: $spec:ident $(<$inner:ident>)?),* }) => {
        $(#[doc = $doc])+
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
