//! Tables from bytes: their parts as they lay, so that traversal goes in the same order, with every chain checked.
use super::load::HeapLoader;
use super::{DEAD, HIDDEN, PART_BUCKETS, PART_INLINE, PART_NONE, PART_OWN, WEAK_KEYS, WEAK_VALUES};
use crate::bytes::{Reader, SnapshotError};
use crate::heap::hash::Hasher;
use crate::heap::header::Header;
use crate::heap::string::Str;
use crate::heap::table::invariants::{self, LONG_KEY_BYTES, Parts, Place, Role, is_key, is_long};
use crate::heap::table::layout::{
    ArrayHeader, DEAD_KEY, ELSEWHERE, HAS_INT, HashHeader, MOVING, Node, PART_HEADER_BYTES, TABLE_BYTES, Table,
    empty_nodes, hash_part_bytes,
};
use crate::heap::table::part::Part;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};
use std::ptr::null_mut;

impl Parts {
    fn read(role: Role, from: &mut Reader<'_>) -> Result<Parts, SnapshotError> {
        let cell_bytes = from.size()?.saturating_mul(16);
        let inline = u32::from(from.byte()?);
        let array = from.number()?.checked_sub(1);
        let old_array = if array.is_some() { from.number()?.checked_sub(1) } else { None };
        let place = match from.byte()? {
            PART_NONE => Place::None,
            PART_INLINE => Place::Inline,
            PART_OWN => Place::Own,
            PART_BUCKETS => Place::Buckets,
            _ => return Err(from.damaged("a table has a combination of parts that no table has")),
        };
        let nodes = match place {
            Place::None | Place::Buckets => 0,
            Place::Inline | Place::Own => 1u64.checked_shl(from.byte()?.into()).unwrap_or(u64::MAX),
        };
        let parts = Parts { cell_bytes, inline_slots: inline & 15, below: inline >> 4, array, old_array, place, nodes };
        if parts.are_sound(role) {
            Ok(parts)
        } else {
            Err(from.damaged("a table has a combination of parts that no table has"))
        }
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
            header.set_inline_border(parts.inline_slots - parts.below);
            header.set(if flags & WEAK_KEYS != 0 { Header::WEAK_KEYS } else { 0 });
            header.set(if flags & WEAK_VALUES != 0 { Header::WEAK_VALUES } else { 0 });
            let array = Table::inline_array(table);
            table.write(Table { header, array, nodes: empty_nodes(), array_len: 0, mask: 0 });
            if let Some(room) = parts.array {
                (*table).array = array_part(heap, room)?;
            }
            let mut special = if role == Role::Weak { ELSEWHERE } else { 0 };
            if let Some(room) = parts.old_array {
                let old = array_part(heap, room)?;
                (*Table::array_header(table)).old = old;
                special |= MOVING;
            }
            match parts.place {
                Place::None => {}
                Place::Buckets => self.directory_shape(heap, table, from)?,
                Place::Inline | Place::Own => {
                    let inline = parts.place == Place::Inline;
                    let at = if inline {
                        table.cast::<u8>().add(TABLE_BYTES + parts.inline_slots as usize * 16)
                    } else {
                        heap.allocate(hash_part_bytes(nodes))?
                    };
                    (*table).nodes = write_free(at, nodes, inline);
                    (*table).mask = (nodes - 1) as u32;
                }
            }
            if special != 0 {
                (*Table::hash_header(table)).flags |= special;
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
            self.slots(table, from)?;
            if Table::has_no_nodes(table) {
                return Ok(());
            }
            let has_int = from.flag()?;
            let found_int = if Table::has_buckets(table) {
                self.directory(table, from)?
            } else {
                self.part(Part::of(table), Hasher::FAST, invariants::array_end(table), from)?
            };
            (*Table::hash_header(table)).flags |= if has_int || found_int { HAS_INT } else { 0 };
        }
        Ok(())
    }

    /// # Safety
    /// The table is live, and has the parts of its shape.
    unsafe fn slots(&mut self, table: *mut Table, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        // SAFETY: callers give a table with the parts of its shape; indices are checked against their room.
        unsafe {
            let len = from.u32()?;
            let room = Table::array_room(table);
            if len > room {
                return Err(from.damaged("a table has more slots than its capacity"));
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
            if !invariants::is_size((*header).size, (len, room)) {
                return Err(from.damaged("the size of an array part is not between its length and its room"));
            }
            if Table::flags(table) & MOVING == 0 {
                // A hint that is wrong is seen to be wrong when it is used; it must only lie inside.
                (*header).hint = from.u32()?.min((*header).size);
                return Ok(());
            }
            let old = (*header).old;
            let (moved, old_len) = (from.u32()?, from.u32()?);
            if !invariants::may_move((moved, len), (old_len, Table::room_of(old))) {
                return Err(from.damaged("invalid state of a moving array"));
            }
            old.copy_from_nonoverlapping((*table).array, old_len as usize);
            Table::set_old_len(old, old_len);
            ((*table).array_len, (*header).hint) = (moved, len);
        }
        Ok(())
    }

    /// Reads a hash part, where the array part has or could have integer keys up to `array_end`; whether it has an integer key.
    ///
    /// # Safety
    /// The part was just made.
    pub(super) unsafe fn part(
        &mut self,
        part: Part,
        hasher: Hasher,
        array_end: u32,
        from: &mut Reader<'_>,
    ) -> Result<bool, SnapshotError> {
        // SAFETY: the caller gives a part of free nodes; indices stay within it.
        unsafe {
            let count = part.len();
            let last_free = from.u32()?;
            if last_free as usize > count {
                return Err(from.damaged("a table has free nodes past its last node"));
            }
            from.label("entry");
            let mut has_int = false;
            for index in 0..count {
                let node = self.node(index, count, from)?;
                has_int |= u32::from(node.key_tag) == Tag::INT.0;
                if hasher.level > 1 && is_long(&node) {
                    // Its bytes are gone through for each hash.
                    self.strong.take(Str::len(node.key().pointer().cast()) as u64, from)?;
                }
                part.nodes.add(index).write(node);
            }
            (*part.header()).last_free = last_free;
            let nodes = std::slice::from_raw_parts_mut(part.nodes, count);
            let known = self.checks.long_keys();
            let is_settled = self.checks.settle(nodes, hasher, array_end);
            self.hold((self.checks.long_keys() - known) as u64 * LONG_KEY_BYTES)?;
            match is_settled {
                true => Ok(has_int),
                false => Err(from.damaged("an entry of a table is not in the chain of its hash")),
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
                    return Err(from.damaged("invalid table key"));
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

fn array_part(heap: &mut Heap, room: u64) -> Result<*mut Value, OutOfMemory> {
    let cell = heap.allocate(PART_HEADER_BYTES + room as usize * size_of::<Value>())?;
    // SAFETY: the fresh cell holds the header and that many slots.
    unsafe {
        cell.cast::<ArrayHeader>().write(ArrayHeader { size: 0, hint: 0, old: null_mut() });
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
        let header = HashHeader { metatable: null_mut(), last_free: count as u32, absent: 0, flags: 0, inline };
        cell.cast::<HashHeader>().write(header);
        let nodes = cell.add(PART_HEADER_BYTES).cast::<Node>();
        for index in 0..count {
            nodes.add(index).write(Node::FREE);
        }
        nodes
    }
}
