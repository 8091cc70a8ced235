//! The library for those that hold a raw machine.

use crate::{library, load, objects, pending};
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{HostCall, InstanceId, Machine, Value};
use minivm_lua::stdlib::modules as lua;
use minivm_wasm::Features;

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
    Ok(())
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
