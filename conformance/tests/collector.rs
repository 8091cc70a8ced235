//! The collector in hard conditions: under a limit on memory, and with a step at every safepoint.

use minivm::raw::heap::Stress;
use minivm::raw::{Failure, Limits};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_lua, snapshot};

/// Topics of cases that make objects of all kinds and need not run for long.
const STRESSED: [&str; 6] =
    ["lua/closures/", "lua/coroutines/", "lua/errors/", "lua/gc/finalisers", "lua/metamethods/", "lua/syntax/"];

#[test]
fn what_does_not_fit_is_an_error() {
    let case = cases::limited("memory");
    let limits = Limits { memory_bytes_max: 8 << 20, ..Limits::default() };
    let outcome = with_small_stack(|| run_lua::run_with(&case, limits, |machine, chunk, _| machine.call(chunk, &[])));
    let text = outcome.expect("the case can be run").text();
    snapshot::check(&case, &text).unwrap_or_else(|difference| panic!("{difference}"));
}

/// Programs that hold on to little, in little memory: name, MiB.
const FRUGAL: [(&str, u64); 3] = [("failed_starts", 64), ("finalisers_at_the_end", 24), ("bridges", 8)];

#[test]
fn what_is_not_used_any_more_makes_room() {
    for (name, mebibytes) in FRUGAL {
        let case = cases::limited(name);
        let limits = Limits { memory_bytes_max: mebibytes << 20, ..Limits::default() };
        let outcome = with_small_stack(|| {
            run_lua::run_prepared(&case, limits, minivm_modules::raw::install, |machine, chunk, _| {
                machine.call(chunk, &[])
            })
        });
        let text = outcome.expect("the case can be run").text();
        snapshot::check(&case, &text).unwrap_or_else(|difference| panic!("{name}: {difference}"));
    }
}

#[test]
fn a_step_at_every_safepoint_changes_nothing() {
    let stressed = |case: &Case| STRESSED.iter().any(|topic| case.name.starts_with(topic));
    let mut failed = Vec::new();
    for case in cases::lua().into_iter().filter(stressed).filter(|case| !known::crashes(&case.name)) {
        let plain = with_small_stack(|| run_lua::run(&case));
        let steps = with_small_stack(|| {
            run_lua::run_with(&case, Limits::default(), |machine, chunk, arguments| -> Result<_, Failure> {
                machine.heap().set_stress(Stress::Steps);
                machine.call(chunk, arguments)
            })
        });
        let text = |outcome: Result<minivm_conformance::outcome::Outcome, String>| outcome.map(|it| it.text());
        if text(plain) != text(steps) {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "the collector changes what these do: {failed:?}");
}
