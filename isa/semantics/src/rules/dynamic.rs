//! Rules of `any` values, as far as no metamethod is needed; where one is, [`crate::metamethods`] goes on.

use super::scope::{Flow, Scope, Stop};
use crate::arithmetic::{floor_div, modulo, modulo_of_floats, order, power, shift_left};
use crate::value::Any;
use minivm_isa::{Instruction, Opcode, TrapCode};

/// Bytes of strings that are free to compare or join.
const BYTES_FREE: usize = 4096;
/// Values that are free to append from an open list.
const VALUES_FREE: usize = 16;

/// What an arithmetic operation of two numbers gives: none where it is undefined, or an operand is not a number that it takes.
pub(crate) fn arithmetic(opcode: Opcode, lhs: &Any, rhs: &Any) -> Option<Any> {
    let floats = |rule: fn(f64, f64) -> f64| Some(Any::Float(rule(lhs.float()?, rhs.float()?)));
    let both = |integers: fn(i64, i64) -> i64, rule: fn(f64, f64) -> f64| match (lhs, rhs) {
        (Any::Integer(lhs), Any::Integer(rhs)) => Some(Any::Integer(integers(*lhs, *rhs))),
        _ => floats(rule),
    };
    let integers = |rule: fn(i64, i64) -> i64| Some(Any::Integer(rule(lhs.integer()?, rhs.integer()?)));
    let is_by_zero = matches!((lhs, rhs), (Any::Integer(_), Any::Integer(0)));
    match opcode {
        Opcode::Add => both(i64::wrapping_add, |lhs, rhs| lhs + rhs),
        Opcode::Sub => both(i64::wrapping_sub, |lhs, rhs| lhs - rhs),
        Opcode::Mul => both(i64::wrapping_mul, |lhs, rhs| lhs * rhs),
        Opcode::Div => floats(|lhs, rhs| lhs / rhs),
        Opcode::Modulo | Opcode::FloorDiv if is_by_zero => None,
        Opcode::Modulo => both(modulo, modulo_of_floats),
        Opcode::FloorDiv => both(floor_div, |lhs, rhs| (lhs / rhs).floor()),
        Opcode::Pow => floats(power),
        Opcode::BitAnd => integers(|lhs, rhs| lhs & rhs),
        Opcode::BitOr => integers(|lhs, rhs| lhs | rhs),
        Opcode::BitXor => integers(|lhs, rhs| lhs ^ rhs),
        Opcode::ShiftLeft => integers(shift_left),
        Opcode::ShiftRight => integers(|lhs, rhs| shift_left(lhs, rhs.wrapping_neg())),
        Opcode::Negate => match lhs {
            Any::Integer(integer) => Some(Any::Integer(integer.wrapping_neg())),
            _ => Some(Any::Float(-lhs.float()?)),
        },
        Opcode::BitNot => Some(Any::Integer(!lhs.integer()?)),
        _ => None,
    }
}

/// A relation of two values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    /// `lhs == rhs`.
    Equal,
    /// `lhs < rhs`.
    Less,
    /// `lhs <= rhs`.
    LessEqual,
}

impl Relation {
    /// Whether it holds; none where only a metamethod can tell.
    pub(crate) fn holds(self, lhs: &Any, rhs: &Any) -> Option<bool> {
        let are_numbers = lhs.float().is_some() && rhs.float().is_some();
        let order = match (lhs, rhs) {
            (Any::String(lhs), Any::String(rhs)) => Some(lhs.cmp(rhs)),
            _ => order(lhs, rhs),
        };
        let is_known = are_numbers || order.is_some();
        match self {
            Relation::Equal if lhs.same(rhs) => Some(true),
            Relation::Equal => (!matches!((lhs, rhs), (Any::Table(_), Any::Table(_)))).then_some(false),
            Relation::Less => is_known.then_some(order.is_some_and(|order| order.is_lt())),
            Relation::LessEqual => is_known.then_some(order.is_some_and(|order| order.is_le())),
        }
    }
}

/// Units for so many bytes of strings.
pub(crate) fn units_of_bytes(bytes: usize) -> u64 {
    bytes.saturating_sub(BYTES_FREE) as u64 / 64
}

/// Units for comparing two strings; different lengths tell that they are not equal.
pub(crate) fn long_comparison(lhs: &Any, rhs: &Any, for_equality: bool) -> u64 {
    match (lhs, rhs) {
        (Any::String(lhs), Any::String(rhs)) if std::rc::Rc::ptr_eq(lhs, rhs) => 0,
        (Any::String(lhs), Any::String(rhs)) if for_equality && lhs.len() != rhs.len() => 0,
        (Any::String(lhs), Any::String(rhs)) => units_of_bytes(lhs.len().min(rhs.len())),
        _ => 0,
    }
}

/// Elements that are put into a table without asking metamethods.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    match instruction {
        Instruction::Append { table, first, values } => {
            let values = scope.anys(values);
            Some(append(scope, scope.get(*table), *first, values))
        }
        Instruction::AppendOpen { table, first, values } => {
            let values = scope.with_open(values);
            let table = scope.get(*table);
            let is_paid = matches!(table, Any::Table(_)) && values.len() >= VALUES_FREE;
            if is_paid && let Err(stop) = scope.meter.pay(values.len() as u64 / 4) {
                return Some(Err(stop));
            }
            Some(append(scope, table, *first, values))
        }
        _ => None,
    }
}

fn append(scope: &mut Scope<'_>, table: Any, first: u64, values: Vec<Any>) -> Result<Flow, Stop> {
    let Any::Table(table) = table else { return Err(TrapCode::WrongKind.into()) };
    for (key, value) in (first as i64..).zip(values) {
        let set = scope.store[table].set(&Any::Integer(key), value);
        assert!(set.is_ok(), "integers are keys");
    }
    Ok(Flow::Next)
}
