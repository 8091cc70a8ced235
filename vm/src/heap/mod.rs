//! The heap: precise, non-moving, incremental, triggered by allocated bytes.
//!
//! | file | what |
//! |---|---|
//! | `size_class`, `chunk`, `space`, `sweep` | memory: size classes, bitmaps, holes, what the host gets back |
//! | `header`, `object`, `string`, `intern`, `table/` | what cells look like, and how they are made and used |
//! | `hash` | hash functions of keys |
//! | `buffer` | strings that are written in several steps |
//! | `marker`, `weak`, `weak_mode`, `notes` | marking what is reachable; weak tables and ephemerons |
//! | `collect`, `finaliser`, `segmented` | the phases of a cycle, in steps; lists that grow in steps |
//! | `pace` | when a cycle begins |
//! | `transfer/` | all cells as bytes, and back; or copied for another machine |
//!
//! It knows no source language, no bytecode and no frame: the interpreter hands it roots through [`Roots`].
//!
//! # What the interpreter owes the heap
//!
//! - Allocation never collects. At its safepoints the interpreter asks [`Heap::needs_step`] and, if so, calls
//!   [`Heap::step`]. Every live value must be in the roots then, and at no other time.
//! - The snapshot rule: what was reachable when a cycle began is kept. So before a reference in a heap cell, or in any
//!   root other than the registers of the running fiber, is overwritten, the old value goes through [`Heap::barrier`].
//!   `Table::set*` do so themselves; caches that write a slot or node directly must, and may only write nil into a node
//!   whose key is a constant of the program. Filling a fresh cell needs no barrier.
//! - [`Heap::before_resume`] before control enters a fiber in any way: resumed, yielded to, returned to.
//! - The object in a userdata is reached through [`Heap::host_object_mut`], so that it may forget values it held.
//! - When an allocation fails, [`Heap::make_room`] and one more try; when that fails, an error of the program.

mod access;
mod buffer;
mod chunk;
mod collect;
mod finaliser;
mod grey_stack;
mod hash;
mod header;
mod intern;
mod marker;
pub(crate) mod metamethod;
mod notes;
mod object;
mod pace;
mod segmented;
mod size_class;
mod space;
mod string;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod trace;
pub(crate) mod transfer;
mod values;
mod weak;
mod weak_mode;

pub use collect::Stress;
pub(crate) use header::Header;
pub use marker::Marker;
pub(crate) use marker::Roots;
pub use object::HostObject;
pub(crate) use object::{Array, Cell, Closure, ElementKind, FiberCell, Record, RecordLayout, Userdata};
pub(crate) use string::{SHORT_BYTES_MAX, Str, hash_bytes};
pub(crate) use table::{ArrayHeader, HAS_MORE, HashHeader, NO_FREE_SLOT, Node, Put, TABLE_BYTES, Table, empty_nodes};
pub use table::{InvalidKey, NEXT_SLOTS_MAX, TableError, TableScan};

use crate::memory::{LARGE_PAGE_BYTES, MemoryBudget};
use crate::value::{Tag, Value};
use collect::{Cycle, Phase};
use finaliser::Finalisers;
pub use hash::HASH_KEY_DEFAULT;
use hash::HashKey;
use intern::Interned;
use notes::Notes;
use object::Owner;
use segmented::Segmented;
use size_class::{CLASS_BYTES_MAX, cell_bytes_for, class_of, large_bytes_for};
use space::Space;

/// How much memory a program may use, and how eagerly it is collected. Part of what makes a run reproducible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeapLimits {
    /// Most bytes in use, garbage that is not collected yet and what the machine holds beside the heap included; `usize::MAX`
    /// for no limit.
    pub bytes_max: usize,
    /// Bytes that a program which went over the limit may use on top, to handle the error.
    pub reserve_bytes: usize,
    /// A cycle begins when the bytes in use reach this percentage of what the last one left.
    pub pause_percent: u32,
    /// No cycle begins below this many bytes in use.
    pub cycle_bytes_min: usize,
    /// During a cycle a step is due after this many allocated bytes.
    pub step_bytes: usize,
    /// Bytes looked at for each allocated byte.
    pub step_factor: u32,
}

