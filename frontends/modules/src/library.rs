//! The library `wasm`: instantiating programs with imports of one's own, and what these can import.

use crate::arguments::{
    Answer, LibraryFunction, argument_error, check_bytes, check_unsigned, kind_error, optional_unsigned, shown,
};
use crate::load::{compile, instantiate};
use crate::objects::value_of;
use minivm::raw::HostCall;
use minivm_isa::Type;
use minivm_isa::program::ElementType;

/// The functions by name.
pub(crate) const FUNCTIONS: &[(&str, LibraryFunction)] =
    &[("compile", compile), ("global", global), ("instantiate", instantiate), ("memory", memory), ("table", table)];

/// `wasm.memory(pages [, maximum])`.
fn memory(call: &mut HostCall<'_>) -> Answer {
    let (pages, maximum) = (check_unsigned(call, 0)?, optional_unsigned(call, 1)?);
    let memory = call.new_memory(pages, maximum)?;
    let value = value_of(call, memory)?;
    call.return_one(value)
}

/// `wasm.global(type, value [, mutable])`.
fn global(call: &mut HostCall<'_>) -> Answer {
    let name = check_bytes(call, 0)?;
    let ty = match &*name {
        b"i32" => (Type::I32, ElementType::Any),
        b"i64" => (Type::I64, ElementType::Any),
        b"f32" => (Type::F32, ElementType::Any),
        b"f64" => (Type::F64, ElementType::Any),
        b"externref" | b"any" => (Type::Any, ElementType::Any),
        b"funcref" => (Type::Any, ElementType::Function),
        other => {
            let message = format!("invalid type '{}'", String::from_utf8_lossy(other));
            return Err(argument_error(call, 0, &message));
        }
    };
    let (value, mutable) = (call.arg(1), call.arg(2).is_truthy());
    match call.new_global(ty, mutable, value) {
        Ok(global) => {
            let value = value_of(call, global)?;
            call.return_one(value)
        }
        Err(expected) => {
            let found = shown(call, value);
            Err(argument_error(call, 1, &format!("{expected} expected, got {found}")))
        }
    }
}

/// `wasm.table(elements [, maximum [, type]])`; the type is "externref", or else "funcref".
fn table(call: &mut HostCall<'_>) -> Answer {
    let (length, maximum) = (check_unsigned(call, 0)?, optional_unsigned(call, 1)?);
    let element = match call.arg(2).as_bytes() {
        Some(b"externref" | b"any") => ElementType::Any,
        Some(b"funcref") => ElementType::Function,
        None if call.arg(2).is_nil() => ElementType::Function,
        _ => return Err(kind_error(call, 2, "'funcref' or 'externref'")),
    };
    let table = call.new_table(element, length, maximum)?;
    let value = value_of(call, table)?;
    call.return_one(value)
}
