//! Trees with loads and stores.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    loads(registry);
    loads_in_operators(registry);
    stores(registry);
    stores_of_operators(registry);
    local_arrays(registry);
    records(registry);
    far(registry);
}

fn loads(registry: &mut Registry) {
    each! { registry; O in loads_32!; A in addresses!;
        statement Set<Load<O, A>>;
    }
    each! { registry; O in loads_64!; A in addresses!;
        statement Set<Load<O, A>>;
    }
    // Through a pointer in memory.
    each! { registry; O in loads_32!; A in places!;
        statement Set<Load<O, Load<I32Load, A>>>;
        statement Set<Load<O, WithSlot<I32Add, Load<I32Load, A>>>>;
    }
    each! { registry; A in places!;
        statement Set<Load<I32Load, WithSlot<I32Add, WithImm<I32Shl, Load<I32Load, A>>>>>;
        statement Set<Load<I32Load, WithImm<I32Add, WithImm<I32Shl, Load<I32Load, A>>>>>;
    }
    each! { registry; O in [I32Load, I32Load8U];
        I in [SlotImm<I32Add>, SlotSlot<I32Add>, SlotImm<I32Shl>, SlotImm<I32ShrU>, SlotImm<I32And>];
        statement Set<Load<O, I>>;
        statement Set<Load<O, WithImm<I32Shl, I>>>;
        statement Set<Load<O, WithSlot<I32Add, WithImm<I32Shl, I>>>>;
        statement Set<Load<O, WithImm<I32Add, WithImm<I32Shl, I>>>>;
        statement Set<Load<O, WithSlot<I32Add, I>>>;
        statement Set<Load<O, WithImm<I32Add, I>>>;
    }
}

fn loads_in_operators(registry: &mut Registry) {
    each! { registry; O in operators_32!; A in loads_32!;
        statement Set<WithSlot<O, Load<A, Slot<u32>>>>;
        statement Set<WithImm<O, Load<A, Slot<u32>>>>;
    }
    each! { registry; O in [I32Add, I32Sub, I32And, I32Mul, I32Shl]; A in [I32Load, I32Load8U, I32Load16U]; P in sums!;
        statement Set<WithSlot<O, Load<A, P>>>;
        statement Set<WithImm<O, Load<A, P>>>;
    }
    each! { registry; O in [I32Sub, I32ShrU]; A in loads_32!; P in places!;
        statement Set<SlotWith<O, Load<A, P>>>;
    }
    each! { registry; O in [I32Add, I32Sub, I32Mul]; A in [I32Load, I32Load8U, I32Load16S];
        P in [Slot<u32>, SlotImm<I32Add>]; Q in [Slot<u32>, SlotImm<I32Add>];
        statement Set<Binary<O, Load<A, P>, Load<A, Q>>>;
    }
    each! { registry; P in [Slot<u32>, SlotImm<I32Add>];
        I in [SlotImm<I32Shl>, SlotSlot<I32And>, SlotSlot<I32Mul>, SlotSlot<I32Xor>, SlotImm<I32Add>];
        statement Set<Binary<I32Add, I, Load<I32Load, P>>>;
        statement Set<WithSlot<I32Add, WithSlot<I32Add, Load<I32Load, P>>>>;
        statement Set<Binary<I32Add, WithSlot<I32Add, I>, Load<I32Load, P>>>;
        statement Set<Binary<I32Add, WithSlot<I32Add, Load<I32Load, P>>, I>>;
        statement Set<Binary<I32Add, Load<I32Load, P>, I>>;
        statement Set<WithSlot<I32Add, Binary<I32Add, I, Load<I32Load, P>>>>;
        statement Set<WithImm<I32Shl, Load<I32Load, P>>>;
        statement Set<WithSlot<I32Add, WithImm<I32Shl, Load<I32Load, P>>>>;
        statement Set<WithImm<I32And, WithSlot<I32ShrU, Load<I32Load, P>>>>;
        statement Set<WithImm<I32And, WithImm<I32ShrU, Load<I32Load, P>>>>;
    }
    each! { registry; A in loads_32!; P in places!;
        statement Set<Unary<I64ExtendI32U, Load<A, P>>>;
        statement Set<Not<Load<A, P>>>;
    }
    each! { registry; O in [I64Add, I64And, I64Xor, I64Mul]; P in [Slot<u32>, SlotImm<I32Add>];
        A in [I64Load, I64Load32U];
        statement Set<WithSlot<O, Load<A, P>>>;
        statement Set<WithImm<O, Load<A, P>>>;
    }
    each! { registry; O in strict_32!; A in loads_32!;
        statement Set<WithSlot<O, Load<A, Slot<u32>>>>;
        statement Set<WithImm<O, Load<A, Slot<u32>>>>;
    }
}

