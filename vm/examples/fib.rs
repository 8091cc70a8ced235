//! Times a recursive function of `any` values.
use minivm::{Limits, Machine, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Signature, Type};
fn main() {
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
    let fib = p.add(f).unwrap();
    p.export_function("fib", fib);
    let mut machine = Machine::new(Limits::default());
    let instance = machine.instantiate(p.finish().unwrap()).unwrap();
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(35);
    println!("{:?}", machine.invoke(instance, "fib", &[Value::int(n)]).unwrap());
}
