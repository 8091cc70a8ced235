//! Several tasks in one machine: what embedders do with them.

use crate::api::inspect::Frames;
use crate::api::machine::Machine;
use crate::heap::OutOfMemory;
use crate::runtime::context::{Context, Status};
use crate::runtime::fiber::Fiber;
use crate::runtime::fiber::FiberState;
use crate::runtime::frames::Reader;
use crate::runtime::host::HostCall;
use crate::runtime::stack_memory::FIRST_WORDS;
use crate::runtime::switch;
use crate::runtime::task::Run;
use crate::runtime::task::RunActivity;
use crate::runtime::task::RunId;
use crate::value::Value;
use std::ptr::null_mut;

impl Context {
    /// Adds a run that will call a function, see [`Machine::spawn`].
    fn spawn(&mut self, function: Value, arguments: &[Value]) -> Result<RunId, OutOfMemory> {
        // Programs are let through here, as their next step collects; a host may never come to one.
        let bytes = FIRST_WORDS * 8 + size_of::<Fiber>();
        if self.heap.room_bytes() < bytes {
            return Err(OutOfMemory { bytes });
        }
        let fiber = switch::create(self, function)?;
        let cell = fiber.as_fiber().expect("it was just made");
        // SAFETY: it was just made.
        unsafe { Fiber::of(cell) }.state = FiberState::Parked;
        let run = Run { fiber: cell, main_fiber: cell, values: arguments.to_vec(), may_yield: true, ..Run::default() };
        Ok(self.runs.add(run, Status::Running))
    }
}

impl HostCall<'_> {
    /// As [`Machine::spawn`], while a function of the host is at work.
    ///
    /// # Errors
    /// As for [`Machine::spawn`].
    pub fn spawn(&mut self, function: Value, arguments: &[Value]) -> Result<RunId, OutOfMemory> {
        self.cx.spawn(function, arguments)
    }
}

/// Several runs in one machine. [`FiberScheduler`](crate::raw::FiberScheduler) gives them turns.
impl Machine {
    /// Adds a run that will call a function. It is suspended, and nothing of it runs yet. Where no fiber of its own has resumed
    /// it, it may yield to the host, see [`RunState::Yielded`](crate::raw::RunState::Yielded).
    ///
    /// # Errors
    /// When there is no memory for its fiber.
    pub fn spawn(&mut self, function: Value, arguments: &[Value]) -> Result<RunId, OutOfMemory> {
        self.cx.spawn(function, arguments)
    }

    /// Suspends the run at work, if there is one whose end was not reported yet; then there is none. It goes on another time,
    /// after [`switch_to`](Self::switch_to), as if nothing had happened. Meanwhile it keeps what it uses alive.
    ///
    /// It is brought to its next instruction: what host functions do before that happens now. If it ends there or waits for
    /// the host, it says so when it is switched to and resumed.
    pub fn suspend(&mut self) -> Option<RunId> {
        self.cx.suspend()
    }

    /// Makes a run that is suspended the one at work, for [`resume`](Self::resume), [`step`](Self::step),
    /// [`frames`](Self::frames), [`answer`](Self::answer) and all the others. The one that was at work is suspended, if it
    /// can go on. True also when it is at work already; false when there is no such run any more.
    pub fn switch_to(&mut self, id: RunId) -> bool {
        if self.is_at_work() && self.run_id() == Some(id) {
            return true;
        }
        if !self.cx.runs.parked.contains_key(&id) {
            return false;
        }
        self.cx.suspend();
        self.cx.drop_present();
        let parked = self.cx.runs.parked.remove(&id).expect("it is suspended");
        self.cx.switch_to(*parked);
        true
    }

    /// Drops a run that is suspended: its fibers are dead, and nothing of it is cleaned up. False when there is no such run.
    pub fn drop_run(&mut self, id: RunId) -> bool {
        let Some(mut parked) = self.cx.runs.parked.remove(&id) else { return false };
        parked.run.end_fibers();
        true
    }

    /// Whether there is a run at work whose end was not told yet.
    fn is_at_work(&self) -> bool {
        self.cx.run.is_unreported
    }

    /// The number of the run at work, if it was suspended before.
    pub fn run_id(&self) -> Option<RunId> {
        self.cx.run.id
    }

    /// The runs that are suspended, in the order in which they were put there.
    pub fn runs(&self) -> Vec<RunId> {
        self.cx.runs.in_order().into_iter().map(|(id, _)| id).collect()
    }

    /// What a suspended run will do.
    pub fn run_activity(&self, id: RunId) -> Option<RunActivity> {
        self.cx.runs.parked.get(&id).map(|parked| parked.activity())
    }

    /// The frames of a run that is suspended, as [`frames`](Self::frames) shows those of the one at work. None for others.
    pub fn frames_of_run(&self, id: RunId) -> Frames<'_> {
        let top = |run: &Run| if run.suspended.is_null() { run.fiber } else { run.suspended };
        let fiber = self.cx.runs.parked.get(&id).map_or(null_mut(), |parked| top(&parked.run));
        Frames::of(Reader::of_parked(&self.cx, fiber))
    }
}
