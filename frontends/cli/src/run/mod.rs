//! `run`: gives a program what the command line grants and runs it to its end.

mod inspect;
mod interpreter;
mod invoke;
mod jit;
mod launch;
mod link;
mod lua;
mod outline;
mod prompt;
mod reference;
mod repl;
mod snapshot;
mod std_module;
mod stop;
mod tell;
mod warm;

use crate::arguments::{Granted, Run, Saving};
use crate::commands;
use crate::exit::Exit;
use crate::grants::Grants;
use crate::load::{Loaded, load_to_run};
use crate::report::{Place, Report};
use crate::source::Failure;
use crate::values;
pub(crate) use inspect::inspect;
pub(crate) use interpreter::lua;
use launch::Launcher;
use minivm::raw::{InstanceId, Limits, LinkError, Machine, RunState, Value};
use minivm_isa::{Allowance, Convention, Signature, Type, Verified};
use minivm_lua::stdlib::OpenFiles;
use minivm_wasm::Features;
use minivm_wasm::wasi::raw::{Threads, shared_memories};
use minivm_wasm::wasi::{self, Linked, SetupError, WasiBuilder};
use outline::Outline;
pub(crate) use reference::ProgramFiles;
use snapshot::Plan;
pub(crate) use snapshot::resume;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
pub(crate) use stop::die_of_interrupt;
use stop::{Cause, Stops};
use tell::Teller;
pub(crate) use warm::build as build_warm;

/// Larger files are not read for one line of them.
const EXCERPT_FILE_BYTES_MAX: u64 = 16 << 20;

/// How long a program that waits is not looked after.
const WAIT_STEP: Duration = Duration::from_millis(5);

/// The export that a command of WebAssembly begins with.
const START: &str = "_start";

/// The export that a library of WebAssembly wants to be called first.
const INITIALIZE: &str = "_initialize";

/// The export that other programs begin with.
const MAIN: &str = "main";

/// Runs a program.
pub(crate) fn run(options: &Run, saving: &Saving, features: Features) -> Result<Exit, Failure> {
    let (file, arguments) = options.program.split_first().expect("the parser asks for one value or more");
    if warm::is_warm(Path::new(file)) {
        return warm::run((options, saving), Path::new(file), arguments);
    }
    let stops = Stops::new(options.timeout, saving)?;
    let memory_bytes_max = options.memory_max.map_or(u64::MAX, |size| size.0);
    let Loaded { name, program, .. } = load_to_run(Path::new(file), features, &mut Allowance::new(memory_bytes_max))?;
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| values::bytes(argument)).collect();
    let limits = Limits { memory_bytes_max, ..Limits::default() };
    let mut session = Session::new(limits, name, options.fuel);
    session.features = features;
    session.grants = Grants::new(&options.granted(), options.sandbox);
    session.file = values::bytes(options.argv0.as_deref().unwrap_or(file));
    session.snapshot = Plan::new(saving);
    session.set_stops(stops);
    jit::install(&mut session, options.jit, jit::Wanted::of(options))?;
    session.files.loaded(&session.name, Path::new(file));
    session.error_to.clone_from(&options.snapshot_on_error);
    let result = session.run(options, program, arguments);
    if options.stats {
        jit::tell(&session.machine);
    }
    if options.jit_log {
        jit::tell_all(&session.machine);
    }
    let result = session.end(result);
    session.leave();
    result
}

/// A machine with one program.
struct Session {
    /// What modules of WebAssembly may use.
    features: Features,
    machine: Machine,
    name: String,
    /// What the program is called by itself: the name as it was given, which need not be Unicode.
    file: Vec<u8>,
    fuel: Option<u64>,
    /// What the program may touch.
    grants: Grants,
    wasi: Option<Linked>,
    /// Of a program without WASI, which can make none, but wait.
    threads: Threads,
    /// Whether Lua writes to the same output as WASI.
    mixes_output: bool,
    has_lua: bool,
    /// Whether programs can import the module `std`.
    has_std: bool,
    /// Whether what it runs is linked first, see [`minivm_modules::raw::is_linked`].
    is_linking: bool,
    /// The files that its code may be from.
    files: ProgramFiles,
    /// Where a program that is stopped is saved.
    snapshot: Option<Plan>,
    /// What stops it from outside.
    stops: Stops,
    /// Where a program is saved that fails.
    error_to: Option<PathBuf>,
    /// What is printed of the results at the end.
    printed: Option<Printed>,
    /// What runs before the function that is wanted, the first first.
    before: Vec<Value>,
    launcher: Option<Launcher>,
    /// In whose name errors are told that nothing catches.
    teller: Teller,
}

