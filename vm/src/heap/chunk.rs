//! Chunks: 1 MiB of memory aligned to its size, carved into 32 KiB blocks, with the bitmaps of all its cells in the
//! first.
//!
//! Because the metadata is not at the head of every block, the mark words of different blocks do not share cache sets,
//! and the mark of a cell is found from its address with two masks.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::null_mut;

/// Bytes and alignment of a chunk.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;
/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 32 << 10;
/// Blocks of a chunk, the metadata block included.
pub(crate) const BLOCKS: usize = CHUNK_BYTES / BLOCK_BYTES;
/// Bytes that one bit of a bitmap stands for.
pub(crate) const GRANULE: usize = 16;
/// Bitmap words of one block.
pub(crate) const BLOCK_WORDS: usize = BLOCK_BYTES / GRANULE / 64;
/// Bitmap words of a chunk.
const CHUNK_WORDS: usize = CHUNK_BYTES / GRANULE / 64;
/// Cells lie below this address, so that a table may keep something else above it.
const ADDRESS_END: u64 = 1 << 48;
/// The blocks of a fresh chunk that can be handed out: all but the first.
pub(crate) const ALL_FREE: u32 = !1;

/// The metadata in the first block of a chunk.
#[repr(C)]
pub(crate) struct Chunk {
    /// Two bitmaps with one bit per granule, set at the first granule of a cell. Which of them says "allocated" and
    /// which "marked" swaps at the end of each cycle.
    pub(crate) bits: [[u64; CHUNK_WORDS]; 2],
    /// Bytes of the cells of each block; for a run of blocks, of the run, at its first block.
    pub(crate) cell_bytes: [u64; BLOCKS],
    /// One bit per block that is not in use.
    pub(crate) free: u32,
    /// Bytes of the whole allocation: a chunk, or more for a huge cell.
    pub(crate) allocation_bytes: usize,
    /// While the heap is copied: how far from this chunk its twin lies, as a number that may wrap.
    pub(crate) twin_distance: usize,
}

const _: () = assert!(size_of::<Chunk>() <= BLOCK_BYTES, "the metadata fits the first block");

/// Which of the two bitmaps of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bitmap(pub(crate) usize);

impl Bitmap {
    /// The bitmap with the other role.
    #[inline(always)]
    pub(crate) fn other(self) -> Bitmap {
        Bitmap(1 - self.0)
    }
}

impl Chunk {
    /// A chunk from the host, with `bytes` in all (at least the metadata), or null when the host has no memory.
    pub(crate) fn create(bytes: usize) -> *mut Chunk {
        let Ok(layout) = Layout::from_size_align(bytes, CHUNK_BYTES) else {
            return null_mut();
        };
        // SAFETY: the layout is larger than the metadata, so not empty.
        let chunk = unsafe { alloc(layout) }.cast::<Chunk>();
        if chunk.addr() as u64 + bytes as u64 > ADDRESS_END && !chunk.is_null() {
            // SAFETY: just allocated with this layout.
            unsafe { dealloc(chunk.cast(), layout) };
            return null_mut();
        }
        if !chunk.is_null() {
            // SAFETY: fresh memory of at least the size of the metadata, aligned to a chunk. Zero is a valid `Chunk`.
            unsafe {
                chunk.write_bytes(0, 1);
                (*chunk).free = ALL_FREE;
                (*chunk).allocation_bytes = bytes;
            }
        }
        chunk
    }

    /// A fresh chunk of the same size with the same cells, which hold nothing yet, and no marks; the chunk knows it from now
    /// on. Null when the host has no memory.
    ///
    /// # Safety
    /// `chunk` is a live chunk.
    pub(crate) unsafe fn create_twin(chunk: *mut Chunk, allocated: Bitmap) -> *mut Chunk {
        // SAFETY: the caller gives a live chunk, and the twin is one if it is not null.
        unsafe {
            let twin = Chunk::create((*chunk).allocation_bytes);
            if !twin.is_null() {
                (*twin).bits[allocated.0] = (*chunk).bits[allocated.0];
                (*twin).cell_bytes = (*chunk).cell_bytes;
                (*twin).free = (*chunk).free;
                (*chunk).twin_distance = twin.expose_provenance().wrapping_sub(chunk.addr());
            }
            twin
        }
    }

