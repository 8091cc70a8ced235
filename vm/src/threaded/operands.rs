//! Reading operands of threaded code and registers of a frame.

use crate::threaded::{Pc, Regs};
use crate::value::{Tag, Value};
use minivm_isa::Type;

/// Reads the operands of an instruction one after the other. The position is known when the handler is compiled, so it
/// costs nothing.
#[derive(Clone, Copy)]
pub(crate) struct Cursor {
    pc: Pc,
    offset: usize,
}

impl Cursor {
    /// Halves of the handler's address, which the first operand follows.
    pub(crate) const FIRST: usize = 4;

    /// At operands that begin somewhere inside of an instruction.
    #[inline(always)]
    pub(crate) fn at(operands: Pc) -> Self {
        Cursor { pc: operands, offset: 0 }
    }

    /// At operands of the instruction at `pc`, so many halves behind its start.
    #[inline(always)]
    pub(crate) fn inside(pc: Pc, offset: usize) -> Self {
        Cursor { pc, offset }
    }

    /// Skips what fills up to a multiple of so many halves from the start of the instruction.
    #[inline(always)]
    pub(crate) fn align(&mut self, halves: usize) {
        self.offset = self.offset.next_multiple_of(halves);
    }

    /// The operands after the handler address at `pc`.
    #[inline(always)]
    pub(crate) fn new(pc: Pc) -> Self {
        Cursor { pc, offset: Self::FIRST }
    }

    /// A 16-bit operand.
    ///
    /// # Safety
    /// The instruction has one more operand.
    #[inline(always)]
    pub(crate) unsafe fn u16(&mut self) -> usize {
        let at = self.offset;
        self.offset += 1;
        // SAFETY: the caller knows the layout of its own instruction.
        unsafe { *self.pc.add(at) as usize }
    }

    /// A signed 16-bit operand.
    ///
    /// # Safety
    /// As for `u16`.
    #[inline(always)]
    pub(crate) unsafe fn i16(&mut self) -> i64 {
        // SAFETY: as for `u16`.
        unsafe { self.u16() as u16 as i16 as i64 }
    }

    /// A 32-bit operand.
    ///
    /// # Safety
    /// The instruction has two more operands.
    #[inline(always)]
    pub(crate) unsafe fn u32(&mut self) -> u32 {
        let at = self.offset;
        self.offset += 2;
        // SAFETY: the caller knows the layout of its own instruction.
        unsafe { self.pc.add(at).cast::<u32>().read_unaligned() }
    }

    /// A 64-bit operand.
    ///
    /// # Safety
    /// The instruction has four more operands.
    #[inline(always)]
    pub(crate) unsafe fn u64(&mut self) -> u64 {
        let at = self.offset;
        self.offset += 4;
        // SAFETY: the caller knows the layout of its own instruction.
        unsafe { self.pc.add(at).cast::<u64>().read_unaligned() }
    }

    /// A 128-bit operand.
    ///
    /// # Safety
    /// The instruction has eight more operands, and `T` is 128 bits that may be any.
    #[inline(always)]
    pub(crate) unsafe fn wide<T>(&mut self) -> T {
        const { assert!(size_of::<T>() == 16) }
        let at = self.offset;
        self.offset += 8;
        // SAFETY: the caller knows the layout of its own instruction.
        unsafe { self.pc.add(at).cast::<T>().read_unaligned() }
    }

    /// Address of the next operand, for those the handler rewrites.
    ///
    /// # Safety
    /// The instruction has one more operand.
    #[inline(always)]
    pub(crate) unsafe fn here(&self) -> Pc {
        // SAFETY: as for `u16`.
        unsafe { self.pc.add(self.offset) }
    }

    /// The next instruction: the end of the operands, rounded up to 8 bytes.
    ///
    /// # Safety
    /// All operands were read.
    #[inline(always)]
    pub(crate) unsafe fn end(&self) -> Pc {
        // SAFETY: the compiler pads every instruction to 8 bytes and ends code with a terminator.
        unsafe { self.pc.add((self.offset + 3) & !3) }
    }
}

/// Reads an `any` register: payload word and tag word, never as one 16-byte access (that would miss store forwarding).
///
/// # Safety
/// `slot` names an `any` register of the frame.
#[inline(always)]
pub(crate) unsafe fn get_any(regs: Regs, slot: usize) -> Value {
    // SAFETY: the caller names a register of the frame.
    unsafe { Value { payload: *regs.add(slot), tag: tag_at(regs, slot) } }
}

/// Writes an `any` register.
///
/// # Safety
/// As for `get_any`.
#[inline(always)]
pub(crate) unsafe fn set_any(regs: Regs, slot: usize, value: Value) {
    // SAFETY: the caller names a register of the frame.
    unsafe {
        *regs.add(slot) = value.payload;
        *regs.add(slot + 1).cast::<Tag>() = value.tag;
    }
}

/// The tag of an `any` register.
///
/// # Safety
/// As for `get_any`.
#[inline(always)]
pub(crate) unsafe fn tag_at(regs: Regs, slot: usize) -> Tag {
    // SAFETY: the caller names a register of the frame.
    unsafe { *regs.add(slot + 1).cast::<Tag>() }
}

/// Distance in words between two places of a stack.
pub(crate) fn words_between(low: Regs, high: Regs) -> usize {
    (high as usize - low as usize) / 8
}

/// The values in consecutive `any` slots.
///
/// # Safety
/// They are `any` slots that hold values.
pub(crate) unsafe fn values_at(slots: Regs, count: usize) -> Vec<Value> {
    // SAFETY: passed on.
    (0..count).map(|index| unsafe { get_any(slots, index * 2) }).collect()
}

/// Words that values of these types take.
pub(crate) fn words_of(types: &[Type]) -> usize {
    types.iter().map(|ty| ty.words() as usize).sum()
}
