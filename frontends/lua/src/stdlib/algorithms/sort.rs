//! `table.sort` as a machine that asks for one comparison at a time, so that the order function is called by whoever runs
//! the guest and nothing of it lies on the native stack.
//!
//! The algorithm is a quicksort with the pivots and partitions of PUC Lua, so that equal elements end up where they do
//! there, and an order function that contradicts itself is reported in the same cases.

use super::error::{LibraryError, LibraryResult};

/// What a comparison is about: an element by its index, or the pivot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The element at this index now, from 0.
    At(u32),
    /// The element that was set aside by [`SortStore::set_pivot`].
    Pivot,
}

/// Where the elements are, and what the machine puts off.
pub trait SortStore {
    /// What can go wrong when elements are moved.
    type Error;

    /// Exchanges two elements, which may be the same.
    ///
    /// # Errors
    /// When the elements cannot be moved.
    fn swap(&mut self, one: u32, other: u32) -> Result<(), Self::Error>;

    /// Remembers the element at an index; it stays where it is.
    fn set_pivot(&mut self, index: u32);

    /// Puts a span off.
    ///
    /// # Errors
    /// When there is no room for it.
    fn push(&mut self, span: Span) -> Result<(), Self::Error>;

    /// Takes back the span that was put off last. There are never more than the bits of an index.
    fn pop(&mut self) -> Option<Span>;
}

/// Ranges at least this long get another pivot than the middle when partitions have been uneven.
const RANDOM_PIVOT_LENGTH: u32 = 100;
/// A partition is uneven if the smaller side is less than the larger divided by this.
const UNEVEN: u32 = 128;
/// Scrambles the pivot where PUC takes the time of day.
const PIVOT_SALT: u32 = 0x9e37_79b9;

/// A part of the list still to be sorted, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    low: u32,
    high: u32,
    /// Not zero once partitions were uneven.
    salt: u32,
}

/// Which comparison is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// None: the list is sorted.
    Finished,
    /// Is the last less than the first?
    Ends,
    /// Is the middle, at the left cursor, less than the first?
    MiddleFirst,
    /// Is the last less than the middle?
    MiddleLast,
    /// Is the element at the left cursor less than the pivot?
    Left,
    /// Is the pivot less than the element at the right cursor?
    Right,
}

const PHASES: [Phase; 6] =
    [Phase::Finished, Phase::Ends, Phase::MiddleFirst, Phase::MiddleLast, Phase::Left, Phase::Right];

/// A sort under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    span: Span,
    phase: Phase,
    left: u32,
    right: u32,
}

/// The integers that [`Sort::to_words`] makes of a sort.
pub const SORT_WORDS: usize = 6;
/// The integers that [`Span::to_words`] makes of a span.
pub const SPAN_WORDS: usize = 3;

impl Span {
    /// The span as integers, for those who keep it.
    pub fn to_words(self) -> [i64; SPAN_WORDS] {
        [self.low, self.high, self.salt].map(i64::from)
    }

    /// Whether it has two elements or more, as all that are put off.
    pub fn is_sound(self) -> bool {
        self.low < self.high && self.high <= i32::MAX as u32
    }

    /// The span that gave these integers.
    pub fn from_words(words: [i64; SPAN_WORDS]) -> Self {
        let [low, high, salt] = words.map(|word| word as u32);
        Self { low, high, salt }
    }
}

/// Why a sort cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortError<E> {
    /// The order function contradicts itself.
    InvalidOrder,
    /// An element could not be moved.
    Store(E),
}

impl<E> From<E> for SortError<E> {
    fn from(error: E) -> Self {
        Self::Store(error)
    }
}

/// The message for an order function that contradicts itself.
pub fn invalid_order() -> LibraryError {
    LibraryError::message("invalid order function for sorting")
}

impl Sort {
    /// Begins to sort a list of `length` elements.
    pub fn new(length: u32) -> Self {
        let phase = if length > 1 { Phase::Ends } else { Phase::Finished };
        Self { span: Span { low: 0, high: length.saturating_sub(1), salt: 0 }, phase, left: 0, right: 0 }
    }

