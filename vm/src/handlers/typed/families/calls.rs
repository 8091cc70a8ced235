//! What is done by the same instruction as a call or a return.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// An argument that is copied.
type Copy = Set<Move<Slot<u64>>>;

lists! {
    /// Arguments that are computed where the callee wants them.
    arguments = [
        Copy, Set<Move<Imm<u32>>>, Set<SlotImm<I32Add>>, Set<SlotSlot<I32Add>>, Set<SlotSlot<I32Sub>>, Set<SlotImm<I32And>>,
        Set<SlotImm<I32Shl>>, Set<SlotImm<I32ShrU>>, Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>,
        Set<Load<I64Load, Slot<u32>>>, Set<Load<I32Load, SlotImm<I32Add>>>, Set<Move<Imm<u64>>>, Set<Global<u32>>
    ];
    /// What functions do last.
    lasts = [
        SetGlobal<SlotImm<I32Add>>, SetGlobal<Slot<u64>>, Copy, Set<SlotImm<I32Add>>, Set<SlotSlot<I32Add>>,
        Set<Load<I32Load, Slot<u32>>>,
        Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>, Slot<u32>>,
        Store<I32Store8, Slot<u32>, Imm<u32>>, Store<I64Store, Slot<u32>, Slot<u64>>
    ];
    /// Conditions under which functions return early.
    conditions = [
        Slot<u32>, Not<Slot<u32>>, SlotSlot<I32Eq>, SlotSlot<I32Ne>, SlotSlot<I32LtS>, SlotSlot<I32LtU>, SlotSlot<I32LeS>,
        SlotSlot<I32LeU>, SlotImm<I32Eq>, SlotImm<I32Ne>, SlotImm<I32LtS>, SlotImm<I32LtU>, SlotImm<I32GtS>, SlotImm<I32GtU>,
        SlotImm<I32And>, Not<SlotImm<I32And>>, Word32, Not<Word32>, Load<I32Load8U, Slot<u32>>, Not<Load<I32Load8U, Slot<u32>>>
    ];
}

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    each! { registry; A in arguments!;
        call A;
        call Then<Copy, A>;
        call Then<Set<Move<Imm<u32>>>, A>;
        call Then<Set<SlotImm<I32Add>>, A>;
        call Then<Set<Load<I32Load, Slot<u32>>>, A>;
        call Then<Then<Copy, Copy>, A>;
        call_element A;
        call_element Then<Copy, A>;
    }
    each! { registry; A in lasts!;
        call A;
        returns After<A, Slot<u64>>;
        returns After<A, Imm<u32>>;
        returns_after A;
    }
    each! { registry; C in conditions!;
        returns_if C => Slot<u64>;
        returns_if C => Imm<u32>;
    }
    each! { registry; E in simple_32!;
        returns E;
    }
    each! { registry; C in comparisons_32!;
        returns SlotSlot<C>;
        returns SlotImm<C>;
    }
    each! { registry; O in loads_32!; P in places!;
        returns Load<O, P>;
    }
    each! { registry; E in [
            SlotSlot<I64Add>, SlotImm<I64Add>, SlotSlot<I64Mul>, SlotSlot<F64Add>, SlotSlot<F64Sub>, SlotSlot<F64Mul>,
            SlotSlot<F64Div>, Load<I64Load, Slot<u32>>, Select<Slot<u32>, Slot<u32>, Slot<u32>>, WithSlot<I32Add, Word32>,
            WithImm<I32Add, Word32>, WithSlot<I32Add, SlotImm<I32Add>>, WithSlot<I32Add, SlotSlot<I32Add>>,
            WithImm<I32Add, SlotSlot<I32Add>>, Not<Slot<u32>>
        ];
        returns E;
    }
}
