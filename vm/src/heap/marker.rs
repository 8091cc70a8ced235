//! Marking: an explicit stack of grey cells and a bit beside each cell.
//!
//! Nothing recurses, so the depth of a structure does not matter. Long parts of tables are scanned in pieces.

use super::chunk::{Bitmap, cell_bytes, get_bit, mark_address, set_bit};
use super::grey_stack::GreyStack;
use super::header::Header;
use super::string::Str;
use super::table::layout::Node;
use super::weak::WeakState;
use crate::value::{Tag, Value};

/// What the interpreter hands to the collector.
pub(crate) trait Roots {
    /// Marks every value that is reachable without going through a heap cell: the registers of the running fiber, the
    /// fiber cells that wait for it, metatables of basic kinds, handles of the host; all but what
    /// [`trace_more`](Self::trace_more) marks.
    fn trace_roots(&mut self, marker: &mut Marker);
    /// Marks every value in the state of a suspended fiber.
    fn trace_fiber(&mut self, fiber: *mut (), marker: &mut Marker);
    /// Marks the next roots of those that change only through the barrier, from `from` on, which is 0 at first; gives where to
    /// go on, or none when these are all.
    fn trace_more(&mut self, from: usize, marker: &mut Marker) -> Option<usize> {
        let _ = (from, marker);
        None
    }
    /// Marks what a function needs of which a live closure was found. Only in collections that run at once, see
    /// [`Marker::follows_functions`].
    fn trace_function(&mut self, function: *const (), marker: &mut Marker) {
        let _ = (function, marker);
    }
    /// Marks what the layout of a live record or array needs, which has this number. Only in collections that run at once.
    fn trace_layout(&mut self, layout: u32, marker: &mut Marker) {
        let _ = (layout, marker);
    }
    /// Marks what something outside of the heap needs, which a live host object keeps by this number.
    fn trace_outside(&mut self, number: u32, marker: &mut Marker) {
        let _ = (number, marker);
    }
    /// A collection that has run at once is over, the cycle with this number: what it did not reach is dead.
    fn finish(&mut self, cycle: u64) {
        let _ = cycle;
    }
}

/// Slots up to this number are scanned at once; more are pushed as a range.
pub(super) const RANGE_MIN: usize = 512;
/// Slots of one piece of a range.
const PIECE: usize = 1024;
/// What setting a mark counts as, in bytes looked at.
const MARK_WORK: usize = 16;
/// How many cells ahead memory is fetched.
const RING: usize = 8;

/// What a range on the grey stack consists of, in the low bits of its entries. A single cell has 0 there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(usize)]
pub(super) enum Range {
    /// Values, all followed.
    Values = 1,
    /// Nodes, keys and values followed.
    Nodes = 2,
    /// Values of a table with weak values.
    WeakSlots = 3,
    /// Nodes of a table with weak values.
    WeakValues = 4,
    /// Nodes of a table with weak keys.
    Ephemerons = 5,
    /// Nodes of a table with weak keys and values.
    WeakBoth = 6,
    /// References.
    References = 7,
    /// Nodes of a table with weak keys whose values are noted for keys that are marked later.
    NotedEphemerons = 8,
}

impl Range {
    fn from_bits(bits: usize) -> Range {
        match bits {
            1 => Range::Values,
            2 => Range::Nodes,
            3 => Range::WeakSlots,
            4 => Range::WeakValues,
            5 => Range::Ephemerons,
            6 => Range::WeakBoth,
            7 => Range::References,
            8 => Range::NotedEphemerons,
            _ => unreachable!("entries are pushed with one of the eight numbers"),
        }
    }
}

/// The marking half of the collector; what roots and host objects show their values to.
pub struct Marker {
    marks: Bitmap,
    marking: bool,
    grey: GreyStack,
    /// Bytes of the cells marked in this cycle.
    pub(super) bytes: usize,
    /// Bytes looked at; what steps are measured in.
    pub(super) work: usize,
    pub(super) cycle: u64,
    pub(super) follows_functions: bool,
    /// The layout that the roots were given last, and in which cycle.
    pub(super) layout_traced: (u64, u32),
    /// What host objects keep outside of the heap, by numbers that the roots know, and that was not traced yet.
    outside: Vec<u32>,
    pub(super) weak: WeakState,
}

/// Where a marker has whether it marks, in bytes.
pub(super) const MARKING: usize = std::mem::offset_of!(Marker, marking);

