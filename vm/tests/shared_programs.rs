//! Instances of one program share its code, and what each has of its own is made when it is needed.

use minivm::{CodeForm, Limits, Machine, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Signature, Type, Verified};
use std::sync::Arc;

const MEGABYTE: u64 = 1 << 20;

fn saved(machine: &mut Machine) -> Vec<u8> {
    machine.save(b"", CodeForm::Whole).expect("it can be saved")
}

fn used(machine: &Machine) -> u64 {
    machine.memory_budget().used()
}

/// A program of so many functions of a few KB each, which call one another; `run` calls the first ones.
fn large(functions: i64) -> Arc<Verified> {
    let mut builder = ProgramBuilder::new();
    let mut last = None;
    for number in 0..functions {
        let mut f = builder.function(format!("f{number}"), Signature::typed(&[Type::I64], &[Type::I64]));
        let mut sum = f.param(0);
        for step in 0..20 {
            sum = f.i64_add(sum, number * step);
        }
        let mut results = Vec::new();
        if let Some(callee) = last.filter(|_| number < 3) {
            let result = f.register(Type::I64);
            f.call(&[result], callee, [sum]);
            results.push(result);
        } else {
            results.push(sum);
        }
        f.return_values(&results);
        let made = builder.add(f).expect("it is small");
        if number == 2 {
            builder.export_function("run", made);
        }
        last = Some(made);
    }
    builder.finish().expect("it verifies").into()
}

#[test]
fn instances_of_one_program_share_its_code() {
    let (mut machine, mut other) = (Machine::new(Limits::default()), Machine::new(Limits::default()));
    let program = large(2000);
    machine.instantiate(program.clone()).expect("it links");
    let first = used(&machine);
    assert!(first > 2 * MEGABYTE, "the program is large: {first}");
    let instance = machine.instantiate(program.clone()).expect("it links");
    assert!(used(&machine) - first < 64 << 10, "the second one takes {}", used(&machine) - first);
    let results = machine.invoke(instance, "run", &[Value::int(1)]);
    assert_eq!(results.expect("it returns")[0].as_int(), Some(1 + 190 + 380));
    // What it is charged for is part of its state.
    let before = used(&machine);
    let state = saved(&mut machine);
    other.load(&state).expect("it was just saved");
    assert_eq!(used(&other), before);
    // It is there as long as an instance is; then a program of that size is a new one.
    let state = saved(&mut Machine::new(Limits::default()));
    machine.load(&state).expect("it was just saved");
    assert!(used(&machine) < MEGABYTE, "{} are left", used(&machine));
    machine.instantiate(program).expect("it links");
    assert!(used(&machine) > 2 * MEGABYTE);
}
