//! Positions in strings as programs write them: from 1, and negative ones from the end.

use std::ops::Range;

/// The offset (from 0) where a part begins whose first position is `position`; it may lie beyond the end.
pub fn start_offset(position: i64, length: usize) -> usize {
    match position {
        0 => 0,
        1.. => usize::try_from(position - 1).unwrap_or(usize::MAX),
        _ => length.saturating_sub(usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX)),
    }
}

/// The offset after the last byte of a part whose last position is `position`, at most `length`.
pub fn end_offset(position: i64, length: usize) -> usize {
    if position >= 0 {
        usize::try_from(position).map_or(length, |position| position.min(length))
    } else {
        let back = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
        (length + 1).saturating_sub(back)
    }
}

/// The offsets of the part between two positions, both included, as `string.sub` takes them; empty if they are out of order.
pub fn part(first: i64, last: i64, length: usize) -> Range<usize> {
    let (start, end) = (start_offset(first, length), end_offset(last, length));
    if start < end { start..end } else { 0..0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let sub = |first, last| &"hello"[part(first, last, 5)];
        assert_eq!(sub(2, 4), "ell");
        assert_eq!(sub(-3, -1), "llo");
        assert_eq!(sub(0, 99), "hello");
        assert_eq!(sub(i64::MIN, i64::MAX), "hello");
        assert_eq!(sub(i64::MAX, i64::MAX), "");
        assert_eq!(sub(3, 2), "");
        assert_eq!(sub(6, 7), "");
        assert_eq!(sub(1, -6), "");
        assert_eq!(sub(1, 0), "");
        assert_eq!(sub(5, 5), "o");
    }
}
