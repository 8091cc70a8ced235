//! Large hash parts from bytes: that every bucket hangs where its entries are looked for, and nowhere else.

use super::load::HeapLoader;
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::heap::Heap;
use crate::heap::hash::{Hasher, LEVEL_MAX};
use crate::heap::table::Table;
use crate::heap::table::directory::{BUCKET_NODES_MAX, Bucket, Directory, Index, List, Slot};
use crate::heap::table::invariants;
use crate::heap::table::layout::{BUCKETS, DEAD_KEY, Node};
use crate::heap::table::part::{Part, Replaced};
use crate::heap::table::resize::IntKeys;
use std::ptr::null_mut;

/// Most bits of an index.
const DEPTH_MAX: u8 = 28;
/// In the shape of a directory: this is an index.
const IS_INDEX: u8 = 0x80;

impl HeapLoader {
    /// Makes the cells of a table's buckets, all empty.
    ///
    /// # Safety
    /// `table` was just made, and has no hash part yet.
    pub(super) unsafe fn directory_shape(
        &mut self,
        heap: &mut Heap,
        table: *mut Table,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("buckets");
        let (capacity, len) = (from.u32()?, from.u32()?);
        if !invariants::is_list(&List { len, capacity }) {
            return Err(from.damaged("a table has a combination of parts that no table has"));
        }
        self.promises.take(u64::from(len), from)?;
        // SAFETY: the fresh cells hold what is written to them, and the caller gives a table.
        unsafe {
            let stub = Part::new(heap, 1)?;
            let directory = heap.allocate(size_of::<Directory>())?.cast::<Directory>();
            let list = heap.allocate(List::bytes(capacity))?.cast::<List>();
            list.write(List { len, capacity });
            let (key, ints) = (heap.hash_key(), IntKeys::default());
            directory.write(Directory { index: null_mut(), list, key, ints, others: 0, array_target: 0, ints_left: 0 });
            for number in 0..len {
                *List::at(list, number) = self.bucket_shape(heap, number, from)?;
            }
            match (*List::at(list, 0)).as_index() {
                Some(index) => (*directory).index = index,
                None => return Err(from.damaged("a table has buckets without an index")),
            }
            (*stub.nodes).key = directory.expose_provenance() as u64;
            (*stub.header()).flags = BUCKETS;
            ((*table).nodes, (*table).mask) = (stub.nodes, stub.mask);
        }
        Ok(())
    }

    /// Makes one bucket or index.
    ///
    /// # Safety
    /// `number` is that of a bucket or index that the file lists.
    unsafe fn bucket_shape(
        &mut self,
        heap: &mut Heap,
        number: u32,
        from: &mut Reader<'_>,
    ) -> Result<Slot, SnapshotError> {
        let kind = from.byte()?;
        let depth = kind & !IS_INDEX;
        if kind & IS_INDEX == 0 {
            let nodes = 1u64.checked_shl(kind.into()).unwrap_or(u64::MAX);
            if nodes > BUCKET_NODES_MAX {
                return Err(from.damaged("a table has a combination of parts that no table has"));
            }
            self.promises.take(nodes, from)?;
            return Ok(Slot::bucket(Bucket::new(heap, nodes, 0, 0, number)?));
        }
        if depth > DEPTH_MAX {
            return Err(from.damaged("a table has a combination of parts that no table has"));
        }
        self.promises.take(1 << depth, from)?;
        let index = heap.allocate(Index::bytes(depth))?.cast::<Index>();
        // SAFETY: the fresh cell holds the index and its slots.
        unsafe {
            index.write(Index { level: 0, depth, number });
            Index::slots(index).write_bytes(0, 1 << depth);
        }
        Ok(Slot::index(index))
    }

    /// Reads what is in a table's buckets; whether there is an integer key.
    ///
    /// # Safety
    /// The table has buckets as [`directory_shape`](Self::directory_shape) made them.
    pub(super) unsafe fn directory(&mut self, table: *mut Table, from: &mut Reader<'_>) -> Result<bool, SnapshotError> {
        from.label("buckets");
        let mut has_int = false;
        // SAFETY: the caller gives a table with buckets.
        unsafe {
            let directory = Directory::of(table);
            (*directory).key = [from.word()?, from.word()?];
            (*directory).array_target = from.u32()?;
            if (*directory).array_target > Table::array_size(table) {
                return Err(from.damaged("an array has no room for the elements moving to it"));
            }
            (*directory).ints_left = from.u32()?;
            let list = (*directory).list;
            for number in 0..(*list).len {
                let slot = *List::at(list, number);
                match (slot.as_index(), slot.as_bucket()) {
                    (Some(index), _) => self.index(directory, index, from)?,
                    (None, Some(bucket)) => {
                        let (level, depth) = (from.byte()?, from.byte()?);
                        if level > LEVEL_MAX || depth > 32 {
                            return Err(from.damaged("a table part is split into too many levels"));
                        }
                        ((*bucket.header()).level, (*bucket.header()).depth) = (level, depth);
                        let hasher = Hasher { key: (*directory).key, level };
                        has_int |= self.part(bucket.part(), hasher, invariants::array_end(table), from)?;
                    }
                    (None, None) => unreachable!("a slot is one or the other"),
                }
            }
            check(directory, from)?;
        }
        Ok(has_int)
    }

