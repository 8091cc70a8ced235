//! Forged snapshots: sound ones in which one field or a few have another value, everything around them being right. Whoever
//! loads one must refuse it with a clear error, or get a machine that runs, collects and saves like any other.
//!
//! [`sources`] makes the sound ones, [`fields`] finds their fields and puts changed ones together, [`mod@change`] changes them,
//! [`mod@inflate`] repeats them, [`judge`] says what becomes of the result, [`resident`] what memory it takes.

pub mod change;
pub mod fields;
pub mod inflate;
pub mod judge;
pub mod resident;
pub mod sources;

use crate::random::Random;
use judge::{Judge, Verdict};
use sources::Source;

/// The forgery with a number: which of the sources it is made of, and its bytes.
pub fn forgery(sources: &[Source], seed: u64, number: u64) -> (usize, Vec<u8>) {
    let mut random = Random::new(seed, number);
    let source = random.below(sources.len());
    let mut bytes = change::forge(&sources[source].fields, &mut random);
    while random.below(4) == 0 && bytes.len() < 1 << 20 && random.below(2) == 0 {
        // Another change to another field of the same source would often be refused for the first one.
        bytes = change::forge_again(&sources[source].fields, &bytes, &mut random);
    }
    (source, bytes)
}

/// What a forgery is, for people: the source, and the first field that is not as it was there.
pub fn describe(sources: &[Source], seed: u64, number: u64) -> String {
    let (source, bytes) = forgery(sources, seed, number);
    let Source { name, fields, .. } = &sources[source];
    let differs = |at: &usize| bytes.get(*at) != fields.payload.get(*at);
    // The lengths of the parts follow from the rest.
    let first = (0..fields::COUNTS_BYTES).chain(fields::HEAD_BYTES..bytes.len()).find(differs);
    let field = fields.fields.iter().rev().find(|field| Some(field.at) <= first);
    let field = field.map(|field| format!("{} ({:?})", field.label, field.kind)).unwrap_or_default();
    format!("{name}, {} bytes; the first difference is at {first:?}: {field}", bytes.len())
}

/// Makes a forgery and judges it.
///
/// # Errors
/// What is wrong with how it was treated.
pub fn check(sources: &[Source], judge: &mut Judge, seed: u64, number: u64) -> Result<Verdict, String> {
    let (source, bytes) = forgery(sources, seed, number);
    judge.judge(sources[source].world, &bytes, &mut Random::new(seed ^ 0x5eed, number))
}
