//! Every case in a form that can be run at any pace, with what a run leaves behind and costs.

use crate::cases::{self, Case};
use crate::outcome::Outcome;
use crate::slicing::{self, Pace};
use crate::{known, run_lua, run_text, run_wasm, snapshot};
use minivm::raw::{Failure, Limits, Machine, Value};
use serde::{Deserialize, Serialize};

/// What a call gives.
pub type Called = Result<Vec<Value>, Failure>;
/// How a case calls its main function.
pub type Call<'c> = &'c mut dyn FnMut(&mut Machine, Value, &[Value]) -> Called;
/// Runs a case that calls in this way.
pub type Runner = fn(&Case, Call<'_>) -> Result<Outcome, String>;

/// More than any case costs.
pub const PLENTY: u64 = 1 << 40;

/// All cases that can be run and whose output is the same every time: Lua, WebAssembly, text form.
pub fn all() -> Vec<(Case, Runner)> {
    let with = |cases: Vec<Case>, runner: Runner| cases.into_iter().map(move |case| (case, runner));
    with(cases::lua(), lua)
        .chain(with(cases::lua_programs(), lua))
        .chain(with(cases::c_programs(), wasm))
        .chain(with(cases::text(), text))
        .filter(|(case, _)| !known::crashes(&case.name))
        .collect()
}

fn lua(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_lua::run_with(case, Limits::default(), call)
}

fn wasm(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_wasm::run_with(case, |machine, start, _| Ok(call(machine, start, &[])))
}

fn text(case: &Case, call: Call<'_>) -> Result<Outcome, String> {
    run_text::run_with(case, |machine, main| call(machine, main, &[]))
}

/// What a run left behind, and what it cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its output and how it ended.
    pub text: String,
    /// The traceback of the error that it ended with.
    pub trace: String,
    /// Canonical instructions.
    pub fuel: u64,
}

impl Run {
    /// What is not the same in another run.
    pub fn difference(&self, other: &Run) -> Option<String> {
        if self.text != other.text {
            return Some(snapshot::difference(&self.text, &other.text));
        }
        if self.trace != other.trace {
            return Some(format!("traceback: {}", snapshot::difference(&self.trace, &other.trace)));
        }
        (self.fuel != other.fuel).then(|| format!("{} instructions were charged, not {}", other.fuel, self.fuel))
    }
}

/// Runs a case at a pace; none when there was not enough fuel.
///
/// # Errors
/// When it could not be run, or was stopped at a wrong place.
pub fn run(case: &Case, runner: Runner, pace: Pace) -> Result<Option<Run>, String> {
    let (mut trace, mut fuel, mut miscounts, mut ended) = (String::new(), 0, Vec::new(), true);
    let outcome = runner(case, &mut |machine, function, arguments| {
        let paced = slicing::call(machine, function, arguments, pace);
        (fuel, miscounts, ended) = (paced.fuel, paced.miscounts, paced.result.is_some());
        if let Some(Err(Failure::Error { trace: found, .. })) = &paced.result {
            trace.clone_from(found);
        }
        paced.result.unwrap_or(Err(Failure::Exit(0)))
    })?;
    match miscounts.first() {
        Some(first) => Err(format!("{pace:?}: {first}")),
        None => Ok(ended.then(|| Run { text: outcome.text(), trace, fuel })),
    }
}
