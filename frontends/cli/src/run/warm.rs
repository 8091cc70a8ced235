//! Warm programs: the top level has run when they were built, and starting one loads the state that it left.

use super::stop::Stops;
use super::{Printed, Session, lua, snapshot};
use crate::arguments::{Resume, Run, Saving};
use crate::exit::Exit;
use crate::load::{Loaded, load};
use crate::report::Report;
use crate::source::Failure;
use crate::values;
use minivm::raw::{Limits, Value, snapshot_file};
use minivm_lua::stdlib;
use minivm_wasm::Features;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Name of the function that a warm program is, in the machine's registry.
const MAIN: &str = "minivm.main";

/// Whether a file is a snapshot, whatever its name.
pub(super) fn is_warm(path: &Path) -> bool {
    let mut head = [0; snapshot_file::MAGIC.len()];
    // What comes from a pipe or another stream is read once only, and files that cannot be read are reported elsewhere.
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
        && path != Path::new("-")
        && File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && snapshot_file::is_snapshot(&head)
}

/// `build --warm`: runs the top level of a Lua program and writes the state that it leaves.
pub(crate) fn build(path: &Path, output: &Path, features: Features) -> Result<Exit, Failure> {
    let Loaded { name, program, .. } = load(path, features)?;
    let mut session = Session::new(Limits::default(), name, None);
    if !lua::is_chunk(&program) {
        let report = session.report("only Lua programs can be built warm");
        return Err(Failure::new(Exit::Unsupported, report));
    }
    session.features = features;
    let globals = lua::library(&mut session)?;
    lua::set_script_arguments(&mut session, globals, &[])?;
    let instance = session.machine.instantiate(program).map_err(|error| session.failure(error.to_string()))?;
    let (exit, returned) = lua::run(&mut session, instance, globals, &[])?;
    session.flush()?;
    if exit != Exit::Success {
        return Ok(exit);
    }
    let globals = stdlib::raw::globals(&session.machine);
    let named = session.machine.heap().table_get_name(globals, b"main");
    let found = [returned.first().copied(), Some(named)].into_iter().flatten().find(|value| value.is_function());
    let Some(main) = found else {
        let report = session.report("there is no function to start with");
        let note = "the program must return one, or have a global `main`";
        return Err(Failure::new(Exit::Unsupported, report.note(note)));
    };
    session.machine.register(MAIN, main);
    session.write(output)?;
    Ok(Exit::Success)
}

/// Runs a warm program.
pub(super) fn run((options, saving): (&Run, &Saving), path: &Path, arguments: &[OsString]) -> Result<Exit, Failure> {
    let loading = Resume {
        jit: options.jit,
        granted: options.granted(),
        // It is a program like any other, which its maker has begun to run.
        trust: !options.sandbox,
        reopen_files: false,
        fuel: options.fuel,
        timeout: options.timeout,
        memory_max: options.memory_max,
        saving: saving.clone(),
        programs: Vec::new(),
        file: path.to_owned(),
    };
    let stops = Stops::new(options.timeout, saving)?;
    let mut session = snapshot::load(&loading, &snapshot::Purpose::Resume)?;
    session.set_stops(stops);
    super::jit::install(&mut session, options.jit, super::jit::Wanted::of(options))?;
    session.error_to.clone_from(&options.snapshot_on_error);
    if session.machine.is_stopped() {
        let report: Report = session.report("it is a program that was stopped");
        let help = format!("`minivm resume {}` goes on with it", path.display());
        return Err(Failure::new(Exit::Usage, report.help(help)));
    }
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| values::bytes(argument)).collect();
    let globals = stdlib::raw::globals(&session.machine);
    lua::set_script_arguments(&mut session, globals, &arguments)?;
    let main = match &options.invoke {
        None => session.machine.registered(MAIN),
        Some(name) => session.machine.heap().table_get_name(globals, name.as_bytes()),
    };
    if !main.is_function() {
        return Err(Failure::new(Exit::Usage, session.report("there is no such function in it")));
    }
    let values: Option<Vec<Value>> = arguments.iter().map(|argument| session.machine.string(argument).ok()).collect();
    let values = values.ok_or_else(|| session.out_of_memory())?;
    session.printed = options.invoke.as_ref().map(|_| Printed::default());
    let result = session.call_value(main, values).and_then(|results| session.finish(results));
    session.end(result)
}
