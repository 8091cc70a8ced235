//! Runs [generated](crate::generate) programs in several ways, which must all do the same: in optimised code and in baseline code, at
//! once and in slices, with a collector that works at every chance.

use crate::generate::{HOST, LIBRARY, Programs, programs};
use crate::native::{self, Mode};
use crate::random::Random;
use crate::reload::{Plan, Reloads, check_saved, run_in_slices};
use minivm::raw::heap::Stress;
use minivm::raw::{
    CodeForm, Failure, HostCall, Limits, LinkError, Machine, Outcome, Protect, Raise, RunState, Tag, Value,
};
use minivm_isa::{Program, TrapCode, Verified, verify};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Units of a run.
pub const FUEL: u64 = 10_000;
/// Units of a short run, for very many programs: most of them use these up, so what comes late in a program is not seen.
pub const FUEL_SHORT: u64 = 800;
/// Limits of a run: small, so that programs come to them.
pub(crate) const LIMITS: Limits = Limits {
    memory_bytes_max: 24 << 20,
    stack_words_max: 1 << 13,
    fiber_depth_max: 20,
    hash_key: minivm::raw::heap::HASH_KEY_DEFAULT,
};
/// Characters of what a program notes.
pub(crate) const LOG_MAX: usize = 20_000;

/// How a program is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// As fast as it can.
    Fast,
    /// Instruction by instruction.
    Plain,
    /// Fast, with a whole collection after every allocation.
    Collecting,
    /// In slices of random lengths, in fast and baseline code by turns, with a small step of the collector after every allocation.
    Sliced,
    /// Compiled, as fast as it can.
    Native,
    /// Compiled, in slices of random lengths, with forced exits.
    Chaos,
}

impl Way {
    /// All ways; the first is what others are compared to.
    pub const ALL: [Way; 6] = [Way::Fast, Way::Plain, Way::Collecting, Way::Sliced, Way::Native, Way::Chaos];

    fn stress(self) -> Stress {
        match self {
            Way::Fast | Way::Plain | Way::Native => Stress::Off,
            Way::Collecting => Stress::Full,
            Way::Sliced | Way::Chaos => Stress::Steps,
        }
    }

    fn mode(self, number: u64) -> Mode {
        match self {
            Way::Fast | Way::Plain | Way::Collecting | Way::Sliced => Mode::Off,
            Way::Native => Mode::Native,
            Way::Chaos => Mode::Chaos { seed: number },
        }
    }
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What the program noted, and how it ended.
    pub log: String,
    /// What is left of its budget.
    pub fuel: u64,
    /// Whether the heap refused something: when that happens depends on when garbage is collected.
    pub is_refused: bool,
    /// Its state saved at the end, or why it cannot be; none when the collector is under stress, as its state is another then.
    state: Option<Result<Vec<u8>, String>>,
}

impl Ran {
    /// Whether another run did the same, and left the same where that can be said.
    pub fn is_same(&self, other: &Ran) -> bool {
        let has_states = self.state.is_some() && other.state.is_some();
        (&self.log, self.fuel) == (&other.log, other.fuel) && (!has_states || self.state == other.state)
    }
}

/// Makes the programs with a number, and runs them in all ways with a budget; gives what they did.
///
/// # Errors
/// When they are rejected, or two ways differ.
pub fn check(seed: u64, number: u64, fuel: u64) -> Result<Ran, String> {
    let programs = VerifiedPrograms::new(&programs(seed, number))?;
    let run =
        |programs: &VerifiedPrograms, way, number| run_on(crate::raw_machine(LIMITS), programs, way, number, fuel);
    let first = run(&programs, Way::Fast, number)?;
    if let Some(Ok(bytes)) = &first.state {
        check_saved(bytes, || fresh(&Log::default())).map_err(|why| format!("what was saved: {why}"))?;
    }
    // To compile is most of the time of a program.
    let is_compiled = number.is_multiple_of(if fuel < FUEL { 32 } else { 4 });
    for way in Way::ALL[1..].iter().filter(|&&way| is_compiled || way.mode(number) == Mode::Off) {
        let other = run(&programs, *way, number)?;
        if first.is_refused || other.is_refused || first.is_same(&other) {
            continue;
        }
        return Err(format!("{way:?} differs\n{}", difference(&first, &other)));
    }
    Ok(first)
}

