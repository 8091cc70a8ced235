//! The distinct names and string literals of a chunk.

use crate::syntax::hir::StringId;
use cranelift_entity::PrimaryMap;
use cranelift_entity::packed_option::PackedOption;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// What hashes begin with. Nobody who writes a chunk knows it, so that nobody can write one whose names collide. No result
/// depends on it.
static SEED: LazyLock<[u64; 2]> = LazyLock::new(|| [0, 1].map(|index: u64| RandomState::new().hash_one(index) | 1));

/// There is room for so many from the beginning.
const STRINGS_MIN: usize = 16;
/// Slots of the first table.
const SLOTS_MIN: usize = 4 * STRINGS_MIN;

/// The distinct names and string literals of a chunk.
pub(super) struct Interner {
    strings: PrimaryMap<StringId, Box<[u8]>>,
    hashes: PrimaryMap<StringId, u32>,
    /// The ids from their hashes on, with room for as many again.
    slots: Vec<PackedOption<StringId>>,
    seed: [u64; 2],
}

impl Interner {
    pub(super) fn new() -> Self {
        let slots = vec![PackedOption::default(); SLOTS_MIN];
        let (strings, hashes) = (PrimaryMap::with_capacity(STRINGS_MIN), PrimaryMap::with_capacity(STRINGS_MIN));
        Self { strings, hashes, slots, seed: *SEED }
    }

    /// The id of `bytes`, new or known.
    pub(super) fn intern(&mut self, bytes: &[u8]) -> StringId {
        let hash = self.hash(bytes);
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(id) = self.slots[slot].expand() {
            if self.hashes[id] == hash && *self.strings[id] == *bytes {
                return id;
            }
            slot = (slot + 1) & mask;
        }
        let id = self.strings.push(bytes.into());
        self.hashes.push(hash);
        self.slots[slot] = id.into();
        if self.strings.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let mut slots = vec![PackedOption::default(); self.slots.len() * 2];
        let mask = slots.len() - 1;
        for (id, &hash) in self.hashes.iter() {
            let mut slot = hash as usize & mask;
            while slots[slot].is_some() {
                slot = (slot + 1) & mask;
            }
            slots[slot] = id.into();
        }
        self.slots = slots;
    }

    /// Multiplies eight bytes at a time into the hash, and folds the product.
    fn hash(&self, bytes: &[u8]) -> u32 {
        let fold = |hash: u64, word: u64| {
            let product = u128::from(hash ^ word) * u128::from(self.seed[1]);
            product as u64 ^ (product >> 64) as u64
        };
        let (words, rest) = bytes.as_chunks::<8>();
        let hash =
            words.iter().fold(self.seed[0] ^ bytes.len() as u64, |hash, &word| fold(hash, u64::from_le_bytes(word)));
        let last = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let hash = fold(hash, last);
        (hash ^ hash >> 32) as u32
    }

    /// All strings by id.
    pub(super) fn finish(self) -> PrimaryMap<StringId, Box<[u8]>> {
        self.strings
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn ids_are_of_distinct_strings_in_order() {
        let mut interner = Interner::new();
        for round in 0..2 {
            for number in 0..10_000u32 {
                let text = "a".repeat(number as usize % 20) + &number.to_string();
                assert_eq!(interner.intern(text.as_bytes()).as_u32(), number, "{round}");
            }
        }
        assert_eq!(interner.finish().len(), 10_000);
    }
}
