//! The stack of a fiber: its memory, what lies on it, how it is walked and unwound.

pub(crate) mod memory;
pub(crate) mod record;
pub(crate) mod unwind;
pub(crate) mod walk;
