//! From bytes to a machine: the parts, in an order in which each finds what it needs.

use super::clone::Cloner;
use super::load_items::Items;
use super::parts::Payload;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::compile::facts::{Facts, Known};
use crate::heap::transfer::{FiberState, HeapLoader, LoadOutside, LoadedLayout, WaitingCells};
use crate::heap::{Closure, FiberCell, Heap, HeapLimits, HostObject, OutOfMemory};
use crate::memory::Held;
use crate::runtime::context::{Context, FUEL_LIMIT_MAX, FUEL_UNLIMITED, NO_SIGNATURE};
use crate::runtime::fiber::Fiber;
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::host::HostState;
use crate::runtime::instance::Instance;
use crate::runtime::layouts::Shape;
use crate::runtime::layouts::layout_of;
use crate::runtime::loaded_program::LoadedProgram;
use crate::runtime::program_types::ProgramTypes;
use crate::runtime::stack_memory::{FIRST_WORDS, StackMemory};
use crate::value::{Tag, Value};
use minivm_isa::Type;
use minivm_isa::entities::{Func, Layout, Sig};
use minivm_isa::program::Constant;
use minivm_isa::verify::Verified;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// What is being loaded.
pub(crate) struct Loading<'c> {
    pub(crate) cx: &'c mut Context,
    pub(super) codecs: &'c super::Codecs,
    host_state: &'c mut HostState,
    /// Host functions that the snapshot names.
    pub(crate) hosts: Vec<*const FunctionInfo>,
    /// The programs of the snapshot.
    pub(crate) programs: Vec<Rc<LoadedProgram>>,
    /// For each layout of the machine the types of its references, in the order in which they lie.
    pub(crate) references: Vec<Box<[Type]>>,
    /// Functions behind bridges.
    bridged: Vec<*mut Closure>,
    /// Fibers that belong to a run, as they run or wait for one that they resumed.
    pub(crate) in_runs: usize,
    /// The message handlers that may use more than a full stack: the fiber, and how high the record lies.
    pub(crate) overflow_handlers: HashMap<*mut FiberCell, usize>,
    /// Fibers on which a finaliser runs.
    pub(crate) finalising: HashSet<*mut FiberCell>,
    /// Globals, memories and tables.
    pub(crate) items: Items,
    /// What the loader knows of functions that have frames.
    pub(crate) facts: HashMap<*const GuestFunction, Facts>,
    /// The same at some instructions inside of blocks.
    pub(crate) known: HashMap<(*const GuestFunction, usize), Known>,
    /// Long strings that were found to be what programs have for a constant, by its place.
    pub(crate) constants: HashMap<*const Constant, u64>,
    /// What is taken from the account while the state is loaded, for what has no charge of its own.
    held: Held,
    /// Bytes of it that stay there as long as the state.
    lasting: u64,
}

/// Bytes of names, handles and numbers that a machine has without being charged: hosts make them, not programs.
const LASTING_FREE: u64 = 4 << 20;

/// Takes over a state, in place of the one that is there. Of the payload the note was read; its cells may be in a clone.
pub(crate) fn load(
    old: &mut Box<Context>,
    mut payload: Payload<'_>,
    programs: &[Arc<Verified>],
    clone: Option<Cloner>,
) -> Result<(), SnapshotError> {
    let bytes_max = usize::try_from(old.limits.memory_bytes_max).unwrap_or(usize::MAX);
    let limits = old.heap.limits();
    // Hosts that hold the account go on with it. The state that goes counts until it is dropped: both are there meanwhile.
    let account = old.heap.budget().clone();
    let there = account.hold_unchecked(old.heap.used_bytes() as u64);
    let before = account.taken();
    // A program may be over its limit for a while, and more is there while it is loaded.
    let own_max = Heap::lenient(bytes_max, &limits);
    let heap = Heap::within(HeapLimits { bytes_max: own_max.saturating_add(bytes_max / 4), ..limits }, account);
    heap.report();
    let mut new = Context::new(heap, old.limits, &crate::compile::ENGINE);
    new.number_reader = old.number_reader;
    new.errors.words = old.errors.words.clone();
    new.keeps_uncaught = old.keeps_uncaught;
    let waiting = clone.map(|clone| clone.put_into(&mut new)).transpose();
    new.host_functions = std::mem::take(&mut old.host_functions);
    let codecs = std::mem::take(&mut old.codecs);
    let host_state = &mut old.host_state;
    // What the host gave may panic in its codecs and readers; both machines are whole again before that goes on.
    let read = catch_unwind(AssertUnwindSafe(|| {
        match waiting {
            Ok(waiting) => read(&mut new, (&codecs, &mut *host_state), &mut payload, programs, waiting)?,
            Err(OutOfMemory { .. }) => return Err(SnapshotError::OutOfMemory),
        }
        codecs.load_states(host_state, new.heap.budget(), &mut payload.part())?;
        payload.end()?;
        let own = (new.heap.used_bytes() as u64).saturating_add(new.heap.budget().taken().saturating_sub(before));
        if own > own_max as u64 { Err(SnapshotError::OutOfMemory) } else { Ok(()) }
    }));
    let (result, panic) = match read {
        Ok(result) => (result, None),
        Err(panic) => (Err(SnapshotError::Refused("a function of the host has panicked".into())), Some(panic)),
    };
    match result {
        Ok(()) => {
            new.host_state = std::mem::take(&mut old.host_state);
            new.codecs = codecs;
            *old = new;
        }
        Err(_) => {
            old.codecs = codecs;
            old.host_functions = std::mem::take(&mut new.host_functions);
            drop(new);
        }
    }
    drop(there);
    old.heap.set_bytes_max(bytes_max);
    old.heap.report();
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
    result
}

