//! The operand stack while a function is translated: what is known of each value.
//!
//! Reads of locals stay unevaluated, so the stack knows for each local which entries still read it. All operations take
//! constant time, whatever the depth.

use minivm_isa::program::Constant;
use minivm_isa::{Type, steps};

/// Where the value of a stack entry is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    /// In a local that was not assigned since.
    Local(u32),
    /// It is a constant.
    Constant(Constant),
    /// In the register of its position and type.
    Temporary,
}

/// One value on the operand stack.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) ty: Type,
    /// Position below, plus one, of the next entry that reads the same local; 0 for none.
    next_reader: u32,
}

/// The operand stack.
#[derive(Default)]
pub(super) struct OperandStack {
    entries: Vec<Entry>,
    /// Positions that were pushed as reads of locals, ascending; some were evaluated since.
    reads: Vec<u32>,
    /// For each local the topmost position that reads it, plus one; 0 for none.
    readers: Vec<u32>,
}

impl OperandStack {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, position: usize) -> &Entry {
        &self.entries[position]
    }

    pub(super) fn push(&mut self, value: Value, ty: Type) {
        steps::count(1);
        let position = u32::try_from(self.entries.len()).expect("a body has less than 2^32 operators");
        let mut next_reader = 0;
        if let Value::Local(local) = value {
            if self.readers.len() <= local as usize {
                self.readers.resize(local as usize + 1, 0);
            }
            next_reader = std::mem::replace(&mut self.readers[local as usize], position + 1);
            self.reads.push(position);
        }
        self.entries.push(Entry { value, ty, next_reader });
    }

    /// Takes the topmost entry; its position is the length afterwards.
    pub(super) fn pop(&mut self) -> Entry {
        let entry = self.entries.pop().expect("validated code does not pop an empty stack");
        if let Value::Local(local) = entry.value {
            self.readers[local as usize] = entry.next_reader;
        }
        if self.reads.last().is_some_and(|&position| position as usize == self.entries.len()) {
            self.reads.pop();
        }
        entry
    }

    pub(super) fn truncate(&mut self, length: usize) {
        while self.entries.len() > length {
            self.pop();
        }
    }

    /// Makes the topmost entry that reads `local` a temporary and returns its position.
    pub(super) fn evaluate_reader(&mut self, local: u32) -> Option<usize> {
        let position = self.readers.get(local as usize)?.checked_sub(1)? as usize;
        let entry = &mut self.entries[position];
        self.readers[local as usize] = entry.next_reader;
        entry.value = Value::Temporary;
        Some(position)
    }

    /// Makes an entry that reads a local a temporary; returns its position and the local.
    pub(super) fn evaluate_read(&mut self) -> Option<(usize, u32)> {
        while let Some(position) = self.reads.pop() {
            steps::count(1);
            let entry = &mut self.entries[position as usize];
            if let Value::Local(local) = entry.value {
                // Positions come topmost first, so this is the topmost reader of its local.
                self.readers[local as usize] = entry.next_reader;
                entry.value = Value::Temporary;
                return Some((position as usize, local));
            }
        }
        None
    }

    /// Makes a constant a temporary.
    pub(super) fn evaluate_constant(&mut self, position: usize) -> Option<Constant> {
        let value = &mut self.entries[position].value;
        let Value::Constant(constant) = value else { return None };
        let constant = constant.clone();
        *value = Value::Temporary;
        Some(constant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_found_topmost_first() {
        let mut stack = OperandStack::default();
        for local in [0, 1, 0] {
            stack.push(Value::Local(local), Type::I32);
        }
        stack.push(Value::Temporary, Type::I32);
        assert_eq!(stack.evaluate_reader(0), Some(2));
        stack.pop();
        stack.push(Value::Local(0), Type::I32);
        assert_eq!(stack.evaluate_reader(0), Some(3));
        assert_eq!(stack.evaluate_reader(0), Some(0));
        assert_eq!(stack.evaluate_reader(0), None);
        assert_eq!(stack.evaluate_read(), Some((1, 1)));
        assert_eq!(stack.evaluate_read(), None);
        assert_eq!(stack.evaluate_reader(1), None);
        stack.truncate(0);
        stack.push(Value::Local(1), Type::I32);
        assert_eq!(stack.pop().value, Value::Local(1));
        assert_eq!(stack.evaluate_reader(1), None);
    }
}
