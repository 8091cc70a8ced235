//! How much memory a piece of work may take, for work that makes or checks programs and counts for itself.

use std::fmt;

/// Bytes that a piece of work may take, while nothing else happens. What it counts follows from its input alone, see
/// [`size`](crate::size), so that it ends the same way everywhere.
#[derive(Clone, Debug)]
pub struct Allowance {
    left: u64,
    used: u64,
    peak: u64,
    is_exhausted: bool,
}

/// An [`Allowance`] is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exhausted {
    /// Bytes that were asked for.
    pub bytes: u64,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not enough memory")
    }
}

impl std::error::Error for Exhausted {}

impl Default for Allowance {
    /// One without end.
    fn default() -> Self {
        Allowance::new(u64::MAX)
    }
}

impl Allowance {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Allowance { left: bytes, used: 0, peak: 0, is_exhausted: false }
    }

    /// Bytes that are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Whether more was ever asked for than was left: then that is why the work has failed.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// The most bytes that were taken at a time.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// When so many are not left; none are taken then.
    #[inline]
    pub fn take(&mut self, bytes: u64) -> Result<(), Exhausted> {
        if bytes > self.left {
            self.is_exhausted = true;
            return Err(Exhausted { bytes });
        }
        self.left -= bytes;
        self.used += bytes;
        self.peak = self.peak.max(self.used);
        Ok(())
    }

    /// Gives bytes back that were taken.
    pub fn give_back(&mut self, bytes: u64) {
        self.left = self.left.saturating_add(bytes);
        self.used = self.used.saturating_sub(bytes);
    }

    /// Takes bytes for a moment, and gives them back.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    pub fn touch(&mut self, bytes: u64) -> Result<(), Exhausted> {
        self.take(bytes)?;
        self.give_back(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_counted() {
        let mut allowance = Allowance::new(100);
        allowance.take(60).unwrap();
        assert!(!allowance.is_exhausted());
        assert_eq!(allowance.take(41), Err(Exhausted { bytes: 41 }));
        assert!(allowance.is_exhausted());
        allowance.give_back(50);
        allowance.touch(90).unwrap();
        assert_eq!((allowance.left(), allowance.peak()), (90, 100));
    }
}
