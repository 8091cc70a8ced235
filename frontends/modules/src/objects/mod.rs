//! Memories, globals and tables as values of programs.

mod global;
mod memory;
pub(crate) mod module;
mod table;

use crate::arguments::{LibraryFunction, kind_error, out_of_memory};
use minivm::raw::heap::{Heap, HostObject, Marker, OutOfMemory};
use minivm::raw::{Extern, ExternKind, HostCall, Machine, ObjectCodec, Raise, SnapshotError, Value};
use std::any::Any;

/// The object behind such a value.
struct ExternObject(Extern);

impl HostObject for ExternObject {
    fn type_name(&self) -> &str {
        kind_name(self.0.kind())
    }

    fn trace(&self, marker: &mut Marker) {
        self.0.trace(marker);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// What values of a kind are called; also the name of their metatable in the machine's registry.
pub(crate) fn kind_name(kind: ExternKind) -> &'static str {
    match kind {
        ExternKind::Function => "function",
        ExternKind::Global => "wasm.global",
        ExternKind::Memory => "wasm.memory",
        ExternKind::Table => "wasm.table",
    }
}

/// Makes the metatables.
pub(crate) fn install(machine: &mut Machine) -> Result<(), OutOfMemory> {
    let kinds = [
        (ExternKind::Memory, memory::METHODS, memory::METAMETHODS),
        (ExternKind::Table, table::METHODS, table::METAMETHODS),
        (ExternKind::Global, &[], global::METAMETHODS),
    ];
    for (kind, methods, metamethods) in kinds {
        let metatable = functions(machine, metamethods)?;
        let name = machine.string(kind_name(kind))?;
        machine.heap().table_set_name(metatable, b"__name", name)?;
        if !methods.is_empty() {
            let methods = functions(machine, methods)?;
            machine.heap().table_set_name(metatable, b"__index", methods)?;
        }
        machine.register(kind_name(kind), metatable);
        machine.set_object_codec(kind_name(kind), codec(kind));
    }
    module::install(machine)
}

/// How objects of a kind travel in snapshots: as the item they stand for.
fn codec(kind: ExternKind) -> ObjectCodec {
    ObjectCodec {
        save: Box::new(|object, handles| {
            let object = object.as_any().downcast_ref::<ExternObject>().ok_or("it stands for no item")?;
            handles.items.push(object.0.clone());
            Ok(Vec::new())
        }),
        load: Box::new(move |bytes, handles, _| match handles.items.as_slice() {
            [item]
                if item.kind() == kind
                    && bytes.is_empty()
                    && handles.instances.is_empty()
                    && handles.programs.is_empty() =>
            {
                Ok(Box::new(ExternObject(item.clone())))
            }
            _ => Err(SnapshotError::Damaged("it stands for another item".into())),
        }),
    }
}

/// A table of functions.
pub(crate) fn functions(machine: &mut Machine, list: &[(&str, LibraryFunction)]) -> Result<Value, OutOfMemory> {
    let table = machine.heap().table_value(0, list.len() as u32)?;
    for &(name, function) in list {
        let function = machine.host_function(name, function)?;
        // Loaders change nothing before they succeed, and objects nothing that takes memory.
        machine.set_restartable(function);
        machine.heap().table_set_name(table, name.as_bytes(), function)?;
    }
    Ok(table)
}

/// The value for an item.
///
/// # Errors
/// When there is no memory for it.
pub(crate) fn value_of(call: &mut HostCall<'_>, item: Extern) -> Result<Value, Raise> {
    let metatable = call.registered(kind_name(item.kind()));
    make(call.heap(), item, metatable).map_err(out_of_memory)
}

/// The value for an item, with the metatable of its kind.
pub(crate) fn make(heap: &mut Heap, item: Extern, metatable: Value) -> Result<Value, OutOfMemory> {
    match item.function() {
        Some(function) => Ok(function),
        None => heap.host_object(Box::new(ExternObject(item)), metatable),
    }
}

/// The item of a kind that a value stands for.
pub(crate) fn item_of(call: &mut HostCall<'_>, value: Value, kind: ExternKind) -> Option<Extern> {
    if kind == ExternKind::Function {
        return Extern::of_function(value);
    }
    let item = call.heap().with_host_object(value, |object: &mut ExternObject| object.0.clone())?;
    (item.kind() == kind).then_some(item)
}

/// Grows something; if there is not enough memory, garbage goes first. What the frame keeps stays.
fn grow_after_collection(
    call: &mut HostCall<'_>,
    mut grow: impl FnMut(&mut HostCall<'_>) -> Option<u64>,
) -> Option<u64> {
    grow(call).or_else(|| {
        call.collect();
        grow(call)
    })
}

/// The item that a method is called on.
fn check_self(call: &mut HostCall<'_>, kind: ExternKind) -> Result<Extern, Raise> {
    let value = call.arg(0);
    item_of(call, value, kind).ok_or_else(|| kind_error(call, 0, kind_name(kind)))
}
