//! Pairs of neighbouring statements, statements before branches, and statements before jumps.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// A counter or pointer that moves on.
type Increment = Set<SlotImm<I32Add>>;
/// A word that is copied.
type Copy = Set<Move<Slot<u64>>>;

lists! {
    /// Statements that often come before others.
    firsts = [
        Increment, Copy, Set<SlotSlot<I32Add>>, Set<SlotSlot<I32Sub>>, Set<SlotSlot<I32Mul>>, Set<SlotImm<I32Mul>>,
        Set<SlotImm<I32And>>, Set<SlotImm<I32Shl>>, Set<SlotImm<I32ShrU>>, Set<SlotImm<I32Xor>>, Set<SlotSlot<I32Xor>>,
        Set<SlotImm<I32Rotl>>, Set<Move<Imm<u32>>>,
        Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>, Set<Load<I32Load16U, Slot<u32>>>,
        Set<Load<I64Load, Slot<u32>>>,
        Set<Load<I32Load, SlotImm<I32Add>>>, Set<Load<I32Load, SlotSlot<I32Add>>>, Set<Load<I32Load8U,
        SlotSlot<I32Add>>>,
        Set<Load<I32Load, Element>>, Set<Load<I32Load, StaticElement>>, Set<Load<I64Load, SlotImm<I32Add>>>,
        Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>,
        Slot<u32>>,
        Store<I32Store8, Slot<u32>, Imm<u32>>, Store<I64Store, Slot<u32>, Slot<u64>>,
        Set<SlotSlot<I64Add>>, Set<SlotImm<I64Add>>, Set<SlotSlot<F64Add>>, Set<SlotSlot<F64Sub>>, Set<SlotSlot<F64Mul>>
    ];
    /// Statements that often come after others.
    seconds = [
        Increment, Copy, Set<SlotSlot<I32Add>>, Set<SlotSlot<I32Sub>>, Set<SlotSlot<I32Mul>>,
        Set<SlotImm<I32And>>, Set<SlotImm<I32Shl>>, Set<SlotImm<I32ShrU>>, Set<SlotImm<I32Xor>>, Set<SlotSlot<I32Xor>>,
        Set<SlotImm<I32Rotl>>, Set<Move<Imm<u32>>>,
        Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>, Set<Load<I64Load, Slot<u32>>>,
        Set<Load<I32Load, SlotImm<I32Add>>>, Set<Load<I64Load, SlotImm<I32Add>>>,
        Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>,
        Slot<u32>>,
        Store<I64Store, Slot<u32>, Slot<u64>>,
        Set<SlotSlot<I64Add>>, Set<SlotSlot<F64Add>>, Set<SlotSlot<F64Sub>>, Set<SlotSlot<F64Mul>>
    ];
    /// Bits that are mixed: hashes, checksums, allocators.
    mixing = [
        Set<WithImm<I32And, SlotImm<I32ShrU>>>, Set<WithSlot<I32Xor, SlotImm<I32ShrU>>>, Set<SlotImm<I32Xor>>,
        Set<SlotSlot<I32Xor>>, Set<SlotImm<I32ShrU>>, Set<SlotSlot<I32ShrU>>, Set<SlotImm<I32Shl>>, Set<SlotImm<I32And>>,
        Set<SlotSlot<I32And>>, Set<SlotSlot<I32Or>>, Set<SlotImm<I32Or>>, Set<SlotImm<I32Rotl>>, Set<SlotImm<I32Mul>>,
        Set<Select<Slot<u32>, Slot<u32>, SlotImm<I32And>>>
    ];
    /// Static variables.
    static_words = [
        Set<Load<I32Load, Imm<u32>>>, Store<I32Store, Imm<u32>, Slot<u32>>, Store<I32Store, Imm<u32>, Imm<u32>>,
        Set<Load<I64Load, Imm<u32>>>, Store<I64Store, Imm<u32>, Slot<u64>>
    ];
    /// The most common of both.
    common = [Increment, Copy, Set<SlotSlot<I32Add>>, Set<Load<I32Load, Slot<u32>>>];
    /// Comparisons whose result is kept.
    kept = [
        Set<SlotSlot<I32Eq>>, Set<SlotSlot<I32Ne>>, Set<SlotSlot<I32LtS>>, Set<SlotSlot<I32LtU>>, Set<SlotImm<I32Eq>>,
        Set<SlotImm<I32Ne>>, Set<SlotImm<I32LtS>>, Set<SlotImm<I32LtU>>, Set<SlotImm<I32GtS>>, Set<SlotImm<I32GtU>>
    ];
    /// Statements that often come before a branch.
    before_branches = [
        Increment, Copy, Set<SlotSlot<I32Add>>, Set<SlotSlot<I32Sub>>, Set<SlotImm<I32And>>, Set<SlotImm<I32ShrU>>,
        Set<SlotImm<I32Shl>>,
        Set<Move<Imm<u32>>>, Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>, Set<Load<I32Load,
        SlotImm<I32Add>>>,
        Set<Load<I32Load8U, SlotSlot<I32Add>>>, Set<Load<I32Load, Element>>,
        Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>,
        Slot<u32>>
    ];
    /// Conditions that are often last in a block.
    conditions = [
        Slot<u32>, Not<Slot<u32>>, SlotSlot<I32Eq>, SlotSlot<I32Ne>, SlotSlot<I32LtS>, SlotSlot<I32LtU>,
        SlotSlot<I32LeS>,
        SlotSlot<I32LeU>, SlotImm<I32Eq>, SlotImm<I32Ne>, SlotImm<I32LtS>, SlotImm<I32LtU>, SlotImm<I32GtS>,
        SlotImm<I32GtU>,
        SlotImm<I32And>, Not<SlotImm<I32And>>
    ];
    /// Larger statements that stand beside a counter.
    larger = [
        Set<WithSlot<I32Add, SlotImm<I32Shl>>>, Set<WithSlot<I32Add, SlotImm<I32Add>>>, Set<WithImm<I32And,
        SlotImm<I32ShrU>>>,
        Set<WithSlot<I32Xor, SlotImm<I32ShrU>>>, Set<WithSlot<I32Add, SlotSlot<I32Mul>>>, Set<WithSlot<I32Add,
        SlotImm<I32Mul>>>,
        Set<WithSlot<I32Add, Load<I32Load, Slot<u32>>>>, Set<WithSlot<I32Add, Load<I32Load8U, Slot<u32>>>>,
        Set<Load<I32Load, Element>>, Set<Load<I32Load, StaticElement>>, Set<Load<I32Load8U, SlotImm<I32Add>>>,
        Set<Load<I32Load8U, SlotSlot<I32Add>>>, Set<Load<I32Load16U, Slot<u32>>>, Set<Load<I32Load16S, Slot<u32>>>,
        Set<Load<I32Load8S, Slot<u32>>>, Set<Load<I32Load, SlotSlot<I32Add>>>,
        Store<I32Store, SlotSlot<I32Add>, Slot<u32>>, Store<I32Store, SlotImm<I32Add>, Slot<u32>>, Store<I32Store,
        Element, Slot<u32>>,
        Store<I32Store8, SlotSlot<I32Add>, Slot<u32>>, Store<I32Store8, SlotImm<I32Add>, Slot<u32>>, Store<I32Store8,
        Slot<u32>, Imm<u32>>,
        Store<I32Store16, Slot<u32>, Slot<u32>>,
        Store<I32Store, Slot<u32>, Load<I32Load, Slot<u32>>>, Store<I64Store, Slot<u32>, Load<I64Load, Slot<u32>>>,
        Store<I32Store8, Slot<u32>, Load<I32Load8U, Slot<u32>>>, Store<I32Store8, Slot<u32>, Load<I32Load8U,
        SlotImm<I32Add>>>,
        Store<I32Store, Slot<u32>, Load<I32Load, SlotImm<I32Add>>>, Store<I32Store, Slot<u32>, SlotImm<I32Add>>,
        Store<I32Store, Slot<u32>, SlotSlot<I32Add>>, Store<I32Store, Slot<u32>, WithSlot<I32Add, Load<I32Load,
        Slot<u32>>>>,
        Store<I32Store, Slot<u32>, WithImm<I32Add, Load<I32Load, Slot<u32>>>>,
        Set<Select<Slot<u32>, Slot<u32>, Slot<u32>>>, Set<Select<Slot<u32>, Slot<u32>, SlotSlot<I32LtS>>>,
        Set<SlotSlot<I64Mul>>,
        Set<SlotImm<I64ShrU>>, Set<SlotImm<I64Shl>>, Set<SlotSlot<I64Xor>>, Set<OneSlot<I64ExtendI32U>>,
        Set<OneSlot<I32WrapI64>>,
        Set<SlotWith<F64Add, SlotSlot<F64Mul>>>, Set<WithSlot<F64Add, SlotSlot<F64Mul>>>, Set<SlotWith<F64Add,
        Load<F64Load, Slot<u32>>>>,
        Set<SlotWith<F64Sub, Load<F64Load, SlotImm<I32Add>>>>, Set<SlotWith<F64Add, SlotSlot<F64Sub>>>,
        Set<SlotWith<F64Add, WithSlot<F64Mul, Load<F64Load, Slot<u32>>>>>,
        Set<SlotWith<F64Add, Binary<F64Mul, Load<F64Load, Slot<u32>>, Load<F64Load, Slot<u32>>>>>,
        Store<F64Store, Slot<u32>, SlotSlot<F64Add>>, Store<F64Store, Slot<u32>, SlotSlot<F64Mul>>,
        Store<F64Store, Slot<u32>, SlotWith<F64Add, SlotSlot<F64Mul>>>, Store<F64Store, Slot<u32>, SlotWith<F64Sub,
        SlotSlot<F64Mul>>>
    ];
}

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    statements(registry);
    branches(registry);
    jumps(registry);
}

