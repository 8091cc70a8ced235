//! Matching of compiled patterns, with an explicit stack of open choices in place of recursion.
//!
//! A [`Search`] is plain data. It stops when its step budget is used up and goes on where it stopped, so that a pattern
//! that takes exponential time cannot hold the machine.

use super::pattern::{CAPTURES_MAX, Follow, Node, Pattern, PatternError, Repeat, Single};
use std::ops::Range;

/// Choices open at a time; past it a pattern is too complex, at about the size where PUC gives up too.
const CHOICES_MAX: usize = 200;

/// Where a match stands in the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchStep {
    /// The next match; its captures can be read until the search goes on.
    Found(Match),
    /// There are no more matches.
    Exhausted,
    /// The budget is used up; call again to go on.
    Paused,
}

/// What a capture holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// A part of the subject.
    Text(Range<usize>),
    /// A position, counted from 1.
    Position(i64),
}

/// A search for the matches of one pattern in one subject, from left to right.
///
/// Matches may be empty, but none is empty right where the last one ended. The pattern and the subject are handed in with
/// every call and must stay the same.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where the next attempt begins, or the running one began.
    start: usize,
    last_end: Option<usize>,
    attempts_done: bool,
    /// Node and position where a paused attempt goes on.
    paused_at: Option<(usize, usize)>,
    choices: Vec<Choice>,
    captures: [(usize, usize); CAPTURES_MAX],
}

/// A decision that can be taken otherwise if the match fails further on.
#[derive(Clone, Copy, Debug)]
struct Choice {
    node: usize,
    /// Where the item ended with the decision as it is.
    end: usize,
    /// For greedy items, the leftmost end that is allowed.
    least_end: usize,
}

enum Attempt {
    Matched(usize),
    Failed,
    Paused,
}

impl Search {
    /// A search that begins at byte `from` of the subject.
    pub fn new(from: usize) -> Self {
        Self {
            start: from,
            last_end: None,
            attempts_done: false,
            paused_at: None,
            choices: Vec::new(),
            captures: [(0, 0); CAPTURES_MAX],
        }
    }

    /// A search that goes on where another one rested, which gave these numbers by [`Search::resting_place`].
    pub fn resume(start: usize, last_end: Option<usize>) -> Self {
        Self { last_end, ..Self::new(start) }
    }

    /// What a search between two matches needs to be remembered: where the next attempt begins, where the last match ended,
    /// and whether there are no more attempts.
    pub fn resting_place(&self) -> (usize, Option<usize>, bool) {
        (self.start, self.last_end, self.attempts_done)
    }

