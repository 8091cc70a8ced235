//! Rules of tables of `any` values. Bounds are checked before anything is changed.

use super::scope::{Flow, Scope, Stop};
use crate::store::range;
use crate::value::Any;
use minivm_isa::entities::Table;
use minivm_isa::{Instruction, Operand, TrapCode};

/// Elements that are copied or filled for 1 unit.
const ELEMENTS_PER_UNIT: u64 = 16;
/// Elements of a table, at most.
const ELEMENTS_MAX: u64 = 1 << 22;

/// Does an instruction on a table of `any` values.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    Some(match *instruction {
        Instruction::TableGet { dst, table, index } => scope.element(table, index).map(|value| {
            scope.set(dst, value);
            Flow::Next
        }),
        Instruction::TableSet { table, index, src } => {
            let (index, value) = (scope.value(index).address(), scope.get(src));
            write(scope, table, index, vec![value], 0)
        }
        Instruction::TableSize { dst, table } => {
            let (length, is_64) = (scope.list(table).values.len() as u64, scope.list(table).is_64);
            scope.set_count(dst, Some(length), is_64);
            Ok(Flow::Next)
        }
        Instruction::TableGrow { dst, table, src, count } => {
            let (value, count) = (scope.get(src), scope.value(count).address());
            grow(scope, table, value, count).map(|before| {
                let is_64 = scope.list(table).is_64;
                scope.set_count(dst, before, is_64);
                Flow::Next
            })
        }
        Instruction::TableFill { table, index, src, length } => {
            let (index, length) = (scope.value(index).address(), scope.value(length).address());
            let value: Any = scope.get(src);
            let available = scope.list(table).values.len();
            match range(index, length, available, TrapCode::TableBounds) {
                Ok(range) => write(scope, table, index, vec![value; range.len()], length / ELEMENTS_PER_UNIT),
                Err(code) => Err(code.into()),
            }
        }
        Instruction::TableCopy { table, source_table, index, source, length } => {
            let (index, source) = (scope.value(index).address(), scope.value(source).address());
            let length = scope.value(length).address();
            let values = scope.list(source_table).values.clone();
            copy(scope, (table, index), &values, (source, length))
        }
        Instruction::TableInit { table, element, index, source, length } => {
            let (index, source) = (scope.value(index).address(), scope.get::<u32>(source).into());
            let length = scope.get::<u32>(length).into();
            let values = scope.instance().elements[element.as_u32() as usize].clone();
            copy(scope, (table, index), &values, (source, length))
        }
        Instruction::ElementDrop { element } => {
            let instance = scope.frame.instance;
            scope.store[instance].elements[element.as_u32() as usize] = [].into();
            Ok(Flow::Next)
        }
        Instruction::ElementCheck { element, source, length } => {
            let (source, length) = (scope.get::<u32>(source).into(), scope.get::<u32>(length).into());
            let available = scope.instance().elements[element.as_u32() as usize].len();
            range(source, length, available, TrapCode::TableBounds).map(|_| Flow::Next).map_err(Stop::from)
        }
        _ => return None,
    })
}

impl Scope<'_> {
    /// `table[index]`.
    pub(crate) fn element(&mut self, table: Table, index: Operand) -> Result<Any, Stop> {
        let index = self.value(index).address();
        let values = &self.list(table).values;
        let range = range(index, 1, values.len(), TrapCode::TableBounds)?;
        Ok(values[range.start].clone())
    }
}

fn copy(
    scope: &mut Scope<'_>,
    (table, index): (Table, u64),
    source: &[Any],
    (from, length): (u64, u64),
) -> Result<Flow, Stop> {
    let range = range(from, length, source.len(), TrapCode::TableBounds)?;
    write(scope, table, index, source[range].to_vec(), length / ELEMENTS_PER_UNIT)
}

/// Writes values that the table may hold, for a price.
fn write(scope: &mut Scope<'_>, table: Table, index: u64, values: Vec<Any>, units: u64) -> Result<Flow, Stop> {
    let list = scope.list(table);
    let range = range(index, values.len() as u64, list.values.len(), TrapCode::TableBounds)?;
    if !values.iter().all(|value| list.accepts(value)) {
        return Err(TrapCode::WrongKind.into());
    }
    scope.meter.pay(units)?;
    scope.list(table).values[range].clone_from_slice(&values);
    Ok(Flow::Next)
}

/// Gives the number of elements before, or none when the table may not grow so far.
fn grow(scope: &mut Scope<'_>, table: Table, value: Any, count: u64) -> Result<Option<u64>, Stop> {
    let list = scope.list(table);
    if !list.accepts(&value) {
        return Err(TrapCode::WrongKind.into());
    }
    let before = list.values.len() as u64;
    let maximum = list.maximum.unwrap_or(ELEMENTS_MAX).min(ELEMENTS_MAX);
    let Some(after) = before.checked_add(count).filter(|&after| after <= maximum) else { return Ok(None) };
    scope.meter.pay(count / ELEMENTS_PER_UNIT)?;
    scope.list(table).values.resize(after as usize, value);
    Ok(Some(before))
}
