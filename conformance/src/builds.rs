//! Other builds of this crate: what a program of one way of dispatch compares itself to.

use serde::Deserialize;
use std::process::{Command, Stdio};

/// What is shown of the output of a command that fails.
const LINES_SHOWN: usize = 40;
const COLUMNS_SHOWN: usize = 160;

/// What cargo says about something that it has built.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<String>,
}

/// Has cargo build something in a profile; gives the executable.
///
/// # Errors
/// When it does not build.
pub fn executable(words: &[&str], profile: &str) -> Result<String, String> {
    executable_of(cargo(words, profile))
}

/// Has cargo build the command `minivm` in a profile; gives the executable.
///
/// # Errors
/// When it does not build.
pub fn command(profile: &str) -> Result<String, String> {
    executable_of(cargo_of("minivm-cli", &["build"], profile))
}

fn executable_of(mut command: Command) -> Result<String, String> {
    let made = output(command.args(["--message-format", "json"]))?;
    let executable = |line: &str| serde_json::from_str::<Artifact>(line).ok()?.executable;
    made.lines().filter_map(executable).next_back().ok_or_else(|| "cargo does not say what it has built".to_owned())
}

/// What a command of cargo prints for this crate in the profile `measure`.
///
/// # Errors
/// When the command fails.
pub fn optimised(words: &[&str]) -> Result<String, String> {
    output(&mut cargo(words, "measure"))
}

/// A command of cargo for this crate in a profile.
pub fn cargo(words: &[&str], profile: &str) -> Command {
    cargo_of("minivm-conformance", words, profile)
}

fn cargo_of(package: &str, words: &[&str], profile: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args([words[0], "--quiet", "--profile", profile, "-p", package]).args(&words[1..]);
    command
}

/// What a command prints.
///
/// # Errors
/// When it fails, with its last lines.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let last: Vec<&str> = text.lines().rev().take(LINES_SHOWN).collect();
    let last: String =
        last.iter().rev().map(|line| line.chars().take(COLUMNS_SHOWN).collect::<String>() + "\n").collect();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    Err(format!("cargo {}: {}\n{last}", words.join(" "), output.status))
}
