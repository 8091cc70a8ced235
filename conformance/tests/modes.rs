//! A run that is stopped again and again does what a run at once does, for the same fuel.
//!
//! By itself it stops the shorter cases; `cargo modes` runs the ignored trials too, which are all cases, however long.

use libtest_mimic::{Arguments, Trial};
use minivm::{Failure, Limits, Machine, Value};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::outcome::Outcome;
use minivm_conformance::pace::{self, Pace};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_lua, run_text, run_wasm, snapshot};

/// Canonical instructions of the longest case in the sample.
const SAMPLE_FUEL_MAX: u64 = 30_000;
/// Longer cases are not stopped after every instruction, but still run in plain code.
const ONE_BY_ONE_MAX: u64 = 20_000_000;
/// More than any case costs.
const PLENTY: u64 = 1 << 40;

type Called = Result<Vec<Value>, Failure>;
/// How a case calls its main function.
type Call<'c> = &'c mut dyn FnMut(&mut Machine, Value, &[Value]) -> Called;
/// Runs a case that calls in this way.
type Runner = fn(&Case, Call<'_>) -> Result<Outcome, String>;

fn main() {
    let arguments = Arguments::from_args();
    let with = |cases: Vec<Case>, runner: Runner| cases.into_iter().map(move |case| (case, runner));
    let all = with(cases::lua(), lua)
        .chain(with(cases::lua_programs(), lua))
        .chain(with(cases::c_programs(), wasm))
        .chain(with(cases::text(), text));
    let mut trials = Vec::new();
    for (case, runner) in all {
        // What is found dead differs between the two forms of code as long as registers keep what they do not need.
        let varies = known::reason(&case.name).is_some_and(|reason| reason.contains("keep objects alive"));
        let crashes = known::crashes(&case.name) || varies;
        for (kind, fuel) in [("sample", SAMPLE_FUEL_MAX), ("whole", PLENTY)] {
            let name = case.name.clone();
            let case = case.clone();
            let trial = Trial::test(name, move || Ok(check(&case, runner, fuel)?)).with_kind(kind);
            trials.push(trial.with_ignored_flag(crashes || kind == "whole"));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn lua(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_lua::run_with(case, Limits::default(), call)
}

fn wasm(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_wasm::run_with(case, |machine, start| call(machine, start, &[]))
}

fn text(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_text::run_with(case, |machine, main| call(machine, main, &[]))
}

/// What a run left behind, and what it cost.
struct Run {
    text: String,
    trace: String,
    fuel: u64,
}

/// Runs a case at a pace; none when there was not enough fuel.
fn run(case: &Case, runner: Runner, pace: Pace) -> Result<Option<Run>, String> {
    let (mut trace, mut fuel, mut miscounts, mut ended) = (String::new(), 0, Vec::new(), true);
    let outcome = runner(case, &mut |machine, function, arguments| {
        let paced = pace::call(machine, function, arguments, pace);
        (fuel, miscounts, ended) = (paced.fuel, paced.miscounts, paced.result.is_some());
        if let Some(Err(Failure::Error { trace: found, .. })) = &paced.result {
            trace.clone_from(found);
        }
        paced.result.unwrap_or(Err(Failure::Exit(0)))
    })?;
    match miscounts.first() {
        Some(first) => Err(format!("{pace:?}: {first}")),
        None => Ok(ended.then(|| Run { text: outcome.text(), trace, fuel })),
    }
}

/// Runs a case at every pace. One that costs more than `fuel_max` is not in the sample.
fn check(case: &Case, runner: Runner, fuel_max: u64) -> Result<(), String> {
    let run = |pace| with_small_stack(|| run(case, runner, pace));
    let Some(expected) = run(Pace::AtOnce { fuel: fuel_max })? else { return Ok(()) };
    let mut paces = vec![Pace::Plain];
    if expected.fuel <= ONE_BY_ONE_MAX {
        paces.push(Pace::OneByOne);
    }
    paces.extend((1..=3).flat_map(|seed| [Pace::Portions { seed }, Pace::Mixed { seed }]));
    for pace in paces {
        let found = run(pace)?.ok_or_else(|| format!("{pace:?}: it did not end"))?;
        if found.text != expected.text {
            return Err(format!("{pace:?}: {}", snapshot::difference(&expected.text, &found.text)));
        }
        if found.trace != expected.trace {
            return Err(format!("{pace:?}: traceback: {}", snapshot::difference(&expected.trace, &found.trace)));
        }
        if found.fuel != expected.fuel {
            return Err(format!("{pace:?}: {} instructions were charged, not {}", found.fuel, expected.fuel));
        }
    }
    Ok(())
}
