//! The runs of a machine as bytes: those that are suspended, then the one at work.

use super::save::{RunKind, Saving};
use crate::bytes::SnapshotError;
use crate::bytes::Writer;
use crate::heap::transfer::HeapSaver;
use crate::runtime::context::Status;
use crate::runtime::deoptimise;
use crate::runtime::failure::Failure;
use crate::runtime::fiber::Fiber;
use crate::runtime::function::Body;
use crate::runtime::task::Uncaught;
use crate::runtime::task::{Parked, Run};
use crate::threaded::Flow;
use crate::threaded::Pc;
use crate::threaded::operands::values_at;
use crate::threaded::stack_map::takes_open;
use crate::value::Value;
use minivm_isa::TrapCode;

/// How the kinds of runs are written. Those from [`NEW`](run_kind::NEW) to [`EXITED`](run_kind::EXITED) are suspended.
pub(crate) mod run_kind {
    pub(in crate::snapshot) const NONE: u8 = 0;
    pub(in crate::snapshot) const STANDS: u8 = 1;
    pub(in crate::snapshot) const RAISED: u8 = 2;
    pub(in crate::snapshot) const WAITS: u8 = 3;
    pub(in crate::snapshot) const NEW: u8 = 4;
    pub(in crate::snapshot) const FINISHED: u8 = 5;
    pub(in crate::snapshot) const FAILED: u8 = 6;
    pub(in crate::snapshot) const EXITED: u8 = 7;
    pub(in crate::snapshot) const YIELDED: u8 = 8;
    /// It stands before a state of a host function.
    pub(in crate::snapshot) const PAUSED: u8 = 9;
}

impl Saving<'_> {
    /// Writes all runs; `kind` is that of the one at work.
    pub(crate) fn runs(&mut self, heap: &mut HeapSaver, kind: RunKind, out: &mut Writer) -> Result<(), SnapshotError> {
        let cx = &*self.cx;
        out.number(cx.runs.next_id);
        let parked = cx.runs.in_order();
        out.count(parked.len());
        for (id, parked) in parked {
            out.number(id.0);
            write_parked(parked, cx.continuation_return(), heap, out)?;
        }
        match kind {
            RunKind::None => {
                out.byte(run_kind::NONE);
                return Ok(());
            }
            RunKind::Stands => out.byte(if cx.is_paused() { run_kind::PAUSED } else { run_kind::STANDS }),
            RunKind::Raised(error) => {
                out.byte(run_kind::RAISED);
                heap.value(error, out);
            }
            RunKind::Waits => out.byte(run_kind::WAITS),
            RunKind::Yielded => out.byte(run_kind::YIELDED),
        }
        out.flag(cx.run.id.is_some());
        out.number(cx.run.id.map_or(0, |id| id.0));
        if matches!(kind, RunKind::Yielded) {
            write_yielded(&cx.run, heap, out);
            return Ok(());
        }
        write_run(&cx.run, heap, out);
        if matches!(kind, RunKind::Stands) && !cx.is_paused() {
            write_open_list(Flow { pc: cx.pc, regs: cx.regs }, cx.open_count, heap, out);
        }
        Ok(())
    }
}

fn write_parked(
    parked: &Parked,
    continuation_return: Pc,
    heap: &mut HeapSaver,
    out: &mut Writer,
) -> Result<(), SnapshotError> {
    let run = &parked.run;
    match (parked.status, run.uncaught) {
        (Status::Running, _) => {
            out.byte(run_kind::NEW);
            heap.reference(run.fiber.cast(), out);
            values(&run.values, heap, out);
        }
        (Status::OutOfFuel | Status::Stepped, _) => {
            // SAFETY: the fiber of a run lives.
            let fiber = unsafe { Fiber::of(run.fiber) };
            if fiber.pc == continuation_return {
                out.byte(run_kind::PAUSED);
                write_run(run, heap, out);
                return Ok(());
            }
            out.byte(run_kind::STANDS);
            write_run(run, heap, out);
            let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
            write_open_list(at, fiber.open_count as usize, heap, out);
        }
        (Status::Waiting, _) => {
            if let Some(request) = &run.request {
                let name = request.name();
                return Err(SnapshotError::Refused(format!("a run waits for '{name}', which the host was not told")));
            }
            out.byte(run_kind::WAITS);
            write_run(run, heap, out);
        }
        (Status::Yielded, _) => {
            out.byte(run_kind::YIELDED);
            write_yielded(run, heap, out);
        }
        (Status::Failed, Uncaught::Stopped(error)) => {
            out.byte(run_kind::RAISED);
            heap.value(error, out);
            write_run(run, heap, out);
        }
        (Status::Finished | Status::Failed, _) => match &run.failure {
            None => {
                out.byte(run_kind::FINISHED);
                values(&run.values, heap, out);
            }
            Some(Failure::Exit(status)) => {
                out.byte(run_kind::EXITED);
                out.signed(i64::from(*status));
            }
            Some(Failure::Error { value, trap, trace }) => {
                out.byte(run_kind::FAILED);
                heap.value(*value, out);
                write_trap(*trap, out);
                out.text(trace);
            }
        },
    }
    Ok(())
}

/// Writes a run that has yielded to the host: only such may have done so.
fn write_yielded(run: &Run, heap: &mut HeapSaver, out: &mut Writer) {
    heap.reference(run.suspended.cast(), out);
    out.flag(run.is_yield_unreported);
    values(&run.values, heap, out);
}

/// Writes what belongs to a run that can go on.
fn write_run(run: &Run, heap: &mut HeapSaver, out: &mut Writer) {
    out.flag(run.may_yield);
    heap.reference(run.main_fiber.cast(), out);
    heap.reference(run.fiber.cast(), out);
    out.number(u64::from(run.nesting));
    out.count(run.overflow_words);
    heap.reference(run.overflow_handler.map_or(std::ptr::null_mut(), |(cell, _)| cell.cast()), out);
    heap.reference(run.finaliser_in.cast(), out);
    out.flag(run.exit.is_some());
    out.signed(i64::from(run.exit.unwrap_or(0)));
    write_trap(run.pending_trap, out);
    out.text(run.trace.as_deref().unwrap_or_default());
    out.signed(run.owed);
    out.flag(run.work.is_some());
    if let Some(work) = &run.work {
        out.number(work.done);
        heap.value(work.object, out);
    }
}

fn write_trap(trap: Option<TrapCode>, out: &mut Writer) {
    out.number(trap.map_or(0, |trap| trap as u64 + 1));
}

fn values(values: &[Value], heap: &mut HeapSaver, out: &mut Writer) {
    out.count(values.len());
    for &value in values {
        heap.value(value, out);
    }
}

/// Writes the open list that the instruction at `at` takes.
fn write_open_list(at: Flow, open_count: usize, heap: &mut HeapSaver, out: &mut Writer) {
    // SAFETY: the run stands in a guest frame.
    unsafe {
        let Body::Guest(guest) = deoptimise::body_of(deoptimise::closure_at(at.regs)) else {
            unreachable!("a run stands in a guest frame")
        };
        let here = guest.canonical(at.pc);
        let count = if takes_open(&guest.portable().code[here]) { open_count } else { 0 };
        let list = at.regs.add(crate::compile::window_of(guest));
        values(&values_at(list, count), heap, out);
    }
}
