//! Programs that try to take more memory than they may: the command runs each in a process of its own, under a limit, and what the
//! process takes is measured from outside.
//!
//! A case is a file of `conformance/cases/limits`. Comments at its start say what it is given and what is right:
//!
//! | line | |
//! |---|---|
//! | `memory: 64M` | the limit, as for `--memory-max` |
//! | `seconds: 20` | processor time that is enough for it, optimised |
//! | `exit: 1` | how the process ends, 0 unless it says so |
//! | `prints: TEXT` | a line that it prints begins with this; `\t` is a tab |
//! | `quick` | it is also run where nothing is optimised |

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// A program and what is right for it.
#[derive(Clone, Debug)]
pub struct Case {
    path: PathBuf,
    /// The limit.
    memory: String,
    memory_bytes: u64,
    seconds: u64,
    exit: i32,
    prints: Vec<String>,
    /// Whether it takes little time even where nothing is optimised.
    pub is_quick: bool,
}

/// What a process took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The most memory that was resident.
    pub peak_bytes: u64,
    /// Processor time.
    pub time: Duration,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6.1} MB {:6.2} s", self.peak_bytes as f64 / f64::from(1 << 20), self.time.as_secs_f64())
    }
}

/// Bytes that a process may take besides its limit and a quarter of that. Pages of unoptimised code take more.
const PROCESS_BYTES: u64 = if cfg!(debug_assertions) { 24 << 20 } else { 16 << 20 };
/// Wall time is not measured, but a process that hangs has to end.
const WALL_FACTOR: u32 = 40;

/// All cases, by name.
///
/// # Errors
/// When one does not say what is right for it.
pub fn cases() -> Result<Vec<Case>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/limits");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    let cases: Result<Vec<Option<Case>>, String> = paths.into_iter().map(case).collect();
    Ok(cases?.into_iter().flatten().collect())
}

/// What a file says of itself; nothing when it is not a case but belongs to others.
fn case(path: PathBuf) -> Result<Option<Case>, String> {
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut case = Case {
        path,
        memory: String::new(),
        memory_bytes: 0,
        seconds: 10,
        exit: 0,
        prints: Vec::new(),
        is_quick: false,
    };
    let comments = text.lines().map_while(|line| line.strip_prefix("--").or_else(|| line.strip_prefix(";;")));
    for comment in comments {
        let (key, value) = comment.trim().split_once(':').unwrap_or((comment.trim(), ""));
        let value = value.trim();
        match key {
            "memory" => {
                case.memory = value.to_owned();
                let megabytes = value.strip_suffix('M').and_then(|number| number.parse::<u64>().ok());
                case.memory_bytes = megabytes.ok_or_else(|| format!("{}: not so many M", case.path.display()))? << 20;
            }
            "seconds" => case.seconds = value.parse().map_err(|_| format!("{}: {value}", case.path.display()))?,
            "exit" => case.exit = value.parse().map_err(|_| format!("{}: {value}", case.path.display()))?,
            "prints" => case.prints.push(value.replace("\\t", "\t")),
            "quick" => case.is_quick = true,
            _ => {}
        }
    }
    Ok(if case.memory.is_empty() { None } else { Some(case) })
}

impl Case {
    /// The name of the file.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Runs it with a command, and gives what it took. `slowness` is how many times longer it may take than optimised.
    ///
    /// # Errors
    /// What is wrong, with what it took.
    pub fn run(&self, command: &Path, slowness: u32) -> Result<Taken, String> {
        let folder = self.path.parent().ok_or("it is in no folder")?;
        let out = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let err = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let stdio = |file: &tempfile::NamedTempFile| file.reopen().map(Stdio::from).map_err(|error| error.to_string());
        let mut words = Command::new(command);
        words.args(["run", "--memory-max", &self.memory]).arg(&self.path).current_dir(folder);
        let spawned = words.stdin(Stdio::null()).stdout(stdio(&out)?).stderr(stdio(&err)?).spawn();
        let mut child = spawned.map_err(|error| format!("{}: {error}", command.display()))?;
        let allowed = Duration::from_secs(self.seconds) * slowness;
        let start = Instant::now();
        let used = loop {
            if let Some(used) = child.try_wait4().map_err(|error| error.to_string())? {
                break used;
            }
            if start.elapsed() > allowed * WALL_FACTOR {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no end after {} s", start.elapsed().as_secs()));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let taken = Taken { peak_bytes: used.rusage.maxrss, time: used.rusage.utime.saturating_add(used.rusage.stime) };
        let text = |file: &tempfile::NamedTempFile| {
            fs::read(file.path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        };
        self.judge(used.status.code(), taken, allowed, &text(&out), &text(&err))?;
        Ok(taken)
    }

    fn judge(&self, code: Option<i32>, taken: Taken, allowed: Duration, out: &str, err: &str) -> Result<(), String> {
        let shown = |text: &str| {
            let lines: Vec<String> = text.lines().take(12).map(|line| line.chars().take(160).collect()).collect();
            lines.join("\n    ")
        };
        let said = format!("{taken}\n    {}\n    {}", shown(out), shown(err));
        if code != Some(self.exit) {
            return Err(format!("it ended with {code:?}, not with {}: {said}", self.exit));
        }
        if let Some(missing) = self.prints.iter().find(|text| !out.lines().any(|line| line.starts_with(*text))) {
            return Err(format!("no line begins with '{missing}': {said}"));
        }
        let most = self.memory_bytes + self.memory_bytes / 4 + PROCESS_BYTES;
        if taken.peak_bytes > most {
            return Err(format!("more was resident than {} MB: {said}", most >> 20));
        }
        if taken.time > allowed {
            return Err(format!("more than {} s: {said}", allowed.as_secs()));
        }
        Ok(())
    }
}
