//! Matching of compiled patterns, with an explicit stack of open choices in place of recursion.
//!
//! A [`Search`] is plain data. It stops when its step budget is used up and goes on where it stopped, inside a node even, so
//! that neither a pattern that takes exponential time nor a long subject can hold the machine. Its state can be saved.

use super::pattern::{Follow, Node, Pattern, PatternError, Repeat, Single};
use super::pattern_item::{
    LOOKS_PER_STEP, SEARCHED_PER_STEP, Step, can_follow, extend_lazy, is_frontier, looks_for, match_again,
    match_balanced, run_length, searched_for, spend, to,
};
use smallvec::SmallVec;
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
    choices: Choices,
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
    /// None at the start, and none before that place.
    Failed(usize),
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
            self.captures.resize(pattern.captures(), (0, 0));
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
                Attempt::Matched(_) => self.start += 1,
                Attempt::Failed(next) => self.start = next,
            }
            self.attempts_done = pattern.anchored;
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
        let (mut node, mut at, mut has_failed) = (0, self.start, false);
        if self.paused != Paused::No {
            match self.go_on(pattern, subject, steps)? {
                Ok(next) => (node, at, has_failed) = next,
                Err(attempt) => return Ok(attempt),
            }
        }
        let mut next_start = self.start + 1;
        let Self { paused, choices, captures, .. } = self;
        let captures = &mut captures[..];
        let mut pause = |at| {
            *paused = at;
            Ok(Attempt::Paused)
        };
        loop {
            if has_failed {
                if choices.is_empty() {
                    return Ok(Attempt::Failed(next_start));
                }
                match choose_again(choices, pattern, subject, steps) {
                    Again::At(next, from) => (node, at, has_failed) = (next, from, false),
                    Again::Nothing => return Ok(Attempt::Failed(next_start)),
                    Again::Paused => return pause(Paused::Choosing),
                }
            }
            if *steps == 0 {
                return pause(Paused::At(Place { node, at, done: 0, depth: 0 }));
            }
            *steps -= 1;
            // What patterns have most of is done here, all that may take long or is rare in `visit`.
            let step = match pattern.nodes[node] {
                Node::Item { single, repeat: Repeat::Once, .. } => {
                    to(subject.get(at).is_some_and(|&byte| pattern.matches(single, byte)), at + 1)
                }
                Node::Item { single, repeat: Repeat::Greedy { least }, committed, .. } => {
                    let item = (single, least, committed);
                    let step = repeat_greedily(choices, pattern, subject, (node, at, 0), item, steps)?;
                    match step {
                        Step::To(end) if node == pattern.leading_run => next_start = end.max(next_start),
                        _ => {}
                    }
                    step
                }
                Node::Item { single, repeat: Repeat::Optional, .. } => {
                    repeat_once(choices, pattern, subject, (node, at), single)?
                }
                Node::Open(index) => {
                    captures[usize::from(index.0)] = (at, at);
                    Step::To(at)
                }
                Node::Close(index) => {
                    captures[usize::from(index.0)].1 = at;
                    Step::To(at)
                }
                Node::Frontier(set) => to(is_frontier(pattern.set(set), subject, at), at),
                Node::Matched => {
                    choices.clear();
                    return Ok(Attempt::Matched(at));
                }
                _ => visit(choices, captures, pattern, subject, Place { node, at, done: 0, depth: 0 }, steps)?,
            };
            match step {
                Step::To(end) => (node, at) = (node + 1, end),
                Step::No => has_failed = true,
                Step::Paused(done, depth) => return pause(Paused::At(Place { node, at, done, depth })),
            }
        }
    }

    /// Goes on where an attempt was paused, inside a node perhaps: the next node, its place and whether this one has failed, or what
    /// has become of the attempt.
    #[cold]
    #[inline(never)]
    fn go_on(
        &mut self,
        pattern: &Pattern,
        subject: &[u8],
        steps: &mut u64,
    ) -> Result<Result<(usize, usize, bool), Attempt>, PatternError> {
        let place = match std::mem::replace(&mut self.paused, Paused::No) {
            Paused::No => return Ok(Ok((0, self.start, false))),
            Paused::Choosing => return Ok(Ok((0, self.start, true))),
            Paused::At(place) if place.done == 0 => return Ok(Ok((place.node, place.at, false))),
            Paused::At(place) => place,
        };
        let Self { paused, choices, captures, .. } = self;
        let mut pause = |place| {
            *paused = Paused::At(place);
            Ok(Err(Attempt::Paused))
        };
        if *steps == 0 {
            return pause(place);
        }
        *steps -= 1;
        match visit(choices, captures, pattern, subject, place, steps)? {
            Step::To(end) => Ok(Ok((place.node + 1, end, false))),
            Step::No => Ok(Ok((place.node, place.at, true))),
            Step::Paused(done, depth) => pause(Place { done, depth, ..place }),
        }
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

type Choices = SmallVec<[Choice; USUAL_MAX]>;

/// Visits a node that may take long, of which some may be done, or a rare one.
#[inline(never)]
fn visit(
    choices: &mut Choices,
    captures: &[(usize, usize)],
    pattern: &Pattern,
    subject: &[u8],
    Place { node, at, done, depth }: Place,
    steps: &mut u64,
) -> Result<Step, PatternError> {
    Ok(match pattern.nodes[node] {
        Node::Item { single, repeat: Repeat::Greedy { least }, committed, .. } => {
            repeat_greedily(choices, pattern, subject, (node, at, done), (single, least, committed), steps)?
        }
        Node::Item { single, repeat: Repeat::Lazy, follow, .. } => {
            repeat_lazily(choices, pattern, subject, (node, at, done), (single, follow), steps)?
        }
        Node::BackReference(index) => {
            let (start, end) = captures[usize::from(index.0)];
            match_again(subject, &subject[start..end], at, done, steps)
        }
        Node::Balanced { open, close } => match_balanced(subject, at, (done, depth), (open, close), steps),
        Node::AtEnd => to(at == subject.len(), at),
        Node::Malformed(error) => return Err(error),
        // Nothing of the others is ever done, but in a snapshot that somebody made up.
        Node::Item { .. } | Node::Never | Node::Open(_) | Node::Close(_) | Node::Frontier(_) | Node::Matched => {
            Step::No
        }
    })
}

/// Matches an item as often as it can be, and notes that less would do.
#[inline(always)]
fn repeat_greedily(
    choices: &mut Choices,
    pattern: &Pattern,
    subject: &[u8],
    (node, at, done): (usize, usize, usize),
    (single, least, committed): (Single, u8, bool),
    steps: &mut u64,
) -> Result<Step, PatternError> {
    let (length, is_whole) = run_length(pattern, single, &subject[at..], done, steps);
    if !is_whole {
        return Ok(Step::Paused(length, 0));
    }
    let least = usize::from(least);
    if length < least {
        return Ok(Step::No);
    }
    if !committed && length > least {
        choose(choices, Choice { node, end: at + length, least_end: at + least })?;
    }
    Ok(Step::To(at + length))
}

/// Matches an optional item, and notes that it need not be there.
#[inline(always)]
fn repeat_once(
    choices: &mut Choices,
    pattern: &Pattern,
    subject: &[u8],
    (node, at): (usize, usize),
    single: Single,
) -> Result<Step, PatternError> {
    if !subject.get(at).is_some_and(|&byte| pattern.matches(single, byte)) {
        return Ok(Step::To(at));
    }
    choose(choices, Choice { node, end: at + 1, least_end: at })?;
    Ok(Step::To(at + 1))
}

/// Matches a lazy item, and notes that more could have been taken.
fn repeat_lazily(
    choices: &mut Choices,
    pattern: &Pattern,
    subject: &[u8],
    (node, at, done): (usize, usize, usize),
    item: (Single, Follow),
    steps: &mut u64,
) -> Result<Step, PatternError> {
    let mut end = at + done;
    if !can_follow(pattern, subject, item.1, end) {
        match extend_lazy(pattern, subject, item, end, steps) {
            Step::To(further) => end = further,
            Step::No => return Ok(Step::No),
            // What follows does not stand where it has got to, either.
            Step::Paused(further, _) => return Ok(Step::Paused(further - at, 0)),
        }
    }
    choose(choices, Choice { node, end, least_end: at })?;
    Ok(Step::To(end))
}

/// Notes a decision.
#[inline]
fn choose(choices: &mut Choices, choice: Choice) -> Result<(), PatternError> {
    if choices.len() >= CHOICES_MAX {
        return Err(PatternError::TooComplex);
    }
    choices.push(choice);
    Ok(())
}

/// Takes the last decision otherwise.
fn choose_again(choices: &mut Choices, pattern: &Pattern, subject: &[u8], steps: &mut u64) -> Again {
    while let Some(choice) = choices.last_mut() {
        let Node::Item { single, repeat, follow, .. } = pattern.nodes[choice.node] else {
            unreachable!("only items are choices");
        };
        let end = if repeat == Repeat::Lazy {
            match extend_lazy(pattern, subject, (single, follow), choice.end, steps) {
                Step::To(end) => Some(end),
                Step::No => None,
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
            choices.pop();
            continue;
        };
        choice.end = end;
        let node = choice.node;
        if repeat != Repeat::Lazy && choice.end == choice.least_end {
            choices.pop();
        }
        return Again::At(node + 1, end);
    }
    Again::Nothing
}
