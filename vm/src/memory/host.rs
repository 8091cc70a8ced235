//! What is asked of the host's system: address space, and to take freed memory back.
//!
//! A range of addresses is reserved at once and backed by memory as it is used, so that growing moves nothing and freeing leaves
//! nothing behind. Where the system has no such calls, the allocator stands in.

use std::ptr::null_mut;

/// Sizes are multiples of this, which no system has larger pages than.
const PAGE_BYTES: usize = 1 << 16;

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

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.reserved > 0 {
            system::release(self);
        }
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
mod system {
    use super::Reservation;
    use std::ptr::null_mut;

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
            range.usable = usable;
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
    use super::Reservation;
    use std::alloc::{Layout, alloc_zeroed, dealloc};

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
