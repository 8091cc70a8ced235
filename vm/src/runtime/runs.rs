//! Several runs in one machine: one is at work, the others are suspended.
//!
//! A run is a main fiber with those that it has resumed, one from another. They all share heap, globals and memories. What
//! belongs to one run and has no place on its stacks is a [`Run`]; the one at work has its own in the context. A run is put
//! aside where it stands between two instructions, in baseline code, waits for the host, or has stopped at an error: then its
//! running fiber keeps where it goes on, as a suspended one does. Programs cannot resume, close or wrap it there.

use super::stepping;
use super::walk::{Level, Walk};
use crate::runtime::context::{Context, Status};
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::task::Parked;
use crate::runtime::task::Run;
use crate::runtime::task::RunId;
use crate::runtime::task::Uncaught;
use crate::threaded::Flow;
use crate::threaded::continuation::Continuation;
use crate::threaded::continuation::ContinuationKind;
use crate::threaded::stack_map::takes_open;
use std::ptr::null_mut;

// What a run costs besides its fiber and its stack, which are charged to the program.
const _: () = assert!(size_of::<Parked>() <= 272);

impl Context {
    /// Brings a run that can go on to where it stands before a canonical instruction in baseline code, unless it comes to an
    /// end or waits before that. Says whether it stands.
    pub(crate) fn stand(&mut self) -> bool {
        // What is owed must not stop it on the way.
        let owed = self.fuel.min(0);
        self.fuel -= owed;
        while matches!(self.status, Status::Running | Status::OutOfFuel | Status::Stepped) && !self.stands() {
            self.stepping = true;
            self.steps = 0;
            self.hooks.is_on = self.hooks.count.get() > 0;
            self.hooks.steps_left = 0;
            self.run_once(0);
            self.stepping = false;
            self.hooks.is_on = false;
        }
        self.fuel += owed;
        matches!(self.status, Status::Running | Status::OutOfFuel | Status::Stepped)
    }

    /// Takes the state of a run to baseline code; says whether that is a canonical instruction.
    fn stands(&mut self) -> bool {
        let flow = Flow { pc: self.pc, regs: self.regs };
        // SAFETY: the saved state is that of the run.
        let flow = unsafe {
            match self.status {
                Status::OutOfFuel => stepping::stopped_to_baseline(self, flow),
                _ => stepping::to_baseline(self, flow),
            }
        };
        (self.pc, self.regs) = (flow.pc, flow.regs);
        if self.is_machine_place(self.pc) {
            return self.is_paused();
        }
        // SAFETY: the running frame is a guest's.
        let (_, guest) = unsafe { stepping::function_of(self.regs) };
        let Some(baseline) = guest.baseline() else { return false };
        let here = guest.canonical(self.pc);
        let block = guest.portable().block_of(here);
        let begins = guest.portable().block_range(block).start == here && baseline.block(block) == self.pc;
        begins || baseline.place_of(here) == self.pc
    }

    /// Whether the run stands before a state of a host function.
    pub(crate) fn is_paused(&self) -> bool {
        // SAFETY: the saved state is that of the run, and a continuation is at that place.
        let is_paused = self.pc == self.continuation_return()
            && unsafe { Continuation::at(self.regs).kind } == ContinuationKind::Paused;
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
    pub(crate) fn suspend(&mut self) -> Option<RunId> {
        match (self.status, self.run.uncaught) {
            (Status::Running | Status::OutOfFuel | Status::Stepped, _) => _ = self.stand(),
            (Status::Waiting | Status::Yielded, _) | (Status::Failed, Uncaught::Stopped(_)) => {}
            // A call of a host function may have ended when it was prepared.
            (Status::Finished | Status::Failed, _) if self.run.is_unreported => {}
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
            return self.is_paused();
        }
        // SAFETY: the saved state is that of the run.
        let level = unsafe { Walk::new(self, Flow { pc: self.pc, regs: self.regs }, false).next() };
        matches!(level, Some((Level::Guest { guest, instruction, .. }, _))
            if takes_open(&guest.portable().code[instruction]))
    }

    /// Makes a run that is suspended the one at work; there is none now.
    pub(crate) fn switch_to(&mut self, parked: Parked) {
        let Parked { run, status, .. } = parked;
        let cell = run.fiber;
        self.run = run;
        self.run.is_unreported = true;
        self.is_abandoned = false;
        self.status = status;
        if cell.is_null() {
            return;
        }
        // SAFETY: the fiber of a run lives, and its state is as it was when it was suspended.
        unsafe {
            crate::runtime::collect::before_resume(self, cell);
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
