//! Length and traversal.

use std::fmt;

use super::layout::Table;
use super::read::normalise;
use crate::heap::Heap;
use crate::value::{Tag, Value};

/// The key given to [`Table::next`] is not in the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid key to 'next'")
    }
}

impl std::error::Error for InvalidKey {}

impl Table {
    /// A border: an `n` with a value at `n` (or `n` = 0) and none at `n + 1`.
    ///
    /// Constant time when the last array slot holds a value or the border is where it was; logarithmic otherwise.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline]
    pub unsafe fn len(table: *mut Table, heap: &mut Heap) -> i64 {
        // SAFETY: the caller gives a live table; slots below `array_len` hold values.
        unsafe {
            if Table::is_weak(table) {
                return Table::len_weak(table, heap);
            }
            let len = (*table).array_len;
            if len > 0 && Table::slot_is_nil(table, len - 1) {
                return i64::from(Table::border_in_array(table));
            }
            if !(*Table::hash_header(table)).has_int {
                return i64::from(len);
            }
            Table::border_in_hash(table, i64::from(len))
        }
    }

    #[inline(always)]
    unsafe fn slot_is_nil(table: *mut Table, index: u32) -> bool {
        // SAFETY: callers give an index below `array_len`.
        unsafe { Value::load((*table).array.add(index as usize)).is_nil() }
    }

    /// A border below the end of an array part whose last slot is nil.
    #[inline(never)]
    unsafe fn border_in_array(table: *mut Table) -> u32 {
        // SAFETY: callers give a live table with a non-empty array part; all indices stay below its length.
        unsafe {
            let len = (*table).array_len;
            let is_border = |border: u32| {
                (border == 0 || !Table::slot_is_nil(table, border - 1)) && Table::slot_is_nil(table, border)
            };
            if is_border(len - 1) {
                return len - 1;
            }
            let has_hint = !Table::array_is_inline(table);
            if has_hint {
                let hint = (*Table::array_header(table)).hint;
                for border in [hint, hint.saturating_sub(1), hint + 1] {
                    if border < len && is_border(border) {
                        (*Table::array_header(table)).hint = border;
                        return border;
                    }
                }
            }
            // There is a value at `low` (or it is 0), and none at `high`.
            let (mut low, mut high) = (0, len);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if Table::slot_is_nil(table, middle - 1) { high = middle } else { low = middle }
            }
            if has_hint {
                (*Table::array_header(table)).hint = low;
            }
            low
        }
    }

    /// A border at or above `low`, where there is a value or 0, among the integer keys of the hash part.
    unsafe fn border_in_hash(table: *mut Table, low: i64) -> i64 {
        // SAFETY: callers give a live table.
        unsafe {
            let has = |key: i64| {
                let node = Table::find_int(table, key);
                !node.is_null() && !(*node).is_empty()
            };
            let (mut low, mut high) = (low, low + 1);
            while has(high) {
                low = high;
                if high > i64::MAX / 2 {
                    // Somebody put entries at powers of two all the way up: search one by one instead.
                    return (1..i64::MAX).find(|&key| !has(key + 1)).unwrap_or(i64::MAX);
                }
                high *= 2;
            }
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if has(middle) { low = middle } else { high = middle }
            }
            low
        }
    }

    /// The length of a weak table, whose dead entries do not count.
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
    pub unsafe fn next(table: *mut Table, heap: &mut Heap, key: Value) -> Result<TableScan, InvalidKey> {
        // SAFETY: as the caller promises.
        unsafe {
            let position = Table::position_after(table, key)?;
            Ok(Table::scan(table, heap, position, NEXT_SLOTS_MAX + 1))
        }
    }

    /// Where in the order of traversal to look for the entry after `key` (nil: 0).
    ///
    /// # Errors
    /// [`InvalidKey`] when the table never had such an entry.
    ///
    /// # Safety
    /// `table` is a live table, `key` a live value.
    #[inline]
    pub unsafe fn position_after(table: *mut Table, key: Value) -> Result<u64, InvalidKey> {
        if key.is_nil() {
            return Ok(0);
        }
        // SAFETY: as the caller promises; a found node lies in the part that begins at `nodes`.
        unsafe {
            let table = Table::contents(table);
            let key = normalise(key);
            let len = u64::from((*table).array_len);
            if key.tag == Tag::INT && key.payload.wrapping_sub(1) < len {
                return Ok(key.payload);
            }
            let node = Table::find_with_dead(table, key);
            if node.is_null() {
                return Err(InvalidKey);
            }
            Ok(len + node.offset_from((*table).nodes) as u64 + 1)
        }
    }

    /// The first entry at or after a position, among so many slots.
    ///
    /// Positions stay valid while no entry is added.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    #[inline]
    pub unsafe fn scan(table: *mut Table, heap: &mut Heap, position: u64, slots: u64) -> TableScan {
        // SAFETY: as the caller promises; indices are checked against the parts.
        unsafe {
            if Table::is_weak(table) {
                return Table::scan_weak(table, heap, position, slots);
            }
            let len = u64::from((*table).array_len);
            let size = len + u64::from((*table).mask) + 1;
            let end = position.saturating_add(slots);
            let mut position = position;
            while position < len.min(end) {
                let value = Value::load((*table).array.add(position as usize));
                position += 1;
                if !value.is_nil() {
                    return TableScan::Found { position, key: Value::int(position as i64), value };
                }
            }
            if position >= len {
                while position < size.min(end) {
                    let node = (*table).nodes.add((position - len) as usize);
                    position += 1;
                    if !(*node).is_empty() {
                        return TableScan::Found { position, key: (*node).key(), value: (*node).value() };
                    }
                }
            }
            if position < size { TableScan::More { position } } else { TableScan::End { position } }
        }
    }

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
                        position = next;
                    }
                    other => return other,
                }
            }
        }
    }
}

/// Slots without an entry that a traversal passes over at once, see [`Table::next`].
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
