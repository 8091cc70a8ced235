//! Switching between fibers.

use super::unwind::{self, raise_message};
use crate::heap::{FiberCell, OutOfMemory};
use crate::runtime::context::{Context, Status};
use crate::runtime::direct_switch;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::host_run::{answer, answer_error};
use crate::runtime::stack_memory::FIRST_WORDS;
use crate::threaded::continuation::NESTED_TOO_DEEP;
use crate::threaded::continuation::NESTING_MAX;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, ContinuationKind};
use crate::threaded::operands::set_any;
use crate::threaded::operands::values_at;
use crate::threaded::{Flow, Pc, Regs};
use crate::value::Value;

/// Why a fiber cannot be resumed, in Lua's words.
fn not_resumable(state: FiberState) -> &'static str {
    match state {
        FiberState::Dead => "cannot resume dead coroutine",
        FiberState::Suspended | FiberState::Running | FiberState::Normal | FiberState::Parked => {
            "cannot resume non-suspended coroutine"
        }
    }
}

/// Makes a fiber that will call `callee`.
///
/// # Errors
/// When there is no memory for it.
pub(crate) fn create(cx: &mut Context, callee: Value) -> Result<Value, OutOfMemory> {
    let stack = cx.spare_stacks.take().ok_or(OutOfMemory { bytes: FIRST_WORDS * 8 })?;
    let mut fiber = Box::new(Fiber::new(stack));
    // SAFETY: the stack is new and has room for the entry continuation and one value.
    unsafe {
        let start = fiber.stack.start();
        let continuation = Continuation::instruction(ContinuationKind::Entry, std::ptr::null(), std::ptr::null(), 0);
        start.cast::<Continuation>().write(continuation);
        set_any(start, CONTINUATION_DELTA - 2, callee);
    }
    fiber.save(std::ptr::null(), fiber.stack.start());
    // SAFETY: the state is a fresh box, which `drop_fiber` takes back.
    let state: *mut () = Box::into_raw(fiber).cast();
    // SAFETY: as above.
    match unsafe { cx.heap.new_fiber(state, drop_fiber) } {
        // SAFETY: the cell was just made.
        Ok(cell) => unsafe {
            // So little is never refused.
            let _ = cx.heap.charge_fiber(cell, FIRST_WORDS * 8 + size_of::<Fiber>());
            Ok(Value::from_fiber(cell))
        },
        Err(error) => {
            // SAFETY: no cell owns the state.
            unsafe { drop_fiber(state) };
            Err(error)
        }
    }
}

/// Frees the state of a dead fiber.
///
/// # Safety
/// `state` came from `create` and is not used any more.
pub(crate) unsafe fn drop_fiber(state: *mut ()) {
    // SAFETY: the collector calls this once for a cell.
    drop(unsafe { Box::from_raw(state.cast::<Fiber>()) });
}

/// Saves the running fiber and makes `cell` the running one.
///
/// # Safety
/// The cell is live and its fiber can run; the state of the running one is whole.
#[inline(always)]
pub(crate) unsafe fn enter_fiber(cx: &mut Context, cell: *mut FiberCell, pc: Pc, regs: Regs, state: FiberState) {
    // SAFETY: both cells are live: one runs, the other is about to.
    unsafe {
        if !cx.run.fiber.is_null() {
            let old = Fiber::of(cx.run.fiber);
            old.save(pc, regs);
            old.state = state;
        }
        crate::runtime::collect::before_resume(cx, cell);
        cx.run.fiber = cell;
        let new = Fiber::of(cell);
        new.state = FiberState::Running;
        cx.stack_start = new.stack.start();
        cx.stack_end = new.stack.limit();
    }
}

/// Where an instruction goes on that waits for a fiber, and what it wants.
pub(crate) struct Waiting {
    pub(crate) next: Pc,
    /// Word of the window for an open list, or of the register for an error.
    pub(crate) window: usize,
    /// Word of the register that says how it went.
    pub(crate) ok: usize,
}

