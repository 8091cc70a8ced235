//! Whole cycles: depth, weakness, finalisers, limits, owners.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::heap::{ElementKind, HostObject, OutOfMemory, RecordLayout, Stress};

/// A list of `depth` tables, each at key 1 of the next.
fn nested(heap: &mut Heap, depth: usize) -> Value {
    let mut list = Value::NIL;
    for _ in 0..depth {
        let link = heap.new_table(1, 0).expect("no limit");
        set(heap, link, Value::int(1), list);
        list = table_value(link);
    }
    list
}

#[test]
fn a_list_nested_a_million_deep_is_kept_and_collected() {
    let mut heap = new_heap();
    let depth = times(1_000_000, 2_000);
    let mut roots = List(vec![nested(&mut heap, depth)]);
    heap.collect_full(&mut roots);
    let used = heap.used_bytes();
    assert!(used >= 48 * depth);
    roots.0.clear();
    heap.collect_full(&mut roots);
    assert_eq!(heap.used_bytes(), 0);
    assert!(heap.footprint_bytes() < 10 << 20);
}

#[test]
fn steps_keep_up_with_the_program() {
    let mut heap = new_heap();
    let mut roots = List(vec![Value::NIL; 1000]);
    let mut random = Random(5);
    let mut most = 0;
    for round in 0..times(400_000, 2_000) as u64 {
        let fresh = heap.new_table(4, 4).expect("no limit");
        let key = string_value(&mut heap, &format!("field {}", round % 5000));
        set(&mut heap, fresh, key, Value::int(round as i64));
        let place = random.below(1000) as usize;
        set(&mut heap, fresh, Value::int(1), roots.0[random.below(1000) as usize]);
        if round % 10 == 0 {
            set(&mut heap, fresh, Value::int(1), Value::NIL);
        }
        // The list of roots is scanned once, at the beginning of a cycle.
        heap.barrier(roots.0[place]);
        roots.0[place] = table_value(fresh);
        if heap.needs_step() {
            heap.step(&mut roots).expect("no limit");
        }
        most = most.max(heap.used_bytes());
    }
    assert!(cfg!(miri) || heap.cycles() > 5);
    assert!(most < 60 << 20, "{most}");
}

