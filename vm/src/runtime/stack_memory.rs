//! Memory of a fiber's stack. It grows by moving: nothing on a stack points into it.

use crate::memory::Reservation;
use std::alloc::{Layout, alloc_zeroed, dealloc, realloc};

/// Words kept free above the limit that calls check: a continuation and a frame header fit without a check.
pub(crate) const RESERVE_WORDS: usize = 24;
/// Words of a new fiber's stack.
pub(crate) const FIRST_WORDS: usize = 96;
/// Stacks of so many words and more have their own range of addresses, so that nothing is copied, and held twice, when they
/// grow.
const RANGE_WORDS_MIN: usize = 32 << 10;

/// The memory of one stack.
pub(crate) struct StackMemory {
    /// Null when a spare stack was made of the memory.
    start: *mut u64,
    words: usize,
    /// Where a large stack lies; a small one is allocated.
    range: Option<Reservation>,
}

/// Stacks of fibers that have ended, for those that begin next: a stack costs more to allocate than the fiber to run, as often as not.
/// So few that it does not matter that nobody is charged for them.
#[derive(Default)]
pub(crate) struct SpareStacks(Vec<StackMemory>);

/// Spare stacks that are kept.
const SPARE_STACKS_MAX: usize = 16;

impl SpareStacks {
    /// A stack for a new fiber, all zero.
    ///
    /// # Errors
    /// None when the host has no memory.
    pub(crate) fn take(&mut self) -> Option<StackMemory> {
        let Some(stack) = self.0.pop() else { return StackMemory::new(FIRST_WORDS) };
        // SAFETY: so many words lie there.
        unsafe { stack.start.write_bytes(0, stack.words) };
        Some(stack)
    }

    /// Takes over the memory of a stack that nobody will look at any more, unless it has grown.
    pub(crate) fn keep(&mut self, stack: &mut StackMemory) {
        if stack.words == FIRST_WORDS && self.0.len() < SPARE_STACKS_MAX && !stack.start.is_null() {
            let start = std::mem::replace(&mut stack.start, std::ptr::null_mut());
            self.0.push(StackMemory { start, words: FIRST_WORDS, range: None });
        }
    }
}

impl StackMemory {
    /// A stack of `words` words, all zero.
    ///
    /// # Errors
    /// None when the host has no memory.
    pub(crate) fn new(words: usize) -> Option<Self> {
        let words = words.max(FIRST_WORDS);
        if words >= RANGE_WORDS_MIN {
            return StackMemory::in_range(words);
        }
        // SAFETY: the layout has a size.
        let start = unsafe { alloc_zeroed(layout(words)?) }.cast::<u64>();
        (!start.is_null()).then_some(StackMemory { start, words, range: None })
    }

    fn in_range(words: usize) -> Option<Self> {
        let range = Reservation::new(words.checked_mul(8)?, 0)?;
        Some(StackMemory { start: range.base().cast(), words, range: Some(range) })
    }

    /// The lowest word.
    pub(crate) fn start(&self) -> *mut u64 {
        self.start
    }

    /// Its size in words.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// The limit that calls check.
    pub(crate) fn limit(&self) -> *mut u64 {
        self.start.wrapping_add(self.words - RESERVE_WORDS)
    }

    /// All words.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: so many words lie there, all of them written: they began as zeros, and nothing else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.words) }
    }

    /// Grows to `words` words, the new ones zero.
    #[must_use]
    pub(crate) fn grow_with_zeros(&mut self, words: usize) -> bool {
        let had = self.words;
        if words < had || !self.resize(words) {
            return false;
        }
        // SAFETY: so many words were added at the end.
        unsafe { self.start.add(had).write_bytes(0, words - had) };
        true
    }

    /// Grows or shrinks to `words` words; the contents may move.
    #[must_use]
    pub(crate) fn resize(&mut self, words: usize) -> bool {
        if let Some(range) = &mut self.range {
            let Some(bytes) = words.checked_mul(8) else { return false };
            let is_resized = range.grow(bytes, 0);
            self.start = range.base().cast();
            if is_resized {
                self.words = words;
            }
            return is_resized;
        }
        if words >= RANGE_WORDS_MIN {
            let Some(made) = StackMemory::in_range(words) else { return false };
            // SAFETY: both stacks have so many words, and are not the same.
            unsafe { made.start.copy_from_nonoverlapping(self.start, self.words.min(words)) };
            *self = made;
            return true;
        }
        let (Some(old), Some(new)) = (layout(self.words), layout(words)) else { return false };
        // SAFETY: `start` was allocated with the old layout.
        let start = unsafe { realloc(self.start.cast(), old, new.size()) }.cast::<u64>();
        if start.is_null() {
            return false;
        }
        self.start = start;
        self.words = words;
        true
    }
}

fn layout(words: usize) -> Option<Layout> {
    Layout::array::<u64>(words).ok()
}

impl Drop for StackMemory {
    fn drop(&mut self) {
        if self.range.is_none() && !self.start.is_null() {
            // SAFETY: `start` was allocated with this layout.
            unsafe { dealloc(self.start.cast(), layout(self.words).expect("it was allocated with it")) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_stacks_are_as_new_and_few() {
        let mut spare = SpareStacks::default();
        let mut stacks: Vec<_> = (0..2 * SPARE_STACKS_MAX).map(|_| spare.take().unwrap()).collect();
        for stack in &mut stacks {
            stack.words_mut().fill(7);
            spare.keep(stack);
            assert_eq!(stack.words(), FIRST_WORDS, "what is left counts as before");
        }
        assert_eq!(spare.0.len(), SPARE_STACKS_MAX);
        assert!(spare.take().unwrap().words_mut().iter().all(|&word| word == 0));
        let mut grown = StackMemory::new(2 * FIRST_WORDS).unwrap();
        spare.keep(&mut grown);
        assert!(!grown.start().is_null(), "it has grown");
    }

    #[test]
    fn a_stack_keeps_its_words_however_large_it_grows() {
        let mut stack = StackMemory::new(1).unwrap();
        // SAFETY: it has a first word.
        unsafe { *stack.start() = 7 };
        for words in [1 << 10, RANGE_WORDS_MIN, RANGE_WORDS_MIN * 5, RANGE_WORDS_MIN * 4, RANGE_WORDS_MIN * 8] {
            assert!(stack.resize(words));
            assert_eq!(stack.words(), words);
            // SAFETY: it has so many words, and the new ones are zero or were never written.
            unsafe {
                assert_eq!(*stack.start(), 7);
                *stack.start().add(words - 1) = 1;
            }
        }
    }
}
