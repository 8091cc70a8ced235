//! Every case that mixes languages, run through the library, prints what is stored; in optimised code, in baseline code, and with a
//! collector that works at every chance.

use libtest_mimic::{Arguments, Trial};
use minivm::raw::heap::Stress;
use minivm::raw::{Failure, Machine, RunState, Value};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_mixed, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in cases::mixed() {
        for (way, check) in WAYS {
            let case = case.clone();
            trials.push(Trial::test(format!("{}{way}", case.name), move || Ok(known::judge(&case, check(&case))?)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

type Check = fn(&Case) -> Result<(), String>;

const WAYS: [(&str, Check); 3] = [("", fast), (", stepped", stepped), (", collecting", collecting)];

fn fast(case: &Case) -> Result<(), String> {
    let outcome = with_small_stack(|| run_mixed::run(case))?;
    snapshot::check(case, &outcome.text())
}

/// Slices of a prime number of instructions, so that the run stops everywhere.
fn stepped(case: &Case) -> Result<(), String> {
    let outcome = with_small_stack(|| run_mixed::run_with(case, in_slices))?;
    snapshot::check(case, &outcome.text())
}

fn in_slices(machine: &mut Machine, chunk: Value, arguments: &[Value]) -> Result<Vec<Value>, Failure> {
    machine.prepare(chunk, arguments);
    let mut slice = 0;
    loop {
        slice += 1;
        // By turns in baseline code and in optimised code with little fuel.
        let state = if slice % 2 == 0 {
            machine.step(7)
        } else {
            machine.set_fuel(Some(101));
            let state = machine.resume();
            machine.set_fuel(None);
            state
        };
        match state {
            RunState::Finished(values) => return Ok(values),
            RunState::Failed(failure) => return Err(failure),
            RunState::OutOfFuel | RunState::Stepped | RunState::Interrupted => {}
            RunState::Waiting(request) => panic!("nothing here waits for {}", request.name()),
            RunState::Yielded(_) => panic!("nothing here yields to the host"),
        }
    }
}

fn collecting(case: &Case) -> Result<(), String> {
    let run = |machine: &mut Machine, chunk: Value, arguments: &[Value]| {
        machine.keep(chunk);
        machine.heap().set_stress(Stress::Steps);
        machine.call(chunk, arguments)
    };
    let outcome = with_small_stack(|| run_mixed::run_with(case, run))?;
    snapshot::check(case, &outcome.text())
}
