//! Host functions that charge for their work: it costs the same however a run is cut, and can be stopped and saved inside.

mod common;

use minivm::raw::{CodeForm, HostCall, Limits, Machine, Outcome, Protect, Raise, RunState, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Instruction, Signature, Type};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Units of a slice of `sum`.
const SLICE: i64 = 700;

/// `sum(n)`: the sum of the numbers up to `n`, for 1 unit each, in slices of `SLICE`. Keeps what is left and the sum so far.
fn sum(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    if call.state() == 0 {
        call.charge(3)?;
        call.charge(4)?;
        call.keep(&[call.arg(0), Value::int(0)])?;
        return call.go_on(1);
    }
    let (left, so_far) = (call.arg(0).as_int().unwrap_or(0), call.arg(1).as_int().unwrap_or(0));
    let count = left.min(SLICE);
    call.charge(count as u64)?;
    let so_far = so_far + (0..count).map(|offset| left - offset).sum::<i64>();
    if count == left {
        return call.return_one(Value::int(so_far));
    }
    call.set_arg(0, Value::int(left - count));
    call.set_arg(1, Value::int(so_far));
    call.go_on(1)
}

/// `each(f, n)`: calls `f(1)`, `f(2)`, … `f(n)` protected and gives the sum of what they return, where errors count 1000.
/// Charges for each result before it takes it.
fn each(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let (function, count) = (call.arg(0), call.arg(1).as_int().unwrap_or(0));
    let (mut at, mut so_far) = (call.arg(2).as_int().unwrap_or(0), call.arg(3).as_int().unwrap_or(0));
    if call.state() == 1 {
        call.charge(600)?;
        so_far += match call.returned() {
            Ok(values) => values.iter().filter_map(|value| value.as_int()).sum::<i64>(),
            Err(error) => 1000 + error.as_int().unwrap_or(0),
        };
    }
    at += 1;
    if at > count {
        return call.return_values(&[Value::int(so_far), Value::TRUE]);
    }
    call.keep(&[function, Value::int(count), Value::int(at), Value::int(so_far)])?;
    call.call_protected(function, &[Value::int(at)], 1, Protect::Catch, Value::NIL)
}

/// `fail(n)`: an error with the value `n`, for 50 units.
fn fail(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    call.charge(50)?;
    Err(Raise::Value(call.arg(0)))
}

