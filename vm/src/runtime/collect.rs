//! What the collector asks of the interpreter: roots, and the points where it may run.

use crate::heap::{Closure, FiberCell, Marker, OutOfMemory, Roots, Str, Table};
use crate::runtime::context::Context;
use crate::runtime::context::LOADS_MIN;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::Body;
use crate::runtime::instance::Instances;
use crate::runtime::known_bridges::KnownBridges;
use crate::runtime::program_types::TypeTables;
use crate::runtime::task::Runs;
use crate::runtime::walk::{Level, Walk};
use crate::runtime::{finalise, unwind};
use crate::threaded::continuation::Continuation;
use crate::threaded::frame::Frame;
use crate::threaded::return_stubs::is_machine_place;
use crate::threaded::stack_map;
use crate::threaded::{Flow, Pc, Regs};
use crate::value::{Tag, Value};
use minivm_isa::{Convention, TrapCode};

/// What is reachable without the heap. Holds copies and pointers, as the heap itself is lent to the collector meanwhile.
struct RootSet {
    continuation_return: Pc,
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
    instances: *mut Instances,
    types: TypeTables,
    loads_until_collection: *mut usize,
    runs: *const Runs,
    known_bridges: *mut KnownBridges,
}

impl RootSet {
    fn new(cx: &mut Context, at: Option<(Flow, bool)>, host_values: (Regs, usize)) -> Self {
        let mut values: Vec<Value> = cx.registry.values().copied().collect();
        values.extend(cx.kept.iter());
        cx.rooted.forget_dropped();
        values.extend(cx.rooted.iter());
        values.extend(cx.definitions.functions());
        values.extend(cx.run.roots());
        values.extend(cx.pending_error);
        values.extend(cx.pending_call.as_ref().map(|call| call.callee()));
        let mut tables = cx.kind_metatables.to_vec();
        tables.push(cx.string_metatable);
        RootSet {
            continuation_return: cx.continuation_return(),
            at,
            host_values,
            open_count: cx.open_count,
            fiber: cx.run.fiber,
            main_fiber: cx.run.main_fiber,
            tables,
            strings: [&cx.metamethods[..], cx.heap.kind_names(), &[cx.no_memory]].concat(),
            values,
            instances: &raw mut cx.instances,
            types: TypeTables::new(cx),
            loads_until_collection: &raw mut cx.loaded_programs.until_collection,
            runs: &raw const cx.runs,
            known_bridges: &raw mut cx.known_bridges,
        }
    }

    /// # Safety
    /// `at` is the state of a whole stack (invariant 1), which nobody changes meanwhile.
    unsafe fn trace_stack(&self, at: Flow, calling: bool, marker: &mut Marker) {
        let mut walk = Walk::at(self.continuation_return, at, calling);
        // SAFETY: the state is that of a stack nobody changes meanwhile.
        unsafe {
            while let Some((level, at)) = walk.next() {
                match level {
                    Level::Guest { guest, closure, regs, instruction, calling, baseline } => {
                        marker.mark_object(closure.cast());
                        // An error inside of a call finds what the call kept.
                        let calling = calling || guest.call_around(at.pc).is_some();
                        let function = guest.portable();
                        let map = guest.stack_map().expect("it is made with the code");
                        let place = stack_map::Place { instruction, calling, baseline };
                        map.mark(function, guest.slots(), place, regs, marker);
                        if guest.convention == Convention::Variadic {
                            let (first, count) = Frame::at(regs).varargs(guest.params as usize);
                            mark_values(first, count, marker);
                        }
                    }
                    Level::Host { closure, base, continuation, .. } => {
                        marker.mark_object(closure.cast());
                        mark_values(base, Continuation::at(continuation).values as usize / 2, marker);
                        marker.mark(Continuation::at(continuation).value);
                    }
                    Level::Continuation { continuation } => mark_continuation(continuation, marker),
                    Level::Boundary { closure } => marker.mark_object(closure.cast()),
                }
            }
        }
    }
}

/// # Safety
/// A continuation lies there, above the values that it counts.
unsafe fn mark_continuation(continuation_at: Regs, marker: &mut Marker) {
    // SAFETY: a continuation lies there.
    unsafe {
        let continuation = Continuation::at(continuation_at);
        marker.mark(continuation.value);
        let values = continuation.values as usize;
        let first = continuation_at.sub(values);
        mark_values(first, values / 2, marker);
    }
}

/// # Safety
/// The caller names `any` slots.
unsafe fn mark_values(first: Regs, count: usize, marker: &mut Marker) {
    for index in 0..count {
        // SAFETY: the caller names `any` slots.
        marker.mark(unsafe { crate::threaded::operands::get_any(first, index * 2) });
    }
}

