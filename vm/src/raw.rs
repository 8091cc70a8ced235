//! The machine as trusted libraries see it: values without roots, host functions with the whole machine at hand, hooks of native
//! code. It is what the [safe interface](crate) is made of, and reached only through `unsafe`.
//!
//! The functions here are fast and check nothing that their users can know. They are for code that is written with the collector
//! in mind: standard libraries of languages, WASI, native tiers. All others use [`Machine`](crate::Machine).
//!
//! # The contract
//!
//! Whoever calls [`Machine::raw`](crate::Machine::raw), or another of the few `unsafe` functions that lead here, promises
//! for all that is done through it, now and in the functions that are handed over:
//!
//! 1. **Values are fresh or reachable.** A value that refers to a heap cell is used only until the next safepoint after it was got,
//!    or for as long as something keeps it alive: a root, another live cell, the frame of the host function that was given it.
//!    Safepoints are wherever a program may run or the collector is asked to: on a machine `call`, `invoke`, `resume`, `step`,
//!    `start`, `answer`, `prepare`, `instantiate`, `closure`, `spawn`, `suspend`, `switch_to`, `raise`, `close`, `save`, `load`,
//!    `copy_into`, `report_state` and their like; in a host function `collect`, `collect_step`, `before_loading`, and its end.
//!    Allocation is none.
//! 2. **Machines do not mix.** Values, items, kept values and numbers of instances and runs are used with the machine they are
//!    of, and not after another state was loaded into it.
//! 3. **Bytes are not held.** What [`Value::as_bytes`] gives, and any reference into a memory, is not used after a safepoint,
//!    a change of that memory, or the end of the machine.
//! 4. **Nothing outlives the machine**, but numbers.
//! 5. **Host functions, fast paths, objects and codecs keep to this as well.** An [object](heap::HostObject) marks every value that it
//!    holds. A host function charges before it keeps, returns an [`Outcome`] only to the call that made it and makes no
//!    other after it, and reads what a call [returned](HostCall::returned) before it keeps something else.
//! 6. **Threads.** What is shared with the machine (items, accounts, objects, what functions capture) is used on the thread
//!    that the machine is on.
//!
//! Call sites cite these by number.

pub use crate::api::inspect::Frames;
pub use crate::api::machine::Machine;
pub use crate::api::run::RunState;
pub use crate::api::scheduler::{FiberScheduler, FiberTask, Scheduler, Task, TaskId};
pub use crate::api::state_report::{FiberActivity, FiberReport, MemoryReport, ProgramReport, StateReport};
pub use crate::bytes::SnapshotError;
#[cfg(feature = "snapshot-trace")]
pub use crate::bytes::trace as snapshot_trace;
pub use crate::compile::explain::{ExplainError, ThreadedForm, ThreadedLine};
pub use crate::handlers::dynamic::LESS_EQUAL;
pub use crate::handlers::uses_tail_calls;
pub use crate::link::instantiate::LinkError;
pub use crate::number::Numeric;
pub use crate::runtime::codec::{ObjectCodec, ObjectHandles, StateCodec};
pub use crate::runtime::context::{Limits, NumberReader};
pub use crate::runtime::definitions::InstanceId;
pub use crate::runtime::error::trace::{LevelInfo, LevelVariable, VariablePlace};
pub use crate::runtime::error::{ErrorKind, ErrorReport, InlinedCall, MODULES};
pub use crate::runtime::externs::{Extern, ExternKind, Imports};
pub use crate::runtime::failure::Failure;
pub use crate::runtime::fiber::FiberState;
pub use crate::runtime::finalise::FINALISER_ERROR;
pub use crate::runtime::frame_view::{Frame, FrameKind, Position, Variable, VariableValue};
pub use crate::runtime::hook::HookEvents;
pub use crate::runtime::host::{
    FAST_PATH_BYTES_MAX, FastPath, FastPathFn, FiberSource, HostCall, HostRequest, HostState, Intrinsic, Outcome,
    Pause, Protect, Raise, SLICE,
};
pub use crate::runtime::kept::Kept;
pub use crate::runtime::loaded_program::ProgramHandle;
pub use crate::runtime::native;
pub use crate::runtime::task::{RunActivity, RunId};
pub use crate::runtime::waits::MemoryWait;
#[cfg(feature = "snapshot-files")]
pub use crate::snapshot::container as snapshot_file;
pub use crate::snapshot::{CodeForm, ProgramHash, Snapshot, program_hash};
pub use crate::value::{Tag, Value, float_to_int};

/// The heap, as far as it is used from outside.
pub mod heap {
    pub use crate::heap::{
        HASH_KEY_DEFAULT, Heap, HeapLimits, HostObject, InvalidKey, Marker, NEXT_SLOTS_MAX, OutOfMemory, Stress,
        TableError, TableScan,
    };
}

/// Linear memories, and the account of all that a machine holds.
pub mod memory {
    pub use crate::memory::{Buffer, Held, LinearMemory, MemoryBudget, OutOfBounds, PAGE_BYTES};
}

/// Numbers as text.
pub mod format {
    pub use crate::format::{float, number};
}
