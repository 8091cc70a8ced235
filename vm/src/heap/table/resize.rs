//! Growing tables: which integer keys belong into the array part, and moving to new parts.

use super::layout::{
    ArrayHeader, HashHeader, INLINE_NODES_MAX, INLINE_SLOTS_MAX, Node, PART_HEADER_BYTES, PART_LEN_MAX, TABLE_BYTES,
    Table, empty_nodes, hash_part_bytes, nodes_for,
};
use crate::heap::header::Header;
use crate::heap::size_class::cell_bytes_for;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Fewest nodes when a hash part grows because of an insertion.
pub(super) const NODES_MIN: u64 = 4;
/// Fewest slots that an array part has room for when it grows.
const SLOTS_MIN: u64 = 4;

/// Integer keys by the power of two they fall under: slice `i` counts the keys in `2^(i-1) + 1 ..= 2^i`.
struct IntKeys {
    count: [u64; 32],
}

impl IntKeys {
    fn add(&mut self, key: i64) {
        if let Ok(key @ 1..=PART_LEN_MAX) = u64::try_from(key) {
            self.count[key.next_power_of_two().trailing_zeros() as usize] += 1;
        }
    }

    /// Counts the slots of an array part that hold values.
    unsafe fn add_slots(&mut self, table: *mut Table) {
        let (mut slice, mut end) = (0, 1);
        // SAFETY: callers give a live table that is its own contents; indices stay below `array_len`.
        unsafe {
            for index in 0..(*table).array_len {
                if index == end {
                    slice += 1;
                    end *= 2;
                }
                self.count[slice] += u64::from(!Value::load((*table).array.add(index as usize)).is_nil());
            }
        }
    }

    /// The size of the best array part, and how many keys it would take: the largest power of two of which more than
    /// half the slots would be used.
    fn best_array(&self) -> (u64, u64) {
        let (mut best, mut used, mut below) = (0, 0, 0);
        for slice in 0..=30 {
            below += self.count[slice];
            if below > (1 << slice) / 2 {
                (best, used) = (1 << slice, below);
            }
        }
        (best, used)
    }
}

/// The slots that fit the cell an array part of this many would get.
fn slots_that_fit(slots: u64) -> u64 {
    let bytes = cell_bytes_for(PART_HEADER_BYTES + slots as usize * size_of::<Value>());
    ((bytes - PART_HEADER_BYTES) / size_of::<Value>()) as u64
}

impl Table {
    /// Gives the array part a cell of its own with this size and room for at least `room` slots, and moves what fits into
    /// it.
    unsafe fn set_array_cell(table: *mut Table, heap: &mut Heap, size: u64, room: u64) -> Result<(), OutOfMemory> {
        let slots = slots_that_fit(room.max(size));
        let cell = heap.allocate(PART_HEADER_BYTES + slots as usize * size_of::<Value>())?;
        // SAFETY: the fresh cell holds the header and that many slots; the caller keeps the table alive. The old part
        // is left as it is, since the collector may still be scanning it.
        unsafe {
            let header = cell.cast::<ArrayHeader>();
            let (size, capacity) = (size as u32, slots as u32);
            let len = (*table).array_len.min(size);
            header.write(ArrayHeader { capacity, size, border: size, unused: 0 });
            let array = cell.add(PART_HEADER_BYTES).cast::<Value>();
            array.copy_from_nonoverlapping((*table).array, len as usize);
            (*table).array = array;
            (*table).array_len = len;
        }
        Ok(())
    }

    /// Number of nodes in the hash part of which something is true.
    pub(super) unsafe fn count_nodes(table: *mut Table, is: impl Fn(&Node) -> bool) -> u64 {
        // SAFETY: callers give a live table; indices stay within its part.
        let node = |index: u64| unsafe { &*(*table).nodes.add(index as usize) };
        // SAFETY: as above.
        (0..unsafe { Table::node_count(table) }).filter(|&index| is(node(index))).count() as u64
    }

    /// Number of entries in the hash part.
    unsafe fn count_entries(table: *mut Table) -> u64 {
        // SAFETY: as the callers promise.
        unsafe { Table::count_nodes(table, |node| !node.is_empty()) }
    }

