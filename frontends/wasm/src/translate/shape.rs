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
    /// A vector, a value of the type that is a lane of it.
    Lane(Type, u8, fn(Reg, Operand, u64) -> Instruction),
    /// A vector and a value for a lane, a vector.
    Replace(u8, fn(Reg, Operand, Operand, u64) -> Instruction),
    /// An address and a value, no result.
    Store(MemArg, fn(Memory, Operand, u64, Operand) -> Instruction),
}

macro_rules! shapes {
    (
        $(unary $unary_type:ident: $($unary:ident)*;)*
        $(binary $binary_type:ident: $($binary:ident)*;)*
        $(load $load_type:ident: $($load:ident)*;)*
        store: $($store:ident)*;
        $(lane $lane_type:ident: $($lane:ident)*;)*
        replace: $($replace:ident)*;
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
                $($(Operator::$lane { lane } => Shape::Lane(Type::$lane_type, lane, |dst, src, lane| {
                    Instruction::$lane { dst, src, lane }
                }),)*)*
                $(Operator::$replace { lane } => Shape::Replace(lane, |dst, src, value, lane| {
                    Instruction::$replace { dst, src, value, lane }
                }),)*
                _ => return None,
            })
        }
    };
}

shapes! {
    unary I32:
        I32Clz I32Ctz I32Popcnt I32Extend8S I32Extend16S I32Eqz I64Eqz I32WrapI64 I32ReinterpretF32
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
        V128AnyTrue I8x16AllTrue I8x16Bitmask I16x8AllTrue I16x8Bitmask I32x4AllTrue I32x4Bitmask I64x2AllTrue
        I64x2Bitmask;
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
    unary V128:
        V128Not I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat I8x16Abs I8x16Neg I8x16Popcnt
        I16x8Abs I16x8Neg I32x4Abs I32x4Neg I64x2Abs I64x2Neg I16x8ExtendLowI8x16S I16x8ExtendLowI8x16U
        I16x8ExtendHighI8x16S I16x8ExtendHighI8x16U I16x8ExtAddPairwiseI8x16S I16x8ExtAddPairwiseI8x16U
        I32x4ExtendLowI16x8S I32x4ExtendLowI16x8U I32x4ExtendHighI16x8S I32x4ExtendHighI16x8U
        I32x4ExtAddPairwiseI16x8S I32x4ExtAddPairwiseI16x8U I64x2ExtendLowI32x4S I64x2ExtendLowI32x4U
        I64x2ExtendHighI32x4S I64x2ExtendHighI32x4U F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest F32x4Abs F32x4Neg
        F32x4Sqrt F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest F64x2Abs F64x2Neg F64x2Sqrt I32x4TruncSatF32x4S
        I32x4TruncSatF64x2SZero F32x4ConvertI32x4S F64x2ConvertLowI32x4S I32x4TruncSatF32x4U I32x4TruncSatF64x2UZero
        F32x4ConvertI32x4U F64x2ConvertLowI32x4U F32x4DemoteF64x2Zero F64x2PromoteLowF32x4;
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
    binary V128:
        V128And V128AndNot V128Or V128Xor I8x16Swizzle I8x16Eq I8x16Ne I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS
        I8x16LeU I8x16GeS I8x16GeU I16x8Eq I16x8Ne I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS
        I16x8GeU I32x4Eq I32x4Ne I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU I32x4GeS I32x4GeU I64x2Eq
        I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS F32x4Eq F32x4Ne F32x4Lt F32x4Gt F32x4Le F32x4Ge F64x2Eq F64x2Ne
        F64x2Lt F64x2Gt F64x2Le F64x2Ge I8x16Shl I8x16ShrS I8x16ShrU I8x16Add I8x16AddSatS I8x16AddSatU I8x16Sub
        I8x16SubSatS I8x16SubSatU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I8x16AvgrU I16x8Shl I16x8ShrS I16x8ShrU
        I16x8Add I16x8AddSatS I16x8AddSatU I16x8Sub I16x8SubSatS I16x8SubSatU I16x8Mul I16x8MinS I16x8MinU I16x8MaxS
        I16x8MaxU I16x8AvgrU I32x4Shl I32x4ShrS I32x4ShrU I32x4Add I32x4Sub I32x4Mul I32x4MinS I32x4MinU I32x4MaxS
        I32x4MaxU I64x2Shl I64x2ShrS I64x2ShrU I64x2Add I64x2Sub I64x2Mul I16x8ExtMulLowI8x16S I16x8ExtMulLowI8x16U
        I16x8ExtMulHighI8x16S I16x8ExtMulHighI8x16U I8x16NarrowI16x8S I8x16NarrowI16x8U I32x4ExtMulLowI16x8S
        I32x4ExtMulLowI16x8U I32x4ExtMulHighI16x8S I32x4ExtMulHighI16x8U I16x8NarrowI32x4S I16x8NarrowI32x4U
        I64x2ExtMulLowI32x4S I64x2ExtMulLowI32x4U I64x2ExtMulHighI32x4S I64x2ExtMulHighI32x4U I16x8Q15MulrSatS
        I32x4DotI16x8S F32x4Add F32x4Sub F32x4Mul F32x4Div F32x4Min F32x4Max F32x4PMin F32x4PMax F64x2Add F64x2Sub
        F64x2Mul F64x2Div F64x2Min F64x2Max F64x2PMin F64x2PMax;
    load I32: I32Load I32Load8S I32Load8U I32Load16S I32Load16U;
    load I64: I64Load I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U;
    load F32: F32Load;
    load F64: F64Load;
    load V128: V128Load;
    store: I32Store I32Store8 I32Store16 I64Store I64Store8 I64Store16 I64Store32 F32Store F64Store
        V128Store;
    lane I32: I8x16ExtractLaneS I8x16ExtractLaneU I16x8ExtractLaneS I16x8ExtractLaneU I32x4ExtractLane;
    lane I64: I64x2ExtractLane;
    lane F32: F32x4ExtractLane;
    lane F64: F64x2ExtractLane;
    replace: I8x16ReplaceLane I16x8ReplaceLane I32x4ReplaceLane I64x2ReplaceLane F32x4ReplaceLane F64x2ReplaceLane;
}
