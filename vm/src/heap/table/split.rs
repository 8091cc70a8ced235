//! Buckets of large hash parts: adding entries, splitting, going over to another hash function; and moving integer keys to the
//! array part, a few with each insertion.

use super::directory::{BUCKET_NODES_MAX, Bucket, Directory, Index, List, Location, Slot, spread};
use super::layout::{BUCKETS, HAS_INT, MOVING, Node, Table, nodes_for};
use super::part::{Insertion, Part, Replaced};
use super::resize::{IntKeys, NODES_MIN};
use crate::heap::hash::{Hasher, LEVEL_MAX};
use crate::heap::marker::prefetch;
use crate::heap::{Heap, OutOfMemory};
use crate::value::Value;

/// Integer keys that move to the array part with each insertion.
const INTS_AT_ONCE: usize = if cfg!(test) { 3 } else { 16 };
/// As how many instructions an insertion counts, with its share of the splits: it misses the cache several times.
const INSERTION_UNITS: u32 = 32;
/// How many entries ahead the cells of keys are fetched, which have the hashes of strings and objects.
const AHEAD: usize = 8;
/// Integer keys that are added at least before it is asked how many belong into the array part.
pub(crate) const INTS_NEW_MIN: u32 = if cfg!(test) { 8 } else { 4096 };

