//! The library for embedders: [`raw`](super::raw) behind the safe interface of the machine.
#![allow(unsafe_code)]

use super::host::{HostError, LuaHost};
use super::snapshots::{OpenFiles, SavedFiles};
use super::{install as library, snapshots};
use minivm::{Machine, OutOfMemory, Value};

/// The machine as the library sees it.
pub(super) fn raw(machine: &mut Machine) -> &mut minivm::raw::Machine {
    // SAFETY: the library keeps to the contract of `minivm::raw`. Its functions use values only in the state that was given them
    // or had them made (1, 3); what they keep lies in frames, tables, registered values and objects that mark it (1, 5), all of
    // this machine (2, 4); hosts and states are `Send` (6).
    unsafe { machine.raw() }
}

/// Installs the standard library and returns the table of globals, which is the environment of chunks:
/// `machine.closure(instance, "main", &[globals])`.
///
/// ```
/// use minivm::{Limits, Machine};
/// use minivm_lua::stdlib::{host::NoHost, install};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut machine = Machine::new(Limits::default());
/// let globals = install(&mut machine, Box::new(NoHost))?;
/// let program = minivm_lua::compile(b"return ('%d'):rep(2, '-'):format(6, 7)", "=example").map_err(|e| e.to_string())?;
/// let instance = machine.instantiate(program)?;
/// let chunk = machine.closure(instance, "main", &[globals])?;
/// let results = machine.call(&chunk, &[])?;
/// assert_eq!(machine.bytes(&results[0])?, b"6-7");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When there is no memory for it.
pub fn install(machine: &mut Machine, host: Box<dyn LuaHost>) -> Result<Value, OutOfMemory> {
    let machine = raw(machine);
    let globals = library::install(machine, host)?;
    Ok(machine.root(globals))
}

/// The table of globals of a machine into which the libraries were put; nil in another one.
pub fn globals(machine: &mut Machine) -> Value {
    let machine = raw(machine);
    let globals = library::globals(machine);
    machine.root(globals)
}

/// Tells the libraries of a program that the host has compiled and is going to run: if the debug library might look at its
/// upvalues, then also at those of what it loads.
pub fn expect(machine: &mut Machine, program: &minivm_isa::Program) {
    library::expect(raw(machine), program);
}

/// Makes the search paths of `require` what they are without `LUA_PATH` and `LUA_CPATH`.
///
/// # Errors
/// When there is no memory for it.
pub fn reset_paths(machine: &mut Machine) -> Result<(), OutOfMemory> {
    library::reset_paths(raw(machine))
}

/// Hands on what programs have printed; for the end of a run.
///
/// # Errors
/// What the host reports.
pub fn flush(machine: &mut Machine) -> Result<(), HostError> {
    library::flush(raw(machine))
}

/// Says what becomes of files that are open when a state is saved.
pub fn set_open_files(machine: &mut Machine, policy: OpenFiles) {
    snapshots::set_open_files(raw(machine), policy);
}

/// Says what becomes of files that are open in states that are loaded into a machine with the libraries.
pub fn set_saved_files(machine: &mut Machine, policy: SavedFiles) {
    snapshots::set_saved_files(raw(machine), policy);
}