fn read(
    cx: &mut Context,
    (codecs, host_state): (&super::Codecs, &mut HostState),
    payload: &mut Payload<'_>,
    programs: &[Arc<Verified>],
    mut waiting: Option<WaitingCells>,
) -> Result<(), SnapshotError> {
    let held = cx.heap.budget().hold(0)?;
    let mut loading = Loading {
        cx,
        codecs,
        host_state,
        hosts: Vec::new(),
        programs: Vec::new(),
        references: Vec::new(),
        bridged: Vec::new(),
        in_runs: 0,
        overflow_handlers: HashMap::new(),
        finalising: HashSet::new(),
        items: Items::default(),
        facts: HashMap::new(),
        constants: HashMap::new(),
        known: HashMap::new(),
        held,
        lasting: 0,
    };
    let (machine_bytes, is_copy) = (payload.machine_bytes(), waiting.is_some());
    loading.programs = loading.programs(&mut payload.part(), programs)?;
    loading.instances(machine_bytes, &mut payload.part())?;
    loading.find_hosts(&mut payload.part())?;
    loading.make_items(&mut payload.part(), machine_bytes)?;
    let mut cells = loading.cells(payload, waiting.as_mut())?;
    loading.check_bridges()?;
    let mut from = payload.part();
    loading.machine(&mut cells, &mut from)?;
    for (cell, block) in std::mem::take(&mut cells.fibers) {
        // SAFETY: the cells were made with the states of fibers.
        let fiber = unsafe { Fiber::of(cell) };
        let mut from = block.reader("fiber");
        loading.fiber(cell, fiber, &cells, &mut from)?;
        from.end()?;
    }
    loading.runs(&cells, &mut from)?;
    cells.counters(&mut loading.cx.heap, &mut from)?;
    if !is_copy {
        cells.lists(&mut loading.cx.heap, &mut from)?;
    }
    from.label("budget");
    let is_limited = from.flag()?;
    let fuel = from.signed()?;
    if !(-(1 << 40)..=FUEL_LIMIT_MAX).contains(&fuel) {
        return Err(from.damaged("invalid fuel budget"));
    }
    loading.cx.fuel = if is_limited { fuel } else { FUEL_UNLIMITED };
    loading.cx.is_limited = is_limited;
    from.end()?;
    let Loading { cx, held, lasting, .. } = loading;
    held.resize(lasting.saturating_sub(LASTING_FREE))?;
    cx.loaded = Some(held);
    Ok(())
}

