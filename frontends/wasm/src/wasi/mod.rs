//! WASI preview 1 (`wasi_snapshot_preview1`) over capabilities, as a plain library.
//!
//! Apart from `link` and `threads` it knows byte slices and numbers only, no machine. A program is given
//! exactly what [`WasiBuilder`] was told to give: without it there are no
//! files, no arguments, no environment, input is empty, output is discarded, the clock
//! is a counter and randomness a fixed sequence.
//!
//! | file | holds |
//! |---|---|
//! | `builder` | [`WasiBuilder`]: what a program may touch |
//! | `state` | [`Wasi`]: one program's descriptors, arguments, clock, randomness |
//! | `functions` | [`FUNCTIONS`]: the table of all calls, for registering with a linker |
//! | `link` | [`define()`]: registers them with a MiniVM machine |
//! | `threads` | threads, one at a time, as runs of the machine |
//! | `arguments`, `clocks`, `process`, `poll`, `sockets` | the calls, by topic |
//! | `transfer`, `files`, `directories`, `paths`, `open` | the calls on descriptors and paths |
//! | `memory` | checked little-endian access to the guest's memory |
//! | `descriptors`, `stream` | what a descriptor can stand for |
//! | `types`, `errno` | numbers and layouts of the interface |
//! | `sources` | where time and randomness come from |
//! | `snapshots` | how the state travels in snapshots |
//! | `platform` | the few things the host systems do differently |
//!
//! Semantics follow the interface definition, and where it is silent, what wasi-libc and
//! the official test suite expect. Rights are enforced: a descriptor can do what it was
//! opened for and no more. Pointers outside of the guest's memory stop the program
//! ([`Stop::Fault`]); everything else that goes wrong is an [`Errno`] for the guest.
//!
//! ```
//! use minivm_wasm::wasi::{Captured, WasiBuilder};
//!
//! let output = Captured::new();
//! let mut wasi = WasiBuilder::new().argument("demo").stdout(output.clone()).build()?;
//! let mut memory = vec![0; 64];
//! memory[0..8].copy_from_slice(&[8, 0, 0, 0, 3, 0, 0, 0]); // one buffer: 3 bytes at 8
//! memory[8..11].copy_from_slice(b"hi\n");
//! let function = minivm_wasm::wasi::function("fd_write").expect("part of the interface");
//! let status = (function.call)(&mut wasi, &mut memory, &[1, 0, 1, 32]);
//! assert_eq!(status, Ok(minivm_wasm::wasi::Errno::Success));
//! wasi.flush()?;
//! assert_eq!(output.take(), b"hi\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod builder;
mod clocks;
mod descriptors;
mod directories;
mod errno;
mod files;
mod functions;
mod link;
mod memory;
mod open;
mod paths;
mod platform;
mod poll;
mod process;
mod snapshots;
mod sockets;
mod sources;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod threads;
mod transfer;
mod types;

pub use builder::{SetupError, WasiBuilder};
pub use errno::{Errno, Error, Stop};
pub use functions::{Call, FUNCTIONS, Function, MODULE, ValueType, function};
pub use link::{Linked, define};

/// For those that hold a raw machine.
pub mod raw {
    pub use super::link::raw_define as define;
    pub use super::threads::{Deadlock, MODULE as THREADS_MODULE, Threads, shared_memories};
}

pub use memory::{Fault, Memory};
pub use sources::{Clock, ClockId, CounterClock, Random, SeededRandom, SystemClock, SystemRandom};
pub use state::{OpenFiles, SavedFiles, Wasi};
pub use stream::{Captured, InputStream, OutputStream};
pub use types::{FdFlags, FileType, LookupFlags, OpenFlags, Rights};