impl Table {
    /// Moves all entries of the hash part to buckets that have room for one more, and use the hash function of a level.
    ///
    /// # Errors
    /// No memory; the table is as it was then.
    ///
    /// # Safety
    /// `table` is a live table of `heap`, its own contents, without buckets.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn make_buckets(table: *mut Table, heap: &mut Heap, level: u8) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller promises. The old part is left as it is.
        unsafe {
            let old = Part::of(table);
            let header = old.header();
            let entries = Table::count_entries(table, heap) + 1;
            let directory = Directory::new(heap, level, entries)?;
            let stub = Table::new_own_part(heap)?;
            (*stub).key = directory.expose_provenance() as u64;
            let stub = Part { nodes: stub, mask: 0 };
            (*stub.header()).metatable = (*header).metatable;
            (*stub.header()).flags = BUCKETS | (*header).flags & (HAS_INT | MOVING);
            let own = !Table::has_no_nodes(table);
            ((*table).nodes, (*table).mask) = (stub.nodes, stub.mask);
            if own {
                for index in 0..old.len() {
                    let node = old.nodes.add(index);
                    if index + AHEAD < old.len() {
                        prefetch((*node.add(AHEAD)).key as usize);
                    }
                    if (*node).is_empty() || heap.is_dead_entry(&*node) {
                        continue;
                    }
                    if let Err(error) = Table::insert_into_bucket(table, heap, (*node).key(), (*node).value()) {
                        ((*table).nodes, (*table).mask) = (old.nodes, old.mask);
                        return Err(error);
                    }
                }
                if !(*header).inline {
                    heap.release(header.cast());
                }
            }
        }
        Ok(())
    }

    /// Adds an entry, whose key is nowhere yet, to a table with buckets.
    ///
    /// # Errors
    /// No memory; the table has no such entry then.
    ///
    /// # Safety
    /// `table` is a live table of `heap` with buckets, key and value are live, and the key has a hash.
    #[inline(never)]
    pub(super) unsafe fn insert_into_bucket(
        table: *mut Table,
        heap: &mut Heap,
        key: Value,
        value: Value,
    ) -> Result<(), OutOfMemory> {
        heap.note_moves(INSERTION_UNITS);
        // SAFETY: as the caller promises.
        unsafe {
            let directory = Directory::of(table);
            loop {
                let at = Directory::locate(directory, key).expect("a key in a table has a sequence number");
                match at.bucket.part().insert(heap, at.hasher, key, value) {
                    Insertion::Done(replaced) => {
                        Directory::count(directory, key, replaced);
                        break;
                    }
                    Insertion::TooLong => {
                        Directory::count(directory, key, Replaced::None);
                        if at.hasher.level < LEVEL_MAX {
                            // Without memory it stays as it is until next time.
                            let nodes = at.bucket.part().len() as u64;
                            let _ = Directory::rebuild(directory, heap, &at, nodes, at.hasher.level + 1);
                        }
                        break;
                    }
                    Insertion::Full => Directory::make_room(directory, heap, &at)?,
                }
            }
            if (*directory).ints_left == 0 {
                Table::plan_array(table, heap);
            }
            let header = Table::hash_header(table);
            (*header).absent = 0;
            if key.as_int().is_some() {
                (*header).flags |= HAS_INT;
            }
            Table::pull_ints(table, heap);
        }
        Ok(())
    }

    /// Decides how many integer keys shall move to the array part, and makes room for them there.
    ///
    /// # Safety
    /// Callers give a live table with buckets.
    unsafe fn plan_array(table: *mut Table, heap: &mut Heap) {
        // SAFETY: callers give a live table with buckets.
        unsafe {
            let directory = Directory::of(table);
            (*directory).ints_left = INTS_NEW_MIN.max(((*directory).ints.total() / 4) as u32);
            if Table::flags(table) & MOVING != 0 {
                return;
            }
            let mut ints = (*directory).ints;
            Table::count_slots(table, &mut ints);
            let (slots, _) = ints.best_array();
            if slots <= u64::from((*table).array_len) {
                return;
            }
            // It is only better so, not necessary.
            if slots <= u64::from(Table::array_size(table)) || Table::set_array_cell(table, heap, slots, 0).is_ok() {
                (*directory).array_target = slots as u32;
            }
        }
    }

    /// Moves the next integer keys to the array part, if that is planned. To be called when an entry was added.
    ///
    /// # Safety
    /// `table` is a live table of `heap` that is its own contents.
    #[inline]
    pub(super) unsafe fn pull_ints(table: *mut Table, heap: &mut Heap) {
        // SAFETY: the caller gives a live table with buckets.
        unsafe {
            if !Table::has_buckets(table) {
                return;
            }
            let directory = Directory::of(table);
            if (*directory).array_target != 0 {
                for _ in 0..INTS_AT_ONCE {
                    if !Table::pull_int(table, heap, directory) {
                        break;
                    }
                }
            }
        }
    }

    /// Moves the next integer key to the array part; false when that was the last.
    ///
    /// # Safety
    /// Callers give a live table with buckets, whose array part has room up to the target.
    unsafe fn pull_int(table: *mut Table, heap: &mut Heap, directory: *mut Directory) -> bool {
        // SAFETY: callers give a live table with buckets, whose array part has room up to the target.
        unsafe {
            let len = Table::slots_len(table);
            if len >= (*directory).array_target {
                (*directory).array_target = 0;
                if (*directory).ints.is_empty() {
                    let header = Table::hash_header(table);
                    (*header).flags &= !HAS_INT;
                    if (*directory).others == 0 {
                        // The part remains, as one of a single free node.
                        (*header).flags &= !BUCKETS;
                        *(*table).nodes = Node::FREE;
                    }
                }
                return false;
            }
            let key = Value::int(i64::from(len) + 1);
            let at = Directory::locate(directory, key).expect("every number has a hash");
            let part = at.bucket.part();
            let node = part.find(key, at.hash);
            let mut value = Value::NIL;
            if !node.is_null() {
                value = heap.value_that_moves((*node).value());
                Directory::uncount(directory, Replaced::of(&*node));
                part.remove(heap, node);
            }
            Table::push_slot(table, value);
        }
        true
    }
}