/// Puts a continuation for a waiting instruction, and room for values, above the frame at `at`.
///
/// # Safety
/// `at` is the running frame, whole; nothing above it is in use.
unsafe fn wait(
    cx: &mut Context,
    at: Flow,
    kind: ContinuationKind,
    waiting: &Waiting,
    values: &[Value],
) -> Result<Regs, Flow> {
    // SAFETY: nothing above the frame is in use but an open list, which was copied.
    unsafe {
        let top = crate::runtime::function::top_of(at.regs);
        let needed = CONTINUATION_DELTA + 2 * values.len() + 16;
        let Some(regs) = cx.reserve(at.regs, at.regs.add(top), needed) else {
            return Err(super::call::stack_overflow(cx, at));
        };
        let continuation_at = regs.add(top);
        let mut continuation = Continuation::instruction(kind, at.pc, waiting.next, top);
        continuation.state = waiting.ok as u32;
        continuation.spare = waiting.window as u64;
        continuation.nesting = cx.nest();
        continuation_at.cast::<Continuation>().write(continuation);
        for (index, &value) in values.iter().enumerate() {
            set_any(continuation_at.add(CONTINUATION_DELTA), index * 2, value);
        }
        Ok(continuation_at)
    }
}

/// Resumes a fiber for the instruction at `at`, with `count` values that lie in its window.
///
/// # Safety
/// `at` is the running guest frame.
pub(crate) unsafe fn resume_from_instruction(
    cx: &mut Context,
    at: Flow,
    fiber: Value,
    count: usize,
    waiting: Waiting,
) -> Flow {
    // SAFETY: the values are copied before the continuation is written, which may be where an open list ends.
    unsafe {
        let values = values_at(at.regs.add(waiting.window), count);
        match wait(cx, at, ContinuationKind::Resume, &waiting, &values) {
            Ok(continuation) => resume(cx, fiber, continuation, count),
            Err(flow) => flow,
        }
    }
}

/// Closes a fiber for the instruction at `at`.
///
/// # Safety
/// `at` is the running guest frame.
pub(crate) unsafe fn close_from_instruction(cx: &mut Context, at: Flow, fiber: Value, waiting: Waiting) -> Flow {
    // SAFETY: passed on.
    unsafe {
        match wait(cx, at, ContinuationKind::Close, &waiting, &[]) {
            Ok(continuation) => close(cx, fiber, continuation),
            Err(flow) => flow,
        }
    }
}

/// The values in slots of a fiber that is about to stop running, so that its stack stays as it is while they are handed on.
///
/// # Safety
/// They are `any` slots that hold values, on a stack that is not the running one while the slice is used.
unsafe fn slots<'a>(first: Regs, count: usize) -> &'a [Value] {
    // SAFETY: `any` slots are laid out as values are.
    unsafe { std::slice::from_raw_parts(first.cast::<Value>(), count) }
}

/// Hands what a fiber gave to who waits for it with the continuation at `continuation`.
///
/// # Safety
/// The continuation is on top of the running stack, and of something that waits for a fiber.
#[inline(always)]
unsafe fn give(cx: &mut Context, continuation: Regs, result: Result<&[Value], Value>) -> Flow {
    if let Ok(values) = result
        // SAFETY: passed on.
        && let Some(flow) = unsafe { direct_switch::return_to_waiting(cx, continuation, values) }
    {
        return flow;
    }
    // SAFETY: passed on.
    unsafe { give_to(cx, continuation, result) }
}

/// As [`give`], where it is more than to return values.
#[inline(never)]
unsafe fn give_to(cx: &mut Context, continuation: Regs, result: Result<&[Value], Value>) -> Flow {
    // SAFETY: the continuation is on top of the running stack, and knows what lies below it.
    unsafe {
        let waiting = *Continuation::at(continuation);
        cx.run.nesting = waiting.nesting;
        let below = continuation.sub(waiting.delta as usize);
        match (waiting.kind, result) {
            (ContinuationKind::Resume, _) => {
                let (ok, error);
                let values = match result {
                    Ok(values) => {
                        ok = true;
                        values
                    }
                    Err(value) => {
                        ok = false;
                        error = [value];
                        &error[..]
                    }
                };
                let window = waiting.spare as usize;
                let Some(below) = cx.reserve(below, below.add(window), 2 * values.len() + 16) else {
                    return super::call::stack_overflow(cx, Flow { pc: waiting.instruction, regs: below });
                };
                for (index, &value) in values.iter().enumerate() {
                    set_any(below, window + index * 2, value);
                }
                cx.open_count = values.len();
                set_any(below, waiting.state as usize, Value::bool(ok));
                Flow { pc: waiting.next, regs: below }
            }
            (ContinuationKind::Close, _) => {
                *below.add(waiting.state as usize) = u64::from(result.is_ok());
                set_any(below, waiting.spare as usize, result.err().unwrap_or(Value::NIL));
                Flow { pc: waiting.next, regs: below }
            }
            (_, Ok(values)) => answer(cx, continuation, values),
            (_, Err(error)) => answer_error(cx, continuation, error),
        }
    }
}

