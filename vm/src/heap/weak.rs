//! Weak tables.
//!
//! The contents of a weak table are in a table of their own, so that cached accesses miss and every access comes
//! through functions that know what the collector is doing:
//! - while it marks, a value read from a weak table is marked, since the program holds it from then on;
//! - when marking has ended, an entry whose key or value was not marked reads as absent, so that removing it can take
//!   its time.
//!
//! A program that reads the same entry again and again would keep it alive for ever by the first of these, so cycles in which
//! something was alive only because it was read are followed by one that marks at once; see [`Heap::advance`](super::Heap).
//!
//! Strings count as values: they are marked wherever they are met.
//!
//! Ephemerons (weak keys) take linear time. When nothing else is grey, each entry is looked at once, and its value marked if its
//! key is. A key that is marked later leads to its value by a lookup in each of a few large tables. For what is in others, as
//! there may be very many, the value is noted under the key.

use super::chunk::cell_bytes;
use super::collect::Phase;
use super::header::Header;
use super::marker::{Marker, Range};
use super::notes::Notes;
use super::table::layout::{Node, Table};
use super::table::part::Part;
use super::{Heap, Roots};
use crate::value::{Tag, Value};

/// Values read from weak tables that are remembered at most.
const READS_MAX: usize = 256;
/// Bytes as whose look a note counts: it goes into a hash map, which may grow.
const NOTE_WORK: usize = 256;
/// Bytes as whose look a lookup of a key counts.
const LOOKUP_WORK: usize = 32;
/// Tables in which keys are looked up at most; each has more nodes than so many.
const LOOKED_UP_MAX: usize = if cfg!(test) { 2 } else { 8 };
const LOOKED_UP_NODES: usize = if cfg!(test) { 8 } else { 64 };
/// About as many bytes an entry takes in the table of strings.
const INTERNED_BYTES: usize = 16;
/// How many entries ahead the mark of what they refer to is fetched.
const AHEAD: usize = 8;
/// Bytes by which the next cycle comes nearer with each value that is stored in a weak table.
const STORE_HURRY: usize = 512;

/// What a cycle knows about weak tables.
#[derive(Default)]
pub(super) struct WeakState {
    /// Tables with weak keys that were marked.
    ephemerons: Vec<*mut Table>,
    /// Tables with weak values that were marked.
    values: Vec<*mut Table>,
    /// Tables with both that were marked.
    both: Vec<*mut Table>,
    /// How many of those with weak values were found before finalisers were looked at.
    values_cleared: usize,
    /// Whether newly marked cells may be keys with values to mark.
    watching: bool,
    /// Those of `ephemerons` in which a newly marked key is looked up; the values of other tables are noted.
    looked_up: Vec<*mut Table>,
    /// Tables with weak keys that were found before, and how many of these were looked through since.
    unwatched: usize,
    watched: usize,
    /// Values to mark with a key.
    notes: Notes,
    cursor: ClearCursor,
    /// Unmarked values that were read while nothing else was known of them.
    reads: Vec<Value>,
    /// Bytes of entries that were removed, and of strings that were their keys.
    pub(super) cleared_bytes: usize,
    /// Bytes of other places for entries that are empty.
    pub(super) empty_bytes: usize,
}

/// How far the removal of dead entries has got.
#[derive(Default)]
struct ClearCursor {
    table: usize,
    /// 0 for the array part, then one more than the number of the hash part.
    part: u32,
    position: usize,
    nodes: Option<*mut Node>,
}

/// What to remove from which table.
struct Clearing {
    contents: *mut Table,
    keys: bool,
    values: bool,
}

impl WeakState {
    /// Whether newly marked cells may be keys that values wait for.
    #[inline(always)]
    pub(super) fn is_watching(&self) -> bool {
        self.watching
    }

    /// How the entries of a table with weak keys are to be scanned.
    fn range_of(&self, contents: *mut Table) -> Range {
        if self.looked_up.contains(&contents) { Range::Ephemerons } else { Range::NotedEphemerons }
    }

