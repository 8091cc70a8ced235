//! Hash functions of keys.
//!
//! Every string carries the hash of a fast function, and so do numbers and objects in passing. Its constants are known, so
//! keys that collide are easily made. Where somebody did, as long chains tell, the same keys are spread by [`Hasher`]s: SipHash
//! under another key for each level, so that keys which collide on one level do not on the next.

use super::Str;
use super::table::Table;
use crate::value::{Tag, Value};

/// Two words that a host may choose, see [`Heap::set_hash_key`](super::Heap::set_hash_key).
pub(super) type HashKey = [u64; 2];

/// The key when the host chooses none: the same everywhere, so that runs are reproducible.
pub const HASH_KEY_DEFAULT: HashKey = [0x6d69_6e69_766d_2068, 0x6173_6820_6b65_7973];

/// The last level. To get beyond the first ones takes more work than anyone has.
pub(crate) const LEVEL_MAX: u8 = 8;

/// The hash function of a level. Level 0 is the fast function, which needs no key.
#[derive(Clone, Copy)]
pub(crate) struct Hasher {
    pub(crate) key: HashKey,
    pub(crate) level: u8,
}

impl Hasher {
    /// The fast function.
    pub(crate) const FAST: Hasher = Hasher { key: [0; 2], level: 0 };

    /// The same key on another level.
    #[inline(always)]
    pub(crate) fn at(self, level: u8) -> Hasher {
        Hasher { level, ..self }
    }

    fn sip(self) -> Sip {
        Sip::new([self.key[0], self.key[1] ^ u64::from(self.level)])
    }

    /// The hash of a normalised key, if it has one: cells that were never a key have no sequence number, and are in no table.
    ///
    /// # Safety
    /// `key` is a live value.
    #[inline]
    pub(crate) unsafe fn hash(self, key: Value) -> Option<u32> {
        // SAFETY: as the caller promises.
        unsafe { if self.level == 0 { Table::hash_of(key) } else { self.hash_strongly(key) } }
    }

    /// # Safety
    /// `key` is live.
    #[cold]
    #[inline(never)]
    unsafe fn hash_strongly(self, key: Value) -> Option<u32> {
        let word = match key.tag {
            Tag::STRING => {
                let string: *mut Str = key.pointer().cast();
                // SAFETY: the caller gives a live value. The hash of a long string is that of SipHash already, which takes
                // some breaking, and hashing the bytes of such a string again and again is slow.
                unsafe {
                    if Str::is_short(string) || self.level > 1 {
                        return Some(self.hash_bytes(Str::bytes(string)));
                    }
                    u64::from(Str::hash(string)) | (Str::len(string) as u64) << 32
                }
            }
            Tag::INT | Tag::FLOAT => key.payload,
            Tag::NIL | Tag::FALSE | Tag::TRUE => 0,
            _ => {
                // SAFETY: the caller gives a live value, and cells begin with a header.
                let id = unsafe { (*key.pointer()).id() };
                if id == 0 {
                    return None;
                }
                id
            }
        };
        let mut sip = self.sip();
        sip.absorb(word);
        sip.absorb(u64::from(key.tag.0));
        Some(sip.finish() as u32)
    }

    /// The hash of bytes on a level above 0.
    pub(crate) fn hash_bytes(self, bytes: &[u8]) -> u32 {
        let mut sip = self.sip();
        sip.absorb_bytes(bytes);
        sip.finish() as u32
    }
}

/// The hash of a long string, whose bytes are gone through once in its life.
pub(crate) fn hash_long(bytes: &[u8]) -> u32 {
    let mut sip = Sip::<1, 3>::new(HASH_KEY_DEFAULT);
    sip.absorb_bytes(bytes);
    sip.finish() as u32
}

/// SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) with so many rounds for each word and at the end.
struct Sip<const EACH: usize = 1, const LAST: usize = 3>([u64; 4]);

impl<const EACH: usize, const LAST: usize> Sip<EACH, LAST> {
    fn new(key: HashKey) -> Self {
        Sip([
            key[0] ^ 0x736f_6d65_7073_6575,
            key[1] ^ 0x646f_7261_6e64_6f6d,
            key[0] ^ 0x6c79_6765_6e65_7261,
            key[1] ^ 0x7465_6462_7974_6573,
        ])
    }

    #[inline(always)]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.0;
        *v0 = v0.wrapping_add(*v1);
        *v2 = v2.wrapping_add(*v3);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v1);
        *v0 = v0.wrapping_add(*v3);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.rotate_left(32);
    }

    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        for _ in 0..EACH {
            self.round();
        }
        self.0[0] ^= word;
    }

    fn absorb_bytes(&mut self, bytes: &[u8]) {
        let words = bytes.chunks_exact(8);
        let mut last = (bytes.len() as u64) << 56;
        for (place, &byte) in words.remainder().iter().enumerate() {
            last |= u64::from(byte) << (8 * place);
        }
        for word in words {
            self.absorb(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        self.absorb(last);
    }

    #[inline(always)]
    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        for _ in 0..LAST {
            self.round();
        }
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(deprecated, reason = "the standard library documents the algorithm of no other type")]
    fn it_is_the_function_that_others_know() {
        use std::hash::{Hasher as _, SipHasher};
        for length in 0..40u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut theirs = SipHasher::new_with_keys(1, 2);
            theirs.write(&bytes);
            let mut ours = Sip::<2, 4>::new([1, 2]);
            ours.absorb_bytes(&bytes);
            assert_eq!(ours.finish(), theirs.finish());
        }
    }

    #[test]
    fn levels_are_different_functions() {
        let hasher = Hasher { key: HASH_KEY_DEFAULT, level: 1 };
        assert_ne!(hasher.hash_bytes(b"key"), hasher.at(2).hash_bytes(b"key"));
        // SAFETY: numbers are always alive.
        let of = |hasher: Hasher, key| unsafe { hasher.hash(key) }.expect("numbers have hashes");
        assert_ne!(of(hasher, Value::int(1)), of(hasher.at(2), Value::int(1)));
        assert_ne!(of(hasher, Value::int(0)), of(hasher, Value::float(0.0)));
    }
}
