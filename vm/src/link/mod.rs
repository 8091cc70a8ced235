//! Linking: programs become instances of a machine.

pub(crate) mod exports;
pub(crate) mod instantiate;
