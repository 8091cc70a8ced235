//! Running Lua programs: the standard library, `arg`, and how an error is told.

use super::{Printed, Session};
use crate::exit::Exit;
use crate::lua_host::ProcessHost;
use crate::report::Report;
use crate::source::{Failure, cause};
use crate::values;
use minivm::raw::{InstanceId, Machine, Tag, Value};
use minivm_isa::Type;
use minivm_isa::program::Program;
use minivm_lua::stdlib;

/// The section by which a program tells that it was made from Lua.
pub(super) const SECTION: &str = "lua.lines";

/// The sections by which a program tells that it is a chunk: `main` captures the globals.
const CHUNK_SECTIONS: [&str; 2] = [SECTION, minivm_tutorial::CHUNK_SECTION];

/// Whether a program is a chunk of Lua or of a language that shares its globals, compiled or not.
pub(super) fn is_chunk(program: &Program) -> bool {
    program.custom.iter().any(|section| CHUNK_SECTIONS.contains(&section.name.as_str()))
}

/// Makes the standard library; gives the table of globals.
pub(super) fn install(session: &mut Session, arguments: &[Vec<u8>]) -> Result<Value, Failure> {
    let globals = library(session)?;
    set_script_arguments(session, globals, arguments)?;
    Ok(globals)
}

/// Sets the global `arg` for a script: at 0 itself, its arguments after it, the command before it.
pub(super) fn set_script_arguments(
    session: &mut Session,
    globals: Value,
    arguments: &[Vec<u8>],
) -> Result<(), Failure> {
    let words = [&[b"minivm".to_vec(), session.file.clone()], arguments].concat();
    set_arguments(session, globals, &words, 1)
}

/// Sets the global `arg` to a command line, of which this word is at 0.
pub(super) fn set_arguments(
    session: &mut Session,
    globals: Value,
    words: &[Vec<u8>],
    zero: usize,
) -> Result<(), Failure> {
    let argument_table = argument_table(session, words, zero).ok_or_else(|| session.out_of_memory())?;
    let set = session.machine.heap().table_set_name(globals, b"arg", argument_table);
    set.map_err(|_| session.out_of_memory())
}

/// Makes the standard library over the process and what is granted of it; gives the table of globals.
pub(super) fn library(session: &mut Session) -> Result<Value, Failure> {
    let host = ProcessHost::new(&session.grants, session.files.clone()).map_err(|(path, error)| {
        let message = format!("cannot open the directory {}: {}", path.display(), cause(&error));
        Failure::new(Exit::Unreadable, Report::new(message))
    })?;
    let globals = stdlib::raw::install(&mut session.machine, Box::new(host)).map_err(|_| session.out_of_memory())?;
    session.machine.keep(globals);
    minivm_modules::raw::install(&mut session.machine).map_err(|_| session.out_of_memory())?;
    minivm_modules::raw::set_features(&mut session.machine, session.features);
    session.has_lua = true;
    // Modules may import it.
    session.install_std()?;
    minivm_std::set_at_once(session.machine.safe());
    if let Some(plan) = &session.snapshot {
        stdlib::raw::set_open_files(&mut session.machine, plan.open_files);
    }
    Ok(globals)
}

fn argument_table(session: &mut Session, words: &[Vec<u8>], zero: usize) -> Option<Value> {
    let after = words.len().saturating_sub(zero + 1);
    let table = session.machine.heap().table_value(after as u32, zero as u32 + 1).ok()?;
    session.machine.keep(table);
    for (index, text) in words.iter().enumerate() {
        let text = session.machine.string(text).ok()?;
        session.machine.heap().table_set_int(table, index as i64 - zero as i64, text).ok()?;
    }
    Some(table)
}

/// Runs a chunk with the arguments of the command line, as strings.
pub(super) fn run(
    session: &mut Session,
    instance: InstanceId,
    globals: Value,
    arguments: &[Vec<u8>],
) -> Result<(Exit, Vec<Value>), Failure> {
    let chunk = chunk(session, instance, globals)?;
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let value = session.machine.string(argument).map_err(|_| session.out_of_memory())?;
        session.machine.keep(value);
        values.push(value);
    }
    session.call_value(chunk, values)
}

/// The chunk of a program as a function.
fn chunk(session: &mut Session, instance: InstanceId, globals: Value) -> Result<Value, Failure> {
    let chunk = session.machine.closure(instance, "main", &[globals]);
    let chunk = chunk.map_err(|error| session.failure(error.to_string()))?;
    session.machine.keep(chunk);
    Ok(chunk)
}

/// Runs a chunk, then calls a function by name: of the table that the chunk returns, else a global one.
pub(super) fn invoke(
    session: &mut Session,
    instance: InstanceId,
    globals: Value,
    name: &str,
    arguments: &[Vec<u8>],
) -> Result<Exit, Failure> {
    let chunk = chunk(session, instance, globals)?;
    let name = session.machine.string(name).map_err(|_| session.out_of_memory())?;
    session.machine.keep(name);
    let mut values = Vec::with_capacity(arguments.len());
    for text in arguments {
        let value = values::parse(&mut session.machine, text, Type::Any).ok_or_else(|| session.out_of_memory())?;
        session.machine.keep(value);
        values.push(value);
    }
    session.printed = Some(Printed::default());
    let (launch, values) = session.launcher()?.named(chunk, globals, name, values);
    let results = session.call_value(launch, values)?;
    session.finish(results)
}

/// What is printed of an error value, as the `lua` command does, and the traceback that belongs to it.
pub(super) struct ErrorText {
    pub(super) message: Vec<u8>,
    pub(super) trace: String,
    /// Whether the place that has failed is shown with it.
    pub(super) is_of_place: bool,
}

/// What is printed of an error value that was raised where `trace` says.
pub(super) fn error_text(machine: &mut Machine, value: Value, trace: String) -> ErrorText {
    let own = |message: Vec<u8>| ErrorText { message, trace: trace.clone(), is_of_place: true };
    if let Some(bytes) = value.as_bytes() {
        return own(bytes.to_vec());
    }
    if value.tag() == Tag::INT || value.as_float().is_some() {
        return own(machine.describe(value).into_bytes());
    }
    let metatable = machine.heap().own_metatable(value);
    if metatable.is_table() {
        let describe = machine.heap().table_get_name(metatable, b"__tostring");
        let described = if describe.is_nil() { Ok(Vec::new()) } else { machine.call(describe, &[value]) };
        match described {
            Ok(results) => {
                if let Some(bytes) = results.first().and_then(Value::as_bytes) {
                    return ErrorText { message: bytes.to_vec(), trace: String::new(), is_of_place: false };
                }
            }
            // It is asked on top of what has failed.
            Err(minivm::raw::Failure::Error { value, trace: inner, .. }) if value.as_bytes().is_some() => {
                let message = value.as_bytes().unwrap_or_default().to_vec();
                let (_, outer) = trace.split_once('\n').unwrap_or_default();
                let trace = if outer.is_empty() { inner } else { format!("{inner}\n{outer}") };
                return ErrorText { message, trace, is_of_place: false };
            }
            Err(_) => {}
        }
    }
    if let Some(text) = machine.exception_text(value) {
        return own(format!("uncaught {text}").into_bytes());
    }
    let kind = match value.tag() {
        Tag::NIL => "nil",
        Tag::FALSE | Tag::TRUE => "boolean",
        Tag::TABLE => "table",
        Tag::FUNCTION => "function",
        Tag::FIBER => "thread",
        _ => "userdata",
    };
    own(format!("(error object is a {kind} value)").into_bytes())
}
