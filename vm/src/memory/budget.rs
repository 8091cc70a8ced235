//! The one account of what a program makes its machine hold: the heap's cells and everything beside them.
//!
//! Bytes are counted by rules that depend on the program alone, never on what the allocator does, so that a run meets its limit
//! at the same instruction everywhere. What the host's allocator keeps of freed memory is another matter: the account watches
//! how much that can be, and has it returned when the process would otherwise outgrow the limit.

use super::host;
use minivm_isa::Allowance;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An allocation was refused, by the limit of the program or by the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory {
    /// Bytes that were asked for.
    pub bytes: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not enough memory")
    }
}

impl std::error::Error for OutOfMemory {}

/// A shared limit on bytes; clones count into the same limit.
///
/// The machine counts without locking, so it is exact where all clones are used on one thread at a time.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    state: Arc<State>,
}

/// A number that a machine and its host may both have, whatever threads they are on. Changed in two steps, as no machine counts
/// on two threads at once.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct State {
    maximum: Count,
    /// Bytes of the heap, as it reported last.
    heap: Count,
    /// Bytes of everything beside the heap.
    taken: Count,
    /// Most bytes that the process has held of each since freed memory was returned to the system.
    heap_peak: Count,
    taken_peak: Count,
}

/// Freed bytes that the allocator may keep before it is worth while to have them returned.
const KEPT_MIN: u64 = 4 << 20;

impl MemoryBudget {
    /// A budget of so many bytes, nothing used.
    pub fn new(maximum: u64) -> Self {
        MemoryBudget {
            state: Arc::new(State {
                maximum: Count(AtomicU64::new(maximum)),
                heap: Count::default(),
                taken: Count::default(),
                heap_peak: Count::default(),
                taken_peak: Count::default(),
            }),
        }
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.state.heap.get().saturating_add(self.taken())
    }

    /// Bytes in use beside the heap.
    pub fn taken(&self) -> u64 {
        self.state.taken.get()
    }

    /// Bytes that may be in use.
    pub fn maximum(&self) -> u64 {
        self.state.maximum.get()
    }

    /// Changes the limit; what is in use stays in use.
    pub(crate) fn set_maximum(&self, maximum: u64) {
        self.state.maximum.set(maximum);
    }

    /// Takes bytes, if so many are left.
    #[must_use]
    pub fn take(&self, bytes: u64) -> bool {
        match self.used().checked_add(bytes) {
            Some(used) if used <= self.maximum() => {
                self.take_unchecked(bytes);
                true
            }
            _ => false,
        }
    }

    /// Takes bytes for what is there already, whether or not they are left.
    pub(crate) fn take_unchecked(&self, bytes: u64) {
        let taken = self.taken().saturating_add(bytes);
        self.state.taken.set(taken);
        if taken > self.state.taken_peak.get() {
            self.state.taken_peak.set(taken);
            self.return_freed();
        }
    }

    /// Gives bytes back.
    pub fn give_back(&self, bytes: u64) {
        self.state.taken.set(self.taken().saturating_sub(bytes));
    }

    /// Takes bytes for as long as the answer lives.
    ///
    /// # Errors
    /// When so many are not left.
    pub fn hold(&self, bytes: u64) -> Result<Held, OutOfMemory> {
        let held = Held { budget: self.clone(), bytes: Cell::new(0) };
        held.resize(bytes)?;
        Ok(held)
    }

    /// Takes bytes for what is there already, for as long as the answer lives.
    pub(crate) fn hold_unchecked(&self, bytes: u64) -> Held {
        self.take_unchecked(bytes);
        Held { budget: self.clone(), bytes: Cell::new(bytes) }
    }

    /// The heap uses so many bytes, of those that it has taken from the host.
    #[inline]
    pub(crate) fn note_heap(&self, used: u64, footprint: u64) {
        self.state.heap.set(used);
        if footprint > self.state.heap_peak.get() {
            self.state.heap_peak.set(footprint);
            self.return_freed();
        }
    }

    /// Has the allocator return what it keeps of freed memory, if the process may hold more than it should because of that.
    #[cold]
    fn return_freed(&self) {
        let state = &*self.state;
        let held = state.heap_peak.get().saturating_add(state.taken_peak.get());
        let (used, maximum) = (self.used(), self.maximum());
        if held > maximum.saturating_add(maximum / 8) && held.saturating_sub(used) > KEPT_MIN.max(maximum / 16) {
            host::return_freed();
            state.heap_peak.set(state.heap.get());
            state.taken_peak.set(state.taken.get());
        }
    }
}

impl MemoryBudget {
    /// What is left now, for work that counts for itself, on another thread perhaps.
    pub fn allowance(&self) -> Allowance {
        Allowance::new(self.maximum().saturating_sub(self.used()))
    }

    /// Notes how much work that counted for itself has held: the allocator may keep some of it.
    pub fn note(&self, allowance: &Allowance) {
        self.take_unchecked(allowance.peak());
        self.give_back(allowance.peak());
    }
}

/// Bytes taken from a [`MemoryBudget`], given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    budget: MemoryBudget,
    bytes: Cell<u64>,
}

impl Held {
    /// How many bytes it holds.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Holds so many bytes from now on.
    ///
    /// # Errors
    /// When so many are not left; then it holds what it did.
    pub fn resize(&self, bytes: u64) -> Result<(), OutOfMemory> {
        let held = self.bytes();
        if bytes > held {
            let more = bytes - held;
            if !self.budget.take(more) {
                return Err(OutOfMemory { bytes: usize::try_from(more).unwrap_or(usize::MAX) });
            }
        } else {
            self.budget.give_back(held - bytes);
        }
        self.bytes.set(bytes);
        Ok(())
    }

    /// Holds more bytes.
    ///
    /// # Errors
    /// When so many are not left; then it holds what it did.
    pub fn grow(&self, more: u64) -> Result<(), OutOfMemory> {
        self.resize(self.bytes().saturating_add(more))
    }

    /// Holds more bytes, for what is there already, whether or not they are left.
    pub(crate) fn grow_unchecked(&self, more: u64) {
        self.budget.take_unchecked(more);
        self.bytes.set(self.bytes().saturating_add(more));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_limit() {
        let budget = MemoryBudget::new(100);
        let other = budget.clone();
        assert!(budget.take(60));
        assert!(!other.take(41));
        assert!(other.take(40));
        budget.give_back(100);
        assert_eq!(other.used(), 0);
        assert!(!budget.take(u64::MAX));
    }

    #[test]
    fn the_heap_counts_into_the_limit() {
        let budget = MemoryBudget::new(100);
        budget.note_heap(70, 100);
        assert!(!budget.take(31));
        assert!(budget.take(30));
        assert_eq!((budget.used(), budget.taken()), (100, 30));
    }

    #[test]
    fn an_allowance_is_what_is_left() {
        let budget = MemoryBudget::new(100);
        assert!(budget.take(30));
        let mut allowance = budget.allowance();
        assert!(allowance.take(71).is_err());
        allowance.take(70).unwrap();
        budget.note(&allowance);
        assert_eq!(budget.used(), 30);
    }

    #[test]
    fn what_is_held_is_given_back() {
        let budget = MemoryBudget::new(100);
        let held = budget.hold(40).unwrap();
        held.grow(60).unwrap();
        assert!(held.grow(1).is_err());
        assert_eq!(budget.used(), 100);
        held.resize(10).unwrap();
        assert_eq!((budget.used(), held.bytes()), (10, 10));
        drop(held);
        assert_eq!(budget.used(), 0);
        assert!(budget.hold(101).is_err());
        assert_eq!(budget.used(), 0);
    }
}
