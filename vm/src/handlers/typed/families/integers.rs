//! Trees over integers whose value goes to a register.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    two_operators(registry);
    two_sides(registry);
    three_operators(registry);
    wide(registry);
    selects(registry);
    globals(registry);
}

fn two_operators(registry: &mut Registry) {
    each! { registry; O in operators_32!; I in simple_32!;
        statement Set<WithSlot<O, I>>;
        statement Set<WithImm<O, I>>;
    }
    each! { registry; O in ordered_32!; I in simple_32!;
        statement Set<SlotWith<O, I>>;
    }
    each! { registry; O in [I32Eq, I32Ne, I32LtU, I32GtU]; I in common_32!;
        statement Set<WithImm<O, I>>;
    }
    each! { registry; I in simple_32!;
        statement Set<Not<I>>;
        statement Set<Unary<I64ExtendI32U, I>>;
        statement Set<Unary<I64ExtendI32S, I>>;
    }
}

fn two_sides(registry: &mut Registry) {
    each! { registry;
        I in [SlotSlot<I32Add>, SlotImm<I32Add>, SlotSlot<I32Mul>, SlotImm<I32Shl>, SlotImm<I32And>, SlotSlot<I32And>,
            SlotSlot<I32Xor>];
        J in [SlotSlot<I32Add>, SlotImm<I32Add>, SlotSlot<I32Mul>, SlotImm<I32Shl>, SlotImm<I32And>, SlotSlot<I32And>];
        statement Set<Binary<I32Add, I, J>>;
    }
    each! { registry; O in [I32Or, I32Xor];
        I in [SlotImm<I32Rotl>, SlotImm<I32ShrU>, SlotImm<I32Shl>, SlotSlot<I32And>, SlotImm<I32And>];
        J in [SlotImm<I32Rotl>, SlotImm<I32ShrU>, SlotImm<I32Shl>, SlotSlot<I32And>];
        statement Set<Binary<O, I, J>>;
    }
}

fn three_operators(registry: &mut Registry) {
    each! { registry;
        I in [SlotSlot<I32Add>, SlotImm<I32Add>, SlotImm<I32Shl>, SlotImm<I32ShrU>, SlotImm<I32And>, SlotSlot<I32Xor>];
        J in [WithImm<I32Shl, I>, WithImm<I32ShrU, I>, WithImm<I32And, I>, WithSlot<I32Add, I>, WithSlot<I32Xor, I>,
        WithImm<I32Mul, I>];
        statement Set<WithSlot<I32Add, J>>;
        statement Set<WithImm<I32And, J>>;
        statement Set<WithSlot<I32Xor, J>>;
        statement Set<WithImm<I32Add, J>>;
    }
    // Hashes that multiply.
    each! { registry; O in [I32Xor, I32Add];
        I in [SlotImm<I32And>, SlotImm<I32ShrU>, Load<I32Load8U, Slot<u32>>, Load<I32Load8U, SlotImm<I32Add>>];
        statement Set<WithSlot<O, I>>;
        statement Set<WithImm<I32Mul, WithSlot<O, I>>>;
    }
    // Mixing, as hashes do it.
    each! { registry; I in [SlotImm<I32Rotl>, SlotSlot<I32And>, SlotImm<I32ShrU>];
        J in [SlotImm<I32Rotl>, SlotSlot<I32And>, SlotImm<I32ShrU>];
        statement Set<WithSlot<I32Add, Binary<I32Xor, I, J>>>;
        statement Set<WithSlot<I32Xor, Binary<I32Xor, I, J>>>;
        statement Set<WithSlot<I32Add, WithSlot<I32Xor, I>>>;
        statement Set<WithSlot<I32Xor, WithSlot<I32Xor, I>>>;
        statement Set<WithSlot<I32Xor, Binary<I32Xor, I, J>>>;
        statement Set<Binary<I32Xor, WithSlot<I32Xor, I>, J>>;
        statement Set<WithSlot<I32Add, Binary<I32Xor, WithSlot<I32Xor, I>, J>>>;
    }
    each! { registry; I in [SlotImm<I32Rotl>, SlotImm<I32ShrU>];
        statement Set<Binary<I32Xor, Binary<I32Xor, SlotImm<I32Rotl>, SlotImm<I32Rotl>>, I>>;
        statement Set<WithSlot<I32Add, Binary<I32Xor, Binary<I32Xor, SlotImm<I32Rotl>, SlotImm<I32Rotl>>, I>>>;
    }
}

