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

/// An element, and what was put in before and after it.
#[derive(Debug)]
struct Element {
    value: Any,
    /// Its own key, as it was given.
    key: Any,
    number: u64,
}

/// A table.
#[derive(Default, Debug)]
pub(crate) struct Table {
    elements: HashMap<Key, Element>,
    /// Elements that were put in so far.
    count: u64,
    /// How many of them have a key from 1 on.
    positions: usize,
    /// What says how the table behaves.
    pub(crate) metatable: Option<TableId>,
}

/// Elements that may have been in a table which costs nothing to go through.
const ELEMENTS_MAX: u64 = 16;

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
        let element = Key::of(key).and_then(|key| self.elements.get(&key));
        element.map_or(Any::Nil, |element| element.value.clone())
    }

    /// Changes the element with a key; nil takes it away.
    pub(crate) fn set(&mut self, given: &Any, value: Any) -> Result<(), WrongKey> {
        let key = Key::of(given).ok_or(if given.is_nil() { WrongKey::Nil } else { WrongKey::Nan })?;
        let is_position = matches!(key, Key::Integer(1..));
        let (is_there, before) = match value {
            Any::Nil => (false, self.elements.remove(&key)),
            value => {
                let number = self.elements.get(&key).map_or(self.count, |element| element.number);
                self.count += 1;
                let own = if let Key::Integer(it) = key { Any::Integer(it) } else { given.clone() };
                (true, self.elements.insert(key, Element { value, key: own, number }))
            }
        };
        if is_position {
            self.positions = self.positions + usize::from(is_there) - usize::from(before.is_some());
        }
        Ok(())
    }

    /// The element after the one with a key, the first one after nil; none where there is no such key. The order of a machine is
    /// another one as a rule: here it is that in which they were put in.
    pub(crate) fn next(&self, after: &Any) -> Option<(Any, Any)> {
        let number = match Key::of(after) {
            None if after.is_nil() => None,
            key => Some(self.elements.get(&key?)?.number),
        };
        let later = self.elements.values().filter(|element| number.is_none_or(|number| element.number > number));
        let next = later.min_by_key(|element| element.number);
        Some(next.map_or((Any::Nil, Any::Nil), |element| (element.key.clone(), element.value.clone())))
    }

    /// Whether the order of its elements, and what it takes to go through them, is the same for every machine: it has one at most,
    /// and never had many.
    pub(crate) fn has_order(&self) -> bool {
        self.elements.len() <= 1 && self.count <= ELEMENTS_MAX
    }

    /// The length: the number of elements from 1 on without a gap.
    pub(crate) fn border(&self) -> Border {
        let length = (1..).take_while(|&key| self.elements.contains_key(&Key::Integer(key))).count();
        Border { length: length as i64, is_only: length == self.positions }
    }
}
