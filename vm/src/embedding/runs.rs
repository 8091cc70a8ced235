//! Several runs in one machine, and many machines, in turn.

use super::error::Error;
use super::inspect::Frames;
use super::machine::Machine;
use super::run::RunState;
use super::value::{RunId, Value};
use crate::api::scheduler as raw_scheduler;
use crate::runtime::host::HostRequest;
use crate::runtime::task::RunActivity;
use std::collections::VecDeque;

pub use crate::api::scheduler::TaskId;

/// Several runs in one machine. [`FiberScheduler`] gives them turns.
impl Machine {
    /// Adds a run that will call a function. It is suspended, and nothing of it runs yet. Where no fiber of its own has resumed
    /// it, it may yield to the host, see [`RunState::Yielded`].
    ///
    /// # Errors
    /// When there is no memory for its fiber, or something is of another machine.
    pub fn spawn(&mut self, function: &Value, arguments: &[Value]) -> Result<RunId, Error> {
        let function = self.cx().resolve(function)?;
        let arguments = self.cx().resolve_all(arguments)?;
        let id = self.0.spawn(function, &arguments)?;
        Ok(self.cx().own_run(id))
    }

    /// Suspends the run at work, if there is one whose end was not reported yet; then there is none. It goes on another time,
    /// after [`switch_to`](Self::switch_to), as if nothing had happened. Meanwhile it keeps what it uses alive.
    ///
    /// It is brought to its next instruction: what host functions do before that happens now. If it ends there or waits for
    /// the host, it says so when it is switched to and resumed.
    pub fn suspend(&mut self) -> Option<RunId> {
        let id = self.0.suspend();
        self.tell_panics();
        Some(self.cx().own_run(id?))
    }

    /// Makes a run that is suspended the one at work, for [`resume`](Self::resume), [`step`](Self::step),
    /// [`frames`](Self::frames), [`answer`](Self::answer) and all the others. The one that was at work is suspended, if it
    /// can go on. True also when it is at work already; false when there is no such run any more.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn switch_to(&mut self, id: RunId) -> Result<bool, Error> {
        let id = self.cx().resolve_run(id)?;
        let is_there = self.0.switch_to(id);
        self.tell_panics();
        Ok(is_there)
    }

    /// Drops a run that is suspended: its fibers are dead, and nothing of it is cleaned up. False when there is no such run.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn drop_run(&mut self, id: RunId) -> Result<bool, Error> {
        let id = self.cx().resolve_run(id)?;
        Ok(self.0.drop_run(id))
    }

    /// The number of the run at work, if it was suspended before.
    pub fn run_id(&self) -> Option<RunId> {
        self.0.run_id().map(|id| self.0.cx.own_run(id))
    }

    /// The runs that are suspended, in the order in which they were put there.
    pub fn runs(&self) -> Vec<RunId> {
        self.0.runs().into_iter().map(|id| self.0.cx.own_run(id)).collect()
    }

    /// What a suspended run will do; none when there is no such run.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn run_activity(&self, id: RunId) -> Result<Option<RunActivity>, Error> {
        Ok(self.0.run_activity(self.0.cx.resolve_run(id)?))
    }

    /// The frames of a run that is suspended, as [`frames`](Self::frames) shows those of the one at work. None for others.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn frames_of_run(&self, id: RunId) -> Result<Frames<'_>, Error> {
        Ok(Frames::new(self.0.frames_of_run(self.0.cx.resolve_run(id)?)))
    }
}

/// A run that has ended, waits for the host, has yielded to it or has no budget left. It is the one at work in
/// the machine, until the next turn.
///
/// ```
/// # use minivm::{FiberTask, RunState};
/// fn say(task: &FiberTask) -> String {
///     match (&task.state, task.request()) {
///         (RunState::Finished(values), _) => format!("run {} gave {} values", task.id.number(), values.len()),
///         (_, Some(request)) => format!("run {} waits for {}", task.id.number(), request.name()),
///         _ => format!("run {} has stopped", task.id.number()),
///     }
/// }
/// ```
pub struct FiberTask {
    /// Its number.
    pub id: RunId,
    /// How it has stopped: `OutOfFuel` says that the machine's own budget is used up.
    pub state: RunState,
}

impl FiberTask {
    /// What the run waits for, if it does.
    pub fn request(&self) -> Option<&dyn HostRequest> {
        self.state.request()
    }
}

