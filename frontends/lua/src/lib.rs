//! Lua 5.4 for MiniVM: from source text to bytecode, and the standard library.
#![forbid(unsafe_code)]

pub mod syntax;
