//! What each kind of cell refers to.

use super::Roots;
use super::chunk::cell_bytes;
use super::header::Header;
use super::marker::{Marker, RANGE_MIN, Range};
use super::object::{Array, Cell, Closure, ElementKind, FiberCell, Record, Userdata};
use super::table::directory::{Directory, List};
use super::table::growth::part_of_slots;
use super::table::layout::Table;
use crate::value::{Tag, Value};

/// What finding the values in the stack of a fiber counts as, besides the stack.
const FIBER_WORK: usize = 256;

impl Marker {
    /// Follows what a marked cell refers to.
    pub(super) fn trace(&mut self, cell: *mut Header, roots: &mut dyn Roots) {
        // SAFETY: grey cells are live and complete; their kind says what they are.
        unsafe {
            let bytes = cell_bytes(cell.cast());
            self.bytes += bytes;
            self.work += bytes.min(RANGE_MIN);
            if self.weak.is_watching() {
                self.mark_values_of(cell);
            }
            match Tag(u32::from((*cell).kind())) {
                Tag::TABLE => self.trace_table(cell.cast()),
                Tag::FUNCTION => {
                    let closure = cell.cast::<Closure>();
                    self.mark_slots(Closure::upvalues(closure), (*closure).count as usize);
                    if self.follows_functions {
                        roots.trace_function((*closure).function, self);
                    }
                }
                Tag::CELL => self.mark((*cell.cast::<Cell>()).value),
                Tag::RECORD => {
                    self.trace_record(cell.cast());
                    self.trace_layout((*cell.cast::<Record>()).type_index, roots);
                }
                Tag::ARRAY => {
                    self.trace_array(cell.cast());
                    self.trace_layout((*cell.cast::<Array>()).type_index, roots);
                }
                Tag::USERDATA => self.trace_userdata(cell.cast()),
                Tag::FIBER => self.trace_fiber(cell.cast(), roots),
                _ => {}
            }
        }
    }

    /// # Safety
    /// `table` is a live table.
    #[inline]
    unsafe fn trace_table(&mut self, table: *mut Table) {
        // SAFETY: the caller gives a live table.
        unsafe {
            let metatable = Table::metatable(table);
            if !metatable.is_null() {
                self.mark_grey(metatable.cast());
            }
            if Table::is_weak(table) {
                self.mark_hash_part(table);
                self.trace_weak(table);
                return;
            }
            self.mark_parts(table);
            self.scan_slots(Range::Values, table);
            self.scan_hash_part(Range::Nodes, table);
        }
    }

