//! Tables copied as they lie.

use super::clone::HeapCopier;
use crate::heap::chunk::{cell_bytes, clone_of};
use crate::heap::table::directory::{Bucket, Directory, Index, List, Slot};
use crate::heap::table::growth::part_of_slots;
use crate::heap::table::layout::{ArrayHeader, DEAD_KEY, Node, PART_HEADER_BYTES, Table, hash_part_bytes};
use crate::heap::table::part::Part;
use crate::value::{Tag, Value};

impl HeapCopier {
    /// Copies a table with its parts.
    ///
    /// # Safety
    /// `table` is a live table of the heap that is copied.
    pub(super) unsafe fn table(&mut self, table: *mut Table) {
        // SAFETY: the caller gives a live table; indices stay within its parts. What was inline is so in the clone.
        unsafe {
            let clone = HeapCopier::copy_bytes(table, cell_bytes(table.cast()));
            if Table::is_weak(table) {
                (*clone).array = self.reach(Table::contents(table)).cast();
            } else {
                self.slots(table, clone);
            }
            if Table::has_no_nodes(table) {
                return;
            }
            let part = Part::of(table);
            let header = part.header();
            let header =
                if (*header).inline { clone_of(header) } else { self.copy_part(header, hash_part_bytes(part.len())) };
            (*clone).nodes = header.add(1).cast();
            self.reference(&raw mut (*header).metatable);
            if Table::has_buckets(table) {
                let directory = self.directory(Directory::of(table));
                (*(*clone).nodes).key = directory.expose_provenance() as u64;
                return;
            }
            Part::of(clone).for_each(|node| self.node(node));
        }
    }

    /// # Safety
    /// The table is live, and has the parts of its shape.
    unsafe fn slots(&mut self, table: *mut Table, clone: *mut Table) {
        // SAFETY: `table` passes on a live table and its clone.
        unsafe {
            if Table::array_is_inline(table) {
                // Without inline slots this is the end of the cell, which may be that of the chunk.
                (*clone).array = Table::inline_array(clone);
                self.values((*clone).array, (*clone).array_len as usize);
                return;
            }
            let (moved, len) = ((*table).array_len as usize, Table::slots_len(table) as usize);
            let array = self.array_part((*table).array, len);
            (*clone).array = array;
            let old = Table::old_slots(table);
            if old.is_null() {
                self.values(array, len);
                return;
            }
            let old_len = Table::old_len(old) as usize;
            let old_clone = self.array_part(old, old_len);
            (*array.cast::<ArrayHeader>().sub(1)).old = old_clone;
            self.values(array, moved);
            self.values(array.add(old_len), len - old_len);
            self.values(old_clone.add(moved), old_len - moved);
        }
    }

    /// Copies an array part; gives its slots.
    ///
    /// # Safety
    /// Callers give the slots of an array part that has a cell of its own, and so many of them.
    unsafe fn array_part(&mut self, slots: *mut Value, len: usize) -> *mut Value {
        // SAFETY: callers give the slots of an array part that has a cell of its own, and so many of them.
        unsafe {
            let cell = self.copy_part(part_of_slots(slots), PART_HEADER_BYTES + len * size_of::<Value>());
            cell.add(PART_HEADER_BYTES).cast()
        }
    }

    /// # Safety
    /// Callers give the directory of a live table.
    unsafe fn directory(&mut self, directory: *mut Directory) -> *mut Directory {
        // SAFETY: callers give the directory of a live table; its cells belong to it.
        unsafe {
            let clone = self.copy_part(directory, size_of::<Directory>());
            let list = self.copy_part((*directory).list, List::bytes((*(*directory).list).len));
            ((*clone).list, (*clone).index) = (list, clone_of((*directory).index));
            for number in 0..(*list).len {
                let slot = List::at(list, number);
                match ((*slot).as_index(), (*slot).as_bucket()) {
                    (Some(index), _) => {
                        let index = self.copy_part(index, Index::bytes((*index).depth));
                        for place in 0..1usize << (*index).depth {
                            let slot = Index::slots(index).add(place);
                            *slot = clone_slot(*slot);
                        }
                    }
                    (None, Some(bucket)) => {
                        self.copy_part(bucket.header(), hash_part_bytes(bucket.part().len()));
                    }
                    (None, None) => unreachable!("a slot is one or the other"),
                }
                *slot = clone_slot(*slot);
                if let Some(bucket) = (*slot).as_bucket() {
                    bucket.part().for_each(|node| self.node(node));
                }
            }
            clone
        }
    }

    /// # Safety
    /// Callers give a node that was copied.
    #[inline(always)]
    unsafe fn node(&mut self, node: *mut Node) {
        // SAFETY: callers give a node that was copied.
        unsafe {
            if (*node).key_tag == DEAD_KEY {
                self.dead_keys.push(node);
                return;
            }
            if Tag(u32::from((*node).key_tag)).is_object() {
                (*node).key = self.word((*node).key);
            }
            if Tag(u32::from((*node).value_tag)).is_object() {
                (*node).value = self.word((*node).value);
            }
        }
    }
}

/// What leads to the clone of what a slot leads to.
///
/// # Safety
/// Callers give a slot of a heap that is being copied.
unsafe fn clone_slot(slot: Slot) -> Slot {
    // SAFETY: callers give a slot of a heap that is being copied.
    unsafe {
        match (slot.as_index(), slot.as_bucket()) {
            (Some(index), _) => Slot::index(clone_of(index)),
            (None, Some(bucket)) => Slot::bucket(Bucket(clone_of(bucket.header()).add(1).cast())),
            (None, None) => unreachable!("a slot is one or the other"),
        }
    }
}
