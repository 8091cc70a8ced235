//! When a cycle begins.

use super::collect::{Cycle, Phase};
use super::{Heap, HeapLimits};

/// How many times faster a cycle goes that had to come soon.
const HASTE: usize = 4;

impl Cycle {
    /// Decides when the next cycle begins, from the bytes in use now, how many of these say nothing about what the program needs
    /// (they are those of dead entries, or of what only waits for its finaliser), and the bytes that are left.
    pub(super) fn set_threshold(&mut self, used: usize, dead: usize, room: usize, limits: &HeapLimits) {
        let needed = used.saturating_sub(dead);
        let share = u128::from(limits.pause_percent.saturating_sub(100));
        let growth = (needed as u128 * share / 100).min(usize::MAX as u128) as usize;
        let least = used.saturating_add(growth.max(limits.cycle_bytes_min / 16));
        let growth = if dead == 0 { growth } else { growth.max(limits.cycle_bytes_min / 2) };
        let room = room / 2;
        let most = used.saturating_add(room.max(limits.step_bytes));
        self.threshold = used.saturating_add(growth).max(limits.cycle_bytes_min).min(most);
        self.threshold_min = least.min(self.threshold);
        self.lowered = 0;
    }

    /// Lets the next cycle begin at fewer bytes in use; gives how many fewer.
    fn lower_threshold(&mut self, bytes: usize) -> usize {
        let by = bytes.min(self.threshold - self.threshold_min);
        self.threshold -= by;
        self.lowered += by;
        by
    }
}

impl Heap {
    /// Lets the next cycle begin by so many bytes sooner, unless the program needs most of what is in use: what it has just made
    /// will say little about that.
    pub(super) fn hurry(&mut self, bytes: usize) {
        if self.cycle.phase() == Phase::Idle && !self.cycle.stopped {
            let sooner = self.cycle.lower_threshold(bytes) as i64;
            // As if as much were allocated, but it does not count as that.
            self.debt -= sooner;
            self.granted -= sooner;
        }
    }

    /// How many times more than usual is looked at for each allocated byte. Where a small heap is mostly entries of weak tables
    /// and objects with finalisers, what is made during a cycle would else be more than what was there before.
    pub(super) fn haste(&self) -> usize {
        let least = self.limits.cycle_bytes_min;
        if self.cycle.lowered >= (least / 8).max(1) && self.live <= least { HASTE } else { 1 }
    }
}
