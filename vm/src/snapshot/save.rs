//! From a machine to bytes.

use super::bytes::Writer;
use super::settle;
use super::{Codecs, SnapshotError};
use crate::context::{Context, FUEL_LIMIT_MAX, Status};
use crate::dispatch::Flow;
use crate::function::{Body, FunctionInfo};
use crate::heap::HostObject;
use crate::heap::transfer::{HeapSaver, SaveOutside};
use crate::instance::{GlobalCell, Instance, SharedMemory, SharedTable};
use crate::loader::frame_map::takes_open;
use crate::machine::Definition;
use crate::memory::LinearMemory;
use crate::stack::fiber::Fiber;
use crate::stack::uncaught::Uncaught;
use crate::value::{Tag, Value};
use minivm_isa::program::ElementType;
use minivm_isa::verify::Verified;
use minivm_isa::{Type, binary};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Bytes of a memory that are left out together when they are zero.
pub(super) const BLOCK_BYTES: usize = 4096;

/// How the code travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeForm {
    /// With the state.
    Whole,
    /// By its hash: whoever loads the state has the programs.
    ByHash,
}

/// The run of a state.
#[derive(Clone, Copy)]
enum RunKind {
    /// Nothing runs.
    None,
    /// It stands between two instructions.
    Stands,
    /// It has stopped where this error was raised, which nobody catches.
    Raised(Value),
}

/// How the kinds are written.
pub(super) mod run_kind {
    pub(in crate::snapshot) const NONE: u8 = 0;
    pub(in crate::snapshot) const STANDS: u8 = 1;
    pub(in crate::snapshot) const RAISED: u8 = 2;
}

/// What is being saved.
pub(super) struct Saving<'c> {
    pub(super) cx: &'c mut Context,
    codecs: Codecs,
    /// Numbers of instances, by address. Only looked up, as the maps below.
    instances: HashMap<*const Instance, u32>,
    hosts: HashMap<*const FunctionInfo, u32>,
    /// Host functions that were met, in order, by their number in the machine.
    met_hosts: Vec<u32>,
    host_numbers: HashMap<u32, u32>,
    /// For each layout of the machine an instance that has it, and its number there.
    layouts: Vec<(u32, u32)>,
    globals: Pool<GlobalCell>,
    memories: Pool<std::cell::UnsafeCell<Box<LinearMemory>>>,
    tables: Pool<std::cell::UnsafeCell<Box<crate::memory::TableInstance>>>,
}

/// Things that instances share, numbered as they are met.
struct Pool<T> {
    all: Vec<Rc<T>>,
    numbers: HashMap<*const T, usize>,
}

impl<T> Pool<T> {
    fn new() -> Self {
        Pool { all: Vec::new(), numbers: HashMap::new() }
    }

    fn number(&mut self, item: &Rc<T>) -> usize {
        let next = self.all.len();
        let number = *self.numbers.entry(Rc::as_ptr(item)).or_insert(next);
        if number == next {
            self.all.push(item.clone());
        }
        number
    }
}

/// The programs whose numbers stand in bytes that share them.
pub(super) type Programs = Vec<Rc<Verified>>;

/// What saving gives.
pub(super) struct Saved {
    pub(super) bytes: Vec<u8>,
    /// The programs that the bytes share, when they do not hold them.
    pub(super) programs: Programs,
    /// Heap cells and their bytes by kind.
    pub(super) census: BTreeMap<&'static str, (usize, usize)>,
}

/// Saves a state; without a form, the code is in the programs that are given.
pub(super) fn save(cx: &mut Context, note: &[u8], form: Option<CodeForm>) -> Result<Saved, SnapshotError> {
    let run = match (cx.status, cx.uncaught) {
        (Status::Running | Status::OutOfFuel | Status::Stepped, _) => RunKind::Stands,
        (Status::Failed, Uncaught::Stopped(error)) => RunKind::Raised(error),
        (Status::Finished | Status::Failed, _) => RunKind::None,
        (Status::Waiting, _) => {
            let name = cx.request.as_ref().map_or("an answer", |request| request.name());
            return Err(SnapshotError::Refused(format!("the run waits for '{name}' of the host")));
        }
    };
    match run {
        RunKind::Stands => stand(cx)?,
        // It stands inside of an instruction, as a fiber that has failed does.
        RunKind::Raised(_) => {}
        RunKind::None => (cx.pc, cx.regs) = (std::ptr::null(), std::ptr::null_mut()),
    }
    let is_run = !matches!(run, RunKind::None);
    cx.retried = None;
    // SAFETY: a run that stands has a whole state.
    unsafe {
        let at = Flow { pc: cx.pc, regs: cx.regs };
        crate::collect::settle(cx, is_run.then_some(at));
        if is_run {
            cx.pc = settle::settle_stack(cx, at, false);
        }
    }
    let codecs = std::mem::take(&mut cx.codecs);
    let mut saving = Saving::new(cx, codecs);
    let result = saving.all(note, form, run);
    let codecs = std::mem::take(&mut saving.codecs);
    cx.codecs = codecs;
    result
}

