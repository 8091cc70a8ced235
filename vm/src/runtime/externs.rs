//! What crosses the boundaries of programs, as hosts handle it: exports, and what imports are satisfied with.

use crate::heap::Marker;
use crate::runtime::definitions::{Definition, Definitions};
use crate::value::{Tag, Value};
use minivm_isa::Type;

/// A function, global, memory or table that one program exports and another can import.
///
/// It is a handle: what it stands for lives as long as one of the handles, or of the programs that use it. A function is a
/// value, though, and a host object that keeps one shows it to the collector with [`trace`](Extern::trace).
#[derive(Clone)]
pub struct Extern(pub(crate) Definition);

// SAFETY: only raw code has items, and keeps to the contract of `crate::raw`: they are used on the thread that their machine is
// on (6), so counts and contents are never touched from two.
unsafe impl Send for Extern {}

/// What an [`Extern`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternKind {
    /// A function.
    Function,
    /// A global.
    Global,
    /// A linear memory.
    Memory,
    /// A table.
    Table,
}

impl Extern {
    /// A function; none when the value is something else.
    pub fn of_function(value: Value) -> Option<Extern> {
        (value.tag() == Tag::FUNCTION).then_some(Extern(Definition::Function(value)))
    }

    /// What it is.
    pub fn kind(&self) -> ExternKind {
        match &self.0 {
            Definition::Function(_) => ExternKind::Function,
            Definition::Global(_) => ExternKind::Global,
            Definition::Memory(_) => ExternKind::Memory,
            Definition::Table(_) => ExternKind::Table,
        }
    }

    /// The function, if it is one.
    pub fn function(&self) -> Option<Value> {
        match &self.0 {
            Definition::Function(value) => Some(*value),
            Definition::Global(_) | Definition::Memory(_) | Definition::Table(_) => None,
        }
    }

    /// The type of a global, and whether it may change.
    pub fn global_type(&self) -> Option<(Type, bool)> {
        match &self.0 {
            Definition::Global(cell) => Some((cell.ty, cell.mutable)),
            Definition::Function(_) | Definition::Memory(_) | Definition::Table(_) => None,
        }
    }

    /// The value of a global, where that has a dynamic form.
    pub fn global_value(&self) -> Option<Value> {
        match &self.0 {
            Definition::Global(cell) => cell.value(),
            Definition::Function(_) | Definition::Memory(_) | Definition::Table(_) => None,
        }
    }

    /// Marks the values it holds; for objects of the host that keep one.
    pub fn trace(&self, marker: &mut Marker) {
        self.for_each_value(|value| marker.mark(value));
    }
}

/// What a program's imports are satisfied with, by module and name.
#[derive(Default)]
pub struct Imports(pub(crate) Definitions);

impl Imports {
    /// Satisfies an import.
    pub fn set(&mut self, module: &str, name: &str, item: Extern) {
        self.0.set(module, name, item.0);
    }

    /// Whether something is there for an import.
    pub fn has(&self, module: &str, name: &str) -> bool {
        self.0.get(module, name).is_some()
    }
}
