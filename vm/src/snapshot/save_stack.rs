//! Fibers and their frames as bytes.

use super::hooks::{write_hook, write_hook_levels};
use super::save::{Saving, typed};
use crate::bytes::SnapshotError;
use crate::bytes::Writer;
use crate::heap::Closure;
use crate::heap::transfer::{HeapSaver, SaveOutside};
use crate::runtime::deoptimise::deoptimise_fiber;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::GuestFunction;
use crate::runtime::task::Uncaught;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::{set_any, values_at, words_between};
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::{Convention, Type};

/// How a fiber's state is written.
pub(crate) mod state {
    pub(in crate::snapshot) const NEW: u8 = 0;
    pub(in crate::snapshot) const SUSPENDED: u8 = 1;
    pub(in crate::snapshot) const RUNNING: u8 = 2;
    pub(in crate::snapshot) const NORMAL: u8 = 3;
    pub(in crate::snapshot) const DEAD: u8 = 4;
    pub(in crate::snapshot) const FAILED: u8 = 5;
    /// It runs, and has stopped at an error that nobody catches.
    pub(in crate::snapshot) const RAISED: u8 = 6;
    /// As these, in a run that is suspended.
    pub(in crate::snapshot) const PARKED_NEW: u8 = 7;
    pub(in crate::snapshot) const PARKED: u8 = 8;
    pub(in crate::snapshot) const PARKED_RAISED: u8 = 9;
}

/// What a level of a stack is written as; continuations have their kind above these.
pub(crate) const GUEST: u8 = 0;
pub(crate) const HOST: u8 = 1;
pub(crate) const CONTINUATION: u8 = 2;
pub(crate) const BOUNDARY: u8 = 3;
/// A frame of a host function that has not begun, as finalisers run first.
pub(crate) const HOST_FINALISER: u8 = 4;
/// A frame of a host function that is to begin a state.
pub(crate) const HOST_PAUSED: u8 = 5;

/// A frame of a host function whose call or return is reported to a hook.
pub(crate) const HOST_HOOK: u8 = 6;

/// The kinds of continuations in the order of their numbers in snapshots.
pub(crate) const CONTINUATION_KINDS: [ContinuationKind; 14] = [
    ContinuationKind::Entry,
    ContinuationKind::Host,
    ContinuationKind::Store,
    ContinuationKind::StoreTruthy,
    ContinuationKind::Branch,
    ContinuationKind::Discard,
    ContinuationKind::Return,
    ContinuationKind::Concat,
    ContinuationKind::MessageHandler,
    ContinuationKind::Resume,
    ContinuationKind::Close,
    ContinuationKind::Finaliser,
    ContinuationKind::Paused,
    ContinuationKind::Hook,
];

