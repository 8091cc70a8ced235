//! The basic functions: printing, conversion, metatables, iteration, the collector.

use super::algorithms::number;
use super::arguments::{Answer, Arguments, LibraryFunction, Text, number_value, out_of_memory, to_number};
use super::host::Standard;
use super::library::{CollectorMode, library};
use super::support;
use minivm::heap::TableError;
use minivm::{HostCall, Protect, Raise, Tag, Value};

/// The functions by name. `next`, `ipairs` and `pairs` are set up apart, as the machine knows their iterators.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("assert", assert),
    ("collectgarbage", collectgarbage),
    ("getmetatable", getmetatable),
    ("ipairs", ipairs),
    ("pairs", pairs),
    ("print", print),
    ("rawequal", rawequal),
    ("rawget", rawget),
    ("rawlen", rawlen),
    ("rawset", rawset),
    ("select", select),
    ("setmetatable", setmetatable),
    ("tonumber", tonumber),
    ("tostring", tostring),
    ("type", type_of),
    ("warn", warn),
];

/// Name of the iterator of `pairs` in the machine's registry.
pub(super) const NEXT: &str = "lua.next";
/// Name of the iterator of `ipairs` in the machine's registry.
pub(super) const SEQUENCE_NEXT: &str = "lua.ipairs.next";

/// The text of a value without metamethods but `__name`.
pub(super) fn plain_text(call: &mut HostCall<'_>, value: Value) -> Result<Text, Raise> {
    if let Some(text) = call.to_text(value)? {
        return Ok(text);
    }
    let text = match value.tag() {
        Tag::NIL => "nil".to_string(),
        Tag::FALSE => "false".to_string(),
        Tag::TRUE => "true".to_string(),
        _ => format!("{}: {}", call.type_name(value), identity_text(call.identity(value))),
    };
    Ok(Text(call.string(text)?))
}

pub(super) use super::algorithms::format::identity_text;

/// The `__tostring` metamethod of a value that has one.
pub(super) fn text_metamethod(call: &mut HostCall<'_>, value: Value) -> Option<Value> {
    if !matches!(value.tag(), Tag::TABLE | Tag::USERDATA) && call.metatable(value).is_nil() {
        return None;
    }
    Some(call.metamethod(value, "__tostring")).filter(|method| !method.is_nil())
}

/// Checks what a `__tostring` metamethod gave.
pub(super) fn returned_text(call: &mut HostCall<'_>) -> Result<Text, Raise> {
    let value = call.returned_one();
    match call.to_text(value)? {
        Some(text) => Ok(text),
        None => Err(call.error("'__tostring' must return a string")),
    }
}

fn print(call: &mut HostCall<'_>) -> Answer {
    // In state n, the text of argument n - 1 comes from its metamethod.
    let mut index = call.state() as usize;
    if let Some(last) = index.checked_sub(1) {
        let text = returned_text(call)?;
        print_one(call, last, text.bytes());
    }
    while index < call.arg_count() {
        let value = call.arg(index);
        if let Some(bytes) = value.as_bytes() {
            print_one(call, index, bytes);
        } else if let Some(method) = text_metamethod(call, value) {
            return call.call(method, &[value], index as u32 + 1);
        } else {
            let text = plain_text(call, value)?;
            print_one(call, index, text.bytes());
        }
        index += 1;
    }
    // Like C's, this output has nobody to report an error to. It is handed on, as the reference implementation does.
    let output = library(call).standard(Standard::Output);
    let _ = output.write(b"\n").and_then(|()| output.flush());
    call.return_none()
}

fn print_one(call: &mut HostCall<'_>, index: usize, text: &[u8]) {
    let output = library(call).standard(Standard::Output);
    if index > 0 {
        let _ = output.write(b"\t");
    }
    let _ = output.write(text);
}

fn tostring(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 1 {
        let text = returned_text(call)?;
        return call.return_one(text.0);
    }
    let value = call.check_any(0)?;
    if value.tag() == Tag::STRING {
        return call.return_one(value);
    }
    if let Some(method) = text_metamethod(call, value) {
        return call.call(method, &[value], 1);
    }
    let text = plain_text(call, value)?;
    call.return_one(text.0)
}

fn tonumber(call: &mut HostCall<'_>) -> Answer {
    if call.is_absent(1) {
        let value = call.arg(0);
        if matches!(value.tag(), Tag::INT | Tag::FLOAT) {
            return call.return_one(value);
        }
        if let Some(number) = to_number(value) {
            return call.return_one(number_value(number));
        }
        call.check_any(0)?;
        return call.return_one(Value::NIL);
    }
    let base = call.check_integer(1)?;
    let value = call.arg(0);
    let Some(text) = value.as_bytes() else { return Err(call.kind_error(0, "string")) };
    if !(2..=36).contains(&base) {
        return Err(call.argument_error(1, "base out of range"));
    }
    let number = number::parse_in_base(text, base as u32);
    call.return_one(number.map_or(Value::NIL, Value::int))
}

