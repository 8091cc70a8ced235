//! Statements: what an instruction changes, as types, and the handlers made of them.

use super::expression::Expr;
use super::shape::{self, Key};
use super::word::Word;
use crate::handlers::control::take_branch;
use crate::runtime::context::Context;
use crate::threaded::Regs;
use crate::threaded::kinds::{Branch, OperandKind};
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};
use std::marker::PhantomData;

/// Something that changes registers, memory or globals. When it fails it has changed nothing, but the first part of
/// [`Then`].
pub(crate) trait Statement {
    /// Its shape.
    const KEY: Key;

    /// Does it.
    ///
    /// # Safety
    /// As for [`Expr::eval`].
    unsafe fn execute(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode>;
}

/// A register gets the value of an expression. Operands: those of the expression, slot.
pub(crate) struct Set<E>(PhantomData<E>);

impl<E: Expr> Statement for Set<E> {
    const KEY: Key = shape::set(E::KEY);
    #[inline(always)]
    unsafe fn execute(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        unsafe {
            let value = E::eval(c, regs, cx)?;
            E::Value::write(regs, c.u16(), value);
            Ok(())
        }
    }
}

/// A global gets the value of an expression. Operands: those of the expression, the address of the global's word.
pub(crate) struct SetGlobal<E>(PhantomData<E>);

impl<E: Expr> Statement for SetGlobal<E> {
    const KEY: Key = shape::generic(Opcode::GlobalSet, <E::Value as Word>::CLASS, &[E::KEY]);
    #[inline(always)]
    unsafe fn execute(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode> {
        // SAFETY: the caller vouches for the whole shape; the compiler writes the address of a global of this type.
        unsafe {
            let value = E::eval(c, regs, cx)?;
            E::Value::write(c.u64() as usize as *mut u64, 0, value);
            Ok(())
        }
    }
}

/// Does nothing.
pub(crate) enum Nothing {}

impl Statement for Nothing {
    const KEY: Key = shape::NOTHING;
    #[inline(always)]
    unsafe fn execute(_: &mut Cursor, _: Regs, _: *mut Context) -> Result<(), TrapCode> {
        Ok(())
    }
}

/// Two statements, the second even if it reads what the first has written.
pub(crate) struct Then<A, B>(PhantomData<(A, B)>);

impl<A: Statement, B: Statement> Statement for Then<A, B> {
    const KEY: Key = shape::then(A::KEY, B::KEY);
    #[inline(always)]
    unsafe fn execute(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        unsafe {
            A::execute(c, regs, cx)?;
            B::execute(c, regs, cx)
        }
    }
}

/// A statement, then an expression: conditions of branches only.
pub(crate) struct After<A, E>(PhantomData<(A, E)>);

impl<A: Statement, E: Expr> Expr for After<A, E> {
    type Value = E::Value;
    const KEY: Key = shape::then(A::KEY, E::KEY);
    #[inline(always)]
    unsafe fn eval(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<E::Value, TrapCode> {
        // SAFETY: the caller vouches for the whole shape.
        unsafe {
            A::execute(c, regs, cx)?;
            E::eval(c, regs, cx)
        }
    }
}

/// Leaves a handler by raising a trap. The place given is inside of the instruction, just before the operands that follow the
/// operation that failed, so that the compiler's table can tell operations of one instruction apart.
macro_rules! fail {
    ($code:expr, $c:expr, $regs:expr, $cx:expr, $facc:expr) => {{
        (*$cx).trap_code = $code;
        let place = $c.here().sub(1);
        slow!($crate::handlers::control::trap, place, $regs, $cx, $facc)
    }};
}

pub(crate) use fail;

/// What a handler does that does a statement and goes on.
macro_rules! execute_statement {
    ($statement:ty, $pc:ident, $regs:ident, $cx:ident, $facc:ident) => {{
        let mut c = Cursor::new($pc);
        match <$statement>::execute(&mut c, $regs, $cx) {
            Ok(()) => next!(c.end(), $regs, $cx, $facc),
            Err(code) => $crate::handlers::typed::statement::fail!(code, c, $regs, $cx, $facc),
        }
    }};
}

pub(crate) use execute_statement;

handler! {
    /// Does a statement and goes on.
    pub(crate) fn statement<S: Statement>(pc, regs, cx, facc) {
        execute_statement!(S, pc, regs, cx, facc)
    }
}

handler! {
    /// Does a statement and jumps. Operands: those of the statement, cost (signed), distance.
    pub(crate) fn jump_after<S: Statement>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        match S::execute(&mut c, regs, cx) {
            Ok(()) => {
                let branch = Branch::read(&mut c);
                take_branch!(branch, pc, regs, cx, facc)
            }
            Err(code) => fail!(code, c, regs, cx, facc),
        }
    }
}

handler! {
    /// Jumps when a condition is not zero, else goes on. Operands: those of the condition, cost (signed), distance.
    pub(crate) fn branch<E: Expr<Value = u32>>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        match E::eval(&mut c, regs, cx) {
            Ok(condition) => {
                let branch = Branch::read(&mut c);
                if condition != 0 {
                    take_branch!(branch, pc, regs, cx, facc)
                }
                next!(c.end(), regs, cx, facc)
            }
            Err(code) => fail!(code, c, regs, cx, facc),
        }
    }
}

/// Halves of a target of [`branch_table`]: a branch, and one half that keeps the distance a power of two.
pub(crate) const TABLE_ENTRY_HALVES: usize = 4;

handler! {
    /// Jumps to one of many targets. Operands: those of the index, the number of the last target (32 bits), then for each target, of
    /// which the last one is that of larger indices, a branch.
    pub(crate) fn branch_table<E: Expr<Value = u32>>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        match E::eval(&mut c, regs, cx) {
            Ok(index) => {
                let last = c.u32();
                let entry = c.here().add(index.min(last) as usize * TABLE_ENTRY_HALVES);
                let branch = Branch::read(&mut Cursor::at(entry));
                take_branch!(branch, pc, regs, cx, facc)
            }
            Err(code) => fail!(code, c, regs, cx, facc),
        }
    }
}
