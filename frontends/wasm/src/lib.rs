//! WebAssembly for MiniVM: modules become portable bytecode.
//!
//! Start at [`translate()`]. This crate knows no Lua.
#![forbid(unsafe_code)]

pub mod translate;

pub use translate::{WasmError, parse_text, translate};