/// The first place where two runs differ.
fn difference(first: &Ran, other: &Ran) -> String {
    let pairs = first.log.lines().zip(other.log.lines()).enumerate();
    for (line, (expected, found)) in pairs {
        if expected != found {
            return format!("line {}: {expected}\n    but: {found}", line + 1);
        }
    }
    let lines = |ran: &Ran| ran.log.lines().count();
    if (lines(first), first.fuel) == (lines(other), other.fuel) {
        return "the same was noted, but the states differ".to_owned();
    }
    format!("{} and {} lines, {} and {} fuel left", lines(first), lines(other), first.fuel, other.fuel)
}

/// The first stop at which a run in slices stands elsewhere than one in baseline code that was given the same budget at once; for
/// people who look for the reason of a difference.
pub fn divergence(seed: u64, number: u64, fuel: u64) -> Option<String> {
    let programs = VerifiedPrograms::new(&programs(seed, number)).ok()?;
    let mut stops = Vec::new();
    stops_of(&programs, Way::Sliced, number, fuel, &mut |used, place| stops.push((used, place)));
    let mut before = String::from("the start");
    for (used, place) in stops {
        let mut whole = String::new();
        stops_of(&programs, Way::Plain, number, used, &mut |_, place| whole = place);
        if whole != place {
            return Some(format!("after {used} units: {whole}\n     in slices: {place}\n        before: {before}"));
        }
        before = format!("{used} units: {place}");
    }
    None
}

/// Runs programs with a budget, and tells where they stand whenever they stop: how much is used, and the innermost frames.
fn stops_of(programs: &VerifiedPrograms, way: Way, number: u64, budget: u64, tell: &mut dyn FnMut(u64, String)) {
    let mut machine = crate::raw_machine(LIMITS);
    machine.heap().set_stress(way.stress());
    if define_host(&mut machine, &Log::default()).is_err() {
        return;
    }
    let Ok(Ok(main)) = link(&mut machine, programs) else { return };
    let kept = machine.keep(main);
    machine.prepare(main, &[]);
    let mut fuel = budget;
    let told = &mut |machine: &Machine, left: u64| {
        let frames = machine.frames().take(4).map(|frame| format!("{} {:?}", frame.name, frame.instruction));
        tell(budget - left, frames.collect::<Vec<_>>().join(" < "));
    };
    go(&mut machine, way, number, &mut fuel, told);
    machine.release(kept);
}

/// Runs programs unit by unit in baseline code, and tells where they stand after each: how much is used, and the innermost function
/// and instruction.
pub(crate) fn each_step(programs: &Programs, limits: Limits, tell: &mut dyn FnMut(u64, String)) {
    let Ok(programs) = &VerifiedPrograms::new(programs) else { return };
    let mut machine = crate::raw_machine(limits);
    if define_host(&mut machine, &Log::default()).is_err() {
        return;
    }
    let Ok(Ok(main)) = link(&mut machine, programs) else { return };
    let kept = machine.keep(main);
    machine.prepare(main, &[]);
    for used in 1..=FUEL {
        machine.set_fuel(Some(1));
        let state = machine.step(1);
        if !matches!(state, RunState::OutOfFuel | RunState::Stepped) {
            break;
        }
        if let Some(frame) = machine.frames().next() {
            tell(used, format!("{} {}", frame.name, frame.instruction.map_or(String::new(), |at| at.to_string())));
        }
    }
    machine.release(kept);
}

type Log = Arc<Mutex<String>>;

/// Runs programs in a way.
///
/// # Errors
/// When the verifier rejects them.
pub fn run(programs: &Programs, way: Way, number: u64) -> Result<Ran, String> {
    run_on(crate::raw_machine(LIMITS), &VerifiedPrograms::new(programs)?, way, number, FUEL)
}

/// Runs programs with a budget on a machine that has words for errors without the names of variables.
///
/// # Errors
/// When the verifier rejects them.
pub fn run_without_names(programs: &Programs, way: Way, number: u64, limits: (Limits, u64)) -> Result<Ran, String> {
    let mut machine = crate::raw_machine(limits.0);
    machine.set_error_words(|error| {
        error.variable.as_ref()?;
        let position = error.position.as_ref().map(|at| format!("{}:{}: ", at.file, at.line)).unwrap_or_default();
        Some(position + &crate::meaning::without_names(&error.message))
    });
    run_on(machine, &VerifiedPrograms::new(programs)?, way, number, limits.1)
}

