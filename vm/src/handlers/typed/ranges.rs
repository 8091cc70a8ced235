//! Ranges of memories and tables: filling, copying, segments, growing tables. They may be long, so they are done in slices
//! where they are: see `stack::work`.

use super::access::Address;
use super::bulk::{memory, number, operand, segment, table};
use crate::memory::{LinearMemory, TableInstance};
use crate::runtime::context::Context;
use crate::runtime::task::Work;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::MEMORY_BYTES_PER_UNIT as BYTES;
use crate::runtime::work::leave_optimised;
use crate::runtime::work::pay_small;
use crate::runtime::work::stop_inside;
use crate::runtime::work::take_slice;
use crate::threaded::Flow;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use crate::value::Value;
use minivm_isa::TrapCode;
use std::marker::PhantomData;
use std::ops::Range;

/// Elements of a table that are 1 unit of work.
const ELEMENTS: u64 = 16;

/// Work on a range, with its operands.
pub(crate) trait RangeWork: Sized {
    /// Items that are 1 unit.
    const PER_UNIT: u64;

    /// Reads the operands.
    ///
    /// # Safety
    /// `c` is at the operands of such an instruction of the running frame.
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode>;

    /// How many items there are, if all of them are inside. `done` of them are done already.
    fn check(&mut self, done: u64) -> Result<u64, TrapCode>;

    /// Bytes that it takes from the account of the machine; garbage goes first where they are not left.
    fn bytes(&self) -> u64 {
        0
    }

    /// Does these items, in any order that suits it, but slices come one after the other.
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode>;

    /// Whether it has failed, so that nothing more is to be done.
    fn has_failed(&self) -> bool {
        false
    }

    /// Writes the result.
    ///
    /// # Safety
    /// As for [`read`](Self::read); the operands were read.
    unsafe fn finish(self, _c: &mut Cursor, _regs: Regs) {}
}

slow_handler! {
    /// An instruction on a range.
    pub(crate) fn range<W: RangeWork>(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let mut c = Cursor::new(pc);
        match range_at::<W>(cx, &mut c, Flow { pc, regs }) {
            Ok(flow) => flow,
            // A slice before may have been inside when another run has not yet changed that.
            Err(code) => raise_trap(cx, Flow { pc, regs }, code),
        }
    }
}

/// # Safety
/// `at` is the running frame at such an instruction, `c` at its operands.
#[inline(always)]
unsafe fn range_at<W: RangeWork>(cx: &mut Context, c: &mut Cursor, at: Flow) -> Result<Flow, TrapCode> {
    // SAFETY: passed on.
    unsafe {
        let mut work = W::read(c, at.regs, cx)?;
        let bytes = work.bytes();
        if bytes > 0 {
            cx.heap.report();
        }
        if bytes > cx.heap.room_bytes() as u64 {
            drop(work);
            crate::runtime::collect::collect_at(cx, at);
            *c = Cursor::new(at.pc);
            work = W::read(c, at.regs, cx)?;
        }
        let done = cx.run.work.as_ref().map_or(0, |work| work.done.saturating_mul(W::PER_UNIT));
        let length = work.check(done)?;
        if !pay_small(cx, length / W::PER_UNIT) {
            return long_range(cx, c, at, work, length);
        }
        work.run(0..length)?;
        work.finish(c, at.regs);
        Ok(Flow { pc: c.end(), regs: at.regs })
    }
}

/// A slice of a long range; the first one is done after optimised code was left.
///
/// # Safety
/// As for `range_at`; the operands were read.
#[cold]
#[inline(never)]
unsafe fn long_range<W: RangeWork>(
    cx: &mut Context,
    c: &mut Cursor,
    at: Flow,
    mut work: W,
    length: u64,
) -> Result<Flow, TrapCode> {
    // SAFETY: passed on; nothing is moved over instructions that are bulk.
    unsafe {
        if !crate::runtime::work::is_baseline(at) {
            return Ok(leave_optimised(cx, at));
        }
        let units = length / W::PER_UNIT;
        let (from, to, object) = take_slice(cx, units);
        let end = if to == units { length } else { to * W::PER_UNIT };
        work.run(from * W::PER_UNIT..end)?;
        if to < units && !work.has_failed() {
            return Ok(stop_inside(cx, at, Work { done: to, object, has_begun: false }));
        }
        work.finish(c, at.regs);
        Ok(Flow { pc: c.end(), regs: at.regs })
    }
}