fn statements(registry: &mut Registry) {
    each! { registry; A in firsts!; B in seconds!;
        statement Then<A, B>;
    }
    each! { registry; A in mixing!; B in mixing!;
        statement Then<A, B>;
    }
    each! { registry; A in static_words!; B in seconds!;
        statement Then<A, B>;
        statement Then<B, A>;
    }
    each! { registry; A in static_words!; B in static_words!;
        statement Then<A, B>;
    }
    registry.statement::<Then<Set<WithImm<I32Add, Global<u32>>>, SetGlobal<Slot<u64>>>>();
    registry.statement::<Then<Then<Set<Move<Imm<u32>>>, Set<Move<Imm<u32>>>>, Set<Move<Imm<u32>>>>>();
    each! { registry; A in common!; B in kept!;
        statement Then<A, B>;
        statement Then<B, A>;
    }
    each! { registry; A in common!; B in common!; C in common!;
        statement Then<Then<A, B>, C>;
    }
    // Bits of an array of words.
    each! { registry;
        A in [Increment, Set<SlotSlot<I32Add>>, Set<SlotSlot<I64Add>>, Set<SlotImm<I64Add>>, Set<OneSlot<I32WrapI64>>];
        E in [
            Set<WithSlot<I32Add, WithImm<I32Shl, Unary<I32WrapI64, SlotImm<I64ShrU>>>>>,
            Set<WithSlot<I32Add, WithImm<I32And, SlotImm<I32ShrU>>>>, Set<Element>
        ];
        statement Then<A, E>;
        statement Then<Then<A, E>, Store<I32Store, Slot<u32>, Binary<I32Or, ImmSlot<I32Shl>, Load<I32Load, Slot<u32>>>>>;
        statement Then<E, Store<I32Store, Slot<u32>, Binary<I32Or, ImmSlot<I32Shl>, Load<I32Load, Slot<u32>>>>>;
    }
    // Recurrences of doubles.
    each! { registry; A in [Set<SlotSlot<F64Add>>, Set<SlotWith<F64Add, SlotSlot<F64Sub>>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>];
        B in [Set<SlotSlot<F64Add>>, Set<SlotWith<F64Add, SlotSlot<F64Sub>>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>];
        statement Then<Then<A, Copy>, B>;
        statement Then<Then<Then<A, Copy>, B>, Copy>;
    }
    // Sums of products.
    each! { registry; P in sums!; Q in sums!;
        statement Then<
            Set<SlotWith<F64Add, Binary<F64Mul, Load<F64Load, Slot<u32>>, Load<F64Load, Slot<u32>>>>>,
            Set<SlotWith<F64Add, Binary<F64Mul, Load<F64Load, P>, Load<F64Load, Q>>>>
        >;
    }
    each! { registry; A in larger!;
        statement Then<A, Increment>;
        statement Then<Increment, A>;
        statement Then<A, Copy>;
        statement Then<Copy, A>;
    }
    each! { registry; A in [
            Set<SlotSlot<F64Add>>, Set<SlotSlot<F64Mul>>, Set<SlotSlot<F64Sub>>, Set<Load<I64Load, Slot<u32>>>,
            Set<Load<I64Load, SlotImm<I32Add>>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>,
            Set<SlotWith<F64Sub, Load<F64Load, SlotImm<I32Add>>>>, Store<I64Store, Slot<u32>, Slot<u64>>,
            Store<F64Store, Slot<u32>, SlotWith<F64Add, SlotSlot<F64Mul>>>, Store<F64Store, Slot<u32>,
        SlotWith<F64Sub, SlotSlot<F64Mul>>>
        ]; B in [
            Set<SlotSlot<F64Add>>, Set<SlotSlot<F64Mul>>, Set<SlotSlot<F64Sub>>, Set<Load<I64Load, Slot<u32>>>,
            Set<Load<I64Load, SlotImm<I32Add>>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>, Set<SlotWith<F64Add,
        SlotSlot<F64Sub>>>,
            Set<SlotWith<F64Sub, Load<F64Load, SlotImm<I32Add>>>>, Store<I64Store, Slot<u32>, Slot<u64>>,
            Store<F64Store, Slot<u32>, SlotWith<F64Add, SlotSlot<F64Mul>>>, Store<F64Store, Slot<u32>,
        SlotWith<F64Sub, SlotSlot<F64Mul>>>
        ];
        statement Then<A, B>;
    }
}

