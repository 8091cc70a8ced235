//! Running host functions: how they are called, and how their answers are carried out.

use super::unwind::{raise, raise_trap};
use crate::heap::Closure;
use crate::runtime::call::{self, host_continuation, stack_overflow};
use crate::runtime::context::{Context, Status};
use crate::runtime::deliver::deliver;
use crate::runtime::direct_switch;
use crate::runtime::function::{Body, FunctionInfo, HostFunction};
use crate::runtime::host::{FastPath, Intrinsic, Outcome, OutcomeKind, Raise};
use crate::runtime::host::{HostCall, Returned};
use crate::runtime::task::PendingCall;
use crate::runtime::work;
use crate::threaded::continuation::Came;
use crate::threaded::continuation::ContinuationKind;
use crate::threaded::continuation::NESTED_TOO_DEEP;
use crate::threaded::continuation::NESTING_MAX;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, HOST_CALL_WORDS, Protect};
use crate::threaded::frame::Frame;
use crate::threaded::operands::set_any;
use crate::threaded::operands::words_between;
use crate::threaded::{Flow, Pc, Regs};
use crate::value::Value;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a host function for a call instruction, but not by its fast path.
///
/// # Safety
/// As for [`call::enter`].
#[inline(always)]
pub(crate) unsafe fn call(
    cx: &mut Context,
    host: &HostFunction,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match direct_switch::call(cx, host, closure, new, count, place, at) {
            Some(flow) => flow,
            None => invoke(cx, host, closure, new, count, place, at),
        }
    }
}

/// Calls the fast path of a host function, if it has one that knows the `count` arguments at `new`. What it gives is returned
/// to `place`, for the frame or window at `base`.
///
/// # Safety
/// The arguments lie in a window on top of the stack; `place` is the return place that belongs to `base`.
#[inline(always)]
pub(crate) unsafe fn call_fast_path(
    cx: &mut Context,
    host: &HostFunction,
    new: Regs,
    count: usize,
    base: Regs,
    place: Pc,
) -> Option<Flow> {
    let function = host.intrinsic.and_then(Intrinsic::fast_path)?;
    if cx.heap.needs_step() {
        return None;
    }
    // SAFETY: the arguments are `any` slots, which are laid out as values are; a window has room for one result.
    unsafe {
        let arguments = std::slice::from_raw_parts(new.cast::<Value>(), count);
        let answer = match catch_unwind(AssertUnwindSafe(|| function(&mut cx.heap, arguments))) {
            Ok(answer) => answer,
            Err(panic) => {
                cx.panic = Some(panic);
                return Some(exit(cx, new, 1));
            }
        };
        // Most give one value, to calls that want one.
        if let FastPath::One(value) = answer {
            let info = crate::runtime::context::return_info(place);
            if info.results == 1 {
                let caller = base.sub(info.delta as usize);
                set_any(caller, info.dst as usize, value);
                return Some(Flow { pc: place, regs: caller });
            }
        }
        let results = match answer {
            FastPath::One(value) => {
                set_any(new, 0, value);
                1
            }
            FastPath::From(first) => {
                let first = first.min(count);
                let caller = deliver(cx, new.add(2 * first), count - first, base, place);
                return Some(Flow { pc: place, regs: caller });
            }
            FastPath::Nothing => 0,
            FastPath::Unknown => return None,
        };
        let caller = deliver(cx, new, results, base, place);
        Some(Flow { pc: place, regs: caller })
    }
}

