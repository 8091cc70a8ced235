//! Several runs in one machine, of programs without a language.

mod common;

use common::machine;
use minivm::raw::{FiberScheduler, Limits, Machine, RunActivity, RunState, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Instruction, Signature, Type};

/// A function that counts its argument down and gives the sum of what it met, in typed registers.
fn sum_down(p: &mut ProgramBuilder) {
    let mut f = p.function("main", Signature::dynamic(1, false));
    let (left, body, end) = (f.param(0), f.block(), f.block());
    let (one, zero, sum) = (f.integer(1), f.integer(0), f.register(Type::Any));
    f.emit(Instruction::Add { dst: sum, lhs: zero, rhs: zero });
    f.open_local("sum", sum);
    f.jump(body);
    f.switch_to(body);
    f.emit(Instruction::Add { dst: sum, lhs: sum.into(), rhs: left.into() });
    f.emit(Instruction::Sub { dst: left, lhs: left.into(), rhs: one });
    f.branch_less(zero, left, body, end);
    f.switch_to(end);
    f.return_values(&[sum.into()]);
    let main = p.add(f).expect("it is well-formed");
    p.export_function("main", main);
}

fn sums() -> (Machine, Value) {
    machine(Limits::default(), sum_down)
}

fn finished(state: RunState) -> Option<i64> {
    match state {
        RunState::Finished(values) => values[0].as_int(),
        _ => None,
    }
}

/// Runs so many to their ends; gives the order of their ends with their results, and what they cost.
fn in_turn(rounds: &[i64], quantum: impl Fn(u64) -> u64) -> (Vec<(u64, Option<i64>)>, u64) {
    let (mut machine, main) = sums();
    machine.set_fuel(Some(1 << 30));
    let mut scheduler = FiberScheduler::new(1);
    for &rounds in rounds {
        scheduler.spawn(&mut machine, main, &[Value::int(rounds)]).expect("there is memory");
    }
    let (mut ends, mut turns) = (Vec::new(), 0);
    while !scheduler.is_empty() {
        scheduler.set_quantum(quantum(turns));
        turns += 1;
        if let Some(task) = scheduler.turn(&mut machine) {
            ends.push((task.id.number(), finished(task.state)));
        }
    }
    (ends, (1 << 30) - machine.fuel().expect("there is a limit"))
}

#[test]
fn turns_change_the_order_and_nothing_else() {
    let rounds = [900, 30, 300];
    let results = [(0, Some(405_450)), (1, Some(465)), (2, Some(45_150))];
    let (ends, cost) = in_turn(&rounds, |_| 1 << 20);
    assert_eq!(ends, results);
    for quantum in [1, 2, 3, 17, 100, 400] {
        let found = in_turn(&rounds, |_| quantum);
        assert_eq!(found, (vec![results[1], results[2], results[0]], cost), "quantum {quantum}");
    }
    let found = in_turn(&rounds, |turn| 1 + turn * 7 % 50);
    assert_eq!(found.1, cost);
}

#[test]
fn runs_are_taken_up_in_any_order() {
    let (mut machine, main) = sums();
    assert_eq!((machine.suspend(), machine.run_id(), machine.runs()), (None, None, vec![]));
    let first = machine.spawn(main, &[Value::int(10)]).expect("there is memory");
    machine.prepare(main, &[Value::int(20)]);
    assert!(matches!(machine.step(10), RunState::Stepped));
    let second = machine.suspend().expect("it can go on");
    assert_eq!(machine.runs(), [first, second]);
    assert_eq!(machine.run_activity(first), Some(RunActivity::New));
    assert_eq!(machine.run_activity(second), Some(RunActivity::Ready));
    assert!(machine.frames().next().is_none() && machine.frames_of_run(first).next().is_none());
    let frame = machine.frames_of_run(second).next().expect("it has begun");
    let (name, instruction) = (frame.name, frame.instruction);
    assert_eq!(name, "main");

    // Whoever is at work makes room for the next; a call of the host in between is another run.
    assert!(machine.switch_to(first) && machine.switch_to(second));
    assert_eq!((machine.run_id(), machine.runs()), (Some(second), vec![first]));
    assert_eq!(machine.frames().next().map(|frame| frame.instruction), Some(instruction));
    machine.suspend();
    assert_eq!(machine.runs(), [first, second]);
    assert_eq!(machine.call(main, &[Value::int(4)]).expect("it runs")[0].as_int(), Some(10));
    assert_eq!((machine.run_id(), machine.suspend()), (None, None), "it has told its end");
    for (id, sum) in [(second, 210), (first, 55)] {
        assert!(machine.switch_to(id));
        assert_eq!(finished(machine.resume()), Some(sum));
        assert!(!machine.switch_to(id) && machine.run_activity(id).is_none());
    }
    // Numbers are not used again.
    let third = machine.spawn(main, &[Value::int(1)]).expect("there is memory");
    assert!(third > second && machine.drop_run(third) && !machine.drop_run(third));
}

#[test]
fn the_budget_of_the_machine_is_that_of_all() {
    let (mut machine, main) = sums();
    let mut scheduler = FiberScheduler::new(50);
    let ids =
        [1000, 2000].map(|rounds| scheduler.spawn(&mut machine, main, &[Value::int(rounds)]).expect("there is memory"));
    machine.set_fuel(Some(120));
    let task = scheduler.run(&mut machine).expect("the budget ends");
    assert!(matches!(task.state, RunState::OutOfFuel));
    assert_eq!((task.id, machine.run_id(), machine.fuel()), (ids[0], Some(ids[0]), Some(0)));
    scheduler.put_back(task.id);
    assert_eq!(scheduler.runs().collect::<Vec<_>>(), [ids[1], ids[0]]);
    machine.set_fuel(None);
    let mut sums = Vec::new();
    while let Some(task) = scheduler.run(&mut machine) {
        sums.push(finished(task.state));
    }
    assert_eq!(sums, [Some(500_500), Some(2_001_000)]);
    assert_eq!(machine.fuel(), None);
}

/// Memory counts for all runs together: when there is no more, the next one is an error.
#[test]
fn the_limit_of_memory_holds_for_all() {
    let limits = Limits { memory_bytes_max: 1 << 20, ..Limits::default() };
    let (mut machine, main) = machine(limits, sum_down);
    let mut count = 0;
    while machine.spawn(main, &[Value::int(5)]).is_ok() {
        count += 1;
        assert!(count < 2000, "each takes memory");
    }
    assert!(count > 100);
    let first = machine.runs()[0];
    assert!(machine.switch_to(first));
    assert_eq!(finished(machine.resume()), Some(15));
}
