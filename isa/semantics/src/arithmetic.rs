//! Arithmetic of `any` numbers (Lua 5.4 manual, 3.4.1 to 3.4.4 and 3.3.5), and their text.

use crate::value::Any;
use std::cmp::Ordering;

/// `lhs // rhs` of integers; `rhs` is not 0.
pub(crate) fn floor_div(lhs: i64, rhs: i64) -> i64 {
    let exact = i128::from(lhs).div_euclid(i128::from(rhs));
    let rounded_down = if rhs < 0 && i128::from(lhs) % i128::from(rhs) != 0 { exact - 1 } else { exact };
    rounded_down as i64
}

/// `lhs % rhs` of integers; `rhs` is not 0. It has the sign of `rhs`.
pub(crate) fn modulo(lhs: i64, rhs: i64) -> i64 {
    lhs.wrapping_sub(floor_div(lhs, rhs).wrapping_mul(rhs))
}

/// `lhs % rhs` of floats. It has the sign of `rhs`.
pub(crate) fn modulo_of_floats(lhs: f64, rhs: f64) -> f64 {
    let remainder = lhs % rhs;
    if remainder != 0.0 && (remainder < 0.0) != (rhs < 0.0) { remainder + rhs } else { remainder }
}

/// `lhs ^ rhs` of floats: a square is a product, all else what the portable library gives.
pub(crate) fn power(lhs: f64, rhs: f64) -> f64 {
    if rhs == 2.0 { lhs * lhs } else { libm::pow(lhs, rhs) }
}

/// `lhs << rhs`, zeros shifted in; a negative `rhs` shifts right.
pub(crate) fn shift_left(lhs: i64, rhs: i64) -> i64 {
    let bits = lhs as u64;
    let shifted = match u32::try_from(rhs.unsigned_abs()) {
        Ok(by) if rhs >= 0 => bits.checked_shl(by),
        Ok(by) => bits.checked_shr(by),
        Err(_) => None,
    };
    shifted.unwrap_or(0) as i64
}

/// The exact order of two numbers; none with a not-a-number, or where one is not a number.
pub(crate) fn order(lhs: &Any, rhs: &Any) -> Option<Ordering> {
    match (lhs, rhs) {
        (Any::Integer(lhs), Any::Integer(rhs)) => Some(lhs.cmp(rhs)),
        (Any::Float(lhs), Any::Float(rhs)) => lhs.partial_cmp(rhs),
        (Any::Integer(lhs), Any::Float(rhs)) => order_of_mixed(*lhs, *rhs),
        (Any::Float(lhs), Any::Integer(rhs)) => order_of_mixed(*rhs, *lhs).map(Ordering::reverse),
        _ => None,
    }
}

fn order_of_mixed(integer: i64, float: f64) -> Option<Ordering> {
    // Floats of 2^63 and more are greater than all integers; below, their whole part is an i128.
    if float.is_nan() {
        return None;
    }
    let whole = float.clamp(-1e30, 1e30).floor();
    let order = i128::from(integer).cmp(&(whole as i128));
    Some(order.then(if float > whole { Ordering::Less } else { Ordering::Equal }))
}

/// A numeric loop that runs.
pub(crate) enum Loop {
    /// With integers.
    Integers {
        /// The first value.
        first: i64,
        /// Rounds after the first.
        rounds: u64,
        /// What is added in each.
        step: i64,
    },
    /// With floats.
    Floats {
        /// The first value.
        first: f64,
        /// What the loop does not go past.
        limit: f64,
        /// What is added in each round.
        step: f64,
    },
}

/// Prepares a numeric loop; none when it does not run at all. An error is the part that is wrong.
pub(crate) fn prepare_loop<'a>(
    start: &'a Any,
    limit: &'a Any,
    step: &'a Any,
) -> Result<Option<Loop>, (&'static str, &'a Any)> {
    if let (Any::Integer(first), Any::Integer(by)) = (start, step) {
        return match by {
            0 => Err(("step", step)),
            _ => integer_loop(*first, limit, *by),
        };
    }
    let last = limit.float().ok_or(("limit", limit))?;
    let by = step.float().ok_or(("step", step))?;
    let first = start.float().ok_or(("initial value", start))?;
    if by == 0.0 {
        return Err(("step", step));
    }
    let is_past = if by > 0.0 { last < first } else { first < last };
    Ok((!is_past).then_some(Loop::Floats { first, limit: last, step: by }))
}

fn integer_loop(first: i64, limit: &Any, step: i64) -> Result<Option<Loop>, (&'static str, &Any)> {
    let last = match limit {
        Any::Integer(last) => i128::from(*last),
        Any::Float(last) if last.is_nan() => return Ok(None),
        // The last integer that is not past the limit; one that is far outside of all that the loop reaches will do.
        Any::Float(last) => (if step > 0 { last.floor() } else { last.ceil() }).clamp(-1e30, 1e30) as i128,
        _ => return Err(("limit", limit)),
    };
    let is_past = if step > 0 { last < i128::from(first) } else { last > i128::from(first) };
    if is_past {
        return Ok(None);
    }
    let last = last.clamp(i64::MIN.into(), i64::MAX.into());
    let rounds = (last - i128::from(first)) / i128::from(step);
    Ok(Some(Loop::Integers { first, rounds: rounds as u64, step }))
}

/// The text of a number.
pub(crate) fn text(number: &Any) -> Option<String> {
    match number {
        Any::Integer(integer) => Some(integer.to_string()),
        Any::Float(float) => Some(text_of_float(*float)),
        _ => None,
    }
}

/// Digits of a float that are written.
const DIGITS: i32 = 14;

/// C's `%.14g`, with `.0` where it would look like an integer.
fn text_of_float(float: f64) -> String {
    let sign = if float.is_sign_negative() { "-" } else { "" };
    if float.is_nan() || float.is_infinite() {
        return format!("{sign}{}", if float.is_nan() { "nan" } else { "inf" });
    }
    let scientific = format!("{:.*e}", DIGITS as usize - 1, float.abs());
    let (digits, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("it is a number");
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !(-4..DIGITS).contains(&exponent) {
        let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{}e{sign_of_exponent}{:02}", trimmed(digits), exponent.abs());
    }
    let fixed = format!("{:.*}", (DIGITS - 1 - exponent) as usize, float.abs());
    let fixed = if fixed.contains('.') { trimmed(&fixed) } else { fixed };
    if fixed.contains('.') { format!("{sign}{fixed}") } else { format!("{sign}{fixed}.0") }
}
