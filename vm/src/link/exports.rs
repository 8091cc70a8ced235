//! Functions of instances as values, and what instances export. A function that is not exported gets its closure when that is
//! first needed.

use crate::heap::{Closure, OutOfMemory};
use crate::runtime::context::Context;
use crate::runtime::definitions::{Definition, Definitions};
use crate::runtime::externs::Extern;
use crate::runtime::instance::{FUNCTION_BYTES, Instance};
use crate::value::Value;
use minivm_isa::entities::Func;
use minivm_isa::program::{FunctionDef, Import, Item, Origin};

impl Instance {
    /// A function that is imported or exported, or whose closure was needed before, as a value.
    pub(crate) fn linked_function(&self, function: Func) -> Value {
        // SAFETY: the instance keeps the closures of such functions alive.
        unsafe { Value::from_function(self.closure(function)) }
    }

    /// What its imports are satisfied with.
    pub(crate) fn links(&self) -> Definitions {
        let mut links = Definitions::default();
        let mut set = |import: &Import, definition| links.set(&import.module, &import.name, definition);
        for (number, function) in &self.program.functions {
            if let FunctionDef::Import { import, .. } = function {
                set(import, Definition::Function(self.linked_function(number)));
            }
        }
        for (global, linked) in self.program.globals.values().zip(&self.globals) {
            if let Origin::Import(import) = &global.origin {
                set(import, Definition::Global(linked.clone()));
            }
        }
        for (memory, linked) in self.program.memories.values().zip(&self.memories) {
            if let Origin::Import(import) = &memory.origin {
                set(import, Definition::Memory(linked.clone()));
            }
        }
        for (table, linked) in self.program.tables.values().zip(&self.tables) {
            if let Origin::Import(import) = &table.origin {
                set(import, Definition::Table(linked.clone()));
            }
        }
        links
    }

    /// What it exports, in order, but for functions that capture values.
    pub(crate) fn exports(&self) -> Vec<(String, Extern)> {
        let exports = self.program.exports.iter();
        exports.filter_map(|export| Some((export.name.clone(), Extern(self.definition(export.item)?)))).collect()
    }

    /// An item that it exports as others can import it; none for a function that captures values, of which there is no closure yet.
    pub(crate) fn definition(&self, item: Item) -> Option<Definition> {
        Some(match item {
            Item::Function(function) if self.captures(function) => return None,
            Item::Function(function) => Definition::Function(self.linked_function(function)),
            Item::Global(global) => Definition::Global(self.globals[global.as_u32() as usize].clone()),
            Item::Memory(memory) => Definition::Memory(self.memories[memory.as_u32() as usize].clone()),
            Item::Table(table) => Definition::Table(self.tables[table.as_u32() as usize].clone()),
        })
    }

    /// Whether a function captures values, so that the instance has no closure of it.
    pub(crate) fn captures(&self, function: Func) -> bool {
        matches!(&self.program.functions[function], FunctionDef::Code(code) if !code.captures().is_empty())
    }
}

impl Context {
    /// The closure of a function of an instance that captures nothing; null for one that does.
    ///
    /// # Errors
    /// When it is needed for the first time, and there is no memory for it.
    pub(crate) fn function_closure(
        &mut self,
        instance: &Instance,
        function: Func,
    ) -> Result<*mut Closure, OutOfMemory> {
        let known = instance.closure(function);
        if !known.is_null() || instance.is_import(function) {
            return Ok(known);
        }
        if instance.known_function(function).is_none() {
            // It is charged for when it is made.
            drop(self.heap.budget().hold(FUNCTION_BYTES)?);
        }
        let info = instance.function_info(function);
        if instance.captures(function) {
            return Ok(known);
        }
        let closure = self.closure_of(info, 0)?.as_function().expect("it was just made");
        instance.set_closure(function, closure);
        Ok(closure)
    }

    /// A function that captures nothing, as a value.
    ///
    /// # Errors
    /// As for [`function_closure`](Self::function_closure).
    pub(crate) fn function_value(&mut self, instance: &Instance, function: Func) -> Result<Value, OutOfMemory> {
        let closure = self.function_closure(instance, function)?;
        // SAFETY: the instance keeps the closure alive.
        Ok(unsafe { Value::from_function(closure) })
    }
}
