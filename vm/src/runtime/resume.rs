//! What happens when a call out of a continuation returns.

use super::host_run;
use super::{finalise, hook_events, stepping, switch, unwind};
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::Returned;
use crate::threaded::continuation::{CONTINUATION_WORDS, Continuation, ContinuationKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::words_between;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::Convention;

/// Goes on with the continuation at `regs`; the results lie above it, their number is that of the open list.
///
/// # Safety
/// A continuation is at `regs`, on top of the stack.
#[inline(never)] // its locals would cost the handler its tail call
pub(crate) unsafe fn continuation_returned(cx: &mut Context, regs: Regs) -> Flow {
    // SAFETY: every kind of continuation knows what lies below it.
    unsafe {
        if let Some(call) = cx.pending_call.take() {
            return call.make(cx);
        }
        let continuation = *Continuation::at(regs);
        cx.run.nesting = continuation.nesting;
        let count = if cx.pending_error.is_some() { 0 } else { cx.open_count };
        let results = regs.add(CONTINUATION_WORDS);
        if cx.heap.needs_step() {
            crate::runtime::collect::step_at_continuation(cx, regs, count);
        }
        let first = if count > 0 { get_any(results, 0) } else { Value::NIL };
        let below = regs.sub(continuation.delta as usize);
        match continuation.kind {
            ContinuationKind::Entry => switch::finished(cx, results, count),
            ContinuationKind::Host => {
                let returned = match cx.pending_error.take() {
                    Some(error) => Returned::Error(error),
                    None => Returned::Values(words_between(cx.stack_start, results), count),
                };
                host_run::go_on(cx, regs, returned)
            }
            ContinuationKind::Paused => host_run::unpause(cx, regs),
            ContinuationKind::Store => store(cx, below, &continuation, first),
            ContinuationKind::StoreTruthy => store(cx, below, &continuation, Value::bool(first.is_truthy())),
            ContinuationKind::Branch => {
                let truthy = first.is_truthy();
                let pc = if truthy { continuation.next } else { continuation.otherwise };
                stepping::go_on_branch(cx, &continuation, truthy, pc, below)
            }
            ContinuationKind::Discard => {
                stepping::go_on(cx, &continuation, Flow { pc: continuation.next, regs: below })
            }
            ContinuationKind::Finaliser => finalise::returned(cx, regs),
            ContinuationKind::Hook => hook_events::returned(cx, regs, count),
            // Fibers give what these wait for, see `switch::give`.
            ContinuationKind::Resume | ContinuationKind::Close => Flow { pc: continuation.next, regs: below },
            ContinuationKind::Return => {
                if cx.hooks.is_on
                    && let Some(flow) = hook_events::before_return(cx, &continuation, below, results, count)
                {
                    return flow;
                }
                return_from(cx, below, results, count)
            }
            ContinuationKind::Concat => concat_on(cx, regs, continuation, first),
            ContinuationKind::MessageHandler => unwind::handled(cx, regs, first),
        }
    }
}

/// Returns values out of a guest frame for it.
///
/// # Safety
/// `frame` is the guest frame on top of the stack, and `count` values lie at `values`.
pub(super) unsafe fn return_from(cx: &mut Context, frame: Regs, values: Regs, count: usize) -> Flow {
    // SAFETY: the frame has a header like any other, and is a guest's.
    unsafe {
        let closure = Frame::at(frame).closure();
        let Body::Guest(guest) = &(*(*closure).function.cast::<FunctionInfo>()).body else {
            unreachable!("only guest frames are given up for a call")
        };
        let base = match guest.convention {
            Convention::Variadic => Frame::at(frame).variadic_base(),
            Convention::Typed | Convention::Dynamic => frame,
        };
        let place = Frame::at(frame).return_place();
        let caller = crate::runtime::deliver::deliver(cx, values, count, base, place);
        Flow { pc: place, regs: caller }
    }
}

/// # Safety
/// `below` is the frame whose instruction made the continuation.
unsafe fn store(cx: &mut Context, below: Regs, continuation: &Continuation, value: Value) -> Flow {
    // SAFETY: the instruction named one of its frame's registers.
    unsafe {
        set_any(below, continuation.state as usize, value);
        stepping::go_on(cx, continuation, Flow { pc: continuation.next, regs: below })
    }
}

/// A metamethod has joined the last two values of a concatenation: it becomes the last, and the rest goes on.
///
/// # Safety
/// The continuation is on top of the stack and a concatenation's.
unsafe fn concat_on(cx: &mut Context, regs: Regs, continuation: Continuation, value: Value) -> Flow {
    // SAFETY: the values not joined yet lie below the continuation.
    unsafe {
        let count = continuation.values as usize / 2;
        let below = regs.sub(continuation.delta as usize);
        let first = regs.sub(continuation.values as usize);
        let mut values = crate::threaded::operands::values_at(first, count);
        values.push(value);
        let at = Flow { pc: continuation.instruction, regs: below };
        stepping::take_back(cx, &continuation, at);
        let flow =
            crate::runtime::concat::concat_values(cx, at, values, continuation.state as usize, continuation.next);
        if cx.stepping && flow.pc == continuation.next {
            stepping::pay_before(cx, flow);
        }
        stepping::stop_if_used_up(cx, flow)
    }
}
