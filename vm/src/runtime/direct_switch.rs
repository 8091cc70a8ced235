//! Switching between fibers for host functions that do nothing else: the machine does their work itself, without a call of them.
//!
//! Whatever is out of the ordinary (an error, a hook, a collection that is due, a stack that has to grow) is left to the
//! functions themselves, by way of `switch`, and comes to the same states: a fiber that waits does not show which way it was left.

use crate::heap::Closure;
use crate::runtime::call::{enter_directly, host_continuation};
use crate::runtime::context::{Context, return_info};
use crate::runtime::deliver::{deliver, fill_nil, move_down};
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::{Body, FunctionInfo, HostFunction};
use crate::runtime::host::{FiberSource, Intrinsic};
use crate::runtime::host_run::call_from_continuation;
use crate::runtime::switch::{self, enter_fiber};
use crate::threaded::continuation::{
    CONTINUATION_DELTA, Continuation, ContinuationKind, HOST_CALL_WORDS, NESTING_MAX, Protect,
};
use crate::threaded::frame::Frame;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{Flow, OPEN, Pc, Regs};
use crate::value::Value;
use std::ptr::with_exposed_provenance_mut as pointer;

/// Words above the values of a host function that a state of it may ask for when it moves them to a callee.
const MOVE_WORDS: usize = 2 * CONTINUATION_DELTA + 16;

