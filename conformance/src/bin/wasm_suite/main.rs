//! Runs the official testsuite of WebAssembly, from a checkout: `cargo wasm-suite PATH` with `WebAssembly/testsuite`. It prints a table
//! by proposal, and every assertion that does not hold. What is known not to hold stands in [`KNOWN`], by name.

mod unfold;

use minivm_conformance::wasm::{Way, machines};
use minivm_wasm::script::{self, Outcome, Script};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Scripts and assertions that do not hold, each with the reason.
const KNOWN: &[(&[&str], &str)] = &[
    (&["custom/branch_hint.wast"], "whether a hint stands at a branch is not looked into"),
    (
        &[
            "br_on_cast_desc_eq.wast:456",
            "br_on_cast_desc_eq_fail.wast:432",
            "descriptors.wast:255",
            "descriptors.wast:262",
        ],
        "the validator wants supertypes of types with descriptors to have one",
    ),
    (&["ref_cast_desc_eq.wast:168"], "the validator wants supertypes of types with descriptors to have one"),
    (&["exact-func-import.wast"], "imports of functions of exactly a type are not supported"),
];

/// The folder of exceptions before 3.0.
const LEGACY: &str = "legacy";

/// The scripts of one line of the table.
#[derive(Default)]
struct Line {
    name: String,
    scripts: usize,
    passed: usize,
    failed: usize,
    known: usize,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("wasm-suite: say where a checkout of WebAssembly/testsuite is");
        return ExitCode::FAILURE;
    };
    match run(Path::new(&folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("wasm-suite: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all scripts; whether everything holds that is not known not to.
fn run(folder: &Path) -> Result<bool, String> {
    let mut folders = vec![folder.to_owned(), folder.join("custom"), folder.join(LEGACY)];
    let inside =
        std::fs::read_dir(folder.join("proposals")).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut proposals: Vec<PathBuf> = inside.filter_map(|entry| Some(entry.ok()?.path())).collect();
    proposals.sort();
    folders.extend(proposals);
    let mut lines = Vec::new();
    for folder_of_scripts in &folders {
        let name = folder_of_scripts.strip_prefix(folder).unwrap_or(folder_of_scripts).display().to_string();
        lines.push(run_folder(folder, folder_of_scripts, if name.is_empty() { "core".to_owned() } else { name })?);
    }
    println!("| scripts of | scripts | assertions hold | do not | known not to |\n|---|---|---|---|---|");
    for Line { name, scripts, passed, failed, known } in &lines {
        println!("| {name} | {scripts} | {passed} | {failed} | {known} |");
    }
    println!();
    KNOWN.iter().for_each(|(names, reason)| println!("{}: {reason}", names.join(", ")));
    Ok(lines.iter().all(|line| line.failed == 0))
}

/// Runs the scripts in a folder, not those in folders inside.
fn run_folder(root: &Path, folder: &Path, name: String) -> Result<Line, String> {
    let mut line = Line { name, ..Line::default() };
    let Ok(inside) = std::fs::read_dir(folder) else { return Ok(line) };
    let mut scripts: Vec<PathBuf> = inside.filter_map(|entry| Some(entry.ok()?.path())).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "wast"));
    scripts.sort();
    for path in scripts {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        line.scripts += 1;
        let outcome = match run_script(&path, &name) {
            Ok(outcome) => outcome,
            Err(message) => Outcome { passed: 0, failed: vec![message] },
        };
        line.passed += outcome.passed;
        for failure in &outcome.failed {
            if is_known(failure) {
                line.known += 1;
            } else {
                line.failed += 1;
                println!("{failure}");
            }
        }
    }
    Ok(line)
}

/// Whether a failure, which begins with the script and the line, stands in [`KNOWN`].
fn is_known(failure: &str) -> bool {
    let is_it = |known: &&str| {
        let at = failure.find(known).filter(|&at| at == 0 || failure[..at].ends_with('/'));
        at.is_some_and(|at| failure[at + known.len()..].starts_with(':'))
    };
    KNOWN.iter().any(|(names, _)| names.iter().any(is_it))
}

fn run_script(path: &Path, name: &str) -> Result<Outcome, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let text = if name.starts_with(LEGACY) { unfold::unfolded(&text) } else { text };
    let machines = machines(text.contains("(register"), Way::AtOnce);
    // Casts that are wrong without descriptors are right with them.
    let features = if name.contains("custom-descriptors") { "all" } else { "-custom-descriptors" };
    let script = Script { name, text: &text, features: features.parse().expect("a list of proposals") };
    script::run(&script, machines).map(|(outcome, _)| outcome)
}
