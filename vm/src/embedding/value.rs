//! Values as embedders hold them: plain ones by themselves, all others by a handle that keeps them alive.

use super::error::Error;
use crate::raw;
use crate::runtime::context::Context;
use crate::runtime::rooted::Root;
use crate::value::Tag;
use minivm_isa::Kind;
use std::fmt;
use std::sync::Arc;

/// A value of a program, for as long as the host likes.
///
/// Numbers, booleans and nil belong to nobody. A [`Handle`] belongs to one machine: other machines refuse it.
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// # use minivm::{Kind, Limits, Machine, Value};
/// let mut machine = Machine::new(Limits::default());
/// let (list, text) = (machine.table(0, 0)?, machine.string("tern")?);
/// machine.set(&list, &Value::int(1), &text)?;
/// let first = machine.get(&list, &Value::int(1))?;
/// assert_eq!((first.kind(), machine.text(&first)?), (Kind::String, "tern".to_owned()));
/// assert!(Machine::new(Limits::default()).text(&first).is_err());     // it is not of that machine
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub enum Value {
    /// The absent value.
    #[default]
    Nil,
    /// A boolean.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// Anything that lives in a machine.
    Handle(Handle),
}

/// A string, table, function, fiber or object of a machine, which lives at least as long as one of its handles.
///
/// It can be cloned, sent and dropped anywhere, also after the machine, which notices at its next collection. A state that
/// [`load`](crate::Machine::load) or [`copy_into`](crate::Machine::copy_into) puts into a machine makes the handles to the one
/// that was there foreign, as those of another machine are.
///
/// ```
/// # use minivm::{Kind, Limits, Machine, Value};
/// let mut machine = Machine::new(Limits::default());
/// let Value::Handle(handle) = machine.table(0, 0)? else { unreachable!("tables live in machines") };
/// assert_eq!(handle.kind(), Kind::Table);
/// let table = Value::Handle(handle.clone());                          // the same table
/// machine.set(&table, &Value::int(1), &Value::bool(true))?;
/// assert_eq!(machine.get(&Value::Handle(handle), &Value::int(1))?.as_bool(), Some(true));
/// # Ok::<(), minivm::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    root: Arc<Root>,
    kind: Kind,
}

/// The kind behind a tag.
pub(crate) fn kind_of(tag: Tag) -> Kind {
    // Further tags are of cells, which no host gets as a value of its own.
    Kind::from_number(u64::from(tag.0)).unwrap_or(Kind::Record)
}

/// The word for a kind of values in errors.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::False | Kind::True => "boolean",
        Kind::Host => "object",
        Kind::Record | Kind::Array => "record or array",
        other => other.name(),
    }
}

impl Handle {
    /// What it is a handle to.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(kind_word(self.kind))
    }
}

impl Value {
    /// The absent value.
    pub const NIL: Value = Value::Nil;

    /// A boolean.
    pub const fn bool(value: bool) -> Value {
        Value::Bool(value)
    }

    /// A 64-bit integer.
    pub const fn int(value: i64) -> Value {
        Value::Int(value)
    }

