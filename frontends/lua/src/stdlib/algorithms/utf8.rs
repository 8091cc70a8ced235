//! The `utf8` library: UTF-8 in its original form of up to six bytes, with a strict mode for Unicode only.

use super::error::{LibraryError, LibraryResult};
use std::ops::Range;

/// A pattern that matches one encoded character, in text that is valid.
pub const CHARACTER_PATTERN: &[u8] = b"[\0-\x7F\xC2-\xFD][\x80-\xBF]*";

/// The largest code that six bytes hold.
const CODE_MAX: u64 = 0x7fff_ffff;

/// Which codes count as valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Unicode: up to U+10FFFF, without surrogates.
    Strict,
    /// Anything up to 31 bits.
    Lax,
}

fn invalid_code() -> LibraryError {
    LibraryError::message("invalid UTF-8 code")
}

fn is_continuation(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte & 0xc0 == 0x80)
}

/// Decodes the character at the front of `text`: its code and how many bytes it takes. `None` if it is not valid.
pub fn decode(text: &[u8], mode: Mode) -> Option<(u32, usize)> {
    /// The smallest code that needs so many continuation bytes, so that longer forms than needed are refused.
    const SMALLEST: [u32; 6] = [u32::MAX, 0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000];
    let first = *text.first()?;
    if first < 0x80 {
        return Some((u32::from(first), 1));
    }
    let continuations = (first.leading_ones() as usize).checked_sub(1).filter(|count| (1..=5).contains(count))?;
    let mut code = u32::from(first & (0x3f >> continuations));
    for offset in 1..=continuations {
        let byte = text.get(offset).filter(|&byte| byte & 0xc0 == 0x80)?;
        code = code << 6 | u32::from(byte & 0x3f);
    }
    let allowed = mode == Mode::Lax || (code <= 0x10_ffff && !(0xd800..=0xdfff).contains(&code));
    (code >= SMALLEST[continuations] && allowed).then_some((code, continuations + 1))
}

/// Appends the encoding of `code`, the argument at position `argument`; fails if it has more than 31 bits.
pub fn encode(out: &mut Vec<u8>, code: i64, argument: u32) -> LibraryResult<()> {
    let code = u32::try_from(code)
        .ok()
        .filter(|&code| u64::from(code) <= CODE_MAX)
        .ok_or_else(|| LibraryError::argument(argument, "value out of range"))?;
    encode_code(out, code);
    Ok(())
}

/// Appends the encoding of `code`, of which the lower 31 bits count.
pub fn encode_code(out: &mut Vec<u8>, code: u32) {
    let continuations = match code {
        0..0x80 => return out.push(code as u8),
        0x80..0x800 => 1,
        0x800..0x1_0000 => 2,
        0x1_0000..0x20_0000 => 3,
        0x20_0000..0x400_0000 => 4,
        _ => 5,
    };
    // One more leading bit than there are continuations, then a zero, then what is left of the code.
    let marker = 0xffu8 << (7 - continuations);
    out.push(marker | (code >> (6 * continuations)) as u8 & (0x3f >> continuations));
    for index in (0..continuations).rev() {
        out.push(0x80 | (code >> (6 * index)) as u8 & 0x3f);
    }
}

/// A position as the program writes it, where negative ones count from the end, as an offset + 1.
fn absolute(position: i64, length: usize) -> i64 {
    if position >= 0 {
        position
    } else if position.unsigned_abs() > length as u64 {
        0
    } else {
        length as i64 + position + 1
    }
}

/// What `utf8.len` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many characters.
    Characters(i64),
    /// The first invalid byte stands at that position, from 1.
    InvalidAt(i64),
}

