//! A sequence in segments, so that neither growing nor shrinking moves more than one of them.

use std::collections::VecDeque;

/// Items of a segment.
const SEGMENT: usize = if cfg!(test) { 4 } else { 2048 };

/// A sequence that grows at the end, and shrinks at either.
pub(super) struct Segmented<T> {
    segments: VecDeque<Vec<T>>,
    /// Items of the first segment that are gone.
    start: usize,
    len: usize,
}

impl<T> Default for Segmented<T> {
    fn default() -> Self {
        Segmented { segments: VecDeque::new(), start: 0, len: 0 }
    }
}

impl<T: Copy> Segmented<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, index: usize) -> Option<T> {
        if index >= self.len {
            return None;
        }
        let at = self.start + index;
        Some(self.segments[at / SEGMENT][at % SEGMENT])
    }

    pub(super) fn set(&mut self, index: usize, item: T) {
        let at = self.start + index;
        self.segments[at / SEGMENT][at % SEGMENT] = item;
    }

    pub(super) fn push(&mut self, item: T) {
        if self.segments.back().is_none_or(|last| last.len() == SEGMENT) {
            self.segments.push_back(Vec::with_capacity(SEGMENT));
        }
        self.segments.back_mut().expect("one was added if there was none").push(item);
        self.len += 1;
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.get(self.len.wrapping_sub(1))?;
        self.truncate(self.len - 1);
        Some(item)
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let item = self.get(0)?;
        (self.start, self.len) = (self.start + 1, self.len - 1);
        if self.start == SEGMENT || self.len == 0 {
            self.segments.pop_front();
            self.start = 0;
        }
        Some(item)
    }

    /// Keeps the first `len` items.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.len = len;
        if len == 0 {
            self.segments.truncate(0);
            self.start = 0;
            return;
        }
        let end = self.start + len;
        self.segments.truncate(end.div_ceil(SEGMENT));
        let last = self.segments.len() - 1;
        self.segments[last].truncate(end - last * SEGMENT);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.segments.iter().flatten().skip(self.start).copied()
    }
}

impl<T: Copy> FromIterator<T> for Segmented<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut segmented = Segmented::default();
        items.into_iter().for_each(|item| segmented.push(item));
        segmented
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sequence() {
        let mut ours = Segmented::default();
        let mut theirs = VecDeque::new();
        let mut random = crate::heap::tests::Random(3);
        for round in 0..2000 {
            match random.below(8) {
                0..4 => {
                    ours.push(round);
                    theirs.push_back(round);
                }
                4 => assert_eq!(ours.pop_front(), theirs.pop_front()),
                5 => assert_eq!(ours.pop(), theirs.pop_back()),
                6 if !theirs.is_empty() => {
                    let index = random.below(theirs.len() as u64) as usize;
                    ours.set(index, round);
                    theirs[index] = round;
                }
                _ if random.below(20) == 0 => {
                    let len = random.below(theirs.len() as u64 + 3) as usize;
                    ours.truncate(len);
                    theirs.truncate(len);
                }
                _ => {}
            }
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(ours.is_empty(), theirs.is_empty());
            assert!(ours.iter().eq(theirs.iter().copied()));
            assert_eq!(ours.get(theirs.len()), None);
            assert_eq!(ours.get(theirs.len() / 2), theirs.get(theirs.len() / 2).copied());
        }
    }
}
