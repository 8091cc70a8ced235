//! Programs that were loaded: their functions, globals, memories and tables.

use crate::heap::{Closure, Marker};
use crate::heap::{SHORT_BYTES_MAX, hash_bytes};
use crate::memory::Held;
use crate::memory::{LinearMemory, Segment, TableInstance};
use crate::runtime::function::FunctionInfo;
use crate::runtime::layouts::MachineLayout;
use crate::runtime::loaded_program::LoadedProgram;
use crate::runtime::program_types::{ProgramTypes, shrink};
use crate::value::Value;
use minivm_isa::Instruction;
use minivm_isa::entities::{Data, Declared, Element, Func, Global, Memory, Sig, Source, Table};
use minivm_isa::program::{ElementType, FunctionDef, Item, Span};
use minivm_isa::size::ALLOCATION_BYTES;
use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What looking at an instance counts as, besides what it refers to.
const INSTANCE_WORK: usize = 64;

/// Bytes that a function of an instance takes from when it is first needed, besides its code.
pub(crate) const FUNCTION_BYTES: u64 = ALLOCATION_BYTES + size_of::<FunctionInfo>() as u64;

/// A global: two words, as an `any` or `v128` needs.
pub(crate) struct GlobalCell {
    pub(crate) words: UnsafeCell<[u64; 2]>,
    pub(crate) ty: minivm_isa::Type,
    pub(crate) mutable: bool,
    pub(crate) holds: minivm_isa::program::ElementType,
    /// Keeps the machine's types that `ty` and `holds` name.
    pub(crate) _types: Box<[Rc<ProgramTypes>]>,
}

/// A linear memory at a place that does not move, shared by the instances that import it.
pub(crate) type SharedMemory = Rc<UnsafeCell<Box<LinearMemory>>>;
/// A table at a place that does not move, shared by the instances that import it.
pub(crate) type SharedTable = Rc<UnsafeCell<Box<TableInstance>>>;

/// A loaded program.
pub(crate) struct Instance {
    /// Whether it stays, whoever uses it: the host knows it by its number.
    pub(crate) is_pinned: Cell<bool>,
    /// The collection in which it was traced last.
    pub(crate) traced_in: Cell<u64>,
    /// What it is charged for.
    pub(crate) held: Held,
    pub(crate) program: Rc<LoadedProgram>,
    /// Functions that are defined here, each made when it is first needed; none for imports.
    functions: Box<[OnceCell<Box<FunctionInfo>>]>,
    /// The closure of each function: for imports what was linked, for others made when it is first needed, never if they capture;
    /// null till then.
    closures: Box<[Cell<*mut Closure>]>,
    /// The types of the program as the machine knows them.
    pub(crate) types: Rc<ProgramTypes>,
    pub(crate) globals: Vec<Rc<GlobalCell>>,
    pub(crate) memories: Vec<SharedMemory>,
    pub(crate) tables: Vec<SharedTable>,
    /// Data segments; boxed, as code points to them.
    pub(crate) data: Vec<Box<UnsafeCell<Segment<u8>>>>,
    /// Element segments; boxed, as code points to them.
    pub(crate) elements: Vec<Box<UnsafeCell<Segment<Value>>>>,
    /// The exports in the order of their names, made when one is looked up.
    by_name: OnceCell<Box<[u32]>>,
    /// The first export of each function, and where a closure of each function is made first; for messages.
    exported: OnceCell<HashMap<Func, u32>>,
    closure_sites: OnceCell<HashMap<Func, (Func, u32)>>,
    /// Where the lines of each source begin, made when it is first needed.
    line_starts: RefCell<HashMap<Source, Rc<[u32]>>>,
    /// Long strings among the constants of its functions, by hash: equal ones are one object. Of two with the same hash one is.
    long_strings: RefCell<BTreeMap<u32, Value>>,
}

