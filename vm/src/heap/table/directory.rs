//! Large hash parts: buckets behind a directory, so that no insertion moves more than one bucket.
//!
//! This is extendible hashing (Fagin, Nievergelt, Pippenger and Strong, 1979). The first bits of a hash, mixed once more, choose a
//! slot of the index, which leads to a bucket; a bucket is a hash part, in which the last bits of the hash choose the node. A full bucket
//! is split in two by the next of the first bits; when it has used as many as the index has, the index doubles.
//!
//! ```text
//! part of the table ─ node 0: key ─ Directory ─┬─ index: 2^depth slots ─┬─ bucket: header, nodes
//!                                              │                        └─ index of the next level, …
//!                                              └─ list: all buckets and indices, in the order in which they were made
//! ```
//!
//! Keys that were made to collide cannot spoil this: a bucket in which a chain becomes too long goes over to the hash function
//! of the next level; a bucket that no index of sensible size divides gets an index of the next level in its place.
//!
//! Traversal goes through the list. The cells belong to the table and to nothing else.

use super::layout::{Node, PART_HEADER_BYTES};
use super::part::{Part, Replaced};
use super::resize::IntKeys;
use crate::heap::Table;
use crate::heap::hash::{HashKey, Hasher};
use crate::value::Value;

/// Most nodes of a bucket.
pub(crate) const BUCKET_NODES_MAX: u64 = if cfg!(test) { 16 } else { 1 << 14 };

/// What a table with buckets knows about them.
#[repr(C)]
pub(crate) struct Directory {
    /// The index of level 0.
    pub(crate) index: *mut Index,
    pub(crate) list: *mut List,
    /// The key of the hash functions above level 0.
    pub(crate) key: HashKey,
    /// Entries with integer keys that could be in the array part, removed ones included.
    pub(crate) ints: IntKeys,
    /// All other entries.
    pub(crate) others: u64,
    /// The keys up to this one are to move to the array part, which has room for them; 0 for none.
    pub(crate) array_target: u32,
    /// Integer keys that may be added until it is asked how many belong into the array part.
    pub(crate) ints_left: u32,
}

/// Slots that lead to buckets and to indices of higher levels; the slots follow.
#[repr(C, align(16))]
pub(crate) struct Index {
    pub(crate) level: u8,
    /// There are two to the power of this many slots.
    pub(crate) depth: u8,
    /// Where it stands in the list.
    pub(crate) number: u32,
}

/// All buckets and indices; as slots, they follow.
#[repr(C, align(16))]
pub(crate) struct List {
    pub(crate) len: u32,
    pub(crate) capacity: u32,
}

/// What precedes the nodes of a bucket.
#[repr(C, align(16))]
pub(crate) struct BucketHeader {
    /// Number of nodes less one.
    pub(crate) mask: u32,
    /// Where it stands in the list.
    pub(crate) number: u32,
    /// As in the header of other parts.
    last_free: u32,
    /// The level of the hash function that chooses its nodes: that of its index, or higher.
    pub(crate) level: u8,
    /// How many of the first bits of a hash all its keys have in common.
    pub(crate) depth: u8,
    unused: u16,
}

const _: () = assert!(
    size_of::<BucketHeader>() == PART_HEADER_BYTES
        && std::mem::offset_of!(BucketHeader, last_free) == std::mem::offset_of!(super::layout::HashHeader, last_free)
        && size_of::<Index>() == 16
        && size_of::<List>() == 16
);

/// The address of a bucket's nodes, or of an index and [`Slot::INDEX`].
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) usize);

impl Slot {
    const INDEX: usize = 1;

    pub(crate) fn bucket(bucket: Bucket) -> Slot {
        Slot(bucket.0.expose_provenance())
    }

    pub(crate) fn index(index: *mut Index) -> Slot {
        Slot(index.expose_provenance() | Slot::INDEX)
    }

    /// The index, or none if it is a bucket.
    #[inline(always)]
    pub(crate) fn as_index(self) -> Option<*mut Index> {
        (self.0 & Slot::INDEX != 0).then(|| std::ptr::with_exposed_provenance_mut(self.0 & !Slot::INDEX))
    }

