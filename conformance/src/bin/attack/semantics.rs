//! Random programs on the machine and on the plain interpreter that says what bytecode means.

use crate::options::Options;
use minivm_conformance::generate::programs;
use minivm_conformance::meaning::generated::{Compared, check, divergence};
use minivm_conformance::small_stack::with_small_stack;
use minivm_isa::INSTRUCTIONS;
use std::collections::BTreeSet;

/// More failures are not looked for.
const FOUND_MAX: usize = 20;

/// Compares them; gives how many differ.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    with_small_stack(|| compare(options))
}

fn compare(options: &Options) -> Result<usize, String> {
    let mut used = BTreeSet::new();
    let (mut same, mut open, mut found) = (0_u64, 0_u64, 0);
    let numbers = options.only.map_or(options.from..options.from + options.count, |only| only..only + 1);
    if let Some(number) = options.only {
        let made = programs(options.seed, number);
        println!("; the library\n{}\n; the main program\n{}", made.library, made.main);
    }
    for number in numbers {
        match check(options.seed, number, &mut used) {
            Ok(Compared::Same(log)) => {
                same += 1;
                if options.only.is_some() {
                    println!("{log}");
                }
            }
            Ok(Compared::Open(_)) => open += 1,
            Err(why) => {
                found += 1;
                println!("FAILED: {why}");
                if options.only.is_some()
                    && let Some(place) = divergence(options.seed, number)
                {
                    println!("{place}");
                }
                println!("  attack semantics --seed {} --only {number}", options.seed);
                if found == FOUND_MAX {
                    break;
                }
            }
        }
    }
    let unused = INSTRUCTIONS.len() - used.len();
    println!("{same} programs do what they mean, {open} come to what is open, {found} differ; {unused} rows not used");
    Ok(found)
}
