//! A random graph of all kinds of cells, changed while the collector runs, against a plain copy of it.

use std::any::Any;

use super::*;
use crate::heap::{Array, Cell, Closure, ElementKind, FiberCell, HostObject, Stress, Userdata};
use crate::value::Tag;

/// What each object is, and what it should refer to.
struct Object {
    value: Value,
    edges: [Option<usize>; EDGES],
    /// What the table with weak keys has for it.
    attached: Option<usize>,
    has_finaliser: bool,
}

const EDGES: usize = 4;
const ROOTS: usize = 12;
const WEAK_SLOTS: usize = 40;

struct Graph {
    heap: Heap,
    /// First the fixed tables, then the roots of the graph.
    roots: List,
    random: Random,
    objects: Vec<Object>,
    held: [Option<usize>; ROOTS],
    /// What was put into the slots of the table with weak values.
    weak: [Option<usize>; WEAK_SLOTS],
    finalised: usize,
}

/// The fixed tables among the roots.
const WEAK_VALUES: usize = 0;
const WEAK_KEYS: usize = 1;
const FIXED: usize = 2;

struct Nothing;

impl HostObject for Nothing {
    fn type_name(&self) -> &str {
        "nothing"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

unsafe fn drop_fiber(state: *mut ()) {
    // SAFETY: fibers here have a boxed list of values as their state.
    drop(unsafe { Box::from_raw(state.cast::<[Value; EDGES + 1]>()) });
}

/// Roots whose fibers have lists of values.
struct FiberRoots<'a>(&'a mut List);

impl Roots for FiberRoots<'_> {
    fn trace_roots(&mut self, marker: &mut Marker) {
        self.0.trace_roots(marker);
    }

    fn trace_fiber(&mut self, fiber: *mut (), marker: &mut Marker) {
        // SAFETY: fibers here have a boxed list of values as their state.
        unsafe { marker.mark_slots(fiber.cast(), EDGES + 1) };
    }
}

impl Graph {
    fn new(seed: u64, stress: Stress) -> Graph {
        let limits = HeapLimits { cycle_bytes_min: 100 << 10, step_bytes: 1 << 10, ..HeapLimits::default() };
        let mut heap = Heap::new(limits);
        heap.set_stress(stress);
        let (values, keys) = (table(&mut heap), table(&mut heap));
        // SAFETY: both were just made.
        unsafe {
            heap.set_weak(values, false, true).expect("no limit");
            heap.set_weak(keys, true, false).expect("no limit");
        }
        let mut roots = List(vec![table_value(values), table_value(keys)]);
        roots.0.resize(FIXED + ROOTS, Value::NIL);
        Graph {
            heap,
            roots,
            random: Random(seed),
            objects: Vec::new(),
            held: [None; ROOTS],
            weak: [None; WEAK_SLOTS],
            finalised: 0,
        }
    }

    fn fixed(&self, index: usize) -> *mut Table {
        self.roots.0[index].as_table().expect("the first roots are tables")
    }

    fn safepoint(&mut self) {
        if self.heap.needs_step() {
            self.heap.step(&mut FiberRoots(&mut self.roots)).expect("no limit");
        }
    }

    /// A new object of a random kind without edges; its number is in it.
    fn create(&mut self) -> usize {
        let number = self.objects.len();
        let id = Value::int(number as i64);
        let heap = &mut self.heap;
        // SAFETY: what is made here is used before the next safepoint.
        let value = unsafe {
            match self.random.below(7) {
                0 => {
                    let table = heap.new_table(self.random.below(8) as u32, 0).expect("no limit");
                    Table::set_int(table, heap, EDGES as i64 + 1, id).expect("no limit");
                    table_value(table)
                }
                1 => {
                    let table = heap.new_table(0, self.random.below(12) as u32).expect("no limit");
                    let key = string_value(heap, "edge 4");
                    set(heap, table, key, id);
                    table_value(table)
                }
                2 => {
                    let closure = heap.new_closure(std::ptr::null(), std::ptr::null(), 5).expect("no limit");
                    id.store(Closure::upvalues(closure).add(EDGES));
                    Value::from_function(closure)
                }
                3 => {
                    let array = heap.new_array(ElementKind::Any, EDGES as u64 + 1).expect("no limit");
                    id.store(Array::data(array).cast::<Value>().add(EDGES));
                    Value::from_array(array)
                }
                4 => {
                    let userdata = heap.new_userdata(Box::new(Nothing), 5).expect("no limit");
                    id.store(Userdata::user_values(userdata).add(EDGES));
                    Value::from_userdata(userdata)
                }
                5 => {
                    let mut state = Box::new([Value::NIL; EDGES + 1]);
                    state[EDGES] = id;
                    let fiber = heap.new_fiber(Box::into_raw(state).cast(), drop_fiber).expect("no limit");
                    Value::from_fiber(fiber)
                }
                _ => {
                    // A variable in front of a table, to have those too.
                    let table = heap.new_table(5, 0).expect("no limit");
                    Table::set_int(table, heap, EDGES as i64 + 1, id).expect("no limit");
                    Value::from_cell(heap.new_cell(table_value(table)).expect("no limit"))
                }
            }
        };
        self.objects.push(Object { value, edges: [None; EDGES], attached: None, has_finaliser: false });
        number
    }

