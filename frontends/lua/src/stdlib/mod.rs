//! The standard library of Lua 5.4.
//!
//! [`algorithms`] holds what the library computes, as plain functions over bytes and Rust values that know nothing of the machine.

pub mod algorithms;
