//! Looking up keys.

use super::directory::Directory;
use super::layout::{BUCKETS, MOVING, Node, Table};
use super::part::Part;
use crate::heap::string::{Str, mix};
use crate::heap::{Header, Heap};
use crate::value::{Tag, Value, float_to_int};

/// The hash of an integer key, and of other 64-bit facts.
#[inline(always)]
pub(crate) fn hash_word(word: u64) -> u32 {
    mix(0x9e37_79b9_7f4a_7c15, word ^ (word >> 32)) as u32
}

/// A key as it is stored: floats with an integer value are integers.
#[inline(always)]
pub(crate) fn normalise(key: Value) -> Value {
    match key.as_float().and_then(float_to_int) {
        Some(int) => Value::int(int),
        None => key,
    }
}

impl Table {
    /// The hash of a word, for tests that make words collide.
    #[cfg(test)]
    pub(in crate::heap) fn hash_of_word(word: u64) -> u32 {
        hash_word(word)
    }

    /// The hash of a normalised key, if it has one: cells that were never a key have no sequence number, and are in no
    /// table.
    ///
    /// # Safety
    /// `key` is a live value.
    #[inline]
    pub(crate) unsafe fn hash_of(key: Value) -> Option<u32> {
        match key.tag {
            // SAFETY: the caller gives a live value.
            Tag::STRING => Some(unsafe { Str::hash(key.pointer().cast()) }),
            Tag::INT | Tag::FLOAT => Some(hash_word(key.payload)),
            Tag::NIL | Tag::FALSE | Tag::TRUE => Some(key.tag.0),
            _ => {
                // SAFETY: the caller gives a live value, and cells begin with a header.
                let id = unsafe { (*key.pointer()).id() };
                if id == 0 { None } else { Some(hash_word(id)) }
            }
        }
    }

