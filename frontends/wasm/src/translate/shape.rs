//! The operators that are one instruction each, by shape.

use minivm_isa::entities::{Memory, Reg};
use minivm_isa::{Instruction, Operand, Type};
use wasmparser::{MemArg, Operator};

/// How an operator becomes an instruction.
pub(super) enum Shape {
    /// One operand, one result of the type.
    Unary(Type, fn(Reg, Operand) -> Instruction),
    /// Two operands, one result of the type.
    Binary(Type, fn(Reg, Operand, Operand) -> Instruction),
    /// An address, one result of the type.
    Load(Type, MemArg, fn(Reg, Memory, Operand, u64) -> Instruction),
    /// An address and a value, no result.
    Store(MemArg, fn(Memory, Operand, u64, Operand) -> Instruction),
}

macro_rules! shapes {
    (
        $(unary $unary_type:ident: $($unary:ident)*;)*
        $(binary $binary_type:ident: $($binary:ident)*;)*
        $(load $load_type:ident: $($load:ident)*;)*
        store: $($store:ident)*;
    ) => {
        /// The shape of an operator, if it is one instruction.
        pub(super) fn shape(operator: &Operator<'_>) -> Option<Shape> {
            Some(match *operator {
                $($(Operator::$unary => Shape::Unary(Type::$unary_type, |dst, src| Instruction::$unary { dst, src }),)*)*
                $($(Operator::$binary => {
                    Shape::Binary(Type::$binary_type, |dst, lhs, rhs| Instruction::$binary { dst, lhs, rhs })
                })*)*
                $($(Operator::$load { memarg } => {
                    Shape::Load(Type::$load_type, memarg, |dst, memory, address, offset| {
                        Instruction::$load { dst, memory, address, offset }
                    })
                })*)*
                $(Operator::$store { memarg } => {
                    Shape::Store(memarg, |memory, address, offset, src| Instruction::$store { memory, address, offset, src })
                })*
                _ => return None,
            })
        }
    };
}

shapes! {
    unary I32:
        I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S I32Eqz I64Eqz I32WrapI64 I32ReinterpretF32
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U;
    unary I64:
        I64Clz I64Ctz I64Popcnt I64Extend8S I64Extend16S I64Extend32S I64ExtendI32S I64ExtendI32U I64ReinterpretF64
        I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
        I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U;
    unary F32:
        F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt F32DemoteF64 F32ReinterpretI32
        F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U;
    unary F64:
        F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt F64PromoteF32 F64ReinterpretI64
        F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U;
    binary I32:
        I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU I32And I32Or I32Xor
        I32Shl I32ShrS I32ShrU I32Rotl I32Rotr
        I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
        I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
        F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
    binary I64:
        I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU I64And I64Or I64Xor
        I64Shl I64ShrS I64ShrU I64Rotl I64Rotr;
    binary F32: F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign;
    binary F64: F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign;
    load I32: I32Load I32Load8S I32Load8U I32Load16S I32Load16U;
    load I64: I64Load I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U;
    load F32: F32Load;
    load F64: F64Load;
    store: I32Store I32Store8 I32Store16 I64Store I64Store8 I64Store16 I64Store32 F32Store F64Store;
}
