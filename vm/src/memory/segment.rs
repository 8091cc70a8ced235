//! A data or element segment of an instance: what it holds until it is dropped.

/// A segment. Threaded code holds its address, so it stays where it is.
#[derive(Debug)]
pub(crate) struct Segment<T> {
    items: Box<[T]>,
}

impl<T> Segment<T> {
    /// A segment with these items.
    pub(crate) fn new(items: Box<[T]>) -> Self {
        Segment { items }
    }

    /// The items; none after [`clear`](Self::clear).
    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    /// `length` items from `start` on, if there are so many.
    pub(crate) fn range(&self, start: u64, length: u64) -> Option<&[T]> {
        let end = start.checked_add(length)?;
        self.items.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// Drops the items.
    pub(crate) fn clear(&mut self) {
        self.items = Box::default();
    }
}