fn branches(registry: &mut Registry) {
    each! { registry; A in before_branches!; C in conditions!;
        branch After<A, C>;
    }
    each! { registry; A in [Increment, Copy, Set<SlotSlot<I32Add>>]; C in [
            SlotSlot<I64Eq>, SlotSlot<I64Ne>, SlotSlot<I64LtS>, SlotSlot<I64LtU>, SlotSlot<I64LeS>, SlotSlot<I64LeU>,
            SlotSlot<F64Lt>, SlotSlot<F64Le>, Not<SlotSlot<F64Lt>>, Not<SlotSlot<F64Le>>,
            Load<I32Load, Slot<u32>>, Load<I32Load8U, Slot<u32>>, Not<Load<I32Load, Slot<u32>>>, Not<Load<I32Load8U,
        Slot<u32>>>,
            WithSlot<I32Eq, Load<I32Load, Slot<u32>>>, WithSlot<I32Ne, Load<I32Load, Slot<u32>>>,
            WithSlot<I32LtS, Load<I32Load, Slot<u32>>>, WithSlot<I32GtS, Load<I32Load, Slot<u32>>>,
            WithImm<I32Eq, Load<I32Load8U, Slot<u32>>>, WithImm<I32Ne, Load<I32Load8U, Slot<u32>>>,
            WithSlot<I32Eq, SlotImm<I32And>>, WithSlot<I32Ne, SlotImm<I32And>>, WithImm<I32Eq, SlotImm<I32And>>,
            WithImm<I32Ne, SlotImm<I32And>>, WithImm<I32LtU, SlotImm<I32Add>>, WithImm<I32GtU, SlotImm<I32Add>>,
            Binary<I32Eq, Load<I32Load8U, Slot<u32>>, Load<I32Load8U, Slot<u32>>>,
            Binary<I32Ne, Load<I32Load8U, Slot<u32>>, Load<I32Load8U, Slot<u32>>>,
            Binary<I32Ne, Load<I32Load8U, Slot<u32>>, Load<I32Load8U, SlotSlot<I32Add>>>
        ];
        branch After<A, C>;
    }
    each! { registry; A in [Set<SlotSlot<I64Add>>, Set<SlotImm<I64Add>>]; C in [
            SlotSlot<I64Eq>, SlotSlot<I64Ne>, SlotSlot<I64LtS>, SlotSlot<I64LtU>, SlotSlot<I64LeS>, SlotSlot<I64LeU>,
            SlotImm<I64Eq>, SlotImm<I64Ne>, SlotImm<I64LtS>, SlotImm<I64LtU>, SlotImm<I64GtS>, SlotImm<I64GtU>
        ];
        branch After<A, C>;
    }
    each! { registry;
        A in [Set<SlotSlot<F64Add>>, Set<SlotSlot<F64Sub>>, Set<SlotSlot<F64Mul>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>];
        C in [
            SlotSlot<F64Lt>, SlotSlot<F64Le>, Not<SlotSlot<F64Lt>>, Not<SlotSlot<F64Le>>, SlotImm<F64Lt>,
        SlotImm<F64Gt>,
            SlotImm<F64Le>, SlotImm<F64Ge>, WithImm<F64Le, SlotSlot<F64Add>>, WithImm<F64Gt, SlotSlot<F64Add>>,
            WithImm<F64Lt, SlotSlot<F64Add>>, WithImm<F64Ge, SlotSlot<F64Add>>,
            SlotSlot<I32Ne>, SlotSlot<I32Eq>, SlotImm<I32Ne>, SlotImm<I32Eq>, Slot<u32>
        ];
        branch After<A, C>;
    }
    each! { registry; A in [Set<SlotSlot<F64Mul>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>];
        B in [Set<SlotSlot<F64Mul>>, Set<SlotWith<F64Add, SlotSlot<F64Mul>>>];
        C in [
            SlotImm<F64Lt>, SlotImm<F64Gt>, SlotImm<F64Le>, SlotImm<F64Ge>, WithImm<F64Le, SlotSlot<F64Add>>,
            WithImm<F64Gt, SlotSlot<F64Add>>, WithImm<F64Lt, SlotSlot<F64Add>>, WithImm<F64Ge, SlotSlot<F64Add>>
        ];
        branch After<Then<A, B>, C>;
        branch After<Then<Then<Set<SlotSlot<F64Mul>>, A>, B>, C>;
    }
    each! { registry; A in static_words!; C in conditions!;
        branch After<A, C>;
    }
    counters(registry);
    whole_loops(registry);
}

