//! Builds verified MiniVM programs: functions, blocks, virtual registers, labels, constants, imports.
//!
//! Start at [`ProgramBuilder`]. This crate knows no source language and not how programs run.
//!
//! # A worked example
//!
//! `sum(n)` adds the numbers from 1 to `n`, typed; `main(n)` is dynamic code that calls it and hands the sum to an imported
//! function.
//!
//! ```
//! use minivm_builder::{ProgramBuilder, Signature, Type};
//!
//! let mut program = ProgramBuilder::new();
//! let print = program.import_function("host", "print", Signature::dynamic(1, true));
//!
//! let mut f = program.function("sum", Signature::typed(&[Type::I64], &[Type::I64]));
//! let n = f.param(0);
//! let (loop_start, body, done) = (f.block(), f.block(), f.block());
//! let (sum, i) = (f.register(Type::I64), f.register(Type::I64));
//! f.to(sum).copy(0_i64);
//! f.to(i).copy(1_i64);
//! f.jump(loop_start);
//!
//! f.switch_to(loop_start);
//! f.branch_i64_le_s(i, n, body, done);
//!
//! f.switch_to(body);
//! f.to(sum).i64_add(sum, i);
//! f.to(i).i64_add(i, 1);
//! f.jump(loop_start);
//!
//! f.switch_to(done);
//! f.return_values((sum,));
//! let sum = program.add(f)?;
//!
//! let mut f = program.function("main", Signature::dynamic(1, false));
//! let n = f.i64_from_any(f.param(0));
//! let result = f.register(Type::I64);
//! f.call(&[result], sum, (n,));
//! let (print, result) = (f.ref_func(print), f.any_from_i64(result));
//! f.call_any(&[], print, ("sum", result));
//! f.return_values(());
//! let main = program.add(f)?;
//! program.export_function("main", main);
//!
//! // All mistakes come back at once, each with its place; a verified program can be loaded, saved and shown.
//! let program = program.finish()?;
//! let bytes = minivm_isa::binary::encode(&program);
//! assert_eq!(minivm_isa::binary::decode(&bytes)?, *program);
//! assert!(program.to_string().contains("branch_i64_le_s r2, r0, block2, block3"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod constants;
mod error;
mod function;
mod input;
mod instructions;
mod mistakes;
mod program;

pub use error::{BuildError, Mistake};
pub use function::{FRAME_WORDS_MAX, FunctionBuilder};
pub use input::{IntoOperand, IntoOperands};
pub use program::ProgramBuilder;

// What users of this crate need of the bytecode, so that they need not name its crate.
pub use minivm_isa::entities::{Block, Func, Global, Layout, Memory, Reg, Sig, Source, Table};
pub use minivm_isa::program::{Constant, LayoutDef, RegionKind};
pub use minivm_isa::verify::{Place, Rejection, Rule, Verified};
pub use minivm_isa::{Instruction, Kind, Operand, Signature, Storage, TrapCode, Type};
