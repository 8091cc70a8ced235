//! Between `any` values and typed ones, where code of one kind calls code of the other.
//!
//! | typed | from `any` | to `any` |
//! |---|---|---|
//! | `i32` | a number with an integer value from -2^31 to 2^32 - 1; false as 0, true as 1 | integer, signed |
//! | `i64` | a number with an integer value; false as 0, true as 1 | integer |
//! | `f32`, `f64` | any number, rounded to nearest | float |
//! | `any` | itself | itself |
//! | references | nil for null, or an object of exactly that layout | nil for null, or the object |
//! | `v128`, `cell` | never | never |

use crate::fiber::{Boundary, Level};
use crate::machine::{Action, Machine};
use crate::rules::scope::Stop;
use crate::store::{Closure, Store, code_of};
use crate::value::{Any, ClosureId, Value};
use minivm_isa::program::Item;
use minivm_isa::{TrapCode, Type};

/// An `any` value as one of a type, or what was expected.
pub(crate) fn argument_of(store: &Store, value: &Any, ty: Type) -> Result<Value, &'static str> {
    let integer = || match value {
        Any::Bool(it) => Some(i64::from(*it)),
        other => other.integer(),
    };
    match ty {
        Type::Any => Ok(Value::Any(value.clone())),
        Type::I32 => match integer() {
            Some(it @ -0x8000_0000..=0xffff_ffff) => Ok(Value::I32(it as i32)),
            Some(_) => Err("32-bit integer"),
            None => Err("integer"),
        },
        Type::I64 => integer().map(Value::I64).ok_or("integer"),
        Type::F32 => value.float().map(|it| Value::F32((it as f32).to_bits())).ok_or("number"),
        Type::F64 => value.float().map(|it| Value::F64(it.to_bits())).ok_or("number"),
        Type::Ref(layout) => match value {
            Any::Nil => Ok(Value::Ref(None)),
            Any::Object { id, .. } if store[*id].layout == layout.as_u32() as usize => Ok(Value::Ref(Some(*id))),
            Any::Object { .. } => Err("object of another layout"),
            _ => Err("record or array"),
        },
        Type::V128 | Type::Cell => Err("value of a type that has no dynamic form"),
    }
}

/// Typed values as `any` values, where all of them have such a form.
pub(crate) fn dynamic_values(store: &Store, values: Vec<Value>) -> Option<Vec<Any>> {
    let dynamic = |value| match value {
        Value::Any(any) => Some(any),
        Value::I32(it) => Some(Any::Integer(it.into())),
        Value::I64(it) => Some(Any::Integer(it)),
        Value::F32(bits) => Some(Any::Float(f32::from_bits(bits).into())),
        Value::F64(bits) => Some(Any::Float(f64::from_bits(bits))),
        Value::Ref(object) => Some(store.any_of_object(object)),
        Value::V128(_) | Value::Cell(_) => None,
    };
    values.into_iter().map(dynamic).collect()
}

/// `bad argument #1 'lhs' to 'add' (i32 expected, got string)`.
pub(crate) fn arguments_error(
    store: &Store,
    closure: ClosureId,
    (index, ty): (usize, Type),
    expected: &str,
    found: Option<&Any>,
) -> String {
    let (mut parameter, mut name) = (String::new(), String::new());
    if let Closure::Guest { instance, function, .. } = &store[closure] {
        let program = &store[*instance].program;
        let code = code_of(program, *function);
        let mut visible = code.locals.iter().filter(|local| local.start == 0 && local.end > 0);
        if let Some(local) = visible.find(|local| local.register.as_u32() as usize == index) {
            parameter = format!(" '{}'", local.name);
        }
        let export = program.exports.iter().find(|export| export.item == Item::Function(*function));
        name = export.map_or(&code.name, |export| &export.name).clone();
    }
    let (expected, found) = expectation(store, ty, expected, found);
    format!("bad argument #{}{parameter} to '{name}' ({expected} expected, got {found})", index + 1)
}

