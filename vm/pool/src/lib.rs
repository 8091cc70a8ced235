//! An allocator for programs that make and drop many small things, as compilers do: freed blocks are kept by size, for the thread
//! that freed them. Knows nothing of the machine.
//!
//! Compiling a small chunk of Lua allocates some two hundred times, and the system's allocator took a third of the
//! instructions. Here a block is a load and a store away. Blocks are cut from chunks of the system's, which are never given back;
//! what a thread has kept when it ends goes to whoever runs out next. What is large, or aligned to more than 16 bytes, is
//! the system's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Alignment of all blocks, and the unit of their sizes.
const UNIT: usize = 16;
/// Up to here there is a class for each unit; above it there are eight for each doubling.
const FINE_BYTES_MAX: usize = 128;
/// What is larger comes from the system.
const BLOCK_BYTES_MAX: usize = 16 << 10;
/// Sizes of blocks.
const CLASSES: usize = 64;
/// What is taken from the system at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// The allocator, for `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool;

/// A block that is free.
struct Block {
    next: *mut Block,
}

/// The free blocks of a thread, by class, and the rest of its chunk.
struct Cache {
    free: [Cell<*mut Block>; CLASSES],
    next: Cell<*mut u8>,
    left: Cell<usize>,
    /// Whether it is known what becomes of it when the thread ends.
    is_known: Cell<bool>,
}

/// Free blocks of threads that have ended.
struct Shared([*mut Block; CLASSES]);

// SAFETY: free blocks belong to whoever has the list that they are in.
unsafe impl Send for Shared {}

/// Hands over the blocks of a thread when it is dropped.
struct Leaving;

thread_local! {
    static CACHE: Cache = const { Cache::new() };
    static LEAVING: Leaving = const { Leaving };
}

static SHARED: Mutex<Shared> = Mutex::new(Shared([ptr::null_mut(); CLASSES]));

/// Whether the first thread has allocated. What it keeps is nobody's when it ends, as the process ends then.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// The class of blocks for so many bytes, from 1 to [`BLOCK_BYTES_MAX`].
const fn class_of(bytes: usize) -> usize {
    let last = bytes - 1;
    if bytes <= FINE_BYTES_MAX {
        return last / UNIT;
    }
    let doubling = last.ilog2();
    (last >> (doubling - 3)) + (doubling - FINE_BYTES_MAX.ilog2()) as usize * 8
}

/// Bytes of the blocks of a class.
const fn bytes_of(class: usize) -> usize {
    if class < FINE_BYTES_MAX / UNIT {
        return (class + 1) * UNIT;
    }
    (class % 8 + 9) << (class / 8 + 3)
}

const _: () = assert!(class_of(BLOCK_BYTES_MAX) == CLASSES - 1 && bytes_of(CLASSES - 1) == BLOCK_BYTES_MAX);

/// Whether blocks are for this.
fn is_small(bytes: usize, align: usize) -> bool {
    bytes <= BLOCK_BYTES_MAX && align <= UNIT
}

impl Cache {
    const fn new() -> Self {
        Self {
            free: [const { Cell::new(ptr::null_mut()) }; CLASSES],
            next: Cell::new(ptr::null_mut()),
            left: Cell::new(0),
            is_known: Cell::new(false),
        }
    }

    /// A block of a class, or null when the system has no more memory.
    #[inline]
    fn take(&self, class: usize) -> *mut u8 {
        let list = &self.free[class % CLASSES];
        let block = list.get();
        if !block.is_null() {
            // SAFETY: blocks in the list are free, and hold where the next one is.
            list.set(unsafe { (*block).next });
            return block.cast();
        }
        let bytes = bytes_of(class);
        if bytes > self.left.get() {
            return self.take_elsewhere(class);
        }
        self.cut(bytes)
    }

    /// Cuts a block from the chunk, in which so much is left.
    fn cut(&self, bytes: usize) -> *mut u8 {
        let block = self.next.get();
        // SAFETY: the caller made sure that so much is left in the chunk.
        self.next.set(unsafe { block.add(bytes) });
        self.left.set(self.left.get() - bytes);
        block
    }

    /// Keeps a block of a class.
    ///
    /// # Safety
    /// The block is of that class, and nobody else's.
    unsafe fn keep(&self, class: usize, block: *mut u8) {
        let list = &self.free[class % CLASSES];
        let block = block.cast::<Block>();
        // SAFETY: it is free, large enough and aligned.
        unsafe { block.write(Block { next: list.get() }) };
        list.set(block);
    }

    /// Keeps what is left of the chunk.
    fn keep_rest(&self) {
        while self.left.get() >= UNIT {
            let mut class = class_of(self.left.get().min(BLOCK_BYTES_MAX));
            if bytes_of(class) > self.left.get() {
                class -= 1;
            }
            let block = self.cut(bytes_of(class));
            // SAFETY: it was just cut, with the bytes of that class.
            unsafe { self.keep(class, block) };
        }
    }

