//! Builds verified MiniVM programs: functions, blocks, virtual registers, labels, constants, imports.
//!
//! Start at [`ProgramBuilder`]. This crate knows no source language and not how programs run.
#![forbid(unsafe_code)]

mod error;
mod function;
mod instructions;
mod program;

pub use error::BuildError;
pub use function::{FRAME_WORDS_MAX, FunctionBuilder};
pub use program::ProgramBuilder;
