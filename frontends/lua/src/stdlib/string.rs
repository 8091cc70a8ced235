//! The `string` library, but for patterns, formats and packing; and the arithmetic of strings that spell numbers.

use super::algorithms::positions::{end_offset, part, start_offset};
use super::arguments::{Answer, Arguments, LibraryFunction, Text, number_value, out_of_memory};
use super::long_text;
use super::support;
use super::text_builder::{self, Finished, TextBuilder};
use super::work::{VALUES_MAX, WINDOW_BYTES, Work, values_max};
use minivm::raw::{HostCall, Raise, Tag, Value};
use minivm_isa::TrapCode;
use std::ops::Range;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("byte", byte),
    ("char", char),
    ("dump", dump),
    ("len", len),
    ("lower", lower),
    ("rep", rep),
    ("reverse", reverse),
    ("sub", sub),
    ("upper", upper),
];

/// The metamethods of strings, by name.
pub(super) const METAMETHODS: &[(&str, LibraryFunction)] = &[
    ("__add", |call| arithmetic(call, "add")),
    ("__sub", |call| arithmetic(call, "sub")),
    ("__mul", |call| arithmetic(call, "mul")),
    ("__mod", |call| arithmetic(call, "mod")),
    ("__pow", |call| arithmetic(call, "pow")),
    ("__div", |call| arithmetic(call, "div")),
    ("__idiv", |call| arithmetic(call, "idiv")),
    ("__unm", |call| arithmetic(call, "unm")),
];

/// No result string may be longer, in bytes.
const LENGTH_MAX: usize = i32::MAX as usize;

const TOO_MANY_BYTES: &str = "string slice too long";

// States: a long string is there; it is being written; the next bytes are values; the next arguments are encoded.
const MADE: u32 = 1;
const WRITING: u32 = 2;
const MORE_BYTES: u32 = 3;
const ENCODING: u32 = 4;

fn len(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    call.return_one(Value::int(text.bytes().len() as i64))
}

fn sub(call: &mut HostCall<'_>) -> Answer {
    if call.state() == MADE {
        return call.return_returned(None);
    }
    let text = call.check_text(0)?;
    let first = call.check_integer(1)?;
    let last = call.integer_or(2, -1)?;
    let range = part(first, last, text.bytes().len());
    if range.len() == text.bytes().len() {
        return call.return_one(text.0);
    }
    if range.len() > WINDOW_BYTES {
        return long_text::copy_range(call, text, range, MADE);
    }
    call.charge_bytes(range.len())?;
    call.return_text(&text.bytes()[range])
}

fn byte(call: &mut HostCall<'_>) -> Answer {
    if call.state() == MORE_BYTES {
        return more_bytes(call);
    }
    let text = call.check_text(0)?;
    let bytes = text.bytes();
    let first = call.integer_or(1, 1)?;
    let last = call.integer_or(2, first)?;
    let (start, end) = (start_offset(first, bytes.len()), end_offset(last, bytes.len()));
    if start >= end {
        return call.return_none();
    }
    if end - start == 1 {
        return call.return_one(Value::int(i64::from(bytes[start])));
    }
    if end - start > VALUES_MAX {
        call.keep(&[text.0, Value::int(start as i64), Value::int(end as i64)])?;
        return call.go_on(MORE_BYTES);
    }
    call.charge_values(end - start)?;
    let values: Vec<Value> = bytes[start..end].iter().map(|&byte| Value::int(i64::from(byte))).collect();
    call.return_values(&values).map_err(|_| call.error(TOO_MANY_BYTES))
}

/// Goes on with `byte`: the function keeps the string, where the next bytes begin and end, and the values so far.
fn more_bytes(call: &mut HostCall<'_>) -> Answer {
    const FIRST: usize = 3;
    let text = Text(call.arg(0));
    let offset = |index| usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default();
    let (start, end) = (offset(1), offset(2));
    let next = end.min(start.saturating_add(values_max(call.arg_count())));
    let bytes = text.bytes().get(start..next).unwrap_or_default();
    if bytes.is_empty() {
        return call.return_args_from(FIRST);
    }
    call.charge_values(bytes.len())?;
    let values: Vec<Value> = bytes.iter().map(|&byte| Value::int(i64::from(byte))).collect();
    call.keep_more(&values).map_err(|_| call.error(TOO_MANY_BYTES))?;
    call.set_arg(1, Value::int(next as i64));
    call.go_on(MORE_BYTES)
}

fn char(call: &mut HostCall<'_>) -> Answer {
    let mut buffer = [0; 16];
    let count = call.arg_count();
    if call.state() == 0 && count <= buffer.len() {
        for (index, slot) in buffer[..count].iter_mut().enumerate() {
            *slot = check_byte(call, index)?;
        }
        return call.return_text(&buffer[..count]);
    }
    encode_arguments(call, |call, index, out| {
        out.push(check_byte(call, index)?);
        Ok(())
    })
}

