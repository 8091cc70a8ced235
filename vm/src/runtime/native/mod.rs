//! The boundary to native code: what a tier that compiles hot functions to machine code gets, gives, and must keep to.
//!
//! A machine knows no compiler of machine code. A host that has one hands it over with
//! [`Machine::set_native_tier`](crate::raw::Machine::set_native_tier); without one nothing here runs, and no instruction costs more.
//!
//! - **Entering.** The first threaded instruction of a function with native code is replaced by `enter_native`, so no call looks
//!   whether there is any. Loops that are hot while they run get a body of their own that begins at their head.
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
//! - **Budget.** Compiling `any` code may cost a small part of what has run; callers and callees are compiled together.
//!
//! When something is compiled cannot be seen by a program: places, frames, fuel, traps and snapshots are those of the interpreter.

mod enter;
mod group;
mod helpers;
mod job;
pub mod layout;
mod log;
mod profile;
mod refuel;
mod sample;
mod state;
mod step;

pub(crate) use enter::{NativeFlow, enter};
pub use helpers::Helpers;
pub use job::{CallJob, GlobalJob, MemoryJob, NativeJob};
pub use log::{NativeEvent, NativeExit, NativeLog};
pub use profile::{MANY_NODES, MANY_OPEN, NO_NODE, NO_OPEN, OPERANDS, Seen};
pub(crate) use sample::{loaded, sample, slice};
pub use state::{NativeFigures, NativePolicy};
pub(crate) use state::{NativeSlot, NativeState};

use std::any::Any;
use std::fmt;

/// How native code is entered: `thunk(context, registers, fuel, body)`. It loads the parameters from the frame, calls the body,
/// and puts the results where the return place in the header of the frame says. It gives the fuel that is left, or [`GONE`].
#[cfg(target_arch = "x86_64")]
pub type NativeThunk = unsafe extern "sysv64" fn(*mut (), *mut u64, i64, *const u8) -> i64;
/// How native code is entered: `thunk(context, registers, fuel, body)`. It loads the parameters from the frame, calls the body,
/// and puts the results where the return place in the header of the frame says. It gives the fuel that is left, or [`GONE`].
#[cfg(not(target_arch = "x86_64"))]
pub type NativeThunk = unsafe extern "C" fn(*mut (), *mut u64, i64, *const u8) -> i64;

/// What native code returns in place of the fuel that is left when the interpreter has to go on: no budget is so far below zero.
pub const GONE: i64 = i64::MIN;

/// A compiled function, or a loop of one.
pub struct NativeCode {
    /// What other native code calls.
    pub body: *const u8,
    /// What the interpreter calls.
    pub thunk: NativeThunk,
    /// Bytes of executable memory that it takes.
    pub bytes: usize,
    /// Time that compiling took, for figures only.
    pub nanoseconds: u64,
    /// Keeps the memory of both; dropped when no native code runs and nothing refers to it any more.
    pub memory: Box<dyn Any + Send>,
}

// SAFETY: code is read only, and its owner is `Send`.
unsafe impl Send for NativeCode {}

/// Why a function is not compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is larger than what compiles without a pause.
    TooLarge,
    /// There is no executable memory (left).
    NoMemory(String),
    /// Too much of it is left to the interpreter.
    Worthless,
    /// The compiler failed, which is a mistake in it.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLarge => f.write_str("too large to compile"),
            Refusal::NoMemory(why) => write!(f, "no executable memory: {why}"),
            Refusal::Worthless => f.write_str("the interpreter would do too much of it"),
            Refusal::Failed(why) => write!(f, "the compiler failed: {why}"),
        }
    }
}

/// A compiler of functions to machine code.
///
/// # Safety
/// The code does what the verified function of its job does, as this module describes, and touches nothing that the job does
/// not name.
pub unsafe trait NativeTier: Send {
    /// Begins to compile. It may be done at once, or elsewhere while the machine runs on.
    fn start(&mut self, ticket: u64, job: NativeJob);

    /// Something that is done, with the ticket of its start.
    fn finished(&mut self) -> Option<(u64, Result<NativeCode, Refusal>)>;
}