fn type_of(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    let name = call.basic_type_name(value);
    call.return_text(name)
}

fn getmetatable(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    let protected = call.metamethod(value, "__metatable");
    let answer = if protected.is_nil() { call.metatable(value) } else { protected };
    call.return_one(answer)
}

fn setmetatable(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let metatable = call.arg(1);
    if metatable.tag() != Tag::TABLE && (!metatable.is_nil() || call.arg_count() < 2) {
        return Err(call.kind_error(1, "nil or table"));
    }
    if !call.metamethod(table, "__metatable").is_nil() {
        return Err(call.error("cannot change a protected metatable"));
    }
    call.set_metatable(table, metatable)?;
    call.return_one(table)
}

/// `<=` of values that have no `__le`, but `__lt`: not the other way round, as programs for older versions expect.
pub(super) fn less_equal(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 1 {
        let is_greater = call.returned_one().is_truthy();
        return call.return_one(Value::bool(!is_greater));
    }
    let (lhs, rhs) = (call.arg(0), call.arg(1));
    let method = match call.metamethod(rhs, "__lt") {
        method if method.is_nil() => call.metamethod(lhs, "__lt"),
        method => method,
    };
    call.call(method, &[rhs, lhs], 1)
}

fn rawequal(call: &mut HostCall<'_>) -> Answer {
    let (lhs, rhs) = (call.check_any(0)?, call.check_any(1)?);
    call.return_one(Value::bool(lhs.raw_equals(rhs)))
}

fn rawlen(call: &mut HostCall<'_>) -> Answer {
    let value = call.arg(0);
    let length = match (value.tag(), value.as_bytes()) {
        (Tag::TABLE, _) => call.heap().table_len(value),
        (_, Some(bytes)) => bytes.len() as i64,
        _ => return Err(call.kind_error(0, "table or string")),
    };
    call.return_one(Value::int(length))
}

fn rawget(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let key = call.check_any(1)?;
    let value = call.heap().table_get(table, key);
    call.return_one(value)
}

fn rawset(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let (key, value) = (call.check_any(1)?, call.check_any(2)?);
    let result = call.heap().table_set(table, key, value);
    result.map_err(|error| table_error(call, error))?;
    call.return_one(table)
}

/// What is wrong with a key, in PUC Lua's words.
pub(super) fn table_error(call: &mut HostCall<'_>, error: TableError) -> Raise {
    match error {
        TableError::NilKey => call.error_without_position("table index is nil"),
        TableError::NanKey => call.error_without_position("table index is NaN"),
        TableError::OutOfMemory(error) => out_of_memory(error),
    }
}

/// The iterator of `pairs`, and the function `next`.
pub(super) fn next(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let key = call.arg(1);
    match call.heap().table_next(table, key) {
        Ok(Some((key, value))) => call.return_values(&[key, value]),
        Ok(None) => call.return_one(Value::NIL),
        Err(_) => Err(call.error_without_position("invalid key to 'next'")),
    }
}

fn pairs(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 1 {
        let mut values = call.returned().unwrap_or_default();
        values.resize(3, Value::NIL);
        return call.return_values(&values);
    }
    let value = call.check_any(0)?;
    let method = call.metamethod(value, "__pairs");
    if !method.is_nil() {
        return call.call(method, &[value], 1);
    }
    let next = call.registered(NEXT);
    call.return_values(&[next, value, Value::NIL])
}

/// The iterator of `ipairs`.
pub(super) fn sequence_next(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 1 {
        let value = call.returned_one();
        let index = call.arg(1);
        return if value.is_nil() { call.return_one(Value::NIL) } else { call.return_values(&[index, value]) };
    }
    let index = call.check_integer(1)?.wrapping_add(1);
    let object = call.arg(0);
    if object.tag() == Tag::TABLE {
        let value = call.heap().table_get_int(object, index);
        if !value.is_nil() {
            return call.return_values(&[Value::int(index), value]);
        }
        if call.metatable(object).is_nil() {
            return call.return_one(Value::NIL);
        }
    }
    let get = support::function(call, "get")?;
    call.keep(&[object, Value::int(index)])?;
    call.call(get, &[object, Value::int(index)], 1)
}

fn ipairs(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    let iterator = call.registered(SEQUENCE_NEXT);
    call.return_values(&[iterator, value, Value::int(0)])
}

fn select(call: &mut HostCall<'_>) -> Answer {
    let count = call.arg_count() as i64 - 1;
    if call.arg(0).as_bytes().is_some_and(|text| text.starts_with(b"#")) {
        return call.return_one(Value::int(count));
    }
    let index = call.check_integer(0)?;
    let first = if index < 0 { count + 1 + index } else { index.min(count + 1) };
    if first < 1 {
        return Err(call.argument_error(0, "index out of range"));
    }
    call.return_args_from(first as usize)
}

