//! Errors: finding who handles one, and unwinding to there.

use super::walk::{Level, Walk, height};
use super::{host_run, switch, uncaught};
use crate::runtime::call::enter_directly;
use crate::runtime::call::put_above;
use crate::runtime::call::stack_trap;
use crate::runtime::context::{Context, Status};
use crate::runtime::error::{position_at, traceback, worded};
use crate::runtime::failure::Failure;
use crate::runtime::frames::innermost;
use crate::runtime::function::GuestFunction;
use crate::runtime::function::top_of;
use crate::runtime::stack_memory::RESERVE_WORDS;
use crate::runtime::task::PendingCall;
use crate::threaded::continuation::HANDLER_NESTING_MAX;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, ContinuationKind, Protect};
use crate::threaded::lookups::Catches;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::entities::Block;
use minivm_isa::program::Region;
use minivm_isa::{Instruction, TrapCode};

/// Message handlers at work for errors in message handlers, at which the error becomes that there are too many.
const HANDLER_DEPTH_WARN: usize = 195;
/// Message handlers that may be at work for errors in message handlers.
const HANDLER_DEPTH_MAX: usize = 215;
/// Levels of the stack that an error looks at for 1 unit.
const LEVELS_PER_UNIT: u64 = 8;
/// What the error becomes when handling it fails for good.
const HANDLING_FAILED: &[u8] = b"error in error handling";
/// Words that handlers may use on top of a full stack.
pub(crate) const OVERFLOW_WORDS: usize = 16 << 10;

/// Who handles an error.
enum Catcher {
    /// A region of a guest frame.
    Region { regs: Regs, error: usize, handler: Block, nesting: Option<u32> },
    /// A host function with a protected call.
    Host { continuation: Regs },
    /// Nobody on this fiber.
    Nobody,
}

/// Who gets an error next, the message handler to call first, and how many handlers are at work already.
struct Search {
    catcher: Catcher,
    handler: Option<Value>,
    handlers_at_work: usize,
    /// Nobody on the main fiber catches it: what comes is cleaning up.
    ends_run: bool,
    /// Levels of the stack that were looked at.
    levels: u64,
}

/// What a search is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Errand {
    /// A new error: its message handler is wanted, and clean-ups wait if nobody on the fiber catches it.
    New,
    /// An error that is on its way already.
    Onward,
}

/// Raises an error value at `at`, the state of the running frame.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn raise(cx: &mut Context, at: Flow, error: Value) -> Flow {
    // SAFETY: passed on.
    unsafe {
        begin(cx, at);
        cx.run.pending_trap = None;
        let flow = raise_at(cx, at, error);
        super::stepping::stop_if_used_up(cx, flow)
    }
}

/// Raises a trap at `at`: an error whose value is its message.
///
/// # Safety
/// `at` is the running frame.
#[inline(never)]
pub(crate) unsafe fn raise_trap(cx: &mut Context, at: Flow, code: TrapCode) -> Flow {
    // SAFETY: passed on.
    unsafe {
        begin(cx, at);
        let flow = raise_trap_at(cx, at, code);
        super::stepping::stop_if_used_up(cx, flow)
    }
}

/// What comes before any error at `at`: the frame is made whole, and what it has executed of its block is paid for.
///
/// # Safety
/// `at` is the running frame.
unsafe fn begin(cx: &mut Context, at: Flow) {
    cx.run.work = None;
    // SAFETY: passed on.
    unsafe {
        make_whole(cx, at);
        super::stepping::pay(cx, at);
    }
    end_entering(cx, at);
}

/// As [`raise_trap`], where another error has begun already.
///
/// # Safety
/// As for `raise_trap`.
unsafe fn raise_trap_at(cx: &mut Context, at: Flow, code: TrapCode) -> Flow {
    let text = match code {
        TrapCode::OutOfMemory => code.message().as_bytes().to_vec(),
        TrapCode::StackOverflow => (position_at(cx, at) + code.message()).into_bytes(),
        _ => {
            let words = worded(cx, at, code.message().as_bytes(), Some(code));
            words.unwrap_or_else(|| (position_at(cx, at) + code.message()).into_bytes())
        }
    };
    if code == TrapCode::StackOverflow && cx.run.overflow_words > 0 {
        cx.run.pending_trap = Some(code);
        // SAFETY: passed on.
        return unsafe { handling_failed(cx, at) };
    }
    if code == TrapCode::StackOverflow {
        cx.run.overflow_words = OVERFLOW_WORDS;
    }
    let value = match cx.heap.string_value(&text) {
        Ok(value) => value,
        // SAFETY: the string is a root.
        Err(_) => unsafe { Value::from_string(cx.no_memory) },
    };
    cx.run.pending_trap = Some(code);
    // SAFETY: passed on.
    unsafe { raise_at(cx, at, value) }
}

