//! Running native code, and going on where it leaves.

use super::layout::{AT_BITS, REASON_CALLEE, REASON_FUEL, REASON_GUARD, REASON_ROOM, REASON_STEPPED};
use super::slot::Native;
use super::{GONE, NativeExit, NativeThunk};
use crate::runtime::call::stack_overflow;
use crate::runtime::context::{Context, Status, return_info};
use crate::runtime::deliver::deliver;
use crate::runtime::function::GuestFunction;
use crate::runtime::stepping::function_of;
use crate::threaded::frame::Frame;
use crate::threaded::{Flow, HandlerAddress, Pc, Regs, header_at};
use minivm_isa::Convention;

/// What the interpreter does after it came to a place with native code.
pub(crate) enum NativeFlow {
    /// It goes on there.
    Go(Flow),
    /// It runs the instruction that stood at the place.
    Original(HandlerAddress),
}

/// Entries after which a function is looked at, and the instructions that it must have done on average then: going in and out
/// costs about as much as the interpreter takes for so many.
const LOOK_ENTRIES: u32 = 1 << 9;
const WORTH_INSTRUCTIONS: i64 = 12;
/// The same for `any` code, which saves less of each, and for the steps that the interpreter does of it; and after how many steps
/// a function is looked at.
pub(super) const WORTH_ANY: i64 = 50;
const WORTH_STEP: i64 = 20;
const LOOK_STEPS: i64 = 1 << 12;

/// Runs the native code of the place `pc` of the running frame.
///
/// # Safety
/// `regs` are those of the running guest frame, which is at `pc` in optimised code.
#[inline(never)]
pub(crate) unsafe fn enter(cx: &mut Context, pc: Pc, regs: Regs) -> NativeFlow {
    // SAFETY: passed on.
    let (_, guest) = unsafe { function_of(regs) };
    let native = guest.native().get();
    let found = native.find(pc);
    let (thunk, body, place, original) = found.expect("a place whose handler was replaced has code");
    let fuel = cx.fuel - place.unpaid;
    if fuel < 0 || cx.stepping {
        return NativeFlow::Original(original);
    }
    if cx.native.policy.chaos.is_some() {
        cx.native.forced = 1 + (cx.native.random() % 50) as i64;
    }
    cx.native.figures.entries += 1;
    cx.native.start = place.number;
    cx.native.granted = 0;
    cx.native.is_inside = false;
    let (steps, callees) = (cx.native.figures.steps, cx.native.figures.exits[REASON_CALLEE as usize]);
    // SAFETY: the code is that of the function, whose frame is complete.
    let flow = unsafe { run(cx, (thunk, body), guest, (regs, fuel)) };
    let steps = cx.native.figures.steps - steps;
    let done = fuel - cx.fuel + cx.native.granted;
    cx.native.done = cx.native.done.saturating_add(done);
    // What it would have called may be compiled just now.
    let waits = cx.native.figures.exits[REASON_CALLEE as usize] != callees && !cx.native.pending.is_empty();
    if !waits && !is_worth_it(&native, done, steps, guest.convention) {
        cx.detach(guest, &native);
    }
    NativeFlow::Go(flow)
}

/// Notes what an entry has done; says whether the function is worth entering.
fn is_worth_it(native: &Native, done: i64, steps: u64, convention: Convention) -> bool {
    native.entries.set(native.entries.get() + 1);
    native.done.set(native.done.get().saturating_add(done));
    native.steps.set(native.steps.get().saturating_add(steps as i64));
    if native.entries.get() < LOOK_ENTRIES && native.steps.get() < LOOK_STEPS {
        return true;
    }
    let entries = i64::from(native.entries.replace(0));
    let (done, steps) = (native.done.replace(0), native.steps.replace(0));
    match convention {
        Convention::Typed => done >= WORTH_INSTRUCTIONS * entries,
        Convention::Dynamic | Convention::Variadic => done >= WORTH_ANY * entries + WORTH_STEP * steps,
    }
}

