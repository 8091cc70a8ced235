//! The stack of a fiber: its memory, what lies on it, how it is walked and unwound.

pub(crate) mod adapt;
pub(crate) mod call;
pub(crate) mod collect;
pub(crate) mod error;
pub(crate) mod fiber;
pub(crate) mod finalise;
pub(crate) mod frames;
pub(crate) mod host_call;
mod host_debug;
mod host_modules;
pub(crate) mod host_run;
pub(crate) mod host_services;
pub(crate) mod memory;
pub(crate) mod record;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod stepping;
pub(crate) mod switch;
pub(crate) mod uncaught;
pub(crate) mod unwind;
pub(crate) mod walk;
pub(crate) mod work;