/// `memory_fill`. Operands: address, value, length, memory.
pub(crate) struct MemoryFill<'m, A> {
    memory: &'m mut LinearMemory,
    address: u64,
    value: u8,
    length: u64,
    width: PhantomData<A>,
}

impl<A: Address> RangeWork for MemoryFill<'_, A> {
    const PER_UNIT: u64 = BYTES;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (address, value, length) =
                (number::<A>(c, regs, cx)?, operand::<u32>(c, regs, cx)?, number::<A>(c, regs, cx)?);
            Ok(MemoryFill { memory: memory(c), address, value: value as u8, length, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        self.memory.slice(self.address, self.length).map_err(|_| TrapCode::MemoryBounds)?;
        Ok(self.length)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let filled = self.memory.fill(self.address + items.start, self.value, items.end - items.start);
        filled.map_err(|_| TrapCode::MemoryBounds)
    }
}

/// The places of a slice of `length` items that are copied from `from` to `to`: where they overlap, so that none is written
/// before it is read.
pub(super) fn part_of_copy((to, from, length): (u64, u64, u64), items: &Range<u64>) -> (u64, u64, u64) {
    let start = if to > from { length - items.end } else { items.start };
    (to + start, from + start, items.end - items.start)
}

/// `memory_copy`. Operands: address, source, length, memory, source memory.
pub(crate) struct MemoryCopy<A, B, C> {
    to: *mut LinearMemory,
    from: *mut LinearMemory,
    /// Address, source, length.
    range: (u64, u64, u64),
    width: PhantomData<(A, B, C)>,
}

impl<A: Address, B: Address, C: Address> RangeWork for MemoryCopy<A, B, C> {
    const PER_UNIT: u64 = BYTES;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let range = (number::<A>(c, regs, cx)?, number::<B>(c, regs, cx)?, number::<C>(c, regs, cx)?);
            let (to, from) = (c.u64() as usize as *mut LinearMemory, c.u64() as usize as *mut LinearMemory);
            Ok(MemoryCopy { to, from, range, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        let (address, source, length) = self.range;
        // SAFETY: `read` was given memories of the instance, to which no references are in use.
        let inside = unsafe { (*self.from).slice(source, length).is_ok() && (*self.to).slice(address, length).is_ok() };
        if inside { Ok(length) } else { Err(TrapCode::MemoryBounds) }
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let (address, source, length) = part_of_copy(self.range, &items);
        // SAFETY: as for `check`; the memories are not the same when both are referred to.
        let copied = unsafe {
            if std::ptr::eq(self.to, self.from) {
                (*self.to).copy_within(address, source, length)
            } else {
                (*self.from).slice(source, length).and_then(|bytes| (*self.to).write(address, bytes))
            }
        };
        copied.map_err(|_| TrapCode::MemoryBounds)
    }
}

/// `memory_init`. Operands: address, source, length, memory, segment.
pub(crate) struct MemoryInit<'m, A> {
    memory: &'m mut LinearMemory,
    address: u64,
    bytes: &'m [u8],
    width: PhantomData<A>,
}

impl<A: Address> RangeWork for MemoryInit<'_, A> {
    const PER_UNIT: u64 = BYTES;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (address, source, length) =
                (number::<A>(c, regs, cx)?, number::<u32>(c, regs, cx)?, number::<u32>(c, regs, cx)?);
            let (memory, segment) = (memory(c), segment::<u8>(c));
            let bytes = segment.range(source, length).ok_or(TrapCode::MemoryBounds)?;
            Ok(MemoryInit { memory, address, bytes, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        let length = self.bytes.len() as u64;
        self.memory.slice(self.address, length).map_err(|_| TrapCode::MemoryBounds)?;
        Ok(length)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let bytes = &self.bytes[items.start as usize..items.end as usize];
        self.memory.write(self.address + items.start, bytes).map_err(|_| TrapCode::MemoryBounds)
    }
}

/// `table_fill`. Operands: index, value, length, table.
pub(crate) struct TableFill<'m, A> {
    table: &'m mut TableInstance,
    index: u64,
    value: Value,
    length: u64,
    width: PhantomData<A>,
}

impl<A: Address> RangeWork for TableFill<'_, A> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (index, value, length) =
                (number::<A>(c, regs, cx)?, operand::<Value>(c, regs, cx)?, number::<A>(c, regs, cx)?);
            Ok(TableFill { table: table(c), index, value, length, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        self.table.check_range(self.index, self.length)?;
        if self.length > 0 && !self.table.accepts(self.value) {
            return Err(TrapCode::WrongKind);
        }
        Ok(self.length)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        self.table.fill(self.index + items.start, self.value, items.end - items.start)
    }
}

