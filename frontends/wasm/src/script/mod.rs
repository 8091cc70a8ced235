//! Scripts in the format of the official testsuite (`.wast`): modules, and what is expected of them.
//!
//! | file | what |
//! |---|---|
//! | `runner` | runs the directives of a script on an [`Engine`] |
//! | `machines` | the engine that is this machine; how its calls run is a [`Caller`]'s |
//! | `adapter` | a program that passes all numbers bit for bit between hosts and an instance |
//! | `value`, `number`, `expected` | values as scripts see them, as text, and comparing them |

mod adapter;
mod expected;
mod machines;
mod number;
mod runner;
mod value;

pub(crate) use adapter::with_types_of;
pub use adapter::{adapter, face, sum};
pub use machines::{Called, Caller, Instance, Machines, SPECTEST};
pub use number::{parse_number, show_number};
pub use runner::{Engine, Outcome, Script, run};
pub use value::{Failure, Val, from_values, result_types, to_values};