/// The instances of a machine by number. Numbers of those that are gone are used again, the lowest first.
#[derive(Default)]
pub(crate) struct Instances {
    /// Boxed: code points to them.
    slots: Vec<Option<Box<Instance>>>,
    /// Numbers of slots that are empty, descending.
    free: Vec<u32>,
}

impl Instances {
    /// Adds one; gives its number.
    pub(crate) fn add(&mut self, instance: Box<Instance>) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("there are fewer instances at a time")
        });
        instance.types.hold_layouts(number);
        self.slots[number as usize] = Some(instance);
        number
    }

    /// Those that are there when a state is loaded, by number.
    pub(crate) fn set(&mut self, slots: Vec<Option<Box<Instance>>>) {
        self.slots = slots;
        self.note_free();
        self.note_holders();
    }

    /// An instance by its number.
    pub(crate) fn get(&self, number: u32) -> Option<&Instance> {
        self.slots.get(number as usize)?.as_deref()
    }

    /// As [`get`](Self::get), to be changed.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Instance> {
        self.slots.get_mut(number as usize)?.as_deref_mut()
    }

    /// All that are there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.slots.iter().flatten().map(|instance| &**instance)
    }

    /// All numbers below the highest that is in use, with what is there.
    pub(crate) fn slots(&self) -> impl ExactSizeIterator<Item = Option<&Instance>> {
        self.slots.iter().map(Option::as_deref)
    }

    /// Lets those go for which `keeps` does not hold.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&Instance) -> bool) {
        let mut is_any_dead = false;
        for slot in &mut self.slots {
            is_any_dead |= slot.take_if(|instance| !keeps(instance)).is_some();
        }
        if is_any_dead {
            self.note_holders();
        }
        shrink(&mut self.slots);
        self.note_free();
    }

    /// Notes for each layout the first instance that has it.
    fn note_holders(&self) {
        for instance in self.iter() {
            instance.types.release_layouts();
        }
        for (number, instance) in (0u32..).zip(&self.slots) {
            if let Some(instance) = instance {
                instance.types.hold_layouts(number);
            }
        }
    }

    fn note_free(&mut self) {
        let empty = (0u32..).zip(&self.slots).filter(|(_, slot)| slot.is_none()).map(|(number, _)| number);
        self.free = empty.collect();
        self.free.reverse();
    }
}

impl Instance {
    /// The layouts of the program as the machine knows them.
    pub(crate) fn layouts(&self) -> &[Rc<MachineLayout>] {
        &self.types.layouts
    }

    /// An instance without anything in it but the types of its program.
    pub(crate) fn new(program: Rc<LoadedProgram>, held: Held, is_pinned: bool) -> Box<Self> {
        let (types, count) = (program.types.clone(), program.functions.len());
        Box::new(Instance {
            is_pinned: Cell::new(is_pinned),
            traced_in: Cell::new(0),
            held,
            program,
            functions: (0..count).map(|_| OnceCell::new()).collect(),
            closures: vec![Cell::new(std::ptr::null_mut()); count].into(),
            types,
            globals: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            data: Vec::new(),
            elements: Vec::new(),
            by_name: OnceCell::new(),
            exported: OnceCell::new(),
            closure_sites: OnceCell::new(),
            line_starts: RefCell::default(),
            long_strings: RefCell::default(),
        })
    }

    /// What a global or table of the program holds, with the machine's types.
    pub(crate) fn machine_element(&self, element: ElementType) -> ElementType {
        element.with_declared(|ty| Declared::from_u32(self.types.declared[ty.as_u32() as usize]))
    }

    /// Whether a function is imported: what it captures is known to nobody here.
    pub(crate) fn is_import(&self, function: Func) -> bool {
        matches!(self.program.functions[function], FunctionDef::Import { .. })
    }

