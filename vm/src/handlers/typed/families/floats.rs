//! Trees over floats.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::*;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    doubles(registry);
    doubles_in_memory(registry);
    singles(registry);
    one_operand(registry);
}

fn doubles(registry: &mut Registry) {
    each! { registry; O in arithmetic_f64!; I in arithmetic_f64!;
        statement Set<WithSlot<O, SlotSlot<I>>>;
        statement Set<WithSlot<O, SlotImm<I>>>;
        statement Set<WithImm<O, SlotSlot<I>>>;
        statement Set<WithImm<O, SlotImm<I>>>;
        statement Set<SlotWith<O, SlotSlot<I>>>;
        statement Set<SlotWith<O, SlotImm<I>>>;
        statement Set<Binary<O, Imm<f64>, SlotSlot<I>>>;
    }
    each! { registry; O in [F64Add, F64Sub, F64Mul]; I in [SlotSlot<F64Mul>, SlotSlot<F64Add>, SlotSlot<F64Sub>];
        J in [SlotSlot<F64Mul>, SlotSlot<F64Add>, SlotSlot<F64Sub>];
        statement Set<Binary<O, I, J>>;
    }
    each! { registry; O in [F64Add, F64Sub]; P in [F64Add, F64Sub, F64Mul];
        statement Set<WithSlot<O, WithSlot<P, SlotSlot<F64Mul>>>>;
        statement Set<SlotWith<O, WithSlot<P, SlotSlot<F64Mul>>>>;
        statement Set<Binary<O, WithSlot<P, SlotSlot<F64Mul>>, SlotSlot<F64Mul>>>;
        statement Set<Binary<O, SlotSlot<P>, SlotSlot<F64Mul>>>;
        statement Set<Binary<O, SlotImm<P>, SlotSlot<F64Mul>>>;
        statement Set<Binary<O, SlotWith<P, SlotSlot<F64Mul>>, SlotSlot<F64Mul>>>;
        statement Set<Binary<O, Binary<P, SlotSlot<F64Mul>, SlotSlot<F64Mul>>, SlotSlot<F64Mul>>>;
    }
    registry.statement::<Set<SlotWith<F64Mul, OneSlot<F64Sqrt>>>>();
    registry.statement::<Set<Binary<F64Div, Imm<f64>, SlotWith<F64Mul, OneSlot<F64Sqrt>>>>>();
    registry.statement::<Set<Binary<F64Div, Imm<f64>, OneSlot<F64Sqrt>>>>();
}

fn doubles_in_memory(registry: &mut Registry) {
    each! { registry; O in arithmetic_f64!; P in places!;
        statement Set<WithSlot<O, Load<F64Load, P>>>;
        statement Set<WithImm<O, Load<F64Load, P>>>;
        statement Set<SlotWith<O, Load<F64Load, P>>>;
        statement Store<F64Store, P, SlotSlot<O>>;
        statement Store<F64Store, P, SlotImm<O>>;
        statement Store<F64Store, Slot<u32>, WithSlot<O, Load<F64Load, P>>>;
        statement Store<F64Store, Slot<u32>, SlotWith<O, Load<F64Load, P>>>;
    }
    each! { registry; O in [F64Add, F64Sub, F64Mul]; P in places!; Q in places!;
        statement Set<Binary<O, Load<F64Load, P>, Load<F64Load, Q>>>;
    }
    each! { registry; O in [F64Add, F64Sub]; P in places!; Q in places!;
        statement Set<SlotWith<O, WithSlot<F64Mul, Load<F64Load, P>>>>;
        statement Set<SlotWith<O, Binary<F64Mul, Load<F64Load, P>, Load<F64Load, Q>>>>;
        statement Set<WithSlot<O, Binary<F64Mul, Load<F64Load, P>, Load<F64Load, Q>>>>;
    }
    each! { registry; P in [Slot<u32>, SlotImm<I32Add>]; I in [F64Add, F64Mul];
        statement Set<Binary<F64Add, Load<F64Load, P>, SlotSlot<I>>>;
        statement Set<Binary<F64Sub, Load<F64Load, P>, SlotSlot<I>>>;
        statement Set<Binary<F64Add, SlotSlot<I>, Load<F64Load, P>>>;
        statement Set<Binary<F64Mul, SlotSlot<I>, Load<F64Load, P>>>;
        statement Set<Binary<F64Mul, Load<F64Load, P>, SlotSlot<I>>>;
        statement Store<F64Store, Slot<u32>, Binary<F64Add, Load<F64Load, P>, SlotSlot<I>>>;
        statement Store<F64Store, Slot<u32>, Binary<F64Sub, Load<F64Load, P>, SlotSlot<I>>>;
        statement Store<F64Store, Slot<u32>, Binary<F64Add, SlotSlot<I>, Load<F64Load, P>>>;
        statement Store<F64Store, Slot<u32>, SlotWith<F64Add, SlotSlot<I>>>;
        statement Store<F64Store, Slot<u32>, WithSlot<F64Add, SlotSlot<I>>>;
        statement Store<F64Store, Slot<u32>, SlotWith<F64Sub, SlotSlot<I>>>;
    }
    each! { registry; P in [Slot<u32>, SlotImm<I32Add>]; O in [F64Add, F64Sub];
        statement Store<F64Store, Slot<u32>, SlotWith<O, WithSlot<F64Mul, SlotSlot<F64Mul>>>>;
        statement Store<F64Store, Slot<u32>, Binary<O, Load<F64Load, P>, WithSlot<F64Mul, SlotSlot<F64Mul>>>>;
        statement Store<F64Store, Slot<u32>, Binary<O, WithSlot<F64Mul, SlotSlot<F64Mul>>, Load<F64Load, P>>>;
        statement Store<F64Store, Slot<u32>, WithSlot<O, WithSlot<F64Mul, SlotSlot<F64Mul>>>>;
    }
}

