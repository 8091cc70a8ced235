//! Globals, memories and tables: numbered as they are met, in instances, definitions and host objects, and each written once.

use super::save::{Saving, typed};
use crate::bytes::SnapshotError;
use crate::bytes::Writer;
use crate::heap::transfer::HeapSaver;
use crate::memory::{LinearMemory, TableInstance};
use crate::runtime::definitions::Definition;
use crate::runtime::instance::{GlobalCell, SharedMemory, SharedTable};
use minivm_isa::program::{ElementType, PAGE_BITS};
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Bytes of a memory that are left out together when they are zero.
pub(crate) const BLOCK_BYTES: usize = 4096;

// What an item is.
pub(crate) const FUNCTION: u8 = 0;
pub(crate) const GLOBAL: u8 = 1;
pub(crate) const MEMORY: u8 = 2;
pub(crate) const TABLE: u8 = 3;

/// What instances and host objects share.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) globals: Pool<GlobalCell>,
    pub(crate) memories: Pool<UnsafeCell<Box<LinearMemory>>>,
    pub(crate) tables: Pool<UnsafeCell<Box<TableInstance>>>,
    /// Whether what memories hold is not wanted.
    pub(crate) counts_only: bool,
}

/// Items of one kind.
pub(crate) struct Pool<T> {
    all: Vec<Rc<T>>,
    numbers: HashMap<*const T, usize>,
    /// So many are written.
    written: usize,
    /// What the loader makes them of, before there are cells.
    shapes: Writer,
    /// The values they hold.
    contents: Writer,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool { all: Vec::new(), numbers: HashMap::new(), written: 0, shapes: Writer::new(), contents: Writer::new() }
    }
}

impl<T> Pool<T> {
    /// The number of an item, from 0; it will be written.
    pub(crate) fn number(&mut self, item: &Rc<T>) -> usize {
        let next = self.all.len();
        let number = *self.numbers.entry(Rc::as_ptr(item)).or_insert(next);
        if number == next {
            self.all.push(item.clone());
        }
        number
    }

    /// All items, by their numbers.
    pub(crate) fn all(&self) -> &[Rc<T>] {
        &self.all
    }

    /// The next item that is not written yet.
    fn next(&mut self) -> Option<Rc<T>> {
        let next = self.all.get(self.written)?.clone();
        self.written += 1;
        Some(next)
    }
}

impl Items {
    /// Writes which item this is; false for a function, which is none of them.
    pub(crate) fn item(&mut self, item: &Definition, out: &mut Writer) -> bool {
        let (kind, number) = match item {
            Definition::Function(_) => return false,
            Definition::Global(global) => (GLOBAL, self.globals.number(global)),
            Definition::Memory(memory) => (MEMORY, self.memories.number(memory)),
            Definition::Table(table) => (TABLE, self.tables.number(table)),
        };
        out.byte(kind);
        out.count(number);
        true
    }

    /// Shapes, and contents, of all items.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<u8>) {
        let Items { globals, memories, tables, .. } = self;
        let mut shapes = Writer::new();
        for (count, written) in [
            (globals.all.len(), globals.shapes),
            (memories.all.len(), memories.shapes),
            (tables.all.len(), tables.shapes),
        ] {
            shapes.count(count);
            shapes.raw(&written.into_bytes());
        }
        (shapes.into_bytes(), [globals.contents.into_bytes(), tables.contents.into_bytes()].concat())
    }
}

impl Saving<'_> {
    /// Writes the items that were met since the last time.
    pub(crate) fn items_met(&mut self, heap: &mut HeapSaver) -> Result<(), SnapshotError> {
        while let Some(global) = self.items.globals.next() {
            let mut shape = std::mem::take(&mut self.items.globals.shapes);
            self.write_type(global.ty, &mut shape)?;
            shape.flag(global.mutable);
            self.write_element(global.holds, &mut shape)?;
            self.items.globals.shapes = shape;
            // SAFETY: nothing runs while the state is saved, and a global has two words.
            unsafe { typed(heap, global.ty, global.words.get().cast(), &mut self.items.globals.contents) };
        }
        while let Some(memory) = self.items.memories.next() {
            if !self.items.counts_only {
                write_memory(&memory, &mut self.items.memories.shapes);
            }
        }
        while let Some(table) = self.items.tables.next() {
            // SAFETY: nothing runs while the state is saved.
            let element = unsafe { (*table.get()).element() };
            let mut shape = std::mem::take(&mut self.items.tables.shapes);
            self.write_element(element, &mut shape)?;
            self.items.tables.shapes = shape;
            let Pool { shapes, contents, .. } = &mut self.items.tables;
            write_table(&table, heap, shapes, contents);
        }
        Ok(())
    }

    /// Writes what a global or table may hold; a declared type as a program that has it, and its number there.
    fn write_element(&self, element: ElementType, out: &mut Writer) -> Result<(), SnapshotError> {
        match element {
            ElementType::Any => out.byte(0),
            ElementType::Function => out.byte(1),
            ElementType::Tag(None) => out.byte(2),
            ElementType::Declared { is_function: false, .. } => out.byte(3),
            ElementType::Declared { is_function: true, .. } => out.byte(4),
            ElementType::Tag(Some(_)) => out.byte(5),
        }
        let Some(ty) = element.declared() else { return Ok(()) };
        let Some((instance, number)) = self.types[ty.as_u32() as usize] else {
            return Err(SnapshotError::Refused("a table or global is of a type whose program is gone".into()));
        };
        out.number(u64::from(instance));
        out.number(u64::from(number));
        Ok(())
    }
}

/// A memory: its sizes, then runs of blocks that are not all zero.
fn write_memory(memory: &SharedMemory, out: &mut Writer) {
    static ZEROES: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    // SAFETY: nothing runs while the state is saved.
    let memory = unsafe { &*memory.get() };
    out.number(memory.pages());
    out.number(memory.declared_maximum().map_or(0, |maximum| maximum.saturating_add(1)));
    out.flag(memory.page_bits() != PAGE_BITS);
    out.flag(memory.is_64());
    out.flag(memory.is_shared());
    out.number(memory.wait_number);
    let bytes = memory.bytes();
    let mut at = 0;
    let is_zero = |block: &[u8]| block == &ZEROES[..block.len()];
    while let Some(skipped) = bytes[at..].chunks(BLOCK_BYTES).position(|block| !is_zero(block)) {
        let start = at + skipped * BLOCK_BYTES;
        let length = bytes[start..].chunks(BLOCK_BYTES).take_while(|block| !is_zero(block)).count();
        out.count(length);
        out.count(skipped);
        // The last block of a memory with pages of one byte may be short.
        at = (start + length * BLOCK_BYTES).min(bytes.len());
        out.raw(&bytes[start..at]);
    }
    out.count(0);
}

fn write_table(table: &SharedTable, heap: &mut HeapSaver, shape: &mut Writer, contents: &mut Writer) {
    // SAFETY: nothing runs while the state is saved.
    let table = unsafe { &*table.get() };
    shape.number(table.declared_maximum().map_or(0, |maximum| maximum.saturating_add(1)));
    shape.flag(table.is_64());
    shape.count(table.values().len());
    for &value in table.values() {
        heap.value(value, contents);
    }
}
