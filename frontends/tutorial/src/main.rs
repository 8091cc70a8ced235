//! `tern FILE` runs a program; `tern` alone is a prompt.
#![forbid(unsafe_code)]

use minivm::{Limits, Machine};
use minivm_std::{Process, run_command};
use minivm_tutorial::{compile, install};

// ANCHOR: prompt
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut machine = Machine::new(Limits::default());
    let globals = install(&mut machine, Box::new(Process::with_clock()), |path| std::fs::read_to_string(path))?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    // A line goes on while a bracket is open in it.
    let is_open = |text: &str| text.matches(['{', '(', '[']).count() > text.matches(['}', ')', ']']).count();
    Ok(run_command(&mut machine, &globals, &words, compile, is_open)?)
}
// ANCHOR_END: prompt
