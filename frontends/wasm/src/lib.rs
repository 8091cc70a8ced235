//! WebAssembly for MiniVM: modules become portable bytecode, and WASI lets them reach what the host grants.
//!
//! Start at [`translate()`], [`features`] and [`wasi`]; [`script`] runs the official testsuite. This crate knows no Lua.
#![deny(unsafe_code)]

pub mod features;
pub mod script;
mod stubs;
pub mod translate;
pub mod wasi;

pub use features::Features;
pub use stubs::stubs;
pub use translate::{
    WasmError, WasmErrorKind, WasmPlace, inlined_calls, parse_text, parse_text_within, translate, translate_later,
    translate_within,
};
