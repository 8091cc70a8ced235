//! Streams and the clock.

use crate::arguments::{Function, count, kind_name, pay_for_bytes, text_of};
use crate::host::State;
use minivm::{HostCall, HostResult, Local, Raise};
use std::io;

pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("print", print),
    ("write", write),
    ("write_error", write_error),
    ("flush", flush),
    ("read_line", read_line),
    ("read", read),
    ("read_all", read_all),
    ("to_string", to_string),
    ("kind", kind),
    ("clock", clock),
    ("time", time),
];

fn failed<'c>(call: &HostCall<'c>, what: &str, error: &io::Error) -> Raise<'c> {
    call.error(format!("cannot {what}: {error}"))
}

/// The texts of all arguments, paid for.
fn texts<'c>(call: &mut HostCall<'c>, between: &[u8]) -> Result<Vec<u8>, Raise<'c>> {
    let mut bytes = Vec::new();
    for (index, value) in call.args().into_iter().enumerate() {
        if index > 0 {
            bytes.extend_from_slice(between);
        }
        bytes.extend(text_of(call, value));
    }
    pay_for_bytes(call, bytes.len())?;
    Ok(bytes)
}

fn print<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let mut bytes = texts(call, b"\t")?;
    bytes.push(b'\n');
    put(call, &bytes)
}

fn write<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let bytes = texts(call, b"")?;
    put(call, &bytes)
}

fn put<'c>(call: &mut HostCall<'c>, bytes: &[u8]) -> HostResult<'c> {
    match call.shared::<State>().write(bytes) {
        Ok(()) => call.return_none(),
        Err(error) => Err(failed(call, "write", &error)),
    }
}

fn write_error<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let bytes = texts(call, b"")?;
    match call.shared::<State>().write_error(&bytes) {
        Ok(()) => call.return_none(),
        Err(error) => Err(failed(call, "write", &error)),
    }
}

fn flush<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    match call.shared::<State>().flush() {
        Ok(()) => call.return_none(),
        Err(error) => Err(failed(call, "write", &error)),
    }
}

/// Returns the first bytes that were read ahead, without the `dropped` last of them. They are taken when they are paid for.
fn give<'c>(call: &mut HostCall<'c>, length: usize, dropped: usize) -> HostResult<'c> {
    pay_for_bytes(call, length)?;
    let text = call.shared::<State>().ahead()[..length - dropped].to_vec();
    let text = call.string(text)?;
    call.shared::<State>().take(length);
    call.return_one(text)
}

/// Reads ahead until `is_enough` says so of what is there; none at the end, else how much it says.
fn until<'c>(call: &mut HostCall<'c>, is_enough: impl Fn(&[u8]) -> Option<usize>) -> Result<Option<usize>, Raise<'c>> {
    loop {
        let state = call.shared::<State>();
        if let Some(length) = is_enough(state.ahead()) {
            return Ok(Some(length));
        }
        // The buffer of what is read ahead is the program's.
        let held = state.hold(2 * state.ahead().len() as u64)?;
        let more = state.fill();
        drop(held);
        match more {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(failed(call, "read", &error)),
        }
    }
}

fn read_line<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let end = |bytes: &[u8]| bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
    match until(call, end)? {
        Some(length) => give(call, length, 1),
        None => rest(call),
    }
}

fn read<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let wanted = count(call, "read", 0)?;
    match until(call, |bytes| (bytes.len() >= wanted).then_some(wanted))? {
        Some(length) => give(call, length, 0),
        None => rest(call),
    }
}

/// What is left at the end, or nil.
fn rest<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    match call.shared::<State>().ahead().len() {
        0 => call.return_one(Local::NIL),
        length => give(call, length, 0),
    }
}

fn read_all<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    until(call, |_| None)?;
    let length = call.shared::<State>().ahead().len();
    give(call, length, 0)
}

fn to_string<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let value = call.arg(0);
    if call.bytes(value).is_some() {
        return call.return_one(value);
    }
    let text = text_of(call, value);
    let text = call.string(text)?;
    call.return_one(text)
}

fn kind<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let name = kind_name(call.arg(0));
    let name = call.string(name)?;
    call.return_one(name)
}

fn clock<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let seconds = call.shared::<State>().clock();
    call.return_one(seconds.map_or(Local::NIL, Local::from))
}

fn time<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let seconds = call.shared::<State>().time();
    call.return_one(seconds.map_or(Local::NIL, Local::from))
}
