//! Values of registers: typed ones, and `any` values, which say themselves what they are.

use minivm_isa::program::Constant;
use minivm_isa::{Kind, Type};
use std::rc::Rc;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub(crate) usize);
    )*};
}

ids! {
    /// A table with keys.
    TableId
    /// A function value.
    ClosureId
    /// A fiber.
    FiberId
    /// A record or an array.
    ObjectId
    /// The cell of a captured variable.
    CellId
    /// A loaded program.
    InstanceId
}

/// An `any` value. Objects are compared by identity, strings by their bytes.
#[derive(Clone, Debug)]
pub enum Any {
    /// The absent value.
    Nil,
    /// True or false.
    Bool(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Float(f64),
    /// An immutable byte string.
    String(Rc<[u8]>),
    /// A table.
    Table(TableId),
    /// A function.
    Function(ClosureId),
    /// A fiber.
    Fiber(FiberId),
    /// A record, or an array where `is_array`.
    Object {
        /// Which one.
        id: ObjectId,
        /// Whether it is an array.
        is_array: bool,
    },
}

impl Any {
    /// A string.
    pub fn string(bytes: impl AsRef<[u8]>) -> Any {
        Any::String(bytes.as_ref().into())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Any::Nil => Kind::Nil,
            Any::Bool(false) => Kind::False,
            Any::Bool(true) => Kind::True,
            Any::Integer(_) => Kind::Integer,
            Any::Float(_) => Kind::Float,
            Any::String(_) => Kind::String,
            Any::Table(_) => Kind::Table,
            Any::Function(_) => Kind::Function,
            Any::Fiber(_) => Kind::Fiber,
            Any::Object { is_array: false, .. } => Kind::Record,
            Any::Object { is_array: true, .. } => Kind::Array,
        }
    }

    /// Whether it is nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Any::Nil)
    }

    /// Whether a condition holds for it: all but nil and false.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Any::Nil | Any::Bool(false))
    }

    /// The same value, without asking metamethods; numbers by value.
    pub fn same(&self, other: &Any) -> bool {
        match (self, other) {
            (Any::Nil, Any::Nil) => true,
            (Any::Bool(lhs), Any::Bool(rhs)) => lhs == rhs,
            (Any::Integer(lhs), Any::Integer(rhs)) => lhs == rhs,
            (Any::Float(lhs), Any::Float(rhs)) => lhs == rhs,
            (Any::Integer(integer), Any::Float(float)) | (Any::Float(float), Any::Integer(integer)) => {
                integer_of(*float) == Some(*integer)
            }
            (Any::String(lhs), Any::String(rhs)) => lhs == rhs,
            (Any::Table(lhs), Any::Table(rhs)) => lhs == rhs,
            (Any::Function(lhs), Any::Function(rhs)) => lhs == rhs,
            (Any::Fiber(lhs), Any::Fiber(rhs)) => lhs == rhs,
            (Any::Object { id: lhs, .. }, Any::Object { id: rhs, .. }) => lhs == rhs,
            _ => false,
        }
    }

    /// The number as a float.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Any::Integer(integer) => Some(*integer as f64),
            Any::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// The number as an integer, if it is one in value.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Any::Integer(integer) => Some(*integer),
            Any::Float(float) => integer_of(*float),
            _ => None,
        }
    }
}

/// The integer that a float is.
pub(crate) fn integer_of(float: f64) -> Option<i64> {
    let is_inside = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (is_inside && float.fract() == 0.0).then_some(float as i64)
}

/// What a register holds.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// An `any`.
    Any(Any),
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// An `f32`, by its bits.
    F32(u32),
    /// An `f64`, by its bits.
    F64(u64),
    /// 128 bits.
    V128(u128),
    /// A cell.
    Cell(CellId),
    /// A reference to an object, or null.
    Ref(Option<ObjectId>),
}

impl Value {
    /// The value of a constant.
    pub(crate) fn of_constant(constant: &Constant) -> Value {
        match constant {
            Constant::Nil => Value::Any(Any::Nil),
            Constant::False => Value::Any(Any::Bool(false)),
            Constant::True => Value::Any(Any::Bool(true)),
            Constant::Integer(integer) => Value::Any(Any::Integer(*integer)),
            Constant::Float(bits) => Value::Any(Any::Float(f64::from_bits(*bits))),
            Constant::String(bytes) => Value::Any(Any::string(bytes)),
            Constant::I32(integer) => Value::I32(*integer),
            Constant::I64(integer) => Value::I64(*integer),
            Constant::F32(bits) => Value::F32(*bits),
            Constant::F64(bits) => Value::F64(*bits),
            Constant::V128(bits) => Value::V128(*bits),
        }
    }

    /// The `any` value.
    pub(crate) fn any(self) -> Any {
        match self {
            Value::Any(any) => any,
            other => wrong(Type::Any, &other),
        }
    }

    /// An address or count: an `i32` or `i64`, without sign.
    pub(crate) fn address(&self) -> u64 {
        match self {
            Value::I32(integer) => u64::from(*integer as u32),
            Value::I64(integer) => *integer as u64,
            other => wrong(Type::I64, other),
        }
    }

    /// The object that a reference names.
    pub(crate) fn object(&self) -> Option<ObjectId> {
        match self {
            Value::Ref(object) => *object,
            other => wrong("a reference", other),
        }
    }

    /// The cell.
    pub(crate) fn cell(&self) -> CellId {
        match self {
            Value::Cell(cell) => *cell,
            other => wrong(Type::Cell, other),
        }
    }
}

fn wrong(expected: impl std::fmt::Display, found: &Value) -> ! {
    unreachable!("the verifier proved that this is {expected}, and it is {found:?}")
}

/// A type of Rust that stands for the type of a register.
pub(crate) trait Typed: Sized {
    /// Out of a register.
    fn of(value: Value) -> Self;
    /// Into a register.
    fn value(self) -> Value;
}

macro_rules! typed {
    ($($ty:ty: $variant:ident($bits:ident), $of:expr, $into:expr;)*) => {$(
        impl Typed for $ty {
            fn of(value: Value) -> Self {
                match value {
                    Value::$variant($bits) => $of,
                    other => wrong(stringify!($variant), &other),
                }
            }
            fn value(self) -> Value {
                let $bits = self;
                Value::$variant($into)
            }
        }
    )*};
}

typed! {
    i32: I32(it), it, it;
    u32: I32(it), it as u32, it as i32;
    bool: I32(it), it != 0, it.into();
    i64: I64(it), it, it;
    u64: I64(it), it as u64, it as i64;
    f32: F32(it), f32::from_bits(it), it.to_bits();
    f64: F64(it), f64::from_bits(it), it.to_bits();
    u128: V128(it), it, it;
    Any: Any(it), it, it;
}
