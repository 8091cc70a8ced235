//! The MiniVM instruction set: instructions, programs, text and binary form, verifier.
//!
//! Start at [`program::Program`]. What an instruction means stands in `instructions.rs`, one row each. This crate knows no
//! source language and no machine.
#![forbid(unsafe_code)]

mod allowance;
pub mod binary;
pub mod bytes;
pub mod code;
pub mod entities;
pub mod facts;
pub mod features;
mod flow;
pub mod frame;
pub mod instruction;
mod instructions;
pub mod limits;
mod lists;
pub mod live;
pub mod local_index;
pub mod loops;
pub mod operand;
pub mod program;
pub mod regions;
pub mod register_set;
pub mod scopes;
pub mod size;
pub mod steps;
pub mod text;
pub mod trap;
pub mod types;
pub mod verify;

pub use allowance::{Allowance, Exhausted};
pub use instruction::{INSTRUCTIONS, Instruction, Opcode};
pub use operand::{Input, Operand};
pub use program::Program;
pub use trap::TrapCode;
pub use types::{Convention, Kind, Signature, Storage, Type};
pub use verify::{Rejection, Verified, verify};
