//! Random pieces of Lua do the same here as in the reference implementation, errors and their messages included. Without `lua5.4`
//! there is nothing to do. `MINIVM_PIECES=100000` tries more, `MINIVM_SEED=N` others.

use minivm_conformance::cases::Case;
use minivm_conformance::{generate_lua, reference, run_lua, small_stack};

/// Pieces in a program.
const BATCH: u64 = 500;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Of many more pieces, one in some thousands differs: stack overflows in metamethods of strings have no position, and Lua before
/// 5.4.5 gives calls and brackets over several lines other lines.
#[test]
fn pieces_do_what_the_reference_does() {
    if !reference::is_lua_installed() {
        return;
    }
    let (seed, count) = (number("MINIVM_SEED", 1), number("MINIVM_PIECES", 1000));
    let folder = tempfile::tempdir().expect("there is room for tests");
    let mut different = Vec::new();
    for first in (0..count).step_by(BATCH as usize) {
        let source = folder.path().join("pieces.lua");
        let batch = BATCH.min(count - first);
        let write = |program: String| std::fs::write(&source, program).expect("the folder is ours");
        write(generate_lua::bounded_program(seed, first..first + batch));
        let case = Case { name: "pieces".to_owned(), source: source.clone(), arguments: Vec::new(), input: Vec::new() };
        let expected = reference::run_lua(&case).expect("it is installed").text();
        let number_of = |line: &str| line.split('\t').next()?.parse::<u64>().ok();
        let (endless, expected): (Vec<&str>, Vec<&str>) =
            expected.lines().partition(|line| generate_lua::is_endless(line));
        let endless: Vec<u64> = endless.into_iter().filter_map(number_of).collect();
        write(generate_lua::program(seed, (first..first + batch).filter(|number| !endless.contains(number))));
        let found = small_stack::with_small_stack(|| run_lua::run(&case)).expect("it compiles").text();
        let (mut expected, mut found) = (expected.into_iter(), found.lines());
        loop {
            match (expected.next(), found.next()) {
                (None, None) => break,
                (expected, found) if expected == found => {}
                (expected, found) => {
                    let number = expected.and_then(number_of);
                    let piece = number
                        .map(|number| generate_lua::piece(&mut minivm_conformance::random::Random::new(seed, number)));
                    different.push(format!("{piece:?}\n  expected {expected:?}\n  found    {found:?}"));
                    if expected.is_none() || found.is_none() {
                        break;
                    }
                }
            }
        }
    }
    let shown: Vec<&str> = different.iter().take(20).map(String::as_str).collect();
    assert!(different.is_empty(), "{} of {count} differ:\n{}", different.len(), shown.join("\n"));
}