#[test]
fn what_is_overwritten_during_a_cycle_survives_it() {
    let mut heap = new_heap();
    heap.set_stress(Stress::Steps);
    let holder = table(&mut heap);
    let mut roots = List(vec![table_value(holder)]);
    for round in 0..times(2000, 30) {
        let inner = nested(&mut heap, 3);
        set(&mut heap, holder, Value::int(1), inner);
        for _ in 0..round % 40 {
            heap.step(&mut roots).expect("no limit");
        }
        // Moved from the cell to a place the collector has scanned already.
        let moved = get(&mut heap, holder, Value::int(1));
        set(&mut heap, holder, Value::int(1), Value::NIL);
        set(&mut heap, holder, Value::int(2), moved);
        for _ in 0..200 {
            heap.step(&mut roots).expect("no limit");
            table(&mut heap);
        }
        let mut link = get(&mut heap, holder, Value::int(2));
        for _ in 0..3 {
            link = get(&mut heap, link.as_table().expect("still there"), Value::int(1));
        }
        assert!(link.is_nil());
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn what_moves_out_of_a_large_array_during_a_cycle_survives_it() {
    let mut heap = new_heap();
    let array = table(&mut heap);
    let mut roots = List(vec![table_value(array)]);
    let text = |index: i64| format!("string {index}");
    let mut count = 0;
    let mut append = |heap: &mut Heap| {
        count += 1;
        let value = if count % 100 == 0 { string_value(heap, &text(count)) } else { Value::int(count) };
        set(heap, array, Value::int(count), value);
        count
    };
    // SAFETY: the table is reachable.
    let is_full = || unsafe { Table::slots_len(array) == Table::array_size(array) };
    // SAFETY: as above.
    let is_moving = || unsafe { !Table::old_slots(array).is_null() };
    while append(&mut heap) < 500_000 || is_moving() || !is_full() {}
    heap.collect_full(&mut roots);
    while !heap.marking() {
        heap.step_by(1, &mut roots);
    }
    // All of it moves while the collector has looked at little of it, and the host gets its memory back.
    append(&mut heap);
    assert!(is_moving() && heap.marking());
    while is_moving() {
        append(&mut heap);
    }
    let last = append(&mut heap);
    while heap.is_collecting() {
        heap.step_by(1 << 20, &mut roots);
    }
    for index in 0..100_000 {
        string(&mut heap, &format!("other {index}"));
    }
    for index in (100..=last).step_by(100) {
        let value = get(&mut heap, array, Value::int(index));
        assert_eq!(value.as_bytes(), Some(text(index).as_bytes()));
    }
}

fn weak_table(heap: &mut Heap, keys: bool, values: bool) -> *mut Table {
    let weak = table(heap);
    // SAFETY: the tests keep what they use reachable.
    unsafe { heap.set_weak(weak, keys, values) }.expect("no limit");
    weak
}

#[test]
fn weak_values_and_keys_leave_and_strings_stay() {
    let mut heap = new_heap();
    let (values, keys, both) =
        (weak_table(&mut heap, false, true), weak_table(&mut heap, true, false), weak_table(&mut heap, true, true));
    let kept = table_value(table(&mut heap));
    let mut roots = List(vec![table_value(values), table_value(keys), table_value(both), kept]);
    for (number, weak) in [values, keys, both].into_iter().enumerate() {
        for index in 1..=50 {
            let (dead, other) = (table_value(table(&mut heap)), table_value(table(&mut heap)));
            set(&mut heap, weak, Value::int(index), dead);
            set(&mut heap, weak, other, Value::int(index));
        }
        let text = string_value(&mut heap, "a string that is long enough not to be interned, really");
        set(&mut heap, weak, Value::int(60), text);
        let text = string_value(&mut heap, &format!("short {number}"));
        set(&mut heap, weak, text, kept);
        set(&mut heap, weak, kept, kept);
    }
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, values).len(), 53);
    assert_eq!(entries(&mut heap, keys).len(), 53);
    assert_eq!(entries(&mut heap, both).len(), 3);
    let text = string_value(&mut heap, "short 2");
    assert_eq!(get(&mut heap, both, text).payload(), kept.payload());
    assert_eq!(get(&mut heap, keys, kept).payload(), kept.payload());
    // SAFETY: all reachable.
    unsafe {
        assert_eq!(Table::len(keys, &mut heap), 50);
        // Strong again, everything is kept.
        heap.set_weak(keys, false, false).expect("no limit");
    }
    let key = table_value(table(&mut heap));
    set(&mut heap, keys, key, Value::TRUE);
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, keys).len(), 54);
}

#[test]
fn ephemerons_follow_chains_in_linear_time() {
    let mut heap = new_heap();
    let weak = weak_table(&mut heap, true, false);
    // The value of each entry is the key of the next, inserted in the order that is worst for rounds.
    let count = times(200_000, 300);
    let links: Vec<_> = (0..count).map(|_| table_value(table(&mut heap))).collect();
    let mut roots = List(vec![table_value(weak), links[0]]);
    for pair in links.windows(2).rev() {
        set(&mut heap, weak, pair[0], pair[1]);
    }
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, weak).len(), count - 1);
    roots.0.pop();
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, weak).len(), 0);
    // A value that refers to its own key does not keep it.
    let key = table(&mut heap);
    let value = table(&mut heap);
    set(&mut heap, value, Value::int(1), table_value(key));
    set(&mut heap, weak, table_value(key), table_value(value));
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, weak).len(), 0);
}

