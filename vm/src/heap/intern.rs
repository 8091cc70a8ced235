//! The table of interned strings.
//!
//! Linear hashing over buckets of one cache line each: the table grows, shrinks and is purged one bucket at a time,
//! so it never pauses. An entry is the address of a string with 16 bits of its hash above, so that a search touches
//! only strings that are very likely the right one.

use super::string::{Str, equal_bytes};

/// A bucket, or its continuation: entries from the front, 0 behind them; in the last word the number of the line that
/// continues it, 0 if none does.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line([u64; ENTRIES + 1]);

/// Entries of a line.
const ENTRIES: usize = 7;
/// The table grows when it holds more strings for each bucket than this.
const LOAD_MAX: usize = 4;
/// Buckets that are allocated together.
const SEGMENT: usize = 256;
/// The bits of an entry that are the address.
const ADDRESS: u64 = (1 << 48) - 1;

const _: () = assert!(size_of::<Line>() == 64);

/// The table of interned strings.
pub(crate) struct Interned {
    segments: Vec<Box<[Line; SEGMENT]>>,
    /// Lines that continue others; line `n` there is known as `n + 1`.
    overflow: Vec<Line>,
    overflow_free: Vec<u64>,
    buckets: usize,
    /// A power of two less one, at least `buckets - 1`, less than twice that.
    mask: usize,
    count: usize,
    /// The entries of a bucket that is being rebuilt.
    scratch: Vec<u64>,
}

/// The entry for a string.
///
/// # Safety
/// `string` is a live short string.
unsafe fn entry_of(string: *mut Str) -> u64 {
    // SAFETY: the caller gives a live short string.
    let hash = unsafe { Str::short_hash(string) };
    let address = string.expose_provenance() as u64;
    debug_assert!(address & !ADDRESS == 0, "chunks lie below 2^48");
    address | u64::from(hash >> 16) << 48
}

/// The string of an entry.
#[inline(always)]
fn string_of(entry: u64) -> *mut Str {
    std::ptr::with_exposed_provenance_mut((entry & ADDRESS) as usize)
}

impl Interned {
    pub(crate) fn new() -> Interned {
        Interned {
            segments: vec![new_segment()],
            overflow: Vec::new(),
            overflow_free: Vec::new(),
            buckets: SEGMENT,
            mask: SEGMENT - 1,
            count: 0,
            scratch: Vec::new(),
        }
    }

    #[inline(always)]
    fn bucket_of(&self, hash: u32) -> usize {
        let bucket = hash as usize & self.mask;
        if bucket < self.buckets { bucket } else { bucket & (self.mask >> 1) }
    }

    #[inline(always)]
    fn line(&self, bucket: usize) -> &Line {
        &self.segments[bucket / SEGMENT][bucket % SEGMENT]
    }

    #[inline(always)]
    fn line_mut(&mut self, bucket: usize) -> &mut Line {
        &mut self.segments[bucket / SEGMENT][bucket % SEGMENT]
    }

    /// The interned string with this content, or null.
    #[inline]
    pub(crate) fn find(&self, hash: u32, bytes: &[u8]) -> *mut Str {
        let mut line = self.line(self.bucket_of(hash));
        let tag = u64::from(hash >> 16);
        loop {
            for &entry in &line.0[..ENTRIES] {
                if entry == 0 {
                    return std::ptr::null_mut();
                }
                if entry >> 48 == tag {
                    let string = string_of(entry);
                    // SAFETY: dead strings leave the table before their cells are used again, so all in it are intact.
                    let found = unsafe { Str::bytes(string) };
                    // Of the hash only 16 bits were compared, but the content decides anyway.
                    if found.len() == bytes.len() && equal_bytes(found, bytes) {
                        return string;
                    }
                }
            }
            match line.0[ENTRIES] {
                0 => return std::ptr::null_mut(),
                next => line = &self.overflow[next as usize - 1],
            }
        }
    }

    /// Adds a string that is not in the table.
    ///
    /// # Safety
    /// `string` is a live short string, and stays so until it is purged.
    pub(crate) unsafe fn insert(&mut self, string: *mut Str) {
        // SAFETY: as the caller promises.
        unsafe {
            let bucket = self.bucket_of(Str::short_hash(string));
            self.put(bucket, entry_of(string));
        }
        self.count += 1;
        if self.count > self.buckets * LOAD_MAX {
            self.split_bucket();
        }
    }

    /// Strings in the table.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Its buckets: between cycles at most [`buckets_max`](Self::buckets_max).
    pub(crate) fn buckets(&self) -> usize {
        self.buckets
    }

    /// The most buckets for the strings that are there, as the end of a purge leaves it.
    pub(crate) fn buckets_max(&self) -> usize {
        (self.count * 2).max(SEGMENT)
    }

    /// Grows to so many buckets.
    pub(crate) fn grow_to(&mut self, buckets: usize) {
        while self.buckets < buckets {
            self.split_bucket();
        }
    }