/// How the results of a run are printed.
#[derive(Clone, Debug, Default)]
struct Printed {
    /// Their types, where they have some.
    types: Vec<Type>,
    /// Whether numbers come as integers of the same bits.
    as_bits: bool,
}

impl Session {
    fn new(limits: Limits, name: String, fuel: Option<u64>) -> Self {
        let mut machine = crate::raw_machine::raw_machine(limits);
        machine.set_fuel(fuel);
        let files = ProgramFiles::default();
        machine.set_inlined_calls(files.inlined_calls());
        Session {
            features: Features::default(),
            machine,
            file: name.clone().into_bytes(),
            name,
            fuel,
            grants: Grants::open(&Granted::default()),
            wasi: None,
            threads: Threads::default(),
            mixes_output: false,
            has_lua: false,
            has_std: false,
            is_linking: false,
            files,
            snapshot: None,
            stops: Stops::default(),
            error_to: None,
            printed: None,
            before: Vec::new(),
            launcher: None,
            teller: Teller::Minivm,
        }
    }

    /// Lets something stop the program.
    fn set_stops(&mut self, stops: Stops) {
        stops.apply(&mut self.machine);
        self.stops = stops;
    }

    fn run(&mut self, options: &Run, program: Verified, arguments: Vec<Vec<u8>>) -> Result<Exit, Failure> {
        let (outline, program) = (Outline::new(&program), Arc::new(program));
        self.mixes_output = outline.is_lua;
        if outline.imports_wasi || options.wasi {
            self.install_wasi(&self.file.clone(), &arguments)?;
        }
        if outline.imports_std {
            self.install_std()?;
        }
        let globals = if outline.is_lua { Some(lua::install(self, &arguments)?) } else { None };
        if outline.is_lua {
            minivm_lua::stdlib::raw::expect(&mut self.machine, &program);
        }
        let folder = Path::new(&options.program[0]).parent().unwrap_or(Path::new(""));
        self.load_imports(options, (folder, &outline, &program), &arguments)?;
        self.define_memories(&program)?;
        if outline.imports_modules && self.lacks_imports(&program) {
            return self.run_with_modules(options, &outline, program, &arguments);
        }
        let instance = self.instantiate(&program)?;
        self.check_memory(options)?;
        match (globals, &options.invoke) {
            (Some(globals), Some(name)) => lua::invoke(self, instance, globals, name, &arguments),
            (Some(globals), None) => lua::run(self, instance, globals, &arguments).map(|(exit, _)| exit),
            (None, Some(export)) => self.invoke((instance, &program), &outline, export, &arguments),
            (None, None) => self.start(instance, &outline, &arguments),
        }
    }

    /// Loads a program; what it does then comes before the function that is wanted.
    fn instantiate(&mut self, program: &Arc<Verified>) -> Result<InstanceId, Failure> {
        match self.machine.instantiate_unstarted(program.clone()) {
            Ok((instance, start)) => {
                self.before.extend(start);
                Ok(instance)
            }
            Err(error @ LinkError::Trap(_)) => Err(self.failure(error.to_string())),
            Err(error) => Err(Failure::new(Exit::Unsupported, self.report(error.to_string()))),
        }
    }

    /// Defines the shared memories that a program imports and nobody else has: its threads share them.
    fn define_memories(&mut self, program: &Verified) -> Result<(), Failure> {
        for (import, definition) in shared_memories(program) {
            if !self.machine.is_defined(&import.module, &import.name) {
                let instance = self.instantiate(&Arc::new(definition))?;
                self.machine.define_instance(&import.module, instance);
            }
        }
        Ok(())
    }

    /// Lets programs import WASI, as far as it is granted, and says what becomes of its open files in snapshots.
    fn install_wasi(&mut self, name: &[u8], arguments: &[Vec<u8>]) -> Result<(), Failure> {
        let wasi =
            wasi_of(&self.grants, name, arguments, self.mixes_output).map_err(|error| self.setup_failure(&error))?;
        let linked = wasi::raw::define(&mut self.machine, wasi).map_err(|_| self.out_of_memory())?;
        linked.set_open_files(self.snapshot.as_ref().map_or(wasi::OpenFiles::Refuse, |plan| match plan.open_files {
            OpenFiles::Refuse => wasi::OpenFiles::Refuse,
            OpenFiles::Close => wasi::OpenFiles::Close,
            OpenFiles::Reopen => wasi::OpenFiles::Reopen,
        }));
        self.wasi = Some(linked);
        Ok(())
    }