/// Brings a run to where it stands before a canonical instruction in plain code.
fn stand(cx: &mut Context) -> Result<(), SnapshotError> {
    for _ in 0..2 {
        let flow = Flow { pc: cx.pc, regs: cx.regs };
        // SAFETY: the saved state is that of the run.
        let flow = unsafe {
            match cx.status {
                Status::OutOfFuel => crate::stack::stepping::stopped_to_plain(cx, flow),
                _ => crate::stack::stepping::to_plain(cx, flow),
            }
        };
        (cx.pc, cx.regs) = (flow.pc, flow.regs);
        if !cx.is_machine_place(cx.pc) {
            // SAFETY: the running frame is a guest's.
            let body = unsafe { settle::body_of(settle::closure_at(cx.regs)) };
            if let Body::Guest(guest) = body
                && let Some(plain) = guest.plain.get()
            {
                let here = guest.canonical(cx.pc);
                let block = guest.portable().block_of(here);
                let begins = guest.portable().block_range(block).start == here && plain.block(block) == cx.pc;
                if begins || plain.place_of(here) == cx.pc {
                    return Ok(());
                }
            }
        }
        cx.stand();
        if !matches!(cx.status, Status::OutOfFuel | Status::Stepped) {
            break;
        }
    }
    Err(SnapshotError::Refused("the run does not stand between two instructions".into()))
}

impl<'c> Saving<'c> {
    fn new(cx: &'c mut Context, codecs: Codecs) -> Self {
        let mut instances = HashMap::new();
        let mut layouts = vec![None; cx.layouts.len()];
        for (number, instance) in (0u32..).zip(&cx.instances) {
            let Some(instance) = instance else { continue };
            instances.insert(&raw const **instance, number);
            for (index, layout) in (0u32..).zip(&instance.layouts) {
                layouts[layout.number as usize].get_or_insert((number, index));
            }
        }
        let hosts = (0u32..).zip(&cx.host_functions).map(|(number, info)| (&raw const **info, number)).collect();
        Saving {
            cx,
            codecs,
            instances,
            hosts,
            met_hosts: Vec::new(),
            host_numbers: HashMap::new(),
            // A layout that no instance has belongs to a program that could not be linked: nothing is of it.
            layouts: layouts.into_iter().map(Option::unwrap_or_default).collect(),
            globals: Pool::new(),
            memories: Pool::new(),
            tables: Pool::new(),
        }
    }

    fn all(&mut self, note: &[u8], form: Option<CodeForm>, run: RunKind) -> Result<Saved, SnapshotError> {
        // What can be refused comes first.
        let mut states = Writer::new();
        self.codecs.save_states(&mut self.cx.host_state, &mut states)?;
        let mut heap = HeapSaver::new();
        let (programs, code, instances) = self.code(form);
        let mut machine = Writer::new();
        self.machine(&mut heap, &mut machine)?;
        self.cx.heap.save_state(&mut heap, &mut machine);
        self.run(&mut heap, run, &mut machine);
        // SAFETY: everything met is reachable, and the run stands.
        let (cells, shapes, contents) = unsafe { heap.drain(self)? };
        self.cx.heap.forget_strings(&heap);
        self.cx.heap.save_counters(&heap, &mut machine);
        let is_limited = self.cx.fuel <= FUEL_LIMIT_MAX;
        machine.flag(is_limited);
        machine.signed(if is_limited { self.cx.fuel } else { 0 });
        let hosts = self.hosts();
        let mut out = Writer::new();
        out.word(cells as u64);
        for part in [note, &code, &instances, &hosts, &shapes, &contents, &machine.into_bytes(), &states.into_bytes()] {
            out.block(part);
        }
        Ok(Saved { bytes: out.into_bytes(), programs, census: heap.census })
    }

