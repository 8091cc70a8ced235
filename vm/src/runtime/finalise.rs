//! Finalisers: when they run, what becomes of their errors, and the end of a program.
//!
//! In one run they run one after another, never one inside another: above a guest frame before an instruction that was about to
//! allocate, or above a host function before it begins. What they fail with is told to a function that the host has
//! registered, and goes no further.

use super::{stepping, switch, unwind};
use crate::runtime::call::{self};
use crate::runtime::context::Context;
use crate::runtime::host::Returned;
use crate::runtime::host_run::{self, call_from_continuation};
use crate::runtime::metamethod::Metamethod;
use crate::threaded::continuation::Came;
use crate::threaded::continuation::{CONTINUATION_DELTA, Continuation, ContinuationKind, Protect};
use crate::threaded::operands::set_any;
use crate::threaded::operands::words_between;
use crate::threaded::{Flow, Regs};
use crate::value::Value;

/// Name in the registry of a function that is given what finalisers fail with.
pub const FINALISER_ERROR: &str = "finaliser.error";

impl Context {
    /// The next object to finalise, and its finaliser.
    pub(crate) fn next_finaliser(&mut self) -> Option<(Value, Value)> {
        while let Some(object) = self.heap.next_finaliser() {
            let finaliser = self.metamethod(object, Metamethod::Gc);
            if !finaliser.is_nil() {
                return Some((object, finaliser));
            }
        }
        None
    }

    /// Whether finalisers are due and may run here.
    pub(crate) fn may_finalise(&self) -> bool {
        self.heap.has_finalisers() && self.run.finaliser_in.is_null()
    }

    pub(crate) fn finaliser_error(&self) -> Value {
        self.registry.get(FINALISER_ERROR).copied().unwrap_or(Value::NIL)
    }
}

/// Runs the finalisers that are due before the instruction at `at`, which has not begun and starts again afterwards.
///
/// # Safety
/// `at` is the running guest frame, and no open list is alive.
pub(crate) unsafe fn run_before_instruction(cx: &mut Context, at: Flow) -> Flow {
    // SAFETY: nothing waits above the frame, as the instruction has not begun.
    unsafe {
        let top = crate::runtime::function::top_of(at.regs);
        let Some(regs) = cx.reserve(at.regs, at.regs.add(top), CONTINUATION_DELTA + 16) else { return at };
        let at = Flow { regs, ..at };
        let Some((object, finaliser)) = cx.next_finaliser() else { return at };
        let mut continuation = Continuation::instruction(ContinuationKind::Finaliser, at.pc, at.pc, top);
        continuation.protect = Protect::Catch;
        continuation.metered = cx.is_metered();
        continuation.nesting = cx.run.nesting;
        stepping::pay_before(cx, at);
        let place = regs.add(top);
        place.cast::<Continuation>().write(continuation);
        let flow = call_above(cx, place, finaliser, object);
        stepping::stop_if_used_up(cx, flow)
    }
}

/// Runs the finalisers that are due before a host function with `count` arguments at `base` begins; none if there is no room.
///
/// # Safety
/// The frame at `base` is on top of the stack, its header is written, and a continuation has room above it.
pub(crate) unsafe fn run_before_host(cx: &mut Context, base: Regs, count: usize, came: Came) -> Option<Flow> {
    // SAFETY: room is made above the arguments.
    unsafe {
        let offset = words_between(cx.stack_start, base) + count * 2;
        cx.reserve(base, base.add(count * 2), CONTINUATION_DELTA + 16)?;
        let (object, finaliser) = cx.next_finaliser()?;
        let place = cx.stack_start.add(offset);
        let mut continuation = call::host_continuation(0, Protect::Catch, Value::NIL, count);
        (continuation.kind, continuation.came) = (ContinuationKind::Finaliser, came);
        continuation.nesting = cx.run.nesting;
        place.cast::<Continuation>().write(continuation);
        Some(call_above(cx, place, finaliser, object))
    }
}

/// Calls a function with one argument above the continuation at `place`.
///
/// # Safety
/// A continuation lies at `place`, on top of the stack, with room for a call above it.
unsafe fn call_above(cx: &mut Context, place: Regs, callee: Value, argument: Value) -> Flow {
    // SAFETY: room was made above the continuation.
    unsafe {
        cx.run.finaliser_in = cx.run.fiber;
        cx.nest();
        let new = place.add(CONTINUATION_DELTA);
        set_any(new, 0, argument);
        let return_place = cx.continuation_return();
        call_from_continuation(cx, callee, new, 1, return_place, Flow { pc: return_place, regs: place })
    }
}

/// A finaliser has returned, or failed; its continuation is at `place`.
///
/// # Safety
/// The continuation is on top of the stack.
pub(crate) unsafe fn returned(cx: &mut Context, place: Regs) -> Flow {
    // SAFETY: the continuation says what it interrupted.
    unsafe {
        cx.run.finaliser_in = std::ptr::null_mut();
        let continuation = Continuation::at(place);
        let telling = std::mem::replace(&mut continuation.state, 0) != 0;
        if let Some(error) = cx.pending_error.take()
            && !telling
            && !cx.finaliser_error().is_nil()
        {
            continuation.state = 1;
            return call_above(cx, place, cx.finaliser_error(), error);
        }
        if let Some((object, finaliser)) = cx.next_finaliser() {
            return call_above(cx, place, finaliser, object);
        }
        let continuation = *continuation;
        if continuation.next.is_null() {
            return host_run::go_on(cx, place, Returned::Nothing);
        }
        stepping::go_on(cx, &continuation, Flow { pc: continuation.next, regs: place.sub(continuation.delta as usize) })
    }
}

/// Ends the program with an exit status, after the clean-ups of the main fiber.
///
/// # Safety
/// `at` is the running frame: a continuation.
pub(crate) unsafe fn exit_closing(cx: &mut Context, at: Flow, status: i32) -> Flow {
    cx.run.exit = Some(status);
    // SAFETY: passed on.
    unsafe {
        let at = switch::to_main(cx, at);
        if cx.run.finaliser_in != cx.run.main_fiber {
            // It has ended with its fiber.
            cx.run.finaliser_in = std::ptr::null_mut();
        }
        unwind::close(cx, at, None)
    }
}