impl Default for HeapLimits {
    fn default() -> Self {
        HeapLimits {
            bytes_max: usize::MAX,
            reserve_bytes: 64 << 10,
            pause_percent: 200,
            cycle_bytes_min: 8 << 20,
            step_bytes: 32 << 10,
            step_factor: 8,
        }
    }
}

pub use crate::memory::OutOfMemory;

/// All cells of a program.
pub struct Heap {
    /// Bytes that may be allocated until the next step is due; negative when it is.
    debt: i64,
    space: Space,
    marker: Marker,
    interned: Interned,
    finalisers: Finalisers,
    /// Cells that own memory of the host: userdata and fibers.
    owners: Segmented<Owner>,
    /// What the last cycle noted about weak keys, yet to be dropped.
    dead_notes: Notes,
    /// The key of hash functions that shall hold against whoever chooses the keys.
    hash_key: HashKey,
    cycle: Cycle,
    limits: HeapLimits,
    last_id: u64,
    /// Sum of all that was granted to `debt`; what is missing there was allocated.
    granted: i64,
    /// `debt` as it was granted last.
    last_grant: i64,
    /// What moving entries of tables that grow took since [`take_moved`](Self::take_moved), in units of instructions.
    moved: u32,
    /// Bytes of cells that were found dead.
    freed: u64,
    /// Bytes of the cells that survived the last cycle.
    live: usize,
    /// Bytes outside the heap that were charged then.
    live_external: usize,
    /// Bytes outside the heap that are charged to the program, and that the collector frees with their cells.
    external: usize,
    /// The account of the whole machine, in which the heap counts, too.
    budget: MemoryBudget,
    /// The limit was exceeded, and the program may use the reserve.
    overdrawn: bool,
    /// Strings that name the kinds of values to programs, by tag; the machine keeps them alive.
    kind_names: [*mut Str; KINDS],
    /// Bytes of the last allocation that failed.
    refused: usize,
    /// What the destructor of an object has panicked with, the first one, until the host has it.
    panic: Option<Box<dyn std::any::Any + Send>>,
}

/// Where a heap has what may be allocated before the next step of the collector, in bytes, for native code; negative when that is
/// due.
pub(crate) const DEBT: usize = std::mem::offset_of!(Heap, debt);
/// Where a heap has whether it marks, in bytes, for native code.
pub(crate) const MARKING: usize = std::mem::offset_of!(Heap, marker) + marker::MARKING;

/// Units of moves after which native code leaves a store to the interpreter, which lets the host interrupt.
const MOVED_MAX: u32 = 1 << 15;

/// How many tags there are.
const KINDS: usize = 14;

/// Bytes that small cells may go over the limit where no safepoint is reached.
const OVERDRAFT_BYTES: usize = 1 << 20;

impl Heap {
    /// An empty heap. Not public: values of a heap that is gone are wild.
    pub(crate) fn new(limits: HeapLimits) -> Heap {
        Heap::within(limits, MemoryBudget::new(limits.bytes_max as u64))
    }

    /// An empty heap that counts into an account, which has its limit from now on.
    pub(crate) fn within(limits: HeapLimits, budget: MemoryBudget) -> Heap {
        budget.set_maximum(limits.bytes_max as u64);
        let mut heap = Heap {
            debt: 0,
            space: Space::new(),
            marker: Marker::new(),
            interned: Interned::new(),
            finalisers: Finalisers::default(),
            owners: Segmented::default(),
            dead_notes: Notes::default(),
            hash_key: HASH_KEY_DEFAULT,
            cycle: Cycle::new(&limits),
            limits,
            last_id: 0,
            granted: 0,
            last_grant: 0,
            moved: 0,
            freed: 0,
            live: 0,
            live_external: 0,
            external: 0,
            budget,
            overdrawn: false,
            kind_names: [std::ptr::null_mut(); KINDS],
            refused: 0,
            panic: None,
        };
        heap.grant();
        heap
    }

