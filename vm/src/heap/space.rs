//! Memory for cells: blocks by size class with bump allocation into holes, runs of blocks, and huge allocations.
//!
//! No cell is ever swept. The bitmap of marks becomes the bitmap of allocated cells when a cycle ends, and the search
//! for the next hole reads it; only whole blocks and large cells that are empty are looked for afterwards, see `sweep`. A hole
//! is claimed as a whole: its bits are set in the allocated bitmap, and in the mark bitmap too while a cycle is under way, so
//! that new cells are born marked at no cost per cell.

use std::ptr::null_mut;

use super::chunk::{ALL_FREE, BLOCK_BYTES, BLOCK_WORDS, BLOCKS, Bitmap, CHUNK_BYTES, Chunk, GRANULE};
use super::chunk::{block_index, chunk_of, clone_of, set_bit};
use super::size_class::{CLASS_BYTES, CLASSES, large_bytes_for};
use super::sweep::Sweep;
use crate::memory::Mapping;

/// The open hole of a class.
#[derive(Clone, Copy)]
struct Cursor {
    next: *mut u8,
    end: *mut u8,
}

/// The blocks of a class in the order in which they were taken, and where the search for holes has got to.
#[derive(Default)]
pub(super) struct BlockList {
    pub(super) blocks: Vec<*mut u8>,
    pub(super) block: usize,
    pub(super) granule: usize,
    /// Those that may be empty since the last cycle, from the cursor on; they come behind the others.
    pub(super) unswept: Vec<*mut u8>,
    pub(super) swept: usize,
}

/// Where in a block the cells of a class begin, as a bitmap.
type Pattern = [u64; BLOCK_WORDS];

/// The pattern of each class.
static PATTERNS: [Pattern; CLASSES] = patterns();

const fn patterns() -> [Pattern; CLASSES] {
    let mut patterns = [[0; BLOCK_WORDS]; CLASSES];
    let mut class = 1;
    while class < CLASSES {
        let step = CLASS_BYTES[class] as usize / GRANULE;
        let mut granule = 0;
        while granule + step <= BLOCK_BYTES / GRANULE {
            patterns[class][granule / 64] |= 1 << (granule % 64);
            granule += step;
        }
        class += 1;
    }
    patterns
}

/// All memory for cells.
pub(crate) struct Space {
    cursors: [Cursor; CLASSES],
    pub(super) marks: Bitmap,
    /// Whether new cells are born marked.
    pub(super) black: bool,
    pub(super) lists: [BlockList; CLASSES],
    pub(super) chunks: Vec<*mut Chunk>,
    /// For each chunk, one bit per block that is not in use.
    pub(super) free: Vec<u32>,
    /// No chunk before this one has a free block.
    pub(super) first_free: usize,
    pub(super) blocks_free: usize,
    /// First blocks of the runs.
    pub(super) runs: Vec<*mut u8>,
    /// Chunks that hold one huge cell each.
    pub(super) huge: Vec<*mut Chunk>,
    pub(super) huge_bytes: usize,
    pub(super) sweep: Sweep,
    /// Whether there is something left to sweep, or to give back.
    pub(super) sweeping: bool,
    /// Empty chunks and the memory of dead huge cells, to be given back to the host.
    pub(super) dead_chunks: Vec<*mut Chunk>,
    pub(super) dying: Vec<Mapping>,
}

/// Blocks of the last cycle that are looked at before more memory is asked for.
const SWEEP_BEFORE_GROWING: usize = 64;
/// Largest cell that is a run of blocks within a chunk.
pub(super) const RUN_BYTES_MAX: usize = (BLOCKS - 1) * BLOCK_BYTES;

impl Space {
    /// An empty space; takes no memory from the host yet.
    pub(crate) fn new() -> Space {
        Space {
            cursors: [Cursor { next: null_mut(), end: null_mut() }; CLASSES],
            marks: Bitmap(0),
            black: false,
            lists: std::array::from_fn(|_| BlockList::default()),
            chunks: Vec::new(),
            free: Vec::new(),
            first_free: 0,
            blocks_free: 0,
            runs: Vec::new(),
            huge: Vec::new(),
            huge_bytes: 0,
            sweep: Sweep::default(),
            sweeping: false,
            dead_chunks: Vec::new(),
            dying: Vec::new(),
        }
    }

    /// The bitmap that holds the marks of the current cycle.
    pub(crate) fn marks(&self) -> Bitmap {
        self.marks
    }

    /// Bytes taken from the host.
    pub(crate) fn footprint(&self) -> usize {
        (self.chunks.len() + self.dead_chunks.len()) * CHUNK_BYTES + self.huge_bytes
    }

