//! Fibers: a stack each, and the state to go on with when they are suspended.

use crate::heap::FiberCell;
use crate::runtime::function::FunctionInfo;
use crate::runtime::hook::Hook;
use crate::runtime::stack_memory::StackMemory;
use crate::threaded::continuation::CONTINUATION_DELTA;
use crate::threaded::operands::get_any;
use crate::threaded::{Pc, Regs};
use crate::value::Value;

/// What a fiber does.
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// use minivm::{FiberState, Limits, Machine};
/// let mut machine = Machine::new(Limits::default());
/// let states = machine.host_function("states", |call| {
///     let (fiber, (running, _)) = (call.new_fiber(call.arg(0))?, call.running_fiber());
///     assert_eq!(call.fiber_state(fiber), Some(FiberState::Suspended));         // it has not run, and waits to be resumed
///     assert_eq!(call.fiber_state(running), Some(FiberState::Running));
///     assert_eq!(call.fiber_state(call.arg(0)), None);                          // a function is no fiber
///     call.return_none()
/// })?;
/// machine.call(&states, &[states.clone()])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiberState {
    /// It waits to be resumed.
    Suspended,
    /// It runs.
    Running,
    /// It has resumed another one.
    Normal,
    /// It is at work in a run that is suspended, see [`Machine::suspend`](crate::raw::Machine::suspend); for programs it is as those that
    /// have resumed another one.
    Parked,
    /// It has returned, failed or was closed.
    Dead,
}

/// A fiber.
pub(crate) struct Fiber {
    pub(crate) stack: StackMemory,
    pub(crate) state: FiberState,
    /// Where it goes on, unless it runs: after a call, but before an instruction if it is parked or has failed. A fiber that
    /// never ran has no `pc`; its callee waits at the start of its stack.
    pub(crate) pc: Pc,
    /// As a distance in words from the start of the stack.
    pub(crate) regs: usize,
    /// The fiber that resumed it.
    pub(crate) resumer: *mut FiberCell,
    /// Set while it is being closed: at this height of the stack, in words, and below only clean-up regions run.
    pub(crate) closing_height: Option<usize>,
    /// The fiber was stopped by an error and keeps its stack: for a traceback, or, parked, to go on from there.
    pub(crate) failed: bool,
    /// Values in the open list that the next instruction of a parked fiber takes.
    pub(crate) open_count: u32,
    /// The host function that has suspended it last; functions live as long as the machine.
    pub(crate) suspended_in: *const FunctionInfo,
    /// What is called at events of its run.
    pub(crate) hook: Option<Box<Hook>>,
    /// Heights of frames that stay in baseline code, as somebody has set a variable of theirs to what their code does not expect.
    pub(crate) pinned: Vec<usize>,
}

impl Fiber {
    /// The callee that waits on its stack if it never ran.
    ///
    /// # Safety
    /// The fiber never ran.
    pub(crate) unsafe fn waiting_callee(&self) -> Value {
        // SAFETY: whoever made it put it there.
        unsafe { get_any(self.stack.start(), CONTINUATION_DELTA - 2) }
    }

    /// A suspended fiber on this stack.
    pub(crate) fn new(stack: StackMemory) -> Self {
        Fiber {
            stack,
            state: FiberState::Suspended,
            pc: std::ptr::null(),
            regs: 0,
            resumer: std::ptr::null_mut(),
            closing_height: None,
            failed: false,
            open_count: 0,
            suspended_in: std::ptr::null(),
            hook: None,
            pinned: Vec::new(),
        }
    }

    /// Whether the frame at this height stays in baseline code. Frames above it are gone.
    pub(crate) fn is_pinned(&mut self, height: usize) -> bool {
        self.pinned.retain(|&pinned| pinned <= height);
        self.pinned.contains(&height)
    }

    /// The state behind a cell.
    ///
    /// # Safety
    /// `cell` is a live fiber made by this machine, and no other reference to its state is in use.
    pub(crate) unsafe fn of<'a>(cell: *mut FiberCell) -> &'a mut Fiber {
        // SAFETY: the caller vouches for the cell, and the machine stores nothing else in one.
        unsafe { &mut *(*cell).state.cast::<Fiber>() }
    }

    /// Where the registers are that it goes on with.
    pub(crate) fn saved_regs(&self) -> Regs {
        self.stack.start().wrapping_add(self.regs)
    }

    /// Whether where it goes on is a return place.
    pub(crate) fn waits_for_call(&self) -> bool {
        !matches!(self.state, FiberState::Dead | FiberState::Parked)
    }

    /// Whether it goes on with an instruction that has not begun.
    pub(crate) fn stands_before_instruction(&self) -> bool {
        self.state == FiberState::Parked && !self.failed
    }

    /// Whether it is the one that a run began with.
    pub(crate) fn is_main(&self) -> bool {
        let is_in_a_run = matches!(self.state, FiberState::Running | FiberState::Normal | FiberState::Parked);
        is_in_a_run && self.resumer.is_null()
    }

    /// Saves the state to go on with.
    pub(crate) fn save(&mut self, pc: Pc, regs: Regs) {
        self.pc = pc;
        self.regs = (regs as usize - self.stack.start() as usize) / 8;
    }
}
