//! Runs a C program's module through the library: translate, verify, instantiate, WASI, call. Functions are translated when they are
//! first called.

use crate::cases::Case;
use crate::outcome::{Ending, Outcome};
use minivm::CodeForm;
use minivm::raw::{Failure, Limits, Machine, RunState, Value};
use minivm_isa::{Allowance, Verified};
use minivm_wasm::Features;
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

/// Checks that it does not matter whether functions are translated when they are first called: the program is the same, and so is its
/// state when it has run for a while.
///
/// # Errors
/// What differs.
pub fn compare_translations(case: &Case) -> Result<(), String> {
    let programs = [Translation::AtOnce, Translation::Later].map(|translation| program(case, translation));
    let [at_once, later] = programs;
    if *at_once? != *later? {
        return Err("functions that are translated later differ".to_owned());
    }
    for fuel in [100, 10_000] {
        let states = [Translation::AtOnce, Translation::Later].map(|translation| saved(case, translation, fuel));
        let [at_once, later] = states;
        if at_once? != later? {
            return Err(format!("states after {fuel} instructions differ"));
        }
    }
    Ok(())
}

/// The state after so many instructions; none where it has ended by then, or cannot be saved.
fn saved(case: &Case, translation: Translation, fuel: u64) -> Result<Option<Vec<u8>>, String> {
    let mut saved = None;
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    run_as(case, translation, (scratch.path(), 0), |machine, start, _| {
        machine.set_fuel(Some(fuel));
        machine.prepare(start, &[]);
        match machine.resume() {
            RunState::OutOfFuel => {
                saved = machine.save(b"", CodeForm::Whole).ok();
                Ok(Ok(Vec::new()))
            }
            state => crate::reload::ended(state),
        }
    })?;
    Ok(saved)
}

/// When functions of a module are translated.
#[derive(Clone, Copy)]
enum Translation {
    AtOnce,
    Later,
}

fn program(case: &Case, translation: Translation) -> Result<Verified, String> {
    let bytes = fs::read(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let name = case.file_name();
    let program = match translation {
        Translation::AtOnce => minivm_wasm::translate(&bytes, &name),
        Translation::Later => {
            minivm_wasm::translate_later(bytes, &name, Features::default(), &mut Allowance::default())
        }
    };
    let program = program.map_err(|error| error.to_string())?;
    minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())
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
    start: (&Path, u64),
    call: impl FnOnce(&mut Machine, Value, &WasmHost<'_>) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    run_as(case, Translation::Later, start, call)
}

fn run_as(
    case: &Case,
    translation: Translation,
    (scratch, input_at): (&Path, u64),
    call: impl FnOnce(&mut Machine, Value, &WasmHost<'_>) -> Result<Result<Vec<Value>, Failure>, String>,
) -> Result<Outcome, String> {
    let output = Captured::new();
    let mut input = Cursor::new(case.input.clone());
    input.set_position(input_at);
    let input = Input(Arc::new(Mutex::new(input)));
    let host = WasmHost { case, scratch: scratch.to_owned(), input, output: output.clone() };
    let (mut machine, linked) = host.machine()?;
    let instance = machine.instantiate(program(case, translation)?).map_err(|error| error.to_string())?;
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
