//! What the collector asks of the interpreter: roots, and the points where it may run.

use crate::code::places::is_machine_place;
use crate::context::Context;
use crate::dispatch::{Flow, Pc, Regs};
use crate::fiber::{Fiber, FiberState};
use crate::function::Body;
use crate::heap::{Closure, FiberCell, Marker, OutOfMemory, Roots, Str, Table};
use crate::instance::Instance;
use crate::loader::frame_map;
use crate::stack::record::Record;
use crate::stack::runs::Runs;
use crate::stack::walk::{Level, Walk};
use crate::stack::{call, finalise, switch, unwind};
use crate::value::{Tag, Value};
use minivm_isa::{Convention, TrapCode};

/// Programs that may be loaded before unused ones are looked for.
pub(crate) const LOADS_MIN: usize = 256;

/// What is reachable without the heap. Holds copies and pointers, as the heap itself is lent to the collector meanwhile.
struct RootSet {
    record_return: Pc,
    /// State of the running fiber; none when nothing runs.
    at: Option<(Flow, bool)>,
    /// Values of a host function on top of the stack.
    host_values: (Regs, usize),
    open_count: usize,
    fiber: *mut FiberCell,
    main_fiber: *mut FiberCell,
    tables: Vec<*mut Table>,
    strings: Vec<*mut Str>,
    values: Vec<Value>,
    instances: *mut Vec<Option<Box<Instance>>>,
    loads_until_collection: *mut usize,
    runs: *const Runs,
}

impl RootSet {
    fn new(cx: &mut Context, at: Option<(Flow, bool)>, host_values: (Regs, usize)) -> Self {
        let mut values: Vec<Value> = cx.registry.values().copied().collect();
        values.extend(cx.kept.iter());
        values.extend(cx.definitions.functions());
        values.extend(cx.run.roots());
        let mut tables = cx.kind_metatables.to_vec();
        tables.push(cx.string_metatable);
        RootSet {
            record_return: cx.record_return(),
            at,
            host_values,
            open_count: cx.open_count,
            fiber: cx.run.fiber,
            main_fiber: cx.run.main_fiber,
            tables,
            strings: [&cx.metamethods[..], cx.heap.kind_names(), &[cx.no_memory]].concat(),
            values,
            instances: &raw mut cx.instances,
            loads_until_collection: &raw mut cx.loads_until_collection,
            runs: &raw const cx.runs,
        }
    }

    unsafe fn trace_stack(&self, at: Flow, calling: bool, marker: &mut Marker) {
        let mut walk = Walk::at(self.record_return, at, calling);
        // SAFETY: the state is that of a stack nobody changes meanwhile.
        unsafe {
            while let Some((level, _)) = walk.next() {
                match level {
                    Level::Guest { guest, closure, regs, instruction, calling, plain } => {
                        marker.mark_object(closure.cast());
                        let function = guest.portable();
                        let map = guest.frame_map.get().expect("it is made with the code");
                        let place = frame_map::Place { instruction, calling, plain };
                        map.mark(function, guest.slots(), place, regs, marker);
                        if guest.convention == Convention::Variadic {
                            let (first, count) = call::varargs(regs, guest.params as usize);
                            mark_values(first, count, marker);
                        }
                    }
                    Level::Host { closure, base, record, .. } => {
                        marker.mark_object(closure.cast());
                        mark_values(base, Record::at(record).values as usize / 2, marker);
                        marker.mark(Record::at(record).value);
                    }
                    Level::Record { record } => mark_record(record, marker),
                    Level::Border { closure } => marker.mark_object(closure.cast()),
                }
            }
        }
    }
}

unsafe fn mark_record(record_at: Regs, marker: &mut Marker) {
    // SAFETY: a record lies there.
    unsafe {
        let record = Record::at(record_at);
        marker.mark(record.value);
        let values = record.values as usize;
        let first = record_at.sub(values);
        mark_values(first, values / 2, marker);
    }
}

unsafe fn mark_values(first: Regs, count: usize, marker: &mut Marker) {
    for index in 0..count {
        // SAFETY: the caller names `any` slots.
        marker.mark(unsafe { crate::dispatch::operands::get_any(first, index * 2) });
    }
}

