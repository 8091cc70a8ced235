//! The replacement strings of `string.gsub`, where `%0` to `%9` stand for captures.

use super::error::{LibraryError, LibraryResult};
use super::pattern::Pattern;
use super::pattern_match::{Capture, Match, Search};
use std::io::Write;

/// Appends `replacement` for the match `found`, which `search` has just returned.
///
/// Fails if the replacement names a capture that does not exist, or has a `%` before anything but a digit or `%`.
pub fn write_replacement(
    out: &mut Vec<u8>,
    replacement: &[u8],
    subject: &[u8],
    pattern: &Pattern,
    search: &Search,
    found: Match,
) -> LibraryResult<()> {
    let mut rest = replacement;
    while let Some(mark) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..mark]);
        match rest.get(mark + 1) {
            Some(b'%') => out.push(b'%'),
            Some(b'0') => out.extend_from_slice(&subject[found.start..found.end]),
            Some(digit @ b'1'..=b'9') => {
                let index = usize::from(digit - b'1');
                match search.capture(pattern, found, index)? {
                    Capture::Text(range) => out.extend_from_slice(&subject[range]),
                    // Writing to a vector cannot fail.
                    Capture::Position(position) => drop(write!(out, "{position}")),
                }
            }
            _ => return Err(LibraryError::message("invalid use of '%' in replacement string")),
        }
        rest = &rest[mark + 2..];
    }
    out.extend_from_slice(rest);
    Ok(())
}
