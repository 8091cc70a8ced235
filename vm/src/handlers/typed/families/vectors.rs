//! Trees over vectors of 128 bits.

use super::shapes::*;
use crate::handlers::typed::access::*;
use crate::handlers::typed::expression::*;
use crate::handlers::typed::operators::I32Add;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::statement::*;
use crate::handlers::typed::vector::*;
use crate::handlers::typed::word::Wide;

/// A vector in memory.
type Vector = Load<V128Load, Slot<u32>>;
/// A counter or pointer that moves on.
type Increment = Set<SlotImm<I32Add>>;

lists! {
    /// Operators on bits and integers that programs combine, whose operands may change places.
    lane_sums = [I8x16Add, I16x8Add, I32x4Add, I64x2Add, V128And, V128Or, V128Xor];
    /// Shifts of lanes by constants.
    lane_shifts = [
        SlotImm<I16x8Shl>, SlotImm<I16x8ShrU>, SlotImm<I32x4Shl>, SlotImm<I32x4ShrU>, SlotImm<I32x4ShrS>, SlotImm<I64x2Shl>,
        SlotImm<I64x2ShrU>
    ];
    /// One operator on integers over registers and constants.
    simple_lanes = [
        SlotSlot<I8x16Add>, SlotSlot<I16x8Add>, SlotSlot<I32x4Add>, SlotSlot<I64x2Add>, SlotSlot<V128And>, SlotImm<V128And>,
        SlotSlot<V128Or>, SlotSlot<V128Xor>, SlotSlot<I16x8Mul>, SlotSlot<I32x4Mul>, OneSlot<I16x8ExtendLowI8x16U>,
        OneSlot<I16x8ExtendHighI8x16U>, SlotImm<I16x8Shl>, SlotImm<I16x8ShrU>, SlotImm<I32x4Shl>, SlotImm<I32x4ShrU>,
        SlotImm<I32x4ShrS>, SlotImm<I64x2Shl>, SlotImm<I64x2ShrU>, Vector
    ];
    /// Comparisons of integers.
    lane_comparisons = [I8x16Eq, I8x16LtU, I8x16GtU, I8x16LtS, I8x16GtS, I16x8Eq, I32x4Eq, I32x4LtS, I32x4GtS];
    /// Arithmetic of doubles.
    arithmetic_f64x2 = [F64x2Add, F64x2Sub, F64x2Mul];
    /// Arithmetic of singles.
    arithmetic_f32x4 = [F32x4Add, F32x4Sub, F32x4Mul];
    /// Comparisons of floats by size.
    lane_orders = [F64x2Lt, F64x2Gt, F64x2Le, F64x2Ge, F32x4Lt, F32x4Gt, F32x4Le, F32x4Ge];
    /// Statements that stand beside others.
    common_lanes = [
        Set<Vector>, Set<SlotSlot<F64x2Add>>, Set<SlotSlot<F64x2Mul>>, Set<SlotSlot<F32x4Mul>>, Set<SlotSlot<I32x4Add>>,
        Set<SlotSlot<I64x2Add>>, Set<SlotSlot<V128Xor>>, Store<V128Store, Slot<u32>, Slot<Wide>>
    ];
}

/// Registers the family.
pub(super) fn register(registry: &mut Registry) {
    integers(registry);
    shifts(registry);
    products(registry);
    comparisons(registry);
    memory(registry);
    pairs(registry);
    each! { registry; O in arithmetic_f64x2!; I in arithmetic_f64x2!; V in [F64x2Add, F64x2Sub];
        lanes Set<WithSlot<V, WithSlot<O, SlotSlot<I>>>>;
        lanes Set<SlotWith<V, WithSlot<O, SlotSlot<I>>>>;
    }
    each! { registry; O in arithmetic_f32x4!; I in arithmetic_f32x4!; V in [F32x4Add, F32x4Sub];
        lanes Set<WithSlot<V, WithSlot<O, SlotSlot<I>>>>;
        lanes Set<SlotWith<V, WithSlot<O, SlotSlot<I>>>>;
    }
    each! { registry; O in arithmetic_f64x2!; I in [SlotSlot<F64x2Add>, SlotSlot<F64x2Sub>, SlotSlot<F64x2Mul>, Vector];
        lanes Set<SlotSlot<O>>;
        lanes Set<SlotImm<O>>;
        lanes Set<WithSlot<O, I>>;
        lanes Set<SlotWith<O, I>>;
        lanes Set<WithImm<O, I>>;
        lanes Store<V128Store, Slot<u32>, SlotSlot<O>>;
    }
    each! { registry; O in arithmetic_f32x4!; I in [SlotSlot<F32x4Add>, SlotSlot<F32x4Sub>, SlotSlot<F32x4Mul>, Vector];
        lanes Set<SlotSlot<O>>;
        lanes Set<SlotImm<O>>;
        lanes Set<WithSlot<O, I>>;
        lanes Set<SlotWith<O, I>>;
        lanes Set<WithImm<O, I>>;
        lanes Store<V128Store, Slot<u32>, SlotSlot<O>>;
    }
    each! { registry; O in [F64x2Add, F64x2Sub];
        I in [WithSlot<F64x2Mul, Vector>, SlotWith<F64x2Mul, Vector>, WithImm<F64x2Mul, Vector>, Binary<F64x2Mul, Vector, Vector>];
        lanes Set<WithSlot<O, I>>;
        lanes Set<SlotWith<O, I>>;
    }
    each! { registry; O in [F32x4Add, F32x4Sub];
        I in [WithSlot<F32x4Mul, Vector>, SlotWith<F32x4Mul, Vector>, WithImm<F32x4Mul, Vector>, Binary<F32x4Mul, Vector, Vector>];
        lanes Set<WithSlot<O, I>>;
        lanes Set<SlotWith<O, I>>;
    }
    each! { registry; I in [WithSlot<F32x4Mul, Vector>, WithImm<F32x4Mul, Vector>];
        J in [WithSlot<F32x4Mul, Vector>, WithImm<F32x4Mul, Vector>];
        lanes Set<Binary<F32x4Add, I, J>>;
    }
}

