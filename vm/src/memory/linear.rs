//! A linear memory: bytes addressed from zero that can grow.
//!
//! Pages come zeroed from the operating system when they are first touched. A memory of 32-bit addresses reserves all that it
//! may grow to at the start, as far as the host lets it, so that growing does not copy.

use super::MemoryBudget;
use minivm_isa::TrapCode;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;

/// Bytes of a page, the unit in which memories grow.
pub const PAGE_BYTES: u64 = 65_536;
/// So much is reserved at the start where the host does not give all that a memory may grow to.
const RESERVE_BYTES_MAX: u64 = 1 << 30;
/// Pages past which no memory of 32-bit addresses can grow.
const PAGES_MAX_32: u64 = 1 << 16;
/// The same for 64-bit addresses: what the specification allows is more than a host has.
const PAGES_MAX_64: u64 = 1 << 32;

/// An access past the end of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfBounds;

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TrapCode::MemoryBounds.message())
    }
}

impl std::error::Error for OutOfBounds {}

/// Where the bytes of a memory are at the moment.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryView {
    /// The first byte.
    pub(crate) base: *mut u8,
    /// Bytes that may be accessed.
    pub(crate) length: u64,
}

impl MemoryView {
    /// No bytes at all.
    pub(crate) const EMPTY: MemoryView = MemoryView { base: std::ptr::null_mut(), length: 0 };
}

/// A linear memory. Threaded code holds its address, so it stays in its box.
#[repr(C)]
pub struct LinearMemory {
    view: MemoryView,
    /// Bytes allocated at `base`, at least `length`; those past `length` are zero.
    capacity: usize,
    /// Pages it may grow to.
    maximum: u64,
    /// The maximum it was declared with.
    declared_maximum: Option<u64>,
    is_64: bool,
    budget: MemoryBudget,
}

impl LinearMemory {
    /// A memory of `minimum` pages, all zero. `maximum` is in pages, too.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`] when the budget or the host does not have so much.
    pub fn new(
        minimum: u64,
        maximum: Option<u64>,
        is_64: bool,
        budget: &MemoryBudget,
    ) -> Result<Box<LinearMemory>, TrapCode> {
        let limit = if is_64 { PAGES_MAX_64 } else { PAGES_MAX_32 };
        let maximum_pages = maximum.unwrap_or(limit).min(limit);
        let bytes = minimum.checked_mul(PAGE_BYTES).filter(|_| minimum <= limit).ok_or(TrapCode::OutOfMemory)?;
        let whole = if is_64 { bytes } else { maximum_pages.max(minimum) * PAGE_BYTES };
        if !budget.take(bytes) {
            return Err(TrapCode::OutOfMemory);
        }
        let reserve = RESERVE_BYTES_MAX.clamp(bytes, whole.max(bytes));
        let Some((base, capacity)) = allocate(whole).or_else(|| allocate(reserve)).or_else(|| allocate(bytes)) else {
            budget.give_back(bytes);
            return Err(TrapCode::OutOfMemory);
        };
        Ok(Box::new(LinearMemory {
            view: MemoryView { base, length: bytes },
            capacity,
            maximum: maximum_pages,
            declared_maximum: maximum,
            is_64,
            budget: budget.clone(),
        }))
    }

    /// Where its bytes are until it grows.
    pub(crate) fn view(&self) -> MemoryView {
        self.view
    }

    /// Size in pages.
    pub fn pages(&self) -> u64 {
        self.view.length / PAGE_BYTES
    }

    /// Size in bytes.
    pub fn length(&self) -> usize {
        // It was allocated, so it fits.
        self.view.length as usize
    }

    /// Pages it was declared to grow to at most.
    pub fn declared_maximum(&self) -> Option<u64> {
        self.declared_maximum
    }