    /// The node with an integer key, or null.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(crate) unsafe fn find_int(table: *mut Table, key: i64) -> *mut Node {
        // SAFETY: the caller gives a live table.
        unsafe {
            let node = Part::of(table).find_word(key as u64, Tag::INT, hash_word(key as u64));
            if node.is_null() { Table::find_in_bucket(table, Value::int(key)) } else { node }
        }
    }

    /// The node in the table's own hash part with a short string as its key, or null. It finds nothing in a weak table or one
    /// with buckets, see [`has_more`](Self::has_more).
    ///
    /// # Safety
    /// `table` is a live table, `key` a live short string.
    #[inline]
    pub(crate) unsafe fn find_short(table: *mut Table, key: *mut Str) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe { Part::of(table).find_word(key.addr() as u64, Tag::STRING, Str::short_hash(key)) }
    }

    /// The node with a normalised key, or null. The entry may be a removed one.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents, `key` a live value.
    pub(crate) unsafe fn find(table: *mut Table, key: Value) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe {
            if Table::has_buckets(table) {
                return Directory::find(Directory::of(table), key);
            }
            match Table::hash_of(key) {
                Some(hash) => Part::of(table).find(key, hash),
                None => std::ptr::null_mut(),
            }
        }
    }

    /// The node of an entry that may have been removed, its key even collected, since it was seen, and the hash part that it is
    /// in, with the number of its bucket, 0 for none.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents, `key` a live value.
    pub(super) unsafe fn find_with_dead(table: *mut Table, key: Value) -> Option<(*mut Node, Part, u32)> {
        // SAFETY: as the caller promises.
        unsafe {
            let (part, hash, number) = if Table::has_buckets(table) {
                let at = Directory::locate(Directory::of(table), key)?;
                (at.bucket.part(), at.hash, (*at.bucket.header()).number)
            } else {
                (Part::of(table), Table::hash_of(key)?, 0)
            };
            let mut node = part.find(key, hash);
            if node.is_null() && key.is_object() {
                node = part.find_dead(key, hash);
            }
            if node.is_null() { None } else { Some((node, part, number)) }
        }
    }

    /// The node in a bucket with a normalised key; null if there is none, or no bucket.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, and a live key.
    #[inline]
    unsafe fn find_in_bucket(table: *mut Table, key: Value) -> *mut Node {
        // SAFETY: callers give a live table that is its own contents, and a live key.
        unsafe {
            if Table::has_buckets(table) { Directory::find(Directory::of(table), key) } else { std::ptr::null_mut() }
        }
    }

    /// The node in the table's own hash part with a short string or an integer as its key and a value, or null. As `find_short`,
    /// it does not see everything.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live value.
    #[inline(always)]
    pub(crate) unsafe fn peek(table: *mut Table, key: Value) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe {
            let hash = match key.tag {
                Tag::STRING if Str::is_short(key.pointer().cast()) => Str::short_hash(key.pointer().cast()),
                Tag::INT => hash_word(key.payload),
                _ => return std::ptr::null_mut(),
            };
            let node = Part::of(table).find_word(key.payload, key.tag, hash);
            if !node.is_null() && (*node).is_empty() { std::ptr::null_mut() } else { node }
        }
    }

    /// The index of the node with a string key in the table's own hash part, for a cache. The entry may be a removed one, whose
    /// value is nil.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live string.
    #[inline]
    pub(crate) unsafe fn find_str_index(table: *mut Table, key: *mut Str) -> Option<u32> {
        // SAFETY: as the caller promises. A found node lies in the part that begins at `nodes`.
        unsafe {
            let node = if Str::is_short(key) {
                Table::find_short(table, key)
            } else {
                Part::of(table).find(Value::from_string(key), Str::hash(key))
            };
            if node.is_null() { None } else { Some(node.offset_from((*table).nodes) as u32) }
        }
    }

    /// The value at a key, nil if there is none. Asks no metatable.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `key` a live value.
    #[inline]
    pub(crate) unsafe fn get(table: *mut Table, heap: &mut Heap, key: Value) -> Value {
        // SAFETY: as the caller promises.
        unsafe {
            match key.tag {
                Tag::INT => Table::get_int(table, heap, key.payload as i64),
                Tag::STRING => Table::get_str(table, heap, key.pointer().cast()),
                Tag::FLOAT => match float_to_int(f64::from_bits(key.payload)) {
                    Some(int) => Table::get_int(table, heap, int),
                    None => Table::get_other(table, heap, key),
                },
                _ => Table::get_other(table, heap, key),
            }
        }
    }

    /// The value at an integer key.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline]
    pub(crate) unsafe fn get_int(table: *mut Table, heap: &mut Heap, key: i64) -> Value {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values.
        unsafe {
            let index = (key as u64).wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                return Value::load((*table).array.add(index as usize));
            }
            if Table::is_weak(table) {
                let value = Table::get_int(Table::contents(table), heap, key);
                return heap.read_weak(value);
            }
            let node = Part::of(table).find_word(key as u64, Tag::INT, hash_word(key as u64));
            if node.is_null() && Table::flags(table) & (BUCKETS | MOVING) != 0 {
                return Table::get_int_elsewhere(table, heap, key);
            }
            Table::value_of(node)
        }
    }

    /// The value at an integer key that is neither in the part of the array part which has moved nor in the own hash part.
    ///
    /// # Safety
    /// The table is live and its own contents.
    #[inline(never)]
    unsafe fn get_int_elsewhere(table: *mut Table, heap: &mut Heap, key: i64) -> Value {
        // SAFETY: `get_int` passes on its live table, which is its own contents.
        unsafe {
            if Table::flags(table) & MOVING != 0 {
                Table::move_some(table, heap);
                let index = (key as u64).wrapping_sub(1);
                if index < u64::from(Table::slots_len(table)) {
                    return Value::load(Table::slot(table, index as u32));
                }
            }
            Table::value_of(Table::find_in_bucket(table, Value::int(key)))
        }
    }

    /// The value at a string key.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `key` a live string.
    #[inline]
    pub(crate) unsafe fn get_str(table: *mut Table, heap: &mut Heap, key: *mut Str) -> Value {
        // SAFETY: as the caller promises.
        unsafe {
            if !Str::is_short(key) {
                return Table::get_other(table, heap, Value::from_string(key));
            }
            let node = Table::find_short(table, key);
            if node.is_null() && Table::has_more(table) {
                return Table::get_other(table, heap, Value::from_string(key));
            }
            Table::value_of(node)
        }
    }

    /// # Safety
    /// The table and the key are live.
    #[inline(never)]
    unsafe fn get_other(table: *mut Table, heap: &mut Heap, key: Value) -> Value {
        // SAFETY: callers pass on their live table and key. A NaN matches no key, because none is stored.
        unsafe {
            let value = Table::value_of(Table::find(Table::contents(table), key));
            if Table::is_weak(table) { heap.read_weak(value) } else { value }
        }
    }

    /// The value in a node that may be null.
    ///
    /// # Safety
    /// Callers give null or a node they just found.
    #[inline(always)]
    unsafe fn value_of(node: *mut Node) -> Value {
        // SAFETY: callers give null or a node they just found.
        unsafe { if node.is_null() { Value::NIL } else { (*node).value() } }
    }

    /// Whether this table, used as a metatable, is known to have no entry for an event (below 16).
    ///
    /// # Safety
    /// `metatable` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn lacks(metatable: *mut Table, event: u32) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { (*Table::hash_header(metatable)).absent >> event & 1 != 0 }
    }

    /// The entry of a metatable for an event (below 16), whose key is the short string `name`. Remembers its absence.
    ///
    /// # Safety
    /// `metatable` is a live table of `heap`, `name` a live short string, always the same one for an event.
    #[inline]
    pub(crate) unsafe fn get_event(metatable: *mut Table, heap: &mut Heap, event: u32, name: *mut Str) -> Value {
        // SAFETY: as the caller promises. Where the bit is clear the hash part is the table's own and may be written.
        unsafe {
            if Table::lacks(metatable, event) {
                return Value::NIL;
            }
            let value = Table::get_str(metatable, heap, name);
            if value.is_nil() && !Table::is_weak(metatable) {
                (*Table::hash_header(metatable)).absent |= 1 << event;
            }
            value
        }
    }
}