    /// Makes room for so many strings in all, so that adding them moves none.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.grow_to(count.div_ceil(LOAD_MAX));
    }

    /// Adds an entry to a bucket.
    fn put(&mut self, bucket: usize, entry: u64) {
        let mut line = self.line_mut(bucket);
        let mut number = 0;
        loop {
            if let Some(slot) = line.0[..ENTRIES].iter_mut().find(|slot| **slot == 0) {
                *slot = entry;
                return;
            }
            if line.0[ENTRIES] == 0 {
                break;
            }
            number = line.0[ENTRIES];
            line = &mut self.overflow[number as usize - 1];
        }
        let fresh = self.overflow_free.pop().unwrap_or_else(|| {
            self.overflow.push(Line([0; ENTRIES + 1]));
            self.overflow.len() as u64
        });
        self.overflow[fresh as usize - 1].0[0] = entry;
        let last = if number == 0 { self.line_mut(bucket) } else { &mut self.overflow[number as usize - 1] };
        last.0[ENTRIES] = fresh;
    }

    /// Takes all entries out of a bucket.
    fn take(&mut self, bucket: usize) -> Vec<u64> {
        let mut entries = std::mem::take(&mut self.scratch);
        entries.clear();
        let mut line = std::mem::replace(self.line_mut(bucket), Line([0; ENTRIES + 1]));
        loop {
            entries.extend(line.0[..ENTRIES].iter().filter(|&&entry| entry != 0));
            let next = line.0[ENTRIES];
            if next == 0 {
                return entries;
            }
            line = std::mem::replace(&mut self.overflow[next as usize - 1], Line([0; ENTRIES + 1]));
            self.overflow_free.push(next);
        }
    }

    /// Puts entries into the buckets they belong to now.
    fn put_all(&mut self, entries: Vec<u64>) {
        for &entry in &entries {
            // SAFETY: strings in the table are intact, see `find`.
            let hash = unsafe { Str::short_hash(string_of(entry)) };
            self.put(self.bucket_of(hash), entry);
        }
        self.scratch = entries;
    }

    /// Adds a bucket and moves into it what belongs there.
    fn split_bucket(&mut self) {
        let fresh = self.buckets;
        if fresh > self.mask {
            self.mask = self.mask * 2 + 1;
        }
        if fresh / SEGMENT == self.segments.len() {
            self.segments.push(new_segment());
        }
        let entries = self.take(fresh & (self.mask >> 1));
        self.buckets += 1;
        self.put_all(entries);
    }

    /// Removes the last bucket, moving its strings to the bucket it was split from.
    fn merge_bucket(&mut self) {
        let last = self.buckets - 1;
        let entries = self.take(last);
        self.buckets = last;
        if last == self.mask.div_ceil(2) {
            self.mask >>= 1;
        }
        if last.is_multiple_of(SEGMENT) {
            self.segments.truncate(last / SEGMENT);
        }
        self.put_all(entries);
    }

    /// Removes the strings that `is_live` rejects from up to `count` buckets; returns where to go on, `None` at the
    /// end.
    pub(crate) fn purge(&mut self, from: usize, count: usize, is_live: impl Fn(*mut Str) -> bool) -> Option<usize> {
        let end = self.buckets.min(from.saturating_add(count));
        for bucket in from..end {
            let line = self.line(bucket);
            let is_dead = |entry: u64| entry != 0 && !is_live(string_of(entry));
            if line.0[ENTRIES] == 0 && !line.0[..ENTRIES].iter().any(|&entry| is_dead(entry)) {
                continue;
            }
            let mut entries = self.take(bucket);
            let before = entries.len();
            entries.retain(|&entry| is_live(string_of(entry)));
            self.count -= before - entries.len();
            for &entry in &entries {
                self.put(bucket, entry);
            }
            self.scratch = entries;
        }
        if end < self.buckets {
            return Some(end);
        }
        // Buckets that were walked may be merged: all their strings are live.
        for _ in 0..count {
            if self.buckets <= SEGMENT || self.count * 2 > self.buckets {
                return None;
            }
            self.merge_bucket();
        }
        Some(self.buckets)
    }
}

impl Interned {
    /// The same table of the strings that `moved` gives for those in this one.
    pub(crate) fn twin(&self, moved: impl Fn(*mut Str) -> *mut Str) -> Interned {
        let entry = |entry: &mut u64| {
            if *entry != 0 {
                *entry = *entry & !ADDRESS | moved(string_of(*entry)).expose_provenance() as u64;
            }
        };
        let mut segments = self.segments.clone();
        let mut overflow = self.overflow.clone();
        let lines = segments.iter_mut().flat_map(|segment| segment.iter_mut()).chain(&mut overflow);
        lines.for_each(|line| line.0[..ENTRIES].iter_mut().for_each(entry));
        let overflow_free = self.overflow_free.clone();
        let Interned { buckets, mask, count, .. } = *self;
        Interned { segments, overflow, overflow_free, buckets, mask, count, scratch: Vec::new() }
    }
}

fn new_segment() -> Box<[Line; SEGMENT]> {
    let lines = vec![Line([0; ENTRIES + 1]); SEGMENT].into_boxed_slice();
    lines.try_into().unwrap_or_else(|_| unreachable!("a segment has that many lines"))
}

#[cfg(test)]
mod tests {
    use crate::heap::tests::times;
    use crate::heap::{Heap, HeapLimits};

    #[test]
    fn the_table_splits_and_merges_without_losing_strings() {
        let mut heap = Heap::new(HeapLimits::default());
        let count = times(40_000, 4_000);
        let text = |number: usize| format!("string {number}");
        let made: Vec<_> = (0..count).map(|i| heap.new_string(text(i).as_bytes()).expect("no limit")).collect();
        assert_eq!(heap.interned.count, count);
        assert!(heap.interned.buckets >= count / 4);
        for (i, &string) in made.iter().enumerate() {
            assert_eq!(heap.new_string(text(i).as_bytes()), Ok(string));
        }
        let keep: std::collections::HashSet<_> = made.iter().copied().step_by(20).collect();
        let mut from = 0;
        while let Some(next) = heap.interned.purge(from, 100, |string| keep.contains(&string)) {
            from = next;
        }
        assert_eq!(heap.interned.count, count / 20);
        assert!(heap.interned.buckets <= (count / 10).max(super::SEGMENT));
        for (i, &string) in made.iter().enumerate().step_by(20) {
            assert_eq!(heap.new_string(text(i).as_bytes()), Ok(string));
        }
    }
}
