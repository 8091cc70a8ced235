//! Forged snapshots of all cases at several points, in a worker process, as one may end it: a worker says a line for each.

use crate::options::Options;
use minivm_conformance::forge::judge::Judge;
use minivm_conformance::forge::resident::{forget_peak, peak, resident};
use minivm_conformance::forge::sources::{self, MEMORY_BYTES_MAX};
use minivm_conformance::forge::{check, describe, forgery};
use minivm_conformance::small_stack::with_small_stack;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// A forgery that takes longer hangs; the first one comes when all sources are made.
const HANG: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(600);
/// More failures are not looked for.
const FOUND_MAX: usize = 20;
/// Address space of a worker, in KiB: what takes more ends it.
const ADDRESSES_KIB: u64 = 6 << 20;
/// Resident bytes that a forgery may add: there are three machines at most, each of which may take so much more than its limit.
const RESIDENT_MAX: u64 = 3 * (MEMORY_BYTES_MAX * 5 / 4 + (16 << 20));

/// Runs them; gives how many fail.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    if let Some(number) = options.only {
        return only(options.seed, number);
    }
    if options.worker {
        return work(options);
    }
    let end = options.from + options.count;
    let (mut from, mut found) = (options.from, 0);
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    while from < end && found < FOUND_MAX {
        let Some((number, why)) = watch(options.seed, from..end, &mut verdicts)? else { break };
        found += 1;
        println!("FAILED: {why}\n  attack forgeries --seed {} --only {number}", options.seed);
        from = number + 1;
    }
    println!("{} forgeries, {found} failing: {verdicts:?}", options.count);
    Ok(found)
}

fn only(seed: u64, number: u64) -> Result<usize, String> {
    let sources = sources::all()?;
    let (_, bytes) = forgery(&sources, seed, number);
    let path = std::env::temp_dir().join(format!("forgery-{seed}-{number}"));
    fs::write(&path, &bytes).map_err(|error| error.to_string())?;
    println!("{}; {}", describe(&sources, seed, number), path.display());
    match with_small_stack(|| check(&sources, &mut Judge::default(), seed, number)) {
        Ok(verdict) => {
            println!("{verdict:?}");
            Ok(0)
        }
        Err(why) => {
            println!("FAILED: {why}");
            Ok(1)
        }
    }
}

/// Judges them in this process: a line for each.
fn work(options: &Options) -> Result<usize, String> {
    let sources = sources::all()?;
    println!("{} sources", sources.len());
    with_small_stack(|| {
        let mut judge = Judge::default();
        let mut out = std::io::stdout().lock();
        for number in options.from..options.from + options.count {
            let before = resident();
            forget_peak();
            let line = match check(&sources, &mut judge, options.seed, number) {
                Ok(verdict) => {
                    let added = peak().saturating_sub(before);
                    let fits = added <= RESIDENT_MAX;
                    if fits { format!("{number} {verdict:?}") } else { format!("{number} FAILED {added} bytes more") }
                }
                Err(why) => format!("{number} FAILED {}", why.replace('\n', " | ")),
            };
            writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        }
        Ok(0)
    })
}

/// Starts a worker and watches it until one forgery fails; gives its number and what is wrong.
fn watch(
    seed: u64,
    numbers: std::ops::Range<u64>,
    verdicts: &mut BTreeMap<String, u64>,
) -> Result<Option<(u64, String)>, String> {
    let (mut child, lines) = start(seed, &numbers)?;
    let mut wait = START;
    let mut next = numbers.start;
    let failure = loop {
        if next == numbers.end {
            break None;
        }
        match lines.recv_timeout(wait) {
            Ok(line) if line.ends_with(" sources") => println!("  {line}"),
            Ok(line) if line.contains(" FAILED ") => break Some((next, line)),
            Ok(line) => {
                *verdicts.entry(line.split(' ').nth(1).unwrap_or_default().to_owned()).or_default() += 1;
                next += 1;
                if next.is_multiple_of(20_000) {
                    println!("  {next} forgeries, {verdicts:?}");
                }
            }
            Err(RecvTimeoutError::Timeout) => break Some((next, format!("no end after {} s", wait.as_secs()))),
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().map_err(|error| error.to_string())?;
                break Some((next, format!("the worker ended: {status}")));
            }
        }
        wait = HANG;
    };
    let _ = child.kill();
    let _ = child.wait();
    Ok(failure)
}

fn start(seed: u64, numbers: &std::ops::Range<u64>) -> Result<(Child, Receiver<String>), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {ADDRESSES_KIB}; exec \"$0\" \"$@\"")).arg(program);
    command.args(["forgeries", "--worker", "--seed", &seed.to_string(), "--from", &numbers.start.to_string()]);
    command.args(["--count", &(numbers.end - numbers.start).to_string()]);
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| error.to_string())?;
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let (sender, lines) = sync_channel(1000);
    thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    Ok((child, lines))
}
