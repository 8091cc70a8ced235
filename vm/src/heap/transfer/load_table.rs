//! Tables from bytes: their parts as they lay, so that traversal goes in the same order, with every chain checked.

use super::DEAD;
use super::load::HeapLoader;
use crate::heap::header::Header;
use crate::heap::table::layout::{
    ArrayHeader, DEAD_KEY, HashHeader, INLINE_NODES_MAX, INLINE_SLOTS_MAX, Node, PART_HEADER_BYTES, PART_LEN_MAX,
    TABLE_BYTES, Table, empty_nodes, hash_part_bytes,
};
use crate::heap::transfer::{WEAK_KEYS, WEAK_VALUES};
use crate::heap::{Heap, OutOfMemory};
use crate::snapshot::SnapshotError;
use crate::snapshot::bytes::Reader;
use crate::value::{Tag, Value, float_to_int};
use std::ptr::null_mut;

/// Largest cell of a table with its inline parts.
const CELL_BYTES_MAX: usize = 512;

/// What the check of a hash part's chains needs, kept from table to table.
#[derive(Default)]
pub(super) struct Chains {
    /// The first node of each node's chain, and the place in it.
    places: Vec<(u32, u32)>,
    has_before: Vec<bool>,
}

/// Where the parts of a table lie.
struct Parts {
    cell_bytes: usize,
    inline_slots: u32,
    /// Capacity of an array part of its own.
    array: Option<u64>,
    /// Whether the hash part is inline, and its number of nodes; 0 for none.
    inline_nodes: bool,
    nodes: usize,
}

impl Parts {
    fn read(from: &mut Reader<'_>, nodes_max: usize) -> Result<Parts, SnapshotError> {
        let cell_bytes = from.size()?.saturating_mul(16);
        let inline_slots = u32::from(from.byte()?);
        let array = from.number()?.checked_sub(1);
        let place = from.byte()?;
        let mut nodes = 0;
        if place != 0 {
            nodes = 1usize.checked_shl(u32::from(from.byte()?)).unwrap_or(usize::MAX);
        }
        let inline_nodes = place == 1;
        let needed = TABLE_BYTES + inline_slots as usize * 16;
        let fits = |bytes: usize| needed + bytes <= cell_bytes && cell_bytes <= CELL_BYTES_MAX;
        let sane = place <= 2
            && inline_slots <= INLINE_SLOTS_MAX
            && array.is_none_or(|capacity| capacity <= PART_LEN_MAX)
            && nodes <= nodes_max.min(PART_LEN_MAX as usize)
            && (!inline_nodes || nodes as u64 <= u64::from(INLINE_NODES_MAX))
            && fits(if inline_nodes { hash_part_bytes(nodes) } else { 0 });
        if !sane {
            return Err(from.damaged("a table has parts it cannot have"));
        }
        Ok(Parts { cell_bytes, inline_slots, array, inline_nodes, nodes })
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
        if weak != 0 && (parts.array.is_some() || parts.inline_nodes || parts.nodes != 1) {
            return Err(from.damaged("a weak table has parts of its own"));
        }
        let table = heap.allocate(parts.cell_bytes)?.cast::<Table>();
        // SAFETY: the fresh cell holds the fixed part and its inline parts, as `Parts::read` made sure.
        unsafe {
            let mut header = Header::table(parts.inline_slots as usize);
            header.set(if weak & WEAK_KEYS != 0 { Header::WEAK_KEYS } else { 0 });
            header.set(if weak & WEAK_VALUES != 0 { Header::WEAK_VALUES } else { 0 });
            let array = Table::inline_array(table);
            table.write(Table { header, array, nodes: empty_nodes(), array_len: 0, mask: 0 });
            if let Some(capacity) = parts.array {
                (*table).array = array_part(heap, capacity)?;
            }
            if parts.nodes > 0 {
                let at = if parts.inline_nodes {
                    table.cast::<u8>().add(TABLE_BYTES + parts.inline_slots as usize * 16)
                } else {
                    heap.allocate(hash_part_bytes(parts.nodes))?
                };
                (*table).nodes = write_free(at, parts.nodes, parts.inline_nodes);
                (*table).mask = (parts.nodes - 1) as u32;
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
            let mut has_chains = false;
            for index in 0..count {
                let node = self.node(index, count, from)?;
                has_int |= u32::from(node.key_tag) == Tag::INT.0;
                has_chains |= node.next != 0;
                (*table).nodes.add(index).write(node);
            }
            let header = Table::hash_header(table);
            (*header).last_free = last_free;
            (*header).has_int = has_int;
            let nodes = std::slice::from_raw_parts((*table).nodes, count);
            let sound = if has_chains { self.chains.are_sound(nodes) } else { stand_alone(nodes) };
            if sound { Ok(()) } else { Err(from.damaged("the entries of a table are not where they belong")) }
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

/// The index of the node where the chain of a node's key begins; none for a dead or absent key.
#[inline(always)]
fn main_position(node: &Node, mask: usize) -> Option<usize> {
    if node.key_tag == DEAD_KEY || node.key_tag == Tag::NIL.0 as u8 {
        return None;
    }
    // SAFETY: the key, if it is a cell, is one of those being loaded.
    let hash = unsafe { Table::hash_of(node.key()) }.expect("`is_key` saw that it has a number");
    Some(hash as usize & mask)
}

/// Whether every key is where its chain begins, in a part without chains.
fn stand_alone(nodes: &[Node]) -> bool {
    let mask = nodes.len() - 1;
    nodes.iter().enumerate().all(|(index, node)| main_position(node, mask).is_none_or(|main| main == index))
}

impl Chains {
    /// Whether chains end, no two lead to one node, and each key is found from where its chain begins.
    fn are_sound(&mut self, nodes: &[Node]) -> bool {
        let mask = nodes.len() - 1;
        self.has_before.clear();
        self.has_before.resize(nodes.len(), false);
        let next_of = |index: usize| (index as i64 + i64::from(nodes[index].next)) as usize;
        for (index, node) in nodes.iter().enumerate() {
            if node.next != 0 && std::mem::replace(&mut self.has_before[next_of(index)], true) {
                return false;
            }
        }
        self.places.clear();
        self.places.resize(nodes.len(), (0, 0));
        let mut seen = 0;
        for first in 0..nodes.len() {
            if self.has_before[first] {
                continue;
            }
            let (mut index, mut place) = (first, 0);
            loop {
                self.places[index] = (first as u32, place);
                seen += 1;
                if nodes[index].next == 0 {
                    break;
                }
                index = next_of(index);
                place += 1;
            }
        }
        // What no first node leads to is a circle.
        seen == nodes.len()
            && nodes.iter().enumerate().all(|(index, node)| {
                main_position(node, mask).is_none_or(|main| {
                    let ((chain, place), (other, begin)) = (self.places[index], self.places[main]);
                    chain == other && begin <= place
                })
            })
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