    /// Forgets everything at the end of a cycle; gives what takes long to drop.
    pub(super) fn reset(&mut self) -> Notes {
        let notes = std::mem::take(&mut self.notes);
        *self = WeakState::default();
        notes
    }

    /// The table that a round of clearing looks at next.
    fn clearing(&self, keys: bool) -> Option<Clearing> {
        let mut at = self.cursor.table;
        // The second round is for keys, and for what was found for the sake of finalisers.
        let values = if keys { self.values_cleared } else { 0 };
        let lists =
            [(&self.values, values, false, true), (&self.both, 0, keys, true), (&self.ephemerons, 0, true, false)];
        for (list, from, keys_too, values) in lists {
            if at < list.len() - from {
                return (keys_too <= keys).then_some(Clearing { contents: list[from + at], keys: keys_too, values });
            }
            at -= list.len() - from;
        }
        None
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
            self.scan_slots(slots, contents);
            if nodes != Range::Ephemerons {
                self.scan_hash_part(nodes, contents);
                return;
            }
            if self.weak.looked_up.len() < LOOKED_UP_MAX && Table::has_more_nodes(contents, LOOKED_UP_NODES) {
                self.weak.looked_up.push(contents);
            }
            // Of ephemerons nothing can be said before all else is marked.
            if self.weak.watching {
                self.scan_hash_part(self.weak.range_of(contents), contents);
            }
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
                if index + AHEAD < count {
                    self.prefetch_mark((*node.add(AHEAD)).key);
                }
                if (*node).is_empty() {
                    (*node).drop_dead_key();
                    continue;
                }
                let (key, value) = ((*node).key(), (*node).value());
                match range {
                    Range::Ephemerons | Range::NotedEphemerons => {
                        self.mark_ephemeron(key, value, range == Range::NotedEphemerons);
                    }
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

    /// Marks the value of an entry with a weak key if the key is marked; else notes it, where it would not be found otherwise.
    ///
    /// # Safety
    /// The cells of key and value are not freed before the cycle ends.
    unsafe fn mark_ephemeron(&mut self, key: Value, value: Value, is_noted: bool) {
        self.mark_if_string(key);
        // SAFETY: entries of reachable tables refer to cells that are not freed before the cycle ends.
        if unsafe { !self.is_unmarked(key) } {
            self.mark(value);
        } else if is_noted && value.is_object() {
            self.weak.notes.add(key.payload as usize, value);
            self.add_work(NOTE_WORK);
        }
    }

    /// Marks the values that wait for a key that was just marked.
    ///
    /// # Safety
    /// `key` is a live cell.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn mark_values_of(&mut self, key: *mut Header) {
        // SAFETY: the caller gives a live cell; listed contents belong to marked tables, whose parts are not freed before the
        // cycle ends.
        unsafe {
            // What was never a key has no sequence number.
            if (*key).id() == 0 {
                return;
            }
            if !self.weak.notes.is_empty() {
                let mut notes = std::mem::take(&mut self.weak.notes);
                notes.take(key.addr(), |value| self.mark(value));
                self.weak.notes = notes;
            }
            for index in 0..self.weak.looked_up.len() {
                self.add_work(LOOKUP_WORK);
                let node = Table::find(self.weak.looked_up[index], Value::from_object(key));
                if !node.is_null() {
                    self.mark((*node).value());
                }
            }
        }
    }

    /// From now on looks at the entries of tables with weak keys, and for those of newly marked keys.
    pub(super) fn watch_ephemerons(&mut self) {
        self.weak.watching = true;
        self.weak.unwatched = self.weak.ephemerons.len();
    }

    /// Goes on with the entries of tables with weak keys until about `budget` bytes were looked at; true if nothing is grey any
    /// more.
    pub(super) fn drain_ephemerons(&mut self, roots: &mut dyn Roots, budget: usize) -> bool {
        let end = self.work().saturating_add(budget);
        loop {
            let left = end.saturating_sub(self.work());
            if left == 0 || !self.drain(roots, left) {
                return false;
            }
            if self.weak.watched == self.weak.unwatched {
                return true;
            }
            let contents = self.weak.ephemerons[self.weak.watched];
            self.weak.watched += 1;
            self.add_work(64);
            // SAFETY: listed contents belong to marked tables.
            unsafe { self.scan_hash_part(self.weak.range_of(contents), contents) };
        }
    }

    /// Keeps a value that is read from a weak table while marking is under way: the program holds it from now on. It is marked
    /// when marking would end, so that it can be told whether anything else kept it.
    fn keep_read(&mut self, value: Value) {
        // SAFETY: the program has just found it, so it is alive.
        if unsafe { !self.is_unmarked(value) } {
            return;
        }
        let reads = &mut self.weak.reads;
        if reads.last().is_some_and(|last| last.payload == value.payload) {
            return;
        }
        if reads.len() == READS_MAX {
            self.mark(value);
        } else {
            reads.push(value);
        }
    }

    /// Marks what was read from weak tables; whether something of it was marked only now.
    pub(super) fn mark_reads(&mut self) -> bool {
        let mut any = false;
        for value in std::mem::take(&mut self.weak.reads) {
            // SAFETY: nothing was freed since it was read.
            any |= unsafe { self.is_unmarked(value) };
            self.mark(value);
        }
        any
    }

    /// Begins the next round of [`Marker::clear_weak`].
    pub(super) fn restart_clearing(&mut self) {
        self.weak.cursor = ClearCursor::default();
    }

    /// Removes entries whose values are dead from up to `budget` places; true when all tables were looked at.
    /// With `keys` it removes those whose keys are dead as well; that is the second round.
    pub(super) fn clear_weak(&mut self, keys: bool, budget: usize) -> bool {
        let mut budget = budget;
        while let Some(clearing) = self.weak.clearing(keys) {
            // SAFETY: listed contents belong to marked tables.
            if !unsafe { self.clear_table(&clearing, &mut budget) } {
                return false;
            }
            self.weak.cursor = ClearCursor { table: self.weak.cursor.table + 1, ..ClearCursor::default() };
        }
        if !keys {
            self.weak.values_cleared = self.weak.values.len();
        }
        true
    }

    /// Clears one table from the cursor on; false when the budget ran out.
    ///
    /// # Safety
    /// Callers give the contents of a marked table.
    unsafe fn clear_table(&mut self, clearing: &Clearing, budget: &mut usize) -> bool {
        let contents = clearing.contents;
        // Many tables are empty.
        *budget = budget.saturating_sub(1);
        // SAFETY: callers give the contents of a marked table; the cells its entries refer to are not freed yet.
        unsafe {
            while self.weak.cursor.part <= Table::part_count(contents) {
                let done = match self.weak.cursor.part {
                    0 => self.clear_slots(clearing, budget),
                    number => match Table::part_at(contents, number - 1) {
                        Some(part) => self.clear_part(part, clearing, budget),
                        None => true,
                    },
                };
                if !done {
                    return false;
                }
                let ClearCursor { table, part, .. } = self.weak.cursor;
                self.weak.cursor = ClearCursor { table, part: part + 1, ..ClearCursor::default() };
            }
        }
        true
    }

    /// # Safety
    /// As for `clear_table`.
    unsafe fn clear_slots(&mut self, clearing: &Clearing, budget: &mut usize) -> bool {
        // SAFETY: as `clear_table`.
        unsafe {
            let len = Table::slots_len(clearing.contents) as usize;
            while clearing.values && self.weak.cursor.position < len {
                if *budget == 0 {
                    return false;
                }
                *budget -= 1;
                let slot = Table::slot(clearing.contents, self.weak.cursor.position as u32);
                if self.is_unmarked(Value::load(slot)) {
                    Value::NIL.store(slot);
                    self.weak.cleared_bytes += size_of::<Value>();
                } else if Value::load(slot).is_nil() {
                    self.weak.empty_bytes += size_of::<Value>();
                }
                self.weak.cursor.position += 1;
            }
        }
        true
    }

    /// # Safety
    /// As for `clear_table`; the part is one of that table.
    unsafe fn clear_part(&mut self, part: Part, clearing: &Clearing, budget: &mut usize) -> bool {
        if self.weak.cursor.nodes != Some(part.nodes) {
            // Entries moved since the last step: begin again.
            self.weak.cursor.position = 0;
            self.weak.cursor.nodes = Some(part.nodes);
        }
        let from = self.weak.cursor.position.min(part.len());
        let end = part.len().min(from + *budget);
        *budget -= end - from;
        self.weak.cursor.position = end;
        let (mut cleared, mut empty) = (0, 0);
        for index in from..end {
            // SAFETY: as `clear_table`; the index is that of a node.
            unsafe {
                let node = part.nodes.add(index);
                if index + AHEAD < end {
                    let ahead = node.add(AHEAD);
                    self.prefetch_mark(if clearing.keys { (*ahead).key } else { (*ahead).value });
                }
                if (*node).is_empty() {
                    empty += size_of::<Node>();
                    continue;
                }
                let (key, value) = ((*node).key(), (*node).value());
                if clearing.keys && self.is_unmarked(key) || clearing.values && self.is_unmarked(value) {
                    (*node).kill();
                    cleared += size_of::<Node>();
                    if key.tag == Tag::STRING {
                        cleared += cell_bytes(key.pointer().cast()) + INTERNED_BYTES;
                    }
                }
            }
        }
        self.weak.empty_bytes += empty;
        self.weak.cleared_bytes += cleared;
        end == part.len()
    }
}

impl Heap {
    /// An entry of a hash part was moved to another node of it. The collector may be done with that node and not yet have come
    /// to the old one.
    #[inline]
    pub(super) fn entry_moved(&mut self, nodes: *mut Node, index: usize, entry: &Node) {
        if self.cycle.phase().is_after_marking() {
            let cursor = &mut self.marker.weak.cursor;
            if cursor.nodes == Some(nodes) {
                cursor.position = cursor.position.min(index);
            }
        } else if self.marking() {
            self.shade(entry.key());
            self.shade(entry.value());
        }
    }

