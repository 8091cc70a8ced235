//! Strings too long to be made at once: host functions of the library's own that write them window by window.
//!
//! The functions of the libraries have them called, as they would a guest function, and come back with the string.

use super::arguments::{Answer, Text, out_of_memory};
use super::text_builder::range_value;
use super::work::{VALUES_MAX, WINDOW_BYTES, Work};
use minivm::raw::{HostCall, Outcome, Raise, Tag, Value};
use std::ops::Range;

/// Names of the functions in the machine's registry.
pub(super) const JOIN: &str = "lua.text.join";
pub(super) const PARTS: &str = "lua.text.parts";

/// What a piece of a text is.
pub(super) enum Piece<'t> {
    Bytes(&'t [u8]),
    Zeros(usize),
}

/// The bytes of a piece, see [`super::text_builder`]. A part that is none is empty.
pub(super) fn piece_bytes<'t>(piece: &'t Value, source: &'t Text) -> Piece<'t> {
    match piece.tag() {
        Tag::INT => {
            let range = piece.as_int().unwrap_or_default() as u64;
            let range = (range >> 32) as usize..(range & u64::from(u32::MAX)) as usize;
            Piece::Bytes(source.bytes().get(range).unwrap_or_default())
        }
        Tag::FLOAT => Piece::Zeros(piece.as_float().unwrap_or_default() as usize),
        _ => Piece::Bytes(piece.as_bytes().unwrap_or_default()),
    }
}

impl Piece<'_> {
    fn len(&self) -> usize {
        match self {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::Zeros(count) => *count,
        }
    }

    /// Writes a part of the piece at the end of a buffer.
    fn append_to(&self, call: &mut HostCall<'_>, buffer: Value, range: Range<usize>) {
        let count = range.len();
        match self {
            Piece::Bytes(bytes) => {
                call.heap().append_to_buffer(buffer, count, |_, window| {
                    let length = window.len();
                    window.copy_from_slice(&bytes[range][..length]);
                });
            }
            Piece::Zeros(_) => call.heap().append_to_buffer(buffer, count, |_, _| {}),
        }
    }
}

/// Makes a buffer for a string of so many bytes.
pub(super) fn new_buffer(call: &mut HostCall<'_>, length: usize) -> Result<Value, Raise> {
    call.heap().buffer(length).map_err(out_of_memory)
}

/// Returns a buffer that was written as the string it is.
pub(super) fn return_buffer(call: &mut HostCall<'_>, buffer: Value) -> Answer {
    match call.heap().finish_buffer(buffer).map_err(out_of_memory)? {
        Some(string) => call.return_one(string),
        None => Err(call.error("the pieces of a text do not add up")),
    }
}

/// Has pieces joined: their table, their number, how many bytes they are, and the source.
pub(super) fn join(call: &mut HostCall<'_>, pieces: [Value; 4], state: u32) -> Result<Outcome, Raise> {
    let function = call.registered(JOIN);
    call.call(function, &pieces, state)
}

/// Has a part of a string made a string of its own.
pub(super) fn copy_range(call: &mut HostCall<'_>, source: Text, range: Range<usize>, state: u32) -> Answer {
    let pieces = call.table(1, 0)?;
    let length = Value::int(range.len() as i64);
    call.heap().table_set_int(pieces, 1, range_value(range)).map_err(out_of_memory)?;
    join(call, [pieces, Value::int(1), length, source.0], state)
}

/// The state in which a text is written. The function keeps the pieces, their number, the source, the number of the piece at hand,
/// how much of that is written, and the buffer.
const WRITING: u32 = 1;

