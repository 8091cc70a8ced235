//! The `io` library: functions on files by name, and on the default input and output.

use super::arguments::{Answer, Arguments, LibraryFunction, shown};
use super::host::{HostError, OpenMode, PipeMode, Standard};
use super::io_file::{
    FileObject, FileState, check_open, close_file, file_state, flush_file, lines_iterator, new_file, open_with,
    return_failure, return_read, write,
};
use super::io_read::Reading;
use super::library::library;
use super::output::{self, Output};
use super::stream::{Origin, Stream};
use minivm::raw::{HostCall, Raise, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("close", close),
    ("flush", flush),
    ("input", |call| default_file(call, INPUT, OpenMode::Read)),
    ("lines", lines),
    ("open", open),
    ("output", |call| default_file(call, OUTPUT, OpenMode::Write)),
    ("popen", popen),
    ("read", read_input),
    ("tmpfile", tmpfile),
    ("type", type_of),
    ("write", write_output),
];

/// Name of the default input in the machine's registry.
pub(super) const INPUT: &str = "lua.io.input";
/// Name of the default output in the machine's registry.
pub(super) const OUTPUT: &str = "lua.io.output";

/// A default file, which must be open.
fn open_default(call: &mut HostCall<'_>, registered: &str) -> Result<Value, Raise> {
    let file = call.registered(registered);
    if file_state(call, file) == FileState::Closed {
        let kind = registered.rsplit('.').next().unwrap_or_default();
        return Err(call.error(format!("default {kind} file is closed")));
    }
    Ok(file)
}

/// A name that a host may be given: not one that is too long for any.
pub(super) fn host_name(name: &[u8]) -> Result<&[u8], HostError> {
    const NAME_BYTES_MAX: usize = 4096;
    if name.len() > NAME_BYTES_MAX {
        return Err(HostError { message: "File name too long".into(), code: 36 });
    }
    Ok(name)
}

fn open_file(call: &mut HostCall<'_>, name: &[u8], mode: OpenMode) -> Result<Result<Value, HostError>, Raise> {
    let name = match host_name(name) {
        Ok(name) => name,
        Err(error) => return Ok(Err(error)),
    };
    match open_with(call, |host| host.open(name, mode)) {
        Ok(file) => {
            let stream = Stream::opened(file, Origin { name: name.to_vec(), mode });
            new_file(call, FileObject::Open(Box::new(stream))).map(Ok)
        }
        Err(error) => Ok(Err(error)),
    }
}

/// Opens a file, or raises an error that names it.
fn must_open(call: &mut HostCall<'_>, name: &[u8], mode: OpenMode) -> Result<Value, Raise> {
    match open_file(call, name, mode)? {
        Ok(file) => Ok(file),
        Err(error) => {
            let text = [b"cannot open file '", shown(name), format!("' ({error})").as_bytes()].concat();
            Err(call.error(text))
        }
    }
}

fn open(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    let mode = call.optional_text(1)?;
    let Some(mode) = OpenMode::parse(mode.as_ref().map_or(b"r", |mode| mode.bytes())) else {
        return Err(call.argument_error(1, "invalid mode"));
    };
    match open_file(call, name.bytes(), mode)? {
        Ok(file) => call.return_one(file),
        Err(error) => return_failure(call, Some(name.bytes()), &error),
    }
}

fn popen(call: &mut HostCall<'_>) -> Answer {
    let command = call.check_text(0)?;
    let mode = match call.optional_text(1)?.as_ref().map_or(&b"r"[..], |mode| mode.bytes()) {
        b"r" => PipeMode::Read,
        b"w" => PipeMode::Write,
        _ => return Err(call.argument_error(1, "invalid mode")),
    };
    if !library(call).host.grants_commands() {
        return Err(call.error("'popen' not supported"));
    }
    // What the program has printed comes before what the command prints. If the output is gone, writing tells.
    for stream in [Standard::Output, Standard::Error] {
        let _ = library(call).standard(stream).flush();
    }
    match open_with(call, |host| host.open_pipe(command.bytes(), mode)) {
        Ok(file) => {
            let file = new_file(call, FileObject::Open(Box::new(Stream::pipe(file, mode))))?;
            call.return_one(file)
        }
        Err(error) => return_failure(call, Some(command.bytes()), &error),
    }
}

fn tmpfile(call: &mut HostCall<'_>) -> Answer {
    match open_with(call, |host| host.open_temporary()) {
        Ok(file) => {
            let file = new_file(call, FileObject::Open(Box::new(Stream::new(file))))?;
            call.return_one(file)
        }
        Err(error) => return_failure(call, None, &error),
    }
}

fn close(call: &mut HostCall<'_>) -> Answer {
    let file = if call.arg_count() == 0 { open_default(call, OUTPUT)? } else { check_open(call, 0)? };
    close_file(call, file)
}

fn flush(call: &mut HostCall<'_>) -> Answer {
    let file = open_default(call, OUTPUT)?;
    flush_file(call, file)
}

fn type_of(call: &mut HostCall<'_>) -> Answer {
    let value = call.check_any(0)?;
    match file_state(call, value) {
        FileState::NoFile => call.return_one(Value::NIL),
        FileState::Closed => call.return_text("closed file"),
        FileState::Standard(_) | FileState::Open => call.return_text("file"),
    }
}

/// Sets a default file if there is an argument, and returns it.
fn default_file(call: &mut HostCall<'_>, registered: &str, mode: OpenMode) -> Answer {
    if !call.is_absent(0) {
        let value = call.arg(0);
        let file = match call.to_text(value)? {
            Some(name) => must_open(call, name.bytes(), mode)?,
            None => check_open(call, 0)?,
        };
        call.register(registered, file);
    }
    let file = call.registered(registered);
    call.return_one(file)
}

fn read_input(call: &mut HostCall<'_>) -> Answer {
    let reading = match Reading::restore(call)? {
        Some(reading) => reading,
        None => Reading::new(open_default(call, INPUT)?, call.args(), 0),
    };
    reading.run(call, return_read)
}

fn write_output(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        output::DONE => {
            let file = Output::restore(call)?.file;
            call.return_one(file)
        }
        output::GOING_ON => write(call, None),
        _ => {
            let file = open_default(call, OUTPUT)?;
            write(call, Some((file, 0)))
        }
    }
}

fn lines(call: &mut HostCall<'_>) -> Answer {
    if call.is_absent(0) {
        let file = call.registered(INPUT);
        if file_state(call, file) == FileState::Closed {
            return Err(call.error("attempt to use a closed file"));
        }
        let iterator = lines_iterator(call, file, false)?;
        return call.return_one(iterator);
    }
    let name = call.check_text(0)?;
    let file = must_open(call, name.bytes(), OpenMode::Read)?;
    let iterator = lines_iterator(call, file, true)?;
    // The file is the value that the loop closes.
    call.return_values(&[iterator, Value::NIL, Value::NIL, file])
}
