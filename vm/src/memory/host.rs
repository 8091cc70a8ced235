//! What is asked of the host's system: address space, and to take freed memory back.
//!
//! A range of addresses is reserved at once and backed by memory as it is used, so that growing moves nothing and freeing leaves
//! nothing behind. Where the system has no such calls, the allocator stands in.

use std::ptr::null_mut;

/// Sizes are multiples of this, which no system has larger pages than.
const PAGE_BYTES: usize = 1 << 16;

/// A multiple of the system's large pages, where it has some. A large page costs a quarter of what its small ones do when they are
/// touched one by one, and nearly nothing when it is given back.
pub(crate) const LARGE_PAGE_BYTES: usize = 1 << 21;
/// Ranges of so many bytes ask for large pages. What uses less would hold more memory than it has touched.
const LARGE_BYTES_MIN: usize = 16 * LARGE_PAGE_BYTES;

/// A range of addresses, the first part of which can be used.
pub(crate) struct Reservation {
    base: *mut u8,
    /// Bytes that can be used.
    usable: usize,
    /// Bytes of the whole range.
    reserved: usize,
}

impl Reservation {
    /// `usable` zeroed bytes, which may grow to `reserved` where they are. None when the host has no memory.
    pub(crate) fn new(usable: usize, reserved: usize) -> Option<Reservation> {
        let usable = usable.checked_next_multiple_of(PAGE_BYTES)?;
        let reserved = reserved.checked_next_multiple_of(PAGE_BYTES)?.max(usable);
        if reserved == 0 {
            return Some(Reservation { base: null_mut(), usable: 0, reserved: 0 });
        }
        system::reserve(usable, reserved).or_else(|| system::reserve(usable, usable))
    }

    /// The first byte; null when there is none.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Makes `usable` bytes usable, more than now; the new ones are zero. Where they do not fit, the range moves to one of
    /// `reserved` bytes. False when the host has no memory: nothing has changed then.
    #[must_use]
    pub(crate) fn grow(&mut self, usable: usize, reserved: usize) -> bool {
        let pages = |bytes: usize| bytes.checked_next_multiple_of(PAGE_BYTES);
        let (Some(usable), Some(reserved)) = (pages(usable), pages(reserved)) else { return false };
        if usable > self.reserved {
            return system::move_to(self, usable, reserved.max(usable)) || system::move_to(self, usable, usable);
        }
        system::commit(self, usable)
    }
}

/// Memory of a size that only becomes less: it is given back bit by bit, from its end.
pub(crate) struct Mapping {
    base: *mut u8,
    /// Bytes that were not given back yet.
    bytes: usize,
    #[cfg_attr(
        all(target_os = "linux", target_pointer_width = "64", not(miri)),
        allow(dead_code, reason = "only the allocator wants to know it again")
    )]
    align: usize,
}

impl Mapping {
    /// `bytes` bytes at a multiple of `align`, a power of two. None when the host has no memory.
    pub(crate) fn new(bytes: usize, align: usize) -> Option<Mapping> {
        let align = if bytes >= 2 * LARGE_PAGE_BYTES { align.max(LARGE_PAGE_BYTES) } else { align };
        system::map(bytes.checked_next_multiple_of(PAGE_BYTES)?, align)
    }

