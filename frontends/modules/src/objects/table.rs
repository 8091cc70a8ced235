//! Tables of references as objects. Indices count from 0, as in WebAssembly.

use super::{check_self, grow_after_collection};
use crate::arguments::{Answer, LibraryFunction, check_unsigned, kind_error};
use minivm::raw::{Extern, ExternKind, HostCall, Raise, Value};
use minivm_isa::TrapCode;

/// The methods by name.
pub(super) const METHODS: &[(&str, LibraryFunction)] = &[("get", get), ("grow", grow), ("set", set), ("size", size)];

/// The metamethods by name.
pub(super) const METAMETHODS: &[(&str, LibraryFunction)] = &[("__len", size)];

fn check_table(call: &mut HostCall<'_>) -> Result<Extern, Raise> {
    check_self(call, ExternKind::Table)
}

fn out_of_bounds(call: &mut HostCall<'_>, table: &Extern, index: u64) -> Raise {
    let length = call.table_length(table).unwrap_or(0);
    call.error(format!("out of bounds table access (element {index}, the table has {length})"))
}

/// `table:size()`, `#table`: its elements.
fn size(call: &mut HostCall<'_>) -> Answer {
    let table = check_table(call)?;
    let length = call.table_length(&table).unwrap_or(0);
    call.return_one(Value::int(length as i64))
}

/// `table:get(index)`.
fn get(call: &mut HostCall<'_>) -> Answer {
    let table = check_table(call)?;
    let index = check_unsigned(call, 1)?;
    match call.table_element(&table, index) {
        Some(value) => call.return_one(value),
        None => Err(out_of_bounds(call, &table, index)),
    }
}

/// `table:set(index, value)`.
fn set(call: &mut HostCall<'_>) -> Answer {
    let table = check_table(call)?;
    let (index, value) = (check_unsigned(call, 1)?, call.arg(2));
    match call.set_table_element(&table, index, value) {
        Ok(()) => call.return_none(),
        Err(TrapCode::WrongKind) => Err(kind_error(call, 2, "function")),
        Err(_) => Err(out_of_bounds(call, &table, index)),
    }
}

/// `table:grow(elements, value)`: the elements it had before; nil when it may not grow so far.
fn grow(call: &mut HostCall<'_>) -> Answer {
    let table = check_table(call)?;
    let (more, value) = (check_unsigned(call, 1)?, call.arg(2));
    let before = grow_after_collection(call, |call| call.grow_table(&table, more, value));
    call.return_one(before.map_or(Value::NIL, |before| Value::int(before as i64)))
}
