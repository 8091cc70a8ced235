//! A budget of so many canonical instructions is used up exactly, however a run is cut into slices: optimised code, which charges
//! now and then, counts as baseline code does, which counts each instruction.

use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, Value};
use minivm_conformance::slicing::{self, Pace};
use minivm_conformance::{cases, run_lua};
use std::time::{Duration, Instant};

/// Budgets of slices; optimised code only runs where there is more than it may owe.
const SLICES: [u64; 8] = [1, 3, 50, 2_049, 2_077, 3_000, 5_001, 100_000];

/// Calls with all kinds of arguments and results, early returns, loops, tables, memory, and functions of each other's.
const CALLS: &str = r#"(module
    (memory 1)
    (type $binary (func (param i32 i32) (result i32)))
    (table funcref (elem $add $less $store))
    (global $depth (mut i32) (i32.const 0))
    (func $fib (param i32) (result i32)
        (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
        (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))
    (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $less (param i32 i32) (result i32) (i32.lt_s (local.get 0) (local.get 1)))
    (func $store (param i32 i32) (result i32)
        (i32.store (i32.and (local.get 0) (i32.const 1020)) (local.get 1))
        (i32.load (i32.and (local.get 1) (i32.const 1020))))
    (func $enter (global.set $depth (i32.add (global.get $depth) (i32.const 1))))
    (func $leave (param i32)
        (if (i32.eqz (local.get 0)) (then (return)))
        (global.set $depth (i32.sub (global.get $depth) (i32.const 1))))
    (func $pair (param i32) (result i32 i64) (local.get 0) (i64.extend_i32_s (local.get 0)))
    (func $wide (param i64 f64) (result f64) (f64.add (f64.convert_i64_s (local.get 0)) (local.get 1)))
    (func $load (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "run") (param $rounds i32) (result i32)
        (local $sum i32) (local $round i32)
        (loop $again
            (call $enter)
            (local.set $sum (i32.add (local.get $sum) (call $fib (i32.and (local.get $round) (i32.const 7)))))
            (local.set $sum (call_indirect (type $binary) (local.get $sum) (i32.load (i32.const 8))
                (i32.rem_u (local.get $round) (i32.const 3))))
            (call $leave (i32.and (local.get $round) (i32.const 1)))
            (i32.add (i32.wrap_i64 (call $pair (local.get $sum))))
            (local.set $sum)
            (local.set $sum (i32.add (local.get $sum)
                (i32.trunc_sat_f64_s (call $wide (i64.const 5) (f64.convert_i32_s (local.get $sum))))))
            (local.set $sum (i32.xor (local.get $sum) (call $load (i32.mul (local.get $round) (i32.const 64)))))
            (br_if $again (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (local.get $rounds))))
        (i32.add (local.get $sum) (global.get $depth))))"#;

