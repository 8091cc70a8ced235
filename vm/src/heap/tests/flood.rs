//! Keys that were chosen to collide: the work they make stays within a small factor of that of other keys.

use super::*;
use crate::heap::hash::{HASH_KEY_DEFAULT, Hasher};
use crate::heap::hash_bytes;
use crate::heap::string::mix;
use crate::heap::table::directory::{BUCKET_NODES_MAX, Directory, spread};
use crate::heap::table::layout::{CHAIN_MAX, NODES_MAX};
use crate::heap::table::part::Part;

/// Nodes and indices that are looked at to find a key.
fn steps(table: *mut Table, key: Value) -> usize {
    // SAFETY: the tests keep what they use reachable.
    unsafe {
        let key = crate::heap::table::normalise(key);
        let (part, hash, indices) = if Table::has_buckets(table) {
            let at = Directory::locate(Directory::of(table), key).expect("the key is in the table");
            (at.bucket.part(), at.hash, usize::from(at.hasher.level))
        } else {
            (Part::of(table), Table::hash_of(key).expect("the key is in the table"), 0)
        };
        let found = part.find(key, hash);
        assert!(!found.is_null(), "the key is in the table");
        let mut node = part.nodes.add((hash & part.mask) as usize);
        let mut steps = indices + 1;
        while node != found {
            node = node.offset((*node).next as isize);
            steps += 1;
        }
        steps
    }
}

/// Puts keys into a table, removes and adds some again; the most steps to any of them, and the bytes in use.
fn flood(keys: impl Fn(&mut Heap) -> Vec<Value>) -> (usize, usize) {
    let mut heap = new_heap();
    let table = table(&mut heap);
    let keys = keys(&mut heap);
    for (number, &key) in (0..).zip(&keys) {
        set(&mut heap, table, key, Value::int(number));
    }
    for &key in keys.iter().step_by(3) {
        set(&mut heap, table, key, Value::NIL);
    }
    for (number, &key) in (0..).zip(&keys).step_by(3) {
        set(&mut heap, table, key, Value::int(number));
    }
    for (number, &key) in (0..).zip(&keys) {
        assert_eq!(get(&mut heap, table, key).as_int(), Some(number));
    }
    let mut found = entries(&mut heap, table);
    assert_eq!(found.len(), keys.len());
    found.sort_by_key(|(_, value)| value.payload());
    assert!(found.iter().zip(&keys).all(|((key, _), other)| key.raw_equals(*other)));
    let most = keys.iter().map(|&key| steps(table, key)).max().unwrap_or(0);
    (most, heap.used_bytes())
}

const COUNT: usize = times(3000, 200);
/// Steps to a key at most, however many collide: a chain, and the levels above it.
const STEPS_MAX: usize = CHAIN_MAX as usize + 2 + 8;

/// Numbers whose hashes have the same first bits, as an index sees them, and last bits.
fn colliding_words(count: usize, first_bits: u32, last_bits: u32, accept: impl Fn(u64) -> bool) -> Vec<u64> {
    let starts_right = |hash: u32| first_bits == 0 || spread(hash) >> (32 - first_bits) == 0;
    let wanted = |hash: u32| hash & ((1 << last_bits) - 1) == 0 && starts_right(hash);
    let mut random = Random(9);
    let mut found = Vec::new();
    while found.len() < count {
        let word = random.next().wrapping_mul(0x1_0001_0001_0001);
        if accept(word) && wanted(Table::hash_of_word(word)) {
            found.push(word);
        }
    }
    found
}

#[test]
fn integers_that_collide() {
    let bits = NODES_MAX.trailing_zeros();
    for (first, last) in [(0, bits), (bits, 0), (4, bits)] {
        let words = colliding_words(COUNT, first, last, |_| true);
        let (most, bytes) = flood(|_| words.iter().map(|&word| Value::int(word as i64)).collect());
        assert!(most <= STEPS_MAX, "{first} and {last} bits: {most} steps");
        assert!(bytes < COUNT * 400, "{first} and {last} bits: {bytes} bytes");
    }
}

#[test]
fn floats_that_collide() {
    let is_key = |word: u64| {
        let float = f64::from_bits(word);
        float.is_finite() && float.fract() != 0.0
    };
    let words = colliding_words(COUNT, 0, NODES_MAX.trailing_zeros(), is_key);
    let (most, _) = flood(|_| words.iter().map(|&word| Value::float(f64::from_bits(word))).collect());
    assert!(most <= STEPS_MAX, "{most} steps");
}

/// Strings of this length with one and the same hash, all of its bits: the second word undoes the first.
fn colliding_strings(length: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut random = Random(4);
    while found.len() < COUNT {
        let first = random.next();
        let second = mix(0x51_7cc1_b727_220a ^ length as u64, first);
        let mut bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
        bytes.resize(length, b'.');
        found.push(bytes.iter().map(|&byte| char::from(byte)).collect());
    }
    found
}

