//! An error of an instruction in its parts, for a language that has words of its own for it.

use super::basic_type_name;
use super::words::{Detail, ErrorKind, ErrorReport, Name};
use crate::runtime::context::Context;
use crate::runtime::frames::Standing;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::Flow;
use crate::threaded::stack_map::Place;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Notes what the error is about that is raised next, if somebody wants to know.
pub(crate) fn note(cx: &Context, kind: ErrorKind, operands: &[Value], variable: Option<Name>) {
    if cx.errors.words.is_some() {
        let operands = operands.iter().map(|&value| kind_of(value)).collect();
        cx.errors.detail.set(Some(Box::new(Detail { kind, operands, variable })));
    }
}

/// The name of a value's kind in the table of kinds.
fn kind_of(value: Value) -> &'static str {
    match value.tag() {
        Tag::INT => "integer",
        Tag::FLOAT => "float",
        Tag::FIBER => "fiber",
        Tag::RECORD => "record",
        Tag::ARRAY => "array",
        _ => basic_type_name(value),
    }
}

/// What the host's words for an error are, if it has some.
#[cold]
pub(crate) fn worded(cx: &mut Context, at: Flow, message: &[u8], trap: Option<TrapCode>) -> Option<Vec<u8>> {
    let words = cx.errors.words.clone()?;
    let detail = cx.errors.detail.take();
    let report = report(cx, at, message, (detail, trap))?;
    // A panic may not unwind through handlers: whoever runs the machine gets it.
    match catch_unwind(AssertUnwindSafe(|| words(&report))) {
        Ok(text) => text.map(String::into_bytes),
        Err(panic) => {
            cx.panic.get_or_insert(panic);
            None
        }
    }
}

fn report(
    cx: &Context,
    at: Flow,
    message: &[u8],
    (detail, trap): (Option<Box<Detail>>, Option<TrapCode>),
) -> Option<ErrorReport> {
    if cx.is_machine_place(at.pc) || at.pc.is_null() {
        return None;
    }
    // SAFETY: `at` is the state of the running frame.
    let (level, _) = unsafe { Walk::new(cx, at, false).next() }?;
    let Level::Guest { guest, regs, instruction, baseline, .. } = level else { return None };
    if guest.stands_for_host() {
        return None;
    }
    let standing = Standing { guest, regs, place: Place { instruction, calling: false, baseline }, has_begun: false };
    let kind = if trap.is_some() { ErrorKind::Trap } else { ErrorKind::Other };
    let Detail { kind, operands, variable } = match detail {
        Some(detail) if trap.is_none() => *detail,
        _ => Detail { kind, operands: Vec::new(), variable: None },
    };
    Some(ErrorReport {
        kind,
        operands,
        variable,
        trap,
        message: String::from_utf8_lossy(message).into_owned(),
        position: standing.position(),
        function: guest.portable().name.clone(),
        sections: guest.program().custom.iter().map(|section| section.name.clone()).collect(),
    })
}
