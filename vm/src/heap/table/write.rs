//! Storing values: overwriting, appending, inserting keys.
//!
//! Every overwritten reference goes through the barrier while the collector marks. A key whose entry is removed
//! counts as overwritten too: the collector will not follow it from the table any more, while the program may still
//! hold it.

use std::fmt;

use super::layout::{Node, Table};
use super::read::normalise;
use super::resize::NODES_MIN;
use crate::heap::string::Str;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Why a value could not be stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableError {
    /// The key is nil.
    NilKey,
    /// The key is not a number.
    NanKey,
    /// The table would have to grow, and may not.
    OutOfMemory(OutOfMemory),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::NilKey => f.write_str("index is nil"),
            TableError::NanKey => f.write_str("index is NaN"),
            TableError::OutOfMemory(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TableError {}

impl From<OutOfMemory> for TableError {
    fn from(error: OutOfMemory) -> Self {
        TableError::OutOfMemory(error)
    }
}

impl Table {
    /// Stores a value at a key; nil removes the entry. Asks no metatable.
    ///
    /// # Errors
    /// A nil or NaN key, or no memory to grow; the table is unchanged then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `key` and `value` are live values.
    #[inline]
    pub unsafe fn set(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Result<(), TableError> {
        // SAFETY: as the caller promises.
        unsafe {
            match key.tag {
                Tag::INT => Ok(Table::set_int(table, heap, key.payload as i64, value)?),
                Tag::STRING => Ok(Table::set_str(table, heap, key.pointer().cast(), value)?),
                _ => Table::set_other(table, heap, key, value),
            }
        }
    }

    #[inline(never)]
    unsafe fn set_other(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Result<(), TableError> {
        let key = normalise(key);
        // SAFETY: as the caller of `set` promises.
        unsafe {
            match key.tag {
                Tag::NIL => return Err(TableError::NilKey),
                Tag::INT => Table::set_int(table, heap, key.payload as i64, value)?,
                Tag::FLOAT if f64::from_bits(key.payload).is_nan() => {
                    return Err(TableError::NanKey);
                }
                _ => {
                    let table = Table::contents(table);
                    let node = Table::find(table, key);
                    Table::set_node_or_insert(table, heap, node, key, value)?;
                }
            }
        }
        Ok(())
    }

    /// Stores a value at an integer key.
    ///
    /// # Errors
    /// No memory to grow; the table is unchanged then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `value` a live value.
    #[inline]
    pub unsafe fn set_int(table: *mut Table, heap: &mut Heap, key: i64, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                let slot = (*table).array.add(index as usize);
                let old = Value::load(slot);
                if old.is_nil() {
                    Table::note_store(table, index as u32 + 1);
                } else {
                    heap.barrier(old);
                }
                value.store(slot);
                return Ok(());
            }
            Table::set_int_outside(Table::contents(table), heap, key, value)
        }
    }

    /// Stores at an integer key that is not within the array part of a table (but may be within that of its contents).
    #[inline(never)]
    unsafe fn set_int_outside(table: *mut Table, heap: &mut Heap, key: i64, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: `set_int` passes on the contents of its live table; slots up to the capacity are in its cell.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            let len = (*table).array_len;
            if index < u64::from(len) {
                return Table::set_int(table, heap, key, value);
            }
            if index < u64::from(Table::array_size(table)) {
                Table::note_store(table, index as u32 + 1);
                if !value.is_nil() {
                    Table::fill_to(table, index as u32);
                    value.store((*table).array.add(index as usize));
                    (*table).array_len = index as u32 + 1;
                }
                return Ok(());
            }
            let mut node = std::ptr::null_mut();
            if (*Table::hash_header(table)).has_int {
                node = Table::find_int(table, key);
                // An entry that exists stays where it is, so that a traversal may assign to it.
                if !node.is_null() && !(*node).is_empty() {
                    heap.barrier((*node).value());
                    (*node).set_value(value);
                    return Ok(());
                }
            }
            Table::set_node_or_insert(table, heap, node, Value::int(key), value)
        }
    }

    /// Makes the slots of the array part below an index that is within its size.
    pub(super) unsafe fn fill_to(table: *mut Table, index: u32) {
        // SAFETY: callers give a live table that is its own contents; its cell has room for its size.
        unsafe {
            while (*table).array_len < index {
                Value::NIL.store((*table).array.add((*table).array_len as usize));
                (*table).array_len += 1;
            }
        }
    }

    /// Stores neighbouring values at the integer keys from `first` on. If they follow what is in the array part and do not
    /// fit, it gets exactly the size that takes the last of them: it is a list of known length.
    ///
    /// # Errors
    /// No memory to grow; some of the values are stored then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `values` points to `count` live values outside of it.
    #[inline]
    pub unsafe fn set_list(
        table: *mut Table,
        heap: &mut Heap,
        first: u32,
        values: *const Value,
        count: usize,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises; slots up to the size are in the cell of the array part.
        unsafe {
            let len = (*table).array_len;
            let is_append = first.wrapping_sub(1) == len && !Table::is_weak(table);
            if !is_append || len as usize + count > Table::array_size(table) as usize {
                return Table::set_list_apart(Table::contents(table), heap, first, values, count);
            }
            let slots = (*table).array.add(len as usize);
            for index in 0..count {
                Value::load(values.add(index)).store(slots.add(index));
            }
            (*table).array_len = len + count as u32;
        }
        Ok(())
    }

    /// As [`set_list`](Self::set_list), for a table that is its own contents.
    #[inline(never)]
    unsafe fn set_list_apart(
        table: *mut Table,
        heap: &mut Heap,
        first: u32,
        values: *const Value,
        count: usize,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller of `set_list` promises.
        unsafe {
            let last = u64::from(first) + count as u64 - 1;
            let size = Table::array_size(table);
            if first.wrapping_sub(1) <= size && last > u64::from(size) {
                Table::resize(table, heap, last, 0)?;
            }
            for index in 0..count {
                let key = i64::from(first) + index as i64;
                Table::set_int(table, heap, key, Value::load(values.add(index)))?;
            }
        }
        Ok(())
    }

    /// Copies the values at `from..from + count` to the keys from `to` on, as if at once; false, with nothing done,
    /// unless all these keys are in the array part. For insertion into and removal from the middle of a sequence.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    pub unsafe fn move_slots(table: *mut Table, heap: &mut Heap, from: i64, to: i64, count: u64) -> bool {
        // SAFETY: the caller gives a live table; both ranges are checked to be within `array_len`.
        unsafe {
            let len = u64::from((*table).array_len);
            let (from, to) = ((from as u64).wrapping_sub(1), (to as u64).wrapping_sub(1));
            if count > len || from > len - count || to > len - count {
                return false;
            }
            let target = (*table).array.add(to as usize);
            if heap.marking() {
                // What moves is either overwritten, and so marked here, or still where the collector will find it.
                for index in 0..count as usize {
                    heap.shade(Value::load(target.add(index)));
                }
            }
            target.copy_from((*table).array.add(from as usize), count as usize);
            true
        }
    }

    /// Stores a value at a string key.
    ///
    /// # Errors
    /// No memory to grow; the table is unchanged then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `key` a live string, `value` a live value.
    #[inline]
    pub unsafe fn set_str(table: *mut Table, heap: &mut Heap, key: *mut Str, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises.
        unsafe {
            let table = Table::contents(table);
            let key_value = Value::from_string(key);
            if !Str::is_short(key) {
                let node = Table::find(table, key_value);
                return Table::set_node_or_insert(table, heap, node, key_value, value);
            }
            let node = Table::find_short(table, key);
            let is_hash = (*table).array_len == 0 && !Table::has_no_nodes(table);
            if node.is_null() && !value.is_nil() && is_hash {
                let main = (*table).nodes.add((Str::short_hash(key) & (*table).mask) as usize);
                if (*main).is_empty() {
                    (*main).set_key(key_value);
                    (*main).set_value(value);
                    (*Table::hash_header(table)).absent = 0;
                    return Ok(());
                }
            }
            Table::set_node_or_insert(table, heap, node, key_value, value)
        }
    }

    /// Stores a value, not nil, at a short string key if that takes no more than a free node in the key's main position; gives
    /// the index of the node, or `u32::MAX` when nothing was done. Not while the collector marks.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live short string, `value` a live value.
    #[inline(always)]
    pub(crate) unsafe fn put_short(table: *mut Table, key: *mut Str, value: Value) -> u32 {
        // SAFETY: as the caller promises; a found node and a main position are nodes of the table's own part.
        unsafe {
            if value.is_nil() || Table::has_no_nodes(table) || Table::is_weak(table) {
                return u32::MAX;
            }
            let mut node = Table::find_short(table, key);
            let main = Str::short_hash(key) & (*table).mask;
            if node.is_null() {
                node = (*table).nodes.add(main as usize);
                // Where there is an array part, its size may change.
                if !(*node).is_empty() || (*table).array_len != 0 {
                    return u32::MAX;
                }
                (*node).set_key(Value::from_string(key));
            }
            (*Table::hash_header(table)).absent = 0;
            (*node).set_value(value);
            node.offset_from((*table).nodes) as u32
        }
    }

    /// Stores into the node that was found for a key, or into a new one if it is null.
    #[inline]
    unsafe fn set_node_or_insert(
        table: *mut Table,
        heap: &mut Heap,
        node: *mut Node,
        key: Value,
        value: Value,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: callers give the node of `key` in `table`, or null if there is none.
        unsafe {
            if node.is_null() {
                if value.is_nil() { Ok(()) } else { Table::insert(table, heap, key, value) }
            } else {
                if heap.marking() {
                    heap.shade((*node).value());
                    heap.shade((*node).key());
                }
                if (*node).is_empty() {
                    // The entry comes back: what was known to be absent may be there now.
                    (*Table::hash_header(table)).absent = 0;
                }
                (*node).set_value(value);
                Ok(())
            }
        }
    }

    /// Adds an entry whose key is in no node, except perhaps as a dead one.
    #[inline(never)]
    unsafe fn insert(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents and live values. After a `rehash` there is room.
        unsafe {
            if key.tag > Tag::STRING {
                heap.id_of(key.pointer());
            }
            let concerns_array = key.tag == Tag::INT || Table::array_size(table) > 0;
            if concerns_array && Table::would_rehash(table) || !Table::try_insert(table, heap, key, value) {
                let slots = Table::rehash(table, heap, key)?;
                Table::place(table, heap, key, value, slots);
            }
        }
        Ok(())
    }

    /// Whether the hash part would be full if it had grown by doubling from one node on, as that of the reference
    /// implementation does. Ours begins with more, which makes a difference only where the array part is concerned: its size
    /// is chosen anew whenever the hash part is full.
    unsafe fn would_rehash(table: *mut Table) -> bool {
        // SAFETY: callers give a live table that is its own contents; indices stay within its part.
        unsafe {
            let nodes = Table::node_count(table);
            if nodes == 0 || nodes > NODES_MIN || (*Table::hash_header(table)).inline {
                return nodes == 0;
            }
            let used = Table::count_nodes(table, |node| node.key_tag != Tag::NIL.0 as u8);
            used == 0 || used.is_power_of_two()
        }
    }

    /// Adds an entry if there is a free node.
    pub(super) unsafe fn try_insert(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> bool {
        // SAFETY: callers give a live table that is its own contents, and a key that has a hash. Masked hashes and the
        // distances of a chain lead to nodes of the part; the shared empty part is never written because it is refused.
        unsafe {
            if Table::has_no_nodes(table) {
                return false;
            }
            let mut node = Table::main_node(table, key);
            if !(*node).is_empty() {
                let Some(free) = Table::take_free_node(table) else {
                    return false;
                };
                let main_of_other = Table::main_node(table, (*node).key());
                if main_of_other == node {
                    // The new key goes into the free node, right behind the start of its chain.
                    let next = (*node).next;
                    (*free).next = if next == 0 { 0 } else { node.offset(next as isize).offset_from(free) as i32 };
                    (*node).next = free.offset_from(node) as i32;
                    node = free;
                } else {
                    Table::move_node(main_of_other, node, free);
                    let position = u64::from((*table).array_len) + free.offset_from((*table).nodes) as u64;
                    heap.entry_moved(table, position, &*free);
                }
            }
            (*node).set_key(key);
            (*node).set_value(value);
            let header = Table::hash_header(table);
            (*header).absent = 0;
            (*header).has_int |= key.tag == Tag::INT;
            true
        }
    }

    /// Moves a node that is not in its main position to a free one, leaving its old place empty and without a chain.
    unsafe fn move_node(main: *mut Node, node: *mut Node, free: *mut Node) {
        // SAFETY: `node` is in the chain that starts at `main`, so walking it arrives there.
        unsafe {
            let mut before = main;
            while before.offset((*before).next as isize) != node {
                before = before.offset((*before).next as isize);
            }
            (*before).next = free.offset_from(before) as i32;
            *free = *node;
            if (*node).next != 0 {
                (*free).next += node.offset_from(free) as i32;
            }
            *node = Node::FREE;
        }
    }

    /// The first node of the chain a key belongs to.
    #[inline]
    unsafe fn main_node(table: *mut Table, key: Value) -> *mut Node {
        // SAFETY: callers give a live table and a live key; a masked hash is the index of a node.
        unsafe {
            let hash = Table::hash_of(key).expect("a key in a table has a sequence number");
            (*table).nodes.add((hash & (*table).mask) as usize)
        }
    }

    /// A node that was never used, from the end.
    unsafe fn take_free_node(table: *mut Table) -> Option<*mut Node> {
        // SAFETY: callers give a live table with a hash part of its own; `last_free` counts its nodes down.
        unsafe {
            let header = Table::hash_header(table);
            while (*header).last_free > 0 {
                (*header).last_free -= 1;
                let node = (*table).nodes.add((*header).last_free as usize);
                if (*node).key_tag == Tag::NIL.0 as u8 {
                    return Some(node);
                }
            }
            None
        }
    }
}
