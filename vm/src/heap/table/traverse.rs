//! Length and traversal.

use std::fmt;

use super::directory::{Directory, List};
use super::growth::SLOTS_AT_ONCE;
use super::layout::{BUCKETS, ELSEWHERE, HAS_INT, MOVING, Table};
use super::part::Part;
use super::read::normalise;
use crate::heap::Heap;
use crate::value::{Tag, Value};

/// Positions in a table with buckets are the number of the bucket in its list, and below that the number of the node.
const BUCKET_SHIFT: u32 = 20;

/// The key after which the next entry was asked for is not in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid key to 'next'")
    }
}

impl std::error::Error for InvalidKey {}

impl Table {
    /// A border: an `n` with a value at `n` (or `n` = 0) and none at `n + 1`. Where there are several it is the one that the
    /// reference implementation of Lua finds, which looks first where a border was found or something was stored last; but not
    /// in large tables.
    ///
    /// Constant time when values fill the array part, or the border is where it was or where something was stored last;
    /// logarithmic otherwise.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline]
    pub(crate) unsafe fn len(table: *mut Table, heap: &mut Heap) -> i64 {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values.
        unsafe {
            let len = (*table).array_len;
            let flags = Table::flags(table);
            let is_plain = flags & (ELSEWHERE | MOVING | HAS_INT) == 0;
            if is_plain && Table::border_hint(table) == len && (len == 0 || !Table::is_nil_at(table, len)) {
                return i64::from(len);
            }
            Table::len_apart(table, heap)
        }
    }

    /// As [`len`](Self::len), for tables of which nothing is known.
    ///
    /// # Safety
    /// The table is live.
    #[inline(never)]
    unsafe fn len_apart(table: *mut Table, heap: &mut Heap) -> i64 {
        // SAFETY: `len` passes on its live table.
        unsafe {
            if Table::flags(table) & (ELSEWHERE | MOVING) != 0 {
                return Table::len_elsewhere(table, heap);
            }
            // What ended with a value before, and was made one shorter.
            let limit = Table::border_hint(table);
            if limit > 1 && Table::is_nil_at(table, limit) && !Table::is_nil_at(table, limit - 1) {
                Table::keep_border(table, limit - 1);
                return i64::from(limit - 1);
            }
            Table::border(table)
        }
    }