/// What loops end in.
fn counters(registry: &mut Registry) {
    // Strings that are compared or copied.
    each! { registry; A in [Set<Load<I32Load8U, Slot<u32>>>, Increment]; B in [Set<Load<I32Load8U, Slot<u32>>>, Increment];
        C in [
            Slot<u32>, Not<Slot<u32>>, SlotSlot<I32Eq>, SlotSlot<I32Ne>, SlotImm<I32Eq>, SlotImm<I32Ne>,
            WithSlot<I32Eq, SlotImm<I32And>>, WithSlot<I32Ne, SlotImm<I32And>>, Load<I32Load8U, Slot<u32>>,
            Not<Load<I32Load8U, Slot<u32>>>
        ];
        branch After<Then<A, B>, C>;
    }
    // Three counters.
    each! { registry; A in [Increment, Set<SlotSlot<I32Add>>]; B in [Increment, Set<SlotSlot<I32Add>>];
        C in [Slot<u32>, SlotSlot<I32Ne>, SlotSlot<I32LtU>, SlotSlot<I32LtS>, SlotImm<I32Ne>];
        branch After<Then<Then<A, B>, Increment>, C>;
    }
    // Wide counters.
    each! { registry; A in [Increment, Set<SlotSlot<I32Add>>, Set<SlotSlot<I64Add>>]; B in [Set<SlotSlot<I64Add>>, Set<SlotImm<I64Add>>];
        C in [
            SlotSlot<I64Ne>, SlotSlot<I64LtS>, SlotSlot<I64LtU>, SlotSlot<I64LeS>, SlotSlot<I64LeU>,
            WithSlot<I64LtS, SlotSlot<I64Add>>, WithSlot<I64LtU, SlotSlot<I64Add>>, WithSlot<I64LeS, SlotSlot<I64Add>>,
            WithSlot<I64LeU, SlotSlot<I64Add>>
        ];
        branch After<Then<A, B>, C>;
    }
    // Counters and the test.
    each! { registry; B in [Increment, Copy]; C in conditions!;
        A in [
            Increment, Copy, Set<SlotSlot<I32Add>>, Set<Load<I32Load, Slot<u32>>>, Set<Load<I32Load8U, Slot<u32>>>,
            Set<SlotImm<I32ShrU>>, Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store8, Slot<u32>, Slot<u32>>,
            Store<I32Store8, Slot<u32>, Imm<u32>>, Store<I32Store, Slot<u32>, Imm<u32>>
        ];
        branch After<Then<A, B>, C>;
    }
}

