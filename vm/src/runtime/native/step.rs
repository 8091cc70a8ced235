//! One instruction of native code that the interpreter does.
//!
//! Native code has put all that is live into the frame. The interpreter does the one canonical instruction in baseline code; if
//! it then stands in the same frame before the next one, native code goes on. Else everything is as if native code had left at
//! the instruction.

use super::GONE;
use super::layout::{AT_BITS, REASON_STEPPED};
use crate::runtime::context::{Context, Status};
use crate::runtime::function::GuestFunction;
use crate::runtime::stepping::function_of;
use crate::threaded::{Code, Flow, Pc, Regs};

/// Does the instruction `at` with so much fuel; gives what is left, or [`GONE`]. The context has the instruction that comes next.
///
/// # Safety
/// Native code calls it, with the registers of its frame, which is complete before the instruction.
pub(super) unsafe fn step(cx: *mut Context, regs: Regs, at: usize, fuel: i64) -> i64 {
    // SAFETY: nothing else refers to the context while native code runs; the frame is that of a guest.
    unsafe {
        let cx = &mut *cx;
        let (info, guest) = function_of(regs);
        let baseline = cx.baseline_code(info, guest);
        cx.fuel = fuel;
        cx.steps = 1;
        cx.stepping = true;
        cx.pc = baseline.place_of(at);
        cx.regs = regs;
        cx.native.figures.steps += 1;
        if cx.native.policy.logs {
            super::enter::log_exit(cx, guest, at, super::log::DONE);
        }
        (cx.engine.run)(&raw mut *cx);
        cx.steps = u64::MAX;
        cx.stepping = false;
        if cx.status == Status::Stepped {
            cx.status = Status::Running;
            if cx.regs == regs
                && cx.run.work.is_none()
                && let Some(next) = next_of(guest, baseline, at, cx.pc)
            {
                cx.native.next = next as u64;
                return cx.fuel;
            }
        }
        cx.native.exit_at = (REASON_STEPPED as u32) << AT_BITS;
        GONE
    }
}

/// The instruction at `pc`, if an instruction leads to it without a call.
fn next_of(guest: &GuestFunction, baseline: &Code, at: usize, pc: Pc) -> Option<usize> {
    let function = guest.portable();
    if !function.code[at].info().effects.end {
        return (pc == baseline.place_of(at + 1)).then_some(at + 1);
    }
    let mut next = None;
    function.code[at].for_each_target(|target| {
        let start = function.block_range(target).start;
        if pc == baseline.place_of(start) {
            next = Some(start);
        }
    });
    next
}

/// Where the interpreter goes on after a step that has not come to the next instruction.
pub(super) fn leave(cx: &Context) -> Flow {
    if cx.status == Status::Running { Flow { pc: cx.pc, regs: cx.regs } } else { Flow::EXIT }
}
