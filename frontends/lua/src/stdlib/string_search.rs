//! The functions of the `string` library that take patterns.

use super::algorithms::pattern::{CAPTURES_MAX, PATTERN_BYTES_MAX, Pattern, PatternError, find_plain, is_plain};
use super::algorithms::pattern_cache::LENGTH_MAX;
use super::algorithms::pattern_match::{Capture, Match, Search, SearchStep};
use super::algorithms::positions::start_offset;
use super::arguments::{Answer, Arguments, LibraryFunction, Text};
use super::library::library;
use super::long_text::{self, Part};
use super::work::{STEPS_MAX, WINDOW_BYTES, Work};
use minivm::raw::FAST_PATH_BYTES_MAX;
use minivm::raw::{HostCall, Outcome, Raise, Value};
use std::sync::Arc;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("find", find), ("match", match_), ("gmatch", gmatch)];

/// Name of the iterator of `gmatch` in the machine's registry.
pub(super) const GMATCH_NEXT: &str = "lua.gmatch.next";

// States: a search goes on; that for plain text does; long captures are made.
const SEARCHING: u32 = 1;
const SEARCHING_PLAIN: u32 = 2;
const CAPTURED: u32 = 3;

/// Pays for compiling a pattern, and checks that it is not too long for that.
pub(super) fn check_pattern(call: &mut HostCall<'_>, pattern: Text) -> Result<(), Raise> {
    let length = pattern.bytes().len();
    if length <= LENGTH_MAX {
        return Ok(());
    }
    if length > PATTERN_BYTES_MAX {
        return Err(call.fail(PatternError::TooLong.into()));
    }
    call.charge_steps(length as u64)
}

/// The compiled form of a pattern.
pub(super) fn compiled(call: &mut HostCall<'_>, pattern: Text) -> Arc<Pattern> {
    library(call).patterns.get(pattern.bytes())
}

/// Steps that one state may do. A long pattern is compiled anew for each, in the worst case.
pub(super) fn steps_max(pattern: Text) -> u64 {
    STEPS_MAX.max(pattern.bytes().len() as u64)
}

/// A search that was kept as a string.
pub(super) fn restore_search(kept: Value, pattern: &Pattern, subject: Text) -> Search {
    let length = subject.bytes().len();
    // Only in a snapshot that somebody made up it may be no search: then there is nothing to be found.
    let search = Search::load(kept.as_bytes().unwrap_or_default(), pattern, length);
    search.unwrap_or_else(|| Search::new(length + 1))
}

/// What a search has come to in one state.
enum Progress {
    Found(Match),
    NotFound,
    Later(Outcome),
}

/// Goes on with a search as far as one state may, and pays for it. A function that is to be called again keeps `kept` and, behind
/// it, the search.
fn advance(
    call: &mut HostCall<'_>,
    search: &mut Search,
    pattern: &Pattern,
    (subject, pattern_text): (Text, Text),
    kept: &[Value],
) -> Result<Progress, Raise> {
    let steps_max = steps_max(pattern_text);
    let mut steps = steps_max;
    let step = search.next(pattern, subject.bytes(), &mut steps);
    call.charge_steps(steps_max - steps)?;
    match step {
        Ok(SearchStep::Found(found)) => Ok(Progress::Found(found)),
        Ok(SearchStep::Exhausted) => Ok(Progress::NotFound),
        Ok(SearchStep::Paused) => {
            let saved = call.string(search.save())?;
            call.keep(kept)?;
            call.keep_more(&[saved])?;
            call.go_on(SEARCHING).map(Progress::Later)
        }
        Err(error) => Err(call.fail(error.into())),
    }
}

/// Bytes of the captures of a match; 0 if they are so few that they cost nothing.
pub(super) fn capture_bytes(search: &Search, pattern: &Pattern, found: Match) -> usize {
    if found.end - found.start <= FAST_PATH_BYTES_MAX / CAPTURES_MAX {
        return 0;
    }
    let mut bytes = 0;
    for index in 0..search.capture_count(pattern) {
        if let Ok(Capture::Text(range)) = search.capture(pattern, found, index) {
            bytes += range.len();
        }
    }
    bytes
}

