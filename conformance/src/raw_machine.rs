//! The raw machine that the suites use: they look at what the safe interface does not show.
#![allow(unsafe_code)]

use minivm::raw::{Limits, Machine};

/// A machine without programs.
pub fn raw_machine(limits: Limits) -> Machine {
    // SAFETY: the suites keep to the contract of `minivm::raw`: values that they hold over a safepoint are kept, registered or
    // exported, and each value goes to the machine it is of.
    unsafe { Machine::new(limits) }
}
