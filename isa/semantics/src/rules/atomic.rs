//! Rules of atomic accesses: alignment is checked first, then bounds, then everything is done at once. Nobody waits here, as there is one
//! thread: a wait begins, and that is all.

use super::scope::{Flow, Scope, Stop};
use crate::store::range;
use crate::value::Typed;
use minivm_isa::entities::{Memory, Reg};
use minivm_isa::{Instruction, Operand, TrapCode};

/// A number in memory: the memory, the address, the offset.
type Place = (Memory, Operand, u64);

impl Scope<'_> {
    /// `address + offset`, which is a multiple of a size.
    fn aligned(&mut self, (_, address, offset): Place, bytes: u64) -> Result<u64, TrapCode> {
        let sum = self.value(address).address().wrapping_add(offset);
        if sum % bytes == 0 { Ok(sum) } else { Err(TrapCode::UnalignedAtomic) }
    }

    /// The bytes of the number.
    fn number(&mut self, place: Place, bytes: u64) -> Result<&mut [u8], TrapCode> {
        let (memory, address, offset) = place;
        self.value(address).address().checked_add(offset).ok_or(TrapCode::MemoryBounds)?;
        let start = self.aligned(place, bytes)?;
        let memory = &mut self.memory(memory).bytes;
        let range = range(start, bytes, memory.len(), TrapCode::MemoryBounds)?;
        Ok(&mut memory[range])
    }

    /// `dst = old`, and the number becomes what the rule says.
    fn change<T: Typed>(
        &mut self,
        (dst, place, bytes): (Reg, Place, u64),
        cast: impl FnOnce(u64) -> T,
        rule: impl FnOnce(u64) -> u64,
    ) -> Result<Flow, Stop> {
        let number = self.number(place, bytes)?;
        let old = word(number);
        number.copy_from_slice(&rule(old).to_le_bytes()[..bytes as usize]);
        self.set(dst, cast(old));
        Ok(Flow::Next)
    }

    /// The memory and the address that waits on a number name.
    fn waits_at(&mut self, place: Place, bytes: u64) -> Result<(usize, u64), TrapCode> {
        let address = self.aligned(place, bytes)?;
        Ok((self.instance().memories[place.0.as_u32() as usize], address))
    }

    /// Ends waits on a number; `dst` = how many.
    fn notify(&mut self, dst: Reg, place: Place, count: u32) -> Result<Flow, Stop> {
        self.number(place, 4)?;
        let (memory, address) = self.waits_at(place, 4)?;
        let waits = self.store.waits.iter_mut().filter(|wait| **wait == (memory, address, false));
        let ended = waits.take(count as usize).map(|wait| wait.2 = true).count();
        self.set(dst, ended as u32);
        Ok(Flow::Next)
    }

    /// `dst` = the number of a wait, or -1.
    fn wait(&mut self, (dst, place, bytes): (Reg, Place, u64), expected: u64) -> Result<Flow, Stop> {
        let found = word(self.number(place, bytes)?);
        if !self.memory(place.0).is_shared {
            return Err(TrapCode::ExpectedShared.into());
        }
        let mut number = -1i64;
        if found == expected {
            number = self.store.waits.len() as i64;
            let wait = self.waits_at(place, bytes)?;
            self.store.waits.push((wait.0, wait.1, false));
        }
        self.set(dst, number);
        Ok(Flow::Next)
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

macro_rules! changes {
    ($scope:ident, $instruction:ident, $($row:ident: $ty:ty, $sizes:literal = |$old:ident, $src:ident| $rule:expr;)*) => {
        match *$instruction {
            $(Instruction::$row { dst, memory, address, offset, src, size } => {
                let $src = u64::from($scope.get::<$ty>(src));
                let access = (dst, (memory, address, offset), 1 << (size % $sizes));
                return Some($scope.change(access, |old| old as $ty, |$old| $rule));
            })*
            _ => {}
        }
    };
}

pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    changes! { scope, instruction,
        I32AtomicAdd: u32, 3 = |old, src| old.wrapping_add(src);
        I32AtomicSub: u32, 3 = |old, src| old.wrapping_sub(src);
        I32AtomicAnd: u32, 3 = |old, src| old & src;
        I32AtomicOr: u32, 3 = |old, src| old | src;
        I32AtomicXor: u32, 3 = |old, src| old ^ src;
        I32AtomicExchange: u32, 3 = |_old, src| src;
        I64AtomicAdd: u64, 4 = |old, src| old.wrapping_add(src);
        I64AtomicSub: u64, 4 = |old, src| old.wrapping_sub(src);
        I64AtomicAnd: u64, 4 = |old, src| old & src;
        I64AtomicOr: u64, 4 = |old, src| old | src;
        I64AtomicXor: u64, 4 = |old, src| old ^ src;
        I64AtomicExchange: u64, 4 = |_old, src| src;
    }
    Some(match *instruction {
        Instruction::I32AtomicCompareExchange { dst, memory, address, offset, expected, src, size } => {
            let (expected, src) = (u64::from(scope.get::<u32>(expected)), u64::from(scope.get::<u32>(src)));
            let access = (dst, (memory, address, offset), 1 << (size % 3));
            scope.change(access, |old| old as u32, |old| if old == expected { src } else { old })
        }
        Instruction::I64AtomicCompareExchange { dst, memory, address, offset, expected, src, size } => {
            let (expected, src) = (scope.get::<u64>(expected), scope.get::<u64>(src));
            let access = (dst, (memory, address, offset), 1 << (size % 4));
            scope.change(access, |old| old, |old| if old == expected { src } else { old })
        }
        Instruction::AddressAlign { memory, address, offset, size } => {
            scope.aligned((memory, address, offset), 1 << (size % 4)).map(|_| Flow::Next).map_err(Stop::from)
        }
        Instruction::MemoryNotify { dst, memory, address, offset, count } => {
            let count = scope.get::<u32>(count);
            scope.notify(dst, (memory, address, offset), count)
        }
        Instruction::MemoryWaitI32 { dst, memory, address, offset, expected } => {
            let expected = scope.get::<u32>(expected).into();
            scope.wait((dst, (memory, address, offset), 4), expected)
        }
        Instruction::MemoryWaitI64 { dst, memory, address, offset, expected } => {
            let expected = scope.get(expected);
            scope.wait((dst, (memory, address, offset), 8), expected)
        }
        _ => return None,
    })
}
