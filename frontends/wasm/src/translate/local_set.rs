//! Sets of locals.

/// A set of locals of one function.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct LocalSet {
    words: Vec<u64>,
}

impl LocalSet {
    /// The first `count` of `capacity` locals.
    pub(super) fn first(count: usize, capacity: usize) -> Self {
        let mut set = LocalSet { words: vec![0; capacity.div_ceil(64)] };
        for local in 0..count {
            set.words[local / 64] |= 1 << (local % 64);
        }
        set
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        minivm_isa::size::list_bytes::<u64>(self.words.len())
    }

    pub(super) fn contains(&self, local: u32) -> bool {
        let local = local as usize;
        self.words[local / 64] & (1 << (local % 64)) != 0
    }

    pub(super) fn insert(&mut self, local: u32) {
        let local = local as usize;
        self.words[local / 64] |= 1 << (local % 64);
    }

    /// Keeps what is in both.
    pub(super) fn intersect(&mut self, other: &LocalSet) {
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
            None => self.0 = Some(assigned.clone()),
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
        let mut one = LocalSet::first(2, 130);
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
}
