//! Runs the official tests of Lua 5.4, from a checkout: `cargo lua-suite PATH` with the folder `testes` of `lua/lua` at the tag
//! v5.4.8. Each file of a copy runs alone, by the command under the name `lua`, and one line says how it went. Lines that stand in
//! `frontends/lua/COMPATIBILITY.md`, each with its reason, are left out of the copy.

use minivm_conformance::builds;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// What is run before each file, so that it asks for nothing of the machine and of time that others may not have.
const BEFORE: &str = "_port=true _soft=true";
/// How much address space a file has, in KiB: one of them fills a table until there is no more memory.
const MEMORY_MAX: u64 = 4 << 20;
/// No file takes so long.
const TIME_MAX: Duration = Duration::from_secs(300);
/// The document with the lines that are left out: its own lines begin with `| file.lua:line |`.
const KNOWN: &str = include_str!("../../../frontends/lua/COMPATIBILITY.md");

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("lua-suite: say where the folder `testes` is");
        return ExitCode::FAILURE;
    };
    match run(Path::new(&folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("lua-suite: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all files; whether each passes.
fn run(folder: &Path) -> Result<bool, String> {
    let text = |error: std::io::Error| error.to_string();
    let command = builds::command("measure")?;
    let place = tempfile::tempdir().map_err(text)?;
    let name = place.path().join("lua");
    std::os::unix::fs::symlink(&command, &name).map_err(text)?;
    let files = copy(folder, &place.path().join("testes")).map_err(text)?;
    let (mut failed, mut left_out) = (0, 0);
    for (file, lines) in &files {
        let outcome = run_file(&name, file)?;
        failed += usize::from(outcome.is_err());
        left_out += lines;
        let outcome = outcome.unwrap_or_else(|message| format!("FAILS: {message}"));
        let without = if *lines > 0 { format!(" without {lines} lines") } else { String::new() };
        println!("{:<16}{outcome}{without}", file.file_name().unwrap_or_default().to_string_lossy());
    }
    println!("{} of {} files pass, without {left_out} lines", files.len() - failed, files.len());
    Ok(failed == 0)
}

/// Copies the files of a folder, without the lines that are left out; gives those that are to be run, with the number of these.
fn copy(folder: &Path, to: &Path) -> std::io::Result<Vec<(PathBuf, usize)>> {
    std::fs::create_dir_all(to)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let from = entry?.path();
        let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = to.join(&name);
        if from.is_dir() {
            copy(&from, &target)?;
            continue;
        }
        let bytes = std::fs::read(&from)?;
        let (mut kept, mut left_out) = (Vec::new(), 0);
        for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            if KNOWN.lines().any(|known| known.starts_with(&format!("| {name}:{} |", index + 1))) {
                left_out += 1;
                kept.push(b'\n');
            } else {
                kept.extend_from_slice(line);
            }
        }
        std::fs::write(&target, kept)?;
        // One runs the others; another one is a part of it.
        if name.ends_with(".lua") && !["all.lua", "tracegc.lua"].contains(&name.as_str()) {
            files.push((target, left_out));
        }
    }
    files.sort();
    Ok(files)
}

/// Runs a file; says how long it took, or how it failed.
fn run_file(command: &Path, file: &Path) -> Result<Result<String, String>, String> {
    let begun = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY_MAX}; exec \"$0\" \"$@\"")])
        .arg(command)
        .args(["-e", BEFORE])
        .arg(file.file_name().unwrap_or_default())
        .current_dir(file.parent().unwrap_or(Path::new(".")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut messages = child.stderr.take().ok_or("no messages")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = std::io::Read::read_to_end(&mut messages, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if begun.elapsed() > TIME_MAX => {
                child.kill().map_err(|error| error.to_string())?;
                return Ok(Err("takes too long".to_owned()));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let messages = reader.join().map_err(|_| "the messages cannot be read")?;
    if status.success() {
        return Ok(Ok(format!("passes in {:.1} s", begun.elapsed().as_secs_f64())));
    }
    Ok(Err(messages.lines().next().unwrap_or("no message").to_owned()))
}
