//! Cells copied as they lie, for another machine in the same process.
//!
//! Each chunk gets a clone in which the same cells are allocated, and what is reachable is copied to the same place there, with
//! references moved by the distance between the two. So the copy allocates what the original does, where the original does;
//! garbage stays garbage, of which nothing is copied. What the heap does not know is written as it is for snapshots, and waits
//! to be read: a function, a type, the state of a fiber, an object of the host.

use super::clone_heap::{HeapTwin, Outside};
use super::save::{HeapSaver, SaveOutside};
use crate::bytes::SnapshotError;
use crate::heap::chunk::{Bitmap, cell_bytes, chunk_of, clone_of, get_bit, set_bit};
use crate::heap::header::Header;
use crate::heap::marker::prefetch;
use crate::heap::notes::AddressHasher;
use crate::heap::object::{Array, Cell, Closure, ElementKind, FiberCell, Owner, Record, Userdata};
use crate::heap::space::Space;
use crate::heap::string::Str;
use crate::heap::table::layout::Node;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ptr::null_mut;

/// How many cells ahead memory is fetched.
const AHEAD: usize = 8;

/// Copies what is reachable.
pub(crate) struct HeapCopier {
    space: Space,
    /// The marks say which cells of the clones were copied, or are in the queue; the next cycle clears them.
    copied: Bitmap,
    /// Cells that were reached, in order.
    queue: Vec<*mut Header>,
    /// Interned strings among them.
    strings: usize,
    /// Bytes of the cells reached.
    live_bytes: usize,
    /// Nodes of clones whose key died.
    pub(super) dead_keys: Vec<*mut Node>,
    functions: Numbers,
    layouts: Numbers,
    outside: Outside,
}

/// Numbers of what was written, by address or number in the machine.
#[derive(Default)]
struct Numbers {
    known: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
    last: Option<(usize, u32)>,
}

impl Numbers {
    /// The number of something, which `write` writes when it is met first.
    #[inline(always)]
    fn number(&mut self, key: usize, write: impl FnOnce() -> Result<(), SnapshotError>) -> Result<u32, SnapshotError> {
        match self.last {
            Some((last, number)) if last == key => Ok(number),
            _ => self.look_up(key, write),
        }
    }

    fn look_up(&mut self, key: usize, write: impl FnOnce() -> Result<(), SnapshotError>) -> Result<u32, SnapshotError> {
        let next = u32::try_from(self.known.len()).map_err(|_| SnapshotError::OutOfMemory)?;
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            write()?;
        }
        self.last = Some((key, number));
        Ok(number)
    }
}

impl HeapCopier {
    /// Makes the clones of a heap's chunks. Only between cycles, and no other copy of it is made meanwhile.
    ///
    /// # Errors
    /// When the host has no memory.
    pub(crate) fn new(heap: &Heap) -> Result<HeapCopier, OutOfMemory> {
        let space = heap.space.cloned().ok_or(OutOfMemory { bytes: heap.footprint_bytes() })?;
        Ok(HeapCopier {
            copied: space.marks(),
            space,
            queue: Vec::new(),
            strings: 0,
            live_bytes: 0,
            dead_keys: Vec::new(),
            functions: Numbers::default(),
            layouts: Numbers::default(),
            outside: Outside::default(),
        })
    }

    /// Copies all cells that were met and those they lead to.
    ///
    /// # Safety
    /// Everything that was met is live and of the heap that is copied, and nothing is being changed.
    pub(crate) unsafe fn copy(
        &mut self,
        saver: &mut HeapSaver,
        outside: &mut dyn SaveOutside,
    ) -> Result<(), SnapshotError> {
        let (mut next, mut met) = (0, 0);
        loop {
            // SAFETY: the cells were met, or reached from such.
            unsafe {
                while let Some(&cell) = saver.cells.get(met) {
                    met += 1;
                    self.reach(cell);
                }
                let Some(&cell) = self.queue.get(next) else { return Ok(()) };
                if let Some(ahead) = self.queue.get(next + AHEAD) {
                    prefetch(ahead.addr());
                }
                next += 1;
                self.cell(cell, saver, outside)?;
            }
        }
    }