impl Directory {
    /// A directory of empty buckets, of which `entries` fill no more than three quarters.
    ///
    /// # Safety
    /// None but what an unsafe constructor of cells asks for: the directory belongs to a table before the next step of the
    /// collector.
    unsafe fn new(heap: &mut Heap, level: u8, entries: u64) -> Result<*mut Directory, OutOfMemory> {
        let mut depth = 0;
        let mut nodes = nodes_for(entries).max(NODES_MIN);
        if nodes > BUCKET_NODES_MAX {
            nodes = BUCKET_NODES_MAX;
            while (nodes / 4 * 3) << depth < entries {
                depth += 1;
            }
        }
        let count = 1u32 << depth;
        let directory = heap.allocate(size_of::<Directory>())?.cast::<Directory>();
        let index = heap.allocate(Index::bytes(depth))?.cast::<Index>();
        let capacity = (count + 1).next_power_of_two();
        let list = heap.allocate(List::bytes(capacity))?.cast::<List>();
        // SAFETY: the fresh cells hold what is written to them.
        unsafe {
            index.write(Index { level, depth, number: 0 });
            list.write(List { len: count + 1, capacity });
            *List::at(list, 0) = Slot::index(index);
            for slot in 0..count {
                let bucket = Bucket::new(heap, nodes, level, depth, slot + 1)?;
                *List::at(list, slot + 1) = Slot::bucket(bucket);
                *Index::slots(index).add(slot as usize) = Slot::bucket(bucket);
            }
            let (key, ints) = (heap.hash_key(), IntKeys::default());
            directory.write(Directory { index, list, key, ints, others: 0, array_target: 0, ints_left: INTS_NEW_MIN });
        }
        Ok(directory)
    }

