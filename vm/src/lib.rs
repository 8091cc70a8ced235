//! The MiniVM machine: loads verified programs and runs them, whatever language they came from.
//!
//! Start at [`Machine`]. It knows no source language, and touches no file, clock, environment or process: what a program
//! may do comes in as host functions.

mod bytes;
pub mod format;
mod number;
pub mod value;

pub mod heap;
pub mod memory;

mod threaded;

mod runtime;

mod link;

#[macro_use]
mod handlers;

mod compile;

mod snapshot;

mod api;

pub use api::inspect::Frames;
pub use api::machine::Machine;
pub use api::run::RunState;
pub use api::scheduler::{FiberScheduler, FiberTask, Scheduler, Task, TaskId};
pub use api::state_report::{FiberActivity, FiberReport, MemoryReport, ProgramReport, StateReport};
pub use bytes::SnapshotError;
pub use compile::explain::{ExplainError, ThreadedForm, ThreadedLine};
pub use handlers::uses_tail_calls;
pub use link::instantiate::LinkError;
pub use runtime::codec::{ObjectCodec, ObjectHandles, StateCodec};
pub use runtime::context::{Limits, NumberReader};
pub use runtime::definitions::InstanceId;
pub use runtime::error::FunctionNames;
pub use runtime::error::trace::LevelInfo;
pub use runtime::externs::{Extern, ExternKind, Imports};
pub use runtime::failure::Failure;
pub use runtime::fiber::FiberState;
pub use runtime::finalise::FINALISER_ERROR;
pub use runtime::frame_view::{Frame, FrameKind, Position, Variable, VariableValue};
pub use runtime::host;
pub use runtime::host::HostCall;
pub use runtime::host::{HostRequest, HostState, Intrinsic, Outcome, Protect, Quick, QuickFn, Raise};
pub use runtime::kept::Kept;
pub use runtime::task::{RunActivity, RunId};
#[cfg(feature = "snapshot-files")]
pub use snapshot::container as snapshot_file;
pub use snapshot::{CodeForm, ProgramHash, program_hash};
pub use value::{Tag, Value};
