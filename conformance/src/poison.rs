//! In debug builds, memory that is freed does not look alive: whoever reads it finds a pattern no address and no length has.
//!
//! Cells of the guest's heap are overwritten by the VM itself. This is for what the VM keeps outside of it: code, profiles,
//! tables of modules and chunks. Without it a test reads what was there before, and passes.

use std::alloc::{GlobalAlloc, Layout, System};

/// What freed bytes are. As an address it is none that a process has.
const FREED: u8 = 0xdb;
/// Of larger blocks only so much is overwritten, so that huge ones cost nothing.
const BYTES_MAX: usize = 1 << 16;

struct Poisoning;

#[global_allocator]
static ALLOCATOR: Poisoning = Poisoning;

// SAFETY: the system's allocator does all of it.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Poisoning {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.realloc(block, layout, bytes) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives a block of this layout, which nobody uses any more.
        unsafe {
            block.write_bytes(FREED, layout.size().min(BYTES_MAX));
            // The bytes are written although nobody is to read them.
            std::hint::black_box(block);
            System.dealloc(block, layout);
        }
    }
}
