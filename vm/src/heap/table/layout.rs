//! How a table lies in memory.
//!
//! ```text
//! Table     0 header   8 array   16 nodes   24 array_len   28 mask   32 inline array slots, then an inline hash part
//! Node      0 value    8 key     16 next    20 key_tag     21 value_tag   22 place                      (24 bytes)
//! array     0 size     4 hint    8 old      16 slots                  `Table::array` points at the slots
//! hash part 0 metatable 8 last_free 12 absent 14 flags 15 inline 16 nodes     `Table::nodes` points at the nodes
//! ```
//!
//! Small tables keep their first slots and nodes in their own cell, so `{l, r}` is one cell of 64 bytes. What is
//! outgrown there stays unused until the table dies.
//!
//! The array part has a *size*: the largest key that belongs there. Its slots exist as far as `array_len`; those from there to
//! the size are nil, and made when something is stored. As long as the table is not large, the size is what the reference
//! implementation of Lua gives the array part of such a table, because it decides which border `#` finds where there are
//! several: exact after a constructor or another list of known length, a power of two after growing; and no key up to it is
//! in the hash part. The cell may have room for more slots, which only saves a move later.
//!
//! No operation on a table takes long, however large it is: a hash part of more than [`NODES_MAX`] nodes becomes buckets
//! behind a [`Directory`](super::directory::Directory), and an array part of more than
//! [`SLOTS_AT_ONCE`](super::growth::SLOTS_AT_ONCE) slots moves to a larger one step by step.

use std::ptr::null_mut;

use crate::heap::Heap;
use crate::heap::header::Header;
use crate::value::{Tag, Value};

/// A table: an array part for the keys up to its size, a hash part for all others.
///
/// A weak table keeps its contents in another table that no value refers to; its own array and hash parts look empty,
/// so that cached accesses miss and the functions that know about weakness see every access. So does the hash part of a
/// large table, whose entries are in buckets.
#[repr(C, align(16))]
pub(crate) struct Table {
    pub(crate) header: Header,
    /// The slots of the array part; for weak tables, the table with the contents.
    pub(crate) array: *mut Value,
    /// The nodes of the hash part; never null.
    pub(crate) nodes: *mut Node,
    /// Slots of the array part that hold a value or nil: `key - 1 < array_len` is in bounds.
    pub(crate) array_len: u32,
    /// Number of nodes less one; a power of two less one. Node 0 is always readable.
    pub(crate) mask: u32,
}

/// Bytes of the fixed part of a table.
pub(crate) const TABLE_BYTES: usize = size_of::<Table>();
/// Most array slots in the cell of a table.
pub(crate) const INLINE_SLOTS_MAX: u32 = 15;
/// Most nodes in the cell of a table.
pub(crate) const INLINE_NODES_MAX: u32 = 8;
/// Most array slots or nodes of a table.
pub(crate) const PART_LEN_MAX: u64 = if usize::BITS == 64 { 1 << 30 } else { 1 << 26 };

/// A key and its value in the hash part.
///
/// Chained scatter with Brent's variation: a key is in the chain that starts at its main position, and a node that is
/// not in its main position gives way to one that would be. So all keys in a chain have the same main position, where it
/// starts.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Node {
    /// Payload of the value.
    pub(crate) value: u64,
    /// Payload of the key.
    pub(crate) key: u64,
    /// Distance in nodes to the next of the chain, 0 at the end.
    pub(crate) next: i32,
    /// Tag of the key; nil for a node never used, [`DEAD_KEY`] for one whose key is kept only for its place.
    pub(crate) key_tag: u8,
    /// Tag of the value; nil for a removed entry.
    pub(crate) value_tag: u8,
    /// Below [`AWAY`] the node is in its main position, and this is how many others are in its chain (no more than
    /// [`CHAIN_MAX`] and one are counted); else its main position and `AWAY`.
    pub(crate) place: u16,
}

/// What [`Node::place`] is at least when the node is not in its main position.
pub(crate) const AWAY: u16 = 32;
/// Nodes of a chain besides the first. Keys that nobody has made to collide stay below in all the tables of a lifetime.
pub(crate) const CHAIN_MAX: u16 = 16;

