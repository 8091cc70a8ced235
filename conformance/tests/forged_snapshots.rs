//! Forged snapshots, the short form: `cargo attack forgeries --count 1000000` is the long one.

use minivm_conformance::forge::judge::{Judge, Verdict};
use minivm_conformance::forge::{check, describe, sources};
use minivm_conformance::small_stack::with_small_stack;
use std::collections::BTreeMap;

#[test]
fn a_forgery_is_an_error_or_harmless() {
    let count: u64 = std::env::var("MINIVM_FORGERIES").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
    let sources = sources::few().expect("they can be made");
    let mut verdicts: BTreeMap<Verdict, u64> = BTreeMap::new();
    with_small_stack(|| {
        let mut judge = Judge::default();
        for number in 0..count {
            match check(&sources, &mut judge, 1, number) {
                Ok(verdict) => *verdicts.entry(verdict).or_default() += 1,
                Err(why) => panic!("forgery {number}, {}: {why}", describe(&sources, 1, number)),
            }
        }
    });
    println!("{verdicts:?} of {} sources", sources.len());
    // Both ways are taken often.
    assert!(verdicts[&Verdict::Damaged] > count / 10 && verdicts[&Verdict::Ran] > count / 20, "{verdicts:?}");
}
