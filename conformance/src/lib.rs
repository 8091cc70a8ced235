//! Finding the cases, running them, and comparing what they print with what is stored beside them.
//!
//! [`cases`] lists them, [`outcome`] says what a run left behind, [`snapshot`] compares, [`known`] knows what still fails,
//! [`reference`] asks the reference implementation. The suites themselves are `tests/*.rs`, one each.
#![forbid(unsafe_code)]

pub mod cases;
pub mod known;
pub mod outcome;
pub mod reference;
pub mod run_wasm;
pub mod small_stack;
pub mod snapshot;
