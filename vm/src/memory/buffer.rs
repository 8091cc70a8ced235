//! Bytes that grow while a host function works on them, counted by the budget.

use super::{Held, MemoryBudget};
use crate::heap::OutOfMemory;

/// A buffer of bytes. Its growth takes from the budget it was made with, and dropping it gives back.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    held: Held,
}

/// Bytes of the smallest allocation.
const CAPACITY_MIN: usize = 64;

impl Buffer {
    /// An empty buffer.
    pub fn new(budget: &MemoryBudget) -> Self {
        Buffer { bytes: Vec::new(), held: budget.hold(0).expect("nothing is asked for") }
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes in it.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Makes room for so many more bytes.
    ///
    /// # Errors
    /// When the budget does not have them.
    #[inline]
    pub fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if more <= self.bytes.capacity() - self.bytes.len() && self.bytes.capacity() as u64 <= self.held.bytes() {
            return Ok(());
        }
        self.enlarge(more)
    }

    /// While the bytes move, both places are held.
    #[cold]
    fn enlarge(&mut self, more: usize) -> Result<(), OutOfMemory> {
        let refused = OutOfMemory { bytes: more };
        let needed = self.bytes.len().checked_add(more).ok_or(refused)?;
        let old = self.bytes.capacity();
        let roomy = needed.max(old.saturating_mul(2)).max(CAPACITY_MIN);
        for capacity in [roomy, needed] {
            if self.held.resize((old as u64).saturating_add(capacity as u64)).is_ok() {
                let additional = capacity - self.bytes.len();
                self.bytes.try_reserve_exact(additional).map_err(|_| refused)?;
                return self.held.resize(self.bytes.capacity() as u64);
            }
        }
        Err(refused)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the budget does not have room for them; none is appended then.
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), OutOfMemory> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends a byte.
    ///
    /// # Errors
    /// When the budget does not have room for it.
    #[inline]
    pub fn push(&mut self, byte: u8) -> Result<(), OutOfMemory> {
        self.reserve(1)?;
        self.bytes.push(byte);
        Ok(())
    }

    /// The bytes for an algorithm that appends at most `more` to them.
    ///
    /// # Errors
    /// When the budget does not have room for so many.
    #[inline]
    pub fn spare(&mut self, more: usize) -> Result<&mut Vec<u8>, OutOfMemory> {
        self.reserve(more)?;
        Ok(&mut self.bytes)
    }

    /// Leaves the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_counted_and_given_back() {
        let budget = MemoryBudget::new(1000);
        let mut buffer = Buffer::new(&budget);
        for byte in 0..100 {
            buffer.push(byte).unwrap();
        }
        assert_eq!(buffer.bytes()[99], 99);
        assert!((100..300).contains(&budget.used()), "{}", budget.used());
        assert!(buffer.extend(&[0; 1000]).is_err());
        assert_eq!(buffer.len(), 100);
        // While it moves, the old place counts, too.
        assert!(buffer.reserve(800).is_err());
        buffer.reserve(700).unwrap();
        assert_eq!(budget.used(), 800);
        drop(buffer);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn what_an_algorithm_wrote_past_its_bound_is_counted_next() {
        let budget = MemoryBudget::new(1 << 20);
        let mut buffer = Buffer::new(&budget);
        buffer.spare(10).unwrap().extend_from_slice(&[1; 5000]);
        buffer.push(2).unwrap();
        assert!(budget.used() >= 5001);
        assert_eq!(buffer.len(), 5001);
    }
}