/// `table_copy`. Operands: index, source, length, table, source table.
pub(crate) struct TableCopy<A, B, C> {
    to: *mut TableInstance,
    from: *const TableInstance,
    /// Index, source, length.
    range: (u64, u64, u64),
    width: PhantomData<(A, B, C)>,
}

impl<A: Address, B: Address, C: Address> RangeWork for TableCopy<A, B, C> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let range = (number::<A>(c, regs, cx)?, number::<B>(c, regs, cx)?, number::<C>(c, regs, cx)?);
            let (to, from) = (c.u64() as usize as *mut TableInstance, c.u64() as usize as *const TableInstance);
            Ok(TableCopy { to, from, range, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        let (index, source, length) = self.range;
        // SAFETY: `read` was given tables of the instance, to which no references are in use.
        unsafe {
            (*self.from).check_range(source, length)?;
            (*self.to).check_range(index, length)?;
        }
        Ok(length)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let (index, source, length) = part_of_copy(self.range, &items);
        // SAFETY: as for `check`; the tables are not the same when both are referred to.
        unsafe {
            if std::ptr::eq(self.to, self.from) {
                (*self.to).copy_within(index, source, length)
            } else {
                (*self.to).init(index, (*self.from).values(), source, length)
            }
        }
    }
}

/// `table_init`. Operands: index, source, length, table, segment.
pub(crate) struct TableInit<'m, A> {
    table: &'m mut TableInstance,
    index: u64,
    values: &'m [Value],
    source: u64,
    length: u64,
    width: PhantomData<A>,
}

impl<A: Address> RangeWork for TableInit<'_, A> {
    const PER_UNIT: u64 = ELEMENTS;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (index, source, length) =
                (number::<A>(c, regs, cx)?, number::<u32>(c, regs, cx)?, number::<u32>(c, regs, cx)?);
            let (table, segment) = (table(c), segment::<Value>(c));
            Ok(TableInit { table, index, values: segment.items(), source, length, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, _done: u64) -> Result<u64, TrapCode> {
        let inside = self.source.checked_add(self.length).is_some_and(|end| end <= self.values.len() as u64);
        if !inside {
            return Err(TrapCode::TableBounds);
        }
        self.table.check_range(self.index, self.length)?;
        Ok(self.length)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        self.table.init(self.index + items.start, self.values, self.source + items.start, items.end - items.start)
    }
}

/// `table_grow`. Operands: value, count, table, slot. While it grows, others see what is there so far.
pub(crate) struct TableGrow<'m, A> {
    table: &'m mut TableInstance,
    value: Value,
    count: u64,
    /// Its size before; none when it may not grow so far.
    before: Option<u64>,
    width: PhantomData<A>,
}

impl<A: Address> RangeWork for TableGrow<'_, A> {
    const PER_UNIT: u64 = ELEMENTS;

    fn bytes(&self) -> u64 {
        if self.table.may_grow(self.count) { self.table.growth_bytes(self.count) } else { 0 }
    }

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
        // SAFETY: the caller vouches for the operands.
        unsafe {
            let (value, count) = (operand::<Value>(c, regs, cx)?, number::<A>(c, regs, cx)?);
            Ok(TableGrow { table: table(c), value, count, before: None, width: PhantomData })
        }
    }

    #[inline(always)]
    fn check(&mut self, done: u64) -> Result<u64, TrapCode> {
        if !self.table.accepts(self.value) {
            return Err(TrapCode::WrongKind);
        }
        let left = self.count.saturating_sub(done);
        if !self.table.may_grow(left) {
            self.table.shrink(done.min(self.count));
            return Ok(0);
        }
        self.before = Some(self.table.length().saturating_sub(done));
        Ok(self.count)
    }

    #[inline(always)]
    fn run(&mut self, items: Range<u64>) -> Result<(), TrapCode> {
        let count = items.end - items.start;
        if self.before.is_some() && self.table.grow(count, self.value).is_none() {
            // What the host has it may have given to somebody else meanwhile.
            self.table.shrink(items.start);
            self.before = None;
        }
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.before.is_none()
    }

    #[inline(always)]
    unsafe fn finish(self, c: &mut Cursor, regs: Regs) {
        // SAFETY: the slot is the last operand.
        unsafe { A::write(regs, c.u16(), self.before.map_or(A::FAILED, A::from_count)) }
    }
}