    /// Reads the slots of an index.
    ///
    /// # Safety
    /// Callers give an index of the directory, whose list has so many slots.
    unsafe fn index(
        &self,
        directory: *mut Directory,
        index: *mut Index,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give an index of the directory, whose list has so many slots.
        unsafe {
            (*index).level = from.byte()?;
            if (*index).level > LEVEL_MAX {
                return Err(from.damaged("a table part is split into too many levels"));
            }
            let list = (*directory).list;
            for place in 0..1usize << (*index).depth {
                let number = from.u32()?;
                if number >= (*list).len || number == 0 {
                    return Err(from.damaged("unknown bucket of a table"));
                }
                *Index::slots(index).add(place) = *List::at(list, number);
            }
        }
        Ok(())
    }
}

/// Whether all that the directory lists hangs where it belongs; then its entries are counted.
///
/// # Safety
/// Callers give a directory whose indices are filled in.
unsafe fn check(directory: *mut Directory, from: &Reader<'_>) -> Result<(), SnapshotError> {
    // SAFETY: callers give a directory whose indices are filled in.
    unsafe {
        let list = (*directory).list;
        let mut hangs = vec![false; (*list).len as usize];
        for number in 0..(*list).len {
            if let Some(index) = (*List::at(list, number)).as_index()
                && !check_index(index, &mut hangs)
            {
                return Err(from.damaged("a bucket of a table is out of place"));
            }
        }
        if hangs[1..].contains(&false) {
            return Err(from.damaged("unreachable bucket of a table"));
        }
        for number in 0..(*list).len {
            let Some(bucket) = (*List::at(list, number)).as_bucket() else { continue };
            let part = bucket.part();
            for place in 0..part.len() {
                let node = part.nodes.add(place);
                if !is_reached(directory, bucket, &*node) {
                    return Err(from.damaged("an entry of a table is not in the chain of its hash"));
                }
                Directory::count_node(directory, Replaced::of(&*node));
            }
        }
    }
    Ok(())
}

/// Whether the slots of an index lead to buckets of the right depth and to later indices of higher levels, each in one stretch.
///
/// # Safety
/// Callers give an index that is filled in.
unsafe fn check_index(index: *mut Index, hangs: &mut [bool]) -> bool {
    // SAFETY: callers give an index that is filled in; its slots lead to buckets and indices of the same directory.
    unsafe {
        let len = 1usize << (*index).depth;
        let slots = std::slice::from_raw_parts(Index::slots(index), len);
        let mut place = 0;
        while place < len {
            let slot = slots[place];
            let count = slots[place..].iter().take_while(|&&other| other == slot).count();
            let number = match (slot.as_index(), slot.as_bucket()) {
                (Some(next), _) if (*next).number > (*index).number && (*next).level > (*index).level => (*next).number,
                (None, Some(bucket)) => {
                    let header = bucket.header();
                    let depth = (*header).depth;
                    if depth > (*index).depth || count != len >> depth || (*header).level < (*index).level {
                        return false;
                    }
                    (*header).number
                }
                _ => return false,
            };
            // Stretches are those of a common beginning of hashes.
            let is_aligned = count.is_power_of_two() && place.is_multiple_of(count);
            if !is_aligned || std::mem::replace(&mut hangs[number as usize], true) {
                return false;
            }
            place += count;
        }
        true
    }
}

/// Whether the key of a node, if it has one that can be told, is looked for in the bucket.
///
/// # Safety
/// Callers give a directory that was checked, and a key that is live.
unsafe fn is_reached(directory: *mut Directory, bucket: Bucket, node: &Node) -> bool {
    if node.is_free() || node.key_tag == DEAD_KEY {
        return true;
    }
    // SAFETY: callers give a directory that was checked, and a key that is live.
    unsafe { Directory::locate(directory, node.key()) }.is_some_and(|at| at.bucket == bucket)
}
