//! Tables: array part, hash part, metatable.

pub(in crate::heap) mod invariants;
pub(crate) mod layout;
mod read;
mod resize;
mod traverse;
mod write;

pub use layout::{Node, Table};
pub use traverse::{InvalidKey, NEXT_SLOTS_MAX, TableScan};
pub use write::TableError;
