//! Rules of records and arrays of a fixed layout. Bounds are checked before anything is changed.

use super::scope::{Flow, Scope, Stop};
use crate::store::{range, stored};
use crate::value::{Any, ObjectId, Value};
use minivm_isa::entities::{Layout, Reg};
use minivm_isa::types::{Storage, Type};
use minivm_isa::{Instruction, Operand, TrapCode};

/// Elements that are made, copied or filled for 1 unit.
const ELEMENTS_PER_UNIT: u64 = 16;
/// Elements of an array, at most.
const ELEMENTS_MAX: usize = 1 << 24;

/// Does an instruction on single fields and elements.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(match instruction {
        Instruction::RecordNew { dst, layout, fields } => {
            let values = scope.values(fields).into_iter().zip(scope.storages(*layout));
            let values = values.map(|(value, storage)| stored(value, storage)).collect();
            scope.make(*dst, *layout, values)
        }
        Instruction::RecordGet { dst, object, field, .. } => {
            scope.object(*object).map_err(Stop::from).map(|id| scope.read(*dst, id, *field as usize))
        }
        Instruction::RecordSet { layout, object, field, src } => {
            let value = stored(scope.value(*src), scope.storages(*layout)[*field as usize]);
            scope.object(*object).map_err(Stop::from).map(|id| scope.write(id, *field as usize, [value]))
        }
        Instruction::ArrayNew { dst, layout, length, src } => array_new(scope, *dst, *layout, *length, *src),
        Instruction::ArrayGet { dst, object, index, .. } => {
            scope.elements(*object, *index, 1).map(|(id, at)| scope.read(*dst, id, at))
        }
        Instruction::ArraySet { layout, object, index, src } => {
            let value = stored(scope.value(*src), scope.storages(*layout)[0]);
            scope.elements(*object, *index, 1).map(|(id, at)| scope.write(id, at, [value]))
        }
        Instruction::ArrayLength { dst, object, .. } => scope.object(*object).map_err(Stop::from).map(|id| {
            scope.set(*dst, scope.store[id].values.len() as u32);
            Flow::Next
        }),
        Instruction::ArraySize { dst, src } => match scope.get(*src) {
            Any::Object { id, is_array: true } => {
                scope.set(*dst, scope.store[id].values.len() as u32);
                Ok(Flow::Next)
            }
            Any::Nil => Err(TrapCode::NullReference.into()),
            _ => Err(TrapCode::WrongKind.into()),
        },
        _ => return None,
    })
}

/// Instructions on ranges of elements, which pay before they begin.
pub(crate) fn ranges(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(match *instruction {
        Instruction::ArrayFill { layout, object, index, src, length } => {
            let value = stored(scope.value(src), scope.storages(layout)[0]);
            fill(scope, object, index, length, |scope, length| Ok(vec![value.clone(); scope.count(length)]))
        }
        Instruction::ArrayCopy { object, index, source, source_index, length, .. } => {
            if let Err(null) = scope.object(object).and(scope.object(source)) {
                return Some(Err(null.into()));
            }
            fill(scope, object, index, length, |scope, length| {
                let count = scope.get::<u32>(length).into();
                let (from, at) = scope.elements(source, source_index, count)?;
                Ok(scope.store[from].values[at..at + count as usize].to_vec())
            })
        }
        Instruction::ArrayInitData { layout, object, index, data, source, length } => {
            fill(scope, object, index, length, |scope, length| {
                let (storage, count) = (scope.storages(layout)[0], scope.count(length));
                let size = bytes_of(storage);
                let segment = scope.instance().data[data.as_u32() as usize].clone();
                let start = scope.get::<u32>(source).into();
                let range = range(start, (count * size) as u64, segment.len(), TrapCode::MemoryBounds)?;
                Ok(segment[range].chunks(size).map(|bytes| from_bytes(bytes, storage)).collect())
            })
        }
        Instruction::ArrayInitElement { object, index, element, source, length, .. } => {
            fill(scope, object, index, length, |scope, length| {
                let values = scope.instance().elements[element.as_u32() as usize].clone();
                let (start, count) = (scope.get::<u32>(source).into(), scope.count(length) as u64);
                let range = range(start, count, values.len(), TrapCode::TableBounds)?;
                Ok(values[range].iter().cloned().map(Value::Any).collect())
            })
        }
        _ => return None,
    })
}

impl Scope<'_> {
    fn count(&self, operand: Operand) -> usize {
        self.get::<u32>(operand) as usize
    }

    fn make(&mut self, dst: Reg, layout: Layout, values: Vec<Value>) -> Result<Flow, Stop> {
        let object = self.store.new_object(self.layout(layout), values);
        self.frame.set(dst, Value::Ref(Some(object)));
        Ok(Flow::Next)
    }

    fn read(&mut self, dst: Reg, object: ObjectId, at: usize) -> Flow {
        self.frame.set(dst, self.store[object].values[at].clone());
        Flow::Next
    }

    fn write(&mut self, object: ObjectId, at: usize, values: impl IntoIterator<Item = Value>) -> Flow {
        self.store[object].values[at..].iter_mut().zip(values).for_each(|(place, value)| *place = value);
        Flow::Next
    }

    /// An array, and the place of so many elements from an index on.
    fn elements(&self, object: Operand, index: Operand, count: u64) -> Result<(ObjectId, usize), Stop> {
        let object = self.object(object)?;
        let available = self.store[object].values.len();
        let range = range(self.get::<u32>(index).into(), count, available, TrapCode::ArrayBounds)?;
        Ok((object, range.start))
    }
}

fn array_new(scope: &mut Scope<'_>, dst: Reg, layout: Layout, length: Operand, src: Operand) -> Result<Flow, Stop> {
    let count = scope.count(length);
    if count > ELEMENTS_MAX {
        return Err(TrapCode::OutOfMemory.into());
    }
    scope.meter.pay(count as u64 / ELEMENTS_PER_UNIT)?;
    let value = stored(scope.value(src), scope.storages(layout)[0]);
    scope.make(dst, layout, vec![value; count])
}

/// Overwrites elements with values, which are read before. There must be an array, then such elements, then such values.
fn fill(
    scope: &mut Scope<'_>,
    object: Operand,
    index: Operand,
    length: Operand,
    values: impl Fn(&Scope<'_>, Operand) -> Result<Vec<Value>, Stop>,
) -> Result<Flow, Stop> {
    let count = u64::from(scope.get::<u32>(length));
    let (target, at) = scope.elements(object, index, count)?;
    let values = values(scope, length)?;
    scope.meter.pay(count / ELEMENTS_PER_UNIT)?;
    Ok(scope.write(target, at, values))
}

/// Bytes of an element that is a number.
fn bytes_of(storage: Storage) -> usize {
    match storage {
        Storage::I8 => 1,
        Storage::I16 => 2,
        Storage::Whole(Type::I32 | Type::F32) => 4,
        Storage::Whole(Type::V128) => 16,
        Storage::Whole(_) => 8,
    }
}

/// A number out of its bytes, little-endian.
fn from_bytes(bytes: &[u8], storage: Storage) -> Value {
    let bits = bytes.iter().rev().fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte));
    match storage.register_type() {
        Type::I32 => Value::I32(bits as i32),
        Type::F32 => Value::F32(bits as u32),
        Type::F64 => Value::F64(bits as u64),
        Type::V128 => Value::V128(bits),
        _ => Value::I64(bits as i64),
    }
}