/// The key tag of a removed entry whose key may have been collected; matches no key but in `next`.
pub(crate) const DEAD_KEY: u8 = 0xff;

impl Node {
    /// A node never used.
    pub(crate) const FREE: Node = Node { value: 0, key: 0, next: 0, key_tag: 0, value_tag: 0, place: 0 };

    /// The value.
    #[inline(always)]
    pub(crate) fn value(&self) -> Value {
        Value { payload: self.value, tag: Tag(u32::from(self.value_tag)) }
    }

    /// The key. Not for dead keys.
    #[inline(always)]
    pub(crate) fn key(&self) -> Value {
        debug_assert!(self.key_tag != DEAD_KEY);
        Value { payload: self.key, tag: Tag(u32::from(self.key_tag)) }
    }

    /// Whether no key was ever put here.
    #[inline(always)]
    pub(crate) fn is_free(&self) -> bool {
        self.key_tag == Tag::NIL.0 as u8
    }

    /// Whether it is in its main position, or free.
    #[inline(always)]
    pub(crate) fn is_at_home(&self) -> bool {
        self.place < AWAY
    }

    /// Whether there is no value.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.value_tag == Tag::NIL.0 as u8
    }

    /// Whether the key is exactly this one. Not for floats and long strings.
    #[inline(always)]
    pub(crate) fn has_key(&self, payload: u64, tag: Tag) -> bool {
        self.key == payload && u32::from(self.key_tag) == tag.0
    }

    #[inline(always)]
    pub(crate) fn set_value(&mut self, value: Value) {
        self.value = value.payload;
        self.value_tag = value.tag.0 as u8;
    }

    #[inline(always)]
    pub(crate) fn set_key(&mut self, key: Value) {
        self.key = key.payload;
        self.key_tag = key.tag.0 as u8;
    }

    /// Removes an entry whose key or value died: nothing refers to them any more.
    #[inline(always)]
    pub(crate) fn kill(&mut self) {
        self.value = 0;
        self.value_tag = 0;
        self.drop_dead_key();
    }

    /// Keeps the key of a removed entry as a mere place holder, so that it does not keep its cell alive.
    #[inline(always)]
    pub(crate) fn drop_dead_key(&mut self) {
        if self.key_tag >= Tag::STRING.0 as u8 {
            self.key_tag = DEAD_KEY;
        }
    }
}

/// What precedes the slots of an array part that has a cell of its own.
#[repr(C)]
pub(crate) struct ArrayHeader {
    /// The largest key that belongs into the array part.
    pub(crate) size: u32,
    /// Where to look for a border first: the size, until a border was found in the upper half. While the array part moves: how
    /// many slots there are, in both parts.
    pub(crate) hint: u32,
    /// While the array part moves: the slots of the part it moves from, else null.
    pub(crate) old: *mut Value,
}

/// What precedes the nodes.
#[repr(C, align(16))]
pub(crate) struct HashHeader {
    pub(crate) metatable: *mut Table,
    /// Nodes at and above this index are in use.
    pub(crate) last_free: u32,
    /// One bit per event of which this table, as a metatable, is known to have no entry.
    pub(crate) absent: u16,
    /// What is special about the table; see below.
    pub(crate) flags: u8,
    /// Whether the part lies in the cell of its table.
    pub(crate) inline: bool,
}

/// An integer key was put into this part.
pub(crate) const HAS_INT: u8 = 1;
/// The table is weak: its contents are elsewhere.
pub(crate) const ELSEWHERE: u8 = 2;
/// The entries are in buckets. The part has one node, free by its tags, whose key is the address of the directory.
pub(crate) const BUCKETS: u8 = 4;
/// Flags of tables that have entries in other places than their own parts.
pub(crate) const HAS_MORE: u8 = ELSEWHERE | BUCKETS;
/// The array part is moving to a larger one.
pub(crate) const MOVING: u8 = 8;
/// The part is shared by all tables that have none.
pub(crate) const SHARED: u8 = 16;
/// Flags of tables whose array part has no slot that may just be filled.
pub(crate) const NO_FREE_SLOT: u8 = HAS_INT | ELSEWHERE | MOVING;

