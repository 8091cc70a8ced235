//! The `string` library, but for patterns, formats and packing; and the arithmetic of strings that spell numbers.

use super::algorithms::positions::{end_offset, part, start_offset};
use super::arguments::{Answer, Arguments, LibraryFunction, number_value, out_of_memory, to_number};
use super::support;
use minivm::{HostCall, Raise, Tag, Value};
use minivm_isa::TrapCode;

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

fn len(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    call.return_one(Value::int(text.bytes().len() as i64))
}

fn sub(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    let first = call.check_integer(1)?;
    let last = call.integer_or(2, -1)?;
    let range = part(first, last, text.bytes().len());
    if range.len() == text.bytes().len() {
        return call.return_one(text.0);
    }
    call.return_text(&text.bytes()[range])
}

fn byte(call: &mut HostCall<'_>) -> Answer {
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
    let values: Vec<Value> = bytes[start..end].iter().map(|&byte| Value::int(i64::from(byte))).collect();
    call.return_values(&values).map_err(|_| call.error("string slice too long"))
}

fn char(call: &mut HostCall<'_>) -> Answer {
    let mut buffer = [0; 16];
    let count = call.arg_count();
    if count <= buffer.len() {
        for (index, slot) in buffer[..count].iter_mut().enumerate() {
            *slot = check_byte(call, index)?;
        }
        return call.return_text(&buffer[..count]);
    }
    let bytes: Vec<u8> = (0..count).map(|index| check_byte(call, index)).collect::<Result<_, _>>()?;
    call.return_text(bytes)
}

fn check_byte(call: &mut HostCall<'_>, index: usize) -> Result<u8, Raise> {
    let code = call.check_integer(index)?;
    u8::try_from(code).map_err(|_| call.argument_error(index, "value out of range"))
}

fn dump(call: &mut HostCall<'_>) -> Answer {
    call.check_function(0)?;
    Err(call.error("unable to dump given function"))
}

/// Returns a string as long as the argument, which `fill` writes from it.
fn map_text(call: &mut HostCall<'_>, fill: impl Fn(&[u8], &mut [u8])) -> Answer {
    let text = call.check_text(0)?;
    let bytes = text.bytes();
    let made = call.heap().string_value_with(bytes.len(), |out| fill(bytes, out));
    let value = made.map_err(out_of_memory)?;
    call.return_one(value)
}

fn lower(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |text, out| {
        out.copy_from_slice(text);
        out.make_ascii_lowercase();
    })
}

fn upper(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |text, out| {
        out.copy_from_slice(text);
        out.make_ascii_uppercase();
    })
}

fn reverse(call: &mut HostCall<'_>) -> Answer {
    map_text(call, |text, out| {
        out.copy_from_slice(text);
        out.reverse();
    })
}

fn rep(call: &mut HostCall<'_>) -> Answer {
    let text = call.check_text(0)?;
    let count = call.check_integer(1)?;
    let separator = call.optional_text(2)?;
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
    let period = [bytes, separator].concat();
    let made = call.heap().string_value_with(length, |out| fill_periodically(out, &period));
    let value = made.map_err(out_of_memory)?;
    call.return_one(value)
}

/// Bytes that the program may still allocate, as far as the limit goes.
pub(super) fn room(call: &mut HostCall<'_>) -> usize {
    call.heap().room_bytes()
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
    if let (Some(lhs), Some(rhs)) = (to_number(lhs), to_number(rhs)) {
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
