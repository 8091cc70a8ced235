//! Sorting: a stable merge from the bottom up, which stops for each call of `less` and goes on after it.
//!
//! It works in two lists of its own, so that an error on the way leaves the list as it was.

use crate::arguments::{Function, kind_name, pay_for_values, table, wrong};
use minivm::{HostCall, HostResult, Kind, Local, Raise};
use std::cmp::Ordering;

pub(crate) const FUNCTIONS: &[(&str, Function)] = &[("sort", sort)];

/// Values, at most.
const VALUES_MAX: i64 = 1 << 24;
/// `less` was asked.
const ASKED: u32 = 1;
/// The next runs are merged.
const MERGING: u32 = 2;

/// Merges at a time, where nothing is asked.
const STEPS_AT_ONCE: usize = 4096;

/// Places in a merge, all in lists that count from 1.
#[derive(Clone, Copy)]
struct Merge {
    /// Values in all.
    count: i64,
    /// How many are in a run that is sorted.
    width: i64,
    /// Where the first of the two runs begins that are merged.
    start: i64,
    /// The next value of the first run, of the second, and where it goes.
    left: i64,
    right: i64,
    to: i64,
}

impl Merge {
    /// The merge of two runs of a width, from a place on.
    fn of(count: i64, width: i64, start: i64) -> Self {
        Merge { count, width, start, left: start, right: (start + width).min(count + 1), to: start }
    }

    fn middle(&self) -> i64 {
        (self.start + self.width).min(self.count + 1)
    }

    fn end(&self) -> i64 {
        (self.start + 2 * self.width).min(self.count + 1)
    }
}

/// What a sort works on: the lists with the runs and with what is merged of them.
#[derive(Clone, Copy)]
struct Lists<'c> {
    list: Local<'c>,
    less: Local<'c>,
    from: Local<'c>,
    into: Local<'c>,
}

fn sort<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    if call.state() == 0 {
        return begin(call);
    }
    let (mut lists, mut merge) = kept(call)?;
    if call.state() == ASKED {
        let takes_right = call.returned().is_ok_and(|values| values.first().is_some_and(|value| value.is_truthy()));
        take(call, lists, &mut merge, takes_right)?;
    }
    pay_for_values(call, STEPS_AT_ONCE)?;
    for _ in 0..STEPS_AT_ONCE {
        if merge.to >= merge.end() {
            let next = merge.end();
            if next <= merge.count {
                merge = Merge::of(merge.count, merge.width, next);
            } else {
                std::mem::swap(&mut lists.from, &mut lists.into);
                if 2 * merge.width >= merge.count {
                    return finish(call, lists, merge.count);
                }
                merge = Merge::of(merge.count, 2 * merge.width, 1);
            }
        }
        let takes_right = match (merge.left < merge.middle(), merge.right < merge.end()) {
            (true, false) => false,
            (false, true) => true,
            (false, false) => continue,
            (true, true) => {
                let (left, right) = (call.get(lists.from, merge.left)?, call.get(lists.from, merge.right)?);
                if !lists.less.is_nil() {
                    keep(call, lists, merge);
                    return call.call(lists.less, &[right, left], ASKED);
                }
                is_less(call, right, left)?
            }
        };
        take(call, lists, &mut merge, takes_right)?;
    }
    keep(call, lists, merge);
    call.go_on(MERGING)
}

fn begin<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let (list, less) = (table(call, "sort", 0)?, call.arg(1));
    if !matches!(less.kind(), Kind::Nil | Kind::Function) {
        return Err(wrong(call, "sort", 1, "function"));
    }
    let count = call.len(list)?;
    if count > VALUES_MAX {
        return Err(wrong(call, "sort", 0, &format!("list of at most {VALUES_MAX} values")));
    }
    let size = u32::try_from(count).unwrap_or(0);
    pay_for_values(call, size as usize)?;
    let (from, into) = (call.table(size, 0)?, call.table(size, 0)?);
    for index in 1..=count {
        let value = call.get(list, index)?;
        call.set(from, index, value)?;
        call.set(into, index, value)?;
    }
    keep(call, Lists { list, less, from, into }, Merge::of(count, 1, 1));
    call.go_on(MERGING)
}

fn keep<'c>(call: &mut HostCall<'c>, lists: Lists<'c>, merge: Merge) {
    let numbers = [merge.count, merge.width, merge.start, merge.left, merge.right, merge.to];
    let mut values = vec![lists.list, lists.less, lists.from, lists.into];
    values.extend(numbers.map(Local::from));
    call.keep(&values);
}

