//! The `coroutine` library, on the machine's fibers.

use super::arguments::{Answer, Arguments, LibraryFunction};
use minivm::raw::{FiberSource, FiberState, HostCall, Intrinsic, Raise, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("close", close),
    ("create", create),
    ("isyieldable", isyieldable),
    ("running", running),
    ("status", status),
    ("wrap", wrap),
];

/// The functions that the machine knows, with what it knows of them.
pub(super) const INTRINSICS: &[(&str, Intrinsic, LibraryFunction)] = &[
    ("resume", Intrinsic::Resumes { fiber: FiberSource::Argument, state: BACK, first: Some(Value::TRUE) }, resume),
    ("yield", Intrinsic::Yield, yield_),
];
/// What the machine knows of [`wrapped`].
pub(super) const WRAPPED_INTRINSIC: Intrinsic =
    Intrinsic::Resumes { fiber: FiberSource::Capture, state: BACK, first: None };

/// Name of the function that `wrap` makes closures of, in the machine's registry.
pub(super) const WRAPPED: &str = "lua.coroutine.wrapped";

// States.
const BACK: u32 = 1;
const CLOSED: u32 = 2;

fn check_fiber(call: &mut HostCall<'_>, index: usize) -> Result<(Value, FiberState), Raise> {
    let value = call.arg(index);
    call.fiber_state(value).map(|state| (value, state)).ok_or_else(|| call.kind_error(index, "thread"))
}

fn create(call: &mut HostCall<'_>) -> Answer {
    let function = call.check_function(0)?;
    let fiber = call.new_fiber(function)?;
    call.return_one(fiber)
}

fn resume(call: &mut HostCall<'_>) -> Answer {
    if call.state() == BACK {
        return match call.error_returned() {
            None => call.return_returned(Some(Value::TRUE)),
            Some(error) => call.return_values(&[Value::FALSE, error]),
        };
    }
    let (fiber, _) = check_fiber(call, 0)?;
    call.resume_with_args_from(fiber, 1, BACK)
}

fn yield_(call: &mut HostCall<'_>) -> Answer {
    if call.running_fiber().1 {
        return Err(call.error_without_position("attempt to yield from outside a coroutine"));
    }
    call.yield_args()
}

fn wrap(call: &mut HostCall<'_>) -> Answer {
    let function = call.check_function(0)?;
    let fiber = call.new_fiber(function)?;
    let wrapped = call.registered(WRAPPED);
    let closure = call.host_closure(wrapped, &[fiber])?;
    call.return_one(closure)
}

/// What `wrap` returns; it captures the fiber.
pub(super) fn wrapped(call: &mut HostCall<'_>) -> Answer {
    let me = call.callee();
    let fiber = call.heap().capture(me, 0).unwrap_or(Value::NIL);
    match call.state() {
        BACK => match call.error_returned() {
            None => call.return_returned(None),
            Some(error) if call.fiber_state(fiber) == Some(FiberState::Dead) => {
                // Closing reports the error once more, or that of a clean-up.
                call.keep(&[error])?;
                call.close_fiber(fiber, CLOSED)
            }
            Some(error) => pass_on(call, error),
        },
        CLOSED => {
            let error = call.error_returned().unwrap_or(call.arg(0));
            pass_on(call, error)
        }
        _ => call.resume_with_args_from(fiber, 0, BACK),
    }
}

/// Raises a coroutine's error in its resumer, with the position if it is a string.
fn pass_on(call: &mut HostCall<'_>, error: Value) -> Answer {
    match error.as_bytes() {
        Some(text) => Err(call.error(text)),
        None => Err(Raise::Value(error)),
    }
}

fn status(call: &mut HostCall<'_>) -> Answer {
    let (_, state) = check_fiber(call, 0)?;
    call.return_text(state_name(state))
}

fn state_name(state: FiberState) -> &'static str {
    match state {
        FiberState::Suspended => "suspended",
        FiberState::Running => "running",
        FiberState::Normal | FiberState::Parked => "normal",
        FiberState::Dead => "dead",
    }
}

fn running(call: &mut HostCall<'_>) -> Answer {
    let (fiber, is_main) = call.running_fiber();
    call.return_values(&[fiber, Value::bool(is_main)])
}

fn isyieldable(call: &mut HostCall<'_>) -> Answer {
    let fiber = if call.arg_count() == 0 { call.running_fiber().0 } else { check_fiber(call, 0)?.0 };
    let is_main = call.is_main_fiber(fiber);
    call.return_one(Value::bool(!is_main))
}

fn close(call: &mut HostCall<'_>) -> Answer {
    if call.state() == CLOSED {
        return match call.error_returned() {
            None => call.return_one(Value::TRUE),
            Some(error) => call.return_values(&[Value::FALSE, error]),
        };
    }
    let (fiber, state) = check_fiber(call, 0)?;
    match state {
        FiberState::Suspended | FiberState::Dead => call.close_fiber(fiber, CLOSED),
        FiberState::Running | FiberState::Normal | FiberState::Parked => {
            Err(call.error(format!("cannot close a {} coroutine", state_name(state))))
        }
    }
}
