//! `string.gsub`.
//!
//! A state goes on with the search until guest code has to compute a replacement, or as far as one state may. In between the
//! function keeps what [`Substitution`] holds.
//!
//! With a replacement text a state makes nothing that the program can see until it has paid for its work. With a table or a
//! function it makes strings on its way, so that it cannot begin again: the next state pays for it.

use super::algorithms::float_text;
use super::algorithms::pattern::Pattern;
use super::algorithms::pattern_match::{Capture, Match, Search, SearchStep};
use super::algorithms::replacement::{Replacement, next_replacement};
use super::arguments::{Answer, Arguments, LibraryFunction, Text, as_number};
use super::long_text;
use super::string_search::{
    capture_bytes, capture_value, check_pattern, compiled, long_captures, push_captures, restore_search, steps_max,
};
use super::support;
use super::text_builder::{Finished, TextBuilder, range_value};
use super::work::{WINDOW_BYTES, Work, byte_units, step_units};
use minivm::raw::{HostCall, Outcome, Raise, Tag, Value};
use std::io::Write;
use std::sync::Arc;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("gsub", gsub)];

// States: a replacement has been computed; the search, or a replacement text, goes on; long captures are made, for a function or
// for a table; there is no other match; the result is there.
const REPLACED: u32 = 1;
const GOING_ON: u32 = 2;
const CAPTURED: u32 = 3;
const KEY_MADE: u32 = 4;
const FINISHING: u32 = 5;
const JOINED: u32 = 6;

/// What is left to do of a substitution.
struct Substitution {
    subject: Text,
    pattern_text: Text,
    replacement: Value,
    /// Whether guest code may have to compute replacements, so that each piece of the result is kept at once.
    asks_guest: bool,
    limit: i64,
    search: Search,
    count: i64,
    out: TextBuilder,
    /// The subject up to here is in the result.
    copied: usize,
    /// The match whose replacement text is being written, and how far.
    writing: Option<(Match, usize)>,
    /// Units of work that the next state pays for.
    owed: u64,
}

fn gsub(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return go_on(call);
    }
    let (subject, pattern_text) = (call.check_text(0)?, call.check_text(1)?);
    let mut replacement = call.arg(2);
    let limit = call.integer_or(3, subject.bytes().len() as i64 + 1)?;
    match replacement.tag() {
        Tag::STRING | Tag::TABLE | Tag::FUNCTION => {}
        Tag::INT | Tag::FLOAT => replacement = call.check_text(2)?.0,
        _ => return Err(call.kind_error(2, "string/function/table")),
    }
    check_pattern(call, pattern_text)?;
    let pattern = compiled(call, pattern_text);
    let work = Substitution {
        subject,
        pattern_text,
        replacement,
        asks_guest: may_ask_guest(call, replacement),
        limit,
        search: Search::new(0),
        count: 0,
        out: TextBuilder::default(),
        copied: 0,
        writing: None,
        owed: 0,
    };
    work.run(call, &pattern)
}

fn may_ask_guest(call: &HostCall<'_>, replacement: Value) -> bool {
    match replacement.tag() {
        Tag::FUNCTION => true,
        Tag::TABLE => !call.metatable(replacement).is_nil(),
        _ => false,
    }
}

fn go_on(call: &mut HostCall<'_>) -> Answer {
    if call.state() == JOINED {
        let (text, count) = (call.returned_one(), call.arg(0));
        return call.return_values(&[text, count]);
    }
    let pattern = compiled(call, Text(call.arg(PATTERN)));
    let (mut work, found) = Substitution::restore(call, &pattern);
    call.charge(std::mem::take(&mut work.owed))?;
    match call.state() {
        REPLACED => {
            let value = call.returned_one();
            work.replace(call, found, value)?;
        }
        CAPTURED => {
            let captures = call.returned().unwrap_or_default();
            call.set_arg(OWED, Value::int(0));
            return call.call(work.replacement, &captures, REPLACED);
        }
        KEY_MADE => {
            let key = call.returned_one();
            if let Some(answer) = work.look_up(call, &pattern, found, (key, 0))? {
                return Ok(answer);
            }
        }
        FINISHING => return work.finish(call),
        _ => {}
    }
    work.run(call, &pattern)
}

/// Why a state ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has done enough.
    Pause,
    /// There is no other match.
    All,
}

