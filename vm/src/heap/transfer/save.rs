//! From cells to bytes, in the order in which they are met.

use super::invariants::BYTES_MAX;
use super::map::AddressMap;
use super::{FINALISER, HIDDEN, REFERENCE, WEAK_KEYS, WEAK_VALUES};
use crate::bytes::SnapshotError;
use crate::bytes::Writer;
use crate::heap::header::Header;
use crate::heap::object::{Array, Cell, Closure, ElementKind, FiberCell, HostObject, Owner, Record, Userdata};
use crate::heap::string::Str;
use crate::heap::{Heap, Roots};
use crate::value::{Tag, Value};
use std::collections::BTreeMap;

/// What writes the parts of cells that the heap does not know.
pub(crate) trait SaveOutside {
    /// Writes which function a closure is of.
    fn function(&mut self, function: *const (), out: &mut Writer) -> Result<(), SnapshotError>;
    /// Writes the type of records or arrays with this number.
    fn layout(&mut self, type_index: u32, out: &mut Writer) -> Result<(), SnapshotError>;
    /// Writes the state of a fiber.
    ///
    /// # Safety
    /// `state` is that of a live fiber, which does not run.
    unsafe fn fiber(&mut self, state: *mut (), heap: &mut HeapSaver, out: &mut Writer) -> Result<(), SnapshotError>;
    /// Writes an object of the host.
    fn host_object(
        &mut self,
        object: &mut dyn HostObject,
        heap: &mut HeapSaver,
        out: &mut Writer,
    ) -> Result<(), SnapshotError>;
}

/// Numbers cells and writes them.
pub(crate) struct HeapSaver {
    pub(super) map: AddressMap,
    pub(super) cells: Vec<*mut Header>,
    /// Numbers of cells that hold the contents of a weak table, ascending.
    pub(super) hidden: Vec<u32>,
    /// Places in the contents that want the number of a cell, if that is met at all.
    pub(super) dead_keys: Vec<(usize, u64)>,
    /// Interned strings among the cells written.
    pub(crate) interned: usize,
    /// Bytes of all cells met.
    pub(crate) live_bytes: usize,
    /// Cells and their bytes by kind.
    pub(crate) census: BTreeMap<&'static str, (usize, usize)>,
    /// Cells are only counted: what is written of them is thrown away.
    pub(crate) counts_only: bool,
}

impl HeapSaver {
    pub(crate) fn new() -> Self {
        HeapSaver {
            map: AddressMap::new(),
            cells: Vec::new(),
            hidden: Vec::new(),
            dead_keys: Vec::new(),
            interned: 0,
            live_bytes: 0,
            census: BTreeMap::new(),
            counts_only: false,
        }
    }

    /// The number of a cell, from 1; it will be written.
    #[inline(always)]
    fn number(&mut self, cell: *mut Header) -> u64 {
        debug_assert!(!cell.is_null(), "only live cells are met");
        let entry = self.map.entry(cell.addr());
        if *entry == 0 {
            self.cells.push(cell);
            *entry = u32::try_from(self.cells.len()).expect("heaps have less than 2^32 cells");
        }
        u64::from(*entry)
    }

    /// The fibers that were met, in order.
    pub(crate) fn fibers(&self) -> Vec<*mut FiberCell> {
        // SAFETY: cells that were met are live.
        let is_fiber = |cell: &&*mut Header| unsafe { u32::from((***cell).kind()) == Tag::FIBER.0 };
        self.cells.iter().filter(is_fiber).map(|cell| cell.cast()).collect()
    }

    /// Whether a cell was met.
    pub(crate) fn has_met(&self, cell: *mut Header) -> bool {
        self.map.get(cell.addr()) != 0
    }

    /// Writes the number of a cell, or 0 for null.
    pub(crate) fn reference(&mut self, cell: *mut Header, out: &mut Writer) {
        let number = if cell.is_null() { 0 } else { self.number(cell) };
        out.number(number);
    }

    /// Writes a value.
    #[inline(always)]
    pub(crate) fn value(&mut self, value: Value, out: &mut Writer) {
        match value.tag {
            Tag::NIL | Tag::FALSE | Tag::TRUE => out.byte(value.tag.0 as u8),
            Tag::INT => {
                out.byte(Tag::INT.0 as u8);
                out.signed(value.payload as i64);
            }
            Tag::FLOAT => {
                out.byte(Tag::FLOAT.0 as u8);
                out.word(value.payload);
            }
            _ => {
                let number = self.number(value.pointer());
                out.byte(REFERENCE);
                out.number(number);
            }
        }
    }