    /// Whether the limit leaves room for anything: libraries are given to a program before it runs.
    fn check_memory(&mut self, options: &Run) -> Result<(), Failure> {
        let used = self.machine.heap().used_bytes() as u64;
        match options.memory_max {
            Some(max) if max.0 < used => {
                let message = format!("not enough memory: {used} bytes are used before the program begins");
                Err(self.failure(message))
            }
            _ => Ok(()),
        }
    }

    /// Runs the program as a command.
    fn start(&mut self, instance: InstanceId, outline: &Outline, arguments: &[Vec<u8>]) -> Result<Exit, Failure> {
        match self.entry(outline)? {
            Some((name, signature)) if signature.convention != Convention::Typed => {
                let values: Option<Vec<Value>> =
                    arguments.iter().map(|argument| self.machine.string(argument).ok()).collect();
                let values = values.ok_or_else(|| self.out_of_memory())?;
                self.call(instance, name, values).map(|(exit, _)| exit)
            }
            Some((name, signature)) if signature.params.is_empty() => {
                self.call(instance, name, Vec::new()).map(|(exit, _)| exit)
            }
            // What a program does when it is instantiated may be all there is.
            None if let Some(start) = self.before.pop() => self.call_value(start, Vec::new()).map(|(exit, _)| exit),
            _ => Err(self.nothing_to_run(outline)),
        }
    }

    /// The program has nothing to begin with.
    fn nothing_to_run(&self, outline: &Outline) -> Failure {
        let names: Vec<&str> = outline.exports.iter().map(|(name, _)| name.as_str()).collect();
        let report = self.report(format!("there is no `{START}` or `{MAIN}` that could be run"));
        let report = match names.as_slice() {
            [] => report.note("it exports no function"),
            names => report
                .note(format!("it exports the functions {}", names.join(", ")))
                .help("call one with `minivm run --invoke NAME FILE ARG...`"),
        };
        Failure::new(Exit::Unsupported, report)
    }