/// Resumes a fiber for who waits with the continuation at `continuation`; the arguments lie above it where a callee's would.
///
/// # Safety
/// The continuation is on top of the running stack.
pub(crate) unsafe fn resume(cx: &mut Context, fiber: Value, continuation: Regs, arguments: usize) -> Flow {
    // SAFETY: the fiber is checked before it is entered.
    unsafe {
        let problem = match fiber.as_fiber() {
            None => Some("coroutine expected"),
            Some(cell) => match Fiber::of(cell).state {
                FiberState::Suspended if is_too_deep(cx) => Some(NESTED_TOO_DEEP),
                FiberState::Suspended => None,
                other => Some(not_resumable(other)),
            },
        };
        if let Some(problem) = problem {
            return refuse(cx, continuation, problem);
        }
        let cell = fiber.as_fiber().expect("checked above");
        let values = slots(continuation.add(CONTINUATION_DELTA), arguments);
        let place = cx.continuation_return();
        Fiber::of(cell).resumer = cx.run.fiber;
        enter_fiber(cx, cell, place, continuation, FiberState::Normal);
        cx.run.fiber_depth += 1;
        start_or_continue(cx, cell, values)
    }
}

/// Whether fibers, or calls of any kind, are nested too deep for one more; that which is to run it is counted already.
fn is_too_deep(cx: &Context) -> bool {
    cx.run.fiber_depth >= cx.limits.fiber_depth_max || cx.run.nesting > NESTING_MAX
}

/// Gives an error to who asked.
///
/// # Safety
/// As for `give`.
unsafe fn refuse(cx: &mut Context, continuation: Regs, message: &str) -> Flow {
    let value = cx.heap.string_value(message.as_bytes()).unwrap_or(Value::NIL);
    // SAFETY: a continuation that waits is on top of the stack.
    unsafe { give(cx, continuation, Err(value)) }
}

/// Runs the running fiber from its saved state, with these values as arguments or as what its yield gives.
///
/// # Safety
/// The cell is the running fiber's, which is saved whole.
unsafe fn start_or_continue(cx: &mut Context, cell: *mut FiberCell, values: &[Value]) -> Flow {
    // SAFETY: the saved state is complete, and room is made for the values.
    unsafe {
        let fiber = Fiber::of(cell);
        let (pc, regs) = (fiber.pc, fiber.saved_regs());
        if pc.is_null() {
            let callee = fiber.waiting_callee();
            let continuation = fiber.stack.start();
            let Some(continuation) = cx.reserve(continuation, continuation, CONTINUATION_DELTA + 2 * values.len() + 16)
            else {
                return super::call::stack_overflow(cx, Flow { pc: cx.continuation_return(), regs: continuation });
            };
            for (index, &value) in values.iter().enumerate() {
                set_any(continuation.add(CONTINUATION_DELTA), index * 2, value);
            }
            return direct_switch::start(cx, callee, continuation, values.len());
        }
        deliver_yield(cx, pc, regs, values)
    }
}

/// Hands values to the call that yielded: `place` and `caller` are its return place and its caller's registers.
///
/// # Safety
/// The call at that place has yielded, and its window is on top of the stack.
unsafe fn deliver_yield(cx: &mut Context, place: Pc, caller: Regs, values: &[Value]) -> Flow {
    // SAFETY: the yielding frame was the window of this call.
    unsafe {
        let delta = crate::runtime::context::return_info(place).delta as usize;
        let Some(caller) = cx.reserve(caller, caller.add(delta), 2 * values.len() + 16) else {
            let at = super::call::inside_call(cx, Flow { pc: place, regs: caller });
            return super::call::stack_overflow(cx, at);
        };
        direct_switch::give_values(cx, place, caller, None, values.as_ptr().cast_mut().cast(), values.len());
        Flow { pc: place, regs: caller }
    }
}