/// Loops over arrays that do one thing.
fn whole_loops(registry: &mut Registry) {
    each! { registry;
        A in [
            Store<I32Store8, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>, Slot<u32>>,
            Store<I32Store, Slot<u32>, Slot<u32>>
        ];
        B in [Increment, Set<SlotSlot<I32Add>>];
        D in [Set<SlotImm<I64Add>>, Set<SlotSlot<I64Add>>];
        C in [SlotSlot<I64Ne>, SlotSlot<I64LtS>, SlotSlot<I64LtU>, SlotSlot<I64LeS>, SlotSlot<I64LeU>];
        branch After<Then<Then<A, B>, D>, C>;
    }
    each! { registry;
        A in [
            Store<I32Store8, Slot<u32>, Imm<u32>>, Store<I32Store8, Slot<u32>, Slot<u32>>,
            Store<I32Store, Slot<u32>, Slot<u32>>, Store<I32Store8, Slot<u32>, Load<I32Load8U, Slot<u32>>>,
            Store<I32Store, Slot<u32>, Load<I32Load, Slot<u32>>>,
            Set<WithSlot<I32Add, Load<I32Load, Slot<u32>>>>, Set<WithSlot<I32Add, Load<I32Load8U, Slot<u32>>>>,
            Set<SlotWith<F64Add, Load<F64Load, Slot<u32>>>>
        ];
        B in [Increment, Set<SlotSlot<I32Add>>];
        C in [Slot<u32>, SlotSlot<I32Ne>, SlotSlot<I32LtU>, SlotSlot<I32LtS>, SlotImm<I32Ne>];
        branch After<Then<Then<A, B>, Increment>, C>;
        branch After<Then<A, B>, C>;
    }
}

