//! Checking what programs pass to the functions here. Arguments count from 0 here and from 1 in messages.

use minivm::raw::float_to_int;
use minivm::raw::{HostCall, Outcome, Raise, Tag, Value};
use minivm_isa::TrapCode;
use std::ops::Deref;

/// What a function answers.
pub(crate) type Answer = Result<Outcome, Raise>;

/// A function for programs.
pub(crate) type LibraryFunction = fn(&mut HostCall<'_>) -> Answer;

/// No memory for what the program asked.
pub(crate) fn out_of_memory<E>(_: E) -> Raise {
    Raise::Trap(TrapCode::OutOfMemory)
}

/// An error that names function, argument, and what is wrong with it.
pub(crate) fn argument_error(call: &mut HostCall<'_>, index: usize, message: &str) -> Raise {
    let (number, name) = match call.called_as() {
        Some(("method", name)) if index == 0 => {
            return call.error(format!("calling '{name}' on bad self ({message})"));
        }
        Some(("method", name)) => (index, name),
        Some((_, name)) => (index + 1, name),
        None => (index + 1, call.own_name()),
    };
    call.error(format!("bad argument #{number} to '{name}' ({message})"))
}

/// An argument is not what it should be.
pub(crate) fn kind_error(call: &mut HostCall<'_>, index: usize, expected: &str) -> Raise {
    let found = if index < call.arg_count() { shown(call, call.arg(index)) } else { "no value".to_owned() };
    argument_error(call, index, &format!("{expected} expected, got {found}"))
}

/// The kind of a value; numbers themselves.
pub(crate) fn shown(call: &HostCall<'_>, value: Value) -> String {
    match value.tag() {
        Tag::INT | Tag::FLOAT => minivm::raw::format::number(value),
        _ => call.type_name(value),
    }
}

/// The integer that a value is.
pub(crate) fn integer(value: Value) -> Option<i64> {
    value.as_int().or_else(|| value.as_float().and_then(float_to_int))
}

/// A number that counts something, or an address.
pub(crate) fn check_unsigned(call: &mut HostCall<'_>, index: usize) -> Result<u64, Raise> {
    let value = integer(call.arg(index)).and_then(|value| u64::try_from(value).ok());
    value.ok_or_else(|| kind_error(call, index, "unsigned integer"))
}

/// As [`check_unsigned`], but it may be absent.
pub(crate) fn optional_unsigned(call: &mut HostCall<'_>, index: usize) -> Result<Option<u64>, Raise> {
    if call.arg(index).is_nil() { Ok(None) } else { check_unsigned(call, index).map(Some) }
}

/// A value that is known to be a string.
pub(crate) struct Bytes(Value);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_bytes().unwrap_or_default()
    }
}

/// The bytes of a string.
pub(crate) fn check_bytes(call: &mut HostCall<'_>, index: usize) -> Result<Bytes, Raise> {
    let value = call.arg(index);
    if value.as_bytes().is_some() { Ok(Bytes(value)) } else { Err(kind_error(call, index, "string")) }
}