/// Pays for the captures of a match; false if they are too long to be made at once.
fn pay_for_captures(call: &mut HostCall<'_>, search: &Search, pattern: &Pattern, found: Match) -> Result<bool, Raise> {
    let bytes = capture_bytes(search, pattern, found);
    if bytes > WINDOW_BYTES {
        return Ok(false);
    }
    call.charge_bytes(bytes)?;
    Ok(true)
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

/// The captures of a match that are too long to be made at once.
pub(super) fn long_captures(
    call: &mut HostCall<'_>,
    search: &Search,
    pattern: &Pattern,
    found: Match,
) -> Result<Vec<Part>, Raise> {
    let part = |index| match search.capture(pattern, found, index) {
        Ok(Capture::Text(range)) => Ok(Part::Range(range)),
        Ok(Capture::Position(position)) => Ok(Part::Value(Value::int(position))),
        Err(error) => Err(error),
    };
    let parts: Result<Vec<_>, _> = (0..search.capture_count(pattern)).map(part).collect();
    parts.map_err(|error| call.fail(error.into()))
}

fn find(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        SEARCHING => {
            let (subject, pattern_text) = (Text(call.arg(0)), Text(call.arg(1)));
            let pattern = compiled(call, pattern_text);
            let search = restore_search(call.arg(2), &pattern, subject);
            return find_next(call, search, &pattern, (subject, pattern_text));
        }
        SEARCHING_PLAIN => return go_on_plainly(call),
        CAPTURED => {
            let captures = call.returned().unwrap_or_default();
            let positions = [call.arg(0), call.arg(1)];
            return call.return_values(&[&positions[..], &captures].concat());
        }
        _ => {}
    }
    let (subject, pattern_text) = (call.check_text(0)?, call.check_text(1)?);
    let from = start_offset(call.integer_or(2, 1)?, subject.bytes().len());
    if from > subject.bytes().len() {
        return call.return_one(Value::NIL);
    }
    if call.arg(3).is_truthy() {
        return find_text(call, subject, pattern_text, from);
    }
    check_pattern(call, pattern_text)?;
    if is_plain(pattern_text.bytes()) {
        return find_text(call, subject, pattern_text, from);
    }
    let pattern = compiled(call, pattern_text);
    find_next(call, Search::new(from), &pattern, (subject, pattern_text))
}

fn find_next(call: &mut HostCall<'_>, mut search: Search, pattern: &Pattern, texts: (Text, Text)) -> Answer {
    let subject = texts.0;
    let found = match advance(call, &mut search, pattern, texts, &[subject.0, texts.1.0])? {
        Progress::Found(found) => found,
        Progress::NotFound => return call.return_one(Value::NIL),
        Progress::Later(outcome) => return Ok(outcome),
    };
    if pattern.captures() == 0 {
        return call.return_values(&positions(found));
    }
    if !pay_for_captures(call, &search, pattern, found)? {
        let captures = long_captures(call, &search, pattern, found)?;
        call.keep(&positions(found))?;
        return long_text::make_parts(call, subject, captures, Some(CAPTURED));
    }
    let mut values = positions(found).to_vec();
    push_captures(call, &mut values, &search, pattern, subject.bytes(), found)?;
    call.return_values(&values)
}

fn positions(found: Match) -> [Value; 2] {
    [Value::int(found.start as i64 + 1), Value::int(found.end as i64)]
}

/// Texts longer than this are found by their beginning, as preparing a search takes time, too.
const PREPARED_MAX: usize = 4096;

/// Looks for a text, at once if it can be.
fn find_text(call: &mut HostCall<'_>, subject: Text, text: Text, from: usize) -> Answer {
    let (bytes, wanted) = (subject.bytes(), text.bytes());
    let beginning = &wanted[..wanted.len().min(PREPARED_MAX)];
    let at = match find_in_window(call, bytes, beginning, from)? {
        Window::Found(start) if beginning.len() == wanted.len() => {
            return call.return_values(&positions(Match { start, end: start + wanted.len() }));
        }
        Window::Found(at) | Window::Next(at) => at,
        Window::End => return call.return_one(Value::NIL),
    };
    call.keep(&[subject.0, text.0, Value::int(at as i64), Value::int(0)])?;
    call.go_on(SEARCHING_PLAIN)
}

/// What there is in a window of the subject.
enum Window {
    Found(usize),
    /// Nothing up to here, where the next window begins.
    Next(usize),
    /// Nothing, and it is the last one.
    End,
}

/// Looks for a short text in the window of the subject that begins at an offset, and pays for that.
fn find_in_window(call: &mut HostCall<'_>, subject: &[u8], text: &[u8], at: usize) -> Result<Window, Raise> {
    let window = subject.len().min(at.saturating_add(WINDOW_BYTES + text.len()));
    let found = find_plain(&subject[..window], text, at);
    call.charge_bytes(found.unwrap_or(window) - at)?;
    Ok(match found {
        Some(found) => Window::Found(found),
        None if window == subject.len() => Window::End,
        // The text may begin at the end of the window.
        None => Window::Next(window - (text.len().max(1) - 1)),
    })
}

