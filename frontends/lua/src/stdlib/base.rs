//! The basic functions: printing, conversion, metatables, iteration, the collector.

use super::algorithms::number;
use super::arguments::{Answer, Arguments, LibraryFunction, Text, number_value, out_of_memory};
use super::errors;
use super::host::Standard;
use super::library::{CollectorMode, library};
use super::output::{self, Output};
use super::support;
use super::work::{WINDOW_BYTES, Work};
use minivm::raw::heap::{NEXT_SLOTS_MAX, TableError, TableScan};
use minivm::raw::{FAST_PATH_BYTES_MAX, HostCall, Protect, Raise, Tag, Value};

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
        Tag::RECORD if let Some(text) = call.exception_text(value) => text,
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

/// State of `print` in which the text of the argument at hand comes from its metamethod.
const TEXT: u32 = 1;

fn print(call: &mut HostCall<'_>) -> Answer {
    let mut output = match call.state() {
        0 => Output::new(call, Value::NIL, 0),
        output::DONE => {
            Output::restore(call)?;
            return call.return_none();
        }
        _ => Output::restore(call)?,
    };
    if call.state() == TEXT {
        let text = returned_text(call)?;
        call.set_arg(output.index, text.0);
    }
    while output.index < output.count {
        if output.is_full() {
            return output.pause(call);
        }
        let value = call.arg(output.index);
        if value.tag() != Tag::STRING
            && let Some(method) = text_metamethod(call, value)
        {
            output.keep(call)?;
            return call.call(method, &[value], TEXT);
        }
        let text = plain_text(call, value)?;
        // Like C's, this output has nobody to report an error to.
        if output.index > 0 && output.offset == 0 {
            let _ = library(call).standard(Standard::Output).write(b"\t");
        }
        let _ = output.write(text.bytes(), |bytes| library(call).standard(Standard::Output).write(bytes));
    }
    // The reference implementation hands on what is printed, too.
    let stream = library(call).standard(Standard::Output);
    let _ = stream.write(b"\n").and_then(|()| stream.flush());
    match output.pay(call)? {
        Some(outcome) => Ok(outcome),
        None => call.return_none(),
    }
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
        if let Some(number) = call.to_number(value)? {
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
    call.charge_numeral(text)?;
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

/// State in which long strings are compared on: the function keeps them and an offset.
const COMPARING: u32 = 1;

fn rawequal(call: &mut HostCall<'_>) -> Answer {
    let (lhs, rhs) = (call.check_any(0)?, call.check_any(1)?);
    let (Some(one), Some(other)) = (lhs.as_bytes(), rhs.as_bytes()) else {
        return call.return_one(Value::bool(lhs.raw_equals(rhs)));
    };
    if one.len() != other.len() || one.len() <= FAST_PATH_BYTES_MAX {
        return call.return_one(Value::bool(lhs.raw_equals(rhs)));
    }
    let start = if call.state() == COMPARING { call.arg(2).as_int().unwrap_or_default() } else { 0 };
    let start = usize::try_from(start).unwrap_or_default().min(one.len());
    let end = one.len().min(start + WINDOW_BYTES);
    call.charge_bytes(end - start)?;
    let is_equal = one[start..end] == other[start..end];
    if end == one.len() || !is_equal {
        return call.return_one(Value::bool(is_equal));
    }
    call.keep(&[lhs, rhs, Value::int(end as i64)])?;
    call.go_on(COMPARING)
}

/// Pays for hashing a long string that is a key.
pub(super) fn charge_key(call: &mut HostCall<'_>, key: Value) -> Result<(), Raise> {
    key.as_bytes().map_or(Ok(()), |bytes| call.charge_bytes(bytes.len()))
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
    charge_key(call, key)?;
    let value = call.heap().table_get(table, key);
    call.return_one(value)
}

fn rawset(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let (key, value) = (call.check_any(1)?, call.check_any(2)?);
    charge_key(call, key)?;
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

/// State of `next` in which it looks on: it keeps the table and a position.
const LOOKING: u32 = 1;

/// The iterator of `pairs`, and the function `next`.
pub(super) fn next(call: &mut HostCall<'_>) -> Answer {
    let table = call.check_table(0)?;
    let start = if call.state() == LOOKING {
        call.arg(1).as_int().unwrap_or_default() as u64
    } else {
        let key = call.arg(1);
        charge_key(call, key)?;
        match call.heap().table_position_after(table, key) {
            Ok(position) => position,
            Err(_) => return Err(call.error_without_position("invalid key to 'next'")),
        }
    };
    let found = call.heap().table_scan(table, start, SLOTS_MAX);
    let end = match found {
        TableScan::Found { position, .. } | TableScan::More { position } => position,
        TableScan::End { position } => position,
    };
    call.charge(end.saturating_sub(start).saturating_sub(NEXT_SLOTS_MAX) / 16)?;
    match found {
        TableScan::Found { key, value, .. } => call.return_values(&[key, value]),
        TableScan::End { .. } => call.return_one(Value::NIL),
        TableScan::More { position } => {
            call.keep(&[table, Value::int(position as i64)])?;
            call.go_on(LOOKING)
        }
    }
}

/// Slots of a table that one state of `next` looks at.
const SLOTS_MAX: u64 = 1 << 16;

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
    call.charge_values((count + 1 - first) as usize)?;
    call.return_args_from(first as usize)
}

fn assert(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return errors::raise_made(call);
    }
    if call.arg(0).is_truthy() {
        call.charge_values(call.arg_count())?;
        return call.return_args_from(0);
    }
    call.check_any(0)?;
    let message = call.arg(1);
    if message.tag() == Tag::STRING {
        return errors::raise_text(call, Text(message), 1);
    }
    Err(if call.arg_count() > 1 { Raise::Value(message) } else { call.error("assertion failed!") })
}

fn warn(call: &mut HostCall<'_>) -> Answer {
    let output = match call.state() {
        0 => {
            for index in 0..call.arg_count().max(1) {
                call.check_text(index)?;
            }
            call.charge_values(call.arg_count())?;
            let first = Text(call.arg(0));
            match (call.arg_count(), first.bytes()) {
                (1, b"@on") => library(call).warnings = true,
                (1, b"@off") => library(call).warnings = false,
                (1, [b'@', ..]) => {}
                _ if library(call).warnings => {
                    let _ = library(call).standard(Standard::Error).write(b"Lua warning: ");
                    let output = Output::new(call, Value::NIL, 0);
                    return go_on_warning(call, output);
                }
                _ => {}
            }
            return call.return_none();
        }
        _ => Output::restore(call)?,
    };
    if call.state() == output::DONE { call.return_none() } else { go_on_warning(call, output) }
}

fn go_on_warning(call: &mut HostCall<'_>, mut output: Output) -> Answer {
    while output.index < output.count {
        if output.is_full() {
            return output.pause(call);
        }
        let text = Text(call.arg(output.index));
        let _ = output.write(text.bytes(), |bytes| library(call).standard(Standard::Error).write(bytes));
    }
    let _ = library(call).standard(Standard::Error).write(b"\n");
    let _ = library(call).standard(Standard::Error).flush();
    match output.pay(call)? {
        Some(outcome) => Ok(outcome),
        None => call.return_none(),
    }
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
    match call.state() {
        FINALISING => return run_finalisers(call),
        COLLECTING => return go_on_collecting(call),
        _ => {}
    }
    let option = call.check_option(0, Some(0), COLLECTOR_OPTIONS)?;
    if call.is_finalising() {
        return call.return_one(Value::NIL);
    }
    let answer = match COLLECTOR_OPTIONS[option] {
        "collect" => return collect(call, Value::int(0)),
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
            if bytes == 0 && library(call).mode == CollectorMode::Generational {
                return collect(call, Value::FALSE);
            }
            let slices = bytes.min(call.heap().used_bytes()).div_ceil(SLICE_BYTES).max(1);
            call.keep(&[Value::FALSE, Value::int(slices as i64), Value::int(1), Value::TRUE])?;
            return call.go_on(COLLECTING);
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

/// Heaps of at most so many bytes are collected at once.
const AT_ONCE_BYTES: usize = 4 << 20;
/// Bytes as whose allocation one slice of a collection counts, and what it costs.
const SLICE_BYTES: usize = 1 << 16;
const SLICE_UNITS: u64 = SLICE_BYTES as u64 / 64;
/// State of `collectgarbage` in which a collection goes on. It keeps what it will return, how many slices are left, how many cycles
/// have to end, and whether it returns if one did.
const COLLECTING: u32 = 2;

/// Collects all garbage: at once where the heap is small, else in slices. How many these are, and what they cost, depends on
/// the size of the heap alone, not on how far the collector has got.
fn collect(call: &mut HostCall<'_>, result: Value) -> Answer {
    let used = call.heap().used_bytes();
    if used <= AT_ONCE_BYTES {
        call.charge(used as u64 / 64)?;
        call.collect();
        call.keep(&[result])?;
        return run_finalisers(call);
    }
    let cycles = if call.heap().is_collecting() { 2 } else { 1 };
    // Twice what a cycle takes, and twice that where a cycle is under way, which may have just begun.
    let slices = used.div_ceil(SLICE_BYTES);
    call.keep(&[result, Value::int(slices as i64), Value::int(cycles), Value::FALSE])?;
    call.go_on(COLLECTING)
}

fn go_on_collecting(call: &mut HostCall<'_>) -> Answer {
    let number = |index| call.arg(index).as_int().unwrap_or_default();
    let (left, mut cycles, is_step) = (number(1), number(2), call.arg(3).is_truthy());
    call.charge(SLICE_UNITS)?;
    if cycles > 0 && call.collect_step(SLICE_BYTES) {
        cycles -= 1;
    }
    if left > 1 {
        call.set_arg(1, Value::int(left - 1));
        call.set_arg(2, Value::int(cycles));
        return call.go_on(COLLECTING);
    }
    if is_step {
        call.set_arg(0, Value::bool(cycles <= 0));
    } else if cycles > 0 {
        // The slices are enough for all but odd heaps.
        call.collect();
    }
    run_finalisers(call)
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

/// Bytes of the message of a finaliser's error that are shown.
const FINALISER_MESSAGE_MAX: usize = 4096;

fn warn_of(call: &mut HostCall<'_>, error: Value) {
    let text = error.as_bytes().unwrap_or(b"error object is not a string");
    let text = &text[..text.len().min(FINALISER_MESSAGE_MAX)];
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
