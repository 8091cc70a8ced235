//! Lua 5.4 for MiniVM: from source text to bytecode, and the standard library.
#![deny(unsafe_code)]

mod chunks;
pub mod codegen;
pub mod stdlib;
pub mod syntax;

pub use codegen::{
    Options, compile, compile_file, compile_file_within, compile_with, compile_within, has_exact_upvalues,
};
pub use syntax::SyntaxError;
