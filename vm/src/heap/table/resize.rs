//! Growing tables: which integer keys belong into the array part, and moving to new parts.

use super::growth::{SLOTS_AT_ONCE, SLOTS_MIN};
use super::layout::{
    HAS_INT, HashHeader, INLINE_NODES_MAX, INLINE_SLOTS_MAX, MOVING, NODES_MAX, Node, PART_HEADER_BYTES, PART_LEN_MAX,
    TABLE_BYTES, Table, empty_nodes, hash_part_bytes, nodes_for,
};
use super::part::{Insertion, Part};
use crate::heap::header::Header;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Fewest nodes when a hash part grows because of an insertion.
pub(super) const NODES_MIN: u64 = 4;
/// Up to so many entries a hash part is no larger than they need.
const SPARE_ABOVE: u64 = 32;

/// Integer keys by the power of two they fall under: slice `i` counts the keys in `2^(i-1) + 1 ..= 2^i`.
#[derive(Clone, Copy, Default)]
pub(crate) struct IntKeys {
    count: [u32; 31],
    /// No slice from here on has a key.
    end: usize,
}

impl IntKeys {
    /// The slice of a key, if it could be in an array part.
    #[inline]
    fn slice(key: i64) -> Option<usize> {
        match u64::try_from(key) {
            Ok(key @ 1..=PART_LEN_MAX) => Some((key - 1).checked_ilog2().map_or(0, |log| log as usize + 1)),
            _ => None,
        }
    }

    /// Counts a key; false if it cannot be in an array part.
    #[inline]
    pub(super) fn add(&mut self, key: i64) -> bool {
        let Some(slice) = IntKeys::slice(key) else { return false };
        self.add_many(slice, 1);
        true
    }

    /// Counts keys of one slice, of which there are no more than it has room for.
    #[inline]
    pub(super) fn add_many(&mut self, slice: usize, keys: u32) {
        self.count[slice] += keys;
        self.end = self.end.max(slice + 1);
    }

    /// Forgets a key that was counted; false if it was not.
    pub(super) fn remove(&mut self, key: i64) -> bool {
        let Some(slice) = IntKeys::slice(key) else { return false };
        self.count[slice] -= 1;
        true
    }

    /// Whether no key is counted.
    pub(super) fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// How many keys are counted.
    pub(super) fn total(&self) -> u64 {
        self.count[..self.end].iter().map(|&count| u64::from(count)).sum()
    }

    /// The size of the best array part, and how many keys it would take: the largest power of two of which more than
    /// half the slots would be used. That is never one past the slices with keys.
    pub(super) fn best_array(&self) -> (u64, u64) {
        let (mut best, mut used, mut below) = (0, 0, 0);
        for (slice, &count) in self.count[..self.end].iter().enumerate() {
            below += u64::from(count);
            if below > (1 << slice) / 2 {
                (best, used) = (1 << slice, below);
            }
        }
        (best, used)
    }
}

/// How many entries a hash part gets room for that is made anew with so many because it was full: more than those where many of what
/// was in it had been removed, so that it is not full again soon.
fn with_spare(entries: u64) -> u64 {
    let spare = if entries > SPARE_ABOVE { entries / 8 } else { 0 };
    (entries + spare).min(NODES_MAX).max(entries)
}