/// Calls a host function with `count` arguments at `new`.
///
/// # Safety
/// As for [`call::enter`].
pub(crate) unsafe fn invoke(
    cx: &mut Context,
    host: &HostFunction,
    closure: *mut Closure,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Flow {
    // SAFETY: `new` is a window above the caller's live words; its header words are free.
    unsafe {
        let offset = words_between(at.regs, new);
        let Some(regs) = cx.reserve(at.regs, new, 2 * count + HOST_CALL_WORDS) else {
            return stack_overflow(cx, at);
        };
        let new = regs.add(offset);
        Frame::at(new).begin(closure, place);
        // What the machine calls by itself no instruction has paid for.
        let is_own = std::mem::take(&mut cx.owes_toll) || place == cx.continuation_return();
        let came = if is_own { Came::WithValues } else { Came::Called };
        if cx.hooks.is_on
            && let Some(flow) = super::hook_events::before_host(cx, new, count, came)
        {
            return flow;
        }
        if cx.heap.needs_step() {
            if crate::runtime::collect::step_in_host(cx, new, count).is_err() {
                let at = above(cx, new, count);
                return raise_trap(cx, at, minivm_isa::TrapCode::OutOfMemory);
            }
            if cx.may_finalise()
                && let Some(flow) = super::finalise::run_before_host(cx, new, count, came)
            {
                return flow;
            }
        }
        let at = Start { count, state: 0, returned: Returned::Nothing, came, paid: 0 };
        run_state(cx, host, new, at)
    }
}

/// How a state of a host function begins.
#[derive(Clone, Copy)]
struct Start {
    /// Values that the function keeps.
    count: usize,
    state: u32,
    returned: Returned,
    came: Came,
    /// What was paid of the work of the state.
    paid: u64,
}

/// Goes on with a host function whose continuation is at `regs`.
///
/// # Safety
/// The continuation is a host function's, and the results lie where `returned` says.
pub(crate) unsafe fn go_on(cx: &mut Context, regs: Regs, returned: Returned) -> Flow {
    // SAFETY: the frame of the host function is below its continuation.
    unsafe {
        let continuation = *Continuation::at(regs);
        let came = match returned {
            Returned::Nothing => continuation.came,
            Returned::Values(..) => Came::WithValues,
            Returned::Error(_) => Came::WithError,
        };
        let at = Start { count: continuation.values as usize / 2, state: continuation.state, returned, came, paid: 0 };
        let base = regs.sub(continuation.values as usize);
        step(cx, host_at(base), base, at)
    }
}

/// The host function whose frame is at `base`.
unsafe fn host_at<'a>(base: Regs) -> &'a HostFunction {
    // SAFETY: functions live as long as closures of theirs.
    unsafe {
        let closure = Frame::at(base).closure();
        let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body else {
            unreachable!("host continuations lie above frames of host functions")
        };
        host
    }
}

/// Begins the state of a host function that the continuation at `regs` tells of.
///
/// # Safety
/// The continuation is a paused host function's, on top of the stack.
pub(crate) unsafe fn unpause(cx: &mut Context, regs: Regs) -> Flow {
    // SAFETY: the values that the continuation counts lie below it, and what they take they took before the pause.
    unsafe {
        let continuation = *Continuation::at(regs);
        let base = regs.sub(continuation.values as usize);
        let kept = (continuation.values - continuation.delta) as usize;
        let results = base.add(kept + CONTINUATION_WORDS);
        let returned = match continuation.came {
            Came::WithError => Returned::Error(continuation.value),
            Came::Called | Came::WithValues if continuation.delta == 0 => Returned::Nothing,
            Came::Called | Came::WithValues => {
                std::ptr::copy(base.add(kept), results, continuation.delta as usize);
                Returned::Values(words_between(cx.stack_start, results), continuation.delta as usize / 2)
            }
        };
        let at = Start {
            count: kept / 2,
            state: continuation.state,
            returned,
            came: continuation.came,
            paid: continuation.spare,
        };
        step(cx, host_at(base), base, at)
    }
}

/// Stops the run before a state of a host function, which begins again when it goes on. The values that it keeps may be others
/// by now, but not their number.
#[cold]
#[inline(never)]
unsafe fn pause(cx: &mut Context, base: Regs, at: Start) -> Flow {
    // SAFETY: the results lie above the kept values and a continuation, so there is room for them and a continuation.
    unsafe {
        let (given, value) = match at.returned {
            Returned::Nothing => (0, Value::NIL),
            Returned::Values(results, given) => {
                std::ptr::copy(cx.stack_start.add(results), base.add(at.count * 2), given * 2);
                (given, Value::NIL)
            }
            Returned::Error(error) => (0, error),
        };
        let continuation = paused(cx, &at, given, value);
        let top = base.add((at.count + given) * 2);
        top.cast::<Continuation>().write(continuation);
        cx.stop(Status::OutOfFuel, Flow { pc: cx.continuation_return(), regs: top })
    }
}

/// The continuation of a host function that is to begin a state, with so many values that it was given.
fn paused(cx: &Context, at: &Start, given: usize, error: Value) -> Continuation {
    let mut continuation = host_continuation(at.state, Protect::No, error, at.count + given);
    continuation.kind = ContinuationKind::Paused;
    continuation.delta = given as u32 * 2;
    continuation.came = at.came;
    continuation.spare = at.paid;
    continuation.nesting = cx.run.nesting;
    continuation
}

/// What the machine charges for its own part of a call.
fn toll(at: &Start) -> u64 {
    let given = match at.returned {
        Returned::Values(_, given) => given,
        Returned::Nothing | Returned::Error(_) => 0,
    };
    match at.came {
        Came::Called => 0,
        Came::WithValues | Came::WithError => 1 + work::units_of_values(at.count + given),
    }
}

/// Runs one state of a host function, which is not its first, and does what it answers.
#[inline(never)]
unsafe fn step(cx: &mut Context, host: &HostFunction, base: Regs, at: Start) -> Flow {
    // SAFETY: passed on.
    unsafe { run_state(cx, host, base, at) }
}

/// Runs one state of a host function and does what it answers.
#[inline(always)]
unsafe fn run_state(cx: &mut Context, host: &HostFunction, base: Regs, at: Start) -> Flow {
    // SAFETY: `base` is the frame of this host function, on top of the stack.
    unsafe {
        let toll = toll(&at);
        let mut call = HostCall {
            base: words_between(cx.stack_start, base),
            cx,
            count: at.count,
            state: at.state,
            returned: at.returned,
            is_frame_changed: false,
            has_collected: false,
            asked: 0,
            paid: at.paid,
        };
        let answer = match if toll == 0 { Ok(()) } else { call.charge(toll) } {
            Ok(()) => run_caught(host, &mut call),
            Err(pause) => Err(pause),
        };
        match answer {
            Ok(Outcome(OutcomeKind::Return { count })) => give_back(&mut call, count),
            Ok(Outcome(outcome)) => {
                let (cx, base, kept) = (call.cx, call.base, call.count);
                cx.refresh_memory();
                let base = cx.stack_start.add(base);
                carry_out(cx, base, kept, outcome)
            }
            answer => conclude(host, &mut call, toll, answer, &at),
        }
    }
}

/// Ends the program at once, in a host function whose frame is at `base`.
#[cold]
#[inline(never)]
fn exit(cx: &mut Context, base: Regs, code: i32) -> Flow {
    cx.is_abandoned = true;
    cx.run.failure = Some(crate::runtime::failure::Failure::Exit(code));
    cx.stop(Status::Failed, Flow { pc: cx.continuation_return(), regs: base })
}

/// Calls a host function. Where it panics the run ends, and the panic goes on in the one who runs the machine: it cannot pass
/// through the frames of handlers.
#[inline(always)]
fn run_caught(host: &HostFunction, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let answer = catch_unwind(AssertUnwindSafe(|| (host.function)(call)));
    answer.unwrap_or_else(|panic| panicked(call.cx, panic))
}

/// Ends the run with a panic.
#[cold]
#[inline(never)]
fn panicked(cx: &mut Context, panic: Box<dyn Any + Send>) -> Result<Outcome, Raise> {
    cx.panic = Some(panic);
    Err(Raise::Exit(1))
}

/// Returns the `count` values at the base of a host function's frame to its caller.
#[inline(always)]
unsafe fn give_back(call: &mut HostCall<'_>, count: usize) -> Flow {
    let cx = &mut *call.cx;
    cx.refresh_memory();
    // SAFETY: the frame of the host function is on top of the stack, and its header says where it was called.
    unsafe {
        let base = cx.stack_start.add(call.base);
        if cx.hooks.is_on
            && let Some(flow) = super::hook_events::host_returns(cx, base, count)
        {
            return flow;
        }
        let place = Frame::at(base).return_place();
        let caller = deliver(cx, base, count, base, place);
        let flow = Flow { pc: place, regs: caller };
        if count < work::FREE_VALUES {
            return flow;
        }
        cx.owe(work::units_of_values(count));
        super::stepping::stop_if_used_up(cx, flow)
    }
}

/// Does what a host function answers that has failed, or did so at first.
#[cold]
#[inline(never)]
unsafe fn conclude(
    host: &HostFunction,
    call: &mut HostCall<'_>,
    toll: u64,
    mut answer: Result<Outcome, Raise>,
    at: &Start,
) -> Flow {
    // SAFETY: the frame of the host function is on top of the stack.
    unsafe {
        if matches!(answer, Err(Raise::Trap(minivm_isa::TrapCode::OutOfMemory))) {
            answer = after_collection(host, call, toll, answer);
        }
        if let Ok(Outcome(OutcomeKind::Return { count })) = answer {
            return give_back(call, count);
        }
        let (kept, paid) = (call.count, call.paid);
        let cx = &mut *call.cx;
        cx.refresh_memory();
        let base = cx.stack_start.add(call.base);
        match answer {
            Ok(Outcome(outcome)) => carry_out(cx, base, kept, outcome),
            Err(Raise::Pause(_)) => {
                debug_assert_eq!(kept, at.count, "a host function charges before it keeps other values");
                pause(cx, base, Start { paid, ..*at })
            }
            Err(Raise::Value(value)) => {
                let at = above(cx, base, kept);
                raise(cx, at, value)
            }
            Err(Raise::Trap(code)) => {
                let at = above(cx, base, kept);
                raise_trap(cx, at, code)
            }
            Err(Raise::ExitClosing(code)) => {
                let at = above(cx, base, kept);
                super::finalise::exit_closing(cx, at, code)
            }
            Err(Raise::Exit(code)) => exit(cx, base, code),
        }
    }
}

/// A host function has found no memory: collects, so that what comes next finds some, and calls it once more if it may be.
#[cold]
#[inline(never)]
unsafe fn after_collection(
    host: &HostFunction,
    call: &mut HostCall<'_>,
    toll: u64,
    refused: Result<Outcome, Raise>,
) -> Result<Outcome, Raise> {
    call.collect();
    if host.is_restartable.get() && !call.is_frame_changed {
        // What it asks for again is paid.
        call.asked = toll;
        call.has_collected = true;
        let answer = run_caught(host, call);
        if !matches!(answer, Err(Raise::Trap(minivm_isa::TrapCode::OutOfMemory))) {
            return answer;
        }
    }
    call.cx.heap.overdraw();
    refused
}

/// The state in which an error of a host function happens: a continuation above its values, so that the stack can be walked.
unsafe fn above(cx: &mut Context, base: Regs, kept: usize) -> Flow {
    // SAFETY: frames of host functions have room for a continuation above their values.
    unsafe {
        let top = base.add(kept * 2);
        let mut continuation = host_continuation(u32::MAX, Protect::No, Value::NIL, kept);
        continuation.nesting = cx.run.nesting;
        top.cast::<Continuation>().write(continuation);
        Flow { pc: cx.continuation_return(), regs: top }
    }
}

#[inline(never)]
unsafe fn carry_out(cx: &mut Context, base: Regs, kept: usize, outcome: OutcomeKind) -> Flow {
    // SAFETY: the methods of `HostCall` put the values where the outcomes say.
    unsafe {
        let place = Frame::at(base).return_place();
        let continuation_at = base.add(kept * 2);
        match outcome {
            OutcomeKind::Return { .. } => unreachable!("`conclude` returns by itself"),
            OutcomeKind::Call { callee, arguments, state, protect, handler } => {
                let is_too_deep = cx.run.nesting >= NESTING_MAX;
                let continuation =
                    Continuation { nesting: cx.nest(), ..host_continuation(state, protect, handler, kept) };
                continuation_at.cast::<Continuation>().write(continuation);
                let at = Flow { pc: cx.continuation_return(), regs: continuation_at };
                if is_too_deep {
                    // It happens in the call, which may be a protected one.
                    let error = cx.heap.string_value(NESTED_TOO_DEEP.as_bytes()).unwrap_or(Value::NIL);
                    return raise(cx, at, error);
                }
                let return_place = cx.continuation_return();
                call_from_continuation(cx, callee, continuation_at.add(CONTINUATION_DELTA), arguments, return_place, at)
            }
            OutcomeKind::TailCall { callee, arguments } => {
                let continuation = above(cx, base, arguments);
                // The function has given itself up: errors of the call happen where it was called.
                let caller = base.sub(crate::runtime::context::return_info(place).delta as usize);
                let at = call::inside_call(cx, Flow { pc: place, regs: caller });
                if callee.as_function().is_some_and(crate::runtime::function::is_guest) {
                    return call::call_value(cx, callee, base, arguments, place, at);
                }
                cx.pending_call = Some(PendingCall { callee, new: base, count: arguments, place, at });
                continuation
            }
            OutcomeKind::Yield { count } => {
                let at = above(cx, base, count);
                if cx.hooks.is_on && super::hook_events::reports_return(cx, base) {
                    return super::hook_events::suspend(cx, base, count, at);
                }
                cx.running().suspended_in = (*Frame::at(base).closure()).function.cast();
                super::switch::suspend(cx, base, count, place, at)
            }
            OutcomeKind::Resume { fiber, arguments, state } => {
                let continuation =
                    Continuation { nesting: cx.nest(), ..host_continuation(state, Protect::Catch, Value::NIL, kept) };
                continuation_at.cast::<Continuation>().write(continuation);
                super::switch::resume(cx, fiber, continuation_at, arguments)
            }
            OutcomeKind::Close { fiber, state } => {
                let continuation =
                    Continuation { nesting: cx.nest(), ..host_continuation(state, Protect::Catch, Value::NIL, kept) };
                continuation_at.cast::<Continuation>().write(continuation);
                super::switch::close(cx, fiber, continuation_at)
            }
            OutcomeKind::GoOn { state } => go_on_in(cx, base, kept, state),
            OutcomeKind::Wait { request, state } => {
                let mut continuation = host_continuation(state, Protect::No, Value::NIL, kept);
                continuation.nesting = cx.run.nesting;
                continuation_at.cast::<Continuation>().write(continuation);
                cx.run.request = Some(request.0);
                cx.stop(Status::Waiting, Flow { pc: cx.continuation_return(), regs: continuation_at })
            }
        }
    }
}

/// Lets a host function go on in another state, unless it is time to stop: between two slices of its work the machine is as it
/// is between two instructions.
unsafe fn go_on_in(cx: &mut Context, base: Regs, kept: usize, state: u32) -> Flow {
    // SAFETY: room was made for a continuation above the kept values.
    unsafe {
        if cx.heap.needs_step() && crate::runtime::collect::step_in_host(cx, base, kept).is_err() {
            let at = above(cx, base, kept);
            return raise_trap(cx, at, minivm_isa::TrapCode::OutOfMemory);
        }
        let at = Start { count: kept, state, returned: Returned::Nothing, came: Came::WithValues, paid: 0 };
        let top = base.add(kept * 2);
        top.cast::<Continuation>().write(paused(cx, &at, 0, Value::NIL));
        let flow = Flow { pc: cx.continuation_return(), regs: top };
        if !cx.take_step() {
            return cx.stop(Status::Stepped, flow);
        }
        super::stepping::stop_if_used_up(cx, flow)
    }
}

/// Hands values to the host function whose continuation is at `continuation`, as the results of the call it asked for.
///
/// # Safety
/// A host continuation is at `continuation`, on top of the stack.
pub(crate) unsafe fn answer(cx: &mut Context, continuation: Regs, values: &[Value]) -> Flow {
    // SAFETY: room is made above the continuation.
    unsafe {
        let Some(continuation) = cx.reserve(continuation, continuation, CONTINUATION_WORDS + 2 * values.len() + 8)
        else {
            return stack_overflow(cx, Flow { pc: cx.continuation_return(), regs: continuation });
        };
        let results = continuation.add(CONTINUATION_WORDS);
        for (index, &value) in values.iter().enumerate() {
            set_any(results, index * 2, value);
        }
        cx.open_count = values.len();
        Flow { pc: cx.continuation_return(), regs: continuation }
    }
}

/// Hands an error to the host function whose continuation is at `continuation`, as what the call it asked for ended with.
///
/// # Safety
/// A host continuation is at `continuation`, on top of the stack.
pub(crate) unsafe fn answer_error(cx: &mut Context, continuation: Regs, error: Value) -> Flow {
    cx.pending_error = Some(error);
    Flow { pc: cx.continuation_return(), regs: continuation }
}

impl PendingCall {
    /// The function that will be called.
    pub(crate) fn callee(&self) -> Value {
        self.callee
    }

    /// Puts the call off until the machine goes on with the continuation at `at`.
    pub(super) fn put_off(self, cx: &mut Context) -> Flow {
        let at = self.at;
        cx.pending_call = Some(self);
        at
    }

    /// Makes the call.
    ///
    /// # Safety
    /// Nothing has happened since it was put off.
    pub(crate) unsafe fn make(self, cx: &mut Context) -> Flow {
        // SAFETY: passed on.
        unsafe {
            cx.owes_toll = true;
            let flow = call::call_value(cx, self.callee, self.new, self.count, self.place, self.at);
            cx.owes_toll = false;
            flow
        }
    }
}

/// Calls a value on behalf of a continuation at `at`, which is on top of the stack: functions with bytecode at once, others when
/// the machine goes on with that continuation.
///
/// # Safety
/// As for [`call::call_value`]; `at` is a continuation.
pub(crate) unsafe fn call_from_continuation(
    cx: &mut Context,
    callee: Value,
    new: Regs,
    count: usize,
    place: Pc,
    at: Flow,
) -> Flow {
    if callee.as_function().is_some_and(crate::runtime::function::is_guest) {
        // SAFETY: passed on.
        return unsafe { call::call_value(cx, callee, new, count, place, at) };
    }
    PendingCall { callee, new, count, place, at }.put_off(cx)
}
