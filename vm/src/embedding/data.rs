//! Strings, tables, objects and memories, for the host and for host functions.

use super::error::Error;
use super::host_call::{HostCall, HostResult, run};
use super::machine::Machine;
use super::value::{InstanceId, Value};
use crate::heap::{HostObject, OutOfMemory, Str};
use crate::raw;
use crate::runtime::codec::{ObjectCodec, ObjectHandles, StateCodec};
use crate::runtime::context::Context;
use crate::runtime::definitions::Definition;
use crate::runtime::host::HostState;
use crate::runtime::instance::SharedMemory;
use std::any::Any;

/// Whether a value may be a metatable.
pub(crate) fn check_metatable(metatable: raw::Value) -> Result<(), Error> {
    let may_be = metatable.as_table().is_some() || metatable.is_nil();
    if may_be { Ok(()) } else { Err(Error::kind("table or nil", metatable)) }
}

fn check_table(table: raw::Value) -> Result<(), Error> {
    if table.as_table().is_some() { Ok(()) } else { Err(Error::kind("table", table)) }
}

/// An object that safe code gave.
struct SafeObject {
    kind: String,
    object: Box<dyn Any + Send>,
}

impl HostObject for SafeObject {
    fn type_name(&self) -> &str {
        &self.kind
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl Context {
    /// The bytes of a string, for as long as nothing runs.
    pub(crate) fn bytes_of(&self, value: raw::Value) -> Option<&[u8]> {
        // SAFETY: a value at hand is reachable, strings neither move nor change, and nothing is collected while the context is
        // borrowed.
        value.as_string().map(|string| unsafe { Str::bytes(string) })
    }

    /// `table[key]` without metamethods.
    pub(crate) fn get(&mut self, table: raw::Value, key: raw::Value) -> Result<raw::Value, Error> {
        check_table(table)?;
        Ok(self.heap.table_get(table, key))
    }

    /// `table[key] = value` without metamethods.
    pub(crate) fn set(&mut self, table: raw::Value, key: raw::Value, value: raw::Value) -> Result<(), Error> {
        check_table(table)?;
        Ok(self.heap.table_set(table, key, value)?)
    }

    /// A border of a table.
    pub(crate) fn len(&mut self, table: raw::Value) -> Result<i64, Error> {
        check_table(table)?;
        Ok(self.heap.table_len(table))
    }

    /// The entry of a table after a key.
    pub(crate) fn next(
        &mut self,
        table: raw::Value,
        key: raw::Value,
    ) -> Result<Option<(raw::Value, raw::Value)>, Error> {
        check_table(table)?;
        self.heap.table_next(table, key).map_err(|_| Error::Key("the key is not in the table"))
    }

    /// A function of safe code as a value.
    pub(crate) fn safe_function(
        &mut self,
        name: String,
        function: impl for<'a, 'c> Fn(&'a mut HostCall<'c>) -> HostResult<'c> + Send + 'static,
    ) -> Result<raw::Value, OutOfMemory> {
        self.host_function(name, std::rc::Rc::new(move |call: &mut raw::HostCall<'_>| run(&function, call)), None)
    }

    /// An object of safe code as a value.
    pub(crate) fn object<T: Send + 'static>(
        &mut self,
        kind: &str,
        object: T,
        metatable: raw::Value,
    ) -> Result<raw::Value, Error> {
        check_metatable(metatable)?;
        let object = SafeObject { kind: kind.to_string(), object: Box::new(object) };
        Ok(self.heap.host_object(Box::new(object), metatable)?)
    }

    /// The object of safe code in a value.
    pub(crate) fn object_mut<T: Send + 'static>(&mut self, value: raw::Value) -> Option<&mut T> {
        let userdata = value.as_userdata()?;
        // SAFETY: a value at hand is reachable, and the context is borrowed for as long as the object.
        let object = unsafe { self.heap.host_object_mut(userdata) }?;
        object.as_any_mut().downcast_mut::<SafeObject>()?.object.downcast_mut()
    }

    /// An exported function of an instance.
    pub(crate) fn exported_function(&self, instance: InstanceId, name: &str) -> Result<raw::Value, Error> {
        match self.exported(instance, name)? {
            Some(Definition::Function(value)) => Ok(value),
            _ => Err(Error::NoExport { expected: "function", name: name.to_string() }),
        }
    }

    /// Something that an instance exports.
    pub(crate) fn exported(&self, instance: InstanceId, name: &str) -> Result<Option<Definition>, Error> {
        let instance = self.instance(self.resolve_instance(instance)?);
        Ok(instance.export(name).and_then(|item| instance.definition(item)))
    }

    fn exported_memory(&self, instance: InstanceId, name: &str) -> Result<SharedMemory, Error> {
        match self.exported(instance, name)? {
            Some(Definition::Memory(memory)) => Ok(memory),
            _ => Err(Error::NoExport { expected: "memory", name: name.to_string() }),
        }
    }
}

/// Strings and tables.
impl Machine {
    /// A new string.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> Result<Value, Error> {
        let string = self.cx().heap.string_value(bytes.as_ref())?;
        Ok(self.cx().root(string))
    }

    /// The bytes of a string, for as long as the machine does nothing else.
    ///
    /// ```compile_fail,E0502
    /// # fn main() -> Result<(), minivm::Error> {
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// let name = machine.string("name")?;
    /// let bytes = machine.bytes(&name)?;
    /// machine.string("another")?;                 // bytes are not held while the machine works
    /// assert_eq!(bytes, b"name");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is no string, or one of another machine.
    pub fn bytes(&self, value: &Value) -> Result<&[u8], Error> {
        let value = self.0.cx.resolve(value)?;
        self.0.cx.bytes_of(value).ok_or_else(|| Error::kind("string", value))
    }

    /// A string as text, where bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    pub fn text(&self, value: &Value) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(self.bytes(value)?).into_owned())
    }

