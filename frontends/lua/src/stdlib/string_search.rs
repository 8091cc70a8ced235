//! The functions of the `string` library that take patterns.

use super::algorithms::pattern::{Pattern, find_plain, is_plain};
use super::algorithms::pattern_match::{Capture, Match, Search, SearchStep};
use super::algorithms::positions::start_offset;
use super::arguments::{Answer, Arguments, LibraryFunction, Text};
use super::library::library;
use minivm::{HostCall, Raise, Value};
use std::rc::Rc;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("find", find), ("match", match_), ("gmatch", gmatch)];

/// Name of the iterator of `gmatch` in the machine's registry.
pub(super) const GMATCH_NEXT: &str = "lua.gmatch.next";

/// Steps after which a search gives up: a pattern can take exponential time.
const STEPS_MAX: u64 = 1 << 32;

/// The compiled form of a pattern.
pub(super) fn compiled(call: &mut HostCall<'_>, pattern: Text) -> Rc<Pattern> {
    library(call).patterns.get(pattern.bytes())
}

/// The next match of a search.
pub(super) fn advance(
    call: &mut HostCall<'_>,
    search: &mut Search,
    pattern: &Pattern,
    subject: &[u8],
) -> Result<Option<Match>, Raise> {
    let mut steps = STEPS_MAX;
    match search.next(pattern, subject, &mut steps) {
        Ok(SearchStep::Found(found)) => Ok(Some(found)),
        Ok(SearchStep::Exhausted) => Ok(None),
        Ok(SearchStep::Paused) => Err(call.error("pattern too complex")),
        Err(error) => Err(call.fail(error.into())),
    }
}

/// A capture as a value.
pub(super) fn capture_value(
    call: &mut HostCall<'_>,
    search: &Search,
    pattern: &Pattern,
    subject: &[u8],
    found: Match,
    index: usize,
) -> Result<Value, Raise> {
    match search.capture(pattern, found, index) {
        Ok(Capture::Text(range)) => call.string(&subject[range]),
        Ok(Capture::Position(position)) => Ok(Value::int(position)),
        Err(error) => Err(call.fail(error.into())),
    }
}

/// Appends the captures of a match as values.
pub(super) fn push_captures(
    call: &mut HostCall<'_>,
    values: &mut Vec<Value>,
    search: &Search,
    pattern: &Pattern,
    subject: &[u8],
    found: Match,
) -> Result<(), Raise> {
    for index in 0..search.capture_count(pattern) {
        values.push(capture_value(call, search, pattern, subject, found, index)?);
    }
    Ok(())
}

fn find(call: &mut HostCall<'_>) -> Answer {
    let (subject, pattern) = (call.check_text(0)?, call.check_text(1)?);
    let from = start_offset(call.integer_or(2, 1)?, subject.bytes().len());
    if from > subject.bytes().len() {
        return call.return_one(Value::NIL);
    }
    let positions = |found: Match| [Value::int(found.start as i64 + 1), Value::int(found.end as i64)];
    if call.arg(3).is_truthy() || is_plain(pattern.bytes()) {
        let length = pattern.bytes().len();
        return match find_plain(subject.bytes(), pattern.bytes(), from) {
            Some(start) => call.return_values(&positions(Match { start, end: start + length })),
            None => call.return_one(Value::NIL),
        };
    }
    let pattern = compiled(call, pattern);
    let mut search = Search::new(from);
    let Some(found) = advance(call, &mut search, &pattern, subject.bytes())? else {
        return call.return_one(Value::NIL);
    };
    if pattern.captures() == 0 {
        return call.return_values(&positions(found));
    }
    let mut values = positions(found).to_vec();
    push_captures(call, &mut values, &search, &pattern, subject.bytes(), found)?;
    call.return_values(&values)
}

fn match_(call: &mut HostCall<'_>) -> Answer {
    let (subject, pattern) = (call.check_text(0)?, call.check_text(1)?);
    let from = start_offset(call.integer_or(2, 1)?, subject.bytes().len());
    let pattern = compiled(call, pattern);
    let mut search = Search::new(from);
    match advance(call, &mut search, &pattern, subject.bytes())? {
        Some(found) => return_captures(call, &search, &pattern, subject.bytes(), found),
        None => call.return_one(Value::NIL),
    }
}

fn return_captures(
    call: &mut HostCall<'_>,
    search: &Search,
    pattern: &Pattern,
    subject: &[u8],
    found: Match,
) -> Answer {
    if search.capture_count(pattern) == 1 {
        let value = capture_value(call, search, pattern, subject, found, 0)?;
        return call.return_one(value);
    }
    let mut values = Vec::with_capacity(pattern.captures());
    push_captures(call, &mut values, search, pattern, subject, found)?;
    call.return_values(&values)
}

// The iterator of `gmatch` captures: subject, pattern, offset where the next match may begin, offset where the last one
// ended (-1 for none).

fn gmatch(call: &mut HostCall<'_>) -> Answer {
    let (subject, pattern) = (call.check_text(0)?, call.check_text(1)?);
    let length = subject.bytes().len();
    let from = start_offset(call.integer_or(2, 1)?, length).min(length + 1);
    let next = call.registered(GMATCH_NEXT);
    let iterator = call.host_closure(next, &[subject.0, pattern.0, Value::int(from as i64), Value::int(-1)])?;
    call.return_one(iterator)
}

/// The iterator of `gmatch`.
pub(super) fn gmatch_next(call: &mut HostCall<'_>) -> Answer {
    let me = call.callee();
    let mut captured = |index| call.heap().capture(me, index).unwrap_or(Value::NIL);
    let (subject, text) = (Text(captured(0)), Text(captured(1)));
    let length = subject.bytes().len();
    let from = (captured(2).as_int().unwrap_or(0) as usize).min(length + 1);
    let last_end = captured(3).as_int().and_then(|end| usize::try_from(end).ok()).filter(|&end| end <= length);
    let pattern = library(call).patterns.get_without_anchor(text.bytes());
    let mut search = Search::resume(from, last_end);
    let Some(found) = advance(call, &mut search, &pattern, subject.bytes())? else {
        call.heap().set_capture(me, 2, Value::int(subject.bytes().len() as i64 + 1));
        return call.return_none();
    };
    let end = Value::int(found.end as i64);
    call.heap().set_capture(me, 2, end);
    call.heap().set_capture(me, 3, end);
    return_captures(call, &search, &pattern, subject.bytes(), found)
}
