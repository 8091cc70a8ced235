//! `wast`: runs scripts of the WebAssembly testsuite.

use crate::arguments::Wast;
use crate::commands;
use crate::exit::Exit;
use crate::report::{Place, Report};
use crate::source::{Failure, cause};
use minivm::raw::{InstanceId, Limits, Machine, Value};
use minivm_wasm::Features;
use minivm_wasm::script::{self, Called, Caller, Machines, Outcome, Script};
use std::fs;
use std::path::{Path, PathBuf};

/// Memory that the modules of a script may use.
const MEMORY_BYTES_MAX: u64 = 8 << 30;
/// Words of a stack: scripts recurse without end to see it end.
const STACK_WORDS_MAX: usize = 1 << 18;

/// Runs calls to their end.
struct Calls {
    fuel: Option<u64>,
}

impl Caller for Calls {
    fn machine(&mut self) -> Machine {
        let limits =
            Limits { memory_bytes_max: MEMORY_BYTES_MAX, stack_words_max: STACK_WORDS_MAX, ..Limits::default() };
        crate::raw_machine::raw_machine(limits)
    }

    fn call(
        &mut self,
        machine: &mut Machine,
        instance: InstanceId,
        name: &str,
        arguments: &[Value],
    ) -> Result<Called, script::Failure> {
        machine.set_fuel(self.fuel);
        Ok(machine.invoke(instance, name, arguments))
    }
}

/// Runs scripts; tells what does not hold, and how much does.
pub(crate) fn wast(options: &Wast, features: Features) -> Result<Exit, Failure> {
    let mut scripts = Vec::new();
    for file in &options.files {
        find(file, &mut scripts).map_err(|error| unreadable(file, &error))?;
    }
    let (mut passed, mut failed, mut wrong) = (0, 0, 0);
    for file in &scripts {
        let outcome = run(file, options, features)?;
        let is_wrong = !outcome.failed.is_empty();
        let mut told: String = outcome.failed.iter().map(|failure| format!("{failure}\n")).collect();
        if is_wrong || options.verbose {
            let (passed, failed) = (outcome.passed, outcome.failed.len());
            told += &format!("{}: {passed} assertions hold, {failed} do not\n", file.display());
        }
        commands::print(told.as_bytes())?;
        (passed, failed, wrong) =
            (passed + outcome.passed, failed + outcome.failed.len(), wrong + usize::from(is_wrong));
    }
    let count = scripts.len();
    let sum = format!("{count} scripts, {wrong} with failures: {passed} assertions hold, {failed} do not\n");
    commands::print(sum.as_bytes())?;
    Ok(if wrong == 0 { Exit::Success } else { Exit::Error })
}

fn run(file: &Path, options: &Wast, features: Features) -> Result<Outcome, Failure> {
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let name = file.display().to_string();
    let invalid = |message: String| Failure::new(Exit::Invalid, Report::new(message).place(Place::file(name.as_str())));
    let text = String::from_utf8(bytes).map_err(|_| invalid("the script is not UTF-8".to_owned()))?;
    let machines = Machines::new(text.contains("(register"), Calls { fuel: options.fuel });
    let script = Script { name: &name, text: &text, features };
    script::run(&script, machines).map(|(outcome, _)| outcome).map_err(invalid)
}

/// Adds a script, or those in a folder and the folders in it, by name.
fn find(path: &Path, scripts: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        if !path.is_dir() {
            scripts.push(path);
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            // Folders behind links may lead round in circles.
            if kind.is_dir() || kind.is_file() && path.extension().is_some_and(|ending| ending == "wast") {
                inside.push(path);
            }
        }
        inside.sort_unstable_by(|one, other| other.cmp(one));
        waiting.extend(inside);
    }
    Ok(())
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Unreadable, Report::new(format!("cannot read `{}`: {}", file.display(), cause(error))))
}
