//! `string.gsub`.
//!
//! While a replacement is computed by guest code, the function keeps: subject, pattern, replacement, limit, offset where
//! the next match may begin, offset where the last one ended (-1 for none), number of matches, table of pieces, number of
//! pieces, offset up to which the subject is in the pieces, and the match at hand (start and end).

use super::algorithms::pattern::Pattern;
use super::algorithms::pattern_match::{Match, Search};
use super::algorithms::replacement::write_replacement;
use super::arguments::{Answer, Arguments, LibraryFunction, Text, out_of_memory};
use super::string_search::{advance, capture_value, compiled, push_captures};
use super::support;
use minivm::{HostCall, Raise, Tag, Value};
use std::rc::Rc;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("gsub", gsub)];

/// State in which a replacement has been computed.
const REPLACED: u32 = 1;

/// What is left to do of a substitution.
struct Substitution {
    subject: Text,
    pattern_text: Text,
    replacement: Value,
    limit: i64,
    search: Search,
    count: i64,
    /// Pieces of the result: strings, and parts of the subject as `start << 32 | end`. Nil until there is one.
    pieces: Value,
    piece_count: i64,
    /// The subject up to here is in the pieces.
    copied: usize,
}

fn gsub(call: &mut HostCall<'_>) -> Answer {
    if call.state() == REPLACED {
        let (mut work, found) = Substitution::restore(call);
        let pattern = compiled(call, work.pattern_text);
        let value = call.returned_one();
        work.replace(call, found, value)?;
        return work.run(call, &pattern);
    }
    let (subject, pattern_text) = (call.check_text(0)?, call.check_text(1)?);
    let replacement = call.arg(2);
    let limit = call.integer_or(3, subject.bytes().len() as i64 + 1)?;
    let pattern = compiled(call, pattern_text);
    if matches!(replacement.tag(), Tag::STRING | Tag::INT | Tag::FLOAT) {
        let replacement = call.check_text(2)?;
        return replace_by_text(call, subject, &pattern, replacement, limit);
    }
    if !matches!(replacement.tag(), Tag::TABLE | Tag::FUNCTION) {
        return Err(call.kind_error(2, "string/function/table"));
    }
    let search = Search::new(0);
    let mut work = Substitution {
        subject,
        pattern_text,
        replacement,
        limit,
        search,
        count: 0,
        pieces: Value::NIL,
        piece_count: 0,
        copied: 0,
    };
    work.run(call, &pattern)
}

fn replace_by_text(call: &mut HostCall<'_>, subject: Text, pattern: &Pattern, with: Text, limit: i64) -> Answer {
    let mut search = Search::new(0);
    let (mut out, mut copied, mut count) = (Vec::new(), 0, 0);
    while count < limit {
        let Some(found) = advance(call, &mut search, pattern, subject.bytes())? else { break };
        out.extend_from_slice(&subject.bytes()[copied..found.start]);
        write_replacement(&mut out, with.bytes(), subject.bytes(), pattern, &search, found)
            .map_err(|error| call.fail(error))?;
        copied = found.end;
        count += 1;
        if out.len() > super::string::room(call) {
            return Err(out_of_memory(()));
        }
    }
    let result = if count == 0 {
        subject.0
    } else {
        out.extend_from_slice(&subject.bytes()[copied..]);
        call.string(out)?
    };
    call.return_values(&[result, Value::int(count)])
}

impl Substitution {
    /// Goes on until guest code is needed, or to the end.
    fn run(&mut self, call: &mut HostCall<'_>, pattern: &Rc<Pattern>) -> Answer {
        while self.count < self.limit {
            let subject = self.subject;
            let Some(found) = advance(call, &mut self.search, pattern, subject.bytes())? else { break };
            self.count += 1;
            if self.replacement.tag() == Tag::FUNCTION {
                let mut arguments = Vec::with_capacity(pattern.captures().max(1));
                push_captures(call, &mut arguments, &self.search, pattern, subject.bytes(), found)?;
                self.save(call, found)?;
                return call.call(self.replacement, &arguments, REPLACED);
            }
            let key = capture_value(call, &self.search, pattern, subject.bytes(), found, 0)?;
            let value = call.heap().table_get(self.replacement, key);
            if value.is_nil() && !call.metatable(self.replacement).is_nil() {
                let get = support::function(call, "get")?;
                self.save(call, found)?;
                return call.call(get, &[self.replacement, key], REPLACED);
            }
            self.replace(call, found, value)?;
        }
        self.finish(call)
    }