impl Loading<'_> {
    /// Makes the cells of the heap, or completes those of a clone.
    fn cells(
        &mut self,
        payload: &mut Payload<'_>,
        waiting: Option<&mut WaitingCells>,
    ) -> Result<HeapLoader, SnapshotError> {
        // The heap is elsewhere while its cells are made, as what reads them belongs to the machine.
        let limits = self.cx.heap.limits();
        let mut heap = std::mem::replace(&mut self.cx.heap, Heap::new(limits));
        let cells = match waiting {
            Some(waiting) => payload
                .part()
                .end()
                .and_then(|()| payload.part().end())
                .and_then(|()| waiting.complete(&mut heap, self)),
            None => {
                let mut cells = HeapLoader::new(&mut heap, payload.strings(), payload.contents_bytes());
                let count = payload.cells();
                cells
                    .shapes(&mut heap, count, &mut payload.part(), self)
                    .and_then(|()| cells.contents(&mut heap, &mut payload.part(), self))
                    .map(|()| cells)
            }
        };
        self.cx.heap = heap;
        cells
    }

    /// Takes bytes from the account while the state is loaded.
    pub(crate) fn hold(&self, bytes: u64) -> Result<(), SnapshotError> {
        Ok(self.held.grow(bytes)?)
    }

    /// The same for bytes that stay as long as the state.
    pub(crate) fn hold_lasting(&mut self, bytes: u64) -> Result<(), SnapshotError> {
        self.lasting += bytes;
        self.hold(bytes)
    }

    /// Whether the functions behind all bridges are such as bridges are made for.
    fn check_bridges(&self) -> Result<(), SnapshotError> {
        // SAFETY: all closures were read, and have their functions.
        let is_typed = |&closure: &*mut Closure| unsafe { info_of(closure) }.signature != NO_SIGNATURE;
        match self.bridged.iter().any(is_typed) {
            true => Err(SnapshotError::Damaged("contents of cells: a bridge leads to a typed function".into())),
            false => Ok(()),
        }
    }

    /// Reads the number of an instance.
    pub(crate) fn instance(&self, from: &mut Reader<'_>) -> Result<&Instance, SnapshotError> {
        let number = from.size()?;
        self.instance_at(number).ok_or_else(|| from.damaged("unknown instance"))
    }

    /// The instance of a number.
    pub(crate) fn instance_at(&self, number: usize) -> Option<&Instance> {
        self.cx.instances.get(u32::try_from(number).ok()?)
    }

    /// Reads a type of the machine, and the types of the program that has it, where one does.
    pub(crate) fn read_type(&self, from: &mut Reader<'_>) -> Result<(Type, Option<Rc<ProgramTypes>>), SnapshotError> {
        let ty = match from.byte()? {
            0 => Type::Any,
            1 => Type::I32,
            2 => Type::I64,
            3 => Type::F32,
            4 => Type::F64,
            5 => Type::V128,
            6 => Type::Cell,
            7 => {
                let instance = self.instance(from)?;
                let number = from.size()?;
                let layout = instance.layouts().get(number).ok_or_else(|| from.damaged("unknown layout"))?;
                return Ok((Type::Ref(Layout::from_u32(layout.number)), Some(instance.types.clone())));
            }
            _ => return Err(from.damaged("unknown type")),
        };
        Ok((ty, None))
    }

    /// Reads the words of a type of the machine.
    pub(crate) fn typed(&self, cells: &HeapLoader, ty: Type, from: &mut Reader<'_>) -> Result<[u64; 2], SnapshotError> {
        Ok(match ty {
            Type::Any => {
                let value = cells.value(from)?;
                [value.payload(), u64::from(value.tag().0)]
            }
            Type::I32 | Type::F32 => [u64::from(from.fixed_u32()?), 0],
            Type::I64 => [from.signed()? as u64, 0],
            Type::F64 => [from.word()?, 0],
            Type::V128 => [from.word()?, from.word()?],
            Type::Cell | Type::Ref(_) => {
                let to = cells.reference(from)?;
                if !fits(self.cx, ty, to) {
                    return Err(from.damaged("a reference points to an object of the wrong type"));
                }
                [to.map_or(0, |value| value.payload()), 0]
            }
        })
    }
}

/// The function behind a closure.
///
/// # Safety
/// The closure was read.
pub(crate) unsafe fn info_of<'a>(closure: *mut Closure) -> &'a FunctionInfo {
    // SAFETY: closures that were read have functions, which live as long as they do.
    unsafe { &*(*closure).function.cast::<FunctionInfo>() }
}

/// Whether a reference may stand where this type of the machine does.
fn fits(cx: &Context, ty: Type, to: Option<Value>) -> bool {
    match (ty, to) {
        (Type::Cell, to) => to.is_some_and(|value| value.tag() == Tag::CELL),
        (Type::Ref(_), None) => true,
        (Type::Ref(layout), Some(value)) => {
            // SAFETY: the cells of a snapshot have their kind and type from the start.
            unsafe { layout_of(value) }.is_some_and(|found| cx.layout_fits(found, layout.as_u32()))
        }
        _ => false,
    }
}