/// Most nodes of a hash part that is not divided into buckets. A main position fits [`Node::place`].
pub(crate) const NODES_MAX: u64 = if cfg!(test) { 64 } else { 1 << 15 };
const _: () = assert!(NODES_MAX <= u16::MAX as u64 - AWAY as u64);

/// Bytes in front of slots and of nodes.
pub(crate) const PART_HEADER_BYTES: usize = 16;

const _: () = assert!(size_of::<ArrayHeader>() == PART_HEADER_BYTES && size_of::<HashHeader>() == PART_HEADER_BYTES);
const _: () = assert!(size_of::<Node>() == 24 && TABLE_BYTES == 32);

/// The hash part of tables that have none: one node that no key matches. Never written.
#[repr(C)]
struct EmptyPart {
    header: HashHeader,
    node: Node,
}

// SAFETY: nothing ever writes to the empty part (insertion replaces it first), so sharing it is sharing constants.
unsafe impl Sync for EmptyPart {}

static EMPTY_PART: EmptyPart = EmptyPart {
    header: HashHeader { metatable: null_mut(), last_free: 0, absent: !0, flags: SHARED, inline: true },
    node: Node::FREE,
};

/// The nodes of tables without a hash part.
#[inline(always)]
pub(crate) fn empty_nodes() -> *mut Node {
    let part: *const EmptyPart = &raw const EMPTY_PART;
    part.cast_mut().cast::<u8>().wrapping_add(PART_HEADER_BYTES).cast()
}

/// Bytes of a hash part of this many nodes.
pub(crate) fn hash_part_bytes(nodes: usize) -> usize {
    PART_HEADER_BYTES + nodes * size_of::<Node>()
}

/// Number of nodes for this many entries: a power of two, 0 for none.
pub(crate) fn nodes_for(entries: u64) -> u64 {
    if entries == 0 { 0 } else { entries.next_power_of_two() }
}

impl Table {
    /// Where array slots in the table's own cell are.
    #[inline(always)]
    pub(crate) fn inline_array(table: *mut Table) -> *mut Value {
        table.cast::<u8>().wrapping_add(TABLE_BYTES).cast()
    }

    /// Whether the array part lies in the table's own cell (also when there is none).
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn array_is_inline(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { (*table).array == Table::inline_array(table) }
    }

    /// The header of an array part with its own cell; the start of that cell.
    ///
    /// # Safety
    /// `table` is a live table whose array part is not inline.
    #[inline(always)]
    pub(crate) unsafe fn array_header(table: *mut Table) -> *mut ArrayHeader {
        // SAFETY: the caller gives a live table; a part with its own cell has a header in front of the slots.
        unsafe { (*table).array.cast::<ArrayHeader>().sub(1) }
    }

