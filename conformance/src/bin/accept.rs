//! Stores what the reference implementations print as the expected output of the cases: `accept [TEXT-IN-THE-NAME]`. Programs
//! in several languages have none: what we print ourselves is stored for them, to be looked at.

use minivm_conformance::cases::{self, Case};
use minivm_conformance::outcome::Outcome;
use minivm_conformance::{reference, run_mixed, snapshot};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // insta reads from the environment whether it may store, and a process cannot change its own environment safely.
    if std::env::var_os("INSTA_UPDATE").is_none() {
        return again();
    }
    let filter = std::env::args().nth(1).unwrap_or_default();
    // Cases in `beyond` show what the reference implementation cannot do; their output is written by hand.
    let lua =
        cases::lua().into_iter().filter(|case| !case.name.starts_with("lua/beyond/")).chain(cases::lua_programs());
    let mut good = true;
    if reference::is_lua_installed() {
        good &= accept(lua, &filter, reference::run_lua);
    } else {
        eprintln!("accept: lua5.4 is not installed; Lua cases stay as they are");
    }
    if reference::is_clang_installed() {
        good &= accept(cases::c_programs().into_iter(), &filter, reference::run_native);
    } else {
        eprintln!("accept: clang is not installed; C programs stay as they are");
    }
    good &= accept(cases::mixed().into_iter(), &filter, run_mixed::run);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs this program again, as one that may store.
fn again() -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("accept: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = Command::new(program).args(std::env::args_os().skip(1)).env("INSTA_UPDATE", "always").status();
    if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether every case could be run.
fn accept(cases: impl Iterator<Item = Case>, filter: &str, run: fn(&Case) -> Result<Outcome, String>) -> bool {
    let mut good = true;
    for case in cases.filter(|case| case.name.contains(filter)) {
        match run(&case) {
            Ok(outcome) if snapshot::check(&case, &outcome.text()).is_err() => {
                snapshot::store(&case, &outcome.text());
                println!("stored {}", case.name);
            }
            Ok(_) => {}
            Err(problem) => {
                eprintln!("accept: {}: {problem}", case.name);
                good = false;
            }
        }
    }
    good
}
