//! Lua 5.4 for MiniVM: from source text to bytecode, and the standard library.
#![forbid(unsafe_code)]

pub mod codegen;
pub mod stdlib;
pub mod syntax;

pub use codegen::{compile, compile_file, compile_file_within, compile_within};
pub use syntax::SyntaxError;
