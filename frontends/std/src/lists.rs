//! Lists and the keys of tables.

use crate::arguments::{Function, integer, pay_for_values, table, wrong};
use minivm::{HostCall, HostResult, Local, Raise};

pub(crate) const FUNCTIONS: &[(&str, Function)] =
    &[("keys", keys), ("push", push), ("pop", pop), ("insert", insert), ("remove", remove)];

/// Entries that one state of `keys` goes through.
const ENTRIES_AT_ONCE: usize = 1024;

/// In each state it goes on with the entry after a key: it keeps the table, the list so far, and that key.
fn keys<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let table = table(call, "keys", 0)?;
    let (list, mut key) = match call.state() {
        0 => (call.table(0, 0)?, Local::NIL),
        _ => (call.arg(1), call.arg(2)),
    };
    pay_for_values(call, ENTRIES_AT_ONCE)?;
    let start = call.len(list)?;
    for index in start..start + ENTRIES_AT_ONCE as i64 {
        match call.next(table, key)? {
            None => return call.return_one(list),
            Some((next, _)) => key = next,
        }
        call.set(list, index + 1, key)?;
    }
    call.keep(&[table, list, key]);
    call.go_on(1)
}

fn push<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let list = table(call, "push", 0)?;
    let values = call.args();
    pay_for_values(call, values.len())?;
    let length = call.len(list)?;
    for (index, value) in (length + 1..).zip(values.into_iter().skip(1)) {
        call.set(list, index, value)?;
    }
    call.return_none()
}

fn pop<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let list = table(call, "pop", 0)?;
    let length = call.len(list)?;
    if length == 0 {
        return call.return_one(Local::NIL);
    }
    let value = call.get(list, length)?;
    call.set(list, length, Local::NIL)?;
    call.return_one(value)
}

/// A position in a list, up to `last`.
fn position<'c>(call: &mut HostCall<'c>, function: &str, last: i64) -> Result<i64, Raise<'c>> {
    let index = integer(call, function, 1)?;
    let is_inside = (1..=last).contains(&index);
    if is_inside { Ok(index) } else { Err(wrong(call, function, 1, &format!("index from 1 to {last}"))) }
}

fn insert<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let list = table(call, "insert", 0)?;
    let length = call.len(list)?;
    let index = position(call, "insert", length + 1)?;
    pay_for_values(call, usize::try_from(length + 1 - index).unwrap_or(0))?;
    let value = call.arg(2);
    if value.is_nil() {
        return Err(wrong(call, "insert", 2, "value other than nil"));
    }
    for from in (index..=length).rev() {
        let moved = call.get(list, from)?;
        call.set(list, from + 1, moved)?;
    }
    call.set(list, index, value)?;
    call.return_none()
}

fn remove<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let list = table(call, "remove", 0)?;
    let length = call.len(list)?;
    let index = position(call, "remove", length)?;
    pay_for_values(call, usize::try_from(length - index).unwrap_or(0))?;
    let value = call.get(list, index)?;
    for to in index..length {
        let moved = call.get(list, to + 1)?;
        call.set(list, to, moved)?;
    }
    call.set(list, length, Local::NIL)?;
    call.return_one(value)
}