/// Instructions on long ranges of memories and tables, overlapping ones too, of which some trap. Odd sizes, so that the last unit
/// is not a whole one.
const RANGES: &str = r#"(module
    (memory 40)
    (memory $other 1)
    (data $bytes "{BYTES}")
    (table $table 10 funcref)
    (table $second 3000 externref)
    (elem $functions func {FUNCTIONS})
    (func $f)
    (func $sum (param $from i32) (param $to i32) (result i32) (local $sum i32)
        (loop $again
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u (local.get $from))))
            (br_if $again (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 997))) (local.get $to))))
        (local.get $sum))
    (func (export "run") (param $round i32) (result i32) (local $sum i32) (local $pending i32)
        (memory.fill (i32.const 3) (i32.const 77) (i32.const 300001))
        (local.set $pending (i32.mul (local.get $round) (i32.const 7)))
        (memory.init $bytes (i32.const 70001) (i32.const 5) (i32.const 2990))
        (memory.copy (i32.const 100) (i32.const 70000) (i32.const 230003))
        (memory.copy (i32.const 70000) (i32.const 100) (i32.const 230003))
        (local.set $sum (call $sum (i32.const 0) (i32.const 310000)))
        (drop (memory.grow $other (i32.const 5)))
        (memory.copy $other 0 (i32.const 64) (i32.const 69990) (i32.const 200000))
        (memory.copy 0 $other (i32.const 500000) (i32.const 0) (i32.const 200010))
        (local.set $sum (i32.add (local.get $sum) (call $sum (i32.const 500000) (i32.const 710000))))
        (local.set $sum (i32.add (local.get $sum) (table.grow $table (ref.func $f) (i32.const 40009))))
        (table.fill $table (i32.const 100) (ref.null func) (i32.const 30003))
        (table.init $table $functions (i32.const 2000) (i32.const 1) (i32.const 600))
        (table.copy $table $table (i32.const 105) (i32.const 2000) (i32.const 20000))
        (table.copy $table $table (i32.const 20) (i32.const 90) (i32.const 20000))
        (drop (table.grow $second (ref.null extern) (i32.const 70000)))
        (local.set $sum (i32.add (local.get $sum) (i32.mul (table.size $table) (table.size $second))))
        (local.set $sum (i32.add (local.get $sum) (ref.is_null (table.get $table (i32.const 35)))))
        (local.set $sum (i32.add (local.get $sum) (ref.is_null (table.get $table (i32.const 400)))))
        (local.set $sum (i32.sub (local.get $sum) (table.grow $second (ref.null extern) (i32.const -5))))
        (if (i32.eq (local.get $round) (i32.const 1)) (then
            (memory.fill (i32.const 2000000) (i32.const 1) (i32.const 1000000))))
        (if (i32.eq (local.get $round) (i32.const 2)) (then
            (table.copy $table $table (i32.const 40000) (i32.const 0) (i32.const 2000))))
        (if (i32.eq (local.get $round) (i32.const 3)) (then
            (memory.copy (i32.const 0) (i32.const 2600000) (i32.const 1000000))))
        (i32.add (local.get $sum) (local.get $pending))))"#;

/// The module of [`RANGES`].
fn ranges() -> String {
    let functions = ["$f "; 700].concat();
    RANGES.replace("{BYTES}", &["0123456789"; 300].concat()).replace("{FUNCTIONS}", &functions)
}

/// What a run ended with, and the canonical instructions it did.
#[derive(PartialEq, Debug)]
struct Outcome {
    result: String,
    instructions: u64,
}

fn outcome(source: &str, rounds: i64, mut go_on: impl FnMut(&mut Machine) -> (RunState, u64)) -> Outcome {
    let binary = minivm_wasm::parse_text(source.as_bytes(), "calls").expect("it is valid text");
    let program = minivm_wasm::translate(&binary, "calls").expect("it is valid");
    let verified = minivm_isa::verify(program).expect("the frontend makes verified programs");
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    let instance = machine.instantiate(verified).expect("it links");
    let function = machine.exported_function(instance, "run").expect("it is exported");
    machine.prepare(function, &[Value::int(rounds)]);
    let mut instructions = 0;
    loop {
        let (state, done) = go_on(&mut machine);
        instructions += done;
        let result = match state {
            RunState::OutOfFuel | RunState::Stepped | RunState::Interrupted => continue,
            RunState::Finished(values) => {
                format!("{:?}", values.iter().map(|value| value.as_int()).collect::<Vec<_>>())
            }
            RunState::Failed(Failure::Error { trap, .. }) => format!("{trap:?}"),
            RunState::Failed(Failure::Exit(code)) => format!("exit {code}"),
            RunState::Waiting(_) | RunState::Yielded(_) => unreachable!("nothing waits"),
        };
        return Outcome { result, instructions };
    }
}

/// A run in slices of so many instructions of baseline code.
fn plain(source: &str, rounds: i64, slice: u64) -> Outcome {
    outcome(source, rounds, |machine| {
        machine.set_fuel(Some(1 << 40));
        let state = machine.step(slice);
        (state, (1 << 40) - machine.fuel().expect("there is a limit"))
    })
}

/// A run with so much fuel at a time.
fn fast(source: &str, rounds: i64, slice: u64) -> Outcome {
    outcome(source, rounds, |machine| {
        machine.set_fuel(Some(slice));
        let state = machine.resume();
        if let RunState::OutOfFuel = state {
            assert_eq!(machine.fuel(), Some(0), "slices of {slice} are used up");
        }
        (state, slice - machine.fuel().expect("there is a limit"))
    })
}

#[test]
fn slices_are_exact() {
    let expected = plain(CALLS, 700, 1);
    assert_eq!(plain(CALLS, 700, 1_000), expected);
    for slice in SLICES {
        assert_eq!(fast(CALLS, 700, slice), expected, "slices of {slice}");
    }
}