    /// The bucket, or none if it is an index.
    #[inline(always)]
    pub(crate) fn as_bucket(self) -> Option<Bucket> {
        (self.0 & Slot::INDEX == 0).then(|| Bucket(std::ptr::with_exposed_provenance_mut(self.0)))
    }

    /// The cell.
    pub(crate) fn cell(self) -> *mut u8 {
        match (self.as_index(), self.as_bucket()) {
            (Some(index), _) => index.cast(),
            (None, bucket) => bucket.expect("it is one or the other").header().cast(),
        }
    }
}

/// A bucket, by its nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket(pub(crate) *mut Node);

impl Bucket {
    #[inline(always)]
    pub(crate) fn header(self) -> *mut BucketHeader {
        self.0.wrapping_byte_sub(PART_HEADER_BYTES).cast()
    }

    /// Its nodes.
    ///
    /// # Safety
    /// It is live.
    #[inline(always)]
    pub(crate) unsafe fn part(self) -> Part {
        // SAFETY: the caller gives a live bucket.
        Part { nodes: self.0, mask: unsafe { (*self.header()).mask } }
    }
}

/// The bits of a hash in the order in which indices use them, from the highest on. Hashes of neighbouring integers are spread so
/// evenly that all buckets would become full, and be split, at the same time.
#[inline(always)]
pub(in crate::heap) fn spread(hash: u32) -> u32 {
    (hash ^ hash >> 15).wrapping_mul(0x9e37_79b1)
}

impl Index {
    /// Bytes of an index of so many bits.
    pub(crate) fn bytes(depth: u8) -> usize {
        size_of::<Index>() + size_of::<Slot>() * (1 << depth)
    }

    /// The slots.
    #[inline(always)]
    pub(crate) fn slots(index: *mut Index) -> *mut Slot {
        index.wrapping_add(1).cast()
    }

    /// The slot that a hash chooses.
    ///
    /// # Safety
    /// `index` is live.
    #[inline(always)]
    pub(crate) unsafe fn slot(index: *mut Index, hash: u32) -> *mut Slot {
        // SAFETY: the caller gives an index; so many bits are the number of one of its slots.
        unsafe { Index::slots(index).add((u64::from(spread(hash)) << (*index).depth >> 32) as usize) }
    }

    /// Replaces what all slots that lead to `old` lead to; `near` is one of them. They are neighbours.
    ///
    /// # Safety
    /// `index` is live, and `near` one of its slots.
    pub(crate) unsafe fn replace(index: *mut Index, near: *mut Slot, old: Slot, new: Slot) {
        // SAFETY: the places stay between the first slot and the last.
        unsafe {
            let first = Index::slots(index);
            let end = first.add(1 << (*index).depth);
            let mut slot = near;
            while slot > first && *slot.sub(1) == old {
                slot = slot.sub(1);
            }
            while slot < end && *slot == old {
                *slot = new;
                slot = slot.add(1);
            }
        }
    }
}

impl List {
    /// Bytes of a list with room for so many.
    pub(crate) fn bytes(capacity: u32) -> usize {
        size_of::<List>() + size_of::<Slot>() * capacity as usize
    }

    /// Where a number stands.
    #[inline(always)]
    pub(crate) fn at(list: *mut List, number: u32) -> *mut Slot {
        list.wrapping_add(1).cast::<Slot>().wrapping_add(number as usize)
    }
}

/// Where a key is or belongs.
#[derive(Clone, Copy)]
pub(crate) struct Location {
    pub(crate) bucket: Bucket,
    /// The hash function of the bucket, and the key's hash by it.
    pub(crate) hasher: Hasher,
    pub(crate) hash: u32,
    /// The index that leads to it, through this slot.
    pub(crate) index: *mut Index,
    pub(crate) slot: *mut Slot,
    /// The slot of another index that leads to that one, and its index; null for none.
    pub(crate) before: (*mut Index, *mut Slot),
}

