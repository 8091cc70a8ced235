//! Finding the cases, running them, and comparing what they print with what is stored beside them.
//!
//! [`cases`] lists them, [`slicing`] stops them on the way, [`outcome`] says what a run left behind, [`snapshot`] compares,
//! [`mod@generate`] makes random programs and [`every_row`] one for each instruction, which [`run_generated`] runs,
//! [`mod@forge`] forges snapshots, [`builds`] finds the other way of dispatch, [`known`] knows what still fails, `poison` makes
//! freed memory unlike any that is alive, [`mod@reference`] asks the reference implementations, [`wasm`] is the official
//! WebAssembly testsuite. The suites themselves are `tests/*.rs`, one each.
#![deny(unsafe_code)]

pub mod builds;
pub mod cases;
pub mod every_row;
pub mod forge;
pub mod generate;
pub mod generate_lua;
pub mod growth;
pub mod known;
pub mod limits;
pub mod lua_host;
pub mod meaning;
pub mod native;
pub mod outcome;
#[cfg(debug_assertions)]
mod poison;
pub mod process_chain;
pub mod random;
mod raw_machine;
pub mod reference;
pub mod reload;
pub mod run_generated;
pub mod run_lua;
pub mod run_mixed;
pub mod run_text;
pub mod run_wasm;
pub mod sliced_cases;
pub mod slicing;
pub mod small_stack;
pub mod snapshot;
pub mod wasm;

pub use raw_machine::raw_machine;
