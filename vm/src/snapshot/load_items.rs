//! Globals, memories and tables from bytes: made before the cells that refer to them, filled when there are cells.

use super::load::Loading;
use super::save_items::{BLOCK_BYTES, GLOBAL, MEMORY, TABLE};
use crate::bytes::Reader;
use crate::bytes::SnapshotError;
use crate::heap::transfer::HeapLoader;
use crate::memory::{LinearMemory, TableInstance};
use crate::runtime::codec::ObjectHandles;
use crate::runtime::definitions::{Definition, InstanceId};
use crate::runtime::externs::Extern;
use crate::runtime::instance::{GlobalCell, SharedMemory, SharedTable};
use crate::runtime::loaded_program::ProgramHandle;
use crate::runtime::program_types::ProgramTypes;
use crate::value::{Tag, Value};
use minivm_isa::Type;
use minivm_isa::entities::Declared;
use minivm_isa::program::{ElementType, PAGE_BITS};
use std::cell::UnsafeCell;
use std::rc::Rc;

/// Bytes that a global takes, with what counts those who refer to it.
const GLOBAL_BYTES: u64 = size_of::<GlobalCell>() as u64 + 40;

/// Bytes that a host object's handle takes.
const HANDLE_BYTES: u64 = 2 * size_of::<Extern>() as u64;

/// What instances and host objects share.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) globals: Vec<Rc<GlobalCell>>,
    pub(crate) memories: Vec<SharedMemory>,
    pub(crate) tables: Vec<SharedTable>,
}

/// Reads which item is meant.
pub(crate) fn pick<T: Clone>(pool: &[T], from: &mut Reader<'_>) -> Result<T, SnapshotError> {
    let index = from.size()?;
    pool.get(index).cloned().ok_or_else(|| from.damaged("unknown global, memory or table"))
}

impl Items {
    /// Reads an item whose kind was read.
    pub(crate) fn item(&self, kind: u8, from: &mut Reader<'_>) -> Result<Definition, SnapshotError> {
        Ok(match kind {
            GLOBAL => Definition::Global(pick(&self.globals, from)?),
            MEMORY => Definition::Memory(pick(&self.memories, from)?),
            TABLE => Definition::Table(pick(&self.tables, from)?),
            _ => return Err(from.damaged("unknown kind of item")),
        })
    }
}

