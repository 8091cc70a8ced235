//! Fibers and their frames as bytes.

use super::SnapshotError;
use super::bytes::Writer;
use super::save::{Saving, typed};
use super::settle::{closure_at, settle_fiber};
use crate::dispatch::{Flow, Regs};
use crate::function::GuestFunction;
use crate::heap::Closure;
use crate::heap::transfer::HeapSaver;
use crate::stack::call::{values_at, varargs, words_between};
use crate::stack::fiber::{Fiber, FiberState};
use crate::stack::record::{Record, RecordKind};
use crate::stack::switch::waiting_callee;
use crate::stack::walk::{Level, Walk};
use minivm_isa::Convention;

/// How a fiber's state is written.
pub(super) mod state {
    pub(in crate::snapshot) const NEW: u8 = 0;
    pub(in crate::snapshot) const SUSPENDED: u8 = 1;
    pub(in crate::snapshot) const RUNNING: u8 = 2;
    pub(in crate::snapshot) const NORMAL: u8 = 3;
    pub(in crate::snapshot) const DEAD: u8 = 4;
    pub(in crate::snapshot) const FAILED: u8 = 5;
}

/// What a level of a stack is written as; records have their kind above these.
pub(super) const GUEST: u8 = 0;
pub(super) const HOST: u8 = 1;
pub(super) const RECORD: u8 = 2;

/// The kinds of records in the order of their numbers in snapshots.
pub(super) const RECORD_KINDS: [RecordKind; 14] = [
    RecordKind::Entry,
    RecordKind::Host,
    RecordKind::Store,
    RecordKind::StoreTruthy,
    RecordKind::Branch,
    RecordKind::Discard,
    RecordKind::Return,
    RecordKind::Concat,
    RecordKind::MessageHandler,
    RecordKind::TypedResults,
    RecordKind::AnyResults,
    RecordKind::Resume,
    RecordKind::Close,
    RecordKind::Finaliser,
];

impl Saving<'_> {
    /// Writes a fiber; one that runs has its state in the context.
    pub(super) fn fiber_state(
        &mut self,
        fiber: &mut Fiber,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        // SAFETY: the fiber is live, and the run stands.
        unsafe {
            settle_fiber(self.cx, fiber);
            let is_new = fiber.state == FiberState::Suspended && fiber.pc.is_null();
            let kind = match fiber.state {
                FiberState::Suspended if is_new => state::NEW,
                FiberState::Suspended => state::SUSPENDED,
                // A fiber that ran when the machine was left has nothing to go on with.
                FiberState::Running | FiberState::Normal if self.cx.pc.is_null() => state::DEAD,
                FiberState::Running => state::RUNNING,
                FiberState::Normal => state::NORMAL,
                FiberState::Dead if fiber.failed => state::FAILED,
                FiberState::Dead => state::DEAD,
            };
            out.byte(kind);
            if kind == state::DEAD {
                return Ok(());
            }
            if is_new {
                heap.value(waiting_callee(fiber), out);
                return Ok(());
            }
            heap.reference(fiber.resumer.cast(), out);
            let (at, calling) = match kind {
                state::RUNNING => (Flow { pc: self.cx.pc, regs: self.cx.regs }, false),
                _ => (Flow { pc: fiber.pc, regs: fiber.saved_regs() }, kind != state::FAILED),
            };
            self.levels(fiber, at, calling, heap, out)
        }
    }

    /// Writes the levels of a stack from the bottom up.
    unsafe fn levels(
        &mut self,
        fiber: &Fiber,
        at: Flow,
        calling: bool,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        let mut walk = Walk::at(self.cx.record_return(), at, calling);
        let mut levels = Vec::new();
        // SAFETY: the state is whole, and the stack does not change.
        while let Some((level, _)) = unsafe { walk.next() } {
            levels.push(level);
        }
        levels.reverse();
        out.number(closing_level(fiber, &levels));
        out.count(levels.len());
        for level in &levels {
            // SAFETY: the levels are those of the stack.
            unsafe {
                match *level {
                    Level::Guest { guest, closure, regs, instruction, .. } => {
                        out.byte(GUEST);
                        heap.reference(closure.cast(), out);
                        out.count(instruction);
                        self.registers(guest, regs, instruction, heap, out);
                    }
                    Level::Host { closure, base, record, .. } => {
                        out.byte(HOST);
                        heap.reference(closure.cast(), out);
                        let record = Record::at(record);
                        out.number(u64::from(record.state));
                        out.byte(record.protect as u8);
                        heap.value(record.value, out);
                        list(base, record.values, heap, out);
                    }
                    Level::Record { record } => write_record(record, heap, out),
                }
            }
        }
        Ok(())
    }

    /// Writes the registers that hold something at an instruction.
    unsafe fn registers(
        &mut self,
        guest: &GuestFunction,
        regs: Regs,
        instruction: usize,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) {
        let (function, slots) = (guest.portable(), guest.slots());
        let map = guest.frame_map.get().expect("it is made with the code");
        let held = map.held_plain(function, instruction);
        // SAFETY: in plain code every register holds what the dataflow says it does.
        unsafe {
            for (reg, &ty) in function.registers.iter() {
                if held.contains(reg) {
                    typed(heap, ty, regs.add(slots.of(reg) as usize), out);
                }
            }
            if guest.convention == Convention::Variadic {
                let (first, count) = varargs(regs, guest.params as usize);
                list(first, count as u32 * 2, heap, out);
            }
        }
    }
}

/// Where clean-ups of a fiber that is being closed have got to: 0 for none, 1 for the top, else 2 and the number of the level.
fn closing_level(fiber: &Fiber, levels: &[Level<'_>]) -> u64 {
    match fiber.closing_height {
        None => 0,
        Some(usize::MAX) => 1,
        Some(height) => {
            let mut below = levels.iter().enumerate().filter(|(_, level)| match level {
                Level::Guest { regs, .. } => words_between(fiber.stack.start(), *regs) <= height,
                Level::Host { .. } | Level::Record { .. } => false,
            });
            below.next_back().map_or(1, |(index, _)| index as u64 + 2)
        }
    }
}

unsafe fn write_record(at: Regs, heap: &mut HeapSaver, out: &mut Writer) {
    // SAFETY: callers give a record of a stack.
    unsafe {
        let record = *Record::at(at);
        out.byte(RECORD);
        let number = RECORD_KINDS.iter().position(|&kind| kind == record.kind);
        out.byte(number.expect("all kinds are in the list") as u8);
        heap.value(record.value, out);
        match record.kind {
            RecordKind::TypedResults | RecordKind::AnyResults => {
                let base = at.sub(record.values as usize);
                let closure: *mut Closure = closure_at(base);
                heap.reference(closure.cast(), out);
                list(base, record.values, heap, out);
            }
            RecordKind::Concat => list(at.sub(record.values as usize), record.values, heap, out),
            _ => {}
        }
    }
}

/// Writes `any` values that take so many words, with their number.
unsafe fn list(first: Regs, words: u32, heap: &mut HeapSaver, out: &mut Writer) {
    out.number(u64::from(words / 2));
    // SAFETY: callers name `any` slots.
    for value in unsafe { values_at(first, words as usize / 2) } {
        heap.value(value, out);
    }
}
