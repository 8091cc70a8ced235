//! A table of values, addressed from zero, that can grow.

use super::MemoryBudget;
use super::elements::Elements;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use minivm_isa::program::ElementType;
use std::any::Any;
use std::rc::Rc;

/// Elements past which no table can grow.
const ELEMENTS_MAX: u64 = 1 << 27;
/// Bytes that a table is charged for besides its elements.
const TABLE_BYTES: u64 = 256;
/// Bytes of an element.
const ELEMENT_BYTES: u64 = size_of::<Value>() as u64;

/// Where the elements of a table are at the moment.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableView {
    /// The first element.
    pub(crate) base: *const Value,
    /// The number of elements.
    pub(crate) length: u64,
}

/// A table. Threaded code holds its address, so it stays in its box.
#[repr(C)]
pub(crate) struct TableInstance {
    /// Of the elements; native code reads it.
    view: TableView,
    elements: Elements,
    maximum: u64,
    declared_maximum: Option<u64>,
    element: ElementType,
    is_64: bool,
    budget: MemoryBudget,
    /// Keeps the machine's types that `element` names.
    types: Option<Rc<dyn Any>>,
}

impl TableInstance {
    /// Keeps something that knows the types of the elements as long as the table lives.
    pub(crate) fn keep_types(&mut self, types: Rc<dyn Any>) {
        self.types = Some(types);
    }

    /// A table of `minimum` elements `initial`.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`] when the budget does not have so much.
    pub(crate) fn new(
        element: ElementType,
        (minimum, maximum): (u64, Option<u64>),
        is_64: bool,
        initial: Value,
        budget: &MemoryBudget,
    ) -> Result<Box<TableInstance>, TrapCode> {
        if !budget.take(TABLE_BYTES) {
            return Err(TrapCode::OutOfMemory);
        }
        let mut table = Box::new(TableInstance {
            view: TableView { base: std::ptr::dangling(), length: 0 },
            elements: Elements::default(),
            maximum: maximum.unwrap_or(ELEMENTS_MAX).min(ELEMENTS_MAX),
            declared_maximum: maximum,
            element,
            is_64,
            budget: budget.clone(),
            types: None,
        });
        let limit = table.maximum;
        table.maximum = ELEMENTS_MAX;
        table.grow(minimum, initial).ok_or(TrapCode::OutOfMemory)?;
        table.maximum = limit;
        Ok(table)
    }

    /// The elements; for the collector, too.
    #[inline(always)]
    pub(crate) fn values(&self) -> &[Value] {
        // SAFETY: whoever changes where the elements are, or how many, notes it in `view`.
        unsafe { std::slice::from_raw_parts(self.view.base, self.view.length as usize) }
    }

    /// What it may hold.
    pub(crate) fn element(&self) -> ElementType {
        self.element
    }

    /// Elements it was declared to grow to at most.
    pub(crate) fn declared_maximum(&self) -> Option<u64> {
        self.declared_maximum
    }

    /// Whether its indices have 64 bits.
    pub(crate) fn is_64(&self) -> bool {
        self.is_64
    }

    /// Number of elements.
    pub(crate) fn length(&self) -> u64 {
        self.view.length
    }

    /// Whether the table may hold a value.
    pub(crate) fn accepts(&self, value: Value) -> bool {
        self.element.is_any() || self.element.is_function() && (value.tag == Tag::FUNCTION || value.tag == Tag::NIL)
    }

    /// The element at an index.
    ///
    /// # Errors
    /// [`TrapCode::TableBounds`].
    pub(crate) fn get(&self, index: u64) -> Result<Value, TrapCode> {
        let index = usize::try_from(index).map_err(|_| TrapCode::TableBounds)?;
        self.values().get(index).copied().ok_or(TrapCode::TableBounds)
    }

    /// Changes the element at an index.
    ///
    /// # Errors
    /// [`TrapCode::TableBounds`], or [`TrapCode::WrongKind`] when the table may not hold the value.
    pub(crate) fn set(&mut self, index: u64, value: Value) -> Result<(), TrapCode> {
        self.fill(index, value, 1)
    }

    /// Whether it may have so many elements more, if there is memory for them.
    pub(crate) fn may_grow(&self, count: u64) -> bool {
        let is_allowed = self.length().checked_add(count).is_some_and(|after| after <= self.maximum);
        is_allowed && count * ELEMENT_BYTES <= self.budget.maximum()
    }

    /// Bytes that it takes to grow by `count` elements.
    pub(crate) fn growth_bytes(&self, count: u64) -> u64 {
        let after = self.length().saturating_add(count).min(ELEMENTS_MAX);
        if capacity_for(after) > capacity_for(self.length()) { capacity_for(after) * ELEMENT_BYTES } else { 0 }
    }

    /// Grows by `count` elements; gives the number before, or none when it may not grow so far or hold such a value.
    pub(crate) fn grow(&mut self, count: u64, value: Value) -> Option<u64> {
        let before = self.length();
        let after = before.checked_add(count).filter(|&after| after <= self.maximum)?;
        if !self.accepts(value) || !self.reserve(after) {
            return None;
        }
        self.elements.grow(after as usize, value);
        self.look();
        Some(before)
    }

    /// Notes where the elements are, after that has changed.
    fn look(&mut self) {
        let values = self.elements.values();
        self.view = TableView { base: values.as_ptr(), length: values.len() as u64 };
    }

