//! Messages for people: positions, tracebacks, names of variables and functions.

mod boundary;
mod exception;
mod names;
mod report;
pub(crate) mod trace;
pub(crate) mod variables;
pub(crate) mod words;

use crate::runtime::context::Context;
use crate::runtime::failure::Failure;
use crate::runtime::function::{Body, FunctionInfo};
use crate::threaded::Flow;
use crate::value::tag_name;
use crate::value::{Tag, Value};

pub(crate) use boundary::{argument_message, result_message};
pub(crate) use names::{call_site_name, describe_callee, describe_operand, name_in_caller};
pub(crate) use report::{note, worded};
pub use trace::MODULES;
pub(crate) use trace::{
    fiber_state, level_info, position_at, position_of_call, position_of_caller, static_info, suspended_in, traceback,
    traceback_of_caller, traceback_of_fiber,
};
pub use words::{ErrorKind, ErrorReport, InlinedCall};

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Error { value, trace, .. } => {
                match value.as_bytes() {
                    Some(bytes) => f.write_str(&String::from_utf8_lossy(bytes))?,
                    None => write!(f, "error object is a {} value", basic_type_name(*value))?,
                }
                if trace.is_empty() { Ok(()) } else { write!(f, "\n{trace}") }
            }
            Failure::Exit(code) => write!(f, "the program ended itself with status {code}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Bytes of a metatable's `__name` that count.
const NAME_BYTES_MAX: usize = 1000;

/// The kind of a value as programs know it; a metatable's `__name` comes first.
pub(crate) fn type_name(cx: &Context, value: Value) -> String {
    if matches!(value.tag(), Tag::TABLE | Tag::USERDATA)
        && let Some(name) = cx.metatable_name(value)
    {
        // SAFETY: the string is reachable from the value's metatable.
        let name = unsafe { crate::heap::Str::bytes(name) };
        return String::from_utf8_lossy(&name[..name.len().min(NAME_BYTES_MAX)]).into_owned();
    }
    basic_type_name(value).to_string()
}

/// The kind of a value as programs know it.
pub(crate) fn basic_type_name(value: Value) -> &'static str {
    tag_name(value.tag())
}

/// A function's name for people.
pub(crate) fn function_name(info: &FunctionInfo) -> String {
    match &info.body {
        Body::Guest(guest) => guest.portable().name.clone(),
        Body::Host(host) => host.name.clone(),
        Body::Bridge(_) => "?".to_string(),
    }
}

/// "attempt to OPERATION a KIND value (variable)".
pub(crate) fn operation_error(cx: &Context, at: Flow, operation: &str, value: Value, operand: &str) -> String {
    let variable = names::operand_name(cx, at, operand);
    let described = names::described(variable.as_ref());
    let kind = match operation {
        "index" => ErrorKind::Index,
        "concatenate" => ErrorKind::Concatenation,
        "get length of" => ErrorKind::Length,
        "perform arithmetic on" => ErrorKind::Arithmetic,
        "perform bitwise operation on" => ErrorKind::Bitwise,
        _ => ErrorKind::Other,
    };
    note(cx, kind, &[value], variable);
    format!("attempt to {operation} a {} value{described}", type_name(cx, value))
}
