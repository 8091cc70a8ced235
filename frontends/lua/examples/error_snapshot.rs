//! A program fails and is saved as it was when it did; another machine shows where, and what its variables held.
//! `cargo run -p minivm-lua --example error_snapshot`

mod common;

use minivm::{CodeForm, RunState, snapshot_file};
use std::error::Error;

const PROGRAM: &str = "local function price(item)
  local rate = item.rate
  return item.net * (1 + rate / 100)
end
local total = 0
for index, item in ipairs({ { net = 10, rate = 20 }, { net = 5, rate = 'none' } }) do
  total = total + price(item)
end
return total
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut machine = common::prepared(PROGRAM, "prices.lua")?;
    machine.set_keep_stack_on_error(true);
    let RunState::Failed(failure) = machine.resume() else { return Err("it should fail".into()) };
    println!("it fails: {failure}");
    let file = std::env::temp_dir().join(format!("error_snapshot_{}.mvs", std::process::id()));
    std::fs::write(&file, snapshot_file::pack(&machine.save(b"", CodeForm::Whole)?)?)?;

    let mut other = common::machine()?;
    other.load(&snapshot_file::unpack(&std::fs::read(&file)?)?)?;
    std::fs::remove_file(&file)?;
    let error = other.uncaught_error().ok_or("it has stopped at an error")?;
    println!("another machine finds: {}", other.describe(&error));
    common::print_frames(&other);
    match other.resume() {
        RunState::Failed(again) if again.to_string() == failure.to_string() => {
            println!("and fails in the same way when it goes on");
            Ok(())
        }
        _ => Err("it should fail again".into()),
    }
}
