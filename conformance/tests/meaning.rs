//! The machine does what bytecode means: it is compared to the plain interpreter of `isa/semantics`.
//!
//! `cargo attack semantics --count N` compares more random programs.

use minivm_conformance::meaning::generated::{self, Compared};
use std::collections::BTreeSet;

/// Random programs that are compared here.
const PROGRAMS: u64 = 300;

#[test]
fn random_programs_mean_what_the_machine_does() {
    let mut used = BTreeSet::new();
    let mut failures = Vec::new();
    let mut same = 0;
    for number in 0..PROGRAMS {
        match generated::check(2, number, &mut used) {
            Ok(Compared::Same(_)) => same += 1,
            Ok(Compared::Open(_)) => {}
            Err(why) => failures.push(format!("program {number}: {why}")),
        }
    }
    println!("{same} of {PROGRAMS} programs are the same, {} rows used", used.len());
    assert!(failures.is_empty(), "{} programs fail:\n{}", failures.len(), failures.join("\n"));
    assert!(same * 3 > PROGRAMS * 2, "only {same} of {PROGRAMS} programs are compared");
}