    /// A cell from the open hole of its class, or null if the hole is used up.
    #[inline(always)]
    pub(crate) fn bump(&mut self, class: usize, bytes: usize) -> *mut u8 {
        let cursor = &mut self.cursors[class];
        let cell = cursor.next;
        if cell == cursor.end {
            return null_mut();
        }
        cursor.next = cell.wrapping_add(bytes);
        cell
    }

    /// A cell of a class whose hole is used up; null when the host has no memory.
    pub(crate) fn bump_slow(&mut self, class: usize) -> *mut u8 {
        self.sweep_some();
        if !self.find_hole(class) && !self.open_block(class) {
            return null_mut();
        }
        self.bump(class, CLASS_BYTES[class] as usize)
    }

    /// Moves the cursor of a class to the next hole in its blocks.
    fn find_hole(&mut self, class: usize) -> bool {
        let allocated = self.marks.other();
        let step = CLASS_BYTES[class] as usize;
        let end_of_cells = BLOCK_BYTES / step * step / GRANULE;
        let list = &mut self.lists[class];
        loop {
            let Some(&block) = list.blocks.get(list.block) else {
                let Some(&next) = list.unswept.get(list.swept) else {
                    return false;
                };
                list.swept += 1;
                list.blocks.push(next);
                continue;
            };
            // SAFETY: a listed block belongs to a live chunk until a flip takes it off the list.
            let bits = unsafe { block_bits(block, allocated) };
            match next_hole(&PATTERNS[class], bits, list.granule, end_of_cells) {
                Some((start, end)) => {
                    list.granule = end;
                    let start = block.wrapping_add(start * GRANULE);
                    let end = block.wrapping_add(end * GRANULE);
                    self.cursors[class] = Cursor { next: start, end };
                    self.claim(class, start, end);
                    return true;
                }
                None => {
                    list.block += 1;
                    list.granule = 0;
                }
            }
        }
    }

    /// Gives a class another block.
    fn open_block(&mut self, class: usize) -> bool {
        let block = self.take_blocks(1);
        if block.is_null() {
            return false;
        }
        let bytes = CLASS_BYTES[class] as usize;
        // SAFETY: `take_blocks` gives a block of a live chunk.
        unsafe { (*chunk_of(block)).cell_bytes[block_index(block)] = bytes as u64 };
        let list = &mut self.lists[class];
        list.blocks.push(block);
        list.block = list.blocks.len();
        list.granule = 0;
        let end = block.wrapping_add(BLOCK_BYTES / bytes * bytes);
        self.cursors[class] = Cursor { next: block, end };
        self.claim(class, block, end);
        true
    }

    /// Marks the cells of a hole as allocated, and as marked while a cycle is under way.
    fn claim(&mut self, class: usize, start: *mut u8, end: *mut u8) {
        if cfg!(any(test, debug_assertions)) {
            // What is dead shall not look alive to a test.
            // SAFETY: the hole lies in a block of a live chunk, and no cell in it is reachable.
            unsafe { start.write_bytes(0xdb, end.addr() - start.addr()) };
        }
        self.set_hole(self.marks.other(), class, start, end);
        if self.black {
            self.set_hole(self.marks, class, start, end);
        }
    }

    /// Sets the bits of the cells of a class between two addresses in one block.
    fn set_hole(&mut self, bitmap: Bitmap, class: usize, start: *mut u8, end: *mut u8) {
        if start == end {
            return;
        }
        let block = start.map_addr(|address| address & !(BLOCK_BYTES - 1));
        let from = (start.addr() - block.addr()) / GRANULE;
        let to = (end.addr() - block.addr()) / GRANULE;
        // SAFETY: holes lie in blocks that this space handed to a class, in live chunks.
        let bits = unsafe { block_bits(block, bitmap) };
        let (first, last) = (from / 64, (to - 1) / 64);
        for (word, bits) in bits.iter_mut().enumerate().take(last + 1).skip(first) {
            let mut mask = PATTERNS[class][word];
            if word == first {
                mask &= !0 << (from % 64);
            }
            if word == last {
                mask &= !0 >> (63 - (to - 1) % 64);
            }
            *bits |= mask;
        }
    }

    /// `count` neighbouring free blocks, now in use; null when the host has no memory.
    fn take_blocks(&mut self, count: usize) -> *mut u8 {
        loop {
            for index in self.first_free..self.chunks.len() {
                let free = &mut self.free[index];
                if *free == 0 {
                    if index == self.first_free {
                        self.first_free += 1;
                    }
                    continue;
                }
                if let Some(start) = find_run(*free, count) {
                    *free &= !run_mask(start, count);
                    self.blocks_free -= count;
                    return Chunk::block(self.chunks[index], start);
                }
            }
            if !self.sweep_blocks(SWEEP_BEFORE_GROWING) {
                break;
            }
        }
        let chunk = Chunk::create();
        if chunk.is_null() {
            return null_mut();
        }
        // SAFETY: the chunk was just created.
        unsafe { (*chunk).list_index[0] = self.chunks.len() as u32 };
        self.chunks.push(chunk);
        self.free.push(ALL_FREE & !run_mask(1, count));
        self.blocks_free += BLOCKS - 1 - count;
        Chunk::block(chunk, 1)
    }

