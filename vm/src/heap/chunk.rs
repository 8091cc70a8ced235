//! Chunks: 1 MiB of memory aligned to its size, carved into 32 KiB blocks, with the bitmaps of all its cells in the
//! first.
//!
//! Because the metadata is not at the head of every block, the mark words of different blocks do not share cache sets,
//! and the mark of a cell is found from its address with two masks.

use crate::memory::Mapping;
use std::mem::ManuallyDrop;
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
    /// For the first block of a run or of a huge cell, where that stands in the list of all; for block 0, where the chunk does.
    pub(crate) list_index: [u32; BLOCKS],
    /// What came from the host, this included.
    mapping: ManuallyDrop<Mapping>,
    /// While the heap is copied: how far from this chunk its clone lies, as a number that may wrap.
    pub(crate) clone_distance: usize,
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
    /// A chunk from the host, or null when the host has no memory.
    pub(crate) fn create() -> *mut Chunk {
        Chunk::begin(CHUNK_BYTES)
    }

    /// A chunk for one cell of so many bytes, or null when the host has no memory. The cell is in block 1.
    pub(crate) fn create_huge(bytes: usize) -> *mut Chunk {
        bytes.checked_add(BLOCK_BYTES).map_or(null_mut(), Chunk::begin)
    }

    fn begin(bytes: usize) -> *mut Chunk {
        let Some(mapping) = Mapping::new(bytes, CHUNK_BYTES) else { return null_mut() };
        // Cells lie below this, so that a table may keep something else above it.
        if mapping.base().addr() as u64 + mapping.len() as u64 > ADDRESS_END {
            return null_mut();
        }
        let chunk = mapping.base().cast::<Chunk>();
        // SAFETY: fresh memory, aligned to a chunk, that the metadata fits. Zero is a valid value of all that is not written.
        unsafe {
            chunk.write_bytes(0, 1);
            (&raw mut (*chunk).mapping).write(ManuallyDrop::new(mapping));
        }
        chunk
    }

    /// Whether the chunk holds one huge cell.
    fn is_huge(&self) -> bool {
        self.mapping.len() > CHUNK_BYTES
    }

    /// A fresh chunk of the same size with the same cells, which hold nothing yet, and no marks; the chunk knows it from now
    /// on. Null when the host has no memory.
    ///
    /// # Safety
    /// `chunk` is a live chunk.
    pub(crate) unsafe fn create_clone(chunk: *mut Chunk, allocated: Bitmap) -> *mut Chunk {
        // SAFETY: the caller gives a live chunk, and the clone is one if it is not null.
        unsafe {
            let clone =
                if (*chunk).is_huge() { Chunk::create_huge((*chunk).cell_bytes[1] as usize) } else { Chunk::create() };
            if !clone.is_null() {
                (*clone).bits[allocated.0] = (*chunk).bits[allocated.0];
                (*clone).cell_bytes = (*chunk).cell_bytes;
                (*clone).list_index = (*chunk).list_index;
                (*chunk).clone_distance = clone.expose_provenance().wrapping_sub(chunk.addr());
            }
            clone
        }
    }

    /// The memory of a chunk, to be given back to the host.
    ///
    /// # Safety
    /// `chunk` came from [`Chunk::create`] or [`Chunk::create_huge`], and neither it nor a cell in it is used any more.
    pub(crate) unsafe fn into_mapping(chunk: *mut Chunk) -> Mapping {
        // SAFETY: the caller gives a chunk of ours, whose mapping is in it.
        unsafe { ManuallyDrop::into_inner((&raw const (*chunk).mapping).read()) }
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

/// Where the bit of a cell is, or what would be that place for any number.
#[inline(always)]
pub(crate) fn mark_address(cell: usize, bitmap: Bitmap) -> usize {
    let granule = (cell & (CHUNK_BYTES - 1)) / GRANULE;
    let words = std::mem::offset_of!(Chunk, bits) + bitmap.0 * size_of::<[u64; CHUNK_WORDS]>();
    (cell & !(CHUNK_BYTES - 1)).wrapping_add(words + granule / 64 * size_of::<u64>())
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

/// Clears the bit of a cell.
///
/// # Safety
/// As for [`set_bit`].
#[inline(always)]
pub(crate) unsafe fn clear_bit(cell: *mut u8, bitmap: Bitmap) {
    let (word, mask) = bit_of(cell);
    // SAFETY: as in `set_bit`.
    unsafe { (&mut (*chunk_of(cell)).bits)[bitmap.0][word] &= !mask };
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

/// Where the clone of a cell is, or of a place within one that is in the same chunk as its first byte.
///
/// # Safety
/// `cell` lies in a live chunk whose heap is being copied.
#[inline(always)]
pub(crate) unsafe fn clone_of<T>(cell: *mut T) -> *mut T {
    // SAFETY: the caller gives a cell of a live chunk.
    let distance = unsafe { (*chunk_of(cell.cast())).clone_distance };
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
