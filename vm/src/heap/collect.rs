//! The cycle of the collector: its phases, in steps, and the limit.
//!
//! ```text
//! Idle → ClearMarks ─roots→ Mark → Ephemerons → ClearValues → Separate → Resurrect → ClearKeys → Intern → Owners ┐
//! Idle ← Sweep ←────flip──────────────────────────────────────────────────────────────────────────────────────┘
//! From roots to flip, new cells are born marked.
//! ```
//! Everything is done in slices but the scanning of the running fiber's stack, and of what little else may change without the
//! barrier.

use super::marker::Roots;
use super::object::{FiberCell, Owner};
use super::{Heap, HeapLimits, OutOfMemory};
use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};

/// Where a cycle is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Phase {
    /// No cycle is under way.
    Idle,
    /// The marks of the cycle before last are erased.
    ClearMarks,
    /// What is reachable from the roots is marked.
    Mark,
    /// Values of entries with weak keys are marked if their keys are.
    Ephemerons,
    /// Entries with dead values leave weak tables.
    ClearValues,
    /// Dead objects with finalisers are found.
    Separate,
    /// What finalisers can reach is marked.
    Resurrect,
    /// Entries with dead keys leave weak tables.
    ClearKeys,
    /// Dead strings leave the intern table.
    Intern,
    /// What dead cells own is dropped.
    Owners,
    /// After the flip: notes about weak keys are dropped.
    Sweep,
}

impl Phase {
    /// Whether unmarked cells are dead.
    pub(super) fn is_after_marking(self) -> bool {
        self > Phase::Ephemerons && self < Phase::Sweep
    }

    /// Whether cells that are unmarked are beyond the reach of finalisers, too.
    pub(super) fn is_after_resurrection(self) -> bool {
        self > Phase::Resurrect && self < Phase::Sweep
    }

    /// Whether new cells are born marked.
    fn is_marked_birth(self) -> bool {
        self > Phase::ClearMarks && self < Phase::Sweep
    }

    /// Whether nothing of the collector depends on where cells are.
    pub(super) fn is_between_cycles(self) -> bool {
        self <= Phase::ClearMarks
    }
}

/// How hard the collector tries to find mistakes in its use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stress {
    /// Not at all.
    #[default]
    Off,
    /// A whole collection at every safepoint after an allocation.
    Full,
    /// A tiny step at every safepoint after an allocation, cycle after cycle.
    Steps,
}

/// The state of the collector between steps.
pub(super) struct Cycle {
    phase: Phase,
    /// Counts cycles.
    number: u64,
    /// How far the phase has got, and how many it kept.
    cursor: usize,
    kept: usize,
    /// Which roots are still to be traced, and whether objects are that wait for their finalisers.
    roots_from: Option<usize>,
    traces_pending: bool,
    /// Cycles in a row in which something was kept only because the program read it from a weak table while marking was
    /// under way.
    kept_by_reads: u32,
    /// Bytes of cells that were marked for finalisers.
    resurrected: usize,
    /// A cycle begins when this many bytes are in use.
    pub(super) threshold: usize,
    /// Below this it does not come by [`Heap::hurry`].
    pub(super) threshold_min: usize,
    /// By how much it was lowered since the last cycle.
    pub(super) lowered: usize,
    allocated_at_start: u64,
    /// Allocated bytes whose work is not done yet.
    owed: usize,
    pub(super) stopped: bool,
    stress: Stress,
}