impl Substitution {
    /// Goes on until guest code is needed, the state has done enough, or to the end.
    fn run(mut self, call: &mut HostCall<'_>, pattern: &Arc<Pattern>) -> Answer {
        let steps_max = steps_max(self.pattern_text);
        let mut steps = steps_max;
        let is_text = self.replacement.tag() == Tag::STRING;
        let end = loop {
            if let Some((found, written)) = self.writing.take() {
                self.write(call, pattern, (found, written), &mut steps, steps_max)?;
            }
            if self.writing.is_some() || steps == 0 || self.out.is_full() {
                break End::Pause;
            }
            if self.count >= self.limit {
                break End::All;
            }
            let found = match self.search.next(pattern, self.subject.bytes(), &mut steps) {
                Ok(SearchStep::Found(found)) => found,
                Ok(SearchStep::Exhausted) => break End::All,
                Ok(SearchStep::Paused) => break End::Pause,
                Err(error) => {
                    call.charge_steps(steps_max - steps)?;
                    return Err(call.fail(error.into()));
                }
            };
            self.count += 1;
            if is_text {
                self.out.push_range(self.subject.bytes(), self.copied..found.start);
                self.copied = found.end;
                self.writing = Some((found, 0));
            } else if let Some(answer) = self.find_replacement(call, pattern, found, steps_max - steps)? {
                return Ok(answer);
            }
        };
        if is_text {
            call.charge_steps(steps_max - steps)?;
            return if end == End::All { self.finish(call) } else { self.pause(call, pattern, end) };
        }
        let result_bytes = self.out.len() + self.subject.bytes().len() - self.copied;
        self.owed += step_units(steps_max - steps);
        let is_small = self.is_unchanged() || byte_units(result_bytes) == 0;
        if end == End::All && is_small && self.owed == 0 { self.finish(call) } else { self.pause(call, pattern, end) }
    }

    /// Whether the subject is the result so far.
    fn is_unchanged(&self) -> bool {
        self.copied == 0 && self.out.len() == 0
    }

    /// Writes a replacement text from an offset on, as far as one state may.
    fn write(
        &mut self,
        call: &mut HostCall<'_>,
        pattern: &Pattern,
        (found, mut written): (Match, usize),
        steps: &mut u64,
        steps_max: u64,
    ) -> Result<(), Raise> {
        let (subject, text) = (self.subject, Text(self.replacement));
        loop {
            let rest = text.bytes().get(written..).unwrap_or_default();
            let (step, length) = match next_replacement(rest, pattern, &self.search, found) {
                Ok(None) => return Ok(()),
                Ok(Some(step)) => step,
                Err(error) => {
                    call.charge_steps(steps_max - *steps)?;
                    return Err(call.fail(error));
                }
            };
            match step {
                Replacement::Literal(bytes) => self.out.push(bytes),
                Replacement::Capture(Capture::Text(range)) => self.out.push_range(subject.bytes(), range),
                // Writing to a vector cannot fail.
                Replacement::Capture(Capture::Position(position)) => drop(write!(self.out.bytes, "{position}")),
            }
            written += length;
            *steps = steps.saturating_sub(1 + length as u64 / 16);
            if *steps == 0 || self.out.is_full() {
                self.writing = (written < text.bytes().len()).then_some((found, written));
                return self.out.check_room(call);
            }
        }
    }

    /// Finds the replacement of a match in a table, or calls the function for it; `steps` have led to the match.
    fn find_replacement(
        &mut self,
        call: &mut HostCall<'_>,
        pattern: &Arc<Pattern>,
        found: Match,
        steps: u64,
    ) -> Result<Option<Outcome>, Raise> {
        let is_function = self.replacement.tag() == Tag::FUNCTION;
        let bytes = capture_bytes(&self.search, pattern, found);
        if bytes > WINDOW_BYTES {
            let mut captures = long_captures(call, &self.search, pattern, found)?;
            captures.truncate(if is_function { captures.len() } else { 1 });
            self.owed += step_units(steps);
            self.flush_owed(call)?;
            self.keep(call, pattern, found)?;
            let state = if is_function { CAPTURED } else { KEY_MADE };
            return long_text::make_parts(call, self.subject, captures, Some(state)).map(Some);
        }
        let subject = self.subject;
        if is_function {
            let mut arguments = Vec::with_capacity(pattern.captures().max(1));
            push_captures(call, &mut arguments, &self.search, pattern, subject.bytes(), found)?;
            self.owed += step_units(steps) + byte_units(bytes);
            self.keep(call, pattern, found)?;
            return call.call(self.replacement, &arguments, REPLACED).map(Some);
        }
        let key = capture_value(call, &self.search, pattern, subject.bytes(), found, 0)?;
        // It is copied and hashed.
        self.owed += 2 * byte_units(bytes);
        self.look_up(call, pattern, found, (key, steps))
    }

    /// Takes the replacement of a match from a table, or has guest code do so; so many steps have led to the match.
    fn look_up(
        &mut self,
        call: &mut HostCall<'_>,
        pattern: &Arc<Pattern>,
        found: Match,
        (key, steps): (Value, u64),
    ) -> Result<Option<Outcome>, Raise> {
        let value = call.heap().table_get(self.replacement, key);
        if value.is_nil() && self.asks_guest {
            let get = support::function(call, "get")?;
            self.owed += step_units(steps);
            self.keep(call, pattern, found)?;
            return call.call(get, &[self.replacement, key], REPLACED).map(Some);
        }
        self.replace(call, found, value)?;
        Ok(None)
    }