impl Roots for RootSet {
    fn trace_roots(&mut self, marker: &mut Marker) {
        for &value in &self.values {
            marker.mark(value);
        }
        // SAFETY: all of these are live: the context holds them.
        unsafe {
            (*self.known_bridges).clear();
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
            let slot = (&*self.instances).slots().nth(from)?;
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
            match &(*function.cast::<crate::runtime::function::FunctionInfo>()).body {
                Body::Guest(guest) => (*guest.instance).trace(marker),
                Body::Bridge(bridge) => bridge.seen_in.set(marker.cycle()),
                Body::Host(_) => {}
            }
        }
    }

    fn trace_layout(&mut self, layout: u32, marker: &mut Marker) {
        // SAFETY: the context lives while its heap is collected, and nothing of this is borrowed.
        if let Some(holder) = unsafe { self.types.holder(layout) } {
            self.trace_outside(holder, marker);
        }
    }

    fn trace_outside(&mut self, number: u32, marker: &mut Marker) {
        // SAFETY: the context lives while its heap is collected, and nothing of an instance changes meanwhile.
        unsafe {
            if let Some(instance) = (*self.instances).get(number) {
                instance.trace(marker);
            }
        }
    }

    fn finish(&mut self, cycle: u64) {
        // SAFETY: the context lives while its heap is collected, and lends out nothing of this meanwhile.
        unsafe {
            let instances = &mut *self.instances;
            // What is dead goes, with its functions, memories and tables: no closure of it is left.
            instances.retain(|instance| instance.is_pinned.get() || instance.traced_in.get() == cycle);
            *self.loads_until_collection = instances.iter().count().max(LOADS_MIN);
            self.types.retain_live(cycle);
        }
    }

