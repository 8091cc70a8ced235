//! The boundary to native code: what a tier that compiles hot functions to machine code gets, gives, and must keep to.
//!
//! A machine knows no compiler of machine code. A host that has one hands it over with
//! [`Machine::set_native_tier`](crate::raw::Machine::set_native_tier); without one nothing here runs, and no instruction costs more.
//!
//! - **Entering.** The first threaded instruction of a function with native code is replaced by `enter_native`, so no call looks
//!   whether there is any. So is that of each loop which the code can be entered at: the context says where, and the code loads what is
//!   live there from the frame. Other native code always begins at the start.
//! - **Leaving.** Native code returns to its caller, or leaves: "the interpreter goes on at canonical instruction i of this
//!   frame", in baseline code. It leaves where it finds a trap, no fuel, no room, an instruction that it does not know, a callee
//!   without native code. It may leave too early, never too late.
//! - **The native stack is disposable.** At a call all that is live is in frames of the machine, whose return places are those of
//!   baseline code. Where a callee leaves, its native callers return at once, and nothing is lost.
//!
//! - **Steps.** An instruction of `any` code that native code does not do itself is done by the interpreter, one canonical
//!   instruction in baseline code; native code goes on if the interpreter then stands before the next one in the same frame.
//! - **Profiles.** Before `any` code is compiled, a short part of the run is done instruction by instruction and watched.
//!   Blocks that were not seen to run are exits; each one taken adds to the profile.
//! - **Budget.** Compiling `any` code may cost a small part of what has run; callers and callees are compiled together. What is compiled
//!   elsewhere is put in place at the end of a part of a slice, or where native code asks for fuel.
//!
//! When something is compiled cannot be seen by a program: places, frames, fuel, traps and snapshots are those of the interpreter.

mod enter;
mod group;
mod helpers;
mod install;
mod job;
pub mod layout;
mod log;
mod profile;
mod promise;
mod reason;
mod refuel;
mod sample;
mod seen;
pub(crate) mod slot;
pub(crate) mod state;
mod step;
mod tier;

pub(crate) use enter::{NativeFlow, enter};
pub use log::{NativeEvent, NativeExit, NativeLog};
pub(crate) use sample::{loaded, sample, slice};
pub use seen::{GUESTS_MAX, HOPS_MAX, MANY_NODES, MANY_OPEN, NO_NODE, NO_OPEN, OPERANDS, Seen};
pub use state::{NativeFigures, NativePolicy};
pub use tier::{CallJob, GONE, GlobalJob, Helpers, MemoryJob, NativeCode, NativeJob, NativeThunk, NativeTier, Refusal};