/// What was kept; a snapshot that somebody has forged may hold anything.
fn kept<'c>(call: &HostCall<'c>) -> Result<(Lists<'c>, Merge), Raise<'c>> {
    let damaged = || call.error("the state of std.sort is damaged");
    let [list, from, into] = [0, 2, 3].map(|index| call.arg(index));
    if [list, from, into].iter().any(|list| list.kind() != Kind::Table) {
        return Err(damaged());
    }
    let mut numbers = [0; 6];
    for (index, number) in numbers.iter_mut().enumerate() {
        let inside = call.arg(4 + index).as_int().filter(|number| (0..=2 * VALUES_MAX + 1).contains(number));
        *number = inside.ok_or_else(damaged)?;
    }
    let [count, width, start, left, right, to] = numbers;
    if count > VALUES_MAX || width == 0 || start == 0 {
        return Err(damaged());
    }
    Ok((Lists { list, less: call.arg(1), from, into }, Merge { count, width, start, left, right, to }))
}

/// Puts the next value of a run behind those that are merged.
fn take<'c>(call: &mut HostCall<'c>, lists: Lists<'c>, merge: &mut Merge, takes_right: bool) -> Result<(), Raise<'c>> {
    let place = if takes_right { &mut merge.right } else { &mut merge.left };
    let value = call.get(lists.from, *place)?;
    *place += 1;
    call.set(lists.into, merge.to, value)?;
    merge.to += 1;
    Ok(())
}

fn finish<'c>(call: &mut HostCall<'c>, lists: Lists<'c>, count: i64) -> HostResult<'c> {
    for index in 1..=count {
        let value = call.get(lists.from, index)?;
        call.set(lists.list, index, value)?;
    }
    call.return_none()
}

/// Whether a number or string comes before another one.
fn is_less<'c>(call: &HostCall<'c>, left: Local<'c>, right: Local<'c>) -> Result<bool, Raise<'c>> {
    let order = match (left.as_int(), right.as_int()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => match (call.bytes(left), call.bytes(right)) {
            (Some(left), Some(right)) => Some(left.cmp(right)),
            _ => number(left).zip(number(right)).map(|(left, right)| order(left, right)),
        },
    };
    match order {
        Some(order) => Ok(order.is_lt()),
        None => {
            let (left, right) = (kind_name(left), kind_name(right));
            Err(call.error(format!("std.sort cannot compare {left} with {right}")))
        }
    }
}

/// An integer or a float.
#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

fn number(value: Local<'_>) -> Option<Number> {
    value.as_int().map(Number::Integer).or(value.as_float().map(Number::Float))
}

/// The order of numbers by their value; what is not a number comes after all others.
fn order(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => left.cmp(&right),
        (Number::Float(left), Number::Float(right)) => {
            left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
        }
        (Number::Integer(left), Number::Float(right)) => order_of_mixed(left, right),
        (Number::Float(left), Number::Integer(right)) => order_of_mixed(right, left).reverse(),
    }
}

/// The order of an integer and a float, exactly.
fn order_of_mixed(left: i64, right: f64) -> Ordering {
    // 2^63 and -2^63 are floats.
    let limit = 2_f64.powi(63);
    if right.is_nan() || right >= limit {
        return Ordering::Less;
    }
    if right < -limit {
        return Ordering::Greater;
    }
    let floor = right.floor();
    left.cmp(&(floor as i64)).then(if floor < right { Ordering::Less } else { Ordering::Equal })
}

#[cfg(test)]
mod tests {
    use super::{Number, order};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn numbers_of_both_kinds_have_an_order() {
        use Number::{Float, Integer};
        assert_eq!(order(Integer(i64::MAX), Float(9_223_372_036_854_775_808.0)), Less);
        assert_eq!(order(Integer(i64::MIN), Float(-9_223_372_036_854_775_808.0)), Equal);
        assert_eq!(order(Float(1.5), Integer(1)), Greater);
        assert_eq!(order(Float(1.5), Integer(2)), Less);
        assert_eq!(order(Float(f64::NAN), Integer(2)), Greater);
        assert_eq!(order(Integer(2), Float(f64::NEG_INFINITY)), Greater);
        assert_eq!(order(Float(f64::NAN), Float(f64::NAN)), Equal);
    }
}