/// # Safety
/// `body` is code of the function of the frame at `regs`, of a place where that is complete.
unsafe fn run(
    cx: &mut Context,
    (thunk, body): (NativeThunk, *const u8),
    guest: &GuestFunction,
    (regs, fuel): (Regs, i64),
) -> Flow {
    let here = 0u8;
    cx.native.limit = ((&raw const here).addr() as u64).saturating_sub(cx.native.policy.stack_bytes as u64);
    // SAFETY: the tier vouches for its code; nothing borrows from the context meanwhile.
    unsafe {
        let place = Frame::at(regs).return_place();
        let base = if guest.convention == Convention::Variadic { regs.sub(*regs.sub(3) as usize) } else { regs };
        let left = thunk((&raw mut *cx).cast(), regs, fuel, body);
        if left == GONE {
            return leave(cx, guest, regs);
        }
        cx.fuel = left;
        let caller = if guest.convention == Convention::Typed {
            regs.sub(return_info(place).delta as usize)
        } else {
            let count = cx.native.next.checked_sub(1).unwrap_or(1);
            deliver(cx, regs, count as usize, base, place)
        };
        let flow = Flow { pc: place, regs: caller };
        // What the machine itself called for is not stopped.
        if left < 0 && place != cx.continuation_return() { cx.stop(Status::OutOfFuel, flow) } else { flow }
    }
}

/// Notes for people where native code was left, or had the interpreter do an instruction.
#[cold]
pub(super) fn log_exit(cx: &mut Context, guest: &GuestFunction, at: usize, reason: u64) {
    let portable = guest.portable();
    let (name, instruction) = (portable.name.clone(), portable.code[at].info().name);
    cx.native.log.note_exit(NativeExit { name, at, instruction, reason });
}

/// Where the interpreter goes on that native code has left to, which was entered with a frame of `function` at `entered`.
unsafe fn leave(cx: &mut Context, function: &GuestFunction, entered: Regs) -> Flow {
    let number = cx.native.exit_at;
    let (at, reason) = ((number & ((1 << AT_BITS) - 1)) as usize, u64::from(number >> AT_BITS));
    cx.native.figures.exits[reason as usize] += 1;
    cx.native.is_inside = reason == REASON_FUEL;
    if reason == REASON_STEPPED {
        return super::step::leave(cx);
    }
    let regs = cx.native.exit_regs;
    cx.fuel = cx.native.exit_fuel;
    // SAFETY: native code has left the frame complete, before its instruction `at`.
    unsafe {
        let (info, guest) = function_of(regs);
        // What had no room although nothing was on the native stack goes on in the interpreter.
        if reason == REASON_ROOM && !(regs == entered && std::ptr::eq(guest, function)) {
            return enter_again(cx, guest, regs);
        }
        if cx.native.policy.logs {
            log_exit(cx, guest, at, reason);
        }
        if reason == REASON_CALLEE {
            cx.note_callee(cx.native.exit_callee);
        }
        if reason == REASON_GUARD {
            super::profile::note_at(cx, guest, regs, at);
            cx.note_miss(guest);
        }
        let baseline = cx.baseline_code(info, guest);
        Flow { pc: baseline.place_of(at), regs }
    }
}

/// Enters a function that native code has called, in a complete frame, and that had no room on one of the stacks.
unsafe fn enter_again(cx: &mut Context, guest: &GuestFunction, regs: Regs) -> Flow {
    let entry = guest.loaded().entry();
    // SAFETY: the frame has its header, and its caller is native code, which writes return places of baseline code. What takes
    // the place of its caller has room.
    unsafe {
        if let Some(regs) = cx.reserve(regs, regs, header_at(entry).extent as usize) {
            return Flow { pc: entry, regs };
        }
        let place = Frame::at(regs).return_place();
        let caller = regs.sub(return_info(place).delta as usize);
        let (info, calling) = function_of(caller);
        let baseline = cx.baseline_code(info, calling);
        let call = baseline.call_before(place).expect("native code writes return places of its calls");
        // The step before the call has no operands.
        let at = Flow { pc: baseline.place_of(call).add(4), regs: caller };
        stack_overflow(cx, at)
    }
}