/// Suspends the running fiber in a frame at `base`, handing out `count` values that lie there; errors happen at `at`.
///
/// # Safety
/// `base` is the frame on top of the stack, `place` its return place.
#[inline(never)] // its locals would cost the handler its tail call
pub(crate) unsafe fn suspend(cx: &mut Context, base: Regs, count: usize, place: Pc, at: Flow) -> Flow {
    // SAFETY: the caller's registers are below the frame.
    unsafe {
        let caller = base.sub(crate::runtime::context::return_info(place).delta as usize);
        suspend_at(cx, base, count, Flow { pc: place, regs: caller }, at)
    }
}

/// As [`suspend`], to go on with what waits at `to` for the values that the fiber is resumed with.
///
/// # Safety
/// `base` is the frame on top of the stack; `to` is a return place, of a call or of the continuation at `at`.
pub(crate) unsafe fn suspend_at(cx: &mut Context, base: Regs, count: usize, to: Flow, at: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let Flow { pc: place, regs: caller } = to;
        let is_main = cx.run.fiber == cx.run.main_fiber;
        if is_main && !cx.run.may_yield {
            return raise_message(cx, at, "attempt to yield from outside a coroutine");
        }
        if cx.run.fiber == cx.run.finaliser_in {
            return raise_message(cx, at, "attempt to yield across a C-call boundary");
        }
        if is_main {
            cx.run.values = values_at(base, count);
            cx.running().save(place, caller);
            return yield_to_host(cx);
        }
        let values = slots(base, count);
        let resumer = cx.running().resumer;
        cx.running().resumer = std::ptr::null_mut();
        enter_fiber(cx, resumer, place, caller, FiberState::Suspended);
        cx.run.fiber_depth -= 1;
        let continuation = cx.running().saved_regs();
        give(cx, continuation, Ok(values))
    }
}

/// The main fiber, whose state is saved, yields the values of the run to the host.
fn yield_to_host(cx: &mut Context) -> Flow {
    cx.running().state = FiberState::Suspended;
    cx.run.suspended = std::mem::replace(&mut cx.run.fiber, std::ptr::null_mut());
    cx.run.main_fiber = std::ptr::null_mut();
    cx.run.is_yield_unreported = true;
    cx.stop(Status::Yielded, Flow { pc: std::ptr::null(), regs: std::ptr::null_mut() })
}

/// Goes on with the run that has yielded to the host, which gives it these values.
pub(crate) fn answer_yield(cx: &mut Context, values: &[Value]) -> Flow {
    let cell = std::mem::replace(&mut cx.run.suspended, std::ptr::null_mut());
    (cx.run.is_yield_unreported, cx.run.values) = (false, Vec::new());
    // SAFETY: the run has kept the fiber; what another run has done to it meanwhile its state says.
    unsafe {
        let state = Fiber::of(cell).state;
        if state != FiberState::Suspended {
            cx.run.failure = Some(cx.failure_of(not_resumable(state)));
            return cx.stop(Status::Failed, Flow { pc: std::ptr::null(), regs: std::ptr::null_mut() });
        }
        cx.status = Status::Running;
        cx.run.main_fiber = cell;
        // No fiber is left behind.
        debug_assert!(cx.run.fiber.is_null(), "the one that has yielded was the last");
        enter_fiber(cx, cell, std::ptr::null(), std::ptr::null_mut(), FiberState::Suspended);
        start_or_continue(cx, cell, values)
    }
}

/// The running fiber has returned `count` values that lie at `results`.
///
/// # Safety
/// Its entry continuation is the only thing below them.
pub(crate) unsafe fn finished(cx: &mut Context, results: Regs, count: usize) -> Flow {
    // SAFETY: the results are above the entry continuation.
    unsafe {
        if cx.run.fiber == cx.run.main_fiber {
            cx.run.values = values_at(results, count);
            cx.running().state = FiberState::Dead;
            return cx
                .stop(Status::Finished, Flow { pc: cx.continuation_return(), regs: results.sub(CONTINUATION_WORDS) });
        }
        let (cell, values) = (cx.run.fiber, slots(results, count));
        let continuation = leave_dead(cx);
        let flow = give(cx, continuation, Ok(values));
        cx.spare_stacks.keep(&mut Fiber::of(cell).stack);
        flow
    }
}