    fn trace_fiber(&mut self, fiber: *mut (), marker: &mut Marker) {
        // SAFETY: fibers made by `switch::create` hold this state.
        unsafe {
            let fiber = &mut *fiber.cast::<Fiber>();
            marker.mark_object(fiber.resumer.cast());
            if let Some(hook) = &fiber.hook {
                marker.mark(hook.function);
            }
            match fiber.state {
                FiberState::Running => {}
                FiberState::Suspended | FiberState::Parked if fiber.pc.is_null() => {
                    marker.mark(fiber.waiting_callee());
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
                    marker.mark(Continuation::at(fiber.stack.start()).value);
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
    ///
    /// # Safety
    /// `at` is the top of a whole stack.
    unsafe fn trace_open_list(&self, at: Flow, calling: bool, open_count: usize, marker: &mut Marker) {
        if calling || is_machine_place(self.continuation_return, at.pc) {
            return;
        }
        // SAFETY: the state is that of a guest frame.
        unsafe {
            let mut walk = Walk::at(self.continuation_return, at, calling);
            if let Some((Level::Guest { guest, regs, instruction, .. }, _)) = walk.next()
                && stack_map::takes_open(&guest.portable().code[instruction])
            {
                let code = if guest.is_baseline(at.pc) { guest.baseline() } else { guest.code() };
                let fixed = code.map_or(0, |code| super::stepping::prepended(guest, code, at.pc));
                let window = crate::threaded::slots::window(guest.slots());
                mark_values(regs.add(window), fixed + open_count, marker);
            }
        }
    }
}

/// As which a step of the collector counts for interrupts: memory that was allocated since the last one is touched for the first
/// time, and marking it misses the cache.
const STEP_UNITS: i64 = 1 << 13;

/// A step of the collector.
///
/// # Errors
/// As for [`Heap::step`](crate::heap::Heap::step).
fn step(cx: &mut Context, roots: &mut RootSet) -> Result<(), OutOfMemory> {
    cx.hasten(STEP_UNITS);
    cx.heap.step(roots)
}

/// A step of the collector, due before the instruction at `at`, which then starts again; a finaliser may run first.
///
/// # Safety
/// `at` is the running guest frame.
#[inline(never)]
pub(crate) unsafe fn step_at(cx: &mut Context, at: Flow) -> Flow {
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    let result = step(cx, &mut roots);
    // SAFETY: passed on.
    unsafe {
        if result.is_err() {
            return unwind::raise_trap(cx, at, TrapCode::OutOfMemory);
        }
        // An instruction that has stopped half-way is not interrupted by others.
        if cx.may_finalise() && !takes_open(cx, at) && cx.run.work.is_none() {
            return finalise::run_before_instruction(cx, at);
        }
    }
    at
}

/// Collects all garbage.
///
/// # Safety
/// `at` is a place of the running instruction, of a guest frame; what the instruction reads is kept.
pub(crate) unsafe fn collect_at(cx: &mut Context, at: Flow) {
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    cx.heap.collect_full(&mut roots);
}

/// A step of the collector before the machine goes on at `at`, if one is due. No finaliser runs here, and what does not fit is
/// found out where something is allocated next.
///
/// # Safety
/// `at` is the running frame, whole, at an instruction that has not begun; no open list is alive.
#[cold]
#[inline(never)]
pub(crate) unsafe fn step_before(cx: &mut Context, at: Flow) {
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    let _ = step(cx, &mut roots);
}

/// As [`step_before`], before the machine goes on with the continuation at `continuation`, above which `count` values lie.
///
/// # Safety
/// The continuation is on top of the stack but for the values.
#[cold]
#[inline(never)]
pub(crate) unsafe fn step_at_continuation(cx: &mut Context, continuation: Regs, count: usize) {
    let at = Flow { pc: cx.continuation_return(), regs: continuation };
    let results = continuation.wrapping_add(crate::threaded::continuation::CONTINUATION_WORDS);
    let mut roots = RootSet::new(cx, Some((at, true)), (results, count));
    let _ = step(cx, &mut roots);
}

/// Makes room for what was refused, before an instruction that calls: whether another try is worth it.
///
/// # Safety
/// As for [`step_before`].
#[cold]
#[inline(never)]
unsafe fn make_room_before(cx: &mut Context, at: Flow) -> bool {
    let refused = cx.heap.refused();
    let mut roots = RootSet::new(cx, Some((at, false)), (std::ptr::null_mut(), 0));
    cx.heap.make_room(refused, &mut roots).is_ok()
}

/// Makes room for the fiber of a run that is about to begin with these values; nothing runs.
///
/// # Errors
/// When there is none.
pub(crate) fn make_room_for(cx: &mut Context, function: Value, arguments: &[Value]) -> Result<(), OutOfMemory> {
    let refused = cx.heap.refused();
    let mut roots = RootSet::new(cx, None, (std::ptr::null_mut(), 0));
    roots.values.push(function);
    roots.values.extend_from_slice(arguments);
    cx.heap.make_room(refused, &mut roots)
}

/// The bridge to a function for calls with a signature. There is one for each as long as a cycle of the collector lasts, so that
/// calls do not make garbage; and where one is made is a safepoint.
///
/// # Errors
/// When there is no memory for it.
///
/// # Safety
/// `at` is the running frame, whole, at the instruction that calls, which keeps `callee` alive.
pub(crate) unsafe fn bridge_at(
    cx: &mut Context,
    callee: Value,
    signature: u32,
    at: Flow,
) -> Result<*mut Closure, OutOfMemory> {
    if let Some(bridge) = cx.known_bridges.get(callee, signature) {
        return Ok(bridge);
    }
    // SAFETY: passed on.
    unsafe {
        if cx.heap.needs_step() {
            step_before(cx, at);
        }
        let bridge = match cx.bridge(callee, Value::NIL, signature) {
            Err(_) if make_room_before(cx, at) => cx.bridge(callee, Value::NIL, signature)?,
            made => made?,
        };
        cx.known_bridges.add(callee, signature, bridge);
        Ok(bridge)
    }
}

/// Ends the collection that is under way, if any; `at` is the state of a run that has stopped.
///
/// # Safety
/// The state is whole.
pub(crate) unsafe fn settle(cx: &mut Context, at: Option<Flow>) {
    // A machine that goes on from what is saved now has none either.
    cx.known_bridges.clear();
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
///
/// # Safety
/// The caller describes a live guest frame.
unsafe fn takes_open(cx: &Context, at: Flow) -> bool {
    // SAFETY: the caller describes a live guest frame.
    let level = unsafe { Walk::new(cx, at, false).next() };
    matches!(level, Some((Level::Guest { guest, instruction, .. }, _))
        if stack_map::takes_open(&guest.portable().code[instruction]))
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
        let closure = Frame::at(base).closure();
        roots.values.push(Value::from_function(closure));
        step(cx, &mut roots)
    }
}

/// A full collection, or a step of one, asked for by a host function with `count` values at `base`, which was given the values
/// in `returned`.
///
/// # Safety
/// As for `step_in_host`.
pub(crate) unsafe fn collect_in_host(
    cx: &mut Context,
    base: Regs,
    count: usize,
    returned: Vec<Value>,
    step_bytes: Option<usize>,
) -> bool {
    // SAFETY: as for `step_in_host`.
    unsafe {
        let at = Walk::from_host(cx, base).peek().map(|at| (at, true));
        let mut roots = RootSet::new(cx, at, (base, count));
        let closure = Frame::at(base).closure();
        roots.values.push(Value::from_function(closure));
        roots.values.extend(returned);
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
#[inline(always)]
pub(crate) unsafe fn before_resume(cx: &mut Context, fiber: *mut FiberCell) {
    // SAFETY: passed on.
    unsafe {
        if cx.heap.needs_scan(fiber) {
            scan_before_resume(cx, fiber);
        }
    }
}

/// Has the collector scan a fiber that it has not come to yet.
///
/// # Safety
/// The fiber is live.
#[cold]
#[inline(never)]
unsafe fn scan_before_resume(cx: &mut Context, fiber: *mut FiberCell) {
    let mut roots = RootSet::new(cx, None, (std::ptr::null_mut(), 0));
    // SAFETY: passed on.
    unsafe { cx.heap.before_resume(fiber, &mut roots) };
}

const _: () = {
    // Captured cells are marked as values of their own kind.
    assert!(Tag::CELL.0 > Tag::STRING.0);
};
