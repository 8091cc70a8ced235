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
//!
//! # What many languages need
//!
//! | for | there is |
//! |---|---|
//! | variables of blocks, closures and what they capture | [`NestedFunctions`] |
//! | code that is written as the text is read | [`move_to`](FunctionBuilder::move_to), [`branch_on`](FunctionBuilder::branch_on), [`return_tail`](FunctionBuilder::return_tail) |
//! | loops over lists, tables and iterators | [`iterate`](FunctionBuilder::iterate) |
//! | generators | [`generator_function`](ProgramBuilder::generator_function), [`yield_one`](FunctionBuilder::yield_one) |
//! | registers of temporaries | [`scoped`](FunctionBuilder::scoped) |
//!
//! # What a language decides itself
//!
//! | | is | a language that wants something else |
//! |---|---|---|
//! | truth | `branch_truthy`, `is_truthy`, `not`: nil and false are false, all else is true | asks for what it takes as false: `branch_kind`, `branch_unbox_i64` and a comparison; what it knows to be a boolean needs no more than `branch_truthy` |
//! | positions in strings | from 0, by bytes | adds a constant |
//! | positions in lists | `length`, `append` and the compact part of a table count from 1 | adds 1 to what it does not know to be the position of a constant: `get list, i + 1` is one instruction more, and none for constants |
//! | equality | `equal` by value of numbers, by content of strings, else by identity or metamethod `__eq`; `same` without metamethods | compares kinds before |
//! | integers | 64 bits, which wrap; an integer and a float give a float; `div` always gives a float | untagged `i64_…` and `f64_…` after `branch_unbox_…`, or metamethods for numbers of its own |
//! | text to number and back | `concat` makes text of numbers; text is never a number by itself | `std.to_number`, `std.to_string` of `minivm-std`, or functions of its host |
//! | errors | any value is one: `throw`, regions; instructions fail with a text | `minivm::Machine::set_error_words` gives it the kind, the operands, the variable and the position |
//!
//! There is no switch for the first three, for a program or a function: each would be one more test in an instruction that all languages
//! share, or a second row that does the same as two.
#![forbid(unsafe_code)]

mod constants;
mod error;
mod function;
mod generator;
mod idioms;
mod input;
mod instructions;
mod mistakes;
mod nested;
mod program;

pub use error::{BuildError, Mistake, UndefinedFunction};
pub use function::{FRAME_WORDS_MAX, FunctionBuilder};
pub use input::{IntoOperand, IntoOperands};
pub use nested::{NestedFunctions, Variable};
pub use program::ProgramBuilder;

// What users of this crate need of the bytecode, so that they need not name its crate.
pub use minivm_isa::entities::{
    Block, Const, Data, Declared, Element, Func, Global, Layout, Memory, Reg, Sig, Source, Table,
};
pub use minivm_isa::program::{
    Constant, DataDef, DeclaredType, ElementDef, ElementType, GlobalDef, Import, Initial, Item, LayoutDef, MemoryDef,
    Origin, Program, RegionKind, SegmentMode, TableDef,
};
pub use minivm_isa::verify::{Place, Rejection, Rule, Verified};
pub use minivm_isa::{Convention, Instruction, Kind, Operand, Signature, Storage, TrapCode, Type};
pub use minivm_isa::{binary, text};
