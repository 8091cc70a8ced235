//! Errors: raising and catching them, and closing variables.

use super::arguments::{Answer, Arguments, LibraryFunction};
use super::table;
use minivm::{HostCall, Protect, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("error", error), ("pcall", pcall), ("xpcall", xpcall)];

/// What compiled code imports.
pub(super) const SUPPORT: &[(&str, LibraryFunction)] =
    &[("check_close", check_close), ("__close", close), ("pack", table::pack), ("unpack", unpack)];

/// State of a function whose call has come back.
const CALLED: u32 = 1;

fn error(call: &mut HostCall<'_>) -> Answer {
    let level = call.integer_or(1, 1)?;
    let value = call.arg(0);
    let Some(text) = value.as_bytes().filter(|_| level > 0) else { return Err(Raise::Value(value)) };
    let mut message = call.position(usize::try_from(level).unwrap_or(usize::MAX)).into_bytes();
    message.extend_from_slice(text);
    Err(call.error_without_position(message))
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