    /// Takes the replacement of a match; nil and false leave it as it is.
    fn replace(&mut self, call: &mut HostCall<'_>, found: Match, value: Value) -> Result<(), Raise> {
        if !value.is_truthy() {
            return Ok(());
        }
        if value.as_bytes().is_none() && as_number(value).is_none() {
            let kind = call.type_name(value);
            return Err(call.error(format!("invalid replacement value (a {kind})")));
        }
        let skipped = self.copied..found.start;
        self.copied = found.end;
        if !self.asks_guest {
            self.out.push_range(self.subject.bytes(), skipped);
            match as_number(value) {
                Some(number) => float_text::write_number(&mut self.out.bytes, number),
                None => self.out.push_text(Text(value)),
            }
            return Ok(());
        }
        if !skipped.is_empty() {
            let length = skipped.len();
            self.out.push_piece(call, range_value(skipped), length)?;
        }
        match call.to_text(value)? {
            Some(text) => self.out.push_piece(call, text.0, text.bytes().len()),
            None => Ok(()),
        }
    }

    /// Moves what there is into pieces, for the next state to pay for.
    fn flush_owed(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        self.owed += byte_units(self.out.bytes.len());
        self.out.flush(call)
    }

    /// Ends a state.
    fn pause(mut self, call: &mut HostCall<'_>, pattern: &Arc<Pattern>, end: End) -> Answer {
        if self.replacement.tag() == Tag::STRING {
            self.out.pay_and_flush(call)?
        } else {
            self.flush_owed(call)?
        }
        let found = self.writing.map_or(Match { start: self.copied, end: self.copied }, |(found, _)| found);
        self.keep(call, pattern, found)?;
        if end == End::Pause {
            let saved = call.string(self.search.save())?;
            call.set_arg(SEARCH, saved);
        }
        call.go_on(if end == End::All { FINISHING } else { GOING_ON })
    }

    fn finish(mut self, call: &mut HostCall<'_>) -> Answer {
        let count = Value::int(self.count);
        if self.is_unchanged() {
            return call.return_values(&[self.subject.0, count]);
        }
        let subject = self.subject;
        self.out.push_range(subject.bytes(), self.copied..subject.bytes().len());
        match self.out.finish(call, subject, (JOINED, &[count]))? {
            Finished::Text(text) => call.return_values(&[text, count]),
            Finished::Later(outcome) => Ok(outcome),
        }
    }

    /// Keeps the work, with a search that rests after a match.
    fn keep(&self, call: &mut HostCall<'_>, pattern: &Pattern, found: Match) -> Result<(), Raise> {
        let number = |number: usize| Value::int(number as i64);
        let (start, last_end, done) = self.search.resting_place();
        let written = self.writing.map_or(-1, |(_, written)| written as i64);
        let [pieces, piece_count, bytes] = self.out.kept();
        debug_assert!(!done || pattern.is_anchored());
        call.keep(&[
            self.subject.0,
            self.pattern_text.0,
            self.replacement,
            Value::bool(self.asks_guest),
            // An anchored pattern is tried once.
            Value::int(if done && written < 0 { self.count } else { self.limit }),
            number(start),
            Value::int(last_end.map_or(-1, |end| end as i64)),
            Value::int(self.count),
            number(self.copied),
            number(found.start),
            number(found.end),
            Value::int(written),
            Value::int(self.owed as i64),
            Value::NIL,
            pieces,
            piece_count,
            bytes,
        ])
    }

    /// What was kept; a snapshot that somebody made up may hold anything.
    fn restore(call: &mut HostCall<'_>, pattern: &Pattern) -> (Self, Match) {
        let integer = |index| call.arg(index).as_int().unwrap_or_default();
        let subject = Text(call.arg(SUBJECT));
        let length = subject.bytes().len();
        let offset = |index, end: usize| usize::try_from(integer(index)).unwrap_or_default().min(end);
        let end = offset(FOUND + 1, length);
        let found = Match { start: offset(FOUND, end), end };
        let last_end = usize::try_from(integer(LAST_END)).ok().filter(|&end| end <= length);
        let search = match call.arg(SEARCH) {
            saved if saved.is_nil() => Search::resume(offset(START, length + 1), last_end),
            saved => restore_search(saved, pattern, subject),
        };
        let work = Self {
            subject,
            pattern_text: Text(call.arg(PATTERN)),
            replacement: call.arg(REPLACEMENT),
            asks_guest: call.arg(ASKS_GUEST).is_truthy(),
            limit: integer(LIMIT),
            search,
            count: integer(COUNT).clamp(0, length as i64 + 1),
            out: TextBuilder::restore(call, OUT),
            copied: offset(COPIED, if integer(WRITTEN) < 0 { found.start } else { length }),
            writing: usize::try_from(integer(WRITTEN)).ok().map(|written| (found, written)),
            owed: integer(OWED).max(0) as u64,
        };
        (work, found)
    }
}

// Where the kept values are.
const SUBJECT: usize = 0;
const PATTERN: usize = 1;
const REPLACEMENT: usize = 2;
const ASKS_GUEST: usize = 3;
const LIMIT: usize = 4;
const START: usize = 5;
const LAST_END: usize = 6;
const COUNT: usize = 7;
const COPIED: usize = 8;
/// Two.
const FOUND: usize = 9;
/// Of the replacement text, -1 where none is being written.
const WRITTEN: usize = 11;
const OWED: usize = 12;
/// The search as a string, nil when it rests between two matches.
const SEARCH: usize = 13;
const OUT: usize = 14;
