//! Closures, captured variables, records, arrays, host objects, fibers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use super::header::Header;
use super::{Heap, Marker, OutOfMemory, Table};
use crate::value::{Tag, Value};

/// A function with its captured values, which follow the fixed part.
#[repr(C)]
pub(crate) struct Closure {
    pub(crate) header: Header,
    /// The threaded code of the function; owned by the interpreter.
    pub(crate) code: *const u8,
    /// The prototype; opaque to the heap.
    pub(crate) function: *const (),
    pub(crate) count: u32,
}

/// A captured variable.
#[repr(C)]
pub(crate) struct Cell {
    pub(crate) header: Header,
    /// The variable. Overwriting it needs the barrier.
    pub(crate) value: Value,
}

/// Which words of a record hold what.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordLayout {
    words: u32,
    values: Box<[u32]>,
    references: Box<[u32]>,
}

impl RecordLayout {
    /// A layout of `words` words, with a [`Value`] at each index of `values` (two words) and a reference (the address
    /// of a cell, or 0) at each index of `references`. `None` if one of them is out of range.
    pub(crate) fn new(words: u32, values: &[u32], references: &[u32]) -> Option<RecordLayout> {
        let fits = |&index: &u32, size: u32| index.checked_add(size).is_some_and(|end| end <= words);
        if values.iter().all(|index| fits(index, 2)) && references.iter().all(|index| fits(index, 1)) {
            Some(RecordLayout { words, values: values.into(), references: references.into() })
        } else {
            None
        }
    }

    /// Number of words.
    pub(crate) fn words(&self) -> u32 {
        self.words
    }

    /// Where values begin.
    pub(crate) fn values(&self) -> &[u32] {
        &self.values
    }

    /// Where references are.
    pub(crate) fn references(&self) -> &[u32] {
        &self.references
    }
}

/// A record of fixed layout; its words follow the fixed part.
#[repr(C)]
pub(crate) struct Record {
    pub(crate) header: Header,
    /// Owned by the interpreter; outlives the heap.
    pub(crate) layout: *const RecordLayout,
    /// The number the interpreter knows the type by.
    pub(crate) type_index: u32,
    pub(crate) words: u32,
}

/// What the elements of an [`Array`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ElementKind {
    /// 8-bit integers.
    I8,
    /// 16-bit integers.
    I16,
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 128 bits.
    V128,
    /// Values.
    Any,
    /// References: the address of a cell, or 0.
    Ref,
}

impl ElementKind {
    /// Bytes of one element.
    #[inline(always)]
    pub(crate) const fn bytes(self) -> usize {
        match self {
            ElementKind::I8 => 1,
            ElementKind::I16 => 2,
            ElementKind::I32 | ElementKind::F32 => 4,
            ElementKind::I64 | ElementKind::F64 | ElementKind::Ref => 8,
            ElementKind::V128 | ElementKind::Any => 16,
        }
    }
}

/// An array of one kind of elements, which follow the fixed part.
#[repr(C)]
pub(crate) struct Array {
    pub(crate) header: Header,
    pub(crate) len: u64,
    pub(crate) element: ElementKind,
    /// The number the interpreter knows the type by; 0 until it says so.
    pub(crate) type_index: u32,
}

