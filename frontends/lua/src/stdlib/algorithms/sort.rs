//! `table.sort` as a machine that asks for one comparison at a time, so that the order function is called by whoever runs
//! the guest and nothing of it lies on the native stack.
//!
//! The algorithm is a quicksort with the pivots and partitions of PUC Lua, so that equal elements end up where they do
//! there, and an order function that contradicts itself is reported in the same cases.

use super::error::{LibraryError, LibraryResult};

/// An element, by its place in the list as it was given, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element(pub u32);

/// What the machine wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortStep {
    /// The caller is to say whether the first comes before the second, by [`Sort::answer`].
    Compare(Element, Element),
    /// The list is sorted.
    Done,
}

/// Ranges at least this long get another pivot than the middle when partitions have been uneven.
const RANDOM_PIVOT_LENGTH: usize = 100;
/// A partition is uneven if the smaller side is less than the larger divided by this.
const UNEVEN: usize = 128;
/// Scrambles the pivot where PUC takes the time of day.
const PIVOT_SALT: u32 = 0x9e37_79b9;

/// A part of the list still to be sorted, both ends included.
#[derive(Clone, Copy, Debug)]
struct Span {
    low: usize,
    high: usize,
    /// Not zero once partitions were uneven.
    salt: u32,
}

/// Which comparison the answer belongs to.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Take the next span.
    Next,
    /// Is the last less than the first?
    Ends(Span),
    /// Is the middle less than the first?
    MiddleFirst(Span, usize),
    /// Is the last less than the middle?
    MiddleLast(Span, usize),
    /// Is the element at the left cursor less than the pivot?
    Left(Span, Cursors),
    /// Is the pivot less than the element at the right cursor?
    Right(Span, Cursors),
    Finished,
}

#[derive(Clone, Copy, Debug)]
struct Cursors {
    left: usize,
    right: usize,
    pivot: Element,
}

/// A sort under way.
#[derive(Clone, Debug)]
pub struct Sort {
    order: Vec<Element>,
    /// Spans put off; each is smaller than half of the one before, so there are few.
    pending: Vec<Span>,
    state: State,
}

impl Sort {
    /// Begins to sort a list of `length` elements.
    pub fn new(length: u32) -> Self {
        let pending = if length > 1 { vec![Span { low: 0, high: length as usize - 1, salt: 0 }] } else { Vec::new() };
        Self { order: (0..length).map(Element).collect(), pending, state: State::Next }
    }

    /// The elements in their present order; once the sort is done, in the right one.
    pub fn order(&self) -> &[Element] {
        &self.order
    }

    /// What is to be compared now. Asking twice gives the same.
    pub fn step(&mut self) -> SortStep {
        if let State::Next = self.state {
            self.state = self.pending.pop().map_or(State::Finished, State::Ends);
        }
        let at = |index: usize| self.order[index];
        match self.state {
            State::Next | State::Finished => SortStep::Done,
            State::Ends(span) => SortStep::Compare(at(span.high), at(span.low)),
            State::MiddleFirst(span, middle) => SortStep::Compare(at(middle), at(span.low)),
            State::MiddleLast(span, middle) => SortStep::Compare(at(span.high), at(middle)),
            State::Left(_, cursors) => SortStep::Compare(at(cursors.left), cursors.pivot),
            State::Right(_, cursors) => SortStep::Compare(cursors.pivot, at(cursors.right)),
        }
    }

    /// Takes the answer to the comparison that [`Sort::step`] asked for.
    ///
    /// Fails if it shows that the order function is no order.
    pub fn answer(&mut self, less: bool) -> LibraryResult<()> {
        self.state = match self.state {
            State::Next => State::Next,
            State::Finished => State::Finished,
            State::Ends(span) => self.after_ends(span, less),
            State::MiddleFirst(span, middle) => {
                if less {
                    self.order.swap(middle, span.low);
                    self.after_middle(span, middle)
                } else {
                    State::MiddleLast(span, middle)
                }
            }
            State::MiddleLast(span, middle) => {
                if less {
                    self.order.swap(middle, span.high);
                }
                self.after_middle(span, middle)
            }
            State::Left(span, cursors) => advance_left(span, cursors, less)?,
            State::Right(span, cursors) => self.after_right(span, cursors, less)?,
        };
        Ok(())
    }