    /// Makes the strings that name the kinds of values.
    pub(crate) fn make_kind_names(&mut self) {
        for tag in 0..KINDS as u32 {
            let name = crate::value::tag_name(Tag(tag));
            self.kind_names[tag as usize] =
                self.new_string(name.as_bytes()).expect("a new heap has room for the names");
        }
    }

    /// The strings that name the kinds of values, by tag.
    pub(crate) fn kind_names(&self) -> &[*mut Str] {
        &self.kind_names
    }

    /// The string that names the kind of a value to programs, without asking metatables.
    #[inline]
    pub fn kind_name(&self, value: Value) -> Value {
        // SAFETY: the machine keeps the names alive.
        unsafe { Value::from_string(self.kind_names[value.tag().0 as usize]) }
    }

    /// A fresh cell of at least `bytes`, whose contents are anything.
    #[inline(always)]
    pub(crate) fn allocate(&mut self, bytes: usize) -> Result<*mut u8, OutOfMemory> {
        if bytes <= CLASS_BYTES_MAX {
            let cell_bytes = cell_bytes_for(bytes);
            let cell = self.space.bump(class_of(bytes), cell_bytes);
            if !cell.is_null() {
                self.debt -= cell_bytes as i64;
                return Ok(cell);
            }
        }
        self.allocate_slow(bytes)
    }

    /// A fresh cell of at least `bytes`, at most [`CLASS_BYTES_MAX`], or null when there is none at hand. Calls
    /// nothing.
    #[inline(always)]
    pub(crate) fn try_allocate(&mut self, bytes: usize) -> *mut u8 {
        let cell_bytes = cell_bytes_for(bytes);
        let cell = self.space.bump(class_of(bytes), cell_bytes);
        if !cell.is_null() {
            self.debt -= cell_bytes as i64;
        }
        cell
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&mut self, bytes: usize) -> Result<*mut u8, OutOfMemory> {
        let refused = OutOfMemory { bytes };
        let earlier = std::mem::replace(&mut self.refused, bytes);
        // Sums of sizes may wrap below, absurd ones are refused here.
        if bytes > isize::MAX as usize / 2 {
            return Err(refused);
        }
        let (cell, charged) = if bytes <= CLASS_BYTES_MAX {
            if self.all_bytes() > self.limit_bytes().saturating_add(OVERDRAFT_BYTES) {
                return Err(refused);
            }
            (self.space.bump_slow(class_of(bytes)), cell_bytes_for(bytes))
        } else {
            let charged = large_bytes_for(bytes);
            if !self.has_room_for(charged) {
                return Err(refused);
            }
            (self.space.allocate_large(bytes), charged)
        };
        if cell.is_null() {
            return Err(refused);
        }
        self.debt -= charged as i64;
        self.refused = earlier;
        if charged > CLASS_BYTES_MAX {
            self.report();
        }
        Ok(cell)
    }

    /// Frees a large cell now, if the collector is not at work, and leaves it to the collector otherwise.
    ///
    /// # Safety
    /// `cell` is a live cell of this heap, and nothing refers to it any more.
    pub(crate) unsafe fn release(&mut self, cell: *mut u8) {
        if self.cycle.phase().is_between_cycles() {
            // SAFETY: as the caller promises; nothing is grey between cycles.
            self.freed += unsafe { self.space.release(cell) } as u64;
            // The last cycle may have found it alive.
            self.live = self.live.min(self.cell_bytes());
        }
    }