impl LoadOutside for Loading<'_> {
    fn function(&mut self, from: &mut Reader<'_>) -> Result<(*const (), *const u8), SnapshotError> {
        let info: *const FunctionInfo = match from.byte()? {
            0 => {
                let instance = self.instance(from)?;
                let number = u32::try_from(from.size()?).unwrap_or(u32::MAX);
                match instance.known_function(Func::from_u32(number.min(u32::MAX - 1))) {
                    Some(info) => info,
                    None => return Err(from.damaged("unknown function")),
                }
            }
            1 => match self.hosts.get(from.size()?) {
                Some(&info) => info,
                None => return Err(from.damaged("unknown host function")),
            },
            2 => {
                let instance = self.instance(from)?;
                let signature = from.size()?;
                let is_known = signature < instance.program.signatures.len();
                let number =
                    if is_known { instance.signature_number(Sig::from_u32(signature as u32)) } else { NO_SIGNATURE };
                match number != NO_SIGNATURE && self.cx.has_bridge(number) {
                    true => self.cx.bridge_info(number),
                    false => return Err(from.damaged("unknown bridge")),
                }
            }
            _ => return Err(from.damaged("unknown kind of function")),
        };
        // SAFETY: functions live as long as closures of theirs.
        Ok((info.cast(), unsafe { (*info).entry(&self.cx.return_stubs).cast() }))
    }

    unsafe fn may_capture(&mut self, function: *const (), captures: &[Value]) -> bool {
        let is_value = |value: &Value| value.tag() != Tag::CELL;
        // SAFETY: functions live as long as closures of theirs.
        match unsafe { &(*function.cast::<FunctionInfo>()).body } {
            Body::Guest(guest) => {
                let types = &guest.portable().captures;
                types.len() == captures.len()
                    && types.iter().zip(captures).all(|(&ty, value)| is_value(value) == (ty != Type::Cell))
            }
            Body::Host(_) => captures.iter().all(is_value),
            Body::Bridge(_) => {
                let [target, name] = captures else { return false };
                // What it is of may not be known yet.
                self.bridged.extend(target.as_function());
                target.tag() == Tag::FUNCTION && matches!(name.tag(), Tag::NIL | Tag::STRING)
            }
        }
    }

    unsafe fn is_sealed(&self, function: *const ()) -> bool {
        // SAFETY: functions live as long as closures of theirs.
        matches!(unsafe { &(*function.cast::<FunctionInfo>()).body }, Body::Bridge(_))
    }

    fn layout(&mut self, from: &mut Reader<'_>) -> Result<(u32, LoadedLayout), SnapshotError> {
        let instance = self.instance(from)?;
        let layout = instance.layouts().get(from.size()?).ok_or_else(|| from.damaged("unknown layout"))?;
        let loaded = match &layout.shape {
            Shape::Record { layout, .. } => LoadedLayout::Record(layout),
            Shape::Array { element } => LoadedLayout::Array(*element),
        };
        Ok((layout.number, loaded))
    }

    fn may_refer(&self, type_index: u32, number: usize, to: Option<Value>) -> bool {
        self.references[type_index as usize].get(number).is_some_and(|&ty| fits(self.cx, ty, to))
    }

    fn new_fiber(&mut self) -> Result<FiberState, SnapshotError> {
        let stack = StackMemory::new(FIRST_WORDS).ok_or(SnapshotError::OutOfMemory)?;
        let fiber = Box::new(Fiber::new(stack));
        Ok((Box::into_raw(fiber).cast(), crate::runtime::switch::drop_fiber, FIRST_WORDS * 8 + size_of::<Fiber>()))
    }

    fn host_object(&mut self, from: &mut Reader<'_>) -> Result<Box<dyn HostObject>, SnapshotError> {
        let kind = from.text()?;
        let length = from.length()?;
        // Where they were read, and here.
        let _held = self.cx.heap.budget().hold(2 * length as u64)?;
        let bytes = from.raw(length)?.to_vec();
        let handles = self.handles(from)?;
        self.codecs.load_object((&kind, &bytes), &handles, self.host_state)
    }
}
