//! What the examples share: machines with Lua's standard library, and programs in them.
#![allow(dead_code, reason = "each example uses a part")]

use minivm::{Limits, Machine, Value};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use std::error::Error;

/// A machine with the standard library and nothing of the outside. One that loads a snapshot is made like the one that
/// saved it.
pub(crate) fn machine() -> Result<Machine, Box<dyn Error>> {
    let mut machine = Machine::new(Limits::default());
    stdlib::install(&mut machine, Box::new(NoHost))?;
    Ok(machine)
}

/// A machine with a program that is about to begin.
pub(crate) fn prepared(source: &str, name: &str) -> Result<Machine, Box<dyn Error>> {
    let mut machine = machine()?;
    let program = minivm_lua::compile(source.as_bytes(), format!("@{name}")).map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program)?;
    let globals = stdlib::globals(&mut machine);
    let chunk = machine.closure(instance, "main", &[globals])?;
    machine.prepare(&chunk, &[])?;
    Ok(machine)
}

/// Calls a global function to its end.
pub(crate) fn call_global(machine: &mut Machine, name: &str, arguments: &[Value]) -> Result<Vec<Value>, minivm::Error> {
    let globals = stdlib::globals(machine);
    let function = machine.get_name(&globals, name)?;
    machine.call(&function, arguments)
}

/// The frames of a stopped run with their variables.
pub(crate) fn print_frames(machine: &Machine) {
    for frame in machine.frames() {
        let place = frame.position.map_or("host".to_owned(), |position| position.to_string());
        println!("  {place}: {}", frame.name);
        for local in &frame.locals {
            println!("    {} = {}", local.name, local.value);
        }
    }
}