    /// A block where neither the list nor the chunk has one: from a thread that has ended, or from a new chunk.
    #[cold]
    #[inline(never)]
    fn take_elsewhere(&self, class: usize) -> *mut u8 {
        if !self.is_known.replace(true) && HAS_BEGUN.swap(true, Ordering::Relaxed) {
            // Where the thread is ending already, what it still keeps is lost.
            let _ = LEAVING.try_with(|_| {});
        }
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let block = std::mem::replace(&mut shared.0[class % CLASSES], ptr::null_mut());
        drop(shared);
        if !block.is_null() {
            // SAFETY: blocks in the list are free, and hold where the next one is.
            self.free[class % CLASSES].set(unsafe { (*block).next });
            return block.cast();
        }
        const CHUNK: Layout = match Layout::from_size_align(CHUNK_BYTES, UNIT) {
            Ok(layout) => layout,
            Err(_) => panic!("it is no power of two"),
        };
        // SAFETY: the layout is not empty.
        let chunk = unsafe { System.alloc(CHUNK) };
        if chunk.is_null() {
            return chunk;
        }
        self.keep_rest();
        self.next.set(chunk);
        self.left.set(CHUNK_BYTES);
        self.cut(bytes_of(class))
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        CACHE.with(|cache| {
            cache.keep_rest();
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            for (list, others) in cache.free.iter().zip(&mut shared.0) {
                let first = list.replace(ptr::null_mut());
                if first.is_null() {
                    continue;
                }
                let mut last = first;
                // SAFETY: blocks in the list are free, and hold where the next one is.
                unsafe {
                    while !(*last).next.is_null() {
                        last = (*last).next;
                    }
                    (*last).next = *others;
                }
                *others = first;
            }
        });
    }
}

// SAFETY: blocks are as large as their class says and aligned to `UNIT`, each is in one list or given out, and the same question,
// `is_small`, decides who gives and who takes back.
unsafe impl GlobalAlloc for Pool {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        }
        CACHE.with(|cache| cache.take(class_of(layout.size())))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        let block = CACHE.with(|cache| cache.take(class_of(layout.size())));
        if !block.is_null() {
            // SAFETY: the block is at least that large.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_small(layout.size(), layout.align()) {
            // SAFETY: the caller's promise; it came from there.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: it was given out for this class, and the caller gives it back.
        CACHE.with(|cache| unsafe { cache.keep(class_of(layout.size()), block) });
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        let (was_small, is_small) = (is_small(layout.size(), layout.align()), is_small(bytes, layout.align()));
        if !was_small && !is_small {
            // SAFETY: the caller's promise; it came from there.
            return unsafe { System.realloc(block, layout, bytes) };
        }
        if was_small && is_small && class_of(layout.size()) == class_of(bytes) {
            return block;
        }
        // SAFETY: the caller promises that this is a layout.
        let new_layout = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        // SAFETY: neither is empty; what is copied is there in both, and the old one is given back once.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(bytes));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES_MAX, CLASSES, Pool, bytes_of, class_of};
    use std::alloc::{GlobalAlloc, Layout};

    #[test]
    fn classes_hold_what_they_are_for() {
        for bytes in 1..=BLOCK_BYTES_MAX {
            let class = class_of(bytes);
            assert!(bytes_of(class) >= bytes && (class == 0 || bytes_of(class - 1) < bytes), "{bytes}");
        }
        assert!((1..CLASSES).all(|class| bytes_of(class - 1) < bytes_of(class)));
    }

    /// Blocks of all sizes, some of them made larger or smaller, some given to another thread, keep what is in them.
    #[test]
    fn blocks_are_apart() {
        let layout = |bytes| Layout::from_size_align(bytes, 8).expect("a power of two");
        let work = move |seed: usize, given: Vec<(usize, usize)>| {
            let (mut state, mut blocks) = (seed, given);
            for _ in 0..2_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let bytes = 1 + (state >> 33) % (2 << ((state >> 20) % 15));
                // SAFETY: each block is used with the layout that it has, and given back once.
                unsafe {
                    if blocks.len() < 100 {
                        let block = Pool.alloc(layout(bytes));
                        block.write_bytes(bytes as u8, bytes);
                        blocks.push((block as usize, bytes));
                    } else {
                        let (block, before) = blocks.swap_remove((state >> 40) % 100);
                        let block = block as *mut u8;
                        let part = before.min(bytes);
                        assert!((0..before).all(|index| *block.add(index) == before as u8));
                        let moved = Pool.realloc(block, layout(before), bytes);
                        assert!((0..part).all(|index| *moved.add(index) == before as u8));
                        Pool.dealloc(moved, layout(bytes));
                        let zeroed = Pool.alloc_zeroed(layout(bytes));
                        assert!((0..bytes).all(|index| *zeroed.add(index) == 0));
                        Pool.dealloc(zeroed, layout(bytes));
                    }
                }
            }
            blocks
        };
        let given = work(1, Vec::new());
        let first = std::thread::spawn(move || work(2, given));
        let second = std::thread::spawn(move || work(3, Vec::new()));
        let given = first.join().expect("it ends");
        work(4, given);
        work(5, second.join().expect("it ends"));
    }
}
