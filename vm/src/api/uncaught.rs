//! Runs that stop where an error is raised that nobody catches.

use crate::api::machine::Machine;
use crate::runtime::context::{Context, Status};
use crate::runtime::error::{ErrorReport, InlinedCall};
use crate::runtime::frame_view::Position;
use crate::runtime::task::Uncaught;
use crate::threaded::Flow;
use crate::value::Value;
use std::rc::Rc;

impl Machine {
    /// Says whether a run that raises an error which nothing in the program catches stops there, with its stack as it is: no
    /// protected call, no handler, on the running fiber and on those that have resumed it. It is not so at first.
    ///
    /// Such a run ends with [`RunState::Failed`](crate::raw::RunState::Failed) as it would without, but [`frames`](Self::frames)
    /// shows where, [`save`](Self::save) takes it along, and [`resume`](Self::resume) goes on: it unwinds the stack, cleans
    /// up, and ends with `Failed` again. What resumes a fiber and gets its error as a result catches it.
    pub fn set_keep_stack_on_error(&mut self, keeps: bool) {
        self.cx.keeps_uncaught = keeps;
    }

    /// Gives errors of instructions other words: what this gives is the error value, as a string, with a position or without; where it
    /// gives none, the error has its own words. It must give the same for the same, as programs see it; it is asked again by machines
    /// that load the state, which have to have it, too.
    pub fn set_error_words(&mut self, words: impl Fn(&ErrorReport) -> Option<String> + Send + 'static) {
        self.cx.errors.words = Some(Rc::new(words));
    }

    /// Tells tracebacks of errors that end a run of inlined calls: `inlined` gives those around a byte of the module of this name, the
    /// innermost first. It is asked for places that line tables of a module have told, and only then. Programs do not see it.
    pub fn set_inlined_calls(&mut self, inlined: impl Fn(&str, u32) -> Vec<InlinedCall> + Send + 'static) {
        self.cx.errors.inlined = Some(Rc::new(inlined));
    }

    /// Where the error was raised that has ended a run last: in the innermost function with code and positions.
    pub fn failed_at(&self) -> Option<&Position> {
        self.cx.failed_at.as_ref()
    }

    /// The error that the run has stopped at, see [`set_keep_stack_on_error`](Self::set_keep_stack_on_error).
    pub fn uncaught_error(&self) -> Option<Value> {
        match self.cx.run.uncaught {
            Uncaught::Stopped(error) => Some(error),
            Uncaught::Never | Uncaught::GoneOn => None,
        }
    }
}

impl Machine {
    /// Raises an error where a run stands that has stopped and could go on, with that position before the message;
    /// [`resume`](Machine::resume) goes on with whoever catches it. For interrupts that a program may handle. Says whether there
    /// is such a run.
    pub fn raise(&mut self, message: impl AsRef<[u8]>) -> bool {
        self.raise_by(|cx, at| {
            // SAFETY: the run stands, so its state is whole.
            unsafe { crate::runtime::unwind::raise_message(cx, at, message) }
        })
    }

    /// As [`raise`](Self::raise), with the position where the running function was called, as the interpreter of Lua has it.
    pub fn raise_in_caller(&mut self, message: &str) -> bool {
        self.raise_by(|cx, at| {
            let message = crate::runtime::error::position_of_call(cx, at) + message;
            let value = cx.heap.string_value(message.as_bytes()).unwrap_or(Value::NIL);
            // SAFETY: the run stands, so its state is whole.
            unsafe { crate::runtime::unwind::raise(cx, at, value) }
        })
    }

    fn raise_by(&mut self, raise: impl FnOnce(&mut Context, Flow) -> Flow) -> bool {
        let cx = &mut self.cx;
        if !cx.stand() {
            return false;
        }
        cx.status = Status::Running;
        cx.stepping = true;
        let at = Flow { pc: cx.pc, regs: cx.regs };
        let flow = raise(cx, at);
        cx.stepping = false;
        cx.go_on(flow);
        true
    }
}
