//! Errors: finding who handles one, and unwinding to there.

use super::call::{call_above, top_of};
use super::record::{Protect, RECORD_WORDS, Record, RecordKind};
use super::walk::{Level, Walk, height};
use super::{host_call, switch};
use crate::context::{Context, Status};
use crate::dispatch::operands::{get_any, set_any};
use crate::dispatch::{Flow, Regs};
use crate::error::{Failure, position_at, traceback};
use crate::function::GuestFunction;
use crate::value::Value;
use minivm_isa::TrapCode;
use minivm_isa::entities::Block;
use minivm_isa::program::{Region, RegionKind};

/// Message handlers that may be at work for errors in message handlers.
const HANDLER_DEPTH_MAX: usize = 10;
/// Words that handlers may use on top of a full stack.
const OVERFLOW_WORDS: usize = 16 << 10;

/// Who handles an error.
enum Catcher {
    /// A region of a guest frame.
    Region { regs: Regs, error: usize, handler: Block },
    /// A host function with a protected call.
    Host { record: Regs },
    /// Nobody on this fiber.
    Nobody,
}

/// A catcher, the message handler to call first, and how many handlers are at work already.
struct Search {
    catcher: Catcher,
    handler: Option<Value>,
    handlers_at_work: usize,
}

/// Raises an error value at `at`, the state of the running frame.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn raise(cx: &mut Context, at: Flow, error: Value) -> Flow {
    cx.pending_trap = None;
    // SAFETY: passed on.
    unsafe { raise_from(cx, at, false, error) }
}

/// Raises a trap at `at`: an error whose value is its message.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn raise_trap(cx: &mut Context, at: Flow, code: TrapCode) -> Flow {
    let text = match code {
        TrapCode::OutOfMemory => code.message().to_string(),
        _ => position_at(cx, at) + code.message(),
    };
    if code == TrapCode::StackOverflow {
        cx.overflow_words = OVERFLOW_WORDS;
    }
    let value = match cx.heap.string_value(text.as_bytes()) {
        Ok(value) => value,
        Err(_) => Value::NIL,
    };
    cx.pending_trap = Some(code);
    // SAFETY: passed on.
    unsafe { raise_from(cx, at, false, value) }
}

/// Raises an error with the position of `at` before its message.
///
/// # Safety
/// `at` is the running frame.
pub(crate) unsafe fn raise_message(cx: &mut Context, at: Flow, message: impl AsRef<[u8]>) -> Flow {
    let mut text = position_at(cx, at).into_bytes();
    text.extend_from_slice(message.as_ref());
    // SAFETY: passed on.
    unsafe {
        match cx.heap.string_value(&text) {
            Ok(value) => raise(cx, at, value),
            Err(_) => raise_trap(cx, at, TrapCode::OutOfMemory),
        }
    }
}

/// Closes the running fiber, which is suspended at `at`: runs its clean-up regions, then it is dead.
///
/// # Safety
/// `at` is the fiber's saved state.
pub(crate) unsafe fn close(cx: &mut Context, at: Flow) -> Flow {
    cx.running().closing_height = Some(usize::MAX);
    cx.pending_trap = None;
    // SAFETY: passed on.
    unsafe {
        let search = search(cx, at, true);
        unwind_to(cx, at, true, search.catcher, Value::NIL)
    }
}

/// A message handler has mapped an error value; its record is at `regs`.
///
/// # Safety
/// The record is on top of the stack.
pub(crate) unsafe fn handled(cx: &mut Context, regs: Regs, error: Value) -> Flow {
    // SAFETY: the record says where the error happened.
    unsafe {
        let record = *Record::at(regs);
        let at = Flow { pc: record.next, regs: regs.sub(record.delta as usize) };
        let calling = record.state != 0;
        let search = search(cx, at, calling);
        unwind_to(cx, at, calling, search.catcher, error)
    }
}

unsafe fn raise_from(cx: &mut Context, at: Flow, calling: bool, error: Value) -> Flow {
    // SAFETY: passed on.
    unsafe {
        if !calling {
            super::stepping::pay(cx, at);
        }
        let search = search(cx, at, calling);
        match search.handler {
            Some(handler) if search.handlers_at_work < HANDLER_DEPTH_MAX => {
                call_handler(cx, at, calling, handler, error)
            }
            Some(_) => {
                let error = cx.heap.string_value(b"C stack overflow").unwrap_or(Value::NIL);
                unwind_to(cx, at, calling, search.catcher, error)
            }
            None => unwind_to(cx, at, calling, search.catcher, error),
        }
    }
}

