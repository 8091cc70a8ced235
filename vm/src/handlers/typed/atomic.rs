//! Atomic accesses of linear memories, waiting on them and notifying who waits. Operands may be registers or constants throughout.

use super::access::Address;
use super::bulk::{memory, number, operand, statements};
use super::shape::{self, Key};
use super::statement::Statement;
use super::word::Word;
use crate::memory::LinearMemory;
use crate::runtime::context::Context;
use crate::runtime::waits::NOT_EQUAL;
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};
use std::marker::PhantomData;

/// Where an access of `size` bytes begins: aligned, and inside.
fn locate(memory: &LinearMemory, address: u64, offset: u64, size: u64) -> Result<u64, TrapCode> {
    let start = address.checked_add(offset).ok_or(TrapCode::MemoryBounds)?;
    if start & (size - 1) != 0 {
        return Err(TrapCode::UnalignedAtomic);
    }
    memory.slice(start, size).map(|_| start).map_err(|_| TrapCode::MemoryBounds)
}

/// Reads the operands of an access that come after its numbers, all but the result: memory, offset, size.
///
/// # Safety
/// As for `memory`.
#[inline(always)]
unsafe fn access<'a>(c: &mut Cursor, address: u64) -> Result<&'a mut [u8], TrapCode> {
    // SAFETY: passed on; the compiler writes both numbers after the memory.
    let (memory, offset, size) = unsafe { (memory(c), c.u64(), c.u64()) };
    let start = locate(memory, address, offset, size)?;
    memory.slice_mut(start, size).map_err(|_| TrapCode::MemoryBounds)
}