#[test]
fn values_read_from_weak_tables_during_a_cycle_survive() {
    let mut heap = new_heap();
    heap.set_stress(Stress::Steps);
    let weak = weak_table(&mut heap, false, true);
    let keep = table(&mut heap);
    let mut roots = List(vec![table_value(weak), table_value(keep)]);
    let mut kept = 0;
    for round in 0..times(3000, 60) as i64 {
        let object = table(&mut heap);
        set(&mut heap, object, Value::int(1), Value::int(round));
        set(&mut heap, weak, Value::int(1), table_value(object));
        for _ in 0..round % 60 {
            heap.step(&mut roots).expect("no limit");
        }
        let read = get(&mut heap, weak, Value::int(1));
        if let Some(read) = read.as_table() {
            set(&mut heap, keep, Value::int(1), table_value(read));
            kept += 1;
        }
        for _ in 0..100 {
            heap.step(&mut roots).expect("no limit");
            table(&mut heap);
        }
        if let Some(kept) = get(&mut heap, keep, Value::int(1)).as_table() {
            assert!(get(&mut heap, kept, Value::int(1)).as_int().is_some());
        }
    }
    assert!(kept > times(100, 10));
}

#[test]
fn finalisers_run_in_reverse_order_and_once() {
    let mut heap = new_heap();
    let weak_values = weak_table(&mut heap, false, true);
    let weak_keys = weak_table(&mut heap, true, false);
    let mut roots = List(vec![table_value(weak_values), table_value(weak_keys)]);
    for number in 1..=100 {
        let object = table(&mut heap);
        let inner = table(&mut heap);
        set(&mut heap, inner, Value::int(1), Value::int(number * 10));
        set(&mut heap, object, Value::int(1), Value::int(number));
        set(&mut heap, object, Value::int(2), table_value(inner));
        set(&mut heap, weak_values, Value::int(number), table_value(object));
        set(&mut heap, weak_keys, table_value(object), Value::int(number));
        // SAFETY: the object was just made.
        unsafe { heap.set_finaliser(object.cast()) };
    }
    heap.collect_full(&mut roots);
    assert!(heap.has_finalisers());
    // Weak values leave before the finaliser sees them, weak keys stay until the object is gone.
    assert_eq!(entries(&mut heap, weak_values).len(), 0);
    assert_eq!(entries(&mut heap, weak_keys).len(), 100);
    heap.collect_full(&mut roots);
    for number in (1..=100).rev() {
        let object = heap.next_finaliser().expect("a hundred were registered");
        let object = object.as_table().expect("they are tables");
        assert_eq!(get(&mut heap, object, Value::int(1)).as_int(), Some(number));
        let inner = get(&mut heap, object, Value::int(2)).as_table().expect("reachable from the object");
        assert_eq!(get(&mut heap, inner, Value::int(1)).as_int(), Some(number * 10));
        if number == 7 {
            // SAFETY: the object was just given.
            unsafe { heap.set_finaliser(object.cast()) };
        }
    }
    assert!(heap.next_finaliser().is_none());
    heap.collect_full(&mut roots);
    assert_eq!(entries(&mut heap, weak_keys).len(), 1);
    assert!(heap.next_finaliser().is_some());
    heap.collect_full(&mut roots);
    assert!(heap.next_finaliser().is_none());
    assert_eq!(entries(&mut heap, weak_keys).len(), 0);
}

#[test]
fn finalise_all_takes_live_objects_too() {
    let mut heap = new_heap();
    let object = table(&mut heap);
    // SAFETY: the object was just made.
    unsafe { heap.set_finaliser(object.cast()) };
    let mut roots = List(vec![table_value(object)]);
    heap.collect_full(&mut roots);
    assert!(!heap.has_finalisers());
    heap.finalise_all(&mut roots);
    assert_eq!(heap.next_finaliser().and_then(Value::as_table), Some(object));
}

/// A host object that counts its drop and holds a value.
struct Probe(Arc<AtomicU32>, Value);

impl HostObject for Probe {
    fn type_name(&self) -> &str {
        "probe"
    }

