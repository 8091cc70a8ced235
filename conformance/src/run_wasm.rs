//! Runs a C program's module through the library: translate, verify, instantiate, WASI, call.

use crate::cases::Case;
use crate::outcome::{Ending, Outcome};
use minivm::{Failure, Limits, Machine, Value};
use minivm_wasm::wasi::{Captured, WasiBuilder};
use std::fs;

/// Runs a module to its end, with the arguments and the input of the case, in an empty folder of its own.
///
/// # Errors
/// When it does not load; what happens while it runs is part of the outcome.
pub fn run(case: &Case) -> Result<Outcome, String> {
    run_with(case, |machine, start| machine.call(start, &[]))
}

/// Runs a module to its end in a way of the caller's: `call` is given its start function.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    case: &Case,
    call: impl FnOnce(&mut Machine, Value) -> Result<Vec<Value>, Failure>,
) -> Result<Outcome, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let bytes = fs::read(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let output = Captured::new();
    let wasi = WasiBuilder::new()
        .argument("main")
        .arguments(case.arguments.clone())
        .host_directory(scratch.path(), ".")
        .map_err(|error| error.to_string())?
        .stdin(std::io::Cursor::new(case.input.clone()))
        .stdout(output.clone())
        .build()
        .map_err(|error| error.to_string())?;
    let mut machine = Machine::new(Limits::default());
    let linked = minivm_wasm::wasi::define(&mut machine, wasi).map_err(|error| error.to_string())?;
    let program = minivm_wasm::translate(&bytes, &case.file_name()).map_err(|error| error.to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let start = machine.exported_function(instance, "_start").ok_or("it exports no _start")?;
    let result = call(&mut machine, start);
    linked.flush().map_err(|error| error.to_string())?;
    let ending = match result {
        Ok(_) => Ending::Finished,
        Err(Failure::Exit(status)) => Ending::Exited(status),
        Err(Failure::Error { value, .. }) => Ending::Failed(machine.describe(value)),
    };
    Ok(Outcome { output: output.take(), ending })
}