fn run_on(
    mut machine: Machine,
    programs: &VerifiedPrograms,
    way: Way,
    number: u64,
    budget: u64,
) -> Result<Ran, String> {
    let log = Log::default();
    define_host(&mut machine, &log).map_err(|error| error.to_string())?;
    machine.heap().set_stress(way.stress());
    native::install(&mut machine, way.mode(number));
    let (mut fuel, mut state) = (budget, None);
    let ended = match link(&mut machine, programs)? {
        Ok(main) => {
            let kept = machine.keep(main);
            machine.prepare(main, &[]);
            let ended = go(&mut machine, way, number, &mut fuel, &mut |_, _| {});
            state = (way.stress() == Stress::Off)
                .then(|| machine.save(b"note", CodeForm::Whole).map_err(|error| error.to_string()));
            machine.release(kept);
            ended
        }
        Err(error) => format!("not linked: {error}"),
    };
    machine.set_fuel(Some(FUEL));
    if let Err(failure) = machine.close() {
        note(&log, &format!("closing: {failure}"));
    }
    note(&log, &ended);
    let log = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
    let is_refused = machine.heap().refused().bytes > 0 || log.len() >= LOG_MAX;
    Ok(Ran { log, fuel, is_refused, state })
}

/// A machine that has what programs import.
fn fresh(log: &Log) -> Result<Machine, String> {
    let mut machine = crate::raw_machine(LIMITS);
    define_host(&mut machine, log).map_err(|error| error.to_string())?;
    Ok(machine)
}

