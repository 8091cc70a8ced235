//! Linking: programs become instances of a machine.

pub(crate) mod instantiate;
