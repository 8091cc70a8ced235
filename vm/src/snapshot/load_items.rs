//! Globals, memories and tables from bytes: made before the cells that refer to them, filled when there are cells.

use super::load::Loading;
use super::save_items::{BLOCK_BYTES, GLOBAL, MEMORY, TABLE};
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::heap::transfer::HeapLoader;
use crate::memory::{LinearMemory, PAGE_BYTES, TableInstance};
use crate::runtime::codec::ObjectHandles;
use crate::runtime::definitions::{Definition, InstanceId};
use crate::runtime::externs::Extern;
use crate::runtime::instance::{GlobalCell, SharedMemory, SharedTable};
use crate::value::Value;
use minivm_isa::entities::Declared;
use minivm_isa::program::ElementType;
use std::cell::UnsafeCell;
use std::rc::Rc;

/// What instances and host objects share.
#[derive(Default)]
pub(crate) struct Items {
    pub(super) globals: Vec<Rc<GlobalCell>>,
    pub(super) memories: Vec<SharedMemory>,
    pub(super) tables: Vec<SharedTable>,
}

/// Reads which item is meant.
pub(super) fn pick<T: Clone>(pool: &[T], from: &mut Reader<'_>) -> Result<T, SnapshotError> {
    let index = from.size()?;
    pool.get(index).cloned().ok_or_else(|| from.damaged("there is no such global, memory or table"))
}

impl Items {
    /// Reads an item whose kind was read.
    pub(super) fn item(&self, kind: u8, from: &mut Reader<'_>) -> Result<Definition, SnapshotError> {
        Ok(match kind {
            GLOBAL => Definition::Global(pick(&self.globals, from)?),
            MEMORY => Definition::Memory(pick(&self.memories, from)?),
            TABLE => Definition::Table(pick(&self.tables, from)?),
            _ => return Err(from.damaged("an item is of no known kind")),
        })
    }
}

impl Loading<'_> {
    /// Makes all items; globals and tables hold nothing yet. No table has more elements than this.
    pub(super) fn make_items(&mut self, bytes: &[u8], elements_max: usize) -> Result<(), SnapshotError> {
        let mut from = Reader::new(bytes, "items");
        for _ in 0..from.count()? {
            let ty = self.read_type(&mut from)?;
            let mutable = from.flag()?;
            let holds = self.element_type(&mut from)?;
            let words = UnsafeCell::new([0; 2]);
            self.items.globals.push(Rc::new(GlobalCell { words, ty, mutable, holds }));
        }
        for _ in 0..from.count()? {
            let memory = self.memory(&mut from)?;
            self.items.memories.push(memory);
        }
        for _ in 0..from.count()? {
            let table = self.table(&mut from, elements_max as u64)?;
            self.items.tables.push(table);
        }
        from.end()
    }

    fn memory(&self, from: &mut Reader<'_>) -> Result<SharedMemory, SnapshotError> {
        let pages = from.number()?;
        let maximum = from.number()?.checked_sub(1);
        let is_64 = from.flag()?;
        let made = LinearMemory::new(pages, maximum, is_64, self.cx.heap.budget());
        let mut memory = made.map_err(|_| SnapshotError::OutOfMemory)?;
        debug_assert!(PAGE_BYTES.is_multiple_of(BLOCK_BYTES as u64));
        let mut at = 0u64;
        loop {
            let blocks = from.size()?;
            if blocks == 0 {
                break;
            }
            let skipped = from.number()?;
            let length = blocks.checked_mul(BLOCK_BYTES).ok_or_else(|| from.damaged("a memory is too large"))?;
            let bytes = from.raw(length)?;
            let start = skipped.checked_mul(BLOCK_BYTES as u64).and_then(|gap| at.checked_add(gap));
            let written = start.and_then(|start| memory.write(start, bytes).ok().map(|()| start));
            at = written.ok_or_else(|| from.damaged("bytes lie outside of their memory"))? + length as u64;
        }
        Ok(Rc::new(UnsafeCell::new(memory)))
    }

    fn table(&self, from: &mut Reader<'_>, elements_max: u64) -> Result<SharedTable, SnapshotError> {
        let element = self.element_type(from)?;
        let maximum = from.number()?.checked_sub(1);
        let is_64 = from.flag()?;
        let count = from.number()?;
        if count > elements_max {
            return Err(from.damaged("a table has more elements than there are"));
        }
        let made = TableInstance::new(element, (count, maximum), is_64, Value::NIL, self.cx.heap.budget());
        let table = made.map_err(|_| SnapshotError::OutOfMemory)?;
        Ok(Rc::new(UnsafeCell::new(table)))
    }

    /// Reads what globals and tables hold.
    pub(super) fn fill_items(&self, cells: &HeapLoader<'_>, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for global in &self.items.globals {
            let words = self.typed(cells, global.ty, from)?;
            // SAFETY: nothing runs while a state is loaded.
            unsafe { *global.words.get() = words };
        }
        for table in &self.items.tables {
            // SAFETY: as above.
            let table = unsafe { &mut *table.get() };
            for index in 0..table.length() {
                let value = cells.value(from)?;
                table.set(index, value).map_err(|_| from.damaged("a table holds what it may not"))?;
            }
        }
        Ok(())
    }

    /// Reads what a global or table may hold.
    fn element_type(&self, from: &mut Reader<'_>) -> Result<ElementType, SnapshotError> {
        match from.byte()? {
            0 => Ok(ElementType::Any),
            1 => Ok(ElementType::Function),
            2 => Ok(ElementType::Tag(None)),
            3 => Ok(ElementType::Declared { is_function: false, ty: self.declared_type(from)? }),
            4 => Ok(ElementType::Declared { is_function: true, ty: self.declared_type(from)? }),
            5 => Ok(ElementType::Tag(Some(self.declared_type(from)?))),
            _ => Err(from.damaged("a global or table holds something unknown")),
        }
    }

    fn declared_type(&self, from: &mut Reader<'_>) -> Result<Declared, SnapshotError> {
        let instance = self.instance(from)?;
        let number = from.size()?;
        let ty = instance.types.get(number).ok_or_else(|| from.damaged("there is no such declared type"))?;
        Ok(Declared::from_u32(*ty))
    }

    /// Reads what an object of the host keeps of the machine.
    pub(super) fn handles(&mut self, from: &mut Reader<'_>) -> Result<ObjectHandles, SnapshotError> {
        let mut handles = ObjectHandles::default();
        for _ in 0..from.count()? {
            let kind = from.byte()?;
            handles.items.push(Extern(self.items.item(kind, from)?));
        }
        for _ in 0..from.count()? {
            let number = from.u32()?;
            if self.cx.instances.get(number).is_none() {
                return Err(from.damaged("an object keeps a program that is not there"));
            }
            handles.instances.push(InstanceId(number));
        }
        Ok(handles)
    }
}