    /// The table behind a captured variable, or the value itself.
    fn behind(value: Value) -> Value {
        // SAFETY: the graph keeps what it uses reachable.
        value.as_cell().map_or(value, |cell| unsafe { (*cell.cast::<Cell>()).value })
    }

    /// The key of an edge in a table: the first objects of each kind tell which.
    fn key(&mut self, table: *mut Table, edge: usize) -> Value {
        let text = string_value(&mut self.heap, "edge 4");
        if get(&mut self.heap, table, text).is_nil() {
            Value::int(edge as i64 + 1)
        } else {
            string_value(&mut self.heap, &format!("edge {edge}"))
        }
    }

    /// Where an edge is, for kinds that are not tables.
    fn slot(value: Value, edge: usize) -> *mut Value {
        // SAFETY: the graph keeps what it uses reachable; every object has `EDGES + 1` slots.
        unsafe {
            let slots = match value.tag() {
                Tag::FUNCTION => Closure::upvalues(value.pointer().cast()),
                Tag::ARRAY => Array::data(value.pointer().cast()).cast(),
                Tag::USERDATA => Userdata::user_values(value.pointer().cast()),
                Tag::FIBER => (*value.pointer().cast::<FiberCell>()).state.cast(),
                tag => panic!("{tag:?} is not in the graph"),
            };
            slots.add(edge)
        }
    }

    fn read(&mut self, value: Value, edge: usize) -> Value {
        let value = Graph::behind(value);
        match value.as_table() {
            Some(table) => {
                let key = self.key(table, edge);
                get(&mut self.heap, table, key)
            }
            // SAFETY: a slot of a reachable object.
            None => unsafe { Value::load(Graph::slot(value, edge)) },
        }
    }

    fn write(&mut self, value: Value, edge: usize, to: Value) {
        let value = Graph::behind(value);
        if let Some(table) = value.as_table() {
            let key = self.key(table, edge);
            set(&mut self.heap, table, key, to);
            return;
        }
        let slot = Graph::slot(value, edge);
        // SAFETY: a slot of a reachable object. A fiber's registers are written without a barrier while it runs.
        unsafe {
            match value.as_fiber() {
                Some(fiber) => self.heap.before_resume(fiber, &mut FiberRoots(&mut self.roots)),
                None => self.heap.barrier(Value::load(slot)),
            }
            to.store(slot);
        }
    }

    /// A random object that is reachable.
    fn pick(&mut self) -> Option<usize> {
        let mut object = self.held[self.random.below(ROOTS as u64) as usize]?;
        for _ in 0..self.random.below(8) {
            let edge = self.random.below(EDGES as u64 + 1) as usize;
            let next = if edge == EDGES { self.objects[object].attached } else { self.objects[object].edges[edge] };
            object = next.unwrap_or(object);
        }
        Some(object)
    }

    fn hold(&mut self, object: Option<usize>) {
        let place = self.random.below(ROOTS as u64) as usize;
        self.heap.barrier(self.roots.0[FIXED + place]);
        self.held[place] = object;
        self.roots.0[FIXED + place] = object.map_or(Value::NIL, |object| self.objects[object].value);
    }

    fn change(&mut self) {
        match self.random.below(20) {
            0 => self.hold(None),
            1 | 2 => {
                let fresh = self.create();
                self.hold(Some(fresh));
            }
            3 => {
                let object = self.pick();
                self.hold(object);
            }
            4 => self.put_weak(),
            5 => self.get_weak(),
            6 | 7 => self.attach(),
            8 => self.set_finaliser(),
            9 => self.finalise(),
            10 => self.change_mode(),
            _ => self.set_edge(),
        }
        self.safepoint();
    }

    fn set_edge(&mut self) {
        let Some(from) = self.pick() else { return };
        let edge = self.random.below(EDGES as u64) as usize;
        let to = match self.random.below(4) {
            0 => None,
            1 => self.pick(),
            _ => Some(self.create()),
        };
        let value = to.map_or(Value::NIL, |to| self.objects[to].value);
        self.write(self.objects[from].value, edge, value);
        self.objects[from].edges[edge] = to;
    }

    fn put_weak(&mut self) {
        let slot = self.random.below(WEAK_SLOTS as u64) as usize;
        let object = self.pick();
        let value = object.map_or(Value::NIL, |object| self.objects[object].value);
        let table = self.fixed(WEAK_VALUES);
        set(&mut self.heap, table, Value::int(slot as i64 + 1), value);
        self.weak[slot] = object;
    }

