//! From a machine to bytes.

use super::clone::Cloner;
use super::parts::Parts;
use super::save_items::{FUNCTION, Items};
use super::{Codecs, ProgramHash, program_hash};
use crate::bytes::SnapshotError;
use crate::bytes::Writer;
use crate::heap::transfer::{HeapCopier, HeapSaver, SaveOutside};
use crate::heap::{FiberCell, HostObject};
use crate::runtime::context::{Context, Status};
use crate::runtime::definitions::Definition;
use crate::runtime::deoptimise;
use crate::runtime::fiber::Fiber;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::instance::{Instance, SharedMemory};
use crate::runtime::task::Uncaught;
use crate::threaded::Flow;
use crate::value::{Tag, Value};
use minivm_isa::verify::Verified;
use minivm_isa::{Type, binary};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// How the code travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeForm {
    /// With the state.
    Whole,
    /// By its hash: whoever loads the state has the programs.
    ByHash,
}

/// Where the code goes.
#[derive(Clone, Copy)]
pub(crate) enum Code<'a> {
    /// Nowhere: whoever loads the state is given the programs themselves.
    Shared,
    /// Into the bytes.
    Whole,
    /// Only hashes go into the bytes.
    ByHash,
    /// Of programs with these hashes only those; the rest goes into the bytes.
    Without(&'a [ProgramHash]),
}

impl From<CodeForm> for Code<'_> {
    fn from(form: CodeForm) -> Self {
        match form {
            CodeForm::Whole => Code::Whole,
            CodeForm::ByHash => Code::ByHash,
        }
    }
}

/// Where the cells of the heap go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// Into the bytes.
    Written,
    /// Into a clone of the heap.
    Copied,
    /// Nowhere: they are only counted.
    Counted,
}

/// The run of a state.
#[derive(Clone, Copy)]
pub(crate) enum RunKind {
    /// Nothing runs.
    None,
    /// It stands between two instructions.
    Stands,
    /// It has stopped where this error was raised, which nobody catches.
    Raised(Value),
    /// It waits for the host.
    Waits,
    /// It has yielded to the host.
    Yielded,
}

/// What is being saved.
pub(crate) struct Saving<'c> {
    pub(crate) cx: &'c mut Context,
    codecs: Codecs,
    /// Numbers of instances, by address. Only looked up, as the maps below.
    instances: HashMap<*const Instance, u32>,
    programs: MetPrograms,
    hosts: HashMap<*const FunctionInfo, u32>,
    /// Host functions that were met, in order, by their number in the machine.
    met_hosts: Vec<u32>,
    host_numbers: HashMap<u32, u32>,
    /// For each layout of the machine an instance that has it, and its number there.
    layouts: Vec<Option<(u32, u32)>>,
    /// The same for each declared type.
    pub(super) types: Vec<Option<(u32, u32)>>,
    pub(crate) items: Items,
    /// The message handlers of all runs that may use more than a full stack: fiber, and how high the record lies.
    pub(crate) overflow_handlers: Vec<(*mut FiberCell, usize)>,
}

/// The programs whose numbers stand in bytes that share them.
pub(crate) type Programs = Vec<Arc<Verified>>;

/// The programs that were met, by their numbers.
#[derive(Default)]
struct MetPrograms {
    all: Programs,
    numbers: HashMap<*const Verified, usize>,
}

impl MetPrograms {
    fn number(&mut self, program: &Arc<Verified>) -> usize {
        *self.numbers.entry(Arc::as_ptr(program)).or_insert_with(|| {
            self.all.push(program.clone());
            self.all.len() - 1
        })
    }
}

/// Cells as bytes.
#[derive(Default)]
struct Written {
    count: usize,
    shapes: Vec<u8>,
    contents: Vec<u8>,
}

/// What saving gives.
pub(crate) struct Saved {
    pub(crate) parts: Parts,
    /// The programs that the parts share, when they do not hold them.
    pub(crate) programs: Programs,
    /// The heap, when its cells were copied.
    pub(crate) clone: Option<Cloner>,
    /// Heap cells and their bytes by kind.
    pub(crate) census: BTreeMap<&'static str, (usize, usize)>,
    /// All memories, as they were met.
    pub(crate) memories: Vec<SharedMemory>,
    /// All fibers, as they were met.
    pub(crate) fibers: Vec<*mut FiberCell>,
}

