//! Mutation fuzzing with nothing but cargo: damaged inputs must give errors, never a panic, a crash or a hang.
//!
//! A worker process runs the inputs, because the release profile aborts on panic. The supervisor notices when it dies or
//! stands still, makes the input again from seed and number, and writes it to a file.

mod mutate;
mod supervise;
mod targets;

use std::process::ExitCode;
use targets::Target;

const HELP: &str = "\
Runs damaged inputs against one part of MiniVM, or all of them in turn.

usage: fuzz [TARGET] [OPTION…]

  TARGET       lua, text, binary, program, wasm, native; all of them by default
  --seconds N  how long each target runs; 10 by default
  --seed N     where the sequence of inputs begins; 1 by default
  --input FILE run this one input in this process, to look into what was found
  --help       print this

  lua      Lua source: the parser and the code generator
  text     the text form of programs: its parser
  binary   the binary form of programs: its decoder
  program  damaged programs: verifier, loader and, when they verify, the machine with little fuel and memory
  wasm     WebAssembly modules: translator, verifier, loader and machine
  native   damaged programs that verify: native code does what the interpreter does
";

/// A parsed command line.
struct Options {
    targets: Vec<Target>,
    seconds: u64,
    seed: u64,
    input: Option<String>,
    worker: Option<String>,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("fuzz: {message}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(found) => {
            println!("{found} failing inputs");
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("fuzz: {message}");
            ExitCode::from(2)
        }
    }
}

/// How many failing inputs were found.
fn run(options: &Options) -> Result<usize, String> {
    if let Some(path) = &options.input {
        let input = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        for target in &options.targets {
            println!("{}: {}", target.name(), target.run(&input));
        }
        return Ok(0);
    }
    let mut found = 0;
    for &target in &options.targets {
        match &options.worker {
            Some(progress) => supervise::work(target, options.seed, progress)?,
            None => found += supervise::supervise(target, options.seed, options.seconds)?,
        }
    }
    Ok(found)
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { targets: Vec::new(), seconds: 10, seed: 1, input: None, worker: None };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
        match arg.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => options.seconds = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--input" => options.input = Some(value()?),
            "--worker" => options.worker = Some(value()?),
            name => options.targets.push(Target::from_name(name).ok_or(format!("no target {name}; see --help"))?),
        }
    }
    if options.targets.is_empty() {
        options.targets = Target::ALL.to_vec();
    }
    Ok(Some(options))
}