    /// Writes values one after the other.
    ///
    /// # Safety
    /// `slots` points to `count` live values.
    pub(super) unsafe fn values(&mut self, slots: *const Value, count: usize, out: &mut Writer) {
        for index in 0..count {
            // SAFETY: the caller gives that many values.
            self.value(unsafe { Value::load(slots.add(index)) }, out);
        }
    }

    /// Writes all cells that were met and those they lead to; gives their number, shapes and contents.
    ///
    /// # Safety
    /// Everything that was met is live, and nothing is being changed.
    pub(crate) unsafe fn drain(
        &mut self,
        outside: &mut dyn SaveOutside,
    ) -> Result<(usize, Vec<u8>, Vec<u8>), SnapshotError> {
        let (mut shapes, mut contents) = (Writer::new(), Writer::new());
        let mut by_kind = [(0, 0); 16];
        let mut next = 0;
        while let Some(&cell) = self.cells.get(next) {
            next += 1;
            // SAFETY: the cell was reached from a live one.
            unsafe {
                let before = self.live_bytes;
                self.live_bytes += crate::heap::chunk::cell_bytes(cell.cast());
                self.shape(cell, next as u32, outside, &mut shapes)?;
                self.contents(cell, outside, &mut contents)?;
                let kind = &mut by_kind[usize::from((*cell).kind()) % 16];
                *kind = (kind.0 + 1, kind.1 + self.live_bytes - before);
            }
            if self.counts_only {
                shapes.forget();
                contents.forget();
                self.dead_keys.clear();
            }
        }
        for (at, address) in std::mem::take(&mut self.dead_keys) {
            contents.patch(at, self.map.get(address as usize));
        }
        let kinds = (0u32..).map(|kind| Tag(kind).name()).zip(by_kind).filter(|(_, (count, _))| *count > 0);
        self.census = kinds.collect();
        Ok((self.cells.len(), shapes.into_bytes(), contents.into_bytes()))
    }