impl Saving<'_> {
    /// Writes a fiber; one that runs has its state in the context.
    pub(crate) fn fiber_state(
        &mut self,
        fiber: &mut Fiber,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        // SAFETY: the fiber is live, and the run stands.
        unsafe {
            deoptimise_fiber(self.cx, fiber);
            let is_new = matches!(fiber.state, FiberState::Suspended | FiberState::Parked) && fiber.pc.is_null();
            let kind = match fiber.state {
                FiberState::Suspended if is_new => state::NEW,
                FiberState::Suspended => state::SUSPENDED,
                FiberState::Parked if is_new => state::PARKED_NEW,
                FiberState::Parked if fiber.failed => state::PARKED_RAISED,
                FiberState::Parked => state::PARKED,
                FiberState::Running if matches!(self.cx.run.uncaught, Uncaught::Stopped(_)) => state::RAISED,
                FiberState::Running => state::RUNNING,
                FiberState::Normal => state::NORMAL,
                FiberState::Dead if fiber.failed => state::FAILED,
                FiberState::Dead => state::DEAD,
            };
            out.byte(kind);
            out.count(fiber.stack.words());
            out.flag(!fiber.suspended_in.is_null());
            if !fiber.suspended_in.is_null() {
                self.function(fiber.suspended_in.cast(), out)?;
            }
            write_hook(fiber, heap, out);
            if kind == state::DEAD {
                return Ok(());
            }
            if is_new {
                heap.value(fiber.waiting_callee(), out);
                return Ok(());
            }
            heap.reference(fiber.resumer.cast(), out);
            let (at, calling) = match kind {
                state::RUNNING | state::RAISED => (Flow { pc: self.cx.pc, regs: self.cx.regs }, false),
                _ => (Flow { pc: fiber.pc, regs: fiber.saved_regs() }, fiber.waits_for_call()),
            };
            let has_failed = matches!(kind, state::RAISED | state::FAILED | state::PARKED_RAISED);
            self.levels(fiber, (at, calling, has_failed), heap, out)
        }
    }

    /// Writes the levels of a stack from the bottom up; `has_failed` says that an error happened in the one on top.
    ///
    /// # Safety
    /// `at` is the state of the fiber, whole, which nobody changes meanwhile.
    unsafe fn levels(
        &mut self,
        fiber: &Fiber,
        (at, calling, has_failed): (Flow, bool, bool),
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        let mut walk = Walk::at(self.cx.continuation_return(), at, calling);
        let mut levels = Vec::new();
        let mut boundaries = Vec::new();
        // SAFETY: the state is whole, and the stack does not change.
        while let Some((level, at)) = unsafe { walk.next() } {
            if matches!(level, Level::Boundary { .. }) {
                boundaries.push(at.pc);
            }
            levels.push(level);
        }
        let mut boundaries = boundaries.into_iter();
        levels.reverse();
        out.number(closing_level(fiber, &levels));
        out.number(self.overflow_level(fiber, &levels));
        write_hook_levels(fiber, &levels, out);
        out.count(levels.len());
        for (index, level) in levels.iter().enumerate() {
            // SAFETY: the levels are those of the stack.
            unsafe {
                match *level {
                    Level::Guest { guest, closure, regs, instruction, calling, .. } => {
                        let handles = |above: &Level<'_>| match *above {
                            Level::Continuation { continuation } => {
                                Continuation::at(continuation).kind == ContinuationKind::MessageHandler
                            }
                            _ => false,
                        };
                        let ended = levels.get(index + 1).map_or(has_failed, handles);
                        out.byte(GUEST);
                        heap.reference(closure.cast(), out);
                        out.count(instruction);
                        out.flag(calling);
                        out.flag(fiber.pinned.contains(&words_between(fiber.stack.start(), regs)));
                        self.registers(guest, regs, (instruction, calling, ended), heap, out);
                    }
                    Level::Host { closure, base, continuation, .. } => {
                        write_host(closure, base, continuation, heap, out);
                    }
                    Level::Continuation { continuation } => write_continuation(continuation, heap, out),
                    Level::Boundary { closure } => {
                        out.byte(BOUNDARY);
                        heap.reference(closure.cast(), out);
                        // What a bridge returns to is known from its signature.
                        let place = boundaries.next_back().expect("all boundaries were met");
                        out.byte(self.cx.return_stubs.number_of_typed(place).unwrap_or(u8::MAX));
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the registers that hold something at an instruction. Where an error has `ended` it, those that optimised code may not
    /// have written hold nothing: nobody goes on there, and a state is the same in every form of code.
    ///
    /// # Safety
    /// `regs` are those of a frame of the function in baseline code, at that instruction.
    unsafe fn registers(
        &mut self,
        guest: &GuestFunction,
        regs: Regs,
        (instruction, calling, ended): (usize, bool, bool),
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) {
        let (function, slots) = (guest.portable(), guest.slots());
        let map = guest.stack_map().expect("it is made with the code");
        let held = map.held_baseline(function, instruction, calling);
        let absent = ended.then(|| map.absent_before(function, instruction));
        let (nil, zero) = (nil_words(), [0; 2]);
        // SAFETY: in baseline code every register holds what the dataflow says it does.
        unsafe {
            for (reg, &ty) in function.registers.iter() {
                if held.contains(reg) && absent.as_ref().is_some_and(|absent| absent.contains(reg)) {
                    typed(heap, ty, if ty == Type::Any { nil.as_ptr() } else { zero.as_ptr() }, out);
                } else if held.contains(reg) {
                    typed(heap, ty, regs.add(slots.of(reg) as usize), out);
                }
            }
            if guest.convention == Convention::Variadic {
                let (first, count) = Frame::at(regs).varargs(guest.params as usize);
                list(first, count as u32 * 2, heap, out);
            }
        }
    }
}

/// Nil, as a register holds it.
fn nil_words() -> [u64; 2] {
    let mut words = [0; 2];
    // SAFETY: an `any` value takes two words.
    unsafe { set_any(words.as_mut_ptr(), 0, Value::NIL) };
    words
}

impl Saving<'_> {
    /// The level of the message handler that may use more than a full stack, from 1, if it is on this fiber.
    fn overflow_level(&self, fiber: &Fiber, levels: &[Level<'_>]) -> u64 {
        let handlers = &self.overflow_handlers;
        let handler = handlers.iter().find(|(cell, _)| {
            // SAFETY: the fiber of a handler lives.
            std::ptr::eq(unsafe { Fiber::of(*cell) }, fiber)
        });
        let Some(&(_, height)) = handler else { return 0 };
        let is_it = |level: &Level<'_>| match level {
            Level::Continuation { continuation } => words_between(fiber.stack.start(), *continuation) == height,
            _ => false,
        };
        levels.iter().position(is_it).map_or(0, |index| index as u64 + 1)
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
                Level::Host { .. } | Level::Continuation { .. } | Level::Boundary { .. } => false,
            });
            below.next_back().map_or(1, |(index, _)| index as u64 + 2)
        }
    }
}

