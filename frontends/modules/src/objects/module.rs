//! Compiled modules as values: what `wasm.compile` makes and `wasm.instantiate` takes.

use super::functions;
use crate::arguments::{Answer, LibraryFunction, kind_error, out_of_memory};
use crate::imports::wanted;
use minivm::raw::heap::{HostObject, OutOfMemory};
use minivm::raw::{HostCall, Machine, ObjectCodec, ProgramHandle, Raise, SnapshotError, Value};
use minivm_isa::program::{Item, Program};
use std::any::Any;

/// What such objects are called; also the name of their metatable in the machine's registry.
const KIND: &str = "wasm.module";

/// The methods by name.
const METHODS: &[(&str, LibraryFunction)] = &[("exports", exports), ("imports", imports)];

/// A compiled program.
struct ModuleObject {
    /// How errors call it.
    source: String,
    program: ProgramHandle,
}

impl HostObject for ModuleObject {
    fn type_name(&self) -> &str {
        KIND
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Makes the metatable, and tells the machine how such objects travel: the program goes with the code of the snapshot.
pub(super) fn install(machine: &mut Machine) -> Result<(), OutOfMemory> {
    let metatable = functions(machine, &[])?;
    machine.register(KIND, metatable);
    let name = machine.string(KIND)?;
    machine.heap().table_set_name(metatable, b"__name", name)?;
    let methods = functions(machine, METHODS)?;
    machine.heap().table_set_name(metatable, b"__index", methods)?;
    let codec = ObjectCodec {
        save: Box::new(|object, handles| {
            let object = object.as_any().downcast_ref::<ModuleObject>().ok_or("it is not a module")?;
            handles.programs.push(object.program.clone());
            Ok(object.source.clone().into_bytes())
        }),
        load: Box::new(|bytes, handles, _| {
            let source = String::from_utf8(bytes.to_vec());
            match (source, handles.programs.as_slice()) {
                (Ok(source), [program]) if handles.instances.is_empty() && handles.items.is_empty() => {
                    Ok(Box::new(ModuleObject { source, program: program.clone() }))
                }
                _ => Err(SnapshotError::Damaged("it has no program".into())),
            }
        }),
    };
    machine.set_object_codec(KIND, codec);
    Ok(())
}

/// The value for a program.
pub(crate) fn make(call: &mut HostCall<'_>, source: String, program: ProgramHandle) -> Result<Value, Raise> {
    let metatable = call.registered(KIND);
    call.heap().host_object(Box::new(ModuleObject { source, program }), metatable).map_err(out_of_memory)
}

/// The program that a value stands for, and how errors call it.
pub(crate) fn program_of(call: &mut HostCall<'_>, value: Value) -> Option<(String, ProgramHandle)> {
    call.heap().with_host_object(value, |module: &mut ModuleObject| (module.source.clone(), module.program.clone()))
}

fn check_self(call: &mut HostCall<'_>) -> Result<ProgramHandle, Raise> {
    let value = call.arg(0);
    program_of(call, value).map(|(_, program)| program).ok_or_else(|| kind_error(call, 0, KIND))
}

/// `module:exports()`: a sequence of tables with `name` and `kind`.
fn exports(call: &mut HostCall<'_>) -> Answer {
    let handle = check_self(call)?;
    let program: &Program = handle.program();
    let kind = |item: Item| match item {
        Item::Function(_) => "function",
        Item::Global(global) if program.globals[global].holds.is_tag() => "tag",
        Item::Global(_) => "global",
        Item::Memory(_) => "memory",
        Item::Table(_) => "table",
    };
    let entries = program.exports.iter().map(|export| [("name", export.name.as_str()), ("kind", kind(export.item))]);
    let list = sequence(call, entries)?;
    call.return_one(list)
}

/// `module:imports()`: a sequence of tables with `module`, `name` and `kind`.
fn imports(call: &mut HostCall<'_>) -> Answer {
    let handle = check_self(call)?;
    let wanted = wanted(handle.program());
    let entry = |import: &'_ crate::imports::Wanted| -> [(&str, String); 3] {
        [("module", import.module.clone()), ("name", import.name.clone()), ("kind", import.kind_name().to_owned())]
    };
    let entries: Vec<_> = wanted.iter().map(entry).collect();
    let entries = entries.iter().map(|entry| entry.each_ref().map(|(key, text)| (*key, text.as_str())));
    let list = sequence(call, entries)?;
    call.return_one(list)
}

/// A sequence of tables of texts.
fn sequence<'t, const N: usize>(
    call: &mut HostCall<'_>,
    entries: impl ExactSizeIterator<Item = [(&'static str, &'t str); N]>,
) -> Result<Value, Raise> {
    call.charge(entries.len() as u64)?;
    let list = call.table(entries.len() as u32, 0)?;
    for (index, entry) in (1i64..).zip(entries) {
        let table = call.table(0, N as u32)?;
        for (key, text) in entry {
            let text = call.string(text)?;
            call.heap().table_set_name(table, key.as_bytes(), text).map_err(out_of_memory)?;
        }
        call.heap().table_set_int(list, index, table).map_err(out_of_memory)?;
    }
    Ok(list)
}
