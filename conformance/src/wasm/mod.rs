//! The official WebAssembly testsuite on the machine.

mod adapter;
mod machine;
mod script;

pub use adapter::sum;
pub use machine::{Failure, Instance, Machines, Val};
pub use script::{Outcome, run, run_at_pace};
