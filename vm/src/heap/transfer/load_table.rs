//! Tables from bytes: their parts as they lay, so that traversal goes in the same order, with every chain checked.

use super::load::HeapLoader;
use super::{DEAD, HIDDEN, WEAK_KEYS, WEAK_VALUES};
use crate::heap::header::Header;
use crate::heap::table::invariants::{Parts, Role, is_key};
use crate::heap::table::layout::{
    ArrayHeader, DEAD_KEY, HashHeader, Node, PART_HEADER_BYTES, TABLE_BYTES, Table, empty_nodes, hash_part_bytes,
};
use crate::heap::{Heap, OutOfMemory};
use crate::snapshot::SnapshotError;
use crate::snapshot::read::Reader;
use crate::value::{Tag, Value};
use std::ptr::null_mut;

impl Parts {
    fn read(role: Role, from: &mut Reader<'_>) -> Result<Parts, SnapshotError> {
        let cell_bytes = from.size()?.saturating_mul(16);
        let inline_slots = u32::from(from.byte()?);
        let array = from.number()?.checked_sub(1);
        let place = from.byte()?;
        let nodes = if place == 0 { 0 } else { 1u64.checked_shl(from.byte()?.into()).unwrap_or(u64::MAX) };
        let parts = Parts { cell_bytes, inline_slots, array, inline_nodes: place == 1, nodes };
        if place > 2 || !parts.are_sound(role) {
            return Err(from.damaged("a table has parts it cannot have"));
        }
        Ok(parts)
    }
}

impl HeapLoader {
    /// Makes a table of the parts it had, all empty.
    pub(super) fn table_shape(
        &mut self,
        heap: &mut Heap,
        flags: u8,
        from: &mut Reader<'_>,
    ) -> Result<*mut Table, SnapshotError> {
        let role = match flags & (WEAK_KEYS | WEAK_VALUES | HIDDEN) {
            0 => Role::Whole,
            HIDDEN => Role::Hidden,
            _ => Role::Weak,
        };
        let parts = Parts::read(role, from)?;
        self.promises.take(parts.nodes, from)?;
        let nodes = parts.nodes as usize;
        let table = heap.allocate(parts.cell_bytes)?.cast::<Table>();
        // SAFETY: the fresh cell holds the fixed part and its inline parts, as `Parts::read` made sure.
        unsafe {
            let mut header = Header::table(parts.inline_slots as usize);
            header.set(if flags & WEAK_KEYS != 0 { Header::WEAK_KEYS } else { 0 });
            header.set(if flags & WEAK_VALUES != 0 { Header::WEAK_VALUES } else { 0 });
            let array = Table::inline_array(table);
            table.write(Table { header, array, nodes: empty_nodes(), array_len: 0, mask: 0 });
            if let Some(capacity) = parts.array {
                (*table).array = array_part(heap, capacity)?;
            }
            if nodes > 0 {
                let at = if parts.inline_nodes {
                    table.cast::<u8>().add(TABLE_BYTES + parts.inline_slots as usize * 16)
                } else {
                    heap.allocate(hash_part_bytes(nodes))?
                };
                (*table).nodes = write_free(at, nodes, parts.inline_nodes);
                (*table).mask = (nodes - 1) as u32;
            }
        }
        Ok(table)
    }

    /// Reads the contents of a table.
    ///
    /// # Safety
    /// `table` is as [`table_shape`](Self::table_shape) made it.
    pub(super) unsafe fn table(
        &mut self,
        table: *mut Table,
        is_hidden: bool,
        from: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        from.label("table");
        // SAFETY: the table has the parts of its shape, and indices stay within them.
        unsafe {
            let metatable: *mut Table = self.reference_to(Tag::TABLE, from)?.cast();
            if !metatable.is_null() {
                if Table::has_no_nodes(table) || is_hidden {
                    return Err(from.damaged("a table has no room for its metatable"));
                }
                (*Table::hash_header(table)).metatable = metatable;
            }
            if Table::is_weak(table) {
                (*table).array = self.take_hidden(from)?.cast();
                return Ok(());
            }
            let len = from.u32()?;
            if len > Table::array_capacity(table) {
                return Err(from.damaged("a table has more slots than room for them"));
            }
            for index in 0..len as usize {
                self.value(from)?.store((*table).array.add(index));
            }
            (*table).array_len = len;
            if !Table::array_is_inline(table) {
                // A hint that is wrong is seen to be wrong when it is used; it must only lie inside.
                (*Table::array_header(table)).hint = from.u32()?.min(len);
            }
            if Table::has_no_nodes(table) { Ok(()) } else { self.hash_part(table, from) }
        }
    }

    unsafe fn hash_part(&mut self, table: *mut Table, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        // SAFETY: callers give a table with a hash part of its own; indices stay within it.
        unsafe {
            let count = Table::node_count(table) as usize;
            let last_free = from.u32()?;
            if last_free as usize > count {
                return Err(from.damaged("a table has free nodes past its last"));
            }
            let mut has_int = from.flag()?;
            from.label("entry");
            for index in 0..count {
                let node = self.node(index, count, from)?;
                has_int |= u32::from(node.key_tag) == Tag::INT.0;
                (*table).nodes.add(index).write(node);
            }
            let header = Table::hash_header(table);
            (*header).last_free = last_free;
            (*header).has_int = has_int;
            let nodes = std::slice::from_raw_parts((*table).nodes, count);
            if self.checks.are_sound(nodes, last_free, (*table).array_len) {
                Ok(())
            } else {
                Err(from.damaged("the entries of a table are not where they belong"))
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
        cell.cast::<ArrayHeader>().write(ArrayHeader { capacity: capacity as u32, hint: 0, unused: 0 });
        Ok(cell.add(PART_HEADER_BYTES).cast())
    }
}

/// Writes a hash part of free nodes; returns its nodes.
///
/// # Safety
/// `cell` has room for the part.
unsafe fn write_free(cell: *mut u8, count: usize, inline: bool) -> *mut Node {
    // SAFETY: the caller gives the room.
    unsafe {
        let header = HashHeader { metatable: null_mut(), last_free: count as u32, absent: 0, has_int: false, inline };
        cell.cast::<HashHeader>().write(header);
        let nodes = cell.add(PART_HEADER_BYTES).cast::<Node>();
        for index in 0..count {
            nodes.add(index).write(Node::FREE);
        }
        nodes
    }
}