    /// Its first byte.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Bytes that were not given back yet.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Gives about so many bytes back to the host, or all that are left.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        // Large pages are given back as a whole.
        let left = self.bytes.saturating_sub(bytes.max(1)) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
        system::unmap_end(self, left);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.bytes > 0 {
            system::unmap_end(self, 0);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.reserved > 0 {
            system::release(self);
        }
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
mod system {
    use super::{LARGE_BYTES_MIN, LARGE_PAGE_BYTES, Mapping, Reservation};
    use std::ptr::null_mut;

    /// Asks for large pages, where the system has some to give.
    fn advise(base: *mut u8, bytes: usize) {
        // SAFETY: callers give memory of theirs; advice changes nothing that a program can see.
        unsafe { libc::madvise(base.cast(), bytes, libc::MADV_HUGEPAGE) };
    }

    pub(super) fn map(bytes: usize, align: usize) -> Option<Mapping> {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
        let whole = bytes.checked_add(align)?;
        // SAFETY: a fresh private mapping disturbs nothing.
        let start = unsafe { libc::mmap(null_mut(), whole, protection, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = start.cast::<u8>();
        let base = start.map_addr(|address| address.next_multiple_of(align));
        let (before, end) = (base.addr() - start.addr(), base.wrapping_add(bytes));
        // SAFETY: these parts of the mapping are ours, and nobody knows of them.
        unsafe {
            if before > 0 {
                libc::munmap(start.cast(), before);
            }
            if align > before {
                libc::munmap(end.cast(), align - before);
            }
        }
        if bytes >= 2 * LARGE_PAGE_BYTES {
            // Who grows into it begins at its start and goes on elsewhere at once: to clear two large pages in one step of a program
            // takes too long.
            advise(base.wrapping_add(LARGE_PAGE_BYTES), bytes - LARGE_PAGE_BYTES);
        }
        Some(Mapping { base, bytes, align })
    }

    pub(super) fn unmap_end(mapping: &mut Mapping, left: usize) {
        // SAFETY: the end of the mapping is ours, and whoever shrinks it does not use it any more.
        unsafe { libc::munmap(mapping.base.wrapping_add(left).cast(), mapping.bytes - left) };
        mapping.bytes = left;
    }

    pub(super) fn reserve(usable: usize, reserved: usize) -> Option<Reservation> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a fresh private mapping disturbs nothing.
        let base = unsafe { libc::mmap(null_mut(), reserved, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        let mut made = Reservation { base: base.cast(), usable: 0, reserved };
        commit(&mut made, usable).then_some(made)
    }

    pub(super) fn commit(range: &mut Reservation, usable: usize) -> bool {
        if usable > range.usable {
            // SAFETY: the bytes are part of the range, which is ours.
            let result = unsafe { libc::mprotect(range.base.cast(), usable, libc::PROT_READ | libc::PROT_WRITE) };
            if result != 0 {
                return false;
            }
            let before = std::mem::replace(&mut range.usable, usable);
            if usable >= LARGE_BYTES_MIN && usable / LARGE_PAGE_BYTES > before / LARGE_PAGE_BYTES {
                advise(range.base, usable);
            }
        }
        true
    }

    pub(super) fn move_to(range: &mut Reservation, usable: usize, reserved: usize) -> bool {
        let Some(mut made) = reserve(0, reserved) else { return false };
        if range.usable > 0 {
            let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
            // SAFETY: both ranges are ours; the pages move, and those in their place go. Nothing is copied.
            let moved = unsafe {
                libc::mremap(range.base.cast(), range.usable, range.usable, flags, made.base.cast::<libc::c_void>())
            };
            if moved == libc::MAP_FAILED {
                return false;
            }
            made.usable = range.usable;
            // What is left of the old range has no pages in its first part.
            range.base = range.base.wrapping_add(range.usable);
            range.reserved -= range.usable;
            range.usable = 0;
        }
        *range = made;
        commit(range, usable)
    }

    pub(super) fn release(range: &mut Reservation) {
        // SAFETY: the range is ours, and nobody uses it any more.
        unsafe { libc::munmap(range.base.cast(), range.reserved) };
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
mod system {
    use super::{Mapping, Reservation};
    use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};

    pub(super) fn map(bytes: usize, align: usize) -> Option<Mapping> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        // SAFETY: the layout has a size.
        let base = unsafe { alloc(layout) };
        (!base.is_null()).then_some(Mapping { base, bytes, align })
    }

    // The allocator takes back as a whole what it gave.
    pub(super) fn unmap_end(mapping: &mut Mapping, _: usize) {
        let layout = Layout::from_size_align(mapping.bytes, mapping.align).expect("it was allocated with it");
        // SAFETY: the mapping was allocated with this layout, and nobody uses it any more.
        unsafe { dealloc(mapping.base, layout) };
        mapping.bytes = 0;
    }

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes, 16).ok()
    }

    // All of the range is allocated: addresses alone cannot be had.
    pub(super) fn reserve(usable: usize, _: usize) -> Option<Reservation> {
        let reserved = usable.max(16);
        // SAFETY: the layout has a size.
        let base = unsafe { alloc_zeroed(layout(reserved)?) };
        (!base.is_null()).then_some(Reservation { base, usable, reserved })
    }

    pub(super) fn commit(range: &mut Reservation, usable: usize) -> bool {
        range.usable = range.usable.max(usable);
        true
    }

    pub(super) fn move_to(range: &mut Reservation, usable: usize, _: usize) -> bool {
        let Some(made) = reserve(usable, usable) else { return false };
        // SAFETY: both ranges are ours, and the new one is larger.
        unsafe { std::ptr::copy_nonoverlapping(range.base, made.base, range.usable) };
        *range = made;
        true
    }

    pub(super) fn release(range: &mut Reservation) {
        // SAFETY: the range was allocated with this layout, and nobody uses it any more.
        unsafe { dealloc(range.base, layout(range.reserved).expect("it was allocated with it")) };
    }
}

/// Lets the host have memory in the middle of a mapping. What was there is still there, or zero.
///
/// # Safety
/// These bytes are part of a [`Mapping`], they are whole pages, and what they hold is not needed any more.
pub(crate) unsafe fn discard(start: *mut u8, bytes: usize) {
    #[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
    // SAFETY: as the caller promises.
    unsafe {
        libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED);
    }
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
    let _ = (start, bytes);
}

/// Has the allocator return to the system what it keeps of freed memory.
pub(super) fn return_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    // SAFETY: it may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(range: &Reservation, at: usize, byte: u8) {
        assert!(at < range.usable);
        // SAFETY: it is part of what can be used.
        unsafe { *range.base().add(at) = byte };
    }

