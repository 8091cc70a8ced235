//! Expressions: what an instruction computes, as types. Everything here disappears when a handler is compiled.

use super::shape::{self, Key};
use super::word::{NO_SLOT, Word};
use crate::runtime::context::Context;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};
use std::marker::PhantomData;

/// Something that has a value. It reads its operands from left to right, those of nested expressions first.
pub(crate) trait Expr {
    /// What it gives.
    type Value: Word;
    /// Its shape.
    const KEY: Key;

    /// Computes it.
    ///
    /// # Safety
    /// The operands at `c` are those of this shape, their registers belong to the frame at `regs`, and `cx` is the context
    /// of the running machine.
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self::Value, TrapCode>;
}

/// An operator of one operand.
pub(crate) trait UnaryOperator {
    /// Type of the operand.
    type Source: Word;
    /// Type of the result.
    type Result: Word;
    /// The row of the table.
    const OPCODE: Opcode;

    /// The operation.
    fn apply(source: Self::Source) -> Result<Self::Result, TrapCode>;
}

/// An operator of two operands.
pub(crate) trait BinaryOperator {
    /// Type of the first operand.
    type Left: Word;
    /// Type of the second operand.
    type Right: Word;
    /// Type of the result.
    type Result: Word;
    /// The row of the table.
    const OPCODE: Opcode;

    /// The operation.
    fn apply(left: Self::Left, right: Self::Right) -> Result<Self::Result, TrapCode>;
}

/// A register. Operand: slot.
pub(crate) struct Slot<T>(PhantomData<T>);

impl<T: Word> Expr for Slot<T> {
    type Value = T;
    const KEY: Key = shape::SLOT;
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, _: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: the caller vouches for operands and frame.
        unsafe { Ok(T::read(regs, c.u16())) }
    }
}

/// A constant. Operand: its bits.
pub(crate) struct Imm<T>(PhantomData<T>);

impl<T: Word> Expr for Imm<T> {
    type Value = T;
    const KEY: Key = shape::IMMEDIATE;
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, _: Regs, _: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe { Ok(T::immediate(c)) }
    }
}

/// A register or a constant, for rare shapes. Operands: slot or [`NO_SLOT`], the bits of the constant.
pub(crate) struct Either<T>(PhantomData<T>);

impl<T: Word> Expr for Either<T> {
    type Value = T;
    const KEY: Key = shape::EITHER;
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, _: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: the caller vouches for operands and frame.
        unsafe {
            let slot = c.u16();
            let immediate = T::immediate(c);
            Ok(if slot == NO_SLOT as usize { immediate } else { T::read(regs, slot) })
        }
    }
}

/// An operator over an expression.
pub(crate) struct Unary<O, E>(PhantomData<(O, E)>);

impl<O: UnaryOperator, E: Expr<Value = O::Source>> Expr for Unary<O, E> {
    type Value = O::Result;
    const KEY: Key = shape::operation(O::OPCODE, &[E::KEY]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<O::Result, TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        O::apply(unsafe { E::eval(c, regs, cx)? })
    }
}

/// An operator over two expressions.
pub(crate) struct Binary<O, L, R>(PhantomData<(O, L, R)>);

impl<O, L, R> Expr for Binary<O, L, R>
where
    O: BinaryOperator,
    L: Expr<Value = O::Left>,
    R: Expr<Value = O::Right>,
{
    type Value = O::Result;
    const KEY: Key = shape::operation(O::OPCODE, &[L::KEY, R::KEY]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<O::Result, TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        let (left, right) = unsafe { (L::eval(c, regs, cx)?, R::eval(c, regs, cx)?) };
        O::apply(left, right)
    }
}

/// One of two values: the first when the condition is not zero. The condition comes last.
pub(crate) struct Select<A, B, C>(PhantomData<(A, B, C)>);

impl<A: Expr, B: Expr<Value = A::Value>, C: Expr<Value = u32>> Expr for Select<A, B, C> {
    type Value = A::Value;
    const KEY: Key = shape::generic(Opcode::Select, <A::Value as Word>::CLASS, &[A::KEY, B::KEY, C::KEY]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<A::Value, TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        let (first, second, condition) =
            unsafe { (A::eval(c, regs, cx)?, B::eval(c, regs, cx)?, C::eval(c, regs, cx)?) };
        Ok(if condition != 0 { first } else { second })
    }
}

/// A value that is only moved.
pub(crate) struct Move<E>(PhantomData<E>);

impl<E: Expr> Expr for Move<E> {
    type Value = E::Value;
    const KEY: Key = shape::generic(Opcode::Copy, <E::Value as Word>::CLASS, &[E::KEY]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<E::Value, TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        unsafe { E::eval(c, regs, cx) }
    }
}

/// A global variable. Operand: the address of its word.
pub(crate) struct Global<T>(PhantomData<T>);

impl<T: Word> Expr for Global<T> {
    type Value = T;
    const KEY: Key = shape::generic(Opcode::GlobalGet, T::CLASS, &[]);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, _: Regs, _: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: the compiler writes the address of a global of this type, which lives as long as the code.
        unsafe { Ok(T::read(c.u64() as usize as *mut u64, 0)) }
    }
}
