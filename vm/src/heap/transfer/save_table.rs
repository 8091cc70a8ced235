//! Tables as bytes: their parts as they lie.

use super::save::HeapSaver;
use super::{DEAD, PART_BUCKETS, PART_INLINE, PART_NONE, PART_OWN};
use crate::bytes::Writer;
use crate::heap::chunk::cell_bytes;
use crate::heap::header::Header;
use crate::heap::table::directory::{Bucket, Directory, Index, List, Slot};
use crate::heap::table::growth::part_of_slots;
use crate::heap::table::layout::{DEAD_KEY, HAS_INT, Node, Table};
use crate::heap::table::part::Part;
use crate::value::Tag;

impl HeapSaver {
    /// Counts a cell that belongs to another.
    ///
    /// # Safety
    /// Callers give a live cell.
    unsafe fn count_part<T>(&mut self, cell: *mut T) {
        // SAFETY: callers give a live cell.
        self.live_bytes += unsafe { cell_bytes(cell.cast()) };
    }

    /// Writes which parts a table has.
    ///
    /// # Safety
    /// `table` is a live table.
    pub(super) unsafe fn table_shape(&mut self, table: *mut Table, out: &mut Writer) {
        // SAFETY: the caller gives a live table. A weak one has its contents elsewhere, in place of an array.
        unsafe {
            out.count(cell_bytes(table.cast()) / 16);
            let (slots, border) = ((*table).header.inline_slots(), (*table).header.inline_border());
            out.byte((slots | (slots - border) << 4) as u8);
            if Table::is_weak(table) || Table::array_is_inline(table) {
                out.number(0);
            } else {
                out.number(u64::from(Table::array_room(table)) + 1);
                self.count_part(part_of_slots((*table).array));
                let old = Table::old_slots(table);
                if old.is_null() {
                    out.number(0);
                } else {
                    out.number(u64::from(Table::room_of(old)) + 1);
                    self.count_part(part_of_slots(old));
                }
            }
            if Table::has_no_nodes(table) {
                out.byte(PART_NONE);
                return;
            }
            let header = Table::hash_header(table);
            if !(*header).inline {
                self.count_part(header);
            }
            if Table::flags(table) & crate::heap::table::layout::BUCKETS != 0 {
                out.byte(PART_BUCKETS);
                self.directory_shape(Directory::of(table), out);
            } else {
                out.byte(if (*header).inline { PART_INLINE } else { PART_OWN });
                out.byte(Part::of(table).len().trailing_zeros() as u8);
            }
        }
    }

    /// # Safety
    /// Callers give the directory of a live table.
    unsafe fn directory_shape(&mut self, directory: *mut Directory, out: &mut Writer) {
        // SAFETY: callers give the directory of a live table.
        unsafe {
            let list = (*directory).list;
            self.count_part(directory);
            self.count_part(list);
            out.number(u64::from((*list).capacity));
            out.number(u64::from((*list).len));
            for number in 0..(*list).len {
                let slot = *List::at(list, number);
                self.count_part(slot.cell());
                match slot.as_index() {
                    Some(index) => out.byte(0x80 | (*index).depth),
                    None => out.byte(bucket_of(slot).part().len().trailing_zeros() as u8),
                }
            }
        }
    }

    /// Writes what is in a table.
    ///
    /// # Safety
    /// `table` is a live table.
    pub(super) unsafe fn table(&mut self, table: *mut Table, out: &mut Writer) {
        // SAFETY: the caller gives a live table; indices stay within its parts.
        unsafe {
            self.reference(Table::metatable(table).cast(), out);
            if Table::is_weak(table) {
                let contents: *mut Header = Table::contents(table).cast();
                self.reference(contents, out);
                self.hidden.push(self.map.get(contents.addr()));
                return;
            }
            let len = Table::slots_len(table);
            out.number(u64::from(len));
            for index in 0..len {
                self.values(Table::slot(table, index), 1, out);
            }
            if !Table::array_is_inline(table) {
                out.number(u64::from(Table::array_size(table)));
            }
            let old = Table::old_slots(table);
            if !old.is_null() {
                out.number(u64::from((*table).array_len));
                out.number(u64::from(Table::old_len(old)));
            } else if !Table::array_is_inline(table) {
                out.number(u64::from((*Table::array_header(table)).hint));
            }
            if Table::has_no_nodes(table) {
                return;
            }
            out.flag(Table::flags(table) & HAS_INT != 0);
            if Table::has_buckets(table) {
                self.directory(Directory::of(table), out);
            } else {
                self.part(Part::of(table), out);
            }
        }
    }

    /// # Safety
    /// Callers give the directory of a live table.
    unsafe fn directory(&mut self, directory: *mut Directory, out: &mut Writer) {
        // SAFETY: callers give the directory of a live table.
        unsafe {
            (*directory).key.iter().for_each(|&word| out.word(word));
            out.number(u64::from((*directory).array_target));
            out.number(u64::from((*directory).ints_left));
            let list = (*directory).list;
            for number in 0..(*list).len {
                let slot = *List::at(list, number);
                let Some(index) = slot.as_index() else {
                    let bucket = bucket_of(slot);
                    out.byte((*bucket.header()).level);
                    out.byte((*bucket.header()).depth);
                    self.part(bucket.part(), out);
                    continue;
                };
                out.byte((*index).level);
                for place in 0..1usize << (*index).depth {
                    let target = *Index::slots(index).add(place);
                    let number = match target.as_index() {
                        Some(index) => (*index).number,
                        None => (*bucket_of(target).header()).number,
                    };
                    out.number(u64::from(number));
                }
            }
        }
    }

    /// # Safety
    /// Callers give a live part.
    unsafe fn part(&mut self, part: Part, out: &mut Writer) {
        // SAFETY: callers give a live part.
        unsafe {
            out.number(u64::from((*part.header()).last_free));
            part.for_each(|node| self.node(&*node, out));
        }
    }

    #[inline(always)]
    fn node(&mut self, node: &Node, out: &mut Writer) {
        if node.key_tag == DEAD_KEY {
            out.byte(DEAD);
            self.dead_keys.push((out.len(), node.key));
            out.raw(&[0; 4]);
        } else {
            self.value(node.key(), out);
            if node.key_tag == Tag::NIL.0 as u8 {
                return;
            }
            self.value(node.value(), out);
        }
        out.signed(i64::from(node.next));
    }
}

fn bucket_of(slot: Slot) -> Bucket {
    slot.as_bucket().expect("what is no index is a bucket")
}
