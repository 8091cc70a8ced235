//! Values that the host keeps alive.

use crate::value::Value;

/// A kept value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept(usize);

/// Values by handle; free handles are used again.
#[derive(Default)]
pub(crate) struct KeptValues {
    values: Vec<Option<Value>>,
    free: Vec<usize>,
}

impl KeptValues {
    pub(crate) fn add(&mut self, value: Value) -> Kept {
        let index = self.free.pop().unwrap_or_else(|| {
            self.values.push(None);
            self.values.len() - 1
        });
        self.values[index] = Some(value);
        Kept(index)
    }

    pub(crate) fn get(&self, kept: Kept) -> Value {
        self.values.get(kept.0).copied().flatten().unwrap_or(Value::NIL)
    }

    pub(crate) fn remove(&mut self, kept: Kept) {
        if let Some(slot) = self.values.get_mut(kept.0)
            && slot.take().is_some()
        {
            self.free.push(kept.0);
        }
    }

    /// All places, and those that are free, in order.
    pub(crate) fn parts(&self) -> (&[Option<Value>], &[usize]) {
        (&self.values, &self.free)
    }

    /// Values in these places, of which the ones without a value are free and used again from the last one.
    pub(crate) fn from_parts(values: Vec<Option<Value>>, free: Vec<usize>) -> Self {
        KeptValues { values, free }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.values.iter().copied().flatten()
    }
}
