//! The MiniVM machine: loads verified programs and runs them, whatever language they came from.
//!
//! Start at [`Machine`]. It knows no source language, and touches no file, clock, environment or process: what a program
//! may do comes in as host functions.

mod code;
#[macro_use]
mod dispatch;
pub mod format;
pub mod heap;
pub mod host;
mod inspect;
mod loader;
mod machine;
pub mod memory;
mod number;
mod scheduler;
mod snapshot;
mod stack;
pub mod value;

// Short names for what is used everywhere.
use code::function;
use dispatch::{context, metamethod};
use loader::instance;
use stack::{collect, error, fiber};

pub use context::{Limits, NumberReader};
pub use dispatch::dynamic::LESS_EQUAL;
pub use dispatch::uses_tail_calls;
pub use error::{Failure, MODULES};
pub use fiber::FiberState;
pub use host::{HostRequest, HostState, Intrinsic, Outcome, Protect, QUICK_BYTES_MAX, Quick, QuickFn, Raise, SLICE};
pub use inspect::{Frame, FrameKind, Frames, Position, Variable, VariableValue};
pub use loader::explain::{ExplainError, ThreadedForm, ThreadedLine};
pub use loader::instantiate::LinkError;
pub use machine::{Extern, ExternKind, Imports, InstanceId, Kept, Machine};
pub use scheduler::{FiberScheduler, FiberTask, Scheduler, Task, TaskId};
#[cfg(feature = "snapshot-files")]
pub use snapshot::container as snapshot_file;
#[cfg(feature = "snapshot-trace")]
pub use snapshot::trace as snapshot_trace;
pub use snapshot::{
    CodeForm, FiberActivity, FiberReport, MemoryReport, ObjectCodec, ObjectHandles, ProgramHash, ProgramReport,
    Snapshot, SnapshotError, StateCodec, StateReport, program_hash,
};
pub use stack::finalise::FINALISER_ERROR;
pub use stack::host_call::HostCall;
pub use stack::host_services::LevelInfo;
pub use stack::run::RunState;
pub use stack::runs::{RunActivity, RunId};
pub use value::{Tag, Value};