    /// What the machine knows of a function that is defined here.
    pub(crate) fn function_info(&self, function: Func) -> &FunctionInfo {
        self.functions[function.as_u32() as usize].get_or_init(|| {
            let definition = &self.program.functions[function];
            debug_assert!(matches!(definition, FunctionDef::Code(_)), "the function is not imported");
            self.held.grow_unchecked(FUNCTION_BYTES);
            FunctionInfo::guest(self, function, definition.signature())
        })
    }

    /// The same, if it was needed before.
    pub(crate) fn known_function(&self, function: Func) -> Option<&FunctionInfo> {
        self.functions.get(function.as_u32() as usize)?.get().map(|info| &**info)
    }

    /// The functions that were needed so far, in their order.
    pub(crate) fn known_functions(&self) -> impl Iterator<Item = &FunctionInfo> {
        self.functions.iter().filter_map(|info| info.get().map(|info| &**info))
    }

    /// The closure of a function that captures nothing, if it was needed before, see
    /// [`function_closure`](crate::runtime::context::Context::function_closure).
    pub(crate) fn closure(&self, function: Func) -> *mut Closure {
        self.closures[function.as_u32() as usize].get()
    }

    /// Sets the closure of a function, which nothing had before.
    pub(crate) fn set_closure(&self, function: Func, closure: *mut Closure) {
        self.closures[function.as_u32() as usize].set(closure);
    }

    /// The closures of all functions, in their order.
    pub(crate) fn closures(&self) -> impl Iterator<Item = *mut Closure> {
        self.closures.iter().map(Cell::get)
    }

    /// The machine's number of a signature.
    pub(crate) fn signature_number(&self, signature: Sig) -> u32 {
        self.types.signatures[signature.as_u32() as usize].0
    }

    /// The words that the parameters of a signature take, or its results, if that is more.
    pub(crate) fn signature_words(&self, signature: Sig) -> usize {
        self.types.signatures[signature.as_u32() as usize].1 as usize
    }

    /// The signature of this program that the machine gave a number.
    pub(crate) fn signature_of_number(&self, number: u32) -> Option<usize> {
        self.types.signatures.iter().position(|&(known, _)| known == number)
    }

    /// Where a global lies: one word, or two for `any` and `v128`.
    pub(crate) fn global(&self, global: Global) -> *mut u64 {
        self.globals[global.as_u32() as usize].words.get().cast()
    }

    /// A linear memory.
    pub(crate) fn memory(&self, memory: Memory) -> *mut LinearMemory {
        // SAFETY: nothing else borrows the box; only what is in it is ever changed.
        unsafe { &raw mut **self.memories[memory.as_u32() as usize].get() }
    }

    /// A table.
    pub(crate) fn table(&self, table: Table) -> *mut TableInstance {
        // SAFETY: nothing else borrows the box; only what is in it is ever changed.
        unsafe { &raw mut **self.tables[table.as_u32() as usize].get() }
    }

    /// A data segment.
    pub(crate) fn data(&self, data: Data) -> *mut Segment<u8> {
        self.data[data.as_u32() as usize].get()
    }

    /// An element segment.
    pub(crate) fn element(&self, element: Element) -> *mut Segment<Value> {
        self.elements[element.as_u32() as usize].get()
    }

    /// The item with an exported name.
    pub(crate) fn export(&self, name: &str) -> Option<Item> {
        let exports = &self.program.exports;
        let name_of = |number: u32| exports[number as usize].name.as_str();
        let by_name = self.by_name.get_or_init(|| {
            let mut numbers: Box<[u32]> = (0u32..).zip(exports).map(|(number, _)| number).collect();
            numbers.sort_unstable_by_key(|&number| name_of(number));
            numbers
        });
        let found = by_name.binary_search_by_key(&name, |&number| name_of(number)).ok()?;
        Some(exports[by_name[found] as usize].item)
    }