fn integers(registry: &mut Registry) {
    each! { registry; O in lane_sums!;
        lanes Set<SlotSlot<O>>;
        lanes Set<SlotImm<O>>;
    }
    each! { registry; O in lane_sums!; I in simple_lanes!;
        lanes Set<WithSlot<O, I>>;
        lanes Set<WithImm<O, I>>;
    }
    each! { registry; O in [I8x16Add, I16x8Add, I32x4Add, I64x2Add, V128Xor]; P in lane_sums!;
        lanes Set<WithSlot<O, WithSlot<P, Vector>>>;
        lanes Set<WithSlot<O, WithImm<P, Vector>>>;
    }
    each! { registry; O in [I16x8Add, I32x4Add, I64x2Add, V128Xor, I32x4MinS, I32x4MaxS];
        lanes Set<SlotSlot<O>>;
        lanes Set<WithSlot<O, SlotSlot<O>>>;
        lanes Set<WithSlot<O, WithSlot<O, SlotSlot<O>>>>;
        lanes Set<WithSlot<O, WithSlot<O, WithSlot<O, SlotSlot<O>>>>>;
        lanes Set<WithSlot<O, Vector>>;
    }
    each! { registry; O in [I16x8Sub, I32x4Sub, I64x2Sub];
        lanes Set<SlotSlot<O>>;
        lanes Set<WithSlot<O, Vector>>;
        lanes Set<SlotWith<O, Vector>>;
    }
}

fn shifts(registry: &mut Registry) {
    each! { registry; O in [V128Or, V128Xor];
        lanes Set<Binary<O, SlotImm<I16x8Shl>, SlotImm<I16x8ShrU>>>;
        lanes Set<Binary<O, SlotImm<I16x8ShrU>, SlotImm<I16x8Shl>>>;
        lanes Set<Binary<O, SlotImm<I32x4Shl>, SlotImm<I32x4ShrU>>>;
        lanes Set<Binary<O, SlotImm<I32x4ShrU>, SlotImm<I32x4Shl>>>;
        lanes Set<Binary<O, SlotImm<I64x2Shl>, SlotImm<I64x2ShrU>>>;
        lanes Set<Binary<O, SlotImm<I64x2ShrU>, SlotImm<I64x2Shl>>>;
    }
    each! { registry; I in lane_shifts!;
        lanes Set<I>;
        lanes Set<WithSlot<V128Or, WithImm<V128And, I>>>;
    }
    each! { registry; I in [SlotImm<I16x8ShrU>, SlotImm<I32x4ShrU>, SlotImm<I64x2ShrU>];
        J in [SlotImm<I16x8Shl>, SlotImm<I32x4Shl>, SlotImm<I64x2Shl>];
        lanes Set<Binary<V128Or, WithImm<V128And, J>, I>>;
    }
    each! { registry; O in [I16x8Shl, I16x8ShrU];
        I in [
            SlotSlot<I16x8Add>, SlotImm<I16x8Add>, SlotSlot<I16x8Mul>, OneSlot<I16x8ExtendLowI8x16U>, OneSlot<I16x8ExtendHighI8x16U>
        ];
        lanes Set<WithImm<O, I>>;
        lanes Set<WithSlot<I16x8Add, WithImm<O, I>>>;
    }
    each! { registry; O in [I32x4Shl, I32x4ShrU, I32x4ShrS]; I in [SlotSlot<I32x4Add>, SlotImm<I32x4Add>, SlotSlot<I32x4Mul>];
        lanes Set<WithImm<O, I>>;
        lanes Set<WithSlot<I32x4Add, WithImm<O, I>>>;
    }
    each! { registry; I in [SlotImm<I32x4Shl>, SlotImm<I32x4ShrU>, SlotImm<I32x4ShrS>];
        lanes Set<SlotWith<I32x4Sub, I>>;
        lanes Set<WithSlot<I32x4Sub, SlotSlot<I32x4Mul>>>;
        lanes Set<Binary<I32x4Sub, SlotSlot<I32x4Mul>, I>>;
        lanes Set<WithSlot<I32x4Add, SlotWith<I32x4Sub, I>>>;
    }
}

