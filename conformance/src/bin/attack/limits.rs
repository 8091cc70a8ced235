//! Hostile programs under limits: what their processes take is measured.

use crate::options::Options;
use minivm_conformance::{builds, limits};
use std::path::PathBuf;

/// Runs all cases, or the one with this number, with the optimised command; shows what each takes.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    // Another build than that of this tree may be looked at as well.
    let command = match std::env::var_os("MINIVM_COMMAND") {
        Some(command) => PathBuf::from(command),
        None => PathBuf::from(builds::command("measure")?),
    };
    let mut failures = 0;
    for (number, case) in (0..).zip(limits::cases()?) {
        if options.only.is_some_and(|only| only != number) {
            continue;
        }
        match case.run(&command, 1) {
            Ok(taken) => println!("{number:3} {:<28} {taken}", case.name()),
            Err(why) => {
                failures += 1;
                println!("{number:3} {:<28} FAILED {why}", case.name());
            }
        }
    }
    Ok(failures)
}
