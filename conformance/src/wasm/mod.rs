//! The official WebAssembly testsuite on the machine.

mod adapter;
mod machine;
mod script;

pub use adapter::sum;
pub(crate) use adapter::{adapter, face};
pub use machine::{Failure, Instance, Machines, Val, Way};
pub(crate) use machine::{SPECTEST, result_types};
pub use script::{Engine, Outcome, run, run_in, run_on};