    /// A new table with room for `slots` consecutive and `entries` other elements.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn table(&mut self, slots: u32, entries: u32) -> Result<Value, Error> {
        let table = self.cx().heap.table_value(slots, entries)?;
        Ok(self.cx().root(table))
    }

    /// `table[key]` without metamethods.
    ///
    /// # Errors
    /// When it is no table, or something is of another machine.
    pub fn get(&mut self, table: &Value, key: &Value) -> Result<Value, Error> {
        let (table, key) = (self.cx().resolve(table)?, self.cx().resolve(key)?);
        let value = self.cx().get(table, key)?;
        Ok(self.cx().root(value))
    }

    /// `table[name]` for a string, without metamethods.
    ///
    /// # Errors
    /// As for [`get`](Self::get), and when there is no memory for the string.
    pub fn get_name(&mut self, table: &Value, name: &str) -> Result<Value, Error> {
        let table = self.cx().resolve(table)?;
        let name = self.cx().heap.string_value(name.as_bytes())?;
        let value = self.cx().get(table, name)?;
        Ok(self.cx().root(value))
    }

    /// `table[key] = value` without metamethods.
    ///
    /// # Errors
    /// When it is no table, for a nil or NaN key, when there is no memory, or something is of another machine.
    pub fn set(&mut self, table: &Value, key: &Value, value: &Value) -> Result<(), Error> {
        let (table, key, value) = (self.cx().resolve(table)?, self.cx().resolve(key)?, self.cx().resolve(value)?);
        self.cx().set(table, key, value)
    }

    /// `table[name] = value` for a string, without metamethods.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn set_name(&mut self, table: &Value, name: &str, value: &Value) -> Result<(), Error> {
        let (table, value) = (self.cx().resolve(table)?, self.cx().resolve(value)?);
        let name = self.cx().heap.string_value(name.as_bytes())?;
        self.cx().set(table, name, value)
    }

    /// A border of a table, without metamethods.
    ///
    /// # Errors
    /// When it is no table, or one of another machine.
    pub fn len(&mut self, table: &Value) -> Result<i64, Error> {
        let table = self.cx().resolve(table)?;
        self.cx().len(table)
    }

    /// The entry after `key`, or the first one after nil.
    ///
    /// # Errors
    /// When it is no table, has no such key, or something is of another machine.
    pub fn next(&mut self, table: &Value, key: &Value) -> Result<Option<(Value, Value)>, Error> {
        let (table, key) = (self.cx().resolve(table)?, self.cx().resolve(key)?);
        let entry = self.cx().next(table, key)?;
        Ok(entry.map(|(key, value)| (self.cx().root(key), self.cx().root(value))))
    }

    /// Sets the metatable of a table or object; nil for none.
    ///
    /// # Errors
    /// When it is neither table nor nil, there is no memory, or something is of another machine.
    pub fn set_metatable(&mut self, value: &Value, metatable: &Value) -> Result<(), Error> {
        let (value, metatable) = (self.cx().resolve(value)?, self.cx().resolve(metatable)?);
        check_metatable(metatable)?;
        Ok(self.cx().heap.set_own_metatable(value, metatable)?)
    }

    /// Whether two values are the same without asking metamethods: numbers by their value, strings by content, all others by
    /// identity.
    ///
    /// # Errors
    /// When something is of another machine.
    pub fn equals(&self, left: &Value, right: &Value) -> Result<bool, Error> {
        Ok(self.0.cx.resolve(left)?.raw_equals(self.0.cx.resolve(right)?))
    }
}

