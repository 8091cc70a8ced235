//! The examples, run as the README says.

use std::process::Command;

/// Runs an example; it ends well, and prints these parts.
#[track_caller]
fn prints(name: &str, parts: &[&str]) {
    let arguments = ["run", "--quiet", "-p", "minivm-lua", "--example", name];
    let output = Command::new(env!("CARGO")).args(arguments).output().expect("cargo runs");
    let (text, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {text}{told}");
    for part in parts {
        assert!(text.contains(part), "{name} does not print {part}: {text}");
    }
}

#[test]
fn pause_resume() {
    prints("pause_resume", &["primes.lua:", "candidate = ", "the 600th prime is 4409", "processes did it"]);
}

#[test]
fn warm_start() {
    prints("warm_start", &["cold start: ", "warm start: "]);
}

#[test]
fn fork_search() {
    prints("fork_search", &[" = 60, found with "]);
}

#[test]
fn fibers() {
    prints("fibers", &["10000 suspended fibers of ", "their sum is "]);
}

#[test]
fn preemptive() {
    let total: i64 =
        (0..10_000).filter(|number| number % 1000 != 999).map(|n| (1..=10 + n % 50).sum::<i64>() * n).sum();
    let sum = format!("they all ended, 10 with an error; the sum of the others is {total}");
    prints("preemptive", &["10000 runs are suspended, of ", "work.lua:", "rounds = 10", "does not like this", &sum]);
}

#[test]
fn error_snapshot() {
    let parts = ["prices.lua:3", "rate = none", "index = 2", "total = 12.0", "fails in the same way"];
    prints("error_snapshot", &parts);
}
