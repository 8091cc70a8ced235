//! Tables from bytes: their parts as they lay, so that traversal goes in the same order, with every chain checked.

use super::load::HeapLoader;
use super::{DEAD, PART_BUCKETS, PART_INLINE, PART_NONE, PART_OWN};
use crate::heap::hash::Hasher;
use crate::heap::header::Header;
use crate::heap::table::layout::{
    ArrayHeader, DEAD_KEY, ELSEWHERE, HAS_INT, HashHeader, INLINE_NODES_MAX, MOVING, NODES_MAX, Node,
    PART_HEADER_BYTES, PART_LEN_MAX, TABLE_BYTES, Table, empty_nodes, hash_part_bytes,
};
use crate::heap::table::part::Part;
use crate::heap::transfer::{WEAK_KEYS, WEAK_VALUES};
use crate::heap::{Heap, OutOfMemory};
use crate::snapshot::SnapshotError;
use crate::snapshot::bytes::Reader;
use crate::value::{Tag, Value, float_to_int};
use std::ptr::null_mut;

/// Largest cell of a table with its inline parts.
const CELL_BYTES_MAX: usize = 512;

/// Where the parts of a table lie.
struct Parts {
    cell_bytes: usize,
    inline_slots: u32,
    /// Where among them to look for a border first.
    inline_border: u32,
    /// Capacity of an array part of its own, and of the one it moves from.
    array: Option<u64>,
    old_array: Option<u64>,
    /// Where the hash part is, and its number of nodes unless it is in buckets; 0 for none.
    place: u8,
    nodes: usize,
}

impl Parts {
    fn read(from: &mut Reader<'_>, nodes_max: usize) -> Result<Parts, SnapshotError> {
        let cell_bytes = from.size()?.saturating_mul(16);
        let inline = u32::from(from.byte()?);
        let (inline_slots, below) = (inline & 15, inline >> 4);
        let array = from.number()?.checked_sub(1);
        let old_array = if array.is_some() { from.number()?.checked_sub(1) } else { None };
        let place = from.byte()?;
        let mut nodes = 0;
        if place == PART_INLINE || place == PART_OWN {
            nodes = 1usize.checked_shl(u32::from(from.byte()?)).unwrap_or(usize::MAX);
        }
        let needed = TABLE_BYTES + inline_slots as usize * 16;
        let fits = |bytes: usize| needed + bytes <= cell_bytes && cell_bytes <= CELL_BYTES_MAX;
        let sane = place <= PART_BUCKETS
            && (below == 0 || inline_slots.is_power_of_two() && below < inline_slots.div_ceil(2) && below <= 3)
            && array.is_none_or(|capacity| capacity <= PART_LEN_MAX)
            && old_array.is_none_or(|capacity| capacity <= PART_LEN_MAX && place != PART_NONE)
            && nodes <= nodes_max.min(NODES_MAX as usize)
            && (place != PART_INLINE || nodes as u64 <= u64::from(INLINE_NODES_MAX))
            && fits(if place == PART_INLINE { hash_part_bytes(nodes) } else { 0 });
        if !sane {
            return Err(from.damaged("a table has parts it cannot have"));
        }
        Ok(Parts { cell_bytes, inline_slots, inline_border: inline_slots - below, array, old_array, place, nodes })
    }
}

