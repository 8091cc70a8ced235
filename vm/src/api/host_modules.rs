//! What a running host function can do with programs and what they export.

use crate::api::machine::Machine;
use crate::heap::OutOfMemory;
use crate::link::instantiate::LinkError;
use crate::memory::{LinearMemory, TableInstance};
use crate::runtime::boundary::to_words;
use crate::runtime::context::Context;
use crate::runtime::definitions::{Definition, InstanceId};
use crate::runtime::externs::{Extern, Imports};
use crate::runtime::host::HostCall;
use crate::runtime::host::Raise;
use crate::runtime::instance::GlobalCell;
use crate::runtime::loaded_program::ProgramHandle;
use crate::value::{Tag, Value};
use minivm_isa::program::{ElementType, Program};
use minivm_isa::verify::Verified;
use minivm_isa::{TrapCode, Type};
use std::cell::UnsafeCell;
use std::rc::Rc;
use std::sync::Arc;

impl Machine {
    /// As [`HostCall::load_program`].
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn load_program(&mut self, program: impl Into<Arc<Verified>>) -> Result<ProgramHandle, OutOfMemory> {
        self.cx.loaded_program(program.into()).map(ProgramHandle)
    }
}

impl HostCall<'_> {
    /// Loads a program for [`instantiate_with`](Self::instantiate_with). Code that is shared with an earlier program is loaded once.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn load_program(&mut self, program: impl Into<Arc<Verified>>) -> Result<ProgramHandle, OutOfMemory> {
        self.cx.loaded_program(program.into()).map(ProgramHandle)
    }

    /// Loads a program as [`instantiate`](Self::instantiate) does; what it imports is looked up in `imports` first.
    ///
    /// # Errors
    /// When it cannot be linked.
    pub fn instantiate_with(
        &mut self,
        program: &ProgramHandle,
        imports: &Imports,
    ) -> Result<(InstanceId, Option<Value>), LinkError> {
        // What nobody but the host held till now was not marked when a cycle began, and code changes it without a barrier.
        for item in imports.0.all() {
            Extern(item.clone()).for_each_value(|value| self.cx.heap.barrier(value));
        }
        let loaded = self.cx.instantiate(program.0.clone(), &imports.0)?;
        self.cx.unpin(loaded.0);
        Ok(loaded)
    }

    /// A new instance of the program that calls this function, linked to the same things; its start function has not run. None where
    /// no program calls.
    pub fn instantiate_again(&mut self) -> Option<Result<(InstanceId, Option<Value>), LinkError>> {
        // SAFETY: an instance lives as long as its code is on the stack.
        let caller = unsafe { &*self.caller_instance()? };
        let (program, imports) = (caller.program.clone(), Imports(caller.links()));
        Some(self.instantiate_with(&ProgramHandle(program), &imports))
    }

    /// What the host has defined for programs to import by these names.
    pub fn defined(&self, module: &str, name: &str) -> Option<Extern> {
        self.cx.definitions.get(module, name).cloned().map(Extern)
    }

    /// The names that the host has defined in a module for programs to import.
    pub fn defined_names(&self, module: &str) -> Vec<String> {
        self.cx.definitions.names(module).map(str::to_owned).collect()
    }

    /// What an instance exports, in its order, but for functions that capture values.
    pub fn exports(&self, instance: InstanceId) -> Vec<(String, Extern)> {
        self.cx.instance(instance).exports()
    }

    /// The program of an instance.
    pub fn program(&self, instance: InstanceId) -> &Program {
        &self.cx.instance(instance).program
    }

    /// A new global.
    ///
    /// # Errors
    /// What was expected, when the value is none of that type.
    pub fn new_global(
        &mut self,
        (ty, holds): (Type, ElementType),
        mutable: bool,
        value: Value,
    ) -> Result<Extern, String> {
        let words = global_words(ty, holds, value)?;
        let cell = GlobalCell { words: UnsafeCell::new(words), ty, mutable, holds, _types: Box::default() };
        Ok(Extern(Definition::Global(Rc::new(cell))))
    }

    /// Changes a global; nothing happens when it is none, or immutable.
    ///
    /// # Errors
    /// What was expected, when the value is none of its type.
    pub fn set_global(&mut self, global: &Extern, value: Value) -> Result<(), String> {
        let Definition::Global(cell) = &global.0 else { return Ok(()) };
        match cell.mutable {
            true => self.cx.set_global(cell, value),
            false => Ok(()),
        }
    }

    /// A new memory of so many pages.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new_memory(&mut self, pages: u64, maximum: Option<u64>) -> Result<Extern, Raise> {
        let made = LinearMemory::new(pages, maximum, false, self.budget()).map_err(Raise::Trap)?;
        Ok(Extern(Definition::Memory(Rc::new(UnsafeCell::new(made)))))
    }

    /// The memory that a handle stands for.
    pub fn memory_of(&mut self, memory: &Extern) -> Option<&mut LinearMemory> {
        match &memory.0 {
            // SAFETY: no code runs while a host function does, and the borrow of the call keeps the host from a second one.
            Definition::Memory(shared) => Some(unsafe { &mut **shared.get() }),
            Definition::Function(_) | Definition::Global(_) | Definition::Table(_) => None,
        }
    }

    /// A new table of so many elements, all nil.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new_table(&mut self, element: ElementType, length: u64, maximum: Option<u64>) -> Result<Extern, Raise> {
        let made = TableInstance::new(element, (length, maximum), false, Value::NIL, self.budget());
        Ok(Extern(Definition::Table(Rc::new(UnsafeCell::new(made.map_err(Raise::Trap)?)))))
    }

    /// Number of elements of a table.
    pub fn table_length(&mut self, table: &Extern) -> Option<u64> {
        self.table_of(table).map(|table| table.length())
    }

    /// An element of a table, if it has so many.
    pub fn table_element(&mut self, table: &Extern, index: u64) -> Option<Value> {
        self.table_of(table)?.get(index).ok()
    }

    /// Changes an element of a table.
    ///
    /// # Errors
    /// When it has none with that index, or may not hold the value.
    pub fn set_table_element(&mut self, table: &Extern, index: u64, value: Value) -> Result<(), TrapCode> {
        let Some(table) = self.table_of(table) else { return Ok(()) };
        let old = table.get(index)?;
        table.set(index, value)?;
        self.cx.heap.barrier(old);
        Ok(())
    }

    /// Grows a table by elements of this value; gives their number before, or none when it may not grow so far.
    pub fn grow_table(&mut self, table: &Extern, count: u64, value: Value) -> Option<u64> {
        self.table_of(table)?.grow(count, value)
    }

    fn table_of<'c>(&'c mut self, table: &'c Extern) -> Option<&'c mut TableInstance> {
        match &table.0 {
            // SAFETY: as for `memory_of`.
            Definition::Table(shared) => Some(unsafe { &mut **shared.get() }),
            Definition::Function(_) | Definition::Global(_) | Definition::Memory(_) => None,
        }
    }
}