/// Raises an error with the position of `at` before its message.
///
/// # Safety
/// `at` is the running frame.
#[inline(never)]
pub(crate) unsafe fn raise_message(cx: &mut Context, at: Flow, message: impl AsRef<[u8]>) -> Flow {
    let text = worded(cx, at, message.as_ref(), None).unwrap_or_else(|| {
        let mut text = position_at(cx, at).into_bytes();
        text.extend_from_slice(message.as_ref());
        text
    });
    // SAFETY: passed on.
    unsafe {
        match cx.heap.string_value(&text) {
            Ok(value) => raise(cx, at, value),
            Err(_) => raise_trap(cx, at, TrapCode::OutOfMemory),
        }
    }
}

/// Unwinds the stack for an error that the run has stopped at, as nobody catches it.
///
/// # Safety
/// `at` is where it was raised.
pub(super) unsafe fn raise_uncaught(cx: &mut Context, at: Flow, error: Value) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let search = search(cx, at, false, Errand::New, error);
        note_trace(cx, at, &search);
        unwind_to(cx, at, false, search.catcher, error)
    }
}

/// Closes the running fiber, which is suspended at `at` or has failed there with `error`: runs its clean-up regions, then it
/// is dead.
///
/// # Safety
/// `at` is the fiber's saved state.
pub(crate) unsafe fn close(cx: &mut Context, at: Flow, error: Option<Value>) -> Flow {
    cx.running().closing_height = Some(usize::MAX);
    cx.run.pending_trap = None;
    // What has failed stopped at an instruction, what is suspended after one.
    let calling = error.is_none();
    // SAFETY: passed on.
    unsafe {
        let error = error.unwrap_or(Value::NIL);
        let search = search(cx, at, calling, Errand::Onward, error);
        unwind_to(cx, at, calling, search.catcher, error)
    }
}

/// A message handler has mapped an error value; its continuation is at `regs`.
///
/// # Safety
/// The continuation is on top of the stack.
pub(crate) unsafe fn handled(cx: &mut Context, regs: Regs, error: Value) -> Flow {
    // SAFETY: the continuation says where the error happened.
    unsafe {
        let continuation = *Continuation::at(regs);
        let at = Flow { pc: continuation.next, regs: regs.sub(continuation.delta as usize) };
        let search = search(cx, at, false, Errand::Onward, error);
        unwind_to(cx, at, false, search.catcher, error)
    }
}

/// Ends an error that cannot even be handled, without its message handler.
///
/// # Safety
/// As for `raise`.
unsafe fn handling_failed(cx: &mut Context, at: Flow) -> Flow {
    let error = cx.heap.string_value(HANDLING_FAILED).unwrap_or(Value::NIL);
    // SAFETY: passed on.
    unsafe {
        let search = search(cx, at, false, Errand::New, error);
        note_trace(cx, at, &search);
        unwind_to(cx, at, false, search.catcher, error)
    }
}

/// Makes the frame whole in which an error happens, see the invariants of [`stack`](super). One whose call was entered already
/// is not: `at` is inside of the call (see [`inside_call`](super::call::inside_call)), what waited in its window for the call
/// has been overwritten by the callee, and the collector has not kept what only the call has read.
///
/// # Safety
/// `at` is a guest frame on top of the stack.
unsafe fn make_whole(cx: &Context, at: Flow) {
    if cx.is_machine_place(at.pc) {
        return;
    }
    // SAFETY: `at` is a guest frame.
    unsafe {
        let (_, guest) = super::stepping::function_of(at.regs);
        if let Some(call) = guest.call_around(at.pc) {
            let map = guest.stack_map().expect("it is made with the code");
            if guest.is_baseline(at.pc) {
                super::stepping::materialise(guest, at.regs, &map.forgotten(guest.portable(), call));
            } else {
                map.forget_operands(guest.portable(), guest.slots(), call, at.regs);
            }
        }
    }
}