/// Wide products, and bytes that change places.
fn products(registry: &mut Registry) {
    each! { registry; O in [I64x2ExtMulLowI32x4S, I64x2ExtMulLowI32x4U];
        I in [SlotSlot<O>, WithSlot<O, SlotImm<I8x16Swizzle>>, Binary<O, SlotImm<I8x16Swizzle>, SlotImm<I8x16Swizzle>>];
        lanes Set<I>;
        lanes Set<WithImm<I64x2Shl, I>>;
        lanes Set<WithSlot<I64x2Add, I>>;
        lanes Set<WithSlot<I64x2Add, WithImm<I64x2Shl, I>>>;
        lanes Set<Binary<I64x2Add, SlotSlot<I64x2Add>, I>>;
        lanes Set<Binary<I64x2Add, SlotSlot<I64x2Add>, WithImm<I64x2Shl, I>>>;
    }
    each! { registry;
        I in [
            SlotSlot<I8x16Add>, SlotSlot<I16x8Add>, SlotSlot<I32x4Add>, SlotSlot<I64x2Add>, SlotSlot<V128And>, SlotSlot<V128Or>,
            SlotSlot<V128Xor>, Vector
        ];
        lanes Set<SlotImm<I8x16Swizzle>>;
        lanes Set<WithImm<I8x16Swizzle, I>>;
    }
}

fn comparisons(registry: &mut Registry) {
    each! { registry; C in lane_comparisons!; I in [SlotSlot<C>, SlotImm<C>, WithSlot<C, Vector>, WithImm<C, Vector>];
        lanes Set<I>;
        lanes Set<WithSlot<V128And, I>>;
        lanes Set<Unary<I8x16Bitmask, I>>;
        branch Unary<I8x16Bitmask, I>;
        branch Not<Unary<I8x16Bitmask, I>>;
        branch Unary<V128AnyTrue, I>;
        branch Not<Unary<V128AnyTrue, I>>;
    }
    each! { registry; C in lane_orders!;
        lanes Set<SlotSlot<C>>;
        lanes Set<SlotImm<C>>;
        lanes Set<WithSlot<V128And, SlotSlot<C>>>;
        lanes Set<WithSlot<V128And, SlotImm<C>>>;
    }
    each! { registry; C in [F64x2Lt, F64x2Gt, F64x2Le, F64x2Ge]; O in arithmetic_f64x2!;
        lanes Set<WithSlot<C, SlotSlot<O>>>;
        lanes Set<WithImm<C, SlotSlot<O>>>;
        lanes Set<WithSlot<V128And, WithSlot<C, SlotSlot<O>>>>;
        lanes Set<WithSlot<V128And, WithImm<C, SlotSlot<O>>>>;
    }
    each! { registry; C in [F32x4Lt, F32x4Gt, F32x4Le, F32x4Ge]; O in arithmetic_f32x4!;
        lanes Set<WithSlot<C, SlotSlot<O>>>;
        lanes Set<WithImm<C, SlotSlot<O>>>;
        lanes Set<WithSlot<V128And, WithSlot<C, SlotSlot<O>>>>;
        lanes Set<WithSlot<V128And, WithImm<C, SlotSlot<O>>>>;
    }
    each! { registry; O in [V128AnyTrue, I8x16AllTrue, I32x4AllTrue, I8x16Bitmask, I32x4Bitmask, I64x2Bitmask];
        branch OneSlot<O>;
        branch Not<OneSlot<O>>;
    }
}

fn memory(registry: &mut Registry) {
    each! { registry; A in addresses!;
        lanes Set<Load<V128Load, A>>;
        lanes Store<V128Store, A, Slot<Wide>>;
    }
    each! { registry; I in simple_lanes!;
        lanes Store<V128Store, Slot<u32>, I>;
    }
    each! { registry; O in lane_sums!;
        lanes Store<V128Store, Slot<u32>, WithSlot<O, Vector>>;
        lanes Store<V128Store, Slot<u32>, WithImm<O, Vector>>;
    }
    each! { registry; O in [I8x16NarrowI16x8U, I16x8NarrowI32x4U];
        lanes Set<SlotSlot<O>>;
        lanes Store<V128Store, Slot<u32>, SlotSlot<O>>;
    }
}

fn pairs(registry: &mut Registry) {
    each! { registry; A in common_lanes!; B in common_lanes!;
        lanes Then<A, B>;
    }
    each! { registry; A in common_lanes!;
        lanes Then<A, Increment>;
        lanes Then<Increment, A>;
    }
}
