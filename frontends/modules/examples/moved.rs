//! A program in three languages moves to another process half-way: it is stopped while a coroutine waits in a callback from
//! WebAssembly, saved in a file, and this example, started once more, loads and finishes it.
//!
//! `cargo run -p minivm-modules --example moved`

use minivm::{CodeForm, Limits, Machine, RunState, Value, snapshot_file};
use minivm_builder::ProgramBuilder;
use minivm_isa::{Signature, Type, Verified};
use minivm_lua::stdlib::{self, host::NoHost};
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// What the second process is started with, before the name of the file.
const FINISH: &str = "--finish";

/// `mix(a, b)`, a step of a generator of pseudo-random numbers, made with the builder.
fn mixer() -> Result<Verified, minivm_builder::BuildError> {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("mix", Signature::typed(&[Type::I32; 2], &[Type::I32]));
    let scaled = f.i32_mul(f.param(0), 1_103_515_245);
    let mixed = f.i32_add(scaled, f.param(1));
    f.return_values(&[mixed.into()]);
    let mix = program.add(f)?;
    program.export_function("mix", mix);
    program.finish()
}

const SOURCE: &str = r#"
local mixer = require "mixer"
-- Fills its memory with mixed numbers, and asks for what to add to each.
local filler = wasm.instantiate([[(module
  (import "mixer" "mix" (func $mix (param i32 i32) (result i32)))
  (import "env" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "fill") (param $count i32) (result i32) (local $at i32) (local $x i32)
    (loop $again
      (local.set $x (call $mix (local.get $x) (call $next (local.get $at))))
      (i32.store (local.get $at) (local.get $x))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $x)))]], { mixer = mixer, env = { next = coroutine.yield } })
local fill, seen = coroutine.wrap(filler.fill), {}
local at = fill(20)
for i = 1, 20 do
  seen[i] = filler.memory:get("u32", math.max(at - 4, 0)) % 1000
  at = fill(i * i)
end
return table.concat(seen, " ") .. ": " .. at
"#;

fn machine() -> Result<Machine, Box<dyn Error>> {
    let mut machine = Machine::new(Limits::default());
    stdlib::install(&mut machine, Box::new(NoHost))?;
    minivm_modules::install(&mut machine)?;
    Ok(machine)
}

/// A machine in which the program is about to run.
fn prepared() -> Result<Machine, Box<dyn Error>> {
    let mut machine = machine()?;
    let globals = stdlib::globals(&mut machine);
    let mixer = machine.instantiate(mixer()?)?;
    minivm_modules::add_module(&mut machine, "mixer", mixer)?;
    let program = minivm_lua::compile(SOURCE.as_bytes(), "=moved").map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program)?;
    let chunk = machine.closure(instance, "main", &[globals])?;
    machine.prepare(&chunk, &[])?;
    Ok(machine)
}

/// Runs to the end; gives what the program returns.
fn finish(machine: &mut Machine) -> Result<String, Box<dyn Error>> {
    match machine.resume() {
        RunState::Finished(values) => Ok(machine.describe(values.first().unwrap_or(&Value::NIL))),
        RunState::Failed(failure) => Err(failure.to_string().into()),
        RunState::OutOfFuel
        | RunState::Stepped
        | RunState::Interrupted
        | RunState::Waiting(_)
        | RunState::Yielded(_) => Err("it has not ended".into()),
    }
}

/// The number of instructions of the whole run, and what it returns.
fn whole() -> Result<(u64, String), Box<dyn Error>> {
    const PLENTY: u64 = 1 << 40;
    let mut machine = prepared()?;
    machine.set_fuel(Some(PLENTY));
    let result = finish(&mut machine)?;
    Ok((PLENTY - machine.fuel().unwrap_or(PLENTY), result))
}

/// The first process: runs half of the program, saves it, and lets another process do the rest.
fn move_on() -> Result<(), Box<dyn Error>> {
    let (instructions, expected) = whole()?;
    let mut machine = prepared()?;
    machine.set_fuel(Some(instructions / 2));
    let RunState::OutOfFuel = machine.resume() else { return Err("it should have stopped half-way".into()) };
    let file = snapshot_file::pack(&machine.save(b"moved", CodeForm::Whole)?)?;
    let path = std::env::temp_dir().join(format!("minivm-moved-{}.mvs", std::process::id()));
    std::fs::write(&path, &file)?;
    println!("stopped after {} of {instructions} instructions, {} bytes", instructions / 2, file.len());
    print!("{}", machine.traceback());
    println!();
    drop(machine);
    let second = Command::new(std::env::current_exe()?).arg(FINISH).arg(&path).stderr(Stdio::inherit()).output();
    std::fs::remove_file(&path)?;
    let printed = String::from_utf8(second?.stdout)?;
    print!("{printed}");
    if printed.trim_end() == expected {
        println!("an uninterrupted run gives the same");
        Ok(())
    } else {
        Err(format!("an uninterrupted run gives {expected}").into())
    }
}

/// The second process: knows nothing but the file.
fn go_on(path: &Path) -> Result<(), Box<dyn Error>> {
    let payload = snapshot_file::unpack(&std::fs::read(path)?)?;
    let mut machine = machine()?;
    machine.load(&payload)?;
    machine.set_fuel(None);
    println!("{}", finish(&mut machine)?);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [first, path] if first == FINISH => go_on(Path::new(path)),
        // Run as a test, it may be given words of the harness.
        _ => move_on(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moved: {error}");
            ExitCode::FAILURE
        }
    }
}
