//! Errors that nobody catches, as places where a run stops with its stack as it is.

use super::unwind::{self, regions_at};
use super::walk::{Level, Walk};
use crate::runtime::context::{Context, Status};
use crate::runtime::error::traceback;
use crate::runtime::failure::Failure;
use crate::runtime::fiber::Fiber;
use crate::runtime::frames::innermost;
use crate::runtime::function::HostFunction;
use crate::runtime::host::{Intrinsic, Protect};
use crate::runtime::task::Uncaught;
use crate::threaded::Flow;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::lookups::Catches;
use crate::value::Value;

/// Stops the run at `at`, where `error` is raised, if that is wanted and nobody catches it.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn stop_at(cx: &mut Context, at: Flow, error: Value) -> Option<Flow> {
    let may = cx.keeps_uncaught && matches!(cx.run.uncaught, Uncaught::Never);
    // SAFETY: passed on.
    if !may || unsafe { is_caught(cx, at, error) } {
        return None;
    }
    let trace = traceback(cx, at, false);
    cx.failed_at = innermost(cx, at, false);
    cx.run.uncaught = Uncaught::Stopped(error);
    cx.run.failure = Some(Failure::Error { value: error, trap: cx.run.pending_trap, trace });
    cx.open_count = 0;
    Some(cx.stop(Status::Failed, at))
}

/// Whether somebody on the running fiber or those that wait for it catches an error that is raised at `at`.
///
/// # Safety
/// `at` is the running frame, whole, and the error is live.
unsafe fn is_caught(cx: &Context, at: Flow, error: Value) -> bool {
    // SAFETY: the error at hand is live.
    let catching = if unsafe { cx.is_exception(error) } { Catches::Exceptions } else { Catches::Errors };
    let mut walk = Walk::new(cx, at, false);
    let mut cell = cx.run.fiber;
    // SAFETY: the fibers in the chain are alive, and their stacks do not change.
    unsafe {
        if walk.clone().next().is_some_and(|(level, _)| is_entry(&level)) {
            // There is nothing on the stack that could be looked at.
            return true;
        }
        loop {
            let fiber = Fiber::of(cell);
            // What a fiber fails with that is being closed goes to who closes it.
            if fiber.closing_height.is_some() {
                return true;
            }
            while let Some((level, _)) = walk.next() {
                if catches(&level, catching) {
                    return true;
                }
            }
            cell = fiber.resumer;
            if cell.is_null() {
                return false;
            }
            let waiting = Fiber::of(cell);
            walk = Walk::new(cx, Flow { pc: waiting.pc, regs: waiting.saved_regs() }, true);
            match walk.next() {
                Some((Level::Host { host, continuation, .. }, _))
                    if raises_again(host, Continuation::at(continuation)) => {}
                _ => return true,
            }
        }
    }
}

/// Whether a level is the bottom of a stack.
fn is_entry(level: &Level<'_>) -> bool {
    // SAFETY: the level comes from a walk.
    matches!(level, Level::Continuation { continuation } if unsafe { Continuation::at(*continuation) }.kind == ContinuationKind::Entry)
}

/// Whether an error above stops at a level.
fn catches(level: &Level<'_>, catching: Catches) -> bool {
    match level {
        Level::Guest { guest, instruction, .. } => regions_at(guest, *instruction, catching).1.is_some(),
        // SAFETY: the level comes from a walk.
        Level::Host { continuation, .. } => unsafe { Continuation::at(*continuation) }.protect != Protect::No,
        Level::Continuation { continuation } => {
            // SAFETY: the level comes from a walk. Errors of finalisers go no further.
            unsafe { Continuation::at(*continuation) }.kind == ContinuationKind::Finaliser
        }
        Level::Boundary { .. } => false,
    }
}

/// Whether a host function that waits for a fiber raises the fiber's error in its caller.
fn raises_again(host: &HostFunction, waiting: &Continuation) -> bool {
    matches!(host.intrinsic, Some(Intrinsic::Resumes { state, first: None, .. }) if state == waiting.state)
}

impl Context {
    /// Goes on with a run that has stopped for an error: unwinds the stack. In baseline code, as no slice has begun yet that the
    /// handler could be paid from.
    pub(crate) fn unwind_uncaught(&mut self, error: Value) {
        self.run.uncaught = Uncaught::GoneOn;
        self.status = Status::Running;
        self.run.failure = None;
        self.stepping = true;
        let at = Flow { pc: self.pc, regs: self.regs };
        // SAFETY: the state is that of the stopped run.
        let flow = unsafe { unwind::raise_uncaught(self, at, error) };
        self.stepping = false;
        self.go_on(flow);
    }
}