/// `join(pieces, count, bytes, source)`
pub(super) fn join_pieces(call: &mut HostCall<'_>) -> Answer {
    let (pieces, count) = (call.arg(0), call.arg(1).as_int().unwrap_or_default());
    if call.state() != WRITING {
        let (length, source) = (call.arg(2).as_int().unwrap_or_default(), call.arg(3));
        let buffer = new_buffer(call, usize::try_from(length).unwrap_or(usize::MAX))?;
        call.keep(&[pieces, Value::int(count), source, Value::int(1), Value::int(0), buffer])?;
        return call.go_on(WRITING);
    }
    let (source, buffer) = (Text(call.arg(2)), call.arg(5));
    let number = |index| call.arg(index).as_int().unwrap_or_default().max(0);
    let (mut index, mut offset) = (number(3), number(4) as usize);
    // What is to be written is known, and paid for, before anything is.
    let mut plan = Vec::new();
    let mut planned = 0;
    while index <= count && planned < WINDOW_BYTES && plan.len() < VALUES_MAX {
        let piece = call.heap().table_get_int(pieces, index);
        let length = piece_bytes(&piece, &source).len();
        let end = length.min(offset.saturating_add(WINDOW_BYTES - planned));
        plan.push((piece, offset.min(end)..end));
        planned += end.saturating_sub(offset);
        (index, offset) = if end < length { (index, end) } else { (index.saturating_add(1), 0) };
    }
    call.charge_elements(plan.len())?;
    call.charge_bytes(planned)?;
    for (piece, range) in plan {
        piece_bytes(&piece, &source).append_to(call, buffer, range);
    }
    if index > count {
        return return_buffer(call, buffer);
    }
    call.set_arg(3, Value::int(index));
    call.set_arg(4, Value::int(offset as i64));
    call.go_on(WRITING)
}

/// A value to be made: a part of a string, or one that is there.
pub(super) enum Part {
    Range(Range<usize>),
    Value(Value),
}

/// Has several values made of parts of a string; all of them are what comes back, unless the call is the last thing that the
/// function does, and they are what it returns.
pub(super) fn make_parts(
    call: &mut HostCall<'_>,
    source: Text,
    parts: impl IntoIterator<Item = Part>,
    state: Option<u32>,
) -> Answer {
    let mut arguments = vec![source.0, Value::int(0)];
    for part in parts {
        arguments.extend(match part {
            Part::Range(range) => [range_value(range), Value::TRUE],
            Part::Value(value) => [value, Value::FALSE],
        });
    }
    let function = call.registered(PARTS);
    match state {
        Some(state) => call.call(function, &arguments, state),
        None => call.tail_call(function, &arguments),
    }
}

/// State of `parts` in which a long one was made, and in which it goes on.
const MADE: u32 = 1;
const NEXT: u32 = 2;
/// Where its parts begin: two values each, of which the second says whether the first is a range.
const FIRST_PART: usize = 2;

/// `parts(source, number, part, is_range, …)`: the values of all parts; those before `number` are made.
pub(super) fn parts(call: &mut HostCall<'_>) -> Answer {
    let source = Text(call.arg(0));
    let count = (call.arg_count().saturating_sub(FIRST_PART)) / 2;
    let number = usize::try_from(call.arg(1).as_int().unwrap_or_default()).unwrap_or(count).min(count);
    if call.state() == MADE {
        let made = call.returned_one();
        set_part(call, number, made);
        call.set_arg(1, Value::int(number as i64 + 1));
        return call.go_on(NEXT);
    }
    if number < count {
        let (part, is_range) = (call.arg(FIRST_PART + 2 * number), call.arg(FIRST_PART + 2 * number + 1));
        if is_range.is_truthy() {
            let length = piece_bytes(&part, &source).len();
            if length > WINDOW_BYTES {
                call.set_arg(1, Value::int(number as i64));
                let pieces = call.table(1, 0)?;
                call.heap().table_set_int(pieces, 1, part).map_err(out_of_memory)?;
                return join(call, [pieces, Value::int(1), Value::int(length as i64), source.0], MADE);
            }
            call.charge_bytes(length)?;
            let Piece::Bytes(bytes) = piece_bytes(&part, &source) else { return call.return_none() };
            let made = call.string(bytes)?;
            set_part(call, number, made);
        }
        call.set_arg(1, Value::int(number as i64 + 1));
        return call.go_on(NEXT);
    }
    let values: Vec<Value> = (0..count).map(|number| call.arg(FIRST_PART + 2 * number)).collect();
    call.return_values(&values)
}

fn set_part(call: &mut HostCall<'_>, number: usize, value: Value) {
    call.set_arg(FIRST_PART + 2 * number, value);
    call.set_arg(FIRST_PART + 2 * number + 1, Value::FALSE);
}
