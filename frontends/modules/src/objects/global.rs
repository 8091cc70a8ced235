//! Globals as objects with a field `value`.

use super::check_self;
use crate::arguments::{Answer, LibraryFunction, shown};
use minivm::raw::{Extern, ExternKind, HostCall, Raise, Value};

/// The metamethods by name.
pub(super) const METAMETHODS: &[(&str, LibraryFunction)] = &[("__index", get), ("__newindex", set)];

fn check_field(call: &mut HostCall<'_>) -> Result<(Extern, String), Raise> {
    let global = check_self(call, ExternKind::Global)?;
    let key = call.arg(1);
    let name = String::from_utf8_lossy(key.as_bytes().unwrap_or_default()).into_owned();
    Ok((global, name))
}

/// `global.value`, `global.type`, `global.mutable`.
fn get(call: &mut HostCall<'_>) -> Answer {
    let (global, field) = check_field(call)?;
    let (ty, mutable) = global.global_type().unwrap_or((minivm_isa::Type::Any, false));
    let value = match field.as_str() {
        "value" => global.global_value().unwrap_or(Value::NIL),
        "mutable" => Value::bool(mutable),
        "type" => call.string(ty.to_string())?,
        _ => Value::NIL,
    };
    call.return_one(value)
}

/// `global.value = value`.
fn set(call: &mut HostCall<'_>) -> Answer {
    let (global, field) = check_field(call)?;
    if field != "value" {
        return Err(call.error(format!("a global has no field '{field}' that can be set")));
    }
    if !global.global_type().is_some_and(|(_, mutable)| mutable) {
        return Err(call.error("the global is immutable"));
    }
    let value = call.arg(2);
    if let Err(expected) = call.set_global(&global, value) {
        let found = shown(call, value);
        return Err(call.error(format!("bad value for the global ({expected} expected, got {found})")));
    }
    call.return_none()
}