    /// Takes the replacement of a match; nil and false leave it as it is.
    fn replace(&mut self, call: &mut HostCall<'_>, found: Match, value: Value) -> Result<(), Raise> {
        if !value.is_truthy() {
            return Ok(());
        }
        let Some(text) = call.to_text(value)? else {
            let kind = call.type_name(value);
            return Err(call.error(format!("invalid replacement value (a {kind})")));
        };
        if self.pieces.is_nil() {
            self.pieces = call.table(8, 0)?;
        }
        if self.copied < found.start {
            self.push(call, Value::int((self.copied as i64) << 32 | found.start as i64))?;
        }
        self.copied = found.end;
        self.push(call, text.0)
    }

    fn push(&mut self, call: &mut HostCall<'_>, piece: Value) -> Result<(), Raise> {
        self.piece_count += 1;
        call.heap().table_set_int(self.pieces, self.piece_count, piece).map_err(out_of_memory)
    }

    fn finish(&mut self, call: &mut HostCall<'_>) -> Answer {
        if self.pieces.is_nil() {
            return call.return_values(&[self.subject.0, Value::int(self.count)]);
        }
        let mut out = Vec::new();
        for index in 1..=self.piece_count {
            let piece = call.heap().table_get_int(self.pieces, index);
            if let Some(text) = piece.as_bytes() {
                out.extend_from_slice(text);
            } else if let Some(range) = piece.as_int() {
                let range = (range >> 32) as usize..(range & 0xffff_ffff) as usize;
                out.extend_from_slice(self.subject.bytes().get(range).unwrap_or_default());
            }
        }
        out.extend_from_slice(&self.subject.bytes()[self.copied..]);
        let result = call.string(out)?;
        call.return_values(&[result, Value::int(self.count)])
    }

    fn save(&self, call: &mut HostCall<'_>, found: Match) -> Result<(), Raise> {
        let (start, last_end, done) = self.search.resting_place();
        let last_end = last_end.map_or(-1, |end| end as i64);
        call.keep(&[
            self.subject.0,
            self.pattern_text.0,
            self.replacement,
            // An anchored pattern is tried once.
            Value::int(if done { self.count } else { self.limit }),
            Value::int(start as i64),
            Value::int(last_end),
            Value::int(self.count),
            self.pieces,
            Value::int(self.piece_count),
            Value::int(self.copied as i64),
            Value::int(found.start as i64),
            Value::int(found.end as i64),
        ])
    }

    /// What was kept; a snapshot that somebody made up may hold anything.
    fn restore(call: &mut HostCall<'_>) -> (Self, Match) {
        let integer = |index| call.arg(index).as_int().unwrap_or_default();
        let subject = Text(call.arg(0));
        let length = subject.bytes().len();
        let offset = |index, end: usize| usize::try_from(integer(index)).unwrap_or_default().min(end);
        let end = offset(11, length);
        let start = offset(10, end);
        let last_end = usize::try_from(integer(5)).ok().filter(|&end| end <= length);
        let work = Self {
            subject,
            pattern_text: Text(call.arg(1)),
            replacement: call.arg(2),
            limit: integer(3),
            search: Search::resume(offset(4, length + 1), last_end),
            count: integer(6).clamp(0, length as i64 + 1),
            pieces: call.arg(7),
            piece_count: integer(8).clamp(0, 2 * length as i64 + 2),
            copied: offset(9, start),
        };
        (work, Match { start, end })
    }
}
