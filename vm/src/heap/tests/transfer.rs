//! Tables as bytes and back: the same order, the same future; and damaged bytes.

use super::*;
use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};
use crate::heap::HostObject;
use crate::heap::transfer::{FiberState, HeapLoader, HeapSaver, LoadOutside, LoadedLayout, SaveOutside};

/// There is nothing outside of these heaps.
struct Nothing;

impl SaveOutside for Nothing {
    fn function(&mut self, _: *const (), _: &mut Writer) -> Result<(), SnapshotError> {
        unreachable!("there are no functions")
    }
    fn layout(&mut self, _: u32, _: &mut Writer) -> Result<(), SnapshotError> {
        unreachable!("there are no types")
    }
    unsafe fn fiber(&mut self, _: *mut (), _: &mut HeapSaver, _: &mut Writer) -> Result<(), SnapshotError> {
        unreachable!("there are no fibers")
    }
    fn host_object(&mut self, _: &mut dyn HostObject, _: &mut HeapSaver, _: &mut Writer) -> Result<(), SnapshotError> {
        unreachable!("there are no host objects")
    }
}

impl LoadOutside for Nothing {
    fn function(&mut self, from: &mut Reader<'_>) -> Result<(*const (), *const u8), SnapshotError> {
        Err(from.damaged("there are no functions"))
    }
    unsafe fn may_capture(&mut self, _: *const (), _: &[Value]) -> bool {
        false
    }
    unsafe fn is_sealed(&self, _: *const ()) -> bool {
        false
    }
    fn layout(&mut self, from: &mut Reader<'_>) -> Result<(u32, LoadedLayout), SnapshotError> {
        Err(from.damaged("there are no types"))
    }
    fn may_refer(&self, _: u32, _: usize, _: Option<Value>) -> bool {
        false
    }
    fn new_fiber(&mut self) -> Result<FiberState, SnapshotError> {
        Err(SnapshotError::OutOfMemory)
    }
    fn host_object(&mut self, from: &mut Reader<'_>) -> Result<Box<dyn HostObject>, SnapshotError> {
        Err(from.damaged("there are no host objects"))
    }
}

/// A heap as bytes.
#[derive(Clone, PartialEq)]
struct Saved {
    count: usize,
    strings: usize,
    shapes: Vec<u8>,
    contents: Vec<u8>,
    rest: Vec<u8>,
}

fn save(heap: &mut Heap, roots: &mut List) -> Saved {
    heap.settle(roots);
    let (mut saver, mut rest) = (HeapSaver::new(), Writer::new());
    rest.count(roots.0.len());
    for &root in &roots.0 {
        saver.value(root, &mut rest);
    }
    // SAFETY: what is reachable from the roots is live.
    let (count, shapes, contents) = unsafe { saver.drain(&mut Nothing) }.expect("there is nothing it could refuse");
    heap.forget_strings(saver.interned, |string| saver.has_met(string.cast()));
    heap.save_counters(saver.live_bytes, &mut rest);
    heap.save_lists(&saver, &mut rest);
    Saved { count, strings: saver.interned, shapes, contents, rest: rest.into_bytes() }
}

fn load(saved: &Saved, limits: HeapLimits) -> Result<(Heap, List), SnapshotError> {
    let mut heap = Heap::new(limits);
    let Saved { count, strings, shapes, contents, rest } = saved;
    let mut cells = HeapLoader::new(&mut heap, *strings as u64, contents.len() as u64);
    cells.shapes(&mut heap, *count as u64, &mut Reader::new(shapes, "shapes"), &mut Nothing)?;
    cells.contents(&mut heap, &mut Reader::new(contents, "contents"), &mut Nothing)?;
    let mut from = Reader::new(rest, "rest");
    let mut roots = List::default();
    for _ in 0..from.count()? {
        roots.0.push(cells.value(&mut from)?);
    }
    cells.counters(&mut heap, &mut from)?;
    cells.lists(&mut heap, &mut from)?;
    from.end()?;
    Ok((heap, roots))
}

fn limits() -> HeapLimits {
    HeapLimits { cycle_bytes_min: 96 << 10, step_bytes: 1 << 10, bytes_max: 64 << 20, ..HeapLimits::default() }
}

/// A key by number: integers near one another and far apart, floats, strings, some of which collide, and objects.
fn key(heap: &mut Heap, roots: &List, number: u64) -> Value {
    match number % 8 {
        0..3 => Value::int((number / 8) as i64 % 300 + 1),
        3 => Value::int((number as i64).wrapping_mul(0x1234_5678_9abc_def1)),
        4 => Value::float(number as f64 + 0.5),
        5 => string_value(heap, &format!("key {number}")),
        6 => string_value(heap, &format!("{number:060}")),
        _ => roots.0[(number / 8) as usize % 20 + 4],
    }
}

/// Does something to one of the tables among the roots.
fn change(heap: &mut Heap, roots: &mut List, random: &mut Random) {
    let table = roots.0[random.below(4) as usize].as_table().expect("the first roots are tables");
    let number = random.below(3000);
    let key = key(heap, roots, number);
    let value = match random.below(6) {
        0 | 1 => Value::NIL,
        2 => table_value(self::table(heap)),
        _ => Value::int(number as i64),
    };
    set(heap, table, key, value);
    if random.below(3) == 0 {
        // SAFETY: the tables are roots.
        let next = unsafe { Table::len(table, heap) } + 1;
        set(heap, table, Value::int(next), Value::TRUE);
    }
    if random.below(2000) == 0 {
        let fresh = table_value(self::table(heap));
        let place = random.below(24) as usize;
        heap.barrier(roots.0[place]);
        roots.0[place] = fresh;
    }
    if heap.needs_step() {
        heap.step(roots).expect("the limit is far");
    }
}