    /// A cell above the class sizes; null when the host has no memory.
    pub(crate) fn allocate_large(&mut self, bytes: usize) -> *mut u8 {
        self.sweep_some();
        let bytes = large_bytes_for(bytes);
        let cell = if bytes <= RUN_BYTES_MAX {
            let run = self.take_blocks(bytes / BLOCK_BYTES);
            if run.is_null() {
                return run;
            }
            // SAFETY: the run is in a live chunk.
            unsafe { (*chunk_of(run)).list_index[block_index(run)] = self.runs.len() as u32 };
            self.runs.push(run);
            run
        } else {
            let chunk = Chunk::create_huge(bytes);
            if chunk.is_null() {
                return null_mut();
            }
            // SAFETY: the chunk was just created.
            unsafe { (*chunk).list_index[1] = self.huge.len() as u32 };
            self.huge.push(chunk);
            self.huge_bytes += bytes;
            Chunk::block(chunk, 1)
        };
        // SAFETY: the cell begins a block of a live chunk.
        unsafe {
            (*chunk_of(cell)).cell_bytes[block_index(cell)] = bytes as u64;
            set_bit(cell, self.marks.other());
            if self.black {
                set_bit(cell, self.marks);
            }
        }
        cell
    }

    /// Clears the marks of the chunks from `from` on, so many that it takes `steps` of such steps; returns where to go on, or
    /// `None` after the last.
    pub(crate) fn clear_marks(&mut self, from: usize, steps: usize) -> Option<usize> {
        let end = from + (self.chunks.len() - from.min(self.chunks.len())).div_ceil(steps);
        for &chunk in self.chunks.get(from..end).unwrap_or_default() {
            // SAFETY: `chunks` lists live chunks.
            unsafe { (*chunk).bits[self.marks.0].fill(0) };
        }
        if steps > 1 {
            return Some(end);
        }
        for &chunk in &self.huge {
            // SAFETY: `huge` lists live chunks; a huge cell has bits in the words of block 1 only.
            unsafe { (*chunk).bits[self.marks.0][BLOCK_WORDS] = 0 };
        }
        None
    }

    /// From now on new cells are born marked, the rest of the open holes included. The marks are clear.
    pub(crate) fn begin_cycle(&mut self) {
        self.black = true;
        for class in 1..CLASSES {
            let Cursor { next, end } = self.cursors[class];
            self.set_hole(self.marks, class, next, end);
        }
    }
}

impl Space {
    /// A space with a clone of each chunk, where the same cells are allocated and the same will be, but hold nothing yet; `None`
    /// when the host has no memory. No mark is set in it. Only between cycles.
    pub(crate) fn cloned(&self) -> Option<Space> {
        let mut clone = Space::new();
        for (chunks, clones) in [(&self.chunks, &mut clone.chunks), (&self.huge, &mut clone.huge)] {
            for &chunk in chunks {
                // SAFETY: the lists hold live chunks.
                let made = unsafe { Chunk::create_clone(chunk, self.marks.other()) };
                if made.is_null() {
                    return None;
                }
                clones.push(made);
            }
        }
        // SAFETY: blocks and runs are in listed chunks.
        let clones = |blocks: &[*mut u8]| blocks.iter().map(|&block| unsafe { clone_of(block) }).collect();
        for (list, other) in self.lists.iter().zip(&mut clone.lists) {
            let BlockList { block, granule, .. } = *list;
            *other = BlockList { blocks: clones(&list.blocks), block, granule, ..BlockList::default() };
        }
        for (cursor, other) in self.cursors.iter().zip(&mut clone.cursors) {
            // A hole that is used up may end with its chunk.
            if cursor.next != cursor.end {
                // SAFETY: the hole is in a listed chunk.
                let next = unsafe { clone_of(cursor.next) };
                *other = Cursor { next, end: next.wrapping_add(cursor.end.addr() - cursor.next.addr()) };
            }
        }
        clone.runs = clones(&self.runs);
        clone.free = self.free.clone();
        let Space { marks, black, first_free, blocks_free, huge_bytes, .. } = *self;
        (clone.marks, clone.black, clone.first_free) = (marks, black, first_free);
        (clone.blocks_free, clone.huge_bytes) = (blocks_free, huge_bytes);
        Some(clone)
    }

