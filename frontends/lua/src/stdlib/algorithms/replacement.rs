//! The replacement strings of `string.gsub`, where `%0` to `%9` stand for captures.

use super::error::{LibraryError, LibraryResult};
use super::pattern::Pattern;
use super::pattern_match::{Capture, Match, Search};

/// One step through a replacement string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement<'r> {
    /// Bytes to copy.
    Literal(&'r [u8]),
    /// What a capture holds.
    Capture(Capture),
}

/// Literal bytes of one step at most.
pub const LITERAL_MAX: usize = 1024;

/// The step at the front of a replacement string for the match `found`, which `search` has just returned; and how many bytes
/// of the string it takes. `None` at the end.
///
/// Fails if the replacement names a capture that does not exist, or has a `%` before anything but a digit or `%`.
#[inline]
pub fn next_replacement<'r>(
    rest: &'r [u8],
    pattern: &Pattern,
    search: &Search,
    found: Match,
) -> LibraryResult<Option<(Replacement<'r>, usize)>> {
    let step = match rest {
        [] => return Ok(None),
        [b'%', b'%', ..] => (Replacement::Literal(&rest[..1]), 2),
        [b'%', b'0', ..] => (Replacement::Capture(Capture::Text(found.start..found.end)), 2),
        [b'%', digit @ b'1'..=b'9', ..] => {
            (Replacement::Capture(search.capture(pattern, found, usize::from(digit - b'1'))?), 2)
        }
        [b'%', ..] => return Err(LibraryError::message("invalid use of '%' in replacement string")),
        _ => {
            let window = &rest[..rest.len().min(LITERAL_MAX)];
            let length = memchr::memchr(b'%', window).unwrap_or(window.len());
            (Replacement::Literal(&rest[..length]), length)
        }
    };
    Ok(Some(step))
}
