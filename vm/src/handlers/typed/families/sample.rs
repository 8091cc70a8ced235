//! A few of the larger trees, for builds that do not have them all, so that those builds test them, too.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;
use crate::handlers::typed::vector::{F64x2Add, F64x2Mul, I8x16Swizzle, I32x4Add, V128AnyTrue, V128Xor};
use crate::handlers::typed::word::Wide;

/// Registers the sample.
pub(super) fn register(registry: &mut Registry) {
    each! { registry; O in [I32Add, I32And]; I in [I32Add, I32Shl];
        statement Set<Binary<O, SlotImm<I>, Slot<u32>>>;
        statement Set<Binary<O, SlotImm<I>, Imm<u32>>>;
        branch Binary<I32LtS, SlotImm<I>, Slot<u32>>;
    }
    each! { registry; O in [I32Load, I32Load8U];
        statement Set<Load<O, SlotImm<I32Add>>>;
        statement Set<Binary<I32Add, Load<O, Slot<u32>>, Slot<u32>>>;
        statement Set<Binary<I32DivU, Load<O, Slot<u32>>, Slot<u32>>>;
    }
    each! { registry; A in [Set<Move<Slot<u64>>>, Set<SlotImm<I32Add>>, Set<Load<I32Load, Slot<u32>>>];
        call A;
        call_element A;
        call Then<Set<Move<Slot<u64>>>, A>;
        returns After<A, Slot<u64>>;
        returns_after A;
    }
    each! { registry; C in [Slot<u32>, SlotImm<I32LtS>, Load<I32Load, Slot<u32>>];
        returns_if C => Slot<u64>;
        returns_if C => Imm<u32>;
    }
    each! { registry; E in [SlotSlot<I32Add>, Load<I32Load, Slot<u32>>, SlotSlot<I32DivU>];
        returns E;
    }
    each! { registry; O in [F64x2Add, F64x2Mul]; I in [F64x2Add, F64x2Mul];
        lanes Set<Binary<O, SlotSlot<I>, Slot<Wide>>>;
        lanes Set<Binary<O, Slot<Wide>, SlotSlot<I>>>;
    }
    each! { registry; O in [I32x4Add, V128Xor]; A in [Load<V128Load, Slot<u32>>];
        lanes Set<SlotSlot<O>>;
        lanes Set<Binary<O, A, Slot<Wide>>>;
        lanes Set<SlotImm<I8x16Swizzle>>;
        lanes Set<Binary<I8x16Swizzle, SlotSlot<O>, Imm<Wide>>>;
        lanes Then<Set<SlotSlot<O>>, Set<SlotSlot<O>>>;
    }
    registry.table::<SlotImm<I32Add>>();
    registry.table::<Load<I32Load8U, Slot<u32>>>();
    registry.table::<After<Set<SlotImm<I32Add>>, Slot<u32>>>();
    registry.table::<After<Set<Load<I32Load, Slot<u32>>>, Slot<u32>>>();
    registry.branch::<OneSlot<V128AnyTrue>>();
    registry.branch::<Unary<I32Eqz, OneSlot<V128AnyTrue>>>();
    registry.statement::<Store<I32Store, SlotImm<I32Add>, Slot<u32>>>();
    registry.statement::<Then<Set<SlotImm<I32Add>>, Set<SlotImm<I32Add>>>>();
    registry.statement::<Then<Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load, Slot<u32>>>>>();
    registry.branch::<After<Set<SlotImm<I32Add>>, SlotSlot<I32LtS>>>();
    registry.branch::<After<Set<SlotImm<I32Add>>, SlotImm<I32LtU>>>();
    registry.jump_after::<Set<SlotImm<I32Add>>>();
    registry.statement::<Set<Binary<F64Add, SlotSlot<F64Mul>, Slot<f64>>>>();
    registry.statement::<Set<Select<Slot<u32>, Slot<u32>, SlotSlot<I32LtS>>>>();
}
