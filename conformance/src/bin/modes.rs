//! Compares the two ways of dispatch over all cases, runs every case at every pace, compiled, then in many processes that save and load
//! it, of both ways of dispatch by turns: `cargo modes [TEXT-IN-THE-NAME]`.
//!
//! A build has one of them: this program, built without optimisation, has the loop, and makes one with tail calls of itself
//! in the profile `measure`, which reports what each case prints and costs.

use minivm_conformance::builds::{cargo, executable, optimised, output};
use minivm_conformance::sliced_cases::{self, PLENTY, Run};
use minivm_conformance::slicing::Pace;
use minivm_conformance::small_stack::with_small_stack;
use std::process::ExitCode;

/// Cases of at most so many instructions go to another process after each of them.
const ONE_BY_ONE_MAX: &str = "300";
/// What the other build is asked for with.
const REPORT: &str = "--report";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let reports = arguments.first().is_some_and(|first| first == REPORT);
    if reports {
        arguments.remove(0);
    }
    let filter = arguments.pop().unwrap_or_default();
    if reports {
        report(&filter);
        return ExitCode::SUCCESS;
    }
    let all = [compare, run_at_every_pace, run_compiled, run_in_both_builds];
    match all.iter().try_for_each(|run| run(&filter)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("modes: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What a case did, or why it could not be run.
type Reported = (String, Result<Run, String>);

fn runs(filter: &str) -> impl Iterator<Item = Reported> {
    let cases = sliced_cases::all().into_iter().filter(move |(case, _)| case.name.contains(filter));
    cases.map(|(case, runner)| {
        let run = with_small_stack(|| sliced_cases::run(&case, runner, Pace::AtOnce { fuel: PLENTY }));
        (case.name, run.and_then(|run| run.ok_or("it did not end".to_owned())))
    })
}

/// Prints whether this build uses tail calls, then a line for each case.
fn report(filter: &str) {
    println!("{}", minivm::raw::uses_tail_calls());
    for reported in runs(filter) {
        println!("{}", serde_json::to_string(&reported).expect("it is text and numbers"));
    }
}

/// Runs all cases in both builds.
fn compare(filter: &str) -> Result<(), String> {
    let text = optimised(&["run", "--bin", "modes", "--", REPORT, filter])?;
    let mut lines = text.lines();
    let other_uses_tail_calls = lines.next() == Some("true");
    if other_uses_tail_calls == minivm::raw::uses_tail_calls() {
        return Err("both builds go from handler to handler in the same way".to_owned());
    }
    let (mut count, mut different) = (0, 0);
    for (name, run) in runs(filter) {
        let line = lines.next().ok_or_else(|| format!("the other build ended before {name}"))?;
        let (other_name, other): Reported = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if name != other_name {
            return Err(format!("{name} is {other_name} in the other build"));
        }
        count += 1;
        let difference = match (&run, &other) {
            (Ok(run), Ok(other)) => run.difference(other),
            (run, other) => (run != other).then(|| format!("{run:?}, {other:?} in the other build")),
        };
        if let Some(difference) = difference {
            different += 1;
            println!("{name}: {difference}");
        }
    }
    println!("tail calls and loop: {count} cases, {different} different");
    if different == 0 { Ok(()) } else { Err("the ways of dispatch differ".to_owned()) }
}

/// Runs the whole of the test of this name.
fn run_at_every_pace(filter: &str) -> Result<(), String> {
    let text = optimised(&["test", "--test", "modes", "--", "--include-ignored", "--quiet", filter]);
    text.map(|text| println!("{text}"))
}

/// Runs the whole of the test `native`.
fn run_compiled(filter: &str) -> Result<(), String> {
    let text = optimised(&["test", "--test", "native", "--", "--include-ignored", "--quiet", filter]);
    text.map(|text| println!("{text}"))
}

/// Runs the whole of the test `fresh_processes` in processes of both builds.
fn run_in_both_builds(filter: &str) -> Result<(), String> {
    let other = executable(&["test", "--test", "fresh_processes", "--no-run"], "measure")?;
    let mut command = cargo(&["test", "--test", "fresh_processes"], "dev");
    command.env("MINIVM_OTHER_BUILD", other).env("MINIVM_ONE_BY_ONE_MAX", ONE_BY_ONE_MAX);
    println!("{}", output(command.args(["--", "--include-ignored", "--quiet", filter]))?);
    Ok(())
}