impl Roots for RootSet {
    fn trace_roots(&mut self, marker: &mut Marker) {
        for &value in &self.values {
            marker.mark(value);
        }
        // SAFETY: all of these are live: the context holds them.
        unsafe {
            for &table in &self.tables {
                marker.mark_object(table.cast());
            }
            for &string in &self.strings {
                marker.mark_object(string.cast());
            }
            if let Some((at, calling)) = self.at {
                self.trace_stack(at, calling, marker);
                self.trace_open_list(at, calling, self.open_count, marker);
            }
            mark_values(self.host_values.0, self.host_values.1, marker);
            let mut fiber = self.fiber;
            while !fiber.is_null() {
                marker.mark_object(fiber.cast());
                fiber = Fiber::of(fiber).resumer;
            }
            marker.mark_object(self.main_fiber.cast());
            for run in (*self.runs).iter() {
                run.roots().for_each(|value| marker.mark(value));
                // Those that wait for it come with it, and the main one is the last of them.
                marker.mark_object(run.fiber.cast());
            }
        }
    }

    fn trace_more(&mut self, from: usize, marker: &mut Marker) -> Option<usize> {
        // SAFETY: the context holds the instances. What they refer to is overwritten through the barrier only.
        unsafe {
            let slot = (&*self.instances).get(from)?;
            if let Some(instance) = slot
                && (instance.is_pinned.get() || !marker.follows_functions())
            {
                instance.trace(marker);
            }
        }
        Some(from + 1)
    }

    fn trace_function(&mut self, function: *const (), marker: &mut Marker) {
        // SAFETY: closures point to functions, and those of an instance to it; both live as long as a closure does.
        unsafe {
            if let Body::Guest(guest) = &(*function.cast::<crate::function::FunctionInfo>()).body {
                (*guest.instance).trace(marker);
            }
        }
    }

    fn finish(&mut self, cycle: u64) {
        // SAFETY: the context lives while its heap is collected, and lends out nothing of this meanwhile.
        unsafe {
            let instances = &mut *self.instances;
            for slot in &mut *instances {
                // What is dead goes, with its functions, memories and tables: no closure of it is left.
                let _dead = slot.take_if(|instance| !instance.is_pinned.get() && instance.traced_in.get() != cycle);
            }
            *self.loads_until_collection = instances.iter().flatten().count().max(LOADS_MIN);
        }
    }

    fn trace_fiber(&mut self, fiber: *mut (), marker: &mut Marker) {
        // SAFETY: fibers made by `switch::create` hold this state.
        unsafe {
            let fiber = &mut *fiber.cast::<Fiber>();
            marker.mark_object(fiber.resumer.cast());
            match fiber.state {
                FiberState::Running => {}
                FiberState::Suspended | FiberState::Parked if fiber.pc.is_null() => {
                    marker.mark(switch::waiting_callee(fiber));
                }
                FiberState::Suspended | FiberState::Normal => {
                    let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
                    self.trace_stack(at, true, marker);
                }
                FiberState::Parked => {
                    let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
                    self.trace_stack(at, false, marker);
                    self.trace_open_list(at, false, fiber.open_count as usize, marker);
                }
                FiberState::Dead if fiber.failed => {
                    marker.mark(Record::at(fiber.stack.start()).value);
                    let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
                    self.trace_stack(at, false, marker);
                }
                FiberState::Dead => {}
            }
        }
    }
}

impl RootSet {
    /// The open list of a frame, when the instruction at hand takes one.
    unsafe fn trace_open_list(&self, at: Flow, calling: bool, open_count: usize, marker: &mut Marker) {
        if calling || is_machine_place(self.record_return, at.pc) {
            return;
        }
        // SAFETY: the state is that of a guest frame.
        unsafe {
            let mut walk = Walk::at(self.record_return, at, calling);
            if let Some((Level::Guest { guest, regs, instruction, .. }, _)) = walk.next()
                && frame_map::takes_open(&guest.portable().code[instruction])
            {
                let code = if guest.is_plain(at.pc) { guest.plain.get() } else { guest.code.get() };
                let fixed = code.map_or(0, |code| super::stepping::prepended(guest, code, at.pc));
                let window = crate::loader::window(guest.slots());
                mark_values(regs.add(window), fixed + open_count, marker);
            }
        }
    }
}

/// A step of the collector, due before the instruction at `at`, which then starts again; a finaliser may run first.
///
/// # Safety
/// `at` is the running guest frame.
#[inline(never)]
pub(crate) unsafe fn step_at(cx: &mut Context, at: Flow) -> Flow {
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    let result = cx.heap.step(&mut roots);
    // SAFETY: passed on.
    unsafe {
        if result.is_err() {
            return unwind::raise_trap(cx, at, TrapCode::OutOfMemory);
        }
        if cx.may_finalise() && !takes_open(cx, at) {
            return finalise::run_before_instruction(cx, at);
        }
    }
    at
}