/// An object of the host that a value holds.
pub trait HostObject: Send {
    /// The name of the kind, for messages.
    fn type_name(&self) -> &str;
    /// Marks every value the object holds.
    fn trace(&self, marker: &mut Marker) {
        let _ = marker;
    }
    /// For the host to get its type back.
    fn as_any(&self) -> &dyn Any;
    /// For the host to get its type back.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// An object of the host, dropped when it is found dead; user values follow the fixed part.
#[repr(C)]
pub(crate) struct Userdata {
    pub(crate) header: Header,
    pub(crate) metatable: *mut Table,
    pub(crate) object: Option<Box<dyn HostObject>>,
    pub(crate) count: u32,
    /// The cycle (its low bits) in which the object's values were marked last.
    scanned_in: u32,
    /// Bytes outside the heap that are charged for the object.
    pub(super) charged: u32,
}

/// A fiber, whose state belongs to the interpreter.
#[repr(C)]
pub struct FiberCell {
    pub(crate) header: Header,
    pub(crate) state: *mut (),
    drop_state: unsafe fn(*mut ()),
    /// The cycle in which its stack was scanned last.
    pub(crate) scanned_in: u64,
    /// Bytes outside the heap that are charged for it.
    pub(super) external: usize,
}

/// Bytes that are charged for an object of the host besides its own size: for the allocation, and for what it refers to. What may
/// be large takes from the budget by itself.
const OBJECT_BYTES: usize = 96;

/// Bytes that are charged for a fiber without asking.
const SMALL_CHARGE_MAX: usize = 4 << 10;

/// Pointer to what follows the fixed part of a cell.
#[inline(always)]
fn behind<T, U>(cell: *mut T) -> *mut U {
    cell.wrapping_add(1).cast()
}

impl Cell {
    /// # Safety
    /// `cell` has room for the fixed part.
    #[inline(always)]
    unsafe fn begin(cell: *mut Cell, value: Value) {
        // SAFETY: the caller gives the room.
        unsafe {
            (*cell).header = Header::new(Tag::CELL, 0);
            value.store(&raw mut (*cell).value);
        }
    }
}

impl Closure {
    /// The first of the `count` captured values.
    #[inline(always)]
    pub(crate) fn upvalues(closure: *mut Closure) -> *mut Value {
        behind(closure)
    }
}

impl Record {
    /// The first word.
    #[inline(always)]
    pub(crate) fn data(record: *mut Record) -> *mut u64 {
        behind(record)
    }
}

impl Array {
    /// How many elements its cell has room for.
    ///
    /// # Safety
    /// `array` is a live array.
    pub(crate) unsafe fn room(array: *mut Array) -> u64 {
        // SAFETY: the caller gives a live cell.
        unsafe { ((super::chunk::cell_bytes(array.cast()) - size_of::<Array>()) / (*array).element.bytes()) as u64 }
    }

    /// The first element.
    #[inline(always)]
    pub(crate) fn data(array: *mut Array) -> *mut u8 {
        behind(array)
    }
}

impl FiberCell {
    /// Gives a cell the state that it owns from now on, and what drops it; nothing is charged for it yet.
    ///
    /// # Safety
    /// `fiber` is a fiber cell that owns no state; `state` stays valid until `drop_state` is called with it.
    pub(super) unsafe fn give_state(fiber: *mut FiberCell, state: *mut (), drop_state: unsafe fn(*mut ())) {
        // SAFETY: the caller gives a fiber cell.
        unsafe {
            (*fiber).state = state;
            (*fiber).drop_state = drop_state;
            (*fiber).external = 0;
        }
    }

    /// Makes a cell that was copied one that owns no state, dead as it is; what was charged for it stays charged.
    ///
    /// # Safety
    /// `fiber` is a fiber cell whose state belongs to another.
    pub(super) unsafe fn forget_state(fiber: *mut FiberCell) {
        // SAFETY: the caller gives a fiber cell.
        unsafe {
            (*fiber).state = null_mut();
            (*fiber).drop_state = |_| {};
        }
    }
}

impl Userdata {
    /// Notes that the object was scanned in a cycle; false if that was done before.
    ///
    /// # Safety
    /// `userdata` is a live userdata.
    pub(super) unsafe fn begin_scan(userdata: *mut Userdata, cycle: u64) -> bool {
        // SAFETY: the caller gives a live userdata.
        unsafe { std::mem::replace(&mut (*userdata).scanned_in, cycle as u32) != cycle as u32 }
    }