    /// Scans the slots of a table, wherever they are.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(super) unsafe fn scan_slots(&mut self, range: Range, table: *mut Table) {
        // SAFETY: the caller gives a live table.
        unsafe {
            let moved = (*table).array_len as usize;
            self.scan_or_push(range, (*table).array, moved);
            let old = Table::old_slots(table);
            if !old.is_null() {
                let (old_len, len) = (Table::old_len(old) as usize, Table::slots_len(table) as usize);
                self.scan_or_push(range, old.add(moved), old_len - moved);
                self.scan_or_push(range, (*table).array.add(old_len), len - old_len);
            }
        }
    }

    /// Scans the nodes of a table, wherever they are.
    ///
    /// # Safety
    /// `table` is a live table that is its own contents.
    #[inline]
    pub(super) unsafe fn scan_hash_part(&mut self, range: Range, table: *mut Table) {
        // SAFETY: the caller gives a live table.
        unsafe {
            if Table::has_buckets(table) {
                for number in 0..Table::part_count(table) {
                    if let Some(part) = Table::part_at(table, number) {
                        self.scan_or_push(range, part.nodes, part.len());
                    }
                }
                return;
            }
            self.scan_or_push(range, (*table).nodes, Table::node_count(table) as usize);
        }
    }

    /// Marks the cells of a table's parts.
    ///
    /// # Safety
    /// `table` is a live table, not a weak one.
    #[inline]
    pub(super) unsafe fn mark_parts(&mut self, table: *mut Table) {
        // SAFETY: the caller gives a live table; a part that is not inline begins a cell.
        unsafe {
            if !Table::array_is_inline(table) {
                self.mark_leaf(part_of_slots((*table).array));
                let old = Table::old_slots(table);
                if !old.is_null() {
                    self.mark_leaf(part_of_slots(old));
                }
            }
            self.mark_hash_part(table);
            if Table::has_buckets(table) {
                self.mark_directory(Directory::of(table));
            }
        }
    }

    /// Marks a directory, its buckets and indices.
    ///
    /// # Safety
    /// Callers give the directory of a live table.
    #[inline(never)]
    unsafe fn mark_directory(&mut self, directory: *mut Directory) {
        // SAFETY: callers give the directory of a live table; its cells belong to it.
        unsafe {
            let list = (*directory).list;
            self.mark_leaf(directory.cast());
            self.mark_leaf(list.cast());
            for number in 0..(*list).len {
                self.mark_leaf((*List::at(list, number)).cell());
            }
        }
    }

    /// # Safety
    /// Callers give a live table.
    #[inline]
    unsafe fn mark_hash_part(&mut self, table: *mut Table) {
        // SAFETY: callers give a live table; a part that is not inline begins a cell.
        unsafe {
            let header = Table::hash_header(table);
            if !(*header).inline {
                self.mark_leaf(header.cast());
            }
        }
    }

    /// Marks a cell that is not grey afterwards, for one whose contents are handled by the caller.
    pub(super) fn mark_owned(&mut self, cell: *mut Header) {
        self.mark_leaf(cell.cast());
    }

    /// Lets the roots know of a layout that is in use; objects of one layout often lie side by side.
    fn trace_layout(&mut self, layout: u32, roots: &mut dyn Roots) {
        if self.follows_functions && self.layout_traced != (self.cycle, layout) {
            self.layout_traced = (self.cycle, layout);
            roots.trace_layout(layout, self);
        }
    }

    /// # Safety
    /// Callers give a live record.
    unsafe fn trace_record(&mut self, record: *mut Record) {
        // SAFETY: callers give a live record; its layout lives as long as the heap and is within its words.
        unsafe {
            let layout = &*(*record).layout;
            for &index in layout.values() {
                self.mark(Value::load(Record::data(record).add(index as usize).cast()));
            }
            for &index in layout.references() {
                self.mark_word(*Record::data(record).add(index as usize));
            }
        }
    }

    /// # Safety
    /// Callers give a live array.
    unsafe fn trace_array(&mut self, array: *mut Array) {
        // SAFETY: callers give a live array.
        unsafe {
            let len = (*array).len as usize;
            match (*array).element {
                ElementKind::Any => self.scan_or_push(Range::Values, Array::data(array).cast::<Value>(), len),
                ElementKind::Ref => self.scan_or_push(Range::References, Array::data(array).cast::<u64>(), len),
                _ => {}
            }
        }
    }

    /// # Safety
    /// Callers give so many reference words.
    pub(super) unsafe fn mark_words(&mut self, words: *const u64, count: usize) {
        for index in 0..count {
            // SAFETY: callers give so many reference words.
            unsafe { self.mark_word(*words.add(index)) };
        }
    }

    /// Marks the cell at an address, if it is not 0.
    ///
    /// # Safety
    /// Callers give a reference word: 0 or the exposed address of a live cell.
    #[inline(always)]
    unsafe fn mark_word(&mut self, word: u64) {
        // SAFETY: callers give a reference word: 0 or the exposed address of a live cell.
        unsafe { self.mark_object(std::ptr::with_exposed_provenance_mut(word as usize)) };
    }

    /// # Safety
    /// Callers give a live userdata.
    unsafe fn trace_userdata(&mut self, userdata: *mut Userdata) {
        // SAFETY: callers give a live userdata.
        unsafe {
            if !(*userdata).metatable.is_null() {
                self.mark_grey((*userdata).metatable.cast());
            }
            self.mark_slots(Userdata::user_values(userdata), (*userdata).count as usize);
            self.trace_host_object(userdata);
        }
    }

    /// Marks what the object in a userdata holds, once a cycle.
    ///
    /// # Safety
    /// `userdata` is a live userdata.
    pub(super) unsafe fn trace_host_object(&mut self, userdata: *mut Userdata) {
        // SAFETY: the caller gives a live userdata.
        unsafe {
            if Userdata::begin_scan(userdata, self.cycle)
                && let Some(object) = &(*userdata).object
            {
                object.trace(self);
            }
        }
    }

    /// Scans the stack of a fiber, once a cycle.
    ///
    /// # Safety
    /// `fiber` is a live fiber.
    pub(super) unsafe fn trace_fiber(&mut self, fiber: *mut FiberCell, roots: &mut dyn Roots) {
        // SAFETY: the caller gives a live fiber.
        unsafe {
            if (*fiber).scanned_in != self.cycle {
                (*fiber).scanned_in = self.cycle;
                self.work += FIBER_WORK;
                roots.trace_fiber((*fiber).state, self);
            }
        }
    }
}
