//! What an embedder uses that lets `require` find modules in other languages.
//!
//! A loader is a function value that `require` calls as it calls any loader: with the name of the module and the name of the
//! file; what it returns is the module. Which files it is for, their ending says.

use super::host::HostError;
use super::load::{self, GLOBALS};
use super::package::{LOADED, LOADERS, OTHERS, REQUIRE};
use minivm::raw::heap::OutOfMemory;
use minivm::raw::memory::Buffer;
use minivm::raw::{HostCall, Machine, Raise, Value};

/// Lets `require` load files with this ending (`wasm`), which it also looks for in the working folder from now on.
///
/// # Errors
/// When there is no memory for it.
pub fn add_loader(machine: &mut Machine, ending: &str, loader: Value) -> Result<(), OutOfMemory> {
    let mut loaders = machine.registered(LOADERS);
    if loaders.is_nil() {
        loaders = machine.heap().table_value(0, 4)?;
        machine.register(LOADERS, loaders);
    }
    machine.heap().table_set_name(loaders, ending.as_bytes(), loader)?;
    let mut path = machine.registered(OTHERS).as_bytes().unwrap_or_default().to_vec();
    if !path.is_empty() {
        path.push(b';');
    }
    path.extend_from_slice(b"./?.");
    path.extend_from_slice(ending.as_bytes());
    let path = machine.string(path)?;
    machine.register(OTHERS, path);
    Ok(())
}

/// Makes a table of functions a library: a global, and what `require` gives by that name.
///
/// # Errors
/// When there is no memory for it.
pub fn add_library(machine: &mut Machine, name: &str, library: Value) -> Result<(), OutOfMemory> {
    let globals = machine.registered(GLOBALS);
    machine.heap().table_set_name(globals, name.as_bytes(), library)?;
    add_module(machine, name, library)
}

/// Makes a value what `require` gives by a name.
///
/// # Errors
/// When there is no memory for it.
pub fn add_module(machine: &mut Machine, name: &str, module: Value) -> Result<(), OutOfMemory> {
    let loaded = machine.registered(LOADED);
    machine.heap().table_set_name(loaded, name.as_bytes(), module)
}

/// Reads a whole file that is to be loaded, as far as the host of the libraries grants it, and pays for loading it.
///
/// # Errors
/// What the outside reports; and when the budget does not suffice, or memory, before anything has happened.
pub fn read_file(call: &mut HostCall<'_>, name: &[u8]) -> Result<Result<Buffer, HostError>, Raise> {
    let bytes = match load::read_file(call, name)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    call.charge(bytes.len() as u64 * LOAD_UNITS_PER_BYTE)?;
    Ok(Ok(bytes))
}

/// What loading a module in another language costs, for each byte.
const LOAD_UNITS_PER_BYTE: u64 = 8;

/// The function `require`, whatever the program has made of the global one.
pub fn require(call: &HostCall<'_>) -> Value {
    call.registered(REQUIRE)
}

/// What `package.loaded` holds for a name.
pub fn loaded(call: &mut HostCall<'_>, name: &str) -> Value {
    let loaded = call.registered(LOADED);
    call.heap().table_get_name(loaded, name.as_bytes())
}

/// The table of globals.
pub fn globals(call: &HostCall<'_>) -> Value {
    call.registered(GLOBALS)
}
