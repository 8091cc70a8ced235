//! Typed code: handlers for untagged numbers, linear memory, globals and tables, made as generic types.
//!
//! An instruction is a small tree. [`expression`] and [`access`] have what computes values, [`statement`] what changes
//! something and the handlers around it, [`operators`] the rows of the table, [`bulk`] whole memories and tables, [`ranges`]
//! long ranges of them, [`array_ranges`] those of arrays, [`vector`] vectors, [`calls`] calls and returns. [`families`] lists
//! which trees there are handlers for; [`registry`] finds one by the key of its [`shape`],
//! which the compiler (`loader/typed`) computes for the tree it has. Nothing here knows how trees are found.

pub(crate) mod access;
pub(crate) mod array_ranges;
pub(crate) mod atomic;
pub(crate) mod bulk;
pub(crate) mod calls;
pub(crate) mod expression;
pub(crate) mod families;
pub(crate) mod operators;
pub(crate) mod ranges;
pub(crate) mod registry;
pub(crate) mod shape;
pub(crate) mod statement;
pub(crate) mod vector;
pub(crate) mod word;
