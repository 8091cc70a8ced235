//! Files as objects: their methods.

use super::arguments::{Answer, Arguments, LibraryFunction, shown};
use super::host::{HostError, LuaHost, Standard, Termination, Whence};
use super::io_read::Reading;
use super::library::library;
use super::output::{self, Output, written_text};
use super::stream::{Buffering, Stream};
use minivm::raw::heap::HostObject;
use minivm::raw::{HostCall, Raise, Value};
use std::any::Any;

/// The name of the kind, in messages and as `__name`.
pub(super) const FILE_KIND: &str = "FILE*";
/// Name of the metatable of files in the machine's registry.
pub(super) const METATABLE: &str = "lua.io.file";
/// Name of the function that iterators over lines are closures of, in the machine's registry.
pub(super) const LINES_NEXT: &str = "lua.io.lines.next";

/// The methods by name.
pub(super) const METHODS: &[(&str, LibraryFunction)] = &[
    ("close", close),
    ("flush", flush),
    ("lines", lines),
    ("read", read_method),
    ("seek", seek),
    ("setvbuf", setvbuf),
    ("write", write_method),
];

/// The metamethods by name.
pub(super) const METAMETHODS: &[(&str, LibraryFunction)] =
    &[("__close", collect), ("__gc", collect), ("__tostring", tostring)];

/// More formats than this cannot be given to `lines`.
const LINES_FORMATS_MAX: usize = 250;

/// What a file object holds.
pub(super) enum FileObject {
    Closed,
    Standard(Standard),
    Open(Box<Stream>),
}

