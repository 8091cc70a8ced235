//! How constants, strings, types and initial values print.

use crate::program::{Constant, DeclaredType, Described, ElementType, FormPart, Import, Initial, InitialOp, LayoutDef};
use crate::types::{Convention, Signature, Storage, Type};
use std::fmt::{self, Display, Formatter};

/// Bytes as a quoted string: printable UTF-8 as it is, everything else escaped byte by byte.
pub(super) struct Quoted<'a>(pub(super) &'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' => f.write_str("\\\"")?,
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    '\'' => f.write_str("'")?,
                    _ if character.escape_debug().len() == 1 => write!(f, "{character}")?,
                    _ => hex(f, character.encode_utf8(&mut [0; 4]).as_bytes())?,
                }
            }
            hex(f, chunk.invalid())?;
        }
        f.write_str("\"")
    }
}

fn hex(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// A constant where `expected` is the type of a plain number.
pub(super) struct Value<'a>(pub(super) &'a Constant, pub(super) Type);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Value(constant, expected) = *self;
        let is_number = !matches!(constant, Constant::Nil | Constant::False | Constant::True | Constant::String(_));
        if is_number && constant.ty() != expected {
            write!(f, "{}:", constant.ty())?;
        }
        match constant {
            Constant::Nil => f.write_str("nil"),
            Constant::False => f.write_str("false"),
            Constant::True => f.write_str("true"),
            Constant::Integer(value) | Constant::I64(value) => write!(f, "{value}"),
            Constant::I32(value) => write!(f, "{value}"),
            Constant::Float(bits) | Constant::F64(bits) => match f64::from_bits(*bits) {
                value if value.is_nan() => write!(f, "nan:{bits:#x}"),
                value => write!(f, "{value:?}"),
            },
            Constant::F32(bits) => match f32::from_bits(*bits) {
                value if value.is_nan() => write!(f, "nan:{bits:#x}"),
                value => write!(f, "{value:?}"),
            },
            Constant::V128(bits) => write!(f, "{bits:#034x}"),
            Constant::String(bytes) => write!(f, "{}", Quoted(bytes)),
        }
    }
}

/// An initial value where `expected` is the type of a plain number.
pub(super) struct InitialText<'a>(pub(super) &'a Initial, pub(super) Type);

impl Display for InitialText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let InitialText(initial, expected) = *self;
        match initial {
            Initial::Constant(constant) => write!(f, "{}", Value(constant, expected)),
            Initial::Null => f.write_str("null"),
            Initial::Function(function) => write!(f, "{function}"),
            Initial::Global(global) => write!(f, "{global}"),
            Initial::Arithmetic(op, lhs, rhs) => {
                write!(f, "{} ({}, {})", op_name(*op), InitialText(lhs, expected), InitialText(rhs, expected))
            }
            Initial::Record(layout, fields) => write!(f, "record {layout} {}", initial_list(fields)),
            Initial::Array(layout, elements) => write!(f, "array {layout} {}", initial_list(elements)),
            Initial::ArrayOf(layout, parts) => write!(f, "array_of {layout} {}", initial_list(&**parts)),
            Initial::Integer31(value) => write!(f, "integer31 ({})", InitialText(value, Type::I32)),
            Initial::NotNull(value) => write!(f, "not_null ({})", InitialText(value, Type::Any)),
        }
    }
}

/// Initial values between brackets; numbers in them say their type themselves.
fn initial_list(values: &[Initial]) -> impl Display + '_ {
    fmt::from_fn(move |f| {
        f.write_str("(")?;
        for (index, value) in values.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, InitialText(value, Type::Any))?;
        }
        f.write_str(")")
    })
}

/// The word for an operation in an initial value.
pub(super) fn op_name(op: InitialOp) -> &'static str {
    match op {
        InitialOp::Add => "add",
        InitialOp::Sub => "sub",
        InitialOp::Mul => "mul",
    }
}

/// Things between brackets with commas.
pub(super) struct List<'a, T>(pub(super) &'a [T]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

impl Display for Signature {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", List(&self.params))?;
        match self.convention {
            Convention::Dynamic => f.write_str(" dynamic")?,
            Convention::Variadic => f.write_str(" variadic")?,
            Convention::Typed => {}
        }
        if !self.results.is_empty() {
            write!(f, " -> {}", List(&self.results))?;
        }
        Ok(())
    }
}

impl Display for Storage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Storage::I8 => f.write_str("i8"),
            Storage::I16 => f.write_str("i16"),
            Storage::Whole(ty) => write!(f, "{ty}"),
        }
    }
}

impl Display for LayoutDef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            LayoutDef::Record(fields) => write!(f, "record {}", List(fields)),
            LayoutDef::Exception(fields) => write!(f, "exception {}", List(fields)),
            LayoutDef::Array(element) => write!(f, "array ({element})"),
        }
    }
}

impl Display for ElementType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ElementType::Function => f.write_str("function"),
            ElementType::Any => f.write_str("any"),
            ElementType::Tag(None) => f.write_str("tag"),
            ElementType::Tag(Some(ty)) => write!(f, "tag:{ty}"),
            ElementType::Declared { is_function: true, ty } => write!(f, "function:{ty}"),
            ElementType::Declared { is_function: false, ty } => write!(f, "any:{ty}"),
        }
    }
}

impl Display for FormPart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FormPart::Number(number) => write!(f, "{number}"),
            FormPart::Type(ty) => write!(f, "{ty}"),
        }
    }
}

impl Display for DeclaredType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}form {}", if self.is_joined { "joined " } else { "" }, List(&self.form))?;
        if !self.supertypes.is_empty() {
            write!(f, " under {}", List(&self.supertypes))?;
        }
        match self.describes {
            Described::Nothing => Ok(()),
            Described::Signature(signature) => write!(f, " describes {signature}"),
            Described::Layout(layout) => write!(f, " describes {layout}"),
        }
    }
}

impl Display for Import {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "import {} {}", Quoted(self.module.as_bytes()), Quoted(self.name.as_bytes()))
    }
}
