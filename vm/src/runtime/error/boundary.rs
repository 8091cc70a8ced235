//! Messages for values that do not pass the boundary between `any` code and typed code.

use super::type_name;
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo};
use crate::value::{Tag, Value};
use minivm_isa::Type;

/// `bad argument #1 'lhs' to 'add' (i32 expected, got string)`.
pub(crate) fn argument_message(
    cx: &Context,
    info: &FunctionInfo,
    index: usize,
    ty: Type,
    expected: &str,
    found: Option<&Value>,
) -> String {
    let parameter = parameter_name(info, index).map_or(String::new(), |name| format!(" '{name}'"));
    let (expected, found) = (expectation(ty, expected), finding(cx, ty, found));
    format!("bad argument #{}{parameter} to '{}' ({expected} expected, got {found})", index + 1, exported_name(info))
}

/// `bad result #1 of imported function 'env.f' (i32 expected, got nil)`.
pub(crate) fn result_message(
    cx: &Context,
    (target, import): (Value, Value),
    index: usize,
    ty: Type,
    expected: &str,
    found: Option<&Value>,
) -> String {
    let name = match import.as_bytes() {
        Some(import) => format!("imported function '{}'", String::from_utf8_lossy(import)),
        None => match target.as_function() {
            Some(closure) => {
                // SAFETY: the function behind a live bridge is live; closures point to functions.
                let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
                format!("'{}'", super::function_name(info))
            }
            None => "a function".to_string(),
        },
    };
    format!(
        "bad result #{} of {name} ({} expected, got {})",
        index + 1,
        expectation(ty, expected),
        finding(cx, ty, found)
    )
}

/// The type, for numbers; what else was expected, for references.
fn expectation(ty: Type, expected: &str) -> String {
    match ty {
        Type::I32 | Type::I64 | Type::F32 | Type::F64 => ty.to_string(),
        Type::Any | Type::V128 | Type::Cell | Type::Ref(_) => expected.to_string(),
    }
}

/// The kind of a value; a number itself where one is expected, as its kind would not tell what is wrong with it.
fn finding(cx: &Context, ty: Type, value: Option<&Value>) -> String {
    let is_number = matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64);
    match value {
        None => "no value".to_string(),
        Some(value) if is_number && matches!(value.tag(), Tag::INT | Tag::FLOAT) => crate::format::number(*value),
        Some(value) => type_name(cx, *value),
    }
}

/// What a function is exported as, or its own name.
fn exported_name(info: &FunctionInfo) -> String {
    if let Body::Guest(guest) = &info.body {
        // SAFETY: instances outlive their functions.
        if let Some(name) = unsafe { &*guest.instance }.exported_as(guest.index) {
            return name.to_owned();
        }
    }
    super::function_name(info)
}

fn parameter_name(info: &FunctionInfo, index: usize) -> Option<&str> {
    let Body::Guest(guest) = &info.body else { return None };
    let mut visible = guest.lookups().locals_at(0).into_iter().map(|local| &guest.portable().locals[local]);
    let parameter = visible.find(|local| local.register.as_u32() as usize == index)?;
    Some(&parameter.name)
}
