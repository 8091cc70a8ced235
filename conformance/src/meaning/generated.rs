//! Random programs on both.

use super::{shown, without_names};
use crate::generate::{HOST, LIBRARY, Programs, programs};
use crate::run_generated::{FUEL, LIMITS, LOG_MAX, Way, each_step, run_without_names, verified};
use minivm_isa::program::{FunctionDef, Program};
use minivm_isa::{Opcode, TrapCode};
use minivm_semantics::{Answer, Any, Ended, HostCall, Limits, LinkError, Machine, Protect, Raise, Watcher};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How a comparison went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Compared {
    /// Both did the same; the log ends with how.
    Same(String),
    /// The programs came to a limit of the machine, or asked for what is left open.
    Open(String),
}

/// Limits that nothing comes to within the budget, so that only what programs mean decides.
fn roomy() -> minivm::raw::Limits {
    minivm::raw::Limits { memory_bytes_max: 2 << 30, stack_words_max: 1 << 24, ..LIMITS }
}

/// Runs the programs with a number on both; notes the rows that were used.
///
/// # Errors
/// When they differ.
pub fn check(seed: u64, number: u64, used: &mut BTreeSet<Opcode>) -> Result<Compared, String> {
    let programs = programs(seed, number);
    let expected = run(&programs, used)?;
    if [&programs.library, &programs.main].into_iter().any(has_large_frame) {
        return Ok(Compared::Open(expected.log));
    }
    let found = run_without_names(&programs, Way::Fast, number, (roomy(), FUEL))?;
    let found_log = without_names(found.log.split("\nstack traceback:").next().unwrap_or_default());
    let found_log = found_log.trim_end();
    let limits = ["stack overflow", "not enough memory"];
    if found.is_refused || expected.was_open || limits.iter().any(|limit| found_log.contains(limit)) {
        return Ok(Compared::Open(expected.log));
    }
    let expected_log = expected.log.trim_end();
    for (line, (expected, found)) in expected_log.lines().zip(found_log.lines()).enumerate() {
        if expected != found {
            return Err(format!("line {}: it means {expected}\n    but: {found}", line + 1));
        }
    }
    let lines = |log: &str| log.lines().count();
    if lines(expected_log) != lines(found_log) || expected.fuel != found.fuel {
        return Err(format!(
            "{} lines and {} fuel left, but: {} and {}\n{expected_log}\n    but: {found_log}",
            lines(expected_log),
            expected.fuel,
            lines(found_log),
            found.fuel
        ));
    }
    Ok(Compared::Same(expected.log))
}

/// Registers of a function that machines need not have room for.
const REGISTERS_MAX: usize = 10_000;

/// Whether a function may be too large for a machine.
fn has_large_frame(program: &Program) -> bool {
    program.functions.values().any(|function| match function {
        FunctionDef::Code(code) => code.registers.len() > REGISTERS_MAX,
        FunctionDef::Import { .. } => false,
    })
}

/// What programs did.
pub struct Ran {
    /// What they noted, and how they ended.
    pub log: String,
    /// What is left of the budget.
    pub fuel: u64,
    /// Whether they have asked for what is left open.
    pub was_open: bool,
}

/// Runs programs as they are meant.
///
/// # Errors
/// When the verifier rejects them.
pub fn run(programs: &Programs, used: &mut BTreeSet<Opcode>) -> Result<Ran, String> {
    run_watched(programs, used, None)
}

/// Where the programs with a number first do something else, for people who look for the reason of a difference.
pub fn divergence(seed: u64, number: u64) -> Option<String> {
    let programs = programs(seed, number);
    let places = Rc::new(RefCell::new(BTreeMap::new()));
    let noted = places.clone();
    let watcher = move |left: Option<u64>, name: &str, at: usize| {
        noted.borrow_mut().insert(FUEL - left.unwrap_or(FUEL), format!("{name} {at}"));
    };
    run_watched(&programs, &mut BTreeSet::new(), Some(Box::new(watcher))).ok()?;
    let places = places.take();
    let mut before = String::from("the start");
    let mut found = None;
    each_step(&programs, roomy(), &mut |used, place| {
        let expected = places.get(&used);
        if found.is_none() && expected.is_some_and(|expected| *expected != place) {
            found = Some(format!("after {used} units: {place}\n    means: {expected:?}\n   before: {before}"));
        }
        before = format!("{used} units: {place}");
    });
    found
}

fn run_watched(programs: &Programs, used: &mut BTreeSet<Opcode>, watcher: Option<Watcher>) -> Result<Ran, String> {
    let log = Log::default();
    let mut machine = Machine::new(Limits { fiber_depth_max: LIMITS.fiber_depth_max as usize, ..Limits::default() });
    define_host(&mut machine, &log);
    let ended = match link(&mut machine, programs)? {
        Ok(main) => {
            machine.set_fuel(Some(FUEL));
            watcher.into_iter().for_each(|watcher| machine.watch(watcher));
            match machine.call(&main, &[]) {
                Ended::Finished(values) => {
                    let values: String = values.iter().take(20).map(|value| shown(value) + " ").collect();
                    format!("finished: {values}")
                }
                Ended::Failed { error, trap } => format!("failed: {} {trap:?}", shown(&error)),
                Ended::OutOfFuel => "out of fuel".to_owned(),
            }
        }
        Err(error) => format!("not linked: {}", words(&error)),
    };
    used.extend(machine.used());
    note(&log, &ended);
    let log = without_names(&log.take());
    let was_open = machine.was_open() || log.len() >= LOG_MAX;
    Ok(Ran { log, fuel: machine.fuel().unwrap_or(FUEL), was_open })
}