    /// The first name that a function is exported by.
    pub(crate) fn exported_as(&self, function: Func) -> Option<&str> {
        let exports = &self.program.exports;
        let exported = self.exported.get_or_init(|| {
            let mut first = HashMap::new();
            for (number, export) in (0u32..).zip(exports) {
                if let Item::Function(function) = export.item {
                    first.entry(function).or_insert(number);
                }
            }
            first
        });
        exported.get(&function).map(|&number| exports[number as usize].name.as_str())
    }

    /// The first function of the program, and instruction there, that makes a closure of a function.
    pub(crate) fn closure_site(&self, function: Func) -> Option<(Func, usize)> {
        let sites = self.closure_sites.get_or_init(|| {
            let mut sites = HashMap::new();
            for (number, definition) in &self.program.functions {
                let FunctionDef::Code(code) = definition else { continue };
                for (at, instruction) in (0u32..).zip(&code.code) {
                    if let Instruction::Closure { function, .. } = instruction {
                        sites.entry(*function).or_insert((number, at));
                    }
                }
            }
            sites
        });
        sites.get(&function).map(|&(outer, at)| (outer, at as usize))
    }

    /// The column in bytes, from 1, where a span begins; none where its source has no text, or the place is on another line.
    pub(crate) fn column(&self, span: &Span) -> Option<u32> {
        let text = self.program.sources.get(span.source)?.text.as_deref()?;
        if span.start as usize > text.len() {
            return None;
        }
        let mut known = self.line_starts.borrow_mut();
        let starts = known.entry(span.source).or_insert_with(|| {
            let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let line = starts.partition_point(|&start| start <= span.start);
        (line == span.line as usize).then(|| span.start - starts[line - 1] + 1)
    }

    /// The long string with these bytes, if one of its functions has that as a constant.
    pub(crate) fn long_string(&self, bytes: &[u8]) -> Option<Value> {
        if bytes.len() <= SHORT_BYTES_MAX {
            return None;
        }
        let value = *self.long_strings.borrow().get(&hash_bytes(bytes))?;
        (value.as_bytes() == Some(bytes)).then_some(value)
    }

    /// Notes the long strings among the constants of one of its functions, which keep them alive.
    pub(crate) fn note_long_strings(&self, constants: &[Value]) {
        for &value in constants {
            if let Some(bytes) = value.as_bytes().filter(|bytes| bytes.len() > SHORT_BYTES_MAX) {
                self.long_strings.borrow_mut().entry(hash_bytes(bytes)).or_insert(value);
            }
        }
    }

    /// Marks what the instance keeps alive, once a cycle.
    ///
    /// # Safety
    /// Nothing of the instance is being changed.
    pub(crate) unsafe fn trace(&self, marker: &mut Marker) {
        if self.traced_in.replace(marker.cycle()) == marker.cycle() {
            return;
        }
        // SAFETY: closures, constants and globals hold live values.
        unsafe {
            marker.add_work(INSTANCE_WORK + 8 * (self.functions.len() + self.globals.len()));
            for closure in self.closures() {
                marker.mark_object(closure.cast());
            }
            for info in self.known_functions() {
                if let crate::runtime::function::Body::Guest(guest) = &info.body {
                    for &constant in guest.constants().unwrap_or_default() {
                        marker.mark(constant);
                        marker.add_work(8);
                    }
                }
            }
            for global in &self.globals {
                if global.ty.is_traced() {
                    let [payload, tag] = *global.words.get();
                    match global.ty {
                        minivm_isa::Type::Any => {
                            marker.mark(Value::from_parts(payload, crate::value::Tag(tag as u32)));
                        }
                        _ => marker.mark_object(std::ptr::with_exposed_provenance_mut(payload as usize)),
                    }
                }
            }
            for table in &self.tables {
                marker.add_work(8 * (*table.get()).values().len());
                for &value in (*table.get()).values() {
                    marker.mark(value);
                }
            }
            for values in &self.elements {
                for &value in (*values.get()).items() {
                    marker.mark(value);
                }
            }
        }
    }
}
