//! Constant expressions as initial values.

use super::error::WasmError;
use super::types::Context;
use minivm_isa::entities::Func;
use minivm_isa::limits::INITIAL_DEPTH_MAX;
use minivm_isa::program::{Constant, Initial, InitialOp};
use wasmparser::{ConstExpr, Operator};

/// Translates a validated constant expression.
pub(super) fn initial(context: &Context, expression: &ConstExpr<'_>) -> Result<Initial, WasmError> {
    let mut reader = expression.get_operators_reader();
    let mut stack: Vec<Nested> = Vec::new();
    while !reader.eof() {
        let offset = reader.original_position();
        let value = match reader.read()? {
            Operator::I32Const { value } => Nested::leaf(Initial::Constant(Constant::I32(value))),
            Operator::I64Const { value } => Nested::leaf(Initial::Constant(Constant::I64(value))),
            Operator::F32Const { value } => Nested::leaf(Initial::Constant(Constant::F32(value.bits()))),
            Operator::F64Const { value } => Nested::leaf(Initial::Constant(Constant::F64(value.bits()))),
            Operator::RefNull { .. } => Nested::leaf(Initial::Constant(Constant::Nil)),
            Operator::RefFunc { function_index } => Nested::leaf(Initial::Function(Func::from_u32(function_index))),
            Operator::GlobalGet { global_index } => {
                Nested::leaf(Initial::Global(context.globals[global_index as usize].0))
            }
            Operator::I32Add | Operator::I64Add => Nested::combine(&mut stack, InitialOp::Add, offset)?,
            Operator::I32Sub | Operator::I64Sub => Nested::combine(&mut stack, InitialOp::Sub, offset)?,
            Operator::I32Mul | Operator::I64Mul => Nested::combine(&mut stack, InitialOp::Mul, offset)?,
            Operator::End => break,
            other => return Err(WasmError::unsupported(offset, format_args!("{other:?} in a constant expression"))),
        };
        stack.push(value);
    }
    match stack.pop() {
        Some(nested) if stack.is_empty() => Ok(nested.value),
        _ => Err(WasmError::new(reader.original_position(), "a constant expression must leave one value")),
    }
}

/// An initial value and how deep it is nested.
struct Nested {
    value: Initial,
    depth: usize,
}

impl Nested {
    fn leaf(value: Initial) -> Self {
        Nested { value, depth: 0 }
    }

    /// Replaces the two topmost values.
    fn combine(stack: &mut Vec<Nested>, op: InitialOp, offset: u64) -> Result<Self, WasmError> {
        let (Some(rhs), Some(lhs)) = (stack.pop(), stack.pop()) else {
            return Err(WasmError::new(offset, "an operand is missing in a constant expression"));
        };
        let depth = lhs.depth.max(rhs.depth) + 1;
        if depth > INITIAL_DEPTH_MAX {
            let what = format_args!("a constant expression that is nested more than {INITIAL_DEPTH_MAX} deep");
            return Err(WasmError::unsupported(offset, what));
        }
        Ok(Nested { value: Initial::Arithmetic(op, Box::new(lhs.value), Box::new(rhs.value)), depth })
    }
}
