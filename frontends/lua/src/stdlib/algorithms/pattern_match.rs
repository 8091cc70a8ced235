//! Matching of compiled patterns, with an explicit stack of open choices in place of recursion.
//!
//! A [`Search`] is plain data. It stops when its step budget is used up and goes on where it stopped, inside a node even, so
//! that neither a pattern that takes exponential time nor a long subject can hold the machine. Its state can be saved.

use super::pattern::{Follow, Node, Pattern, PatternError, Repeat};
use super::pattern_item::{
    Item, LOOKS_PER_STEP, SEARCHED_PER_STEP, Step, can_follow, extend_lazy, looks_for, match_again, match_balanced,
    run_length, searched_for, spend, to,
};
use smallvec::{SmallVec, smallvec};
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
    paused: Paused,
    choices: SmallVec<[Choice; USUAL_MAX]>,
    /// Where each capture of the pattern begins and ends; none before the search begins.
    captures: SmallVec<[(usize, usize); USUAL_MAX]>,
}

/// Open choices, and captures, of most patterns: those need no allocation.
const USUAL_MAX: usize = 4;

/// Where a search goes on that was paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paused {
    /// Before an attempt: with a place to begin.
    No,
    /// At or inside a node.
    At(Place),
    /// Where the last decision is taken otherwise.
    Choosing,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    node: usize,
    /// Where the node begins.
    at: usize,
    /// Bytes that it has looked at already, and how deep it is nested there.
    done: usize,
    depth: usize,
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

/// What is decided after a node did not match.
enum Again {
    /// To go on with this node there.
    At(usize, usize),
    Nothing,
    Paused,
}

