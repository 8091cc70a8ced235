//! Ten thousand fibers take turns in one machine, which the host runs in slices of fuel; prints what a suspended one costs.
//! `cargo run -p minivm-lua --example fibers`

mod common;

use minivm::{Machine, RunState};
use std::error::Error;

const FIBERS: usize = 10_000;
/// What a fiber may cost.
const BYTES_MAX: usize = 1024;
/// Instructions between two looks of the host.
const QUANTUM: u64 = 200_000;

/// Every worker adds to a sum and lets the others go on; who is done is not resumed any more.
const PROGRAM: &str = "local function worker(number, rounds)
  local sum = 0
  for round = 1, rounds do
    sum = sum + number * round
    coroutine.yield(sum)
  end
  return sum
end
local ready = {}
for number = 1, 10000 do
  local fiber = coroutine.create(worker)
  coroutine.resume(fiber, number, 1 + number % 3)
  ready[number] = fiber
end
suspended = #ready
function run()
  local total = 0
  while #ready > 0 do
    local still = {}
    for _, fiber in ipairs(ready) do
      local _, sum = coroutine.resume(fiber)
      if coroutine.status(fiber) == 'suspended' then
        still[#still + 1] = fiber
      else
        total = total + sum
      end
    end
    ready = still
  end
  return total
end
";

fn used_bytes(machine: &mut Machine) -> Result<usize, Box<dyn Error>> {
    common::call_global(machine, "collectgarbage", &[])?;
    Ok(machine.heap_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut empty = common::machine()?;
    let before = used_bytes(&mut empty)?;
    let mut machine = common::prepared(PROGRAM, "workers.lua")?;
    let RunState::Finished(_) = machine.resume() else { return Err("the top level does not end".into()) };
    let each = (used_bytes(&mut machine)? - before) / FIBERS;
    println!("{FIBERS} suspended fibers of {each} bytes each");
    assert!(each < BYTES_MAX, "a fiber takes less than {BYTES_MAX} bytes");

    let globals = minivm_lua::stdlib::globals(&mut machine);
    let run = machine.get_name(&globals, "run")?;
    machine.prepare(&run, &[])?;
    let mut slices = 0;
    loop {
        // In between the host may do anything else: look, save, or drop them all.
        machine.set_fuel(Some(QUANTUM));
        slices += 1;
        match machine.resume() {
            RunState::OutOfFuel => {}
            RunState::Finished(values) => {
                println!("they all ended after {slices} slices; their sum is {}", machine.describe(&values[0]));
                return Ok(());
            }
            RunState::Failed(failure) => return Err(failure.into()),
            RunState::Waiting(_) | RunState::Yielded(_) | RunState::Stepped | RunState::Interrupted => {
                return Err("nobody asked for that".into());
            }
        }
    }
}