    /// The first of the `count` user values. Overwriting one needs the barrier.
    #[inline(always)]
    pub(crate) fn user_values(userdata: *mut Userdata) -> *mut Value {
        behind(userdata)
    }
}

impl Heap {
    /// A closure over `count` values, all nil. `code` and `function` outlive it.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    #[inline]
    pub(crate) fn new_closure(
        &mut self,
        code: *const u8,
        function: *const (),
        count: u32,
    ) -> Result<*mut Closure, OutOfMemory> {
        let cell = self.allocate(size_of::<Closure>() + count as usize * size_of::<Value>())?;
        let closure = cell.cast::<Closure>();
        // SAFETY: the fresh cell holds the fixed part and `count` values.
        unsafe {
            closure.write(Closure { header: Header::new(Tag::FUNCTION, 0), code, function, count });
            fill_nil(Closure::upvalues(closure), count as usize);
        }
        Ok(closure)
    }

    /// Like [`Heap::new_cell`], but null when no cell is at hand. Calls nothing.
    #[inline(always)]
    pub(crate) fn try_new_cell(&mut self, value: Value) -> *mut Cell {
        let cell = self.try_allocate(size_of::<Cell>()).cast::<Cell>();
        if !cell.is_null() {
            // SAFETY: the fresh cell holds the fixed part.
            unsafe { Cell::begin(cell, value) };
        }
        cell
    }

    /// A captured variable.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    #[inline]
    pub(crate) fn new_cell(&mut self, value: Value) -> Result<*mut Cell, OutOfMemory> {
        let cell = self.allocate(size_of::<Cell>())?.cast::<Cell>();
        // SAFETY: the fresh cell holds the fixed part.
        unsafe { Cell::begin(cell, value) };
        Ok(cell)
    }

    /// A record with all words zero: numbers 0, references null, values nil.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    ///
    /// # Safety
    /// `layout` stays where it is, unchanged, as long as the heap.
    #[inline]
    pub(crate) unsafe fn new_record(
        &mut self,
        layout: *const RecordLayout,
        type_index: u32,
    ) -> Result<*mut Record, OutOfMemory> {
        // SAFETY: the caller gives a layout that lives.
        let words = unsafe { (*layout).words };
        let cell = self.allocate(size_of::<Record>() + words as usize * 8)?;
        let record = cell.cast::<Record>();
        // SAFETY: the fresh cell holds the fixed part and the words.
        unsafe {
            record.write(Record { header: Header::new(Tag::RECORD, 0), layout, type_index, words });
            Record::data(record).write_bytes(0, words as usize);
        }
        Ok(record)
    }

    /// An array with all elements zero, null or nil.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    #[inline]
    pub(crate) fn new_array(&mut self, element: ElementKind, len: u64) -> Result<*mut Array, OutOfMemory> {
        let refused = OutOfMemory { bytes: usize::MAX };
        let bytes = usize::try_from(len).ok().and_then(|len| len.checked_mul(element.bytes())).ok_or(refused)?;
        let cell = self.allocate(bytes.checked_add(size_of::<Array>()).ok_or(refused)?)?;
        let array = cell.cast::<Array>();
        // SAFETY: the fresh cell holds the fixed part and the elements.
        unsafe {
            array.write(Array { header: Header::new(Tag::ARRAY, 0), len, element, type_index: 0 });
            Array::data(array).write_bytes(0, bytes);
        }
        Ok(array)
    }

    /// An array without elements that has room for `len` of them.
    ///
    /// # Errors
    /// As for [`new_array`](Self::new_array).
    pub(crate) fn new_array_to_fill(&mut self, element: ElementKind, len: u64) -> Result<*mut Array, OutOfMemory> {
        let refused = OutOfMemory { bytes: usize::MAX };
        let bytes = usize::try_from(len).ok().and_then(|len| len.checked_mul(element.bytes())).ok_or(refused)?;
        let array = self.allocate(bytes.checked_add(size_of::<Array>()).ok_or(refused)?)?.cast::<Array>();
        // SAFETY: the fresh cell holds the fixed part.
        unsafe { array.write(Array { header: Header::new(Tag::ARRAY, 0), len: 0, element, type_index: 0 }) };
        Ok(array)
    }

