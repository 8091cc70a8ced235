//! The `table` library, but for sorting.
//!
//! Plain tables are worked on directly; what has a metatable goes through the operations of the language, in
//! [`super::support`].

use super::algorithms::float_text;
use super::arguments::{Answer, Arguments, LibraryFunction, as_number, out_of_memory};
use super::errors;
use super::support;
use minivm::{HostCall, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[
    ("concat", concat),
    ("insert", insert),
    ("move", move_),
    ("pack", errors::pack),
    ("remove", remove),
    ("sort", super::table_sort::sort),
    ("unpack", unpack),
];

/// More values than this are not unpacked.
const UNPACK_MAX: u64 = 1 << 20;

// States in which a metamethod or a slow form has come back.
const LENGTH: u32 = 1;
const DONE: u32 = 2;
const READ: u32 = 3;

/// Whether a value is a table whose elements no metamethod stands for.
pub(super) fn is_plain(call: &HostCall<'_>, value: Value) -> bool {
    value.tag() == Tag::TABLE && call.metatable(value).is_nil()
}

/// Checks that an argument is a table, or has all these metamethods.
pub(super) fn check_like_table(call: &mut HostCall<'_>, index: usize, events: &[&str]) -> Result<Value, Raise> {
    let value = call.arg(index);
    if value.tag() == Tag::TABLE {
        return Ok(value);
    }
    let has_all = !call.metatable(value).is_nil() && events.iter().all(|event| !call.metamethod(value, event).is_nil());
    if has_all { Ok(value) } else { Err(call.kind_error(index, "table")) }
}

/// How the length of a value is found.
pub(super) enum Length {
    /// At once.
    Known(i64),
    /// By a call of guest code; this is the function and it takes the value.
    By(Value),
}

/// The length of a value, as the operator `#` gives it.
pub(super) fn length(call: &mut HostCall<'_>, value: Value) -> Result<Length, Raise> {
    if value.tag() == Tag::TABLE && (call.metatable(value).is_nil() || call.metamethod(value, "__len").is_nil()) {
        return Ok(Length::Known(call.heap().table_len(value)));
    }
    support::function(call, "length").map(Length::By)
}

/// The length that guest code has given.
pub(super) fn returned_length(call: &mut HostCall<'_>) -> Result<i64, Raise> {
    let value = call.returned_one();
    let length = as_number(value).and_then(super::algorithms::Number::as_integer);
    length.ok_or_else(|| call.error("object length is not an integer"))
}

fn insert(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        DONE => return call.return_none(),
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    let end = size.wrapping_add(1);
    let (position, value) = match call.arg_count() {
        2 => (end, call.arg(1)),
        3 => {
            let position = call.check_integer(1)?;
            // Unsigned, so that what is below 1 is out of bounds too.
            if (position as u64).wrapping_sub(1) >= end as u64 {
                return Err(call.argument_error(1, "position out of bounds"));
            }
            (position, call.arg(2))
        }
        _ => return Err(call.error("wrong number of arguments to 'insert'")),
    };
    if !is_plain(call, table) {
        let function = support::function(call, "insert_at")?;
        return call.call(function, &[table, Value::int(end), Value::int(position), value], DONE);
    }
    let heap = call.heap();
    for index in (position..end).rev() {
        let moved = heap.table_get_int(table, index);
        heap.table_set_int(table, index + 1, moved).map_err(out_of_memory)?;
    }
    heap.table_set_int(table, position, value).map_err(out_of_memory)?;
    call.return_none()
}

fn remove(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        DONE => return call.return_returned(None),
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    let position = call.integer_or(1, size)?;
    if call.arg_count() > 1 && position != size && (position as u64).wrapping_sub(1) > size as u64 {
        return Err(call.argument_error(0, "position out of bounds"));
    }
    if !is_plain(call, table) {
        let function = support::function(call, "remove_at")?;
        return call.call(function, &[table, Value::int(size), Value::int(position)], DONE);
    }
    let heap = call.heap();
    let removed = heap.table_get_int(table, position);
    let mut index = position;
    while index < size {
        let moved = heap.table_get_int(table, index + 1);
        heap.table_set_int(table, index, moved).map_err(out_of_memory)?;
        index += 1;
    }
    heap.table_set_int(table, index, Value::NIL).map_err(out_of_memory)?;
    call.return_one(removed)
}

fn move_(call: &mut HostCall<'_>) -> Answer {
    if call.state() == DONE {
        return call.return_returned(None);
    }
    let (first, last, to) = (call.check_integer(1)?, call.check_integer(2)?, call.check_integer(3)?);
    let target_index = if call.is_absent(4) { 0 } else { 4 };
    let source = check_like_table(call, 0, &["__index"])?;
    let target = check_like_table(call, target_index, &["__newindex"])?;
    if last < first {
        return call.return_one(target);
    }
    if first <= 0 && last >= i64::MAX.wrapping_add(first) {
        return Err(call.argument_error(2, "too many elements to move"));
    }
    let count = last - first + 1;
    if to > i64::MAX - count + 1 {
        return Err(call.argument_error(3, "destination wrap around"));
    }
    // Moving within one table to a higher place must begin at the end.
    let upwards = to > last || to <= first || !source.raw_equals(target);
    if !is_plain(call, source) || !is_plain(call, target) {
        let function = support::function(call, if upwards { "move_up" } else { "move_down" })?;
        let arguments = [source, Value::int(first), Value::int(count), Value::int(to), target];
        return call.call(function, &arguments, DONE);
    }
    let heap = call.heap();
    for step in 0..count {
        let offset = if upwards { step } else { count - 1 - step };
        let value = heap.table_get_int(source, first + offset);
        heap.table_set_int(target, to + offset, value).map_err(out_of_memory)?;
    }
    call.return_one(target)
}

fn unpack(call: &mut HostCall<'_>) -> Answer {
    let last = match call.state() {
        READ => {
            let (count, plain) = (call.arg(0).as_int().unwrap_or(0), call.returned_one());
            return return_elements(call, plain, 1, count.clamp(0, UNPACK_MAX as i64));
        }
        LENGTH => returned_length(call)?,
        _ if !call.is_absent(2) => {
            call.integer_or(1, 1)?;
            call.check_integer(2)?
        }
        _ => {
            call.integer_or(1, 1)?;
            let list = call.arg(0);
            match length(call, list)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[list], LENGTH),
            }
        }
    };
    let first = call.integer_or(1, 1)?;
    if first > last {
        return call.return_none();
    }
    let count = (last as u64).wrapping_sub(first as u64);
    if count >= UNPACK_MAX {
        return Err(call.error("too many results to unpack"));
    }
    let list = call.arg(0);
    if is_plain(call, list) {
        return return_elements(call, list, first, last);
    }
    let function = support::function(call, "read_all")?;
    call.keep(&[Value::int(count as i64 + 1)])?;
    call.call(function, &[list, Value::int(first), Value::int(last)], READ)
}

