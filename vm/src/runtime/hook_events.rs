//! Calling hooks: a function that a fiber calls at events of its own run, which are calls, returns, new lines, and every so many
//! instructions.
//!
//! While a fiber of the machine has one, only baseline code runs, and every step looks here first. The events of an instruction are
//! reported before it begins, those of a host function before it begins and before its results are delivered. A hook is called above
//! a continuation, as a finaliser is; while it runs, its fiber reports nothing. Its errors are those of what it interrupts.

use super::host_run;
use super::resume::return_from;
use crate::runtime::call::{host_continuation, stack_overflow};
use crate::runtime::context::Context;
use crate::runtime::deliver::{deliver, move_down};
use crate::runtime::fiber::Fiber;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction, top_of};
use crate::runtime::hook::{Entered, Event, Hook, HookEvents, Last, SUSPENDED};
use crate::runtime::host::Returned;
use crate::runtime::host_run::call_from_continuation;
use crate::runtime::stepping::{self, function_of};
use crate::runtime::walk::height;
use crate::threaded::continuation::{
    CONTINUATION_DELTA, CONTINUATION_WORDS, Came, Continuation, ContinuationKind, Protect,
};
use crate::threaded::frame::Frame;
use crate::threaded::operands::set_any;
use crate::threaded::slots::window;
use crate::threaded::stack_map::takes_open;
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::Instruction;

/// The events of an instruction, in the order in which they are reported.
const STAGES: [Stage; 4] = [Stage::Entry, Stage::Count, Stage::Line, Stage::Return];

#[derive(Clone, Copy)]
enum Stage {
    Entry,
    Count,
    Line,
    Return,
}

impl Context {
    /// Gives a fiber a hook, or takes it away.
    pub(crate) fn set_hook(&mut self, fiber: &mut Fiber, hook: Option<(Value, HookEvents)>) {
        let running_at = fiber.hook.as_ref().and_then(|hook| hook.running_at);
        if let Some(old) = fiber.hook.take() {
            self.heap.barrier(old.function);
        }
        fiber.hook = hook.map(|(function, events)| {
            let mut hook = Hook::new(function, events, &self.hooks.count);
            hook.running_at = running_at;
            hook
        });
    }

    /// The hook of the running fiber, unless what happens at `regs` happens in it.
    fn hook_at(&mut self, regs: Regs) -> Option<&mut Hook> {
        let height = height(self, regs);
        let hook = self.running().hook.as_deref_mut()?;
        (!hook.is_running_above(height)).then_some(hook)
    }
}

/// The running fiber has entered a function with bytecode.
#[cold]
#[inline(never)]
pub(crate) fn entered(cx: &mut Context, regs: Regs) {
    let height = height(cx, regs);
    if let Some(hook) = cx.hook_at(regs) {
        if hook.entered == Entered::Not {
            hook.entered = Entered::Called;
        }
        (hook.last, hook.reported) = (Last::Entered(height), 0);
    }
}

/// The frame at `regs` is about to give itself up for a call.
#[cold]
#[inline(never)]
pub(crate) fn will_tail_call(cx: &mut Context, regs: Regs) {
    if let Some(hook) = cx.hook_at(regs) {
        hook.entered = Entered::TailCalled;
    }
}