impl Cycle {
    pub(super) fn new(limits: &HeapLimits) -> Cycle {
        let mut cycle = Cycle {
            phase: Phase::Idle,
            number: 0,
            cursor: 0,
            kept: 0,
            roots_from: None,
            traces_pending: false,
            kept_by_reads: 0,
            resurrected: 0,
            threshold: 0,
            threshold_min: 0,
            lowered: 0,
            allocated_at_start: 0,
            owed: 0,
            stopped: false,
            stress: Stress::Off,
        };
        cycle.set_threshold(0, 0, limits.bytes_max, limits);
        cycle
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The part of the list of owners that is no longer valid.
    pub(super) fn owners_gap(&self) -> std::ops::Range<usize> {
        if self.phase == Phase::Owners { self.kept..self.cursor } else { 0..0 }
    }

    /// Writes what stays between cycles.
    pub(super) fn save(&self, out: &mut Writer) {
        // No machine comes so far, but one whose state was made up may.
        out.number(self.number.min(NUMBER_MAX));
        out.count(self.threshold);
        out.count(self.threshold_min);
        out.count(self.lowered);
        out.flag(self.stopped);
        out.number(self.kept_by_reads.into());
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn load(&mut self, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        self.number = from.number()?;
        self.threshold = from.size()?;
        self.threshold_min = from.size()?;
        self.lowered = from.size()?;
        let is_sane = self.threshold_min <= self.threshold && self.threshold <= ALL - self.lowered.min(ALL);
        if self.number > NUMBER_MAX || !is_sane {
            return Err(from.damaged("the heap's counters disagree"));
        }
        self.stopped = from.flag()?;
        self.kept_by_reads = from.u32()?;
        Ok(())
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.cursor = 0;
        self.kept = 0;
    }

    /// Whether to mark in one go, so that the program cannot read anything meanwhile: at once when little is alive, seldom when
    /// that takes long.
    fn marks_at_once(&self, live: usize) -> bool {
        let reads = self.kept_by_reads;
        reads > 0 && (live <= AT_ONCE_BYTES || reads >= 4 && reads.is_power_of_two())
    }
}

/// More collections there have never been.
const NUMBER_MAX: u64 = 1 << 60;
/// A budget without end; small enough to be added to.
const ALL: usize = usize::MAX / 4;
/// Bytes of cells whose marks are erased in one step.
const CLEAR_BYTES: usize = 32 << 20;
/// Objects that wait for their finalisers and are marked at once.
const PENDING_AT_ONCE: usize = 256;
/// Most steps' worth of allocated bytes that one step does the work of.
const SLICE_MAX: usize = 4;
/// Bytes that are marked in one go without much ado.
const AT_ONCE_BYTES: usize = 2 << 20;
/// Bytes as whose look an entry of a weak table counts: the mark of what it refers to is fetched ahead.
const NODE_WORK: usize = 8;
/// Budget of a step under [`Stress::Steps`].
const STRESS_STEP: usize = 64;

impl Heap {
    /// Does the work that is due. To be called at a safepoint when [`Heap::needs_step`].
    ///
    /// # Errors
    /// [`OutOfMemory`] when more than the limit is in use even after a full collection. The program may use the reserve
    /// to handle that.
    pub(crate) fn step(&mut self, roots: &mut dyn Roots) -> Result<(), OutOfMemory> {
        let fresh = (self.last_grant - self.debt).max(0) as usize;
        // Between cycles nothing is owed for what is allocated.
        let idle = self.cycle.phase == Phase::Idle;
        self.cycle.owed = if idle { 0 } else { self.cycle.owed.saturating_add(fresh) };
        match self.cycle.stress {
            Stress::Full => self.collect_full(roots),
            Stress::Steps => self.advance(roots, STRESS_STEP, true),
            Stress::Off if self.cycle.stopped => {}
            Stress::Off => {
                // After a very large allocation the work is spread over many short steps.
                let slice = self.cycle.owed.min(self.limits.step_bytes.saturating_mul(SLICE_MAX));
                self.cycle.owed -= slice;
                let due = self.used_bytes() >= self.cycle.threshold;
                let factor = self.haste().saturating_mul(self.limits.step_factor as usize);
                self.advance(roots, slice.saturating_mul(factor), due);
            }
        }
        let result = self.check_limit(roots);
        self.grant();
        result
    }

    /// Runs the current cycle to its end, then a whole one, so that everything unreachable now is found dead.
    ///
    /// Dead objects with finalisers are kept for [`Heap::next_finaliser`], with all they refer to.
    pub(crate) fn collect_full(&mut self, roots: &mut dyn Roots) {
        self.finish_cycle(roots);
        self.marker.follow_functions(true);
        self.advance(roots, ALL, true);
        self.finish_cycle(roots);
        self.marker.follow_functions(false);
        roots.finish(self.cycle.number);
        self.space.return_all();
        self.grant();
    }

    /// Does the work of `bytes` allocated bytes, beginning a cycle if none is under way; true if it ended.
    pub(crate) fn step_by(&mut self, bytes: usize, roots: &mut dyn Roots) -> bool {
        let mut budget = bytes.saturating_mul(self.limits.step_factor as usize).max(self.limits.step_bytes);
        let mut begin = true;
        loop {
            let slice = budget.min(self.limits.step_bytes);
            self.advance(roots, slice, begin);
            begin = false;
            budget -= slice;
            let ended = self.cycle.phase == Phase::Idle;
            if ended || budget == 0 {
                self.grant();
                return ended;
            }
        }
    }

    /// Runs the current cycle to its end, if one is under way.
    pub(super) fn finish_cycle(&mut self, roots: &mut dyn Roots) {
        while self.cycle.phase != Phase::Idle {
            self.advance(roots, ALL, false);
        }
    }

    /// Collects until `bytes` more fit under the limit. To be called at a safepoint after an allocation failed; if it
    /// succeeds, the allocation is worth another try.
    ///
    /// # Errors
    /// The error that was given, when there is no room even then. The program may use the reserve to handle it.
    pub(crate) fn make_room(&mut self, error: OutOfMemory, roots: &mut dyn Roots) -> Result<(), OutOfMemory> {
        self.collect_full(roots);
        if self.has_room_for(error.bytes) {
            return Ok(());
        }
        self.overdrawn |= self.all_bytes().saturating_add(self.limits.reserve_bytes) > self.limits.bytes_max;
        Err(error)
    }

    /// Lets the program use the reserve, as it has met the limit where nothing can be collected. The next safepoint does.
    pub(crate) fn overdraw(&mut self) {
        self.overdrawn = true;
        self.call_step();
    }

    fn check_limit(&mut self, roots: &mut dyn Roots) -> Result<(), OutOfMemory> {
        let mut used = self.all_bytes();
        if used > self.limit_bytes() {
            self.collect_full(roots);
            used = self.all_bytes();
        }
        if used > self.limit_bytes() {
            self.overdrawn = true;
            return Err(OutOfMemory { bytes: used - self.limits.bytes_max });
        }
        if self.overdrawn && used <= self.limits.bytes_max {
            self.overdrawn = false;
        }
        Ok(())
    }

    /// Sets the number of bytes until the next step is due.
    pub(super) fn grant(&mut self) {
        let step = self.limits.step_bytes.max(1);
        let bytes = match self.cycle.stress {
            Stress::Full | Stress::Steps => 0,
            Stress::Off if self.cycle.phase == Phase::Idle && !self.cycle.stopped => {
                let left = self.cycle.threshold.saturating_sub(self.used_bytes());
                left.clamp(step, ALL)
            }
            Stress::Off if self.cycle.owed > 0 => step / 4,
            Stress::Off => step,
        };
        let bytes = bytes as i64;
        self.granted += bytes - self.debt;
        self.debt = bytes;
        self.last_grant = bytes;
        self.report();
    }

    /// Bytes that are left of the limit, without the reserve.
    pub(super) fn room_in_limit(&self) -> usize {
        self.limits.bytes_max.saturating_sub(self.all_bytes())
    }

    /// Grants anew after the rules changed, unless a step is due anyway.
    fn grant_again(&mut self) {
        if !self.needs_step() {
            self.grant();
        }
    }

    /// Whether a cycle is under way in which new cells are born marked.
    #[inline(always)]
    pub(super) fn in_cycle(&self) -> bool {
        self.cycle.phase.is_marked_birth()
    }

    /// Does one slice of the current phase; begins a cycle if there is none and `begin`.
    fn advance(&mut self, roots: &mut dyn Roots, budget: usize, begin: bool) {
        // What does not look at memory by the byte is counted in pieces of this many.
        let pieces = budget / 16 + 1;
        match self.cycle.phase {
            Phase::Idle if begin => {
                self.space.finish_sweep();
                self.cycle.enter(Phase::ClearMarks);
                // As many steps wherever the cells lie.
                self.cycle.kept = self.cell_bytes() / CLEAR_BYTES + 1;
            }
            Phase::Idle => {}
            Phase::ClearMarks => self.clear_marks(roots, budget),
            Phase::Mark => self.mark(roots, budget),
            Phase::Ephemerons => self.mark_ephemerons(roots, budget),
            Phase::ClearValues => {
                if self.marker.clear_weak(false, budget / NODE_WORK + 1) {
                    self.cycle.enter(Phase::Separate);
                }
            }
            Phase::Separate => {
                if self.finalisers.separate(&self.marker, pieces / 2 + 1) {
                    self.cycle.enter(Phase::Resurrect);
                    self.cycle.resurrected = self.marker.bytes;
                    self.marker.set_marking(true);
                }
            }
            Phase::Resurrect => self.resurrect(roots, budget),
            Phase::ClearKeys => {
                if self.marker.clear_weak(true, budget / NODE_WORK + 1) {
                    self.cycle.enter(Phase::Intern);
                }
            }
            // Every string that is looked at is a miss in the cache.
            Phase::Intern => self.purge_interned(pieces / 4 + 1),
            // To drop something takes longer than to look at it.
            Phase::Owners => {
                if self.drop_dead_owners(pieces / 8 + 1) {
                    self.flip();
                }
            }
            Phase::Sweep => {
                if self.dead_notes.drop_some(pieces / 4096 + 1) {
                    self.cycle.enter(Phase::Idle);
                }
            }
        }
    }

    /// Erases a share of the old marks, then begins to mark.
    fn clear_marks(&mut self, roots: &mut dyn Roots, budget: usize) {
        let steps = if budget >= ALL { 1 } else { self.cycle.kept };
        match self.space.clear_marks(self.cycle.cursor, steps) {
            Some(next) => (self.cycle.cursor, self.cycle.kept) = (next, steps - 1),
            None => self.begin_marking(roots),
        }
    }

    fn begin_marking(&mut self, roots: &mut dyn Roots) {
        self.cycle.enter(Phase::Mark);
        self.cycle.number += 1;
        self.cycle.allocated_at_start = self.allocated_bytes();
        self.space.begin_cycle();
        self.marker.begin(self.space.marks(), self.cycle.number);
        roots.trace_roots(&mut self.marker);
        self.cycle.roots_from = Some(0);
        self.cycle.traces_pending = true;
        self.finalisers.restart_tracing();
        if self.cycle.marks_at_once(self.live) {
            while matches!(self.cycle.phase, Phase::Mark | Phase::Ephemerons) {
                self.advance(roots, ALL, false);
            }
        }
    }

    /// Marks what is reachable: first what is grey, then more of the roots.
    fn mark(&mut self, roots: &mut dyn Roots, budget: usize) {
        let end = self.marker.work().saturating_add(budget);
        loop {
            let left = end.saturating_sub(self.marker.work());
            if left == 0 || !self.marker.drain(roots, left) {
                return;
            }
            if let Some(from) = self.cycle.roots_from {
                self.cycle.roots_from = roots.trace_more(from, &mut self.marker);
            } else if self.cycle.traces_pending {
                self.cycle.traces_pending = !self.finalisers.trace_pending(&mut self.marker, PENDING_AT_ONCE);
            } else {
                self.marker.watch_ephemerons();
                self.cycle.enter(Phase::Ephemerons);
                return;
            }
        }
    }

    /// Marks values whose keys are marked, and at last what the program has read from weak tables.
    fn mark_ephemerons(&mut self, roots: &mut dyn Roots, budget: usize) {
        if !self.marker.drain_ephemerons(roots, budget) {
            return;
        }
        if self.marker.mark_reads() {
            self.cycle.kept = 1;
        }
        if self.marker.is_done() {
            self.cycle.kept_by_reads =
                if self.cycle.kept == 0 { 0 } else { self.cycle.kept_by_reads.saturating_add(1) };
            self.marker.set_marking(false);
            self.cycle.enter(Phase::ClearValues);
        }
    }

    /// Marks what finalisers can reach, then lets them run.
    fn resurrect(&mut self, roots: &mut dyn Roots, budget: usize) {
        let end = self.marker.work().saturating_add(budget);
        loop {
            let left = end.saturating_sub(self.marker.work());
            if left == 0 || !self.marker.drain_ephemerons(roots, left) {
                return;
            }
            if self.finalisers.trace_condemned(&mut self.marker, PENDING_AT_ONCE) && self.marker.is_done() {
                break;
            }
        }
        self.marker.set_marking(false);
        if self.finalisers.release(budget / 32 + 1) {
            self.cycle.resurrected = self.marker.bytes - self.cycle.resurrected;
            self.marker.restart_clearing();
            self.cycle.enter(Phase::ClearKeys);
        }
    }

    fn purge_interned(&mut self, pieces: usize) {
        let marker = &self.marker;
        // SAFETY: strings in the table are not freed before the cycle ends.
        let is_live = |string: *mut super::Str| unsafe { marker.is_marked(string.cast()) };
        match self.interned.purge(self.cycle.cursor, pieces, &is_live) {
            Some(next) => self.cycle.cursor = next,
            None => self.cycle.enter(Phase::Owners),
        }
    }

    /// Drops what dead cells own, looking at up to `count`; true when all were looked at.
    fn drop_dead_owners(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let Some(owner) = self.owners.get(self.cycle.cursor) else {
                break;
            };
            self.cycle.cursor += 1;
            // SAFETY: owners are not freed before the cycle ends, and a dead one leaves the list here.
            unsafe {
                match owner {
                    Owner::Cell(cell) if self.marker.is_marked(cell) => {
                        self.owners.set(self.cycle.kept, owner);
                        self.cycle.kept += 1;
                    }
                    Owner::Cell(cell) => {
                        self.discharge(Heap::charged_for(cell));
                        if let Err(panic) = Heap::drop_owner(cell) {
                            self.panic.get_or_insert(panic);
                        }
                    }
                    Owner::Dead { charged } => self.discharge(charged),
                }
            }
        }
        let done = self.cycle.cursor == self.owners.len();
        if done {
            self.owners.truncate(self.cycle.kept);
        }
        done
    }

    /// What is marked is now what is allocated.
    fn flip(&mut self) {
        let born = self.allocated_bytes() - self.cycle.allocated_at_start;
        self.freed = self.allocated_bytes() - born - self.marker.bytes as u64;
        self.live = self.marker.bytes;
        self.live_external = self.external;
        self.space.flip();
        let mut dead = self.cycle.resurrected + self.marker.weak.cleared_bytes;
        if dead > 0 {
            // Where cells wait for finalisers or to leave weak tables, those born meanwhile are mostly dead by now, too. Were they
            // taken for what the program needs, each cycle would begin later than the one before. Nor does the room that such
            // tables have for more entries say anything.
            dead += born as usize + self.marker.weak.empty_bytes;
        }
        self.dead_notes = self.marker.weak.reset();
        self.cycle.set_threshold(self.used_bytes(), dead, self.room_in_limit(), &self.limits);
        self.cycle.enter(Phase::Sweep);
    }

    /// Shows the stack of a fiber to the collector before control enters it, resumed or returned to.
    ///
    /// # Safety
    /// `fiber` is a live fiber of this heap, its state as it was when control left it.
    #[inline(always)]
    pub(crate) unsafe fn before_resume(&mut self, fiber: *mut FiberCell, roots: &mut dyn Roots) {
        if self.marking() {
            // SAFETY: as the caller promises.
            unsafe { self.marker.trace_fiber(fiber, roots) };
        }
    }

    /// Whether [`Heap::before_resume`] has anything to do for a fiber.
    ///
    /// # Safety
    /// `fiber` is a live fiber of this heap.
    #[inline(always)]
    pub(crate) unsafe fn needs_scan(&self, fiber: *mut FiberCell) -> bool {
        // SAFETY: the caller gives a live fiber.
        self.marking() && unsafe { (*fiber).scanned_in != self.cycle.number }
    }

    /// Stops or restarts the collector. A stopped one still enforces the limit.
    pub fn set_stopped(&mut self, stopped: bool) {
        self.cycle.stopped = stopped;
        self.grant_again();
    }

    /// Whether a cycle is under way.
    pub fn is_collecting(&self) -> bool {
        self.cycle.phase != Phase::Idle
    }

    /// Whether the collector was stopped.
    pub fn is_stopped(&self) -> bool {
        self.cycle.stopped
    }

    /// What the destructor of an object has panicked with, which the host is yet to be told.
    pub(crate) fn take_panic(&mut self) -> Option<Box<dyn std::any::Any + Send>> {
        self.panic.take()
    }

    /// Number of cycles begun.
    pub fn cycles(&self) -> u64 {
        self.cycle.number
    }

    /// Sets how hard to look for mistakes.
    pub fn set_stress(&mut self, stress: Stress) {
        self.cycle.stress = stress;
        self.grant_again();
    }
}