/// Runs programs one instruction at a time, each in a machine that loads what the one before has saved, or into which its state was
/// copied; gives what they noted, and how they ended.
///
/// # Errors
/// When a state cannot be saved, loaded or copied.
pub fn run_reloaded(programs: &Programs) -> Result<String, String> {
    let programs = &VerifiedPrograms::new(programs)?;
    let log = Log::default();
    let fresh = || fresh(&log);
    let mut machine = fresh()?;
    let ended = match link(&mut machine, programs)? {
        Ok(main) => {
            machine.prepare(main, &[]);
            let plan = Plan { seed: 1, first: 1, growth_percent: 100, reloads_max: FUEL as u32 };
            let mut reloads = Reloads::default();
            match run_in_slices(&mut machine, plan, &mut reloads, fresh)? {
                Ok(values) => format!("finished: {}", shown_all(&values)),
                Err(failure) => format!("failed: {failure}"),
            }
        }
        Err(error) => format!("not linked: {error}"),
    };
    machine.set_fuel(Some(FUEL));
    if let Err(failure) = machine.close() {
        note(&log, &format!("closing: {failure}"));
    }
    note(&log, &ended);
    Ok(std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn note(log: &Log, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() < LOG_MAX {
        log.push_str(line);
        log.push('\n');
    }
}

/// Programs that belong together, verified once for all ways.
struct VerifiedPrograms {
    library: Arc<Verified>,
    main: Arc<Verified>,
}

impl VerifiedPrograms {
    fn new(programs: &Programs) -> Result<Self, String> {
        let (library, main) = (verified(&programs.library)?, verified(&programs.main)?);
        Ok(VerifiedPrograms { library: Arc::new(library), main: Arc::new(main) })
    }
}

pub(crate) fn verified(program: &Program) -> Result<Verified, String> {
    verify(program.clone()).map_err(|rejections| format!("rejected: {}", rejections[0]))
}

/// Links the library and the main program; gives `main`.
fn link(machine: &mut Machine, programs: &VerifiedPrograms) -> Result<Result<Value, LinkError>, String> {
    let names = programs.library.exports.iter().map(|export| export.name.clone());
    let library = match machine.instantiate(programs.library.clone()) {
        Ok(library) => library,
        Err(error) => return Ok(Err(error)),
    };
    machine.define_instance(LIBRARY, library);
    for name in names.filter(|name| name.starts_with('f')) {
        if machine.exported_function(library, &name).is_none() {
            let captures = [Value::int(1), Value::NIL, Value::float(0.5)];
            match machine.closure(library, &name, &captures) {
                Ok(closure) => machine.define_function(LIBRARY, &name, closure),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    let main = match machine.instantiate(programs.main.clone()) {
        Ok(main) => main,
        Err(error) => return Ok(Err(error)),
    };
    machine.exported_function(main, "main").map(Ok).ok_or_else(|| "there is no main".to_owned())
}

/// Runs a run that is prepared to its end, or until its budget is used up; says how it ended. Tells of each stop, and of what is
/// left of the budget then.
fn go(machine: &mut Machine, way: Way, number: u64, fuel: &mut u64, tell: &mut dyn FnMut(&Machine, u64)) -> String {
    let mut random = Random::new(number, 1);
    loop {
        let portion = if matches!(way, Way::Sliced | Way::Chaos) { random.size(9).min(*fuel) } else { *fuel };
        machine.set_fuel(Some(portion));
        let is_plain = way == Way::Plain || matches!(way, Way::Sliced | Way::Chaos) && random.below(2) == 0;
        let state = if is_plain { machine.step(portion) } else { machine.resume() };
        *fuel -= portion - machine.fuel().unwrap_or(0);
        tell(machine, *fuel);
        match state {
            RunState::Finished(values) => return format!("finished: {}", shown_all(&values)),
            RunState::Failed(Failure::Exit(status)) => return format!("exit {status}"),
            RunState::Failed(Failure::Error { value, trap, trace }) => {
                return format!("failed: {} {trap:?}\n{trace}", shown(value));
            }
            RunState::OutOfFuel | RunState::Stepped if *fuel == 0 => return "out of fuel".to_owned(),
            RunState::OutOfFuel | RunState::Stepped => {}
            RunState::Interrupted | RunState::Waiting(_) | RunState::Yielded(_) => return "it waits".to_owned(),
        }
    }
}

/// A value as it is noted: what it is, but not which object.
pub(crate) fn shown(value: Value) -> String {
    match value.tag() {
        Tag::NIL => "nil".to_owned(),
        Tag::FALSE => "false".to_owned(),
        Tag::TRUE => "true".to_owned(),
        Tag::INT | Tag::FLOAT => minivm::raw::format::number(value),
        Tag::STRING => {
            let bytes = value.as_bytes().unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            format!("{text:?}")
        }
        other => format!("kind {}", other.0),
    }
}

fn shown_all(values: &[Value]) -> String {
    values.iter().take(20).fold(String::new(), |mut text, &value| {
        let _ = write!(text, "{} ", shown(value));
        text
    })
}

type Answer = Result<Outcome, Raise>;

/// The host's functions, see [`HOST_FUNCTIONS`](crate::generate::HOST_FUNCTIONS).
fn define_host(machine: &mut Machine, log: &Log) -> Result<(), minivm::raw::heap::OutOfMemory> {
    let log = log.clone();
    machine.define(HOST, "note", move |call| {
        note(&log, &shown_all(&call.args()));
        call.return_none()
    })?;
    machine.define(HOST, "id", |call| call.return_args_from(0))?;
    machine.define(HOST, "fail", |call| Err(Raise::Value(call.arg(0))))?;
    machine.define(HOST, "trap", |_| Err(Raise::Trap(TrapCode::Unreachable)))?;
    machine.define(HOST, "call", |call| calling(call, Protect::No, 1))?;
    machine.define(HOST, "keep", keeping)?;
    machine.define(HOST, "tail", |call| {
        let arguments = call.args();
        call.tail_call(call.arg(0), arguments.get(1..).unwrap_or_default())
    })?;
    machine.define(HOST, "pcall", |call| calling(call, Protect::Catch, 1))?;
    machine.define(HOST, "xpcall", |call| calling(call, Protect::CatchWith, 2))?;
    machine.define(HOST, "yield", |call| call.yield_args())?;
    machine.define(HOST, "resume", |call| match call.state() {
        0 => {
            let fiber = call.arg(0);
            call.resume_with_args_from(fiber, 1, 1)
        }
        _ => returned(call),
    })?;
    machine.define(HOST, "close", |call| match call.state() {
        0 => call.close_fiber(call.arg(0), 1),
        _ => returned(call),
    })?;
    machine.define(HOST, "metatable", |call| {
        if call.arg(0).tag() == Tag::TABLE && matches!(call.arg(1).tag(), Tag::TABLE | Tag::NIL) {
            call.set_metatable(call.arg(0), call.arg(1))?;
        }
        call.return_args_from(0)
    })
}

/// Calls its first argument with those from `first` on.
fn calling(call: &mut HostCall<'_>, protect: Protect, first: usize) -> Answer {
    match call.state() {
        0 => {
            let (callee, handler) = (call.arg(0), call.arg(1));
            call.call_with_args_from(callee, first, 1, protect, handler)
        }
        _ => returned(call),
    }
}

/// Calls its first argument with all of them, keeps them, and returns them.
fn keeping(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        0 => {
            let arguments = call.args();
            call.call(call.arg(0), &arguments, 1)
        }
        _ => call.return_args_from(0),
    }
}

/// Returns whether the call went well, and what it gave.
fn returned(call: &mut HostCall<'_>) -> Answer {
    match call.error_returned() {
        Some(error) => call.return_values(&[Value::FALSE, error]),
        None => call.return_returned(Some(Value::TRUE)),
    }
}