/// Reports the events of the instruction at `at`: gives the next call of the hook, after which the instruction comes to this again;
/// none when all are reported.
///
/// # Safety
/// `at` is the running guest frame in baseline code, before a step.
#[inline(never)]
pub(crate) unsafe fn before_instruction(cx: &mut Context, at: Flow) -> Option<Flow> {
    if cx.run.work.is_some() {
        return None;
    }
    let height = height(cx, at.regs);
    cx.hook_at(at.regs)?;
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(at.regs) };
    let instruction = guest.canonical(at.pc);
    let has_lines = !guest.stands_for_host() && !guest.cleans_up(instruction);
    let is_counted = has_lines && !ends_before_loop(guest, instruction);
    let hook = cx.running().hook.as_deref_mut()?;
    while let Some(&stage) = STAGES.get(usize::from(hook.reported)) {
        hook.reported += 1;
        let reported = match stage {
            Stage::Entry => {
                let event = match std::mem::replace(&mut hook.entered, Entered::Not) {
                    Entered::Not => None,
                    Entered::Called => Some(Event::Call),
                    Entered::TailCalled => Some(Event::TailCall),
                };
                event.filter(|_| hook.events.calls).map(|event| (event, None))
            }
            Stage::Count if hook.events.count > 0 && has_lines => {
                hook.left = hook.left.saturating_sub(1);
                let is_due = hook.left == 0;
                if is_due {
                    hook.left = hook.events.count;
                }
                is_due.then_some((Event::Count, None))
            }
            Stage::Line if hook.events.lines && is_counted => {
                new_line(guest, hook.last, height, instruction).map(|line| (Event::Line, line))
            }
            Stage::Return => {
                let returns = matches!(
                    guest.portable().code[instruction],
                    Instruction::ReturnValues { .. } | Instruction::ReturnOpen { .. }
                );
                (returns && hook.events.returns).then_some((Event::Return, None))
            }
            Stage::Count | Stage::Line => None,
        };
        if let Some((event, line)) = reported {
            // SAFETY: passed on.
            return Some(unsafe { call_before(cx, guest, at, instruction, event, line) });
        }
    }
    hook.reported = 0;
    if is_counted {
        hook.last = Last::Done(height, instruction);
    }
    None
}

/// Whether an instruction begins a line: gives that, or none inside where it has no number.
fn new_line(guest: &GuestFunction, last: Last, height: usize, instruction: usize) -> Option<Option<u32>> {
    let line_at = |instruction| guest.portable().span_at(instruction).map(|span| span.line);
    let line = line_at(instruction)?;
    let is_new = match last {
        Last::Entered(at) if at == height => true,
        Last::Done(at, done) if at == height => instruction <= done || line_at(done) != Some(line),
        // It comes back to this frame: the instruction before was the call.
        Last::Unknown | Last::Entered(_) | Last::Done(..) => {
            instruction.checked_sub(1).is_none_or(|call| line_at(call) != Some(line))
        }
    };
    let is_numbered = line != minivm_isa::program::NO_LINE;
    let is_first = matches!(last, Last::Entered(at) if at == height);
    (is_new && (is_numbered || is_first)).then_some(is_numbered.then_some(line))
}

/// Whether an instruction is only there as a block has to end before a loop begins.
fn ends_before_loop(guest: &GuestFunction, instruction: usize) -> bool {
    let function = guest.portable();
    let Instruction::Jump { target: head } = function.code[instruction] else { return false };
    let start = function.block_range(head).start;
    if start != instruction + 1 {
        return false;
    }
    function.code[start..].iter().any(|instruction| {
        let mut leads_back = false;
        instruction.for_each_target(|target| leads_back |= target == head);
        leads_back
    })
}

/// Calls the hook above the guest frame at `at`, whose open list stays below the continuation.
///
/// # Safety
/// As for [`before_instruction`].
unsafe fn call_before(
    cx: &mut Context,
    guest: &GuestFunction,
    at: Flow,
    instruction: usize,
    event: Event,
    line: Option<u32>,
) -> Flow {
    // SAFETY: nothing waits above the frame but an open list.
    unsafe {
        let values = if takes_open(&guest.portable().code[instruction]) { 2 * cx.open_count } else { 0 };
        let top = top_of(at.regs);
        let used = top + values;
        let Some(regs) = cx.reserve(at.regs, at.regs.add(used), CONTINUATION_DELTA + 16) else {
            return stack_overflow(cx, at);
        };
        std::ptr::copy(regs.add(window(guest.slots())), regs.add(top), values);
        let mut continuation = Continuation::instruction(ContinuationKind::Hook, at.pc, at.pc, used);
        continuation.values = values as u32;
        call_above(cx, regs.add(used), continuation, event, line)
    }
}

