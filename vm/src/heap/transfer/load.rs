//! From bytes to cells. Nothing that was written is trusted: every size, number and kind is checked before it is used, and
//! every cell keeps the [invariants](super::invariants) of its kind.

use super::invariants::{self, Identities, Promises};
use super::{FINALISER, HIDDEN, REFERENCE};
use crate::bytes::{Block, Reader, SnapshotError};
use crate::heap::object::{Array, Cell, Closure, ElementKind, FiberCell, HostObject, Record, RecordLayout, Userdata};
use crate::heap::table::{invariants::Checks, layout::Table};
use crate::heap::{Heap, OutOfMemory, header::Header, string::SHORT_BYTES_MAX};
use crate::memory::Held;
use crate::value::{Tag, Value};
use std::collections::HashSet;

/// What objects of a type look like.
pub(crate) enum LoadedLayout {
    /// Records; the layout outlives the heap.
    Record(*const RecordLayout),
    /// Arrays of these elements.
    Array(ElementKind),
}

/// The state of a fiber, what drops it, and the bytes that are charged for it.
pub(crate) type FiberState = (*mut (), unsafe fn(*mut ()), usize);

/// Short strings that room is made for before they are there.
const STRINGS_AT_ONCE: u64 = 1 << 12;
/// Bytes of long keys that may be gone through besides as many as there are.
const STRONG_BYTES_MIN: u64 = 1 << 24;
/// Bytes that it takes to know a cell by its number, and that it is the only one with its sequence number.
const CELL_BYTES: u64 = size_of::<*mut Header>() as u64;
const IDENTITY_BYTES: u64 = 2 * size_of::<u64>() as u64;
/// Longer strings are read where they stay.
const STRING_BYTES_AT_ONCE: usize = 1 << 16;