/// Whether the instruction at `at` throws on what a clean-up region got.
///
/// # Safety
/// `at` is the running guest frame.
unsafe fn throws_on(cx: &Context, at: Flow) -> bool {
    if at.pc == cx.continuation_return() {
        return false;
    }
    // SAFETY: `at` is the running frame.
    let level = unsafe { Walk::new(cx, at, false).next() };
    let Some((Level::Guest { guest, instruction, .. }, _)) = level else { return false };
    let function = guest.portable();
    let Instruction::Throw { value } = &function.code[instruction] else { return false };
    value.reg().is_some_and(|register| guest.lookups().is_cleanup_error(register))
}

/// An error on the way into a call that the frame at `at` makes: the call is not nested any more.
fn end_entering(cx: &mut Context, at: Flow) {
    if cx.is_entering && !cx.is_machine_place(at.pc) {
        cx.is_entering = false;
        cx.run.nesting -= 1;
    }
}

/// As [`raise`], where an error has begun already: the budget may be used up by what it costs.
///
/// # Safety
/// As for `raise`.
unsafe fn raise_at(cx: &mut Context, at: Flow, error: Value) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let errand = if throws_on(cx, at) { Errand::Onward } else { Errand::New };
        if errand == Errand::New
            && let Some(flow) = uncaught::stop_at(cx, at, error)
        {
            return flow;
        }
        let search = search(cx, at, false, errand, error);
        let levels = search.levels;
        let flow = match search.handler {
            Some(_) if search.handlers_at_work >= HANDLER_DEPTH_MAX || cx.run.nesting >= HANDLER_NESTING_MAX => {
                handling_failed(cx, at)
            }
            Some(handler) => {
                let too_many = search.handlers_at_work == HANDLER_DEPTH_WARN;
                let warning = too_many.then(|| cx.heap.string_value(b"C stack overflow").ok()).flatten();
                call_handler(cx, at, handler, warning.unwrap_or(error))
            }
            None => {
                if errand == Errand::New {
                    note_trace(cx, at, &search);
                }
                unwind_to(cx, at, false, search.catcher, error)
            }
        };
        if !flow.pc.is_null() {
            cx.owe(levels / LEVELS_PER_UNIT);
        }
        flow
    }
}

/// Calls a message handler above the frame at `at`. What goes wrong on the way into it happens at its continuation: an error while an
/// error is handled, which counts as one of those. It is called here only if nothing can go wrong, else when the machine goes
/// on with the continuation, so that handlers that cannot be called do not nest on the native stack.
///
/// # Safety
/// As for `raise`; the handler is live.
unsafe fn call_handler(cx: &mut Context, at: Flow, handler: Value, error: Value) -> Flow {
    // SAFETY: the handler runs above everything that is live where the error happened.
    unsafe {
        let top = if cx.is_machine_place(at.pc) { CONTINUATION_WORDS } else { top_of(at.regs) };
        let mut continuation = Continuation::instruction(ContinuationKind::MessageHandler, at.pc, at.pc, top);
        continuation.value = error;
        if cx.run.overflow_words > 0 && cx.run.overflow_handler.is_none() {
            cx.run.overflow_handler = Some((cx.run.fiber, height(cx, at.regs) + top));
        }
        let Some(place) = put_above(cx, at, top, &[error], continuation) else {
            let code = stack_trap(cx);
            return raise_trap_at(cx, at, code);
        };
        let (new, return_place) = (place.add(CONTINUATION_DELTA), cx.continuation_return());
        enter_directly(cx, handler, new, 1, return_place).unwrap_or_else(|| {
            let at = Flow { pc: return_place, regs: place };
            PendingCall { callee: handler, new, count: 1, place: return_place, at }.put_off(cx)
        })
    }
}

