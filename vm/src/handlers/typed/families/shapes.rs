//! Short names for the shapes that families are made of, and lists of them.

use crate::handlers::typed::access::StoreOperator;
#[cfg(minivm_tail)]
use crate::handlers::typed::access::{I32Load, Load};
use crate::handlers::typed::expression::{Binary, BinaryOperator, Either, Imm, Slot, Unary, UnaryOperator};
#[cfg(minivm_tail)]
use crate::handlers::typed::operators::*;

/// Left operand type.
pub(super) type L<O> = <O as BinaryOperator>::Left;
/// Right operand type.
pub(super) type R<O> = <O as BinaryOperator>::Right;
/// Operand type.
pub(super) type S<O> = <O as UnaryOperator>::Source;

/// `O` over two registers.
pub(super) type SlotSlot<O> = Binary<O, Slot<L<O>>, Slot<R<O>>>;
/// `O` over a register and a constant.
pub(super) type SlotImm<O> = Binary<O, Slot<L<O>>, Imm<R<O>>>;
/// `O` over a constant and a register.
pub(super) type ImmSlot<O> = Binary<O, Imm<L<O>>, Slot<R<O>>>;
/// `O` over anything.
pub(super) type Anything<O> = Binary<O, Either<L<O>>, Either<R<O>>>;
/// `O` over a register.
pub(super) type OneSlot<O> = Unary<O, Slot<S<O>>>;
/// `O` over anything.
pub(super) type One<O> = Unary<O, Either<S<O>>>;
/// The value of a store in a register.
pub(super) type SlotSource<O> = Slot<<O as StoreOperator>::Source>;
/// The value of a store as a constant.
pub(super) type ImmSource<O> = Imm<<O as StoreOperator>::Source>;
/// The value of a store, anything.
pub(super) type EitherSource<O> = Either<<O as StoreOperator>::Source>;

/// `O` over an expression and a register.
#[cfg(minivm_tail)]
pub(super) type WithSlot<O, E> = Binary<O, E, Slot<R<O>>>;
/// `O` over an expression and a constant.
#[cfg(minivm_tail)]
pub(super) type WithImm<O, E> = Binary<O, E, Imm<R<O>>>;
/// `O` over a register and an expression.
#[cfg(minivm_tail)]
pub(super) type SlotWith<O, E> = Binary<O, Slot<L<O>>, E>;
/// True when the expression is 0.
#[cfg(minivm_tail)]
pub(super) type Not<E> = Unary<I32Eqz, E>;
/// An index times a power of two, plus a register: an element of an array.
#[cfg(minivm_tail)]
pub(super) type Element = WithSlot<I32Add, SlotImm<I32Shl>>;
/// An index times a power of two, plus a constant: an element of a static array.
#[cfg(minivm_tail)]
pub(super) type StaticElement = WithImm<I32Add, SlotImm<I32Shl>>;
/// An index times a power of two, plus a register and a constant: an element of an array on the stack.
#[cfg(minivm_tail)]
pub(super) type LocalElement = Binary<I32Add, SlotImm<I32Add>, SlotImm<I32Shl>>;
/// The same, computed in the other order.
#[cfg(minivm_tail)]
pub(super) type ElementOfLocal = Binary<I32Add, SlotImm<I32Shl>, SlotImm<I32Add>>;
/// An index times a size, plus a register: an element of an array of records.
#[cfg(minivm_tail)]
pub(super) type RecordElement = WithSlot<I32Add, SlotImm<I32Mul>>;
/// A word loaded from a register.
#[cfg(minivm_tail)]
pub(super) type Word32 = Load<I32Load, Slot<u32>>;

