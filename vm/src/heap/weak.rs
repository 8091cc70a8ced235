//! Weak tables.
//!
//! The contents of a weak table are in a table of their own, so that cached accesses miss and every access comes
//! through functions that know what the collector is doing:
//! - while it marks, a value read from a weak table is marked, since the program holds it from then on;
//! - when marking has ended, an entry whose key or value was not marked reads as absent, so that removing it can take
//!   its time.
//!
//! Strings count as values: they are marked wherever they are met.
//!
//! Ephemerons (weak keys) take linear time: when nothing else is grey, the value of each entry with an unmarked key is
//! noted under the key, and marked when the key is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::collect::Phase;
use super::header::Header;
use super::marker::{Marker, Range};
use super::table::layout::{Node, Table};
use super::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Hashes an address; only ever used to look up, never to order.
#[derive(Default)]
pub(super) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(byte.into());
        }
    }

    fn write_usize(&mut self, word: usize) {
        self.0 = (self.0 ^ word as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

/// What a cycle knows about weak tables.
#[derive(Default)]
pub(super) struct WeakState {
    /// Tables with weak keys that were marked.
    ephemerons: Vec<*mut Table>,
    /// Tables with weak values that were marked.
    values: Vec<*mut Table>,
    /// Tables with both that were marked.
    both: Vec<*mut Table>,
    /// Whether entries with unmarked keys are noted.
    watching: bool,
    /// The first note for each unmarked key.
    notes_by_key: HashMap<usize, usize, BuildHasherDefault<AddressHasher>>,
    /// Values to mark with a key, each with the note before it for the same key.
    notes: Vec<(Value, Option<usize>)>,
    cursor: ClearCursor,
}

/// How far the removal of dead entries has got.
#[derive(Default)]
struct ClearCursor {
    table: usize,
    position: usize,
    nodes: Option<*mut Node>,
}

impl ClearCursor {
    /// Looks at a position again, if the cursor is in the table with these nodes.
    fn go_back(&mut self, nodes: *mut Node, position: usize) {
        if self.nodes == Some(nodes) {
            self.position = self.position.min(position);
        }
    }
}

/// Which lists of tables to clear, from where on, and by what.
struct Clearing {
    keys: bool,
    values: bool,
}

impl WeakState {
    /// Whether newly marked cells may be keys that values wait for.
    #[inline(always)]
    pub(super) fn is_watching(&self) -> bool {
        self.watching
    }

    /// Forgets everything at the end of a cycle.
    pub(super) fn reset(&mut self) {
        *self = WeakState::default();
    }
}

impl Marker {
    /// Traces a weak table: its strings, and what is not weak in it.
    ///
    /// # Safety
    /// `table` is a live weak table.
    pub(super) unsafe fn trace_weak(&mut self, table: *mut Table) {
        // SAFETY: the caller gives a live weak table; its contents are a table that nothing else refers to.
        unsafe {
            let contents = Table::contents(table);
            self.mark_owned(contents.cast());
            self.mark_parts(contents);
            let weak_keys = (*table).header.has(Header::WEAK_KEYS);
            let weak_values = (*table).header.has(Header::WEAK_VALUES);
            let (slots, nodes, list) = match (weak_keys, weak_values) {
                (true, false) => (Range::Values, Range::Ephemerons, &mut self.weak.ephemerons),
                (false, true) => (Range::WeakSlots, Range::WeakValues, &mut self.weak.values),
                _ => (Range::WeakSlots, Range::WeakBoth, &mut self.weak.both),
            };
            list.push(contents);
            self.scan_or_push(slots, (*contents).array, (*contents).array_len as usize);
            self.scan_or_push(nodes, (*contents).nodes, Table::node_count(contents) as usize);
        }
    }

    /// Scans a piece of a weak table.
    ///
    /// # Safety
    /// `slots` is the exposed address of `count` slots or nodes, as `range` says.
    pub(super) unsafe fn scan_weak(&mut self, range: Range, slots: usize, count: usize) {
        for index in 0..count {
            // SAFETY: the caller gives that many slots or nodes.
            unsafe {
                if range == Range::WeakSlots {
                    let slots: *const Value = std::ptr::with_exposed_provenance(slots);
                    self.mark_if_string(Value::load(slots.add(index)));
                    continue;
                }
                let node = std::ptr::with_exposed_provenance_mut::<Node>(slots).add(index);
                if (*node).is_empty() {
                    (*node).drop_dead_key();
                    continue;
                }
                let (key, value) = ((*node).key(), (*node).value());
                match range {
                    Range::Ephemerons => self.mark_ephemeron(key, value),
                    Range::WeakValues => {
                        self.mark(key);
                        self.mark_if_string(value);
                    }
                    _ => {
                        self.mark_if_string(key);
                        self.mark_if_string(value);
                    }
                }
            }
        }
    }

    fn mark_if_string(&mut self, value: Value) {
        if value.tag == Tag::STRING {
            self.mark(value);
        }
    }

    /// Marks the value of an entry with a weak key if the key is marked; else notes it, when notes are taken.
    unsafe fn mark_ephemeron(&mut self, key: Value, value: Value) {
        self.mark_if_string(key);
        // SAFETY: entries of reachable tables refer to cells that are not freed before the cycle ends.
        if unsafe { !self.is_unmarked(key) } {
            self.mark(value);
        } else if self.weak.watching && value.is_object() {
            let note = self.weak.notes.len();
            let before = self.weak.notes_by_key.insert(key.payload as usize, note);
            self.weak.notes.push((value, before));
        }
    }

    /// Marks the values that wait for a key that was just marked.
    #[cold]
    #[inline(never)]
    pub(super) fn mark_values_of(&mut self, key: *mut Header) {
        let mut next = self.weak.notes_by_key.remove(&key.addr());
        while let Some(note) = next {
            let (value, before) = self.weak.notes[note];
            self.mark(value);
            next = before;
        }
    }

    /// Looks again at the entries of tables with weak keys, and from now on notes the values of unmarked keys.
    pub(super) fn watch_ephemerons(&mut self) {
        self.weak.watching = true;
        for index in 0..self.weak.ephemerons.len() {
            let contents = self.weak.ephemerons[index];
            // SAFETY: listed contents belong to marked tables.
            unsafe {
                self.scan_or_push(Range::Ephemerons, (*contents).nodes, Table::node_count(contents) as usize);
            }
        }
    }

    /// Begins the next round of [`Marker::clear_weak`].
    pub(super) fn restart_clearing(&mut self) {
        self.weak.cursor = ClearCursor::default();
    }

    /// Removes entries whose values are dead from up to `budget` places; true when all tables were looked at.
    /// With `keys` it removes those whose keys are dead as well; that is the second round.
    pub(super) fn clear_weak(&mut self, keys: bool, budget: usize) -> bool {
        let mut budget = budget;
        let mut cursor = std::mem::take(&mut self.weak.cursor);
        let (first, second) = (self.weak.values.len(), self.weak.both.len());
        loop {
            let (contents, clearing) = if cursor.table < first {
                (self.weak.values[cursor.table], Clearing { keys: false, values: true })
            } else if cursor.table < first + second {
                (self.weak.both[cursor.table - first], Clearing { keys, values: true })
            } else {
                match self.weak.ephemerons.get(cursor.table - first - second) {
                    Some(&contents) if keys => (contents, Clearing { keys: true, values: false }),
                    _ => return true,
                }
            };
            // SAFETY: listed contents belong to marked tables.
            let done = unsafe { self.clear_table(contents, &clearing, &mut cursor, &mut budget) };
            if !done {
                self.weak.cursor = cursor;
                return false;
            }
            cursor = ClearCursor { table: cursor.table + 1, ..ClearCursor::default() };
        }
    }

    /// Clears one table from the cursor on; false when the budget ran out.
    unsafe fn clear_table(
        &self,
        contents: *mut Table,
        clearing: &Clearing,
        cursor: &mut ClearCursor,
        budget: &mut usize,
    ) -> bool {
        // SAFETY: callers give the contents of a marked table; the cells its entries refer to are not freed yet.
        unsafe {
            if cursor.nodes != Some((*contents).nodes) {
                // Entries moved since the last step: begin again.
                cursor.position = 0;
                cursor.nodes = Some((*contents).nodes);
            }
            let slots = (*contents).array_len as usize;
            let end = slots + Table::node_count(contents) as usize;
            while cursor.position < end {
                if *budget == 0 {
                    return false;
                }
                *budget -= 1;
                if cursor.position < slots {
                    let slot = (*contents).array.add(cursor.position);
                    if clearing.values && self.is_unmarked(Value::load(slot)) {
                        Value::NIL.store(slot);
                    }
                } else {
                    let node = (*contents).nodes.add(cursor.position - slots);
                    if !(*node).is_empty()
                        && ((clearing.keys && self.is_unmarked((*node).key()))
                            || (clearing.values && self.is_unmarked((*node).value())))
                    {
                        (*node).kill();
                    }
                }
                cursor.position += 1;
            }
        }
        true
    }
}

impl Heap {
    /// Makes the keys or values of a table weak, or strong again. To be called when a metatable with or without a
    /// mode is set.
    ///
    /// # Errors
    /// No memory to move the contents; the table is as it was then.
    ///
    /// # Safety
    /// `table` is a live table of this heap.
    pub unsafe fn set_weak(&mut self, table: *mut Table, keys: bool, values: bool) -> Result<(), OutOfMemory> {
        let flags = if keys { Header::WEAK_KEYS } else { 0 } | if values { Header::WEAK_VALUES } else { 0 };
        // SAFETY: the caller gives a live table.
        unsafe {
            if (*table).header.flags(Header::WEAK) == flags {
                return Ok(());
            }
            if Table::is_weak(table) {
                // What the collector has seen through the old mode is not enough for a stronger one.
                self.settle_entries(Table::contents(table));
            } else {
                self.hide_contents(table)?;
            }
            (*table).header.clear(Header::WEAK);
            (*table).header.set(flags);
            if flags == 0 {
                self.unhide_contents(table);
            }
        }
        Ok(())
    }

    /// Moves the parts of a table into one that nothing refers to.
    unsafe fn hide_contents(&mut self, table: *mut Table) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents. Parts move as they are, the collector may be
        // scanning them.
        unsafe {
            let contents = self.new_table(0, 0)?;
            let own = Table::new_own_part(self)?;
            Table::take_parts_out(table, self)?;
            (*Table::header_of_nodes(own)).metatable = Table::metatable(table);
            if !Table::array_is_inline(table) {
                (*contents).array = (*table).array;
                (*contents).array_len = (*table).array_len;
            }
            if !Table::has_no_nodes(table) {
                (*Table::hash_header(table)).metatable = std::ptr::null_mut();
                (*contents).nodes = (*table).nodes;
                (*contents).mask = (*table).mask;
            }
            (*table).array = contents.cast();
            (*table).array_len = 0;
            (*table).nodes = own;
            (*table).mask = 0;
        }
        Ok(())
    }

    /// Undoes [`Heap::hide_contents`].
    unsafe fn unhide_contents(&mut self, table: *mut Table) {
        // SAFETY: callers give a table whose array field still is the hidden contents.
        unsafe {
            let contents = (*table).array.cast::<Table>();
            if Table::array_is_inline(contents) {
                (*table).array = Table::inline_array(table);
                (*table).array_len = 0;
            } else {
                (*table).array = (*contents).array;
                (*table).array_len = (*contents).array_len;
            }
            if !Table::has_no_nodes(contents) {
                (*Table::hash_header(contents)).metatable = Table::metatable(table);
                (*table).nodes = (*contents).nodes;
                (*table).mask = (*contents).mask;
            }
        }
    }

    /// Makes sure that the collector leaves every entry alone: marks it while there is marking, removes it if it is
    /// dead.
    unsafe fn settle_entries(&mut self, contents: *mut Table) {
        let keep = matches!(self.cycle.phase(), Phase::Mark | Phase::Ephemerons);
        // SAFETY: callers give the contents of a live weak table; indices stay within its parts.
        unsafe {
            for index in 0..(*contents).array_len as usize {
                let slot = (*contents).array.add(index);
                let value = Value::load(slot);
                if keep {
                    self.shade(value);
                } else if self.is_condemned(value) {
                    Value::NIL.store(slot);
                }
            }
            for index in 0..Table::node_count(contents) as usize {
                let node = (*contents).nodes.add(index);
                if (*node).is_empty() {
                    continue;
                }
                let (key, value) = ((*node).key(), (*node).value());
                if keep {
                    self.shade(key);
                    self.shade(value);
                } else if self.is_condemned(key) || self.is_condemned(value) {
                    (*node).kill();
                }
            }
        }
    }

    /// An entry of a table was moved to another position in the same parts. The collector may be done with that
    /// position and not yet have come to the old one.
    #[inline]
    pub(super) fn entry_moved(&mut self, table: *mut Table, position: u64, entry: &Node) {
        if self.marking() {
            self.shade(entry.key());
            self.shade(entry.value());
        }
        if self.cycle.phase().is_after_marking() {
            // SAFETY: callers give a live table.
            self.marker.weak.cursor.go_back(unsafe { (*table).nodes }, position as usize);
        }
    }

    /// A value that was found in a weak table, as the program may see it: nil if it is dead.
    #[inline]
    pub(super) fn read_weak(&mut self, value: Value) -> Value {
        match self.cycle.phase() {
            Phase::Mark | Phase::Ephemerons => {
                self.shade(value);
                value
            }
            _ if self.is_condemned(value) => Value::NIL,
            _ => value,
        }
    }

    /// Whether marking has ended without reaching a value, so that it is dead.
    fn is_condemned(&self, value: Value) -> bool {
        // SAFETY: values in reachable tables refer to cells that are not freed before the cycle ends.
        self.cycle.phase().is_after_marking() && unsafe { self.marker.is_unmarked(value) }
    }
}
