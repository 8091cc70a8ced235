//! Whole memories and tables: sizes, growing, single elements, segments that are dropped. Operands may be registers or
//! constants throughout. What may take time is in `ranges`.

use super::access::Address;
use super::expression::{Either, Expr};
use super::shape::{self, Key};
use super::statement::Statement;
use super::word::Word;
use crate::memory::{LinearMemory, Segment, TableInstance};
use crate::runtime::context::Context;
use crate::threaded::Flow;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use crate::value::Value;
use minivm_isa::{Opcode, TrapCode};
use std::marker::PhantomData;

/// The memory that an operand names.
///
/// # Safety
/// The instruction has such an operand next, and no reference to that memory is in use.
#[inline(always)]
pub(super) unsafe fn memory<'a>(c: &mut Cursor) -> &'a mut LinearMemory {
    // SAFETY: the compiler writes the address of a memory of the instance, which lives as long as the code.
    unsafe { &mut *(c.u64() as usize as *mut LinearMemory) }
}

/// The table that an operand names.
///
/// # Safety
/// As for `memory`.
#[inline(always)]
pub(super) unsafe fn table<'a>(c: &mut Cursor) -> &'a mut TableInstance {
    // SAFETY: as for `memory`.
    unsafe { &mut *(c.u64() as usize as *mut TableInstance) }
}

/// The segment that an operand names.
///
/// # Safety
/// As for `memory`.
#[inline(always)]
pub(super) unsafe fn segment<'a, T>(c: &mut Cursor) -> &'a mut Segment<T> {
    // SAFETY: as for `memory`.
    unsafe { &mut *(c.u64() as usize as *mut Segment<T>) }
}

/// An operand of any kind.
///
/// # Safety
/// As for [`Expr::eval`].
#[inline(always)]
pub(super) unsafe fn operand<T: Word>(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<T, TrapCode> {
    // SAFETY: the caller vouches for the operands.
    unsafe { Either::<T>::eval(c, regs, cx) }
}

/// As [`operand`], for addresses and counts.
///
/// # Safety
/// As for [`Expr::eval`].
#[inline(always)]
pub(super) unsafe fn number<A: Address>(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<u64, TrapCode> {
    // SAFETY: the caller vouches for the operands.
    unsafe { operand::<A>(c, regs, cx).map(Into::into) }
}

/// A number of 128 bits in two operands, the low half first.
///
/// # Safety
/// As for [`Expr::eval`].
#[inline(always)]
unsafe fn wide(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<u128, TrapCode> {
    // SAFETY: the caller vouches for the operands.
    unsafe {
        let low = operand::<u64>(c, regs, cx)?;
        Ok(u128::from(operand::<u64>(c, regs, cx)?) << 64 | u128::from(low))
    }
}

/// Writes the halves of a number to the next two slots.
///
/// # Safety
/// The operands name registers of the frame.
#[inline(always)]
unsafe fn halves(c: &mut Cursor, regs: Regs, value: u128) {
    // SAFETY: passed on.
    unsafe {
        u64::write(regs, c.u16(), value as u64);
        u64::write(regs, c.u16(), (value >> 64) as u64);
    }
}

/// Defines statements: `Name<Types> = |c, regs, cx| body`, where the body is `unsafe` and gives a `Result`. They are found by
/// the compiler directly, so their keys are never looked up.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident <$($parameter:ident),*> $opcode:ident = |$c:ident, $regs:ident, $cx:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name<$($parameter = u32),*>(PhantomData<($($parameter,)*)>);
        impl<$($parameter: Address),*> Statement for $name<$($parameter),*> {
            const KEY: Key = shape::operation(Opcode::$opcode, &[$($parameter::WIDE as u64),*]);
            /// # Safety
            /// The caller vouches for the operands.
            #[inline(always)]
            unsafe fn execute($c: &mut Cursor, $regs: Regs, $cx: *mut Context) -> Result<(), TrapCode> {
                // SAFETY: the caller vouches for the operands.
                unsafe { $body }
            }
        }
    )*};
}

pub(super) use statements;