fn stores(registry: &mut Registry) {
    each! { registry; O in [I32Store, I32Store8, I32Store16, I64Store]; A in addresses!;
        statement Store<O, A, SlotSource<O>>;
        statement Store<O, A, ImmSource<O>>;
    }
    // Copies in memory.
    each! { registry; P in all_places!; Q in all_places!;
        statement Store<I32Store, P, Load<I32Load, Q>>;
        statement Store<I32Store8, P, Load<I32Load8U, Q>>;
        statement Store<I32Store16, P, Load<I32Load16U, Q>>;
        statement Store<I64Store, P, Load<I64Load, Q>>;
    }
    each! { registry; P in places!; Q in [Element, StaticElement];
        statement Store<I32Store, P, Load<I32Load, Q>>;
        statement Store<I64Store, P, Load<I64Load, Q>>;
        statement Store<I32Store, Q, Load<I32Load, P>>;
        statement Store<I64Store, Q, Load<I64Load, P>>;
        statement Store<I32Store8, P, Load<I32Load8U, Q>>;
        statement Store<I32Store8, Q, Load<I32Load8U, P>>;
    }
}

fn stores_of_operators(registry: &mut Registry) {
    each! { registry; O in [I32Store, I32Store8, I32Store16]; I in simple_32!;
        statement Store<O, Slot<u32>, I>;
    }
    each! { registry; I in common_32!; P in sums!;
        statement Store<I32Store, P, I>;
        statement Store<I32Store8, P, I>;
    }
    // An operator on what is in memory.
    each! { registry; O in [I32Add, I32Sub, I32Or, I32Xor, I32And]; P in [Slot<u32>, SlotImm<I32Add>];
        statement Store<I32Store, Slot<u32>, WithSlot<O, Load<I32Load, P>>>;
        statement Store<I32Store, Slot<u32>, WithImm<O, Load<I32Load, P>>>;
        statement Store<I32Store, SlotImm<I32Add>, WithSlot<O, Load<I32Load, P>>>;
        statement Store<I32Store, SlotImm<I32Add>, WithImm<O, Load<I32Load, P>>>;
        statement Store<I32Store8, Slot<u32>, WithSlot<O, Load<I32Load8U, P>>>;
        statement Store<I32Store8, Slot<u32>, WithImm<O, Load<I32Load8U, P>>>;
        statement Store<I32Store16, Slot<u32>, WithSlot<O, Load<I32Load16U, P>>>;
        statement Store<I32Store16, Slot<u32>, WithImm<O, Load<I32Load16U, P>>>;
    }
    each! { registry; O in [I32Add, I32Or, I32Xor];
        I in [SlotImm<I32Add>, SlotImm<I32Shl>, SlotImm<I32ShrU>, SlotImm<I32And>, SlotSlot<I32Xor>];
        statement Store<I32Store, Slot<u32>, Binary<O, I, Load<I32Load, Slot<u32>>>>;
        statement Store<I32Store, Slot<u32>, Binary<O, Load<I32Load, Slot<u32>>, I>>;
        statement Store<I32Store, Slot<u32>, WithSlot<O, I>>;
        statement Store<I32Store, Slot<u32>, WithImm<O, I>>;
        statement Store<I32Store, Slot<u32>, WithSlot<O, WithSlot<I32Xor, I>>>;
    }
    each! { registry; P in places!; Q in places!;
        statement Store<I32Store, Slot<u32>, Binary<I32Add, Load<I32Load, P>, WithSlot<I32Mul, Load<I32Load, Q>>>>;
        statement Store<I32Store, Slot<u32>, Binary<I32Add, Load<I32Load, P>, Load<I32Load, Q>>>;
        statement Store<I32Store, Slot<u32>, WithSlot<I32Add, WithSlot<I32Mul, Load<I32Load, P>>>>;
        statement Store<I32Store, Slot<u32>, WithSlot<I32Mul, Load<I32Load, P>>>;
    }
    each! { registry; O in [I64Add, I64Sub, I64And, I64Or, I64Xor]; P in [Slot<u32>, SlotImm<I32Add>];
        statement Store<I64Store, Slot<u32>, SlotSlot<O>>;
        statement Store<I64Store, Slot<u32>, SlotImm<O>>;
        statement Store<I64Store, Slot<u32>, WithSlot<O, Load<I64Load, P>>>;
        statement Store<I64Store, Slot<u32>, WithImm<O, Load<I64Load, P>>>;
    }
    // Shifted bits of a register, as in output streams.
    each! { registry; I in [ImmSlot<I32Shl>]; O in [I32Or, I32And, I32Xor]; P in [Slot<u32>, SlotImm<I32Add>];
        statement Set<WithSlot<O, I>>;
        statement Store<I32Store, Slot<u32>, WithSlot<O, I>>;
        statement Store<I32Store, Slot<u32>, Binary<O, I, Load<I32Load, P>>>;
    }
}

