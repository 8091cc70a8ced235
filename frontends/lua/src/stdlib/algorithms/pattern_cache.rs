//! Compiled patterns, kept for the next use: programs call with the same few patterns again and again.

use super::pattern::Pattern;
use std::sync::Arc;

/// Patterns kept; each hash has one place.
const PLACES: usize = 64;
/// Longer patterns are rare; of them the last one is kept.
pub const LENGTH_MAX: usize = 64;

/// A small cache of compiled patterns. It changes nothing but the time a program takes.
#[derive(Default)]
pub struct PatternCache {
    /// The last place is that of long patterns.
    anchored: Vec<Place>,
    unanchored: Vec<Place>,
}

type Place = Option<(Box<[u8]>, Arc<Pattern>)>;

impl PatternCache {
    /// The compiled form of a pattern for `find`, `match` or `gsub`.
    pub fn get(&mut self, pattern: &[u8]) -> Arc<Pattern> {
        get_from(&mut self.anchored, pattern, Pattern::new)
    }

    /// The compiled form of a pattern for `gmatch`.
    pub fn get_without_anchor(&mut self, pattern: &[u8]) -> Arc<Pattern> {
        get_from(&mut self.unanchored, pattern, Pattern::without_anchor)
    }
}

fn get_from(places: &mut Vec<Place>, pattern: &[u8], compile: impl Fn(&[u8]) -> Pattern) -> Arc<Pattern> {
    if places.is_empty() {
        places.resize_with(PLACES + 1, || None);
    }
    let place = &mut places[if pattern.len() > LENGTH_MAX { PLACES } else { place_of(pattern) }];
    match place {
        Some((text, compiled)) if **text == *pattern => compiled.clone(),
        _ => {
            let compiled = Arc::new(compile(pattern));
            *place = Some((pattern.into(), compiled.clone()));
            compiled
        }
    }
}

/// By its length, its beginning and its end.
fn place_of(pattern: &[u8]) -> usize {
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    let length = pattern.len();
    let (first, last) = match pattern {
        [first, .., last] if length < 4 => (u32::from(*first) | u32::from(pattern[1]) << 8, u32::from(*last)),
        [only] => (u32::from(*only), 0),
        [] => (0, 0),
        _ => (word(&pattern[..4]) ^ word(&pattern[length / 2 - 2..][..4]) << 7, word(&pattern[length - 4..])),
    };
    let hash =
        (u64::from(first) << 32 | u64::from(last)).wrapping_add(length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_pattern_asked_for() {
        let mut cache = PatternCache::default();
        for round in 0..3 {
            for captures in 0..30 {
                let pattern = cache.get("(a)".repeat(captures).as_bytes());
                assert_eq!(pattern.captures(), captures, "round {round}");
            }
        }
        let long = [b'a'; LENGTH_MAX + 1];
        for pattern in [&b"%a+"[..], &long] {
            assert!(Arc::ptr_eq(&cache.get(pattern), &cache.get(pattern)));
        }
    }
}
