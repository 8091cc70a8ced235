//! Values of entries with weak keys that wait for the key to be marked.
//!
//! Kept in many small maps, as growing or dropping a large one takes long.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::value::Value;

/// Hashes an address; only ever used to look up, never to order.
#[derive(Default)]
pub(super) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(byte.into());
        }
    }

    fn write_usize(&mut self, word: usize) {
        self.0 = (self.0 ^ word as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

/// Notes of some keys.
#[derive(Default)]
struct Shard {
    /// The last note for each key.
    by_key: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
    /// Values, each with the note before it for the same key.
    notes: Vec<(Value, Option<u32>)>,
}

/// Values by the key that they wait for.
#[derive(Default)]
pub(super) struct Notes {
    /// One while there are few notes, and so many later.
    shards: Vec<Shard>,
}

/// Shards when there are many notes.
const SHARDS: usize = 1024;
/// Notes that one shard holds as long as it is the only one.
const FEW: usize = 4096;

impl Shard {
    fn add(&mut self, key: usize, value: Value) {
        let note = self.notes.len() as u32;
        let before = self.by_key.insert(key, note);
        self.notes.push((value, before));
    }

    fn take(&mut self, key: usize, act: &mut impl FnMut(Value)) {
        let mut next = self.by_key.remove(&key);
        while let Some(note) = next {
            let (value, before) = self.notes[note as usize];
            act(value);
            next = before;
        }
    }
}

impl Notes {
    /// Notes a value under a key.
    pub(super) fn add(&mut self, key: usize, value: Value) {
        if self.shards.is_empty() {
            self.shards.push(Shard::default());
        }
        if self.shards.len() == 1 && self.shards[0].notes.len() == FEW {
            self.shards.resize_with(1 + SHARDS, Shard::default);
        }
        let shard = self.shard_of(key);
        self.shards[shard].add(key, value);
    }

    /// Whether nothing was ever noted.
    pub(super) fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Where notes of a key go now.
    fn shard_of(&self, key: usize) -> usize {
        // The lowest four bits of addresses are zero.
        if self.shards.len() == 1 { 0 } else { 1 + (key >> 4).wrapping_mul(0x9e37_79b1) / 256 % SHARDS }
    }

    /// Takes all values that wait for a key.
    pub(super) fn take(&mut self, key: usize, mut act: impl FnMut(Value)) {
        if let Some(first) = self.shards.first_mut() {
            first.take(key, &mut act);
            let shard = self.shard_of(key);
            if shard != 0 {
                self.shards[shard].take(key, &mut act);
            }
        }
    }

    /// Drops some of the notes; true when none are left.
    pub(super) fn drop_some(&mut self, shards: usize) -> bool {
        self.shards.truncate(self.shards.len().saturating_sub(shards));
        self.shards.is_empty()
    }
}
