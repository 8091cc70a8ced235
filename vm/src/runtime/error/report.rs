//! An error of an instruction in its parts, for a language that has words of its own for it.

use super::basic_type_name;
use super::names::Name;
use crate::runtime::context::Context;
use crate::runtime::frame_view::Position;
use crate::runtime::frames::Standing;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::Flow;
use crate::threaded::stack_map::Place;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// What was tried in vain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An element of something that has none.
    Index,
    /// A call of something that cannot be called.
    Call,
    /// Arithmetic with something else than numbers.
    Arithmetic,
    /// An operation on the bits of something else than integers.
    Bitwise,
    /// A number that had to be an integer, and has no integer value.
    NoInteger,
    /// An integer divided by zero.
    DivisionByZero,
    /// The length of something that has none.
    Length,
    /// Something else than strings and numbers joined.
    Concatenation,
    /// Two values that have no order.
    Comparison,
    /// A numeric loop over something else than numbers, or with steps of zero.
    Loop,
    /// A key that is nil or not a number.
    Key,
    /// A trap, which has a code.
    Trap,
    /// Something that has no kind of its own: see the message.
    Other,
}

/// What an instruction has failed with.
///
/// ```
/// # use minivm::{ErrorKind, Limits, Machine};
/// let mut machine = Machine::new(Limits::default());
/// machine.set_error_words(|error| match (error.kind, &error.variable) {
///     (ErrorKind::Call, Some((_, name))) => Some(format!("{name} is no function, but {}", error.operands[0])),
///     (ErrorKind::DivisionByZero, _) => Some("nothing can be divided by zero".to_owned()),
///     _ => None,                                                      // the words it has
/// });
/// ```
#[derive(Clone, Debug)]
pub struct ErrorReport {
    /// What was tried.
    pub kind: ErrorKind,
    /// The kinds of the values that it was tried with, as the table of kinds names them (`nil`, `integer`, `string`, …): of the one
    /// that is wrong, or of both where none is to blame.
    pub operands: Vec<&'static str>,
    /// What the value that is wrong is called in the source: its kind (`local`, `upvalue`, `global`, `field`, `method`, `constant`)
    /// and its name.
    pub variable: Option<(&'static str, String)>,
    /// The trap behind it, if it is one.
    pub trap: Option<TrapCode>,
    /// What a program is told where nobody has other words, without the position.
    pub message: String,
    /// Where that is in the source, if the program says.
    pub position: Option<Position>,
    /// The function's own name.
    pub function: String,
    /// Names of the custom sections of its program, by which languages know their own.
    pub sections: Vec<String>,
}

/// What gives an error its words, or leaves those it has.
pub(crate) type ErrorWords = dyn Fn(&ErrorReport) -> Option<String>;

/// A call that the compiler of a program has replaced with the body of the function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCall {
    /// The function that is called.
    pub function: String,
    /// The file of the call; empty where it is not known.
    pub file: String,
    /// The line of the call, from 1; 0 where it is not known.
    pub line: u32,
}

/// What finds the inlined calls around a byte of the module of this name, the innermost first.
pub(crate) type InlinedCalls = dyn Fn(&str, u32) -> Vec<InlinedCall>;

/// The words of the host, and what is known of the error that is about to be raised.
#[derive(Default)]
pub(crate) struct Errors {
    /// None for errors that keep their own.
    pub(crate) words: Option<Rc<ErrorWords>>,
    /// None where tracebacks have no inlined calls.
    pub(crate) inlined: Option<Rc<InlinedCalls>>,
    detail: Cell<Option<Box<Detail>>>,
}

/// What is known of an error before it is raised.
struct Detail {
    kind: ErrorKind,
    operands: Vec<&'static str>,
    variable: Option<Name>,
}

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