    /// Makes room for a key that found no free node: counts what is there and chooses the sizes of both parts anew.
    /// Returns how many keys, from 1 on, belong into the array part now.
    #[inline(never)]
    pub(super) unsafe fn rehash(table: *mut Table, heap: &mut Heap, key: Value) -> Result<u64, OutOfMemory> {
        let mut ints = IntKeys { count: [0; 32] };
        // SAFETY: callers give a live table that is its own contents; indices stay within its parts.
        unsafe {
            ints.add_slots(table);
            let in_slots = ints.count.iter().sum::<u64>();
            let has_int = (*Table::hash_header(table)).has_int;
            if has_int {
                for index in 0..Table::node_count(table) as usize {
                    let node = (*table).nodes.add(index);
                    if !(*node).is_empty() && u32::from((*node).key_tag) == Tag::INT.0 {
                        ints.add((*node).key as i64);
                    }
                }
            }
            if key.tag == Tag::INT {
                ints.add(key.payload as i64);
            }
            let (slots, in_array) = ints.best_array();
            let entries = in_slots + Table::count_entries(table) + 1 - in_array;
            // Whether all slots stay where they are, and the key goes to them or finds a node.
            let keeps_slots = !has_int && slots >= u64::from((*table).array_len);
            let goes_to_slots = key.tag == Tag::INT && key.payload.wrapping_sub(1) < slots;
            if keeps_slots && (goes_to_slots || Table::count_nodes(table, |node| node.key_tag == 0) > 0) {
                Table::set_array_size(table, heap, slots, SLOTS_MIN)?;
            } else {
                Table::rebuild(table, heap, slots, if entries == 0 { 0 } else { entries.max(NODES_MIN) })?;
            }
            Ok(slots)
        }
    }