    /// A value that is about to move from a part of a table that the collector may have yet to look at to one that it has: nil
    /// if it is dead, else the collector keeps it.
    #[inline]
    pub(super) fn value_that_moves(&mut self, value: Value) -> Value {
        if self.is_condemned(value) {
            return Value::NIL;
        }
        self.barrier(value);
        value
    }

    /// Says that a value was stored in a weak table. Where most such entries die soon, the table would grow large until the next
    /// cycle, were the bytes of cells all that counts.
    #[inline(never)]
    pub(super) fn note_weak_store(&mut self) {
        self.hurry(STORE_HURRY);
    }

    /// Whether it is known by now which cells are dead.
    pub(super) fn is_after_resurrection(&self) -> bool {
        self.cycle.phase().is_after_resurrection()
    }

    /// Whether an entry of a weak table is dead for good, and need not move with the table.
    #[inline]
    pub(super) fn is_dead_entry(&self, node: &Node) -> bool {
        self.cycle.phase().is_after_resurrection()
            // SAFETY: entries refer to cells that are not freed before the cycle ends.
            && unsafe { self.marker.is_unmarked(node.key()) || self.marker.is_unmarked(node.value()) }
    }

    /// A value that was found in a weak table, as the program may see it: nil if it is dead.
    #[inline]
    pub(super) fn read_weak(&mut self, value: Value) -> Value {
        match self.cycle.phase() {
            Phase::Mark | Phase::Ephemerons => {
                self.marker.keep_read(value);
                value
            }
            _ if self.is_condemned(value) => Value::NIL,
            _ => value,
        }
    }

    /// Whether marking has ended without reaching a value, so that it is dead.
    pub(super) fn is_condemned(&self, value: Value) -> bool {
        // SAFETY: values in reachable tables refer to cells that are not freed before the cycle ends.
        self.cycle.phase().is_after_marking() && unsafe { self.marker.is_unmarked(value) }
    }
}
