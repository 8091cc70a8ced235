//! From bytes to cells. Nothing that was written is trusted: every size, number and kind is checked before it is used.

use super::{FINALISER, HIDDEN, REFERENCE, WEAK_KEYS, WEAK_VALUES};
use crate::heap::header::Header;
use crate::heap::object::{
    Array, Cell, Closure, ElementKind, FiberCell, HostObject, Owner, Record, RecordLayout, Userdata,
};
use crate::heap::table::layout::Table;
use crate::heap::{Heap, OutOfMemory};
use crate::snapshot::SnapshotError;
use crate::snapshot::bytes::Reader;
use crate::value::{Tag, Value};

/// What objects of a type look like.
pub(crate) enum LoadedLayout {
    /// Records; the layout outlives the heap.
    Record(*const RecordLayout),
    /// Arrays of these elements.
    Array(ElementKind),
}

/// The state of a fiber, and what drops it.
pub(crate) type FiberState = (*mut (), unsafe fn(*mut ()));

/// What reads the parts of cells that the heap does not know.
pub(crate) trait LoadOutside {
    /// Reads which function a closure is of: the function, and where its code is entered.
    fn function(&mut self, from: &mut Reader<'_>) -> Result<(*const (), *const u8), SnapshotError>;
    /// Whether a closure over a function may capture these values.
    ///
    /// # Safety
    /// `function` came from [`function`](Self::function).
    unsafe fn may_capture(&self, function: *const (), captures: &[Value]) -> bool;
    /// Whether what closures over a function capture belongs to the machine.
    ///
    /// # Safety
    /// As for [`may_capture`](Self::may_capture).
    unsafe fn is_sealed(&self, function: *const ()) -> bool;
    /// Reads a type; its number in this machine, and what its objects look like.
    fn layout(&mut self, from: &mut Reader<'_>) -> Result<(u32, LoadedLayout), SnapshotError>;
    /// Whether a reference may stand in a word of a record, or in an array, of this type. What it refers to is whole as
    /// far as kind and type go; none stands for null.
    fn may_refer(&self, type_index: u32, word: u32, to: Option<Value>) -> bool;
    /// A fiber's state, yet to be read, and how it is dropped.
    fn new_fiber(&mut self) -> Result<FiberState, SnapshotError>;
    /// Reads an object of the host.
    fn host_object(&mut self, from: &mut Reader<'_>) -> Result<Box<dyn HostObject>, SnapshotError>;
}

impl From<OutOfMemory> for SnapshotError {
    fn from(_: OutOfMemory) -> Self {
        SnapshotError::OutOfMemory
    }
}

/// The cells of a heap that is being read.
pub(crate) struct HeapLoader<'a> {
    cells: Vec<*mut Header>,
    /// Fibers, which are read when everything else was.
    pub(crate) fibers: Vec<(*mut FiberCell, &'a [u8])>,
    /// What is known of each cell as the contents of a weak table.
    hidden: Vec<Hidden>,
    has_hidden: bool,
    /// The largest number that a cell has for its identity.
    last_id: u64,
    /// Bytes of the contents: no hash part has more nodes than that.
    pub(super) nodes_max: usize,
    pub(super) chains: super::chains::Chains,
}

/// Whether a cell holds the contents of a weak table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hidden {
    No,
    /// It does, and the table was not met yet.
    Waiting,
    /// It does.
    Taken,
}

impl<'a> HeapLoader<'a> {
    /// Makes all cells of `count` shapes, about `strings` of them short strings, then reads their contents.
    pub(crate) fn load(
        heap: &mut Heap,
        count: usize,
        strings: usize,
        shapes: &[u8],
        contents: &'a [u8],
        outside: &mut dyn LoadOutside,
    ) -> Result<HeapLoader<'a>, SnapshotError> {
        let mut shapes = Reader::new(shapes, "shapes of cells");
        if count > shapes.left() {
            return Err(shapes.damaged("there are fewer than it says"));
        }
        let mut loader = HeapLoader {
            cells: Vec::with_capacity(count),
            fibers: Vec::new(),
            hidden: Vec::new(),
            has_hidden: false,
            last_id: 0,
            nodes_max: contents.len(),
            chains: Default::default(),
        };
        heap.interned.reserve(strings.min(count));
        for _ in 0..count {
            loader.shape(heap, &mut shapes, outside)?;
        }
        shapes.end()?;
        let mut from = Reader::new(contents, "contents of cells");
        for index in 0..count {
            let cell = loader.cells[index];
            // SAFETY: the cell was made from its shape, and nothing else uses it yet.
            unsafe { loader.contents(cell, &mut from, outside)? };
        }
        from.end()?;
        heap.charge_objects();
        if loader.hidden.contains(&Hidden::Waiting) {
            return Err(from.damaged("the contents of a weak table belong to none"));
        }
        Ok(loader)
    }

    /// The loader of cells that are there already, in the order of their numbers, and of fibers that are yet to be read.
    pub(super) fn of_cells(cells: Vec<*mut Header>, fibers: Vec<(*mut FiberCell, &'a [u8])>) -> HeapLoader<'a> {
        HeapLoader {
            cells,
            fibers,
            hidden: Vec::new(),
            has_hidden: false,
            last_id: 0,
            nodes_max: 0,
            chains: Default::default(),
        }
    }

    fn shape(
        &mut self,
        heap: &mut Heap,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        let first = from.byte()?;
        let (kind, flags) = (Tag(u32::from(first & 15)), first >> 4);
        let id = from.number()?;
        let is_table = kind == Tag::TABLE;
        let known = if is_table { FINALISER | WEAK_KEYS | WEAK_VALUES | HIDDEN } else { FINALISER };
        let may_end = is_table || kind == Tag::USERDATA;
        if flags & !known != 0 || flags & FINALISER != 0 && !may_end || id >= 1 << 48 {
            return Err(from.damaged("a cell has flags it cannot have"));
        }
        self.last_id = self.last_id.max(id);
        let is_hidden = flags & HIDDEN != 0;
        if is_hidden && flags != HIDDEN {
            return Err(from.damaged("the contents of a weak table are weak or hidden twice"));
        }
        let cell = self.make(heap, kind, flags, from, outside)?;
        // SAFETY: the cell was just made; a string may be one that was there already.
        unsafe {
            if id != 0 && (*cell).id() != id {
                if (*cell).id() != 0 {
                    return Err(from.damaged("a string stands there twice"));
                }
                (*cell).set_id(id);
            }
            if flags & FINALISER != 0 {
                (*cell).set(Header::FINALISER);
            }
        }
        self.cells.push(cell);
        self.hidden.push(if is_hidden { Hidden::Waiting } else { Hidden::No });
        self.has_hidden |= is_hidden;
        Ok(())
    }

    fn make(
        &self,
        heap: &mut Heap,
        kind: Tag,
        flags: u8,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<*mut Header, SnapshotError> {
        Ok(match kind {
            Tag::STRING => {
                let bytes = from.block()?;
                heap.new_string(bytes)?.cast()
            }
            Tag::BUFFER => {
                let len = from.number()?;
                let written = from.block()?;
                if len < written.len() as u64 {
                    return Err(from.damaged("more of a buffer is written than there is"));
                }
                let buffer = heap.buffer(usize::try_from(len).unwrap_or(usize::MAX))?;
                heap.append_to_buffer(buffer, written.len(), |_, window| window.copy_from_slice(written));
                buffer.pointer()
            }
            Tag::TABLE => self.table_shape(heap, flags & (WEAK_KEYS | WEAK_VALUES), from)?.cast(),
            Tag::FUNCTION => {
                let count = from.u32()?;
                if count as usize > self.nodes_max {
                    return Err(from.damaged("a function captures more than there is"));
                }
                heap.new_closure(std::ptr::null(), std::ptr::null(), count)?.cast()
            }
            Tag::CELL => heap.new_cell(Value::NIL)?.cast(),
            Tag::RECORD => match outside.layout(from)? {
                // SAFETY: the layout outlives the heap.
                (number, LoadedLayout::Record(layout)) => unsafe { heap.new_record(layout, number)?.cast() },
                (_, LoadedLayout::Array(_)) => return Err(from.damaged("a record has the type of an array")),
            },
            Tag::ARRAY => {
                let (number, LoadedLayout::Array(element)) = outside.layout(from)? else {
                    return Err(from.damaged("an array has the type of a record"));
                };
                let len = from.number()?;
                if len > self.nodes_max as u64 {
                    return Err(from.damaged("an array is longer than what there is"));
                }
                let array = heap.new_array(element, len)?;
                // SAFETY: the array was just made.
                unsafe { (*array).type_index = number };
                array.cast()
            }
            Tag::USERDATA => {
                let count = from.u32()?;
                if count as usize > self.nodes_max {
                    return Err(from.damaged("a host object has more values than there are"));
                }
                heap.new_userdata(Box::new(Nothing), count)?.cast()
            }
            Tag::FIBER => {
                let (state, drop_state) = outside.new_fiber()?;
                // SAFETY: the state came with the function that drops it.
                let made = unsafe { heap.new_fiber(state, drop_state) };
                if made.is_err() {
                    // SAFETY: the heap did not take it.
                    unsafe { drop_state(state) };
                }
                made?.cast()
            }
            _ => return Err(from.damaged("a cell is of no known kind")),
        })
    }

    /// The number of a cell, from 1, as the cell.
    #[inline(always)]
    fn cell(&self, from: &Reader<'_>, number: u64) -> Result<*mut Header, SnapshotError> {
        match self.cells.get((number as usize).wrapping_sub(1)) {
            Some(&cell) if !self.has_hidden || self.hidden[number as usize - 1] == Hidden::No => Ok(cell),
            Some(_) => Err(from.damaged("something refers to the contents of a weak table")),
            None => Err(from.damaged("there is no cell of that number")),
        }
    }

    /// Reads a value of any kind that programs see.
    #[inline(always)]
    pub(crate) fn value(&self, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        let value = self.kept_value(from)?;
        if value.tag == Tag::BUFFER { Err(from.damaged("a buffer stands for a value")) } else { Ok(value) }
    }

    /// Reads a value of any kind that host functions keep.
    #[inline(always)]
    pub(crate) fn kept_value(&self, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        let value = self.capture(from)?;
        if value.tag == Tag::CELL { Err(from.damaged("a variable stands for a value")) } else { Ok(value) }
    }

    /// Reads a value, or a captured variable.
    #[inline(always)]
    pub(crate) fn capture(&self, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        let tag = from.byte()?;
        self.value_of(tag, from)
    }

    /// Reads a value whose tag byte was read.
    #[inline(always)]
    pub(super) fn value_of(&self, tag: u8, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        Ok(match tag {
            0 => Value::NIL,
            1 => Value::FALSE,
            2 => Value::TRUE,
            3 => Value::int(from.signed()?),
            4 => Value { payload: from.word()?, tag: Tag::FLOAT },
            REFERENCE => {
                let number = from.number()?;
                // SAFETY: all cells here are live.
                unsafe { Value::from_object(self.cell(from, number)?) }
            }
            _ => return Err(from.damaged("a value is of no known kind")),
        })
    }

    /// Reads a reference to a cell of any kind, or null.
    pub(crate) fn reference(&self, from: &mut Reader<'_>) -> Result<Option<Value>, SnapshotError> {
        match from.number()? {
            0 => Ok(None),
            // SAFETY: all cells here are live.
            number => Ok(Some(unsafe { Value::from_object(self.cell(from, number)?) })),
        }
    }

    /// Reads a reference to a cell of one kind, or null.
    pub(crate) fn reference_to(&self, tag: Tag, from: &mut Reader<'_>) -> Result<*mut Header, SnapshotError> {
        match self.reference(from)? {
            None => Ok(std::ptr::null_mut()),
            Some(value) if value.tag == tag => Ok(value.pointer()),
            Some(_) => Err(from.damaged("a reference is to another kind of thing")),
        }
    }

    /// The cell of a number that may be that of nothing.
    pub(super) fn cell_at(&self, number: u32) -> Option<*mut Header> {
        self.cells.get((number as usize).wrapping_sub(1)).copied()
    }

    /// Reads the reference of a weak table to its contents, which belong to no other.
    pub(super) fn take_hidden(&mut self, from: &mut Reader<'_>) -> Result<*mut Table, SnapshotError> {
        let number = from.size()?;
        match self.hidden.get_mut(number.wrapping_sub(1)) {
            Some(hidden) if *hidden == Hidden::Waiting => {
                *hidden = Hidden::Taken;
                Ok(self.cells[number - 1].cast())
            }
            _ => Err(from.damaged("a weak table has no contents of its own")),
        }
    }

    unsafe fn contents(
        &mut self,
        cell: *mut Header,
        from: &mut Reader<'a>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a cell made from its shape; its kind says what it is.
        unsafe {
            match Tag(u32::from((*cell).kind())) {
                Tag::TABLE => self.table(cell.cast(), from),
                Tag::FUNCTION => {
                    let closure = cell.cast::<Closure>();
                    let (function, code) = outside.function(from)?;
                    let slots = Closure::upvalues(closure);
                    let count = (*closure).count as usize;
                    for index in 0..count {
                        self.capture(from)?.store(slots.add(index));
                    }
                    if !outside.may_capture(function, std::slice::from_raw_parts(slots, count)) {
                        return Err(from.damaged("a function captures what it cannot"));
                    }
                    if outside.is_sealed(function) {
                        (*closure).header.set(Header::SEALED);
                    }
                    (*closure).function = function;
                    (*closure).code = code;
                    Ok(())
                }
                Tag::CELL => {
                    (*cell.cast::<Cell>()).value = self.value(from)?;
                    Ok(())
                }
                Tag::RECORD => self.record(cell.cast(), from, outside),
                Tag::ARRAY => self.array(cell.cast(), from, outside),
                Tag::USERDATA => self.userdata(cell.cast(), from, outside),
                Tag::FIBER => {
                    self.fibers.push((cell.cast(), from.block()?));
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }

    unsafe fn record(
        &mut self,
        record: *mut Record,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a record as it was made, whose layout is within its words.
        unsafe {
            let layout = &*(*record).layout;
            let data = Record::data(record);
            let mut word = 0;
            while word < (*record).words {
                if layout.values().contains(&word) {
                    self.value(from)?.store(data.add(word as usize).cast());
                    word += 2;
                    continue;
                }
                *data.add(word as usize) = if layout.references().contains(&word) {
                    self.checked_reference((*record).type_index, word, from, outside)?
                } else {
                    from.word()?
                };
                word += 1;
            }
        }
        Ok(())
    }

    fn checked_reference(
        &self,
        type_index: u32,
        word: u32,
        from: &mut Reader<'_>,
        outside: &dyn LoadOutside,
    ) -> Result<u64, SnapshotError> {
        let to = self.reference(from)?;
        if !outside.may_refer(type_index, word, to) {
            return Err(from.damaged("a reference is to another type of object"));
        }
        Ok(to.map_or(0, |value| value.payload))
    }

    unsafe fn array(
        &mut self,
        array: *mut Array,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give an array as it was made, with `len` elements of its kind.
        unsafe {
            let (len, data) = ((*array).len as usize, Array::data(array));
            match (*array).element {
                ElementKind::Any => {
                    for index in 0..len {
                        self.value(from)?.store(data.cast::<Value>().add(index));
                    }
                }
                ElementKind::Ref => {
                    for index in 0..len {
                        let word = self.checked_reference((*array).type_index, 0, from, outside)?;
                        *data.cast::<u64>().add(index) = word;
                    }
                }
                element => {
                    let bytes = from.raw(len * element.bytes())?;
                    data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                }
            }
        }
        Ok(())
    }

    unsafe fn userdata(
        &mut self,
        userdata: *mut Userdata,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a host object as it was made.
        unsafe {
            (*userdata).metatable = self.reference_to(Tag::TABLE, from)?.cast();
            let slots = Userdata::user_values(userdata);
            for index in 0..(*userdata).count as usize {
                self.value(from)?.store(slots.add(index));
            }
            (*userdata).object = if from.flag()? { Some(outside.host_object(from)?) } else { None };
        }
        Ok(())
    }

    /// Reads what the heap knows besides its cells.
    pub(crate) fn state(&self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let mut lists = [Vec::new(), Vec::new()];
        for list in &mut lists {
            for _ in 0..from.count()? {
                match self.reference(from)? {
                    // SAFETY: all cells here are live.
                    Some(object) if unsafe { (*object.pointer()).has(Header::FINALISER) } => {
                        // SAFETY: as above. The flag is taken off, so that none stands in a list twice.
                        unsafe { (*object.pointer()).clear(Header::FINALISER) };
                        list.push(object.pointer());
                    }
                    _ => return Err(from.damaged("an object waits for a finaliser that it does not have")),
                }
            }
        }
        for &object in lists.iter().flatten() {
            // SAFETY: as above.
            unsafe { (*object).set(Header::FINALISER) };
        }
        heap.finalisers.restore(lists);
        Ok(())
    }

    /// Reads what a collection goes through besides cells, when all of those were read.
    pub(crate) fn lists(&self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        const CHARGED_MAX: usize = 1 << 40;
        heap.interned.load(from)?;
        let mut owners = Vec::new();
        let mut cells = Vec::new();
        for _ in 0..from.count()? {
            owners.push(match from.number()? {
                0 => {
                    let charged = from.size()?;
                    heap.external = heap.external.saturating_add(charged);
                    if charged > CHARGED_MAX || heap.external > CHARGED_MAX {
                        return Err(from.damaged("more is charged than there can be"));
                    }
                    Owner::Dead { charged }
                }
                number => {
                    let cell = self.cell(from, number)?;
                    cells.push(cell);
                    Owner::Cell(cell)
                }
            });
        }
        let made = std::mem::replace(&mut heap.owners, owners.into_iter().collect());
        let made = made.iter().filter_map(|owner| if let Owner::Cell(cell) = owner { Some(cell) } else { None });
        let mut made: Vec<*mut Header> = made.collect();
        made.sort_unstable();
        cells.sort_unstable();
        if made != cells {
            // What owns something must stay listed.
            heap.owners = made.into_iter().map(Owner::Cell).collect();
            return Err(from.damaged("others own memory of the host"));
        }
        Ok(())
    }

    /// Reads what the heap counts, when all cells were read.
    pub(crate) fn counters(&self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        const MAX: u64 = 1 << 60;
        let last_id = from.number()?;
        let allocated = from.number()?;
        let garbage = from.number()?;
        let (debt, last_grant) = (from.signed()?, from.signed()?);
        let live = from.size()?;
        let live_external = from.size()?;
        let overdrawn = from.flag()?;
        let hash_key = [from.word()?, from.word()?];
        // Between cycles everything allocated here is live.
        let used = heap.allocated_bytes() + garbage.min(MAX);
        let range = -(MAX as i64)..MAX as i64;
        let sane = last_id < 1 << 48 && allocated < MAX && range.contains(&debt) && range.contains(&last_grant);
        if !sane || used > allocated || garbage > MAX {
            return Err(from.damaged("the counts of the heap do not agree"));
        }
        if self.last_id > last_id {
            return Err(from.damaged("a cell has a number that was not given out"));
        }
        heap.last_id = last_id;
        heap.debt = debt;
        heap.granted = allocated as i64 + debt;
        heap.last_grant = last_grant.max(debt);
        heap.freed = allocated - used;
        heap.live = live.min(used as usize);
        heap.live_external = live_external.min(MAX as usize);
        heap.overdrawn = overdrawn;
        heap.set_hash_key(hash_key);
        heap.cycle.load(from)
    }
}

/// In the place of a host object that is yet to be read.
struct Nothing;

impl HostObject for Nothing {
    fn type_name(&self) -> &str {
        "nothing"
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
