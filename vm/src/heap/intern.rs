//! The table of interned strings.
//!
//! Linear hashing over buckets of one cache line each: the table grows, shrinks and is purged one bucket at a time,
//! so it never pauses. An entry is the address of a string with 16 bits of its hash above, so that a search touches
//! only strings that are very likely the right one.
//!
//! When a bucket gets more strings than come together by chance, somebody has chosen them so. They all go to another such
//! table then, where the hash function of the next level spreads them.

use super::hash::{HASH_KEY_DEFAULT, HashKey, Hasher, LEVEL_MAX};
use super::string::{Str, equal_bytes};
use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};

/// A bucket, or its continuation: entries from the front, 0 behind them; in the last word the number of the line that
/// continues it, 0 if none does, or [`MOVED`].
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

/// The strings of the bucket are in the table of the next level.
const MOVED: u64 = u64::MAX;
/// Lines of a bucket at most: with up to eight strings on average, a fifth one is not for chance to fill.
const LINES_MAX: usize = 5;
/// What [`Interned::purge`] goes on with when its own buckets are done.
const NEXT_LEVEL: usize = usize::MAX;

const _: () = assert!(size_of::<Line>() == 64);

type Lines = Vec<Box<[Line; SEGMENT]>>;

/// The table of interned strings.
pub(crate) struct Interned {
    segments: Lines,
    /// Lines that continue others; line `n` there is known as `n + 1`.
    overflow: Lines,
    overflow_len: usize,
    overflow_free: Vec<u64>,
    buckets: usize,
    /// A power of two less one, at least `buckets - 1`, less than twice that.
    mask: usize,
    count: usize,
    /// The entries of a bucket that is being rebuilt.
    scratch: Vec<u64>,
    hasher: Hasher,
    /// The table of the next level, and how far it is purged.
    next: Option<Box<Interned>>,
    next_purged: usize,
}

