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
const NODES_MIN: u64 = 4;
/// Fewest slots when an array part grows because of an append.
const SLOTS_MIN: u64 = 4;
/// Array parts shorter than this grow without being looked at.
const COUNT_MIN: u64 = 32;

/// Integer keys by the power of two they fall under: slice `i` counts the keys in `2^(i-1) + 1 ..= 2^i`.
struct IntKeys {
    count: [u64; 32],
    largest: [u64; 32],
}

impl IntKeys {
    fn add(&mut self, key: i64) {
        if let Ok(key @ 1..=PART_LEN_MAX) = u64::try_from(key) {
            let slice = key.next_power_of_two().trailing_zeros() as usize;
            self.count[slice] += 1;
            self.largest[slice] = self.largest[slice].max(key);
        }
    }

    /// The slots of the best array part, and how many keys it would take: the largest power of two of which more than
    /// half the slots would be used, cut off behind the last key.
    fn best_array(&self) -> (u64, u64) {
        let (mut best, mut used, mut below, mut largest) = (0, 0, 0, 0);
        for slice in 0..=30 {
            below += self.count[slice];
            largest = largest.max(self.largest[slice]);
            if below > (1 << slice) / 2 {
                (best, used) = (largest, below);
            }
        }
        (best, used)
    }
}

/// The slots that fit the cell an array part of this many would get.
pub(super) fn slots_that_fit(slots: u64) -> u64 {
    let bytes = cell_bytes_for(PART_HEADER_BYTES + slots as usize * size_of::<Value>());
    ((bytes - PART_HEADER_BYTES) / size_of::<Value>()) as u64
}

