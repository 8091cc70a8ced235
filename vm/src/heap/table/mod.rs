//! Tables: array part, hash part, metatable.

pub(crate) mod directory;
pub(crate) mod growth;
pub(in crate::heap) mod invariants;
pub(crate) mod layout;
pub(crate) mod part;
mod read;
pub(crate) mod resize;
mod split;
mod traverse;
mod write;

pub(crate) use layout::{ArrayHeader, HAS_MORE, HashHeader, NO_FREE_SLOT, Node, TABLE_BYTES, Table, empty_nodes};
#[cfg(test)]
pub(crate) use read::normalise;
pub use traverse::{InvalidKey, NEXT_SLOTS_MAX, TableScan};
pub(crate) use write::Put;
pub use write::TableError;
