//! What a machine knows of its runs: the one at work, and those that are suspended.

use crate::heap::FiberCell;
use crate::runtime::context::Status;
use crate::runtime::failure::Failure;
use crate::runtime::fiber::Fiber;
use crate::runtime::fiber::FiberState;
use crate::runtime::host::HostRequest;
use crate::threaded::Flow;
use crate::threaded::Pc;
use crate::threaded::Regs;
use crate::value::Value;
use minivm_isa::TrapCode;
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// A run of a machine that is suspended or was. Numbers count up and are never used again, also not after a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub(crate) u64);

impl RunId {
    /// The number: 0 for the run that was suspended first.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a run that is suspended will do when it is switched to and goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunActivity {
    /// It begins.
    New,
    /// It does its next instruction.
    Ready,
    /// It waits for the host, whose answer it wants first.
    Waiting,
    /// It has yielded to the host, and goes on with what that answers.
    Yielded,
    /// It unwinds its stack, as it has stopped at an error that nobody catches.
    Raised,
    /// It had ended when it was suspended, and says how.
    Ended,
}

/// What belongs to a run and lies on none of its stacks.
pub(crate) struct Run {
    /// Its number, if it was suspended before.
    pub(crate) id: Option<RunId>,
    /// The running fiber; null when there is no run.
    pub(crate) fiber: *mut FiberCell,
    /// The fiber that the host started.
    pub(crate) main_fiber: *mut FiberCell,
    /// Fibers in the chain of resumes.
    pub(crate) fiber_depth: u32,
    /// Calls that the machine makes for others, nested in one another, see [`Context::nest`].
    pub(crate) nesting: u32,
    /// The arguments of a run that has not begun; the results of one that has finished.
    pub(crate) values: Vec<Value>,
    /// The error nobody caught, and where it happened.
    pub(crate) failure: Option<Failure>,
    /// The trap behind the error that is being raised.
    pub(crate) pending_trap: Option<TrapCode>,
    /// What a host function waits for, until the host is told.
    pub(crate) request: Option<Box<dyn HostRequest>>,
    /// Words that handlers may use on top of a full stack, while an error is being handled there.
    pub(crate) overflow_words: usize,
    /// The fiber of the message handler that handles it, and how high the handler's record lies, in words.
    pub(crate) overflow_handler: Option<(*mut FiberCell, usize)>,
    /// The fiber on which a finaliser runs, so that they do not nest; null while none does.
    pub(crate) finaliser_in: *mut FiberCell,
    /// The status with which the program ends when the main fiber has cleaned up.
    pub(crate) exit: Option<i32>,
    /// The traceback of an error that ends the run, while it cleans up.
    pub(crate) trace: Option<String>,
    /// Whether it has stopped at an error that nobody catches.
    pub(crate) uncaught: Uncaught,
    /// Whether the host is still to be told how it ends.
    pub(crate) is_unreported: bool,
    /// Whether its main fiber may yield to the host.
    pub(crate) may_yield: bool,
    /// The main fiber while it has yielded to the host: then it is suspended as any other. Else null.
    pub(crate) suspended: *mut FiberCell,
    /// Whether the host is still to be told that it has yielded.
    pub(crate) is_yield_unreported: bool,
    /// What the instruction that it stands before has done already.
    pub(crate) work: Option<Box<Work>>,
    /// Units of work that is done and not paid for.
    pub(crate) owed: i64,
}

impl Default for Run {
    fn default() -> Self {
        Run {
            id: None,
            fiber: null_mut(),
            main_fiber: null_mut(),
            fiber_depth: 0,
            nesting: 0,
            values: Vec::new(),
            failure: None,
            pending_trap: None,
            request: None,
            overflow_words: 0,
            overflow_handler: None,
            finaliser_in: null_mut(),
            exit: None,
            trace: None,
            uncaught: Uncaught::Never,
            is_unreported: false,
            may_yield: false,
            suspended: null_mut(),
            is_yield_unreported: false,
            work: None,
            owed: 0,
        }
    }
}

