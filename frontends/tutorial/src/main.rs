//! `tern FILE` runs a program; `tern` alone is a prompt.
#![forbid(unsafe_code)]

use minivm::{Limits, Machine, Value};
use minivm_tutorial::{Mode, compile, install};
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let run = || -> Result<(), Failure> {
        let mut machine = Machine::new(Limits::default());
        let globals = install(&mut machine, io::stdout(), |path| std::fs::read_to_string(path))?;
        let Some(path) = std::env::args().nth(1) else { return prompt(&mut machine, &globals) };
        let text = std::fs::read_to_string(&path)?;
        let arguments: Result<Vec<Value>, _> = std::env::args().skip(2).map(|word| machine.string(word)).collect();
        run(&mut machine, &globals, (&path, &text, Mode::File), &arguments?).map(drop)
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a chunk.
fn run(
    machine: &mut Machine,
    globals: &Value,
    (file, text, mode): (&str, &str, Mode),
    arguments: &[Value],
) -> Result<Vec<Value>, Failure> {
    let instance = machine.instantiate(compile(file, text, mode)?)?;
    let chunk = machine.closure(instance, "main", std::slice::from_ref(globals))?;
    Ok(machine.call(&chunk, arguments)?)
}

// ANCHOR: prompt
/// Reads lines, and more of them while a block is open; runs them, and shows what they give.
fn prompt(machine: &mut Machine, globals: &Value) -> Result<(), Failure> {
    let mut text = String::new();
    loop {
        print!("{}", if text.is_empty() { "> " } else { ". " });
        io::stdout().flush()?;
        let is_end = io::stdin().lock().read_line(&mut text)? == 0;
        let depth = text.matches(['{', '(', '[']).count().cmp(&text.matches(['}', ')', ']']).count());
        if depth.is_gt() && !is_end {
            continue;
        }
        match run(machine, globals, ("prompt", &text, Mode::Prompt), &[]) {
            Ok(results) => {
                for result in results.iter().filter(|result| !result.is_nil()) {
                    println!("{}", machine.describe(result));
                }
            }
            Err(error) => println!("{error}"),
        }
        text.clear();
        if is_end {
            return Ok(());
        }
    }
}
// ANCHOR_END: prompt