/// Objects and state of the host.
impl Machine {
    /// An object of the host in a value, with a metatable or nil. `kind` is its name in messages and for
    /// [codecs](Self::set_object_codec). It is dropped when the collector finds that no program uses it; a panic of its
    /// destructor there reaches whoever runs the machine.
    ///
    /// # Errors
    /// When the metatable is something else, there is no memory for it, or something is of another machine.
    pub fn object<T: Send + 'static>(&mut self, kind: &str, object: T, metatable: &Value) -> Result<Value, Error> {
        let metatable = self.cx().resolve(metatable)?;
        let value = self.cx().object(kind, object, metatable)?;
        Ok(self.cx().root(value))
    }

    /// The object of type `T` in a value.
    ///
    /// # Errors
    /// When it holds no such object, or is of another machine.
    pub fn object_mut<T: Send + 'static>(&mut self, value: &Value) -> Result<&mut T, Error> {
        let value = self.cx().resolve(value)?;
        let expected = std::any::type_name::<T>();
        self.cx().object_mut(value).ok_or_else(|| Error::kind(expected, value))
    }

    /// Says how objects of a kind travel in snapshots: as bytes, and back.
    pub fn set_object_codec<T: Send + 'static>(
        &mut self,
        kind: &str,
        save: impl Fn(&T) -> Result<Vec<u8>, String> + Send + 'static,
        load: impl Fn(&[u8]) -> Result<T, raw::SnapshotError> + Send + 'static,
    ) {
        let name = kind.to_string();
        let save = move |object: &mut dyn HostObject, _: &mut ObjectHandles| {
            let object = object.as_any().downcast_ref::<SafeObject>();
            match object.and_then(|safe| safe.object.downcast_ref::<T>()) {
                Some(object) => save(object),
                None => Err("an object of another type has its kind".to_string()),
            }
        };
        let load = move |bytes: &[u8], _: &ObjectHandles, _: &mut HostState| {
            let object: Box<dyn HostObject> =
                Box::new(SafeObject { kind: name.clone(), object: Box::new(load(bytes)?) });
            Ok(object)
        };
        self.0.set_object_codec(kind, ObjectCodec { save: Box::new(save), load: Box::new(load) });
    }

    /// The state of type `T` that host functions of this machine share, made when it is first asked for.
    pub fn shared<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.cx().host_state.get()
    }

    /// Sets the state of type `T`.
    pub fn set_shared<T: Send + 'static>(&mut self, state: T) {
        self.cx().host_state.set(state);
    }

    /// Says how the state of type `T` travels in snapshots, under a name. While there is one that has no codec, nothing can be
    /// saved.
    pub fn set_state_codec<T: Default + Send + 'static>(
        &mut self,
        name: &str,
        save: impl Fn(&mut T) -> Result<Vec<u8>, String> + Send + 'static,
        load: impl Fn(&mut T, &[u8]) -> Result<(), raw::SnapshotError> + Send + 'static,
    ) {
        let save = Box::new(move |state: &mut HostState| save(state.get()));
        let load = Box::new(move |state: &mut HostState, bytes: &[u8]| load(state.get(), bytes));
        self.0.set_state_codec(name, StateCodec { save, load });
    }

    /// Sets a named value, which host functions find, and snapshots take along.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn register(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        let value = self.cx().resolve(value)?;
        self.0.register(name, value);
        Ok(())
    }

    /// A named value; nil when it was never set.
    pub fn registered(&mut self, name: &str) -> Value {
        let value = self.0.registered(name);
        self.cx().root(value)
    }
}

/// Memories.
impl Machine {
    /// The bytes of an exported memory, for as long as the machine does nothing else.
    ///
    /// # Errors
    /// When there is none of that name, or the program is of another machine.
    pub fn memory(&self, instance: InstanceId, name: &str) -> Result<&[u8], Error> {
        let memory = self.0.cx.exported_memory(instance, name)?;
        // SAFETY: the instance keeps the memory, and the machine, which alone changes it, is borrowed for as long as the bytes.
        Ok(unsafe { (**memory.get()).bytes() })
    }

    /// The bytes of an exported memory, to change.
    ///
    /// # Errors
    /// As for [`memory`](Self::memory).
    pub fn memory_mut(&mut self, instance: InstanceId, name: &str) -> Result<&mut [u8], Error> {
        let memory = self.0.cx.exported_memory(instance, name)?;
        // SAFETY: as for `memory`, and the machine is borrowed for this alone.
        Ok(unsafe { (**memory.get()).bytes_mut() })
    }
}
