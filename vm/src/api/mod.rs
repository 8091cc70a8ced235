//! What trusted libraries see: every `impl` of the raw [`Machine`](machine::Machine) and of the raw [`HostCall`](crate::raw::HostCall),
//! thin. Nothing below knows of it.

mod close;
mod explain;
mod host_call;
mod host_debug;
mod host_modules;
mod host_services;
pub(crate) mod inspect;
mod instantiate;
pub(crate) mod machine;
mod native;
pub(crate) mod run;
mod runs;
pub(crate) mod scheduler;
mod snapshot;
pub(crate) mod state_report;
mod uncaught;
