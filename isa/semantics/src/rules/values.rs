//! Rules that move values, look at `any` values without asking metamethods, and reach what closures capture.

use super::dynamic::long_comparison;
use super::rules;
use super::scope::{Flow, Scope, Stop};
use crate::store::Closure;
use crate::value::{Any, ObjectId, Value};
use minivm_isa::entities::Layout;
use minivm_isa::{Instruction, Operand, TrapCode};
use std::rc::Rc;

/// Copies, globals, constants that are objects, and lists of further arguments.
pub(crate) fn moves(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    match instruction {
        Instruction::Copy { dst, src } => scope.frame.set(*dst, scope.value(*src)),
        Instruction::Select { dst, cond, if_true, if_false } => {
            let chosen = if scope.get(*cond) { *if_true } else { *if_false };
            scope.frame.set(*dst, scope.value(chosen));
        }
        Instruction::GlobalGet { dst, global } => {
            let number = scope.instance().globals[global.as_u32() as usize];
            scope.frame.set(*dst, scope.store.globals[number].value.clone());
        }
        Instruction::GlobalSet { global, src } => {
            let number = scope.instance().globals[global.as_u32() as usize];
            scope.store.globals[number].value = scope.value(*src);
        }
        Instruction::RefNull { dst, .. } => scope.frame.set(*dst, Value::Ref(None)),
        Instruction::RefFunc { dst, function } => {
            let closure = scope.instance().functions[function.as_u32() as usize];
            scope.set(*dst, Any::Function(closure.expect("the verifier proved that it captures nothing")));
        }
        Instruction::TableNew { dst, array, hash } => {
            // Room that is asked for is paid for, and means nothing else.
            let is_paid = *array >= ROOM_FREE || *hash >= ROOM_FREE;
            if is_paid && let Err(stop) = scope.meter.pay(array / 16 + hash / 8) {
                return Some(Err(stop));
            }
            let table = scope.store.new_table();
            scope.set(*dst, table);
        }
        Instruction::Varargs { results } => {
            for (index, result) in results.iter().enumerate() {
                scope.set(*result, scope.frame.varargs.get(index).cloned().unwrap_or(Any::Nil));
            }
        }
        Instruction::VarargsToOpen {} => {
            if let Err(stop) = scope.meter.pay(scope.frame.varargs.len() as u64 / 16) {
                return Some(Err(stop));
            }
            scope.frame.open = scope.frame.varargs.clone();
        }
        Instruction::TakeOpen { count, results } => {
            let values = scope.with_open(&[]);
            scope.set(*count, values.len() as u32);
            for (index, result) in results.iter().enumerate() {
                scope.set(*result, values.get(index).cloned().unwrap_or(Any::Nil));
            }
        }
        _ => return None,
    }
    Some(Ok(Flow::Next))
}

/// Room of a new table that costs nothing.
const ROOM_FREE: u64 = 64;

rules! {
    /// `any` values as numbers, and what they are.
    pub(crate) fn simple_conversions;
    AnyFromI64(src: i64) -> Any = Any::Integer(src);
    AnyFromF64(src: f64) -> Any = Any::Float(src);
    AnyFromBool(src: bool) -> Any = Any::Bool(src);
    I64FromAny(src: Any) -> Result<i64, TrapCode> = if let Any::Integer(it) = src { Ok(it) } else { Err(TrapCode::WrongKind) };
    F64FromAny(src: Any) -> Result<f64, TrapCode> = if let Any::Float(it) = src { Ok(it) } else { Err(TrapCode::WrongKind) };
    IsTruthy(src: Any) -> bool = src.is_truthy();
    KindOf(src: Any) -> u32 = src.kind() as u32;
    Not(src: Any) -> Any = Any::Bool(!src.is_truthy());
}

/// Between `any` and typed registers.
pub(crate) fn conversions(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    match *instruction {
        Instruction::AnyFromRef { dst, src, .. } => {
            let object = scope.value(src).object();
            scope.set(dst, scope.store.any_of_object(object));
        }
        Instruction::RefFromAny { dst, layout, src } => match scope.cast(layout, src) {
            Ok(object) => scope.frame.set(dst, Value::Ref(object)),
            Err(code) => return Some(Err(code.into())),
        },
        Instruction::Same { dst, lhs, rhs } => {
            let (lhs, rhs): (Any, Any) = (scope.get(lhs), scope.get(rhs));
            if let Err(stop) = scope.meter.pay(long_comparison(&lhs, &rhs, true)) {
                return Some(Err(stop));
            }
            scope.set(dst, lhs.same(&rhs));
        }
        Instruction::RefIsNull { dst, src, .. } => scope.set(dst, scope.value(src).object().is_none()),
        Instruction::RefSame { dst, lhs, rhs, .. } => {
            scope.set(dst, scope.value(lhs).object() == scope.value(rhs).object());
        }
        _ => return simple_conversions(scope, instruction),
    }
    Some(Ok(Flow::Next))
}

impl Scope<'_> {
    /// A value as a reference to an object of a layout, or null for nil.
    pub(crate) fn cast(&self, layout: Layout, src: Operand) -> Result<Option<ObjectId>, TrapCode> {
        match self.get(src) {
            Any::Nil => Ok(None),
            Any::Object { id, .. } if self.store.types.layout_fits(self.store[id].layout, self.layout(layout)) => {
                Ok(Some(id))
            }
            Any::Object { .. } => Err(TrapCode::CastFailure),
            _ => Err(TrapCode::WrongKind),
        }
    }

    /// What the running closure has captured.
    fn captured(&self, index: u64) -> Value {
        match &self.store[self.frame.closure] {
            Closure::Guest { captures, .. } => captures[index as usize].clone(),
            Closure::Host { .. } | Closure::Bridge { .. } => unreachable!("frames are those of functions with code"),
        }
    }
}

/// Closures, what they capture, and cells.
pub(crate) fn captures(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    match instruction {
        Instruction::Closure { dst, function, captures } => {
            let instance = scope.frame.instance;
            let imported = match scope.instance().program.functions[*function] {
                minivm_isa::program::FunctionDef::Import { .. } => {
                    scope.instance().functions[function.as_u32() as usize]
                }
                minivm_isa::program::FunctionDef::Code(_) => None,
            };
            let captures: Rc<[Value]> = scope.values(captures).into();
            let made = || scope.store.new_closure(Closure::Guest { instance, function: *function, captures });
            let closure = imported.unwrap_or_else(made);
            scope.set(*dst, Any::Function(closure));
        }
        Instruction::CaptureGet { dst, index } => scope.frame.set(*dst, scope.captured(*index)),
        Instruction::CellNew { dst, src } => {
            let cell = scope.store.new_cell(scope.get(*src));
            scope.frame.set(*dst, Value::Cell(cell));
        }
        Instruction::CellGet { dst, cell } => {
            let cell = scope.value(*cell).cell();
            scope.set(*dst, scope.store[cell].clone());
        }
        Instruction::CellSet { cell, src } => {
            let cell = scope.value(*cell).cell();
            scope.store[cell] = scope.get(*src);
        }
        Instruction::CaptureCellGet { dst, index } => {
            let cell = scope.captured(*index).cell();
            scope.set(*dst, scope.store[cell].clone());
        }
        Instruction::CaptureCellSet { index, src } => {
            let cell = scope.captured(*index).cell();
            scope.store[cell] = scope.get(*src);
        }
        Instruction::CurrentFunction { dst } => scope.set(*dst, Any::Function(scope.frame.closure)),
        _ => return None,
    }
    Some(Ok(Flow::Next))
}
