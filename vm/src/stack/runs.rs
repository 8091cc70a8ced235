//! Several runs in one machine: one is at work, the others are aside.
//!
//! A run is a main fiber with those that it has resumed, one from another. They all share heap, globals and memories. What
//! belongs to one run and has no place on its stacks is a [`Run`]; the one at work has its own in the context. A run is put
//! aside where it stands between two instructions, in plain code, waits for the host, or has stopped at an error: then its
//! running fiber keeps where it goes on, as a suspended one does. Programs cannot resume, close or wrap it there.

use super::memory::FIRST_WORDS;
use super::record::{Record, RecordKind};
use super::stepping;
use super::switch;
use super::uncaught::Uncaught;
use super::walk::{Level, Walk};
use super::work::Work;
use crate::context::{Context, Status};
use crate::dispatch::Flow;
use crate::error::Failure;
use crate::fiber::{Fiber, FiberState};
use crate::heap::{FiberCell, OutOfMemory};
use crate::host::HostRequest;
use crate::inspect::Frames;
use crate::loader::frame_map::takes_open;
use crate::machine::Machine;
use crate::stack::frames::Reader;
use crate::value::Value;
use minivm_isa::TrapCode;
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// A run of a machine that is aside or was. Numbers count up and are never used again, also not after a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub(crate) u64);

impl RunId {
    /// The number: 0 for the run that was put aside first.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a run that is aside will do when it is taken up and goes on.
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
    /// It has ended when it was put aside, and says how.
    Ended,
}

