//! What our results are compared with: the reference implementation of Lua, and native builds of C, where they are installed.

use crate::cases::{self, Case};
use crate::outcome::{Ending, Outcome};
use std::io::Write;
use std::process::{Command, Stdio};

const LUA: &str = "lua5.4";
const CLANG: &str = "clang";

/// Whether the reference implementation of Lua is installed.
pub fn is_lua_installed() -> bool {
    runs(Command::new(LUA).arg("-v"))
}

/// Whether C programs can be compiled.
pub fn is_clang_installed() -> bool {
    runs(Command::new(CLANG).arg("--version"))
}

fn runs(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs a Lua case with the reference implementation.
///
/// # Errors
/// When it could not be run.
pub fn run_lua(case: &Case) -> Result<Outcome, String> {
    let mut command = Command::new(LUA);
    command.arg(cases::folder().join("run_case.lua")).arg(case.file_name());
    let (output, _) = run(case, command.current_dir(case.folder()))?;
    // `run_case.lua` makes an error the last line of the output.
    Ok(Outcome { output, ending: Ending::Finished })
}

/// Compiles a C program for this machine and runs it in an empty folder.
///
/// # Errors
/// When it could not be compiled or run.
pub fn run_native(case: &Case) -> Result<Outcome, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let (program, folder) = (scratch.path().join("program"), scratch.path().join("empty"));
    std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let mut compile = Command::new(CLANG);
    compile.args(["-O2", "-ffp-contract=off", "-o"]).arg(&program).arg(case.source.with_extension("c")).arg("-lm");
    let compiled = compile.status().map_err(|error| format!("{CLANG}: {error}"))?;
    if !compiled.success() {
        return Err(format!("{CLANG} does not compile {}", case.name));
    }
    let (output, status) = run(case, Command::new(program).current_dir(folder))?;
    Ok(Outcome { output, ending: Ending::Exited(status) })
}

/// Runs a command with the case's arguments and input; its output and exit status.
fn run(case: &Case, command: &mut Command) -> Result<(Vec<u8>, i32), String> {
    let mut child = command
        .args(&case.arguments)
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", case.name))?;
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = case.input.clone();
    // A program that does not read its input may close it, which is no error.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let finished = child.wait_with_output().map_err(|error| format!("{}: {error}", case.name))?;
    writer.join().map_err(|_| "the input could not be written".to_owned())?;
    let status = finished.status.code().ok_or_else(|| format!("{} was ended by a signal", case.name))?;
    Ok((finished.stdout, status))
}