impl Table {
    /// Makes the array part larger if it is full of values, for most of it; false if it is not worth it.
    pub(super) unsafe fn grow_full_array(table: *mut Table, heap: &mut Heap) -> Result<bool, OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents; slots below `array_len` hold values.
        unsafe {
            let len = u64::from((*table).array_len);
            if len >= PART_LEN_MAX {
                return Ok(false);
            }
            if len >= COUNT_MIN {
                let mut used = 0;
                for index in 0..len as usize {
                    used += u64::from(!Value::load((*table).array.add(index)).is_nil());
                }
                if used * 2 < len {
                    return Ok(false);
                }
            }
            Table::set_array_capacity(table, heap, (len * 2).max(SLOTS_MIN))?;
        }
        Ok(true)
    }

    /// Gives the array part a cell of its own with room for at least `slots`, and moves what fits into it.
    unsafe fn set_array_capacity(table: *mut Table, heap: &mut Heap, slots: u64) -> Result<(), OutOfMemory> {
        let slots = slots_that_fit(slots.min(PART_LEN_MAX));
        let cell = heap.allocate(PART_HEADER_BYTES + slots as usize * size_of::<Value>())?;
        // SAFETY: the fresh cell holds the header and that many slots; the caller keeps the table alive. The old part
        // is left as it is, since the collector may still be scanning it.
        unsafe {
            let header = cell.cast::<ArrayHeader>();
            let len = (*table).array_len.min(slots as u32);
            header.write(ArrayHeader { capacity: slots as u32, hint: 0, unused: 0 });
            let array = cell.add(PART_HEADER_BYTES).cast::<Value>();
            array.copy_from_nonoverlapping((*table).array, len as usize);
            (*table).array = array;
            (*table).array_len = len;
        }
        Ok(())
    }

    /// Makes room for a key that found no free node: counts what is there and chooses the sizes of both parts anew.
    /// Returns how many keys, from 1 on, belong into the array part now.
    pub(super) unsafe fn rehash(table: *mut Table, heap: &mut Heap, key: Value) -> Result<u64, OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            if key.tag != Tag::INT && !(*Table::hash_header(table)).has_int {
                // The array part is not concerned.
                let slots = u64::from(Table::array_capacity(table));
                let entries = Table::count_entries(table) + 1;
                Table::rebuild(table, heap, slots, entries.max(NODES_MIN))?;
                return Ok(slots);
            }
        }
        // SAFETY: as above.
        unsafe { Table::rehash_all(table, heap, key) }
    }

    /// Number of entries in the hash part.
    unsafe fn count_entries(table: *mut Table) -> u64 {
        let mut count = 0;
        // SAFETY: callers give a live table; indices stay within its part.
        unsafe {
            for index in 0..Table::node_count(table) as usize {
                count += u64::from(!(*(*table).nodes.add(index)).is_empty());
            }
        }
        count
    }

    /// The part of `rehash` that has to do with integer keys.
    #[inline(never)]
    unsafe fn rehash_all(table: *mut Table, heap: &mut Heap, key: Value) -> Result<u64, OutOfMemory> {
        let mut ints = IntKeys { count: [0; 32], largest: [0; 32] };
        // SAFETY: callers give a live table that is its own contents; indices stay within its parts.
        unsafe {
            for index in 0..(*table).array_len {
                if !Value::load((*table).array.add(index as usize)).is_nil() {
                    ints.add(i64::from(index) + 1);
                }
            }
            let mut total = ints.count.iter().sum::<u64>() + 1;
            for index in 0..Table::node_count(table) as usize {
                let node = (*table).nodes.add(index);
                if !(*node).is_empty() {
                    total += 1;
                    if u32::from((*node).key_tag) == Tag::INT.0 {
                        ints.add((*node).key as i64);
                    }
                }
            }
            if key.tag == Tag::INT {
                ints.add(key.payload as i64);
            }
            let (slots, in_array) = ints.best_array();
            let entries = total - in_array;
            Table::rebuild(table, heap, slots, if entries == 0 { 0 } else { entries.max(NODES_MIN) })?;
            Ok(slots)
        }
    }

    /// Gives the table room for the keys `1..=slots` in the array part and `entries` other entries. What is there
    /// stays, even if it needs more room.
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
            let slots = slots.max(u64::from((*table).array_len));
            Table::rebuild(table, heap, slots, entries.max(Table::count_entries(table)))
        }
    }

    /// Moves every entry to parts with room for the keys `1..=slots` and for exactly as many others as there are or
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
            Table::fit_array_capacity(table, heap, slots)?;
            ((*table).nodes, (*table).mask) = part;
            let kept = old_len.min(slots);
            (*table).array_len = kept as u32;
            for index in kept..old_len {
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

    /// Changes the capacity of the array part if it is too small or far too large for `slots`.
    unsafe fn fit_array_capacity(table: *mut Table, heap: &mut Heap, slots: u64) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            let capacity = u64::from(Table::array_capacity(table));
            let inline_slots = u64::from((*table).header.inline_slots());
            if slots > capacity {
                return Table::set_array_capacity(table, heap, slots);
            }
            if Table::array_is_inline(table) || slots * 4 >= capacity {
                return Ok(());
            }
            if slots > inline_slots {
                return Table::set_array_capacity(table, heap, slots);
            }
            // Inline slots are never scanned piece by piece, so they may be written at any time.
            let inline = Table::inline_array(table);
            let len = u64::from((*table).array_len).min(inline_slots);
            inline.copy_from_nonoverlapping((*table).array, len as usize);
            (*table).array = inline;
            (*table).array_len = len as u32;
        }
        Ok(())
    }

    /// Puts an entry into a table that has room for it.
    pub(super) unsafe fn place(table: *mut Table, heap: &mut Heap, key: Value, value: Value, slots: u64) {
        // SAFETY: callers give a live table whose array part has room for `slots`, none of them below `array_len`
        // missing.
        unsafe {
            if key.tag == Tag::INT && (key.payload.wrapping_sub(1)) < slots {
                // A value that leaves a part the collector has yet to scan for one it has scanned or will not scan.
                heap.barrier(value);
                let index = (key.payload - 1) as u32;
                while (*table).array_len <= index {
                    Value::NIL.store((*table).array.add((*table).array_len as usize));
                    (*table).array_len += 1;
                }
                value.store((*table).array.add(index as usize));
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
            if Table::array_is_inline(table) && (*table).array_len > 0 {
                Table::set_array_capacity(table, heap, u64::from((*table).array_len))?;
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
                unsafe { Table::set_array_capacity(table, self, u64::from(slots))? };
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
