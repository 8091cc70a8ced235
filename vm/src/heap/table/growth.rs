//! Array parts that grow: at once while they are small, else step by step.
//!
//! A large array part does not move to its new cell at once. The table refers to the new part from the beginning, with an
//! `array_len` of 0: what has moved is found as ever, and what has not is found by the functions here, each of which moves some
//! more. Slots are in the old part from `array_len` up to where that ends, all others in the new one.
//!
//! The old part is only read once values move out of it, so the collector may still be scanning it; it keeps what moves alive, so
//! that the host may have the memory of what has moved. An array that grows takes little more of it than its slots.

use super::layout::{ArrayHeader, BUCKETS, MOVING, PART_HEADER_BYTES, PART_LEN_MAX, Table};
use super::resize::IntKeys;
use crate::heap::size_class::cell_bytes_for;
use crate::heap::{Heap, OutOfMemory};
use crate::value::Value;

/// Slots that move at once when an array part grows.
pub(crate) const SLOTS_AT_ONCE: u32 = if cfg!(test) { 64 } else { 1 << 14 };
/// Slots that move with each access to one that has not.
const STEP: u32 = if cfg!(test) { 4 } else { 64 };
/// Fewest slots that an array part has room for when it grows.
pub(super) const SLOTS_MIN: u64 = 4;
/// Slots of a long stretch that are looked at to tell how many hold a value.
const SAMPLES: u32 = if cfg!(test) { 16 } else { 1024 };