    /// Whether a cell of the heap was reached.
    ///
    /// # Safety
    /// `cell` is a cell of the heap that is copied, dead or not, in a chunk that is there.
    pub(crate) unsafe fn has_reached<T>(&self, cell: *mut T) -> bool {
        // SAFETY: the caller gives a cell of a live chunk, which has a clone.
        unsafe { get_bit(clone_of(cell).cast(), self.copied) }
    }

    /// The clone of a cell that was reached.
    ///
    /// # Safety
    /// `cell` is a cell of the heap that is copied.
    pub(crate) unsafe fn cloned<T>(&self, cell: *mut T) -> *mut T {
        // SAFETY: the caller gives a cell of a live chunk, which has a clone.
        unsafe {
            debug_assert!(self.has_reached(cell), "only what was reached is copied");
            clone_of(cell)
        }
    }

    /// Interned strings that were reached.
    pub(crate) fn strings(&self) -> usize {
        self.strings
    }

    /// Bytes of the cells that were reached.
    pub(crate) fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// The clone of a cell, which will be copied.
    ///
    /// # Safety
    /// Callers give a live cell of the heap.
    #[inline(always)]
    pub(super) unsafe fn reach<T>(&mut self, cell: *mut T) -> *mut T {
        // SAFETY: callers give a live cell of the heap.
        unsafe {
            let clone = clone_of(cell);
            if set_bit(clone.cast(), self.copied) {
                self.live_bytes += cell_bytes(cell.cast());
                self.queue.push(cell.cast());
            }
            clone
        }
    }

    /// Copies the first bytes of a cell; gives its clone.
    ///
    /// # Safety
    /// Callers give a cell of at least that many bytes.
    #[inline(always)]
    pub(super) unsafe fn copy_bytes<T>(cell: *mut T, bytes: usize) -> *mut T {
        // SAFETY: callers give a cell of at least that many bytes; its clone is another cell of the same size.
        unsafe {
            let clone = clone_of(cell);
            clone.cast::<u8>().copy_from_nonoverlapping(cell.cast::<u8>(), bytes);
            clone
        }
    }

    /// Copies a part of a table that has a cell of its own; gives its clone.
    ///
    /// # Safety
    /// Callers give a part of a live table of at least that many bytes.
    #[inline(always)]
    pub(super) unsafe fn copy_part<T>(&mut self, part: *mut T, bytes: usize) -> *mut T {
        // SAFETY: callers give a part of a live table of at least that many bytes.
        unsafe {
            if set_bit(clone_of(part).cast(), self.copied) {
                self.live_bytes += cell_bytes(part.cast());
            }
            HeapCopier::copy_bytes(part, bytes)
        }
    }

    /// Moves a reference that was copied, if it is one.
    ///
    /// # Safety
    /// Callers give a place that holds null or the address of a live cell.
    #[inline(always)]
    pub(super) unsafe fn reference<T>(&mut self, slot: *mut *mut T) {
        // SAFETY: callers give a place that holds null or the address of a live cell.
        unsafe {
            if !(*slot).is_null() {
                *slot = self.reach(*slot);
            }
        }
    }

    /// Moves the references among values that were copied.
    ///
    /// # Safety
    /// Callers give that many values, which refer to live cells.
    #[inline(always)]
    pub(super) unsafe fn values(&mut self, slots: *mut Value, count: usize) {
        // SAFETY: callers give that many values, which refer to live cells.
        unsafe {
            for index in 0..count {
                let slot = slots.add(index);
                if (*slot).tag.is_object() {
                    (*slot).payload = self.word((*slot).payload);
                }
            }
        }
    }

    /// The address of a cell's clone.
    ///
    /// # Safety
    /// Callers give the address of a live cell.
    #[inline(always)]
    pub(super) unsafe fn word(&mut self, address: u64) -> u64 {
        let cell: *mut Header = std::ptr::with_exposed_provenance_mut(address as usize);
        // SAFETY: callers give the address of a live cell. The provenance of clones is exposed.
        unsafe { self.reach(cell).addr() as u64 }
    }

