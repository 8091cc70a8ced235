//! What can stand for an input operand: registers, constants, and plain Rust values.

use crate::FunctionBuilder;
use minivm_isa::entities::{Const, Reg};
use minivm_isa::operand::Pattern;
use minivm_isa::program::Constant;
use minivm_isa::{Operand, Type};

/// Something that an instruction method takes as an input.
///
/// A Rust number becomes a constant of the type that the table demands there, if the value allows it: `f.add(x, 1)` adds an
/// `any` integer, `f.i64_add(x, 1)` a typed one. Where the table does not tell, it keeps its own type.
///
/// ```
/// # use minivm_builder::{Constant, ProgramBuilder, Signature};
/// # let mut f = ProgramBuilder::new().function("f", Signature::dynamic(1, false));
/// let x = f.param(0);
/// f.set(x, "name", true);                         // text and booleans are `any` constants
/// f.set(x, 1, Constant::Nil);
/// let typed = f.i64_add(20, 22);
/// let text = f.concat((x, ": ", 1.5));            // a list of operands, see `IntoOperands`
/// # f.return_values((text,));
/// # assert!(f.finish().is_ok());
/// ```
pub trait IntoOperand {
    /// The operand, for an input of this pattern.
    fn into_operand(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Operand;
}

impl IntoOperand for Operand {
    fn into_operand(self, _: &mut FunctionBuilder, _: Pattern) -> Operand {
        self
    }
}

impl IntoOperand for Reg {
    fn into_operand(self, _: &mut FunctionBuilder, _: Pattern) -> Operand {
        self.into()
    }
}

impl IntoOperand for Const {
    fn into_operand(self, _: &mut FunctionBuilder, _: Pattern) -> Operand {
        self.into()
    }
}

impl IntoOperand for Constant {
    fn into_operand(self, builder: &mut FunctionBuilder, _: Pattern) -> Operand {
        builder.constant(self)
    }
}

impl IntoOperand for i32 {
    fn into_operand(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Operand {
        builder.constant(match pattern {
            Pattern::Exactly(Type::Any) => Constant::Integer(self.into()),
            Pattern::Exactly(Type::I64) => Constant::I64(self.into()),
            _ => Constant::I32(self),
        })
    }
}

impl IntoOperand for i64 {
    fn into_operand(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Operand {
        builder.constant(match pattern {
            Pattern::Exactly(Type::Any) => Constant::Integer(self),
            _ => Constant::I64(self),
        })
    }
}

impl IntoOperand for f32 {
    fn into_operand(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Operand {
        builder.constant(match pattern {
            Pattern::Exactly(Type::Any) => Constant::Float(f64::from(self).to_bits()),
            Pattern::Exactly(Type::F64) => Constant::F64(f64::from(self).to_bits()),
            _ => Constant::F32(self.to_bits()),
        })
    }
}

impl IntoOperand for f64 {
    fn into_operand(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Operand {
        builder.constant(match pattern {
            Pattern::Exactly(Type::Any) => Constant::Float(self.to_bits()),
            // Only a value that stays the same becomes single: the verifier rejects the others.
            Pattern::Exactly(Type::F32) if f64::from(self as f32).to_bits() == self.to_bits() => {
                Constant::F32((self as f32).to_bits())
            }
            _ => Constant::F64(self.to_bits()),
        })
    }
}

impl IntoOperand for bool {
    fn into_operand(self, builder: &mut FunctionBuilder, _: Pattern) -> Operand {
        builder.boolean(self)
    }
}

impl IntoOperand for &str {
    fn into_operand(self, builder: &mut FunctionBuilder, _: Pattern) -> Operand {
        builder.string(self.as_bytes())
    }
}

/// A list of what an instruction method takes as inputs: `(x, 1, "text")`, also `()`, an array, or a slice of registers or operands.
///
/// ```
/// # use minivm_builder::{Operand, ProgramBuilder, Signature};
/// # let mut f = ProgramBuilder::new().function("f", Signature::dynamic(1, false));
/// let callee = f.param(0);
/// let mut arguments: Vec<Operand> = Vec::new();
/// for number in 1..=20 {
///     arguments.push(f.integer(number));
/// }
/// let result = f.call_any_one(callee, &arguments);
/// f.return_values((result, "and a text"));
/// # assert!(f.finish().is_ok());
/// ```
pub trait IntoOperands {
    /// The operands, for inputs of this pattern.
    fn into_operands(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Box<[Operand]>;
}

macro_rules! tuples {
    ($(($($item:ident)*))*) => {$(
        impl<$($item: IntoOperand),*> IntoOperands for ($($item,)*) {
            #[allow(non_snake_case, unused_variables, reason = "a name for each item")]
            fn into_operands(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Box<[Operand]> {
                let ($($item,)*) = self;
                Box::new([$($item.into_operand(builder, pattern)),*])
            }
        }
    )*};
}

tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

impl IntoOperands for &[Operand] {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.into()
    }
}

// Of operands only, so that the type of `&[]` is known.
impl<const N: usize> IntoOperands for &[Operand; N] {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.as_slice().into()
    }
}

impl<T: IntoOperand, const N: usize> IntoOperands for [T; N] {
    fn into_operands(self, builder: &mut FunctionBuilder, pattern: Pattern) -> Box<[Operand]> {
        self.map(|item| item.into_operand(builder, pattern)).into()
    }
}

impl IntoOperands for &Vec<Operand> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.as_slice().into()
    }
}

impl IntoOperands for &Box<[Operand]> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.clone()
    }
}

impl IntoOperands for Box<[Operand]> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self
    }
}

impl IntoOperands for &Vec<Reg> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.iter().map(|&register| register.into()).collect()
    }
}

impl IntoOperands for Vec<Operand> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.into()
    }
}

/// None or one.
impl IntoOperands for Option<Reg> {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.into_iter().map(Operand::from).collect()
    }
}

impl IntoOperands for &[Reg] {
    fn into_operands(self, _: &mut FunctionBuilder, _: Pattern) -> Box<[Operand]> {
        self.iter().map(|&register| register.into()).collect()
    }
}