/// Runs functions of one machine round-robin, each on a fiber of its own, in its turn for a quantum of canonical
/// instructions, whether it yields or not. They share the heap, globals and memories, so what they do in turn they see of one
/// another: a turn may end between any two instructions.
///
/// The order depends on nothing but the programs and the quanta. The machine's budget is that of all together, and no turn
/// goes past it.
///
/// ```
/// use minivm::{FiberScheduler, RunState, Value};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #     let mut builder = minivm_builder::ProgramBuilder::new();
/// #     let mut f = builder.function("count", minivm_isa::Signature::dynamic(1, false));
/// #     let (left, body, end) = (f.param(0), f.block(), f.block());
/// #     let (one, zero) = (f.integer(1), f.integer(0));
/// #     f.jump(body);
/// #     f.switch_to(body);
/// #     f.emit(minivm_isa::Instruction::Sub { dst: left, lhs: left.into(), rhs: one.into() });
/// #     f.branch_less(zero, left, body, end);
/// #     f.switch_to(end);
/// #     f.return_values(&[left.into()]);
/// #     let count = builder.add(f)?;
/// #     builder.export_function("count", count);
/// #     let mut machine = minivm::Machine::new(minivm::Limits::default());
/// #     let instance = machine.instantiate(builder.finish()?)?;
/// #     let count = machine.exported_function(instance, "count")?;
/// let mut scheduler = FiberScheduler::new(100);
/// for rounds in [500, 50, 200] {
///     scheduler.spawn(&mut machine, &count, &[Value::int(rounds)])?;  // a function that counts down
/// }
/// let mut order = Vec::new();
/// while let Some(task) = scheduler.run(&mut machine)? {
///     assert!(matches!(task.state, RunState::Finished(_)));
///     order.push(task.id.number());
/// }
/// assert_eq!(order, [1, 2, 0]);                                       // the short ones are done first
/// # Ok(())
/// # }
/// ```
///
/// The scheduler holds nothing but an order. Between turns the host may do all that it may with a machine: look at runs, take
/// one up and step it, drop one, save them all. After loading, a new scheduler gets what [`Machine::runs`] lists, in that
/// order.
pub struct FiberScheduler {
    quantum: u64,
    queue: VecDeque<RunId>,
}

impl FiberScheduler {
    /// A scheduler without runs; a quantum of 0 counts as 1.
    pub fn new(quantum: u64) -> Self {
        FiberScheduler { quantum: quantum.max(1), queue: VecDeque::new() }
    }

    /// Sets how many instructions each turn has, from the next turn on.
    pub fn set_quantum(&mut self, quantum: u64) {
        self.quantum = quantum.max(1);
    }

    /// Adds a run that calls a function. It comes after those that are there.
    ///
    /// # Errors
    /// As for [`Machine::spawn`].
    pub fn spawn(&mut self, machine: &mut Machine, function: &Value, arguments: &[Value]) -> Result<RunId, Error> {
        let id = machine.spawn(function, arguments)?;
        self.put_back(id);
        Ok(id)
    }

    /// Adds a run that is suspended, or the one at work that was given back and can go on, as its request or its yield was answered
    /// with [`Machine::prepare_answer`] or the budget filled up. It comes after those that are there.
    pub fn put_back(&mut self, id: RunId) {
        self.queue.push_back(id);
    }

    /// How many runs are there.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no run is there.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The runs, in the order of their turns.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        self.queue.iter().copied()
    }

    /// Gives one run its turn, and suspends it again. What is at work before that is suspended if it can go on. Tells of
    /// the run, and leaves it at work, if it has ended, waits for the host, has yielded to it or the budget is used
    /// up. Runs that the machine does not have any more are passed over.
    ///
    /// # Errors
    /// When the next run is of another machine; it is next again then.
    pub fn turn(&mut self, machine: &mut Machine) -> Result<Option<FiberTask>, Error> {
        let id = loop {
            let Some(&id) = self.queue.front() else { return Ok(None) };
            let is_there = machine.switch_to(id)?;
            self.queue.pop_front();
            if is_there {
                break id;
            }
        };
        if let Some(state) = raw_scheduler::resume_for(&mut machine.0, self.quantum) {
            let state = machine.own_state(state);
            return Ok(Some(FiberTask { id, state }));
        }
        machine.suspend();
        self.queue.push_back(id);
        Ok(None)
    }

    /// Gives turns until there is something to tell of a run; none when there are no runs left.
    ///
    /// # Errors
    /// As for [`turn`](Self::turn).
    pub fn run(&mut self, machine: &mut Machine) -> Result<Option<FiberTask>, Error> {
        while !self.is_empty() {
            if let Some(task) = self.turn(machine)? {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }
}

/// A machine that the scheduler gives back. [`Scheduler`] shows how to come by it.
///
/// ```
/// # use minivm::{RunState, Task};
/// fn results(task: Task) -> usize {
///     match task.state {
///         RunState::Finished(values) => values.len(),
///         _ => 0,
///     }
/// }
/// ```
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// The machine, with what is left of its own budget.
    pub machine: Machine,
    /// How its run ended: `OutOfFuel` says that its own budget is used up.
    pub state: RunState,
}

