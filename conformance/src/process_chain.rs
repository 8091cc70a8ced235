//! Runs a case in slices, each in a process of its own: it loads what the one before has saved, and saves what it has reached.
//!
//! The process that asks starts itself with [`CHILD`] and a file that says what to do; the child writes its answer there.
//! Children may be of several builds by turns: a state does not say which one has made it.

use crate::cases::Case;
use crate::lua_host::{CaseHost, Luggage};
use crate::outcome::{Ending, Outcome};
use crate::reload::{Install, ended, scripted};
use crate::small_stack::with_small_stack;
use crate::{run_lua, run_mixed, run_wasm};
use minivm::raw::{CodeForm, Limits, Machine, RunState, SnapshotError, Value};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a process is told to be one of those that run a slice with.
pub const CHILD: &str = "--child";

/// The answer in place of an outcome when the run was saved.
const SAVED: &str = "it is saved";

/// What a child does.
#[derive(Serialize, Deserialize)]
struct Task {
    /// The name of the case.
    case: String,
    /// Instructions until it is saved; to the end without.
    length: Option<u64>,
    /// The state to go on with, and where the next one goes.
    state: PathBuf,
    is_first: bool,
    luggage: Luggage,
}

/// What has become of it.
#[derive(Serialize, Deserialize)]
struct Answer {
    output: Vec<u8>,
    /// How the run ended, if it did.
    ending: Option<Ending>,
    luggage: Luggage,
    /// How the build of the child goes from handler to handler.
    uses_tail_calls: bool,
}

/// The processes that a case was run in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processes {
    /// All of them.
    pub count: u32,
    /// Those of a build with tail calls.
    pub with_tail_calls: u32,
}

/// Runs a case in slices of these lengths, then to its end, in processes of these builds of this program by turns.
///
/// # Errors
/// When a child fails.
pub fn run(
    case: &Case,
    lengths: impl IntoIterator<Item = u64>,
    builds: &[PathBuf],
) -> Result<(Outcome, Processes), String> {
    let text = |error: &dyn std::fmt::Display| format!("{}: {error}", case.name);
    let folder = tempfile::tempdir().map_err(|error| text(&error))?;
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).map_err(|error| text(&error))?;
    let file = folder.path().join("task.json");
    let mut luggage = Luggage { scratch, names: 0, input_at: 0 };
    let (mut output, mut processes) = (Vec::new(), Processes::default());
    for (length, build) in lengths.into_iter().map(Some).chain([None]).zip(builds.iter().cycle()) {
        let state = folder.path().join("state.mvs");
        let task = Task { case: case.name.clone(), length, state, is_first: processes.count == 0, luggage };
        fs::write(&file, serde_json::to_vec(&task).map_err(|error| text(&error))?).map_err(|error| text(&error))?;
        let ended = Command::new(build).arg(CHILD).arg(&file).output().map_err(|error| text(&error))?;
        processes.count += 1;
        if !ended.status.success() {
            return Err(format!("process {}: {}", processes.count, String::from_utf8_lossy(&ended.stderr)));
        }
        let answer = fs::read(&file).map_err(|error| text(&error))?;
        let answer: Answer = serde_json::from_slice(&answer).map_err(|error| text(&error))?;
        output.extend(answer.output);
        luggage = answer.luggage;
        processes.with_tail_calls += u32::from(answer.uses_tail_calls);
        if let Some(ending) = answer.ending {
            return Ok((Outcome { output, ending }, processes));
        }
    }
    Err("it does not end".into())
}

/// Whether a case ends within so many instructions, or leaves something open that cannot travel.
///
/// # Errors
/// As for [`run`].
pub fn is_short(case: &Case, instructions: u64, build: &Path) -> Result<bool, String> {
    run(case, [instructions], &[build.to_owned()]).map(|(_, processes)| processes.count == 1)
}

