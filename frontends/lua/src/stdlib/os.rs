//! The `os` library.

use super::algorithms::calendar::{DateTime, Field, Fields, Zone, check_field, seconds_from_fields};
use super::algorithms::date::{Output, Request, write_date_part};
use super::arguments::{Answer, Arguments, LibraryFunction, Text, out_of_memory};
use super::io::host_name;
use super::io_file::{return_failure, return_termination};
use super::library::library;
use super::support;
use super::text_builder::{Finished, TextBuilder};
use super::work::STEPS_MAX;
use minivm::raw::{HostCall, Raise, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("clock", clock),
    ("date", date),
    ("difftime", difftime),
    ("execute", execute),
    ("exit", exit),
    ("getenv", getenv),
    ("remove", remove),
    ("rename", rename),
    ("setlocale", setlocale),
    ("time", time),
    ("tmpname", tmpname),
];

fn clock(call: &mut HostCall<'_>) -> Answer {
    let seconds = library(call).host.processor_seconds();
    call.return_one(Value::float(seconds))
}

fn now(call: &mut HostCall<'_>) -> Result<i64, Raise> {
    match library(call).host.time() {
        Some(seconds) => Ok(seconds),
        None => Err(call.error("there is no clock: it is not granted to this program")),
    }
}

// States of `date`: the format goes on; the text is there.
const GOING_ON: u32 = 1;
const JOINED: u32 = 2;
/// Steps that each conversion of a date takes, and those that cost nothing.
const CONVERSION_STEPS: u64 = 32;
const CONVERSION_STEPS_FREE: u64 = 8 * CONVERSION_STEPS;

/// While a long format goes on, the function keeps it, the seconds, how much of it is done, and the text so far.
fn date(call: &mut HostCall<'_>) -> Answer {
    if call.state() == JOINED {
        return call.return_returned(None);
    }
    let text = call.optional_text(0)?;
    let seconds = if call.is_absent(1) { now(call)? } else { call.check_integer(1)? };
    let request = Request::new(text.as_ref().map_or(&b"%c"[..], |format| format.bytes()));
    let zone = if request.utc { Zone::utc() } else { library(call).host.zone(seconds) };
    let date = DateTime::from_seconds(seconds, &zone).map_err(|error| call.fail(error))?;
    let format = match request.output {
        Output::Table => {
            let table = call.table(0, 9)?;
            set_fields(call, table, &date, &zone)?;
            return call.return_one(table);
        }
        Output::Text(format) => format,
    };
    let (mut done, mut out) = match call.state() {
        GOING_ON => {
            let done = usize::try_from(call.arg(2).as_int().unwrap_or_default()).unwrap_or_default();
            (done.min(format.len()), TextBuilder::restore(call, 3))
        }
        _ => (0, TextBuilder::default()),
    };
    let mut steps = 0;
    while done < format.len() && steps < STEPS_MAX && !out.is_full() {
        steps += if format[done] == b'%' { CONVERSION_STEPS } else { 1 };
        let written = write_date_part(&mut out.bytes, &format[done..], &date, &zone);
        done += written.map_err(|error| call.fail(error))?;
    }
    call.charge(steps.saturating_sub(CONVERSION_STEPS_FREE) / 4)?;
    if done < format.len() {
        out.pay_and_flush(call)?;
        call.keep(&[text.map_or(Value::NIL, |text| text.0), Value::int(seconds), Value::int(done as i64)])?;
        call.keep_more(&out.kept())?;
        return call.go_on(GOING_ON);
    }
    match out.finish(call, Text(Value::NIL), (JOINED, &[]))? {
        Finished::Text(text) => call.return_one(text),
        Finished::Later(outcome) => Ok(outcome),
    }
}

fn set_fields(call: &mut HostCall<'_>, table: Value, date: &DateTime, zone: &Zone) -> Result<(), Raise> {
    let fields = [
        ("year", date.year),
        ("month", date.month),
        ("day", date.day),
        ("hour", date.hour),
        ("min", date.minute),
        ("sec", date.second),
        ("yday", date.yearday + 1),
        ("wday", date.weekday + 1),
    ];
    let heap = call.heap();
    for (name, value) in fields {
        heap.table_set_name(table, name.as_bytes(), Value::int(value)).map_err(out_of_memory)?;
    }
    heap.table_set_name(table, b"isdst", Value::bool(zone.daylight)).map_err(out_of_memory)
}

/// The fields of a date table, with the values that stand for absent ones.
const DATE_FIELDS: [(&str, Option<i64>); 6] =
    [("year", None), ("month", None), ("day", None), ("hour", Some(12)), ("min", Some(0)), ("sec", Some(0))];