    /// Lets the host have the memory of large pages between two places of a cell; that around `from`, too, but not the first one.
    /// The cell counts as before. What was there is still there, or zero.
    ///
    /// # Safety
    /// Both places lie in a live cell of this heap, whose contents before `to` are not needed any more, but for its first bytes.
    /// Whatever still reads them sees no difference between what was there and zeros.
    #[inline]
    pub(crate) unsafe fn discard(&mut self, cell: *mut u8, from: *mut u8, to: *mut u8) {
        let page = |place: *mut u8| place.map_addr(|address| address & !(LARGE_PAGE_BYTES - 1));
        let start = page(from).max(chunk::chunk_of(cell).cast::<u8>().wrapping_add(LARGE_PAGE_BYTES));
        if start < page(to) {
            // SAFETY: as the caller promises; past the first page there is nothing but the cell in its mapping.
            unsafe { crate::memory::discard(start, page(to).addr() - start.addr()) };
        }
    }

    /// Keeps values alive for this cycle whose place the collector may not have come to yet, and will not find them at.
    ///
    /// # Safety
    /// There are so many values of this heap.
    #[inline]
    pub(crate) unsafe fn keep_moving(&mut self, values: *const Value, count: usize) {
        if self.marking() {
            // SAFETY: as the caller promises.
            unsafe { self.marker.mark_slots(values, count) };
        }
    }

    /// The key of hash functions that shall hold against whoever chooses the keys.
    pub(crate) fn hash_key(&self) -> HashKey {
        self.hash_key
    }

    /// Sets that key. Tables look the same whatever it is, unless somebody has filled them with keys that collide. For a heap
    /// that is still empty.
    pub(crate) fn set_hash_key(&mut self, key: HashKey) {
        self.hash_key = key;
        self.interned.set_hash_key(key);
    }

    /// The last allocation that failed.
    pub fn refused(&self) -> OutOfMemory {
        OutOfMemory { bytes: self.refused }
    }

    /// Whether so many bytes more are within the limit.
    fn has_room_for(&self, bytes: usize) -> bool {
        bytes <= self.room_bytes()
    }

    /// The bytes of the largest cell that the limit allows now; a collection may make more of them.
    pub fn room_bytes(&self) -> usize {
        self.limit_bytes().saturating_sub(self.all_bytes())
    }

    /// The account of the machine, in which the heap counts as it is now.
    pub fn budget(&self) -> &MemoryBudget {
        self.report();
        &self.budget
    }

    /// Tells the account how much the heap uses.
    pub(crate) fn report(&self) {
        self.budget.note_heap(self.used_bytes() as u64, self.space.footprint() as u64);
    }

    /// Bytes that count against the limit: the heap's, and what the machine holds beside it.
    fn all_bytes(&self) -> usize {
        self.used_bytes().saturating_add(usize::try_from(self.budget.taken()).unwrap_or(usize::MAX))
    }

    /// Makes a step due at the next safepoint.
    fn call_step(&mut self) {
        let surplus = (self.debt + 1).max(0);
        self.debt -= surplus;
        self.granted -= surplus;
    }

    /// Whether a step of the collector is due; to be asked at safepoints.
    #[inline(always)]
    pub(crate) fn needs_step(&self) -> bool {
        self.debt < 0
    }

    /// Says that entries of a table have moved, which took as long as so many instructions.
    #[inline(always)]
    fn note_moves(&mut self, units: u32) {
        self.moved = self.moved.saturating_add(units);
    }

    /// Lets the collector go on while slots of an array part move, as if as much were allocated, but it does not count as that: a
    /// program that fills an array may allocate nothing else.
    #[inline]
    fn go_on_by_moves(&mut self, slots: u32) {
        if self.cycle.phase() != Phase::Idle {
            let bytes = i64::from(slots) * size_of::<Value>() as i64;
            self.debt -= bytes;
            self.granted -= bytes;
        }
        // What the last cycle has found dead goes back to the host meanwhile, too.
        self.space.sweep_some();
    }