/// Where the characters are that `utf8.len(text, first, last)` counts: the offset where the first begins, and the one before
/// which the last does.
pub fn length_range(text: &[u8], first: i64, last: i64) -> LibraryResult<Range<usize>> {
    let at = absolute(first, text.len()) - 1;
    let last = absolute(last, text.len());
    if at < 0 || at > text.len() as i64 {
        return Err(LibraryError::argument(2, "initial position out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(LibraryError::argument(3, "final position out of bounds"));
    }
    Ok(at as usize..last.max(0) as usize)
}

/// Counts the characters that begin in a range, which then is what comes after them.
pub fn length(text: &[u8], range: &mut Range<usize>, mode: Mode) -> Length {
    let mut characters = 0;
    while range.start < range.end {
        let Some((_, size)) = decode(&text[range.start..], mode) else {
            return Length::InvalidAt(range.start as i64 + 1);
        };
        range.start += size;
        characters += 1;
    }
    Length::Characters(characters)
}

/// Where the characters are that `utf8.codepoint(text, first, last)` gives; `last` is `first` if absent.
pub fn codepoint_range(text: &[u8], first: i64, last: Option<i64>) -> LibraryResult<Range<usize>> {
    let first = absolute(first, text.len());
    let last = last.map_or(first, |last| absolute(last, text.len()));
    if first < 1 {
        return Err(LibraryError::argument(2, "out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(LibraryError::argument(3, "out of bounds"));
    }
    Ok((first - 1) as usize..last.max(0) as usize)
}

/// The codes of the characters that begin in a range, at most so many; the range then is what comes after them.
pub fn codepoints(text: &[u8], range: &mut Range<usize>, count_max: usize, mode: Mode) -> LibraryResult<Vec<u32>> {
    let mut codes = Vec::new();
    while range.start < range.end && codes.len() < count_max {
        let (code, size) = decode(&text[range.start..], mode).ok_or_else(invalid_code)?;
        codes.push(code);
        range.start += size;
    }
    Ok(codes)
}

/// A walk from character to character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The offset where it is.
    pub at: usize,
    /// Characters that it has to go on, or back if negative; at 0 it goes back to where the character begins.
    pub left: i64,
    /// Whether it is on its way to the beginning of a character, and does not count what it passes.
    pub is_inside: bool,
}

/// Begins the walk of `utf8.offset(text, count, from)`; by default it counts from the beginning or, if `count` is negative, from
/// the end.
pub fn walk(text: &[u8], count: i64, from: Option<i64>) -> LibraryResult<Walk> {
    let length = text.len();
    let from = from.unwrap_or(if count >= 0 { 1 } else { length as i64 + 1 });
    let at = absolute(from, length) - 1;
    if at < 0 || at > length as i64 {
        return Err(LibraryError::argument(3, "position out of bounds"));
    }
    let at = at as usize;
    if count != 0 && is_continuation(text.get(at)) {
        return Err(LibraryError::message("initial position is a continuation byte"));
    }
    // The first character is where it begins to count.
    Ok(Walk { at, left: if count > 0 { count - 1 } else { count }, is_inside: count == 0 })
}

impl Walk {
    /// Goes on by at most so many bytes; true when it is at its end.
    pub fn go(&mut self, text: &[u8], bytes_max: usize) -> bool {
        for _ in 0..bytes_max {
            if self.left > 0 {
                // On the way from the beginning of a character.
                if self.at >= text.len() {
                    return true;
                }
                self.at += 1;
                self.left -= i64::from(!is_continuation(text.get(self.at)));
            } else {
                if self.is_inside && !(self.at > 0 && is_continuation(text.get(self.at))) {
                    self.is_inside = false;
                }
                if !self.is_inside && (self.left == 0 || self.at == 0) {
                    return true;
                }
                self.left += i64::from(!self.is_inside);
                self.is_inside = true;
                self.at -= 1;
            }
        }
        self.left == 0 && !self.is_inside
    }

    /// The position where it has ended; none when there are not so many characters.
    pub fn position(&self) -> Option<i64> {
        (self.left == 0).then_some(self.at as i64 + 1)
    }
}

/// The position of a character, as `utf8.offset`.
#[cfg(test)]
pub fn offset(text: &[u8], count: i64, from: Option<i64>) -> LibraryResult<Option<i64>> {
    let mut walk = walk(text, count, from)?;
    while !walk.go(text, 1) {}
    Ok(walk.position())
}

/// Checks what `utf8.codes` is called with: text must not begin in the middle of a character.
pub fn check_codes(text: &[u8]) -> LibraryResult<()> {
    if is_continuation(text.first()) { Err(LibraryError::argument(1, "invalid UTF-8 code")) } else { Ok(()) }
}

/// Where the character is looked for that `utf8.codes` gives after the one at position `previous` (0 to begin); none at the end.
pub fn after_code(text: &[u8], previous: i64) -> Option<usize> {
    usize::try_from(previous).ok().filter(|&at| at < text.len())
}

/// Skips continuation bytes, at most so many; true when there are no more.
pub fn skip_continuations(text: &[u8], at: &mut usize, bytes_max: usize) -> bool {
    for _ in 0..bytes_max {
        if !is_continuation(text.get(*at)) {
            return true;
        }
        *at += 1;
    }
    false
}

/// The position (from 1) and code of the character at an offset, as `utf8.codes` gives it; `None` at the end.
pub fn code_at(text: &[u8], at: usize, mode: Mode) -> LibraryResult<Option<(i64, u32)>> {
    if at >= text.len() {
        return Ok(None);
    }
    let (code, size) = decode(&text[at..], mode).ok_or_else(invalid_code)?;
    if is_continuation(text.get(at + size)) {
        return Err(invalid_code());
    }
    Ok(Some((at as i64 + 1, code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_it_decodes() {
        for code in
            [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x1_0000, 0x1f_ffff, 0x20_0000, 0x3ff_ffff, 0x400_0000, 0x7fff_ffff]
        {
            let mut out = Vec::new();
            encode(&mut out, code, 1).expect("in range");
            assert_eq!(decode(&out, Mode::Lax), Some((code as u32, out.len())));
            if let Some(character) = char::from_u32(code as u32) {
                assert_eq!(out, character.to_string().as_bytes());
            }
        }
        assert!(encode(&mut Vec::new(), 0x8000_0000, 1).is_err());
        assert!(encode(&mut Vec::new(), -1, 1).is_err());
    }

    #[test]
    fn refuses_overlong_surrogates_and_stray_bytes() {
        for text in [&b"\xc0\x80"[..], b"\xe0\x80\x80", b"\x80", b"\xff", b"\xfe\x80", b"\xc3", b"\xc3a", b""] {
            assert_eq!(decode(text, Mode::Lax), None, "{}", text.escape_ascii());
        }
        assert_eq!(decode(b"\xed\xa0\x80", Mode::Strict), None);
        assert_eq!(decode(b"\xed\xa0\x80", Mode::Lax), Some((0xd800, 3)));
    }

    #[test]
    fn offsets() {
        let text = "aäb".as_bytes();
        assert_eq!(offset(text, 3, None), Ok(Some(4)));
        assert_eq!(offset(text, 4, None), Ok(Some(5)));
        assert_eq!(offset(text, 5, None), Ok(None));
        assert_eq!(offset(text, -2, None), Ok(Some(2)));
        assert_eq!(offset(text, 0, Some(3)), Ok(Some(2)));
        assert!(offset(text, 1, Some(3)).is_err());
    }
}
