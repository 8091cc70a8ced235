//! Three languages in one program: functions made with the builder, a WebAssembly module that imports them, and Lua that uses
//! both and is called back.
//!
//! `cargo run -p minivm-modules --example mixed`

use minivm::{Limits, Machine, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Signature, Type, Verified};
use minivm_lua::stdlib::{self, host::NoHost};
use std::error::Error;

/// `clamp(x, low, high)` on doubles, and `pair(a, b)`, which joins any two values to a string.
fn shapes() -> Result<Verified, minivm_builder::BuildError> {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("clamp", Signature::typed(&[Type::F64; 3], &[Type::F64]));
    let raised = f.f64_max(f.param(0), f.param(1));
    let clamped = f.f64_min(raised, f.param(2));
    f.return_values(&[clamped.into()]);
    let clamp = program.add(f)?;
    program.export_function("clamp", clamp);
    let mut f = program.function("pair", Signature::dynamic(2, false));
    let comma = f.string(*b", ");
    let (first, second) = (f.param(0), f.param(1));
    let joined = f.concat(&[first.into(), comma, second.into()]);
    f.return_values(&[joined.into()]);
    let pair = program.add(f)?;
    program.export_function("pair", pair);
    program.finish()
}

const SOURCE: &str = r#"
local shapes = require "shapes"
local smooth = wasm.instantiate([[(module
  (import "shapes" "clamp" (func $clamp (param f64 f64 f64) (result f64)))
  (import "env" "next" (func $next (result f64)))
  (func (export "sum") (param $n i32) (result f64) (local $sum f64)
    (loop $again
      (local.set $sum (f64.add (local.get $sum) (call $clamp (call $next) (f64.const 0) (f64.const 1))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))]], { shapes = shapes, env = { next = coroutine.yield } })
-- The sum asks for each number by a yield through WebAssembly.
local sum = coroutine.wrap(smooth.sum)
sum(4)
for _, number in ipairs { -3, 0.25, 0.5 } do sum(number) end
return shapes.pair(sum(12), shapes.clamp(7, 0, 5))
"#;

fn run() -> Result<String, Box<dyn Error>> {
    let mut machine = Machine::new(Limits::default());
    let globals = stdlib::install(&mut machine, Box::new(NoHost))?;
    minivm_modules::install(&mut machine)?;
    let shapes = machine.instantiate(shapes()?)?;
    minivm_modules::add_module(&mut machine, "shapes", shapes)?;
    let program = minivm_lua::compile(SOURCE.as_bytes(), "=example").map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program)?;
    let chunk = machine.closure(instance, "main", &[globals])?;
    let results = machine.call(&chunk, &[])?;
    Ok(machine.describe(results.first().unwrap_or(&Value::NIL)))
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run()?);
    Ok(())
}

#[test]
fn the_languages_call_each_other() {
    assert_eq!(run().unwrap(), "1.75, 5.0");
}