/// The bytes that the characters of such a string stand for.
fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|character| character as u8).collect()
}

#[test]
fn short_strings_that_collide() {
    let strings = colliding_strings(32);
    let hash = hash_bytes(&bytes_of(&strings[0]));
    assert!(strings.iter().all(|string| hash_bytes(&bytes_of(string)) == hash), "they collide");
    let make = |heap: &mut Heap| {
        let made: Vec<Value> =
            strings.iter().map(|text| heap.string_value(&bytes_of(text)).expect("no limit")).collect();
        for (text, value) in strings.iter().zip(&made) {
            assert_eq!(heap.string_value(&bytes_of(text)).expect("no limit").payload(), value.payload());
        }
        assert!(heap.interned_steps_max() <= 40, "{} strings in a bucket", heap.interned_steps_max());
        made
    };
    let (most, _) = flood(make);
    assert!(most <= STEPS_MAX, "{most} steps");
}

#[test]
fn strings_of_a_flood_leave_the_table_of_strings() {
    let mut heap = new_heap();
    let mut roots = List::default();
    let strings = colliding_strings(24);
    for round in 0..3 {
        roots.0 = strings.iter().map(|text| heap.string_value(&bytes_of(text)).expect("no limit")).collect();
        heap.collect_full(&mut roots);
        assert_eq!(heap.interned_len(), strings.len(), "round {round}");
        for (text, value) in strings.iter().zip(&roots.0) {
            assert_eq!(heap.string_value(&bytes_of(text)).expect("no limit").payload(), value.payload());
        }
        roots.0.truncate(5);
        heap.collect_full(&mut roots);
        assert_eq!(heap.interned_len(), 5);
        for (text, value) in strings.iter().zip(&roots.0) {
            assert_eq!(heap.string_value(&bytes_of(text)).expect("no limit").payload(), value.payload());
        }
        roots.0.clear();
        heap.collect_full(&mut roots);
        assert_eq!((heap.interned_len(), heap.used_bytes()), (0, 0));
    }
}

#[test]
fn long_strings_that_collide() {
    // Their hash cannot be made to collide at will: these agree in the bits that choose a node.
    let mask = NODES_MAX as u32 - 1;
    let mut strings = Vec::new();
    let mut number = 0;
    while strings.len() < COUNT / 4 {
        let text = format!("{number:050}");
        number += 1;
        if crate::heap::hash::hash_long(text.as_bytes()) & mask == 0 {
            strings.push(text);
        }
    }
    let (most, _) = flood(|heap| strings.iter().map(|text| string_value(heap, text)).collect());
    assert!(most <= STEPS_MAX, "{most} steps");
}

#[test]
fn objects_that_collide() {
    let make = |heap: &mut Heap| {
        let mut made = Vec::new();
        while made.len() < COUNT / 10 {
            let key = table(heap);
            // SAFETY: nothing is collected in this test.
            let id = unsafe { heap.id_of(key.cast()) };
            if Table::hash_of_word(id) & (NODES_MAX as u32 - 1) == 0 {
                made.push(table_value(key));
            }
        }
        made
    };
    let (most, _) = flood(make);
    assert!(most <= STEPS_MAX, "{most} steps");
}

#[test]
fn whoever_knows_the_next_function_too_gets_the_one_after() {
    let hasher = Hasher { key: HASH_KEY_DEFAULT, level: 1 };
    let mask = BUCKET_NODES_MAX as u32 - 1;
    let collides = |word: u64| {
        // SAFETY: numbers are always alive.
        let strong = unsafe { hasher.hash(Value::int(word as i64)) }.expect("numbers have hashes");
        strong & mask == 0 && spread(strong) >> 28 == 0
    };
    let words: Vec<u64> = colliding_words(COUNT / 20, 4, 4, collides);
    let (most, bytes) = flood(|_| words.iter().map(|&word| Value::int(word as i64)).collect());
    assert!(most <= STEPS_MAX, "{most} steps");
    assert!(bytes < COUNT * 20, "{bytes} bytes");
}

#[test]
fn removing_and_adding_does_not_join_chains() {
    // Keys that take the places of removed ones, over and over: no chain grows beyond what a key finds by itself.
    let mut heap = new_heap();
    let table = table(&mut heap);
    let mut random = Random(21);
    let mut kept: Vec<i64> = Vec::new();
    for _ in 0..times(20_000, 500) {
        if kept.len() > 40 {
            let gone = kept.swap_remove(random.below(kept.len() as u64) as usize);
            set(&mut heap, table, Value::int(gone), Value::NIL);
        }
        let key = random.next() as i64 | 1 << 40;
        set(&mut heap, table, Value::int(key), Value::TRUE);
        kept.push(key);
        let most = kept.iter().map(|&key| steps(table, Value::int(key))).max().unwrap_or(0);
        assert!(most <= 12, "{most} steps");
    }
}
