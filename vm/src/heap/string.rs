//! Strings: immutable bytes in one cell, short ones interned.

use super::header::Header;
use super::{Heap, OutOfMemory};
use crate::value::Tag;

/// Longest string that is interned; equal strings up to this length are the same cell.
pub(crate) const SHORT_BYTES_MAX: usize = 40;

/// An immutable byte string; the bytes follow the fixed part.
#[repr(C)]
pub(crate) struct Str {
    pub(super) header: Header,
    /// Of a buffer, this is how many bytes are written.
    pub(super) hash: u32,
    pub(super) len: u32,
}

/// Bytes of the fixed part.
pub(super) const FIXED_BYTES: usize = size_of::<Str>();

impl Str {
    /// The length in bytes.
    ///
    /// # Safety
    /// `string` is a live string.
    #[inline(always)]
    pub(crate) unsafe fn len(string: *const Str) -> usize {
        // SAFETY: the caller gives a live string.
        unsafe { (*string).len as usize }
    }

    /// The bytes. They never change, so they may be held as long as the string is reachable.
    ///
    /// # Safety
    /// `string` is a live string and stays reachable for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn bytes<'a>(string: *const Str) -> &'a [u8] {
        // SAFETY: the caller gives a live string; `len` bytes behind the fixed part were written when it was made.
        unsafe { std::slice::from_raw_parts(string.cast::<u8>().add(FIXED_BYTES), (*string).len as usize) }
    }

    /// Whether the string is interned, so that equal content means the same cell.
    ///
    /// # Safety
    /// `string` is a live string.
    #[inline(always)]
    pub(crate) unsafe fn is_short(string: *const Str) -> bool {
        // SAFETY: the caller gives a live string.
        unsafe { !(*string).header.has(Header::LONG) }
    }

    /// The hash of the content; the same on every machine. Computed on first use for long strings.
    ///
    /// # Safety
    /// `string` is a live string.
    #[inline(always)]
    pub(crate) unsafe fn hash(string: *mut Str) -> u32 {
        // SAFETY: the caller gives a live string.
        unsafe { if (*string).header.has(Header::HASHED) { (*string).hash } else { Str::hash_long(string) } }
    }

    /// The hash of a short string, which is always there.
    ///
    /// # Safety
    /// `string` is a live short string.
    #[inline(always)]
    pub(crate) unsafe fn short_hash(string: *const Str) -> u32 {
        // SAFETY: the caller gives a live string.
        unsafe { (*string).hash }
    }

    /// # Safety
    /// The string is live.
    #[cold]
    #[inline(never)]
    unsafe fn hash_long(string: *mut Str) -> u32 {
        // SAFETY: `hash` passes on its caller's live string.
        unsafe {
            (*string).hash = super::hash::hash_long(Str::bytes(string));
            (*string).header.set(Header::HASHED);
            (*string).hash
        }
    }

    /// Whether two strings have the same content.
    ///
    /// # Safety
    /// Both are live strings.
    #[inline]
    pub(crate) unsafe fn equals(one: *const Str, other: *const Str) -> bool {
        // SAFETY: the caller gives live strings.
        unsafe {
            one == other
                || ((*one).header.has(Header::LONG)
                    && (*other).header.has(Header::LONG)
                    && Str::bytes(one) == Str::bytes(other))
        }
    }

    /// Writes the fixed part of a fresh cell.
    ///
    /// # Safety
    /// `cell` is a fresh cell of at least the fixed part and `len` bytes.
    unsafe fn begin(cell: *mut u8, flags: u64, hash: u32, len: usize) -> *mut Str {
        let string = cell.cast::<Str>();
        // SAFETY: the caller gives a fresh cell that holds the fixed part.
        unsafe {
            string.write(Str { header: Header::new(Tag::STRING, flags), hash, len: len as u32 });
        }
        string
    }

    pub(crate) fn data(string: *mut Str) -> *mut u8 {
        string.cast::<u8>().wrapping_add(FIXED_BYTES)
    }
}

/// The fixed hash function of strings: eight bytes a step, the last step overlapping the one before.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> u32 {
    let state = 0x51_7cc1_b727_220a ^ bytes.len() as u64;
    let (words, last) = words_of(bytes);
    let state = words.fold(state, mix);
    mix(mix(state, last), 0) as u32
}

/// Mixes a word into a state: both halves of a product, so that every bit of the word reaches every bit of the result.
#[inline(always)]
pub(crate) fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * 0x9fb2_1c65_1e98_df25;
    product as u64 ^ (product >> 64) as u64
}

