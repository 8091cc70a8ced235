//! Many runs of one machine in turn.

use super::resume_for;
use crate::api::machine::Machine;
use crate::api::run::RunState;
use crate::heap::OutOfMemory;
use crate::runtime::host::HostRequest;
use crate::runtime::task::RunId;
use crate::value::Value;
use std::collections::VecDeque;

/// A run that has ended, waits for the host, has yielded to it or has no budget left. It is the one at work in
/// the machine, until the next turn.
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
    /// When there is no memory for its fiber.
    pub fn spawn(&mut self, machine: &mut Machine, function: Value, arguments: &[Value]) -> Result<RunId, OutOfMemory> {
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
    /// up. Runs that the
    /// machine does not have any more are passed over.
    pub fn turn(&mut self, machine: &mut Machine) -> Option<FiberTask> {
        let id = loop {
            let id = self.queue.pop_front()?;
            if machine.switch_to(id) {
                break id;
            }
        };
        if let Some(state) = resume_for(machine, self.quantum) {
            return Some(FiberTask { id, state });
        }
        machine.suspend();
        self.queue.push_back(id);
        None
    }

    /// Gives turns until there is something to tell of a run; none when there are no runs left.
    pub fn run(&mut self, machine: &mut Machine) -> Option<FiberTask> {
        while !self.is_empty() {
            if let Some(task) = self.turn(machine) {
                return Some(task);
            }
        }
        None
    }
}
