//! Chunks: 1 MiB of memory aligned to its size, carved into 32 KiB blocks, with the bitmaps of all its cells in the
//! first.
//!
//! Because the metadata is not at the head of every block, the mark words of different blocks do not share cache sets,
//! and the mark of a cell is found from its address with two masks.

use std::alloc::{Layout, alloc, dealloc, realloc};
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
    /// What came from the host: where it begins, and its bytes.
    allocation: *mut u8,
    allocation_bytes: usize,
    /// While the heap is copied: how far from this chunk its clone lies, as a number that may wrap.
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
    /// A chunk from the host, or null when the host has no memory.
    pub(crate) fn create() -> *mut Chunk {
        const LAYOUT: Layout = match Layout::from_size_align(CHUNK_BYTES, CHUNK_BYTES) {
            Ok(layout) => layout,
            Err(_) => panic!("the size is a power of two"),
        };
        // SAFETY: the layout is not empty.
        let allocation = unsafe { alloc(LAYOUT) };
        // SAFETY: a chunk's worth of fresh memory, aligned to a chunk, if it is not null.
        unsafe {
            if !allocation.is_null() && !lies_low(allocation, CHUNK_BYTES) {
                dealloc(allocation, LAYOUT);
                return null_mut();
            }
            Chunk::begin(allocation.cast(), allocation, CHUNK_BYTES)
        }
    }

    /// A chunk for one cell of so many bytes, or null when the host has no memory. The cell is in block 1.
    pub(crate) fn create_huge(bytes: usize) -> *mut Chunk {
        // Aligned by hand, so that the memory can be given back bit by bit.
        let Some(Ok(layout)) = bytes.checked_add(BLOCK_BYTES + CHUNK_BYTES).map(Allocation::layout) else {
            return null_mut();
        };
        // SAFETY: the layout is not empty.
        let allocation = unsafe { alloc(layout) };
        // SAFETY: fresh memory that has room for a chunk of that size at any place, if it is not null.
        unsafe {
            if !allocation.is_null() && !lies_low(allocation, layout.size()) {
                dealloc(allocation, layout);
                return null_mut();
            }
            let aligned = allocation.map_addr(|address| address.next_multiple_of(CHUNK_BYTES));
            Chunk::begin(aligned.cast(), allocation, layout.size())
        }
    }

    /// # Safety
    /// `chunk` is null, or fresh memory of at least the size of the metadata, aligned to a chunk.
    unsafe fn begin(chunk: *mut Chunk, allocation: *mut u8, allocation_bytes: usize) -> *mut Chunk {
        if !allocation.is_null() {
            // SAFETY: as the caller promises. Zero is a valid `Chunk`.
            unsafe {
                chunk.write_bytes(0, 1);
                ((*chunk).allocation, (*chunk).allocation_bytes) = (allocation, allocation_bytes);
            }
        }
        if allocation.is_null() { null_mut() } else { chunk }
    }

    /// Whether the chunk holds one huge cell.
    fn is_huge(&self) -> bool {
        self.allocation_bytes > CHUNK_BYTES
    }

    /// A fresh chunk of the same size with the same cells, which hold nothing yet, and no marks; the chunk knows it from now
    /// on. Null when the host has no memory.
    ///
    /// # Safety
    /// `chunk` is a live chunk.
    pub(crate) unsafe fn create_twin(chunk: *mut Chunk, allocated: Bitmap) -> *mut Chunk {
        // SAFETY: the caller gives a live chunk, and the clone is one if it is not null.
        unsafe {
            let clone =
                if (*chunk).is_huge() { Chunk::create_huge((*chunk).cell_bytes[1] as usize) } else { Chunk::create() };
            if !clone.is_null() {
                (*clone).bits[allocated.0] = (*chunk).bits[allocated.0];
                (*clone).cell_bytes = (*chunk).cell_bytes;
                (*clone).list_index = (*chunk).list_index;
                (*chunk).twin_distance = clone.expose_provenance().wrapping_sub(chunk.addr());
            }
            clone
        }
    }

    /// Gives a chunk back to the host.
    ///
    /// # Safety
    /// `chunk` came from [`Chunk::create`] or [`Chunk::create_huge`], and no cell in it is used any more.
    pub(crate) unsafe fn destroy(chunk: *mut Chunk) {
        // SAFETY: the caller gives a chunk of ours; its layout is the one it was created with.
        unsafe {
            let align = if (*chunk).is_huge() { Allocation::ALIGN } else { CHUNK_BYTES };
            let layout = Layout::from_size_align_unchecked((*chunk).allocation_bytes, align);
            dealloc((*chunk).allocation, layout);
        }
    }

    /// The first byte of a block.
    #[inline(always)]
    pub(crate) fn block(chunk: *mut Chunk, index: usize) -> *mut u8 {
        chunk.cast::<u8>().wrapping_add(index * BLOCK_BYTES)
    }
}

/// Whether memory from the host is at addresses that cells may have.
fn lies_low(allocation: *mut u8, bytes: usize) -> bool {
    allocation.addr() as u64 + bytes as u64 <= ADDRESS_END
}

/// The memory of a huge cell that is being given back to the host, bit by bit: to unmap a gigabyte at once takes a fifth of a
/// second.
pub(crate) struct Allocation {
    start: *mut u8,
    bytes: usize,
}

impl Allocation {
    const ALIGN: usize = 16;

    fn layout(bytes: usize) -> Result<Layout, std::alloc::LayoutError> {
        Layout::from_size_align(bytes, Allocation::ALIGN)
    }

    /// The memory of a chunk that holds a huge cell.
    ///
    /// # Safety
    /// `chunk` came from [`Chunk::create_huge`], and is not used any more.
    pub(crate) unsafe fn of(chunk: *mut Chunk) -> Allocation {
        // SAFETY: the caller gives a live chunk.
        unsafe { Allocation { start: (*chunk).allocation, bytes: (*chunk).allocation_bytes } }
    }

    /// Bytes that were not given back yet.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Gives so many bytes back to the host; true if that was all of it.
    pub(crate) fn shrink(&mut self, bytes: usize) -> bool {
        let layout = Allocation::layout(self.bytes).expect("it was allocated with this layout");
        // SAFETY: the memory is ours, was allocated with this layout, and nobody looks at what is in it.
        unsafe {
            if self.bytes > bytes {
                let start = realloc(self.start, layout, self.bytes - bytes);
                if !start.is_null() {
                    (self.start, self.bytes) = (start, self.bytes - bytes);
                    return false;
                }
            }
            dealloc(self.start, layout);
        }
        true
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
