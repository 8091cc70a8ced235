//! Runs a Lua case through the library: compile, verify, instantiate, install the standard library, call.

use crate::cases::Case;
use crate::lua_host::{Captured, CaseHost};
use crate::outcome::{Ending, Outcome, readable};
use minivm::raw::{Failure, Limits, Machine, Tag, Value};
use minivm_lua::stdlib;
use std::fs;

/// Runs a case to its end.
///
/// # Errors
/// When it could not be run; errors of the program itself, also those of its syntax, are part of the outcome.
pub fn run(case: &Case) -> Result<Outcome, String> {
    run_with(case, Limits::default(), |machine, chunk, arguments| machine.call(chunk, arguments))
}

/// Runs a case to its end in a way of the caller's: `call` is given the chunk and its arguments.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    case: &Case,
    limits: Limits,
    call: impl FnOnce(&mut Machine, Value, &[Value]) -> Result<Vec<Value>, Failure>,
) -> Result<Outcome, String> {
    run_prepared(case, limits, |_| Ok(()), call)
}

/// As [`run_with`]; `prepare` adds to the standard library.
///
/// # Errors
/// As for [`run`].
pub fn run_prepared(
    case: &Case,
    limits: Limits,
    prepare: impl FnOnce(&mut Machine) -> Result<(), minivm::raw::heap::OutOfMemory>,
    call: impl FnOnce(&mut Machine, Value, &[Value]) -> Result<Vec<Value>, Failure>,
) -> Result<Outcome, String> {
    run_hosted(case, limits, prepare, |machine, _, chunk, arguments| Ok(call(machine, chunk, arguments)))
}

/// As [`run_prepared`], where the caller is given the host, too, and may itself fail.
///
/// # Errors
/// As for [`run`], and what the caller reports.
pub fn run_hosted(
    case: &Case,
    limits: Limits,
    prepare: impl FnOnce(&mut Machine) -> Result<(), minivm::raw::heap::OutOfMemory>,
    call: impl FnOnce(&mut Machine, &CaseHost, Value, &[Value]) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    run_on(case, CaseHost::new(case)?, limits, prepare, call)
}

/// As [`run_hosted`], on a host that is there.
///
/// # Errors
/// As for [`run_hosted`].
pub fn run_on(
    case: &Case,
    (host, output): (CaseHost, Captured),
    limits: Limits,
    prepare: impl FnOnce(&mut Machine) -> Result<(), minivm::raw::heap::OutOfMemory>,
    call: impl FnOnce(&mut Machine, &CaseHost, Value, &[Value]) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    let source = fs::read(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let program = match minivm_lua::compile_file(&source, format!("@{}", case.file_name())) {
        Ok(program) => program,
        Err(error) => return Ok(Outcome { output: Vec::new(), ending: Ending::Failed(error.to_string()) }),
    };
    let mut machine = crate::native::machine(limits);
    let globals = stdlib::raw::install(&mut machine, Box::new(host.clone())).map_err(|error| error.to_string())?;
    stdlib::raw::expect(&mut machine, &program);
    prepare(&mut machine).map_err(|error| error.to_string())?;
    let arguments = arguments(&mut machine, case, globals).map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let chunk = machine.closure(instance, "main", &[globals]).map_err(|error| error.to_string())?;
    let result = call(&mut machine, &host, chunk, &arguments)?;
    let ending = match result {
        Ok(_) => Ending::Finished,
        Err(Failure::Exit(status)) => Ending::Exited(status),
        Err(Failure::Error { value, .. }) => Ending::Failed(message(&mut machine, value)),
    };
    let ending = match machine.close() {
        Err(Failure::Exit(status)) => Ending::Exited(status),
        Ok(()) | Err(Failure::Error { .. }) => ending,
    };
    stdlib::raw::flush(&mut machine).map_err(|error| error.to_string())?;
    Ok(Outcome { output: output.take(), ending })
}

/// The values of `...`, which are also in the global table `arg`.
fn arguments(machine: &mut Machine, case: &Case, globals: Value) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let table = machine.heap().table_value(0, 4)?;
    machine.heap().table_set_name(globals, b"arg", table)?;
    let mut values = Vec::new();
    let name = case.file_name();
    for (index, text) in std::iter::once(&name).chain(&case.arguments).enumerate() {
        let value = machine.string(text)?;
        machine.heap().table_set(table, Value::int(index as i64), value)?;
        if index > 0 {
            values.push(value);
        }
    }
    Ok(values)
}

/// The last line of `run_case.lua` for an error value.
fn message(machine: &mut Machine, value: Value) -> String {
    match value.tag() {
        Tag::STRING => readable(value.as_bytes().unwrap_or_default()),
        Tag::INT | Tag::FLOAT => machine.describe(value),
        _ => match (machine.exception_text(value), described(machine, value)) {
            (Some(text), _) => format!("uncaught {text}"),
            (None, Some(text)) => text,
            (None, None) => {
                let kind = machine.describe(value);
                let kind = kind.split(':').next().unwrap_or(&kind).to_owned();
                format!("(error object is a {kind} value)")
            }
        },
    }
}

/// What the `__tostring` of an error value gives.
fn described(machine: &mut Machine, value: Value) -> Option<String> {
    let metatable = machine.heap().own_metatable(value);
    let method = machine.heap().table_get_name(metatable, b"__tostring");
    let results = machine.call(method, &[value]).ok()?;
    Some(readable(results.first()?.as_bytes()?))
}
