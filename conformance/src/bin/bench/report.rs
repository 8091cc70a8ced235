//! Medians, ratios and geometric means, as a table for people or as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    measure::{Measured, Run},
    table::{Plan, Suite},
};

const NAME_WIDTH: usize = 18;

/// The median of `values`, which are not empty.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The figure that a suite compares: user time, but wall time for start-up, where loading and mapping count.
fn time(suite: Suite, runs: &[Run]) -> Option<f64> {
    let figure = |run: &Run| match suite {
        Suite::Startup => run.wall_ms,
        Suite::Lua | Suite::Wasm | Suite::Simd | Suite::Mixed => run.user_ms,
    };
    (!runs.is_empty()).then(|| median(runs.iter().map(figure).collect()))
}

fn peak_megabytes(runs: &[Run]) -> f64 {
    median(runs.iter().map(|run| run.peak_bytes as f64).collect()) / 1e6
}

/// The time of `peer` over the time of the base peer, for the program `index`.
fn ratio(plan: &Plan, measured: &Measured, index: usize, peer: usize) -> Option<f64> {
    let base = time(plan.suite, &measured.runs[index][plan.base?])?;
    let own = time(plan.suite, &measured.runs[index][peer])?;
    // A clock tick is the least that can be told apart, and keeps an empty figure from making a ratio of zero.
    Some(own.max(0.01) / base.max(0.01))
}

/// The geometric mean of the ratios of `peer`, and over how many programs.
fn mean(plan: &Plan, measured: &Measured, peer: usize) -> Option<(f64, usize)> {
    let ratios: Vec<f64> = (0..plan.programs.len()).filter_map(|index| ratio(plan, measured, index, peer)).collect();
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| ((logarithms / ratios.len() as f64).exp(), ratios.len()))
}

/// The table of one suite, with its failures below.
pub(crate) fn table(plan: &Plan, measured: &Measured, memory: bool) -> String {
    let mut text = String::new();
    let kind = match plan.suite {
        Suite::Startup => "wall time",
        Suite::Lua | Suite::Wasm | Suite::Simd | Suite::Mixed => "user time",
    };
    let memory_note = if memory { ", peak MB" } else { "" };
    let base = plan.base.map_or("none", |base| &plan.peers[base].name);
    let rounds = measured.runs.iter().flatten().map(Vec::len).max().unwrap_or_default();
    let _ = writeln!(
        text,
        "\n{}: median {kind} of {rounds} rounds in ms, ratio to {base}{memory_note}\n",
        plan.suite.name()
    );
    let width = if memory { 23 } else { 15 };
    let _ = write!(text, "{:NAME_WIDTH$}", "");
    for peer in &plan.peers {
        let _ = write!(text, "{:>width$}", peer.name);
    }
    text.push('\n');
    for (index, program) in plan.programs.iter().enumerate() {
        let _ = write!(text, "{:NAME_WIDTH$}", program.name);
        for peer in 0..plan.peers.len() {
            let _ = write!(text, "{:>width$}", cell(plan, measured, index, peer, memory));
        }
        text.push('\n');
    }
    let _ = write!(text, "{:NAME_WIDTH$}", "geometric mean");
    for peer in 0..plan.peers.len() {
        let shown =
            mean(plan, measured, peer).map(|(mean, count)| format!("({count}) {mean:.3}")).unwrap_or("–".into());
        let _ = write!(text, "{shown:>width$}");
    }
    text.push('\n');
    failures(plan, measured, &mut text);
    text
}

/// The failures that count one by one; of the other peers the first one only, and how many there are.
fn failures(plan: &Plan, measured: &Measured, text: &mut String) {
    for failure in measured.failures.iter().filter(|failure| failure.counts) {
        let _ = writeln!(text, "FAILED: {} on {}: {}", failure.program, failure.peer, failure.reason);
    }
    for peer in &plan.peers {
        let mut own = measured.failures.iter().filter(|failure| !failure.counts && failure.peer == peer.name);
        if let Some(first) = own.next() {
            let (count, all) = (own.count() + 1, plan.programs.len());
            let _ =
                writeln!(text, "{} fails {count} of {all} programs; {}: {}", peer.name, first.program, first.reason);
        }
    }
}

fn cell(plan: &Plan, measured: &Measured, index: usize, peer: usize, memory: bool) -> String {
    let runs = &measured.runs[index][peer];
    let Some(own) = time(plan.suite, runs) else {
        return "–".to_owned();
    };
    let decimals = if own < 20.0 { 1 } else { 0 };
    let mut text = format!("{own:.decimals$}");
    if let Some(ratio) = ratio(plan, measured, index, peer) {
        let _ = write!(text, " {ratio:6.2}");
    }
    if memory {
        let _ = write!(text, " {:6.1}", peak_megabytes(runs));
    }
    text
}

/// Everything measured, as one JSON value with a list of suites.
pub(crate) fn json(results: &[(Plan, Measured)]) -> Result<String, String> {
    let suites: Vec<Value> = results.iter().map(|(plan, measured)| suite_json(plan, measured)).collect();
    serde_json::to_string_pretty(&json!({ "suites": suites })).map_err(|error| error.to_string())
}

fn suite_json(plan: &Plan, measured: &Measured) -> Value {
    let programs: Vec<Value> = (0..plan.programs.len())
        .map(|index| {
            let peers: Vec<Value> = (0..plan.peers.len())
                .filter(|peer| !measured.runs[index][*peer].is_empty())
                .map(|peer| {
                    let runs = &measured.runs[index][peer];
                    json!({
                        "peer": plan.peers[peer].name,
                        "median_ms": time(plan.suite, runs),
                        "ratio": ratio(plan, measured, index, peer),
                        "peak_megabytes": peak_megabytes(runs),
                        "runs": runs,
                    })
                })
                .collect();
            json!({ "program": plan.programs[index].name, "peers": peers })
        })
        .collect();
    let means: Vec<Value> = (0..plan.peers.len())
        .filter_map(|peer| {
            let (mean, count) = mean(plan, measured, peer)?;
            Some(json!({ "peer": plan.peers[peer].name, "geometric_mean": mean, "programs": count }))
        })
        .collect();
    json!({
        "suite": plan.suite.name(),
        "base": plan.base.map(|base| &plan.peers[base].name),
        "programs": programs,
        "means": means,
        "failures": measured.failures,
    })
}