/// Returns the text that `encode` makes of all arguments, one by one.
pub(super) fn encode_arguments(
    call: &mut HostCall<'_>,
    encode: impl Fn(&mut HostCall<'_>, usize, &mut Vec<u8>) -> Result<(), Raise>,
) -> Answer {
    // Behind the arguments, the function keeps the text and the index of the next argument.
    const KEPT: usize = text_builder::KEPT + 1;
    let (mut out, count, first) = match call.state() {
        MADE => return call.return_returned(None),
        ENCODING => {
            let count = call.arg_count().saturating_sub(KEPT);
            let first = call.arg(count + text_builder::KEPT).as_int().unwrap_or_default();
            (TextBuilder::restore(call, count), count, usize::try_from(first).unwrap_or_default())
        }
        _ => (TextBuilder::default(), call.arg_count(), 0),
    };
    let next = count.min(first.saturating_add(values_max(count)));
    call.charge_values(next.saturating_sub(first))?;
    for index in first..next {
        encode(call, index, &mut out.bytes)?;
    }
    if next < count {
        out.pay_and_flush(call)?;
        let [pieces, pieces_count, bytes] = out.kept();
        keep_behind(call, count, &[pieces, pieces_count, bytes, Value::int(next as i64)])?;
        return call.go_on(ENCODING);
    }
    match out.finish(call, Text(Value::NIL), (MADE, &[]))? {
        Finished::Text(text) => call.return_one(text),
        Finished::Later(outcome) => Ok(outcome),
    }
}

/// Keeps values behind the arguments of a function, of which there are `count`.
pub(super) fn keep_behind(call: &mut HostCall<'_>, count: usize, values: &[Value]) -> Result<(), Raise> {
    if call.arg_count() == count {
        return call.keep_more(values);
    }
    for (index, &value) in values.iter().enumerate() {
        call.set_arg(count + index, value);
    }
    Ok(())
}

fn check_byte(call: &mut HostCall<'_>, index: usize) -> Result<u8, Raise> {
    let code = call.check_integer(index)?;
    u8::try_from(code).map_err(|_| call.argument_error(index, "value out of range"))
}

fn dump(call: &mut HostCall<'_>) -> Answer {
    let function = call.check_function(0)?;
    let strip = call.arg(1).is_truthy();
    let dumped = call.program_of(&function).and_then(|(program, number)| crate::chunks::dump(program, number, strip));
    let Some(bytes) = dumped else { return Err(call.error("unable to dump given function")) };
    call.charge_bytes(bytes.len())?;
    call.return_text(bytes)
}

/// Returns a string as long as the argument: `part` gives the part of it that belongs at a range of the result, and `change` makes
/// that of it. A long one is written window by window; the function keeps its argument and the buffer.
fn map_text(
    call: &mut HostCall<'_>,
    part: impl Fn(&[u8], Range<usize>) -> Range<usize>,
    change: impl Fn(&mut [u8]),
) -> Answer {
    let text = if call.state() == WRITING { Text(call.arg(0)) } else { call.check_text(0)? };
    let bytes = text.bytes();
    let write = |at: usize, out: &mut [u8]| {
        out.copy_from_slice(&bytes[part(bytes, at..at + out.len())]);
        change(out);
    };
    if call.state() != WRITING {
        if bytes.len() > WINDOW_BYTES {
            let buffer = long_text::new_buffer(call, bytes.len())?;
            call.keep(&[text.0, buffer])?;
            return call.go_on(WRITING);
        }
        call.charge_bytes(bytes.len())?;
        let value = call.heap().string_value_with(bytes.len(), |out| write(0, out)).map_err(out_of_memory)?;
        return call.return_one(value);
    }
    let buffer = call.arg(1);
    let (written, missing) = call.heap().buffer_progress(buffer);
    let count = missing.min(WINDOW_BYTES).min(bytes.len().saturating_sub(written));
    call.charge_bytes(count)?;
    call.heap().append_to_buffer(buffer, count, |before, window| write(before.len(), window));
    if missing > count { call.go_on(WRITING) } else { long_text::return_buffer(call, buffer) }
}

fn lower(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |_, range| range, <[u8]>::make_ascii_lowercase)
}

fn upper(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |_, range| range, <[u8]>::make_ascii_uppercase)
}

fn reverse(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |text, range| text.len() - range.end..text.len() - range.start, <[u8]>::reverse)
}