    /// The programs, and the instances with their bridges.
    fn code(&self, form: Option<CodeForm>) -> (Programs, Vec<u8>, Vec<u8>) {
        let mut programs: Programs = Vec::new();
        let mut numbers = HashMap::new();
        let (mut code, mut instances) = (Writer::new(), Writer::new());
        instances.count(self.cx.instances.len());
        for instance in &self.cx.instances {
            instances.flag(instance.is_some());
            let Some(instance) = instance else { continue };
            let number = *numbers.entry(Rc::as_ptr(&instance.program)).or_insert_with(|| {
                programs.push(instance.program.clone());
                programs.len() - 1
            });
            instances.count(number);
            instances.flag(instance.is_pinned.get());
        }
        code.count(programs.len());
        for program in &programs {
            match form {
                None => code.byte(2),
                Some(CodeForm::Whole) => {
                    code.byte(0);
                    code.block(&binary::encode(program));
                }
                Some(CodeForm::ByHash) => {
                    code.byte(1);
                    code.raw(&super::load_code::hash(program));
                }
            }
        }
        (programs, code.into_bytes(), instances.into_bytes())
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
        for index in 0..self.cx.instances.len() {
            let Some(instance) = &self.cx.instances[index] else { continue };
            let instance: *const Instance = &raw const **instance;
            // SAFETY: instances are boxed and live as long as the machine; nothing runs.
            let instance = unsafe { &*instance };
            self.instance(instance, heap, &mut instances);
        }
        self.definitions(heap, &mut instances);
        self.pools(heap, out);
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
        for &table in [self.cx.string_metatable].iter().chain(&self.cx.kind_metatables) {
            heap.reference(table.cast(), out);
        }
        for &name in self.cx.metamethods.iter().chain(self.cx.heap.kind_names()).chain([&self.cx.no_memory]) {
            heap.reference(name.cast(), out);
        }
        out.count(self.cx.loads_until_collection);
        out.flag(self.cx.is_abandoned);
        Ok(())
    }

