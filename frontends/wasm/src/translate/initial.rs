//! Constant expressions as initial values.

use super::error::WasmError;
use super::types::{Context, ObjectType, zero};
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
            Operator::V128Const { value } => Nested::leaf(Initial::Constant(Constant::V128(value.i128() as u128))),
            Operator::RefNull { .. } => Nested { value: Initial::Constant(Constant::Nil), depth: 0, is_nullable: true },
            Operator::RefFunc { function_index } => Nested::leaf(Initial::Function(Func::from_u32(function_index))),
            Operator::GlobalGet { global_index } => {
                let value = Initial::Global(context.globals[global_index as usize].0);
                Nested { value, depth: 0, is_nullable: context.nullable_globals[global_index as usize] }
            }
            Operator::I32Add | Operator::I64Add => Nested::combine(&mut stack, InitialOp::Add, offset)?,
            Operator::I32Sub | Operator::I64Sub => Nested::combine(&mut stack, InitialOp::Sub, offset)?,
            Operator::I32Mul | Operator::I64Mul => Nested::combine(&mut stack, InitialOp::Mul, offset)?,
            Operator::RefI31 => {
                let value = Nested::operand(&mut stack, offset)?;
                Nested::around([value.depth], offset, Initial::Integer31(Box::new(value.value)))?
            }
            Operator::End => break,
            other => made(context, &mut stack, &other, offset)?,
        };
        stack.push(value);
    }
    match stack.pop() {
        Some(nested) if stack.is_empty() => Ok(nested.value),
        _ => Err(WasmError::new(reader.original_position(), "a constant expression must leave one value")),
    }
}

/// What an operator makes of the values on the stack: an object, or a value of another kind.
fn made(context: &Context, stack: &mut Vec<Nested>, operator: &Operator<'_>, offset: u64) -> Result<Nested, WasmError> {
    match *operator {
        // These are the same values.
        Operator::AnyConvertExtern | Operator::ExternConvertAny => Nested::operand(stack, offset),
        Operator::StructNew { struct_type_index } => {
            let object = context.object(struct_type_index);
            let (parts, depths) = Nested::operands(stack, object.fields.len(), offset)?;
            Nested::around(depths, offset, Initial::Record(object.layout, parts))
        }
        Operator::StructNewDefault { struct_type_index } => {
            let object = context.object(struct_type_index);
            Nested::around([0], offset, Initial::Record(object.layout, defaults(object)))
        }
        Operator::StructNewDesc { struct_type_index } => {
            let object = context.object(struct_type_index);
            let descriptor = Nested::operand(stack, offset)?;
            let (parts, depths) = Nested::operands(stack, object.fields.len(), offset)?;
            Nested::described(object, parts, descriptor, depths, offset)
        }
        Operator::StructNewDefaultDesc { struct_type_index } => {
            let object = context.object(struct_type_index);
            let descriptor = Nested::operand(stack, offset)?;
            Nested::described(object, defaults(object), descriptor, Vec::new(), offset)
        }
        Operator::ArrayNew { array_type_index } => {
            let (length, value) = (Nested::operand(stack, offset)?, Nested::operand(stack, offset)?);
            let (layout, parts) = (context.object(array_type_index).layout, [value.value, length.value]);
            Nested::around([value.depth, length.depth], offset, Initial::ArrayOf(layout, Box::new(parts)))
        }
        Operator::ArrayNewDefault { array_type_index } => {
            let (length, object) = (Nested::operand(stack, offset)?, context.object(array_type_index));
            let value = Initial::Constant(zero(object.fields[0].register_type()));
            let parts = Box::new([value, length.value]);
            Nested::around([length.depth], offset, Initial::ArrayOf(object.layout, parts))
        }
        Operator::ArrayNewFixed { array_type_index, array_size } => {
            let (parts, depths) = Nested::operands(stack, array_size as usize, offset)?;
            Nested::around(depths, offset, Initial::Array(context.object(array_type_index).layout, parts))
        }
        ref other => Err(WasmError::unsupported(offset, format_args!("{other:?} in a constant expression"))),
    }
}

/// What the fields of a type hold that nobody has set.
fn defaults(object: &ObjectType) -> Vec<Initial> {
    object.fields.iter().map(|field| Initial::Constant(zero(field.register_type()))).collect()
}

/// An initial value, how deep it is nested, and whether it may be null.
struct Nested {
    value: Initial,
    depth: usize,
    is_nullable: bool,
}

impl Nested {
    fn leaf(value: Initial) -> Self {
        Nested { value, depth: 0, is_nullable: false }
    }

    /// Replaces the two topmost values.
    fn combine(stack: &mut Vec<Nested>, op: InitialOp, offset: u64) -> Result<Self, WasmError> {
        let (Some(rhs), Some(lhs)) = (stack.pop(), stack.pop()) else {
            return Err(WasmError::new(offset, "an operand is missing in a constant expression"));
        };
        let value = Initial::Arithmetic(op, Box::new(lhs.value), Box::new(rhs.value));
        Nested::around([lhs.depth, rhs.depth], offset, value)
    }

    /// A value that is made of others, which are nested so deep.
    fn around(depths: impl IntoIterator<Item = usize>, offset: u64, value: Initial) -> Result<Self, WasmError> {
        let depth = depths.into_iter().max().unwrap_or(0) + 1;
        if depth > INITIAL_DEPTH_MAX {
            let what = format_args!("a constant expression that is nested more than {INITIAL_DEPTH_MAX} deep");
            return Err(WasmError::unsupported(offset, what));
        }
        Ok(Nested { value, depth, is_nullable: false })
    }

    /// An object with a descriptor.
    fn described(
        object: &ObjectType,
        mut parts: Vec<Initial>,
        descriptor: Nested,
        mut depths: Vec<usize>,
        offset: u64,
    ) -> Result<Self, WasmError> {
        let place = object.descriptor.expect("validation asks for a type with a descriptor here");
        if descriptor.is_nullable {
            parts.insert(place, Initial::NotNull(Box::new(descriptor.value)));
            depths.push(descriptor.depth + 1);
        } else {
            parts.insert(place, descriptor.value);
            depths.push(descriptor.depth);
        }
        Nested::around(depths, offset, Initial::Record(object.layout, parts))
    }

    fn operand(stack: &mut Vec<Nested>, offset: u64) -> Result<Self, WasmError> {
        stack.pop().ok_or_else(|| WasmError::new(offset, "an operand is missing in a constant expression"))
    }

    /// The topmost values, in the order in which they were pushed, and how deep they are nested.
    fn operands(stack: &mut Vec<Nested>, count: usize, offset: u64) -> Result<(Vec<Initial>, Vec<usize>), WasmError> {
        let first = stack.len().checked_sub(count);
        let first = first.ok_or_else(|| WasmError::new(offset, "an operand is missing in a constant expression"))?;
        Ok(stack.drain(first..).map(|nested| (nested.value, nested.depth)).unzip())
    }
}
