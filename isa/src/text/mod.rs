//! The text form of programs (`.mvt`): what dumps show and tests are written in.
//!
//! A program prints completely and parses back to an equal one, as long as the blocks of its functions are ascending ranges
//! of the code. The form is one statement a line; a `;` begins a comment; lists in brackets may take several lines.
//!
//! ```text
//! minivm 1
//! sig0 = (any) dynamic
//! func0 "fib" sig0 (any) dynamic {
//!   registers r1: any, r2: any
//! block0:
//!   branch_less r0, 2, block1, block2
//! block1:
//!   return_values (r0)
//! block2:
//!   …
//! }
//! ```
//!
//! Results stand first: `r3 = i64_add r1, 7`. A constant stands by value where it is used. A plain number is of the type
//! that the table demands there, `i32` for an address, or an `any` number where the table alone does not tell; a prefix says
//! otherwise: `i64:7`, `any:7`. The constants of a function are numbered as they appear; where that is not so, `const0 = …` lines at the
//! beginning of the function list them.

mod format;
mod lexer;
mod parse;
mod parse_function;
mod parse_value;
mod print;
mod print_function;
mod value;

pub use format::format;
pub use parse::{parse, parse_within};
pub use print_function::{FunctionText, InstructionText};

use std::fmt;

/// The version of the text form that is printed. Version 0, which is read as well, is the same.
pub const VERSION: u32 = 1;

/// Why a text is not a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// Character in the line, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests;