    /// The addresses of all chunks, ascending.
    pub(crate) fn chunk_addresses(&self) -> Vec<usize> {
        let mut addresses: Vec<usize> = self.chunks.iter().chain(&self.huge).map(|chunk| chunk.addr()).collect();
        addresses.sort_unstable();
        addresses
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for &chunk in self.chunks.iter().chain(&self.huge).chain(&self.dead_chunks) {
            // SAFETY: the lists hold live chunks, each once, and nothing uses cells after their space.
            drop(unsafe { Chunk::into_mapping(chunk) });
        }
    }
}

/// The bitmap words of a block.
///
/// # Safety
/// `block` is the first byte of a block in a live chunk, and no other reference to its words exists.
pub(super) unsafe fn block_bits<'a>(block: *mut u8, bitmap: Bitmap) -> &'a mut [u64] {
    let first = block_index(block) * BLOCK_WORDS;
    // SAFETY: the caller gives a block of a live chunk.
    unsafe {
        let words = &raw mut (*chunk_of(block)).bits[bitmap.0];
        std::slice::from_raw_parts_mut(words.cast::<u64>().add(first), BLOCK_WORDS)
    }
}

/// The first hole at or after a granule: where it begins and ends.
fn next_hole(pattern: &Pattern, bits: &[u64], from: usize, end_of_cells: usize) -> Option<(usize, usize)> {
    let mut word = from / 64;
    if word >= BLOCK_WORDS {
        return None;
    }
    let mut free = pattern[word] & !bits[word] & (!0 << (from % 64));
    while free == 0 {
        word += 1;
        if word == BLOCK_WORDS {
            return None;
        }
        free = pattern[word] & !bits[word];
    }
    let start = word * 64 + free.trailing_zeros() as usize;
    let mut used = bits[word] & (!0 << (start % 64));
    while used == 0 {
        word += 1;
        if word == BLOCK_WORDS {
            return Some((start, end_of_cells));
        }
        used = bits[word];
    }
    Some((start, word * 64 + used.trailing_zeros() as usize))
}

/// Bits `start..start + count`.
pub(super) fn run_mask(start: usize, count: usize) -> u32 {
    (((1u64 << count) - 1) << start) as u32
}

/// The lowest position at which `count` neighbouring bits are set.
fn find_run(free: u32, count: usize) -> Option<usize> {
    let mut starts = free;
    let mut have = 1;
    // Each round doubles the run that a set bit stands for.
    while have < count && starts != 0 {
        let shift = have.min(count - have);
        starts &= starts >> shift;
        have += shift;
    }
    if starts == 0 { None } else { Some(starts.trailing_zeros() as usize) }
}

#[cfg(test)]
mod tests {
    use super::super::chunk::set_bit;
    use super::*;

    #[test]
    fn runs_are_found_at_the_lowest_place() {
        assert_eq!(find_run(0b0111_0110, 2), Some(1));
        assert_eq!(find_run(0b0111_0110, 3), Some(4));
        assert_eq!(find_run(0b0111_0110, 4), None);
        assert_eq!(find_run(ALL_FREE, 31), Some(1));
        assert_eq!(find_run(ALL_FREE, 5), Some(1));
    }

    #[test]
    fn dead_cells_are_handed_out_again_and_live_ones_are_not() {
        let mut space = Space::new();
        let class = 4;
        let alloc = |space: &mut Space| {
            let cell = space.bump(class, 64);
            if cell.is_null() { space.bump_slow(class) } else { cell }
        };
        let cells: Vec<_> = (0..10_000).map(|_| alloc(&mut space)).collect();
        assert_eq!(space.clear_marks(0, 1), None);
        space.begin_cycle();
        for cell in cells.iter().step_by(2) {
            // SAFETY: a cell of this space.
            unsafe { set_bit(*cell, space.marks()) };
        }
        space.flip();
        space.return_all();
        let mut again: Vec<_> = (0..5_000).map(|_| alloc(&mut space)).collect();
        again.extend(cells.iter().step_by(2));
        again.sort();
        again.dedup();
        assert_eq!(again.len(), 10_000);
        assert!(space.footprint() <= 2 << 20);
    }

    #[test]
    fn large_cells_come_and_go() {
        let mut space = Space::new();
        for bytes in [40_000, 600_000, 1_015_808, 1_015_809, 5 << 20] {
            let cell = space.allocate_large(bytes);
            // SAFETY: a fresh cell of that many bytes.
            unsafe { cell.write_bytes(1, bytes) };
        }
        assert_eq!(space.clear_marks(0, 1), None);
        space.begin_cycle();
        space.flip();
        space.return_all();
        assert_eq!(space.huge.len() + space.runs.len(), 0);
        assert_eq!(space.blocks_free, space.chunks.len() * (BLOCKS - 1));
    }
}