    /// A 64-bit float.
    pub const fn float(value: f64) -> Value {
        Value::Float(value)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Nil => Kind::Nil,
            Value::Bool(false) => Kind::False,
            Value::Bool(true) => Kind::True,
            Value::Int(_) => Kind::Integer,
            Value::Float(_) => Kind::Float,
            Value::Handle(handle) => handle.kind,
        }
    }

    /// Whether this is nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Whether this counts as true: everything but nil and `false`.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Bool(false))
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    /// The integer, if it is one (floats are not converted).
    pub fn as_int(&self) -> Option<i64> {
        if let Value::Int(value) = self { Some(*value) } else { None }
    }

    /// The float, if it is one (integers are not converted).
    pub fn as_float(&self) -> Option<f64> {
        if let Value::Float(value) = self { Some(*value) } else { None }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Handle(handle) => handle.fmt(f),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

impl Context {
    /// A value that the host may hold.
    pub(crate) fn root(&mut self, value: raw::Value) -> Value {
        match value.tag() {
            Tag::NIL => Value::Nil,
            Tag::FALSE => Value::Bool(false),
            Tag::TRUE => Value::Bool(true),
            Tag::INT => Value::Int(value.payload() as i64),
            Tag::FLOAT => Value::Float(f64::from_bits(value.payload())),
            tag => Value::Handle(Handle { root: Arc::new(self.rooted.add(value)), kind: kind_of(tag) }),
        }
    }

    /// Values that the host may hold.
    pub(crate) fn root_all(&mut self, values: Vec<raw::Value>) -> Vec<Value> {
        values.into_iter().map(|value| self.root(value)).collect()
    }

    /// The value that the host means.
    pub(crate) fn resolve(&self, value: &Value) -> Result<raw::Value, Error> {
        Ok(match value {
            Value::Nil => raw::Value::NIL,
            Value::Bool(value) => raw::Value::bool(*value),
            Value::Int(value) => raw::Value::int(*value),
            Value::Float(value) => raw::Value::float(*value),
            Value::Handle(handle) => {
                self.rooted.get(&handle.root).ok_or(Error::Foreign { what: kind_word(handle.kind) })?
            }
        })
    }

    /// The values that the host means.
    pub(crate) fn resolve_all(&self, values: &[Value]) -> Result<Vec<raw::Value>, Error> {
        values.iter().map(|value| self.resolve(value)).collect()
    }
}

/// A program that was loaded into a machine, and stays there as long as that or until it loads another state.
///
/// ```
/// # use minivm::{Limits, Machine, Value};
/// # fn program() -> Result<minivm_isa::Verified, minivm_builder::BuildError> {
/// #     let mut program = minivm_builder::ProgramBuilder::new();
/// #     let mut f = program.function("double", minivm_isa::Signature::dynamic(1, false));
/// #     let sum = f.add(f.param(0), f.param(0));
/// #     f.return_values((sum,));
/// #     let double = program.add(f)?;
/// #     program.export_function("double", double);
/// #     program.finish()
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut machine = Machine::new(Limits::default());
/// let instance = machine.instantiate(program()?)?;
/// assert_eq!(machine.invoke(instance, "double", &[Value::int(21)])?[0].as_int(), Some(42));
/// assert!(machine.exported_function(instance, "half").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InstanceId {
    machine: u64,
    number: u32,
}

/// A run of a machine that is suspended or was. Numbers count up and are never used again, also not after a snapshot.
///
/// ```
/// # use minivm::{Limits, Machine, RunState, Value};
/// let mut machine = Machine::new(Limits::default());
/// let function = machine.host_function("give", |call| {
///     let value = call.arg(0);
///     call.return_one(value)
/// })?;
/// let [first, second] = [1, 2].map(|number| machine.spawn(&function, &[Value::int(number)]));
/// let (first, second) = (first?, second?);
/// assert!(machine.switch_to(second)?);                                // it is the one at work now
/// assert!(matches!(machine.resume(), RunState::Finished(values) if values[0].as_int() == Some(2)));
/// assert!(machine.drop_run(first)? && !machine.switch_to(first)?);
/// # Ok::<(), minivm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId {
    machine: u64,
    number: u64,
}

impl RunId {
    /// The number: 0 for the run that was suspended first.
    pub fn number(self) -> u64 {
        self.number
    }
}

impl Context {
    /// The program of a number, for the host.
    pub(crate) fn own_instance(&self, id: raw::InstanceId) -> InstanceId {
        InstanceId { machine: self.rooted.owner.number, number: id.0 }
    }

    /// The program that the host means.
    pub(crate) fn resolve_instance(&self, id: InstanceId) -> Result<raw::InstanceId, Error> {
        let is_own = id.machine == self.rooted.owner.number;
        if is_own { Ok(raw::InstanceId(id.number)) } else { Err(Error::Foreign { what: "instance" }) }
    }

    /// The run of a number, for the host.
    pub(crate) fn own_run(&self, id: raw::RunId) -> RunId {
        RunId { machine: self.rooted.owner.number, number: id.0 }
    }

    /// The run that the host means.
    pub(crate) fn resolve_run(&self, id: RunId) -> Result<raw::RunId, Error> {
        let is_own = id.machine == self.rooted.owner.number;
        if is_own { Ok(raw::RunId(id.number)) } else { Err(Error::Foreign { what: "run" }) }
    }
}
