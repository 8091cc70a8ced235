//! The MiniVM machine: loads verified programs and runs them, whatever language they came from.
//!
//! ```
//! use minivm::{Limits, Machine, Value};
//! # fn program() -> Result<minivm_isa::Verified, Box<dyn std::error::Error>> {
//! #     let mut builder = minivm_builder::ProgramBuilder::new();
//! #     let log = builder.import_function("host", "log", minivm_isa::Signature::dynamic(1, false));
//! #     let mut f = builder.function("twice", minivm_isa::Signature::dynamic(1, false));
//! #     let doubled = f.add(f.param(0), f.param(0));
//! #     let callee = f.ref_func(log);
//! #     f.call_any(&[], callee, &[doubled.into()]);
//! #     f.return_values(&[doubled.into()]);
//! #     let twice = builder.add(f)?;
//! #     builder.export_function("twice", twice);
//! #     Ok(builder.finish()?)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut machine = Machine::new(Limits { memory_bytes_max: 64 << 20, ..Limits::default() });
//! machine.set_fuel(Some(1_000_000));                                      // it ends, whatever the program does
//! machine.define("host", "log", |call| {                                  // all that the program can reach of the host
//!     println!("{}", call.describe(call.arg(0)));
//!     call.return_none()
//! })?;
//! let instance = machine.instantiate(program()?)?;                        // from a frontend or `minivm-builder`
//! let results = machine.invoke(instance, "twice", &[Value::int(21)])?;
//! assert_eq!(results[0].as_int(), Some(42));
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | hold strings, tables, functions over time | [`Value`], [`Handle`]: rooted, and of one machine; [`Machine::bytes`] |
//! | let programs call the host | [`Machine::define`], [`HostCall`], [`Local`] |
//! | run in slices, step, interrupt, answer | [`Machine::start`], [`RunState`], [`Machine::set_fuel`], [`Machine::set_interrupt`] |
//! | run many things in turn | [`FiberScheduler`], [`Scheduler`] |
//! | stop, save, go on elsewhere, fork | [`Machine::save`], [`Machine::load`], [`Machine::copy_into`] |
//! | word errors as a language does | [`Machine::set_error_words`], [`ErrorReport`] |
//! | look at a stopped run | [`Machine::frames`], [`Machine::report_state`] |
//! | write a standard library, or a native tier | [`raw`] |
//!
//! Code without `unsafe` cannot break a machine: what it holds stays alive, what belongs to another machine is an
//! [error](Error::Foreign), and a panic of the host's own functions reaches whoever runs the machine, which can be used further.
//! A [`Machine`] can be sent to another thread.
//!
//! It knows no source language, and touches no file, clock, environment or process: what a program may do comes in as host
//! functions.
//!
//! # Inside: the map
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
//! | `api` | every public method of [`raw::Machine`] and [`raw::HostCall`] | – |
//! | `raw` | the names of the raw interface, and its contract | – |
//! | `embedding` | the safe interface: handles, local values, identity of machines | – |
//!
//! # Where to find
//!
//! | looking for | file |
//! |---|---|
//! | the roots of the collector, safepoints | `runtime/collect.rs` |
//! | native code: what a tier gets, how it is entered and left | `runtime/native/mod.rs` |
//! | the linker | `link/instantiate.rs` |
//! | stack maps: which words of a frame hold references | `threaded/stack_map.rs` |
//! | where a metamethod is found and called | `runtime/metamethod.rs`, `runtime/call_nested.rs` (`call_from_instruction`) |
//! | the embedding API | `embedding/mod.rs`; below it `api/machine.rs`, `api/run.rs`, `api/host_call.rs` |
//! | what keeps the host's values alive | `runtime/rooted.rs`, `runtime/kept.rs` |
//! | how a frame is laid out | `threaded/frame.rs`, `threaded/continuation.rs` |
//! | operands of the instructions of `any` code; their handlers | `threaded/rows.rs`; `handlers/table.rs` |
//! | what `minivm explain` shows | `compile/explain.rs` |
//! | errors: who catches, and unwinding; their parts and names in them | `runtime/unwind.rs`; `runtime/error/` |
//! | how fuel is counted exactly | `threaded/fuel_map.rs`, `runtime/stepping.rs`, `api/run.rs` |
//! | the passes of the compiler, in their order | `compile/mod.rs` |
//! | what is checked when a snapshot is loaded | `snapshot/invariants.rs`, `heap/transfer/invariants.rs`, `heap/table/invariants.rs` |

mod bytes;
mod format;
mod number;
mod value;

mod memory;

mod heap;

mod threaded;

mod runtime;

mod link;

#[macro_use]
mod handlers;

mod compile;

mod snapshot;

mod api;

mod embedding;

pub mod raw;

pub use bytes::SnapshotError;
pub use compile::explain::{ExplainError, ThreadedForm, ThreadedLine};
pub use embedding::error::{Error, Failure};
pub use embedding::host_call::{HostCall, HostResult};
pub use embedding::inspect::{
    FiberActivity, FiberReport, Frame, Frames, MemoryReport, ProgramReport, ShownValue, StateReport, Variable,
    VariableValue,
};
pub use embedding::local::{Local, Outcome, Raise};
pub use embedding::machine::Machine;
pub use embedding::run::RunState;
pub use embedding::runs::{FiberScheduler, FiberTask, Scheduler, Task, TaskId};
pub use embedding::value::{Handle, InstanceId, RunId, Value};
pub use memory::{Held, MemoryBudget, OutOfMemory};
pub use minivm_isa::Kind;
pub use runtime::context::Limits;
pub use runtime::error::{ErrorKind, ErrorReport, InlinedCall};
pub use runtime::externs::ExternKind;
pub use runtime::fiber::FiberState;
pub use runtime::frame_view::{FrameKind, Position};
pub use runtime::host::HostRequest;
pub use runtime::native::{NativeFigures, NativePolicy, NativeTier};
pub use runtime::task::RunActivity;
pub use runtime::waits::MemoryWait;
#[cfg(feature = "snapshot-files")]
pub use snapshot::container as snapshot_file;
pub use snapshot::{CodeForm, ProgramHash, Snapshot, program_hash};
