//! The MiniVM machine: loads verified programs and runs them, whatever language they came from.
//!
//! Start at [`Machine`]. It knows no source language, and touches no file, clock, environment or process: what a program
//! may do comes in as host functions.

mod code;
mod collect;
mod context;
#[macro_use]
mod dispatch;
mod error;
mod fiber;
pub mod format;
mod function;
pub mod heap;
pub mod host;
mod instance;
mod loader;
mod machine;
pub mod memory;
mod metamethod;
mod number;
mod stack;
pub mod value;

pub use context::Limits;
pub use dispatch::uses_tail_calls;
pub use error::Failure;
pub use fiber::FiberState;
pub use host::{HostRequest, Intrinsic, Outcome, Protect, Raise};
pub use machine::{InstanceId, Kept, LinkError, Machine, RunState};
pub use stack::host_call::HostCall;
pub use stack::host_services::LevelInfo;
pub use value::{Tag, Value};
