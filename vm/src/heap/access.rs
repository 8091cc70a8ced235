//! Safe access to objects by value, for hosts. Values of another kind than asked for count as absent.
//!
//! A host holds values only while it runs: nothing is collected meanwhile. Values it wants to keep longer go through
//! `Machine::keep`.

use super::metamethod::Metamethod;
use super::{Heap, HostObject, InvalidKey, OutOfMemory, Str, Table, TableError};
use crate::heap::Header;
use crate::heap::TableScan;
use crate::value::{Tag, Value};

impl Value {
    /// The bytes of a string.
    #[inline]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        // SAFETY: a value at hand is reachable, and nothing is collected while the host looks at it.
        self.as_string().map(|string| unsafe { Str::bytes(string) })
    }
}

impl Heap {
    /// A string value.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string_value(&mut self, bytes: &[u8]) -> Result<Value, OutOfMemory> {
        let string = self.new_string(bytes)?;
        // SAFETY: the string was just made.
        Ok(unsafe { Value::from_string(string) })
    }

    /// A string value of `length` bytes, which `fill` writes.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string_value_with(&mut self, length: usize, fill: impl FnOnce(&mut [u8])) -> Result<Value, OutOfMemory> {
        let string = self.new_string_with(length, fill)?;
        // SAFETY: the string was just made.
        Ok(unsafe { Value::from_string(string) })
    }

    /// A new table with room for `slots` consecutive and `entries` other elements.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn table_value(&mut self, slots: u32, entries: u32) -> Result<Value, OutOfMemory> {
        let table = self.new_table(slots, entries)?;
        // SAFETY: the table was just made.
        Ok(unsafe { Value::from_table(table) })
    }

    /// `table[key]` without metamethods.
    #[inline]
    pub fn table_get(&mut self, table: Value, key: Value) -> Value {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::get(table, self, key) },
            None => Value::NIL,
        }
    }

    /// `table[key]` for an integer, without metamethods.
    #[inline]
    pub fn table_get_int(&mut self, table: Value, key: i64) -> Value {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::get_int(table, self, key) },
            None => Value::NIL,
        }
    }

    /// `table[name]` for a string, without metamethods.
    pub fn table_get_name(&mut self, table: Value, name: &[u8]) -> Value {
        match self.string_value(name) {
            Ok(name) => self.table_get(table, name),
            Err(_) => Value::NIL,
        }
    }

    /// `table[key] = value` without metamethods; nothing happens when it is no table.
    ///
    /// # Errors
    /// A nil or NaN key, or no memory.
    pub fn table_set(&mut self, table: Value, key: Value, value: Value) -> Result<(), TableError> {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::set(table, self, key, value) },
            None => Ok(()),
        }
    }

    /// `table[key] = value` for an integer, without metamethods.
    ///
    /// # Errors
    /// When there is no memory.
    #[inline]
    pub fn table_set_int(&mut self, table: Value, key: i64, value: Value) -> Result<(), OutOfMemory> {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::set_int(table, self, key, value) },
            None => Ok(()),
        }
    }

    /// Copies the elements at `from..from + count` of a table to the keys from `to` on, as if at once, without metamethods; false,
    /// with nothing done, unless that is a mere copy of neighbouring slots.
    pub fn table_move_slots(&mut self, table: Value, from: i64, to: i64, count: u64) -> bool {
        if count == 0 {
            return true;
        }
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::move_slots(table, self, from, to, count) },
            None => false,
        }
    }

    /// `table[name] = value` for a string, without metamethods.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn table_set_name(&mut self, table: Value, name: &[u8], value: Value) -> Result<(), OutOfMemory> {
        let name = self.string_value(name)?;
        match self.table_set(table, name, value) {
            Err(TableError::OutOfMemory(error)) => Err(error),
            Ok(()) | Err(TableError::NilKey | TableError::NanKey) => Ok(()),
        }
    }

    /// A border of a table, without metamethods.
    #[inline]
    pub fn table_len(&mut self, table: Value) -> i64 {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::len(table, self) },
            None => 0,
        }
    }

    /// The entry after `key`, or the first one after nil.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn table_next(&mut self, table: Value, key: Value) -> Result<Option<(Value, Value)>, InvalidKey> {
        let position = self.table_position_after(table, key)?;
        match self.table_scan(table, position, u64::MAX) {
            TableScan::Found { key, value, .. } => Ok(Some((key, value))),
            TableScan::End { .. } | TableScan::More { .. } => Ok(None),
        }
    }

    /// The position in the order of traversal behind an entry, by its key; that of the first entry for nil. For
    /// [`table_scan`](Self::table_scan).
    ///
    /// # Errors
    /// When there is no such key.
    pub fn table_position_after(&self, table: Value, key: Value) -> Result<u64, InvalidKey> {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::position_after(table, key) },
            None => Ok(0),
        }
    }

    /// The first entry of a table at or after a position, if it is among so many slots.
    pub fn table_scan(&mut self, table: Value, position: u64, slots: u64) -> TableScan {
        match table.as_table() {
            // SAFETY: values at hand are reachable.
            Some(table) => unsafe { Table::scan(table, self, position, slots) },
            None => TableScan::End { position },
        }
    }

    /// The metatable of a table or host object, or nil.
    #[inline]
    pub fn own_metatable(&self, value: Value) -> Value {
        // SAFETY: values at hand are reachable.
        let metatable = unsafe {
            match value.tag() {
                Tag::TABLE => value.as_table().map(|table| Table::metatable(table)),
                Tag::USERDATA => value.as_userdata().map(|userdata| (*userdata).metatable),
                _ => None,
            }
        };
        match metatable {
            // SAFETY: metatables live as long as what has them.
            Some(metatable) if !metatable.is_null() => unsafe { Value::from_table(metatable) },
            _ => Value::NIL,
        }
    }

    /// Sets the metatable of a table or host object (nil for none): weakness by `__mode`, a finaliser by `__gc`.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn set_own_metatable(&mut self, value: Value, metatable: Value) -> Result<(), OutOfMemory> {
        let new = metatable.as_table().unwrap_or(std::ptr::null_mut());
        // SAFETY: values at hand are reachable.
        unsafe {
            if let Some(table) = value.as_table()
                && !Table::is_weak(table)
                && !new.is_null()
                && Table::lacks(new, Metamethod::Mode as u32)
                && Table::lacks(new, Metamethod::Gc as u32)
            {
                return Table::set_metatable(table, self, new);
            }
        }
        let mode = self.event_of(metatable, Metamethod::Mode, b"__mode")?;
        let has = |letter: u8| mode.as_bytes().is_some_and(|mode| mode.contains(&letter));
        let (keys, values) = (has(b'k'), has(b'v'));
        let finaliser = !self.event_of(metatable, Metamethod::Gc, b"__gc")?.is_nil();
        // SAFETY: values at hand are reachable.
        unsafe {
            if let Some(table) = value.as_table() {
                Table::set_metatable(table, self, new)?;
                self.set_weak(table, keys, values)?;
            } else if let Some(userdata) = value.as_userdata() {
                self.set_userdata_metatable(userdata, new);
            } else {
                return Ok(());
            }
            if finaliser && let Some(object) = value.as_object() {
                self.set_finaliser(object);
            }
        }
        Ok(())
    }

    /// The entry of a metatable for an event whose absence tables remember; nil without a metatable.
    fn event_of(&mut self, metatable: Value, event: Metamethod, name: &[u8]) -> Result<Value, OutOfMemory> {
        let Some(table) = metatable.as_table() else { return Ok(Value::NIL) };
        // SAFETY: values at hand are reachable; a short string is the same one each time it is made.
        unsafe {
            if Table::lacks(table, event as u32) {
                return Ok(Value::NIL);
            }
            let name = self.new_string(name)?;
            Ok(Table::get_event(table, self, event as u32, name))
        }
    }

    /// A value that holds an object of the host.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn host_object(&mut self, object: Box<dyn HostObject>, metatable: Value) -> Result<Value, OutOfMemory> {
        let userdata = self.new_userdata(object, 0)?;
        // SAFETY: it was just made.
        let value = unsafe { Value::from_userdata(userdata) };
        self.set_own_metatable(value, metatable)?;
        Ok(value)
    }

    /// Does something with the object of type `T` that a value holds; none when it holds another.
    pub fn with_host_object<T: HostObject + 'static, R>(
        &mut self,
        value: Value,
        act: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let userdata = value.as_userdata()?;
        // SAFETY: values at hand are reachable, and the heap is borrowed, so nobody else uses the object.
        let object = unsafe { self.host_object_mut(userdata) }?;
        object.as_any_mut().downcast_mut::<T>().map(act)
    }

    /// The closure that a value is, with its captured values, unless these are the machine's own.
    #[inline]
    fn open_closure(value: Value) -> Option<*mut super::Closure> {
        // SAFETY: values at hand are reachable.
        value.as_function().filter(|&closure| unsafe { !(*closure).header.has(Header::SEALED) })
    }

    /// Captured value `index` of a closure, from 0; cells are looked into. None of functions that the machine has made for
    /// others.
    #[inline]
    pub fn capture(&self, closure: Value, index: usize) -> Option<Value> {
        let closure = Heap::open_closure(closure)?;
        // SAFETY: values at hand are reachable.
        unsafe {
            if index >= (*closure).count as usize {
                return None;
            }
            let value = *super::Closure::upvalues(closure).add(index);
            Some(value.as_cell().map_or(value, |cell| (*cell).value))
        }
    }

    /// A number that stands for the variable behind captured value `index` of a closure: the same for closures that share it.
    pub fn capture_identity(&mut self, closure: Value, index: usize) -> Option<u64> {
        let closure = Heap::open_closure(closure)?;
        // SAFETY: values at hand are reachable.
        unsafe {
            if index >= (*closure).count as usize {
                return None;
            }
            let value = *super::Closure::upvalues(closure).add(index);
            match value.as_cell() {
                Some(cell) => Some(self.id_of(cell.cast())),
                // A value of its own: nobody shares it.
                None => Some(self.id_of(closure.cast()).wrapping_add((index as u64 + 1) << 48)),
            }
        }
    }

    /// Makes captured value `index` of a closure share the variable of another. Where one of them is a mere value, the closure
    /// gets the value that the other has now. Nothing happens where there is no such captured value.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn join_captures(
        &mut self,
        closure: Value,
        index: usize,
        other: Value,
        other_index: usize,
    ) -> Result<(), OutOfMemory> {
        let (Some(closure), Some(other)) = (Heap::open_closure(closure), Heap::open_closure(other)) else {
            return Ok(());
        };
        // SAFETY: values at hand are reachable; old values go through the barrier.
        unsafe {
            if index >= (*closure).count as usize || other_index >= (*other).count as usize {
                return Ok(());
            }
            let slot = super::Closure::upvalues(closure).add(index);
            let mut source = *super::Closure::upvalues(other).add(other_index);
            match ((*slot).as_cell(), source.as_cell()) {
                (Some(_), None) => source = Value::from_cell(self.new_cell(source)?),
                (None, Some(cell)) => source = (*cell).value,
                (Some(_), Some(_)) | (None, None) => {}
            }
            self.barrier(*slot);
            source.store(slot);
        }
        Ok(())
    }

    /// Changes captured value `index` of a closure; through its cell, when it has one. False when there is none.
    #[inline]
    pub fn set_capture(&mut self, closure: Value, index: usize, value: Value) -> bool {
        let Some(closure) = Heap::open_closure(closure) else { return false };
        // SAFETY: values at hand are reachable; old values go through the barrier.
        unsafe {
            if index >= (*closure).count as usize {
                return false;
            }
            let mut slot = super::Closure::upvalues(closure).add(index);
            if let Some(cell) = (*slot).as_cell() {
                slot = &raw mut (*cell).value;
            }
            self.barrier(*slot);
            value.store(slot);
        }
        true
    }
}
