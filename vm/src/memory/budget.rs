//! The bytes a program may hold outside of the heap: one counter that all its memories and tables share.

use std::cell::Cell;
use std::rc::Rc;

/// A shared limit on bytes; clones count into the same limit.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    used: Cell<u64>,
    maximum: Cell<u64>,
}

impl MemoryBudget {
    /// A budget of so many bytes, nothing used.
    pub fn new(maximum: u64) -> Self {
        MemoryBudget { state: Rc::new(State { used: Cell::new(0), maximum: Cell::new(maximum) }) }
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.state.used.get()
    }

    /// Bytes that may be in use.
    pub fn maximum(&self) -> u64 {
        self.state.maximum.get()
    }

    /// Changes the limit; what is in use stays in use.
    pub fn set_maximum(&self, maximum: u64) {
        self.state.maximum.set(maximum);
    }

    /// Takes bytes, if so many are left.
    #[must_use]
    pub fn take(&self, bytes: u64) -> bool {
        match self.used().checked_add(bytes) {
            Some(used) if used <= self.maximum() => {
                self.state.used.set(used);
                true
            }
            _ => false,
        }
    }

    /// Gives bytes back.
    pub fn give_back(&self, bytes: u64) {
        self.state.used.set(self.used().saturating_sub(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_limit() {
        let budget = MemoryBudget::new(100);
        let other = budget.clone();
        assert!(budget.take(60));
        assert!(!other.take(41));
        assert!(other.take(40));
        budget.give_back(100);
        assert_eq!(other.used(), 0);
        assert!(!budget.take(u64::MAX));
    }
}
