//! Tern, a small dynamic language on MiniVM: what language authors copy from. The guide in `builder/guide` builds it chapter by
//! chapter.
//!
//! ```
//! use minivm::{Limits, Machine};
//! use minivm_std::{Process, run_chunk};
//! use minivm_tutorial::{Mode, compile, install};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut machine = Machine::new(Limits::default());
//! let globals = install(&mut machine, Box::new(Process::default()), |path| std::fs::read_to_string(path))?;
//! let program = compile("sum.tern", "let sum = 0\nfor n in [1, 2, 3] { sum = sum + n }\nreturn sum", Mode::File)?;
//! assert_eq!(run_chunk(&mut machine, program, &globals, &[])?[0].as_int(), Some(6));
//! # Ok(())
//! # }
//! ```
//!
//! A program is a *chunk*: a function `main` that captures the table of globals, and whose result is what a program gets that
//! requires it. So are those of Lua, and each language finds the modules of the other.
#![forbid(unsafe_code)]

mod compiler;
mod expressions;
#[cfg(doctest)]
mod guide;
mod runtime;
mod statements;

pub use compiler::compile;
pub use minivm_std::Mode;
pub use minivm_syntax::Diagnostic;
pub use runtime::install;

/// The most bytes that compiling a text takes, for hosts that bound what programs may take.
pub fn compiling_bytes(text: &str) -> u64 {
    // Each byte can be a token, and each token an instruction with a position.
    (1 << 16) + 1024 * text.len() as u64
}

/// The custom section by which a program says that it is a chunk.
pub const CHUNK_SECTION: &str = "minivm.chunk";