/// What was expected, and what was found: a number itself where one is expected.
fn expectation(store: &Store, ty: Type, expected: &str, found: Option<&Any>) -> (String, String) {
    let is_number = matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64);
    let number = |value| crate::arithmetic::text(value).filter(|_| is_number);
    let found = found.map_or("no value".to_owned(), |value| number(value).unwrap_or_else(|| store.type_name(value)));
    (if is_number { ty.to_string() } else { expected.to_owned() }, found)
}

impl Store {
    /// The function behind a value that is called with a signature; functions that are not typed get a bridge.
    pub(crate) fn typed_function(&mut self, callee: &Any, signature: Option<usize>) -> Result<ClosureId, TrapCode> {
        let signature = signature.expect("the verifier proved that the signature is typed");
        let closure = match callee {
            Any::Function(closure) => *closure,
            Any::Nil => return Err(TrapCode::UninitializedElement),
            _ => return Err(TrapCode::IndirectCallType),
        };
        let found = self.signature_of(closure);
        if self.types.signature_fits(found, signature) {
            return Ok(closure);
        }
        if found.is_some() || !self.can_be_bridged(signature) {
            return Err(TrapCode::IndirectCallType);
        }
        Ok(self.new_closure(Closure::Bridge { target: closure, name: None, signature }))
    }

    /// Whether values of a signature can pass the boundary at all.
    pub(crate) fn can_be_bridged(&self, signature: usize) -> bool {
        let signature = self.types.signature_numbered(signature);
        signature.params.iter().chain(&signature.results).all(|ty| !matches!(ty, Type::V128 | Type::Cell))
    }

    fn bridged(&self, bridge: ClosureId) -> usize {
        self.signature_of(bridge).expect("bridges are typed")
    }

    /// `bad result #1 of imported function 'env.f' (i32 expected, got nil)`.
    fn results_error(
        &self,
        bridge: ClosureId,
        (index, ty): (usize, Type),
        expected: &str,
        found: Option<&Any>,
    ) -> String {
        // One result that is missing is nil; of several it is none.
        let found = if self.types.signature_numbered(self.bridged(bridge)).results.len() == 1 {
            found.or(Some(&Any::Nil))
        } else {
            found
        };
        let Closure::Bridge { target, name, .. } = &self[bridge] else { unreachable!("it stands at such a boundary") };
        let name = match (name, &self[*target]) {
            (Some(name), _) => format!("imported function '{name}'"),
            (None, Closure::Guest { instance, function, .. }) => {
                format!("'{}'", code_of(&self[*instance].program, *function).name)
            }
            (None, Closure::Host { name, .. }) => format!("'{name}'"),
            (None, Closure::Bridge { .. }) => unreachable!("bridges are not made of bridges"),
        };
        let (expected, found) = expectation(self, ty, expected, found);
        format!("bad result #{} of {name} ({expected} expected, got {found})", index + 1)
    }
}

impl Machine {
    /// Results cross the boundary at the top, which is left.
    pub(crate) fn cross(&mut self, values: Vec<Value>) -> Result<Action, Stop> {
        match self.run.stack.pop() {
            Some(Level::Boundary(Boundary::ToTyped)) => {
                let values = dynamic_values(&self.store, values).ok_or(TrapCode::Unsupported)?;
                Ok(Action::Return(values.into_iter().map(Value::Any).collect()))
            }
            Some(Level::Boundary(Boundary::ToAny(bridge))) => {
                let values: Vec<Any> = values.into_iter().map(Value::any).collect();
                let signature = self.store.signature_of(bridge).expect("bridges are typed");
                let signature = self.store.types.signature_numbered(signature);
                let mut converted = Vec::new();
                for (index, &ty) in signature.results.iter().enumerate() {
                    let found = values.get(index);
                    match argument_of(&self.store, found.unwrap_or(&Any::Nil), ty) {
                        Ok(value) => converted.push(value),
                        Err(expected) => {
                            let message = self.store.results_error(bridge, (index, ty), expected, found);
                            return Err(Stop::Message(message));
                        }
                    }
                }
                Ok(Action::Return(converted))
            }
            _ => unreachable!("a boundary is at the top"),
        }
    }
}
