//! Many machines, or many runs of one machine, in turn: each for so many instructions at a time.

mod fibers;

pub use fibers::{FiberScheduler, FiberTask};

use crate::api::machine::Machine;
use crate::api::run::RunState;
use crate::runtime::host::HostRequest;
use std::collections::VecDeque;

/// A machine of a scheduler. Numbers count up in the order in which machines are added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(u64);

/// A machine that the scheduler gives back.
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// The machine, with what is left of its own budget.
    pub machine: Machine,
    /// How its run ended: `OutOfFuel` says that its own budget is used up.
    pub state: RunState,
}

/// Runs machines round-robin: each in its turn for a quantum of canonical instructions, in the order in which they came.
///
/// The order depends on nothing but the programs and the quanta, as fuel is exact. A machine's own budget, which it has when
/// it is added, is kept: no turn goes past it.
///
/// [`FiberScheduler`] does the same with the runs of one machine, which share its heap. Coroutines of a run take turns by
/// yielding, within the budget of the run.
pub struct Scheduler {
    quantum: u64,
    next_id: u64,
    queue: VecDeque<(TaskId, Machine)>,
}

impl TaskId {
    /// The number: 0 for the machine that was added first.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl Scheduler {
    /// A scheduler without machines; a quantum of 0 counts as 1.
    pub fn new(quantum: u64) -> Self {
        Scheduler { quantum: quantum.max(1), next_id: 0, queue: VecDeque::new() }
    }

    /// Sets how many instructions each turn has, from the next turn on.
    pub fn set_quantum(&mut self, quantum: u64) {
        self.quantum = quantum.max(1);
    }

    /// Adds a machine with a run that is prepared or has stopped. It comes after those that are there.
    pub fn add(&mut self, machine: Machine) -> TaskId {
        let id = TaskId(self.next_id);
        self.next_id += 1;
        self.queue.push_back((id, machine));
        id
    }

    /// Puts a machine back that was given back and can go on, as its request was answered with
    /// [`Machine::prepare_answer`] or its budget filled up. It comes after those that are there, under its old number.
    pub fn put_back(&mut self, id: TaskId, machine: Machine) {
        self.queue.push_back((id, machine));
    }

    /// How many machines are there.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no machine is there.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The machines, in the order of their turns.
    pub fn machines(&self) -> impl Iterator<Item = (TaskId, &Machine)> {
        self.queue.iter().map(|(id, machine)| (*id, machine))
    }

    /// Gives one machine its turn. Gives it back if its run has ended, waits for the host or has used up its own
    /// budget.
    pub fn turn(&mut self) -> Option<Task> {
        let (id, mut machine) = self.queue.pop_front()?;
        match resume_for(&mut machine, self.quantum) {
            Some(state) => Some(Task { id, machine, state }),
            None => {
                self.queue.push_back((id, machine));
                None
            }
        }
    }

    /// Gives turns until a machine is to be given back; none when there are no machines left.
    pub fn run(&mut self) -> Option<Task> {
        while !self.is_empty() {
            if let Some(task) = self.turn() {
                return Some(task);
            }
        }
        None
    }
}

impl Task {
    /// What the run waits for, if it does.
    pub fn request(&self) -> Option<&dyn HostRequest> {
        self.state.request()
    }
}

/// Goes on with the run at work for a quantum of instructions, within the machine's budget; none when it is only its turn
/// that has ended.
pub(crate) fn resume_for(machine: &mut Machine, quantum: u64) -> Option<RunState> {
    let budget = machine.fuel();
    let slice = budget.map_or(quantum, |budget| budget.min(quantum));
    machine.set_fuel(Some(slice));
    let state = machine.resume();
    let used = slice - machine.fuel().unwrap_or(0);
    machine.set_fuel(budget.map(|budget| budget - used));
    let is_turn_over = matches!(state, RunState::OutOfFuel) && budget != Some(used);
    (!is_turn_over).then_some(state)
}