/// Saves a state.
pub(crate) fn save(cx: &mut Context, note: &[u8], code: Code<'_>, cells: Cells) -> Result<Saved, SnapshotError> {
    let run = match (cx.status, cx.run.uncaught) {
        (Status::Running | Status::OutOfFuel | Status::Stepped, _) => RunKind::Stands,
        (Status::Failed, Uncaught::Stopped(error)) => RunKind::Raised(error),
        (Status::Finished | Status::Failed, _) => RunKind::None,
        (Status::Yielded, _) => RunKind::Yielded,
        (Status::Waiting, _) => RunKind::Waits,
    };
    match run {
        RunKind::Stands if cx.stand() => {}
        RunKind::Stands => {
            return Err(SnapshotError::Refused("the run does not stand between two instructions".into()));
        }
        // It stands inside of an instruction, as a fiber that has failed does.
        RunKind::Raised(_) => {}
        RunKind::Waits => {
            if let Some(request) = &cx.run.request {
                let name = request.name();
                return Err(SnapshotError::Refused(format!("the run waits for '{name}', which the host was not told")));
            }
        }
        RunKind::Yielded => {}
        RunKind::None => {
            cx.run.end_fibers();
            (cx.pc, cx.regs) = (std::ptr::null(), std::ptr::null_mut());
        }
    }
    let is_run = !matches!(run, RunKind::None | RunKind::Yielded);
    // SAFETY: a run that stands has a whole state.
    unsafe {
        let at = Flow { pc: cx.pc, regs: cx.regs };
        crate::runtime::collect::settle(cx, is_run.then_some(at));
        if is_run {
            cx.pc = deoptimise::deoptimise_stack(cx, at, false);
        }
    }
    let codecs = std::mem::take(&mut cx.codecs);
    let mut saving = Saving::new(cx, codecs);
    let result = catch_unwind(AssertUnwindSafe(|| saving.all(note, (code, cells), run)));
    let codecs = std::mem::take(&mut saving.codecs);
    cx.codecs = codecs;
    // What the host gave may panic in its codecs; the machine is whole again.
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// The programs as bytes.
fn code(programs: &[Arc<Verified>], form: Code<'_>) -> Vec<u8> {
    let mut code = Writer::new();
    code.count(programs.len());
    for program in programs {
        let hash = match form {
            Code::Shared => {
                code.byte(2);
                continue;
            }
            Code::Whole => None,
            Code::ByHash => Some(program_hash(program)),
            Code::Without(hashes) => Some(program_hash(program)).filter(|hash| hashes.contains(hash)),
        };
        match hash {
            Some(hash) => {
                code.byte(1);
                code.raw(&hash);
            }
            None => {
                code.byte(0);
                code.block(&binary::encode(program));
            }
        }
    }
    code.into_bytes()
}

impl<'c> Saving<'c> {
    fn new(cx: &'c mut Context, codecs: Codecs) -> Self {
        let mut instances = HashMap::new();
        let (mut layouts, mut types) = (vec![None; cx.layouts.len()], vec![None; cx.types.len()]);
        for (number, instance) in (0u32..).zip(cx.instances.slots()) {
            let Some(instance) = instance else { continue };
            instances.insert(&raw const *instance, number);
            for (index, layout) in (0u32..).zip(instance.layouts()) {
                layouts[layout.number as usize].get_or_insert((number, index));
            }
            for (index, &ty) in (0u32..).zip(&instance.types.declared) {
                types[ty as usize].get_or_insert((number, index));
            }
        }
        let hosts = (0u32..).zip(&cx.host_functions).map(|(number, info)| (&raw const **info, number)).collect();
        let overflow_handlers = cx.runs.iter().chain([&cx.run]).filter_map(|run| run.overflow_handler).collect();
        Saving {
            cx,
            codecs,
            instances,
            programs: MetPrograms::default(),
            hosts,
            met_hosts: Vec::new(),
            host_numbers: HashMap::new(),
            layouts,
            types,
            items: Items::default(),
            overflow_handlers,
        }
    }

    fn all(&mut self, note: &[u8], (form, cells): (Code<'_>, Cells), run: RunKind) -> Result<Saved, SnapshotError> {
        self.items.counts_only = cells == Cells::Counted;
        // What can be refused comes first.
        let mut states = Writer::new();
        self.codecs.save_states(&mut self.cx.host_state, &mut states)?;
        let mut heap = HeapSaver::new();
        let instances = self.instances_met();
        let mut machine = Writer::new();
        self.machine(&mut heap, &mut machine)?;
        self.cx.heap.save_state(&mut heap, &mut machine);
        self.runs(&mut heap, run, &mut machine)?;
        let (cells, clone) = match cells {
            Cells::Written => (self.write_cells(&mut heap, &mut machine)?, None),
            Cells::Counted => {
                heap.counts_only = true;
                (self.write_cells(&mut heap, &mut machine)?, None)
            }
            Cells::Copied => (Written::default(), Some(self.copy_cells(&mut heap, &mut machine)?)),
        };
        let is_limited = self.cx.is_limited;
        machine.flag(is_limited);
        machine.signed(if is_limited { self.cx.fuel } else { 0 });
        let hosts = self.hosts();
        let programs = std::mem::take(&mut self.programs).all;
        let code = code(&programs, form);
        let memories = self.items.memories.all().to_vec();
        let (items, item_contents) = std::mem::take(&mut self.items).into_parts();
        let parts = Parts {
            cells: cells.count,
            strings: heap.interned,
            note: note.to_vec(),
            code,
            instances,
            hosts,
            items,
            shapes: cells.shapes,
            contents: cells.contents,
            machine: [item_contents, machine.into_bytes()].concat(),
            states: states.into_bytes(),
        };
        Ok(Saved { parts, programs, clone, memories, fibers: heap.fibers(), census: heap.census })
    }

    /// Writes all cells that were met or are reachable from such, and what the heap counts.
    fn write_cells(&mut self, heap: &mut HeapSaver, machine: &mut Writer) -> Result<Written, SnapshotError> {
        // SAFETY: everything met is reachable, and the run stands.
        let (count, shapes, contents) = unsafe { heap.drain(self)? };
        self.cx.heap.forget_strings(heap.interned, |string| heap.has_met(string.cast()));
        self.cx.heap.save_counters(heap.live_bytes, machine);
        self.cx.heap.save_lists(heap, machine);
        Ok(Written { count, shapes, contents })
    }

    /// As [`write_cells`](Self::write_cells), but copies the cells.
    fn copy_cells(&mut self, heap: &mut HeapSaver, machine: &mut Writer) -> Result<Cloner, SnapshotError> {
        let mut copier = HeapCopier::new(&self.cx.heap)?;
        // SAFETY: everything met is reachable, and the run stands. Names and interned strings are cells of the heap.
        unsafe {
            copier.copy(heap, self)?;
            self.cx.heap.forget_strings(copier.strings(), |string| copier.has_reached(string));
            self.cx.heap.save_counters(copier.live_bytes(), machine);
            let metamethods = self.cx.metamethods.map(|name| copier.cloned(name));
            let no_memory = copier.cloned(self.cx.no_memory);
            Ok(Cloner { heap: copier.finish(&self.cx.heap, heap), metamethods, no_memory })
        }
    }

    /// The instances: of which programs, and which functions were needed.
    fn instances_met(&mut self) -> Vec<u8> {
        let mut instances = Writer::new();
        instances.count(self.cx.instances.slots().len());
        for instance in self.cx.instances.slots() {
            instances.flag(instance.is_some());
            let Some(instance) = instance else { continue };
            instances.count(self.programs.number(instance.program.code()));
            instances.flag(instance.is_pinned.get());
            for function in instance.program.functions.keys() {
                let known = instance.known_function(function);
                instances.number(known.map_or(0, |info| 1 + info.charged_bytes()));
            }
        }
        instances.into_bytes()
    }

    /// The names of the host functions that were met; those of one name by their order in the machine.
    fn hosts(&self) -> Vec<u8> {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        let mut ordinals = Vec::with_capacity(self.cx.host_functions.len());
        for info in &self.cx.host_functions {
            let ordinal = seen.entry(host_name(info)).or_insert(0);
            ordinals.push(*ordinal);
            *ordinal += 1;
        }
        let mut out = Writer::new();
        out.count(self.met_hosts.len());
        for &number in &self.met_hosts {
            out.text(host_name(&self.cx.host_functions[number as usize]));
            out.number(u64::from(ordinals[number as usize]));
        }
        out.into_bytes()
    }

    fn machine(&mut self, heap: &mut HeapSaver, out: &mut Writer) -> Result<(), SnapshotError> {
        let mut instances = Writer::new();
        let all: Vec<*const Instance> = self.cx.instances.iter().map(|instance| &raw const *instance).collect();
        for instance in all {
            // SAFETY: instances are boxed; nothing runs, and none is let go.
            let instance = unsafe { &*instance };
            self.instance(instance, heap, &mut instances);
        }
        self.definitions(heap, &mut instances);
        self.items_met(heap)?;
        out.raw(&instances.into_bytes());
        out.count(self.cx.registry.len());
        for (name, &value) in &self.cx.registry {
            out.text(name);
            heap.value(value, out);
        }
        let (values, free) = self.cx.kept.parts();
        out.count(values.len());
        for value in values {
            out.flag(value.is_some());
            heap.value(value.unwrap_or(Value::NIL), out);
        }
        out.count(free.len());
        for &place in free {
            out.count(place);
        }
        // What only handles of the host keep goes along as garbage: both machines go on from the same heap.
        self.cx.rooted.forget_dropped();
        let mut nowhere = Writer::new();
        self.cx.rooted.iter().for_each(|value| heap.value(value, &mut nowhere));
        for &table in [self.cx.string_metatable].iter().chain(&self.cx.kind_metatables) {
            heap.reference(table.cast(), out);
        }
        for &name in self.cx.metamethods.iter().chain(self.cx.heap.kind_names()).chain([&self.cx.no_memory]) {
            heap.reference(name.cast(), out);
        }
        out.count(self.cx.loaded_programs.until_collection);
        out.flag(self.cx.is_abandoned);
        self.cx.waits.save(out);
        Ok(())
    }

    fn instance(&mut self, instance: &Instance, heap: &mut HeapSaver, out: &mut Writer) {
        for closure in instance.closures() {
            heap.reference(closure.cast(), out);
        }
        for info in instance.known_functions() {
            let Body::Guest(guest) = &info.body else { continue };
            out.flag(guest.constants().is_some());
            for &constant in guest.constants().unwrap_or_default() {
                heap.value(constant, out);
            }
        }
        for global in &instance.globals {
            out.count(self.items.globals.number(global));
        }
        for memory in &instance.memories {
            out.count(self.items.memories.number(memory));
        }
        for table in &instance.tables {
            out.count(self.items.tables.number(table));
        }
        // SAFETY: nothing runs while the state is saved.
        unsafe {
            for data in &instance.data {
                out.flag((*data.get()).items().is_empty());
            }
            for element in &instance.elements {
                let items = (*element.get()).items();
                out.count(items.len());
                for &value in items {
                    heap.value(value, out);
                }
            }
        }
    }

    fn definitions(&mut self, heap: &mut HeapSaver, out: &mut Writer) {
        out.count(self.cx.definitions.iter().count());
        for (module, name, definition) in self.cx.definitions.iter() {
            out.text(module);
            out.text(name);
            match definition {
                Definition::Function(value) => {
                    out.byte(FUNCTION);
                    heap.value(*value, out);
                }
                item => {
                    self.items.item(item, out);
                }
            }
        }
    }

    /// Writes a type of the machine.
    pub(crate) fn write_type(&self, ty: Type, out: &mut Writer) -> Result<(), SnapshotError> {
        let code = match ty {
            Type::Any => 0,
            Type::I32 => 1,
            Type::I64 => 2,
            Type::F32 => 3,
            Type::F64 => 4,
            Type::V128 => 5,
            Type::Cell => 6,
            Type::Ref(layout) => {
                out.byte(7);
                return self.write_layout(layout.as_u32(), out);
            }
        };
        out.byte(code);
        Ok(())
    }

    /// Writes a type of records or arrays: a program that has it, and its number there.
    fn write_layout(&self, layout: u32, out: &mut Writer) -> Result<(), SnapshotError> {
        let Some((instance, number)) = self.layouts[layout as usize] else {
            return Err(SnapshotError::Refused("an object is of a type whose program is gone".into()));
        };
        out.number(u64::from(instance));
        out.number(u64::from(number));
        Ok(())
    }
}

fn host_name(info: &FunctionInfo) -> &str {
    match &info.body {
        Body::Host(host) => &host.name,
        Body::Guest(_) | Body::Bridge(_) => "",
    }
}

/// Writes the words of a type.
///
/// # Safety
/// `words` holds a value of that type.
pub(crate) unsafe fn typed(heap: &mut HeapSaver, ty: Type, words: *const u64, out: &mut Writer) {
    // SAFETY: the caller gives the words.
    unsafe {
        match ty {
            Type::Any => {
                let value = Value::from_parts(*words, Tag(*words.add(1) as u32));
                heap.value(value, out);
            }
            Type::I32 | Type::F32 => out.raw(&(*words as u32).to_le_bytes()),
            Type::I64 => out.signed(*words as i64),
            Type::F64 => out.word(*words),
            Type::V128 => {
                out.word(*words);
                out.word(*words.add(1));
            }
            Type::Cell | Type::Ref(_) => {
                heap.reference(std::ptr::with_exposed_provenance_mut(*words as usize), out);
            }
        }
    }
}

impl SaveOutside for Saving<'_> {
    fn function(&mut self, function: *const (), out: &mut Writer) -> Result<(), SnapshotError> {
        let info: *const FunctionInfo = function.cast();
        // SAFETY: closures point to functions, which live as long as they do.
        match unsafe { &(*info).body } {
            Body::Guest(guest) => {
                out.byte(0);
                out.number(u64::from(self.instances[&guest.instance]));
                out.number(u64::from(guest.index.as_u32()));
            }
            Body::Host(host) => {
                let Some(&number) = self.hosts.get(&info) else {
                    return Err(SnapshotError::Refused(format!("the host function '{}' is unknown", host.name)));
                };
                let next = self.met_hosts.len() as u32;
                let met = *self.host_numbers.entry(number).or_insert(next);
                if met == next {
                    self.met_hosts.push(number);
                }
                out.byte(1);
                out.number(u64::from(met));
            }
            Body::Bridge(_) => {
                // SAFETY: as above.
                let number = unsafe { (*info).signature };
                let found = (0u64..).zip(self.cx.instances.slots()).find_map(|(instance, there)| {
                    let index = there?.signature_of_number(number)?;
                    Some((instance, index))
                });
                let Some((instance, index)) = found else {
                    return Err(SnapshotError::Refused("a function is called in a way that no program knows".into()));
                };
                out.byte(2);
                out.number(instance);
                out.count(index);
            }
        }
        Ok(())
    }

    fn layout(&mut self, type_index: u32, out: &mut Writer) -> Result<(), SnapshotError> {
        self.write_layout(type_index, out)
    }

    unsafe fn fiber(&mut self, state: *mut (), heap: &mut HeapSaver, out: &mut Writer) -> Result<(), SnapshotError> {
        // SAFETY: fibers made by `switch::create` hold this state.
        let fiber = unsafe { &mut *state.cast::<Fiber>() };
        let mut block = Writer::new();
        self.fiber_state(fiber, heap, &mut block)?;
        out.block(&block.into_bytes());
        Ok(())
    }

    fn host_object(
        &mut self,
        object: &mut dyn HostObject,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        let handles = self.codecs.save_object(object, out)?;
        out.count(handles.items.len());
        for item in &handles.items {
            if !self.items.item(&item.0, out) {
                let kind = object.type_name();
                return Err(SnapshotError::Refused(format!("a host object of the kind '{kind}' keeps a function")));
            }
        }
        self.items_met(heap)?;
        out.count(handles.instances.len());
        for instance in &handles.instances {
            out.number(u64::from(instance.0));
        }
        out.count(handles.programs.len());
        for program in &handles.programs {
            out.count(self.programs.number(program.0.code()));
        }
        Ok(())
    }
}