    fn instance(&mut self, instance: &Instance, heap: &mut HeapSaver, out: &mut Writer) {
        for &closure in &instance.closures {
            heap.reference(closure.cast(), out);
        }
        for info in instance.functions.iter().flatten() {
            let Body::Guest(guest) = &info.body else { continue };
            out.flag(guest.constants.get().is_some());
            for &constant in guest.constants.get().into_iter().flatten() {
                heap.value(constant, out);
            }
        }
        for global in &instance.globals {
            out.count(self.globals.number(global));
        }
        for memory in &instance.memories {
            out.count(self.memories.number(memory));
        }
        for table in &instance.tables {
            out.count(self.tables.number(table));
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
                    out.byte(0);
                    heap.value(*value, out);
                }
                Definition::Global(global) => {
                    out.byte(1);
                    out.count(self.globals.number(global));
                }
                Definition::Memory(memory) => {
                    out.byte(2);
                    out.count(self.memories.number(memory));
                }
                Definition::Table(table) => {
                    out.byte(3);
                    out.count(self.tables.number(table));
                }
            }
        }
    }

    fn pools(&mut self, heap: &mut HeapSaver, out: &mut Writer) {
        out.count(self.globals.all.len());
        for global in &self.globals.all {
            self.write_type(global.ty, out);
            out.flag(global.mutable);
            out.flag(global.holds == ElementType::Function);
            // SAFETY: nothing runs while the state is saved, and a global has two words.
            unsafe { typed(heap, global.ty, global.words.get().cast(), out) };
        }
        out.count(self.memories.all.len());
        for memory in &self.memories.all {
            write_memory(memory, out);
        }
        out.count(self.tables.all.len());
        for table in &self.tables.all {
            write_table(table, heap, out);
        }
    }

    /// Writes a type of the machine.
    pub(super) fn write_type(&self, ty: Type, out: &mut Writer) {
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
                let (instance, number) = self.layouts[layout.as_u32() as usize];
                out.number(u64::from(instance));
                out.number(u64::from(number));
                return;
            }
        };
        out.byte(code);
    }

    fn run(&mut self, heap: &mut HeapSaver, run: RunKind, out: &mut Writer) {
        let cx = &mut *self.cx;
        match run {
            RunKind::None => return out.byte(run_kind::NONE),
            RunKind::Stands => out.byte(run_kind::STANDS),
            RunKind::Raised(error) => {
                out.byte(run_kind::RAISED);
                heap.value(error, out);
            }
        }
        heap.reference(cx.main_fiber.cast(), out);
        heap.reference(cx.fiber.cast(), out);
        out.count(cx.overflow_words);
        heap.reference(cx.finaliser_in.cast(), out);
        out.flag(cx.exit.is_some());
        out.signed(i64::from(cx.exit.unwrap_or(0)));
        out.number(cx.pending_trap.map_or(0, |trap| trap as u64 + 1));
        out.text(cx.trace.as_deref().unwrap_or_default());
        if matches!(run, RunKind::Raised(_)) {
            return;
        }
        // SAFETY: the run stands in a guest frame.
        unsafe {
            let Body::Guest(guest) = settle::body_of(settle::closure_at(cx.regs)) else {
                unreachable!("a run stands in a guest frame")
            };
            let here = guest.canonical(cx.pc);
            let count = if takes_open(&guest.portable().code[here]) { cx.open_count } else { 0 };
            out.count(count);
            let list = cx.regs.add(crate::loader::window_of(guest));
            for value in crate::stack::call::values_at(list, count) {
                heap.value(value, out);
            }
        }
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
pub(super) unsafe fn typed(heap: &mut HeapSaver, ty: Type, words: *const u64, out: &mut Writer) {
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

/// A memory: its sizes, then runs of blocks that are not all zero.
fn write_memory(memory: &SharedMemory, out: &mut Writer) {
    static ZEROES: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    // SAFETY: nothing runs while the state is saved.
    let memory = unsafe { &*memory.get() };
    out.number(memory.pages());
    out.number(memory.declared_maximum().map_or(0, |maximum| maximum.saturating_add(1)));
    out.flag(memory.is_64());
    let bytes = memory.bytes();
    let mut at = 0;
    let is_zero = |block: &[u8]| block == &ZEROES[..block.len()];
    while let Some(skipped) = bytes[at..].chunks(BLOCK_BYTES).position(|block| !is_zero(block)) {
        let start = at + skipped * BLOCK_BYTES;
        let length = bytes[start..].chunks(BLOCK_BYTES).take_while(|block| !is_zero(block)).count();
        out.count(length);
        out.count(skipped);
        out.raw(&bytes[start..start + length * BLOCK_BYTES]);
        at = start + length * BLOCK_BYTES;
    }
    out.count(0);
}

fn write_table(table: &SharedTable, heap: &mut HeapSaver, out: &mut Writer) {
    // SAFETY: nothing runs while the state is saved.
    let table = unsafe { &*table.get() };
    out.flag(table.element() == ElementType::Function);
    out.number(table.declared_maximum().map_or(0, |maximum| maximum.saturating_add(1)));
    out.flag(table.is_64());
    out.count(table.values().len());
    for &value in table.values() {
        heap.value(value, out);
    }
}

impl SaveOutside for Saving<'_> {
    fn function(&mut self, function: *const (), out: &mut Writer) -> Result<(), SnapshotError> {
        let info: *const FunctionInfo = function.cast();
        // SAFETY: closures point to functions, which live as long as the machine.
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
                let found = (0u64..).zip(&self.cx.instances).find_map(|(instance, there)| {
                    let index = there.as_ref()?.signatures.iter().position(|&known| known == number)?;
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
        let (instance, number) = self.layouts[type_index as usize];
        out.number(u64::from(instance));
        out.number(u64::from(number));
        Ok(())
    }

    unsafe fn fiber(&mut self, state: *mut (), heap: &mut HeapSaver, out: &mut Writer) -> Result<(), SnapshotError> {
        // SAFETY: fibers made by `switch::create` hold this state.
        let fiber = unsafe { &mut *state.cast::<Fiber>() };
        let mut block = Writer::new();
        self.fiber_state(fiber, heap, &mut block)?;
        out.block(&block.into_bytes());
        Ok(())
    }

    fn host_object(&mut self, object: &dyn HostObject, out: &mut Writer) -> Result<(), SnapshotError> {
        self.codecs.save_object(object, out)
    }
}
