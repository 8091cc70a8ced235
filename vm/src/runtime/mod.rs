//! The stack of a fiber: its memory, what lies on it, how it is walked and unwound.

pub(crate) mod adapt;
pub(crate) mod call;
pub(crate) mod codec;
pub(crate) mod collect;
pub(crate) mod context;
pub(crate) mod error;
pub(crate) mod fiber;
pub(crate) mod finalise;
pub(crate) mod function;
pub mod host;
pub(crate) mod host_call;
pub(crate) mod host_debug;
pub(crate) mod host_modules;
pub(crate) mod host_run;
pub(crate) mod host_services;
pub(crate) mod instance;
pub(crate) mod layouts;
pub(crate) mod metamethod;
pub(crate) mod resume;
pub(crate) mod runs;
pub(crate) mod stack_memory;
pub(crate) mod stepping;
pub(crate) mod switch;
pub(crate) mod uncaught;
pub(crate) mod unwind;
pub(crate) mod walk;