impl Context {
    /// Changes a mutable global.
    ///
    /// # Errors
    /// What was expected, when the value is none of its type.
    pub(crate) fn set_global(&mut self, cell: &Rc<GlobalCell>, value: Value) -> Result<(), String> {
        let words = global_words(cell.ty, cell.holds, value)?;
        Extern(Definition::Global(cell.clone())).for_each_value(|old| self.heap.barrier(old));
        // SAFETY: no code runs while the host does.
        unsafe { *cell.words.get() = words };
        Ok(())
    }
}

/// The words of a global of a type, or what was expected.
fn global_words(ty: Type, holds: ElementType, value: Value) -> Result<[u64; 2], String> {
    let is_function = matches!(value.tag(), Tag::FUNCTION | Tag::NIL);
    if ty == Type::Any && holds.is_function() && !is_function {
        return Err("function".to_string());
    }
    if holds.is_tag() {
        return Err("tag of exceptions".to_string());
    }
    to_words(value, ty).map_err(|expected| match ty {
        Type::I32 | Type::I64 | Type::F32 | Type::F64 => ty.to_string(),
        Type::Any | Type::V128 | Type::Cell | Type::Ref(_) => expected.to_string(),
    })
}

impl Extern {
    /// Shows every value that it holds.
    pub(crate) fn for_each_value(&self, mut show: impl FnMut(Value)) {
        match &self.0 {
            Definition::Function(value) => show(*value),
            Definition::Global(cell) => {
                if cell.ty.is_traced()
                    && let Some(value) = cell.value()
                {
                    show(value);
                }
            }
            Definition::Memory(_) => {}
            // SAFETY: no code runs while the host, or the collector, does.
            Definition::Table(shared) => unsafe { (**shared.get()).values().iter().copied().for_each(show) },
        }
    }
}