impl Search {
    /// A search that begins at byte `from` of the subject.
    pub fn new(from: usize) -> Self {
        Self {
            start: from,
            last_end: None,
            attempts_done: false,
            paused: Paused::No,
            choices: SmallVec::new(),
            captures: SmallVec::new(),
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

    /// The state of a search, paused or not, for [`Search::load`].
    pub fn save(&self) -> Vec<u8> {
        let (kind, place) = match self.paused {
            Paused::No => (0, Place::default()),
            Paused::At(place) => (1, place),
            Paused::Choosing => (2, Place::default()),
        };
        let last_end = self.last_end.map_or(0, |end| end + 1);
        let head = [self.start, last_end, usize::from(self.attempts_done), kind];
        let numbers = head.into_iter().chain([place.node, place.at, place.done, place.depth]);
        let captures = self.captures.iter().flat_map(|&(start, end)| [start, end]);
        let choices = self.choices.iter().flat_map(|choice| [choice.node, choice.end, choice.least_end]);
        numbers.chain(captures).chain(choices).flat_map(|number| (number as u64).to_le_bytes()).collect()
    }

    /// The search that another one was when it gave these bytes; none when it cannot have been, for this pattern and a subject of
    /// that length.
    pub fn load(bytes: &[u8], pattern: &Pattern, length: usize) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(8).map(|number| {
            usize::try_from(u64::from_le_bytes(number.try_into().expect("eight bytes"))).unwrap_or(usize::MAX)
        });
        let mut head = [0; 8];
        for slot in &mut head {
            *slot = numbers.next()?;
        }
        let [start, last_end, attempts_done, kind, node, at, done, depth] = head;
        let mut search = Self::resume(start, last_end.checked_sub(1));
        search.attempts_done = attempts_done != 0;
        search.paused = match kind {
            0 => Paused::No,
            1 => Paused::At(Place { node, at, done, depth }),
            _ => Paused::Choosing,
        };
        for _ in 0..pattern.captures() {
            search.captures.push((numbers.next()?, numbers.next()?));
        }
        while let Some(node) = numbers.next() {
            search.choices.push(Choice { node, end: numbers.next()?, least_end: numbers.next()? });
        }
        search.is_possible(pattern, length).then_some(search)
    }

    /// Whether every offset and every node is there.
    fn is_possible(&self, pattern: &Pattern, length: usize) -> bool {
        let is_choice = |choice: &Choice| {
            choice.least_end <= choice.end
                && choice.end <= length
                && matches!(pattern.nodes.get(choice.node), Some(Node::Item { repeat, .. }) if *repeat != Repeat::Once)
        };
        let is_inside = match self.paused {
            Paused::At(Place { node, at, done, depth }) => {
                node < pattern.nodes.len() && at <= length && done <= length - at && depth <= length
            }
            Paused::No | Paused::Choosing => true,
        };
        is_inside
            && self.start <= length + 1
            && self.choices.len() <= CHOICES_MAX
            && self.choices.iter().all(is_choice)
            && self.captures.iter().all(|&(start, end)| start <= end && end <= length)
    }

    /// Looks for the next match. Each visited node takes one of `steps` (less than 2^32), and so do some bytes that a repetition
    /// runs over.
    pub fn next(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Result<SearchStep, PatternError> {
        if self.captures.is_empty() && pattern.captures() > 0 {
            self.captures = smallvec![(0, 0); pattern.captures()];
        }
        loop {
            if self.paused == Paused::No {
                match self.find_start(pattern, subject, steps) {
                    Some(true) => {}
                    Some(false) => return Ok(SearchStep::Exhausted),
                    None => return Ok(SearchStep::Paused),
                }
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

    /// Moves on to a place where a match can begin; false if there is none, nothing if the steps are used up.
    fn find_start(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Option<bool> {
        if self.attempts_done {
            return Some(false);
        }
        let Some(rest) = subject.get(self.start..) else { return Some(false) };
        if pattern.anchored {
            return Some(true);
        }
        let (skipped, window) = match pattern.first {
            Follow::Byte(byte) => {
                let window = rest.len().min(searched_for(*steps));
                let found = memchr::memchr(byte, &rest[..window]);
                spend(steps, found.unwrap_or(window), SEARCHED_PER_STEP);
                (found, window)
            }
            Follow::Set(set) => {
                let set = pattern.set(set);
                let window = rest.len().min(looks_for(*steps));
                let found = rest[..window].iter().position(|&byte| set.contains(byte));
                spend(steps, found.unwrap_or(window), LOOKS_PER_STEP);
                (found, window)
            }
            Follow::End => (Some(rest.len()), rest.len()),
            Follow::Unknown => (Some(0), 0),
        };
        match skipped {
            Some(skipped) => {
                self.start += skipped;
                Some(true)
            }
            None if window == rest.len() => Some(false),
            None => {
                self.start += window;
                None
            }
        }
    }

    /// Tries to match at the start, or goes on with the attempt that was paused.
    fn attempt(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Result<Attempt, PatternError> {
        let (mut node, mut at) = (0, self.start);
        let mut has_failed = false;
        match std::mem::replace(&mut self.paused, Paused::No) {
            Paused::No => {}
            Paused::At(place) => match self.go_on_at(pattern, subject, place, steps)? {
                Ok(next) => (node, at, has_failed) = next,
                Err(attempt) => return Ok(attempt),
            },
            Paused::Choosing => has_failed = true,
        }
        loop {
            if has_failed {
                match self.choose_again(pattern, subject, steps) {
                    Again::At(next, from) => (node, at, has_failed) = (next, from, false),
                    Again::Nothing => return Ok(Attempt::Failed),
                    Again::Paused => return Ok(self.pause(Paused::Choosing)),
                }
            }
            let place = Place { node, at, done: 0, depth: 0 };
            if *steps == 0 {
                return Ok(self.pause(Paused::At(place)));
            }
            *steps -= 1;
            // What patterns have most of is done here, all else in `visit`.
            match pattern.nodes[node] {
                Node::Item { single, repeat: Repeat::Once, .. } => {
                    has_failed = !subject.get(at).is_some_and(|&byte| pattern.matches(single, byte));
                    (node, at) = (node + 1, at + 1);
                }
                Node::Open(index) => {
                    self.captures[usize::from(index.0)] = (at, at);
                    node += 1;
                }
                Node::Close(index) => {
                    self.captures[usize::from(index.0)].1 = at;
                    node += 1;
                }
                _ => match self.visit(pattern, subject, place, steps)? {
                    Step::To(end) => (node, at) = (node + 1, end),
                    Step::No => has_failed = true,
                    Step::Matched => return Ok(Attempt::Matched(at)),
                    Step::Paused(done, depth) => return Ok(self.pause(Paused::At(Place { done, depth, ..place }))),
                },
            }
        }
    }

    /// Goes on inside a node where an attempt was paused: the next node, its place and whether this one has failed, or what has
    /// become of the attempt.
    #[cold]
    #[inline(never)]
    fn go_on_at(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        place: Place,
        steps: &mut u64,
    ) -> Result<Result<(usize, usize, bool), Attempt>, PatternError> {
        if *steps == 0 {
            return Ok(Err(self.pause(Paused::At(place))));
        }
        *steps -= 1;
        Ok(match self.visit(pattern, subject, place, steps)? {
            Step::To(end) => Ok((place.node + 1, end, false)),
            Step::No => Ok((place.node, place.at, true)),
            Step::Matched => Err(Attempt::Matched(place.at)),
            Step::Paused(done, depth) => Err(self.pause(Paused::At(Place { done, depth, ..place }))),
        })
    }

    /// Visits a node, of which some may be done. Inlined, as hardly any place has something done.
    #[inline(always)]
    fn visit(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        Place { node, at, done, depth }: Place,
        steps: &mut u64,
    ) -> Result<Step, PatternError> {
        Ok(match pattern.nodes[node] {
            Node::Item { single, repeat: Repeat::Once, .. } => {
                to(subject.get(at).is_some_and(|&byte| pattern.matches(single, byte)), at + 1)
            }
            Node::Item { single, repeat, follow, committed } => {
                let item = Item { single, repeat, follow, committed };
                self.repeat(pattern, subject, (node, at, done), item, steps)?
            }
            Node::Open(index) => {
                self.captures[usize::from(index.0)] = (at, at);
                Step::To(at)
            }
            Node::Close(index) => {
                self.captures[usize::from(index.0)].1 = at;
                Step::To(at)
            }
            Node::BackReference(index) => {
                let (start, end) = self.captures[usize::from(index.0)];
                match_again(subject, &subject[start..end], at, done, steps)
            }
            Node::Never => Step::No,
            Node::Balanced { open, close } => match_balanced(subject, at, (done, depth), (open, close), steps),
            Node::Frontier(set) => {
                let set = pattern.set(set);
                let before = at.checked_sub(1).map_or(0, |before| subject[before]);
                let after = subject.get(at).copied().unwrap_or(0);
                to(!set.contains(before) && set.contains(after), at)
            }
            Node::AtEnd => to(at == subject.len(), at),
            Node::Matched => {
                self.choices.clear();
                Step::Matched
            }
            Node::Malformed(error) => return Err(error),
        })
    }

    #[cold]
    fn pause(&mut self, paused: Paused) -> Attempt {
        self.paused = paused;
        Attempt::Paused
    }

    /// Matches a repeated item and notes what else it could have matched. Inlined, as [`visit`](Self::visit) is.
    #[inline(always)]
    fn repeat(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        (node, start, done): (usize, usize, usize),
        item: Item,
        steps: &mut u64,
    ) -> Result<Step, PatternError> {
        let mut choice = Choice { node, end: start, least_end: start };
        match item.repeat {
            Repeat::Once => {}
            Repeat::Optional => {
                if subject.get(start).is_some_and(|&byte| pattern.matches(item.single, byte)) {
                    choice.end = start + 1;
                }
            }
            Repeat::Greedy { least } => {
                let (length, is_whole) = run_length(pattern, item.single, &subject[start..], done, steps);
                if !is_whole {
                    return Ok(Step::Paused(length, 0));
                }
                if length < usize::from(least) {
                    return Ok(Step::No);
                }
                choice.end = start + length;
                choice.least_end = if item.committed { choice.end } else { start + usize::from(least) };
            }
            Repeat::Lazy => {
                choice.end = start + done;
                if !can_follow(pattern, subject, item.follow, choice.end) {
                    match extend_lazy(pattern, subject, item, choice.end, steps) {
                        Step::To(end) => choice.end = end,
                        Step::No | Step::Matched => return Ok(Step::No),
                        // What follows does not stand where it has got to, either.
                        Step::Paused(further, _) => return Ok(Step::Paused(further - start, 0)),
                    }
                }
            }
        }
        if item.repeat == Repeat::Lazy || choice.end > choice.least_end {
            if self.choices.len() >= CHOICES_MAX {
                return Err(PatternError::TooComplex);
            }
            self.choices.push(choice);
        }
        Ok(Step::To(choice.end))
    }

    /// Takes the last decision otherwise.
    fn choose_again(&mut self, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Again {
        while let Some(choice) = self.choices.last_mut() {
            let Node::Item { single, repeat, follow, committed } = pattern.nodes[choice.node] else {
                unreachable!("only items are choices");
            };
            let end = if repeat == Repeat::Lazy {
                let item = Item { single, repeat, follow, committed };
                match extend_lazy(pattern, subject, item, choice.end, steps) {
                    Step::To(end) => Some(end),
                    Step::No | Step::Matched => None,
                    Step::Paused(further, _) => {
                        choice.end = further;
                        return Again::Paused;
                    }
                }
            } else {
                let low = choice.least_end.max(choice.end.saturating_sub(looks_for(*steps)));
                let shorter = (low..choice.end).rev().find(|&end| can_follow(pattern, subject, follow, end));
                spend(steps, choice.end - shorter.unwrap_or(low), LOOKS_PER_STEP);
                if shorter.is_none() && low > choice.least_end {
                    choice.end = low;
                    return Again::Paused;
                }
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
            return Again::At(node + 1, end);
        }
        Again::Nothing
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
