//! Tables with keys, without metamethods.

use crate::value::{Any, ClosureId, FiberId, ObjectId, TableId, integer_of};
use std::collections::HashMap;
use std::rc::Rc;

/// A value as a key: floats that are integers are the same key as those.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Bool(bool),
    Integer(i64),
    /// By its bits.
    Float(u64),
    String(Rc<[u8]>),
    Table(TableId),
    Function(ClosureId),
    Fiber(FiberId),
    Object(ObjectId),
}

impl Key {
    /// None for what is no key: nil and not-a-numbers.
    fn of(value: &Any) -> Option<Key> {
        Some(match value {
            Any::Nil => return None,
            Any::Bool(it) => Key::Bool(*it),
            Any::Integer(it) => Key::Integer(*it),
            Any::Float(it) if it.is_nan() => return None,
            Any::Float(it) => integer_of(*it).map_or(Key::Float(it.to_bits()), Key::Integer),
            Any::String(it) => Key::String(it.clone()),
            Any::Table(it) => Key::Table(*it),
            Any::Function(it) => Key::Function(*it),
            Any::Fiber(it) => Key::Fiber(*it),
            Any::Object { id, .. } => Key::Object(*id),
        })
    }
}

/// Why a value is no key.
pub(crate) enum WrongKey {
    /// It is nil.
    Nil,
    /// It is not a number.
    Nan,
}

/// A table. Only looked up, so that the order of its elements shows nowhere.
#[derive(Default, Debug)]
pub(crate) struct Table {
    elements: HashMap<Key, Any>,
    /// How many of them have a key from 1 on.
    positions: usize,
    /// What says how the table behaves.
    pub(crate) metatable: Option<TableId>,
}

/// A length of a table.
pub(crate) struct Border {
    /// A number with an element at it, unless it is 0, and none after it.
    pub(crate) length: i64,
    /// Whether there is no other such number.
    pub(crate) is_only: bool,
}

impl Table {
    /// The element with a key, or nil.
    pub(crate) fn get(&self, key: &Any) -> Any {
        Key::of(key).and_then(|key| self.elements.get(&key)).cloned().unwrap_or(Any::Nil)
    }

    /// Changes the element with a key; nil takes it away.
    pub(crate) fn set(&mut self, key: &Any, value: Any) -> Result<(), WrongKey> {
        let key = Key::of(key).ok_or(if key.is_nil() { WrongKey::Nil } else { WrongKey::Nan })?;
        let is_position = matches!(key, Key::Integer(1..));
        let (is_there, before) = match value {
            Any::Nil => (false, self.elements.remove(&key)),
            value => (true, self.elements.insert(key, value)),
        };
        if is_position {
            self.positions = self.positions + usize::from(is_there) - usize::from(before.is_some());
        }
        Ok(())
    }

    /// The length: the number of elements from 1 on without a gap.
    pub(crate) fn border(&self) -> Border {
        let length = (1..).take_while(|&key| self.elements.contains_key(&Key::Integer(key))).count();
        Border { length: length as i64, is_only: length == self.positions }
    }
}
