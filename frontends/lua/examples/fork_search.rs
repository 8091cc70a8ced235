//! A program that asks what to do next is copied at every question, and each copy is given another answer: a search over
//! programs that know nothing of being searched. `cargo run -p minivm-lua --example fork_search`

mod common;

use minivm::{Machine, RunState, Value};
use std::error::Error;

/// Packs a bag; every item is a question. Fails when the bag is too heavy, and gives what is in it in the end.
const PROGRAM: &str = "local items = { 31, 27, 22, 19, 14, 11, 8, 5 }
go = coroutine.wrap(function(room)
  local packed = {}
  for _, weight in ipairs(items) do
    local take = coroutine.yield(weight)
    if take then
      room = room - weight
      if room < 0 then return false end
      packed[#packed + 1] = weight
    end
  end
  return room == 0 and table.concat(packed, ' + ')
end)
";

/// Gives the program an answer and goes on with both answers to its next question; gives what it found.
fn search(machine: &mut Machine, answer: Value, forks: &mut u32) -> Result<Option<String>, Box<dyn Error>> {
    let said = common::call_global(machine, "go", &[answer])?;
    let asks = said.first().is_some_and(|value| value.as_int().is_some());
    if !asks {
        let found = said.first().filter(|value| value.is_truthy());
        return Ok(found.map(|value| machine.describe(value)));
    }
    let mut copy = common::machine()?;
    machine.copy_into(&mut copy)?;
    *forks += 1;
    if let Some(found) = search(&mut copy, Value::bool(true), forks)? {
        return Ok(Some(found));
    }
    search(machine, Value::bool(false), forks)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut machine = common::prepared(PROGRAM, "bag.lua")?;
    let RunState::Finished(_) = machine.resume() else { return Err("the top level does not end".into()) };
    let mut forks = 0;
    match search(&mut machine, Value::int(60), &mut forks)? {
        Some(found) => println!("{found} = 60, found with {forks} forks"),
        None => println!("there is no such bag; {forks} forks"),
    }
    Ok(())
}