/// The bytes as words of eight, and a word with those at the end: all but the last word, then the last eight bytes
/// (or what there is), even if that repeats some.
#[inline(always)]
fn words_of(bytes: &[u8]) -> (impl Iterator<Item = u64>, u64) {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let half = |bytes: &[u8]| u64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes")));
    let len = bytes.len();
    let last = if len >= 8 {
        word(&bytes[len - 8..])
    } else if len >= 4 {
        half(&bytes[..4]) | half(&bytes[len - 4..]) << 32
    } else if len > 0 {
        u64::from(bytes[0]) | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]) << 16
    } else {
        0
    };
    let all_but_last = len.saturating_sub(1) / 8 * 8;
    (bytes[..all_but_last].chunks_exact(8).map(word), last)
}

/// Whether strings of the same length are equal; for short ones, without a call.
#[inline(always)]
pub(super) fn equal_bytes(one: &[u8], other: &[u8]) -> bool {
    let (mut words, last) = words_of(one);
    let (mut other_words, other_last) = words_of(other);
    last == other_last && words.by_ref().zip(other_words.by_ref()).all(|(word, other)| word == other)
}

impl Heap {
    /// The string with this content: interned if short, a fresh cell if long.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    #[inline]
    pub(crate) fn new_string(&mut self, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        if bytes.len() <= SHORT_BYTES_MAX {
            return self.intern(bytes);
        }
        let string = self.new_long_string(bytes.len())?;
        // SAFETY: the fresh cell holds that many bytes, and cannot overlap the caller's.
        unsafe { Str::data(string).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(string)
    }

    /// The string that is these pieces one after another.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    pub(crate) fn concat(&mut self, pieces: &[&[u8]]) -> Result<*mut Str, OutOfMemory> {
        let mut bytes = 0usize;
        for piece in pieces {
            bytes = bytes.saturating_add(piece.len());
        }
        if bytes <= SHORT_BYTES_MAX {
            let mut buffer = [0; SHORT_BYTES_MAX];
            let mut at = 0;
            for piece in pieces {
                buffer[at..at + piece.len()].copy_from_slice(piece);
                at += piece.len();
            }
            return self.intern(&buffer[..bytes]);
        }
        let string = self.new_long_string(bytes)?;
        let mut to = Str::data(string);
        for piece in pieces {
            // SAFETY: the pieces add up to the bytes of the fresh cell, which cannot overlap any of them.
            unsafe {
                to.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                to = to.add(piece.len());
            }
        }
        Ok(string)
    }

    /// The string of `len` bytes that `fill` writes; it starts out as zeros.
    ///
    /// # Errors
    /// [`OutOfMemory`] when the limit or the host does not allow another cell.
    pub(crate) fn new_string_with(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<*mut Str, OutOfMemory> {
        if len <= SHORT_BYTES_MAX {
            let mut buffer = [0; SHORT_BYTES_MAX];
            fill(&mut buffer[..len]);
            return self.intern(&buffer[..len]);
        }
        let string = self.new_long_string(len)?;
        // SAFETY: the fresh cell holds `len` bytes, and nobody else knows it yet.
        unsafe {
            Str::data(string).write_bytes(0, len);
            fill(std::slice::from_raw_parts_mut(Str::data(string), len));
        }
        Ok(string)
    }

    /// The one short string with this content (at most [`SHORT_BYTES_MAX`] bytes).
    fn intern(&mut self, bytes: &[u8]) -> Result<*mut Str, OutOfMemory> {
        let hash = hash_bytes(bytes);
        let found = self.interned.find(hash, bytes);
        if !found.is_null() {
            if self.in_cycle() {
                // It may have been dead; until the cycle ends a mark brings it back, for it refers to nothing.
                self.marker.mark_string(found);
            }
            return Ok(found);
        }
        let cell = self.allocate(FIXED_BYTES + bytes.len())?;
        // SAFETY: the fresh cell holds the fixed part and the bytes.
        unsafe {
            let string = Str::begin(cell, Header::HASHED, hash, bytes.len());
            Str::data(string).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.interned.insert(string);
            Ok(string)
        }
    }

    /// A long string whose bytes are yet to be written.
    fn new_long_string(&mut self, len: usize) -> Result<*mut Str, OutOfMemory> {
        if len > u32::MAX as usize {
            return Err(OutOfMemory { bytes: len });
        }
        let cell = self.allocate(FIXED_BYTES + len)?;
        // SAFETY: the fresh cell holds the fixed part and the bytes.
        Ok(unsafe { Str::begin(cell, Header::LONG, 0, len) })
    }
}