fn wide(registry: &mut Registry) {
    each! { registry; O in operators_64!; I in common_64!;
        statement Set<WithSlot<O, I>>;
        statement Set<WithImm<O, I>>;
    }
    each! { registry; I in common_64!;
        statement Set<SlotWith<I64Sub, I>>;
    }
    each! { registry; O in [I64Add, I64Xor, I64Or];
        I in [SlotImm<I64Shl>, SlotImm<I64ShrU>, SlotImm<I64Rotl>, SlotSlot<I64Mul>];
        J in [SlotImm<I64Shl>, SlotImm<I64ShrU>, SlotImm<I64Rotl>, SlotSlot<I64Mul>];
        statement Set<Binary<O, I, J>>;
    }
    each! { registry; O in [I64Add, I64Mul, I64Or];
        I in [OneSlot<I64ExtendI32U>, OneSlot<I64ExtendI32S>, WithImm<I64Shl, OneSlot<I64ExtendI32U>>];
        J in [OneSlot<I64ExtendI32U>, OneSlot<I64ExtendI32S>];
        statement Set<Binary<O, I, J>>;
    }
    // Halves of a product, and indices made of wide numbers.
    each! { registry; I in simple_64!;
        statement Set<Unary<I32WrapI64, I>>;
        statement Set<Unary<I32WrapI64, WithImm<I64ShrU, I>>>;
    }
    each! { registry; O in [I32Add, I32And, I32Xor, I32Shl, I32Mul];
        I in [OneSlot<I32WrapI64>, Unary<I32WrapI64, SlotImm<I64ShrU>>];
        statement Set<WithSlot<O, I>>;
        statement Set<WithImm<O, I>>;
    }
    each! { registry; I in [OneSlot<I32WrapI64>, Unary<I32WrapI64, SlotImm<I64ShrU>>];
        statement Set<WithSlot<I32Add, WithImm<I32Shl, I>>>;
    }
}

fn selects(registry: &mut Registry) {
    each! { registry; A in [Slot<u32>, Imm<u32>]; B in [Slot<u32>, Imm<u32>];
        statement Set<Select<A, B, Slot<u32>>>;
    }
    each! { registry; A in [Slot<u32>, Imm<u32>]; B in [Slot<u32>, Imm<u32>]; C in between_slots_32!;
        statement Set<Select<A, B, SlotSlot<C>>>;
    }
    each! { registry; A in [Slot<u32>, Imm<u32>]; B in [Slot<u32>, Imm<u32>]; C in strict_32!;
        statement Set<Select<A, B, SlotImm<C>>>;
    }
    each! { registry; A in [Slot<u32>, Imm<u32>]; B in [Slot<u32>, Imm<u32>]; C in [SlotImm<I32And>, SlotSlot<I32And>];
        statement Set<Select<A, B, C>>;
    }
    each! { registry; C in between_slots_32!; I in [SlotImm<I32Add>, SlotSlot<I32Add>, SlotImm<I32Xor>];
        statement Set<Select<I, Slot<u32>, Slot<u32>>>;
        statement Set<Select<I, Slot<u32>, SlotSlot<C>>>;
        statement Set<Select<Slot<u32>, I, SlotSlot<C>>>;
    }
    each! { registry; C in [I64LtS, I64LtU, I64LeS, I64Eq, I64Ne];
        statement Set<Select<Slot<u64>, Slot<u64>, SlotSlot<C>>>;
        statement Set<Select<Slot<u32>, Slot<u32>, SlotSlot<C>>>;
    }
    each! { registry; C in between_slots_32!;
        statement Set<Select<Slot<u64>, Slot<u64>, SlotSlot<C>>>;
        statement Set<Select<Slot<u64>, Slot<u64>, SlotImm<C>>>;
    }
    each! { registry; C in orders_f64!;
        statement Set<Select<Slot<u64>, Slot<u64>, SlotSlot<C>>>;
        statement Set<Select<Slot<u64>, Slot<u64>, SlotImm<C>>>;
        statement Set<Select<Slot<u32>, Slot<u32>, SlotSlot<C>>>;
    }
}

/// The stack pointer of compiled programs, and counters.
fn globals(registry: &mut Registry) {
    each! { registry; O in [I32Add, I32Sub, I32And];
        statement Set<WithImm<O, Global<u32>>>;
        statement Set<WithSlot<O, Global<u32>>>;
        statement SetGlobal<SlotImm<O>>;
        statement SetGlobal<SlotSlot<O>>;
        statement SetGlobal<WithImm<O, Global<u32>>>;
    }
    registry.statement::<SetGlobal<WithImm<I64Add, Global<u64>>>>();
    registry.statement::<Set<WithImm<I64Add, Global<u64>>>>();
    registry.statement::<Set<Load<I32Load, Global<u32>>>>();
    registry.statement::<SetGlobal<Load<I32Load, Slot<u32>>>>();
}
