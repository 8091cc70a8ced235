//! Values as scripts see them, and how calls fail.

use minivm::raw::{LinkError, Tag, Value};
use minivm_isa::program::{FunctionDef, Item, Program};
use minivm_isa::{TrapCode, Type};

/// A value as scripts see it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A single, by its bits.
    F32(u32),
    /// A double, by its bits.
    F64(u64),
    /// 128 bits.
    V128(u128),
    /// A null reference.
    Null,
    /// A function.
    Func,
    /// A host reference with a number.
    Extern(u32),
    /// An integer reference, signed.
    I31(i32),
    /// A structure.
    Struct,
    /// An array.
    Array,
}

/// Why something did not work.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// Imports do not fit.
    Unlinkable(String),
    /// It trapped.
    Trap(String),
    /// The stack limit was reached.
    Exhausted(String),
    /// An exception that nobody caught, in words.
    Exception(String),
    /// Something that must not happen.
    Other(String),
}

/// Types of the results of an exported function, or the type of an exported global.
///
/// # Errors
/// When there is no such export.
pub fn result_types(program: &Program, name: &str) -> Result<Vec<Type>, Failure> {
    let export = program.exports.iter().find(|export| export.name == name);
    match export.map(|export| export.item) {
        Some(Item::Function(function)) => {
            let signature = match &program.functions[function] {
                FunctionDef::Import { signature, .. } => *signature,
                FunctionDef::Code(code) => code.signature,
            };
            Ok(program.signatures[signature].results.clone())
        }
        Some(Item::Global(global)) => Ok(vec![program.globals[global].ty]),
        Some(Item::Memory(_)) => Ok(vec![Type::I64]),
        _ => Err(Failure::Other(format!("no export '{name}'"))),
    }
}

/// The values at the boundary for a value of a script.
pub fn to_values(val: Val) -> Vec<Value> {
    match val {
        Val::V128(bits) => vec![Value::int(bits as i64), Value::int((bits >> 64) as i64)],
        other => vec![to_value(other)],
    }
}

/// The value of a type for the next values at the boundary.
///
/// # Errors
/// When these are no such value.
pub fn from_values(values: &mut impl Iterator<Item = Value>, ty: Type) -> Result<Val, Failure> {
    let mut next = || values.next().unwrap_or(Value::NIL);
    if ty != Type::V128 {
        return from_value(next(), ty);
    }
    let word = |value: Value| value.as_int().map(|int| u128::from(int as u64));
    match (word(next()), word(next())) {
        (Some(low), Some(high)) => Ok(Val::V128(high << 64 | low)),
        _ => Err(Failure::Other("a vector is not two integers".to_owned())),
    }
}

fn to_value(val: Val) -> Value {
    match val {
        Val::I32(int) => Value::int(int.into()),
        Val::I64(int) => Value::int(int),
        Val::F32(bits) => Value::int(i64::from(bits as i32)),
        Val::F64(bits) => Value::int(bits as i64),
        Val::Null => Value::NIL,
        // Any value can be a host reference; an integer would be one of WebAssembly.
        Val::Extern(number) => Value::float(number.into()),
        Val::I31(int) => Value::int(int.into()),
        Val::Func | Val::Struct | Val::Array | Val::V128(_) => Value::TRUE,
    }
}

fn from_value(value: Value, ty: Type) -> Result<Val, Failure> {
    let int = value.as_int();
    match (ty, int) {
        (Type::I32, Some(int)) => Ok(Val::I32(int as i32)),
        (Type::I64, Some(int)) => Ok(Val::I64(int)),
        (Type::F32, Some(int)) => Ok(Val::F32(int as u32)),
        (Type::F64, Some(int)) => Ok(Val::F64(int as u64)),
        (Type::Any, Some(int)) => Ok(Val::I31(int as i32)),
        (Type::Any, None) if value.tag() == Tag::NIL => Ok(Val::Null),
        (Type::Any, None) if value.tag() == Tag::FUNCTION => Ok(Val::Func),
        (Type::Any, None) if value.tag() == Tag::RECORD => Ok(Val::Struct),
        (Type::Any, None) if value.tag() == Tag::ARRAY => Ok(Val::Array),
        (Type::Any, None) if value.tag() == Tag::FLOAT => Ok(Val::Extern(value.as_float().unwrap_or(0.0) as u32)),
        _ => Err(Failure::Other(format!("a result of type {ty} has tag {:?}", value.tag()))),
    }
}

pub(super) fn link_failure(error: LinkError) -> Failure {
    match error {
        LinkError::Unknown { .. } | LinkError::Incompatible { .. } => Failure::Unlinkable(error.to_string()),
        LinkError::Trap(code) => Failure::Trap(code.to_string()),
        LinkError::Start(failure) => run_failure(failure),
    }
}

pub(super) fn run_failure(failure: minivm::raw::Failure) -> Failure {
    match failure {
        minivm::raw::Failure::Error { trap: Some(TrapCode::StackOverflow), trace, .. } => Failure::Exhausted(trace),
        minivm::raw::Failure::Error { trap: Some(code), .. } => Failure::Trap(code.to_string()),
        minivm::raw::Failure::Error { trap: None, trace, .. } => Failure::Other(trace),
        minivm::raw::Failure::Exit(code) => Failure::Other(format!("exit with {code}")),
    }
}