/// The slots that fit the cell an array part of this many would get.
pub(super) fn slots_that_fit(slots: u64) -> u64 {
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
    pub(crate) unsafe fn room_of(slots: *mut Value) -> u32 {
        // SAFETY: as the caller promises.
        let bytes = unsafe { crate::heap::chunk::cell_bytes(part_of_slots(slots).cast()) };
        ((bytes - PART_HEADER_BYTES) / size_of::<Value>()) as u32
    }

    /// For how many slots the array part has room.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    pub(crate) unsafe fn array_room(table: *mut Table) -> u32 {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::array_is_inline(table) { (*table).header.inline_slots() } else { Table::room_of((*table).array) }
        }
    }

    /// Whether the table is so large that its parts change step by step. Then keys up to the size of the array part may be in the
    /// hash part, and `#` finds a border quickly rather than that of the reference implementation.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(crate) unsafe fn is_large(table: *mut Table) -> bool {
        // SAFETY: the caller gives a live table.
        unsafe { Table::flags(table) & (BUCKETS | MOVING) != 0 || Table::array_size(table) > SLOTS_AT_ONCE }
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
        heap.note_moves(STEP);
        heap.go_on_by_moves(STEP);
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

    /// # Safety
    /// Callers give a live table whose array part moves.
    unsafe fn move_up_to(table: *mut Table, heap: &mut Heap, count: u32) {
        // SAFETY: callers give a live table whose array part moves. The new part has room for all the old one has. Where the
        // collector still scans the old one, what it refers to is marked, so that it finds nothing new there.
        unsafe {
            let header = Table::array_header(table);
            let old = (*header).old;
            let old_len = Table::old_len(old);
            let from = (*table).array_len;
            let end = from.saturating_add(count).min(old_len);
            let place = from as usize;
            let count = (end - from) as usize;
            heap.keep_moving(old.add(place), count);
            (*table).array.add(place).copy_from_nonoverlapping(old.add(place), count);
            (*table).array_len = end;
            heap.discard(part_of_slots(old), old.add(place).cast(), old.add(end as usize).cast());
            if end == old_len {
                (*table).array_len = (*header).hint;
                ((*header).hint, (*header).old) = ((*header).size, std::ptr::null_mut());
                (*Table::hash_header(table)).flags &= !MOVING;
                heap.release(part_of_slots(old));
            }
        }
    }

    /// Makes the array part of a large table larger if it is full of values, for most of it; false if it is not worth it.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    pub(super) unsafe fn grow_full_array(table: *mut Table, heap: &mut Heap) -> Result<bool, OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents.
        unsafe {
            Table::finish_moving(table, heap);
            let len = u64::from((*table).array_len);
            if len >= PART_LEN_MAX {
                return Ok(false);
            }
            if Table::values_in(table, 0, len as u32) * 2 < len {
                return Ok(false);
            }
            Table::set_array_cell(table, heap, len * 2, 0)?;
        }
        Ok(true)
    }

    /// About how many slots of a stretch hold a value; exactly unless it is too long to move at once.
    ///
    /// # Safety
    /// Callers give a live table that is its own contents, and indices of its slots.
    unsafe fn values_in(table: *mut Table, from: u32, end: u32) -> u64 {
        // SAFETY: callers give a live table that is its own contents, and indices of its slots. Where nothing moves, all slots
        // are in one part.
        unsafe {
            let count = end - from;
            if count <= SLOTS_AT_ONCE && Table::flags(table) & MOVING == 0 {
                let slots = std::slice::from_raw_parts((*table).array.add(from as usize), count as usize);
                return slots.iter().filter(|slot| !slot.is_nil()).count() as u64;
            }
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
                ints.add_many(slice as usize, Table::values_in(table, from, end).min(u64::from(end - from)) as u32);
                (from, slice) = (end, slice + 1);
            }
        }
    }

    /// Gives the array part a cell of its own with this size, and room for at least `room` slots; what fits moves into it, if it
    /// is much, bit by bit. A large array part is as large as its room.
    ///
    /// # Errors
    /// No memory; the table is as it was then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, its own contents, whose array part does not move.
    pub(super) unsafe fn set_array_cell(
        table: *mut Table,
        heap: &mut Heap,
        size: u64,
        room: u64,
    ) -> Result<(), OutOfMemory> {
        let slots = slots_that_fit(room.max(size).min(PART_LEN_MAX));
        let size = if size > u64::from(SLOTS_AT_ONCE) { slots as u32 } else { size as u32 };
        let cell = heap.allocate(PART_HEADER_BYTES + slots as usize * size_of::<Value>())?;
        // SAFETY: the fresh cell holds the header and that many slots; the caller keeps the table alive. The old part
        // is left as it is, since the collector may still be scanning it.
        unsafe {
            let header = cell.cast::<ArrayHeader>();
            let array = cell.add(PART_HEADER_BYTES).cast::<Value>();
            let (old, len) = ((*table).array, (*table).array_len.min(size));
            header.write(ArrayHeader { size, hint: size, old: std::ptr::null_mut() });
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

    /// Gives the array part a size, in another cell, with room for at least `room` slots, if the one it has is too small or far
    /// too large. Slots past the size are gone.
    ///
    /// # Errors
    /// No memory; the table is as it was then.
    ///
    /// # Safety
    /// As for [`set_array_cell`](Self::set_array_cell).
    pub(super) unsafe fn set_array_size(
        table: *mut Table,
        heap: &mut Heap,
        slots: u64,
        room: u64,
    ) -> Result<(), OutOfMemory> {
        if slots > PART_LEN_MAX {
            return Err(OutOfMemory { bytes: usize::MAX });
        }
        // SAFETY: the caller gives a live table.
        unsafe {
            let has = u64::from(Table::array_room(table));
            let stays = if Table::array_is_inline(table) {
                // In the cell of the table the size is as large as the room.
                slots == has
            } else {
                slots <= has && (slots * 4 >= has || has <= SLOTS_MIN)
            };
            if !stays {
                return Table::set_array_cell(table, heap, slots, room);
            }
            if !Table::array_is_inline(table) {
                let size = if slots > u64::from(SLOTS_AT_ONCE) { has as u32 } else { slots as u32 };
                let header = Table::array_header(table);
                ((*header).size, (*header).hint) = (size, size);
                (*table).array_len = (*table).array_len.min(size);
            }
        }
        Ok(())
    }
}
