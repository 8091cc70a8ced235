//! The types of registers, fields and signatures.

use crate::entities::Layout;
use std::fmt;

/// The type of a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A tagged value of a dynamic language: nil, boolean, integer, float, string, table, function, fiber, host object.
    Any,
    /// An untagged 32-bit integer.
    I32,
    /// An untagged 64-bit integer.
    I64,
    /// An untagged IEEE 754 single.
    F32,
    /// An untagged IEEE 754 double.
    F64,
    /// 128 bits.
    V128,
    /// A reference to a captured variable's cell; never null.
    Cell,
    /// A reference to a record or array of a layout; may be null.
    Ref(Layout),
}

impl Type {
    /// How many 64-bit frame words a register of this type takes.
    pub fn words(self) -> u32 {
        match self {
            Type::Any | Type::V128 => 2,
            Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::Cell | Type::Ref(_) => 1,
        }
    }

    /// Whether a register of this type can keep a heap object alive.
    pub fn is_traced(self) -> bool {
        match self {
            Type::Any | Type::Cell | Type::Ref(_) => true,
            Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => false,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("any"),
            Type::I32 => f.write_str("i32"),
            Type::I64 => f.write_str("i64"),
            Type::F32 => f.write_str("f32"),
            Type::F64 => f.write_str("f64"),
            Type::V128 => f.write_str("v128"),
            Type::Cell => f.write_str("cell"),
            Type::Ref(layout) => write!(f, "ref.{layout}"),
        }
    }
}

/// What a record field or an array element is stored as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Storage {
    /// A byte, read as an `i32` without sign.
    I8,
    /// Two bytes, read as an `i32` without sign.
    I16,
    /// A whole register value.
    Whole(Type),
}

impl Storage {
    /// The type of a register that holds an element of this storage.
    pub fn register_type(self) -> Type {
        match self {
            Storage::I8 | Storage::I16 => Type::I32,
            Storage::Whole(ty) => ty,
        }
    }
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Convention {
    /// Exactly the parameters and results of the signature, each of its type.
    Typed,
    /// All values are `any`. Missing arguments are nil; more are dropped. The number of results is free.
    Dynamic,
    /// As `Dynamic`, but arguments past the parameters are kept for `varargs`.
    Variadic,
}

/// Parameters and results of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// How it is called.
    pub convention: Convention,
    /// Types of the parameters; all `any` unless the convention is `Typed`.
    pub params: Vec<Type>,
    /// Types of the results; empty unless the convention is `Typed`.
    pub results: Vec<Type>,
}

impl Signature {
    /// A signature of the typed convention.
    pub fn typed(params: &[Type], results: &[Type]) -> Self {
        Signature { convention: Convention::Typed, params: params.to_vec(), results: results.to_vec() }
    }

    /// A dynamic signature with `params` parameters; `variadic` keeps further arguments.
    pub fn dynamic(params: usize, variadic: bool) -> Self {
        let convention = if variadic { Convention::Variadic } else { Convention::Dynamic };
        Signature { convention, params: vec![Type::Any; params], results: Vec::new() }
    }

    /// Whether calls take and give `any` values in any number.
    pub fn is_dynamic(&self) -> bool {
        match self.convention {
            Convention::Typed => false,
            Convention::Dynamic | Convention::Variadic => true,
        }
    }
}

/// What kind of value an `any` is, as `kind_of` and `branch_kind` see it. The numbers are part of the bytecode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The absent value.
    Nil = 0,
    /// `false`.
    False = 1,
    /// `true`.
    True = 2,
    /// A 64-bit integer.
    Integer = 3,
    /// A double.
    Float = 4,
    /// An immutable byte string.
    String = 5,
    /// A table.
    Table = 6,
    /// A function: closure or host function.
    Function = 7,
    /// A fiber.
    Fiber = 8,
    /// A host object.
    Host = 9,
    /// A record.
    Record = 10,
    /// An array.
    Array = 11,
}

impl Kind {
    /// All kinds in the order of their numbers.
    pub const ALL: [Kind; 12] = [
        Kind::Nil,
        Kind::False,
        Kind::True,
        Kind::Integer,
        Kind::Float,
        Kind::String,
        Kind::Table,
        Kind::Function,
        Kind::Fiber,
        Kind::Host,
        Kind::Record,
        Kind::Array,
    ];

    /// The word for this kind in the text form.
    pub fn name(self) -> &'static str {
        ["nil", "false", "true", "integer", "float", "string", "table", "function", "fiber", "host", "record", "array"]
            [self as usize]
    }

    /// The kind of a number, if there is one.
    pub fn from_number(number: u64) -> Option<Kind> {
        Kind::ALL.get(usize::try_from(number).ok()?).copied()
    }
}
