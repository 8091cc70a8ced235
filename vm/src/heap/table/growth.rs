//! Array parts that grow: at once while they are small, else step by step.
//!
//! A large array part does not move to its new cell at once. The table refers to the new part from the beginning, with an
//! `array_len` of 0: what has moved is found as ever, and what has not is found by the functions here, each of which moves some
//! more. Slots are in the old part from `array_len` up to where that ends, all others in the new one.
//!
//! The old part is only read once values move out of it, so the collector may still be scanning it.

use super::layout::{ArrayHeader, MOVING, PART_HEADER_BYTES, PART_LEN_MAX, Table};
use super::resize::IntKeys;
use crate::heap::size_class::cell_bytes_for;
use crate::heap::{Heap, OutOfMemory};
use crate::value::Value;

/// Slots that move at once when an array part grows.
pub(crate) const SLOTS_AT_ONCE: u32 = if cfg!(test) { 64 } else { 1 << 14 };
/// Slots that move with each access to one that has not.
const STEP: u32 = if cfg!(test) { 4 } else { 256 };
/// Fewest slots when an array part grows because of an append.
const SLOTS_MIN: u64 = 4;
/// Array parts shorter than this grow without being looked at.
const COUNT_MIN: u64 = 32;
/// Slots of a long stretch that are looked at to tell how many hold a value.
const SAMPLES: u32 = if cfg!(test) { 16 } else { 1024 };

/// The slots that fit the cell an array part of this many would get.
fn slots_that_fit(slots: u64) -> u64 {
    let bytes = cell_bytes_for(PART_HEADER_BYTES + slots as usize * size_of::<Value>());
    ((bytes - PART_HEADER_BYTES) / size_of::<Value>()) as u64
}

/// The cell of an array part with these slots.
#[inline(always)]
pub(crate) fn part_of_slots(slots: *mut Value) -> *mut u8 {
    slots.cast::<u8>().wrapping_sub(PART_HEADER_BYTES)
}