fn jumps(registry: &mut Registry) {
    each! { registry; A in firsts!;
        jump_after A;
    }
    each! { registry; A in larger!;
        jump_after A;
    }
    each! { registry; A in firsts!;
        jump_after Then<Set<Move<Imm<u32>>>, A>;
        jump_after Then<Increment, A>;
        jump_after Then<A, Increment>;
    }
    each! { registry; A in [
            Set<Move<Imm<u64>>>, Set<SlotImm<I32ShrS>>, Set<SlotImm<I32Or>>, Set<SlotSlot<I32Or>>,
        Set<SlotSlot<I32And>>,
            Set<OneSlot<I32TruncF32S>>, Set<OneSlot<I32TruncF32U>>, Set<OneSlot<I32TruncF64S>>, Set<OneSlot<I32TruncF64U>>,
            Set<OneSlot<I64TruncF32S>>, Set<OneSlot<I64TruncF32U>>, Set<OneSlot<I64TruncF64S>>, Set<OneSlot<I64TruncF64U>>,
            Set<Load<I32Load, Imm<u32>>>, Store<I32Store, Imm<u32>, Slot<u32>>,
            Set<Global<u32>>, SetGlobal<Slot<u64>>, SetGlobal<SlotImm<I32Add>>
        ];
        jump_after A;
    }
}