/// Reports a call of a host function, which has not begun; none when there is nothing to report.
///
/// # Safety
/// The frame at `base` with its `count` arguments is on top of the stack, its header is written.
#[cold]
#[inline(never)]
pub(crate) unsafe fn before_host(cx: &mut Context, base: Regs, count: usize, came: Came) -> Option<Flow> {
    // SAFETY: passed on.
    let is_internal = unsafe { is_internal(base) };
    let hook = cx.hook_at(base)?;
    hook.entered = Entered::Not;
    if !hook.events.calls || is_internal {
        return None;
    }
    // SAFETY: passed on.
    unsafe { call_above_host(cx, base, count, Event::Call, came) }
}

/// Reports the return of a host function with `count` results at `base`; none when there is nothing to report.
///
/// # Safety
/// The frame at `base` is on top of the stack.
#[cold]
#[inline(never)]
pub(crate) unsafe fn host_returns(cx: &mut Context, base: Regs, count: usize) -> Option<Flow> {
    // SAFETY: passed on.
    let is_internal = unsafe { is_internal(base) };
    if !cx.hook_at(base)?.events.returns || is_internal {
        return None;
    }
    // SAFETY: passed on.
    unsafe { call_above_host(cx, base, count, Event::Return, Came::Called) }
}

/// Whether the host function whose frame is at `base` is a part of the language.
///
/// # Safety
/// A frame with a header is there.
unsafe fn is_internal(base: Regs) -> bool {
    // SAFETY: the closure of a frame lives, and points to its function.
    let info = unsafe { &*(*Frame::at(base).closure()).function.cast::<FunctionInfo>() };
    matches!(&info.body, Body::Host(host) if host.is_internal.get())
}

/// # Safety
/// The frame of a host function at `base` is on top of the stack, with so many values.
unsafe fn call_above_host(cx: &mut Context, base: Regs, count: usize, event: Event, came: Came) -> Option<Flow> {
    // SAFETY: room is made above the values.
    unsafe {
        let delta = crate::threaded::operands::words_between(cx.stack_start, base);
        cx.reserve(base, base.add(count * 2), CONTINUATION_DELTA + 16)?;
        let base = cx.stack_start.add(delta);
        let mut continuation = host_continuation(0, Protect::No, Value::NIL, count);
        (continuation.kind, continuation.came) = (ContinuationKind::Hook, came);
        Some(call_above(cx, base.add(count * 2), continuation, event, None))
    }
}

/// Reports the return of a guest frame that has given itself up for a host function, which has given `count` values at `values`;
/// none when there is nothing to report.
///
/// # Safety
/// The frame is on top of the stack but for the values.
#[cold]
#[inline(never)]
pub(crate) unsafe fn before_return(
    cx: &mut Context,
    below: &Continuation,
    frame: Regs,
    values: Regs,
    count: usize,
) -> Option<Flow> {
    // SAFETY: the values are moved to where the machine looks for those of a continuation.
    unsafe {
        if !cx.hook_at(frame)?.events.returns {
            return None;
        }
        let top = top_of(frame);
        let from = crate::threaded::operands::words_between(frame, values);
        let used = top.max(from) + 2 * count;
        let frame = cx.reserve(frame, frame.add(used), CONTINUATION_DELTA + 16)?;
        std::ptr::copy(frame.add(from), frame.add(top), 2 * count);
        let mut continuation =
            Continuation::instruction(ContinuationKind::Hook, below.instruction, std::ptr::null(), top + 2 * count);
        continuation.values = 2 * count as u32;
        Some(call_above(cx, frame.add(top + 2 * count), continuation, Event::Return, None))
    }
}

