//! Short names for the shapes that families are made of.

use super::super::access::StoreOperator;
use super::super::expression::{Binary, BinaryOperator, Either, Imm, Slot, Unary, UnaryOperator};

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