    /// Looks for the next match. Each visited node and each byte a repetition runs over takes one of `steps`.
    pub fn next(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Result<SearchStep, PatternError> {
        loop {
            if self.paused_at.is_none() && !self.find_start(pattern, subject, steps) {
                return Ok(SearchStep::Exhausted);
            }
            match self.attempt(pattern, subject, steps)? {
                Attempt::Paused => return Ok(SearchStep::Paused),
                Attempt::Matched(end) if self.last_end != Some(end) => {
                    let found = Match { start: self.start, end };
                    self.last_end = Some(end);
                    self.start = end;
                    self.attempts_done = pattern.anchored;
                    return Ok(SearchStep::Found(found));
                }
                Attempt::Matched(_) | Attempt::Failed => {
                    self.start += 1;
                    self.attempts_done = pattern.anchored;
                }
            }
        }
    }

    /// Moves on to a place where a match can begin; false if there is none.
    fn find_start(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> bool {
        if self.attempts_done {
            return false;
        }
        let Some(rest) = subject.get(self.start..) else {
            return false;
        };
        if pattern.anchored {
            return true;
        }
        let skipped = match pattern.first {
            Follow::Byte(byte) => memchr::memchr(byte, rest),
            Follow::Set(set) => {
                let set = pattern.set(set);
                rest.iter().position(|&byte| set.contains(byte))
            }
            Follow::End => Some(rest.len()),
            Follow::Unknown => Some(0),
        };
        let Some(skipped) = skipped else {
            return false;
        };
        *steps = steps.saturating_sub(skipped as u64);
        self.start += skipped;
        true
    }

    /// Tries to match at the start, or goes on with the attempt that was paused.
    fn attempt(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Result<Attempt, PatternError> {
        let (mut node, mut at) = self.paused_at.take().unwrap_or((0, self.start));
        loop {
            if *steps == 0 {
                self.paused_at = Some((node, at));
                return Ok(Attempt::Paused);
            }
            *steps -= 1;
            let next = match pattern.nodes[node] {
                Node::Item { single, repeat: Repeat::Once, .. } => {
                    subject.get(at).is_some_and(|&byte| pattern.matches(single, byte)).then(|| at + 1)
                }
                Node::Item { single, repeat, follow, committed } => self.repeat(
                    pattern,
                    subject,
                    Choice { node, end: at, least_end: at },
                    Item { single, repeat, follow, committed },
                    steps,
                )?,
                Node::Open(index) => {
                    self.captures[usize::from(index.0)] = (at, at);
                    Some(at)
                }
                Node::Close(index) => {
                    self.captures[usize::from(index.0)].1 = at;
                    Some(at)
                }
                Node::BackReference(index) => {
                    let (start, end) = self.captures[usize::from(index.0)];
                    let text = &subject[start..end];
                    *steps = steps.saturating_sub(text.len() as u64);
                    subject[at..].starts_with(text).then(|| at + text.len())
                }
                Node::Never => None,
                Node::Balanced { open, close } => {
                    match_balanced(&subject[at..], open, close, steps).map(|length| at + length)
                }
                Node::Frontier(set) => {
                    let set = pattern.set(set);
                    let before = at.checked_sub(1).map_or(0, |before| subject[before]);
                    let after = subject.get(at).copied().unwrap_or(0);
                    (!set.contains(before) && set.contains(after)).then_some(at)
                }
                Node::AtEnd => (at == subject.len()).then_some(at),
                Node::Matched => {
                    self.choices.clear();
                    return Ok(Attempt::Matched(at));
                }
                Node::Malformed(error) => return Err(error),
            };
            if let Some(next) = next {
                node += 1;
                at = next;
            } else if let Some((choice_node, end)) = self.choose_again(pattern, subject, steps) {
                node = choice_node + 1;
                at = end;
            } else {
                return Ok(Attempt::Failed);
            }
        }
    }

    /// Matches a repeated item and notes what else it could have matched; `choice.end` is where it begins.
    fn repeat(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        mut choice: Choice,
        item: Item,
        steps: &mut u64,
    ) -> Result<Option<usize>, PatternError> {
        let start = choice.end;
        match item.repeat {
            Repeat::Once => {}
            Repeat::Optional => {
                if subject.get(start).is_some_and(|&byte| pattern.matches(item.single, byte)) {
                    choice.end = start + 1;
                }
            }
            Repeat::Greedy { least } => {
                let length = run_length(pattern, item.single, &subject[start..]);
                *steps = steps.saturating_sub(length as u64);
                if length < usize::from(least) {
                    return Ok(None);
                }
                choice.end = start + length;
                choice.least_end = if item.committed { choice.end } else { start + usize::from(least) };
            }
            Repeat::Lazy => {
                if !can_follow(pattern, subject, item.follow, start) {
                    let Some(end) = extend_lazy(pattern, subject, item, start, steps) else {
                        return Ok(None);
                    };
                    choice.end = end;
                }
            }
        }
        if item.repeat == Repeat::Lazy || choice.end > choice.least_end {
            if self.choices.len() >= CHOICES_MAX {
                return Err(PatternError::TooComplex);
            }
            self.choices.push(choice);
        }
        Ok(Some(choice.end))
    }

    /// Takes the last decision otherwise; the node that decided and its new end, or `None` if nothing is left to decide.
    fn choose_again(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Option<(usize, usize)> {
        while let Some(choice) = self.choices.last_mut() {
            let Node::Item { single, repeat, follow, committed } = pattern.nodes[choice.node] else {
                unreachable!("only items are choices");
            };
            let end = if repeat == Repeat::Lazy {
                extend_lazy(pattern, subject, Item { single, repeat, follow, committed }, choice.end, steps)
            } else {
                let shorter =
                    (choice.least_end..choice.end).rev().find(|&end| can_follow(pattern, subject, follow, end));
                *steps = steps.saturating_sub((choice.end - shorter.unwrap_or(choice.least_end)) as u64);
                shorter
            };
            let Some(end) = end else {
                self.choices.pop();
                continue;
            };
            choice.end = end;
            let node = choice.node;
            if repeat != Repeat::Lazy && choice.end == choice.least_end {
                self.choices.pop();
            }
            return Some((node, end));
        }
        None
    }

    /// How many values the captures of a match are: at least one, because the whole match counts if there is no capture.
    pub fn capture_count(&self, pattern: &Pattern) -> usize {
        pattern.captures().max(1)
    }

    /// What capture `index` (from 0) of `found` holds. Capture 0 of a pattern without captures is the whole match.
    pub fn capture(&self, pattern: &Pattern, found: Match, index: usize) -> Result<Capture, PatternError> {
        if index >= pattern.captures() {
            return if index == 0 {
                Ok(Capture::Text(found.start..found.end))
            } else {
                Err(PatternError::InvalidCaptureIndex(index as u8 + 1))
            };
        }
        if pattern.is_unfinished(index) {
            return Err(PatternError::UnfinishedCapture);
        }
        let (start, end) = self.captures[index];
        Ok(if pattern.is_position(index) { Capture::Position(start as i64 + 1) } else { Capture::Text(start..end) })
    }
}

/// The parts of [`Node::Item`].
#[derive(Clone, Copy)]
struct Item {
    single: Single,
    repeat: Repeat,
    follow: Follow,
    committed: bool,
}

/// How many bytes at the front `single` matches.
fn run_length(pattern: &Pattern, single: Single, rest: &[u8]) -> usize {
    let end = match single {
        Single::Any => None,
        Single::Byte(wanted) => rest.iter().position(|&byte| byte != wanted),
        Single::Set(set) => {
            let set = *pattern.set(set);
            rest.iter().position(|&byte| !set.contains(byte))
        }
    };
    end.unwrap_or(rest.len())
}

/// Whether what must follow an item can stand at `at`.
#[inline]
fn can_follow(pattern: &Pattern, subject: &[u8], follow: Follow, at: usize) -> bool {
    match follow {
        Follow::Unknown => true,
        Follow::Byte(byte) => subject.get(at) == Some(&byte),
        Follow::Set(set) => subject.get(at).is_some_and(|&byte| pattern.set(set).contains(byte)),
        Follow::End => at == subject.len(),
    }
}

/// The next end of a lazy item after `end` where what follows can stand.
fn extend_lazy(pattern: &Pattern, subject: &[u8], item: Item, end: usize, steps: &mut u64) -> Option<usize> {
    if let (Single::Any, Follow::Byte(byte)) = (item.single, item.follow) {
        let rest = subject.get(end + 1..)?;
        let found = memchr::memchr(byte, rest);
        *steps = steps.saturating_sub(found.unwrap_or(rest.len()) as u64);
        return found.map(|offset| end + 1 + offset);
    }
    let mut end = end;
    while subject.get(end).is_some_and(|&byte| pattern.matches(item.single, byte)) {
        end += 1;
        *steps = steps.saturating_sub(1);
        if can_follow(pattern, subject, item.follow, end) {
            return Some(end);
        }
    }
    None
}

/// The length of the balanced text at the front, from `open` to the `close` that ends it.
fn match_balanced(rest: &[u8], open: u8, close: u8, steps: &mut u64) -> Option<usize> {
    let (&first, inner) = rest.split_first()?;
    if first != open {
        return None;
    }
    let mut depth = 1usize;
    let end = inner.iter().position(|&byte| {
        if byte == close {
            depth -= 1;
        } else if byte == open {
            depth += 1;
        }
        depth == 0
    });
    *steps = steps.saturating_sub(end.unwrap_or(inner.len()) as u64);
    end.map(|end| end + 2)
}
