//! Programs that were loaded: their functions, globals, memories and tables.

use crate::function::FunctionInfo;
use crate::heap::{Closure, Marker};
use crate::memory::{Held, LinearMemory, Segment, TableInstance};
use crate::value::Value;
use minivm_isa::entities::{Data, Element, Func, Global, Memory, Sig, Table};
use minivm_isa::program::Item;
use minivm_isa::verify::Verified;
use std::cell::{Cell, UnsafeCell};
use std::rc::Rc;

/// What looking at an instance counts as, besides what it refers to.
const INSTANCE_WORK: usize = 64;

/// A global: two words, as an `any` or `v128` needs.
pub(crate) struct GlobalCell {
    pub(crate) words: UnsafeCell<[u64; 2]>,
    pub(crate) ty: minivm_isa::Type,
    pub(crate) mutable: bool,
    pub(crate) holds: minivm_isa::program::ElementType,
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
    pub(crate) program: Rc<Verified>,
    /// Functions that are defined here; imports are null.
    pub(crate) functions: Vec<Option<Box<FunctionInfo>>>,
    /// The closure of each function: for imports what was linked, for others made at instantiation unless they capture.
    pub(crate) closures: Vec<*mut Closure>,
    pub(crate) signatures: Rc<[u32]>,
    pub(crate) layouts: Rc<[Rc<crate::loader::layouts::MachineLayout>]>,
    pub(crate) globals: Vec<Rc<GlobalCell>>,
    pub(crate) memories: Vec<SharedMemory>,
    pub(crate) tables: Vec<SharedTable>,
    /// Data segments; boxed, as code points to them.
    pub(crate) data: Vec<Box<UnsafeCell<Segment<u8>>>>,
    /// Element segments; boxed, as code points to them.
    pub(crate) elements: Vec<Box<UnsafeCell<Segment<Value>>>>,
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
        match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = Some(instance);
                number
            }
            None => {
                self.slots.push(Some(instance));
                u32::try_from(self.slots.len() - 1).expect("there are fewer instances at a time")
            }
        }
    }

    /// Those that are there when a state is loaded, by number.
    pub(crate) fn set(&mut self, slots: Vec<Option<Box<Instance>>>) {
        self.slots = slots;
        self.note_free();
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
        for slot in &mut self.slots {
            let _dead = slot.take_if(|instance| !keeps(instance));
        }
        let used = self.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        self.slots.truncate(used);
        if self.slots.capacity() > 2 * used + SLOTS_KEPT {
            self.slots.shrink_to(used);
        }
        self.note_free();
    }

    fn note_free(&mut self) {
        let empty = (0u32..).zip(&self.slots).filter(|(_, slot)| slot.is_none()).map(|(number, _)| number);
        self.free = empty.collect();
        self.free.reverse();
    }
}

/// Slots whose memory is not worth giving back.
const SLOTS_KEPT: usize = 1024;

impl Instance {
    /// Whether a function is imported: what it captures is known to nobody here.
    pub(crate) fn is_import(&self, function: Func) -> bool {
        self.functions[function.as_u32() as usize].is_none()
    }

    /// What the machine knows of a function that is defined here.
    pub(crate) fn function_info(&self, function: Func) -> &FunctionInfo {
        self.functions[function.as_u32() as usize].as_ref().expect("the function is not imported")
    }

    /// The closure of a function that captures nothing.
    pub(crate) fn closure(&self, function: Func) -> *mut Closure {
        self.closures[function.as_u32() as usize]
    }

    /// The machine's number of a signature.
    pub(crate) fn signature_number(&self, signature: Sig) -> u32 {
        self.signatures[signature.as_u32() as usize]
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
        self.program.exports.iter().find(|export| export.name == name).map(|export| export.item)
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
            for &closure in &self.closures {
                marker.mark_object(closure.cast());
            }
            for info in self.functions.iter().flatten() {
                if let crate::function::Body::Guest(guest) = &info.body {
                    for &constant in guest.constants.get().into_iter().flatten() {
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
