//! Programs that try to take more memory than they may, each in a process of its own. `cargo attack limits` runs more of them, with
//! the optimised command.

use minivm_conformance::limits;
use std::path::Path;

/// How much longer programs may take where nothing is optimised.
const SLOWNESS: u32 = if cfg!(debug_assertions) { 30 } else { 1 };

#[test]
fn resident_memory_stays_near_the_limit() {
    let command = Path::new(env!("CARGO_BIN_EXE_minivm"));
    let cases = limits::cases().expect("cases say what is right");
    let quick: Vec<_> = cases.iter().filter(|case| case.is_quick).collect();
    assert!(quick.len() >= 5, "the cases are found");
    let failures: Vec<String> = (quick.iter())
        .filter_map(|case| case.run(command, SLOWNESS).err().map(|why| format!("{}: {why}", case.name())))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
