//! The items of a pattern: how far one reaches from a place in the subject, and what that takes of a budget of steps.

use super::byte_set::ByteSet;
use super::pattern::{Follow, Pattern, Single};

/// Bytes looked at one by one that are as much work as visiting a node.
pub(super) const LOOKS_PER_STEP: usize = 4;
/// Bytes searched for one byte, or compared, that are as much work.
pub(super) const SEARCHED_PER_STEP: usize = 16;

/// What became of one node, or of one decision.
pub(super) enum Step {
    /// It ends there.
    To(usize),
    /// It does not match.
    No,
    /// The steps are used up. With how many bytes the node has looked at, or where a lazy item has got to, and how deep it is
    /// nested there.
    Paused(usize, usize),
}

/// Bytes that can be looked at one by one for so many steps; some for none, so that every call comes further.
#[inline]
pub(super) fn looks_for(steps: u64) -> usize {
    (steps as usize + 1) * LOOKS_PER_STEP
}

/// Bytes that can be searched for one byte, or compared, for so many steps.
#[inline]
pub(super) fn searched_for(steps: u64) -> usize {
    (steps as usize + 1) * SEARCHED_PER_STEP
}

#[inline]
pub(super) fn spend(steps: &mut u64, bytes: usize, per_step: usize) {
    *steps = steps.saturating_sub((bytes / per_step) as u64);
}

/// Going on at a place if something matches.
#[inline]
pub(super) fn to(matches: bool, at: usize) -> Step {
    if matches { Step::To(at) } else { Step::No }
}

/// How many bytes at the front `single` matches, when it does the first `done`, and whether no more are to be looked at.
#[inline]
pub(super) fn run_length(
    pattern: &Pattern,
    single: Single,
    rest: &[u8],
    done: usize,
    steps: &mut u64,
) -> (usize, bool) {
    let end = rest.len().min(looks_for(*steps).saturating_add(done));
    let window = &rest[done..end];
    let found = match single {
        Single::Any => return (rest.len(), true),
        Single::Byte(wanted) => window.iter().position(|&byte| byte != wanted),
        Single::Set(set) => {
            let set = pattern.set(set);
            window.iter().position(|&byte| !set.contains(byte))
        }
    };
    let length = found.unwrap_or(window.len());
    spend(steps, length, LOOKS_PER_STEP);
    (done + length, found.is_some() || end == rest.len())
}

/// Whether what must follow an item can stand at `at`.
#[inline]
pub(super) fn can_follow(pattern: &Pattern, subject: &[u8], follow: Follow, at: usize) -> bool {
    match follow {
        Follow::Unknown => true,
        Follow::Byte(byte) => subject.get(at) == Some(&byte),
        Follow::Set(set) => subject.get(at).is_some_and(|&byte| pattern.set(set).contains(byte)),
        Follow::End => at == subject.len(),
    }
}

/// Whether the byte at `at` is in a set and the one before is not; there are zeros around the subject.
#[inline]
pub(super) fn is_frontier(set: &ByteSet, subject: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map_or(0, |before| subject[before]);
    !set.contains(before) && set.contains(subject.get(at).copied().unwrap_or(0))
}

/// The next end of a lazy item after `end` where what follows can stand; where it has got to, if the steps are used up.
pub(super) fn extend_lazy(
    pattern: &Pattern,
    subject: &[u8],
    (single, follow): (Single, Follow),
    end: usize,
    steps: &mut u64,
) -> Step {
    if let (Single::Any, Follow::Byte(byte)) = (single, follow) {
        let Some(rest) = subject.get(end + 1..) else { return Step::No };
        let window = rest.len().min(searched_for(*steps));
        let found = memchr::memchr(byte, &rest[..window]);
        spend(steps, found.unwrap_or(window), SEARCHED_PER_STEP);
        return match found {
            Some(offset) => Step::To(end + 1 + offset),
            None if window == rest.len() => Step::No,
            None => Step::Paused(end + window, 0),
        };
    }
    let last = end.saturating_add(looks_for(*steps));
    let mut at = end;
    while subject.get(at).is_some_and(|&byte| pattern.matches(single, byte)) {
        if at == last {
            *steps = 0;
            return Step::Paused(at, 0);
        }
        at += 1;
        if can_follow(pattern, subject, follow, at) {
            spend(steps, at - end, LOOKS_PER_STEP);
            return Step::To(at);
        }
    }
    spend(steps, at - end, LOOKS_PER_STEP);
    Step::No
}

/// Matches `text`, a part of the subject, again at `at`, where its first `done` bytes are known to stand.
pub(super) fn match_again(subject: &[u8], text: &[u8], at: usize, done: usize, steps: &mut u64) -> Step {
    let rest = &subject[at..];
    if rest.len() < text.len() {
        return Step::No;
    }
    let done = done.min(text.len());
    let end = text.len().min(searched_for(*steps).saturating_add(done));
    spend(steps, end - done, SEARCHED_PER_STEP);
    if rest[done..end] != text[done..end] {
        return Step::No;
    }
    if end == text.len() { Step::To(at + end) } else { Step::Paused(end, 0) }
}

/// Matches the balanced text at `at`, from `open` to the `close` that ends it, after bytes that were looked at and are nested so
/// deep at their end.
pub(super) fn match_balanced(
    subject: &[u8],
    at: usize,
    (done, depth): (usize, usize),
    (open, close): (u8, u8),
    steps: &mut u64,
) -> Step {
    let rest = &subject[at..];
    if rest.first() != Some(&open) {
        return Step::No;
    }
    let from = done.max(1);
    let mut depth = if done == 0 { 1 } else { depth };
    let end = rest.len().min(looks_for(*steps).saturating_add(from));
    let found = rest[from..end].iter().position(|&byte| {
        if byte == close {
            depth = depth.saturating_sub(1);
        } else if byte == open {
            depth += 1;
        }
        depth == 0
    });
    spend(steps, found.unwrap_or(end - from), LOOKS_PER_STEP);
    match found {
        Some(found) => Step::To(at + from + found + 1),
        None if end == rest.len() => Step::No,
        None => Step::Paused(end, depth),
    }
}
