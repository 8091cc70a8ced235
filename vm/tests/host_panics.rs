//! A host function that panics: whoever runs the machine gets the panic, and can use the machine further.

mod common;

use minivm::raw::{Limits, Machine, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::Signature;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A program with `call`, which calls the host function `panics`, and `twice`.
fn machine() -> (Machine, Value, Value) {
    let mut builder = ProgramBuilder::new();
    let panics = builder.import_function("host", "panics", Signature::dynamic(1, false));
    let mut f = builder.function("call", Signature::dynamic(1, false));
    let callee = f.ref_func(panics);
    let given = f.register(minivm_isa::Type::Any);
    let argument = f.param(0);
    f.call_any(&[given], callee, &[argument.into()]);
    f.return_values(&[given.into()]);
    let call = builder.add(f).expect("it is complete");
    builder.export_function("call", call);
    let mut f = builder.function("twice", Signature::dynamic(1, false));
    let doubled = f.add(f.param(0), f.param(0));
    f.return_values(&[doubled.into()]);
    let twice = builder.add(f).expect("it is complete");
    builder.export_function("twice", twice);

    let mut machine = common::raw_machine(Limits::default());
    let defined = machine.define("host", "panics", |call| {
        assert!(call.arg(0).as_int() != Some(7), "seven is not allowed");
        call.return_args_from(0)
    });
    defined.expect("there is memory");
    let instance = machine.instantiate(builder.finish().expect("it verifies")).expect("it links");
    let function = |name| machine.exported_function(instance, name).expect("it is exported");
    let (call, twice) = (function("call"), function("twice"));
    (machine, call, twice)
}

#[test]
fn the_panic_reaches_the_embedder_and_the_machine_goes_on() {
    let (mut machine, call, twice) = machine();
    for _ in 0..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| machine.call(call, &[Value::int(7)]).is_ok()));
        let payload = panic.expect_err("the panic comes through");
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"seven is not allowed"));
        let given = machine.call(call, &[Value::int(8)]).expect("it runs");
        assert_eq!(given[0].as_int(), Some(8));
        let doubled = machine.call(twice, &[Value::int(21)]).expect("it runs");
        assert_eq!(doubled[0].as_int(), Some(42));
    }
    machine.close().expect("nothing is left");
}