statements! {
    /// Operands: memory, slot.
    MemorySize<A> MemorySize = |c, regs, _cx| {
        let pages = memory(c).pages();
        A::write(regs, c.u16(), A::from_count(pages));
        Ok(())
    };
    /// Operands: pages, memory, slot.
    MemoryGrow<A> MemoryGrow = |c, regs, cx| {
        let pages = number::<A>(c, regs, cx)?;
        let memory = c.u64() as usize as *mut LinearMemory;
        let before = grow_memory(cx, Flow { pc: c.here().sub(1), regs }, memory, pages);
        A::write(regs, c.u16(), before.map_or(A::FAILED, A::from_count));
        Ok(())
    };
    /// Operand: segment.
    DataDrop<> DataDrop = |c, _regs, _cx| {
        segment::<u8>(c).clear();
        Ok(())
    };
    /// Operands: two factors, slots of the halves.
    I64MulWideS<> I64MulWideS = |c, regs, cx| {
        let (lhs, rhs) = (operand::<u64>(c, regs, cx)?, operand::<u64>(c, regs, cx)?);
        halves(c, regs, (i128::from(lhs as i64) * i128::from(rhs as i64)) as u128);
        Ok(())
    };
    /// Operands: two factors, slots of the halves.
    I64MulWideU<> I64MulWideU = |c, regs, cx| {
        let (lhs, rhs) = (operand::<u64>(c, regs, cx)?, operand::<u64>(c, regs, cx)?);
        halves(c, regs, u128::from(lhs) * u128::from(rhs));
        Ok(())
    };
    /// Operands: halves of two numbers, slots of the halves.
    I64Add128<> I64Add128 = |c, regs, cx| {
        let (lhs, rhs) = (wide(c, regs, cx)?, wide(c, regs, cx)?);
        halves(c, regs, lhs.wrapping_add(rhs));
        Ok(())
    };
    /// Operands: halves of two numbers, slots of the halves.
    I64Sub128<> I64Sub128 = |c, regs, cx| {
        let (lhs, rhs) = (wide(c, regs, cx)?, wide(c, regs, cx)?);
        halves(c, regs, lhs.wrapping_sub(rhs));
        Ok(())
    };
    /// Operands: source, length, segment, size.
    DataCheck<> DataCheck = |c, regs, cx| {
        let (source, length) = (number::<u32>(c, regs, cx)?, number::<u32>(c, regs, cx)?);
        let (segment, size) = (segment::<u8>(c), c.u64());
        let bytes = length.checked_mul(size).ok_or(TrapCode::MemoryBounds)?;
        segment.range(source, bytes).map(drop).ok_or(TrapCode::MemoryBounds)
    };
    /// Operands: source, length, segment.
    ElementCheck<> ElementCheck = |c, regs, cx| {
        let (source, length) = (number::<u32>(c, regs, cx)?, number::<u32>(c, regs, cx)?);
        segment::<Value>(c).range(source, length).map(drop).ok_or(TrapCode::TableBounds)
    };
    /// Operands: index, table, slot.
    TableGet<A> TableGet = |c, regs, cx| {
        let index = number::<A>(c, regs, cx)?;
        let value = table(c).get(index)?;
        Value::write(regs, c.u16(), value);
        Ok(())
    };
    /// Operands: index, value, table.
    TableSet<A> TableSet = |c, regs, cx| {
        let (index, value) = (number::<A>(c, regs, cx)?, operand::<Value>(c, regs, cx)?);
        table(c).set(index, value)
    };
    /// Operands: table, slot.
    TableSize<A> TableSize = |c, regs, _cx| {
        let length = table(c).length();
        A::write(regs, c.u16(), A::from_count(length));
        Ok(())
    };
    /// Operand: segment.
    ElementDrop<> ElementDrop = |c, _regs, _cx| {
        segment::<Value>(c).clear();
        Ok(())
    };
}

/// As so many units a growth of a memory counts for interrupts: it is a call of the operating system.
const GROW_UNITS: i64 = 1 << 10;

/// Grows a memory, and lets the context know where its bytes are then. If the limit does not allow it, garbage goes first.
///
/// # Safety
/// `cx` is the context of the running machine, `at` a place of the running instruction, which has changed nothing yet; the
/// memory is one of the instance, to which no reference is in use.
#[inline(never)]
unsafe fn grow_memory(cx: *mut Context, at: Flow, memory: *mut LinearMemory, pages: u64) -> Option<u64> {
    // SAFETY: the caller vouches for the context, the place and the memory.
    unsafe {
        (*cx).heap.report();
        (*cx).hasten(GROW_UNITS);
        let mut before = (*memory).grow(pages);
        if before.is_none() && (*memory).may_grow(pages) {
            crate::runtime::collect::collect_at(&mut *cx, at);
            before = (*memory).grow(pages);
        }
        if std::ptr::eq((*cx).main_memory_of, memory) {
            (*cx).main_memory = (*memory).view();
        }
        before
    }
}