#[cfg(minivm_tail)]
lists! {
    /// Operators of 32-bit integers that programs combine.
    operators_32 = [I32Add, I32Sub, I32Mul, I32And, I32Or, I32Xor, I32Shl, I32ShrU, I32ShrS, I32Rotl];
    /// Those that make a difference between left and right.
    ordered_32 = [I32Sub, I32Shl, I32ShrU, I32ShrS];
    /// One of them over registers and constants.
    simple_32 = [
        SlotSlot<I32Add>, SlotImm<I32Add>, SlotSlot<I32Sub>, SlotSlot<I32Mul>, SlotImm<I32Mul>, SlotSlot<I32And>,
        SlotImm<I32And>,
        SlotSlot<I32Or>, SlotImm<I32Or>, SlotSlot<I32Xor>, SlotImm<I32Xor>, SlotSlot<I32Shl>, SlotImm<I32Shl>,
        SlotSlot<I32ShrU>, SlotImm<I32ShrU>, SlotSlot<I32ShrS>, SlotImm<I32ShrS>, SlotImm<I32Rotl>
    ];
    /// The most common of those.
    common_32 = [
        SlotSlot<I32Add>, SlotImm<I32Add>, SlotSlot<I32Mul>, SlotImm<I32Shl>, SlotImm<I32ShrU>, SlotImm<I32And>,
        SlotSlot<I32And>,
        SlotSlot<I32Xor>, SlotImm<I32Rotl>
    ];
    /// Operators of 64-bit integers that programs combine.
    operators_64 = [I64Add, I64Mul, I64And, I64Or, I64Xor, I64Shl, I64ShrU];
    /// The most common of the next.
    common_64 = [
        SlotSlot<I64Add>, SlotImm<I64Add>, SlotSlot<I64Mul>, SlotImm<I64And>, SlotImm<I64Shl>, SlotImm<I64ShrU>,
        SlotSlot<I64Xor>,
        OneSlot<I64ExtendI32U>, OneSlot<I64ExtendI32S>
    ];
    /// One of them over registers and constants.
    simple_64 = [
        SlotSlot<I64Add>, SlotImm<I64Add>, SlotSlot<I64Sub>, SlotSlot<I64Mul>, SlotImm<I64Mul>, SlotSlot<I64And>,
        SlotImm<I64And>,
        SlotSlot<I64Or>, SlotSlot<I64Xor>, SlotImm<I64Shl>, SlotImm<I64ShrU>, SlotImm<I64Rotl>, OneSlot<I64ExtendI32U>,
        OneSlot<I64ExtendI32S>
    ];
    /// Comparisons for equality.
    equalities_32 = [I32Eq, I32Ne];
    /// Comparisons with a constant that remain when others were brought to one form.
    strict_32 = [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU];
    /// All comparisons.
    comparisons_32 = [I32Eq, I32Ne, I32LtS, I32LtU, I32GtS, I32GtU, I32LeS, I32LeU, I32GeS, I32GeU];
    /// Comparisons of registers that remain.
    between_slots_32 = [I32Eq, I32Ne, I32LtS, I32LtU, I32LeS, I32LeU];
    /// As for 32 bits.
    strict_64 = [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU];
    /// As for 32 bits.
    comparisons_64 = [I64Eq, I64Ne, I64LtS, I64LtU, I64GtS, I64GtU, I64LeS, I64LeU, I64GeS, I64GeU];
    /// Those by size.
    orders_f64 = [F64Lt, F64Gt, F64Le, F64Ge];
    /// Arithmetic of doubles.
    arithmetic_f64 = [F64Add, F64Sub, F64Mul, F64Div];
    /// Arithmetic of singles.
    arithmetic_f32 = [F32Add, F32Sub, F32Mul, F32Div];
    /// Loads of 32 bits and less.
    loads_32 = [I32Load, I32Load8U, I32Load8S, I32Load16U, I32Load16S];
    /// Other loads that stand alone.
    loads_64 = [I64Load, I64Load8U, I64Load32U, I64Load32S];
    /// Sums as addresses.
    sums = [SlotImm<I32Add>, SlotSlot<I32Add>];
    /// Addresses as programs compute them.
    addresses = [SlotImm<I32Add>, SlotSlot<I32Add>, Element, StaticElement];
    /// A register, or a sum as an address.
    places = [Slot<u32>, SlotImm<I32Add>, SlotSlot<I32Add>];
    /// Any simple address.
    all_places = [Slot<u32>, Imm<u32>, SlotImm<I32Add>, SlotSlot<I32Add>];
}