/// Calls a host function for an instruction if all that it does is to switch to another fiber, and nothing stands in the way.
///
/// # Safety
/// As for [`call::enter`](crate::runtime::call); no hook and no toll goes with the call.
#[inline(always)]
pub(crate) unsafe fn call(
    cx: &mut Context,
    host: &HostFunction,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Option<Flow> {
    // SAFETY: passed on.
    unsafe {
        match host.intrinsic {
            Some(Intrinsic::Yield) => suspend(cx, closure, new, count, place, at),
            Some(Intrinsic::Resumes { fiber, state, .. }) => resume(cx, fiber, state, closure, new, count, place),
            _ => None,
        }
    }
}

/// Calls a value for an instruction: at once, if all that it does is to switch to another fiber.
///
/// # Safety
/// As for [`call::call_value`](crate::runtime::call).
#[inline(always)]
pub(crate) unsafe fn call_value(cx: &mut Context, callee: Value, new: Regs, count: usize, place: Pc, at: Flow) -> Flow {
    // SAFETY: passed on; closures point to functions.
    unsafe {
        if let Some(closure) = callee.as_function()
            && let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body
            && let Some(flow) = call(cx, host, closure, new, count, place, at)
        {
            return flow;
        }
        super::call::call_value(cx, callee, new, count, place, at)
    }
}

/// Suspends the running fiber with the `count` values at `new`.
#[inline(always)]
unsafe fn suspend(
    cx: &mut Context,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Option<Flow> {
    if cx.run.fiber == cx.run.main_fiber || !cx.run.finaliser_in.is_null() || cx.heap.needs_step() || cx.hooks.is_on {
        return None;
    }
    // The function itself would make room: stacks grow the same in every form of code.
    if new.wrapping_add(2 * count + HOST_CALL_WORDS) > cx.stack_end {
        return None;
    }
    // SAFETY: the caller's registers are below the window.
    unsafe {
        cx.running().suspended_in = (*closure).function.cast();
        let caller = new.sub(return_info(place).delta as usize);
        Some(switch::suspend_at(cx, new, count, Flow { pc: place, regs: caller }, at))
    }
}

/// Resumes a fiber for a host function that waits for it in `state`, with the `count` arguments at `new`.
#[inline(always)]
unsafe fn resume(
    cx: &mut Context,
    source: FiberSource,
    state: u32,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
) -> Option<Flow> {
    // SAFETY: `new` is a window on top of the stack with `count` values. The fiber is suspended, so that its state is whole.
    unsafe {
        let (fiber, skipped) = match source {
            FiberSource::Argument if count > 0 => (get_any(new, 0), 1),
            FiberSource::Capture if (*closure).count > 0 => (*Closure::upvalues(closure), 0),
            FiberSource::Argument | FiberSource::Capture => return None,
        };
        let cell = fiber.as_fiber()?;
        let target = Fiber::of(cell);
        if target.state != FiberState::Suspended
            || cx.hooks.is_on
            || cx.heap.needs_step()
            || cx.run.fiber_depth >= cx.limits.fiber_depth_max
            || cx.run.nesting >= NESTING_MAX
            || new.wrapping_add(2 * count + MOVE_WORDS) > cx.stack_end
        {
            return None;
        }
        let (values, count) = (new.add(2 * skipped), count - skipped);
        let (to, regs) = (target.pc, target.saved_regs());
        let room = if to.is_null() { CONTINUATION_DELTA } else { return_info(to).delta as usize };
        if regs.wrapping_add(room + 2 * count + 16) > target.stack.limit() {
            return None;
        }
        let callee = if to.is_null() { target.waiting_callee() } else { Value::NIL };
        crate::runtime::collect::before_resume(cx, cell);
        // The continuation takes the place of the values.
        if to.is_null() {
            move_down(values, regs.add(CONTINUATION_DELTA), count);
        } else {
            give_values(cx, to, regs, None, values, count);
        }
        Frame::at(new).begin(closure, place);
        let waiting = host_continuation(state, Protect::Catch, Value::NIL, 0);
        new.cast::<Continuation>().write(Continuation { nesting: cx.nest(), ..waiting });
        Fiber::of(cell).resumer = cx.run.fiber;
        let returns = cx.continuation_return();
        enter_fiber(cx, cell, returns, new, FiberState::Normal);
        cx.run.fiber_depth += 1;
        Some(if to.is_null() { start(cx, callee, regs, count) } else { Flow { pc: to, regs } })
    }
}

/// Calls the function of the running fiber, which begins: its `count` arguments are in place above the continuation at `entry`.
///
/// # Safety
/// They are all that lies on its stack.
#[inline(always)]
pub(crate) unsafe fn start(cx: &mut Context, callee: Value, entry: Regs, count: usize) -> Flow {
    // SAFETY: the entry continuation and the arguments are all that lies on the stack.
    unsafe {
        let (new, place) = (entry.add(CONTINUATION_DELTA), cx.continuation_return());
        match enter_directly(cx, callee, new, count, place) {
            Some(flow) => flow,
            None => call_from_continuation(cx, callee, new, count, place, Flow { pc: place, regs: entry }),
        }
    }
}

/// Returns values of another fiber from the host function whose continuation is at `continuation`, on top of the running stack;
/// none if it is to be asked what becomes of them.
///
/// # Safety
/// A continuation is there, and the values are on another stack.
#[inline(always)]
pub(crate) unsafe fn return_to_waiting(cx: &mut Context, continuation: Regs, values: &[Value]) -> Option<Flow> {
    // SAFETY: the frame of the host function is below its continuation.
    unsafe {
        let waiting = Continuation::at(continuation);
        if waiting.kind != ContinuationKind::Host {
            return None;
        }
        let words = waiting.values as usize;
        let closure = pointer::<Closure>(*continuation.sub(words + 2) as usize);
        let first = match &(*(*closure).function.cast::<FunctionInfo>()).body {
            Body::Host(host) => match host.intrinsic {
                Some(Intrinsic::Resumes { state, first, .. }) if state == waiting.state => first,
                _ => return None,
            },
            Body::Guest(_) | Body::Bridge(_) => return None,
        };
        cx.run.nesting = waiting.nesting;
        let needed = 2 * values.len() + CONTINUATION_DELTA + 16;
        let Some(continuation) = cx.reserve(continuation, continuation, needed) else {
            let at = Flow { pc: cx.continuation_return(), regs: continuation };
            return Some(super::call::stack_overflow(cx, at));
        };
        let base = continuation.sub(words);
        if cx.hooks.is_on {
            return Some(return_reported(cx, base, first, values));
        }
        let place = Frame::at(base).return_place();
        let caller = base.sub(return_info(place).delta as usize);
        give_values(cx, place, caller, first, values.as_ptr().cast_mut().cast(), values.len());
        Some(Flow { pc: place, regs: caller })
    }
}

/// Returns `first`, if there is one, and values of another stack from the host function at `base`, of which hooks are told.
#[cold]
#[inline(never)]
unsafe fn return_reported(cx: &mut Context, base: Regs, first: Option<Value>, values: &[Value]) -> Flow {
    // SAFETY: room was made for the values above the frame of the host function.
    unsafe {
        for (index, &value) in first.iter().chain(values).enumerate() {
            set_any(base, index * 2, value);
        }
        let count = values.len() + usize::from(first.is_some());
        match super::hook_events::host_returns(cx, base, count) {
            Some(flow) => flow,
            None => {
                let place = Frame::at(base).return_place();
                Flow { pc: place, regs: deliver(cx, base, count, base, place) }
            }
        }
    }
}

/// Copies `first`, if there is one, and `count` values of another stack to where the call at `place` wants them, whose caller's
/// registers are `caller`.
///
/// # Safety
/// The callee's window is on top of that caller's stack, with room for the values.
#[inline(always)]
pub(crate) unsafe fn give_values(
    cx: &mut Context,
    place: Pc,
    caller: Regs,
    first: Option<Value>,
    values: Regs,
    count: usize,
) {
    // SAFETY: the caller wants so many results there, or any number, for which there is room in the window.
    unsafe {
        let info = return_info(place);
        let (mut to, mut wanted) = (caller.add(info.dst as usize), info.results as usize);
        if info.results == OPEN {
            wanted = count + usize::from(first.is_some());
            cx.open_count = wanted;
        }
        if let Some(first) = first {
            if wanted == 0 {
                return;
            }
            set_any(to, 0, first);
            to = to.add(2);
            wanted -= 1;
        }
        move_down(values, to, count.min(wanted));
        fill_nil(to, count, wanted);
    }
}
