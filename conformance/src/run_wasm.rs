//! Runs a C program's module through the library: translate, verify, instantiate, WASI, call.

use crate::cases::Case;
use crate::outcome::{Ending, Outcome};
use minivm::raw::{Failure, Limits, Machine, Value};
use minivm_wasm::wasi::{Captured, InputStream, Linked, WasiBuilder};
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Runs a module to its end, with the arguments and the input of the case, in an empty folder of its own.
///
/// # Errors
/// When it does not load; what happens while it runs is part of the outcome.
pub fn run(case: &Case) -> Result<Outcome, String> {
    run_with(case, |machine, start, _| Ok(machine.call(start, &[])))
}

/// What a run sees of the outside, for a run that goes on in another machine.
pub struct WasmHost<'c> {
    case: &'c Case,
    scratch: PathBuf,
    input: Input,
    output: Captured,
}

/// Input that machines share.
#[derive(Clone)]
struct Input(Arc<Mutex<Cursor<Vec<u8>>>>);

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::ErrorKind::Other)?.read(bytes)
    }
}

impl InputStream for Input {}

impl WasmHost<'_> {
    /// What was printed since the last time.
    pub fn take_output(&self) -> Vec<u8> {
        self.output.take()
    }

    /// Bytes read of the input.
    pub fn input_at(&self) -> u64 {
        self.input.0.lock().map_or(0, |input| input.position())
    }

    /// A machine that sees it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine(&self) -> Result<(Machine, Linked), String> {
        let wasi = WasiBuilder::new()
            .argument("main")
            .arguments(self.case.arguments.clone())
            .host_directory(&self.scratch, ".")
            .map_err(|error| error.to_string())?
            .stdin(self.input.clone())
            .stdout(self.output.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let mut machine = crate::native::machine(Limits::default());
        let linked = minivm_wasm::wasi::raw::define(&mut machine, wasi).map_err(|error| error.to_string())?;
        Ok((machine, linked))
    }
}

/// Runs a module to its end in a way of the caller's: `call` is given its start function.
///
/// # Errors
/// As for [`run`], and what the caller reports.
pub fn run_with(
    case: &Case,
    call: impl FnOnce(&mut Machine, Value, &WasmHost<'_>) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    run_in(case, (scratch.path(), 0), call)
}

/// As [`run_with`], in a folder that is there, when so many bytes of the input have been read.
///
/// # Errors
/// As for [`run_with`].
pub fn run_in(
    case: &Case,
    (scratch, input_at): (&Path, u64),
    call: impl FnOnce(&mut Machine, Value, &WasmHost<'_>) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    let bytes = fs::read(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let output = Captured::new();
    let mut input = Cursor::new(case.input.clone());
    input.set_position(input_at);
    let input = Input(Arc::new(Mutex::new(input)));
    let host = WasmHost { case, scratch: scratch.to_owned(), input, output: output.clone() };
    let (mut machine, linked) = host.machine()?;
    let program = minivm_wasm::translate(&bytes, &case.file_name()).map_err(|error| error.to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let start = machine.exported_function(instance, "_start").ok_or("it exports no _start")?;
    let result = call(&mut machine, start, &host)?;
    linked.flush().map_err(|error| error.to_string())?;
    let ending = match result {
        Ok(_) => Ending::Finished,
        Err(Failure::Exit(status)) => Ending::Exited(status),
        Err(Failure::Error { value, .. }) => Ending::Failed(machine.describe(value)),
    };
    Ok(Outcome { output: output.take(), ending })
}