    /// A cell that owns an object of the host, with `count` user values, all nil.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell; the object is dropped then.
    pub(crate) fn new_userdata(
        &mut self,
        object: Box<dyn HostObject>,
        count: u32,
    ) -> Result<*mut Userdata, OutOfMemory> {
        let cell = self.allocate(size_of::<Userdata>() + count as usize * size_of::<Value>())?;
        let userdata = cell.cast::<Userdata>();
        let header = Header::new(Tag::USERDATA, 0);
        // SAFETY: the fresh cell holds the fixed part and the user values.
        unsafe {
            let (metatable, object_yet) = (null_mut(), None);
            userdata.write(Userdata { header, metatable, object: object_yet, count, scanned_in: 0, charged: 0 });
            fill_nil(Userdata::user_values(userdata), count as usize);
            self.put_object(userdata, Some(object));
        }
        self.owners.push(Owner::Cell(userdata.cast()));
        Ok(userdata)
    }

    /// Charges for the objects of all userdata, after some were replaced.
    pub(super) fn charge_objects(&mut self) {
        let owners = std::mem::take(&mut self.owners);
        for owner in owners.iter() {
            // SAFETY: listed owners are not freed yet, and the objects belong to their cells.
            unsafe {
                if let Owner::Cell(cell) = owner
                    && u32::from((*cell).kind()) == Tag::USERDATA.0
                {
                    let userdata = cell.cast::<Userdata>();
                    let object = (*userdata).object.take();
                    self.put_object(userdata, object);
                }
            }
        }
        self.owners = owners;
    }

    /// Gives a userdata another object in place of its own, and charges for that.
    ///
    /// # Safety
    /// `userdata` is a live userdata of this heap, and nobody else uses its object.
    pub(super) unsafe fn put_object(&mut self, userdata: *mut Userdata, object: Option<Box<dyn HostObject>>) {
        let bytes = object.as_ref().map_or(0, |object| OBJECT_BYTES + size_of_val(&**object));
        // SAFETY: as the caller promises.
        unsafe {
            self.discharge((*userdata).charged as usize);
            (*userdata).charged = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.charge_external((*userdata).charged as usize);
            (*userdata).object = object;
        }
    }