impl HostObject for FileObject {
    fn type_name(&self) -> &str {
        FILE_KIND
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// What a value is to the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    NoFile,
    Closed,
    Standard(Standard),
    Open,
}

pub(super) fn file_state(call: &mut HostCall<'_>, value: Value) -> FileState {
    let state = call.heap().with_host_object(value, |file: &mut FileObject| match file {
        FileObject::Closed => FileState::Closed,
        FileObject::Standard(stream) => FileState::Standard(*stream),
        FileObject::Open(_) => FileState::Open,
    });
    state.unwrap_or(FileState::NoFile)
}

/// Makes a file object.
pub(super) fn new_file(call: &mut HostCall<'_>, object: FileObject) -> Result<Value, Raise> {
    let metatable = call.registered(METATABLE);
    call.heap().host_object(Box::new(object), metatable).map_err(super::arguments::out_of_memory)
}

/// Checks that an argument is a file that is not closed.
pub(super) fn check_open(call: &mut HostCall<'_>, index: usize) -> Result<Value, Raise> {
    let value = call.arg(index);
    match file_state(call, value) {
        FileState::NoFile => Err(call.kind_error(index, FILE_KIND)),
        FileState::Closed => Err(call.error("attempt to use a closed file")),
        FileState::Standard(_) | FileState::Open => Ok(value),
    }
}

/// Does something with the stream of an open file.
pub(super) fn with_stream<R>(
    call: &mut HostCall<'_>,
    file: Value,
    act: impl FnOnce(&mut Stream) -> Result<R, HostError>,
) -> Result<R, HostError> {
    if let FileState::Standard(stream) = file_state(call, file) {
        return act(library(call).standard(stream));
    }
    let result = call.heap().with_host_object(file, |file: &mut FileObject| match file {
        FileObject::Open(stream) => act(stream),
        FileObject::Closed | FileObject::Standard(_) => Err(HostError::not_permitted()),
    });
    result.unwrap_or_else(|| Err(HostError::not_permitted()))
}

/// Returns nil, a message and the number of the error, as functions do that the outside refused.
pub(super) fn return_failure(call: &mut HostCall<'_>, name: Option<&[u8]>, error: &HostError) -> Answer {
    let mut message = name.map_or(Vec::new(), |name| [shown(name), b": "].concat());
    message.extend_from_slice(error.message.as_bytes());
    let message = call.string(message)?;
    call.return_values(&[Value::NIL, message, Value::int(i64::from(error.code))])
}

/// Closes a file for good; standard streams stay open.
pub(super) fn close_file(call: &mut HostCall<'_>, file: Value) -> Answer {
    if let FileState::Standard(_) = file_state(call, file) {
        let message = call.string("cannot close standard file")?;
        return call.return_values(&[Value::NIL, message]);
    }
    let closed = with_stream(call, file, Stream::close);
    call.heap().with_host_object(file, |file: &mut FileObject| *file = FileObject::Closed);
    match closed {
        Ok(None) => call.return_one(Value::TRUE),
        Ok(Some(termination)) => return_termination(call, termination),
        Err(error) => return_failure(call, None, &error),
    }
}

/// Returns how a command ended: whether well, in what way, and with which number.
pub(super) fn return_termination(call: &mut HostCall<'_>, termination: Termination) -> Answer {
    let (how, number) = match termination {
        Termination::Exit(status) => ("exit", status),
        Termination::Signal(signal) => ("signal", signal),
    };
    let is_well = if termination == Termination::Exit(0) { Value::TRUE } else { Value::NIL };
    let how = call.string(how)?;
    call.return_values(&[is_well, how, Value::int(i64::from(number))])
}

/// Opens something of the host's. When too much is open, files that the program has forgotten are closed first.
pub(super) fn open_with<T>(
    call: &mut HostCall<'_>,
    mut open: impl FnMut(&mut dyn LuaHost) -> Result<T, HostError>,
) -> Result<T, HostError> {
    match open(&mut *library(call).host) {
        Err(error) if error.is_too_many_open() => {
            call.collect();
            for object in call.heap().due_for_finalisation() {
                // Its finaliser will find it closed.
                call.heap().with_host_object(object, |file: &mut FileObject| match file {
                    FileObject::Open(_) => *file = FileObject::Closed,
                    FileObject::Closed | FileObject::Standard(_) => {}
                });
            }
            open(&mut *library(call).host)
        }
        result => result,
    }
}

fn close(call: &mut HostCall<'_>) -> Answer {
    let file = check_open(call, 0)?;
    close_file(call, file)
}

/// `__gc` and `__close`: closes a file that is open.
fn collect(call: &mut HostCall<'_>) -> Answer {
    let file = call.arg(0);
    match file_state(call, file) {
        FileState::NoFile => Err(call.kind_error(0, FILE_KIND)),
        FileState::Closed | FileState::Standard(_) => call.return_none(),
        FileState::Open => {
            close_file(call, file)?;
            call.return_none()
        }
    }
}

fn tostring(call: &mut HostCall<'_>) -> Answer {
    let file = call.arg(0);
    match file_state(call, file) {
        FileState::NoFile => Err(call.kind_error(0, FILE_KIND)),
        FileState::Closed => call.return_text("file (closed)"),
        FileState::Standard(_) | FileState::Open => {
            let identity = call.identity(file);
            call.return_text(format!("file ({})", super::base::identity_text(identity)))
        }
    }
}

fn flush(call: &mut HostCall<'_>) -> Answer {
    let file = check_open(call, 0)?;
    flush_file(call, file)
}

pub(super) fn flush_file(call: &mut HostCall<'_>, file: Value) -> Answer {
    match with_stream(call, file, Stream::flush) {
        Ok(()) => call.return_one(Value::TRUE),
        Err(error) => return_failure(call, None, &error),
    }
}

fn seek(call: &mut HostCall<'_>) -> Answer {
    let file = check_open(call, 0)?;
    let whence = call.check_option(1, Some(1), &["set", "cur", "end"])?;
    let offset = call.integer_or(2, 0)?;
    let whence = [Whence::Start, Whence::Current, Whence::End][whence];
    match with_stream(call, file, |stream| stream.seek(whence, offset)) {
        Ok(place) => call.return_one(Value::int(place as i64)),
        Err(error) => return_failure(call, None, &error),
    }
}

fn setvbuf(call: &mut HostCall<'_>) -> Answer {
    let file = check_open(call, 0)?;
    let mode = call.check_option(1, None, &["no", "full", "line"])?;
    // The C library takes the size of the buffer as a mere hint, too.
    call.integer_or(2, 0)?;
    let buffering = [Buffering::No, Buffering::Full, Buffering::Line][mode];
    match with_stream(call, file, |stream| stream.set_buffering(buffering)) {
        Ok(()) => call.return_one(Value::TRUE),
        Err(error) => return_failure(call, None, &error),
    }
}

fn write_method(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        output::DONE => {
            let file = Output::restore(call)?.file;
            call.return_one(file)
        }
        output::GOING_ON => write(call, None),
        _ => {
            let file = check_open(call, 0)?;
            write(call, Some((file, 1)))
        }
    }
}

