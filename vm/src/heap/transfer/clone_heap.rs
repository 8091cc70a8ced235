//! A copied heap before its machine has it: what the heap does not know is put into its cells.

use super::load::{HeapLoader, LoadOutside, LoadedLayout};
use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};
use crate::heap::header::Header;
use crate::heap::intern::Interned;
use crate::heap::object::{Array, Closure, FiberCell, Owner, Record, Userdata};
use crate::heap::space::Space;
use crate::heap::string::Str;
use crate::heap::{Heap, KINDS, OutOfMemory};
use crate::value::Tag;

/// What cells hold that the heap does not know, and the cells that wait for it.
#[derive(Default)]
pub(super) struct Outside {
    /// The functions of closures, by number.
    pub(super) functions: Writer,
    pub(super) closures: Vec<(*mut Closure, u32)>,
    /// The types of records and arrays, by number.
    pub(super) layouts: Writer,
    pub(super) typed: Vec<(*mut Header, u32)>,
    /// Fibers and host objects, in the order in which they were met, and what they own.
    pub(super) owned: Writer,
    pub(super) owners: Vec<*mut Header>,
}

/// A copied heap.
pub(crate) struct HeapTwin {
    pub(super) space: Space,
    pub(super) interned: Interned,
    pub(super) kind_names: [*mut Str; KINDS],
    /// Cells that own memory of the host, in the order in which they were made.
    pub(super) owners: Vec<Owner>,
    pub(super) live_bytes: usize,
    /// Bytes that are charged for fibers which are dead.
    pub(super) dead_external: usize,
    /// What was met from outside, by number.
    pub(super) cells: Vec<*mut Header>,
    pub(super) outside: Outside,
}

/// Cells that were copied, and what they wait for.
pub(crate) struct WaitingCells {
    cells: Vec<*mut Header>,
    owners: Vec<Owner>,
    outside: Outside,
}

impl HeapTwin {
    /// Puts the copied cells into a heap in place of its own, none of which is used any more.
    ///
    /// # Errors
    /// When the limit of the heap does not allow them.
    pub(crate) fn put_into(self, heap: &mut Heap) -> Result<WaitingCells, OutOfMemory> {
        assert!(heap.owners.is_empty(), "a new heap owns nothing");
        heap.space = self.space;
        heap.interned = self.interned;
        heap.kind_names = self.kind_names;
        // Everything was allocated just now.
        (heap.granted, heap.last_grant, heap.debt) = (0, 0, -(self.live_bytes as i64));
        heap.external = self.dead_external;
        if heap.is_over_limit() {
            return Err(OutOfMemory { bytes: self.live_bytes });
        }
        Ok(WaitingCells { cells: self.cells, owners: self.owners, outside: self.outside })
    }
}

impl WaitingCells {
    /// Gives the cells what they wait for; fibers are yet to be read.
    pub(crate) fn complete(
        &mut self,
        heap: &mut Heap,
        outside: &mut dyn LoadOutside,
    ) -> Result<HeapLoader, SnapshotError> {
        self.functions(outside)?;
        self.layouts(outside)?;
        let mut fibers = Vec::new();
        let mut from = Reader::new(self.outside.owned.bytes(), "what cells own");
        for &owner in &self.outside.owners {
            // SAFETY: the cells were copied, and own nothing yet. The heap knows of each when it does.
            unsafe {
                if u32::from((*owner).kind()) == Tag::FIBER.0 {
                    fibers.push((owner.cast(), from.length().and_then(|length| from.block_apart(length))?));
                    let (state, drop_state, bytes) = outside.new_fiber()?;
                    FiberCell::give_state(owner.cast(), state, drop_state);
                    // So little is never refused.
                    let _ = heap.charge_fiber(owner.cast(), bytes);
                } else if from.flag()? {
                    let object = outside.host_object(&mut from)?;
                    heap.put_object(owner.cast::<Userdata>(), Some(object));
                }
            }
            heap.owners.push(Owner::Cell(owner));
        }
        from.end()?;
        // Dead ones are listed, too.
        debug_assert!(heap.owners.len() <= self.owners.len(), "what owns something is listed");
        heap.owners = std::mem::take(&mut self.owners).into_iter().collect();
        Ok(HeapLoader::of_cells(std::mem::take(&mut self.cells), fibers))
    }

    fn functions(&self, outside: &mut dyn LoadOutside) -> Result<(), SnapshotError> {
        let mut from = Reader::new(self.outside.functions.bytes(), "functions");
        let mut functions = Vec::new();
        while from.left() > 0 {
            functions.push(outside.function(&mut from)?);
        }
        for &(closure, number) in &self.outside.closures {
            let (function, code) = functions[number as usize];
            // SAFETY: the closures were copied.
            unsafe { ((*closure).function, (*closure).code) = (function, code) };
        }
        Ok(())
    }

    fn layouts(&self, outside: &mut dyn LoadOutside) -> Result<(), SnapshotError> {
        let mut from = Reader::new(self.outside.layouts.bytes(), "types");
        let mut layouts = Vec::new();
        while from.left() > 0 {
            layouts.push(outside.layout(&mut from)?);
        }
        for &(cell, number) in &self.outside.typed {
            let (type_index, layout) = &layouts[number as usize];
            // SAFETY: the cells were copied; they are records and arrays.
            unsafe {
                match layout {
                    LoadedLayout::Record(layout) => {
                        let record = cell.cast::<Record>();
                        ((*record).layout, (*record).type_index) = (*layout, *type_index);
                    }
                    LoadedLayout::Array(_) => (*cell.cast::<Array>()).type_index = *type_index,
                }
            }
        }
        Ok(())
    }
}
