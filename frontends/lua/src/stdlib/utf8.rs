//! The `utf8` library.

use super::algorithms::utf8::{self, Length, Mode, Walk};
use super::arguments::{Answer, Arguments, LibraryFunction, Text};
use super::string::encode_arguments;
use super::work::{LOOKS_MAX, Work, values_max};
use minivm::raw::{HostCall, Value};
use std::ops::Range;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] =
    &[("char", char), ("codepoint", codepoint), ("codes", codes), ("len", len), ("offset", offset)];

/// Names of the iterators of `codes` in the machine's registry: strict and lax.
pub(super) const CODES_NEXT: [&str; 2] = ["lua.utf8.next", "lua.utf8.next.lax"];

/// State in which a function goes on. It keeps the text, an offset or two, and what it has found.
const GOING_ON: u32 = 10;

fn mode(call: &HostCall<'_>, index: usize) -> Mode {
    if call.arg(index).is_truthy() { Mode::Lax } else { Mode::Strict }
}

/// The mode as a value that [`mode`] reads.
fn kept_mode(mode: Mode) -> Value {
    Value::bool(mode == Mode::Lax)
}

fn kept_offset(call: &HostCall<'_>, index: usize, end: usize) -> usize {
    usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default().min(end)
}

fn offset_value(offset: usize) -> Value {
    Value::int(offset as i64)
}

fn char(call: &mut HostCall<'_>) -> Answer {
    encode_arguments(call, |call, index, out| {
        let code = call.check_integer(index)?;
        utf8::encode(out, code, index as u32 + 1).map_err(|error| call.fail(error))
    })
}

/// While it goes on, it keeps the text, the range that is left, the mode, and the codes so far.
fn codepoint(call: &mut HostCall<'_>) -> Answer {
    const FIRST: usize = 4;
    const TOO_MANY: &str = "string slice too long";
    let is_first = call.state() != GOING_ON;
    let (text, mut range, mode) = if is_first {
        let text = call.check_text(0)?;
        let first = call.integer_or(1, 1)?;
        let last = if call.is_absent(2) { None } else { Some(call.check_integer(2)?) };
        let range = utf8::codepoint_range(text.bytes(), first, last).map_err(|error| call.fail(error))?;
        (text, range, mode(call, 3))
    } else {
        let text = Text(call.arg(0));
        let length = text.bytes().len();
        (text, kept_offset(call, 1, length)..kept_offset(call, 2, length), mode(call, 3))
    };
    let start = range.start;
    let count_max = values_max(call.arg_count());
    let codes = utf8::codepoints(text.bytes(), &mut range, count_max, mode);
    call.charge_looks(range.start - start)?;
    let codes = codes.map_err(|error| call.fail(error))?;
    let values: Vec<Value> = codes.into_iter().map(|code| Value::int(i64::from(code))).collect();
    let is_done = range.start >= range.end;
    if is_first && is_done {
        return call.return_values(&values).map_err(|_| call.error(TOO_MANY));
    }
    if is_first {
        call.keep(&[text.0, Value::NIL, offset_value(range.end), kept_mode(mode)])?;
    }
    call.set_arg(1, offset_value(range.start));
    call.keep_more(&values).map_err(|_| call.error(TOO_MANY))?;
    if is_done { call.return_args_from(FIRST) } else { call.go_on(GOING_ON) }
}

/// While it goes on, it keeps the text, the range that is left, the mode, and the characters so far.
fn len(call: &mut HostCall<'_>) -> Answer {
    let (text, range, mode, so_far) = if call.state() == GOING_ON {
        let text = Text(call.arg(0));
        let length = text.bytes().len();
        let range = kept_offset(call, 1, length)..kept_offset(call, 2, length);
        (text, range, mode(call, 3), call.arg(4).as_int().unwrap_or_default())
    } else {
        let text = call.check_text(0)?;
        let (first, last) = (call.integer_or(1, 1)?, call.integer_or(2, -1)?);
        let range = utf8::length_range(text.bytes(), first, last).map_err(|error| call.fail(error))?;
        (text, range, mode(call, 3), 0)
    };
    let mut window = window_of(&range);
    let found = utf8::length(text.bytes(), &mut window, mode);
    call.charge_looks(window.start - range.start)?;
    let count = match found {
        Length::Characters(count) => so_far.saturating_add(count),
        Length::InvalidAt(position) => return call.return_values(&[Value::NIL, Value::int(position)]),
    };
    if window.start >= range.end {
        return call.return_one(Value::int(count));
    }
    let offsets = [window.start, range.end].map(offset_value);
    call.keep(&[text.0, offsets[0], offsets[1], kept_mode(mode), Value::int(count)])?;
    call.go_on(GOING_ON)
}

/// As much of a range as one state looks at.
fn window_of(range: &Range<usize>) -> Range<usize> {
    range.start..range.end.min(range.start.saturating_add(LOOKS_MAX))
}

/// While it goes on, it keeps the text and the walk.
fn offset(call: &mut HostCall<'_>) -> Answer {
    let (text, mut walk) = if call.state() == GOING_ON {
        let text = Text(call.arg(0));
        let at = kept_offset(call, 1, text.bytes().len());
        (text, Walk { at, left: call.arg(2).as_int().unwrap_or_default(), is_inside: call.arg(3).is_truthy() })
    } else {
        let text = call.check_text(0)?;
        let count = call.check_integer(1)?;
        let from = if call.is_absent(2) { None } else { Some(call.check_integer(2)?) };
        let walk = utf8::walk(text.bytes(), count, from).map_err(|error| call.fail(error))?;
        (text, walk)
    };
    let start = walk.at;
    let is_done = walk.go(text.bytes(), LOOKS_MAX);
    call.charge_looks(start.abs_diff(walk.at))?;
    if is_done {
        return call.return_one(walk.position().map_or(Value::NIL, Value::int));
    }
    call.keep(&[text.0, offset_value(walk.at), Value::int(walk.left), Value::bool(walk.is_inside)])?;
    call.go_on(GOING_ON)
}

fn codes(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    utf8::check_codes(text.bytes()).map_err(|error| call.fail(error))?;
    let iterator = call.registered(CODES_NEXT[usize::from(mode(call, 1) == Mode::Lax)]);
    call.return_values(&[iterator, text.0, Value::int(0)])
}

/// The iterator of `codes`. While it goes on, it keeps the text and an offset.
pub(super) fn codes_next(call: &mut HostCall<'_>, mode: Mode) -> Answer {
    let (text, start) = if call.state() == GOING_ON {
        let text = Text(call.arg(0));
        (text, kept_offset(call, 1, text.bytes().len()))
    } else {
        let text = call.check_text(0)?;
        let previous = call.check_integer(1)?;
        match utf8::after_code(text.bytes(), previous) {
            Some(start) => (text, start),
            None => return call.return_none(),
        }
    };
    let mut at = start;
    let is_done = utf8::skip_continuations(text.bytes(), &mut at, LOOKS_MAX);
    call.charge_looks(at - start)?;
    if !is_done {
        call.keep(&[text.0, offset_value(at)])?;
        return call.go_on(GOING_ON);
    }
    match utf8::code_at(text.bytes(), at, mode).map_err(|error| call.fail(error))? {
        Some((position, code)) => call.return_values(&[Value::int(position), Value::int(i64::from(code))]),
        None => call.return_none(),
    }
}
