//! Errors of instructions in their parts, and who gives them their words.

use crate::runtime::frame_view::Position;
use minivm_isa::TrapCode;
use std::cell::Cell;
use std::rc::Rc;

/// What a value is called in the source: kind ("local", "global", "field", …) and name.
pub(crate) type Name = (&'static str, String);

/// What was tried in vain.
///
/// ```
/// use minivm::{ErrorKind, Limits, Machine, Value};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut builder = minivm_builder::ProgramBuilder::new();
/// # let mut f = builder.function("share", minivm_isa::Signature::dynamic(1, false));
/// # let share = f.floor_div(12, f.param(0));
/// # f.return_values(&[share.into()]);
/// # let share = builder.add(f)?;
/// # builder.export_function("share", share);
/// # let program = builder.finish()?;                                   // `share(n)` divides 12 by n
/// let mut machine = Machine::new(Limits::default());
/// machine.set_error_words(|error| match error.kind {
///     ErrorKind::DivisionByZero => Some("there is nobody to share with".to_owned()),
///     ErrorKind::Arithmetic => Some("how many?".to_owned()),
///     _ => None,                                                          // the words it has
/// });
/// let instance = machine.instantiate(program)?;
/// let mut fails_with = |count| machine.invoke(instance, "share", &[count]).unwrap_err().to_string();
/// assert!(fails_with(Value::int(0)).contains("nobody to share with"));
/// assert!(fails_with(Value::bool(true)).contains("how many?"));
/// # Ok(())
/// # }
/// ```
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
    pub(super) detail: Cell<Option<Box<Detail>>>,
}

/// What is known of an error before it is raised.
pub(crate) struct Detail {
    pub(super) kind: ErrorKind,
    pub(super) operands: Vec<&'static str>,
    pub(super) variable: Option<Name>,
}