    /// The sort as integers, for those who keep it.
    pub fn to_words(self) -> [i64; SORT_WORDS] {
        let Span { low, high, salt } = self.span;
        [
            i64::from(low),
            i64::from(high),
            i64::from(salt),
            self.phase as i64,
            i64::from(self.left),
            i64::from(self.right),
        ]
    }

    /// The sort that gave these integers.
    pub fn from_words(words: [i64; SORT_WORDS]) -> Self {
        let [low, high, salt, phase, left, right] = words;
        Self {
            span: Span::from_words([low, high, salt]),
            phase: PHASES.get(phase as usize).copied().unwrap_or(Phase::Finished),
            left: left as u32,
            right: right as u32,
        }
    }

    /// Whether a sort that was kept elsewhere is one that [`answer`](Self::answer) can go on with.
    pub fn is_sound(&self) -> bool {
        let Span { low, high, .. } = self.span;
        let inside = low < self.left && self.left < high;
        let is_list = low < high && high <= i32::MAX as u32;
        match self.phase {
            Phase::Finished => true,
            Phase::Ends => is_list,
            Phase::MiddleFirst | Phase::MiddleLast => is_list && inside,
            Phase::Left => is_list && inside && low < self.right && self.right < high,
            Phase::Right => is_list && inside && low <= self.right && self.right < high,
        }
    }

    /// What is to be compared now (does the first come before the second?), for [`Sort::answer`]; nothing when all is sorted.
    pub fn question(&self) -> Option<(Operand, Operand)> {
        let Span { low, high, .. } = self.span;
        Some(match self.phase {
            Phase::Finished => return None,
            Phase::Ends => (Operand::At(high), Operand::At(low)),
            Phase::MiddleFirst => (Operand::At(self.left), Operand::At(low)),
            Phase::MiddleLast => (Operand::At(high), Operand::At(self.left)),
            Phase::Left => (Operand::At(self.left), Operand::Pivot),
            Phase::Right => (Operand::Pivot, Operand::At(self.right)),
        })
    }

    /// Takes the answer to the question.
    ///
    /// # Errors
    /// When it shows that the order function is no order, or an element cannot be moved.
    pub fn answer<S: SortStore>(&mut self, less: bool, store: &mut S) -> Result<(), SortError<S::Error>> {
        let Span { low, high, .. } = self.span;
        match self.phase {
            Phase::Finished => {}
            Phase::Ends => {
                if less {
                    store.swap(low, high)?;
                }
                self.choose_pivot(store);
            }
            Phase::MiddleFirst if less => {
                store.swap(self.left, low)?;
                self.start_partition(store)?;
            }
            Phase::MiddleFirst => self.phase = Phase::MiddleLast,
            Phase::MiddleLast => {
                if less {
                    store.swap(self.left, high)?;
                }
                self.start_partition(store)?;
            }
            Phase::Left if less => {
                if self.left == high - 1 {
                    return Err(SortError::InvalidOrder);
                }
                self.left += 1;
            }
            Phase::Left => {
                self.right -= 1;
                self.phase = Phase::Right;
            }
            Phase::Right if less => {
                // The left cursor is never at the first element, so this also keeps the right one in the list.
                if self.right < self.left {
                    return Err(SortError::InvalidOrder);
                }
                self.right -= 1;
            }
            Phase::Right if self.right < self.left => {
                store.swap(high - 1, self.left)?;
                self.split(store)?;
            }
            Phase::Right => {
                store.swap(self.left, self.right)?;
                self.left += 1;
                self.phase = Phase::Left;
            }
        }
        Ok(())
    }

    fn next_span<S: SortStore>(&mut self, store: &mut S) {
        match store.pop() {
            Some(span) => *self = Self { span, phase: Phase::Ends, left: 0, right: 0 },
            None => self.phase = Phase::Finished,
        }
    }

    fn choose_pivot<S: SortStore>(&mut self, store: &mut S) {
        let Span { low, high, salt } = self.span;
        let length = high - low;
        if length == 1 {
            return self.next_span(store);
        }
        self.left = if length < RANDOM_PIVOT_LENGTH || salt == 0 {
            low + length / 2
        } else {
            let quarter = length / 4;
            salt % (quarter * 2) + low + quarter
        };
        self.phase = Phase::MiddleFirst;
    }

