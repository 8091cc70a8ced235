//! What the tests of the machine share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use minivm::raw::{Failure, Limits, Machine, Value};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::Signature;

/// A raw machine, for the tests of what trusted libraries use.
pub fn raw_machine(limits: Limits) -> Machine {
    // SAFETY: the tests keep to the contract of `minivm::raw`: values that they hold over a safepoint are kept or exported.
    unsafe { Machine::new(limits) }
}

/// The text of a failure.
pub fn message(machine: &mut Machine, failure: Failure) -> String {
    match failure {
        Failure::Error { value, .. } => machine.describe(value),
        Failure::Exit(code) => format!("exit {code}"),
    }
}

/// A machine with one program, made by `make`, and the value of its export `main`.
pub fn machine(limits: Limits, make: impl FnOnce(&mut ProgramBuilder)) -> (Machine, Value) {
    let mut p = ProgramBuilder::new();
    make(&mut p);
    let mut machine = raw_machine(limits);
    let program = p.finish().unwrap_or_else(|error| panic!("{error}"));
    let instance = machine.instantiate(program).expect("it links");
    let main = machine.exported_function(instance, "main").expect("main is exported");
    (machine, main)
}

/// Adds a dynamic function `main` without parameters.
pub fn main(p: &mut ProgramBuilder, body: impl FnOnce(&mut FunctionBuilder)) {
    let mut f = p.function("main", Signature::dynamic(0, true));
    body(&mut f);
    f.return_values(&[]);
    let main = p.add(f).expect("it is well-formed");
    p.export_function("main", main);
}

/// What a program returns, as text.
pub fn returns(items: impl FnOnce(&mut ProgramBuilder), body: impl FnOnce(&mut FunctionBuilder)) -> Vec<String> {
    let (mut machine, function) = machine(Limits::default(), |p| {
        items(p);
        main(p, body);
    });
    match machine.call(function, &[]) {
        Ok(values) => values.into_iter().map(|value| machine.describe(value)).collect(),
        Err(failure) => panic!("it fails: {}", message(&mut machine, failure)),
    }
}

/// What a program fails with.
pub fn fails(items: impl FnOnce(&mut ProgramBuilder), body: impl FnOnce(&mut FunctionBuilder)) -> String {
    let (mut machine, function) = machine(Limits::default(), |p| {
        items(p);
        main(p, body);
    });
    match machine.call(function, &[]) {
        Ok(_) => panic!("it succeeds"),
        Err(failure) => message(&mut machine, failure),
    }
}