fn time(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 0 && call.is_absent(0) {
        let seconds = now(call)?;
        return call.return_one(Value::int(seconds));
    }
    // The function keeps the table and the fields read so far. In state n, field n - 1 comes from a metamethod. The last one
    // says whether daylight saving time is in force.
    let table = if call.state() == 0 { call.check_table(0)? } else { call.arg(0) };
    let mut values: Vec<Value> = if call.state() == 0 { Vec::new() } else { call.args().into_iter().skip(1).collect() };
    values.truncate(DATE_FIELDS.len());
    if call.state() > 0 {
        let value = call.returned_one();
        values.push(checked_field(call, values.len(), value)?);
    }
    while values.len() <= DATE_FIELDS.len() {
        let name = DATE_FIELDS.get(values.len()).map_or("isdst", |(name, _)| name);
        let value = call.heap().table_get_name(table, name.as_bytes());
        if value.is_nil() && !call.metatable(table).is_nil() {
            let key = call.string(name)?;
            let get = support::function(call, "get")?;
            let kept: Vec<Value> = std::iter::once(table).chain(values.iter().copied()).collect();
            call.keep(&kept)?;
            return call.call(get, &[table, key], values.len() as u32 + 1);
        }
        values.push(checked_field(call, values.len(), value)?);
    }
    let field = |index: usize| values[index].as_int().unwrap_or_default();
    let fields =
        Fields { year: field(0), month: field(1), day: field(2), hour: field(3), minute: field(4), second: field(5) };
    let daylight = Some(values[6]).filter(|value| !value.is_nil()).map(|value| value.is_truthy());
    return_time(call, table, fields, daylight)
}

fn checked_field(call: &mut HostCall<'_>, index: usize, value: Value) -> Result<Value, Raise> {
    let Some(&(name, default)) = DATE_FIELDS.get(index) else { return Ok(value) };
    let field = match call.to_number(value)?.map(|number| number.as_integer()) {
        Some(Some(integer)) => Field::Integer(integer),
        None if value.is_nil() => Field::Absent,
        Some(None) | None => Field::Other,
    };
    check_field(name, field, default).map(Value::int).map_err(|error| call.fail(error))
}

fn return_time(call: &mut HostCall<'_>, table: Value, fields: Fields, daylight: Option<bool>) -> Answer {
    let host = &mut library(call).host;
    let found = seconds_from_fields(fields, daylight, |seconds| host.zone(seconds));
    let (seconds, date, zone) = found.map_err(|error| call.fail(error))?;
    set_fields(call, table, &date, &zone)?;
    call.return_one(Value::int(seconds))
}

fn difftime(call: &mut HostCall<'_>) -> Answer {
    let (later, earlier) = (call.check_integer(0)?, call.check_integer(1)?);
    call.return_one(Value::float(later as f64 - earlier as f64))
}

fn execute(call: &mut HostCall<'_>) -> Answer {
    let command = call.optional_text(0)?;
    let is_granted = library(call).host.grants_commands();
    let Some(command) = command else {
        // Whether there is a shell.
        return call.return_one(Value::bool(is_granted));
    };
    if !is_granted {
        return return_failure(call, None, &super::host::HostError::not_permitted());
    }
    match library(call).host.execute(command.bytes()) {
        Ok(termination) => return_termination(call, termination),
        Err(error) => return_failure(call, None, &error),
    }
}

fn exit(call: &mut HostCall<'_>) -> Answer {
    let code = match call.arg(0).as_bool() {
        Some(true) => 0,
        Some(false) => 1,
        None => call.integer_or(0, 0)?,
    };
    Err(if call.arg(1).is_truthy() { Raise::ExitClosing(code as i32) } else { Raise::Exit(code as i32) })
}

fn getenv(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    match host_name(name.bytes()).ok().and_then(|name| library(call).host.variable(name)) {
        Some(value) => call.return_text(value),
        None => call.return_one(Value::NIL),
    }
}

fn remove(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    match host_name(name.bytes()).and_then(|name| library(call).host.remove(name)) {
        Ok(()) => call.return_one(Value::TRUE),
        Err(error) => return_failure(call, Some(name.bytes()), &error),
    }
}

fn rename(call: &mut HostCall<'_>) -> Answer {
    let (from, to) = (call.check_text(0)?, call.check_text(1)?);
    let names = host_name(from.bytes()).and_then(|from| Ok((from, host_name(to.bytes())?)));
    match names.and_then(|(from, to)| library(call).host.rename(from, to)) {
        Ok(()) => call.return_one(Value::TRUE),
        Err(error) => return_failure(call, None, &error),
    }
}

fn setlocale(call: &mut HostCall<'_>) -> Answer {
    let locale = call.optional_text(0)?;
    call.check_option(1, Some(0), &["all", "collate", "ctype", "monetary", "numeric", "time"])?;
    match locale.as_ref().map(|locale| locale.bytes()) {
        // There is only the C locale.
        None | Some(b"" | b"C" | b"POSIX") => call.return_text("C"),
        Some(_) => call.return_one(Value::NIL),
    }
}

fn tmpname(call: &mut HostCall<'_>) -> Answer {
    match library(call).host.temporary_name() {
        Ok(name) => call.return_text(name),
        Err(_) => Err(call.error("unable to generate a unique filename")),
    }
}