    /// Makes room for one more entry in a bucket, or in those that it is split into.
    ///
    /// # Safety
    /// Callers give a directory and where a key belongs in it.
    unsafe fn make_room(directory: *mut Directory, heap: &mut Heap, at: &Location) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a directory and where a key belongs in it.
        unsafe {
            let nodes = nodes_for(at.bucket.part().live(heap) + 1).max(NODES_MIN);
            if nodes <= BUCKET_NODES_MAX {
                Directory::rebuild(directory, heap, at, nodes, at.hasher.level)
            } else {
                Directory::split(directory, heap, at)
            }
        }
    }

    /// Gives a bucket other nodes, chosen by the hash function of a level, or of a higher one if that leads to long chains.
    ///
    /// # Safety
    /// Callers give a directory and where a key belongs in it.
    unsafe fn rebuild(
        directory: *mut Directory,
        heap: &mut Heap,
        at: &Location,
        nodes: u64,
        level: u8,
    ) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a directory and where a key belongs in it.
        unsafe {
            let old = at.bucket;
            let (depth, number) = ((*old.header()).depth, (*old.header()).number);
            let new = Bucket::new(heap, nodes, level, depth, number)?;
            new.fill(heap, at.hasher, old, |_| true);
            Index::replace(at.index, at.slot, Slot::bucket(old), Slot::bucket(new));
            *List::at((*directory).list, number) = Slot::bucket(new);
            Directory::discard(directory, heap, old);
        }
        Ok(())
    }

    /// Splits a full bucket in two.
    ///
    /// # Safety
    /// Callers give a directory and where a key belongs in it.
    unsafe fn split(directory: *mut Directory, heap: &mut Heap, at: &Location) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a directory and where a key belongs in it. All cells are there before anything is changed.
        unsafe {
            Directory::reserve(directory, heap, 2)?;
            let mut at = *at;
            let old = at.bucket;
            let (depth, number) = ((*old.header()).depth, (*old.header()).number);
            let level = (*at.index).level;
            let within = at.hasher.level == level;
            if within && depth == (*at.index).depth && Directory::may_double(directory, depth) {
                at = Directory::double_index(directory, heap, &at)?;
            }
            let in_index = within && depth < (*at.index).depth;
            // Otherwise an index of the next level takes the place of the bucket.
            let (level, depth) = if in_index { (level, depth) } else { (at.hasher.level.max(level + 1), 0) };
            if level > LEVEL_MAX {
                return Err(OutOfMemory { bytes: usize::MAX });
            }
            let next = (*(*directory).list).len;
            let low = Bucket::new(heap, BUCKET_NODES_MAX, level, depth + 1, number)?;
            let high = Bucket::new(heap, BUCKET_NODES_MAX, level, depth + 1, next)?;
            let nested = if in_index { None } else { Some(heap.allocate(Index::bytes(1))?.cast::<Index>()) };
            let hasher = Directory::hasher(directory, level);
            let is_high = |hash: u32| spread(hash) << depth >> 31 != 0;
            Bucket::divide(heap, hasher, old, [low, high], is_high);
            let list = (*directory).list;
            *List::at(list, number) = Slot::bucket(low);
            *List::at(list, next) = Slot::bucket(high);
            (*list).len += 1;
            match nested {
                Some(nested) => {
                    nested.write(Index { level, depth: 1, number: next + 1 });
                    *Index::slots(nested) = Slot::bucket(low);
                    *Index::slots(nested).add(1) = Slot::bucket(high);
                    *List::at(list, next + 1) = Slot::index(nested);
                    (*list).len += 1;
                    Index::replace(at.index, at.slot, Slot::bucket(old), Slot::index(nested));
                }
                None => {
                    Index::replace(at.index, at.slot, Slot::bucket(old), Slot::bucket(low));
                    let count = 1 << ((*at.index).depth - depth);
                    let place = at.slot.offset_from(Index::slots(at.index)) as usize;
                    let middle = place / count * count + count / 2;
                    for slot in middle..middle + count / 2 {
                        *Index::slots(at.index).add(slot) = Slot::bucket(high);
                    }
                }
            }
            Directory::discard(directory, heap, old);
        }
        Ok(())
    }

    /// Whether an index may double: it shall not become much larger than the list of buckets.
    ///
    /// # Safety
    /// Callers give a live directory.
    unsafe fn may_double(directory: *mut Directory, depth: u8) -> bool {
        // SAFETY: callers give a live directory.
        unsafe { 2u64 << depth <= 8 * u64::from((*(*directory).list).len) + 64 }
    }

    /// Doubles the index that leads to a bucket; where that is now.
    ///
    /// # Safety
    /// Callers give a directory and where a key belongs in it.
    unsafe fn double_index(directory: *mut Directory, heap: &mut Heap, at: &Location) -> Result<Location, OutOfMemory> {
        // SAFETY: callers give a directory and where a key belongs in it.
        unsafe {
            let old = at.index;
            let (level, depth, number) = ((*old).level, (*old).depth, (*old).number);
            let new = heap.allocate(Index::bytes(depth + 1))?.cast::<Index>();
            new.write(Index { level, depth: depth + 1, number });
            for slot in 0..1usize << depth {
                let target = *Index::slots(old).add(slot);
                *Index::slots(new).add(2 * slot) = target;
                *Index::slots(new).add(2 * slot + 1) = target;
            }
            let place = at.slot.offset_from(Index::slots(old)) as usize;
            let (parent, slot) = at.before;
            if parent.is_null() {
                (*directory).index = new;
            } else {
                Index::replace(parent, slot, Slot::index(old), Slot::index(new));
            }
            *List::at((*directory).list, number) = Slot::index(new);
            heap.release(old.cast());
            Ok(Location { index: new, slot: Index::slots(new).add(2 * place), ..*at })
        }
    }

    /// Makes sure that so many more fit the list.
    ///
    /// # Safety
    /// Callers give a live directory.
    unsafe fn reserve(directory: *mut Directory, heap: &mut Heap, more: u32) -> Result<(), OutOfMemory> {
        // SAFETY: callers give a live directory.
        unsafe {
            let old = (*directory).list;
            let List { len, capacity } = *old;
            if len + more <= capacity {
                return Ok(());
            }
            let capacity = capacity * 2;
            let new = heap.allocate(List::bytes(capacity))?.cast::<List>();
            new.write(List { len, capacity });
            List::at(new, 0).copy_from_nonoverlapping(List::at(old, 0), len as usize);
            (*directory).list = new;
            heap.release(old.cast());
        }
        Ok(())
    }

    /// Forgets a bucket whose entries are elsewhere now, and those that were removed.
    ///
    /// # Safety
    /// Callers give a bucket that the directory leads to no more.
    unsafe fn discard(directory: *mut Directory, heap: &mut Heap, old: Bucket) {
        // SAFETY: callers give a bucket that the directory leads to no more.
        unsafe {
            old.part().for_each(|node| {
                if !(*node).is_free() && ((*node).is_empty() || heap.is_dead_entry(&*node)) {
                    Directory::uncount(directory, Replaced::of(&*node));
                }
            });
            heap.release(old.header().cast());
        }
    }
}

