//! What is done about memory after a cycle, in steps: empty blocks, dead large cells, and what the host gets back.
//!
//! How much there is to do depends on where cells happen to lie, which differs between a program and what was loaded from its
//! snapshot. So it is no part of the cycle, whose steps must not differ: some of it is done whenever a hole is looked for or
//! a large cell allocated, which a program does far more often than needed until the next cycle.

use super::chunk::{ALL_FREE, BLOCK_BYTES, BLOCKS, CHUNK_BYTES, Chunk};
use super::chunk::{block_index, cell_bytes, chunk_of, clear_bit, get_bit};
use super::size_class::{CLASS_BYTES_MAX, CLASSES};
use super::space::{RUN_BYTES_MAX, Space, block_bits, run_mask};

/// How far the search for what is empty has got.
#[derive(Default)]
pub(super) struct Sweep {
    class: usize,
    runs: usize,
    huge: usize,
    chunks_returned: bool,
}

/// Bytes that are given back to the host at once; to unmap memory takes its time.
const RETURN_BYTES: usize = 4 << 20;
/// Blocks or large cells that are looked at at once.
const AT_ONCE: usize = 32;

impl Space {
    /// Ends a cycle: what is marked is now what is allocated. What is empty is looked for later, by [`Space::sweep`].
    pub(crate) fn flip(&mut self) {
        self.black = false;
        self.marks = self.marks.other();
        for list in &mut self.lists {
            debug_assert!(list.swept == list.unswept.len(), "the sweep after the last cycle is over");
            list.unswept = std::mem::take(&mut list.blocks);
            (list.swept, list.block, list.granule) = (0, 0, 0);
        }
        self.sweep = Sweep::default();
        self.sweeping = true;
    }

    /// Looks at up to `count` blocks of the last cycle, and frees those without a cell; false if there are none left.
    pub(super) fn sweep_blocks(&mut self, count: usize) -> bool {
        let allocated = self.marks.other();
        let mut left = count;
        while left > 0 && self.sweep.class < CLASSES {
            let list = &mut self.lists[self.sweep.class];
            let Some(&block) = list.unswept.get(list.swept) else {
                (list.unswept, list.swept) = (Vec::new(), 0);
                self.sweep.class += 1;
                continue;
            };
            list.swept += 1;
            left -= 1;
            // SAFETY: listed blocks belong to live chunks.
            if unsafe { block_bits(block, allocated) }.iter().all(|&word| word == 0) {
                self.release_blocks(block, 1);
            } else {
                list.blocks.push(block);
            }
        }
        left < count
    }

    /// Does some of what is left to do after a cycle, if anything is.
    #[inline]
    pub(in crate::heap) fn sweep_some(&mut self) {
        if self.sweeping && self.sweep_lists(AT_ONCE) && self.return_memory(RETURN_BYTES) {
            self.sweeping = false;
        }
    }

    /// Does all that is left to do after a cycle but giving memory back. Before the next cycle begins.
    pub(crate) fn finish_sweep(&mut self) {
        while !self.sweep_lists(usize::MAX) {}
    }

    /// Gives all memory back to the host that is not used.
    pub(crate) fn return_all(&mut self) {
        self.finish_sweep();
        self.return_memory(usize::MAX);
        self.sweeping = false;
    }

    /// Looks for what is empty, at up to `count` things; true when there is nothing left.
    fn sweep_lists(&mut self, count: usize) -> bool {
        if self.sweep.chunks_returned {
            return true;
        }
        self.sweep_blocks(count);
        if self.sweep.class < CLASSES {
            return false;
        }
        let allocated = self.marks.other();
        for _ in 0..count {
            if let Some(&run) = self.runs.get(self.sweep.runs) {
                // SAFETY: listed runs belong to live chunks; one without its bit after the flip is unreachable.
                unsafe {
                    if get_bit(run, allocated) {
                        self.sweep.runs += 1;
                    } else {
                        self.remove_run(run);
                    }
                }
            } else if let Some(&chunk) = self.huge.get(self.sweep.huge) {
                // SAFETY: as above.
                unsafe {
                    if get_bit(Chunk::block(chunk, 1), allocated) {
                        self.sweep.huge += 1;
                    } else {
                        self.remove_huge(chunk);
                    }
                }
            } else {
                self.select_chunks();
                self.sweep.chunks_returned = true;
                return true;
            }
        }
        false
    }