/// What the host functions have in common.
type Host = fn(&mut HostCall<'_>) -> Result<Outcome, Raise>;

/// `main(n, sum, each, fail)` calls them all for the numbers from `n` down to 1, and adds up what they give.
fn program() -> minivm_isa::verify::Verified {
    let mut p = ProgramBuilder::new();
    let mut f = p.function("main", Signature::dynamic(4, false));
    let (left, body, end) = (f.param(0), f.block(), f.block());
    let [sum, each, fail] = [1, 2, 3].map(|index| f.param(index));
    let (one, zero, total, argument) = (f.integer(1), f.integer(0), f.register(Type::Any), f.register(Type::Any));
    let times = f.integer(500);
    f.emit(Instruction::Add { dst: total, lhs: zero, rhs: zero });
    f.jump(body);
    f.switch_to(body);
    f.emit(Instruction::Mul { dst: argument, lhs: left.into(), rhs: times });
    for (callee, arguments) in [
        (sum, vec![argument.into()]),
        (each, vec![sum.into(), left.into()]),
        (each, vec![fail.into(), left.into()]),
        (each, vec![each.into(), left.into()]),
    ] {
        let part = f.register(Type::Any);
        f.emit(Instruction::CallAny { results: [part].into(), callee: callee.into(), arguments: arguments.into() });
        f.emit(Instruction::Add { dst: total, lhs: total.into(), rhs: part.into() });
    }
    f.emit(Instruction::Sub { dst: left, lhs: left.into(), rhs: one });
    f.branch_less(zero, left, body, end);
    f.switch_to(end);
    f.return_values(&[total.into()]);
    let main = p.add(f).expect("it is well-formed");
    p.export_function("main", main);
    p.finish().unwrap_or_else(|error| panic!("{error}"))
}

/// A machine with the host functions, and their values.
fn hosts() -> (Machine, Vec<Value>) {
    let mut machine = common::raw_machine(Limits::default());
    let functions: [(&str, Host); 3] = [("sum", sum), ("each", each), ("fail", fail)];
    let values = functions.map(|(name, function)| machine.host_function(name, function).expect("there is memory"));
    (machine, values.to_vec())
}

/// A machine that is about to call `main(rounds, …)`, without fuel.
fn prepared(rounds: i64) -> Machine {
    let (mut machine, hosts) = hosts();
    let instance = machine.instantiate(program()).expect("it links");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.prepare(main, &[&[Value::int(rounds)], &hosts[..]].concat());
    machine.set_fuel(Some(0));
    machine
}

/// What a run gave, and what it cost.
#[derive(PartialEq, Debug)]
struct Ran {
    result: Option<i64>,
    fuel: u64,
}

/// Runs to the end with so much fuel at a time, and does something at each stop.
fn in_slices(rounds: i64, slice: impl Fn(u64) -> u64, mut at_stop: impl FnMut(Machine) -> Machine) -> Ran {
    let mut machine = prepared(rounds);
    let mut given = 0;
    for turn in 0.. {
        machine.add_fuel(slice(turn));
        given += slice(turn);
        match machine.resume() {
            RunState::OutOfFuel => assert_eq!(machine.fuel(), Some(0), "slice {turn}"),
            RunState::Finished(values) => {
                let fuel = given - machine.fuel().expect("there is a limit");
                return Ran { result: values[0].as_int(), fuel };
            }
            _ => panic!("it fails in slice {turn}"),
        }
        machine = at_stop(machine);
    }
    unreachable!("it ends")
}

fn at_once(rounds: i64) -> Ran {
    in_slices(rounds, |_| 1 << 40, |machine| machine)
}

#[test]
fn work_is_paid_for() {
    let ran = at_once(2);
    // Four rounds of numbers, errors that count 1000 and 1, and `each` of numbers, which fails.
    assert!(ran.fuel > 500 + 1000, "{ran:?}");
    let mut machine = prepared(2);
    machine.set_fuel(None);
    assert!(matches!(machine.resume(), RunState::Finished(values) if values[0].as_int() == ran.result));
    assert_eq!(machine.fuel(), None);
}

#[test]
fn slices_change_nothing() {
    let expected = at_once(3);
    for slice in [1, 2, 3, 7, 50, 699, 700, 701, 2_047, 2_048, 2_049, 3_000, 5_001] {
        assert_eq!(in_slices(3, |_| slice, |machine| machine), expected, "slices of {slice}");
    }
    let mixed = |turn: u64| [1, 2_500, 13, 700, 2_049, 0, 90][turn as usize % 7];
    assert_eq!(in_slices(3, mixed, |machine| machine), expected);
}

#[test]
fn steps_stop_between_slices_of_work() {
    let expected = at_once(3);
    for step in [1, 2, 5] {
        let mut machine = prepared(3);
        machine.set_fuel(Some(1 << 40));
        let (mut stops, mut inside) = (0, 0);
        let result = loop {
            match machine.step(step) {
                RunState::Stepped => {
                    stops += 1;
                    inside += usize::from(machine.frames().next().is_some_and(|frame| frame.name == "sum"));
                }
                RunState::Finished(values) => break values[0].as_int(),
                _ => panic!("it fails"),
            }
        };
        let fuel = (1 << 40) - machine.fuel().expect("there is a limit");
        assert_eq!(Ran { result, fuel }, expected, "steps of {step}");
        assert!(stops > 20 / step && inside > 0, "{stops} stops, {inside} of them inside");
    }
}

#[test]
fn what_is_paused_is_saved_and_copied() {
    let expected = at_once(3);
    let mut inside = 0;
    for slice in [97, 350, 2_700] {
        let saved = in_slices(
            3,
            |_| slice,
            |mut machine| {
                inside += usize::from(machine.frames().next().is_some_and(|frame| frame.name != "main"));
                let bytes = machine.save(b"", CodeForm::Whole).expect("it can be saved");
                let (mut other, _) = hosts();
                other.load(&bytes).expect("it can be loaded");
                assert!(other.save(b"", CodeForm::Whole).expect("it can be saved") == bytes, "it is the same again");
                other
            },
        );
        assert_eq!(saved, expected, "slices of {slice}");
        let copied = in_slices(
            3,
            |_| slice,
            |mut machine| {
                let (mut other, _) = hosts();
                machine.copy_into(&mut other).expect("it can be copied");
                other
            },
        );
        assert_eq!(copied, expected, "slices of {slice}");
        let aside = in_slices(
            3,
            |_| slice,
            |mut machine| {
                let id = machine.suspend().expect("it can go on");
                let bytes = machine.save(b"", CodeForm::Whole).expect("it can be saved");
                let (mut other, _) = hosts();
                other.load(&bytes).expect("it can be loaded");
                assert!(other.switch_to(id), "it is there");
                other
            },
        );
        assert_eq!(aside, expected, "slices of {slice}");
    }
    assert!(inside > 100, "it was stopped inside of host functions");
}

/// A host function that calls another one, and that one it: nothing of it is an instruction.
#[test]
fn calls_of_host_functions_by_one_another_are_charged() {
    let mut machine = common::raw_machine(Limits::default());
    let again = |call: &mut HostCall<'_>| match call.state() {
        0 => call.call(call.callee(), &[], 1),
        _ => call.return_none(),
    };
    let again = machine.host_function("again", again).expect("there is memory");
    // Deeper than this, nested calls are an error.
    machine.set_fuel(Some(100));
    assert!(matches!(machine.start(again, &[]), RunState::OutOfFuel));
    assert_eq!(machine.fuel(), Some(0));
    let endless = machine.host_function("endless", |call| call.go_on(0)).expect("there is memory");
    machine.set_fuel(Some(1_000));
    assert!(matches!(machine.start(endless, &[]), RunState::OutOfFuel));
    let tail = machine.host_function("tail", |call| call.tail_call(call.callee(), &[])).expect("there is memory");
    machine.set_fuel(Some(1_000));
    assert!(matches!(machine.start(tail, &[]), RunState::OutOfFuel));
    assert_eq!(machine.fuel(), Some(0));
}