    fn trace(&self, marker: &mut Marker) {
        marker.mark(self.1);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn owners_are_traced_and_dropped_once() {
    let drops = Arc::new(AtomicU32::new(0));
    {
        let mut heap = new_heap();
        let held = table_value(table(&mut heap));
        let live = heap.new_userdata(Box::new(Probe(drops.clone(), held)), 2).expect("no limit");
        // SAFETY: just made.
        let mut roots = List(vec![unsafe { Value::from_userdata(live) }]);
        for _ in 0..10 {
            heap.new_userdata(Box::new(Probe(drops.clone(), Value::NIL)), 0).expect("no limit");
        }
        heap.collect_full(&mut roots);
        assert_eq!(drops.load(Ordering::Relaxed), 10);
        set(&mut heap, held.as_table().expect("held by the probe"), Value::int(1), Value::TRUE);
        heap.collect_full(&mut roots);
        assert_eq!(drops.load(Ordering::Relaxed), 10);
    }
    assert_eq!(drops.load(Ordering::Relaxed), 11);
}

unsafe fn drop_fiber(state: *mut ()) {
    // SAFETY: the tests make fibers whose state is a boxed `Value`.
    drop(unsafe { Box::from_raw(state.cast::<Value>()) });
}

#[test]
fn fibers_records_arrays_and_closures_keep_what_they_refer_to() {
    let mut heap = new_heap();
    let layout = RecordLayout::new(4, &[0], &[3]).expect("within the record");
    let mut objects = (0..6).map(|_| nested(&mut heap, 2)).collect::<Vec<_>>().into_iter();
    let mut next = || objects.next().expect("six were made");
    let used = heap.used_bytes();
    // SAFETY: nothing is collected before all is reachable; the layout outlives the heap's use of it.
    let mut roots = unsafe {
        let state = Box::into_raw(Box::new(next()));
        let fiber = heap.new_fiber(state.cast(), drop_fiber).expect("no limit");
        let record = heap.new_record(&raw const layout, 0).expect("no limit");
        next().store(crate::heap::Record::data(record).cast());
        *crate::heap::Record::data(record).add(3) = next().payload();
        let array = heap.new_array(ElementKind::Any, 1000).expect("no limit");
        next().store(crate::heap::Array::data(array).cast::<Value>().add(999));
        let references = heap.new_array(ElementKind::Ref, 10).expect("no limit");
        *crate::heap::Array::data(references).cast::<u64>().add(9) = next().payload();
        let closure = heap.new_closure(std::ptr::null(), std::ptr::null(), 2).expect("no limit");
        let variable = heap.new_cell(next()).expect("no limit");
        Value::from_cell(variable).store(crate::heap::Closure::upvalues(closure).add(1));
        List(vec![
            Value::from_fiber(fiber),
            Value::from_record(record),
            Value::from_array(array),
            Value::from_array(references),
            Value::from_function(closure),
        ])
    };
    let all = heap.used_bytes();
    heap.collect_full(&mut roots);
    assert_eq!(heap.used_bytes(), all);
    roots.0.clear();
    heap.collect_full(&mut roots);
    assert!(used > 0 && heap.used_bytes() == 0);
}

#[test]
#[cfg_attr(miri, ignore = "fills megabytes")]
fn the_limit_is_an_error_that_can_be_recovered_from() {
    let limits = HeapLimits { bytes_max: 4 << 20, ..HeapLimits::default() };
    let mut heap = Heap::new(limits);
    let list = table(&mut heap);
    let mut roots = List(vec![table_value(list)]);
    let mut count = 0;
    let error = loop {
        count += 1;
        let item = table_value(heap.new_table(4, 0).expect("a step comes first"));
        // SAFETY: the list is a root.
        if let Err(error) = unsafe { Table::set_int(list, &mut heap, count, item) } {
            if let Err(error) = heap.make_room(error, &mut roots) {
                break error;
            }
            continue;
        }
        if heap.needs_step()
            && let Err(error) = heap.step(&mut roots)
        {
            break error;
        }
    };
    assert!(error.bytes > 0 && count > 20_000, "{error} {count}");
    // The reserve is for handling it.
    heap.new_string_with(10_000, |_| {}).expect("within the reserve");
    assert!(heap.new_string_with(100 << 20, |_| {}).is_err());
    roots.0.clear();
    heap.collect_full(&mut roots);
    heap.step(&mut roots).expect("room again");
    assert_eq!(heap.used_bytes(), 0);
    assert_eq!(heap.charge(5 << 20), Err(OutOfMemory { bytes: 5 << 20 }));
    heap.charge(3 << 20).expect("within the limit");
    assert!(heap.new_string_with(2 << 20, |_| {}).is_err());
    heap.discharge(3 << 20);
    heap.new_string_with(2 << 20, |_| {}).expect("within the limit");
}

#[test]
fn large_strings_are_not_refused_for_garbage() {
    let limits = HeapLimits { bytes_max: 1 << 20, ..HeapLimits::default() };
    let mut heap = Heap::new(limits);
    let mut roots = List::default();
    for _ in 0..20 {
        if let Err(error) = heap.new_string_with(300_000, |_| {}) {
            heap.make_room(error, &mut roots).expect("the others are garbage");
            heap.new_string_with(300_000, |_| {}).expect("there is room now");
        }
        if heap.needs_step() {
            heap.step(&mut roots).expect("nothing is live");
        }
        assert!(heap.used_bytes() <= 1 << 20);
    }
    // What is made between two safepoints counts in full, and so does what is held beside the heap.
    heap.collect_full(&mut roots);
    let beside = heap.budget().hold(400_000).unwrap();
    let made = (0..10).take_while(|_| heap.new_string_with(300_000, |_| {}).is_ok()).count();
    assert_eq!(made, 1);
    assert!(beside.bytes() + heap.used_bytes() as u64 <= 1 << 20);
}

#[test]
fn a_host_object_may_forget_what_it_hands_out() {
    let mut heap = new_heap();
    heap.set_stress(Stress::Steps);
    let drops = Arc::new(AtomicU32::new(0));
    let mut roots = List::default();
    for round in 0..times(400, 20) {
        let held = nested(&mut heap, 2);
        let probe = heap.new_userdata(Box::new(Probe(drops.clone(), held)), 0).expect("no limit");
        let holder = table_value(table(&mut heap));
        // SAFETY: just made.
        roots.0 = vec![unsafe { Value::from_userdata(probe) }, holder];
        for _ in 0..round % 40 {
            heap.step(&mut roots).expect("no limit");
        }
        // SAFETY: a root.
        let object = unsafe { heap.host_object_mut(probe) }.expect("it has one");
        let object = object.as_any_mut().downcast_mut::<Probe>().expect("a probe");
        let handed_out = std::mem::replace(&mut object.1, Value::NIL);
        set(&mut heap, holder.as_table().expect("a table"), Value::int(1), handed_out);
        for _ in 0..80 {
            heap.step(&mut roots).expect("no limit");
            table(&mut heap);
        }
        let inner = get(&mut heap, handed_out.as_table().expect("a table"), Value::int(1));
        assert!(get(&mut heap, inner.as_table().expect("a table"), Value::int(1)).is_nil());
    }
}

#[test]
fn absurd_sizes_are_refused() {
    let mut heap = new_heap();
    assert!(heap.new_array(ElementKind::Any, u64::MAX).is_err());
    assert!(heap.new_array(ElementKind::I8, 1 << 62).is_err());
    assert!(heap.new_string_with(1 << 40, |_| {}).is_err());
    let table = table(&mut heap);
    // SAFETY: just made.
    assert!(unsafe { Table::resize(table, &mut heap, 1 << 40, 0) }.is_err());
    // SAFETY: just made.
    assert!(unsafe { Table::resize(table, &mut heap, 0, u64::MAX) }.is_err());
}