/// Ends the collection that is under way, if any; `at` is the state of a run that has stopped.
///
/// # Safety
/// The state is whole.
pub(crate) unsafe fn settle(cx: &mut Context, at: Option<Flow>) {
    let mut roots = RootSet::new(cx, at.map(|at| (at, false)), (std::ptr::null_mut(), 0));
    cx.heap.settle(&mut roots);
}

/// Collects as the instruction at `at` could not allocate; it starts again if there is room now, else it fails.
///
/// # Safety
/// `at` is the running guest frame, and what the instruction has done so far it may do again.
#[inline(never)]
pub(crate) unsafe fn make_room_at(cx: &mut Context, at: Flow) -> Flow {
    let refused = cx.heap.refused();
    // Every way back to an instruction pays for a block: with the same budget this is the try after the collection.
    let place = Some((at.pc, cx.fuel));
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    if cx.retried != place && cx.heap.make_room(refused, &mut roots).is_ok() {
        cx.retried = place;
        return at;
    }
    cx.retried = None;
    // SAFETY: passed on.
    unsafe { unwind::raise_trap(cx, at, TrapCode::OutOfMemory) }
}

/// Whether the instruction at `at` has the open list of its predecessor.
unsafe fn takes_open(cx: &Context, at: Flow) -> bool {
    // SAFETY: the caller describes a live guest frame.
    let level = unsafe { Walk::new(cx, at, false).next() };
    matches!(level, Some((Level::Guest { guest, instruction, .. }, _))
        if frame_map::takes_open(&guest.portable().code[instruction]))
}

/// Makes all objects with finalisers due, as the program is about to end. Nothing runs any more.
pub(crate) fn finalise_all(cx: &mut Context) {
    let mut roots = RootSet::new(cx, None, (std::ptr::null_mut(), 0));
    cx.heap.finalise_all(&mut roots);
}

/// A step of the collector before a host function with `count` arguments at `base` begins.
///
/// # Errors
/// When more is in use than the limit allows.
///
/// # Safety
/// The frame header at `base` is written.
pub(crate) unsafe fn step_in_host(cx: &mut Context, base: Regs, count: usize) -> Result<(), OutOfMemory> {
    // SAFETY: the caller of the host function is a live frame below it.
    unsafe {
        let at = Walk::from_host(cx, base).peek().map(|at| (at, true));
        let mut roots = RootSet::new(cx, at, (base, count));
        let closure = std::ptr::with_exposed_provenance_mut::<Closure>(*base.sub(2) as usize);
        roots.values.push(Value::from_function(closure));
        cx.heap.step(&mut roots)
    }
}

/// A full collection asked for by a host function with `count` values at `base`.
///
/// # Safety
/// As for `step_in_host`.
pub(crate) unsafe fn collect_in_host(cx: &mut Context, base: Regs, count: usize, step_bytes: Option<usize>) -> bool {
    // SAFETY: as for `step_in_host`.
    unsafe {
        let at = Walk::from_host(cx, base).peek().map(|at| (at, true));
        let mut roots = RootSet::new(cx, at, (base, count));
        let closure = std::ptr::with_exposed_provenance_mut::<Closure>(*base.sub(2) as usize);
        roots.values.push(Value::from_function(closure));
        match step_bytes {
            None => {
                cx.heap.collect_full(&mut roots);
                true
            }
            Some(bytes) => cx.heap.step_by(bytes, &mut roots),
        }
    }
}

/// Tells the collector that control enters a fiber.
///
/// # Safety
/// The fiber is live.
pub(crate) unsafe fn before_resume(cx: &mut Context, fiber: *mut FiberCell) {
    // SAFETY: passed on.
    if !unsafe { cx.heap.needs_scan(fiber) } {
        return;
    }
    let mut roots = RootSet::new(cx, None, (std::ptr::null_mut(), 0));
    // SAFETY: passed on.
    unsafe { cx.heap.before_resume(fiber, &mut roots) };
}

const _: () = {
    // Captured cells are marked as values of their own kind.
    assert!(Tag::CELL.0 > Tag::STRING.0);
};

/// Whether the function behind a closure runs bytecode.
pub(crate) fn is_guest(closure: *mut Closure) -> bool {
    // SAFETY: closures point to functions, which live as long as the machine.
    matches!(unsafe { &(*(*closure).function.cast::<crate::function::FunctionInfo>()).body }, Body::Guest(_))
}