/// Is the child: does what a file says, among these cases.
///
/// # Errors
/// When that cannot be done.
pub fn be_child(file: &Path, cases: &[Case]) -> Result<(), String> {
    let task = fs::read(file).map_err(|error| error.to_string())?;
    let task: Task = serde_json::from_slice(&task).map_err(|error| error.to_string())?;
    let case = cases.iter().find(|case| case.name == task.case).ok_or("there is no such case")?;
    let is_lua = case.source.extension().is_some_and(|ending| ending == "lua");
    let answer = match (case.name.starts_with("mixed/"), is_lua) {
        (true, _) => with_small_stack(|| lua_slice(case, &task, run_mixed::limits(), minivm_modules::raw::install))?,
        (false, true) => lua_slice(case, &task, Limits::default(), |_| Ok(()))?,
        (false, false) => wasm_slice(case, &task)?,
    };
    fs::write(file, serde_json::to_vec(&answer).map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

/// What a slice of a run gives to the code around it: its end, or the reason that there is none yet.
type Sliced = Result<Result<Vec<Value>, minivm::raw::Failure>, String>;

/// Loads the state, goes on, and saves. Where something is open that cannot travel, it goes on for as long once more.
fn slice(machine: &mut Machine, task: &Task) -> Sliced {
    if !task.is_first {
        let bytes = fs::read(&task.state).map_err(|error| error.to_string())?;
        machine.load(&bytes).map_err(|error| error.to_string())?;
    }
    loop {
        machine.set_fuel(task.length);
        let state = machine.resume();
        if !matches!(state, RunState::OutOfFuel) {
            // What runs when the machine is closed is not limited.
            machine.set_fuel(None);
            return ended(state);
        }
        match machine.save(b"", CodeForm::Whole) {
            Ok(bytes) => {
                fs::write(&task.state, bytes).map_err(|error| error.to_string())?;
                return Err(SAVED.into());
            }
            Err(SnapshotError::Refused(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// What a run that was saved, or has ended, answers.
fn answer(outcome: Result<Outcome, String>, printed: Vec<u8>, luggage: Luggage) -> Result<Answer, String> {
    let uses_tail_calls = minivm::raw::uses_tail_calls();
    match outcome {
        Ok(Outcome { output, ending }) => Ok(Answer { output, ending: Some(ending), luggage, uses_tail_calls }),
        Err(why) if why == SAVED => Ok(Answer { output: printed, ending: None, luggage, uses_tail_calls }),
        Err(why) => Err(why),
    }
}

fn lua_slice(case: &Case, task: &Task, limits: Limits, install: Install) -> Result<Answer, String> {
    let arrived = CaseHost::arrived(case, &task.luggage);
    let host = arrived.0.clone();
    let outcome = run_lua::run_on(case, arrived, limits, install, |machine, host, chunk, arguments| {
        if task.is_first {
            machine.prepare(chunk, arguments);
        } else {
            *machine = scripted(host, limits, install)?;
        }
        slice(machine, task)
    });
    answer(outcome, host.printed(), host.luggage())
}

fn wasm_slice(case: &Case, task: &Task) -> Result<Answer, String> {
    let seen = RefCell::new((Vec::new(), 0));
    let start = (task.luggage.scratch.as_path(), task.luggage.input_at);
    let outcome = run_wasm::run_in(case, start, |machine, start, host| {
        let mut linked = None;
        if task.is_first {
            machine.prepare(start, &[]);
        } else {
            let (other, other_linked) = host.machine()?;
            *machine = other;
            linked = Some(other_linked);
        }
        let result = slice(machine, task);
        if let Some(linked) = linked {
            linked.flush().map_err(|error| error.to_string())?;
        }
        if result.is_err() {
            // What was written is let out before a state is saved.
            seen.borrow_mut().0 = host.take_output();
        }
        seen.borrow_mut().1 = host.input_at();
        result
    });
    let (printed, input_at) = seen.into_inner();
    answer(outcome, printed, Luggage { input_at, ..task.luggage.clone() })
}