/// Whether an entry that was copied to where there is room for it made a chain too long.
fn is_too_long(outcome: &Insertion) -> bool {
    match outcome {
        Insertion::Done(_) => false,
        Insertion::TooLong => true,
        Insertion::Full => unreachable!("a new bucket has room for every entry that was counted"),
    }
}

impl Bucket {
    /// A bucket of free nodes.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn new(heap: &mut Heap, nodes: u64, level: u8, depth: u8, number: u32) -> Result<Bucket, OutOfMemory> {
        let bucket = Bucket(Part::new(heap, nodes)?.nodes);
        let header = bucket.header();
        // SAFETY: the bucket was just made.
        unsafe {
            (*header).mask = (nodes - 1) as u32;
            ((*header).level, (*header).depth, (*header).number) = (level, depth, number);
        }
        Ok(bucket)
    }

    /// Copies the entries of another bucket to two empty ones, by a test of their hashes.
    ///
    /// # Safety
    /// Callers give two buckets with room, and one of the same table.
    unsafe fn divide(
        heap: &mut Heap,
        hasher: Hasher,
        from: Bucket,
        to: [Bucket; 2],
        is_second: impl Fn(u32) -> bool + Copy,
    ) {
        // SAFETY: callers give two buckets with room, and one of the same table.
        unsafe {
            let is_own = to.map(|bucket| (*bucket.header()).level == hasher.level);
            let mut is_bad = is_own.map(|is_own| !is_own);
            if is_own != [false; 2] {
                from.for_each_live(heap, |heap, key, value| {
                    let hash = hasher.hash(key).expect("a key in a table has a sequence number");
                    let side = usize::from(is_second(hash));
                    if is_own[side] {
                        let outcome = to[side].part().insert_hashed(heap, hash, key, value);
                        is_bad[side] |= is_too_long(&outcome);
                    }
                });
            }
            for (side, bucket) in to.into_iter().enumerate() {
                if is_bad[side] && (*bucket.header()).level < LEVEL_MAX {
                    if is_own[side] {
                        (*bucket.header()).level += 1;
                        bucket.part().clear();
                    }
                    bucket.fill(heap, hasher, from, |hash| is_second(hash) == (side == 1));
                }
            }
        }
    }

    /// Calls a function with each entry that is not known to be dead.
    ///
    /// # Safety
    /// The bucket is live.
    #[inline(always)]
    unsafe fn for_each_live(self, heap: &mut Heap, mut act: impl FnMut(&mut Heap, Value, Value)) {
        // SAFETY: the caller gives a live bucket; indices stay within it.
        unsafe {
            let part = self.part();
            for index in 0..part.len() {
                let node = part.nodes.add(index);
                if index + AHEAD < part.len() {
                    prefetch((*node.add(AHEAD)).key as usize);
                }
                if !(*node).is_empty() && !heap.is_dead_entry(&*node) {
                    act(heap, (*node).key(), (*node).value());
                }
            }
        }
    }

    /// Copies the entries of another bucket whose hashes by a function pass a test into this one, which is empty. Its level
    /// rises until no chain is too long.
    ///
    /// # Safety
    /// Callers give a bucket with room, and one of the same table.
    unsafe fn fill(self, heap: &mut Heap, hasher: Hasher, from: Bucket, is_for: impl Fn(u32) -> bool) {
        // SAFETY: callers give a bucket with room, and one of the same table.
        unsafe {
            let part = self.part();
            loop {
                let own = hasher.at((*self.header()).level);
                let mut too_long = false;
                from.for_each_live(heap, |heap, key, value| {
                    let hash = hasher.hash(key).expect("a key in a table has a sequence number");
                    if is_for(hash) {
                        let outcome = if own.level == hasher.level {
                            part.insert_hashed(heap, hash, key, value)
                        } else {
                            part.insert(heap, own, key, value)
                        };
                        too_long |= is_too_long(&outcome);
                    }
                });
                if !too_long || own.level == LEVEL_MAX {
                    return;
                }
                (*self.header()).level += 1;
                part.clear();
            }
        }
    }
}
