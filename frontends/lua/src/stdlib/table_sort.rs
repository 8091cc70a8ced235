//! `table.sort`.
//!
//! Numbers and strings without an order function are compared here; everything else by guest code, in [`super::support`].

use super::algorithms::sort::{invalid_order, sort_slice};
use super::arguments::{Answer, Arguments, Text, out_of_memory};
use super::support;
use super::table::{Length, check_like_table, is_plain, length, returned_length};
use minivm::{HostCall, Raise, Tag, Value};

// States: what guest code has come back with.
const LENGTH: u32 = 1;
const SORTED: u32 = 2;

pub(super) fn sort(call: &mut HostCall<'_>) -> Answer {
    let size = match call.state() {
        SORTED if call.returned_one().is_truthy() => return call.return_none(),
        SORTED => return Err(call.fail(invalid_order())),
        LENGTH => returned_length(call)?,
        _ => {
            let table = check_like_table(call, 0, &["__index", "__newindex", "__len"])?;
            match length(call, table)? {
                Length::Known(size) => size,
                Length::By(function) => return call.call(function, &[table], LENGTH),
            }
        }
    };
    if size < 2 {
        return call.return_none();
    }
    if size >= i64::from(i32::MAX) {
        return Err(call.argument_error(0, "array too big"));
    }
    if !call.is_absent(1) {
        call.check_function(1)?;
    }
    let (table, mut order) = (call.arg(0), call.arg(1));
    if order.is_nil() {
        if is_plain(call, table) && sort_here(call, table, size)? {
            return call.return_none();
        }
        order = support::function(call, "less")?;
    }
    let function = support::function(call, "sort_by")?;
    call.call(function, &[table, Value::int(size), order], SORTED)
}

/// Sorts a table of only numbers or only strings at once; false if it is neither.
fn sort_here(call: &mut HostCall<'_>, table: Value, size: i64) -> Result<bool, Raise> {
    let heap = call.heap();
    let mut values: Vec<Value> = (1..=size).map(|index| heap.table_get_int(table, index)).collect();
    let all = |test: fn(&Value) -> bool| values.iter().all(test);
    let sorted = if all(|value| value.tag() == Tag::INT) {
        sort_slice(&mut values, |lhs, rhs| lhs.as_int() < rhs.as_int())
    } else if all(|value| value.tag() == Tag::FLOAT) {
        sort_slice(&mut values, |lhs, rhs| lhs.as_float() < rhs.as_float())
    } else if all(|value| value.tag() == Tag::STRING) {
        sort_slice(&mut values, |lhs, rhs| Text(lhs).bytes() < Text(rhs).bytes())
    } else {
        return Ok(false);
    };
    sorted.map_err(|error| call.fail(error))?;
    let heap = call.heap();
    for (index, value) in (1..).zip(values) {
        heap.table_set_int(table, index, value).map_err(out_of_memory)?;
    }
    Ok(true)
}
