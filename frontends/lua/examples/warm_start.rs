//! The top level of a program is run once and saved; a warm start loads what it left and calls the program's function.
//! `cargo run -p minivm-lua --example warm_start`

mod common;

use minivm::{CodeForm, Machine, RunState, Value};
use std::error::Error;
use std::time::{Duration, Instant};

const PROGRAM: &str = "local divisors = {}
for number = 1, 3000 do
  local count = 0
  for candidate = 1, number do
    if number % candidate == 0 then count = count + 1 end
  end
  divisors[number] = count
end
function main(number) return divisors[number] end
";

/// Compiles the program and runs its top level.
fn cold() -> Result<Machine, Box<dyn Error>> {
    let mut machine = common::prepared(PROGRAM, "divisors.lua")?;
    match machine.resume() {
        RunState::Finished(_) => Ok(machine),
        RunState::Failed(failure) => Err(failure.into()),
        RunState::OutOfFuel
        | RunState::Interrupted
        | RunState::Waiting(_)
        | RunState::Yielded(_)
        | RunState::Stepped
        | RunState::Interrupted => Err("it does not end".into()),
    }
}

/// Loads the state that the top level left.
fn warm(saved: &[u8]) -> Result<Machine, Box<dyn Error>> {
    let mut machine = common::machine()?;
    machine.load(saved)?;
    Ok(machine)
}

/// How long a start takes to its first answer.
fn timed(start: impl FnOnce() -> Result<Machine, Box<dyn Error>>) -> Result<(Machine, Duration), Box<dyn Error>> {
    let begin = Instant::now();
    let mut machine = start()?;
    let answer = common::call_global(&mut machine, "main", &[Value::int(2520)])?;
    assert_eq!(answer[0].as_int(), Some(48));
    Ok((machine, begin.elapsed()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut machine, cold_time) = timed(cold)?;
    let saved = machine.save(b"", CodeForm::Whole)?;
    let (_, warm_time) = timed(|| warm(&saved))?;
    println!("cold start: {cold_time:?}");
    println!("warm start: {warm_time:?}, from {} bytes", saved.len());
    Ok(())
}
