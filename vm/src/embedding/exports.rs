//! Globals and tables that programs export, for the host to read and write.

use super::error::Error;
use super::machine::Machine;
use super::value::{InstanceId, Value};
use crate::memory::TableInstance;
use crate::runtime::context::Context;
use crate::runtime::definitions::Definition;
use crate::runtime::instance::SharedTable;
use minivm_isa::Type;

impl Context {
    fn exported_table(&self, instance: InstanceId, name: &str) -> Result<SharedTable, Error> {
        match self.exported(instance, name)? {
            Some(Definition::Table(table)) => Ok(table),
            _ => Err(Error::NoExport { expected: "table", name: name.to_string() }),
        }
    }
}

/// Globals.
impl Machine {
    /// The value of an exported global, where it has a dynamic form.
    ///
    /// # Errors
    /// When there is none, or the program is of another machine.
    pub fn exported_global(&mut self, instance: InstanceId, name: &str) -> Result<Value, Error> {
        let value = match self.cx().exported(instance, name)? {
            Some(Definition::Global(global)) => global.value(),
            _ => None,
        };
        let value = value.ok_or_else(|| Error::NoExport { expected: "global", name: name.to_string() })?;
        Ok(self.cx().root(value))
    }

    /// Changes an exported global, which is mutable.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use minivm_isa::program::{Constant, ElementType, GlobalDef, Initial, Item, Origin};
    /// # let mut builder = minivm_builder::ProgramBuilder::new();
    /// # let origin = Origin::Own(Initial::Constant(Constant::I32(1)));
    /// # let ty = minivm_isa::Type::I32;
    /// # let name = String::new();
    /// # let global = builder.add_global(GlobalDef { name, ty, mutable: true, holds: ElementType::Any, origin });
    /// # builder.export("counter", Item::Global(global));
    /// # let program = builder.finish()?;
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// let instance = machine.instantiate(program)?;
    /// machine.set_exported_global(instance, "counter", &minivm::Value::int(41))?;
    /// assert_eq!(machine.exported_global(instance, "counter")?.as_int(), Some(41));
    /// assert!(machine.set_exported_global(instance, "counter", &minivm::Value::float(0.5)).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is none that is mutable, the value is none of its type, or something is of another machine.
    pub fn set_exported_global(&mut self, instance: InstanceId, name: &str, value: &Value) -> Result<(), Error> {
        let value = self.cx().resolve(value)?;
        let cell = match self.cx().exported(instance, name)? {
            Some(Definition::Global(cell)) if cell.mutable => cell,
            _ => return Err(Error::NoExport { expected: "mutable global", name: name.to_string() }),
        };
        let expected = match cell.ty {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Any => "function or nil",
            Type::V128 | Type::Cell | Type::Ref(_) => "object of its type",
        };
        self.cx().set_global(&cell, value).map_err(|_| Error::kind(expected, value))
    }
}

/// Tables.
impl Machine {
    /// Number of elements of an exported table.
    ///
    /// # Errors
    /// When there is none of that name, or the program is of another machine.
    pub fn exported_table_length(&self, instance: InstanceId, name: &str) -> Result<u64, Error> {
        let table = self.0.cx.exported_table(instance, name)?;
        // SAFETY: no code runs while the host does, and the reference ends here.
        Ok(unsafe { (**table.get()).length() })
    }

    /// An element of an exported table, counted from 0.
    ///
    /// # Errors
    /// When there is no such table or element, or the program is of another machine.
    pub fn exported_table_element(&mut self, instance: InstanceId, name: &str, index: u64) -> Result<Value, Error> {
        let table = self.cx().exported_table(instance, name)?;
        // SAFETY: as for `exported_table_length`.
        let value = unsafe { (**table.get()).get(index) }.map_err(Error::Trap)?;
        Ok(self.cx().root(value))
    }

    /// Changes an element of an exported table.
    ///
    /// # Errors
    /// When there is no such table or element, it may not hold the value, or something is of another machine.
    pub fn set_exported_table_element(
        &mut self,
        instance: InstanceId,
        name: &str,
        index: u64,
        value: &Value,
    ) -> Result<(), Error> {
        let value = self.cx().resolve(value)?;
        let shared = self.cx().exported_table(instance, name)?;
        // SAFETY: as for `exported_table_length`.
        let table: &mut TableInstance = unsafe { &mut *shared.get() };
        if !table.accepts(value) {
            return Err(Error::kind("function or nil", value));
        }
        let old = table.get(index).map_err(Error::Trap)?;
        table.set(index, value).map_err(Error::Trap)?;
        self.cx().heap.barrier(old);
        Ok(())
    }

    /// Grows an exported table by so many elements of a value; gives their number before, or none when it may not grow so far.
    ///
    /// # Errors
    /// When there is no such table, it may not hold the value, or something is of another machine.
    pub fn grow_exported_table(
        &mut self,
        instance: InstanceId,
        name: &str,
        count: u64,
        value: &Value,
    ) -> Result<Option<u64>, Error> {
        let value = self.cx().resolve(value)?;
        let shared = self.cx().exported_table(instance, name)?;
        // SAFETY: as for `exported_table_length`.
        let table: &mut TableInstance = unsafe { &mut *shared.get() };
        if !table.accepts(value) {
            return Err(Error::kind("function or nil", value));
        }
        Ok(table.grow(count, value))
    }
}
