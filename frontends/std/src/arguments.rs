//! Arguments of functions, and the errors about them.

use crate::host::State;
use minivm::{Held, HostCall, HostResult, Kind, Local, Raise};

/// A function of the module.
pub(crate) type Function = for<'a, 'c> fn(&'a mut HostCall<'c>) -> HostResult<'c>;

/// Bytes for 1 unit of fuel.
const BYTES_PER_UNIT: usize = 64;
/// Values for 1 unit of fuel.
const VALUES_PER_UNIT: usize = 4;

/// The name of a kind.
pub(crate) fn kind_name(value: Local<'_>) -> &'static str {
    match value.kind() {
        Kind::Nil => "nil",
        Kind::False | Kind::True => "boolean",
        Kind::Integer => "integer",
        Kind::Float => "float",
        Kind::String => "string",
        Kind::Table => "table",
        Kind::Function => "function",
        Kind::Fiber => "fiber",
        Kind::Host => "object",
        Kind::Record | Kind::Array => "data",
    }
}

/// That argument `index`, from 0, is not what it should be.
pub(crate) fn wrong<'c>(call: &HostCall<'c>, function: &str, index: usize, expected: &str) -> Raise<'c> {
    let found = if index < call.arg_count() { kind_name(call.arg(index)) } else { "nothing" };
    call.error(format!("argument {} of std.{function}: {expected} expected, found {found}", index + 1))
}

/// The bytes of a string.
pub(crate) fn bytes<'c>(call: &HostCall<'c>, function: &str, index: usize) -> Result<Vec<u8>, Raise<'c>> {
    let bytes = call.bytes(call.arg(index)).map(<[u8]>::to_vec);
    bytes.ok_or_else(|| wrong(call, function, index, "string"))
}

/// An integer; a float with an integer value is one.
pub(crate) fn integer<'c>(call: &HostCall<'c>, function: &str, index: usize) -> Result<i64, Raise<'c>> {
    let value = call.arg(index);
    let of_float = value.as_float().filter(|float| float.trunc() == *float && float.abs() < 2_f64.powi(62));
    let found = value.as_int().or(of_float.map(|float| float as i64));
    found.ok_or_else(|| wrong(call, function, index, "integer"))
}

/// A count or position.
pub(crate) fn count<'c>(call: &HostCall<'c>, function: &str, index: usize) -> Result<usize, Raise<'c>> {
    let number = integer(call, function, index)?;
    let number = usize::try_from(number).map_err(|_| wrong(call, function, index, "integer from 0 on"))?;
    Ok(number)
}

/// A table.
pub(crate) fn table<'c>(call: &HostCall<'c>, function: &str, index: usize) -> Result<Local<'c>, Raise<'c>> {
    let value = call.arg(index);
    if value.kind() == Kind::Table { Ok(value) } else { Err(wrong(call, function, index, "table")) }
}

/// The text of a value.
pub(crate) fn text_of<'c>(call: &mut HostCall<'c>, value: Local<'c>) -> Vec<u8> {
    match call.bytes(value) {
        Some(bytes) => bytes.to_vec(),
        None => call.describe(value).into_bytes(),
    }
}

/// Pays for so many bytes.
pub(crate) fn pay_for_bytes<'c>(call: &mut HostCall<'c>, bytes: usize) -> Result<(), Raise<'c>> {
    call.charge((bytes / BYTES_PER_UNIT) as u64)
}

/// Pays for so many values.
pub(crate) fn pay_for_values<'c>(call: &mut HostCall<'c>, values: usize) -> Result<(), Raise<'c>> {
    call.charge((values / VALUES_PER_UNIT) as u64)
}

/// Charges the program for memory of the host, until what is given back is dropped.
pub(crate) fn hold<'c>(call: &mut HostCall<'c>, bytes: usize) -> Result<Option<Held>, Raise<'c>> {
    Ok(call.shared::<State>().hold(bytes as u64)?)
}