    /// # Safety
    /// Callers give a live cell.
    unsafe fn shape(
        &mut self,
        cell: *mut Header,
        number: u32,
        outside: &mut dyn SaveOutside,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live cell.
        unsafe {
            let header = *cell;
            let tag = Tag(u32::from(header.kind()));
            let is_table = tag == Tag::TABLE;
            let mut flags = 0;
            if tag != Tag::STRING && header.has(Header::FINALISER) {
                flags |= FINALISER;
            }
            if is_table {
                flags |= if header.has(Header::WEAK_KEYS) { WEAK_KEYS } else { 0 };
                flags |= if header.has(Header::WEAK_VALUES) { WEAK_VALUES } else { 0 };
                flags |= if self.hidden.binary_search(&number).is_ok() { HIDDEN } else { 0 };
            }
            // Kinds are below 16.
            out.byte(header.kind() | flags << 4);
            out.number(header.id());
            match tag {
                Tag::STRING => {
                    self.interned += usize::from(!header.has(Header::LONG));
                    out.block(Str::bytes(cell.cast()));
                }
                Tag::BUFFER => {
                    out.number(Str::len(cell.cast()) as u64);
                    out.block(Str::written(cell.cast()));
                }
                Tag::TABLE => self.table_shape(cell.cast(), out),
                Tag::FUNCTION => out.number(u64::from((*cell.cast::<Closure>()).count)),
                Tag::RECORD => outside.layout((*cell.cast::<Record>()).type_index, out)?,
                Tag::ARRAY => {
                    outside.layout((*cell.cast::<Array>()).type_index, out)?;
                    out.number((*cell.cast::<Array>()).len);
                }
                Tag::USERDATA => out.number(u64::from((*cell.cast::<Userdata>()).count)),
                _ => {}
            }
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a live cell.
    unsafe fn contents(
        &mut self,
        cell: *mut Header,
        outside: &mut dyn SaveOutside,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live cell; its kind says what it is.
        unsafe {
            match Tag(u32::from((*cell).kind())) {
                Tag::TABLE => self.table(cell.cast(), out),
                Tag::FUNCTION => {
                    let closure = cell.cast::<Closure>();
                    outside.function((*closure).function, out)?;
                    self.values(Closure::upvalues(closure), (*closure).count as usize, out);
                }
                Tag::CELL => self.value((*cell.cast::<Cell>()).value, out),
                Tag::RECORD => self.record(cell.cast(), out),
                Tag::ARRAY => self.array(cell.cast(), out),
                Tag::USERDATA => self.userdata(cell.cast(), outside, out)?,
                Tag::FIBER => outside.fiber((*cell.cast::<FiberCell>()).state, self, out)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a live record, whose layout is within its words.
    unsafe fn record(&mut self, record: *mut Record, out: &mut Writer) {
        // SAFETY: callers give a live record, whose layout is within its words.
        unsafe {
            let layout = &*(*record).layout;
            let data = Record::data(record);
            let mut word = 0;
            while word < (*record).words {
                if layout.values().contains(&word) {
                    self.value(Value::load(data.add(word as usize).cast()), out);
                    word += 2;
                    continue;
                }
                let content = *data.add(word as usize);
                if layout.references().contains(&word) {
                    self.reference(std::ptr::with_exposed_provenance_mut(content as usize), out);
                } else {
                    out.word(content);
                }
                word += 1;
            }
        }
    }

    /// # Safety
    /// Callers give a live array with `len` elements of its kind.
    unsafe fn array(&mut self, array: *mut Array, out: &mut Writer) {
        // SAFETY: callers give a live array with `len` elements of its kind.
        unsafe {
            let (len, data) = ((*array).len as usize, Array::data(array));
            match (*array).element {
                ElementKind::Any => self.values(data.cast(), len, out),
                ElementKind::Ref => {
                    for index in 0..len {
                        let word = *data.cast::<u64>().add(index);
                        self.reference(std::ptr::with_exposed_provenance_mut(word as usize), out);
                    }
                }
                // Elements lie in memory as they are written: the machine is little-endian, see `load`.
                element => out.raw(std::slice::from_raw_parts(data, len * element.bytes())),
            }
        }
    }

    /// # Safety
    /// Callers give a live host object.
    unsafe fn userdata(
        &mut self,
        userdata: *mut Userdata,
        outside: &mut dyn SaveOutside,
        out: &mut Writer,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a live host object.
        unsafe {
            self.reference((*userdata).metatable.cast(), out);
            self.values(Userdata::user_values(userdata), (*userdata).count as usize, out);
            match &mut (*userdata).object {
                Some(object) => {
                    out.flag(true);
                    outside.host_object(&mut **object, self, out)
                }
                None => {
                    out.flag(false);
                    Ok(())
                }
            }
        }
    }
}

impl Heap {
    /// Ends the cycle that is under way, so that nothing of the collector is in between.
    pub(crate) fn settle(&mut self, roots: &mut dyn Roots) {
        if self.cycle.phase() != crate::heap::collect::Phase::Idle {
            self.finish_cycle(roots);
            self.grant();
        }
        self.space.return_all();
    }

    /// Forgets strings but for the live ones, so many: they do not travel, and the program shall make them anew in either
    /// copy.
    pub(crate) fn forget_strings(&mut self, live: usize, is_live: impl Fn(*mut Str) -> bool) {
        if live == self.interned.len() {
            return;
        }
        let mut from = Some(0);
        while let Some(bucket) = from {
            from = self.interned.purge(bucket, usize::MAX, &is_live);
        }
    }

    /// Writes what the heap knows besides its cells. Only between cycles.
    pub(crate) fn save_state(&mut self, saver: &mut HeapSaver, out: &mut Writer) {
        for list in self.finalisers.lists() {
            out.count(list.len());
            for object in list {
                saver.reference(object, out);
            }
        }
    }

    /// Writes what the heap counts, of which so many bytes are those of live cells.
    pub(crate) fn save_counters(&self, live_bytes: usize, out: &mut Writer) {
        out.number(self.last_id);
        // No machine comes to the ends of these counts, but one whose state was made up may.
        let bounded = |debt: i64| debt.clamp(-(BYTES_MAX as i64), BYTES_MAX as i64);
        let garbage = self.cell_bytes().saturating_sub(live_bytes);
        out.number(self.allocated_bytes().min(BYTES_MAX));
        out.count(garbage.min(BYTES_MAX as usize - live_bytes));
        out.signed(bounded(self.debt));
        out.signed(bounded(self.last_grant));
        out.count(self.live);
        out.count(self.live_external);
        out.flag(self.overdrawn);
        self.hash_key().iter().for_each(|&word| out.word(word));
        self.cycle.save(out);
    }
}

impl Heap {
    /// Writes what a collection goes through besides cells, so that it takes as many steps where they are loaded: how large
    /// the table of interned strings is, and what owns memory of the host: the numbers of cells, and for those that are dead
    /// the bytes charged for them.
    pub(crate) fn save_lists(&self, saver: &HeapSaver, out: &mut Writer) {
        self.interned.save(out);
        out.count(self.owners.len());
        for owner in self.owners.iter() {
            let charged = match owner {
                Owner::Cell(cell) if saver.has_met(cell) => {
                    out.number(saver.map.get(cell.addr()).into());
                    continue;
                }
                // SAFETY: listed owners are not freed yet.
                Owner::Cell(cell) => unsafe { Heap::charged_for(cell) },
                Owner::Dead { charged } => charged,
            };
            out.number(0);
            out.count(charged);
        }
    }
}

const _: () = assert!(cfg!(target_endian = "little"), "elements are written as they lie in memory");