impl Run {
    /// The values that it keeps alive besides its fibers.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Value> + '_ {
        let failed = match &self.failure {
            Some(Failure::Error { value, .. }) => Some(*value),
            Some(Failure::Exit(_)) | None => None,
        };
        let raised = match self.uncaught {
            Uncaught::Stopped(error) => Some(error),
            Uncaught::Never | Uncaught::GoneOn => None,
        };
        // SAFETY: the fiber of a message handler is kept by this.
        let handles = self.overflow_handler.map(|(cell, _)| unsafe { Value::from_fiber(cell) });
        // SAFETY: a fiber that has yielded is kept by this.
        let suspended = (!self.suspended.is_null()).then(|| unsafe { Value::from_fiber(self.suspended) });
        let made = self.work.as_ref().map(|work| work.object);
        self.values.iter().copied().chain(failed).chain(raised).chain(handles).chain(suspended).chain(made)
    }

    /// Its fibers, from the running one to the main one.
    pub(crate) fn fibers(&self) -> impl Iterator<Item = *mut FiberCell> {
        let first = (!self.fiber.is_null()).then_some(self.fiber);
        std::iter::successors(first, |&cell| {
            // SAFETY: the fibers of a run live as long as the context holds it.
            let resumer = unsafe { Fiber::of(cell) }.resumer;
            (!resumer.is_null()).then_some(resumer)
        })
    }

    /// The run is over: its fibers are dead.
    pub(crate) fn end_fibers(&mut self) {
        let fibers: Vec<*mut FiberCell> = self.fibers().collect();
        for cell in fibers {
            // SAFETY: as for `fibers`.
            let fiber = unsafe { Fiber::of(cell) };
            (fiber.state, fiber.failed, fiber.resumer) = (FiberState::Dead, false, null_mut());
        }
    }
}

/// A run that is suspended.
pub(crate) struct Parked {
    pub(crate) run: Run,
    /// How it has stopped.
    pub(crate) status: Status,
    /// How many were suspended before it.
    pub(crate) order: u64,
}

impl Parked {
    pub(crate) fn activity(&self) -> RunActivity {
        match (self.status, self.run.uncaught) {
            (Status::Running, _) => RunActivity::New,
            (Status::OutOfFuel | Status::Stepped, _) => RunActivity::Ready,
            (Status::Waiting, _) => RunActivity::Waiting,
            (Status::Yielded, _) => RunActivity::Yielded,
            (Status::Failed, Uncaught::Stopped(_)) => RunActivity::Raised,
            (Status::Failed | Status::Finished, _) => RunActivity::Ended,
        }
    }
}

/// The runs that are suspended, by number.
#[derive(Default)]
pub(crate) struct Runs {
    pub(crate) parked: BTreeMap<RunId, Box<Parked>>,
    /// The next number.
    pub(crate) next_id: u64,
    next_order: u64,
}

impl Runs {
    /// All of them, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.parked.values().map(|parked| &parked.run)
    }

    /// All of them with their numbers, in the order in which they were suspended.
    pub(crate) fn in_order(&self) -> Vec<(RunId, &Parked)> {
        let mut all: Vec<(RunId, &Parked)> = self.parked.iter().map(|(&id, parked)| (id, &**parked)).collect();
        all.sort_unstable_by_key(|(_, parked)| parked.order);
        all
    }

    /// Puts one aside, after those that are there.
    pub(crate) fn add(&mut self, mut run: Run, status: Status) -> RunId {
        let id = run.id.unwrap_or_else(|| {
            self.next_id += 1;
            RunId(self.next_id - 1)
        });
        run.id = Some(id);
        self.parked.insert(id, Box::new(Parked { run, status, order: self.next_order }));
        self.next_order += 1;
        id
    }
}

/// Whether a run has stopped for an error that nobody catches.
#[derive(Clone, Copy, Default)]
pub(crate) enum Uncaught {
    /// It has not.
    #[default]
    Never,
    /// It has stopped where this one was raised, and nothing is unwound.
    Stopped(Value),
    /// It went on from there: the stack is being unwound, and it does not stop again.
    GoneOn,
}

/// A call that waits until the native stack is free again. A host function that calls a host function that calls a host
/// function would otherwise nest there.
pub(crate) struct PendingCall {
    pub(crate) callee: Value,
    pub(crate) new: Regs,
    pub(crate) count: usize,
    pub(crate) place: Pc,
    pub(crate) at: Flow,
}

/// How far the instruction that a run stands before has got.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// Units that are paid, or done.
    pub(crate) done: u64,
    /// What it makes, if it has begun to.
    pub(crate) object: Value,
    /// Whether the instruction has begun again.
    pub(crate) has_begun: bool,
}