/// Why something is not linked, in the words of the machine as far as they are told.
fn words(error: &LinkError) -> String {
    match error {
        LinkError::Unknown(import) => format!("unknown import '{}.{}'", import.module, import.name),
        LinkError::Incompatible(import) => format!("incompatible import '{}.{}'", import.module, import.name),
        LinkError::Trap(code) => code.to_string(),
        LinkError::Start { .. } | LinkError::OutOfFuel => "the start function failed".to_owned(),
    }
}

fn link(machine: &mut Machine, programs: &Programs) -> Result<Result<Any, LinkError>, String> {
    let library = match machine.instantiate(verified(&programs.library)?) {
        Ok(library) => library,
        Err(error) => return Ok(Err(error)),
    };
    machine.define_instance(LIBRARY, library);
    let captures = [Any::Integer(1), Any::Nil, Any::Float(0.5)];
    for export in programs.library.exports.iter().filter(|export| export.name.starts_with('f')) {
        if machine.exported_function(library, &export.name).is_none() {
            let closure = machine.closure(library, &export.name, &captures).ok_or("it is exported")?;
            machine.define_function(LIBRARY, &export.name, &closure);
        }
    }
    let main = match machine.instantiate(verified(&programs.main)?) {
        Ok(main) => main,
        Err(error) => return Ok(Err(error)),
    };
    machine.exported_function(main, "main").map(Ok).ok_or_else(|| "there is no main".to_owned())
}

type Log = Rc<RefCell<String>>;

fn note(log: &Log, line: &str) {
    let mut log = log.borrow_mut();
    if log.len() < LOG_MAX {
        log.push_str(line);
        log.push('\n');
    }
}

/// The host's functions, as in [`run_generated`](crate::run_generated).
fn define_host(machine: &mut Machine, log: &Log) {
    let log = log.clone();
    let mut define = |name: &str, function: fn(&mut HostCall<'_>) -> Result<Answer, Raise>| {
        machine.define(HOST, name, Rc::new(function));
    };
    define("id", |call| Ok(Answer::Return(call.arguments().to_vec())));
    define("fail", |call| Err(Raise::Error(call.argument(0))));
    define("trap", |_| Err(Raise::Trap(TrapCode::Unreachable)));
    define("call", |call| calling(call, Protect::No, 1));
    define("keep", |call| match call.state() {
        0 => Ok(Answer::Call {
            callee: call.argument(0),
            arguments: call.arguments().to_vec(),
            state: 1,
            protect: Protect::No,
            keeps: true,
        }),
        _ => Ok(Answer::Return(call.arguments().to_vec())),
    });
    define("tail", |call| {
        let arguments = call.arguments().get(1..).unwrap_or_default().to_vec();
        Ok(Answer::TailCall { callee: call.argument(0), arguments })
    });
    define("pcall", |call| calling(call, Protect::Catch, 1));
    define("xpcall", |call| {
        let handler = call.argument(1);
        calling(call, Protect::CatchWith(handler), 2)
    });
    define("yield", |call| Ok(Answer::Yield(call.arguments().to_vec())));
    define("resume", |call| match call.state() {
        0 => {
            let arguments = call.arguments().get(1..).unwrap_or_default().to_vec();
            Ok(Answer::Resume { fiber: call.argument(0), arguments, state: 1 })
        }
        _ => Ok(returned(call)),
    });
    define("close", |call| match call.state() {
        0 => Ok(Answer::Close { fiber: call.argument(0), state: 1 }),
        _ => Ok(returned(call)),
    });
    define("metatable", |call| {
        match (call.argument(0), call.argument(1)) {
            (Any::Table(table), Any::Table(metatable)) => call.set_metatable(table, Some(metatable)),
            (Any::Table(table), Any::Nil) => call.set_metatable(table, None),
            _ => {}
        }
        Ok(Answer::Return(call.arguments().to_vec()))
    });
    let noting = move |call: &mut HostCall<'_>| {
        let text: String = call.arguments().iter().take(20).map(|value| shown(value) + " ").collect();
        note(&log, &text);
        Ok(Answer::Return(Vec::new()))
    };
    machine.define(HOST, "note", Rc::new(noting));
}

/// Calls its first argument with those from `first` on.
fn calling(call: &mut HostCall<'_>, protect: Protect, first: usize) -> Result<Answer, Raise> {
    match call.state() {
        0 => {
            let arguments = call.arguments().get(first..).unwrap_or_default().to_vec();
            Ok(Answer::Call { callee: call.argument(0), arguments, state: 1, protect, keeps: false })
        }
        _ => Ok(returned(call)),
    }
}

/// Returns whether the call went well, and what it gave.
fn returned(call: &HostCall<'_>) -> Answer {
    match call.returned() {
        Ok(values) => Answer::Return([Any::Bool(true)].into_iter().chain(values).collect()),
        Err(error) => Answer::Return(vec![Any::Bool(false), error]),
    }
}