/// Writes the arguments from `first` on; none goes on.
pub(super) fn write(call: &mut HostCall<'_>, start: Option<(Value, usize)>) -> Answer {
    let mut output = match start {
        Some((file, first)) => Output::new(call, file, first),
        None => Output::restore(call)?,
    };
    let mut result = Ok(());
    while output.index < output.count && !output.is_full() {
        let value = call.arg(output.index);
        let mut numeral = Vec::new();
        let Some(text) = written_text(&value, &mut numeral) else {
            return Err(call.kind_error(output.index, "string"));
        };
        if result.is_err() {
            // What comes after is only looked at.
            output.index += 1;
            continue;
        }
        let file = output.file;
        result = output.write(text, |bytes| with_stream(call, file, |stream| stream.write(bytes)));
    }
    if result.is_ok() && output.index < output.count {
        return output.pause(call);
    }
    match result {
        Ok(()) => match output.pay(call)? {
            Some(outcome) => Ok(outcome),
            None => call.return_one(output.file),
        },
        Err(error) => return_failure(call, None, &error),
    }
}

pub(super) fn read_method(call: &mut HostCall<'_>) -> Answer {
    let reading = match Reading::restore(call)? {
        Some(reading) => reading,
        None => {
            let file = check_open(call, 0)?;
            Reading::new(file, (1..call.arg_count()).map(|index| call.arg(index)).collect(), 1)
        }
    };
    reading.run(call, return_read)
}

/// Returns what was read.
pub(super) fn return_read(call: &mut HostCall<'_>, values: Result<Vec<Value>, HostError>) -> Answer {
    match values {
        Ok(values) => call.return_values(&values),
        Err(error) => return_failure(call, None, &error),
    }
}

fn lines(call: &mut HostCall<'_>) -> Answer {
    let file = check_open(call, 0)?;
    let iterator = lines_iterator(call, file, false)?;
    call.return_one(iterator)
}

/// An iterator that reads from `file` in the formats that are the arguments after the first. It captures the file, whether
/// it closes it at the end, and the formats.
pub(super) fn lines_iterator(call: &mut HostCall<'_>, file: Value, closes: bool) -> Result<Value, Raise> {
    let formats = call.arg_count().saturating_sub(1);
    if formats > LINES_FORMATS_MAX {
        return Err(call.argument_error(LINES_FORMATS_MAX + 1, "too many arguments"));
    }
    let mut captures = vec![file, Value::bool(closes)];
    captures.extend((1..=formats).map(|index| call.arg(index)));
    let next = call.registered(LINES_NEXT);
    call.host_closure(next, &captures)
}

/// The iterator over lines.
pub(super) fn lines_next(call: &mut HostCall<'_>) -> Answer {
    let me = call.callee();
    let closes = call.heap().capture(me, 1).unwrap_or(Value::NIL);
    let reading = match Reading::restore(call)? {
        Some(reading) => reading,
        None => {
            let captures: Vec<Value> = (0..).map_while(|index| call.heap().capture(me, index)).collect();
            let [file, _, formats @ ..] = &captures[..] else { return call.return_none() };
            if file_state(call, *file) == FileState::Closed {
                return Err(call.error("file is already closed"));
            }
            Reading::new(*file, formats.to_vec(), 1)
        }
    };
    let file = reading.file;
    reading.run(call, |call, values| {
        let values = values.map_err(|error| call.error(error.message))?;
        if values[0].is_truthy() {
            return call.return_values(&values);
        }
        if closes.is_truthy() {
            close_file(call, file)?;
        }
        call.return_none()
    })
}