/// Returns elements of a plain table.
fn return_elements(call: &mut HostCall<'_>, table: Value, first: i64, last: i64) -> Answer {
    let heap = call.heap();
    if last - first < 4 {
        let mut values = [Value::NIL; 4];
        let count = (last - first + 1) as usize;
        for (offset, slot) in values[..count].iter_mut().enumerate() {
            *slot = heap.table_get_int(table, first + offset as i64);
        }
        return call.return_values(&values[..count]);
    }
    let values: Vec<Value> = (first..=last).map(|index| heap.table_get_int(table, index)).collect();
    call.return_values(&values).map_err(|_| call.error("too many results to unpack"))
}

fn concat(call: &mut HostCall<'_>) -> Answer {
    let default_last = match call.state() {
        READ => {
            let (first, last, plain) = (call.arg(2), call.arg(3), call.returned_one());
            let (first, last) = (first.as_int().unwrap_or(1), last.as_int().unwrap_or(0));
            let count = last.checked_sub(first).and_then(|more| more.checked_add(1)).unwrap_or(i64::MAX);
            return join(call, plain, (1, count), first);
        }
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    let table = call.arg(0);
    call.optional_text(1)?;
    let first = call.integer_or(2, 1)?;
    let last = call.integer_or(3, default_last)?;
    if is_plain(call, table) || first > last {
        return join(call, table, (first, last), first);
    }
    let function = support::function(call, "read_to_nil")?;
    let separator = call.arg(1);
    call.keep(&[table, separator, Value::int(first), Value::int(last)])?;
    call.call(function, &[table, Value::int(first), Value::int(last)], READ)
}

/// Joins the elements of a plain table in a range of indices, of which the first is called `shown_first` in messages.
fn join(call: &mut HostCall<'_>, table: Value, (first, last): (i64, i64), shown_first: i64) -> Answer {
    let separator = call.optional_text(1)?;
    let separator = separator.as_ref().map_or(&b""[..], |text| text.bytes());
    let room = super::string::room(call);
    let mut out = Vec::new();
    let mut index = first;
    while index <= last {
        let value = call.heap().table_get_int(table, index);
        if let Some(text) = value.as_bytes() {
            out.extend_from_slice(text);
        } else if let Some(number) = as_number(value) {
            float_text::write_number(&mut out, number);
        } else {
            let (kind, shown) = (call.type_name(value), index.wrapping_sub(first).wrapping_add(shown_first));
            return Err(call.error(format!("invalid value ({kind}) at index {shown} in table for 'concat'")));
        }
        if index == last {
            break;
        }
        out.extend_from_slice(separator);
        if out.len() > room {
            return Err(out_of_memory(()));
        }
        index += 1;
    }
    call.return_text(out)
}