impl Loading<'_> {
    /// Makes all items; globals and tables hold nothing yet. Tables have no more elements than this together.
    pub(crate) fn make_items(&mut self, from: &mut Reader<'_>, mut elements_max: u64) -> Result<(), SnapshotError> {
        for _ in 0..from.count()? {
            from.label("global");
            self.hold(GLOBAL_BYTES)?;
            let (ty, first) = self.read_type(from)?;
            let mutable = from.flag()?;
            let (holds, second) = self.element_type(from)?;
            let words = UnsafeCell::new([0; 2]);
            let _types = first.into_iter().chain(second).collect();
            self.items.globals.push(Rc::new(GlobalCell { words, ty, mutable, holds, _types }));
        }
        for _ in 0..from.count()? {
            from.label("memory");
            let memory = self.memory(from)?;
            self.items.memories.push(memory);
        }
        for _ in 0..from.count()? {
            from.label("wasm table");
            let table = self.table(from, &mut elements_max)?;
            self.items.tables.push(table);
        }
        from.end()
    }

    fn memory(&self, from: &mut Reader<'_>) -> Result<SharedMemory, SnapshotError> {
        let pages = from.number()?;
        let maximum = from.number()?.checked_sub(1);
        let page_bits = if from.flag()? { 0 } else { PAGE_BITS };
        let (is_64, is_shared, wait_number) = (from.flag()?, from.flag()?, from.number()?);
        if maximum.is_some_and(|maximum| pages > maximum) {
            return Err(from.damaged("memory size exceeds its maximum"));
        }
        let made = LinearMemory::with_pages(page_bits, (pages, maximum), is_64, self.cx.heap.budget());
        let mut memory = made.map_err(|_| SnapshotError::OutOfMemory)?;
        memory.set_shared(is_shared);
        memory.wait_number = wait_number;
        let mut at = 0u64;
        loop {
            let blocks = from.size()?;
            if blocks == 0 {
                break;
            }
            let skipped = from.number()?;
            let length = (blocks as u64).saturating_mul(BLOCK_BYTES as u64);
            let start = skipped.checked_mul(BLOCK_BYTES as u64).and_then(|gap| at.checked_add(gap));
            // The last block of a memory with pages of one byte may be short.
            let end = start.map_or(0, |start| start.saturating_add(length).min((memory.length() as u64).max(start)));
            let length = end - start.unwrap_or_default().min(end);
            let place = start.and_then(|start| memory.slice_mut(start, length).ok());
            from.fill(place.ok_or_else(|| from.damaged("bytes lie outside their memory"))?)?;
            at = start.unwrap_or_default() + length;
        }
        Ok(Rc::new(UnsafeCell::new(memory)))
    }

    fn table(&self, from: &mut Reader<'_>, elements_max: &mut u64) -> Result<SharedTable, SnapshotError> {
        let (element, types) = self.element_type(from)?;
        let maximum = from.number()?.checked_sub(1);
        let is_64 = from.flag()?;
        let count = from.number()?;
        let left = elements_max.checked_sub(count);
        *elements_max = left.ok_or_else(|| from.damaged("a table has more elements than declared"))?;
        if maximum.is_some_and(|maximum| count > maximum) {
            return Err(from.damaged("table size exceeds its maximum"));
        }
        let made = TableInstance::new(element, (count, maximum), is_64, Value::NIL, self.cx.heap.budget());
        let mut table = made.map_err(|_| SnapshotError::OutOfMemory)?;
        if let Some(types) = types {
            table.keep_types(types);
        }
        Ok(Rc::new(UnsafeCell::new(table)))
    }

    /// Reads what globals and tables hold.
    pub(crate) fn fill_items(&self, cells: &HeapLoader, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for global in &self.items.globals {
            from.label("global");
            let words = self.typed(cells, global.ty, from)?;
            let holds_function = matches!(Tag(words[1] as u32), Tag::FUNCTION | Tag::NIL);
            if global.ty == Type::Any && global.holds == ElementType::Function && !holds_function {
                return Err(from.damaged("wrong type of value in a global"));
            }
            // SAFETY: nothing runs while a state is loaded.
            unsafe { *global.words.get() = words };
        }
        for table in &self.items.tables {
            // SAFETY: as above.
            let table = unsafe { &mut *table.get() };
            from.label("wasm table");
            for index in 0..table.length() {
                let value = cells.value(from)?;
                table.set(index, value).map_err(|_| from.damaged("wrong type of value in a table"))?;
            }
        }
        Ok(())
    }

    /// Reads what a global or table may hold, and the types of the program that names it, where one does.
    fn element_type(&self, from: &mut Reader<'_>) -> Result<(ElementType, Option<Rc<ProgramTypes>>), SnapshotError> {
        let kind = from.byte()?;
        let baseline = match kind {
            0 => Some(ElementType::Any),
            1 => Some(ElementType::Function),
            2 => Some(ElementType::Tag(None)),
            _ => None,
        };
        if let Some(baseline) = baseline {
            return Ok((baseline, None));
        }
        let types = self.instance(from)?.types.clone();
        let declared = types.declared.get(from.size()?).ok_or_else(|| from.damaged("unknown declared type"))?;
        let ty = Declared::from_u32(*declared);
        let element = match kind {
            3 => ElementType::Declared { is_function: false, ty },
            4 => ElementType::Declared { is_function: true, ty },
            5 => ElementType::Tag(Some(ty)),
            _ => return Err(from.damaged("unknown kind of value in a global or table")),
        };
        Ok((element, Some(types)))
    }

    /// Reads what an object of the host keeps of the machine.
    pub(crate) fn handles(&mut self, from: &mut Reader<'_>) -> Result<ObjectHandles, SnapshotError> {
        let mut handles = ObjectHandles::default();
        for _ in 0..from.count()? {
            let kind = from.byte()?;
            self.hold_lasting(HANDLE_BYTES)?;
            handles.items.push(Extern(self.items.item(kind, from)?));
        }
        for _ in 0..from.count()? {
            let number = from.u32()?;
            self.hold_lasting(HANDLE_BYTES)?;
            if self.cx.instances.get(number).is_none() {
                return Err(from.damaged("an object keeps a program that is missing"));
            }
            handles.instances.push(InstanceId(number));
        }
        for _ in 0..from.count()? {
            let program = self.programs.get(from.size()?).cloned();
            self.hold_lasting(HANDLE_BYTES)?;
            handles.programs.push(ProgramHandle(program.ok_or_else(|| from.damaged("unknown program"))?));
        }
        Ok(handles)
    }
}
