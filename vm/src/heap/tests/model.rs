//! Tables against a map from the standard library, with random operations, while the collector runs.

use std::collections::BTreeMap;

use super::*;
use crate::heap::{Stress, TableError};
use crate::value::Tag;

/// A key as the model sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Int(i64),
    Float(u64),
    Bool(bool),
    Text(usize),
    Object(usize),
}

/// A table, what it should hold, and what keys are made of.
struct Model {
    heap: Heap,
    roots: List,
    random: Random,
    expected: BTreeMap<Key, i64>,
    objects: usize,
}

const OBJECTS: usize = 40;

impl Model {
    fn new(seed: u64, stress: Stress) -> Model {
        let limits = HeapLimits { cycle_bytes_min: 64 << 10, step_bytes: 1 << 10, ..HeapLimits::default() };
        let mut heap = Heap::new(limits);
        heap.set_stress(stress);
        let mut roots = List(vec![table_value(table(&mut heap))]);
        for _ in 0..OBJECTS {
            roots.0.push(table_value(table(&mut heap)));
        }
        Model { heap, roots, random: Random(seed), expected: BTreeMap::new(), objects: 1 }
    }

    fn table(&self) -> *mut Table {
        self.roots.0[0].as_table().expect("the first root is the table")
    }

    fn text(number: usize) -> String {
        // Some short, some long.
        format!("key {number} {}", "x".repeat(number % 60))
    }

    fn value_of(&mut self, key: Key) -> Value {
        match key {
            Key::Int(int) => Value::int(int),
            Key::Float(bits) => Value::float(f64::from_bits(bits)),
            Key::Bool(bool) => Value::bool(bool),
            Key::Text(number) => string_value(&mut self.heap, &Model::text(number)),
            Key::Object(number) => self.roots.0[self.objects + number],
        }
    }

    fn random_key(&mut self) -> Key {
        let pick = self.random.below(100);
        match pick {
            0..40 => Key::Int(self.random.below(200) as i64 + 1),
            40..50 => Key::Int(self.random.next() as i64 - (1 << 46)),
            50..55 => Key::Int(1 << self.random.below(62)),
            55..60 => Key::Float((self.random.below(50) as f64 + 0.5).to_bits()),
            60..62 => Key::Bool(pick == 60),
            62..90 => Key::Text(self.random.below(120) as usize),
            _ => Key::Object(self.random.below(OBJECTS as u64) as usize),
        }
    }

    fn safepoint(&mut self) {
        if self.heap.needs_step() {
            self.heap.step(&mut self.roots).expect("no limit");
        }
    }

    fn store(&mut self, key: Key, value: Option<i64>) {
        let key_value = self.value_of(key);
        let table = self.table();
        set(&mut self.heap, table, key_value, value.map_or(Value::NIL, Value::int));
        match value {
            Some(value) => self.expected.insert(key, value),
            None => self.expected.remove(&key),
        };
        self.safepoint();
    }

    /// Compares everything, by look-up, by traversal and by length.
    fn check(&mut self) {
        let table = self.table();
        for (key, value) in self.expected.clone() {
            let key_value = self.value_of(key);
            assert_eq!(get(&mut self.heap, table, key_value).as_int(), Some(value), "{key:?}");
            if let Key::Int(int) = key {
                let as_float = Value::float(int as f64);
                if int.abs() < 1 << 53 {
                    assert_eq!(get(&mut self.heap, table, as_float).as_int(), Some(value));
                }
            }
        }
        let found = entries(&mut self.heap, table);
        assert_eq!(found.len(), self.expected.len());
        // SAFETY: the table is a root.
        let len = unsafe { Table::len(table, &mut self.heap) };
        let has = |key| self.expected.contains_key(&Key::Int(key));
        assert!((len == 0 || has(len)) && !has(len + 1), "{len} is no border");
        for number in 0..5 {
            let absent = Value::int(-5 - number);
            assert!(get(&mut self.heap, table, absent).is_nil());
        }
    }

    /// Removes random entries while traversing.
    fn clear_some(&mut self) {
        let table = self.table();
        let mut key = Value::NIL;
        let mut seen = 0;
        let before = self.expected.len();
        // SAFETY: the table is a root, and so is the key while the collector runs.
        let step = |heap: &mut Heap, key| unsafe { next(table, heap, key) };
        while let Some((next, value)) = step(&mut self.heap, key).expect("a key just given") {
            seen += 1;
            key = next;
            self.roots.0.push(key);
            if self.random.below(3) == 0 {
                let removed = value.as_int().expect("all values are integers");
                self.expected.retain(|_, &mut value| value != removed);
                set(&mut self.heap, table, key, Value::NIL);
                self.heap.collect_full(&mut self.roots);
            }
            self.roots.0.pop();
        }
        assert_eq!(seen, before);
    }
}

fn run(seed: u64, stress: Stress, rounds: usize) {
    let mut model = Model::new(seed, stress);
    let mut unique = 0;
    for round in 0..rounds {
        let bias = (round / 100) % 3;
        for _ in 0..40 {
            let key = model.random_key();
            unique += 1;
            let value = if model.random.below(4) < bias as u64 { None } else { Some(unique) };
            model.store(key, value);
        }
        // An append phase, as arrays see it.
        if round % 7 == 0 {
            for _ in 0..20 {
                let table = model.table();
                // SAFETY: the table is a root.
                let len = unsafe { Table::len(table, &mut model.heap) };
                unique += 1;
                model.store(Key::Int(len + 1), Some(unique));
            }
        }
        if round % 20 == 0 {
            model.check();
        }
        if round % 50 == 0 {
            model.clear_some();
            model.check();
        }
        if round % 90 == 89 {
            let fresh = table(&mut model.heap);
            model.roots.0[0] = table_value(fresh);
            model.expected.clear();
        }
    }
    model.check();
}