/// The entry for a string with this hash.
fn entry_of(string: *mut Str, hash: u32) -> u64 {
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
        Interned::of_level(Hasher { key: HASH_KEY_DEFAULT, level: 0 })
    }

    fn of_level(hasher: Hasher) -> Interned {
        Interned {
            segments: vec![new_segment()],
            overflow: Vec::new(),
            overflow_len: 0,
            overflow_free: Vec::new(),
            buckets: SEGMENT,
            mask: SEGMENT - 1,
            count: 0,
            scratch: Vec::new(),
            hasher,
            next: None,
            next_purged: 0,
        }
    }

    /// Sets the key of the hash functions of the next levels, which are not there yet.
    pub(crate) fn set_hash_key(&mut self, key: HashKey) {
        self.hasher.key = key;
    }

    /// Bytes of the table, which is never smaller than one segment.
    pub(crate) fn bytes(&self) -> usize {
        let next = self.next.as_ref().map_or(0, |next| next.bytes());
        (self.buckets.div_ceil(SEGMENT) - 1) * SEGMENT * size_of::<Line>() + next
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
    #[inline(always)]
    pub(crate) fn find(&self, hash: u32, bytes: &[u8]) -> *mut Str {
        let mut line = self.line(self.bucket_of(hash));
        let tag = u64::from(hash >> 16);
        loop {
            for &entry in &line.0[..ENTRIES] {
                if entry == 0 {
                    return self.find_in_next(line, bytes);
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
                next => line = self.continuation(next),
            }
        }
    }

    /// The string with this content if it is not in the bucket that ends with this line, but in the table of the next level.
    #[inline(always)]
    fn find_in_next(&self, line: &Line, bytes: &[u8]) -> *mut Str {
        if line.0[ENTRIES] == MOVED { self.find_strongly(bytes) } else { std::ptr::null_mut() }
    }

    #[cold]
    #[inline(never)]
    fn find_strongly(&self, bytes: &[u8]) -> *mut Str {
        match &self.next {
            Some(next) => next.find(next.hasher.hash_bytes(bytes), bytes),
            None => std::ptr::null_mut(),
        }
    }

    /// The line of a number.
    #[inline(always)]
    fn continuation(&self, number: u64) -> &Line {
        let at = number as usize - 1;
        &self.overflow[at / SEGMENT][at % SEGMENT]
    }

    fn continuation_mut(&mut self, number: u64) -> &mut Line {
        let at = number as usize - 1;
        &mut self.overflow[at / SEGMENT][at % SEGMENT]
    }

    /// The hash of a string on this level.
    fn hash_of(&self, string: *mut Str) -> u32 {
        // SAFETY: strings in the table are intact, see `find`.
        unsafe {
            if self.hasher.level == 0 { Str::short_hash(string) } else { self.hasher.hash_bytes(Str::bytes(string)) }
        }
    }

    /// Adds a string that is not in the table.
    ///
    /// # Safety
    /// `string` is a live short string, and stays so until it is purged.
    pub(crate) unsafe fn insert(&mut self, string: *mut Str) {
        let hash = self.hash_of(string);
        self.put(self.bucket_of(hash), entry_of(string, hash));
        if self.count > self.buckets * LOAD_MAX {
            self.split_bucket();
        }
    }

    /// Strings in the table.
    pub(crate) fn len(&self) -> usize {
        self.count + self.next.as_ref().map_or(0, |next| next.len())
    }

    /// The most strings in one bucket, of any level.
    #[cfg(test)]
    fn most_in_bucket(&self) -> usize {
        let in_bucket = |bucket| {
            let (mut line, mut count) = (self.line(bucket), 0);
            loop {
                count += line.0[..ENTRIES].iter().filter(|&&entry| entry != 0).count();
                match line.0[ENTRIES] {
                    0 | MOVED => return count,
                    next => line = self.continuation(next),
                }
            }
        };
        let here = (0..self.buckets).map(in_bucket).max().unwrap_or(0);
        here.max(self.next.as_ref().map_or(0, |next| next.most_in_bucket()))
    }

    /// Grows to so many buckets.
    fn grow_to(&mut self, buckets: usize) {
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
        let (mut number, mut lines) = (0, 1);
        loop {
            let next = line.0[ENTRIES];
            if next == MOVED {
                return self.put_in_next(entry);
            }
            if let Some(slot) = line.0[..ENTRIES].iter_mut().find(|slot| **slot == 0) {
                *slot = entry;
                self.count += 1;
                return;
            }
            if next == 0 {
                break;
            }
            number = next;
            lines += 1;
            line = self.continuation_mut(number);
        }
        if lines >= LINES_MAX && self.hasher.level < LEVEL_MAX {
            self.move_bucket(bucket);
            return self.put_in_next(entry);
        }
        let fresh = self.overflow_free.pop().unwrap_or_else(|| {
            if self.overflow_len == self.overflow.len() * SEGMENT {
                self.overflow.push(new_segment());
            }
            self.overflow_len += 1;
            self.overflow_len as u64
        });
        self.continuation_mut(fresh).0[0] = entry;
        self.count += 1;
        let last = if number == 0 { self.line_mut(bucket) } else { self.continuation_mut(number) };
        last.0[ENTRIES] = fresh;
    }

    /// Adds an entry to the table of the next level.
    #[cold]
    #[inline(never)]
    fn put_in_next(&mut self, entry: u64) {
        let hasher = self.hasher.at(self.hasher.level + 1);
        let next = self.next.get_or_insert_with(|| Box::new(Interned::of_level(hasher)));
        // SAFETY: strings in the table are live.
        unsafe { next.insert(string_of(entry)) };
    }

    /// Moves the strings of a bucket to the table of the next level, where those go from now on.
    #[cold]
    #[inline(never)]
    fn move_bucket(&mut self, bucket: usize) {
        let entries = self.take(bucket);
        self.line_mut(bucket).0[ENTRIES] = MOVED;
        for &entry in &entries {
            self.put_in_next(entry);
        }
        self.scratch = entries;
    }

    fn is_moved(&self, bucket: usize) -> bool {
        self.line(bucket).0[ENTRIES] == MOVED
    }

    /// Takes all entries out of a bucket.
    fn take(&mut self, bucket: usize) -> Vec<u64> {
        let mut entries = std::mem::take(&mut self.scratch);
        entries.clear();
        let mut line = std::mem::replace(self.line_mut(bucket), Line([0; ENTRIES + 1]));
        loop {
            entries.extend(line.0[..ENTRIES].iter().filter(|&&entry| entry != 0));
            let next = line.0[ENTRIES];
            if next == 0 || next == MOVED {
                self.count -= entries.len();
                return entries;
            }
            line = std::mem::replace(self.continuation_mut(next), Line([0; ENTRIES + 1]));
            self.overflow_free.push(next);
        }
    }

    /// Puts entries into the buckets they belong to now.
    fn put_all(&mut self, entries: Vec<u64>) {
        for &entry in &entries {
            let hash = self.hash_of(string_of(entry));
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
        let old = fresh & (self.mask >> 1);
        self.buckets += 1;
        if self.is_moved(old) {
            self.line_mut(fresh).0[ENTRIES] = MOVED;
            return;
        }
        let entries = self.take(old);
        self.put_all(entries);
    }

    /// Removes the last bucket, moving its strings to the bucket it was split from.
    fn merge_bucket(&mut self) {
        let last = self.buckets - 1;
        let moved = self.is_moved(last);
        let entries = self.take(last);
        self.buckets = last;
        if last == self.mask.div_ceil(2) {
            self.mask >>= 1;
        }
        let into = self.bucket_of(last as u32);
        if moved && !self.is_moved(into) {
            self.move_bucket(into);
        }
        if last.is_multiple_of(SEGMENT) {
            self.segments.truncate(last / SEGMENT);
        }
        self.put_all(entries);
    }

    /// Removes the strings that `is_live` rejects from up to `count` buckets; returns where to go on, `None` at the
    /// end.
    pub(crate) fn purge(&mut self, from: usize, count: usize, is_live: &dyn Fn(*mut Str) -> bool) -> Option<usize> {
        if from == NEXT_LEVEL {
            return self.purge_next(count, is_live);
        }
        let end = self.buckets.min(from.saturating_add(count));
        for bucket in from..end {
            let line = self.line(bucket);
            let is_dead = |entry: u64| entry != 0 && !is_live(string_of(entry));
            if line.0[ENTRIES] == MOVED {
                if self.next.is_none() {
                    self.line_mut(bucket).0[ENTRIES] = 0;
                }
                continue;
            }
            if line.0[ENTRIES] == 0 && !line.0[..ENTRIES].iter().any(|&entry| is_dead(entry)) {
                continue;
            }
            let mut entries = self.take(bucket);
            entries.retain(|&entry| is_live(string_of(entry)));
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
                self.next_purged = 0;
                return self.next.is_some().then_some(NEXT_LEVEL);
            }
            self.merge_bucket();
        }
        Some(self.buckets)
    }

    /// Goes on with the table of the next level, which goes when it is empty.
    #[cold]
    fn purge_next(&mut self, count: usize, is_live: &dyn Fn(*mut Str) -> bool) -> Option<usize> {
        let next = self.next.as_mut()?;
        match next.purge(self.next_purged, count, is_live) {
            Some(purged) => {
                self.next_purged = purged;
                return Some(NEXT_LEVEL);
            }
            None if next.len() == 0 => self.next = None,
            None => {}
        }
        None
    }

    /// Writes what matters for how long a purge takes: buckets, and which of them moved to the next level.
    pub(crate) fn save(&self, out: &mut Writer) {
        out.count(self.buckets);
        let moved: Vec<usize> = (0..self.buckets).filter(|&bucket| self.is_moved(bucket)).collect();
        out.count(moved.len());
        for bucket in moved {
            out.count(bucket);
        }
        out.flag(self.next.is_some());
        if let Some(next) = &self.next {
            next.save(out);
        }
    }

    /// Takes over what [`save`](Self::save) wrote, when all strings are there.
    pub(crate) fn load(&mut self, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let buckets = from.size()?;
        // As the end of a purge leaves it, or as it has grown since.
        if buckets > (self.len() * 2).max(SEGMENT) {
            return Err(from.damaged("table size out of range"));
        }
        self.grow_to(buckets);
        for _ in 0..from.count()? {
            let bucket = from.size()?;
            if bucket >= self.buckets || self.hasher.level == LEVEL_MAX {
                return Err(from.damaged("unknown bucket of a table"));
            }
            if !self.is_moved(bucket) {
                self.move_bucket(bucket);
            }
        }
        if from.flag()? {
            let hasher = self.hasher.at(self.hasher.level + 1);
            if hasher.level > LEVEL_MAX {
                return Err(from.damaged("a table part is split into too many levels"));
            }
            self.next.get_or_insert_with(|| Box::new(Interned::of_level(hasher))).load(from)?;
        }
        Ok(())
    }
}

impl Interned {
    /// The same table of the strings that `moved` gives for those in this one.
    pub(crate) fn cloned(&self, moved: &dyn Fn(*mut Str) -> *mut Str) -> Interned {
        let entry = |entry: &mut u64| {
            if *entry != 0 {
                *entry = *entry & !ADDRESS | moved(string_of(*entry)).expose_provenance() as u64;
            }
        };
        let mut segments = self.segments.clone();
        let mut overflow = self.overflow.clone();
        let lines = segments.iter_mut().chain(&mut overflow).flat_map(|segment| segment.iter_mut());
        lines.for_each(|line| line.0[..ENTRIES].iter_mut().for_each(entry));
        let overflow_free = self.overflow_free.clone();
        let next = self.next.as_ref().map(|next| Box::new(next.cloned(moved)));
        let Interned { overflow_len, buckets, mask, count, hasher, next_purged, .. } = *self;
        let scratch = Vec::new();
        Interned {
            segments,
            overflow,
            overflow_len,
            overflow_free,
            buckets,
            mask,
            count,
            scratch,
            hasher,
            next,
            next_purged,
        }
    }
}

fn new_segment() -> Box<[Line; SEGMENT]> {
    let lines = vec![Line([0; ENTRIES + 1]); SEGMENT].into_boxed_slice();
    lines.try_into().unwrap_or_else(|_| unreachable!("a segment has that many lines"))
}

#[cfg(test)]
impl crate::heap::Heap {
    /// Strings in the table.
    pub(super) fn interned_len(&self) -> usize {
        self.interned.len()
    }

    /// The most strings in one bucket.
    pub(super) fn interned_steps_max(&self) -> usize {
        self.interned.most_in_bucket()
    }
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
        while let Some(next) = heap.interned.purge(from, 100, &|string| keep.contains(&string)) {
            from = next;
        }
        assert_eq!(heap.interned.count, count / 20);
        assert!(heap.interned.buckets <= (count / 10).max(super::SEGMENT));
        for (i, &string) in made.iter().enumerate().step_by(20) {
            assert_eq!(heap.new_string(text(i).as_bytes()), Ok(string));
        }
    }
}