/// What belongs to a run and lies on none of its stacks.
pub(crate) struct Run {
    /// Its number, if it was aside before.
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
    pub(crate) is_untold: bool,
    /// Whether its main fiber may yield to the host.
    pub(crate) may_yield: bool,
    /// The main fiber while it has yielded to the host: then it is suspended as any other. Else null.
    pub(crate) suspended: *mut FiberCell,
    /// Whether the host is still to be told that it has yielded.
    pub(crate) is_yield_untold: bool,
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
            is_untold: false,
            may_yield: false,
            suspended: null_mut(),
            is_yield_untold: false,
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

/// A run that is aside.
pub(crate) struct Parked {
    pub(crate) run: Run,
    /// How it has stopped.
    pub(crate) status: Status,
    /// How many were put aside before it.
    pub(crate) order: u64,
}

impl Parked {
    fn activity(&self) -> RunActivity {
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

// What a run costs besides its fiber and its stack, which are charged to the program.
const _: () = assert!(size_of::<Parked>() <= 272);

/// The runs that are aside, by number.
#[derive(Default)]
pub(crate) struct Runs {
    parked: BTreeMap<RunId, Box<Parked>>,
    /// The next number.
    pub(crate) next_id: u64,
    next_order: u64,
}

impl Runs {
    /// All of them, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.parked.values().map(|parked| &parked.run)
    }

    /// All of them with their numbers, in the order in which they were put aside.
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

impl Context {
    /// Brings a run that can go on to where it stands before a canonical instruction in plain code, unless it comes to an
    /// end or waits before that. Says whether it stands.
    pub(crate) fn stand(&mut self) -> bool {
        // What is owed must not stop it on the way.
        let owed = self.fuel.min(0);
        self.fuel -= owed;
        while matches!(self.status, Status::Running | Status::OutOfFuel | Status::Stepped) && !self.stands() {
            self.stepping = true;
            self.steps = 0;
            self.run_once(0);
            self.stepping = false;
        }
        self.fuel += owed;
        matches!(self.status, Status::Running | Status::OutOfFuel | Status::Stepped)
    }

    /// Takes the state of a run to plain code; says whether that is a canonical instruction.
    fn stands(&mut self) -> bool {
        let flow = Flow { pc: self.pc, regs: self.regs };
        // SAFETY: the saved state is that of the run.
        let flow = unsafe {
            match self.status {
                Status::OutOfFuel => stepping::stopped_to_plain(self, flow),
                _ => stepping::to_plain(self, flow),
            }
        };
        (self.pc, self.regs) = (flow.pc, flow.regs);
        if self.is_machine_place(self.pc) {
            return self.is_paused();
        }
        // SAFETY: the running frame is a guest's.
        let (_, guest) = unsafe { stepping::function_of(self.regs) };
        let Some(plain) = guest.plain.get() else { return false };
        let here = guest.canonical(self.pc);
        let block = guest.portable().block_of(here);
        let begins = guest.portable().block_range(block).start == here && plain.block(block) == self.pc;
        begins || plain.place_of(here) == self.pc
    }

    /// Whether the run stands before a state of a host function.
    pub(crate) fn is_paused(&self) -> bool {
        // SAFETY: the saved state is that of the run, and a record is at that place.
        let is_paused = self.pc == self.record_return() && unsafe { Record::at(self.regs).kind } == RecordKind::Paused;
        is_paused && self.pending_call.is_none()
    }

    /// Forgets the run at work.
    pub(crate) fn drop_present(&mut self) {
        self.run.end_fibers();
        self.leave();
    }

    /// Leaves the run at work, so that there is none; gives what belongs to it, and how it had stopped.
    fn leave(&mut self) -> (Run, Status) {
        (self.pc, self.regs) = (std::ptr::null(), null_mut());
        (self.pending_error, self.pending_call) = (None, None);
        (std::mem::take(&mut self.run), std::mem::replace(&mut self.status, Status::Finished))
    }

    /// Forgets all runs.
    pub(crate) fn drop_all_runs(&mut self) {
        self.drop_present();
        for (_, mut parked) in std::mem::take(&mut self.runs.parked) {
            parked.run.end_fibers();
        }
    }

    /// Puts the run at work aside, if there is one that has not told its end.
    fn park(&mut self) -> Option<RunId> {
        match (self.status, self.run.uncaught) {
            (Status::Running | Status::OutOfFuel | Status::Stepped, _) => _ = self.stand(),
            (Status::Waiting | Status::Yielded, _) | (Status::Failed, Uncaught::Stopped(_)) => {}
            // A call of a host function may have ended when it was prepared.
            (Status::Finished | Status::Failed, _) if self.run.is_untold => {}
            (Status::Finished | Status::Failed, _) => return None,
        }
        Some(self.put_aside())
    }

    /// Puts the run at work aside, which stands, waits, or has stopped or ended.
    pub(crate) fn put_aside(&mut self) -> RunId {
        let is_raised = matches!(self.run.uncaught, Uncaught::Stopped(_));
        // One that has yielded has no fiber at work.
        let is_at_work = is_raised || !matches!(self.status, Status::Finished | Status::Failed | Status::Yielded);
        if is_at_work {
            let takes_open = !is_raised && self.takes_open();
            let (pc, regs, open_count) = (self.pc, self.regs, self.open_count);
            let fiber = self.running();
            fiber.save(pc, regs);
            (fiber.state, fiber.failed) = (FiberState::Parked, is_raised);
            fiber.open_count = u32::try_from(if takes_open { open_count } else { 0 }).expect("it is on a stack");
        } else {
            self.run.end_fibers();
            (self.run.fiber, self.run.main_fiber) = (null_mut(), null_mut());
        }
        let (run, status) = self.leave();
        // Only a run that has not begun says that it runs.
        self.runs.add(run, if status == Status::Running { Status::Stepped } else { status })
    }

    /// Whether the run stands before an instruction that takes the open list.
    fn takes_open(&self) -> bool {
        if self.is_machine_place(self.pc) {
            return false;
        }
        // SAFETY: the saved state is that of the run.
        let level = unsafe { Walk::new(self, Flow { pc: self.pc, regs: self.regs }, false).next() };
        matches!(level, Some((Level::Guest { guest, instruction, .. }, _))
            if takes_open(&guest.portable().code[instruction]))
    }

    /// Makes a run that is aside the one at work; there is none now.
    fn take_up(&mut self, parked: Parked) {
        let Parked { run, status, .. } = parked;
        let cell = run.fiber;
        self.run = run;
        self.run.is_untold = true;
        self.is_abandoned = false;
        self.status = status;
        if cell.is_null() {
            return;
        }
        // SAFETY: the fiber of a run lives, and its state is as it was put aside.
        unsafe {
            crate::collect::before_resume(self, cell);
            let fiber = Fiber::of(cell);
            if fiber.pc.is_null() {
                let arguments = std::mem::take(&mut self.run.values);
                return self.enter_main(cell, &arguments);
            }
            (fiber.state, fiber.failed) = (FiberState::Running, false);
            self.open_count = std::mem::take(&mut fiber.open_count) as usize;
            (self.pc, self.regs) = (fiber.pc, fiber.saved_regs());
            (self.stack_start, self.stack_end) = (fiber.stack.start(), fiber.stack.limit());
        }
    }
}

/// Several runs in one machine. [`FiberScheduler`](crate::FiberScheduler) gives them turns.
impl Machine {
    /// Adds a run that will call a function. It is aside, and nothing of it runs yet. Where no fiber of its own has resumed
    /// it, it may yield to the host, see [`RunState::Yielded`](crate::RunState::Yielded).
    ///
    /// # Errors
    /// When there is no memory for its fiber.
    pub fn spawn(&mut self, function: Value, arguments: &[Value]) -> Result<RunId, OutOfMemory> {
        // Programs are let through here, as their next step collects; a host may never come to one.
        let bytes = FIRST_WORDS * 8 + size_of::<Fiber>();
        if self.cx.heap.room_bytes() < bytes {
            return Err(OutOfMemory { bytes });
        }
        let fiber = switch::create(&mut self.cx, function)?;
        let cell = fiber.as_fiber().expect("it was just made");
        // SAFETY: it was just made.
        unsafe { Fiber::of(cell) }.state = FiberState::Parked;
        let run = Run { fiber: cell, main_fiber: cell, values: arguments.to_vec(), may_yield: true, ..Run::default() };
        Ok(self.cx.runs.add(run, Status::Running))
    }

    /// Puts the run at work aside, if there is one whose end was not told yet; then there is none. It goes on another time,
    /// after [`take_up`](Self::take_up), as if nothing had happened. Meanwhile it keeps what it uses alive.
    ///
    /// It is brought to its next instruction: what host functions do before that happens now. If it ends there or waits for
    /// the host, it says so when it is taken up and resumed.
    pub fn park(&mut self) -> Option<RunId> {
        self.cx.park()
    }

    /// Makes a run that is aside the one at work, for [`resume`](Self::resume), [`step`](Self::step),
    /// [`frames`](Self::frames), [`answer`](Self::answer) and all the others. The one that was at work is put aside, if it
    /// can go on. True also when it is at work already; false when there is no such run any more.
    pub fn take_up(&mut self, id: RunId) -> bool {
        if self.is_at_work() && self.run_id() == Some(id) {
            return true;
        }
        if !self.cx.runs.parked.contains_key(&id) {
            return false;
        }
        self.cx.park();
        self.cx.drop_present();
        let parked = self.cx.runs.parked.remove(&id).expect("it is aside");
        self.cx.take_up(*parked);
        true
    }

    /// Drops a run that is aside: its fibers are dead, and nothing of it is cleaned up. False when there is no such run.
    pub fn drop_run(&mut self, id: RunId) -> bool {
        let Some(mut parked) = self.cx.runs.parked.remove(&id) else { return false };
        parked.run.end_fibers();
        true
    }

    /// Whether there is a run at work whose end was not told yet.
    fn is_at_work(&self) -> bool {
        self.cx.run.is_untold
    }

    /// The number of the run at work, if it was aside before.
    pub fn run_id(&self) -> Option<RunId> {
        self.cx.run.id
    }

    /// The runs that are aside, in the order in which they were put there.
    pub fn runs(&self) -> Vec<RunId> {
        self.cx.runs.in_order().into_iter().map(|(id, _)| id).collect()
    }

    /// What a run will do that is aside.
    pub fn run_activity(&self, id: RunId) -> Option<RunActivity> {
        self.cx.runs.parked.get(&id).map(|parked| parked.activity())
    }

    /// The frames of a run that is aside, as [`frames`](Self::frames) shows those of the one at work. None for others.
    pub fn frames_of_run(&self, id: RunId) -> Frames<'_> {
        let top = |run: &Run| if run.suspended.is_null() { run.fiber } else { run.suspended };
        let fiber = self.cx.runs.parked.get(&id).map_or(null_mut(), |parked| top(&parked.run));
        Frames::of(Reader::of_parked(&self.cx, fiber))
    }
}
