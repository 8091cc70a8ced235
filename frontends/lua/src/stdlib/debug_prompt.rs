//! `debug.debug`: runs lines of the standard input as chunks until one is `cont`.

use super::arguments::{Answer, Text};
use super::base::{plain_text, returned_text, text_metamethod};
use super::host::Standard;
use super::io_file::{FileObject, new_file};
use super::library::library;
use super::load::{LOAD, READ};
use minivm::raw::{HostCall, Protect, Value};

// States: a line is read; it is loaded; it has run; the text of an error comes from its metamethod.
const LINE: u32 = 1;
const LOADED: u32 = 2;
const RAN: u32 = 3;
const TEXT: u32 = 4;

pub(super) fn debug(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        LINE => {
            let line = call.returned_one();
            if line.as_bytes().is_none_or(|line| line == b"cont\n") {
                return call.return_none();
            }
            let (load, name) = (call.registered(LOAD), call.string("=(debug command)")?);
            return call.call(load, &[line, name], LOADED);
        }
        LOADED => match call.returned().unwrap_or_default()[..] {
            [chunk] => return call.call_protected(chunk, &[], RAN, Protect::Catch, Value::NIL),
            [_, message] => return tell(call, message),
            _ => {}
        },
        RAN => {
            if let Some(error) = call.error_returned() {
                return tell(call, error);
            }
        }
        TEXT => {
            let text = returned_text(call)?;
            write(call, text);
        }
        _ => {}
    }
    ask(call)
}

/// Asks for the next line.
fn ask(call: &mut HostCall<'_>) -> Answer {
    let error = library(call).standard(Standard::Error);
    // Like C's, this output has nobody to report an error to.
    let _ = error.write(b"lua_debug> ").and_then(|()| error.flush());
    let input = new_file(call, FileObject::Standard(Standard::Input))?;
    let (read, line) = (call.registered(READ), call.string("L")?);
    call.call(read, &[input, line], LINE)
}

/// Writes what went wrong, and goes on.
fn tell(call: &mut HostCall<'_>, error: Value) -> Answer {
    if let Some(method) = text_metamethod(call, error) {
        return call.call(method, &[error], TEXT);
    }
    let text = plain_text(call, error)?;
    write(call, text);
    ask(call)
}

fn write(call: &mut HostCall<'_>, text: Text) {
    let error = library(call).standard(Standard::Error);
    let _ = error.write(text.bytes()).and_then(|()| error.write(b"\n"));
}
