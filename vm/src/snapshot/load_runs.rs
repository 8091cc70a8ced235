//! The runs of a machine from bytes. All fibers were read before: each of them that runs, or waits for one that it has
//! resumed, belongs to one run.

use super::load::Loading;
use super::save_runs::run_kind;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::heap::FiberCell;
use crate::heap::transfer::HeapLoader;
use crate::runtime::context::Status;
use crate::runtime::failure::Failure;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::Body;
use crate::runtime::task::Uncaught;
use crate::runtime::task::Work;
use crate::runtime::task::{Run, RunId};
use crate::runtime::unwind::OVERFLOW_WORDS;
use crate::threaded::continuation::Continuation;
use crate::threaded::continuation::ContinuationKind;
use crate::threaded::stack_map::takes_open;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::collections::HashSet;

/// Words that handlers of errors may use on top of a full stack.
pub(crate) const OVERFLOW_WORDS_MAX: usize = OVERFLOW_WORDS;
/// Numbers of runs are below this.
const RUN_IDS_END: u64 = 1 << 60;
/// Units of work that a run may owe.
const OWED_MAX: i64 = 1 << 40;

impl Loading<'_> {
    /// Reads all runs.
    pub(crate) fn runs(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        from.label("run");
        let next_id = from.number()?;
        if next_id >= RUN_IDS_END {
            return Err(from.damaged("run counter out of range"));
        }
        // The fibers of the runs so far.
        let mut taken = HashSet::new();
        let mut numbers = HashSet::new();
        let mut new_number = |number: u64, from: &Reader<'_>| match number < next_id && numbers.insert(number) {
            true => Ok(Some(RunId(number))),
            false => Err(from.damaged("two runs share a number")),
        };
        for _ in 0..from.count()? {
            from.label("run");
            self.hold_lasting(2 * size_of::<Run>() as u64)?;
            let id = new_number(from.number()?, from)?;
            self.parked(id, &mut taken, cells, from)?;
        }
        match from.byte()? {
            run_kind::NONE => {}
            kind @ (run_kind::STANDS | run_kind::PAUSED | run_kind::RAISED | run_kind::WAITS | run_kind::YIELDED) => {
                let raised = if kind == run_kind::RAISED { Some(cells.value(from)?) } else { None };
                let has_id = from.flag()?;
                let number = from.number()?;
                let id = if has_id { new_number(number, from)? } else { None };
                if kind == run_kind::YIELDED {
                    self.cx.run = Run { is_unreported: true, ..self.yielded(cells, from)? };
                    self.cx.status = Status::Yielded;
                } else {
                    self.run((kind, raised), FiberState::Running, &mut taken, cells, from)?;
                }
                self.cx.run.id = id;
            }
            _ => return Err(from.damaged("unknown kind of run")),
        }
        if taken.len() != self.in_runs {
            return Err(from.damaged("a running fiber in a run that does not run"));
        }
        self.cx.runs.next_id = next_id;
        Ok(())
    }

    /// Reads a run that is suspended.
    fn parked(
        &mut self,
        id: Option<RunId>,
        taken: &mut HashSet<*mut FiberCell>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let kind = from.byte()?;
        let (run, status) = match kind {
            run_kind::STANDS | run_kind::PAUSED | run_kind::WAITS | run_kind::RAISED => {
                let raised = if kind == run_kind::RAISED { Some(cells.value(from)?) } else { None };
                self.run((kind, raised), FiberState::Parked, taken, cells, from)?;
                self.cx.run.id = id;
                self.cx.put_aside();
                return Ok(());
            }
            run_kind::NEW => {
                let cell: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
                // SAFETY: all fibers were read.
                let fiber = (!cell.is_null()).then(|| unsafe { Fiber::of(cell) });
                if !fiber.is_some_and(|fiber| fiber.state == FiberState::Parked && fiber.pc.is_null()) {
                    return Err(from.damaged("a run that has not started has frames"));
                }
                take_fiber(cell, taken, from)?;
                let values = self.values(cells, from)?;
                (Run { fiber: cell, main_fiber: cell, values, may_yield: true, ..Run::default() }, Status::Running)
            }
            run_kind::YIELDED => (self.yielded(cells, from)?, Status::Yielded),
            run_kind::FINISHED => {
                let values = self.values(cells, from)?;
                (Run { values, ..Run::default() }, Status::Finished)
            }
            run_kind::FAILED => {
                let (value, trap) = (cells.value(from)?, trap(from)?);
                let failure = Failure::Error { value, trap, trace: from.text()?.to_string() };
                (Run { failure: Some(failure), ..Run::default() }, Status::Failed)
            }
            run_kind::EXITED => {
                let failure = Failure::Exit(exit_status(from)?);
                (Run { failure: Some(failure), ..Run::default() }, Status::Failed)
            }
            _ => return Err(from.damaged("unknown kind of run")),
        };
        self.cx.runs.add(Run { id, ..run }, status);
        Ok(())
    }

    /// Reads a run that can go on, whose running fiber must be in this state, and makes it the one at work.
    fn run(
        &mut self,
        (kind, raised): (u8, Option<Value>),
        state: FiberState,
        taken: &mut HashSet<*mut FiberCell>,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let may_yield = from.flag()?;
        let main: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let cell: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        // SAFETY: all fibers were read.
        let fiber = (!cell.is_null()).then(|| unsafe { Fiber::of(cell) });
        let Some(fiber) = fiber.filter(|fiber| fiber.state == state && !fiber.pc.is_null()) else {
            return Err(from.damaged("the running fiber is not the one its run names"));
        };
        let stands = self.kind_of_stop(fiber);
        if fiber.failed != raised.is_some() || raised.is_none() && kind != stands {
            return Err(from.damaged("a run and its fiber disagree on how they stopped"));
        }
        let nesting = nesting(from)?;
        let (overflow_words, overflow_handler) = self.overflow(cells, from)?;
        let finaliser_in: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let exits = from.flag()?;
        let exit = exit_status(from)?;
        let pending_trap = trap(from)?;
        let trace = from.text()?;
        let owed = from.signed()?;
        if !(0..=OWED_MAX).contains(&owed) {
            return Err(from.damaged("a run owes more fuel than possible"));
        }
        let work = match from.flag()? {
            true => Some(Box::new(Work { done: from.number()?, object: cells.value(from)?, has_begun: false })),
            false => None,
        };
        if work.is_some() && kind != run_kind::STANDS {
            return Err(from.damaged("an unfinished instruction where none can be"));
        }
        let fiber_depth = chain(cell, main, taken, from)?;
        self.check_finaliser((cell, finaliser_in), from)?;
        self.cx.run = Run {
            fiber: cell,
            main_fiber: main,
            fiber_depth,
            nesting,
            overflow_words,
            overflow_handler,
            finaliser_in,
            exit: exits.then_some(exit),
            pending_trap,
            trace: (!trace.is_empty()).then(|| trace.to_string()),
            uncaught: raised.map_or(Uncaught::Never, Uncaught::Stopped),
            is_unreported: true,
            may_yield,
            work,
            owed,
            ..Run::default()
        };
        (self.cx.pc, self.cx.regs) = (fiber.pc, fiber.saved_regs());
        (self.cx.stack_start, self.cx.stack_end) = (fiber.stack.start(), fiber.stack.limit());
        (fiber.state, fiber.failed) = (FiberState::Running, false);
        self.cx.open_count = 0;
        self.cx.status = match kind {
            run_kind::RAISED => Status::Failed,
            run_kind::WAITS => Status::Waiting,
            _ => Status::Stepped,
        };
        if kind == run_kind::STANDS { self.open_list(cells, from) } else { Ok(()) }
    }

    /// The kind of run whose running fiber stands like this.
    fn kind_of_stop(&self, fiber: &Fiber) -> u8 {
        if !self.cx.is_machine_place(fiber.pc) {
            return run_kind::STANDS;
        }
        // SAFETY: the stack was built, with a continuation there.
        match unsafe { Continuation::at(fiber.saved_regs()).kind } {
            ContinuationKind::Paused => run_kind::PAUSED,
            _ => run_kind::WAITS,
        }
    }

    /// Reads by how much the stack may be larger while an overflow is handled, and where its handler runs.
    fn overflow(
        &self,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<(usize, Option<(*mut FiberCell, usize)>), SnapshotError> {
        let words = from.size()?;
        let fiber: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        let handler = self.overflow_handlers.get(&fiber).map(|&height| (fiber, height));
        let is_known = fiber.is_null() || handler.is_some() && words > 0;
        if matches!(words, 0 | OVERFLOW_WORDS) && is_known {
            Ok((words, handler))
        } else {
            Err(from.damaged("stack size out of range"))
        }
    }

    /// Whether a finaliser runs on the fiber that the run says, of those from the running one to the main one.
    fn check_finaliser(
        &self,
        (running, finaliser_in): (*mut FiberCell, *mut FiberCell),
        from: &Reader<'_>,
    ) -> Result<(), SnapshotError> {
        let mut is_known = finaliser_in.is_null();
        let mut at = running;
        while !at.is_null() {
            is_known |= at == finaliser_in;
            if self.finalising.contains(&at) && at != finaliser_in {
                return Err(from.damaged("a finaliser runs on the wrong fiber"));
            }
            // SAFETY: all fibers were read, and these are the chain of a run.
            at = unsafe { Fiber::of(at) }.resumer;
        }
        if is_known { Ok(()) } else { Err(from.damaged("a finaliser runs outside the fibers of its run")) }
    }

    /// Reads a list of values.
    fn values(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<Vec<Value>, SnapshotError> {
        let count = from.count()?;
        self.hold_lasting(size_of::<Value>() as u64 * count as u64)?;
        let mut values = Vec::new();
        values.reserve_exact(count);
        for _ in 0..count {
            values.push(cells.value(from)?);
        }
        Ok(values)
    }

    /// Reads a run that has yielded to the host.
    fn yielded(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<Run, SnapshotError> {
        let suspended: *mut FiberCell = cells.reference_to(Tag::FIBER, from)?.cast();
        if suspended.is_null() {
            return Err(from.damaged("a run has yielded without a fiber"));
        }
        let is_yield_unreported = from.flag()?;
        Ok(Run { suspended, is_yield_unreported, values: self.values(cells, from)?, may_yield: true, ..Run::default() })
    }

    /// The open list that the next instruction takes.
    fn open_list(&mut self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let values = self.values(cells, from)?;
        // No more room is made than the run had, so that its stack grows when it would have grown.
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: the run stands in a guest frame in baseline code, as `fiber` made sure; room is made for the values.
        unsafe {
            let Body::Guest(guest) =
                crate::runtime::deoptimise::body_of(crate::runtime::deoptimise::closure_at(self.cx.regs))
            else {
                return Err(from.damaged("the run is not inside a function"));
            };
            let here = guest.canonical(self.cx.pc);
            if !takes_open(&guest.portable().code[here]) {
                return Err(from.damaged("an open list is left that no instruction takes"));
            }
            let window = crate::compile::window_of(guest);
            let top = self.cx.regs.add(window);
            let regs = self.cx.reserve(self.cx.regs, top, 2 * values.len()).ok_or(SnapshotError::OutOfMemory)?;
            self.cx.regs = regs;
            for (index, &value) in values.iter().enumerate() {
                crate::threaded::operands::set_any(regs, window + 2 * index, value);
            }
        }
        self.cx.open_count = values.len();
        Ok(())
    }
}

/// Takes the fibers of a run, from the running one to the main one; gives how many wait.
fn chain(
    running: *mut FiberCell,
    main: *mut FiberCell,
    taken: &mut HashSet<*mut FiberCell>,
    from: &Reader<'_>,
) -> Result<u32, SnapshotError> {
    let wrong = || from.damaged("a fiber and its resumer disagree");
    let (mut at, mut depth) = (running, 0);
    take_fiber(at, taken, from)?;
    // SAFETY: all fibers were read.
    while let resumer = unsafe { Fiber::of(at) }.resumer
        && !resumer.is_null()
    {
        // SAFETY: as above.
        if unsafe { Fiber::of(resumer) }.state != FiberState::Normal {
            return Err(wrong());
        }
        take_fiber(resumer, taken, from)?;
        (at, depth) = (resumer, depth + 1);
    }
    if at == main { Ok(depth) } else { Err(wrong()) }
}

fn take_fiber(
    cell: *mut FiberCell,
    taken: &mut HashSet<*mut FiberCell>,
    from: &Reader<'_>,
) -> Result<(), SnapshotError> {
    if taken.insert(cell) { Ok(()) } else { Err(from.damaged("two runs share a fiber")) }
}

fn exit_status(from: &mut Reader<'_>) -> Result<i32, SnapshotError> {
    i32::try_from(from.signed()?).map_err(|_| from.damaged("exit status out of range"))
}

fn trap(from: &mut Reader<'_>) -> Result<Option<TrapCode>, SnapshotError> {
    match from.number()? {
        0 => Ok(None),
        number => TrapCode::from_number(number - 1).map(Some).ok_or_else(|| from.damaged("unknown trap code")),
    }
}

/// Reads how many calls are nested.
pub(crate) fn nesting(from: &mut Reader<'_>) -> Result<u32, SnapshotError> {
    let nesting = from.u32()?;
    if nesting > NESTING_READ_MAX { Err(from.damaged("call nesting out of range")) } else { Ok(nesting) }
}

/// Far more than calls can be nested, and no danger to who counts on.
const NESTING_READ_MAX: u32 = 1 << 16;
