//! A data or element segment of an instance: what it holds until it is dropped.

/// A segment. Threaded code holds its address, so it stays where it is.
#[derive(Debug)]
pub(crate) struct Segment<T> {
    items: Items<T>,
}

#[derive(Debug)]
enum Items<T> {
    Own(Box<[T]>),
    /// Those of the program, which all instances share.
    Shared(*const [T]),
}

impl<T> Segment<T> {
    /// A segment with these items.
    pub(crate) fn new(items: Box<[T]>) -> Self {
        Segment { items: Items::Own(items) }
    }

    /// A segment with the items of its program.
    ///
    /// # Safety
    /// They live as long as the segment.
    pub(crate) unsafe fn shared(items: &[T]) -> Self {
        Segment { items: Items::Shared(items) }
    }

    /// The items; none after [`clear`](Self::clear).
    pub(crate) fn items(&self) -> &[T] {
        match &self.items {
            Items::Own(items) => items,
            // SAFETY: whoever made the segment says that they live.
            Items::Shared(items) => unsafe { &**items },
        }
    }

    /// `length` items from `start` on, if there are so many.
    pub(crate) fn range(&self, start: u64, length: u64) -> Option<&[T]> {
        let end = start.checked_add(length)?;
        self.items().get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// Drops the items.
    pub(crate) fn clear(&mut self) {
        self.items = Items::Own(Box::default());
    }
}
