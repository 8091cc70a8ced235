//! Errors that nobody catches, as places where a run stops with its stack as it is.

use super::unwind::{self, regions_at};
use super::walk::{Level, Walk};
use crate::context::{Context, Status};
use crate::dispatch::Flow;
use crate::error::{Failure, traceback};
use crate::fiber::Fiber;
use crate::function::HostFunction;
use crate::host::{Intrinsic, Protect};
use crate::machine::Machine;
use crate::stack::record::{Record, RecordKind};
use crate::value::Value;

/// Whether a run has stopped for an error that nobody catches.
#[derive(Clone, Copy, Default)]
pub(crate) enum Uncaught {
    /// It has not.
    #[default]
    Never,
    /// It has stopped where this one was raised, and nothing is unwound.
    Stopped(Value),
    /// It went on from there: the stack is being unwound, and it does not stop again.
    GoneOn,
}

impl Machine {
    /// Says whether a run that raises an error which nothing in the program catches stops there, with its stack as it is: no
    /// protected call, no handler, on the running fiber and on those that have resumed it. It is not so at first.
    ///
    /// Such a run ends with [`RunState::Failed`](crate::RunState::Failed) as it would without, but [`frames`](Self::frames)
    /// shows where, [`save`](Self::save) takes it along, and [`resume`](Self::resume) goes on: it unwinds the stack, cleans
    /// up, and ends with `Failed` again. What resumes a fiber and gets its error as a result catches it.
    pub fn set_keep_stack_on_error(&mut self, keeps: bool) {
        self.cx.keeps_uncaught = keeps;
    }

    /// The error that the run has stopped at, see [`set_keep_stack_on_error`](Self::set_keep_stack_on_error).
    pub fn uncaught_error(&self) -> Option<Value> {
        match self.cx.run.uncaught {
            Uncaught::Stopped(error) => Some(error),
            Uncaught::Never | Uncaught::GoneOn => None,
        }
    }
}

/// Stops the run at `at`, where `error` is raised, if that is wanted and nobody catches it.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn stop_at(cx: &mut Context, at: Flow, error: Value) -> Option<Flow> {
    let may = cx.keeps_uncaught && matches!(cx.run.uncaught, Uncaught::Never);
    // SAFETY: passed on.
    if !may || unsafe { is_caught(cx, at) } {
        return None;
    }
    let trace = traceback(cx, at, false);
    cx.run.uncaught = Uncaught::Stopped(error);
    cx.run.failure = Some(Failure::Error { value: error, trap: cx.run.pending_trap, trace });
    cx.open_count = 0;
    Some(cx.stop(Status::Failed, at))
}

/// Whether somebody on the running fiber or those that wait for it catches an error that is raised at `at`.
unsafe fn is_caught(cx: &Context, at: Flow) -> bool {
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
                if catches(&level) {
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
                Some((Level::Host { host, record, .. }, _)) if raises_again(host, Record::at(record)) => {}
                _ => return true,
            }
        }
    }
}

/// Whether a level is the bottom of a stack.
fn is_entry(level: &Level<'_>) -> bool {
    // SAFETY: the level comes from a walk.
    matches!(level, Level::Record { record } if unsafe { Record::at(*record) }.kind == RecordKind::Entry)
}

/// Whether an error above stops at a level.
fn catches(level: &Level<'_>) -> bool {
    match level {
        Level::Guest { guest, instruction, .. } => regions_at(guest, *instruction, true).1.is_some(),
        // SAFETY: the level comes from a walk.
        Level::Host { record, .. } => unsafe { Record::at(*record) }.protect != Protect::No,
        // SAFETY: as above. Errors of finalisers go no further.
        Level::Record { record } => unsafe { Record::at(*record) }.kind == RecordKind::Finaliser,
        Level::Border { .. } => false,
    }
}

/// Whether a host function that waits for a fiber raises the fiber's error in its caller.
fn raises_again(host: &HostFunction, waiting: &Record) -> bool {
    matches!(host.intrinsic, Some(Intrinsic::Resumes { state, first: None }) if state == waiting.state)
}

impl Machine {
    /// Raises an error where a run stands that has stopped and could go on, with that position before the message;
    /// [`resume`](Machine::resume) goes on with whoever catches it. For interrupts that a program may handle. Says whether there
    /// is such a run.
    pub fn raise(&mut self, message: impl AsRef<[u8]>) -> bool {
        let cx = &mut self.cx;
        if !cx.stand() {
            return false;
        }
        cx.status = Status::Running;
        cx.stepping = true;
        // SAFETY: the run stands, so its state is whole.
        let flow = unsafe { unwind::raise_message(cx, Flow { pc: cx.pc, regs: cx.regs }, message) };
        cx.stepping = false;
        cx.go_on(flow);
        true
    }
}

impl Context {
    /// Goes on with a run that has stopped for an error: unwinds the stack. In plain code, as no slice has begun yet that the
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
