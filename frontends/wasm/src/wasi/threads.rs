//! Threads of WASI, one at a time: `wasi.thread-spawn` begins a run of the machine over an instance of its own, and [`Threads`] gives
//! the runs turns. Who comes when depends on nothing but what they do: time passes by instructions, and by waiting when all wait.

use minivm::raw::heap::OutOfMemory;
use minivm::raw::{
    HostCall, HostRequest, LinkError, Machine, MemoryWait, Outcome, Raise, RunId, RunState, SnapshotError, StateCodec,
    Value,
};
use minivm_builder::ProgramBuilder;
use minivm_isa::TrapCode;
use minivm_isa::program::{Import, Item, MemoryDef, Origin, Program};
use minivm_isa::verify::Verified;
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The module that programs import the function from.
pub const MODULE: &str = "wasi";
/// The function that begins a thread: its argument; the number of the thread, or a negative one.
const SPAWN: &str = "thread-spawn";
/// What a module exports for its threads: their number and their argument.
const START: &str = "wasi_thread_start";

/// Instructions that a thread may do before it is another one's turn.
const QUANTUM: u64 = 20_000;
/// Nanoseconds that an instruction takes, as far as limited waits are concerned while other threads run.
const INSTRUCTION_NANOSECONDS: u64 = 10;
/// Threads that there may be at a time, and the highest number of one.
const THREADS_MAX: usize = 1024;
const NUMBER_MAX: u32 = 0x1fff_ffff;
/// What `thread-spawn` returns where there cannot be another thread: `EAGAIN`, negated.
const NO_THREAD: i64 = -6;

/// The states of the function: a thread was made, and the start function of a thread's instance has run.
const SPAWNED: u32 = 1;
const STARTED: u32 = 2;

/// How long input is not looked for where all threads wait.
const LOOK_NANOSECONDS: u64 = 5_000_000;

/// Whether a descriptor is ready.
type IsReady = Box<dyn Fn() -> bool + Send>;

/// A call of WASI cannot go on now, while other threads may. The answer is how many nanoseconds of its time are over.
pub(super) struct Blocked {
    /// Its time; for ever if there is none.
    pub(super) nanoseconds: Option<u64>,
    /// Whether something that it waits for has happened, if it waits for more than time.
    pub(super) is_ready: Option<IsReady>,
}

impl HostRequest for Blocked {
    fn name(&self) -> &'static str {
        "wasi.blocked"
    }
}

/// A thread was made; whoever runs the machine has to give it turns.
struct ThreadSpawned;

impl HostRequest for ThreadSpawned {
    fn name(&self) -> &'static str {
        "wasi.thread-spawn"
    }
}

/// All threads wait, and none of them for a limited time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// How many they are.
    pub threads: usize,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.threads {
            1 => f.write_str("it waits for ever on a shared memory: there is no other thread"),
            threads => write!(f, "all {threads} threads wait for ever on a shared memory"),
        }
    }
}

impl std::error::Error for Deadlock {}

/// The threads of a machine's program; also of one that never makes any.
#[derive(Clone, Debug, Default)]
pub struct Threads(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Threads so far.
    count: u32,
    /// The number of the run that the program began with, from when there was another one.
    main: Option<u64>,
    /// Runs that can go on, in the order of their turns.
    order: VecDeque<u64>,
    /// Runs that wait, in the order in which they began to.
    waits: Vec<Waiting>,
    /// Instructions that are done of a turn which the budget of the machine has cut short.
    done: u64,
    /// Nanoseconds since there were threads.
    now: u64,
}

struct Waiting {
    run: u64,
    cause: Cause,
    /// None where it waits for ever.
    deadline: Option<u64>,
}

/// What a run waits for.
enum Cause {
    /// A notification on a shared memory; the number of the wait.
    Memory(u64),
    /// In a call of WASI, for so many nanoseconds, or for a descriptor.
    Call(u64, Option<IsReady>),
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = match &self.cause {
            Cause::Memory(number) => format!("memory {number}"),
            Cause::Call(nanoseconds, _) => format!("call {nanoseconds}"),
        };
        write!(f, "run {}: {cause} until {:?}", self.run, self.deadline)
    }
}

