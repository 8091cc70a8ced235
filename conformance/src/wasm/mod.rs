//! The official WebAssembly testsuite on the machine.

mod adapter;
mod machine;
mod script;

pub use adapter::sum;
pub use machine::{Failure, Instance, Machines, Val, Way};
pub use script::{Outcome, run, run_in};
