//! Tests of the heap as a whole.

mod cycles;
mod graph;
mod model;

use super::{Heap, HeapLimits, InvalidKey, Marker, Roots, Str, Table, TableScan};
use crate::value::Value;

/// Roots as a list of values.
#[derive(Default)]
struct List(Vec<Value>);

impl Roots for List {
    fn trace_roots(&mut self, marker: &mut Marker) {
        for &value in &self.0 {
            marker.mark(value);
        }
    }

    fn trace_fiber(&mut self, fiber: *mut (), marker: &mut Marker) {
        // SAFETY: the tests make fibers whose state is a `Value`.
        marker.mark(unsafe { *fiber.cast::<Value>() });
    }
}

/// A generator of numbers that are the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn new_heap() -> Heap {
    Heap::new(HeapLimits::default())
}

fn table(heap: &mut Heap) -> *mut Table {
    heap.new_table(0, 0).expect("no limit")
}

fn string(heap: &mut Heap, text: &str) -> *mut Str {
    heap.new_string(text.as_bytes()).expect("no limit")
}

fn string_value(heap: &mut Heap, text: &str) -> Value {
    let string = string(heap, text);
    // SAFETY: the tests keep what they use reachable.
    unsafe { Value::from_string(string) }
}

fn table_value(table: *mut Table) -> Value {
    // SAFETY: the tests keep what they use reachable.
    unsafe { Value::from_table(table) }
}

fn set(heap: &mut Heap, table: *mut Table, key: Value, value: Value) {
    // SAFETY: the tests keep what they use reachable.
    unsafe { Table::set(table, heap, key, value) }.expect("a good key and no limit");
}

fn get(heap: &mut Heap, table: *mut Table, key: Value) -> Value {
    // SAFETY: the tests keep what they use reachable.
    unsafe { Table::get(table, heap, key) }
}

/// The entry after `key`.
///
/// # Safety
/// As for [`Table::next`].
unsafe fn next(table: *mut Table, heap: &mut Heap, key: Value) -> Result<Option<(Value, Value)>, InvalidKey> {
    // SAFETY: as the caller promises.
    unsafe {
        let mut scan = Table::next(table, heap, key)?;
        loop {
            match scan {
                TableScan::Found { key, value, .. } => return Ok(Some((key, value))),
                TableScan::End { .. } => return Ok(None),
                TableScan::More { position } => scan = Table::scan(table, heap, position, 3),
            }
        }
    }
}

/// The entries in the order of traversal.
fn entries(heap: &mut Heap, table: *mut Table) -> Vec<(Value, Value)> {
    let mut entries = Vec::new();
    let mut key = Value::NIL;
    // SAFETY: the tests keep what they use reachable.
    let step = |heap: &mut Heap, key| unsafe { next(table, heap, key) };
    while let Some((next, value)) = step(heap, key).expect("the key was just given") {
        entries.push((next, value));
        key = next;
    }
    entries
}

/// How often to do something: seldom under Miri, which is a thousand times slower.
pub(super) const fn times(often: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { often }
}