    /// Makes room for so many elements; while they move, both places are taken from the budget.
    fn reserve(&mut self, length: u64) -> bool {
        let (old, new) = (capacity_for(self.length()), capacity_for(length));
        if new == old {
            return true;
        }
        if !self.budget.take(new * ELEMENT_BYTES) {
            return false;
        }
        let is_there = self.elements.reserve(new as usize);
        self.look();
        self.budget.give_back(if is_there { old } else { new } * ELEMENT_BYTES);
        is_there
    }

    /// Takes its last `count` elements away.
    pub(crate) fn shrink(&mut self, count: u64) {
        let before = capacity_for(self.length());
        let length = self.length().saturating_sub(count);
        self.elements.truncate(length as usize);
        let after = capacity_for(length);
        if after < before {
            self.budget.give_back((before - after) * ELEMENT_BYTES);
        }
        self.look();
    }

    /// Whether `length` elements from `index` on are inside.
    ///
    /// # Errors
    /// [`TrapCode::TableBounds`] when they are not.
    pub(crate) fn check_range(&self, index: u64, length: u64) -> Result<(), TrapCode> {
        range(index, length, self.values().len()).map(|_| ())
    }

    /// Sets `length` elements from `index` on.
    ///
    /// # Errors
    /// As for [`set`](Self::set); then none is changed.
    pub(crate) fn fill(&mut self, index: u64, value: Value, length: u64) -> Result<(), TrapCode> {
        let range = range(index, length, self.values().len())?;
        if !range.is_empty() && !self.accepts(value) {
            return Err(TrapCode::WrongKind);
        }
        self.elements.values_mut()[range].fill(value);
        Ok(())
    }

    /// Copies elements inside of this table; the ranges may overlap.
    ///
    /// # Errors
    /// [`TrapCode::TableBounds`]; then none is changed.
    pub(crate) fn copy_within(&mut self, to: u64, from: u64, length: u64) -> Result<(), TrapCode> {
        let source = range(from, length, self.values().len())?;
        let target = range(to, length, self.values().len())?;
        self.elements.values_mut().copy_within(source, target.start);
        Ok(())
    }

    /// Copies `length` of `source` from index `from` on to index `to` of this table.
    ///
    /// # Errors
    /// As for [`set`](Self::set); then none is changed.
    pub(crate) fn init(&mut self, to: u64, source: &[Value], from: u64, length: u64) -> Result<(), TrapCode> {
        let source = &source[range(from, length, source.len())?];
        let target = range(to, length, self.values().len())?;
        if !source.iter().all(|&value| self.accepts(value)) {
            return Err(TrapCode::WrongKind);
        }
        self.elements.values_mut()[target].copy_from_slice(source);
        Ok(())
    }
}

impl Drop for TableInstance {
    fn drop(&mut self) {
        self.budget.give_back(capacity_for(self.length()) * ELEMENT_BYTES + TABLE_BYTES);
    }
}

/// The elements that a table of so many has room for: growing by one often is cheap, and how a table came to its length makes
/// no difference.
fn capacity_for(length: u64) -> u64 {
    let step = (length.next_power_of_two() / 16).max(4);
    length.next_multiple_of(step)
}

fn range(start: u64, length: u64, available: usize) -> Result<std::ops::Range<usize>, TrapCode> {
    let end = start.checked_add(length).filter(|&end| end <= available as u64).ok_or(TrapCode::TableBounds)?;
    Ok(start as usize..end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(minimum: u64, maximum: Option<u64>) -> Box<TableInstance> {
        let budget = MemoryBudget::new(1 << 20);
        TableInstance::new(ElementType::Any, (minimum, maximum), false, Value::int(0), &budget).unwrap()
    }

    fn ints(table: &TableInstance) -> Vec<u64> {
        table.values().iter().map(|value| value.payload).collect()
    }

    #[test]
    fn grows_up_to_its_maximum() {
        let mut table = table(1, Some(3));
        assert_eq!(table.grow(2, Value::int(5)), Some(1));
        assert_eq!(table.grow(1, Value::NIL), None);
        assert_eq!(ints(&table), [0, 5, 5]);
    }

    #[test]
    fn ranges_are_checked_before_anything_changes() {
        let mut table = table(4, None);
        table.set(1, Value::int(1)).unwrap();
        assert_eq!(table.fill(2, Value::int(9), 3), Err(TrapCode::TableBounds));
        table.copy_within(2, 0, 2).unwrap();
        assert_eq!(ints(&table), [0, 1, 0, 1]);
        assert_eq!(table.init(3, &[Value::int(1), Value::int(2)], 0, 2), Err(TrapCode::TableBounds));
        table.init(2, &[Value::int(7), Value::int(8)], 0, 2).unwrap();
        assert_eq!(ints(&table), [0, 1, 7, 8]);
        assert!(table.get(4).is_err());
        assert!(table.get(u64::MAX).is_err());
    }

    #[test]
    fn function_tables_hold_functions_only() {
        let budget = MemoryBudget::new(1 << 20);
        let mut table = TableInstance::new(ElementType::Function, (1, None), false, Value::NIL, &budget).unwrap();
        assert_eq!(table.set(0, Value::int(1)), Err(TrapCode::WrongKind));
        assert_eq!(table.grow(1, Value::int(1)), None);
        assert!(table.set(0, Value::NIL).is_ok());
    }
}