/// The running fiber has failed: its resumer gets the error.
///
/// # Safety
/// The running fiber is not the main one.
pub(crate) unsafe fn failed(cx: &mut Context, at: Flow, error: Value) -> Flow {
    // SAFETY: the resumer waits with a host continuation on top of its stack.
    unsafe {
        let fiber = cx.running();
        let closing = fiber.closing_height.take().is_some();
        fiber.save(at.pc, at.regs);
        let (pc, regs) = (fiber.pc, fiber.regs);
        fiber.failed = !(closing && error.is_nil());
        Continuation::at(fiber.stack.start()).value = error;
        let cell = cx.run.fiber;
        let continuation = leave_dead(cx);
        let fiber = Fiber::of(cell);
        fiber.pc = pc;
        fiber.regs = regs;
        if fiber.failed {
            fiber.failed = !closing;
            return give(cx, continuation, Err(error));
        }
        give(cx, continuation, Ok(&[]))
    }
}

/// Leaves the running fiber, dead, for its resumer; gives the continuation that waits there.
///
/// # Safety
/// The running fiber is at its end and has a resumer.
unsafe fn leave_dead(cx: &mut Context) -> Regs {
    // SAFETY: only fibers with a resumer come here.
    unsafe {
        let resumer = cx.running().resumer;
        cx.running().resumer = std::ptr::null_mut();
        let start = cx.stack_start;
        enter_fiber(cx, resumer, std::ptr::null(), start, FiberState::Dead);
        cx.run.fiber_depth -= 1;
        cx.running().saved_regs()
    }
}

/// Leaves the running fiber, which stands at `at`, for good, unless it is the main one; gives where the main one stands.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn to_main(cx: &mut Context, at: Flow) -> Flow {
    if cx.run.fiber == cx.run.main_fiber {
        return at;
    }
    // SAFETY: the main fiber waits, as another one runs.
    unsafe {
        let main = cx.run.main_fiber;
        let mut between = cx.running().resumer;
        enter_fiber(cx, main, at.pc, at.regs, FiberState::Dead);
        while between != main {
            Fiber::of(between).state = FiberState::Dead;
            between = Fiber::of(between).resumer;
        }
        cx.run.fiber_depth = 0;
        Flow { pc: cx.running().pc, regs: cx.running().saved_regs() }
    }
}

/// Closes a fiber for who waits with the continuation at `continuation`.
///
/// # Safety
/// The continuation is on top of the running stack.
pub(crate) unsafe fn close(cx: &mut Context, fiber: Value, continuation: Regs) -> Flow {
    // SAFETY: the fiber is checked before it is entered.
    unsafe {
        let Some(cell) = fiber.as_fiber() else { return refuse(cx, continuation, "coroutine expected") };
        let target = Fiber::of(cell);
        match target.state {
            FiberState::Running => refuse(cx, continuation, "cannot close a running coroutine"),
            FiberState::Normal | FiberState::Parked => refuse(cx, continuation, "cannot close a normal coroutine"),
            FiberState::Dead => {
                if !target.failed {
                    return give(cx, continuation, Ok(&[]));
                }
                // The error was given out when it happened; the clean-ups get it now, and closing reports it once more.
                let error = Continuation::at(target.stack.start()).value;
                close_running(cx, cell, continuation, Some(error))
            }
            _ if is_too_deep(cx) => refuse(cx, continuation, NESTED_TOO_DEEP),
            FiberState::Suspended if target.pc.is_null() => {
                target.state = FiberState::Dead;
                give(cx, continuation, Ok(&[]))
            }
            FiberState::Suspended => close_running(cx, cell, continuation, None),
        }
    }
}

/// Makes a fiber the running one in order to close it: one that is suspended, or one that has failed with this error.
///
/// # Safety
/// As for `enter_fiber`; the continuation waits for the close, on top of the running stack.
unsafe fn close_running(cx: &mut Context, cell: *mut FiberCell, continuation: Regs, error: Option<Value>) -> Flow {
    // SAFETY: the saved state is complete.
    unsafe {
        let place = cx.continuation_return();
        let target = Fiber::of(cell);
        target.resumer = cx.run.fiber;
        let at = Flow { pc: target.pc, regs: target.saved_regs() };
        enter_fiber(cx, cell, place, continuation, FiberState::Normal);
        Fiber::of(cell).failed = false;
        cx.run.fiber_depth += 1;
        unwind::close(cx, at, error)
    }
}