impl Waiting {
    fn is_over(&self, machine: &Machine, now: u64) -> bool {
        let has_happened = match &self.cause {
            Cause::Memory(number) => machine.is_notified(*number),
            Cause::Call(_, Some(is_ready)) => is_ready(),
            // In a state that was loaded nobody knows what else it waits for.
            Cause::Call(_, None) => self.deadline.is_none(),
        };
        has_happened || self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Whether something ends the wait that has to be looked for.
    fn is_looked_for(&self) -> bool {
        matches!(self.cause, Cause::Call(_, Some(_)))
    }
}

impl Threads {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets programs of the machine make threads, and their state travel in snapshots.
    pub(super) fn define(machine: &mut Machine) -> Result<Threads, OutOfMemory> {
        let threads = Threads::default();
        let (spawning, saved, loaded) = (threads.clone(), threads.clone(), threads.clone());
        machine.define(MODULE, SPAWN, move |call| spawn(&spawning, call))?;
        let codec = StateCodec {
            save: Box::new(move |_| Ok(saved.state().save())),
            load: Box::new(move |_, bytes| {
                let state = State::load(bytes);
                *loaded.state() = state.ok_or_else(|| SnapshotError::Damaged("the threads of WASI".into()))?;
                Ok(())
            }),
        };
        machine.set_state_codec("wasi-threads", codec);
        Ok(threads)
    }

    /// Whether there are threads besides the one at work.
    pub(super) fn has_others(&self) -> bool {
        self.state().len() > 0
    }

    /// Goes on with the run at work and all threads until the program has ended, whichever of them ends it, or has to stop.
    /// Waits on shared memories are served; `sleep` is told for how long nobody can do anything, and says whether to go on.
    ///
    /// # Errors
    /// When all wait for ever.
    pub fn resume(&self, machine: &mut Machine, sleep: &mut dyn FnMut(Duration) -> bool) -> Result<RunState, Deadlock> {
        loop {
            // Within a turn nothing else happens, however often it is cut short.
            let is_turn = self.state().done > 0;
            if !is_turn {
                self.wake(machine);
            }
            let (next, is_alone, has_begun) = {
                let mut state = self.state();
                let is_alone = !is_turn && state.waits.is_empty() && state.order.len() <= 1;
                (state.order.pop_front(), is_alone, state.main.is_some())
            };
            let state = match next {
                // There was one run only so far.
                None if is_alone && !has_begun => machine.resume(),
                // A snapshot may be made up.
                None if is_alone => return Ok(RunState::Finished(Vec::new())),
                None => {
                    if !self.pass_time(sleep)? {
                        return Ok(RunState::Interrupted);
                    }
                    continue;
                }
                Some(number) => {
                    let Some(id) = find(machine, number) else { continue };
                    if is_alone && machine.switch_to(id) {
                        machine.resume()
                    } else if let Some(state) = self.turn(machine, id) {
                        state
                    } else {
                        continue;
                    }
                }
            };
            if let Some(state) = self.stopped(machine, state) {
                return Ok(state);
            }
        }
    }

    /// Gives a run its turn; gives how it has stopped before its end.
    fn turn(&self, machine: &mut Machine, id: RunId) -> Option<RunState> {
        if !machine.switch_to(id) {
            return None;
        }
        let left = QUANTUM.saturating_sub(self.state().done).max(1);
        let budget = machine.fuel();
        let slice = budget.map_or(left, |budget| budget.min(left));
        machine.set_fuel(Some(slice));
        let stopped = machine.resume();
        let used = slice - machine.fuel().unwrap_or(0).min(slice);
        machine.set_fuel(budget.map(|budget| budget - used));
        let mut state = self.state();
        state.now = state.now.saturating_add(used * INSTRUCTION_NANOSECONDS);
        let is_used_up = matches!(stopped, RunState::OutOfFuel);
        if !is_used_up && !matches!(stopped, RunState::Interrupted) {
            state.done = 0;
            return Some(stopped);
        }
        state.done += used;
        let is_over = is_used_up && state.done >= QUANTUM;
        if is_over {
            state.done = 0;
            state.order.push_back(id.number());
            if budget != Some(used) {
                drop(state);
                machine.suspend();
                return None;
            }
        }
        Some(stopped)
    }

    /// Sees to a run that has stopped; gives the state where that is one of the whole program.
    fn stopped(&self, machine: &mut Machine, stopped: RunState) -> Option<RunState> {
        let stopped = match stopped {
            RunState::Waiting(request) => RunState::Waiting(self.asked(machine, request)?),
            other => other,
        };
        let id = machine.run_id().map(RunId::number);
        let mut state = self.state();
        match &stopped {
            RunState::Finished(_) if state.main.is_some() && id != state.main => return None,
            // The program is over, and its threads with it.
            RunState::Finished(_) | RunState::Failed(_) => {
                let rest = std::mem::take(&mut *state);
                let runs = rest.order.into_iter().chain(rest.waits.into_iter().map(|waiting| waiting.run));
                for id in runs.filter_map(|number| find(machine, number)).collect::<Vec<_>>() {
                    machine.drop_run(id);
                }
            }
            // It goes on first when there is a budget again, or an answer.
            RunState::OutOfFuel
            | RunState::Interrupted
            | RunState::Stepped
            | RunState::Waiting(_)
            | RunState::Yielded(_) => {
                // A turn that was over with the budget is noted already.
                if let Some(id) = id.filter(|id| state.order.back() != Some(id)) {
                    state.order.push_front(id);
                }
            }
        }
        Some(stopped)
    }