/// # Safety
/// `at` is the running frame, whole, and the error is live.
unsafe fn search(cx: &mut Context, at: Flow, calling: bool, errand: Errand, error: Value) -> Search {
    let mut walk = Walk::new(cx, at, calling);
    let mut handlers_at_work = 0;
    let mut cleanup = None;
    // The continuation above the frame that is looked at.
    let mut above: Option<Regs> = None;
    let mut levels = 0;
    let mut known = KnownRegions::default();
    // Below this height only clean-ups run, while a fiber is being closed.
    let closing = cx.running().closing_height;
    let catches = |regs| closing.is_none_or(|closing| height(cx, regs) > closing);
    // SAFETY: the error at hand is live.
    let catching = if unsafe { cx.is_exception(error) } { Catches::Exceptions } else { Catches::Errors };
    // SAFETY: the stack does not change while it is searched.
    while let Some((level, _)) = unsafe { walk.next() } {
        levels += 1;
        let (catcher, handler) = match level {
            Level::Guest { guest, regs, instruction, .. } => {
                let catches = if catches(regs) { catching } else { Catches::Nothing };
                let (inner, catch) = known.regions_at(guest, instruction, catches);
                if let Some(region) = inner {
                    cleanup = cleanup.or(Some(catcher_of(guest, regs, region, above)));
                }
                let Some(region) = catch else {
                    match cleanup {
                        Some(catcher) if errand == Errand::Onward => {
                            return Search { catcher, handler: None, handlers_at_work, ends_run: false, levels };
                        }
                        _ => continue,
                    }
                };
                let handler = region.message_handler.map(|reg| {
                    // SAFETY: the verifier proved that it is assigned throughout the region.
                    unsafe { get_any(regs, guest.slots().of(reg) as usize) }
                });
                (catcher_of(guest, regs, region, above), handler)
            }
            Level::Host { continuation, .. } => {
                above = Some(continuation);
                // SAFETY: the level is a host continuation.
                match unsafe { handler_of(continuation) } {
                    Some(handler) if catches(continuation) => (Catcher::Host { continuation }, handler),
                    _ => continue,
                }
            }
            Level::Continuation { continuation } => {
                above = Some(continuation);
                // SAFETY: the level is a continuation.
                match unsafe { Continuation::at(continuation).kind } {
                    ContinuationKind::MessageHandler => {
                        handlers_at_work += 1;
                        continue;
                    }
                    // Errors of finalisers go no further.
                    ContinuationKind::Finaliser => (Catcher::Host { continuation }, None),
                    _ => continue,
                }
            }
            Level::Boundary { .. } => continue,
        };
        let handler = handler.filter(|_| errand == Errand::New);
        return Search { catcher: cleanup.unwrap_or(catcher), handler, handlers_at_work, ends_run: false, levels };
    }
    // What a fiber fails with leaves its clean-ups for when it is closed; the main one is closed by failing.
    let cleans_up = closing.is_some() || errand == Errand::Onward || cx.run.fiber == cx.run.main_fiber;
    let catcher = cleanup.filter(|_| cleans_up).unwrap_or(Catcher::Nobody);
    Search { catcher, handler: None, handlers_at_work, ends_run: cx.run.fiber == cx.run.main_fiber, levels }
}

/// The message handler of a host function that catches errors of what it calls, if it has one; nothing if it catches none.
///
/// # Safety
/// A host continuation lies there.
unsafe fn handler_of(continuation: Regs) -> Option<Option<Value>> {
    // SAFETY: passed on.
    let continuation = unsafe { Continuation::at(continuation) };
    match continuation.protect {
        Protect::No => None,
        Protect::Catch => Some(None),
        Protect::CatchWith => Some(Some(continuation.value)),
    }
}

/// Makes the traceback of a new error that ends the run before clean-ups take the stack apart.
fn note_trace(cx: &mut Context, at: Flow, search: &Search) {
    let is_needed = search.ends_run && matches!(search.catcher, Catcher::Region { .. });
    if is_needed {
        cx.run.trace = Some(traceback(cx, at, false));
        cx.failed_at = innermost(cx, at, false);
    } else {
        cx.run.trace = None;
    }
}

fn catcher_of(guest: &GuestFunction, regs: Regs, region: &Region, above: Option<Regs>) -> Catcher {
    // SAFETY: the continuation above the frame was just met.
    let nesting = above.map(|continuation| unsafe { Continuation::at(continuation).nesting });
    Catcher::Region { regs, error: guest.slots().of(region.error) as usize, handler: region.handler, nesting }
}

/// The innermost region around an instruction if it cleans up, and the innermost one that catches.
pub(super) fn regions_at(
    guest: &GuestFunction,
    instruction: usize,
    catches: Catches,
) -> (Option<&Region>, Option<&Region>) {
    let function = guest.portable();
    if function.regions.is_empty() {
        return (None, None);
    }
    guest.lookups().regions_at(function, function.block_of(instruction), catches)
}