    /// Gives the array part the size `slots`, if it is smaller, and the table room for `entries` other entries. What is
    /// there stays, even if it needs more room.
    ///
    /// # Errors
    /// No memory for the new parts; the table is unchanged then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    pub unsafe fn resize(table: *mut Table, heap: &mut Heap, slots: u64, entries: u64) -> Result<(), OutOfMemory> {
        // SAFETY: the caller gives a live table; indices stay within its parts.
        unsafe {
            let table = Table::contents(table);
            let slots = slots.max(u64::from(Table::array_size(table)));
            if entries == 0 && !(*Table::hash_header(table)).has_int {
                return Table::set_array_size(table, heap, slots, 0);
            }
            Table::rebuild(table, heap, slots, entries.max(Table::count_entries(table)))
        }
    }

    /// Moves every entry to an array part of this size and a hash part with room for exactly as many others as there are or
    /// more.
    unsafe fn rebuild(table: *mut Table, heap: &mut Heap, slots: u64, entries: u64) -> Result<(), OutOfMemory> {
        if slots > PART_LEN_MAX || entries > PART_LEN_MAX {
            return Err(OutOfMemory { bytes: usize::MAX });
        }
        // SAFETY: callers give a live table that is its own contents. The new parts are there before the table refers
        // to them; old parts with cells of their own are left as they are, since the collector may still be scanning
        // them.
        unsafe {
            let (old_array, old_len) = ((*table).array, u64::from((*table).array_len));
            let (old_nodes, old_count) = ((*table).nodes, Table::node_count(table) as usize);
            let part = Table::new_hash_part(heap, nodes_for(entries), Table::hash_header(table))?;
            Table::set_array_size(table, heap, slots, if slots == 0 { 0 } else { SLOTS_MIN })?;
            ((*table).nodes, (*table).mask) = part;
            for index in u64::from((*table).array_len)..old_len {
                let value = Value::load(old_array.add(index as usize));
                if !value.is_nil() {
                    // A later append may overwrite the slot before the collector has scanned it.
                    heap.barrier(value);
                    Table::place(table, heap, Value::int(index as i64 + 1), value, slots);
                }
            }
            for index in 0..old_count {
                let node = old_nodes.add(index);
                if !(*node).is_empty() {
                    Table::place(table, heap, (*node).key(), (*node).value(), slots);
                }
            }
        }
        Ok(())
    }

    /// Gives the array part a size, in another cell, with room for at least `room` slots, if the one it has is too small or
    /// far too large. Slots past the size are gone.
    unsafe fn set_array_size(table: *mut Table, heap: &mut Heap, slots: u64, room: u64) -> Result<(), OutOfMemory> {
        if slots > PART_LEN_MAX {
            return Err(OutOfMemory { bytes: usize::MAX });
        }
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            let capacity = u64::from(Table::array_capacity(table));
            let stays = if Table::array_is_inline(table) {
                // In the cell of the table the size is as large as the room.
                slots == capacity
            } else {
                slots <= capacity && (slots * 4 >= capacity || capacity <= SLOTS_MIN)
            };
            if !stays {
                return Table::set_array_cell(table, heap, slots, room);
            }
            if !Table::array_is_inline(table) {
                let header = Table::array_header(table);
                ((*header).size, (*header).border) = (slots as u32, slots as u32);
                (*table).array_len = (*table).array_len.min(slots as u32);
            }
        }
        Ok(())
    }

    /// Puts an entry into a table that has room for it.
    pub(super) unsafe fn place(table: *mut Table, heap: &mut Heap, key: Value, value: Value, slots: u64) {
        // SAFETY: callers give a live table whose array part has the size `slots`, and so the room.
        unsafe {
            if key.tag == Tag::INT && (key.payload.wrapping_sub(1)) < slots {
                // A value that leaves a part the collector has yet to scan for one it has scanned or will not scan.
                heap.barrier(value);
                let index = (key.payload - 1) as u32;
                Table::fill_to(table, index);
                value.store((*table).array.add(index as usize));
                (*table).array_len = (*table).array_len.max(index + 1);
            } else {
                let inserted = Table::try_insert(table, heap, key, value);
                assert!(inserted, "the new hash part has room for every entry that was counted");
            }
        }
    }

    /// A hash part of `nodes` free nodes (0 or a power of two) with the metatable of an old one; its nodes and mask.
    unsafe fn new_hash_part(
        heap: &mut Heap,
        nodes: u64,
        old: *const HashHeader,
    ) -> Result<(*mut Node, u32), OutOfMemory> {
        // SAFETY: callers give the header of a live part.
        let (metatable, absent) = unsafe { ((*old).metatable, (*old).absent) };
        if nodes == 0 && metatable.is_null() {
            return Ok((empty_nodes(), 0));
        }
        // A metatable needs a part to be in; one node makes the rest of the table see nothing special in it.
        let nodes = nodes.max(1);
        let cell = heap.allocate(hash_part_bytes(nodes as usize))?;
        // SAFETY: the fresh cell holds the header and that many nodes.
        unsafe { Ok((write_hash_part(cell, nodes as usize, metatable, absent, false), (nodes - 1) as u32)) }
    }

    /// Sets or, with null, removes the metatable. The interpreter tells the heap about weakness and finalisers.
    ///
    /// # Errors
    /// No memory for the place to keep it.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `metatable` null or a live table.
    pub unsafe fn set_metatable(table: *mut Table, heap: &mut Heap, metatable: *mut Table) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises; the shared empty part is replaced before it would be written.
        unsafe {
            let old = Table::metatable(table);
            if old == metatable {
                return Ok(());
            }
            if Table::has_no_nodes(table) {
                let part = Table::new_own_part(heap)?;
                ((*table).nodes, (*table).mask) = (part, 0);
            }
            if heap.marking() && !old.is_null() {
                heap.shade(Value::from_table(old));
            }
            (*Table::hash_header(table)).metatable = metatable;
        }
        Ok(())
    }

    /// Gives parts that are in the table's own cell cells of their own, as they are.
    pub(in crate::heap) unsafe fn take_parts_out(table: *mut Table, heap: &mut Heap) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents. Distances between nodes stay the same.
        unsafe {
            let size = Table::array_size(table);
            if Table::array_is_inline(table) && size > 0 {
                Table::set_array_cell(table, heap, u64::from(size), 0)?;
            }
            let header = Table::hash_header(table);
            if (*header).inline && !Table::has_no_nodes(table) {
                let bytes = hash_part_bytes(Table::node_count(table) as usize);
                let cell = heap.allocate(bytes)?;
                cell.copy_from_nonoverlapping(header.cast(), bytes);
                (*cell.cast::<HashHeader>()).inline = false;
                (*table).nodes = cell.add(PART_HEADER_BYTES).cast();
            }
        }
        Ok(())
    }

    /// A hash part of one free node, for a table that needs one only for what is in its header.
    pub(in crate::heap) fn new_own_part(heap: &mut Heap) -> Result<*mut Node, OutOfMemory> {
        let cell = heap.allocate(hash_part_bytes(1))?;
        // SAFETY: the fresh cell holds the header and one node.
        Ok(unsafe { write_hash_part(cell, 1, std::ptr::null_mut(), 0, false) })
    }
}

