//! What MiniVM bytecode means: an interpreter of verified programs that is as plain as it can be.
//!
//! It stands beside the table of instructions and says in Rust what a row says in words. It has no code of its own: it does one
//! instruction of the portable bytecode after the other, on values that know their type. Nothing is fast, nothing is freed, and
//! no function calls itself because a program does. Machines are compared to it: they must give the same results, traps and
//! costs.
//!
//! Start at [`Machine`].
//!
//! # The map
//!
//! | file | is |
//! |---|---|
//! | `value` | values of registers, `any` values |
//! | `floats`, `lanes`, `arithmetic` | arithmetic on numbers, on vectors, on `any` numbers |
//! | `table` | tables with keys |
//! | `types` | which types of different programs are the same |
//! | `store` | instances, memories, objects: all that a program can reach |
//! | `fiber` | what stacks are made of |
//! | `host` | functions of the host |
//! | `rules` | instructions that call nothing |
//! | `machine` | the loop: what happens next |
//! | `calls`, `boundary` | calls, and conversions between typed and `any` code |
//! | `metamethods` | instructions on `any` values that may call a metamethod |
//! | `fibers` | switching between fibers |
//! | `unwind` | errors, regions, message handlers |
//! | `link` | from a program to an instance |
//!
//! It knows no source language, and nothing of how machines run code.
#![forbid(unsafe_code)]
#![allow(clippy::module_name_repetitions, reason = "the words of the field")]

mod arithmetic;
mod boundary;
mod calls;
mod fiber;
mod fibers;
mod floats;
mod host;
mod lanes;
mod link;
mod machine;
mod metamethods;
mod rules;
mod store;
mod table;
mod types;
mod unwind;
mod value;

pub use host::{Answer, HostCall, HostFunction, Protect, Raise};
pub use link::LinkError;
pub use machine::{Ended, Limits, Machine, Watcher};
pub use value::{Any, CellId, ClosureId, FiberId, InstanceId, ObjectId, TableId};