impl Table {
    /// Makes room for a key that found no free node: counts what is there and chooses the sizes of both parts anew, or goes over
    /// to buckets. Returns how many keys, from 1 on, belong into the array part now.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets.
    pub(super) unsafe fn rehash(table: *mut Table, heap: &mut Heap, key: Value) -> Result<u64, OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents, without buckets.
        unsafe {
            let has_array = Table::array_size(table) > 0 && !Table::is_large(table);
            if key.tag != Tag::INT && Table::flags(table) & HAS_INT == 0 && !has_array {
                // The array part is not concerned.
                let entries = (Table::count_entries(table, heap) + 1).max(NODES_MIN);
                if nodes_for(entries) > NODES_MAX {
                    Table::make_buckets(table, heap, 0)?;
                } else {
                    Table::rebuild_hash_part(table, heap, with_spare(entries), 0)?;
                }
                return Ok(0);
            }
        }
        // SAFETY: as above.
        unsafe { Table::rehash_all(table, heap, key) }
    }

    /// Number of nodes in the hash part of which something is true.
    ///
    /// # Safety
    /// Callers give a live table without buckets.
    pub(super) unsafe fn count_nodes(table: *mut Table, is: impl Fn(&Node) -> bool) -> u64 {
        // SAFETY: callers give a live table without buckets; indices stay within its part.
        let node = |index: u64| unsafe { &*(*table).nodes.add(index as usize) };
        // SAFETY: as above.
        (0..unsafe { Table::node_count(table) }).filter(|&index| is(node(index))).count() as u64
    }

    /// Number of entries in the hash part, without those that are dead.
    ///
    /// # Safety
    /// Callers give a live table without buckets.
    pub(super) unsafe fn count_entries(table: *mut Table, heap: &Heap) -> u64 {
        // SAFETY: callers give a live table without buckets.
        unsafe { if Table::has_no_nodes(table) { 0 } else { Part::of(table).live(heap) } }
    }

    /// What the size of the array part becomes for the key after its last one if all its slots hold values.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    #[inline]
    unsafe fn doubled(table: *mut Table) -> Option<u32> {
        // SAFETY: callers give a live table that is its own contents; slots below `array_len` hold values.
        unsafe {
            let len = (*table).array_len;
            let is_plain = Table::flags(table) & (HAS_INT | MOVING) == 0;
            if !is_plain || len != Table::array_size(table) || len >= SLOTS_AT_ONCE {
                return None;
            }
            let slots = std::slice::from_raw_parts((*table).array, len as usize);
            slots.iter().all(|slot| !slot.is_nil()).then_some((len + 1).next_power_of_two())
        }
    }

    /// Appends a value to an array part whose size is used up, in a table without a hash part, and gives it the size that
    /// `rehash` would choose. False, with nothing done, if that has to count what is there. Lists grow this way.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without nodes, and a live value.
    pub(super) unsafe fn append_to_full(table: *mut Table, heap: &mut Heap, value: Value) -> Result<bool, OutOfMemory> {
        // SAFETY: as the caller promises; there is room for the slots of the new size.
        unsafe {
            let Some(size) = Table::doubled(table) else { return Ok(false) };
            let len = (*table).array_len;
            if Table::array_is_inline(table) || size > Table::array_room(table) {
                Table::set_array_cell(table, heap, u64::from(size), SLOTS_MIN)?;
            } else {
                let header = Table::array_header(table);
                ((*header).size, (*header).hint) = (size, size);
            }
            value.store((*table).array.add(len as usize));
            (*table).array_len = len + 1;
        }
        Ok(true)
    }

    /// The part of `rehash` that has to do with integer keys.
    ///
    /// # Safety
    /// As for `rehash`.
    #[inline(never)]
    unsafe fn rehash_all(table: *mut Table, heap: &mut Heap, key: Value) -> Result<u64, OutOfMemory> {
        // SAFETY: as below.
        unsafe {
            let is_append = key.tag == Tag::INT && key.payload.wrapping_sub(1) == u64::from((*table).array_len);
            if is_append && let Some(slots) = Table::doubled(table) {
                Table::set_array_size(table, heap, u64::from(slots), SLOTS_MIN)?;
                return Ok(u64::from(slots));
            }
        }
        let mut ints = IntKeys::default();
        // SAFETY: callers give a live table that is its own contents; indices stay within its parts.
        unsafe {
            Table::count_slots(table, &mut ints);
            let in_slots = ints.total();
            let mut entries = 1;
            for index in 0..Table::node_count(table) as usize {
                let node = (*table).nodes.add(index);
                if !(*node).is_empty() && !heap.is_dead_entry(&*node) {
                    entries += 1;
                    if u32::from((*node).key_tag) == Tag::INT.0 {
                        ints.add((*node).key as i64);
                    }
                }
            }
            if key.tag == Tag::INT {
                ints.add(key.payload as i64);
            }
            let len = Table::slots_len(table);
            let (mut slots, mut in_array) = ints.best_array();
            // A large array part is not made smaller, and none is filled with very much nil at once.
            let is_far = slots > u64::from(len) + 4 * u64::from(SLOTS_AT_ONCE);
            if Table::flags(table) & MOVING != 0 || is_far || len > SLOTS_AT_ONCE && slots < u64::from(len) {
                let size = if Table::is_large(table) { len } else { Table::array_size(table) };
                (slots, in_array) = (u64::from(size), in_slots);
            }
            // Whether all slots stay where they are, and the key goes to them or finds a node.
            let is_plain = Table::flags(table) & (HAS_INT | MOVING) == 0;
            let goes_to_slots = key.tag == Tag::INT && key.payload.wrapping_sub(1) < slots;
            if is_plain && slots >= u64::from(len) && (goes_to_slots || Table::count_nodes(table, Node::is_free) > 0) {
                Table::set_array_size(table, heap, slots, SLOTS_MIN)?;
                return Ok(slots);
            }
            entries = (entries + in_slots).saturating_sub(in_array);
            if nodes_for(entries) > NODES_MAX {
                Table::make_buckets(table, heap, 0)?;
                return Ok(0);
            }
            // Beside an array part the hash part is full when that of the reference implementation is: then the size is chosen.
            let room = if slots == 0 { with_spare(entries) } else { entries };
            Table::rebuild(table, heap, slots, if entries == 0 { 0 } else { room.max(NODES_MIN) })?;
            Ok(slots)
        }
    }

    /// Gives the array part the size `slots`, if it is smaller, and the table room for `entries` other entries, if they are not
    /// very many. What is there stays, even if it needs more room.
    ///
    /// # Errors
    /// No memory for the new parts; the table is unchanged then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    pub(crate) unsafe fn resize(
        table: *mut Table,
        heap: &mut Heap,
        slots: u64,
        entries: u64,
    ) -> Result<(), OutOfMemory> {
        if slots > PART_LEN_MAX || entries > PART_LEN_MAX {
            return Err(OutOfMemory { bytes: usize::MAX });
        }
        // SAFETY: the caller gives a live table; indices stay within its parts.
        unsafe {
            let table = Table::contents(table);
            if Table::flags(table) & MOVING != 0 {
                return Ok(());
            }
            let size = u64::from(Table::array_size(table));
            if Table::has_buckets(table) {
                return if slots > size { Table::set_array_cell(table, heap, slots, 0) } else { Ok(()) };
            }
            if entries == 0 && Table::flags(table) & HAS_INT == 0 {
                return Table::set_array_size(table, heap, slots.max(size), 0);
            }
            let entries = entries.min(NODES_MAX).max(Table::count_entries(table, heap));
            Table::rebuild(table, heap, slots.max(size), entries)
        }
    }

    /// Moves every entry to an array part of this size and a hash part with room for exactly as many others as there are or
    /// more.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets.
    unsafe fn rebuild(table: *mut Table, heap: &mut Heap, slots: u64, entries: u64) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents, without buckets. The new parts are there before the
        // table refers to them; old parts with cells of their own are left as they are, since the collector may still be
        // scanning them.
        unsafe {
            if Table::flags(table) & MOVING != 0 {
                return Table::rebuild_hash_part(table, heap, entries, 0);
            }
            let (old_array, old_len) = ((*table).array, u64::from((*table).array_len));
            let kept = old_len.min(slots);
            let room = if slots == 0 { 0 } else { SLOTS_MIN };
            if kept == old_len {
                // No value leaves the array part.
                Table::set_array_size(table, heap, slots, room)?;
                return Table::rebuild_hash_part(table, heap, entries, slots);
            }
            let fresh = Table::new_hash_part(heap, nodes_for(entries), Part::of(table).header())?;
            Table::set_array_size(table, heap, slots, room)?;
            let old = Part::of(table);
            ((*table).nodes, (*table).mask) = (fresh.nodes, fresh.mask);
            (*table).array_len = kept as u32;
            let mut too_long = false;
            for index in kept..old_len {
                let value = Value::load(old_array.add(index as usize));
                if !value.is_nil() {
                    // A later append may overwrite the slot before the collector has scanned it.
                    heap.barrier(value);
                    too_long |= Table::place(table, heap, Value::int(index as i64 + 1), value, slots);
                }
            }
            Table::take_entries(table, heap, old, slots, too_long)
        }
    }

    /// Moves every entry of the hash part to one with room for exactly as many as there are or more, but integer keys up to
    /// `slots` to the array part, which has room for them.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets.
    unsafe fn rebuild_hash_part(
        table: *mut Table,
        heap: &mut Heap,
        entries: u64,
        slots: u64,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents, without buckets.
        unsafe {
            let old = Part::of(table);
            let fresh = Table::new_hash_part(heap, nodes_for(entries), old.header())?;
            ((*table).nodes, (*table).mask) = (fresh.nodes, fresh.mask);
            Table::take_entries(table, heap, old, slots, false)
        }
    }

    /// Takes over what was in a hash part, which is no longer the table's.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets, and has room for all of them.
    unsafe fn take_entries(
        table: *mut Table,
        heap: &mut Heap,
        old: Part,
        slots: u64,
        mut too_long: bool,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents, without buckets, and has room for all of them.
        unsafe {
            if old.nodes == empty_nodes() {
                return Ok(());
            }
            let fresh = Part::of(table);
            let is_marked = heap.is_after_resurrection();
            let mut has_int = false;
            old.for_each(|node| {
                if (*node).is_empty() || is_marked && heap.is_dead_entry(&*node) {
                    return;
                }
                let (key, value) = ((*node).key(), (*node).value());
                if key.tag == Tag::INT && key.payload.wrapping_sub(1) < slots {
                    Table::place(table, heap, key, value, slots);
                    return;
                }
                let hash = Table::hash_of(key).expect("a key in a table has a sequence number");
                match fresh.insert_hashed(heap, hash, key, value) {
                    Insertion::Done(_) => {}
                    Insertion::TooLong => too_long = true,
                    Insertion::Full => unreachable!("the new hash part has room for every entry that was counted"),
                }
                has_int |= key.tag == Tag::INT;
            });
            if has_int {
                (*fresh.header()).flags |= HAS_INT;
            }
            if !(*old.header()).inline {
                heap.release(old.header().cast());
            }
            if too_long {
                // Without memory it stays as it is until next time.
                let _ = Table::make_buckets(table, heap, 1);
            }
        }
        Ok(())
    }

    /// Puts an entry into a table that has room for it; whether its chain is too long then.
    ///
    /// # Safety
    /// Callers give a live table whose array part has room for `slots`, and none of them below its length is missing.
    pub(super) unsafe fn place(table: *mut Table, heap: &mut Heap, key: Value, value: Value, slots: u64) -> bool {
        // SAFETY: callers give a live table whose array part has room for `slots`, and none of them below its length is
        // missing.
        unsafe {
            if key.tag == Tag::INT && (key.payload.wrapping_sub(1)) < slots {
                // A value that leaves a part the collector has yet to scan for one it has scanned or will not scan.
                heap.barrier(value);
                let index = (key.payload - 1) as u32;
                Table::fill_to(table, index);
                if Table::slots_len(table) == index {
                    Table::push_slot(table, value);
                } else {
                    value.store(Table::slot(table, index));
                }
                return false;
            }
            match Table::try_insert(table, heap, key, value) {
                Insertion::Done(_) => false,
                Insertion::TooLong => true,
                Insertion::Full => unreachable!("the new hash part has room for every entry that was counted"),
            }
        }
    }

    /// Makes the slots of the array part below an index that is within its size.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    pub(super) unsafe fn fill_to(table: *mut Table, index: u32) {
        // SAFETY: callers give a live table that is its own contents; its cell has room for its size.
        unsafe {
            while Table::slots_len(table) < index {
                Table::push_slot(table, Value::NIL);
            }
        }
    }

    /// Adds an entry to the table's own hash part if that has a free node.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets.
    pub(super) unsafe fn try_insert(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Insertion {
        // SAFETY: callers give a live table that is its own contents, without buckets. The shared empty part is refused.
        unsafe {
            if Table::has_no_nodes(table) {
                return Insertion::Full;
            }
            let part = Part::of(table);
            let hash = Table::hash_of(key).expect("a key in a table has a sequence number");
            let outcome = part.insert_hashed(heap, hash, key, value);
            if !matches!(outcome, Insertion::Full) {
                let header = part.header();
                (*header).absent = 0;
                (*header).flags |= if key.tag == Tag::INT { HAS_INT } else { 0 };
            }
            outcome
        }
    }

    /// A hash part of `nodes` free nodes (0 or a power of two) with the metatable of an old one.
    ///
    /// # Safety
    /// Callers give the header of a live part.
    unsafe fn new_hash_part(heap: &mut Heap, nodes: u64, old: *const HashHeader) -> Result<Part, OutOfMemory> {
        // SAFETY: callers give the header of a live part.
        let (metatable, absent, flags) = unsafe { ((*old).metatable, (*old).absent, (*old).flags & MOVING) };
        if nodes == 0 && metatable.is_null() && flags == 0 {
            return Ok(Part { nodes: empty_nodes(), mask: 0 });
        }
        // A metatable needs a part to be in; one node makes the rest of the table see nothing special in it.
        let part = Part::new(heap, nodes.max(1))?;
        // SAFETY: the part was just made.
        unsafe {
            let header = part.header();
            ((*header).metatable, (*header).absent, (*header).flags) = (metatable, absent, flags);
        }
        Ok(part)
    }

    /// Sets or, with null, removes the metatable. The interpreter tells the heap about weakness and finalisers.
    ///
    /// # Errors
    /// No memory for the place to keep it.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `metatable` null or a live table.
    pub(crate) unsafe fn set_metatable(
        table: *mut Table,
        heap: &mut Heap,
        metatable: *mut Table,
    ) -> Result<(), OutOfMemory> {
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
        Ok(Part::new(heap, 1)?.nodes)
    }
}

/// Writes a hash part of free nodes; returns its nodes.
///
/// # Safety
/// `cell` has room for the part.
unsafe fn write_hash_part(cell: *mut u8, count: usize, metatable: *mut Table, absent: u16, inline: bool) -> *mut Node {
    // SAFETY: the caller gives the room.
    unsafe {
        let header = HashHeader { metatable, last_free: count as u32, absent, flags: 0, inline };
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
    pub(crate) fn new_table(&mut self, slots: u32, entries: u32) -> Result<*mut Table, OutOfMemory> {
        if slots <= INLINE_SLOTS_MAX && entries == 0 {
            let cell = self.allocate(TABLE_BYTES + slots as usize * size_of::<Value>())?;
            // SAFETY: the fresh cell holds the fixed part and the slots.
            return Ok(unsafe { write_table(cell, slots) });
        }
        self.new_table_with_nodes(slots, entries)
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
