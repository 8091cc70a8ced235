//! The `utf8` library.

use super::algorithms::utf8::{self, Length, Mode};
use super::arguments::{Answer, Arguments, LibraryFunction};
use minivm::{HostCall, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] =
    &[("char", char), ("codepoint", codepoint), ("codes", codes), ("len", len), ("offset", offset)];

/// Names of the iterators of `codes` in the machine's registry: strict and lax.
pub(super) const CODES_NEXT: [&str; 2] = ["lua.utf8.next", "lua.utf8.next.lax"];

fn mode(call: &HostCall<'_>, index: usize) -> Mode {
    if call.arg(index).is_truthy() { Mode::Lax } else { Mode::Strict }
}

fn char(call: &mut HostCall<'_>) -> Answer {
    let mut out = Vec::with_capacity(call.arg_count() * 2);
    for index in 0..call.arg_count() {
        let code = call.check_integer(index)?;
        utf8::encode(&mut out, code, index as u32 + 1).map_err(|error| call.fail(error))?;
    }
    call.return_text(out)
}

fn codepoint(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    let first = call.integer_or(1, 1)?;
    let last = if call.is_absent(2) { None } else { Some(call.check_integer(2)?) };
    let codes = utf8::codepoints(text.bytes(), first, last, mode(call, 3)).map_err(|error| call.fail(error))?;
    let values: Vec<Value> = codes.into_iter().map(|code| Value::int(i64::from(code))).collect();
    call.return_values(&values).map_err(|_| call.error("string slice too long"))
}

fn len(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    let (first, last) = (call.integer_or(1, 1)?, call.integer_or(2, -1)?);
    match utf8::length(text.bytes(), first, last, mode(call, 3)).map_err(|error| call.fail(error))? {
        Length::Characters(count) => call.return_one(Value::int(count)),
        Length::InvalidAt(position) => call.return_values(&[Value::NIL, Value::int(position)]),
    }
}

fn offset(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    let count = call.check_integer(1)?;
    let from = if call.is_absent(2) { None } else { Some(call.check_integer(2)?) };
    let offset = utf8::offset(text.bytes(), count, from).map_err(|error| call.fail(error))?;
    call.return_one(offset.map_or(Value::NIL, Value::int))
}

fn codes(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    utf8::check_codes(text.bytes()).map_err(|error| call.fail(error))?;
    let iterator = call.registered(CODES_NEXT[usize::from(mode(call, 1) == Mode::Lax)]);
    call.return_values(&[iterator, text.0, Value::int(0)])
}

/// The iterator of `codes`.
pub(super) fn codes_next(call: &mut HostCall<'_>, mode: Mode) -> Answer {
    let text = call.check_text(0)?;
    let previous = call.check_integer(1)?;
    match utf8::next_code(text.bytes(), previous, mode).map_err(|error| call.fail(error))? {
        Some((position, code)) => call.return_values(&[Value::int(position), Value::int(i64::from(code))]),
        None => call.return_none(),
    }
}
