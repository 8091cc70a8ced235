//! Builds verified MiniVM programs: functions, blocks, virtual registers, labels, constants, imports.
//!
//! Start at [`ProgramBuilder`]. This crate knows no source language and not how programs run.
#![forbid(unsafe_code)]

mod function;
mod instructions;
mod program;

pub use function::{BuildError, FunctionBuilder};
pub use program::ProgramBuilder;
