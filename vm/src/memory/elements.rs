//! The elements of a table: few in a vector, many in a range of addresses, so that nothing is copied when they grow.

use super::host::Reservation;
use crate::value::Value;

/// As many elements are in a vector at most.
const VECTOR_MAX: usize = 4096;

/// Values that can grow at their end.
#[derive(Default)]
pub(super) struct Elements {
    vector: Vec<Value>,
    /// Where they are if there are too many for the vector, which is empty then, and how many.
    range: Option<(Reservation, usize)>,
}

impl Elements {
    /// All of them.
    pub(super) fn values(&self) -> &[Value] {
        match &self.range {
            None => &self.vector,
            // SAFETY: so many values were written there.
            Some((range, length)) => unsafe { std::slice::from_raw_parts(range.base().cast(), *length) },
        }
    }

    /// All of them, to change.
    pub(super) fn values_mut(&mut self) -> &mut [Value] {
        match &mut self.range {
            None => &mut self.vector,
            // SAFETY: so many values were written there, and `&mut self` is the only access.
            Some((range, length)) => unsafe { std::slice::from_raw_parts_mut(range.base().cast(), *length) },
        }
    }

    /// Makes room for `capacity` elements, more than there are; false when the host has no memory.
    #[must_use]
    pub(super) fn reserve(&mut self, capacity: usize) -> bool {
        if let Some((range, _)) = &mut self.range {
            return bytes_of(capacity).is_some_and(|bytes| range.grow(bytes, bytes));
        }
        if capacity <= VECTOR_MAX {
            return self.vector.try_reserve_exact(capacity - self.vector.len()).is_ok();
        }
        let Some(range) = bytes_of(capacity).and_then(|bytes| Reservation::new(bytes, bytes)) else { return false };
        let values = std::mem::take(&mut self.vector);
        // SAFETY: the new range has room for them, and is another one.
        unsafe { range.base().cast::<Value>().copy_from_nonoverlapping(values.as_ptr(), values.len()) };
        self.range = Some((range, values.len()));
        true
    }

    /// Grows to `length` elements, for which there is room; the new ones are `value`.
    pub(super) fn grow(&mut self, length: usize, value: Value) {
        let Some((range, before)) = &mut self.range else { return self.vector.resize(length, value) };
        // SAFETY: there is room for so many.
        unsafe {
            let new = range.base().cast::<Value>().add(*before);
            (0..length.saturating_sub(*before)).for_each(|index| new.add(index).write(value));
        }
        *before = length.max(*before);
    }

    /// Takes all but the first `length` away. What a vector has room for goes back to the host.
    pub(super) fn truncate(&mut self, length: usize) {
        match &mut self.range {
            None => {
                self.vector.truncate(length);
                self.vector.shrink_to_fit();
            }
            Some((_, count)) => *count = length.min(*count),
        }
    }
}

fn bytes_of(elements: usize) -> Option<usize> {
    elements.checked_mul(size_of::<Value>())
}