    /// First, middle and last are in order: sets the pivot aside and starts to partition what is between.
    fn start_partition<S: SortStore>(&mut self, store: &mut S) -> Result<(), S::Error> {
        let Span { low, high, .. } = self.span;
        if high - low == 2 {
            self.next_span(store);
            return Ok(());
        }
        store.set_pivot(self.left);
        store.swap(self.left, high - 1)?;
        self.left = low + 1;
        self.right = high - 1;
        self.phase = Phase::Left;
        Ok(())
    }

    /// The pivot is in its place: the larger side waits while the smaller is sorted.
    fn split<S: SortStore>(&mut self, store: &mut S) -> Result<(), S::Error> {
        let (span, pivot) = (self.span, self.left);
        let (before, after) = (pivot - span.low, span.high - pivot);
        let below = Span { high: pivot - 1, ..span };
        let above = Span { low: pivot + 1, ..span };
        let (smaller, smaller_length, mut larger) =
            if before < after { (below, before, above) } else { (above, after, below) };
        // At least four elements were partitioned, so the larger side has two.
        if (larger.high - larger.low) / UNEVEN > smaller_length {
            larger.salt = span.salt.wrapping_add(PIVOT_SALT) | 1;
        }
        store.push(larger)?;
        if smaller_length > 1 {
            store.push(smaller)?;
        }
        self.next_span(store);
        Ok(())
    }
}

/// A sort of elements that a slice holds, for orders that need no guest code.
pub struct SliceStore<'e, T> {
    elements: &'e mut [T],
    pivot: Option<T>,
    pending: Vec<Span>,
}

impl<'e, T: Copy> SliceStore<'e, T> {
    /// For these elements.
    pub fn new(elements: &'e mut [T]) -> Self {
        Self { elements, pivot: None, pending: Vec::new() }
    }

    /// The element that an operand means.
    pub fn get(&self, operand: Operand) -> T {
        match (operand, self.pivot) {
            (Operand::Pivot, Some(pivot)) => pivot,
            (Operand::Pivot, None) => self.elements[0],
            (Operand::At(index), _) => self.elements[index as usize],
        }
    }
}

impl<T: Copy> SortStore for SliceStore<'_, T> {
    type Error = std::convert::Infallible;

    fn swap(&mut self, one: u32, other: u32) -> Result<(), Self::Error> {
        self.elements.swap(one as usize, other as usize);
        Ok(())
    }

    fn set_pivot(&mut self, index: u32) {
        self.pivot = Some(self.elements[index as usize]);
    }

    fn push(&mut self, span: Span) -> Result<(), Self::Error> {
        self.pending.push(span);
        Ok(())
    }

    fn pop(&mut self) -> Option<Span> {
        self.pending.pop()
    }
}

/// Sorts a slice, whose length 32 bits hold.
///
/// # Errors
/// When the order contradicts itself.
pub fn sort_slice<T: Copy>(elements: &mut [T], mut less: impl FnMut(T, T) -> bool) -> LibraryResult<()> {
    let mut sort = Sort::new(u32::try_from(elements.len()).unwrap_or(u32::MAX));
    let mut store = SliceStore::new(elements);
    while let Some((lhs, rhs)) = sort.question() {
        let answer = less(store.get(lhs), store.get(rhs));
        sort.answer(answer, &mut store).map_err(|_| invalid_order())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort_by(length: u32, mut less: impl FnMut(u32, u32) -> bool) -> LibraryResult<Vec<u32>> {
        let mut order: Vec<u32> = (0..length).collect();
        let mut budget = 5000 * (length + 1);
        sort_slice(&mut order, |lhs, rhs| {
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
    fn words_keep_everything() {
        let mut keys: Vec<u64> = (0..200).map(|index| index * 7919 % 200).collect();
        let mut store = SliceStore::new(&mut keys);
        let mut sort = Sort::new(200);
        while let Some((lhs, rhs)) = sort.question() {
            sort = Sort::from_words(sort.to_words());
            let pending: Vec<Span> = store.pending.iter().map(|span| Span::from_words(span.to_words())).collect();
            assert_eq!(pending, store.pending);
            assert!(pending.len() <= 32);
            let less = store.get(lhs) < store.get(rhs);
            sort.answer(less, &mut store).expect("a valid order");
        }
        assert!(keys.is_sorted());
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