impl Table {
    /// Where an array part with a cell of its own moves from; null when it does not move.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(crate) unsafe fn old_slots(table: *mut Table) -> *mut Value {
        // SAFETY: the caller gives a live table; an array part that moves is not inline.
        unsafe {
            if Table::flags(table) & MOVING == 0 { std::ptr::null_mut() } else { (*Table::array_header(table)).old }
        }
    }

    /// How many slots were in the part that an array part moves from.
    ///
    /// # Safety
    /// `old` came from [`old_slots`](Self::old_slots) and is not null.
    #[inline]
    pub(crate) unsafe fn old_len(old: *mut Value) -> u32 {
        // SAFETY: a part with its own cell has a header in front of the slots.
        unsafe { (*old.cast::<ArrayHeader>().sub(1)).hint }
    }

    /// Sets how many slots were in the part that an array part moves from.
    ///
    /// # Safety
    /// As for [`old_len`](Self::old_len).
    pub(crate) unsafe fn set_old_len(old: *mut Value, len: u32) {
        // SAFETY: as there.
        unsafe { (*old.cast::<ArrayHeader>().sub(1)).hint = len };
    }

    /// For how many slots an array part has room that has a cell of its own.
    ///
    /// # Safety
    /// `slots` are those of such a part.
    pub(crate) unsafe fn capacity_of(slots: *mut Value) -> u32 {
        // SAFETY: as there.
        unsafe { (*slots.cast::<ArrayHeader>().sub(1)).capacity }
    }

    /// Number of slots of the array part, also of those that have not moved yet.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(crate) unsafe fn slots_len(table: *mut Table) -> u32 {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::flags(table) & MOVING == 0 { (*table).array_len } else { (*Table::array_header(table)).hint }
        }
    }

    /// The slot of an index below [`slots_len`](Self::slots_len).
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(crate) unsafe fn slot(table: *mut Table, index: u32) -> *mut Value {
        // SAFETY: the caller gives a live table and an index of a slot.
        unsafe {
            if index >= (*table).array_len {
                let old = Table::old_slots(table);
                if !old.is_null() && index < Table::old_len(old) {
                    return old.add(index as usize);
                }
            }
            (*table).array.add(index as usize)
        }
    }

    /// Writes the slot after the last one, for which there is room.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents, `value` a live value.
    #[inline]
    pub(super) unsafe fn push_slot(table: *mut Table, value: Value) {
        // SAFETY: as the caller promises. Behind the old part slots are in the new one.
        unsafe {
            let len = Table::slots_len(table);
            value.store((*table).array.add(len as usize));
            if Table::flags(table) & MOVING == 0 {
                (*table).array_len = len + 1;
            } else {
                (*Table::array_header(table)).hint = len + 1;
            }
        }
    }

    /// Moves some more slots of an array part that moves.
    ///
    /// # Safety
    /// `table` is a live table of `heap` whose array part moves.
    pub(super) unsafe fn move_some(table: *mut Table, heap: &mut Heap) {
        // SAFETY: the caller gives such a table.
        unsafe { Table::move_up_to(table, heap, STEP) }
    }

    /// Moves the rest of an array part that moves.
    ///
    /// # Safety
    /// `table` is a live table of `heap`.
    pub(in crate::heap) unsafe fn finish_moving(table: *mut Table, heap: &mut Heap) {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::flags(table) & MOVING != 0 {
                Table::move_up_to(table, heap, u32::MAX);
            }
        }
    }

    unsafe fn move_up_to(table: *mut Table, heap: &mut Heap, count: u32) {
        // SAFETY: callers give a live table whose array part moves. The new part has room for all the old one has, and the
        // collector scans the old one as it is, or both.
        unsafe {
            let header = Table::array_header(table);
            let old = (*header).old;
            let old_len = Table::old_len(old);
            let from = (*table).array_len;
            let end = from.saturating_add(count).min(old_len);
            let place = from as usize;
            (*table).array.add(place).copy_from_nonoverlapping(old.add(place), (end - from) as usize);
            (*table).array_len = end;
            if end == old_len {
                (*table).array_len = (*header).hint;
                ((*header).hint, (*header).old) = (0, std::ptr::null_mut());
                (*Table::hash_header(table)).flags &= !MOVING;
                heap.release(part_of_slots(old));
            }
        }
    }

    /// Makes the array part larger if it is full of values, for most of it; false if it is not worth it.
    pub(super) unsafe fn grow_full_array(table: *mut Table, heap: &mut Heap) -> Result<bool, OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            Table::finish_moving(table, heap);
            let len = u64::from((*table).array_len);
            if len >= PART_LEN_MAX {
                return Ok(false);
            }
            if len >= COUNT_MIN && Table::values_in(table, 0, len as u32) * 2 < len {
                return Ok(false);
            }
            Table::set_array_capacity(table, heap, (len * 2).max(SLOTS_MIN))?;
        }
        Ok(true)
    }

    /// About how many slots of a stretch hold a value; exactly unless it is too long to move at once.
    unsafe fn values_in(table: *mut Table, from: u32, end: u32) -> u64 {
        // SAFETY: callers give a live table that is its own contents, and indices of its slots.
        unsafe {
            let count = end - from;
            let step = if count <= SLOTS_AT_ONCE { 1 } else { count / SAMPLES };
            let values = (from..end).step_by(step as usize).filter(|&index| {
                let slot = Table::slot(table, index);
                !Value::load(slot).is_nil()
            });
            values.count() as u64 * u64::from(step)
        }
    }

    /// Counts the slots of the array part that hold a value, exactly unless it is too long to move at once.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    pub(super) unsafe fn count_slots(table: *mut Table, ints: &mut IntKeys) {
        // SAFETY: as the caller promises.
        unsafe {
            let len = Table::slots_len(table);
            let (mut from, mut slice) = (0, 0);
            while from < len {
                let end = (1 << slice).min(len);
                let values = Table::values_in(table, from, end);
                if values > 0 {
                    ints.add_many(slice as usize, values, u64::from(end));
                }
                (from, slice) = (end, slice + 1);
            }
        }
    }

    /// Gives the array part a cell of its own with room for at least `slots`; what fits moves into it, if it is much, bit by bit.
    ///
    /// # Errors
    /// No memory; the table is as it was then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, its own contents, whose array part does not move.
    pub(super) unsafe fn set_array_capacity(table: *mut Table, heap: &mut Heap, slots: u64) -> Result<(), OutOfMemory> {
        let slots = slots_that_fit(slots.min(PART_LEN_MAX));
        let cell = heap.allocate(PART_HEADER_BYTES + slots as usize * size_of::<Value>())?;
        // SAFETY: the fresh cell holds the header and that many slots; the caller keeps the table alive. The old part
        // is left as it is, since the collector may still be scanning it.
        unsafe {
            let header = cell.cast::<ArrayHeader>();
            let array = cell.add(PART_HEADER_BYTES).cast::<Value>();
            let (old, len) = ((*table).array, (*table).array_len.min(slots as u32));
            header.write(ArrayHeader { capacity: slots as u32, hint: 0, old: std::ptr::null_mut() });
            let inline = Table::array_is_inline(table);
            if len > SLOTS_AT_ONCE {
                if Table::has_no_nodes(table) {
                    ((*table).nodes, (*table).mask) = (Table::new_own_part(heap)?, 0);
                }
                (*Table::hash_header(table)).flags |= MOVING;
                Table::set_old_len(old, len);
                ((*header).hint, (*header).old) = (len, old);
                ((*table).array, (*table).array_len) = (array, 0);
                return Ok(());
            }
            array.copy_from_nonoverlapping(old, len as usize);
            ((*table).array, (*table).array_len) = (array, len);
            if !inline {
                heap.release(part_of_slots(old));
            }
        }
        Ok(())
    }
}