impl HeapLoader<'_> {
    /// Makes a table of the parts it had, all empty.
    pub(super) fn table_shape(
        &self,
        heap: &mut Heap,
        weak: u8,
        from: &mut Reader<'_>,
    ) -> Result<*mut Table, SnapshotError> {
        let parts = Parts::read(from, self.nodes_max)?;
        if weak != 0 && (parts.array.is_some() || parts.place != PART_OWN || parts.nodes != 1) {
            return Err(from.damaged("a weak table has parts of its own"));
        }
        let table = heap.allocate(parts.cell_bytes)?.cast::<Table>();
        // SAFETY: the fresh cell holds the fixed part and its inline parts, as `Parts::read` made sure.
        unsafe {
            let mut header = Header::table(parts.inline_slots as usize);
            header.set_inline_border(parts.inline_border);
            header.set(if weak & WEAK_KEYS != 0 { Header::WEAK_KEYS } else { 0 });
            header.set(if weak & WEAK_VALUES != 0 { Header::WEAK_VALUES } else { 0 });
            let array = Table::inline_array(table);
            table.write(Table { header, array, nodes: empty_nodes(), array_len: 0, mask: 0 });
            if let Some(capacity) = parts.array {
                (*table).array = array_part(heap, capacity)?;
            }
            let mut flags = if weak != 0 { ELSEWHERE } else { 0 };
            if let Some(capacity) = parts.old_array {
                let old = array_part(heap, capacity)?;
                (*Table::array_header(table)).old = old;
                flags |= MOVING;
            }
            if parts.place == PART_BUCKETS {
                self.directory_shape(heap, table, from)?;
            } else if parts.place != PART_NONE {
                let inline = parts.place == PART_INLINE;
                let at = if inline {
                    table.cast::<u8>().add(TABLE_BYTES + parts.inline_slots as usize * 16)
                } else {
                    heap.allocate(hash_part_bytes(parts.nodes))?
                };
                (*table).nodes = write_free(at, parts.nodes, inline);
                (*table).mask = (parts.nodes - 1) as u32;
            }
            if flags != 0 {
                (*Table::hash_header(table)).flags |= flags;
            }
        }
        Ok(table)
    }

    /// Reads the contents of a table.
    ///
    /// # Safety
    /// `table` is as [`table_shape`](Self::table_shape) made it.
    pub(super) unsafe fn table(&mut self, table: *mut Table, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        // SAFETY: the table has the parts of its shape, and indices stay within them.
        unsafe {
            let metatable: *mut Table = self.reference_to(Tag::TABLE, from)?.cast();
            if !metatable.is_null() {
                if Table::has_no_nodes(table) {
                    return Err(from.damaged("a table has no room for its metatable"));
                }
                (*Table::hash_header(table)).metatable = metatable;
            }
            if Table::is_weak(table) {
                (*table).array = self.take_hidden(from)?.cast();
                return Ok(());
            }
            self.slots(table, from)?;
            if Table::has_no_nodes(table) {
                return Ok(());
            }
            let has_int = from.flag()?;
            let found_int = if Table::has_buckets(table) {
                self.directory(table, from)?
            } else {
                self.part(Part::of(table), u64::from(Table::slots_len(table)), Hasher::FAST, from)?
            };
            (*Table::hash_header(table)).flags |= if has_int || found_int { HAS_INT } else { 0 };
        }
        Ok(())
    }

    unsafe fn slots(&mut self, table: *mut Table, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        // SAFETY: callers give a table with the parts of its shape; indices are checked against their capacities.
        unsafe {
            let len = from.u32()?;
            let room = Table::array_room(table);
            if len > room {
                return Err(from.damaged("a table has more slots than room for them"));
            }
            for index in 0..len as usize {
                self.value(from)?.store((*table).array.add(index));
            }
            (*table).array_len = len;
            if Table::array_is_inline(table) {
                return Ok(());
            }
            let header = Table::array_header(table);
            (*header).size = from.u32()?;
            if !(len..=room).contains(&(*header).size) {
                return Err(from.damaged("the size of an array part is not between its length and its room"));
            }
            if Table::flags(table) & MOVING == 0 {
                // A hint that is wrong is seen to be wrong when it is used; it must only lie inside.
                (*header).hint = from.u32()?.min((*header).size);
                return Ok(());
            }
            let old = (*Table::array_header(table)).old;
            let (moved, old_len) = (from.u32()?, from.u32()?);
            if moved >= old_len || old_len > len || old_len > Table::room_of(old) {
                return Err(from.damaged("an array does not move as arrays do"));
            }
            old.copy_from_nonoverlapping((*table).array, old_len as usize);
            Table::set_old_len(old, old_len);
            ((*table).array_len, (*Table::array_header(table)).hint) = (moved, len);
        }
        Ok(())
    }

    /// Reads a hash part of a table with so many slots; whether it has an integer key.
    ///
    /// # Safety
    /// The part was just made.
    pub(super) unsafe fn part(
        &mut self,
        part: Part,
        slots: u64,
        hasher: Hasher,
        from: &mut Reader<'_>,
    ) -> Result<bool, SnapshotError> {
        // SAFETY: the caller gives a part of free nodes; indices stay within it.
        unsafe {
            let count = part.len();
            let last_free = from.u32()?;
            if last_free as usize > count {
                return Err(from.damaged("a table has free nodes past its last"));
            }
            let mut has_int = false;
            for index in 0..count {
                let node = self.node(index, count, from)?;
                has_int |= u32::from(node.key_tag) == Tag::INT.0;
                part.nodes.add(index).write(node);
            }
            (*part.header()).last_free = last_free;
            let nodes = std::slice::from_raw_parts_mut(part.nodes, count);
            let in_array = |node: &Node| u32::from(node.key_tag) == Tag::INT.0 && node.key.wrapping_sub(1) < slots;
            if has_int && nodes.iter().any(|node| in_array(node) && !node.is_empty()) {
                return Err(from.damaged("a key is in both parts of a table"));
            }
            match self.chains.settle(nodes, hasher) {
                true => Ok(has_int),
                false => Err(from.damaged("the entries of a table are not where they belong")),
            }
        }
    }

    #[inline(always)]
    fn node(&self, index: usize, count: usize, from: &mut Reader<'_>) -> Result<Node, SnapshotError> {
        let tag = from.byte()?;
        let mut node = Node::FREE;
        match tag {
            0 => return Ok(node),
            DEAD => {
                let number = from.fixed_u32()?;
                node.key = self.cell_at(number).map_or(0, |cell| cell.expose_provenance() as u64);
                node.key_tag = DEAD_KEY;
            }
            _ => {
                let key = self.value_of(tag, from)?;
                if !is_key(key) {
                    return Err(from.damaged("a table has a key that none can have"));
                }
                node.set_key(key);
            }
        }
        if tag != DEAD {
            node.set_value(self.value(from)?);
        }
        let next = from.signed()?;
        if next.checked_add(index as i64).is_none_or(|target| !(0..count as i64).contains(&target)) {
            return Err(from.damaged("a chain of a table leads out of it"));
        }
        node.next = next as i32;
        Ok(node)
    }
}

