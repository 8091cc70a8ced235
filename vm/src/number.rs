//! Arithmetic of `any` numbers as Lua 5.4 defines it (manual, 3.4.1 to 3.4.4, 3.3.5).

use crate::value::{Tag, Value, float_to_int};
use std::cmp::Ordering;

/// A function of one number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numeric {
    /// The square root, a float.
    SquareRoot,
    /// The greatest integer that is not above, of all numbers for which there is one.
    Floor,
}

/// The value as a float, if it is a number.
#[inline(always)]
pub(crate) fn to_float(value: Value) -> Option<f64> {
    match value.tag() {
        Tag::FLOAT => Some(f64::from_bits(value.payload())),
        Tag::INT => Some(value.payload() as i64 as f64),
        _ => None,
    }
}

/// The value as an integer, if it is a number with an integer value.
pub(crate) fn to_int(value: Value) -> Option<i64> {
    match value.tag() {
        Tag::INT => Some(value.payload() as i64),
        Tag::FLOAT => float_to_int(f64::from_bits(value.payload())),
        _ => None,
    }
}

/// `lhs // rhs` of integers; `rhs` is not 0.
#[inline]
pub(crate) fn floor_div_int(lhs: i64, rhs: i64) -> i64 {
    let quotient = lhs.wrapping_div(rhs);
    if lhs.wrapping_rem(rhs) != 0 && (lhs ^ rhs) < 0 { quotient - 1 } else { quotient }
}

/// `lhs % rhs` of integers; `rhs` is not 0.
#[inline]
pub(crate) fn modulo_int(lhs: i64, rhs: i64) -> i64 {
    let remainder = lhs.wrapping_rem(rhs);
    if remainder != 0 && (remainder ^ rhs) < 0 { remainder + rhs } else { remainder }
}

/// Up to here floats have all whole numbers.
const WHOLE_MAX: f64 = (1u64 << 53) as f64;

/// `lhs % rhs` of floats.
#[inline]
pub(crate) fn modulo_float(lhs: f64, rhs: f64) -> f64 {
    // Whole numbers are the common case, in which integers are divided in a fraction of the time. A zero would lose its sign.
    let is_whole = |value: f64| value > 0.0 && value < WHOLE_MAX && (value as i64) as f64 == value;
    if is_whole(lhs) && is_whole(rhs) {
        return (lhs as i64 % rhs as i64) as f64;
    }
    // `%` of Rust is C's `fmod`, which is exact.
    let remainder = lhs % rhs;
    if remainder != 0.0 && (remainder < 0.0) != (rhs < 0.0) { remainder + rhs } else { remainder }
}

/// `lhs << rhs`, zeros shifted in; a negative `rhs` shifts right.
#[inline]
pub(crate) fn shift_left(lhs: i64, rhs: i64) -> i64 {
    match rhs {
        0..64 => ((lhs as u64) << rhs) as i64,
        -63..0 => ((lhs as u64) >> -rhs) as i64,
        _ => 0,
    }
}

/// `lhs ^ rhs`.
pub(crate) fn power(lhs: f64, rhs: f64) -> f64 {
    if rhs == 2.0 { lhs * lhs } else { libm::pow(lhs, rhs) }
}

/// `lhs < rhs` of an integer and a float.
fn int_less_float(lhs: i64, rhs: f64) -> bool {
    match compare_int_float(lhs, rhs) {
        Some(ordering) => ordering == Ordering::Less,
        None => false,
    }
}

/// The exact order of an integer and a float; none with NaN.
fn compare_int_float(lhs: i64, rhs: f64) -> Option<Ordering> {
    if rhs.is_nan() {
        return None;
    }
    if rhs >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if rhs < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let floor = rhs.floor();
    Some(lhs.cmp(&(floor as i64)).then(if rhs > floor { Ordering::Less } else { Ordering::Equal }))
}

