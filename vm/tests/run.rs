//! Small programs made with the builder, run to their end.

mod common;

use minivm::raw::{Limits, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Signature, Type};

fn fib_any(n: i64) -> Vec<Value> {
    let mut p = ProgramBuilder::new();
    let mut f = p.function("fib", Signature::dynamic(1, false));
    let n_reg = f.param(0);
    let (small, large) = (f.block(), f.block());
    let two = f.integer(2);
    f.branch_less(n_reg, two, small, large);
    f.switch_to(small);
    f.return_values(&[n_reg.into()]);
    f.switch_to(large);
    let me = f.current_function();
    let one = f.integer(1);
    let a = f.sub(n_reg, one);
    let (x, y) = (f.register(Type::Any), f.register(Type::Any));
    f.call_any(&[x], me, &[a.into()]);
    let b = f.sub(n_reg, two);
    f.call_any(&[y], me, &[b.into()]);
    let sum = f.add(x, y);
    f.return_values(&[sum.into()]);
    let fib = p.add(f).expect("it is well-formed");
    p.export_function("fib", fib);
    let mut machine = common::raw_machine(Limits::default());
    let instance = machine.instantiate(p.finish().expect("it verifies")).expect("it links");
    machine.invoke(instance, "fib", &[Value::int(n)]).expect("it runs")
}

#[test]
fn any_fib() {
    assert_eq!(fib_any(20)[0].as_int(), Some(6765));
}

#[test]
fn typed_fib() {
    let mut p = ProgramBuilder::new();
    let signature = Signature::typed(&[Type::I32], &[Type::I32]);
    let fib = p.declare(signature.clone());
    let mut f = p.function("fib", signature);
    let n = f.param(0);
    let (small, large) = (f.block(), f.block());
    let two = f.i32(2);
    f.branch_i32_lt_s(n, two, small, large);
    f.switch_to(small);
    f.return_values(&[n.into()]);
    f.switch_to(large);
    let one = f.i32(1);
    let a = f.i32_sub(n, one);
    let (x, y) = (f.register(Type::I32), f.register(Type::I32));
    f.call(&[x], fib, &[a.into()]);
    let b = f.i32_sub(n, two);
    f.call(&[y], fib, &[b.into()]);
    let sum = f.i32_add(x, y);
    f.return_values(&[sum.into()]);
    p.define(fib, f).expect("it is well-formed");
    p.export_function("fib", fib);
    let mut machine = common::raw_machine(Limits::default());
    let instance = machine.instantiate(p.finish().expect("it verifies")).expect("it links");
    let results = machine.invoke(instance, "fib", &[Value::int(20)]).expect("it runs");
    assert_eq!(results[0].as_int(), Some(6765));
}