impl Heap {
    /// The sequence number of a cell, given now if it has none. This, never the address, orders and names cells.
    ///
    /// # Safety
    /// `cell` is a live cell of this heap.
    #[inline]
    pub(crate) unsafe fn id_of(&mut self, cell: *mut Header) -> u64 {
        // SAFETY: the caller gives a live cell.
        unsafe {
            let id = (*cell).id();
            if id != 0 {
                return id;
            }
            self.last_id += 1;
            (*cell).set_id(self.last_id);
            self.last_id
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::hash_bytes;

    /// Puts hashes into 4096 buckets and returns how many of them are taken.
    fn buckets_taken(hashes: impl Iterator<Item = u32>) -> usize {
        hashes.map(|hash| hash & 0xfff).collect::<std::collections::HashSet<_>>().len()
    }

    #[test]
    #[cfg_attr(miri, ignore = "nothing but arithmetic")]
    fn regular_keys_are_spread() {
        // 4096 random hashes would take 2589 of the buckets.
        for shift in [0, 3, 10, 20, 30, 40, 50] {
            let taken = buckets_taken((0..4096u64).map(|key| hash_word(key << shift)));
            assert!(taken > 2300, "integers << {shift}: {taken}");
        }
        for step in [0.5, 0.1, 1024.25] {
            let taken = buckets_taken((0..4096).map(|key| hash_word((f64::from(key) * step).to_bits())));
            assert!(taken > 2400, "multiples of {step}: {taken}");
        }
        for (before, after) in [("", ""), ("key ", ""), ("", " of many"), ("a long prefix of a key ", " x")] {
            let taken = buckets_taken((0..4096).map(|key| hash_bytes(format!("{before}{key:06}{after}").as_bytes())));
            assert!(taken > 2400, "{before}{after}: {taken}");
        }
    }
}