    /// The length of a table that is weak or whose array part moves.
    ///
    /// # Safety
    /// The table is live.
    #[inline(never)]
    unsafe fn len_elsewhere(table: *mut Table, heap: &mut Heap) -> i64 {
        // SAFETY: `len` passes on its live table.
        unsafe {
            if Table::is_weak(table) {
                return Table::len_weak(table, heap);
            }
            let is_nil = |index: u32| Value::load(Table::slot(table, index)).is_nil();
            let len = Table::slots_len(table);
            if is_nil(len - 1) {
                // There is a value at `low` (or it is 0), and none at `high`.
                let (mut low, mut high) = (0, len);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if is_nil(middle - 1) { high = middle } else { low = middle }
                }
                return i64::from(low);
            }
            if Table::flags(table) & HAS_INT == 0 {
                i64::from(len)
            } else {
                Table::border_in_hash(table, i64::from(len))
            }
        }
    }

    /// Whether there is no value at a key from 1 to the size of the array part, which does not move.
    ///
    /// # Safety
    /// Callers give a live table.
    #[inline(always)]
    pub(super) unsafe fn is_nil_at(table: *mut Table, key: u32) -> bool {
        // SAFETY: callers give a live table; slots below `array_len` hold values.
        unsafe { key > (*table).array_len || Value::load((*table).array.add(key as usize - 1)).is_nil() }
    }

    /// Remembers where a border is, if that is worth it: while the border is in the upper half of a part that has grown.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    unsafe fn keep_border(table: *mut Table, border: u32) {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            let size = Table::array_size(table);
            if size.is_power_of_two() && border > size / 2 || size > SLOTS_AT_ONCE {
                Table::set_border_hint(table, border);
            }
        }
    }

    /// A border between a key with a value (or 0) and one without.
    ///
    /// # Safety
    /// Callers give a live table and keys within the size of its array part.
    unsafe fn border_between(table: *mut Table, mut low: u32, mut high: u32) -> u32 {
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            // SAFETY: callers give a live table and keys within the size of its array part.
            if unsafe { Table::is_nil_at(table, middle) } { high = middle } else { low = middle }
        }
        low
    }

    /// As [`len`](Self::len), for a table that is its own contents and whose array part does not move, and which has no border
    /// right below where one is looked for first.
    ///
    /// # Safety
    /// The table is live and its own contents, and its array part does not move.
    unsafe fn border(table: *mut Table) -> i64 {
        // SAFETY: callers give such a table; all keys stay within the size of its array part.
        unsafe {
            let size = Table::array_size(table);
            let len = (*table).array_len;
            if Table::is_large(table) && (len == 0 || !Table::is_nil_at(table, len)) {
                // Behind the last slot, integers may go on in the hash part.
                let border = Table::border_in_hash(table, i64::from(len));
                if border == i64::from(len) && !Table::array_is_inline(table) {
                    Table::keep_border(table, len);
                }
                return border;
            }
            let limit = Table::border_hint(table);
            if limit > 0 && Table::is_nil_at(table, limit) {
                let border = Table::border_between(table, 0, limit);
                Table::keep_border(table, border);
                return i64::from(border);
            }
            if limit < size {
                let border = if Table::is_nil_at(table, limit + 1) {
                    limit
                } else if Table::is_nil_at(table, size) {
                    Table::border_between(table, limit, size)
                } else {
                    size
                };
                if border < size {
                    Table::keep_border(table, border);
                    return i64::from(border);
                }
            }
            Table::border_in_hash(table, i64::from(size))
        }
    }

    /// A border at or above `low`, where there is a value or 0, among the integer keys of the hash part.
    ///
    /// # Safety
    /// Callers give a live table.
    unsafe fn border_in_hash(table: *mut Table, low: i64) -> i64 {
        // SAFETY: callers give a live table.
        unsafe {
            let has = |key: i64| {
                let node = Table::find_int(table, key);
                !node.is_null() && !(*node).is_empty()
            };
            if Table::flags(table) & HAS_INT == 0 || !has(low + 1) {
                return low;
            }
            let mut low = low;
            let mut high = low.max(1);
            loop {
                low = high;
                if high <= i64::MAX / 2 {
                    high *= 2;
                } else if has(i64::MAX) {
                    return i64::MAX;
                } else {
                    high = i64::MAX;
                    break;
                }
                if !has(high) {
                    break;
                }
            }
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if has(middle) { low = middle } else { high = middle }
            }
            low
        }
    }

    /// The length of a weak table, whose dead entries do not count.
    ///
    /// # Safety
    /// The caller gives a live table.
    #[inline(never)]
    unsafe fn len_weak(table: *mut Table, heap: &mut Heap) -> i64 {
        // SAFETY: the caller gives a live table.
        unsafe {
            let contents = Table::contents(table);
            let mut border = Table::len(contents, heap);
            while border > 0 && Table::get_int(table, heap, border).is_nil() {
                border -= 1;
            }
            border
        }
    }

    /// The entry after `key` in the order of traversal (nil: the first), or that there is none.
    ///
    /// The order is array slots, then nodes; it depends on the operations that made the table and nothing else. Entries
    /// may be assigned to and removed during a traversal, but not added. So that it does not take long, it passes over no more
    /// than [`NEXT_SLOTS_MAX`] slots without an entry.
    ///
    /// # Errors
    /// [`InvalidKey`] when the table never had such an entry.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, `key` a live value.
    #[inline]
    pub(crate) unsafe fn next(table: *mut Table, heap: &mut Heap, key: Value) -> Result<TableScan, InvalidKey> {
        // SAFETY: as the caller promises.
        unsafe {
            let position = Table::position_after(table, key)?;
            Ok(Table::scan(table, heap, position, NEXT_SLOTS_MAX + 1))
        }
    }

    /// The entries of the hash part that have a string as key, in the order of traversal; none if the table is weak or large.
    ///
    /// # Safety
    /// `table` is a live table.
    pub(crate) unsafe fn named_entries(table: *mut Table) -> Vec<(Value, Value)> {
        let mut found = Vec::new();
        // SAFETY: the caller gives a live table; where nothing is elsewhere, its own nodes are all there is.
        unsafe {
            if !Table::has_more(table) {
                Part::of(table).for_each(|node| {
                    if !(*node).is_empty() && u32::from((*node).key_tag) == Tag::STRING.0 {
                        found.push(((*node).key(), (*node).value()));
                    }
                });
            }
        }
        found
    }

    /// Where in the order of traversal to look for the entry after `key` (nil: 0).
    ///
    /// # Errors
    /// [`InvalidKey`] when the table never had such an entry.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live value.
    #[inline]
    pub(crate) unsafe fn position_after(table: *mut Table, key: Value) -> Result<u64, InvalidKey> {
        if key.is_nil() {
            return Ok(0);
        }
        // SAFETY: as the caller promises; a found node lies in the part that begins at `nodes`.
        unsafe {
            let table = Table::contents(table);
            if key.tag == Tag::FLOAT && normalise(key).tag == Tag::INT {
                // No key is such a float, though it finds the integer's entry.
                return Err(InvalidKey);
            }
            let len = u64::from(Table::slots_len(table));
            if key.tag == Tag::INT && key.payload.wrapping_sub(1) < len {
                return Ok(key.payload);
            }
            let Some((node, part, number)) = Table::find_with_dead(table, key) else {
                return Err(InvalidKey);
            };
            Ok(len + (u64::from(number) << BUCKET_SHIFT) + node.offset_from(part.nodes) as u64 + 1)
        }
    }

    /// The first entry at or after a position, among so many slots.
    ///
    /// Positions stay valid while no entry is added.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline]
    pub(crate) unsafe fn scan(table: *mut Table, heap: &mut Heap, position: u64, slots: u64) -> TableScan {
        // SAFETY: as the caller promises; indices are checked against the parts.
        unsafe {
            if Table::flags(table) & (ELSEWHERE | BUCKETS | MOVING) != 0 {
                return Table::scan_elsewhere(table, heap, position, slots);
            }
            let len = u64::from((*table).array_len);
            let end = position.saturating_add(slots);
            let mut position = position;
            while position < len.min(end) {
                let value = Value::load((*table).array.add(position as usize));
                position += 1;
                if !value.is_nil() {
                    return TableScan::Found { position, key: Value::int(position as i64), value };
                }
            }
            if position < len { TableScan::More { position } } else { Table::scan_nodes(table, position, len, end) }
        }
    }

    /// The part of `scan` that looks at the table's own nodes, which come after `len` slots.
    ///
    /// # Safety
    /// Callers give a live table without buckets.
    #[inline(always)]
    unsafe fn scan_nodes(table: *mut Table, mut position: u64, len: u64, end: u64) -> TableScan {
        // SAFETY: callers give a live table without buckets; indices are checked against its part.
        unsafe {
            let size = len + u64::from((*table).mask) + 1;
            while position < size.min(end) {
                let node = (*table).nodes.add((position - len) as usize);
                position += 1;
                if !(*node).is_empty() {
                    return TableScan::Found { position, key: (*node).key(), value: (*node).value() };
                }
            }
            if position < size { TableScan::More { position } } else { TableScan::End { position } }
        }
    }

    /// What `scan` does for tables that have entries in other places than usual.
    ///
    /// # Safety
    /// The table is live.
    #[inline(never)]
    unsafe fn scan_elsewhere(table: *mut Table, heap: &mut Heap, position: u64, slots: u64) -> TableScan {
        // SAFETY: `scan` passes on its live table; indices are checked against the parts.
        unsafe {
            if Table::is_weak(table) {
                return Table::scan_weak(table, heap, position, slots);
            }
            let len = u64::from(Table::slots_len(table));
            let end = position.saturating_add(slots);
            let mut position = position;
            while position < len.min(end) {
                let value = Value::load(Table::slot(table, position as u32));
                position += 1;
                if !value.is_nil() {
                    return TableScan::Found { position, key: Value::int(position as i64), value };
                }
            }
            if position < len {
                TableScan::More { position }
            } else if Table::has_buckets(table) {
                Table::scan_buckets(table, position, len, end - position)
            } else {
                Table::scan_nodes(table, position, len, end)
            }
        }
    }

    /// The part of `scan` that looks at no more than so many nodes in buckets, which come after `len` slots.
    ///
    /// # Safety
    /// Callers give a live table with buckets.
    unsafe fn scan_buckets(table: *mut Table, position: u64, len: u64, mut most: u64) -> TableScan {
        // SAFETY: callers give a live table with buckets; the number is checked against the list.
        unsafe {
            let list = (*Directory::of(table)).list;
            let (mut number, mut index) =
                ((position - len) >> BUCKET_SHIFT, (position - len) & ((1 << BUCKET_SHIFT) - 1));
            let position_of = |number: u64, index: u64| len + (number << BUCKET_SHIFT) + index;
            while number < u64::from((*list).len) {
                let part = (*List::at(list, number as u32)).as_bucket().map(|bucket| bucket.part());
                while let Some(part) = part.filter(|part| index <= u64::from(part.mask)) {
                    if most == 0 {
                        return TableScan::More { position: position_of(number, index) };
                    }
                    let node = part.nodes.add(index as usize);
                    (index, most) = (index + 1, most - 1);
                    if !(*node).is_empty() {
                        let (key, value) = ((*node).key(), (*node).value());
                        return TableScan::Found { position: position_of(number, index), key, value };
                    }
                }
                (number, index) = (number + 1, 0);
            }
            TableScan::End { position: position_of(number, 0) }
        }
    }

    /// # Safety
    /// The table is live.
    #[inline(never)]
    unsafe fn scan_weak(table: *mut Table, heap: &mut Heap, position: u64, slots: u64) -> TableScan {
        // SAFETY: as the caller of `scan` promises.
        unsafe {
            let contents = Table::contents(table);
            let end = position.saturating_add(slots);
            let mut position = position;
            loop {
                match Table::scan(contents, heap, position, end - position) {
                    TableScan::Found { position: next, key, value } => {
                        let (key, value) = (heap.read_weak(key), heap.read_weak(value));
                        if !key.is_nil() && !value.is_nil() {
                            return TableScan::Found { position: next, key, value };
                        }
                        position = next.min(end);
                    }
                    other => return other,
                }
            }
        }
    }
}

/// Slots without an entry that a traversal passes over at once.
pub const NEXT_SLOTS_MAX: u64 = 64;

/// What there is at or after a position of a table. Positions count slots.
#[derive(Clone, Copy, Debug)]
pub enum TableScan {
    /// An entry.
    Found {
        /// The position behind it.
        position: u64,
        /// Its key.
        key: Value,
        /// Its value.
        value: Value,
    },
    /// Nothing more.
    End {
        /// The end.
        position: u64,
    },
    /// Nothing among the slots that were looked at.
    More {
        /// Where to go on.
        position: u64,
    },
}
