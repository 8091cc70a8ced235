//! Cold and warm start of a program whose top level takes long: time, and canonical instructions, until it answers a call.
//! `cargo warm-start`

use minivm::{CodeForm, Limits, Machine, Value, snapshot_file};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use std::error::Error;
use std::time::{Duration, Instant};

/// Rounds, of which the median counts.
const ROUNDS: usize = 9;
/// More than any start costs.
const PLENTY: u64 = 1 << 40;
/// Name of the program's function in the machine's registry.
const MAIN: &str = "main";

/// A sieve, an index of words, and a function that looks things up in them.
const SOURCE: &str = "local primes, is_composite = {}, {}
for i = 2, 400000 do
  if not is_composite[i] then
    primes[#primes + 1] = i
    for j = i * i, 400000, i do is_composite[j] = true end
  end
end
is_composite = nil
local index = {}
for i = 1, 2000 do index['word' .. i] = { number = i, prime = primes[i] } end
return function(word) return index[word].prime + #primes end";

/// What a start needed.
struct Start {
    time: Duration,
    instructions: u64,
    answer: Option<i64>,
}

fn machine() -> Result<Machine, Box<dyn Error>> {
    let mut machine = Machine::new(Limits::default());
    stdlib::install(&mut machine, Box::new(NoHost))?;
    machine.set_fuel(Some(PLENTY));
    Ok(machine)
}

/// Runs the top level; its function is registered then.
fn run_top_level(machine: &mut Machine) -> Result<(), Box<dyn Error>> {
    let program = minivm_lua::compile(SOURCE.as_bytes(), "=app").map_err(|error| error.to_string())?;
    let instance = machine.instantiate(program)?;
    let globals = stdlib::globals(machine);
    let chunk = machine.closure(instance, "main", &[globals])?;
    let results = machine.call(chunk, &[]).map_err(|failure| failure.to_string())?;
    machine.register(MAIN, results.first().copied().unwrap_or(Value::NIL));
    Ok(())
}

/// Calls the function, and tells what was needed since `begin`.
fn answer(mut machine: Machine, begin: Instant) -> Result<Start, Box<dyn Error>> {
    let word = machine.string("word1000")?;
    let main = machine.registered(MAIN);
    let results = machine.call(main, &[word]).map_err(|failure| failure.to_string())?;
    let answer = results.first().and_then(|value| value.as_int());
    Ok(Start { time: begin.elapsed(), instructions: PLENTY - machine.fuel().unwrap_or(PLENTY), answer })
}

fn cold() -> Result<Start, Box<dyn Error>> {
    let begin = Instant::now();
    let mut machine = machine()?;
    run_top_level(&mut machine)?;
    answer(machine, begin)
}

fn warm(file: &[u8]) -> Result<Start, Box<dyn Error>> {
    let begin = Instant::now();
    let mut machine = machine()?;
    machine.load(&snapshot_file::unpack(file)?)?;
    machine.set_fuel(Some(PLENTY));
    answer(machine, begin)
}

fn show(name: &str, mut start: impl FnMut() -> Result<Start, Box<dyn Error>>) -> Result<Start, Box<dyn Error>> {
    let mut starts = (0..ROUNDS).map(|_| start()).collect::<Result<Vec<_>, _>>()?;
    starts.sort_by_key(|start| start.time);
    let median = starts.swap_remove(ROUNDS / 2);
    println!("{name}: {:?}, {} instructions", median.time, median.instructions);
    Ok(median)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut machine = machine()?;
    run_top_level(&mut machine)?;
    let file = snapshot_file::pack(&machine.save(b"", CodeForm::Whole)?)?;
    drop(machine);
    println!("the warm program has {} bytes; medians of {ROUNDS} rounds", file.len());
    let cold = show("cold", cold)?;
    let warm = show("warm", || warm(&file))?;
    if cold.answer != warm.answer || warm.answer.is_none() {
        return Err(format!("the answers are {:?} and {:?}", cold.answer, warm.answer).into());
    }
    println!("warm takes {:.3} of the time", warm.time.as_secs_f64() / cold.time.as_secs_f64());
    Ok(())
}
