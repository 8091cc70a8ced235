//! The cells of a heap as bytes and back: what snapshots and copies of a machine are made of.
//!
//! Cells are numbered in the order in which they are met from the roots, so the same graph gives the same bytes. Each has a
//! *shape* (kind, size, sequence number; strings their bytes), from which the loader makes all cells first, and *contents*,
//! where references are numbers of cells. What the heap does not know (functions, fibers, host objects) goes through
//! [`SaveOutside`] and [`LoadOutside`].
//!
//! | shape | contents |
//! |---|---|
//! | string: bytes | – |
//! | table: cell bytes / 16, inline slots, array, hash part | metatable; weak: its contents; else array, hash part |
//! | function: captures | function, captures |
//! | cell | value |
//! | record: type | words, by its layout |
//! | array: type, length | elements |
//! | host object: user values | metatable, user values, object |
//! | fiber | fiber |
//!
//! The array of a table is 0 where it is inline, else its capacity and 1, and the same of the part it moves from. The hash part
//! is 0 for none, 1 inline, 2 in a cell of its own, then the logarithm of its nodes; 3 for buckets, then capacity and length of
//! the list, and for each in it the logarithm of its nodes, or 0x80 and the depth of an index.
//!
//! Bits 4 and 5 of the number of inline slots say how far below their end a border is looked for.
//!
//! In the contents, slots that are not inline are followed by the size of the array part, then by how many moved and how many
//! the old part had, or the border hint. A node is its key, value and distance to the next of its chain;
//! 0 for one never used, 0xff and a number of four
//! bytes for one whose key died. Buckets are preceded by what the directory counts; a slot of an index is a number in the list.
//!
//! A copy within the process goes another way for all that is plain memory of the heap, see `clone`.
//!
//! | file | what |
//! |---|---|
//! | `save`, `save_table`, `map` | cells as bytes; their numbers by address |
//! | `invariants` | what holds of every cell, kind by kind |
//! | `load`, `load_table`, `load_buckets`, `load_lists` | cells from bytes; trusts nothing |
//! | `clone`, `clone_table`, `clone_heap` | cells copied as they lie; what they wait for until another machine has them |
//!
//! A value is a tag byte; 3 a zigzag LEB128 integer, 4 eight bytes of a float, 5 the number of a cell.

mod clone;
mod clone_heap;
mod clone_table;
mod invariants;
mod load;
mod load_buckets;
mod load_lists;
mod load_table;
mod map;
mod save;
mod save_table;

pub(crate) use clone::HeapCopier;
pub(crate) use clone_heap::{HeapTwin, WaitingCells};
pub(crate) use load::{FiberState, HeapLoader, LoadOutside, LoadedLayout};
pub(crate) use save::{HeapSaver, SaveOutside};

/// Tag byte of a value that refers to a cell.
const REFERENCE: u8 = 5;
/// In place of a key's tag: the key died, only its place is kept.
const DEAD: u8 = 0xff;

/// Where the hash part of a table is: there is none.
const PART_NONE: u8 = 0;
/// In the table's own cell.
const PART_INLINE: u8 = 1;
/// In a cell of its own.
const PART_OWN: u8 = 2;
/// In buckets.
const PART_BUCKETS: u8 = 3;

/// Flag of a shape: a finaliser is registered.
const FINALISER: u8 = 1;
/// Flag of a shape: keys are weak.
const WEAK_KEYS: u8 = 2;
/// Flag of a shape: values are weak.
const WEAK_VALUES: u8 = 4;
/// Flag of a shape: the contents of a weak table, to which no value refers.
const HIDDEN: u8 = 8;
