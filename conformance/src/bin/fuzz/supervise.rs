//! The two processes: a worker that runs input after input and notes which one it is at, and a supervisor that watches it.

use crate::targets::Target;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// An input that takes longer hangs.
const HANG: Duration = Duration::from_secs(10);
/// More failing inputs are not looked for in one run.
const FOUND_MAX: usize = 10;

/// Runs inputs for ever, from the number in the progress file on. Its standard output tells, at each power of two, how far
/// the inputs got.
pub(crate) fn work(target: Target, seed: u64, progress: &str) -> Result<(), String> {
    let corpus = target.corpus();
    if corpus.is_empty() {
        return Err("there are no cases to damage".to_owned());
    }
    let file = File::options().read(true).write(true).open(progress).map_err(|error| format!("{progress}: {error}"))?;
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for number in read_number(&file).unwrap_or(0).. {
        file.write_all_at(&number.to_le_bytes(), 0).map_err(|error| error.to_string())?;
        *reached.entry(target.run(&target.input(&corpus, seed, number))).or_default() += 1;
        if number >= 1023 && (number + 1).is_power_of_two() {
            println!("  {}: {} inputs, {reached:?}", target.name(), number + 1);
        }
    }
    Ok(())
}

fn read_number(file: &File) -> Option<u64> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Some(u64::from_le_bytes(bytes))
}

/// Runs workers for so many seconds and tells how many failing inputs were found.
pub(crate) fn supervise(target: Target, seed: u64, seconds: u64) -> Result<usize, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let path = folder.path().join("progress");
    fs::write(&path, 0u64.to_le_bytes()).map_err(|error| error.to_string())?;
    let file = File::open(&path).map_err(|error| error.to_string())?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut found = 0;
    println!("{}: {seconds} s from seed {seed}", target.name());
    while Instant::now() < end && found < FOUND_MAX {
        let mut worker = spawn(target, seed, &path)?;
        let Some(reason) = watch(&mut worker, &file, end)? else { break };
        found += 1;
        let number = read_number(&file).ok_or("the worker noted no progress")?;
        report(target, seed, number, &reason)?;
        fs::write(&path, (number + 1).to_le_bytes()).map_err(|error| error.to_string())?;
    }
    let inputs = read_number(&file).unwrap_or(0);
    println!("{}: {inputs} inputs, {found} failing", target.name());
    Ok(found)
}

fn spawn(target: Target, seed: u64, progress: &Path) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg(target.name()).arg("--seed").arg(seed.to_string()).arg("--worker").arg(progress);
    command.stdin(Stdio::null()).spawn().map_err(|error| format!("no worker: {error}"))
}

/// Why the worker ended, or `None` when the time is up.
fn watch(worker: &mut Child, progress: &File, end: Instant) -> Result<Option<String>, String> {
    let mut last = (read_number(progress), Instant::now());
    loop {
        if let Some(status) = worker.try_wait().map_err(|error| error.to_string())? {
            return Ok(Some(status.to_string()));
        }
        let now = read_number(progress);
        if now != last.0 {
            last = (now, Instant::now());
        }
        let hangs = last.1.elapsed() > HANG && now.is_some_and(|number| number > 0);
        if hangs || Instant::now() > end {
            worker.kill().map_err(|error| error.to_string())?;
            worker.wait().map_err(|error| error.to_string())?;
            return Ok(hangs.then(|| format!("no end after {} s", HANG.as_secs())));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Makes the input again and writes it where it can be looked at.
fn report(target: Target, seed: u64, number: u64, reason: &str) -> Result<(), String> {
    let folder = Path::new("target/fuzz");
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let path = folder.join(format!("{}-{seed}-{number}", target.name()));
    let input = target.input(&target.corpus(), seed, number);
    fs::write(&path, input).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("FAILED: {reason}\n  fuzz {} --input {}", target.name(), path.display());
    Ok(())
}