/// Goes on looking for a text. The function keeps the subject, the text, an offset, and how much of the text is known to stand there.
fn go_on_plainly(call: &mut HostCall<'_>) -> Answer {
    let (subject, text) = (Text(call.arg(0)), Text(call.arg(1)));
    let number = |index| usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default();
    let (mut at, mut known) = (number(2), number(3));
    let (bytes, wanted) = (subject.bytes(), text.bytes());
    if wanted.len() > bytes.len().saturating_sub(at) {
        return call.return_one(Value::NIL);
    }
    if known == 0 {
        let beginning = &wanted[..wanted.len().min(PREPARED_MAX)];
        match find_in_window(call, bytes, beginning, at)? {
            Window::Found(found) => (at, known) = (found, beginning.len()),
            Window::Next(next) => at = next,
            Window::End => return call.return_one(Value::NIL),
        }
    } else {
        let end = wanted.len().min(known + WINDOW_BYTES);
        let there = bytes.get(at.saturating_add(known)..at.saturating_add(end));
        call.charge_bytes(end.saturating_sub(known))?;
        (at, known) = if there == wanted.get(known..end) { (at, end) } else { (at + 1, 0) };
    }
    if known >= wanted.len() {
        return call.return_values(&positions(Match { start: at, end: at + wanted.len() }));
    }
    call.set_arg(2, Value::int(at as i64));
    call.set_arg(3, Value::int(known as i64));
    call.go_on(SEARCHING_PLAIN)
}

fn match_(call: &mut HostCall<'_>) -> Answer {
    let (search, subject, pattern_text, pattern);
    if call.state() == SEARCHING {
        (subject, pattern_text) = (Text(call.arg(0)), Text(call.arg(1)));
        pattern = compiled(call, pattern_text);
        search = restore_search(call.arg(2), &pattern, subject);
    } else {
        (subject, pattern_text) = (call.check_text(0)?, call.check_text(1)?);
        let from = start_offset(call.integer_or(2, 1)?, subject.bytes().len());
        check_pattern(call, pattern_text)?;
        pattern = compiled(call, pattern_text);
        search = Search::new(from);
    }
    match_next(call, search, &pattern, (subject, pattern_text))
}

fn match_next(call: &mut HostCall<'_>, mut search: Search, pattern: &Pattern, texts: (Text, Text)) -> Answer {
    match advance(call, &mut search, pattern, texts, &[texts.0.0, texts.1.0])? {
        Progress::Found(found) => return_captures(call, &search, pattern, texts.0, found),
        Progress::NotFound => call.return_one(Value::NIL),
        Progress::Later(outcome) => Ok(outcome),
    }
}

fn return_captures(call: &mut HostCall<'_>, search: &Search, pattern: &Pattern, subject: Text, found: Match) -> Answer {
    if !pay_for_captures(call, search, pattern, found)? {
        let captures = long_captures(call, search, pattern, found)?;
        return long_text::make_parts(call, subject, captures, None);
    }
    if search.capture_count(pattern) == 1 {
        let value = capture_value(call, search, pattern, subject.bytes(), found, 0)?;
        return call.return_one(value);
    }
    let mut values = Vec::with_capacity(pattern.captures());
    push_captures(call, &mut values, search, pattern, subject.bytes(), found)?;
    call.return_values(&values)
}

// The iterator of `gmatch` captures: subject, pattern, offset where the next match may begin, offset where the last one
// ended (-1 for none).

fn gmatch(call: &mut HostCall<'_>) -> Answer {
    let (subject, pattern) = (call.check_text(0)?, call.check_text(1)?);
    let length = subject.bytes().len();
    let from = start_offset(call.integer_or(2, 1)?, length).min(length + 1);
    check_pattern(call, pattern)?;
    let next = call.registered(GMATCH_NEXT);
    let iterator = call.host_closure(next, &[subject.0, pattern.0, Value::int(from as i64), Value::int(-1)])?;
    call.return_one(iterator)
}

/// The iterator of `gmatch`. While it searches on, it keeps the search.
pub(super) fn gmatch_next(call: &mut HostCall<'_>) -> Answer {
    let me = call.callee();
    let mut captured = |index| call.heap().capture(me, index).unwrap_or(Value::NIL);
    let (subject, text) = (Text(captured(0)), Text(captured(1)));
    let length = subject.bytes().len();
    let from = (captured(2).as_int().unwrap_or(0) as usize).min(length + 1);
    let last_end = captured(3).as_int().and_then(|end| usize::try_from(end).ok()).filter(|&end| end <= length);
    let pattern = library(call).patterns.get_without_anchor(text.bytes());
    let mut search = match call.state() {
        SEARCHING => restore_search(call.arg(0), &pattern, subject),
        _ => Search::resume(from, last_end),
    };
    let found = match advance(call, &mut search, &pattern, (subject, text), &[])? {
        Progress::Found(found) => found,
        Progress::NotFound => {
            call.heap().set_capture(me, 2, Value::int(subject.bytes().len() as i64 + 1));
            return call.return_none();
        }
        Progress::Later(outcome) => return Ok(outcome),
    };
    // The iterator comes further when its captures are paid for.
    let end = Value::int(found.end as i64);
    let answer = return_captures(call, &search, &pattern, subject, found)?;
    call.heap().set_capture(me, 2, end);
    call.heap().set_capture(me, 3, end);
    Ok(answer)
}