    /// What is still in a weak table becomes reachable again.
    fn get_weak(&mut self) {
        let slot = self.random.below(WEAK_SLOTS as u64) as usize;
        let table = self.fixed(WEAK_VALUES);
        let value = get(&mut self.heap, table, Value::int(slot as i64 + 1));
        if !value.is_nil() {
            let object = self.weak[slot];
            assert_eq!(object.map(|object| self.objects[object].value.payload()), Some(value.payload()));
            self.hold(object);
        }
    }

    fn attach(&mut self) {
        let (Some(key), Some(value)) = (self.pick(), self.pick()) else { return };
        let table = self.fixed(WEAK_KEYS);
        let remove = self.random.below(4) == 0;
        let stored = if remove { Value::NIL } else { self.objects[value].value };
        let key_value = self.objects[key].value;
        set(&mut self.heap, table, key_value, stored);
        self.objects[key].attached = if remove { None } else { Some(value) };
    }

    fn set_finaliser(&mut self) {
        let Some(object) = self.pick() else { return };
        self.objects[object].has_finaliser = true;
        // SAFETY: a reachable object.
        unsafe { self.heap.set_finaliser(self.objects[object].value.pointer()) };
    }

    fn finalise(&mut self) {
        let Some(value) = self.heap.next_finaliser() else { return };
        let id = self.read(value, EDGES).as_int().expect("every object has its number");
        let object = id as usize;
        assert_eq!(self.objects[object].value.payload(), value.payload());
        assert!(std::mem::take(&mut self.objects[object].has_finaliser));
        self.finalised += 1;
        self.hold(Some(object));
    }

    /// Makes one of the weak tables strong for a while.
    fn change_mode(&mut self) {
        let weak = self.random.below(3) != 0;
        let (table, keys, values) = if self.random.below(2) == 0 {
            (self.fixed(WEAK_VALUES), false, weak)
        } else if self.heap.cycle.phase().is_after_marking() {
            // Dead keys would leave before their finalisers see them.
            return;
        } else {
            (self.fixed(WEAK_KEYS), weak, false)
        };
        // SAFETY: a root.
        unsafe { self.heap.set_weak(table, keys, values) }.expect("no limit");
    }

    /// Compares everything that is reachable.
    fn check(&mut self) -> usize {
        let mut seen = vec![false; self.objects.len()];
        let mut waiting: Vec<usize> = self.held.iter().flatten().copied().collect();
        let weak_keys = self.fixed(WEAK_KEYS);
        let mut reachable = 0;
        while let Some(object) = waiting.pop() {
            if std::mem::replace(&mut seen[object], true) {
                continue;
            }
            reachable += 1;
            let value = self.objects[object].value;
            assert_eq!(self.read(value, EDGES).as_int(), Some(object as i64));
            for edge in 0..EDGES {
                let found = self.read(value, edge);
                let expected = self.objects[object].edges[edge];
                waiting.extend(expected);
                let expected = expected.map_or(Value::NIL, |expected| self.objects[expected].value);
                assert!(found.raw_equals(expected), "edge {edge} of object {object}");
            }
            let attached = self.objects[object].attached;
            waiting.extend(attached);
            let expected = attached.map_or(Value::NIL, |attached| self.objects[attached].value);
            assert!(get(&mut self.heap, weak_keys, value).raw_equals(expected), "attached to object {object}");
        }
        reachable
    }
}

fn run(seed: u64, stress: Stress, changes: usize) -> (usize, u64) {
    let mut graph = Graph::new(seed, stress);
    let mut most = 0;
    for change in 0..changes {
        graph.change();
        if change % 1000 == 999 {
            most = most.max(graph.check());
        }
    }
    graph.heap.collect_full(&mut FiberRoots(&mut graph.roots));
    graph.check();
    let weak_keys = graph.fixed(WEAK_KEYS);
    let before = graph.objects.len();
    // SAFETY: a root.
    unsafe { graph.heap.set_weak(weak_keys, true, false) }.expect("no limit");
    graph.held = [None; ROOTS];
    graph.roots.0.truncate(FIXED);
    graph.roots.0[WEAK_VALUES] = Value::NIL;
    loop {
        graph.heap.collect_full(&mut FiberRoots(&mut graph.roots));
        if !graph.heap.has_finalisers() {
            break;
        }
        while graph.heap.next_finaliser().is_some() {}
    }
    assert!(entries(&mut graph.heap, weak_keys).is_empty());
    assert!(before > 10 || cfg!(miri));
    (most + graph.finalised, graph.heap.cycles())
}

#[test]
fn a_graph_stays_as_it_is() {
    for seed in 1..=times(4, 1) as u64 {
        let (most, cycles) = run(seed * 0x1234_5677, Stress::Off, times(40_000, 2_000));
        assert!(cfg!(miri) || (most > 100 && cycles > 5), "{most} {cycles}");
    }
}

#[test]
fn a_graph_stays_as_it_is_under_stepwise_stress() {
    for seed in 1..=times(4, 1) as u64 {
        run(seed * 0x7654_3217, Stress::Steps, times(25_000, 2_000));
    }
}

#[test]
fn a_graph_stays_as_it_is_under_full_stress() {
    run(0xdead_beef, Stress::Full, times(4_000, 300));
}
