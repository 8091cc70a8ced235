//! How a table becomes weak, and strong again: where its contents are, and what the collector must know of them.

use super::collect::Phase;
use super::header::Header;
use super::table::layout::{ELSEWHERE, Node, Table};
use super::{Heap, OutOfMemory};
use crate::value::Value;

impl Heap {
    /// Makes the keys or values of a table weak, or strong again. To be called when a metatable with or without a
    /// mode is set.
    ///
    /// # Errors
    /// No memory to move the contents; the table is as it was then.
    ///
    /// # Safety
    /// `table` is a live table of this heap.
    pub(crate) unsafe fn set_weak(&mut self, table: *mut Table, keys: bool, values: bool) -> Result<(), OutOfMemory> {
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
    ///
    /// # Safety
    /// Callers give a live table that is its own contents.
    unsafe fn hide_contents(&mut self, table: *mut Table) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live table that is its own contents. Parts move as they are, the collector may be
        // scanning them.
        unsafe {
            let contents = self.new_table(0, 0)?;
            let own = Table::new_own_part(self)?;
            Table::take_parts_out(table, self)?;
            (*Table::header_of_nodes(own)).metatable = Table::metatable(table);
            (*Table::header_of_nodes(own)).flags = ELSEWHERE;
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
    ///
    /// # Safety
    /// Callers give a table whose array field still is the hidden contents.
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
            } else {
                (*Table::hash_header(table)).flags &= !ELSEWHERE;
            }
        }
    }

    /// Makes sure that the collector leaves every entry alone: marks it while there is marking, removes it if it is
    /// dead.
    ///
    /// # Safety
    /// Callers give the contents of a live weak table.
    unsafe fn settle_entries(&mut self, contents: *mut Table) {
        let keep = matches!(self.cycle.phase(), Phase::Mark | Phase::Ephemerons);
        // SAFETY: callers give the contents of a live weak table; indices stay within its parts.
        unsafe {
            for index in 0..Table::slots_len(contents) {
                let slot = Table::slot(contents, index);
                let value = Value::load(slot);
                if keep {
                    self.shade(value);
                } else if self.is_condemned(value) {
                    Value::NIL.store(slot);
                }
            }
            for number in 0..Table::part_count(contents) {
                if let Some(part) = Table::part_at(contents, number) {
                    part.for_each(|node| self.settle_entry(&mut *node, keep));
                }
            }
        }
    }

    fn settle_entry(&mut self, node: &mut Node, keep: bool) {
        if node.is_empty() {
            return;
        }
        let (key, value) = (node.key(), node.value());
        if keep {
            self.shade(key);
            self.shade(value);
        } else if self.is_condemned(key) || self.is_condemned(value) {
            node.kill();
        }
    }
}