fn array_part(heap: &mut Heap, capacity: u64) -> Result<*mut Value, OutOfMemory> {
    let cell = heap.allocate(PART_HEADER_BYTES + capacity as usize * size_of::<Value>())?;
    // SAFETY: the fresh cell holds the header and that many slots.
    unsafe {
        cell.cast::<ArrayHeader>().write(ArrayHeader { size: 0, hint: 0, old: null_mut() });
        Ok(cell.add(PART_HEADER_BYTES).cast())
    }
}

/// Whether a value may be stored as a key.
#[inline(always)]
fn is_key(key: Value) -> bool {
    match key.tag {
        Tag::NIL | Tag::CELL | Tag::BUFFER => false,
        Tag::FLOAT => {
            let float = f64::from_bits(key.payload);
            !float.is_nan() && float_to_int(float).is_none()
        }
        Tag::STRING | Tag::INT | Tag::FALSE | Tag::TRUE => true,
        // SAFETY: the cell is one of those being loaded.
        _ => unsafe { (*key.pointer()).id() != 0 },
    }
}

/// Writes a hash part of free nodes; returns its nodes.
///
/// # Safety
/// `cell` has room for the part.
unsafe fn write_free(cell: *mut u8, count: usize, inline: bool) -> *mut Node {
    // SAFETY: the caller gives the room.
    unsafe {
        let header = HashHeader { metatable: null_mut(), last_free: count as u32, absent: 0, flags: 0, inline };
        cell.cast::<HashHeader>().write(header);
        let nodes = cell.add(PART_HEADER_BYTES).cast::<Node>();
        for index in 0..count {
            nodes.add(index).write(Node::FREE);
        }
        nodes
    }
}
