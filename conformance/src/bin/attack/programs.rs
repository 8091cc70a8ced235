//! Random programs in both ways of dispatch: a worker of each build runs them, and says a line for each; the lines must be equal.

use crate::options::Options;
use minivm_conformance::builds::executable;
use minivm_conformance::generate::programs;
use minivm_conformance::run_generated::{FUEL, FUEL_SHORT, Ran, check, divergence};
use minivm_conformance::small_stack::with_small_stack;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// The profiles of the two builds: one goes on by tail calls, the other by a loop, with all assertions.
const PROFILES: [&str; 2] = ["measure", "checked"];
/// A program that takes longer hangs.
const HANG: Duration = Duration::from_secs(20);
/// Short programs of which the second build, which takes several times as long, runs one.
const SHORT_CHECKED: u64 = 8;
/// How far one build may get ahead of the other.
const LINES_AHEAD: usize = 1000;
/// More failures are not looked for.
const FOUND_MAX: usize = 20;

/// Runs them; gives how many fail.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    if let Some(number) = options.only {
        return only(options, number);
    }
    if options.worker {
        return work(options);
    }
    let builds = PROFILES.map(|profile| executable(&["build", "--bin", "attack"], profile));
    let [first, second] = builds;
    let builds = [first?, second?];
    let end = options.from + options.count;
    let (mut from, mut found) = (options.from, 0);
    let mut endings: BTreeMap<String, u64> = BTreeMap::new();
    while from < end && found < FOUND_MAX {
        let stopped = compare(&builds, options, from..end, &mut endings)?;
        let Some((number, why)) = stopped else { break };
        found += 1;
        let short = if options.short { " --short" } else { "" };
        println!("FAILED: {why}\n  attack programs --seed {} --only {number}{short}", options.seed);
        from = number + 1;
    }
    println!("{} programs, {found} failing: {endings:?}", options.count);
    Ok(found)
}

/// Units that a program may use.
fn fuel(options: &Options) -> u64 {
    if options.short { FUEL_SHORT } else { FUEL }
}

/// Runs one in this process, and shows it.
fn only(options: &Options, number: u64) -> Result<usize, String> {
    let (seed, fuel) = (options.seed, fuel(options));
    let made = programs(seed, number);
    println!("; the library\n{}\n; the main program\n{}", made.library, made.main);
    match with_small_stack(|| check(seed, number, fuel)) {
        Ok(ran) => {
            println!("{}{} fuel left", ran.log, ran.fuel);
            Ok(0)
        }
        Err(why) => {
            println!("FAILED: {why}");
            if let Some(place) = with_small_stack(|| divergence(seed, number, fuel)) {
                println!("{place}");
            }
            Ok(1)
        }
    }
}

/// Runs them in this process: a line for each, with its number, a hash of what it did, and how it ended.
fn work(options: &Options) -> Result<usize, String> {
    println!("{}", minivm::raw::uses_tail_calls());
    with_small_stack(|| {
        let mut out = std::io::stdout().lock();
        let numbers = options.from..options.from + options.count;
        for number in numbers.filter(|number| number.is_multiple_of(options.every)) {
            let line = match check(options.seed, number, fuel(options)) {
                Ok(ran) => format!("{number} {} {}", hash(&ran), ending(&ran)),
                Err(why) => format!("{number} FAILED {}", why.replace('\n', " | ")),
            };
            writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        }
        Ok(0)
    })
}

/// A hash of what a program did; 0 when that depends on when garbage is collected.
fn hash(ran: &Ran) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = ran.log.bytes().chain(ran.fuel.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, fnv);
    if ran.is_refused { 0 } else { hash }
}

/// The first words of how it ended.
fn ending(ran: &Ran) -> String {
    let last = ["finished", "failed", "out of fuel", "not linked", "it waits"];
    let found = last.iter().find(|ending| ran.log.lines().any(|line| line.starts_with(**ending)));
    found.map_or("other", |ending| ending).to_owned()
}

/// A process that works, and the lines it says.
struct Worker {
    child: Child,
    lines: Receiver<String>,
}

impl Worker {
    fn start(program: &str, options: &Options, numbers: std::ops::Range<u64>, every: u64) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args([
            "programs",
            "--worker",
            "--seed",
            &options.seed.to_string(),
            "--from",
            &numbers.start.to_string(),
        ]);
        command.args(["--count", &(numbers.end - numbers.start).to_string(), "--every", &every.to_string()]);
        command.args(options.short.then_some("--short"));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{program}: {error}"))?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        // The pipe holds the worker back where the other one is slower.
        let (sender, lines) = sync_channel(LINES_AHEAD);
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Ok(Worker { child, lines })
    }

    /// The next line, or why there is none.
    fn line(&mut self) -> Result<String, String> {
        match self.lines.recv_timeout(HANG) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(format!("no end after {} s", HANG.as_secs())),
            Err(RecvTimeoutError::Disconnected) => match self.child.wait() {
                Ok(status) => Err(format!("the worker ended: {status}")),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs programs in both builds until one fails; gives its number and what is wrong.
fn compare(
    builds: &[String; 2],
    options: &Options,
    numbers: std::ops::Range<u64>,
    endings: &mut BTreeMap<String, u64>,
) -> Result<Option<(u64, String)>, String> {
    let every = [1, if options.short { SHORT_CHECKED } else { 1 }];
    let start = |index: usize| Worker::start(&builds[index], options, numbers.clone(), every[index]);
    let mut workers = [start(0)?, start(1)?];
    let ways = [workers[0].line()?, workers[1].line()?];
    if ways[0] == ways[1] {
        return Err("both builds go from handler to handler in the same way".to_owned());
    }
    for number in numbers {
        let mut said = Vec::new();
        let at_work = workers.iter_mut().zip(PROFILES).zip(every);
        for ((worker, profile), _) in at_work.filter(|(_, every)| number.is_multiple_of(*every)) {
            match worker.line() {
                Ok(line) if line.contains(" FAILED ") => return Ok(Some((number, format!("{profile}: {line}")))),
                Ok(line) => said.push(line),
                Err(why) => return Ok(Some((number, format!("{profile}: {why}")))),
            }
        }
        let is_refused = said.iter().any(|line| line.split(' ').nth(1) == Some("0"));
        if let [first, second] = &said[..]
            && first != second
            && !is_refused
        {
            return Ok(Some((number, format!("{first} in {}, {second} in {}", PROFILES[0], PROFILES[1]))));
        }
        let ending = said[0].splitn(3, ' ').nth(2).unwrap_or_default();
        *endings.entry(ending.to_owned()).or_default() += 1;
        if (number + 1).is_multiple_of(10_000) {
            println!("  {} programs, {endings:?}", number + 1);
        }
    }
    Ok(None)
}
