//! A linear memory: bytes addressed from zero that can grow.
//!
//! Pages come zeroed from the operating system when they are first touched. A memory that says how far it may grow, and not
//! too far, reserves that at the start, so that growing never moves it.

use super::MemoryBudget;
use super::host::Reservation;
use minivm_isa::TrapCode;
use minivm_isa::program::PAGE_BITS;
use std::fmt;

/// Bytes of a page, the unit in which memories grow, unless they have pages of one byte.
pub const PAGE_BYTES: u64 = 1 << PAGE_BITS;
/// A maximum up to this is reserved at the start.
const RESERVE_BYTES_MAX: u64 = 1 << 30;
/// Bytes that a memory is charged for besides its own.
const MEMORY_BYTES: u64 = 512;
/// Bytes past which no memory of 32-bit addresses can grow.
const BYTES_MAX_32: u64 = 1 << 32;
/// The same for 64-bit addresses: what the specification allows is more than a host has.
const BYTES_MAX_64: u64 = 1 << 48;

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
    /// Where its bytes are.
    range: Reservation,
    /// Pages it may grow to.
    maximum: u64,
    /// The maximum it was declared with.
    declared_maximum: Option<u64>,
    is_64: bool,
    is_shared: bool,
    /// The binary logarithm of the bytes of a page.
    page_bits: u8,
    /// Its number for waits, from 1 on; 0 while nobody has waited on it.
    pub(crate) wait_number: u64,
    budget: MemoryBudget,
}

impl LinearMemory {
    /// A memory of `minimum` pages of 64 KiB, all zero. `maximum` is in pages, too.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`] when the budget or the host does not have so much.
    pub fn new(
        minimum: u64,
        maximum: Option<u64>,
        is_64: bool,
        budget: &MemoryBudget,
    ) -> Result<Box<LinearMemory>, TrapCode> {
        LinearMemory::with_pages(PAGE_BITS, (minimum, maximum), is_64, budget)
    }

    /// A memory with pages of `1 << page_bits` bytes, at most 64 KiB, in which its limits are given.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub(crate) fn with_pages(
        page_bits: u8,
        (minimum, maximum): (u64, Option<u64>),
        is_64: bool,
        budget: &MemoryBudget,
    ) -> Result<Box<LinearMemory>, TrapCode> {
        let limit = if is_64 { BYTES_MAX_64 } else { BYTES_MAX_32 } >> page_bits;
        let maximum_pages = maximum.unwrap_or(limit).min(limit);
        if minimum > limit {
            return Err(TrapCode::OutOfMemory);
        }
        let bytes = minimum << page_bits;
        let reserve = match maximum {
            Some(pages) if pages <= RESERVE_BYTES_MAX >> page_bits => pages.max(minimum) << page_bits,
            _ => bytes,
        };
        if !budget.take(bytes.saturating_add(MEMORY_BYTES)) {
            return Err(TrapCode::OutOfMemory);
        }
        let range = host_bytes(bytes).and_then(|bytes| Reservation::new(bytes, host_bytes(reserve)?));
        let Some(range) = range else {
            budget.give_back(bytes + MEMORY_BYTES);
            return Err(TrapCode::OutOfMemory);
        };
        Ok(Box::new(LinearMemory {
            view: MemoryView { base: range.base(), length: bytes },
            range,
            maximum: maximum_pages,
            declared_maximum: maximum,
            is_64,
            is_shared: false,
            page_bits,
            wait_number: 0,
            budget: budget.clone(),
        }))
    }

    /// Where its bytes are until it grows.
    pub(crate) fn view(&self) -> MemoryView {
        self.view
    }

    /// Size in pages.
    pub fn pages(&self) -> u64 {
        self.view.length >> self.page_bits
    }

    /// The binary logarithm of the bytes of a page: 16, or 0.
    pub(crate) fn page_bits(&self) -> u8 {
        self.page_bits
    }

    /// Size in bytes.
    pub fn length(&self) -> usize {
        // It was allocated, so it fits.
        self.view.length as usize
    }

    /// Pages it was declared to grow to at most.
    pub(crate) fn declared_maximum(&self) -> Option<u64> {
        self.declared_maximum
    }

    /// Whether its addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.is_64
    }

    /// Says whether runs may wait on it.
    pub(crate) fn set_shared(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// Whether runs may wait on it.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether it may have so many pages more, if there is memory for them.
    pub(crate) fn may_grow(&self, pages: u64) -> bool {
        let is_allowed = self.pages().checked_add(pages).is_some_and(|after| after <= self.maximum);
        is_allowed && pages << self.page_bits <= self.budget.maximum()
    }

    /// Grows by `pages` zero pages; gives the number of pages before, or none when it may not grow so far. Its bytes may move.
    pub fn grow(&mut self, pages: u64) -> Option<u64> {
        let before = self.pages();
        let after = before.checked_add(pages).filter(|&after| after <= self.maximum)?;
        let more = pages << self.page_bits;
        if !self.budget.take(more) {
            return None;
        }
        // Where it has to move, it gets room to grow further.
        let length = after << self.page_bits;
        let roomy = (length + length / 2).min(self.maximum << self.page_bits);
        let has_grown = host_bytes(length).is_some_and(|length| {
            let roomy = host_bytes(roomy).unwrap_or(length);
            self.range.grow(length, roomy)
        });
        self.view.base = self.range.base();
        if !has_grown {
            self.budget.give_back(more);
            return None;
        }
        self.view.length = length;
        Some(before)
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        if self.view.length == 0 {
            return &[];
        }
        // SAFETY: `base` has `length` bytes, and `&self` keeps them from changing.
        unsafe { std::slice::from_raw_parts(self.view.base, self.length()) }
    }

    /// All bytes, to change.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if self.view.length == 0 {
            return &mut [];
        }
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
        self.budget.give_back(self.view.length + MEMORY_BYTES);
    }
}

impl fmt::Debug for LinearMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory of {} pages", self.pages())
    }
}

fn host_bytes(bytes: u64) -> Option<usize> {
    usize::try_from(bytes).ok().filter(|&bytes| bytes <= isize::MAX as usize)
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
    fn pages_may_have_one_byte() {
        for maximum in [None, Some(70_000)] {
            let budget = MemoryBudget::new(1 << 30);
            let mut memory = LinearMemory::with_pages(0, (3, maximum), false, &budget).unwrap();
            memory.write(0, &[1, 2, 3]).unwrap();
            assert!(memory.write(3, &[4]).is_err());
            assert_eq!(memory.grow(1), Some(3));
            assert_eq!(memory.bytes(), [1, 2, 3, 0]);
            assert_eq!(memory.grow(65_535), Some(4));
            assert_eq!((memory.pages(), memory.length()), (65_539, 65_539));
            assert!(memory.slice(65_538, 1).is_ok() && memory.slice(65_538, 2).is_err());
            assert_eq!(memory.grow(1 << 32), None);
            assert_eq!(budget.used(), 65_539 + MEMORY_BYTES);
        }
        assert!(LinearMemory::with_pages(0, (u64::MAX, None), true, &MemoryBudget::new(1 << 30)).is_err());
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
        let budget = MemoryBudget::new(PAGE_BYTES * 2 + MEMORY_BYTES);
        let mut memory = LinearMemory::new(1, None, false, &budget).unwrap();
        assert_eq!(memory.grow(2), None);
        assert_eq!(memory.grow(1), Some(1));
        assert!(LinearMemory::new(1, None, false, &budget).is_err());
        drop(memory);
        assert_eq!(budget.used(), 0);
    }
}
