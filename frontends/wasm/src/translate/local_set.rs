//! Sets of locals.

use minivm_isa::steps;

/// A set of locals of one function, by their numbers. Of functions with very many only the first are ever in a set, so that
/// copying one takes little.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct LocalSet {
    words: Vec<u64>,
}

/// Words of a set.
const WORDS_MAX: usize = 64;

impl LocalSet {
    /// The first `count` locals.
    pub(super) fn first(count: u32) -> Self {
        let mut set = LocalSet::default();
        (0..count).for_each(|local| set.insert(local));
        set
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        minivm_isa::size::list_bytes::<u64>(self.words.len())
    }

    pub(super) fn contains(&self, local: u32) -> bool {
        let word = self.words.get(local as usize / 64).copied().unwrap_or(0);
        word >> (local % 64) & 1 != 0
    }

    pub(super) fn insert(&mut self, local: u32) {
        let index = local as usize / 64;
        if index >= WORDS_MAX {
            return;
        }
        if self.words.len() <= index {
            self.words.resize(index + 1, 0);
        }
        self.words[index] |= 1 << (local % 64);
    }

    /// Keeps what is in both.
    pub(super) fn intersect(&mut self, other: &LocalSet) {
        steps::count(other.words.len());
        self.words.truncate(other.words.len());
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }
}

/// What is assigned where branches meet: the locals assigned at all of them.
#[derive(Default)]
pub(super) struct Meet(Option<LocalSet>);

impl Meet {
    /// One more branch comes in.
    pub(super) fn add(&mut self, assigned: &LocalSet) {
        match &mut self.0 {
            Some(common) => common.intersect(assigned),
            None => {
                steps::count(assigned.words.len());
                self.0 = Some(assigned.clone());
            }
        }
    }

    /// Whether a branch came in.
    pub(super) fn is_reached(&self) -> bool {
        self.0.is_some()
    }

    /// What all branches had, if there was one.
    pub(super) fn finish(self) -> Option<LocalSet> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_are_intersections() {
        let mut one = LocalSet::first(2);
        let mut other = one.clone();
        one.insert(129);
        other.insert(64);
        other.insert(129);
        let mut meet = Meet::default();
        assert!(!meet.is_reached());
        meet.add(&one);
        meet.add(&other);
        let common = meet.finish().expect("two branches came in");
        assert!(common.contains(0) && common.contains(1) && common.contains(129));
        assert!(!common.contains(2) && !common.contains(64));
    }

    #[test]
    fn sets_stay_small() {
        let mut set = LocalSet::first(3);
        set.insert(40_000);
        assert!(set.contains(2) && !set.contains(3) && !set.contains(40_000));
        assert_eq!(set, LocalSet::first(3));
    }
}
