//! Rules of strings as bytes, of the entries of tables, and of metatables.

use super::dynamic::units_of_bytes;
use super::scope::{Flow, Scope, Stop};
use crate::store::range;
use crate::value::{Any, Value};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction, Operand, TrapCode};
use std::rc::Rc;

/// Strings as bytes.
pub(crate) fn bytes(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(match instruction {
        Instruction::StringByte { dst, src, index } => {
            let index = scope.get::<i64>(*index) as u64;
            scope.string(*src).and_then(|bytes| {
                let at = range(index, 1, bytes.len(), TrapCode::StringBounds)?;
                scope.set(*dst, u32::from(bytes[at.start]));
                Ok(Flow::Next)
            })
        }
        Instruction::StringSlice { dst, src, start, end } => {
            let (start, end) = (scope.get::<i64>(*start) as u64, scope.get::<i64>(*end) as u64);
            scope.string(*src).and_then(|bytes| {
                let length = end.checked_sub(start).ok_or(TrapCode::StringBounds)?;
                let range = range(start, length, bytes.len(), TrapCode::StringBounds)?;
                // The whole of it is itself, and costs nothing.
                if range.len() < bytes.len() {
                    return scope.make_string(*dst, &bytes[range]);
                }
                scope.set(*dst, Any::String(bytes));
                Ok(Flow::Next)
            })
        }
        Instruction::StringNew { dst, bytes } => {
            let bytes: Vec<u8> = bytes.iter().map(|&byte| scope.get::<u32>(byte) as u8).collect();
            scope.make_string(*dst, &bytes)
        }
        Instruction::StringFromArray { dst, object, index, length, .. } => {
            scope.object(*object).map_err(Stop::from).and_then(|object| {
                let elements = &scope.store[object].values;
                let (start, length) = (scope.get::<u32>(*index).into(), scope.get::<u32>(*length).into());
                let range = range(start, length, elements.len(), TrapCode::ArrayBounds)?;
                let byte = |value: &Value| if let Value::I32(byte) = value { *byte as u8 } else { 0 };
                let bytes: Vec<u8> = elements[range].iter().map(byte).collect();
                scope.make_string(*dst, &bytes)
            })
        }
        _ => return None,
    })
}

/// Entries of tables one after the other, and metatables.
pub(crate) fn entries(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(match instruction {
        Instruction::TableNext { key, value, table, after } => match scope.get(*table) {
            Any::Table(table) => {
                scope.store.was_open |= !scope.store[table].has_order();
                match scope.store[table].next(&scope.get(*after)) {
                    Some((found, element)) => {
                        scope.set(*key, found);
                        scope.set(*value, element);
                        Ok(Flow::Next)
                    }
                    // A machine may know keys for a while that were taken out.
                    None => {
                        scope.store.was_open = true;
                        Err(Stop::Message("the table has no such key to go on after".to_owned()))
                    }
                }
            }
            _ => Err(TrapCode::WrongKind.into()),
        },
        Instruction::MetatableGet { dst, src } => {
            let metatable = match scope.get(*src) {
                Any::Table(table) => scope.store[table].metatable,
                _ => None,
            };
            scope.set(*dst, metatable.map_or(Any::Nil, Any::Table));
            Ok(Flow::Next)
        }
        Instruction::MetatableSet { table, src } => match (scope.get(*table), scope.get(*src)) {
            (Any::Table(table), Any::Table(metatable)) => {
                scope.store[table].metatable = Some(metatable);
                Ok(Flow::Next)
            }
            (Any::Table(table), Any::Nil) => {
                scope.store[table].metatable = None;
                Ok(Flow::Next)
            }
            _ => Err(TrapCode::WrongKind.into()),
        },
        _ => return None,
    })
}

impl Scope<'_> {
    fn string(&self, operand: Operand) -> Result<Rc<[u8]>, Stop> {
        match self.get(operand) {
            Any::String(bytes) => Ok(bytes),
            _ => Err(TrapCode::WrongKind.into()),
        }
    }

    fn make_string(&mut self, dst: Reg, bytes: &[u8]) -> Result<Flow, Stop> {
        self.meter.pay(units_of_bytes(bytes.len()))?;
        self.set(dst, Any::String(bytes.into()));
        Ok(Flow::Next)
    }
}