impl Task {
    /// What the run waits for, if it does.
    pub fn request(&self) -> Option<&dyn HostRequest> {
        self.state.request()
    }
}

/// Runs machines round-robin: each in its turn for a quantum of canonical instructions, in the order in which they came.
///
/// The order depends on nothing but the programs and the quanta, as fuel is exact. A machine's own budget, which it has when
/// it is added, is kept: no turn goes past it.
///
/// ```
/// use minivm::{Limits, Machine, RunState, Scheduler, Value};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # fn counter() -> Result<(Machine, Value), Box<dyn std::error::Error>> {
/// #     let mut builder = minivm_builder::ProgramBuilder::new();
/// #     let mut f = builder.function("count", minivm_isa::Signature::dynamic(1, false));
/// #     let (left, body, end) = (f.param(0), f.block(), f.block());
/// #     let (one, zero) = (f.integer(1), f.integer(0));
/// #     f.jump(body);
/// #     f.switch_to(body);
/// #     f.emit(minivm_isa::Instruction::Sub { dst: left, lhs: left.into(), rhs: one.into() });
/// #     f.branch_less(zero, left, body, end);
/// #     f.switch_to(end);
/// #     f.return_values(&[left.into()]);
/// #     let count = builder.add(f)?;
/// #     builder.export_function("count", count);
/// #     let mut machine = Machine::new(Limits::default());
/// #     let instance = machine.instantiate(builder.finish()?)?;
/// #     let function = machine.exported_function(instance, "count")?;
/// #     Ok((machine, function))
/// # }
/// let mut scheduler = Scheduler::new(100);
/// for rounds in [500, 50, 200] {
///     let (mut machine, count) = counter()?;              // a program that counts down
///     machine.prepare(&count, &[Value::int(rounds)])?;
///     scheduler.add(machine);
/// }
/// let mut order = Vec::new();
/// while let Some(task) = scheduler.run() {
///     assert!(matches!(task.state, RunState::Finished(_)));
///     order.push(task.id.number());
/// }
/// assert_eq!(order, [1, 2, 0]);                           // the short ones are done first
/// # Ok(())
/// # }
/// ```
///
/// [`FiberScheduler`] does the same with the runs of one machine, which share its heap. Coroutines of a run take turns by
/// yielding, within the budget of the run.
pub struct Scheduler(raw_scheduler::Scheduler);

impl Scheduler {
    /// A scheduler without machines; a quantum of 0 counts as 1.
    pub fn new(quantum: u64) -> Self {
        Scheduler(raw_scheduler::Scheduler::new(quantum))
    }

    /// Sets how many instructions each turn has, from the next turn on.
    pub fn set_quantum(&mut self, quantum: u64) {
        self.0.set_quantum(quantum);
    }

    /// Adds a machine with a run that is prepared or has stopped. It comes after those that are there.
    pub fn add(&mut self, machine: Machine) -> TaskId {
        self.0.add(machine.0)
    }

    /// Puts a machine back that was given back and can go on, as its request was answered with
    /// [`Machine::prepare_answer`] or its budget filled up. It comes after those that are there, under its old number.
    pub fn put_back(&mut self, id: TaskId, machine: Machine) {
        self.0.put_back(id, machine.0);
    }

    /// How many machines are there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no machine is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives one machine its turn. Gives it back if its run has ended, waits for the host or has used up its own
    /// budget.
    pub fn turn(&mut self) -> Option<Task> {
        self.0.turn().map(own_task)
    }

    /// Gives turns until a machine is to be given back; none when there are no machines left.
    pub fn run(&mut self) -> Option<Task> {
        self.0.run().map(own_task)
    }
}

fn own_task(task: raw_scheduler::Task) -> Task {
    let mut machine = Machine(task.machine);
    let state = machine.own_state(task.state);
    Task { id: task.id, machine, state }
}
