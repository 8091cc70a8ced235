//! Errors: raising and catching them, and closing variables.

use super::arguments::{Answer, Arguments, LibraryFunction, Text};
use super::table;
use super::text_builder::{Finished, TextBuilder};
use super::work::{WINDOW_BYTES, Work};
use minivm::raw::{HostCall, Protect, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("error", error), ("pcall", pcall), ("xpcall", xpcall)];

/// What compiled code imports.
pub(super) const SUPPORT: &[(&str, LibraryFunction)] =
    &[("check_close", check_close), ("__close", close), ("pack", table::pack), ("unpack", unpack)];

/// State of a function whose call has come back.
const CALLED: u32 = 1;
/// State in which the text of an error was made.
const MADE: u32 = 2;

fn error(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return raise_made(call);
    }
    let level = call.integer_or(1, 1)?;
    let value = call.arg(0);
    if value.tag() != Tag::STRING || level <= 0 {
        return Err(Raise::Value(value));
    }
    raise_text(call, Text(value), usize::try_from(level).unwrap_or(usize::MAX))
}

/// Frames that are passed over on the way to a level at most, as the charge for them has it.
pub(super) const LEVELS_MAX: usize = 1 << 20;

/// Raises a text with the position of a level before it.
pub(super) fn raise_text(call: &mut HostCall<'_>, text: Text, level: usize) -> Answer {
    let bytes = text.bytes();
    if bytes.len() > WINDOW_BYTES {
        let mut message = TextBuilder::default();
        message.push(call.position(level).as_bytes());
        message.push_text(text);
        return match message.finish(call, text, (MADE, &[]))? {
            Finished::Text(text) => Err(Raise::Value(text)),
            Finished::Later(outcome) => Ok(outcome),
        };
    }
    call.charge_bytes(bytes.len())?;
    call.charge_elements(level.min(LEVELS_MAX))?;
    let mut message = call.position(level).into_bytes();
    message.extend_from_slice(bytes);
    Err(call.error_without_position(message))
}

/// Raises a long text that was made.
pub(super) fn raise_made(call: &mut HostCall<'_>) -> Answer {
    Err(Raise::Value(call.returned_one()))
}

/// Ends a protected call.
fn after_call(call: &mut HostCall<'_>) -> Answer {
    match call.error_returned() {
        None => call.return_returned(Some(Value::TRUE)),
        Some(error) => call.return_values(&[Value::FALSE, error]),
    }
}

fn pcall(call: &mut HostCall<'_>) -> Answer {
    if call.state() == CALLED {
        return after_call(call);
    }
    let function = call.check_any(0)?;
    call.call_with_args_from(function, 1, CALLED, Protect::Catch, Value::NIL)
}

fn xpcall(call: &mut HostCall<'_>) -> Answer {
    if call.state() == CALLED {
        return after_call(call);
    }
    let handler = call.check_function(1)?;
    let function = call.arg(0);
    call.call_with_args_from(function, 2, CALLED, Protect::CatchWith, handler)
}

/// `check_close(value, name)`: a variable to be closed gets this value.
fn check_close(call: &mut HostCall<'_>) -> Answer {
    let value = call.arg(0);
    if value.is_truthy() && call.metamethod(value, "__close").is_nil() {
        let name = call.arg(1);
        let name = name.as_bytes().unwrap_or(b"?");
        return Err(call.error([b"variable '", name, b"' got a non-closable value"].concat()));
    }
    call.return_none()
}

/// `__close(value, error)`: the scope of the variable ends. Its metamethod takes the place of this function.
fn close(call: &mut HostCall<'_>) -> Answer {
    let (value, error) = (call.arg(0), call.arg(1));
    if !value.is_truthy() {
        return call.return_none();
    }
    let method = call.metamethod(value, "__close");
    if method.tag() != Tag::FUNCTION && call.metamethod(method, "__call").is_nil() {
        let kind = call.type_name(method);
        let name = call.called_as().map_or(String::new(), |(kind, name)| format!(" ({kind} '{name}')"));
        return Err(call.error(format!("attempt to call a {kind} value{name}")));
    }
    call.tail_call(method, &[value, error])
}

/// `unpack(packed)`: the values of a table that `pack` made.
fn unpack(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return table::go_on_unpacking(call);
    }
    let packed = call.arg(0);
    if packed.tag() != Tag::TABLE {
        return call.return_none();
    }
    let count = call.heap().table_get_name(packed, b"n").as_int().unwrap_or(0);
    table::return_elements(call, packed, 1, count)
}