fn rep(call: &mut HostCall<'_>) -> Answer {
    if call.state() == WRITING {
        return go_on_repeating(call);
    }
    let text = call.check_text(0)?;
    let count = call.check_integer(1)?;
    let separator = call.optional_text(2)?;
    let separator_value = separator.map_or(Value::NIL, |text| text.0);
    let (bytes, separator) = (text.bytes(), separator.as_ref().map_or(&b""[..], |text| text.bytes()));
    if count <= 0 {
        return call.return_text("");
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if bytes.len() + separator.len() > LENGTH_MAX / count {
        return Err(call.error("resulting string too large"));
    }
    let length = count * bytes.len() + (count - 1) * separator.len();
    if length > room(call) {
        return Err(Raise::Trap(TrapCode::OutOfMemory));
    }
    if length > WINDOW_BYTES {
        let buffer = long_text::new_buffer(call, length)?;
        call.keep(&[text.0, separator_value, buffer])?;
        return call.go_on(WRITING);
    }
    call.charge_bytes(length)?;
    let period = [bytes, separator].concat();
    let made = call.heap().string_value_with(length, |out| fill_periodically(out, &period));
    let value = made.map_err(out_of_memory)?;
    call.return_one(value)
}

/// Bytes that the program may still allocate, as far as the limit goes.
pub(super) fn room(call: &mut HostCall<'_>) -> usize {
    call.heap().room_bytes()
}

/// Goes on with a long `rep`: the function keeps the string, the separator and the buffer.
fn go_on_repeating(call: &mut HostCall<'_>) -> Answer {
    let (text, separator, buffer) = (Text(call.arg(0)), Text(call.arg(1)), call.arg(2));
    let (written, missing) = call.heap().buffer_progress(buffer);
    let period = text.bytes().len() + separator.bytes().len();
    if period == 0 {
        return long_text::return_buffer(call, buffer);
    }
    // The rest of the first period, then a whole number of those that are there.
    let count = if written < period { period - written } else { written - written % period };
    let count = count.min(missing).min(WINDOW_BYTES);
    call.charge_bytes(count)?;
    call.heap().append_to_buffer(buffer, count, |before, window| {
        if written >= period {
            window.copy_from_slice(&before[before.len() % period..][..window.len()]);
        } else {
            copy_of_two(text.bytes(), separator.bytes(), before.len(), window);
        }
    });
    if missing > count { call.go_on(WRITING) } else { long_text::return_buffer(call, buffer) }
}

/// Copies what stands at an offset in two texts, one after the other.
fn copy_of_two(first: &[u8], second: &[u8], at: usize, out: &mut [u8]) {
    let from_first = first.get(at..).unwrap_or_default();
    let split = from_first.len().min(out.len());
    let (front, back) = out.split_at_mut(split);
    front.copy_from_slice(&from_first[..split]);
    let from_second = &second[at.saturating_sub(first.len())..];
    back.copy_from_slice(&from_second[..back.len()]);
}

/// Fills `out` with copies of `period`, the last one cut off.
fn fill_periodically(out: &mut [u8], period: &[u8]) {
    let mut done = period.len().min(out.len());
    out[..done].copy_from_slice(&period[..done]);
    while done < out.len() {
        // What is there is a whole number of periods long, until the end is reached.
        let length = done.min(out.len() - done);
        let (from, to) = out.split_at_mut(done);
        to[..length].copy_from_slice(&from[..length]);
        done += length;
    }
}

/// Arithmetic with a string: on the numbers both sides spell, or by the other side's metamethod.
fn arithmetic(call: &mut HostCall<'_>, operation: &'static str) -> Answer {
    if call.state() == 1 {
        return call.return_returned(None);
    }
    let lhs = call.arg(0);
    let rhs = if operation == "unm" { lhs } else { call.arg(1) };
    if let (Some(lhs), Some(rhs)) = (call.to_number(lhs)?, call.to_number(rhs)?) {
        let function = support::function(call, operation)?;
        return call.call(function, &[number_value(lhs), number_value(rhs)], 1);
    }
    let event = format!("__{operation}");
    // A string on the right has led here only because the left side has no metamethod.
    let method = if rhs.tag() == Tag::STRING { Value::NIL } else { call.metamethod(rhs, &event) };
    if rhs.tag() == Tag::STRING || method.is_nil() {
        let (lhs, rhs) = (call.basic_type_name(lhs), call.basic_type_name(rhs));
        return Err(call.error(format!("attempt to {operation} a '{lhs}' with a '{rhs}'")));
    }
    call.call(method, &[lhs, rhs], 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let mut out = [0; 8];
        fill_periodically(&mut out, b"abc");
        assert_eq!(&out, b"abcabcab");
        fill_periodically(&mut [], b"");
        let mut short = [0; 2];
        fill_periodically(&mut short, b"abc");
        assert_eq!(&short, b"ab");
    }
}
