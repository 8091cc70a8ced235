//! Runs every program on every peer in turn, round after round, and keeps times, peak memory and outputs.

use std::{
    fs::{self, File},
    io::{self, IsTerminal},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use wait4::Wait4;

use crate::table::{Peer, Plan, Program};

/// A run that takes longer is ended and counts as failed.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// One run of one program.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) user_ms: f64,
    pub(crate) system_ms: f64,
    pub(crate) wall_ms: f64,
    pub(crate) peak_bytes: u64,
}

/// A program that a peer did not run to the end, or whose output differs.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) program: String,
    pub(crate) peer: String,
    pub(crate) reason: String,
    /// Whether it makes the whole run fail.
    #[serde(skip)]
    pub(crate) counts: bool,
}

/// Everything measured in one suite.
#[derive(Debug)]
pub(crate) struct Measured {
    /// By program, by peer: the runs, none when the peer does not have the program or failed.
    pub(crate) runs: Vec<Vec<Vec<Run>>>,
    pub(crate) failures: Vec<Failure>,
}

/// Runs the plan `rounds` times.
pub(crate) fn measure(plan: &Plan, rounds: usize) -> Result<Measured, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut measured =
        Measured { runs: vec![vec![Vec::new(); plan.peers.len()]; plan.programs.len()], failures: Vec::new() };
    let progress = io::stderr().is_terminal();
    for round in 0..rounds {
        for (index, program) in plan.programs.iter().enumerate() {
            if progress {
                eprint!("\r\x1b[K{} {}/{rounds} {}", plan.suite.name(), round + 1, program.name);
            }
            one_round(plan, program, round == 0, scratch.path(), &mut measured.runs[index], &mut measured.failures);
        }
    }
    if progress {
        eprint!("\r\x1b[K");
    }
    Ok(measured)
}

/// Runs `program` once on every peer that has not failed it before. The first round also compares the outputs.
fn one_round(
    plan: &Plan,
    program: &Program,
    compare: bool,
    scratch: &Path,
    runs: &mut [Vec<Run>],
    failures: &mut Vec<Failure>,
) {
    let mut outputs: Vec<(usize, String)> = Vec::new();
    for (index, peer) in plan.peers.iter().enumerate() {
        let Some(command) = plan.command(peer, program) else {
            continue;
        };
        if !compare && runs[index].is_empty() {
            continue;
        }
        match run_once(plan, &command, scratch) {
            Ok((run, output)) => {
                runs[index].push(run);
                outputs.push((index, output));
            }
            Err(reason) => {
                runs[index].clear();
                failures.push(failure(program, peer, reason, peer.subject));
            }
        }
    }
    if compare {
        compare_outputs(plan, program, &outputs, failures);
    }
}

fn failure(program: &Program, peer: &Peer, reason: String, counts: bool) -> Failure {
    Failure { program: program.name.clone(), peer: peer.name.clone(), reason, counts }
}

/// Every output must be the base peer's, or the first one's when the base peer failed.
fn compare_outputs(plan: &Plan, program: &Program, outputs: &[(usize, String)], failures: &mut Vec<Failure>) {
    let base = outputs.iter().find(|(index, _)| plan.base == Some(*index)).or(outputs.first());
    let Some((base, expected)) = base else { return };
    for (index, output) in outputs {
        if output != expected {
            let reason = format!("the output differs from {}: {output:?} is not {expected:?}", plan.peers[*base].name);
            failures.push(failure(program, &plan.peers[*index], reason, true));
        }
    }
}

fn run_once(plan: &Plan, command: &[String], scratch: &Path) -> Result<(Run, String), String> {
    let output_path = scratch.join("output");
    let error_path = scratch.join("errors");
    let output = File::create(&output_path).map_err(|error| error.to_string())?;
    let errors = File::create(&error_path).map_err(|error| error.to_string())?;
    let started = Instant::now();
    let mut child = Command::new(executable(plan, &command[0]))
        .args(&command[1..])
        .current_dir(&plan.root)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("{}: {error}", command[0]))?;
    let used = loop {
        if let Some(used) = child.try_wait4().map_err(|error| error.to_string())? {
            break used;
        }
        if started.elapsed() > TIME_LIMIT {
            child.kill().map_err(|error| error.to_string())?;
            let _ = child.wait();
            return Err(format!("took longer than {} s", TIME_LIMIT.as_secs()));
        }
        thread::sleep(Duration::from_micros(500));
    };
    let wall = started.elapsed();
    if !used.status.success() {
        let text = fs::read(&error_path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        return Err(format!("{}: {line}", used.status));
    }
    let text = fs::read(&output_path).map_err(|error| error.to_string())?;
    let run = Run {
        user_ms: used.rusage.utime.as_secs_f64() * 1e3,
        system_ms: used.rusage.stime.as_secs_f64() * 1e3,
        wall_ms: wall.as_secs_f64() * 1e3,
        peak_bytes: used.rusage.maxrss,
    };
    // wasm3 loses the last line break of some programs, so that white space at the end does not count.
    Ok((run, String::from_utf8_lossy(&text).trim_end().to_owned()))
}

/// A path is relative to the workspace; a bare name is looked up by the system.
fn executable(plan: &Plan, program: &str) -> std::path::PathBuf {
    if program.contains('/') { plan.root.join(program) } else { program.into() }
}
