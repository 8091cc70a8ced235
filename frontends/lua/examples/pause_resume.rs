//! A long job is stopped by its fuel, saved, and goes on in another process: the example starts itself again with the file.
//! `cargo run -p minivm-lua --example pause_resume`

mod common;

use minivm::{CodeForm, Machine, RunState, snapshot_file};
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

const JOB: &str = "local primes, candidate = {}, 1
while #primes < 600 do
  candidate = candidate + 1
  local is_prime = true
  for _, prime in ipairs(primes) do
    if prime * prime > candidate then break end
    if candidate % prime == 0 then is_prime = false break end
  end
  if is_prime then primes[#primes + 1] = candidate end
end
return primes[#primes]
";

/// Instructions that one process may do.
const FUEL: u64 = 60_000;
/// How a process ends whose job has not.
const STOPPED: u8 = 124;

/// Goes on with the job; true when it has ended, else it is in the file.
fn work(machine: &mut Machine, file: &Path) -> Result<bool, Box<dyn Error>> {
    machine.set_fuel(Some(FUEL));
    match machine.resume() {
        RunState::Finished(values) => {
            println!("process {}: the 600th prime is {}", std::process::id(), machine.describe(&values[0]));
            Ok(true)
        }
        RunState::OutOfFuel => {
            println!("process {} stops at", std::process::id());
            common::print_frames(machine);
            std::fs::write(file, snapshot_file::pack(&machine.save(b"", CodeForm::Whole)?)?)?;
            Ok(false)
        }
        RunState::Failed(failure) => Err(failure.into()),
        RunState::Waiting(_) | RunState::Yielded(_) | RunState::Stepped | RunState::Interrupted => {
            Err("nobody asked for that".into())
        }
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if let Some(file) = std::env::args().nth(1) {
        let mut machine = common::machine()?;
        machine.load(&snapshot_file::unpack(&std::fs::read(&file)?)?)?;
        let is_done = work(&mut machine, Path::new(&file))?;
        return Ok(if is_done { ExitCode::SUCCESS } else { STOPPED.into() });
    }
    let file = std::env::temp_dir().join(format!("pause_resume_{}.mvs", std::process::id()));
    let mut processes = 1;
    let mut is_done = work(&mut common::prepared(JOB, "primes.lua")?, &file)?;
    while !is_done {
        let status = Command::new(std::env::current_exe()?).arg(&file).status()?;
        processes += 1;
        is_done = match status.code() {
            Some(0) => true,
            Some(code) if code == i32::from(STOPPED) => false,
            _ => return Err(format!("a process has failed: {status}").into()),
        };
    }
    std::fs::remove_file(&file)?;
    println!("{processes} processes did it");
    Ok(ExitCode::SUCCESS)
}
