//! What happens when a call out of a record returns.

use super::host_run;
use super::{finalise, stepping, switch, unwind};
use crate::runtime::call::call_from_instruction;
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::Returned;
use crate::threaded::continuation::{RECORD_WORDS, Record, RecordKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::words_between;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{Flow, Regs};
use crate::value::Value;
use minivm_isa::Convention;

/// Goes on with the record at `regs`; the results lie above it, their number is that of the open list.
///
/// # Safety
/// A record is at `regs`, on top of the stack.
#[inline(never)] // its locals would cost the handler its tail call
pub(crate) unsafe fn record_returned(cx: &mut Context, regs: Regs) -> Flow {
    // SAFETY: every kind of record knows what lies below it.
    unsafe {
        if let Some(call) = cx.pending_call.take() {
            return call.make(cx);
        }
        let record = *Record::at(regs);
        cx.run.nesting = record.nesting;
        let count = if cx.pending_error.is_some() { 0 } else { cx.open_count };
        let results = regs.add(RECORD_WORDS);
        if cx.heap.needs_step() {
            crate::runtime::collect::step_at_record(cx, regs, count);
        }
        let first = if count > 0 { get_any(results, 0) } else { Value::NIL };
        let below = regs.sub(record.delta as usize);
        match record.kind {
            RecordKind::Entry => switch::finished(cx, results, count),
            RecordKind::Host => {
                let returned = match cx.pending_error.take() {
                    Some(error) => Returned::Error(error),
                    None => Returned::Values(words_between(cx.stack_start, results), count),
                };
                host_run::go_on(cx, regs, returned)
            }
            RecordKind::Paused => host_run::unpause(cx, regs),
            RecordKind::Store => store(cx, below, &record, first),
            RecordKind::StoreTruthy => store(cx, below, &record, Value::bool(first.is_truthy())),
            RecordKind::Branch => {
                let truthy = first.is_truthy();
                let pc = if truthy { record.next } else { record.otherwise };
                stepping::go_on_branch(cx, &record, truthy, pc, below)
            }
            RecordKind::Discard => stepping::go_on(cx, &record, Flow { pc: record.next, regs: below }),
            RecordKind::Finaliser => finalise::returned(cx, regs),
            // Fibers give what these wait for, see `switch::give`.
            RecordKind::Resume | RecordKind::Close => Flow { pc: record.next, regs: below },
            RecordKind::Return => return_from(cx, below, results, count),
            RecordKind::Concat => concat_on(cx, regs, record, first),
            RecordKind::MessageHandler => unwind::handled(cx, regs, first),
        }
    }
}

/// Returns values out of a guest frame for it.
///
/// # Safety
/// `frame` is the guest frame on top of the stack, and `count` values lie at `values`.
unsafe fn return_from(cx: &mut Context, frame: Regs, values: Regs, count: usize) -> Flow {
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
/// `below` is the frame whose instruction made the record.
unsafe fn store(cx: &mut Context, below: Regs, record: &Record, value: Value) -> Flow {
    // SAFETY: the instruction named one of its frame's registers.
    unsafe {
        set_any(below, record.state as usize, value);
        stepping::go_on(cx, record, Flow { pc: record.next, regs: below })
    }
}

/// A metamethod has joined the last two values of a concatenation: it becomes the last, and the rest goes on.
///
/// # Safety
/// The record is on top of the stack and a concatenation's.
unsafe fn concat_on(cx: &mut Context, regs: Regs, record: Record, value: Value) -> Flow {
    // SAFETY: the values not joined yet lie below the record.
    unsafe {
        let count = record.values as usize / 2;
        let below = regs.sub(record.delta as usize);
        let first = regs.sub(record.values as usize);
        let mut values = crate::threaded::operands::values_at(first, count);
        values.push(value);
        let at = Flow { pc: record.instruction, regs: below };
        stepping::take_back(cx, &record, at);
        let flow = crate::runtime::concat::concat_values(cx, at, values, record.state as usize, record.next);
        if cx.stepping && flow.pc == record.next {
            stepping::pay_before(cx, flow);
        }
        stepping::stop_if_used_up(cx, flow)
    }
}

/// Calls a metamethod whose first result goes to register word `dst`.
///
/// # Safety
/// `at` is the running guest frame.
pub(crate) unsafe fn call_for_result(
    cx: &mut Context,
    at: Flow,
    next: crate::threaded::Pc,
    callee: Value,
    arguments: &[Value],
    dst: usize,
    kind: RecordKind,
) -> Flow {
    // SAFETY: passed on.
    unsafe {
        let mut record = Record::instruction(kind, at.pc, next, crate::runtime::function::top_of(at.regs));
        record.state = dst as u32;
        call_from_instruction(cx, at, callee, arguments, record)
    }
}
