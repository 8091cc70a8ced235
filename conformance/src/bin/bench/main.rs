//! Times programs on several interpreters in turn and prints medians and ratios. It knows nothing of the machine under test:
//! every peer, ours included, is a command line in `conformance/bench/peers.toml`.

mod measure;
mod options;
mod report;
mod table;

use std::process::ExitCode;

use measure::{Measured, measure};
use options::Options;
use table::{Plan, Suite};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether every output agreed and the interpreter under test ran every program.
fn run() -> Result<bool, String> {
    let options = match Options::from_args(std::env::args().skip(1))? {
        Some(options) => options,
        None => {
            print!("{}", options::HELP);
            return Ok(true);
        }
    };
    let table = table::read()?;
    let mut good = true;
    let mut results: Vec<(Plan, Measured)> = Vec::new();
    for suite in &options.suites {
        let plan = Plan::new(&table, *suite, &options)?;
        for notice in &plan.notices {
            eprintln!("note: {notice}");
        }
        let measured = measure(&plan, rounds(*suite, &options))?;
        good &= measured.failures.iter().all(|failure| !failure.counts);
        if !options.json {
            print!("{}", report::table(&plan, &measured, options.memory));
        }
        results.push((plan, measured));
    }
    if options.json {
        println!("{}", report::json(&results)?);
    }
    Ok(good)
}

/// Start-up takes milliseconds, so that its median wants more rounds.
fn rounds(suite: Suite, options: &Options) -> usize {
    match suite {
        Suite::Startup => options.rounds * 8,
        Suite::Lua | Suite::Wasm | Suite::Simd | Suite::Mixed => options.rounds,
    }
}