/// Writes a host function's frame, with its continuation.
///
/// # Safety
/// Callers give a frame of a stack.
unsafe fn write_host(closure: *mut Closure, base: Regs, continuation: Regs, heap: &mut HeapSaver, out: &mut Writer) {
    // SAFETY: callers give a frame of a stack.
    unsafe {
        let continuation = Continuation::at(continuation);
        let kind = match continuation.kind {
            ContinuationKind::Finaliser => HOST_FINALISER,
            ContinuationKind::Paused => HOST_PAUSED,
            ContinuationKind::Hook => HOST_HOOK,
            _ => HOST,
        };
        out.byte(kind);
        heap.reference(closure.cast(), out);
        out.number(u64::from(continuation.state));
        out.byte(continuation.protect as u8);
        out.number(u64::from(continuation.nesting));
        heap.value(continuation.value, out);
        list(base, continuation.values, heap, out);
        if kind != HOST {
            out.byte(continuation.came as u8);
        }
        if kind == HOST_HOOK {
            out.number(continuation.spare);
        }
        if kind == HOST_PAUSED {
            out.number(u64::from(continuation.delta / 2));
            out.number(continuation.spare);
        }
    }
}

/// # Safety
/// Callers give a continuation of a stack.
unsafe fn write_continuation(at: Regs, heap: &mut HeapSaver, out: &mut Writer) {
    // SAFETY: callers give a continuation of a stack.
    unsafe {
        let continuation = *Continuation::at(at);
        out.byte(CONTINUATION);
        let number = CONTINUATION_KINDS.iter().position(|&kind| kind == continuation.kind);
        out.byte(number.expect("all kinds are in the list") as u8);
        out.number(u64::from(continuation.nesting));
        heap.value(continuation.value, out);
        match continuation.kind {
            ContinuationKind::Finaliser => out.flag(continuation.state != 0),
            ContinuationKind::Hook => {
                out.number(continuation.spare);
                out.flag(continuation.next.is_null());
                list(at.sub(continuation.values as usize), continuation.values, heap, out);
            }
            ContinuationKind::Concat => list(at.sub(continuation.values as usize), continuation.values, heap, out),
            _ => {}
        }
    }
}

/// Writes `any` values that take so many words, with their number.
///
/// # Safety
/// Callers name `any` slots.
unsafe fn list(first: Regs, words: u32, heap: &mut HeapSaver, out: &mut Writer) {
    out.number(u64::from(words / 2));
    // SAFETY: callers name `any` slots.
    for value in unsafe { values_at(first, words as usize / 2) } {
        heap.value(value, out);
    }
}
