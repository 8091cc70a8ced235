//! Programs that try to take more memory than they may, each in a process of its own. `cargo attack limits` runs more of them, with
//! the optimised command.

use minivm_conformance::{builds, limits};
use std::path::PathBuf;

/// How much longer programs may take where nothing is optimised.
const SLOWNESS: u32 = 30;

#[test]
fn resident_memory_stays_near_the_limit() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "measure" };
    let command = PathBuf::from(builds::command(profile).expect("the command builds"));
    let cases = limits::cases().expect("cases say what is right");
    let quick: Vec<_> = cases.iter().filter(|case| case.is_quick).collect();
    assert!(quick.len() >= 5, "the cases are found");
    let failures: Vec<String> = (quick.iter())
        .filter_map(|case| case.run(&command, SLOWNESS).err().map(|why| format!("{}: {why}", case.name())))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