    fn read(range: &Reservation, at: usize) -> u8 {
        assert!(at < range.usable);
        // SAFETY: as in `write`; the bytes began as zeros.
        unsafe { *range.base().add(at) }
    }

    #[test]
    fn mappings_are_aligned_and_shrink() {
        for (bytes, align) in [(PAGE_BYTES, PAGE_BYTES), (3 << 20, 1 << 20), (9 << 20, 1 << 20)] {
            let mut mapping = Mapping::new(bytes, align).unwrap();
            assert!(mapping.len() >= bytes && mapping.base().addr().is_multiple_of(align));
            // SAFETY: so many bytes are ours.
            unsafe { mapping.base().write_bytes(1, bytes) };
            while mapping.len() > 0 {
                let before = mapping.len();
                mapping.shrink(1 << 20);
                assert!(mapping.len() < before);
            }
        }
    }

    #[test]
    fn ranges_grow_and_move_with_their_bytes() {
        const PAGE: usize = 1 << 16;
        let mut range = Reservation::new(PAGE, 4 * PAGE).unwrap();
        write(&range, PAGE - 1, 7);
        assert!(range.grow(2 * PAGE, 4 * PAGE));
        assert_eq!((read(&range, PAGE - 1), read(&range, PAGE)), (7, 0));
        assert!(range.grow(6 * PAGE, 8 * PAGE));
        assert_eq!((read(&range, PAGE - 1), read(&range, 5 * PAGE)), (7, 0));
        let mut empty = Reservation::new(0, 0).unwrap();
        assert!(empty.base().is_null());
        assert!(empty.grow(PAGE, PAGE));
        assert_eq!(read(&empty, PAGE - 1), 0);
    }
}