/// What reads the parts of cells that the heap does not know.
pub(crate) trait LoadOutside {
    /// Reads which function a closure is of: the function, and where its code is entered.
    fn function(&mut self, from: &mut Reader<'_>) -> Result<(*const (), *const u8), SnapshotError>;
    /// Whether a closure over a function may capture these values.
    ///
    /// # Safety
    /// `function` came from [`function`](Self::function).
    unsafe fn may_capture(&mut self, function: *const (), captures: &[Value]) -> bool;
    /// Whether what closures over a function capture belongs to the machine.
    ///
    /// # Safety
    /// As for [`may_capture`](Self::may_capture).
    unsafe fn is_sealed(&self, function: *const ()) -> bool;
    /// Reads a type; its number in this machine, and what its objects look like.
    fn layout(&mut self, from: &mut Reader<'_>) -> Result<(u32, LoadedLayout), SnapshotError>;
    /// Whether a reference may stand in an array of this type, or in a record as the one with this number among its
    /// references. What it refers to is whole as far as kind and type go; none stands for null.
    fn may_refer(&self, type_index: u32, number: usize, to: Option<Value>) -> bool;
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

/// Makes a fiber, whose state is yet to be read.
fn fiber(heap: &mut Heap, outside: &mut dyn LoadOutside) -> Result<*mut Header, SnapshotError> {
    let (state, drop_state, bytes) = outside.new_fiber()?;
    // SAFETY: the state comes with the function that drops it, and the fiber was just made.
    unsafe {
        let made = heap.new_fiber(state, drop_state).inspect_err(|_| drop_state(state))?;
        // What is small is let through.
        if !heap.charge_fiber(made, bytes) || heap.is_over_limit() {
            return Err(SnapshotError::OutOfMemory);
        }
        Ok(made.cast())
    }
}

/// The cells of a heap that is being read.
pub(crate) struct HeapLoader {
    pub(super) cells: Vec<*mut Header>,
    /// Fibers, which are read when everything else was.
    pub(crate) fibers: Vec<(*mut FiberCell, Block)>,
    is_copy: bool,
    /// The cells that hold the contents of a weak table.
    hidden: Hidden,
    /// Cells that have a finaliser, and are not met in a list yet.
    pub(super) unlisted: usize,
    pub(super) identities: Identities,
    /// Strings of the machine's own that were met.
    own_strings: HashSet<*mut Header>,
    /// What the shapes say that the contents have.
    pub(super) promises: Promises,
    /// Bytes of long keys that may be gone through for strong hashes.
    pub(super) strong: Promises,
    /// Short strings that are to come.
    strings_left: u64,
    /// What is taken from the account while the cells are read, besides the heap; nothing when they were there already.
    held: Option<Held>,
    pub(super) checks: Checks,
}

/// Which cells hold the contents of a weak table.
#[derive(Default)]
struct Hidden {
    /// A bit for each cell, up to the last of them.
    bits: Vec<u64>,
    /// Those whose table was not met yet.
    waiting: HashSet<usize>,
}

impl Hidden {
    fn add(&mut self, index: usize) {
        self.bits.resize(self.bits.len().max(index / 64 + 1), 0);
        self.bits[index / 64] |= 1 << (index % 64);
        self.waiting.insert(index);
    }

    #[inline(always)]
    fn has(&self, index: usize) -> bool {
        self.bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }
}

impl HeapLoader {
    /// A loader of cells whose contents take so many bytes; `strings` of them are short strings.
    pub(crate) fn new(heap: &mut Heap, strings: u64, contents: u64) -> HeapLoader {
        // What is more than a few comes with the strings themselves.
        heap.interned.reserve(strings.min(STRINGS_AT_ONCE) as usize);
        let promises = Promises::new(contents);
        let strong = Promises::new(contents.saturating_add(STRONG_BYTES_MIN));
        let cells = HeapLoader::of_cells(Vec::new(), Vec::new());
        let held = heap.budget().hold(0).ok();
        HeapLoader { promises, strong, strings_left: strings, held, is_copy: false, ..cells }
    }

    /// Makes all cells, so many.
    pub(crate) fn shapes(
        &mut self,
        heap: &mut Heap,
        count: u64,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        if count > from.left() {
            return Err(from.damaged("fewer elements than declared"));
        }
        self.hold(count.saturating_mul(CELL_BYTES))?;
        self.cells.reserve_exact(count as usize);
        for _ in 0..count {
            self.shape(heap, from, outside)?;
        }
        if self.strings_left != 0 {
            return Err(from.damaged("fewer short strings than declared"));
        }
        from.end()?;
        let checked = self.identities.check().map_err(|what| from.damaged(what))?;
        self.release(checked as u64 * IDENTITY_BYTES);
        Ok(())
    }

    /// Reads the contents of all cells.
    pub(crate) fn contents(
        &mut self,
        heap: &mut Heap,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        for index in 0..self.cells.len() {
            let cell = self.cells[index];
            // SAFETY: the cell was made from its shape, and nothing else uses it yet.
            unsafe { self.content(cell, self.hidden.has(index), from, outside)? };
        }
        from.end()?;
        heap.charge_objects();
        if heap.is_over_limit() {
            return Err(SnapshotError::OutOfMemory);
        }
        if !self.hidden.waiting.is_empty() {
            return Err(from.damaged("weak table contents without an owner"));
        }
        Ok(())
    }

    /// Takes bytes from the account until everything is read.
    pub(super) fn hold(&self, bytes: u64) -> Result<(), SnapshotError> {
        Ok(self.held.as_ref().map_or(Ok(()), |held| held.grow(bytes))?)
    }

    /// Gives bytes back that were taken.
    fn release(&self, bytes: u64) {
        if let Some(held) = &self.held {
            // Less is always there.
            let _ = held.resize(held.bytes() - bytes);
        }
    }

    /// The loader of cells that are there already, in the order of their numbers, and of fibers that are yet to be read.
    pub(super) fn of_cells(cells: Vec<*mut Header>, fibers: Vec<(*mut FiberCell, Block)>) -> HeapLoader {
        HeapLoader {
            cells,
            fibers,
            is_copy: true,
            hidden: Hidden::default(),
            unlisted: 0,
            identities: Identities::default(),
            own_strings: HashSet::new(),
            promises: Promises::new(0),
            strong: Promises::new(0),
            strings_left: 0,
            held: None,
            checks: Checks::default(),
        }
    }

    /// Whether its cells were there already.
    pub(super) fn is_copy(&self) -> bool {
        self.is_copy
    }

    fn shape(
        &mut self,
        heap: &mut Heap,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        from.label("cell");
        let first = from.byte()?;
        let (kind, flags) = (Tag(u32::from(first & 15)), first >> 4);
        let id = from.number()?;
        let is_hidden = flags & HIDDEN != 0;
        invariants::flags(kind, flags, id).map_err(|what| from.damaged(what))?;
        let cell = self.make(heap, kind, flags, from, outside)?;
        // SAFETY: the cell was just made; a string may be one of the machine's own, which has no number yet.
        unsafe {
            if id != 0 {
                (*cell).set_id(id);
                self.identities.add(id);
                self.hold(IDENTITY_BYTES)?;
            }
            if flags & FINALISER != 0 {
                (*cell).set(Header::FINALISER);
                self.unlisted += 1;
            }
        }
        if is_hidden {
            self.hidden.add(self.cells.len());
        }
        self.cells.push(cell);
        Ok(())
    }

    fn make(
        &mut self,
        heap: &mut Heap,
        kind: Tag,
        flags: u8,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<*mut Header, SnapshotError> {
        Ok(match kind {
            Tag::STRING => {
                from.label("string");
                self.string(heap, from)?
            }
            Tag::TABLE => {
                from.label("table");
                self.table_shape(heap, flags, from)?.cast()
            }
            Tag::BUFFER => {
                from.label("buffer");
                self.buffer(heap, from)?
            }
            Tag::FUNCTION => {
                from.label("function");
                let count = from.u32()?;
                self.promises.take(u64::from(count), from)?;
                heap.new_closure(std::ptr::null(), std::ptr::null(), count)?.cast()
            }
            Tag::CELL => heap.new_cell(Value::NIL)?.cast(),
            Tag::RECORD => {
                from.label("record");
                let (number, LoadedLayout::Record(layout)) = outside.layout(from)? else {
                    return Err(from.damaged("a record has the type of an array"));
                };
                // SAFETY: the layout outlives the heap.
                unsafe {
                    // A value takes a byte at least, for two words.
                    self.promises.take(u64::from((*layout).words().div_ceil(2)), from)?;
                    heap.new_record(layout, number)?.cast()
                }
            }
            Tag::ARRAY => {
                from.label("array");
                let (number, LoadedLayout::Array(element)) = outside.layout(from)? else {
                    return Err(from.damaged("an array has the type of a record"));
                };
                let len = from.number()?;
                self.promises.take(len, from)?;
                let array = heap.new_array(element, len)?;
                // SAFETY: the array was just made.
                unsafe { (*array).type_index = number };
                array.cast()
            }
            Tag::USERDATA => {
                from.label("host object");
                let count = from.u32()?;
                self.promises.take(u64::from(count), from)?;
                heap.new_userdata(Box::new(Nothing), count)?.cast()
            }
            Tag::FIBER => fiber(heap, outside)?,
            _ => return Err(from.damaged("unknown kind of cell")),
        })
    }

    /// Makes a string, which is none that was there before.
    fn string(&mut self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<*mut Header, SnapshotError> {
        let length = from.length()?;
        if length > STRING_BYTES_AT_ONCE {
            let mut filled = Ok(());
            let string = heap.new_string_with(length, |place| filled = from.fill(place))?;
            return filled.map(|()| string.cast());
        }
        if length > SHORT_BYTES_MAX {
            return Ok(heap.new_string(from.raw(length)?)?.cast());
        }
        let left = self.strings_left.checked_sub(1);
        self.strings_left = left.ok_or_else(|| from.damaged("more short strings than declared"))?;
        let before = heap.interned.len();
        let string = heap.new_string(from.raw(length)?)?.cast::<Header>();
        // Each is there once: it is new, or the machine's own and was not met yet.
        if heap.interned.len() == before && !self.own_strings.insert(string) {
            return Err(from.damaged("an interned string appears twice"));
        }
        Ok(string)
    }

    fn buffer(&mut self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<*mut Header, SnapshotError> {
        let length = usize::try_from(from.number()?).unwrap_or(usize::MAX);
        let written = from.length()?;
        if length < written {
            return Err(from.damaged("a buffer is written past its end"));
        }
        let buffer = heap.buffer(length)?;
        let mut filled = Ok(());
        heap.append_to_buffer(buffer, written, |_, window| filled = from.fill(window));
        filled.map(|()| buffer.pointer())
    }

    /// The number of a cell, from 1, as the cell.
    #[inline(always)]
    pub(super) fn cell(&self, from: &Reader<'_>, number: u64) -> Result<*mut Header, SnapshotError> {
        let index = (number as usize).wrapping_sub(1);
        match self.cells.get(index) {
            Some(&cell) if !self.hidden.has(index) => Ok(cell),
            Some(_) => Err(from.damaged("a reference to the contents of a weak table")),
            None => Err(from.damaged("unknown cell")),
        }
    }

    /// Reads a value of any kind that programs see.
    #[inline(always)]
    pub(crate) fn value(&self, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        let value = self.kept_value(from)?;
        if value.tag == Tag::BUFFER { Err(from.damaged("a buffer cell in place of a value")) } else { Ok(value) }
    }

    /// Reads a value of any kind that host functions keep.
    #[inline(always)]
    pub(crate) fn kept_value(&self, from: &mut Reader<'_>) -> Result<Value, SnapshotError> {
        let value = self.capture(from)?;
        if value.tag == Tag::CELL { Err(from.damaged("a variable cell in place of a value")) } else { Ok(value) }
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
            _ => return Err(from.damaged("unknown kind of value")),
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
            Some(_) => Err(from.damaged("a reference points to the wrong kind of cell")),
        }
    }

    /// The cell of a number that may be that of nothing.
    pub(super) fn cell_at(&self, number: u32) -> Option<*mut Header> {
        self.cells.get((number as usize).wrapping_sub(1)).copied()
    }

    /// Reads the reference of a weak table to its contents, which belong to no other.
    pub(super) fn take_hidden(&mut self, from: &mut Reader<'_>) -> Result<*mut Table, SnapshotError> {
        let index = from.size()?.wrapping_sub(1);
        if self.hidden.waiting.remove(&index) {
            Ok(self.cells[index].cast())
        } else {
            Err(from.damaged("a weak table without contents"))
        }
    }

    /// # Safety
    /// Callers give a cell made from its shape.
    unsafe fn content(
        &mut self,
        cell: *mut Header,
        is_hidden: bool,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        // SAFETY: callers give a cell made from its shape; its kind says what it is.
        unsafe {
            match Tag(u32::from((*cell).kind())) {
                Tag::TABLE => self.table(cell.cast(), is_hidden, from),
                Tag::FUNCTION => {
                    from.label("function");
                    let closure = cell.cast::<Closure>();
                    let (function, code) = outside.function(from)?;
                    let slots = Closure::upvalues(closure);
                    let count = (*closure).count as usize;
                    for index in 0..count {
                        self.capture(from)?.store(slots.add(index));
                    }
                    if !outside.may_capture(function, std::slice::from_raw_parts(slots, count)) {
                        return Err(from.damaged("invalid captures of a function"));
                    }
                    if outside.is_sealed(function) {
                        (*closure).header.set(Header::SEALED);
                    }
                    (*closure).function = function;
                    (*closure).code = code;
                    Ok(())
                }
                Tag::CELL => {
                    from.label("variable");
                    (*cell.cast::<Cell>()).value = self.value(from)?;
                    Ok(())
                }
                Tag::RECORD => self.record(cell.cast(), from, outside),
                Tag::ARRAY => self.array(cell.cast(), from, outside),
                Tag::USERDATA => self.userdata(cell.cast(), from, outside),
                Tag::FIBER => {
                    from.label("fiber");
                    let length = from.length()?;
                    self.hold(length as u64)?;
                    self.fibers.push((cell.cast(), from.block_apart(length)?));
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }

    /// # Safety
    /// Callers give a record as it was made, whose layout is within its words, and lists them in order.
    unsafe fn record(
        &mut self,
        record: *mut Record,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        from.label("record");
        // SAFETY: callers give a record as it was made, whose layout is within its words, and lists them in order.
        unsafe {
            let layout = &*(*record).layout;
            let (mut values, mut references) =
                (layout.values().iter().peekable(), layout.references().iter().enumerate().peekable());
            let data = Record::data(record);
            let mut word = 0;
            while word < (*record).words {
                if values.next_if(|&&at| at == word).is_some() {
                    self.value(from)?.store(data.add(word as usize).cast());
                    word += 2;
                    continue;
                }
                *data.add(word as usize) = match references.next_if(|(_, at)| **at == word) {
                    Some((number, _)) => self.checked_reference((*record).type_index, number, from, outside)?,
                    None => from.word()?,
                };
                word += 1;
            }
        }
        Ok(())
    }

    fn checked_reference(
        &self,
        type_index: u32,
        number: usize,
        from: &mut Reader<'_>,
        outside: &dyn LoadOutside,
    ) -> Result<u64, SnapshotError> {
        let to = self.reference(from)?;
        if !outside.may_refer(type_index, number, to) {
            return Err(from.damaged("a reference points to an object of the wrong type"));
        }
        Ok(to.map_or(0, |value| value.payload))
    }

    /// # Safety
    /// Callers give an array as it was made, with `len` elements of its kind.
    unsafe fn array(
        &mut self,
        array: *mut Array,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        from.label("array");
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
                    // A fresh array is all zeros. It was allocated, so its size is no larger than memory.
                    from.fill(std::slice::from_raw_parts_mut(data, len * element.bytes()))?;
                }
            }
        }
        Ok(())
    }

    /// # Safety
    /// Callers give a host object as it was made.
    unsafe fn userdata(
        &mut self,
        userdata: *mut Userdata,
        from: &mut Reader<'_>,
        outside: &mut dyn LoadOutside,
    ) -> Result<(), SnapshotError> {
        from.label("host object");
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