fn assert(call: &mut HostCall<'_>) -> Answer {
    if call.arg(0).is_truthy() {
        return call.return_args_from(0);
    }
    call.check_any(0)?;
    let message = call.arg(1);
    match message.as_bytes() {
        Some(text) => Err(call.error(text)),
        None if call.arg_count() > 1 => Err(Raise::Value(message)),
        None => Err(call.error("assertion failed!")),
    }
}

fn warn(call: &mut HostCall<'_>) -> Answer {
    call.check_text(0)?;
    let mut pieces = Vec::new();
    for index in 0..call.arg_count() {
        pieces.extend_from_slice(call.check_text(index)?.bytes());
    }
    let is_control = call.arg_count() == 1 && pieces.starts_with(b"@");
    match &pieces[..] {
        b"@on" if is_control => library(call).warnings = true,
        b"@off" if is_control => library(call).warnings = false,
        _ if is_control => {}
        message => show_warning(call, message),
    }
    call.return_none()
}

const COLLECTOR_OPTIONS: &[&str] = &[
    "collect",
    "stop",
    "restart",
    "count",
    "step",
    "setpause",
    "setstepmul",
    "isrunning",
    "generational",
    "incremental",
];
/// State of `collectgarbage` in which finalisers run.
const FINALISING: u32 = 1;

fn collectgarbage(call: &mut HostCall<'_>) -> Answer {
    if call.state() == FINALISING {
        return run_finalisers(call);
    }
    let option = call.check_option(0, Some(0), COLLECTOR_OPTIONS)?;
    if call.is_finalising() {
        return call.return_one(Value::NIL);
    }
    let answer = match COLLECTOR_OPTIONS[option] {
        "collect" => {
            call.collect();
            call.keep(&[Value::int(0)])?;
            return run_finalisers(call);
        }
        "stop" => {
            call.heap().set_stopped(true);
            Value::int(0)
        }
        "restart" => {
            call.heap().set_stopped(false);
            Value::int(0)
        }
        "count" => Value::float(call.heap().used_bytes() as f64 / 1024.0),
        "step" => {
            let kilobytes = call.integer_or(1, 0)?.max(0);
            let bytes = usize::try_from(kilobytes).unwrap_or(usize::MAX).saturating_mul(1024);
            // A step of a generational collector looks at everything young.
            let done = if bytes == 0 && library(call).mode == CollectorMode::Generational {
                call.collect();
                false
            } else {
                call.collect_step(bytes)
            };
            call.keep(&[Value::bool(done)])?;
            return run_finalisers(call);
        }
        "setpause" => {
            let value = call.integer_or(1, 0)?;
            Value::int(std::mem::replace(&mut library(call).pause, value))
        }
        "setstepmul" => {
            let value = call.integer_or(1, 0)?;
            Value::int(std::mem::replace(&mut library(call).step_multiplier, value))
        }
        "isrunning" => Value::bool(!call.heap().is_stopped()),
        "generational" => return set_mode(call, CollectorMode::Generational),
        _ => return set_mode(call, CollectorMode::Incremental),
    };
    call.return_one(answer)
}

fn set_mode(call: &mut HostCall<'_>, mode: CollectorMode) -> Answer {
    let old = std::mem::replace(&mut library(call).mode, mode);
    call.return_text(match old {
        CollectorMode::Incremental => "incremental",
        CollectorMode::Generational => "generational",
    })
}

/// Calls the finalisers that are due, then returns the kept value.
fn run_finalisers(call: &mut HostCall<'_>) -> Answer {
    if call.state() == FINALISING
        && let Some(error) = call.error_returned()
    {
        warn_of(call, error);
    }
    match call.next_finaliser() {
        Some((object, finaliser)) => call.call_protected(finaliser, &[object], FINALISING, Protect::Catch, Value::NIL),
        None => call.return_one(call.arg(0)),
    }
}

/// `finaliser_error(error)`: what the machine tells of a finaliser that failed becomes a warning.
pub(super) fn finaliser_error(call: &mut HostCall<'_>) -> Answer {
    let error = call.arg(0);
    warn_of(call, error);
    call.return_none()
}

fn warn_of(call: &mut HostCall<'_>, error: Value) {
    let text = error.as_bytes().unwrap_or(b"error object is not a string");
    let message = [b"error in __gc (", text, b")"].concat();
    show_warning(call, &message);
}

fn show_warning(call: &mut HostCall<'_>, message: &[u8]) {
    let state = library(call);
    if state.warnings {
        let _ = state.standard(Standard::Error).write(&[b"Lua warning: ", message, b"\n"].concat());
        let _ = state.standard(Standard::Error).flush();
    }
}