    /// # Safety
    /// Callers give a live cell.
    unsafe fn cell(
        &mut self,
        cell: *mut Header,
        saver: &mut HeapSaver,
        outside: &mut dyn SaveOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live cell; its kind says what it is.
        unsafe {
            match Tag(u32::from((*cell).kind())) {
                Tag::STRING => {
                    let string = cell.cast::<Str>();
                    HeapCopier::copy_bytes(string, size_of::<Str>() + Str::len(string));
                    self.strings += usize::from(Str::is_short(string));
                }
                Tag::BUFFER => {
                    let buffer = cell.cast::<Str>();
                    HeapCopier::copy_bytes(buffer, size_of::<Str>() + Str::written(buffer).len());
                }
                Tag::TABLE => self.table(cell.cast()),
                Tag::FUNCTION => self.closure(cell.cast(), outside)?,
                Tag::CELL => {
                    let clone = HeapCopier::copy_bytes(cell.cast::<Cell>(), size_of::<Cell>());
                    self.values(&raw mut (*clone).value, 1);
                }
                Tag::RECORD => self.record(cell.cast(), outside)?,
                Tag::ARRAY => self.array(cell.cast(), outside)?,
                Tag::USERDATA => self.userdata(cell.cast(), saver, outside)?,
                Tag::FIBER => {
                    let fiber = cell.cast::<FiberCell>();
                    let clone = HeapCopier::copy_bytes(fiber, size_of::<FiberCell>());
                    (*clone).state = null_mut();
                    self.outside.owners.push(clone.cast());
                    outside.fiber((*fiber).state, saver, &mut self.outside.owned)?;
                }
                kind => unreachable!("no cell is of the kind {}", kind.name()),
            }
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a live closure.
    unsafe fn closure(&mut self, closure: *mut Closure, outside: &mut dyn SaveOutside) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live closure.
        unsafe {
            let count = (*closure).count as usize;
            let bytes = size_of::<Closure>() + count * size_of::<Value>();
            let clone = HeapCopier::copy_bytes(closure, bytes);
            self.values(Closure::upvalues(clone), count);
            let (function, out) = ((*closure).function, &mut self.outside.functions);
            let number = self.functions.number(function.addr(), || outside.function(function, out))?;
            self.outside.closures.push((clone, number));
        }
        Ok(())
    }

    /// The number of a type that was written.
    fn layout(&mut self, type_index: u32, outside: &mut dyn SaveOutside) -> Result<u32, SnapshotError> {
        let out = &mut self.outside.layouts;
        self.layouts.number(type_index as usize, || outside.layout(type_index, out))
    }

    /// # Safety
    /// Callers give a live record, whose layout is within its words.
    unsafe fn record(&mut self, record: *mut Record, outside: &mut dyn SaveOutside) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live record, whose layout is within its words.
        unsafe {
            let clone = HeapCopier::copy_bytes(record, size_of::<Record>() + (*record).words as usize * 8);
            let (layout, data) = (&*(*record).layout, Record::data(clone));
            for &word in layout.values() {
                self.values(data.add(word as usize).cast(), 1);
            }
            for &word in layout.references() {
                let word = data.add(word as usize);
                *word = if *word == 0 { 0 } else { self.word(*word) };
            }
            let number = self.layout((*record).type_index, outside)?;
            self.outside.typed.push((clone.cast(), number));
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a live array with `len` elements of its kind.
    unsafe fn array(&mut self, array: *mut Array, outside: &mut dyn SaveOutside) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live array with `len` elements of its kind.
        unsafe {
            let (len, element) = ((*array).len as usize, (*array).element);
            let clone = HeapCopier::copy_bytes(array, size_of::<Array>() + len * element.bytes());
            let data = Array::data(clone);
            match element {
                ElementKind::Any => self.values(data.cast(), len),
                ElementKind::Ref => {
                    for index in 0..len {
                        let word = data.cast::<u64>().add(index);
                        *word = if *word == 0 { 0 } else { self.word(*word) };
                    }
                }
                _ => {}
            }
            let number = self.layout((*array).type_index, outside)?;
            self.outside.typed.push((clone.cast(), number));
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a live host object.
    unsafe fn userdata(
        &mut self,
        userdata: *mut Userdata,
        saver: &mut HeapSaver,
        outside: &mut dyn SaveOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live host object. The object that was copied with its cell is not the clone's.
        unsafe {
            let count = (*userdata).count as usize;
            let clone = HeapCopier::copy_bytes(userdata, size_of::<Userdata>() + count * size_of::<Value>());
            (&raw mut (*clone).object).write(None);
            (*clone).charged = 0;
            self.outside.owners.push(clone.cast());
            self.reference(&raw mut (*clone).metatable);
            self.values(Userdata::user_values(clone), count);
            let object = &mut (*userdata).object;
            self.outside.owned.flag(object.is_some());
            match object {
                Some(object) => outside.host_object(&mut **object, saver, &mut self.outside.owned),
                None => Ok(()),
            }
        }
    }

    /// What was copied, as it was met. The heap has forgotten all interned strings but for those that were reached.
    ///
    /// # Safety
    /// It is the heap that was copied, and nothing was changed since.
    pub(crate) unsafe fn finish(mut self, heap: &Heap, saver: &HeapSaver) -> HeapTwin {
        // SAFETY: what is listed was reached, or can be asked whether it was.
        unsafe {
            self.resolve_dead_keys(heap);
            let dead_external = self.copy_dead_owners(heap);
            let owner_clone = |owner| match owner {
                Owner::Cell(cell) => Owner::Cell(clone_of(cell)),
                Owner::Dead { .. } => owner,
            };
            HeapTwin {
                interned: heap.interned.cloned(&|string| self.cloned(string)),
                kind_names: heap.kind_names.map(|name| self.cloned(name)),
                owners: heap.owners.iter().map(owner_clone).collect(),
                cells: saver.cells.iter().map(|&cell| self.cloned(cell)).collect(),
                live_bytes: self.live_bytes,
                dead_external,
                space: self.space,
                outside: self.outside,
            }
        }
    }

    /// Copies what is dead and owns something, as cells that own nothing, so that the collector finds as many of them; gives the
    /// bytes that are charged for them.
    ///
    /// # Safety
    /// The heap is the one that is being copied.
    unsafe fn copy_dead_owners(&mut self, heap: &Heap) -> usize {
        let mut bytes = 0;
        for owner in heap.owners.iter() {
            let owner = match owner {
                Owner::Cell(cell) => cell,
                Owner::Dead { charged } => {
                    bytes += charged;
                    continue;
                }
            };
            // SAFETY: listed owners are not freed yet. Nothing but the list refers to them.
            unsafe {
                if self.has_reached(owner) {
                    continue;
                }
                if u32::from((*owner).kind()) == Tag::FIBER.0 {
                    let clone = HeapCopier::copy_bytes(owner.cast::<FiberCell>(), size_of::<FiberCell>());
                    FiberCell::forget_state(clone);
                } else {
                    let clone = HeapCopier::copy_bytes(owner.cast::<Userdata>(), size_of::<Userdata>());
                    (&raw mut (*clone).object).write(None);
                }
                bytes += Heap::charged_for(owner);
            }
        }
        bytes
    }

    /// Moves dead keys, as others may be compared to them; forgets those whose chunk is gone.
    ///
    /// # Safety
    /// All chunks of the heap have been copied.
    unsafe fn resolve_dead_keys(&mut self, heap: &Heap) {
        let chunks = heap.space.chunk_addresses();
        for node in std::mem::take(&mut self.dead_keys) {
            // SAFETY: the nodes are those of clones. Chunks that are there have clones.
            unsafe {
                let key: *mut u8 = std::ptr::with_exposed_provenance_mut((*node).key as usize);
                let has_chunk = chunks.binary_search(&chunk_of(key).addr()).is_ok();
                (*node).key = if has_chunk { clone_of(key).addr() as u64 } else { 0 };
            }
        }
    }
}
