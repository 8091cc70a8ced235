//! The MiniVM machine: loads verified programs and runs them, whatever language they came from.
//!
//! Start at [`Machine`]. It knows no source language, and touches no file, clock, environment or process: what a program
//! may do comes in as host functions.
//!
//! # The map
//!
//! Each layer may use itself and those before it; `cargo tidy` checks that. What a lower layer needs of a higher one comes down
//! as data (`runtime/engine.rs`).
//!
//! | layer | is | must not know |
//! |---|---|---|
//! | `bytes`, `number`, `value`, `format` | little-endian bytes, arithmetic of numbers, the tagged value, numbers as text | where values live |
//! | `heap` | cells, allocation, the incremental collector, tables, strings | frames, code, snapshots' layout around the heap |
//! | `memory` | linear memories, tables of references, the account of bytes | instances |
//! | `threaded` | the private form of code: the table of its instructions, assembler, frame and continuation layout, slots, stack maps, fuel maps, return stubs | how code is made or run |
//! | `runtime` | the context and everything slow: calls, boundaries between typed and `any` code, unwinding, fibers, host calls, roots and safepoints, finalisers, from optimised code to baseline code | handlers, compiler, snapshots |
//! | `link` | programs become instances: imports, globals, memories, segments | – |
//! | `handlers` | the interpreter: fast paths only | how its code was chosen |
//! | `compile` | portable bytecode to threaded code, one function at its first call | who runs it |
//! | `snapshot` | a stopped machine as bytes and back | – |
//! | `api` | every public method of [`Machine`] and [`HostCall`] | – |
//!
//! # Where to find
//!
//! | looking for | file |
//! |---|---|
//! | the roots of the collector, safepoints | `runtime/collect.rs` |
//! | native code: what a tier gets, how it is entered and left | `runtime/native/mod.rs` |
//! | the linker | `link/instantiate.rs` |
//! | stack maps: which words of a frame hold references | `threaded/stack_map.rs` |
//! | where a metamethod is found and called | `runtime/metamethod.rs`, `runtime/call.rs` (`call_from_instruction`) |
//! | the embedding API | `api/machine.rs`, `api/run.rs`, `api/host_call.rs` |
//! | how a frame is laid out | `threaded/frame.rs`, `threaded/continuation.rs` |
//! | operands of the instructions of `any` code; their handlers | `threaded/rows.rs`; `handlers/table.rs` |
//! | what `minivm explain` shows | `compile/explain.rs` |
//! | errors: who catches, and unwinding | `runtime/unwind.rs` |
//! | how fuel is counted exactly | `threaded/fuel_map.rs`, `runtime/stepping.rs`, `api/run.rs` |
//! | the passes of the compiler, in their order | `compile/mod.rs` |
//! | what is checked when a snapshot is loaded | `snapshot/invariants.rs`, `heap/transfer/invariants.rs`, `heap/table/invariants.rs` |

mod bytes;
pub mod format;
mod number;
pub mod value;

pub mod memory;

pub mod heap;

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
#[cfg(feature = "snapshot-trace")]
pub use bytes::trace as snapshot_trace;
pub use compile::explain::{ExplainError, ThreadedForm, ThreadedLine};
pub use handlers::dynamic::LESS_EQUAL;
pub use handlers::uses_tail_calls;
pub use link::instantiate::LinkError;
pub use runtime::codec::{ObjectCodec, ObjectHandles, StateCodec};
pub use runtime::context::{Limits, NumberReader};
pub use runtime::definitions::InstanceId;
pub use runtime::error::MODULES;
pub use runtime::error::trace::LevelInfo;
pub use runtime::externs::{Extern, ExternKind, Imports};
pub use runtime::failure::Failure;
pub use runtime::fiber::FiberState;
pub use runtime::finalise::FINALISER_ERROR;
pub use runtime::frame_view::{Frame, FrameKind, Position, Variable, VariableValue};
pub use runtime::host;
pub use runtime::host::HostCall;
pub use runtime::host::{
    HostRequest, HostState, Intrinsic, Outcome, Protect, QUICK_BYTES_MAX, Quick, QuickFn, Raise, SLICE,
};
pub use runtime::kept::Kept;
pub use runtime::native;
pub use runtime::task::{RunActivity, RunId};
#[cfg(feature = "snapshot-files")]
pub use snapshot::container as snapshot_file;
pub use snapshot::{CodeForm, ProgramHash, Snapshot, program_hash};
pub use value::{Tag, Value};
