//! More fuel for native code whose slice is used up, where nothing but the host has to be asked.

use crate::runtime::context::Context;

impl Context {
    /// The fuel that native code goes on with which has so much; negative where it leaves.
    pub(super) fn refuel(&mut self, mut fuel: i64) -> i64 {
        while fuel < 0 {
            let Some(more) = self.next_part() else { break };
            fuel = fuel.saturating_add(more);
        }
        fuel
    }

    /// The next part of an inner slice, unless the run is to stop, or to be looked at.
    fn next_part(&mut self) -> Option<i64> {
        let part = self.interrupt_slice().min(super::slice(self));
        let done = self.native.since_sample.saturating_add(part - self.hastened);
        let is_whole = done.saturating_add(part) > self.native.slice;
        if is_whole || self.fuel_aside == 0 || self.stepping || self.looks_around {
            return None;
        }
        let is_refused = self.native.policy.chaos.is_some() && self.native.random().is_multiple_of(4);
        if is_refused || self.note_interrupt() {
            return None;
        }
        if !self.native.pending.is_empty() {
            self.install_finished();
        }
        self.native.since_sample = done;
        self.hastened = 0;
        let more = part.min(self.fuel_aside);
        self.fuel_aside -= more;
        self.native.granted = self.native.granted.saturating_add(more);
        Some(more)
    }
}
