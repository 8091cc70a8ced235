//! Ten thousand Lua functions that never yield take turns in one machine, each for a quantum that the host sets; then the
//! whole is saved half-way and goes on elsewhere. Prints what one of them costs.
//! `cargo run -p minivm-lua --example preemptive`

mod common;

use minivm::{CodeForm, FiberScheduler, Machine, RunState, Value};
use std::error::Error;

const RUNS: usize = 10_000;
/// What a suspended one may cost.
const BYTES_MAX: usize = 1536;
/// Instructions of the first turns, and of the later ones.
const QUANTA: [u64; 2] = [30, 200];

/// A function that is busy and never lets others go on by itself; one in a thousand fails.
const PROGRAM: &str = "function work(number)
  local sum, rounds = 0, 10 + number % 50
  for round = 1, rounds do
    sum = sum + number * round
  end
  if number % 1000 == 999 then
    error('number ' .. number .. ' does not like this')
  end
  return sum
end
";

fn used_bytes(machine: &mut Machine) -> Result<usize, Box<dyn Error>> {
    common::call_global(machine, "collectgarbage", &[])?;
    Ok(machine.heap_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut machine = common::prepared(PROGRAM, "work.lua")?;
    let RunState::Finished(_) = machine.resume() else { return Err("the top level does not end".into()) };
    let before = used_bytes(&mut machine)?;

    let globals = minivm_lua::stdlib::globals(&mut machine);
    let work = machine.get_name(&globals, "work")?;
    let mut scheduler = FiberScheduler::new(QUANTA[0]);
    for number in 0..RUNS {
        scheduler.spawn(&mut machine, &work, &[Value::int(number as i64)])?;
    }
    // One turn each: now all of them are in the middle of their work.
    for _ in 0..RUNS {
        if scheduler.turn(&mut machine)?.is_some() {
            return Err("none is so short".into());
        }
    }
    let each = (used_bytes(&mut machine)? - before) / RUNS;
    println!("{RUNS} runs are suspended, of {each} bytes each");
    assert!(each < BYTES_MAX, "one takes less than {BYTES_MAX} bytes");

    let first = machine.runs()[0];
    println!("the first of them:");
    for frame in machine.frames_of_run(first)? {
        let place = frame.position.map_or("host".to_owned(), |position| position.to_string());
        let locals = frame.locals.iter().map(|local| format!(" {} = {}", local.name, local.value));
        println!("  {place}: {}{}", frame.name, locals.collect::<String>());
    }

    // Another machine takes over: their order is all that a scheduler has to know.
    let saved = machine.save(b"", CodeForm::Whole)?;
    let mut machine = common::machine()?;
    machine.load(&saved)?;
    let mut scheduler = FiberScheduler::new(QUANTA[1]);
    machine.runs().into_iter().for_each(|id| scheduler.put_back(id));

    let (mut total, mut failed) = (0, 0);
    while let Some(task) = scheduler.run(&mut machine)? {
        match task.state {
            RunState::Finished(values) => total += values[0].as_int().ok_or("it returns an integer")?,
            RunState::Failed(failure) => {
                if failed == 0 {
                    println!("run {} failed: {failure}", task.id.number());
                }
                failed += 1;
            }
            RunState::OutOfFuel
            | RunState::Interrupted
            | RunState::Waiting(_)
            | RunState::Yielded(_)
            | RunState::Stepped => {
                return Err("nobody asked for that".into());
            }
        }
    }
    println!("they all ended, {failed} with an error; the sum of the others is {total}");
    Ok(())
}