/// Calls the hook of the running fiber above a continuation, which is put at `place`.
///
/// # Safety
/// There is room for the continuation and a call above it, and all live words of the stack are below.
unsafe fn call_above(
    cx: &mut Context,
    place: Regs,
    mut continuation: Continuation,
    event: Event,
    line: Option<u32>,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        continuation.spare = event as u64;
        continuation.metered = cx.is_metered();
        continuation.nesting = cx.nest();
        place.cast::<Continuation>().write(continuation);
        let running_at = height(cx, place);
        let hook = cx.running().hook.as_deref_mut().expect("the caller has looked");
        hook.running_at = Some(running_at);
        let function = hook.function;
        let name = cx.heap.string_value(event.name()).unwrap_or(Value::NIL);
        let new = place.add(CONTINUATION_DELTA);
        set_any(new, 0, name);
        set_any(new, 2, line.map_or(Value::NIL, |line| Value::int(i64::from(line))));
        let return_place = cx.continuation_return();
        let at = Flow { pc: return_place, regs: place };
        let flow = call_from_continuation(cx, function, new, 2, return_place, at);
        stepping::stop_if_used_up(cx, flow)
    }
}

/// Returns `count` values that lie at the base of a host function's frame, after reporting that.
///
/// # Safety
/// The frame is on top of the stack.
unsafe fn return_host(cx: &mut Context, base: Regs, count: usize) -> Flow {
    // SAFETY: passed on.
    unsafe {
        if cx.hooks.is_on
            && let Some(flow) = host_returns(cx, base, count)
        {
            return flow;
        }
        let to = Frame::at(base).return_place();
        let caller = deliver(cx, base, count, base, to);
        Flow { pc: to, regs: caller }
    }
}

/// Whether the host function at `base` reports its return.
pub(crate) fn reports_return(cx: &mut Context, base: Regs) -> bool {
    cx.hook_at(base).is_some_and(|hook| hook.events.returns)
}

/// Suspends the running fiber in a host function at `base`, which hands out the `count` values there, so that its return is reported
/// when the fiber goes on.
///
/// # Safety
/// The frame is on top of the stack with room for a continuation at `at`, which errors happen at.
pub(crate) unsafe fn suspend(cx: &mut Context, base: Regs, count: usize, at: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let mut continuation = host_continuation(0, Protect::No, Value::NIL, count);
        (continuation.kind, continuation.spare) = (ContinuationKind::Hook, SUSPENDED);
        continuation.nesting = cx.run.nesting;
        at.regs.cast::<Continuation>().write(continuation);
        cx.running().suspended_in = std::ptr::null();
        super::switch::suspend_at(cx, base, count, at, at)
    }
}

/// A hook has returned, or what its continuation waits for; that is at `place`, below `count` values.
///
/// # Safety
/// The continuation is on top of the stack but for the values.
pub(crate) unsafe fn returned(cx: &mut Context, place: Regs, count: usize) -> Flow {
    let at = height(cx, place);
    if let Some(hook) = cx.running().hook.as_deref_mut()
        && hook.running_at == Some(at)
    {
        hook.running_at = None;
    }
    // SAFETY: the continuation says what it interrupted.
    unsafe {
        let continuation = *Continuation::at(place);
        let values = continuation.values as usize;
        let first = place.sub(values);
        if continuation.spare == SUSPENDED {
            move_down(place.add(CONTINUATION_WORDS), first, count);
            return return_host(cx, first, count);
        }
        let is_return = continuation.spare == Event::Return as u64;
        if continuation.instruction.is_null() {
            if !is_return {
                return host_run::go_on(cx, place, Returned::Nothing);
            }
            let to = Frame::at(first).return_place();
            let caller = deliver(cx, first, values / 2, first, to);
            return Flow { pc: to, regs: caller };
        }
        let regs = place.sub(continuation.delta as usize);
        if continuation.next.is_null() {
            return return_from(cx, regs, first, values / 2);
        }
        let (_, guest) = function_of(regs);
        std::ptr::copy(first, regs.add(window(guest.slots())), values);
        cx.open_count = values / 2;
        Flow { pc: continuation.next, regs }
    }
}
