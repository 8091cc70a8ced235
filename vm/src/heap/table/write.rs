//! Storing values: overwriting, appending, inserting keys.
//!
//! Every overwritten reference goes through the barrier while the collector marks. A key whose entry is removed
//! counts as overwritten too: the collector will not follow it from the table any more, while the program may still
//! hold it.

use std::fmt;

use super::layout::{BUCKETS, ELSEWHERE, HAS_INT, MOVING, Node, SHARED, Table};
use super::part::Insertion;
use super::read::normalise;
use super::resize::NODES_MIN;
use crate::heap::string::Str;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Integer keys that follow one another and move from buckets to the array part at once.
const FOLLOWERS_MAX: u32 = 64;

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

/// What became of a value that was to be stored in a few steps.
pub(crate) enum Put {
    /// It is in the node of this index.
    At(u32),
    /// It was nil, and there was no entry.
    Nothing,
    /// Nothing was done, as it takes more.
    Refused,
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
    pub(crate) unsafe fn set(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Result<(), TableError> {
        // SAFETY: as the caller promises.
        unsafe {
            match key.tag {
                Tag::INT => Ok(Table::set_int(table, heap, key.payload as i64, value)?),
                Tag::STRING => Ok(Table::set_str(table, heap, key.pointer().cast(), value)?),
                _ => Table::set_other(table, heap, key, value),
            }
        }
    }

    /// # Safety
    /// The table, key and value are live.
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
                    let table = Table::contents_to_write(table, heap);
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
    pub(crate) unsafe fn set_int(
        table: *mut Table,
        heap: &mut Heap,
        key: i64,
        value: Value,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                let slot = (*table).array.add(index as usize);
                let old = Value::load(slot);
                if !old.is_nil() {
                    heap.barrier(old);
                    value.store(slot);
                    return Ok(());
                }
            }
            Table::set_int_outside(Table::contents_to_write(table, heap), heap, key, value)
        }
    }

    /// Stores at an integer key that has no value in the array part of a table (but may have one in that of its contents).
    ///
    /// # Safety
    /// The table and the value are live.
    #[inline(never)]
    unsafe fn set_int_outside(table: *mut Table, heap: &mut Heap, key: i64, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: `set_int` passes on the contents of its live table; slots up to the capacity are in its cell.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                let slot = (*table).array.add(index as usize);
                let old = Value::load(slot);
                heap.barrier(old);
                value.store(slot);
                if old.is_nil() {
                    Table::note_store(table, index as u32 + 1);
                    Table::pull_ints(table, heap);
                }
                return Ok(());
            }
            if Table::flags(table) & MOVING != 0 {
                Table::move_some(table, heap);
            }
            let mut node = std::ptr::null_mut();
            if Table::flags(table) & HAS_INT != 0 {
                node = Table::find_int(table, key);
                // An entry that exists stays where it is, so that a traversal may assign to it.
                if !node.is_null() && !(*node).is_empty() {
                    heap.barrier((*node).value());
                    (*node).set_value(value);
                    return Ok(());
                }
            }
            let len = Table::slots_len(table);
            if index < u64::from(len) {
                let slot = Table::slot(table, index as u32);
                heap.barrier(Value::load(slot));
                value.store(slot);
                return Ok(());
            }
            if Table::is_large(table) {
                return Table::set_int_in_large(table, heap, key, value, node);
            }
            if index < u64::from(Table::array_size(table)) {
                Table::note_store(table, index as u32 + 1);
                if !value.is_nil() {
                    Table::fill_to(table, index as u32);
                    Table::push_slot(table, value);
                }
                return Ok(());
            }
            let is_append = index == u64::from(len) && !value.is_nil() && Table::has_no_nodes(table);
            if is_append && Table::append_to_full(table, heap, value)? {
                return Ok(());
            }
            Table::set_node_or_insert(table, heap, node, Value::int(key), value)
        }
    }

    /// Stores at an integer key that has no slot in a large table, and there no entry but perhaps an empty `node`.
    ///
    /// # Safety
    /// The table and the value are live.
    unsafe fn set_int_in_large(
        table: *mut Table,
        heap: &mut Heap,
        key: i64,
        value: Value,
        node: *mut Node,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: `set_int_outside` passes on its live table; slots up to the size are in the cell of the array part.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            let len = Table::slots_len(table);
            let has_int = Table::flags(table) & HAS_INT != 0;
            if index == u64::from(len) && !has_int && len < Table::array_size(table) && !value.is_nil() {
                Table::push_slot(table, value);
                return Ok(());
            }
            if value.is_nil() {
                return Ok(());
            }
            if index == u64::from(len) && (len < Table::array_size(table) || Table::grow_full_array(table, heap)?) {
                Table::push_slot(table, value);
                if has_int {
                    Table::move_followers(table, heap);
                }
                return Ok(());
            }
            Table::set_node_or_insert(table, heap, node, Value::int(key), value)
        }
    }

    /// Moves from the hash part what has become the continuation of the array part, as far as there is room, and out of buckets
    /// no more than some.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    unsafe fn move_followers(table: *mut Table, heap: &mut Heap) {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            let mut most = u32::MAX;
            if Table::has_buckets(table) {
                Table::pull_ints(table, heap);
                most = FOLLOWERS_MAX;
            }
            let capacity = Table::array_size(table);
            for _ in 0..most {
                let len = Table::slots_len(table);
                if len >= capacity {
                    return;
                }
                let node = Table::find_int(table, i64::from(len) + 1);
                if node.is_null() || (*node).is_empty() {
                    return;
                }
                let value = heap.value_that_moves((*node).value());
                Table::push_slot(table, value);
                (*node).set_value(Value::NIL);
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
    pub(crate) unsafe fn set_list(
        table: *mut Table,
        heap: &mut Heap,
        first: u32,
        values: *const Value,
        count: usize,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises; slots up to the size are in the cell of the array part.
        unsafe {
            let len = (*table).array_len;
            let is_plain = Table::flags(table) & (HAS_INT | MOVING | ELSEWHERE) == 0;
            let is_append = is_plain && first.wrapping_sub(1) == len;
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

    /// Ends a list whose length was not known when the table was made: the array part is made as small as what is in it, if it
    /// lies in the table's own cell with nothing behind it.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn end_list(table: *mut Table) {
        // SAFETY: the caller gives a live table. Slots from `array_len` on were never written.
        unsafe {
            let len = (*table).array_len;
            if Table::array_is_inline(table) && len < (*table).header.inline_slots() && Table::has_no_nodes(table) {
                (*table).header.set_inline_slots(len);
            }
        }
    }

    /// As [`set_list`](Self::set_list), for a table that is its own contents.
    ///
    /// # Safety
    /// As for `set_list`.
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
            if first.wrapping_sub(1) <= size && last > u64::from(size) && !Table::is_large(table) {
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
    /// `table` is a live table of `heap`, `count` is not 0.
    pub(crate) unsafe fn move_slots(table: *mut Table, heap: &mut Heap, from: i64, to: i64, count: u64) -> bool {
        // SAFETY: the caller gives a live table; both ranges are checked to be within `array_len`.
        unsafe {
            let len = u64::from((*table).array_len);
            let (from, to) = ((from as u64).wrapping_sub(1), (to as u64).wrapping_sub(1));
            if count > len || from > len - count || to > len - count || Table::is_large(table) {
                return false;
            }
            let end = (to + count) as u32;
            let hint = Table::border_hint(table);
            if end > hint + 1 {
                return false;
            }
            let is_longer = end > hint && Table::is_nil_at(table, end);
            let target = (*table).array.add(to as usize);
            if heap.marking() {
                // What moves is either overwritten, and so marked here, or still where the collector will find it.
                for index in 0..count as usize {
                    heap.shade(Value::load(target.add(index)));
                }
            }
            target.copy_from((*table).array.add(from as usize), count as usize);
            if is_longer {
                Table::note_store(table, end);
            }
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
    pub(crate) unsafe fn set_str(
        table: *mut Table,
        heap: &mut Heap,
        key: *mut Str,
        value: Value,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises.
        unsafe {
            let key_value = Value::from_string(key);
            let flags = Table::flags(table);
            if !Str::is_short(key) || flags & (ELSEWHERE | BUCKETS) != 0 {
                let table = Table::contents_to_write(table, heap);
                let node = Table::find(table, key_value);
                return Table::set_node_or_insert(table, heap, node, key_value, value);
            }
            let node = Table::find_short(table, key);
            // Where there is an array part, its size may change.
            if node.is_null() && !value.is_nil() && flags & SHARED == 0 && (*table).array_len == 0 {
                let main = (*table).nodes.add((Str::short_hash(key) & (*table).mask) as usize);
                if (*main).is_free() {
                    (*main).set_key(key_value);
                    (*main).set_value(value);
                    (*Table::hash_header(table)).absent = 0;
                    return Ok(());
                }
            }
            Table::set_node_or_insert(table, heap, node, key_value, value)
        }
    }

    /// Stores a value at a short string key, if that takes no more than a free node in the key's main position and, while the
    /// collector is `marking`, overwrites no object and removes no key.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live short string, `value` a live value.
    #[inline(always)]
    pub(crate) unsafe fn put_short(table: *mut Table, key: *mut Str, value: Value, marking: bool) -> Put {
        // SAFETY: as the caller promises; a found node and a main position are nodes of the table's own part.
        unsafe {
            if Table::has_more(table) {
                return Put::Refused;
            }
            let node = Table::find_short(table, key);
            if node.is_null() {
                if value.is_nil() {
                    return Put::Nothing;
                }
                let index = Table::add_short(table, key, value);
                return if index == u32::MAX { Put::Refused } else { Put::At(index) };
            }
            if marking && ((*node).value().is_object() || value.is_nil()) {
                return Put::Refused;
            }
            // What was known to be absent may be there now.
            (*Table::hash_header(table)).absent = 0;
            (*node).set_value(value);
            Put::At(node.offset_from((*table).nodes) as u32)
        }
    }

    /// Adds an entry for a short string key, if the node in the key's main position is free, so that there is none yet; gives its index,
    /// or `u32::MAX` when nothing was done.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live short string, `value` a live value that is not nil.
    #[inline(always)]
    pub(crate) unsafe fn add_short(table: *mut Table, key: *mut Str, value: Value) -> u32 {
        // SAFETY: as the caller promises; a main position is a node of the table's own part.
        unsafe {
            let index = Str::short_hash(key) & (*table).mask;
            let node = (*table).nodes.add(index as usize);
            let header = Table::hash_header(table);
            // Where there is an array part, its size may change.
            let is_plain = (*header).flags & (SHARED | ELSEWHERE | BUCKETS) == 0 && (*table).array_len == 0;
            if !(*node).is_free() || !is_plain {
                return u32::MAX;
            }
            (*node).set_key(Value::from_string(key));
            (*node).set_value(value);
            // What was known to be absent is there now, perhaps.
            (*header).absent = 0;
            index
        }
    }

    /// Stores into the node that was found for a key, or into a new one if it is null.
    ///
    /// # Safety
    /// Callers give the node of `key` in `table`, or null if there is none.
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
    ///
    /// # Safety
    /// Callers give a live table that is its own contents and live values.
    #[inline(never)]
    unsafe fn insert(table: *mut Table, heap: &mut Heap, key: Value, value: Value) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents and live values. After a `rehash` there is room.
        unsafe {
            if key.tag > Tag::STRING {
                heap.id_of(key.pointer());
            }
            if Table::has_buckets(table) {
                return Table::insert_into_bucket(table, heap, key, value);
            }
            if !Table::would_rehash(table, key) {
                match Table::try_insert(table, heap, key, value) {
                    Insertion::Done(_) => return Ok(()),
                    Insertion::TooLong => {
                        // Without memory it stays as it is until next time.
                        let _ = Table::make_buckets(table, heap, 1);
                        return Ok(());
                    }
                    Insertion::Full => {}
                }
            }
            let slots = Table::rehash(table, heap, key)?;
            if Table::has_buckets(table) {
                return Table::insert_into_bucket(table, heap, key, value);
            }
            if Table::place(table, heap, key, value, slots) {
                let _ = Table::make_buckets(table, heap, 1);
            }
        }
        Ok(())
    }

    /// Whether the hash part would be full if it had grown by doubling from one node on, as that of the reference
    /// implementation does. Ours begins with more, which makes a difference only where the array part is concerned: its size
    /// is chosen anew whenever the hash part is full.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, without buckets.
    unsafe fn would_rehash(table: *mut Table, key: Value) -> bool {
        // SAFETY: callers give a live table that is its own contents, without buckets; indices stay within its part.
        unsafe {
            let concerns_array = key.tag == Tag::INT || Table::array_size(table) > 0;
            let nodes = Table::node_count(table);
            if nodes == 0 || !concerns_array || nodes > NODES_MIN || (*Table::hash_header(table)).inline {
                return nodes == 0;
            }
            let used = Table::count_nodes(table, |node| !node.is_free());
            (used == 0 || used.is_power_of_two()) && !Table::is_large(table)
        }
    }
}