fn load(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// Changes the number at an address by a rule. Operands: address, source, memory, offset, size, slot.
///
/// # Safety
/// The caller vouches for the operands.
#[inline(always)]
unsafe fn update<A: Address, N: Address>(
    c: &mut Cursor,
    regs: Regs,
    cx: *mut Context,
    rule: impl FnOnce(u64, u64) -> u64,
) -> Result<(), TrapCode> {
    // SAFETY: the caller vouches for the operands.
    unsafe {
        let (address, source) = (number::<A>(c, regs, cx)?, number::<N>(c, regs, cx)?);
        let bytes = access(c, address)?;
        let old = load(bytes);
        let count = bytes.len();
        bytes.copy_from_slice(&rule(old, source).to_le_bytes()[..count]);
        N::write(regs, c.u16(), N::from_count(old));
        Ok(())
    }
}

/// Changes the number at an address if it is the expected one. Operands: address, expected, source, memory, offset, size, slot.
///
/// # Safety
/// The caller vouches for the operands.
#[inline(always)]
unsafe fn compare_exchange<A: Address, N: Address>(
    c: &mut Cursor,
    regs: Regs,
    cx: *mut Context,
) -> Result<(), TrapCode> {
    // SAFETY: the caller vouches for the operands.
    unsafe {
        let address = number::<A>(c, regs, cx)?;
        let (expected, source) = (number::<N>(c, regs, cx)?, number::<N>(c, regs, cx)?);
        let bytes = access(c, address)?;
        let old = load(bytes);
        if old == expected {
            let count = bytes.len();
            bytes.copy_from_slice(&source.to_le_bytes()[..count]);
        }
        N::write(regs, c.u16(), N::from_count(old));
        Ok(())
    }
}

/// Begins a wait. Operands: address, expected, memory, offset, slot.
///
/// # Safety
/// The caller vouches for the operands.
#[inline(always)]
unsafe fn wait<A: Address, N: Address>(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<(), TrapCode> {
    // SAFETY: the caller vouches for the operands; the context is live.
    unsafe {
        let (address, expected) = (number::<A>(c, regs, cx)?, number::<N>(c, regs, cx)?);
        let memory = memory(c);
        let start = locate(memory, address, c.u64(), size_of::<N>() as u64)?;
        if !memory.is_shared() {
            return Err(TrapCode::ExpectedShared);
        }
        let found = memory.slice(start, size_of::<N>() as u64).map_err(|_| TrapCode::MemoryBounds)?;
        let number = match load(found) == expected {
            true => (*cx).waits.begin(memory, start)?,
            false => NOT_EQUAL,
        };
        u64::write(regs, c.u16(), number);
        Ok(())
    }
}

statements! {
    /// Operands: address, memory, offset, size.
    AddressAlign<A> AddressAlign = |c, regs, cx| {
        let address = number::<A>(c, regs, cx)?;
        let _ = memory(c);
        let (offset, size) = (c.u64(), c.u64());
        // Where it does not fit into 64 bits, it is a multiple of as much as the rest.
        if address.wrapping_add(offset) & (size - 1) == 0 { Ok(()) } else { Err(TrapCode::UnalignedAtomic) }
    };
    /// See `update`.
    I32AtomicAdd<A> I32AtomicAdd = |c, regs, cx| update::<A, u32>(c, regs, cx, u64::wrapping_add);
    /// See `update`.
    I32AtomicSub<A> I32AtomicSub = |c, regs, cx| update::<A, u32>(c, regs, cx, u64::wrapping_sub);
    /// See `update`.
    I32AtomicAnd<A> I32AtomicAnd = |c, regs, cx| update::<A, u32>(c, regs, cx, |old, source| old & source);
    /// See `update`.
    I32AtomicOr<A> I32AtomicOr = |c, regs, cx| update::<A, u32>(c, regs, cx, |old, source| old | source);
    /// See `update`.
    I32AtomicXor<A> I32AtomicXor = |c, regs, cx| update::<A, u32>(c, regs, cx, |old, source| old ^ source);
    /// See `update`.
    I32AtomicExchange<A> I32AtomicExchange = |c, regs, cx| update::<A, u32>(c, regs, cx, |_, source| source);
    /// See `compare_exchange`.
    I32AtomicCompareExchange<A> I32AtomicCompareExchange = |c, regs, cx| compare_exchange::<A, u32>(c, regs, cx);
    /// See `update`.
    I64AtomicAdd<A> I64AtomicAdd = |c, regs, cx| update::<A, u64>(c, regs, cx, u64::wrapping_add);
    /// See `update`.
    I64AtomicSub<A> I64AtomicSub = |c, regs, cx| update::<A, u64>(c, regs, cx, u64::wrapping_sub);
    /// See `update`.
    I64AtomicAnd<A> I64AtomicAnd = |c, regs, cx| update::<A, u64>(c, regs, cx, |old, source| old & source);
    /// See `update`.
    I64AtomicOr<A> I64AtomicOr = |c, regs, cx| update::<A, u64>(c, regs, cx, |old, source| old | source);
    /// See `update`.
    I64AtomicXor<A> I64AtomicXor = |c, regs, cx| update::<A, u64>(c, regs, cx, |old, source| old ^ source);
    /// See `update`.
    I64AtomicExchange<A> I64AtomicExchange = |c, regs, cx| update::<A, u64>(c, regs, cx, |_, source| source);
    /// See `compare_exchange`.
    I64AtomicCompareExchange<A> I64AtomicCompareExchange = |c, regs, cx| compare_exchange::<A, u64>(c, regs, cx);
    /// Operands: address, count, memory, offset, slot.
    MemoryNotify<A> MemoryNotify = |c, regs, cx| {
        let (address, count) = (number::<A>(c, regs, cx)?, operand::<u32>(c, regs, cx)?);
        let memory = memory(c);
        let start = locate(memory, address, c.u64(), 4)?;
        let ended = (*cx).waits.notify(memory, start, count);
        u32::write(regs, c.u16(), ended);
        Ok(())
    };
    /// See `wait`.
    MemoryWaitI32<A> MemoryWaitI32 = |c, regs, cx| wait::<A, u32>(c, regs, cx);
    /// See `wait`.
    MemoryWaitI64<A> MemoryWaitI64 = |c, regs, cx| wait::<A, u64>(c, regs, cx);
}