/// Writes a hash part of free nodes; returns its nodes.
///
/// # Safety
/// `cell` has room for the part.
unsafe fn write_hash_part(cell: *mut u8, count: usize, metatable: *mut Table, absent: u16, inline: bool) -> *mut Node {
    // SAFETY: the caller gives the room.
    unsafe {
        let header = HashHeader { metatable, last_free: count as u32, absent, has_int: false, inline };
        cell.cast::<HashHeader>().write(header);
        let nodes = cell.add(PART_HEADER_BYTES).cast::<Node>();
        for index in 0..count {
            nodes.add(index).write(Node::FREE);
        }
        nodes
    }
}

impl Heap {
    /// A table with room for `slots` array slots and `entries` other entries; in one cell when both are small.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow the cells.
    #[inline]
    pub fn new_table(&mut self, slots: u32, entries: u32) -> Result<*mut Table, OutOfMemory> {
        if slots <= INLINE_SLOTS_MAX && entries == 0 {
            let cell = self.allocate(TABLE_BYTES + slots as usize * size_of::<Value>())?;
            // SAFETY: the fresh cell holds the fixed part and the slots.
            return Ok(unsafe { write_table(cell, slots) });
        }
        self.new_table_with_nodes(slots, entries)
    }

    /// A table with room for up to 15 array slots in its cell, or null when no cell is at hand. Calls nothing.
    ///
    /// The slots are yet to be written; they count as far as `array_len` says, which is 0.
    #[inline(always)]
    pub fn try_new_table(&mut self, slots: u32) -> *mut Table {
        debug_assert!(slots <= INLINE_SLOTS_MAX);
        let cell = self.try_allocate(TABLE_BYTES + slots as usize * size_of::<Value>());
        if cell.is_null() {
            return cell.cast();
        }
        // SAFETY: the fresh cell holds the fixed part and the slots.
        unsafe { write_table(cell, slots) }
    }

    #[inline(never)]
    fn new_table_with_nodes(&mut self, slots: u32, entries: u32) -> Result<*mut Table, OutOfMemory> {
        let inline_slots = if slots <= INLINE_SLOTS_MAX { slots } else { 0 };
        let nodes = nodes_for(u64::from(entries));
        if entries > 0 && nodes <= u64::from(INLINE_NODES_MAX) {
            let nodes_at = TABLE_BYTES + inline_slots as usize * size_of::<Value>();
            let cell = self.allocate(nodes_at + hash_part_bytes(nodes as usize))?;
            // SAFETY: the fresh cell holds the fixed part, the slots and the hash part.
            let table = unsafe {
                let table = write_table(cell, inline_slots);
                (*table).nodes = write_hash_part(cell.add(nodes_at), nodes as usize, std::ptr::null_mut(), !0, true);
                (*table).mask = (nodes - 1) as u32;
                table
            };
            if slots > inline_slots {
                // SAFETY: the table is complete; nothing collects before this returns.
                unsafe { Table::set_array_cell(table, self, u64::from(slots), 0)? };
            }
            return Ok(table);
        }
        let cell = self.allocate(TABLE_BYTES + inline_slots as usize * size_of::<Value>())?;
        // SAFETY: the fresh cell holds the fixed part and the slots; nothing collects before this returns.
        unsafe {
            let table = write_table(cell, inline_slots);
            Table::resize(table, self, u64::from(slots), u64::from(entries))?;
            Ok(table)
        }
    }
}

/// Writes an empty table without a hash part.
///
/// # Safety
/// `cell` has room for the fixed part and `slots` slots.
#[inline(always)]
unsafe fn write_table(cell: *mut u8, slots: u32) -> *mut Table {
    let table = cell.cast::<Table>();
    // SAFETY: the caller gives the room.
    unsafe {
        table.write(Table {
            header: Header::table(slots as usize),
            array: Table::inline_array(table),
            nodes: empty_nodes(),
            array_len: 0,
            mask: 0,
        });
    }
    table
}
