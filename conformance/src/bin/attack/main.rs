//! Attacks on the machine that take longer than a test: `cargo attack SUBCOMMAND`. What is forbidden is a panic, a crash, a hang,
//! a limit that does not hold, and two ways of running a program that differ.
//!
//! Each subcommand is a file here, and a row of [`SUBCOMMANDS`].

mod forgeries;
mod inflations;
mod limits;
mod options;
mod programs;
mod semantics;

use options::Options;
use std::process::ExitCode;

/// A kind of attack.
struct Subcommand {
    name: &'static str,
    /// What it does, in lines for `--help`.
    help: &'static str,
    /// Does it, and gives how many failures were found.
    run: fn(&Options) -> Result<usize, String>,
}

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "limits",
        help: "hostile programs under a limit on memory, each in a process of its own: what is resident stays near the
             limit, and the processor time in bounds; --only N runs one of them",
        run: limits::run,
    },
    Subcommand {
        name: "programs",
        help:
            "random programs that verify, run in fast and baseline code, in slices and with a collector under stress, in a
             build of either way of dispatch: all do the same",
        run: programs::run,
    },
    Subcommand {
        name: "semantics",
        help: "random programs on the machine and on the plain interpreter that says what bytecode means: same results, traps
             and costs",
        run: semantics::run,
    },
    Subcommand {
        name: "forgeries",
        help: "snapshots of all cases with a few fields changed: each is refused, or runs, collects, and is saved again",
        run: forgeries::run,
    },
    Subcommand {
        name: "inflations",
        help: "snapshots of a few hundred KB in which one thing is repeated until they claim 96 MB: loading one keeps to its
             limit; --only N loads one of them",
        run: inflations::run,
    },
];

const OPTIONS: &str = "\
  --count N    how many; 10000 by default
  --seed N     where the sequence begins; 1 by default
  --from N     the first number of the sequence; 0 by default
  --only N     this one alone, in this process, and show what it is and does
  --short      programs: runs of 800 units rather than 10,000, most of them not compiled
  --help       print this
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "--help".to_owned());
    let Some(subcommand) = SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name) else {
        println!("usage: attack SUBCOMMAND [OPTION…]\n");
        for subcommand in SUBCOMMANDS {
            println!("  {:<10} {}", subcommand.name, subcommand.help);
        }
        print!("\n{OPTIONS}");
        return if name == "--help" { ExitCode::SUCCESS } else { ExitCode::from(2) };
    };
    match Options::parse(arguments).and_then(|options| (subcommand.run)(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(found) => {
            println!("{}: {found} failures", subcommand.name);
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("attack {}: {message}", subcommand.name);
            ExitCode::from(2)
        }
    }
}