impl Table {
    /// Hash parts there are to go through: the own one, or as many as the directory lists.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    pub(crate) unsafe fn part_count(table: *mut Table) -> u32 {
        // SAFETY: the caller gives a live table.
        unsafe { if Table::has_buckets(table) { (*(*Directory::of(table)).list).len } else { 1 } }
    }

    /// The hash part of a number below [`part_count`](Self::part_count); none if there are no nodes.
    ///
    /// # Safety
    /// As for `part_count`.
    pub(crate) unsafe fn part_at(table: *mut Table, number: u32) -> Option<Part> {
        // SAFETY: as the caller promises.
        unsafe {
            if Table::has_buckets(table) {
                let slot = *List::at((*Directory::of(table)).list, number);
                return slot.as_bucket().map(|bucket| bucket.part());
            }
            if Table::has_no_nodes(table) { None } else { Some(Part::of(table)) }
        }
    }
}

impl Directory {
    /// The directory of a table.
    ///
    /// # Safety
    /// `table` is a live table with buckets.
    #[inline(always)]
    pub(crate) unsafe fn of(table: *mut Table) -> *mut Directory {
        // SAFETY: the caller gives such a table.
        unsafe { std::ptr::with_exposed_provenance_mut((*(*table).nodes).key as usize) }
    }

    /// The hash function of a level.
    ///
    /// # Safety
    /// Callers give a live directory.
    #[inline(always)]
    pub(crate) unsafe fn hasher(directory: *mut Directory, level: u8) -> Hasher {
        // SAFETY: callers give a live directory.
        Hasher { key: unsafe { (*directory).key }, level }
    }

    /// Where a key belongs; none if it cannot be in any table.
    ///
    /// # Safety
    /// The directory is live, and so is the key, which is normalised.
    pub(crate) unsafe fn locate(directory: *mut Directory, key: Value) -> Option<Location> {
        let mut before = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: as the caller promises; slots lead to live cells of the directory, without circles.
        unsafe {
            let mut index = (*directory).index;
            loop {
                let mut hasher = Directory::hasher(directory, (*index).level);
                let mut hash = hasher.hash(key)?;
                let slot = Index::slot(index, hash);
                if let Some(next) = (*slot).as_index() {
                    before = (index, slot);
                    index = next;
                    continue;
                }
                let bucket = (*slot).as_bucket()?;
                let level = (*bucket.header()).level;
                if level != hasher.level {
                    hasher.level = level;
                    hash = hasher.hash(key)?;
                }
                return Some(Location { bucket, hasher, hash, index, slot, before });
            }
        }
    }

    /// The node with a normalised key, or null. The entry may be a removed one.
    ///
    /// # Safety
    /// As for [`locate`](Self::locate).
    pub(crate) unsafe fn find(directory: *mut Directory, key: Value) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe {
            match Directory::locate(directory, key) {
                Some(at) => at.bucket.part().find(key, at.hash),
                None => std::ptr::null_mut(),
            }
        }
    }

    /// Counts an entry that was added, in the place of another one or not.
    ///
    /// # Safety
    /// Callers give a live directory.
    pub(super) unsafe fn count(directory: *mut Directory, key: Value, replaced: Replaced) {
        // SAFETY: callers give a live directory.
        unsafe {
            match key.as_int() {
                Some(int) if (*directory).ints.add(int) => {
                    (*directory).ints_left = (*directory).ints_left.saturating_sub(1);
                }
                _ => (*directory).others += 1,
            }
            Directory::uncount(directory, replaced);
        }
    }

    /// Counts an entry that was loaded.
    ///
    /// # Safety
    /// The directory is live.
    pub(crate) unsafe fn count_node(directory: *mut Directory, entry: Replaced) {
        // SAFETY: as the caller promises.
        unsafe {
            match entry {
                Replaced::Int(int) if (*directory).ints.add(int) => {}
                Replaced::None => {}
                Replaced::Int(_) | Replaced::Other => (*directory).others += 1,
            }
        }
    }

    /// Forgets an entry that was dropped.
    ///
    /// # Safety
    /// Callers give a live directory.
    pub(super) unsafe fn uncount(directory: *mut Directory, dropped: Replaced) {
        // SAFETY: callers give a live directory.
        unsafe {
            match dropped {
                Replaced::Int(int) if (*directory).ints.remove(int) => {}
                Replaced::None => {}
                Replaced::Int(_) | Replaced::Other => (*directory).others -= 1,
            }
        }
    }
}