/// The last rounds read past the end of the memory: in the callee, whose value is that of a load.
#[test]
fn traps_are_paid_for() {
    let expected = plain(CALLS, 2_000, 100_000);
    for slice in [2_049, 5_003, 1_000_000] {
        assert_eq!(fast(CALLS, 2_000, slice), expected, "slices of {slice}");
    }
}

/// Ranges are paid for by their size, and a run stops inside of them.
#[test]
fn ranges_are_paid_for_by_size() {
    let source = ranges();
    let traps = ["None", "MemoryBounds", "TableBounds", "MemoryBounds"];
    for (round, trap) in traps.into_iter().enumerate() {
        let expected = plain(&source, round as i64, 1);
        assert!(expected.instructions > 30_000, "{expected:?}");
        assert_eq!(expected.result.contains(trap), round > 0, "{expected:?}");
        assert_eq!(plain(&source, round as i64, 1_000), expected);
        for slice in [1, 3, 50, 2_047, 2_049, 3_000, 10_001, 1 << 30] {
            assert_eq!(fast(&source, round as i64, slice), expected, "slices of {slice}");
        }
    }
}

/// A range that is half done is part of a snapshot.
#[test]
fn ranges_are_saved_half_done() {
    let source = ranges();
    let expected = plain(&source, 0, 1_000);
    let mut stops = 0;
    let saved = outcome(&source, 0, |machine| {
        machine.set_fuel(Some(997));
        let state = machine.resume();
        let done = 997 - machine.fuel().expect("there is a limit");
        if matches!(state, RunState::OutOfFuel) {
            let bytes = machine.save(b"", CodeForm::Whole).expect("it can be saved");
            let mut other = minivm_conformance::raw_machine(Limits::default());
            other.load(&bytes).expect("it can be loaded");
            assert!(other.save(b"", CodeForm::Whole).expect("it can be saved") == bytes, "it is the same again");
            *machine = other;
            stops += 1;
        }
        (state, done)
    });
    assert_eq!(saved, expected);
    assert!(stops > 20, "{stops} stops");
}

/// A long range does not keep a run from stopping.
#[test]
fn long_ranges_stop_at_once() {
    let source = r#"(module (memory 16384) (func (export "run") (param i32) (result i32)
        (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000)) (br $again)) (unreachable)))"#;
    for interrupted in [false, true] {
        let begun = Instant::now();
        let stopped = outcome(source, 0, |machine| {
            machine.set_fuel((!interrupted).then_some(100_000));
            if interrupted {
                let deadline = begun + Duration::from_millis(1);
                machine.set_interrupt(move || Instant::now() >= deadline);
            }
            let state = machine.resume();
            let is_right =
                matches!((interrupted, &state), (false, RunState::OutOfFuel) | (true, RunState::Interrupted));
            assert!(is_right);
            (RunState::Finished(Vec::new()), 0)
        });
        assert_eq!(stopped.instructions, 0);
        // One fill of the memory takes about half a second.
        assert!(begun.elapsed() < Duration::from_millis(400), "it took {:?}", begun.elapsed());
    }
}

/// Where the stack overflows does not depend on the form of code either, whichever call comes to the limit.
#[test]
fn stacks_overflow_at_the_same_call() {
    let case = cases::limited("overflow_of_all_calls");
    for stack_words_max in 3_000..3_020 {
        let run = |pace| {
            let limits = Limits { stack_words_max, ..Limits::default() };
            let mut fuel = 0;
            let outcome = run_lua::run_with(&case, limits, |machine, function, arguments| {
                let paced = slicing::call(machine, function, arguments, pace);
                assert_eq!(paced.miscounts, [""; 0], "{pace:?}");
                fuel = paced.fuel;
                paced.result.unwrap_or(Err(Failure::Exit(1)))
            });
            (outcome.expect("the case runs").text(), fuel)
        };
        let expected = run(Pace::AtOnce { fuel: 1 << 40 });
        assert_eq!(expected.0.matches("false\tstack overflow").count(), 14, "{}", expected.0);
        for pace in [Pace::Plain, Pace::Portions { seed: 1 }, Pace::Mixed { seed: 1 }] {
            assert_eq!(run(pace), expected, "{pace:?}, stack of {stack_words_max} words");
        }
    }
}