    /// Whether the hash part has more nodes than so many.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    pub(crate) unsafe fn has_more_nodes(table: *mut Table, nodes: usize) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { Table::has_buckets(table) || (*table).mask as usize >= nodes }
    }

    /// The header of the hash part.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn hash_header(table: *mut Table) -> *mut HashHeader {
        // SAFETY: the caller gives a live table; every hash part, the shared empty one too, has a header in front.
        unsafe { Table::header_of_nodes((*table).nodes) }
    }

    /// The header in front of nodes.
    ///
    /// # Safety
    /// `nodes` are the nodes of a hash part.
    #[inline(always)]
    pub(crate) unsafe fn header_of_nodes(nodes: *mut Node) -> *mut HashHeader {
        // SAFETY: the caller gives nodes, which always have a header in front.
        unsafe { nodes.cast::<HashHeader>().sub(1) }
    }

    /// Whether the table has no hash part of its own.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn has_no_nodes(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { (*table).nodes == empty_nodes() }
    }

    /// The largest key that belongs into the array part.
    ///
    /// # Safety
    /// `table` is a live table, not a weak one.
    #[inline(always)]
    pub(crate) unsafe fn array_size(table: *mut Table) -> u32 {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::array_is_inline(table) {
                (*table).header.inline_slots()
            } else {
                (*Table::array_header(table)).size
            }
        }
    }

    /// Where to look for a border first: the size of the array part, unless a border was found in its upper half. Never below the
    /// number of slots of a part that moves.
    ///
    /// # Safety
    /// `table` is a live table, not a weak one.
    #[inline(always)]
    pub(crate) unsafe fn border_hint(table: *mut Table) -> u32 {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::array_is_inline(table) {
                (*table).header.inline_border()
            } else {
                (*Table::array_header(table)).hint
            }
        }
    }

    /// Sets where to look for a border first.
    ///
    /// # Safety
    /// `table` is a live table, not a weak one, whose array part does not move. The border is in the upper half of an array part
    /// whose size is a power of two, or at its end, or the part has a cell of its own.
    #[inline(always)]
    pub(crate) unsafe fn set_border_hint(table: *mut Table, border: u32) {
        // SAFETY: the caller gives a live table. The upper half of up to 8 inline slots is less than four slots long.
        unsafe {
            if Table::array_is_inline(table) {
                (*table).header.set_inline_border(border);
            } else {
                (*Table::array_header(table)).hint = border;
            }
        }
    }

    /// Notes that something is stored at a key within the size of the array part, where there was no value.
    ///
    /// # Safety
    /// `table` is a live table, not a weak one; the key is one of a slot, if the array part moves.
    #[inline(always)]
    pub(crate) unsafe fn note_store(table: *mut Table, key: u32) {
        // SAFETY: the caller gives a live table.
        unsafe {
            if key > Table::border_hint(table) {
                Table::set_border_hint(table, key);
            }
        }
    }

    /// The free slot where a value for this index may be written as it is: within the slots or directly behind them, and there
    /// is no metatable, no integer key in the hash part, the contents are here, and they stay, in a cell of their own. Null if there
    /// is none.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn free_slot(table: *mut Table, index: u64) -> *mut Value {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values, and up to the size there is room.
        unsafe {
            let len = (*table).array_len;
            let hash = Table::hash_header(table);
            let is_plain = (*hash).metatable.is_null() && (*hash).flags & NO_FREE_SLOT == 0;
            // Inline slots are all there once the table is made.
            if index > u64::from(len) || !is_plain || Table::array_is_inline(table) {
                return null_mut();
            }
            let header = Table::array_header(table);
            let slot = (*table).array.add(index as usize);
            let end = index as u32 + 1;
            if end > len {
                if len >= (*header).size {
                    return null_mut();
                }
                (*table).array_len = end;
            } else if (*slot).tag != Tag::NIL {
                return null_mut();
            }
            (*header).hint = (*header).hint.max(end);
            slot
        }
    }

    /// Number of nodes, 0 without a hash part.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn node_count(table: *mut Table) -> u64 {
        // SAFETY: the caller gives a live table.
        unsafe { if Table::has_no_nodes(table) { 0 } else { u64::from((*table).mask) + 1 } }
    }

    /// What is special about the table.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn flags(table: *mut Table) -> u8 {
        // SAFETY: the caller gives a live table.
        unsafe { (*Table::hash_header(table)).flags }
    }

    /// Whether an entry may be in another place than the table's own parts: in the contents of a weak table, or in a bucket.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn has_more(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { Table::flags(table) & HAS_MORE != 0 }
    }

    /// Whether the entries of the hash part are in buckets.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline(always)]
    pub(crate) unsafe fn has_buckets(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { Table::flags(table) & BUCKETS != 0 }
    }

    /// Whether keys or values are weak, so that the contents are in [`Table::contents`].
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn is_weak(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { (*table).header.has(Header::WEAK) }
    }

    /// The table that holds the contents: itself, unless it is weak.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn contents(table: *mut Table) -> *mut Table {
        // SAFETY: the caller gives a live table; the array field of a weak one is its contents.
        unsafe { if Table::is_weak(table) { (*table).array.cast() } else { table } }
    }

    /// The table that holds the contents, in which a value is about to be stored.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline(always)]
    pub(super) unsafe fn contents_to_write(table: *mut Table, heap: &mut Heap) -> *mut Table {
        // SAFETY: as the caller promises.
        unsafe {
            if Table::is_weak(table) {
                heap.note_weak_store();
            }
            Table::contents(table)
        }
    }

    /// The metatable, null if there is none.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn metatable(table: *mut Table) -> *mut Table {
        // SAFETY: the caller gives a live table.
        unsafe { (*Table::hash_header(table)).metatable }
    }
}
