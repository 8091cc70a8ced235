//! Random programs do the same in fast and baseline code, at once and in slices, and under a collector that works at every chance.
//! `cargo attack programs` runs more of them, in both ways of dispatch.

use minivm_conformance::run_generated::{FUEL, check};
use minivm_conformance::small_stack::with_small_stack;

/// Programs that are run here.
const COUNT: u64 = 100;

#[test]
fn random_programs_do_the_same_in_all_ways() {
    let failures: Vec<String> = with_small_stack(|| {
        let failed = |number| check(1, number, FUEL).err().map(|why| format!("program {number}: {why}"));
        (0..COUNT).filter_map(failed).collect()
    });
    assert!(failures.is_empty(), "{} programs fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn random_programs_get_far() {
    let logs = with_small_stack(|| (0..COUNT / 4).filter_map(|number| check(1, number, FUEL).ok()).collect::<Vec<_>>());
    let linked = logs.iter().filter(|ran| !ran.log.contains("not linked")).count();
    assert!(linked * 2 > logs.len(), "only {linked} of {} are linked", logs.len());
    let finished = logs.iter().filter(|ran| ran.log.contains("finished: ")).count();
    assert!(finished * 10 > logs.len(), "only {finished} of {} finish", logs.len());
}