fn begin() -> (Heap, List) {
    let mut heap = Heap::new(limits());
    let mut roots = List::default();
    for number in 0..24 {
        let table = table(&mut heap);
        if number == 2 || number == 3 {
            // SAFETY: the table was just made.
            unsafe { heap.set_weak(table, number == 2, number == 3) }.expect("no limit");
        }
        roots.0.push(table_value(table));
    }
    (heap, roots)
}

/// What a program can see of a heap, and what decides when it is collected: bytes in use, bytes until the next step, cycles.
type Look = (Vec<(u64, u64)>, (usize, i64, u64));

fn same(one: &Look, other: &Look, when: &str) {
    let differs = one.0.iter().zip(&other.0).position(|(one, other)| one != other);
    assert_eq!(differs.map(|at| (at, one.0[at], other.0[at])), None, "{when}");
    assert_eq!((one.0.len(), one.1), (other.0.len(), other.1), "{when}");
}

fn look(heap: &mut Heap, roots: &List) -> Look {
    let mut seen = Vec::new();
    for root in &roots.0 {
        let entries = entries(heap, root.as_table().expect("all roots are tables"));
        seen.extend(entries.iter().map(|(key, value)| {
            let of = |value: &Value| {
                // SAFETY: what was found is alive.
                let object = value.as_object().map(|object| unsafe { (*object).id() });
                object.unwrap_or(value.payload())
            };
            (of(key), of(value))
        }));
    }
    (seen, (heap.used_bytes(), heap.debt, heap.cycles()))
}

#[test]
fn what_is_loaded_looks_the_same_and_goes_the_same_way() {
    for seed in 1..times(6, 2) as u64 {
        let (mut heap, mut roots) = begin();
        let mut random = Random(seed * 0x9e37_79b9);
        let (mut with_buckets, mut moving) = (0, 0);
        for round in 0..times(40, 2) {
            for _ in 0..random.below(900) {
                change(&mut heap, &mut roots, &mut random);
            }
            let saved = save(&mut heap, &mut roots);
            let (mut other, mut other_roots) = load(&saved, limits()).expect("it was just saved");
            let when = format!("seed {seed}, round {round}");
            same(&look(&mut heap, &roots), &look(&mut other, &other_roots), &when);
            assert!(save(&mut other, &mut other_roots) == saved, "seed {seed}, round {round}: other bytes");
            let mut again = Random(random.0);
            for step in 0..random.0 % 2000 {
                change(&mut heap, &mut roots, &mut random);
                change(&mut other, &mut other_roots, &mut again);
                assert_eq!(
                    (heap.used_bytes(), heap.debt, heap.cycles()),
                    (other.used_bytes(), other.debt, other.cycles()),
                    "{when}, after {step} changes"
                );
            }
            same(&look(&mut heap, &roots), &look(&mut other, &other_roots), &format!("{when}, later"));
            for root in &roots.0[..4] {
                // SAFETY: the tables are roots.
                unsafe {
                    let contents = Table::contents(root.as_table().expect("the first roots are tables"));
                    with_buckets += u32::from(Table::has_buckets(contents));
                    moving += u32::from(!Table::old_slots(contents).is_null());
                }
            }
        }
        assert!(cfg!(miri) || with_buckets > 10 && moving > 0, "{with_buckets} with buckets, {moving} moving");
    }
}

#[test]
fn damaged_tables_are_refused_or_whole() {
    let (mut heap, mut roots) = begin();
    let mut random = Random(77);
    let (mut refused, mut whole) = (0, 0);
    for _ in 0..times(12, 1) {
        for _ in 0..700 {
            change(&mut heap, &mut roots, &mut random);
        }
        let saved = save(&mut heap, &mut roots);
        for _ in 0..times(250, 5) {
            let mut damaged = saved.clone();
            for _ in 0..=random.below(3) {
                let part = match random.below(4) {
                    0 => &mut damaged.shapes,
                    _ => &mut damaged.contents,
                };
                let place = random.below(part.len() as u64) as usize;
                part[place] = match random.below(3) {
                    0 => random.next() as u8,
                    1 => part[place] ^ 1 << random.below(8),
                    _ => part[place].wrapping_add(1),
                };
            }
            let Ok((mut other, mut other_roots)) = load(&damaged, limits()) else {
                refused += 1;
                continue;
            };
            whole += 1;
            let is_table = |value: &&Value| value.as_table().is_some();
            if other_roots.0.iter().filter(is_table).count() != roots.0.len() {
                continue;
            }
            // Whatever it is now, it can be used.
            let mut same = Random(random.0);
            for _ in 0..200 {
                change(&mut other, &mut other_roots, &mut same);
            }
            look(&mut other, &other_roots);
            other.collect_full(&mut other_roots);
            look(&mut other, &other_roots);
        }
    }
    assert!(cfg!(miri) || refused > 500 && whole > 50, "{refused} refused, {whole} not");
}