    /// Gives a chunk back to the host.
    ///
    /// # Safety
    /// `chunk` came from [`Chunk::create`], and no cell in it is used any more.
    pub(crate) unsafe fn destroy(chunk: *mut Chunk) {
        // SAFETY: the caller gives a chunk of ours; its layout is the one it was created with.
        unsafe {
            let layout = Layout::from_size_align_unchecked((*chunk).allocation_bytes, CHUNK_BYTES);
            dealloc(chunk.cast(), layout);
        }
    }

    /// The first byte of a block.
    #[inline(always)]
    pub(crate) fn block(chunk: *mut Chunk, index: usize) -> *mut u8 {
        chunk.cast::<u8>().wrapping_add(index * BLOCK_BYTES)
    }
}

/// The chunk a cell lies in.
#[inline(always)]
pub(crate) fn chunk_of(cell: *mut u8) -> *mut Chunk {
    cell.map_addr(|address| address & !(CHUNK_BYTES - 1)).cast()
}

/// The index within its chunk of the block a cell begins in.
#[inline(always)]
pub(crate) fn block_index(cell: *mut u8) -> usize {
    (cell.addr() & (CHUNK_BYTES - 1)) / BLOCK_BYTES
}

/// Index of the bitmap word and mask of a cell.
#[inline(always)]
fn bit_of(cell: *mut u8) -> (usize, u64) {
    let granule = (cell.addr() & (CHUNK_BYTES - 1)) / GRANULE;
    (granule / 64, 1 << (granule % 64))
}

/// Sets the bit of a cell; true if it was clear.
///
/// # Safety
/// `cell` is the first byte of a cell in a live chunk.
#[inline(always)]
pub(crate) unsafe fn set_bit(cell: *mut u8, bitmap: Bitmap) -> bool {
    let (word, mask) = bit_of(cell);
    // SAFETY: the caller gives a cell of a live chunk, `bit_of` yields a word of that chunk, `Bitmap` is 0 or 1.
    unsafe {
        let word = (*chunk_of(cell)).bits.get_unchecked_mut(bitmap.0).get_unchecked_mut(word);
        let clear = *word & mask == 0;
        *word |= mask;
        clear
    }
}

/// Whether the bit of a cell is set.
///
/// # Safety
/// `cell` is the first byte of a cell in a live chunk.
#[inline(always)]
pub(crate) unsafe fn get_bit(cell: *mut u8, bitmap: Bitmap) -> bool {
    let (word, mask) = bit_of(cell);
    // SAFETY: as in `set_bit`.
    unsafe { *(*chunk_of(cell)).bits.get_unchecked(bitmap.0).get_unchecked(word) & mask != 0 }
}

/// Where the twin of a cell is, or of a place within one that is in the same chunk as its first byte.
///
/// # Safety
/// `cell` lies in a live chunk whose heap is being copied.
#[inline(always)]
pub(crate) unsafe fn twin_of<T>(cell: *mut T) -> *mut T {
    // SAFETY: the caller gives a cell of a live chunk.
    let distance = unsafe { (*chunk_of(cell.cast())).twin_distance };
    std::ptr::with_exposed_provenance_mut(cell.addr().wrapping_add(distance))
}

/// The charged bytes of a cell.
///
/// # Safety
/// `cell` is the first byte of a cell in a live chunk.
#[inline(always)]
pub(crate) unsafe fn cell_bytes(cell: *mut u8) -> usize {
    // SAFETY: the caller gives a cell of a live chunk; a block index is below `BLOCKS`.
    unsafe { *(*chunk_of(cell)).cell_bytes.get_unchecked(block_index(cell)) as usize }
}