    /// Sees to what a run asks for; gives it back where that is nothing of threads.
    fn asked(&self, machine: &mut Machine, request: Box<dyn HostRequest>) -> Option<Box<dyn HostRequest>> {
        let asked: &dyn Any = &*request;
        if asked.is::<ThreadSpawned>() {
            machine.prepare_answer(&[]);
            let id = machine.suspend()?.number();
            let mut state = self.state();
            state.main.get_or_insert(id);
            state.order.push_back(id);
            return None;
        }
        let (cause, limit) = if let Some(&MemoryWait { number, timeout_nanoseconds }) = asked.downcast_ref() {
            (Cause::Memory(number), u64::try_from(timeout_nanoseconds).ok())
        } else if asked.is::<Blocked>() {
            let asked: Box<dyn Any> = request;
            let Blocked { nanoseconds, is_ready } = *asked.downcast::<Blocked>().ok()?;
            (Cause::Call(nanoseconds.unwrap_or(0), is_ready), nanoseconds)
        } else {
            return Some(request);
        };
        let run = machine.suspend()?.number();
        let mut state = self.state();
        state.main.get_or_insert(run);
        let deadline = limit.map(|limit| state.now.saturating_add(limit));
        state.waits.push(Waiting { run, cause, deadline });
        None
    }

    /// Gives runs that were notified, or whose time is over, turns again.
    fn wake(&self, machine: &mut Machine) {
        let (waits, now) = {
            let mut state = self.state();
            (std::mem::take(&mut state.waits), state.now)
        };
        let (over, rest): (Vec<_>, Vec<_>) = waits.into_iter().partition(|waiting| waiting.is_over(machine, now));
        self.state().waits = rest;
        for waiting in over {
            let is_there = find(machine, waiting.run).is_some_and(|id| machine.switch_to(id));
            if is_there {
                let is_late = waiting.deadline.is_some_and(|deadline| deadline <= now);
                match waiting.cause {
                    Cause::Memory(_) => machine.prepare_answer(&[]),
                    Cause::Call(nanoseconds, _) => {
                        let passed = if is_late { nanoseconds } else { 0 };
                        machine.prepare_answer(&[Value::int(passed as i64)]);
                    }
                }
                machine.suspend();
                self.state().order.push_back(waiting.run);
            }
        }
    }

    /// Lets time pass until the first wait is over; says whether to go on.
    fn pass_time(&self, sleep: &mut dyn FnMut(Duration) -> bool) -> Result<bool, Deadlock> {
        let mut state = self.state();
        let now = state.now;
        let next = |waiting: &Waiting| {
            let look = waiting.is_looked_for().then_some(now.saturating_add(LOOK_NANOSECONDS));
            waiting.deadline.into_iter().chain(look).min()
        };
        let first = state.waits.iter().filter_map(next).min();
        let deadline = first.ok_or(Deadlock { threads: state.waits.len() })?;
        state.now = deadline.max(now);
        // A run that goes on is told by its machine to stop.
        let is_one_late = state.waits.iter().any(|waiting| waiting.deadline.is_some_and(|limit| limit <= deadline));
        drop(state);
        Ok(sleep(Duration::from_nanos(deadline.saturating_sub(now))) || is_one_late)
    }
}

impl State {
    /// Threads that have not ended, besides the one at work.
    fn len(&self) -> usize {
        self.order.len() + self.waits.len()
    }