fn singles(registry: &mut Registry) {
    each! { registry; O in [F32Add, F32Sub, F32Mul]; I in [F32Add, F32Sub, F32Mul];
        statement Set<WithSlot<O, SlotSlot<I>>>;
        statement Set<WithImm<O, SlotSlot<I>>>;
        statement Set<SlotWith<O, SlotSlot<I>>>;
        statement Set<WithSlot<O, SlotImm<I>>>;
    }
    each! { registry; O in arithmetic_f32!; P in places!;
        statement Set<WithSlot<O, Load<F32Load, P>>>;
        statement Set<WithImm<O, Load<F32Load, P>>>;
        statement Set<SlotWith<O, Load<F32Load, P>>>;
        statement Store<F32Store, P, SlotSlot<O>>;
        statement Store<F32Store, P, SlotImm<O>>;
        statement Store<F32Store, Slot<u32>, SlotWith<O, Load<F32Load, P>>>;
        statement Store<F32Store, Slot<u32>, WithSlot<O, Load<F32Load, P>>>;
    }
    each! { registry; O in [F32Add, F32Sub, F32Mul]; P in places!; Q in places!;
        statement Set<Binary<O, Load<F32Load, P>, Load<F32Load, Q>>>;
    }
    each! { registry; O in [F32Add, F32Sub]; P in places!; Q in places!;
        statement Set<SlotWith<O, WithSlot<F32Mul, Load<F32Load, P>>>>;
        statement Set<SlotWith<O, Binary<F32Mul, Load<F32Load, P>, Load<F32Load, Q>>>>;
        statement Set<Binary<O, SlotWith<O, Load<F32Load, P>>, Load<F32Load, Q>>>;
        statement Set<Binary<O, SlotSlot<O>, Load<F32Load, P>>>;
    }
}

/// Conversions and operators of one operand over a simple tree, and the other way round.
fn one_operand(registry: &mut Registry) {
    each! { registry; O in [F64Floor, F64Sqrt, F64Abs, F64Neg, F32DemoteF64, I32TruncF64S, I32TruncSatF64S];
        I in [SlotSlot<F64Add>, SlotSlot<F64Sub>, SlotSlot<F64Mul>, SlotImm<F64Mul>];
        statement Set<Unary<O, I>>;
    }
    each! { registry; O in [F64Add, F64Sub, F64Mul, F64Div]; I in [F64ConvertI32S, F64ConvertI32U, F64PromoteF32];
        statement Set<WithSlot<O, OneSlot<I>>>;
        statement Set<WithImm<O, OneSlot<I>>>;
        statement Set<SlotWith<O, OneSlot<I>>>;
    }
    each! { registry; I in common_32!;
        statement Set<Unary<F64ConvertI32S, I>>;
    }
    registry.statement::<Set<Unary<F64ConvertI32S, Word32>>>();
    registry.statement::<Set<Unary<F64Ceil, WithImm<F64Div, OneSlot<F64PromoteF32>>>>>();
}
