//! One handler for each row of the table, with registers, the usual constants, and anything.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;
use crate::handlers::typed::word::Wide;
use crate::value::Value;

/// Registers the base set.
pub(super) fn register(registry: &mut Registry) {
    moves(registry);
    integers(registry);
    comparisons(registry);
    floats(registry);
    conversions(registry);
    accesses(registry);
}

fn moves(registry: &mut Registry) {
    each! { registry; T in [u32, u64, Wide, Value];
        statement Set<Move<Imm<T>>>;
        statement Set<Select<Slot<T>, Slot<T>, Slot<u32>>>;
        statement Set<Select<Either<T>, Either<T>, Either<u32>>>;
        statement Set<Global<T>>;
        statement SetGlobal<Either<T>>;
    }
    each! { registry; T in [u64, Wide, Value];
        statement Set<Move<Slot<T>>>;
        statement SetGlobal<Slot<T>>;
    }
    registry.call_after::<Nothing>();
    registry.call_element::<Nothing>();
    registry.returns_after::<Nothing>();
    registry.returns::<Slot<u64>>();
    registry.returns::<Imm<u32>>();
    registry.returns::<Imm<u64>>();
    registry.table::<Slot<u32>>();
    registry.branch::<Slot<u32>>();
    registry.branch::<Imm<u32>>();
    registry.branch::<Unary<I32Eqz, Slot<u32>>>();
    registry.branch::<Unary<I64Eqz, Slot<u64>>>();
    registry.branch::<Unary<I32Eqz, Imm<u32>>>();
}

fn integers(registry: &mut Registry) {
    each! { registry; O in [I32Add, I32Mul, I32And, I32Or, I32Xor, I64Add, I64Mul, I64And, I64Or, I64Xor];
        statement Set<SlotSlot<O>>;
        statement Set<SlotImm<O>>;
        statement Set<Anything<O>>;
    }
    each! { registry; O in [
            I32Sub, I32Shl, I32ShrS, I32ShrU, I32Rotl, I32Rotr, I32DivS, I32DivU, I32RemS, I32RemU,
            I64Sub, I64Shl, I64ShrS, I64ShrU, I64Rotl, I64Rotr, I64DivS, I64DivU, I64RemS, I64RemU
        ];
        statement Set<SlotSlot<O>>;
        statement Set<SlotImm<O>>;
        statement Set<ImmSlot<O>>;
        statement Set<Anything<O>>;
    }
    each! { registry; O in [
            I32Clz, I32Ctz, I32Popcnt, I32Extend8S, I32Extend16S, I32Eqz,
            I64Clz, I64Ctz, I64Popcnt, I64Extend8S, I64Extend16S, I64Extend32S, I64Eqz
        ];
        statement Set<OneSlot<O>>;
        statement Set<One<O>>;
    }
}

fn comparisons(registry: &mut Registry) {
    each! { registry; O in [
            I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU,
            I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU, I64LeS, I64LeU, I64GeS, I64GeU
        ];
        statement Set<SlotSlot<O>>;
        statement Set<SlotImm<O>>;
        statement Set<Anything<O>>;
        branch SlotSlot<O>;
        branch SlotImm<O>;
        branch Anything<O>;
    }
    each! { registry; O in [F32Eq, F32Ne, F32Lt, F32Gt, F32Le, F32Ge, F64Eq, F64Ne, F64Lt, F64Gt, F64Le, F64Ge];
        statement Set<SlotSlot<O>>;
        statement Set<SlotImm<O>>;
        statement Set<Anything<O>>;
        branch SlotSlot<O>;
        branch SlotImm<O>;
        branch Anything<O>;
        branch Unary<I32Eqz, SlotSlot<O>>;
        branch Unary<I32Eqz, SlotImm<O>>;
        branch Unary<I32Eqz, Anything<O>>;
    }
}

fn floats(registry: &mut Registry) {
    each! { registry; O in [
            F32Add, F32Sub, F32Mul, F32Div, F32Min, F32Max, F32Copysign,
            F64Add, F64Sub, F64Mul, F64Div, F64Min, F64Max, F64Copysign
        ];
        statement Set<SlotSlot<O>>;
        statement Set<SlotImm<O>>;
        statement Set<ImmSlot<O>>;
        statement Set<Anything<O>>;
    }
    each! { registry; O in [
            F32Abs, F32Neg, F32Ceil, F32Floor, F32Trunc, F32Nearest, F32Sqrt,
            F64Abs, F64Neg, F64Ceil, F64Floor, F64Trunc, F64Nearest, F64Sqrt
        ];
        statement Set<OneSlot<O>>;
        statement Set<One<O>>;
    }
}

fn conversions(registry: &mut Registry) {
    each! { registry; O in [
            I32WrapI64, I64ExtendI32S, I64ExtendI32U,
            I32TruncF32S, I32TruncF32U, I32TruncF64S, I32TruncF64U, I64TruncF32S, I64TruncF32U, I64TruncF64S,
        I64TruncF64U,
            I32TruncSatF32S, I32TruncSatF32U, I32TruncSatF64S, I32TruncSatF64U,
            I64TruncSatF32S, I64TruncSatF32U, I64TruncSatF64S, I64TruncSatF64U,
            F32ConvertI32S, F32ConvertI32U, F32ConvertI64S, F32ConvertI64U,
            F64ConvertI32S, F64ConvertI32U, F64ConvertI64S, F64ConvertI64U,
            F32DemoteF64, F64PromoteF32, I32ReinterpretF32, I64ReinterpretF64, F32ReinterpretI32, F64ReinterpretI64
        ];
        statement Set<OneSlot<O>>;
        statement Set<One<O>>;
    }
}

// A single or double that is only loaded or stored goes as an integer of its size.
fn accesses(registry: &mut Registry) {
    each! { registry; O in [
            I32Load, I64Load, V128Load, I32Load8S, I32Load8U, I32Load16S, I32Load16U,
            I64Load8S, I64Load8U, I64Load16S, I64Load16U, I64Load32S, I64Load32U
        ];
        statement Set<Load<O, Slot<u32>>>;
        statement Set<Load<O, Imm<u32>>>;
        statement Set<Load<O, Slot<u32>, Far>>;
        statement Set<Load<O, Either<u32>, Far>>;
        statement Set<Load<O, Either<u64>, Far>>;
    }
    each! { registry; O in [
            I32Store, I64Store, V128Store, I32Store8, I32Store16, I64Store8, I64Store16, I64Store32
        ];
        statement Store<O, Slot<u32>, SlotSource<O>>;
        statement Store<O, Slot<u32>, ImmSource<O>>;
        statement Store<O, Imm<u32>, SlotSource<O>>;
        statement Store<O, Imm<u32>, ImmSource<O>>;
        statement Store<O, Slot<u32>, SlotSource<O>, Far>;
        statement Store<O, Either<u32>, EitherSource<O>, Far>;
        statement Store<O, Either<u64>, EitherSource<O>, Far>;
    }
}
