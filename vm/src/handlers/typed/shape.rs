//! Keys of shapes: the number that the compiler computes for the tree it has, and the compiler for each handler there is.
//!
//! A shape is what a handler is fixed to: operators and kinds of operands, not their values. Keys are hashes of 64 bits; a
//! test checks that no two handlers share one.

use super::word::Class;
use minivm_isa::Opcode;

/// The key of a shape.
pub(crate) type Key = u64;

const fn mix(key: Key, value: u64) -> Key {
    let mixed = (key ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(23)
}

/// An operand from a register.
pub(crate) const SLOT: Key = mix(1, 1);
/// An operand in the instruction.
pub(crate) const IMMEDIATE: Key = mix(1, 2);
/// An operand that is one or the other, known when it runs.
pub(crate) const EITHER: Key = mix(1, 3);

/// An operator over its operands.
pub(crate) const fn operation(opcode: Opcode, operands: &[Key]) -> Key {
    fold(mix(2, opcode as u64), operands)
}

/// An operator that works on any type, over operands of this class.
pub(crate) const fn generic(opcode: Opcode, class: Class, operands: &[Key]) -> Key {
    fold(mix(mix(3, opcode as u64), class as u64), operands)
}

/// A load or store of the main memory, or (`far`) of the one that an operand names; addresses of 64 bits are always `far`.
pub(crate) const fn access(opcode: Opcode, far: bool, wide_address: bool, operands: &[Key]) -> Key {
    fold(mix(mix(4, opcode as u64), far as u64 | (wide_address as u64) << 1), operands)
}

/// The value of an expression is written to a register.
pub(crate) const fn set(expression: Key) -> Key {
    mix(5, expression)
}

/// One statement after the other.
pub(crate) const fn then(first: Key, second: Key) -> Key {
    mix(mix(6, first), second)
}

/// As [`then`], where the second may be to do nothing.
pub(crate) const fn then_last(first: Key, second: Key) -> Key {
    if second == NOTHING { first } else { then(first, second) }
}

/// A handler that does a statement and goes on behind it.
pub(crate) const fn statement(statement: Key) -> Key {
    mix(7, statement)
}

/// A handler that jumps when an expression is not zero.
pub(crate) const fn branch(condition: Key) -> Key {
    mix(8, condition)
}

/// A handler that does a statement and jumps.
pub(crate) const fn jump_after(statement: Key) -> Key {
    mix(9, statement)
}

/// A handler that jumps to one of many targets, whose number is an expression.
pub(crate) const fn table(index: Key) -> Key {
    mix(15, index)
}

/// The statement that does nothing.
pub(crate) const NOTHING: Key = 0;

/// A handler that does a statement and calls.
pub(crate) const fn call_after(statement: Key) -> Key {
    mix(10, statement)
}

/// A handler that does a statement and calls an element of a table.
pub(crate) const fn call_element(statement: Key) -> Key {
    mix(14, statement)
}

/// A handler that returns the value of an expression of this class.
pub(crate) const fn returns(class: Class, expression: Key) -> Key {
    mix(mix(11, class as u64), expression)
}

/// A handler that does a statement and returns nothing.
pub(crate) const fn returns_after(statement: Key) -> Key {
    mix(12, statement)
}

/// A handler that does what another, which returns, does when an expression is not zero.
pub(crate) const fn returns_if(condition: Key, returns: Key) -> Key {
    mix(mix(13, condition), returns)
}

const fn fold(mut key: Key, operands: &[Key]) -> Key {
    let mut index = 0;
    while index < operands.len() {
        key = mix(key, operands[index]);
        index += 1;
    }
    key
}