    fn after_ends(&mut self, span: Span, less: bool) -> State {
        if less {
            self.order.swap(span.low, span.high);
        }
        let length = span.high - span.low;
        if length == 1 {
            return State::Next;
        }
        let middle = if length < RANDOM_PIVOT_LENGTH || span.salt == 0 {
            (span.low + span.high) / 2
        } else {
            let quarter = length / 4;
            span.salt as usize % (quarter * 2) + span.low + quarter
        };
        State::MiddleFirst(span, middle)
    }

    /// First, middle and last are in order: sets the pivot aside and starts to partition what is between.
    fn after_middle(&mut self, span: Span, middle: usize) -> State {
        if span.high - span.low == 2 {
            return State::Next;
        }
        let pivot = self.order[middle];
        self.order.swap(middle, span.high - 1);
        State::Left(span, Cursors { left: span.low + 1, right: span.high - 1, pivot })
    }

    fn after_right(&mut self, span: Span, cursors: Cursors, pivot_less: bool) -> LibraryResult<State> {
        let Cursors { left, right, pivot } = cursors;
        if pivot_less {
            // The left cursor is never at the first element, so this also keeps the right one in the list.
            if right < left {
                return Err(invalid_order());
            }
            return Ok(State::Right(span, Cursors { right: right - 1, ..cursors }));
        }
        if right < left {
            self.order.swap(span.high - 1, left);
            self.split(span, left);
            return Ok(State::Next);
        }
        self.order.swap(left, right);
        // The next step moves the left cursor; the right one moves when it is the left one's turn to stop.
        Ok(State::Left(span, Cursors { left: left + 1, right, pivot }))
    }

    /// The pivot is in its place: the larger side waits while the smaller is sorted.
    fn split(&mut self, span: Span, pivot: usize) {
        let (before, after) = (pivot - span.low, span.high - pivot);
        // A span of no elements at the beginning of the list has no last index; it is not pushed.
        let below = Span { high: pivot.saturating_sub(1), ..span };
        let above = Span { low: pivot + 1, ..span };
        let (smaller, smaller_length, mut larger) =
            if before < after { (below, before, above) } else { (above, after, below) };
        if (larger.high - larger.low) / UNEVEN > smaller_length {
            larger.salt = span.salt.wrapping_add(PIVOT_SALT) | 1;
        }
        // At least four elements were partitioned, so the larger side has two.
        self.pending.push(larger);
        if smaller_length > 1 {
            self.pending.push(smaller);
        }
    }
}

/// Moves the left cursor over elements less than the pivot, then hands over to the right cursor.
fn advance_left(span: Span, cursors: Cursors, less: bool) -> LibraryResult<State> {
    if !less {
        return Ok(State::Right(span, Cursors { right: cursors.right - 1, ..cursors }));
    }
    if cursors.left == span.high - 1 {
        return Err(invalid_order());
    }
    Ok(State::Left(span, Cursors { left: cursors.left + 1, ..cursors }))
}

fn invalid_order() -> LibraryError {
    LibraryError::message("invalid order function for sorting")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort_by(length: u32, mut less: impl FnMut(u32, u32) -> bool) -> LibraryResult<Vec<u32>> {
        let mut sort = Sort::new(length);
        let mut budget = 5000 * (length + 1);
        while let SortStep::Compare(lhs, rhs) = sort.step() {
            sort.answer(less(lhs.0, rhs.0))?;
            budget -= 1;
            assert!(budget > 0, "the sort of {length} elements does not end");
        }
        Ok(sort.order().iter().map(|element| element.0).collect())
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
