//! Calls that instructions make besides call instructions: of metamethods, mostly.

use crate::runtime::call::{call_above, enter_directly};
use crate::runtime::context::Context;
use crate::runtime::function::top_of;
use crate::runtime::stepping;
use crate::runtime::unwind::raise_message;
use crate::threaded::continuation::{CONTINUATION_DELTA, Continuation, ContinuationKind, NESTED_TOO_DEEP, NESTING_MAX};
use crate::threaded::operands::set_any;
use crate::threaded::{Flow, Pc};
use crate::value::Value;

/// Calls a function on behalf of an instruction of the running guest frame; `continuation` says what happens with the result.
///
/// # Safety
/// `at` is the running frame, a guest's, and `continuation` was made for it.
#[inline(always)]
pub(crate) unsafe fn call_from_instruction<const COUNT: usize>(
    cx: &mut Context,
    at: Flow,
    callee: Value,
    arguments: &[Value; COUNT],
    continuation: Continuation,
) -> Flow {
    // SAFETY: `extent` is above all live words of the frame.
    unsafe {
        let top = top_of(at.regs);
        match call_at_once(cx, at, top, callee, arguments, &continuation) {
            Some(flow) => flow,
            None => call_paid(cx, at, top, callee, arguments, continuation),
        }
    }
}

/// As [`call_paid`], where nothing is to be paid and the callee can be entered directly; else does nothing.
///
/// # Safety
/// As for `call_paid`.
#[inline(always)]
unsafe fn call_at_once<const COUNT: usize>(
    cx: &mut Context,
    at: Flow,
    top: usize,
    callee: Value,
    arguments: &[Value; COUNT],
    continuation: &Continuation,
) -> Option<Flow> {
    let is_used_up = cx.fuel < 0 || cx.run.owed > 0;
    if cx.is_metered() || is_used_up || cx.run.nesting >= NESTING_MAX {
        return None;
    }
    // SAFETY: frames have room for a continuation at their top, and the callee's for what it takes.
    unsafe {
        let place = at.regs.add(top);
        let new = place.add(CONTINUATION_DELTA);
        let flow = enter_directly(cx, callee, new, COUNT, cx.continuation_return())?;
        let nesting = cx.nest();
        place.cast::<Continuation>().write(Continuation { metered: false, nesting, ..*continuation });
        for (index, &argument) in arguments.iter().enumerate() {
            set_any(new, index * 2, argument);
        }
        Some(flow)
    }
}

/// As [`call_above`], paying for the instruction that calls.
///
/// # Safety
/// As for `call_above`; `at` is a guest frame.
pub(crate) unsafe fn call_paid(
    cx: &mut Context,
    at: Flow,
    top: usize,
    callee: Value,
    arguments: &[Value],
    mut continuation: Continuation,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        if cx.run.nesting >= NESTING_MAX {
            return raise_message(cx, at, NESTED_TOO_DEEP);
        }
        continuation.metered = cx.is_metered();
        stepping::pay(cx, at);
        cx.is_paid = true;
        let flow = call_above(cx, at, top, callee, arguments, continuation);
        cx.is_paid = false;
        stepping::stop_if_used_up(cx, flow)
    }
}

/// Calls a metamethod whose first result goes to register word `dst`.
///
/// # Safety
/// `at` is the running guest frame.
#[inline(always)]
pub(crate) unsafe fn call_for_result<const COUNT: usize>(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    callee: Value,
    arguments: &[Value; COUNT],
    dst: usize,
    kind: ContinuationKind,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let mut continuation = Continuation::instruction(kind, at.pc, next, top_of(at.regs));
        continuation.state = dst as u32;
        call_from_instruction(cx, at, callee, arguments, continuation)
    }
}
