//! Conditions of branches.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    of_integers(registry);
    of_memory(registry);
    of_wide_integers(registry);
    of_floats(registry);
    tables(registry);
}

/// Jumps through tables, as those who interpret instructions of their own do.
fn tables(registry: &mut Registry) {
    each! { registry;
        E in [
            SlotImm<I32Add>, SlotImm<I32And>, SlotImm<I32ShrU>, WithImm<I32And, SlotImm<I32ShrU>>, WithImm<I32Add, SlotImm<I32And>>
        ];
        table E;
    }
    each! { registry; O in loads_32!; P in addresses!;
        table Load<O, Slot<u32>>;
        table Load<O, P>;
        table WithImm<I32Add, Load<O, Slot<u32>>>;
        table WithImm<I32Add, Load<O, P>>;
        table WithImm<I32And, Load<O, Slot<u32>>>;
        table WithImm<I32And, Load<O, P>>;
    }
    each! { registry;
        A in [
            Set<SlotImm<I32Add>>, Set<Move<Slot<u64>>>, Set<Move<Imm<u32>>>, Set<SlotSlot<I32Add>>, Set<SlotImm<I32And>>,
            Set<SlotImm<I32ShrU>>, Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>,
            Set<Load<I32Load, SlotImm<I32Add>>>, Set<Load<I32Load8U, SlotImm<I32Add>>>, Store<I32Store, Slot<u32>, Slot<u32>>
        ];
        E in [Slot<u32>, SlotImm<I32Add>, SlotImm<I32And>, Load<I32Load8U, Slot<u32>>];
        table After<A, E>;
        table After<Then<Set<SlotImm<I32Add>>, A>, E>;
        table After<Then<A, Set<SlotImm<I32Add>>>, E>;
    }
}

fn of_integers(registry: &mut Registry) {
    each! { registry; C in comparisons_32!; I in common_32!;
        branch WithSlot<C, I>;
    }
    each! { registry; C in between_slots_32!; I in simple_32!;
        branch WithSlot<C, I>;
    }
    each! { registry; C in strict_32!; I in simple_32!;
        branch WithImm<C, I>;
    }
    each! { registry; I in simple_32!;
        branch I;
        branch Not<I>;
    }
    each! { registry; I in common_32!;
        branch WithImm<I32And, I>;
        branch Not<WithImm<I32And, I>>;
        branch WithSlot<I32And, I>;
        branch Not<WithSlot<I32And, I>>;
    }
    // A bit of a word.
    each! { registry; I in [SlotSlot<I32ShrU>, SlotSlot<I32Shl>];
        branch WithImm<I32And, I>;
        branch Not<WithImm<I32And, I>>;
    }
    each! { registry; C in strict_32!;
        I in [SlotImm<I32Add>, SlotSlot<I32Add>, SlotSlot<I32Sub>, SlotImm<I32ShrU>, SlotImm<I32Xor>, SlotImm<I32Or>];
        branch WithImm<C, WithImm<I32And, I>>;
    }
    // Whether one of the bytes of a word is zero, as C libraries ask.
    each! { registry; I in [Binary<I32And, SlotImm<I32Xor>, SlotImm<I32Add>>];
        branch I;
        branch Not<I>;
        branch WithImm<I32And, I>;
        branch Not<WithImm<I32And, I>>;
    }
}

fn of_memory(registry: &mut Registry) {
    each! { registry; A in loads_32!; P in [Slot<u32>, SlotImm<I32Add>, SlotSlot<I32Add>, Element];
        branch Load<A, P>;
        branch Not<Load<A, P>>;
    }
    each! { registry; C in comparisons_32!; A in [I32Load, I32Load8U]; P in [Slot<u32>, SlotImm<I32Add>];
        branch WithSlot<C, Load<A, P>>;
    }
    each! { registry; C in strict_32!; A in loads_32!; P in places!;
        branch WithImm<C, Load<A, P>>;
    }
    each! { registry; C in equalities_32!; A in [I32Load, I32Load8U]; P in places!; Q in places!;
        branch Binary<C, Load<A, P>, Load<A, Q>>;
    }
    each! { registry; A in [I32Load, I32Load8U, I32Load16U]; P in places!;
        branch WithImm<I32And, Load<A, P>>;
        branch Not<WithImm<I32And, Load<A, P>>>;
        branch WithImm<I32And, WithSlot<I32ShrU, Load<A, P>>>;
        branch Not<WithImm<I32And, WithSlot<I32ShrU, Load<A, P>>>>;
    }
    each! { registry; A in loads_32!; C in equalities_32!;
        branch WithImm<C, Load<A, Element>>;
        branch WithSlot<C, Load<A, Element>>;
        branch WithImm<C, Load<A, Imm<u32>>>;
        branch WithSlot<C, Load<A, Imm<u32>>>;
    }
    each! { registry; A in [I32Load, I32Load8U]; I in [OneSlot<I32WrapI64>];
        branch Load<A, WithSlot<I32Add, I>>;
        branch Not<Load<A, WithSlot<I32Add, I>>>;
        branch Load<A, Imm<u32>>;
        branch Not<Load<A, Imm<u32>>>;
    }
}

fn of_wide_integers(registry: &mut Registry) {
    each! { registry; C in comparisons_64!;
        I in [SlotSlot<I64Add>, SlotImm<I64Add>, OneSlot<I64ExtendI32S>, OneSlot<I64ExtendI32U>];
        branch WithSlot<C, I>;
    }
    each! { registry; C in strict_64!;
        I in [SlotSlot<I64Add>, SlotImm<I64Add>, SlotImm<I64And>, SlotImm<I64ShrU>, Load<I64Load, Slot<u32>>];
        branch WithImm<C, I>;
    }
    each! { registry; I in [SlotImm<I64And>, SlotSlot<I64And>, Load<I64Load, Slot<u32>>];
        branch Unary<I64Eqz, I>;
    }
    each! { registry; I in [SlotImm<I64And>, SlotImm<I64ShrU>, SlotSlot<I64Add>];
        branch Unary<I32WrapI64, I>;
        branch Not<Unary<I32WrapI64, I>>;
    }
    registry.branch::<OneSlot<I32WrapI64>>();
    registry.branch::<Not<OneSlot<I32WrapI64>>>();
}

fn of_floats(registry: &mut Registry) {
    each! { registry; C in orders_f64!;
        I in [SlotSlot<F64Add>, SlotSlot<F64Sub>, OneSlot<F64Abs>, Load<F64Load, Slot<u32>>];
        branch WithSlot<C, I>;
        branch WithImm<C, I>;
        branch Not<WithSlot<C, I>>;
        branch Not<WithImm<C, I>>;
    }
    each! { registry; C in [F32Lt, F32Gt, F32Le, F32Ge];
        I in [SlotSlot<F32Add>, OneSlot<F32Abs>, Load<F32Load, Slot<u32>>];
        branch WithSlot<C, I>;
        branch WithImm<C, I>;
        branch Not<WithSlot<C, I>>;
        branch Not<WithImm<C, I>>;
    }
}
