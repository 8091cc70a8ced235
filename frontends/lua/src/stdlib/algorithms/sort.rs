//! The sort behind `table.sort` for orders that need no guest code: short spans at once, long ones partitioned in steps.
//!
//! The algorithm is a quicksort with the pivots and partitions of PUC Lua, so that equal elements end up where they do
//! there, and an order that contradicts itself (NaN makes one) is reported in the same cases. `support.lua` has the same for
//! order functions of programs.

use super::error::{LibraryError, LibraryResult};

/// Ranges at least this long get another pivot than the middle when partitions have been uneven.
const RANDOM_PIVOT_LENGTH: usize = 100;
/// A partition is uneven if the smaller side is less than the larger divided by this.
const UNEVEN: usize = 128;
/// Scrambles the pivot where PUC takes the time of day.
const PIVOT_SALT: u32 = 0x9e37_79b9;

/// A part of the list still to be sorted, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first element.
    pub low: usize,
    /// The last element.
    pub high: usize,
    /// Not zero once partitions were uneven.
    pub salt: u32,
}

impl Span {
    /// The first place for the pivot of a span of four elements or more.
    pub fn middle(self) -> usize {
        let length = self.high - self.low;
        if length < RANDOM_PIVOT_LENGTH || self.salt == 0 {
            return self.low + length / 2;
        }
        let quarter = length / 4;
        self.salt as usize % (quarter * 2) + self.low + quarter
    }

    /// What is to be sorted when the pivot has come to a place between the ends: the larger side, and the smaller one
    /// if it has two elements.
    pub fn sides(self, pivot: usize) -> (Span, Option<Span>) {
        let (before, after) = (pivot - self.low, self.high - pivot);
        // At least four elements were partitioned, so the larger side has two.
        let below = || Span { high: pivot - 1, ..self };
        let above = || Span { low: pivot + 1, ..self };
        let (smaller_length, mut larger) = if before < after { (before, above()) } else { (after, below()) };
        if (larger.high - larger.low) / UNEVEN > smaller_length {
            larger.salt = self.salt.wrapping_add(PIVOT_SALT) | 1;
        }
        (larger, (smaller_length > 1).then(|| if before < after { below() } else { above() }))
    }
}

/// The message for an order function that contradicts itself.
pub fn invalid_order() -> LibraryError {
    LibraryError::message("invalid order function for sorting")
}

/// Sorts a slice, the whole list or a span of it with its salt.
///
/// # Errors
/// When the order contradicts itself.
pub fn sort_slice<T: Copy>(elements: &mut [T], salt: u32, mut less: impl FnMut(T, T) -> bool) -> LibraryResult<()> {
    let mut waiting = Vec::new();
    if let Some(high) = elements.len().checked_sub(1).filter(|&high| high > 0) {
        waiting.push(Span { low: 0, high, salt });
    }
    while let Some(span) = waiting.pop() {
        let Some(pivot) = partition(elements, span, &mut less)? else { continue };
        let (larger, smaller) = span.sides(pivot);
        waiting.push(larger);
        waiting.extend(smaller);
    }
    Ok(())
}

/// Sorts the ends and the middle of a span, then divides what is between; gives the place of the pivot, or none when all is
/// sorted already.
fn partition<T: Copy>(
    elements: &mut [T],
    span: Span,
    less: &mut impl FnMut(T, T) -> bool,
) -> LibraryResult<Option<usize>> {
    let Span { low, high, .. } = span;
    if less(elements[high], elements[low]) {
        elements.swap(low, high);
    }
    let length = high - low;
    if length == 1 {
        return Ok(None);
    }
    let middle = span.middle();
    if less(elements[middle], elements[low]) {
        elements.swap(middle, low);
    } else if less(elements[high], elements[middle]) {
        elements.swap(middle, high);
    }
    if length == 2 {
        return Ok(None);
    }
    let pivot = elements[middle];
    elements.swap(middle, high - 1);
    let (mut left, mut right) = (low + 1, high - 2);
    loop {
        while less(elements[left], pivot) {
            if left == high - 1 {
                return Err(invalid_order());
            }
            left += 1;
        }
        // The left cursor is never at the first element, so this also keeps the right one in the list.
        while less(pivot, elements[right]) {
            if right < left {
                return Err(invalid_order());
            }
            right -= 1;
        }
        if right < left {
            break;
        }
        elements.swap(left, right);
        left += 1;
        right -= 1;
    }
    elements.swap(high - 1, left);
    Ok(Some(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort_by(length: u32, mut less: impl FnMut(u32, u32) -> bool) -> LibraryResult<Vec<u32>> {
        let mut order: Vec<u32> = (0..length).collect();
        let mut budget = 5000 * (length + 1);
        sort_slice(&mut order, 0, |lhs, rhs| {
            budget -= 1;
            assert!(budget > 0, "the sort of {length} elements does not end");
            less(lhs, rhs)
        })?;
        Ok(order)
    }

    fn noise(seed: &mut u64) -> u64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *seed
    }

    #[test]
    fn sorts() {
        let mut seed = 1;
        for length in (0..60).chain([100, 101, 257, 1000, 5000]) {
            for spread in [1, 2, 10, u64::MAX] {
                let keys: Vec<u64> = (0..length).map(|_| noise(&mut seed) % spread).collect();
                let order = sort_by(length, |lhs, rhs| keys[lhs as usize] < keys[rhs as usize]).expect("a valid order");
                assert!(order.iter().is_sorted_by_key(|&index| keys[index as usize]));
                let mut indices = order.clone();
                indices.sort_unstable();
                assert!(indices.into_iter().eq(0..length));
            }
        }
    }

    #[test]
    fn sorted_and_reversed_lists_are_fast() {
        for keys in [(0..10_000).collect::<Vec<u32>>(), (0..10_000).rev().collect()] {
            let mut comparisons = 0;
            sort_by(10_000, |lhs, rhs| {
                comparisons += 1;
                keys[lhs as usize] < keys[rhs as usize]
            })
            .expect("a valid order");
            assert!(comparisons < 250_000, "{comparisons}");
        }
    }

    #[test]
    fn senseless_orders_end() {
        for length in [2, 3, 4, 5, 6, 10, 100, 1000] {
            let always = sort_by(length, |_, _| true);
            assert_eq!(always.is_err(), length > 3, "{length}");
            assert!(sort_by(length, |_, _| false).is_ok());
            let mut seed = u64::from(length);
            // Either outcome will do, as long as it ends.
            let _ = sort_by(length, |_, _| noise(&mut seed) & 1 == 1);
        }
    }
}