    /// Gives up to so many bytes back to the host; true when nothing is left that is dead.
    fn return_memory(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        while left >= CHUNK_BYTES
            && let Some(chunk) = self.dead_chunks.pop()
        {
            left -= CHUNK_BYTES;
            // SAFETY: chunks without a cell are listed here, each once.
            drop(unsafe { Chunk::into_mapping(chunk) });
        }
        while left >= CHUNK_BYTES
            && let Some(dying) = self.dying.last_mut()
        {
            let before = dying.len();
            dying.shrink(left);
            left = left.saturating_sub(before - dying.len());
            if dying.len() == 0 {
                self.dying.pop();
            }
        }
        self.dying.is_empty() && self.dead_chunks.is_empty()
    }

    /// Takes empty chunks off the list when more blocks are free than in use.
    fn select_chunks(&mut self) {
        let total = self.chunks.len() * (BLOCKS - 1);
        let mut surplus = (self.blocks_free * 2).saturating_sub(total + 4 * BLOCKS);
        let mut kept = 0;
        for index in 0..self.chunks.len() {
            let chunk = self.chunks[index];
            if self.free[index] == ALL_FREE && surplus >= BLOCKS {
                surplus -= BLOCKS;
                self.blocks_free -= BLOCKS - 1;
                self.dead_chunks.push(chunk);
                continue;
            }
            if kept != index {
                (self.chunks[kept], self.free[kept]) = (chunk, self.free[index]);
                // SAFETY: listed chunks are live.
                unsafe { (*chunk).list_index[0] = kept as u32 };
            }
            kept += 1;
        }
        self.chunks.truncate(kept);
        self.free.truncate(kept);
        self.first_free = 0;
    }

    /// Frees a large cell at once; its bytes, or 0 for a small one, which stays as it is. Only between cycles.
    ///
    /// # Safety
    /// `cell` is a live cell of this space, and nothing refers to it any more.
    pub(crate) unsafe fn release(&mut self, cell: *mut u8) -> usize {
        // SAFETY: as the caller promises.
        unsafe {
            let bytes = cell_bytes(cell);
            if bytes <= CLASS_BYTES_MAX {
                return 0;
            }
            clear_bit(cell, self.marks.other());
            if bytes <= RUN_BYTES_MAX {
                self.remove_run(cell);
            } else {
                self.remove_huge(chunk_of(cell));
            }
            bytes
        }
    }

    /// Takes a run that is dead off the list, and frees its blocks.
    ///
    /// # Safety
    /// Callers give a listed run.
    unsafe fn remove_run(&mut self, run: *mut u8) {
        // SAFETY: callers give a listed run.
        unsafe {
            let index = (*chunk_of(run)).list_index[block_index(run)] as usize;
            // Whoever moves to a place that was looked at has been looked at itself, or is looked at now.
            self.sweep.runs = self.sweep.runs.min(index);
            self.runs.swap_remove(index);
            if let Some(&moved) = self.runs.get(index) {
                (*chunk_of(moved)).list_index[block_index(moved)] = index as u32;
            }
            self.release_blocks(run, cell_bytes(run) / BLOCK_BYTES);
        }
    }

    /// Takes a huge cell that is dead off the list; its memory is given back bit by bit.
    ///
    /// # Safety
    /// Callers give a listed chunk.
    unsafe fn remove_huge(&mut self, chunk: *mut Chunk) {
        // SAFETY: callers give a listed chunk.
        unsafe {
            let index = (*chunk).list_index[1] as usize;
            self.sweep.huge = self.sweep.huge.min(index);
            self.huge.swap_remove(index);
            if let Some(&moved) = self.huge.get(index) {
                (*moved).list_index[1] = index as u32;
            }
            self.huge_bytes -= cell_bytes(Chunk::block(chunk, 1));
            self.dying.push(Chunk::into_mapping(chunk));
            self.sweeping = true;
        }
    }

    /// Puts blocks back into the free mask of their chunk.
    fn release_blocks(&mut self, block: *mut u8, count: usize) {
        // SAFETY: callers give blocks of live chunks.
        let chunk = unsafe { (*chunk_of(block)).list_index[0] } as usize;
        self.free[chunk] |= run_mask(block_index(block), count);
        self.first_free = self.first_free.min(chunk);
        self.blocks_free += count;
    }
}