#[test]
fn interrupts_stop_runs_without_a_limit() {
    for limit in [None, Some(1 << 40)] {
        let (mut machine, _) = hosts();
        let endless = machine.host_function("endless", |call| call.go_on(0)).expect("there is memory");
        let asked = Arc::new(AtomicU32::new(0));
        let counter = asked.clone();
        machine.set_interrupt(move || (counter.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(3));
        machine.set_fuel(limit);
        assert!(matches!(machine.start(endless, &[]), RunState::Interrupted));
        assert!(matches!(machine.resume(), RunState::Interrupted));
        assert_eq!(asked.load(Ordering::Relaxed), 6);
        assert!(machine.is_stopped());
        let used = limit.map_or(0, |limit| limit - machine.fuel().expect("there is a limit"));
        assert!(used < 1 << 22, "{used}");
        let mut machine = prepared(3);
        machine.set_fuel(limit);
        let mut turn = 0;
        machine.set_interrupt(move || {
            turn += 1;
            turn % 2 == 0
        });
        let mut stops = 0;
        let result = loop {
            match machine.resume() {
                RunState::Interrupted => stops += 1,
                RunState::Finished(values) => break values[0].as_int(),
                _ => panic!("it fails"),
            }
        };
        let expected = at_once(3);
        assert_eq!(result, expected.result, "after {stops} interrupts");
        if let Some(limit) = limit {
            assert_eq!(limit - machine.fuel().expect("there is a limit"), expected.fuel);
        }
    }
}