unsafe fn call_handler(cx: &mut Context, at: Flow, calling: bool, handler: Value, error: Value) -> Flow {
    // SAFETY: the handler runs above everything that is live where the error happened.
    unsafe {
        let top = if at.pc == cx.record_return() { RECORD_WORDS } else { top_of(at.regs) };
        let mut record = Record::instruction(RecordKind::MessageHandler, at.pc, at.pc, top);
        record.state = u32::from(calling);
        record.value = error;
        cx.overflow_words = OVERFLOW_WORDS;
        call_above(cx, at, top, handler, &[error], record)
    }
}

unsafe fn search(cx: &mut Context, at: Flow, calling: bool) -> Search {
    let mut walk = Walk::new(cx, at, calling);
    let mut handlers_at_work = 0;
    // Below this height only clean-ups run, while a fiber is being closed.
    let closing = cx.running().closing_height.unwrap_or(0);
    // SAFETY: the stack does not change while it is searched.
    while let Some((level, _)) = unsafe { walk.next() } {
        match level {
            Level::Guest { guest, regs, instruction, .. } => {
                let catches = height(cx, regs) > closing || closing == 0;
                if let Some(region) = region_at(guest, instruction, catches) {
                    let slots = guest.slots();
                    let handler = region.message_handler.map(|reg| {
                        // SAFETY: the verifier proved that it is assigned throughout the region.
                        unsafe { get_any(regs, slots.of(reg) as usize) }
                    });
                    let catcher =
                        Catcher::Region { regs, error: slots.of(region.error) as usize, handler: region.handler };
                    return Search { catcher, handler, handlers_at_work };
                }
            }
            Level::Host { record, .. } => {
                // SAFETY: the level is a host record.
                let (protect, value) = unsafe { (Record::at(record).protect, Record::at(record).value) };
                let catches = height(cx, record) > closing || closing == 0;
                let handler = match protect {
                    Protect::No => continue,
                    Protect::Catch => None,
                    Protect::CatchWith => Some(value),
                };
                if catches {
                    return Search { catcher: Catcher::Host { record }, handler, handlers_at_work };
                }
            }
            Level::Record { record } => {
                // SAFETY: the level is a record.
                if unsafe { Record::at(record).kind } == RecordKind::MessageHandler {
                    handlers_at_work += 1;
                }
            }
        }
    }
    Search { catcher: Catcher::Nobody, handler: None, handlers_at_work }
}

/// The innermost region around an instruction that takes the error.
fn region_at(guest: &GuestFunction, instruction: usize, catches: bool) -> Option<&Region> {
    let function = guest.portable();
    if function.regions.is_empty() {
        return None;
    }
    let block = function.block_of(instruction);
    let inside = |region: &&Region| region.start <= block && block < region.end;
    let takes = |region: &&Region| match region.kind {
        RegionKind::Catch => catches,
        RegionKind::Cleanup => true,
    };
    function.regions.iter().filter(inside).find(takes)
}

unsafe fn unwind_to(cx: &mut Context, at: Flow, calling: bool, catcher: Catcher, error: Value) -> Flow {
    // SAFETY: the catcher was found on this stack.
    unsafe {
        match catcher {
            Catcher::Region { regs, error: slot, handler } => {
                if cx.running().closing_height.is_some() {
                    cx.running().closing_height = Some(height(cx, regs));
                }
                cx.overflow_words = 0;
                set_any(regs, slot, error);
                super::stepping::enter_handler(cx, regs, handler)
            }
            Catcher::Host { record } => {
                cx.overflow_words = 0;
                cx.pending_trap = None;
                host_call::answer_error(cx, record, error)
            }
            Catcher::Nobody if cx.fiber == cx.main_fiber => {
                let trace = traceback(cx, at, calling);
                cx.failure = Some(Failure::Error { value: error, trap: cx.pending_trap.take(), trace });
                cx.overflow_words = 0;
                cx.stop(Status::Failed, at)
            }
            Catcher::Nobody => {
                cx.overflow_words = 0;
                switch::failed(cx, at, error)
            }
        }
    }
}