    /// What moving entries took since the last time, which the program has not been charged: in units of instructions.
    #[inline(always)]
    pub(crate) fn take_moved(&mut self) -> i64 {
        i64::from(std::mem::take(&mut self.moved))
    }

    /// Whether so much has moved that the host is to be asked whether it interrupts.
    #[inline(always)]
    pub(crate) fn has_moved_much(&self) -> bool {
        self.moved > MOVED_MAX
    }

    /// Bytes that were allocated since a step became due. Large only if a program comes to no safepoint.
    pub fn overdue_bytes(&self) -> u64 {
        self.debt.min(0).unsigned_abs()
    }

    /// Whether overwritten references must be shown to the collector.
    #[inline(always)]
    pub(crate) fn marking(&self) -> bool {
        self.marker.marking()
    }

    /// Keeps a value that is about to be overwritten alive for this cycle. Costs one test while nothing is marked.
    #[inline(always)]
    pub fn barrier(&mut self, old: Value) {
        if self.marking() {
            self.shade(old);
        }
    }

    /// Marks a value; the slow half of [`Heap::barrier`].
    #[cold]
    #[inline(never)]
    pub(crate) fn shade(&mut self, value: Value) {
        self.marker.mark(value);
    }

    /// Bytes of all cells ever allocated.
    pub fn allocated_bytes(&self) -> u64 {
        (self.granted - self.debt) as u64
    }

    /// Bytes in use: live cells, cells not yet found dead, the table of strings, and what is charged from outside.
    pub fn used_bytes(&self) -> usize {
        self.cell_bytes() + self.external + self.interned.bytes()
    }

    /// Bytes of cells that were not found dead.
    pub(crate) fn cell_bytes(&self) -> usize {
        (self.allocated_bytes() - self.freed) as usize
    }

    /// Bytes taken from the host for cells.
    pub fn footprint_bytes(&self) -> usize {
        self.space.footprint()
    }

    /// The limits.
    pub fn limits(&self) -> HeapLimits {
        self.limits
    }

    /// Changes the limits; the next step acts on them.
    pub fn set_limits(&mut self, limits: HeapLimits) {
        self.limits = limits;
        self.budget.set_maximum(limits.bytes_max as u64);
        self.cycle.set_threshold(self.used_bytes(), 0, self.room_in_limit(), &limits);
        self.grant();
    }

    /// The limit that holds now.
    fn limit_bytes(&self) -> usize {
        let reserve = if self.overdrawn { self.limits.reserve_bytes } else { 0 };
        self.limits.bytes_max.saturating_add(reserve)
    }

    /// Whether more is in use than the limit allows.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.all_bytes() > self.limit_bytes()
    }

    /// The limit by which a program may be over its own for a while: while it handles an error, and before it comes to a
    /// safepoint.
    pub(crate) fn lenient(bytes_max: usize, limits: &HeapLimits) -> usize {
        bytes_max.saturating_add(limits.reserve_bytes).saturating_add(OVERDRAFT_BYTES)
    }

    /// Sets the limit without acting on it before the next step.
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.limits.bytes_max = bytes_max;
        self.budget.set_maximum(bytes_max as u64);
    }

    /// Charges memory outside the heap (a fiber's stack, a linear memory) to the program.
    ///
    /// # Errors
    /// [`OutOfMemory`] when it would go over the limit; nothing is charged then.
    pub fn charge(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if !self.has_room_for(bytes) {
            return Err(OutOfMemory { bytes });
        }
        self.charge_external(bytes);
        Ok(())
    }

    pub(crate) fn charge_external(&mut self, bytes: usize) {
        self.external += bytes;
        // The next step comes sooner, but the bytes do not count as allocated.
        self.debt -= bytes as i64;
        self.granted -= bytes as i64;
    }

    /// Takes back what [`Heap::charge`] charged.
    pub(crate) fn discharge(&mut self, bytes: usize) {
        self.external = self.external.saturating_sub(bytes);
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.drop_owners();
    }
}