/// `lhs < rhs` of numbers, or none when one is not a number.
#[inline]
pub(crate) fn less(lhs: Value, rhs: Value) -> Option<bool> {
    match (lhs.tag(), rhs.tag()) {
        (Tag::INT, Tag::INT) => Some((lhs.payload() as i64) < rhs.payload() as i64),
        (Tag::FLOAT, Tag::FLOAT) => Some(f64::from_bits(lhs.payload()) < f64::from_bits(rhs.payload())),
        (Tag::INT, Tag::FLOAT) => Some(int_less_float(lhs.payload() as i64, f64::from_bits(rhs.payload()))),
        (Tag::FLOAT, Tag::INT) => {
            let order = compare_int_float(rhs.payload() as i64, f64::from_bits(lhs.payload()));
            Some(order == Some(Ordering::Greater))
        }
        _ => None,
    }
}

/// `lhs <= rhs` of numbers, or none when one is not a number.
#[inline]
pub(crate) fn less_equal(lhs: Value, rhs: Value) -> Option<bool> {
    match (lhs.tag(), rhs.tag()) {
        (Tag::INT, Tag::INT) => Some(lhs.payload() as i64 <= rhs.payload() as i64),
        (Tag::FLOAT, Tag::FLOAT) => Some(f64::from_bits(lhs.payload()) <= f64::from_bits(rhs.payload())),
        (Tag::INT, Tag::FLOAT) => {
            let order = compare_int_float(lhs.payload() as i64, f64::from_bits(rhs.payload()));
            Some(matches!(order, Some(Ordering::Less | Ordering::Equal)))
        }
        (Tag::FLOAT, Tag::INT) => {
            let order = compare_int_float(rhs.payload() as i64, f64::from_bits(lhs.payload()));
            Some(matches!(order, Some(Ordering::Greater | Ordering::Equal)))
        }
        _ => None,
    }
}

/// What a numeric loop starts with: first value, rounds left after it (integers) or limit (floats), step; none when it does
/// not run at all.
pub(crate) type Loop = Option<(Value, Value, Value)>;

/// Prepares a numeric loop (manual, 3.3.5).
///
/// # Errors
/// The part that is not a number ("initial" value, "limit", "step"), or "zero" for a step of 0, with the value.
pub(crate) fn prepare_loop(start: Value, limit: Value, step: Value) -> Result<Loop, (&'static str, Value)> {
    if let (Some(first), Some(by)) = (start.as_int(), step.as_int()) {
        if by == 0 {
            return Err(("zero", step));
        }
        let last = match integer_limit(first, limit, by)? {
            Some(last) => last,
            None => return Ok(None),
        };
        let rounds = if by > 0 {
            (last as u64).wrapping_sub(first as u64) / by as u64
        } else {
            (first as u64).wrapping_sub(last as u64) / ((-(by + 1)) as u64 + 1)
        };
        return Ok(Some((start, Value::int(rounds as i64), step)));
    }
    let last = to_float(limit).ok_or(("limit", limit))?;
    let by = to_float(step).ok_or(("step", step))?;
    let first = to_float(start).ok_or(("initial value", start))?;
    if by == 0.0 {
        return Err(("zero", step));
    }
    // A start or limit that is not a number does not keep the loop from running once, as in the reference implementation.
    let skips = if by > 0.0 { last < first } else { first < last };
    Ok((!skips).then_some((Value::float(first), Value::float(last), Value::float(by))))
}

/// The limit of an integer loop as an integer, or none when the loop does not run.
fn integer_limit(first: i64, limit: Value, step: i64) -> Result<Option<i64>, (&'static str, Value)> {
    let last = match limit.tag() {
        Tag::INT => limit.payload() as i64,
        Tag::FLOAT => {
            let float = f64::from_bits(limit.payload());
            if float.is_nan() {
                return Ok(None);
            }
            let rounded = if step > 0 { float.floor() } else { float.ceil() };
            if rounded >= 9_223_372_036_854_775_808.0 {
                if step < 0 {
                    return Ok(None);
                }
                i64::MAX
            } else if rounded < -9_223_372_036_854_775_808.0 {
                if step > 0 {
                    return Ok(None);
                }
                i64::MIN
            } else {
                rounded as i64
            }
        }
        _ => return Err(("limit", limit)),
    };
    let runs = if step > 0 { first <= last } else { first >= last };
    Ok(runs.then_some(last))
}
