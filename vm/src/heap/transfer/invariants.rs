//! What holds of every heap cell that the machine makes, kind by kind. Loading checks all of it: whoever writes a new field
//! of a cell adds its rule here.
//!
//! | kind | holds |
//! |---|---|
//! | every cell | its number, if a program has asked for its identity, is below 2^45, given out already and no other's; only tables and host objects have a finaliser, and those that do stand in one of the two lists once |
//! | string | of the short ones each is there once; no more than 2^32 - 1 bytes |
//! | buffer | it is a string that is not written to its end; only host functions keep it |
//! | table | see [`table::invariants`](crate::heap::table::invariants) |
//! | function | it is of a function of the machine, and captures as many values as that says: variables where it says so, no variable elsewhere; a bridge captures a function that is not typed, and a string or nil |
//! | variable | it holds a value |
//! | record, array | its type is one of the machine's, and it has the words or elements of that; a reference is to an object of its type, or null where that may be |
//! | host object | its metatable is a table; the host's codec takes its bytes |
//! | fiber | see `snapshot::invariants` |
//! | contents of a weak table | they are a table of the smallest size without parts in its cell, without metatable, number or finaliser, and belong to one weak table; nothing else refers to them |
//!
//! What owns memory of the host (host objects, fibers) stands in the list of owners once, and nothing else does.

use super::{FINALISER, HIDDEN, WEAK_KEYS, WEAK_VALUES};
use crate::bytes::{Reader, SnapshotError};
use crate::heap::header::Header;
use crate::value::Tag;

/// No heap has allocated more bytes, and none waits for more allocations.
pub(super) const BYTES_MAX: u64 = 1 << 60;
/// Numbers that cells of a snapshot have for their identity are below this: whoever goes on has as many left.
pub(super) const IDS_END: u64 = Header::IDS_END / 2;

/// Whether a cell of a kind may have these flags and this number.
pub(super) fn flags(kind: Tag, flags: u8, id: u64) -> Result<(), &'static str> {
    let known = match kind {
        Tag::TABLE => FINALISER | WEAK_KEYS | WEAK_VALUES | HIDDEN,
        Tag::USERDATA => FINALISER,
        _ => 0,
    };
    let is_hidden = flags & HIDDEN != 0;
    if flags & !known != 0 || id >= IDS_END {
        Err("a cell has flags it cannot have")
    } else if is_hidden && (flags != HIDDEN || id != 0) {
        Err("the contents of a weak table are weak, hidden twice or known")
    } else {
        Ok(())
    }
}

/// The numbers of cells, each given out once.
#[derive(Default)]
pub(super) struct Identities {
    ids: Vec<u64>,
    largest: u64,
}

impl Identities {
    pub(super) fn add(&mut self, id: u64) {
        self.ids.push(id);
        self.largest = self.largest.max(id);
    }

    /// Whether all are different; they are forgotten then, but for the largest. Gives how many they were.
    pub(super) fn check(&mut self) -> Result<usize, &'static str> {
        let mut ids = std::mem::take(&mut self.ids);
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) { Err("two cells have one number") } else { Ok(ids.len()) }
    }

    pub(super) fn largest(&self) -> u64 {
        self.largest
    }
}

/// What shapes say that there is in contents: each item takes one byte there at least, so that no more room is made for them
/// than there are bytes.
pub(crate) struct Promises {
    left: u64,
}

impl Promises {
    pub(super) fn new(bytes: u64) -> Self {
        Promises { left: bytes }
    }

    /// Takes the bytes of so many items.
    pub(super) fn take(&mut self, items: u64, from: &Reader<'_>) -> Result<(), SnapshotError> {
        match self.left.checked_sub(items) {
            Some(left) => self.left = left,
            None => return Err(from.damaged("a cell is larger than the rest of the file")),
        }
        Ok(())
    }
}
