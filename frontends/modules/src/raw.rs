//! The library for those that hold a raw machine.

use crate::pending::Pending;
use crate::{library, load, objects, pending};
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{HostCall, InstanceId, Machine, Value};
use minivm_isa::Verified;
use minivm_lua::stdlib::modules as lua;
use minivm_wasm::Features;
use std::sync::Arc;

/// Makes the library `wasm`, and lets `require` load modules in other languages. The library of Lua must be there.
///
/// # Errors
/// When there is no memory for it.
pub fn install(machine: &mut Machine) -> Result<(), OutOfMemory> {
    objects::install(machine)?;
    pending::install(machine);
    let library = objects::functions(machine, library::FUNCTIONS)?;
    lua::add_library(machine, "wasm", library)?;
    let loader = machine.host_function("module loader", load::load)?;
    for ending in crate::ENDINGS {
        lua::add_loader(machine, ending, loader)?;
    }
    let runner = machine.host_function("program runner", load::run)?;
    machine.register(RUNNER, runner);
    Ok(())
}

/// The name of the machine's value for [`runner`].
const RUNNER: &str = "wasm.runner";

/// Whether the program that a [`runner`] runs is linked: where not, what it has failed with is about that.
pub fn is_linked(machine: &mut Machine) -> bool {
    machine.registered(LINKED).is_truthy()
}

/// The name of the machine's value for [`is_linked`].
pub(crate) const LINKED: &str = "wasm.linked";

/// What runs a program whose imports are found as `require` finds modules: a function and its arguments, to be called. It calls the
/// function that the program exports as `entry`, if any, with those arguments, after all that comes before it.
///
/// # Errors
/// When there is no memory for it.
pub fn runner(
    machine: &mut Machine,
    source: &str,
    program: impl Into<Arc<Verified>>,
    entry: Option<&str>,
    arguments: &[Value],
) -> Result<(Value, Vec<Value>), OutOfMemory> {
    let pending = Pending::new(source.to_owned(), machine.load_program(program)?);
    let pending = machine.heap().host_object(Box::new(pending), Value::NIL)?;
    machine.keep(pending);
    let entry = entry.map_or(Ok(Value::NIL), |entry| machine.string(entry))?;
    machine.keep(entry);
    Ok((machine.registered(RUNNER), [&[pending, entry], arguments].concat()))
}

/// What modules that programs load from now on may use of WebAssembly; all that is supported if this is not called. A state
/// that is saved has it in it.
pub fn set_features(machine: &mut Machine, features: Features) {
    machine.register(FEATURES, Value::int(features.to_bits() as i64));
}

/// The name of the machine's value for [`set_features`].
const FEATURES: &str = "wasm features";

/// What modules may use.
pub(crate) fn features(call: &HostCall<'_>) -> Features {
    call.registered(FEATURES).as_int().map_or(Features::default(), |bits| Features::from_bits(bits as u64))
}

/// Makes what an instance exports a module that Lua can `require`, and that other programs import from.
///
/// # Errors
/// When there is no memory for it.
pub fn add_module(machine: &mut Machine, name: &str, instance: InstanceId) -> Result<(), OutOfMemory> {
    let exports = machine.exports(instance);
    let table = machine.heap().table_value(0, exports.len() as u32)?;
    lua::add_module(machine, name, table)?;
    for (name, item) in exports {
        let metatable = machine.registered(objects::kind_name(item.kind()));
        let value = objects::make(machine.heap(), item, metatable)?;
        machine.heap().table_set_name(table, name.as_bytes(), value)?;
    }
    Ok(())
}
