//! Programs that were loaded: their functions, globals, memories and tables.

use crate::function::FunctionInfo;
use crate::heap::{Closure, Marker};
use crate::memory::{LinearMemory, Segment, TableInstance};
use crate::value::Value;
use minivm_isa::entities::{Data, Element, Func, Global, Memory, Sig, Table};
use minivm_isa::program::Item;
use minivm_isa::verify::Verified;
use std::cell::{Cell, UnsafeCell};
use std::rc::Rc;

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

impl Instance {
    /// What the machine knows of a function, imported or not.
    pub(crate) fn function_info(&self, function: Func) -> *const FunctionInfo {
        match &self.functions[function.as_u32() as usize] {
            Some(info) => &raw const **info,
            // SAFETY: the closures of imports are live as long as the instance, which traces them.
            None => unsafe { (*self.closure(function)).function.cast() },
        }
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
            for &closure in &self.closures {
                marker.mark_object(closure.cast());
            }
            for info in self.functions.iter().flatten() {
                if let crate::function::Body::Guest(guest) = &info.body {
                    for &constant in guest.constants.get().into_iter().flatten() {
                        marker.mark(constant);
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