impl Marker {
    pub(super) fn new() -> Marker {
        Marker {
            marks: Bitmap(0),
            marking: false,
            grey: GreyStack::new(),
            bytes: 0,
            work: 0,
            cycle: 0,
            follows_functions: false,
            layout_traced: (0, 0),
            outside: Vec::new(),
            weak: WeakState::default(),
        }
    }

    /// Begins a cycle, whose marks go into this bitmap.
    pub(super) fn begin(&mut self, marks: Bitmap, cycle: u64) {
        self.marks = marks;
        self.cycle = cycle;
        self.marking = true;
        self.outside.clear();
        self.bytes = 0;
        self.work = 0;
    }

    /// Bytes looked at so far in this cycle.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Notes that so many bytes were looked at besides what was marked.
    pub(crate) fn add_work(&mut self, bytes: usize) {
        self.work += bytes;
    }

    /// Whether functions are followed from closures: no code runs before this cycle ends, so that what functions need may be
    /// found as late as that. In cycles that go on while code runs, everything of every function is a root.
    pub(crate) fn follows_functions(&self) -> bool {
        self.follows_functions
    }

    /// Sets whether functions are followed.
    pub(super) fn follow_functions(&mut self, follow: bool) {
        self.follows_functions = follow;
    }

    /// The number of the cycle.
    pub(crate) fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Whether overwritten references must be marked.
    #[inline(always)]
    pub(super) fn marking(&self) -> bool {
        self.marking
    }

    /// Switches the barrier.
    pub(super) fn set_marking(&mut self, marking: bool) {
        self.marking = marking;
    }

    /// Marks what a value refers to, if anything.
    #[inline(always)]
    pub fn mark(&mut self, value: Value) {
        if value.is_object() {
            if value.tag == Tag::STRING {
                self.mark_string(value.pointer().cast());
            } else {
                self.mark_grey(value.pointer());
            }
        }
    }

    /// Marks a cell of any kind.
    ///
    /// # Safety
    /// `cell` is null or a live cell.
    #[inline]
    pub(crate) unsafe fn mark_object(&mut self, cell: *mut Header) {
        if !cell.is_null() {
            // SAFETY: the caller gives a live cell, and keeps it so by marking it.
            self.mark(unsafe { Value::from_object(cell) });
        }
    }

    /// Marks neighbouring values.
    ///
    /// # Safety
    /// `slots` points to `count` values.
    #[inline]
    pub(crate) unsafe fn mark_slots(&mut self, slots: *const Value, count: usize) {
        for index in 0..count {
            // SAFETY: the caller gives that many values.
            self.mark(unsafe { Value::load(slots.add(index)) });
        }
    }

    /// Marks a string: it refers to nothing, so it is never grey, and its memory is not even looked at.
    #[inline(always)]
    pub(super) fn mark_string(&mut self, string: *mut Str) {
        self.mark_leaf(string.cast());
    }

    /// Marks a cell that is scanned as part of another, if at all.
    #[inline(always)]
    pub(super) fn mark_leaf(&mut self, cell: *mut u8) {
        // SAFETY: marked cells are live: they are reached from roots, or held by whoever made a value of them.
        unsafe {
            if set_bit(cell, self.marks) {
                let bytes = cell_bytes(cell);
                self.bytes += bytes;
                self.work += MARK_WORK;
            }
        }
    }

    #[inline(always)]
    pub(super) fn mark_grey(&mut self, cell: *mut Header) {
        // SAFETY: as in `mark_leaf`.
        if unsafe { set_bit(cell.cast(), self.marks) } {
            self.grey.push(cell.expose_provenance());
            self.work += MARK_WORK;
        }
    }

    /// Whether a cell is marked. Only during a cycle.
    ///
    /// # Safety
    /// `cell` is a cell that was allocated when the cycle began, or later.
    #[inline(always)]
    pub(super) unsafe fn is_marked(&self, cell: *mut Header) -> bool {
        // SAFETY: the caller gives a cell, live or not yet freed.
        unsafe { get_bit(cell.cast(), self.marks) }
    }

    /// Asks the machine to fetch the mark of the cell that the payload of a key or value refers to, if it does.
    #[inline(always)]
    pub(super) fn prefetch_mark(&self, payload: u64) {
        prefetch(mark_address(payload as usize, self.marks));
    }

