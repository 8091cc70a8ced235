//! The raw machine that the command uses: its files and prompts reach into the libraries that it has put there.
#![allow(unsafe_code)]

use minivm::raw::{Limits, Machine};

/// A machine without programs.
pub(crate) fn raw_machine(limits: Limits) -> Machine {
    // SAFETY: the command keeps to the contract of `minivm::raw`: values that it holds over a safepoint are kept, registered or
    // exported, and it has one machine.
    unsafe { Machine::new(limits) }
}
