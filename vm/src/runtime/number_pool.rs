//! Numbers of things that come and go: the lowest ones that are free are given out first, so that tables by number stay small.

use std::collections::BTreeMap;

/// So many runs are looked at for successive numbers: programs decide how many there are.
const RUNS_LOOKED_AT: usize = 64;

/// Which numbers are in use.
#[derive(Default)]
pub(crate) struct NumberPool {
    /// Runs of free numbers below `bound`: first number and length. No two of them touch.
    free: BTreeMap<u32, u32>,
    bound: u32,
}

impl NumberPool {
    /// The first of `count` successive numbers that are free: of one the lowest there is; of more the lowest run among the first
    /// that are looked at, else new ones.
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        let mut runs = self.free.iter().take(RUNS_LOOKED_AT).map(|(&first, &length)| (first, length));
        let fits = runs.find(|&(_, length)| length >= count);
        if let Some((first, length)) = fits {
            self.free.remove(&first);
            if length > count {
                self.free.insert(first + count, length - count);
            }
            return first;
        }
        // A run at the end only has to be made longer.
        let last = self.free.last_key_value().map(|(&first, &length)| (first, length));
        let first = match last {
            Some((first, length)) if first + length == self.bound => {
                self.free.remove(&first);
                first
            }
            _ => self.bound,
        };
        self.bound = first.checked_add(count).expect("what has a number takes memory, of which there is less");
        first
    }

    /// Takes a number back.
    pub(crate) fn give_back(&mut self, number: u32) {
        let (mut first, mut length) = (number, 1);
        if let Some((&before, &count)) = self.free.range(..number).next_back()
            && before + count == number
        {
            self.free.remove(&before);
            (first, length) = (before, count + 1);
        }
        if let Some(count) = self.free.remove(&(number + 1)) {
            length += count;
        }
        self.free.insert(first, length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again() {
        let mut pool = NumberPool::default();
        assert_eq!([pool.take(1), pool.take(3), pool.take(1)], [0, 1, 4]);
        pool.give_back(2);
        pool.give_back(1);
        assert_eq!(pool.take(3), 5);
        assert_eq!(pool.take(2), 1);
        [7, 5, 6].into_iter().for_each(|number| pool.give_back(number));
        // The run at the end grows.
        assert_eq!(pool.take(4), 5);
        assert_eq!(pool.take(1), 9);
        assert_eq!(pool.free.len(), 0);
    }
}