    fn save(&self) -> Vec<u8> {
        let plus_one = |number: Option<u64>| number.map_or(0, |number| number.saturating_add(1));
        let mut numbers =
            vec![u64::from(self.count), plus_one(self.main), self.done, self.now, self.order.len() as u64];
        numbers.extend(&self.order);
        numbers.extend(self.waits.iter().flat_map(|waiting| {
            let (kind, number) = match waiting.cause {
                Cause::Memory(number) => (0, number),
                Cause::Call(nanoseconds, _) => (1, nanoseconds),
            };
            [waiting.run, kind, number, plus_one(waiting.deadline)]
        }));
        numbers.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// None where that is nothing that was saved.
    fn load(bytes: &[u8]) -> Option<State> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let count = u32::try_from(numbers.next()?).ok()?;
        let (main, done) = (numbers.next()?.checked_sub(1), numbers.next()?);
        let (now, runs) = (numbers.next()?, numbers.next()?);
        let runs = usize::try_from(runs).ok().filter(|&runs| runs <= numbers.len())?;
        let order: VecDeque<u64> = numbers.by_ref().take(runs).collect();
        let mut waits = Vec::new();
        while let Some(run) = numbers.next() {
            let cause = match (numbers.next()?, numbers.next()?) {
                (0, number) => Cause::Memory(number),
                (1, nanoseconds) => Cause::Call(nanoseconds, None),
                _ => return None,
            };
            waits.push(Waiting { run, cause, deadline: numbers.next()?.checked_sub(1) });
        }
        let is_whole =
            rest.is_empty() && count <= NUMBER_MAX && done < QUANTUM && order.len() + waits.len() <= THREADS_MAX + 1;
        is_whole.then_some(State { count, main, order, waits, done, now })
    }
}

/// A run by its number, if it is still there.
fn find(machine: &Machine, number: u64) -> Option<RunId> {
    machine.run_id().into_iter().chain(machine.runs()).find(|id| id.number() == number)
}

/// `thread-spawn`; with four arguments it is what a thread begins with: a start function, or nil, the function of the thread, its
/// number and its argument.
fn spawn(threads: &Threads, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    match (call.state(), call.args().len()) {
        (SPAWNED, _) => call.return_one(call.arg(0)),
        (0, 4) if call.arg(0).is_function() => call.call(call.arg(0), &[], STARTED),
        (STARTED, 4) | (0, 4) => {
            let arguments = [call.arg(2), call.arg(3)];
            call.tail_call(call.arg(1), &arguments)
        }
        _ => make_thread(threads, call),
    }
}

fn make_thread(threads: &Threads, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let Some(argument) = call.arg(0).as_int() else {
        return Err(call.error("bad argument #1 to 'thread-spawn' (integer expected)"));
    };
    let count = {
        let state = threads.state();
        if state.len() >= THREADS_MAX || state.count >= NUMBER_MAX {
            return call.return_one(Value::int(NO_THREAD));
        }
        state.count + 1
    };
    let (instance, start) = match call.instantiate_again() {
        Some(Ok(made)) => made,
        Some(Err(LinkError::Trap(TrapCode::OutOfMemory))) => return call.return_one(Value::int(NO_THREAD)),
        Some(Err(error)) => return Err(call.error(&format!("cannot begin a thread: {error}"))),
        None => return Err(call.error("only a WebAssembly module can begin a thread")),
    };
    let memory = call.program(instance).memories.values().next();
    if !memory.is_some_and(|memory| memory.is_shared && matches!(memory.origin, Origin::Import(_))) {
        return Err(call.error("a module with threads has to import a shared memory"));
    }
    let entry = call.exports(instance).into_iter().find(|(name, _)| name == START);
    let Some(entry) = entry.and_then(|(_, item)| item.function()) else {
        return Err(call.error(&format!("a module with threads has to export '{START}'")));
    };
    let (own, number) = (call.callee(), Value::int(i64::from(count)));
    let arguments = [start.unwrap_or(Value::NIL), entry, number, Value::int(argument)];
    let Ok(run) = call.spawn(own, &arguments) else { return call.return_one(Value::int(NO_THREAD)) };
    {
        let mut state = threads.state();
        state.count = count;
        state.order.push_back(run.number());
    }
    call.keep(&[number])?;
    call.wait(Box::new(ThreadSpawned), SPAWNED)
}

/// Programs that define the shared memories that a program imports, each with the module it is imported from. A module with threads
/// gets its memory from its host.
pub fn shared_memories(program: &Program) -> Vec<(Import, Verified)> {
    let mut made: Vec<(Import, Verified)> = Vec::new();
    for memory in program.memories.values().filter(|memory| memory.is_shared) {
        let Origin::Import(import) = &memory.origin else { continue };
        if made.iter().any(|(other, _)| other == import) {
            continue;
        }
        let mut builder = ProgramBuilder::new();
        let own = builder.add_memory(MemoryDef { origin: Origin::Own(()), ..memory.clone() });
        builder.export(import.name.clone(), Item::Memory(own));
        made.push((import.clone(), builder.finish().expect("it has the limits of a memory that was verified")));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_what_was_saved() {
        let waits = vec![
            Waiting { run: 3, cause: Cause::Memory(9), deadline: Some(0) },
            Waiting { run: 4, cause: Cause::Call(10, None), deadline: None },
        ];
        let state = State { count: 5, main: Some(0), order: [0, 2].into(), waits, done: 5, now: 77 };
        let bytes = state.save();
        let loaded = State::load(&bytes).expect("it was saved");
        assert_eq!(format!("{loaded:?}"), format!("{state:?}"));
        assert!(State::load(&bytes[..bytes.len() - 8]).is_none());
        assert!(State::load(&bytes[..20]).is_none());
    }
}