#[test]
fn tables_agree_with_the_model() {
    for seed in 1..=times(6, 1) {
        run(seed as u64 * 0x9e37_79b9, Stress::Off, times(400, 12));
    }
}

#[test]
fn tables_agree_with_the_model_under_full_stress() {
    run(77, Stress::Full, times(60, 2));
}

#[test]
fn tables_agree_with_the_model_under_stepwise_stress() {
    run(78, Stress::Steps, times(300, 12));
    run(79, Stress::Steps, times(300, 12));
}

#[test]
fn the_order_of_traversal_depends_on_nothing_but_the_operations() {
    let order = |noise: usize| {
        let mut heap = new_heap();
        for number in 0..noise {
            string(&mut heap, &format!("noise {number}"));
            table(&mut heap);
        }
        let table_ = table(&mut heap);
        for number in 0..100 {
            let key = table_value(table(&mut heap));
            set(&mut heap, table_, key, Value::int(number));
            let key = string_value(&mut heap, &format!("k{number}"));
            set(&mut heap, table_, key, Value::int(number + 1000));
        }
        entries(&mut heap, table_).into_iter().map(|(_, value)| value.payload()).collect::<Vec<_>>()
    };
    assert_eq!(order(0), order(1234));
}

#[test]
fn bad_keys_are_errors() {
    let mut heap = new_heap();
    let table = table(&mut heap);
    // SAFETY: nothing is collected in this test.
    unsafe {
        assert_eq!(Table::set(table, &mut heap, Value::NIL, Value::TRUE), Err(TableError::NilKey));
        assert_eq!(Table::set(table, &mut heap, Value::float(f64::NAN), Value::TRUE), Err(TableError::NanKey));
        assert!(Table::get(table, &mut heap, Value::NIL).is_nil());
        assert!(Table::get(table, &mut heap, Value::float(f64::NAN)).is_nil());
        assert!(Table::next(table, &mut heap, Value::int(7)).is_err());
    }
}

#[test]
fn arrays_stay_in_the_array_part() {
    let mut heap = new_heap();
    let table = table(&mut heap);
    let count = times(10_000, 200) as i64;
    for number in 1..=count {
        set(&mut heap, table, Value::int(number), Value::int(number));
    }
    // SAFETY: nothing is collected in this test.
    unsafe {
        assert_eq!(i64::from(Table::slots_len(table)), count);
        assert!(Table::node_count(table) <= 1);
        assert_eq!(Table::len(table, &mut heap), count);
        for number in (count / 2 + 1..=count).rev() {
            Table::set_int(table, &mut heap, number, Value::NIL).expect("no limit");
            assert_eq!(Table::len(table, &mut heap), number - 1);
        }
    }
    // Filled from the end, entries move over when the array part is worth it.
    let reversed = self::table(&mut heap);
    for number in (1..=1000).rev() {
        set(&mut heap, reversed, Value::int(number), Value::int(number));
    }
    // SAFETY: as above.
    unsafe {
        assert_eq!(Table::len(reversed, &mut heap), 1000);
        assert!(Table::slots_len(reversed) > 500, "{}", Table::slots_len(reversed));
    }
}

#[test]
fn a_queue_does_not_grow_without_end() {
    let mut heap = new_heap();
    let table = table(&mut heap);
    for head in 1..=times(200_000, 2_000) as i64 {
        set(&mut heap, table, Value::int(head), Value::TRUE);
        if head > 10 {
            set(&mut heap, table, Value::int(head - 10), Value::NIL);
        }
    }
    // SAFETY: nothing is collected in this test.
    unsafe { assert!(Table::array_size(table) + (*table).mask < 1000) };
}

#[test]
fn caches_find_nodes_and_absent_events() {
    let mut heap = new_heap();
    let metatable = table(&mut heap);
    let name = string(&mut heap, "__index");
    // SAFETY: nothing is collected in this test.
    unsafe {
        assert!(Table::lacks(metatable, 0));
        Table::set_str(metatable, &mut heap, name, Value::TRUE).expect("no limit");
        assert!(!Table::lacks(metatable, 0));
        assert_eq!(Table::get_event(metatable, &mut heap, 0, name).tag(), Tag::TRUE);
        let index = Table::find_str_index(metatable, name).expect("it was set");
        let node = (*metatable).nodes.add(index as usize);
        assert!((*node).has_key(name.addr() as u64, Tag::STRING));
        Table::set_str(metatable, &mut heap, name, Value::NIL).expect("no limit");
        assert!(Table::get_event(metatable, &mut heap, 0, name).is_nil());
        assert!(Table::lacks(metatable, 0) && !Table::lacks(metatable, 1));
        Table::set_str(metatable, &mut heap, name, Value::TRUE).expect("no limit");
        assert!(!Table::lacks(metatable, 0));
        let object = heap.new_table(2, 2).expect("no limit");
        Table::set_metatable(object, &mut heap, metatable).expect("no limit");
        assert_eq!(Table::metatable(object), metatable);
    }
}