    /// The object in a userdata, for the host to use; none if there is none.
    ///
    /// What it holds is marked first while a cycle is under way, so that it may hand out and forget values freely.
    ///
    /// # Safety
    /// `userdata` is a live userdata of this heap, and nobody else uses its object.
    pub(crate) unsafe fn host_object_mut<'a>(
        &mut self,
        userdata: *mut Userdata,
    ) -> Option<&'a mut (dyn HostObject + 'static)> {
        // SAFETY: as the caller promises.
        unsafe {
            if self.marking() {
                self.marker.trace_host_object(userdata);
            }
            (*userdata).object.as_deref_mut()
        }
    }

    /// Sets or, with null, removes the metatable of a host object.
    ///
    /// # Safety
    /// `userdata` is a live userdata of this heap, `metatable` null or a live table.
    pub(crate) unsafe fn set_userdata_metatable(&mut self, userdata: *mut Userdata, metatable: *mut Table) {
        // SAFETY: as the caller promises.
        unsafe {
            let old = std::mem::replace(&mut (*userdata).metatable, metatable);
            if self.marking() && !old.is_null() {
                self.shade(Value::from_table(old));
            }
        }
    }

    /// A cell that owns a fiber's state; `drop_state` is called once, when the fiber is dead or the heap is dropped.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell; the state stays the caller's then.
    ///
    /// # Safety
    /// `state` stays valid until `drop_state` is called with it, which must not use the heap.
    pub unsafe fn new_fiber(
        &mut self,
        state: *mut (),
        drop_state: unsafe fn(*mut ()),
    ) -> Result<*mut FiberCell, OutOfMemory> {
        let fiber = self.allocate(size_of::<FiberCell>())?.cast::<FiberCell>();
        // A fiber that is born during a cycle has nothing that the snapshot at its beginning would contain.
        let scanned_in = self.cycle.number();
        let header = Header::new(Tag::FIBER, 0);
        // SAFETY: the fresh cell holds the fixed part.
        unsafe { fiber.write(FiberCell { header, state, drop_state, scanned_in, external: 0 }) };
        self.owners.push(Owner::Cell(fiber.cast()));
        Ok(fiber)
    }

    /// Charges memory outside the heap to the program for as long as a fiber lives, its stack above all. Whether there is
    /// room for it: if not, nothing is charged. What is small is let through, and the next step enforces the limit.
    ///
    /// # Safety
    /// `fiber` is a live fiber of this heap.
    pub(crate) unsafe fn charge_fiber(&mut self, fiber: *mut FiberCell, bytes: usize) -> bool {
        let has_room = self.has_room_for(bytes);
        if !has_room && bytes > SMALL_CHARGE_MAX {
            return false;
        }
        self.charge_external(bytes);
        if !has_room {
            self.call_step();
        }
        // SAFETY: as the caller promises.
        unsafe { (*fiber).external += bytes };
        true
    }

    /// Takes back a part of what was charged for a fiber.
    ///
    /// # Safety
    /// As for [`charge_fiber`](Self::charge_fiber).
    pub(crate) unsafe fn discharge_fiber(&mut self, fiber: *mut FiberCell, bytes: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            let bytes = bytes.min((*fiber).external);
            (*fiber).external -= bytes;
            self.discharge(bytes);
        }
    }

    /// What is charged for an owner, a userdata or a fiber.
    ///
    /// # Safety
    /// `cell` is one of this heap.
    pub(super) unsafe fn charged_for(cell: *mut Header) -> usize {
        // SAFETY: as the caller promises.
        unsafe {
            if u32::from((*cell).kind()) == Tag::FIBER.0 {
                (*cell.cast::<FiberCell>()).external
            } else {
                (*cell.cast::<Userdata>()).charged as usize
            }
        }
    }

    /// Drops what a dead cell owns. Gives what the destructor of an object panics with: the collector runs below handlers, through
    /// whose frames no panic can pass.
    ///
    /// # Safety
    /// `cell` is a userdata or a fiber of this heap, nothing will use it any more, and this is the only call for it.
    pub(super) unsafe fn drop_owner(cell: *mut Header) -> Result<(), Box<dyn Any + Send>> {
        // SAFETY: as the caller promises.
        unsafe {
            if u32::from((*cell).kind()) == Tag::FIBER.0 {
                let fiber = cell.cast::<FiberCell>();
                ((*fiber).drop_state)((*fiber).state);
                return Ok(());
            }
            let object = (*cell.cast::<Userdata>()).object.take();
            catch_unwind(AssertUnwindSafe(move || drop(object)))
        }
    }

    /// Drops what all cells own. The end of a heap is no time to panic: what destructors panic with is dropped as well.
    pub(super) fn drop_owners(&mut self) {
        // A search for dead owners that is under way has left a gap behind those it kept.
        let gap = self.cycle.owners_gap();
        for (index, owner) in std::mem::take(&mut self.owners).iter().enumerate() {
            if let Owner::Cell(owner) = owner
                && !gap.contains(&index)
            {
                // SAFETY: called when the heap is dropped; outside the gap each owner is listed once until it is
                // dropped.
                let _ = unsafe { Heap::drop_owner(owner) };
            }
        }
    }
}

/// What owns memory of the host, until the collector has found that it is dead.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    /// A userdata or a fiber.
    Cell(*mut Header),
    /// One that was dead before the state was loaded: nothing is left of it but the bytes that are charged for it.
    Dead { charged: usize },
}

/// Writes nil into slots.
///
/// # Safety
/// `slots` has room for `count` values.
unsafe fn fill_nil(slots: *mut Value, count: usize) {
    for index in 0..count {
        // SAFETY: the caller gives the room.
        unsafe { Value::NIL.store(slots.add(index)) };
    }
}

const _: () =
    assert!((usize::BITS < 64 || size_of::<Closure>() == 32) && size_of::<Cell>() == 24 && size_of::<Array>() == 24);