/// The regions around the instruction that was looked at last: the frames of a recursion are all at the same one.
#[derive(Default)]
struct KnownRegions<'a> {
    at: Option<(*const GuestFunction, usize, Catches)>,
    regions: (Option<&'a Region>, Option<&'a Region>),
}

impl<'a> KnownRegions<'a> {
    fn regions_at(
        &mut self,
        guest: &'a GuestFunction,
        instruction: usize,
        catches: Catches,
    ) -> (Option<&'a Region>, Option<&'a Region>) {
        let at = Some((std::ptr::from_ref(guest), instruction, catches));
        if self.at != at {
            (self.at, self.regions) = (at, regions_at(guest, instruction, catches));
        }
        self.regions
    }
}

/// An error was caught at `place`: what was granted on top of a full stack is taken back, unless it is a message handler that
/// has caught it.
fn end_overflow(cx: &mut Context, place: Regs) {
    if let Some((fiber, handler)) = cx.run.overflow_handler
        && (fiber != cx.run.fiber || height(cx, place) > handler)
    {
        return;
    }
    cx.run.overflow_words = 0;
    cx.run.overflow_handler = None;
}

/// As [`end_overflow`], and takes the memory back too: gives where `place` lies now, above which so many words are in use.
fn shrink_after_overflow(cx: &mut Context, place: Regs, words: usize) -> Regs {
    end_overflow(cx, place);
    if cx.run.overflow_words > 0 {
        return place;
    }
    let maximum = cx.limits.stack_words_max;
    let offset = height(cx, place);
    let fiber = cx.running();
    let had = fiber.stack.words();
    if had <= maximum || offset + words + RESERVE_WORDS > maximum || !fiber.stack.resize(maximum) {
        return place;
    }
    // SAFETY: the running fiber is alive.
    unsafe { cx.heap.discharge_fiber(cx.run.fiber, (had - maximum) * 8) };
    cx.stack_start = cx.running().stack.start();
    cx.stack_end = cx.running().stack.limit();
    cx.stack_start.wrapping_add(offset)
}

/// # Safety
/// As for `search`, which has found the catcher.
unsafe fn unwind_to(cx: &mut Context, at: Flow, calling: bool, catcher: Catcher, error: Value) -> Flow {
    // SAFETY: the catcher was found on this stack.
    unsafe {
        match catcher {
            Catcher::Region { regs, error: slot, handler, nesting } => {
                cx.run.nesting = nesting.unwrap_or(cx.run.nesting);
                if cx.running().closing_height.is_some() {
                    cx.running().closing_height = Some(height(cx, regs));
                }
                let regs = shrink_after_overflow(cx, regs, top_of(regs) + CONTINUATION_DELTA);
                set_any(regs, slot, error);
                let flow = super::stepping::enter_handler(cx, regs, handler);
                // Programs that do nothing but raise errors come to no other safepoint.
                if cx.heap.needs_step() {
                    crate::runtime::collect::step_before(cx, flow);
                }
                flow
            }
            Catcher::Host { continuation } => {
                let continuation = shrink_after_overflow(cx, continuation, CONTINUATION_WORDS);
                cx.run.pending_trap = None;
                host_run::answer_error(cx, continuation, error)
            }
            Catcher::Nobody if cx.run.fiber == cx.run.main_fiber && cx.run.exit.is_some() => {
                cx.run.failure = cx.run.exit.take().map(Failure::Exit);
                cx.stop(Status::Failed, at)
            }
            Catcher::Nobody if cx.run.fiber == cx.run.main_fiber => {
                let trace = cx.run.trace.take().unwrap_or_else(|| {
                    cx.failed_at = innermost(cx, at, calling);
                    traceback(cx, at, calling)
                });
                cx.run.failure = Some(Failure::Error { value: error, trap: cx.run.pending_trap.take(), trace });
                cx.run.overflow_words = 0;
                cx.run.overflow_handler = None;
                cx.stop(Status::Failed, at)
            }
            Catcher::Nobody => {
                end_overflow(cx, cx.stack_start);
                switch::failed(cx, at, error)
            }
        }
    }
}