    /// The signature of an exported function that can be called.
    fn exported<'o>(&self, outline: &'o Outline, name: &str) -> Result<&'o Signature, Failure> {
        let Some(signature) = outline.export(name) else {
            let names: Vec<&str> = outline.exports.iter().map(|(name, _)| name.as_str()).collect();
            let report = self.report(format!("there is no exported function `{name}`"));
            return Err(Failure::new(Exit::Usage, report.note(format!("there are: {}", names.join(", ")))));
        };
        self.check_captures(outline, name)?;
        Ok(signature)
    }

    /// What the program begins with; none where it has no such function.
    fn entry<'o>(&self, outline: &'o Outline) -> Result<Option<(&'static str, &'o Signature)>, Failure> {
        let entry = [START, MAIN].into_iter().find_map(|name| Some((name, outline.export(name)?)));
        entry.map_or(Ok(()), |(name, _)| self.check_captures(outline, name))?;
        Ok(entry)
    }

    /// Refuses a function that captures values, as there is nobody who gives it some.
    fn check_captures(&self, outline: &Outline, name: &str) -> Result<(), Failure> {
        let Some((_, captured)) = outline.captures.iter().find(|(other, _)| other == name) else { return Ok(()) };
        let report =
            self.report(format!("`{name}` cannot be called from outside: it captures {}", captured.join(", ")));
        let help = "export a function that captures nothing, and makes the closure";
        Err(Failure::new(Exit::Unsupported, report.help(help)))
    }

    /// Calls an export that exists, after what comes before.
    fn call(&mut self, instance: InstanceId, name: &str, values: Vec<Value>) -> Result<(Exit, Vec<Value>), Failure> {
        let function = self.machine.exported_function(instance, name);
        let function = function.ok_or_else(|| self.failure(format!("`{name}` cannot be called")))?;
        self.call_value(function, values)
    }

    /// Calls a function, after what comes before.
    fn call_value(&mut self, function: Value, values: Vec<Value>) -> Result<(Exit, Vec<Value>), Failure> {
        let mut call = (function, values);
        while let Some(before) = self.before.pop() {
            call = self.launcher()?.after(before, call);
        }
        self.machine.set_keep_stack_on_error(self.error_to.is_some());
        self.machine.prepare(call.0, &call.1);
        self.go_on()
    }

    /// What begins runs that do several things one after the other; it is made when it is first wanted.
    fn launcher(&mut self) -> Result<&Launcher, Failure> {
        if self.launcher.is_none() {
            self.launcher = Some(Launcher::new(&mut self.machine).map_err(|_| self.out_of_memory())?);
        }
        Ok(self.launcher.as_ref().expect("it was just made"))
    }

    /// Goes on with a run to its end, or until it is stopped.
    fn go_on(&mut self) -> Result<(Exit, Vec<Value>), Failure> {
        let mut state = self.resume()?;
        // An interpreter's programs may catch an interrupt.
        while matches!(state, RunState::Interrupted)
            && !matches!(self.teller, Teller::Minivm)
            && self.stops.take_interrupt()
            && self.machine.raise_in_caller("interrupted!")
        {
            state = self.resume()?;
        }
        let Some(to) = self.error_to.clone().filter(|_| self.machine.uncaught_error().is_some()) else {
            return self.ended(state);
        };
        // What was written is not written again by who goes on with the snapshot.
        self.flush()?;
        let saved = self.write(&to);
        // The program still has to clean up, and fails as it would have.
        let state = self.machine.resume();
        let ended = self.ended(state)?;
        saved?;
        let _ = writeln!(anstream::stderr(), "saved: `minivm inspect {}` shows where it happened", to.display());
        Ok(ended)
    }

    /// Goes on with the program and its threads. Where all of them wait on shared memories, time passes as the clock says, if
    /// that is granted.
    fn resume(&mut self) -> Result<RunState, Failure> {
        let threads = self.wasi.as_ref().map_or(&self.threads, Linked::threads).clone();
        let (has_clock, stops) = (self.grants.clock, &self.stops);
        let mut sleep = |duration: Duration| {
            let until = Instant::now().checked_add(duration);
            while has_clock && !stops.is_stopped() && until.is_none_or(|until| Instant::now() < until) {
                std::thread::sleep(duration.min(WAIT_STEP));
            }
            !stops.is_stopped()
        };
        threads.resume(&mut self.machine, &mut sleep).map_err(|deadlock| self.failure(deadlock.to_string()))
    }

    /// What a run ended with.
    fn ended(&mut self, state: RunState) -> Result<(Exit, Vec<Value>), Failure> {
        match state {
            RunState::Finished(results) => Ok((Exit::Success, results)),
            RunState::Failed(failure) => Ok((self.failed(failure)?, Vec::new())),
            RunState::OutOfFuel | RunState::Interrupted => {
                // What was written comes before what went wrong.
                self.flush()?;
                Err(self.stopped())
            }
            RunState::Waiting(request) => Err(self.failure(format!("nothing here can serve `{}`", request.name()))),
            RunState::Stepped | RunState::Yielded(_) => {
                Err(self.failure("the run stopped where nobody asked for that"))
            }
        }
    }

    /// How a run that failed ends the process.
    fn failed(&mut self, failure: minivm::raw::Failure) -> Result<Exit, Failure> {
        // What was written comes before what went wrong.
        self.flush()?;
        if let Some(name) = self.missing() {
            let note = "it can be a field of the table that the file returns, or a global";
            let report = self.report(format!("there is no function `{name}`"));
            return Err(Failure::new(Exit::Usage, report.note(note)));
        }
        match failure {
            // As the systems do, only the low byte counts.
            minivm::raw::Failure::Exit(code) => Ok(Exit::Program(code as u8)),
            minivm::raw::Failure::Error { .. } if self.stops.is_stopped() || self.machine.fuel() == Some(0) => {
                Err(self.stop_failure(""))
            }
            minivm::raw::Failure::Error { value, trap: Some(code), trace } if value.as_bytes().is_none() => {
                let excerpt = self.excerpt();
                self.teller.tell_with(code.to_string().as_bytes(), &excerpt, &trace);
                Ok(Exit::Error)
            }
            minivm::raw::Failure::Error { value, trap: _, trace } => {
                let excerpt = self.excerpt();
                let text = lua::error_text(&mut self.machine, value, trace);
                let is_linking = self.is_linking && !minivm_modules::raw::is_linked(&mut self.machine);
                let excerpt = if text.is_of_place { &*excerpt } else { "" };
                self.teller.tell_with(&text.message, excerpt, if is_linking { "" } else { &text.trace });
                Ok(if is_linking { Exit::Unsupported } else { Exit::Error })
            }
        }
    }

    /// The line of the source in which the run has failed, with a mark, for people at a terminal; empty where the file is not at
    /// hand. A program in a sandbox may name any file, so that nothing is shown of it.
    fn excerpt(&self) -> String {
        let Some(position) = self.machine.failed_at() else { return String::new() };
        if !std::io::stderr().is_terminal() || !self.grants.debug || position.line == 0 {
            return String::new();
        }
        let is_shown = std::fs::metadata(&position.file)
            .is_ok_and(|about| about.is_file() && about.len() <= EXCERPT_FILE_BYTES_MAX);
        let Some(text) = is_shown.then(|| std::fs::read(&position.file).ok()).flatten() else { return String::new() };
        let bytes = position.bytes.start as usize..position.bytes.end as usize;
        // Bytes of a module say nothing about the file that it was compiled from.
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        Place::in_text(&*position.file, &text, position.line as usize, bytes).render()
    }

    /// Ends the program, and lets out what it has written.
    fn end(&mut self, result: Result<Exit, Failure>) -> Result<Exit, Failure> {
        let result = self.close(result);
        match (result, self.flush()) {
            (Ok(Exit::Success), written) => written,
            (result, _) => result,
        }
    }

    /// Leaves the machine as it is at the end of the process, which gives all of it back at once. What else has to be done at the end
    /// of something is done: files of Lua are handed on and closed, and its commands waited for.
    fn leave(self) {
        if !self.has_lua {
            std::mem::forget(self);
        }
    }

    /// Ends the program, once it is known how its run ended.
    fn close(&mut self, result: Result<Exit, Failure>) -> Result<Exit, Failure> {
        // Without fuel nothing can run, and a program that has stopped has not ended.
        if self.machine.fuel() == Some(0) || self.machine.is_stopped() {
            return result;
        }
        match self.machine.close() {
            Ok(()) => result,
            Err(failure) => self.failed(failure),
        }
    }

    /// Lets out what programs have written.
    fn flush(&mut self) -> Result<Exit, Failure> {
        if self.has_std {
            commands::written(minivm_std::flush(self.machine.safe()))?;
        }
        if self.has_lua
            && let Err(error) = minivm_lua::stdlib::raw::flush(&mut self.machine)
        {
            let report = Report::new(format!("cannot write to standard output: {}", error.message.to_lowercase()));
            return Err(Failure::new(Exit::Unwritable, report));
        }
        commands::written(self.wasi.as_ref().map_or(Ok(()), Linked::flush))
    }

    /// How a run that was stopped ends the process.
    fn stop_failure(&self, trace: &str) -> Failure {
        let cause = self.stops.cause();
        let (exit, message) = match cause {
            Cause::Fuel => {
                let fuel = self.fuel.unwrap_or(0);
                (Exit::OutOfFuel, format!("stopped after {fuel} instructions: {}", cause.message()))
            }
            Cause::Time(_) => (Exit::OutOfTime, cause.message()),
            Cause::Signal => (Exit::OutOfFuel, cause.message()),
            // Who has interrupted it knows.
            Cause::Interrupt => return Failure { exit: Exit::Interrupted, reports: Vec::new() },
        };
        let report = self.report(message);
        let is_shown = !trace.is_empty() && cause != Cause::Signal;
        Failure::new(exit, if is_shown { report.note(trace) } else { report })
    }

    fn setup_failure(&self, error: &SetupError) -> Failure {
        let exit = match error {
            SetupError::Directory { .. } | SetupError::Stream(_) => Exit::Unreadable,
            SetupError::ZeroByte(_) | SetupError::VariableName(_) | SetupError::TooLarge => Exit::Usage,
        };
        Failure::new(exit, Report::new(error.to_string()))
    }

    fn out_of_memory(&self) -> Failure {
        self.failure("not enough memory")
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::new(Exit::Error, self.report(message))
    }

    fn report(&self, message: impl Into<String>) -> Report {
        Report::new(message).place(Place::file(self.name.as_str()))
    }
}

/// What is granted to a program that uses WASI.
fn wasi_of(grants: &Grants, name: &[u8], arguments: &[Vec<u8>], mixes_output: bool) -> Result<wasi::Wasi, SetupError> {
    let mut builder = WasiBuilder::new().inherit_streams()?;
    if mixes_output {
        builder = builder.immediate_output();
    }
    if grants.clock {
        builder = builder.clock(wasi::SystemClock::new());
    }
    if grants.random {
        builder = builder.random(wasi::SystemRandom);
    }
    builder = builder.argument(name).arguments(arguments.iter().cloned());
    for variable in &grants.environment {
        builder = builder.variable(variable.name.as_str(), variable.value.as_str());
    }
    for directory in &grants.directories {
        builder = builder.host_directory(&directory.host, directory.guest.as_str())?;
    }
    builder.build()
}