/// Arrays on the stack: of registers, of operands.
fn local_arrays(registry: &mut Registry) {
    each! { registry; E in [LocalElement, ElementOfLocal];
        statement Set<WithImm<I32Add, E>>;
        statement Set<Load<I32Load, E>>;
        statement Set<Load<I32Load8U, E>>;
        statement Set<Load<I64Load, E>>;
        statement Store<I32Store, E, Slot<u32>>;
        statement Store<I32Store, E, Imm<u32>>;
        statement Store<I32Store8, E, Slot<u32>>;
        statement Store<I64Store, E, Slot<u64>>;
        statement Store<I32Store, Slot<u32>, Load<I32Load, E>>;
        statement Store<I32Store, E, SlotImm<I32Add>>;
        statement Store<I32Store, E, Load<I32Load, Slot<u32>>>;
        statement Store<I32Store, E, Load<I32Load, SlotImm<I32Add>>>;
        statement Store<I32Store, E, Load<I32Load, Element>>;
        statement Store<I32Store, E, Load<I32Load, StaticElement>>;
        jump_after Store<I32Store, E, Slot<u32>>;
        jump_after Store<I32Store, E, Load<I32Load, Element>>;
        jump_after Store<I32Store, E, Load<I32Load, StaticElement>>;
    }
    each! { registry; O in [I32Add, I32Sub, I32Mul, I32And, I32Or, I32Xor]; E in [LocalElement, ElementOfLocal, Element];
        statement Set<WithSlot<O, Load<I32Load, E>>>;
        statement Store<I32Store, Slot<u32>, WithSlot<O, Load<I32Load, E>>>;
    }
    each! { registry; O in [I32Add, I32Sub, I32Mul, I32And, I32Or, I32Xor]; P in places!;
        statement Store<I32Store, Slot<u32>, WithSlot<O, Load<I32Load, P>>>;
    }
    each! { registry; O in strict_32!; P in places!;
        statement Store<I32Store, P, SlotSlot<O>>;
        statement Store<I32Store, P, SlotImm<O>>;
        statement Store<I32Store, P, WithSlot<O, Load<I32Load, Slot<u32>>>>;
    }
    each! { registry; O in [I32DivS, I32DivU, I32RemS, I32RemU];
        statement Store<I32Store, Slot<u32>, SlotSlot<O>>;
        statement Store<I32Store, Slot<u32>, SlotImm<O>>;
    }
}

fn records(registry: &mut Registry) {
    each! { registry; O in loads_32!;
        statement Set<Load<O, RecordElement>>;
    }
    each! { registry; C in equalities_32!; O in [I32Load, I32Load8U];
        branch WithSlot<C, Load<O, RecordElement>>;
        branch WithImm<C, Load<O, RecordElement>>;
    }
    each! { registry; E in [RecordElement, Element]; O in [I32Load, I32Load8U];
        statement Then<Set<E>, Set<Load<O, Slot<u32>>>>;
        branch After<Then<Set<E>, Set<Load<O, Slot<u32>>>>, Slot<u32>>;
        branch After<Then<Set<E>, Set<Load<O, Slot<u32>>>>, Not<Slot<u32>>>;
    }
    // Bytes of a static table that are picked by a few bits.
    each! { registry; P in places!; I in [SlotImm<I32And>, SlotImm<I32ShrU>];
        statement Store<I32Store8, P, Load<I32Load8U, I>>;
        statement Store<I32Store8, P, Load<I32Load8U, WithImm<I32Add, I>>>;
    }
}

/// The other memories: the trees that every program has.
fn far(registry: &mut Registry) {
    each! { registry; O in [I32Load, I64Load, I32Load8U, I32Load16U]; A in addresses!;
        statement Set<Load<O, A, Far>>;
    }
    each! { registry; O in [I32Store, I64Store, I32Store8, I32Store16]; A in addresses!;
        statement Store<O, A, SlotSource<O>, Far>;
    }
}
