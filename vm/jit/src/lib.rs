//! A native tier for MiniVM: hot functions through Cranelift, one at a time, with every promise of the interpreter kept.
//!
//! ```no_run
//! let mut machine = minivm::Machine::new(minivm::Limits::default());
//! let tier = minivm_jit::Tier::new(minivm_jit::Options::default())?;
//! machine.set_native_tier(Some(Box::new(tier)), minivm::NativePolicy::default());
//! # Ok::<(), minivm_jit::Unsupported>(())
//! ```
//!
//! What runs is described at [`minivm::raw::native`]. This crate only makes code, and holds its memory:
//!
//! | file | is |
//! |---|---|
//! | `facts` | what is live where, segments of the budget, checks |
//! | `kinds` | what is known of the kinds of `any` values |
//! | `translate` | a function as Cranelift's intermediate form |
//! | `compiler` | that to machine code, and the thunks that enter it |
//! | `code_memory` | memory that is never writable and executable at once |
//! | `worker` | the thread that compiles |
//! | `disassembly`, `perf_map` | machine code as text, and names for `perf` |
//!
//! Programs are checked by explicit comparisons: there are no signal handlers, no guard pages, and nothing of a program is on
//! the native stack only.

#![deny(unsafe_code)]

mod code_memory;
mod compiler;
#[cfg(feature = "disassembly")]
mod disassembly;
mod facts;
mod kinds;
mod perf_map;
mod translate;
mod types;
mod worker;

#[cfg(feature = "disassembly")]
pub use disassembly::{NativeLine, disassemble};
pub use worker::Tier;

use std::fmt;

/// How code is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The machine waits for the thread that compiles: what is compiled when is then known. For tests and measurements.
    pub waits: bool,
    /// Code leaves to the interpreter at random checks, for tests.
    pub forces_exits: bool,
    /// The names of functions and where their code lies go to `/tmp/perf-PID.map`, for `perf report`.
    pub perf_map: bool,
}

/// Why there is no native tier here.
#[derive(Clone, Debug)]
pub struct Unsupported(String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no native code on this system: {}", self.0)
    }
}

impl std::error::Error for Unsupported {}