    /// Whether a value refers to a cell that is not marked.
    ///
    /// # Safety
    /// The cell, if any, was allocated when the cycle began, or later.
    #[inline(always)]
    pub(super) unsafe fn is_unmarked(&self, value: Value) -> bool {
        // SAFETY: as the caller promises.
        value.is_object() && unsafe { !self.is_marked(value.pointer()) }
    }

    /// Whether nothing is grey.
    pub(super) fn is_done(&self) -> bool {
        self.grey.is_empty() && self.outside.is_empty()
    }

    /// Keeps something outside of the heap, for a host object: the roots know it by this number.
    pub(crate) fn mark_outside(&mut self, number: u32) {
        self.outside.push(number);
    }

    /// Traces grey cells until about `budget` bytes were looked at; true if nothing is grey any more.
    pub(super) fn drain(&mut self, roots: &mut dyn Roots, budget: usize) -> bool {
        let end = self.work.saturating_add(budget);
        // Cells wait in a ring between being fetched from memory and being traced.
        let mut ring = [0usize; RING];
        let mut at = 0;
        while self.work < end {
            let entry = self.grey.pop().unwrap_or(0);
            if entry & 15 != 0 {
                self.scan_piece(entry);
                continue;
            }
            if entry != 0 {
                prefetch(entry);
            }
            let ready = std::mem::replace(&mut ring[at], entry);
            at = (at + 1) % RING;
            if ready != 0 {
                self.trace(std::ptr::with_exposed_provenance_mut(ready), roots);
            } else if entry == 0 && ring.iter().all(|&waiting| waiting == 0) {
                let Some(number) = self.outside.pop() else { return true };
                roots.trace_outside(number, self);
            }
        }
        for step in 0..RING {
            let waiting = ring[(at + step) % RING];
            if waiting != 0 {
                self.grey.push(waiting);
            }
        }
        self.is_done()
    }

    /// Scans slots now, or pushes them as a range if they are many.
    pub(super) fn scan_or_push<T>(&mut self, range: Range, slots: *mut T, count: usize) {
        if count > RANGE_MIN {
            self.push_range(range, slots.expose_provenance(), count);
        } else if count > 0 {
            self.scan(range, slots.expose_provenance(), count);
        }
    }

    fn push_range(&mut self, range: Range, slots: usize, count: usize) {
        self.grey.push(slots);
        self.grey.push(count << 4 | range as usize);
    }

    /// Scans a piece of the range whose upper entry was just popped.
    fn scan_piece(&mut self, entry: usize) {
        let range = Range::from_bits(entry & 15);
        let count = entry >> 4;
        let slots = self.grey.pop().expect("a range has two entries");
        let piece = count.min(PIECE);
        if count > piece {
            let step = match range {
                Range::Values | Range::WeakSlots => size_of::<Value>(),
                Range::References => size_of::<u64>(),
                _ => size_of::<Node>(),
            };
            self.push_range(range, slots + piece * step, count - piece);
        }
        self.scan(range, slots, piece);
    }

    #[inline]
    fn scan(&mut self, range: Range, slots: usize, count: usize) {
        self.work += count
            * match range {
                Range::Values | Range::Nodes | Range::References => 16,
                // The mark of the key is fetched ahead; what is marked, and what is noted, counts in addition.
                Range::Ephemerons | Range::NotedEphemerons => 8,
                // Of entries of other weak tables little is marked.
                _ => 4,
            };
        // SAFETY: ranges lie in parts of marked tables, which stay as they are until the cycle ends even when the table
        // gets other parts.
        unsafe {
            match range {
                Range::Values => self.mark_slots(std::ptr::with_exposed_provenance(slots), count),
                Range::Nodes => self.scan_nodes(std::ptr::with_exposed_provenance_mut(slots), count),
                Range::References => self.mark_words(std::ptr::with_exposed_provenance(slots), count),
                _ => self.scan_weak(range, slots, count),
            }
        }
    }

    /// # Safety
    /// `nodes` points to `count` nodes of a hash part.
    unsafe fn scan_nodes(&mut self, nodes: *mut Node, count: usize) {
        for index in 0..count {
            // SAFETY: the caller gives that many nodes.
            unsafe {
                let node = nodes.add(index);
                if (*node).is_empty() {
                    (*node).drop_dead_key();
                } else {
                    self.mark((*node).key());
                    self.mark((*node).value());
                }
            }
        }
    }
}

/// Asks the machine to fetch the memory at an address.
#[inline(always)]
pub(super) fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect but on caches, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