    /// Whether its addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.is_64
    }

    /// Grows by `pages` zero pages; gives the number of pages before, or none when it may not grow so far. Its bytes may move.
    pub fn grow(&mut self, pages: u64) -> Option<u64> {
        let before = self.pages();
        let after = before.checked_add(pages).filter(|&after| after <= self.maximum)?;
        let more = pages.checked_mul(PAGE_BYTES)?;
        if !self.budget.take(more) {
            return None;
        }
        let length = after * PAGE_BYTES;
        if length > self.capacity as u64 && !self.move_to(length) {
            self.budget.give_back(more);
            return None;
        }
        self.view.length = length;
        Some(before)
    }

    /// Moves the bytes to a larger place, with room to grow further.
    fn move_to(&mut self, length: u64) -> bool {
        let roomy = length.saturating_add(length / 2).min(self.maximum.saturating_mul(PAGE_BYTES));
        let Some((base, capacity)) = allocate(roomy).or_else(|| allocate(length)) else { return false };
        // SAFETY: the new place is larger, fresh, and the old one has `length` bytes.
        unsafe { std::ptr::copy_nonoverlapping(self.view.base, base, self.length()) };
        release(self.view.base, self.capacity);
        self.view.base = base;
        self.capacity = capacity;
        true
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `base` has `length` bytes, and `&self` keeps them from changing.
        unsafe { std::slice::from_raw_parts(self.view.base, self.length()) }
    }

    /// All bytes, to change.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `bytes`, and `&mut self` is the only access.
        unsafe { std::slice::from_raw_parts_mut(self.view.base, self.length()) }
    }

    /// Bytes from `address` on.
    ///
    /// # Errors
    /// When they are not all inside.
    pub fn slice(&self, address: u64, length: u64) -> Result<&[u8], OutOfBounds> {
        let range = self.range(address, length)?;
        Ok(&self.bytes()[range])
    }

    /// Bytes from `address` on, to change.
    ///
    /// # Errors
    /// When they are not all inside.
    pub fn slice_mut(&mut self, address: u64, length: u64) -> Result<&mut [u8], OutOfBounds> {
        let range = self.range(address, length)?;
        Ok(&mut self.bytes_mut()[range])
    }

    /// Reads bytes from `address` on into `buffer`.
    ///
    /// # Errors
    /// When they are not all inside.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), OutOfBounds> {
        buffer.copy_from_slice(self.slice(address, buffer.len() as u64)?);
        Ok(())
    }

    /// Writes bytes from `address` on.
    ///
    /// # Errors
    /// When they would not all be inside; then none is written.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), OutOfBounds> {
        self.slice_mut(address, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Sets `length` bytes from `address` on.
    ///
    /// # Errors
    /// When they would not all be inside; then none is written.
    pub fn fill(&mut self, address: u64, value: u8, length: u64) -> Result<(), OutOfBounds> {
        self.slice_mut(address, length)?.fill(value);
        Ok(())
    }

    /// Copies bytes inside of this memory; the ranges may overlap.
    ///
    /// # Errors
    /// When they are not all inside; then none is written.
    pub fn copy_within(&mut self, to: u64, from: u64, length: u64) -> Result<(), OutOfBounds> {
        let (source, target) = (self.range(from, length)?, self.range(to, length)?);
        self.bytes_mut().copy_within(source, target.start);
        Ok(())
    }

    fn range(&self, address: u64, length: u64) -> Result<std::ops::Range<usize>, OutOfBounds> {
        let end = address.checked_add(length).filter(|&end| end <= self.view.length).ok_or(OutOfBounds)?;
        Ok(address as usize..end as usize)
    }
}

impl Drop for LinearMemory {
    fn drop(&mut self) {
        self.budget.give_back(self.view.length);
        release(self.view.base, self.capacity);
    }
}

impl fmt::Debug for LinearMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory of {} pages", self.pages())
    }
}

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(16), 16).ok()
}

/// Zeroed bytes, and how many.
fn allocate(bytes: u64) -> Option<(*mut u8, usize)> {
    let bytes = usize::try_from(bytes).ok()?;
    // SAFETY: the layout has a size.
    let base = unsafe { alloc_zeroed(layout(bytes)?) };
    (!base.is_null()).then_some((base, bytes))
}

fn release(base: *mut u8, bytes: usize) {
    // SAFETY: `base` came from `allocate` with the same number of bytes.
    unsafe { dealloc(base, layout(bytes).expect("it was allocated with it")) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(minimum: u64, maximum: Option<u64>) -> Box<LinearMemory> {
        LinearMemory::new(minimum, maximum, false, &MemoryBudget::new(1 << 30)).unwrap()
    }

    #[test]
    fn grows_with_zeroes_and_keeps_bytes() {
        for maximum in [None, Some(10)] {
            let mut memory = memory(1, maximum);
            memory.write(65_535, &[7]).unwrap();
            assert_eq!(memory.grow(2), Some(1));
            assert_eq!(memory.slice(65_535, 2).unwrap(), &[7, 0]);
            assert_eq!(memory.pages(), 3);
            assert_eq!(memory.grow(0), Some(3));
            assert_eq!(memory.bytes().iter().filter(|&&byte| byte != 0).count(), 1);
        }
        assert_eq!(memory(1, Some(2)).grow(2), None);
        assert_eq!(memory(0, None).grow(65_537), None);
        assert_eq!(memory(0, None).grow(u64::MAX), None);
    }

    #[test]
    fn accesses_stay_inside() {
        let mut memory = memory(1, None);
        assert!(memory.slice(65_536, 0).is_ok());
        assert!(memory.slice(65_536, 1).is_err());
        assert!(memory.slice(u64::MAX, 2).is_err());
        assert!(memory.fill(65_530, 1, 7).is_err());
        assert_eq!(memory.slice(65_530, 1).unwrap(), &[0]);
        memory.write(0, &[1, 2, 3, 4]).unwrap();
        memory.copy_within(1, 0, 3).unwrap();
        assert_eq!(memory.slice(0, 4).unwrap(), &[1, 1, 2, 3]);
    }

    #[test]
    fn the_budget_counts() {
        let budget = MemoryBudget::new(PAGE_BYTES * 2);
        let mut memory = LinearMemory::new(1, None, false, &budget).unwrap();
        assert_eq!(memory.grow(2), None);
        assert_eq!(memory.grow(1), Some(1));
        assert!(LinearMemory::new(1, None, false, &budget).is_err());
        drop(memory);
        assert_eq!(budget.used(), 0);
    }
}
