//! Memory of a fiber's stack. It grows by moving: nothing on a stack points into it.

use std::alloc::{Layout, alloc_zeroed, dealloc, realloc};

/// Words kept free above the limit that calls check: a record and a frame header fit without a check.
pub(crate) const RESERVE_WORDS: usize = 24;
/// Words of a new fiber's stack.
pub(crate) const FIRST_WORDS: usize = 96;

/// The memory of one stack.
pub(crate) struct StackMemory {
    start: *mut u64,
    words: usize,
}

impl StackMemory {
    /// A stack of `words` words, all zero.
    ///
    /// # Errors
    /// None when the host has no memory.
    pub(crate) fn new(words: usize) -> Option<Self> {
        let words = words.max(FIRST_WORDS);
        // SAFETY: the layout has a size.
        let start = unsafe { alloc_zeroed(layout(words)?) }.cast::<u64>();
        (!start.is_null()).then_some(StackMemory { start, words })
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
        // SAFETY: `start` was allocated with this layout.
        unsafe { dealloc(self.start.cast(), layout(self.words).expect("it was allocated with it")) };
    }
}
