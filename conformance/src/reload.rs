//! Runs a case in slices, and after each slice goes on in a fresh machine that loads what was saved, or into which the state
//! was copied.

use crate::cases::Case;
use crate::lua_host::CaseHost;
use crate::outcome::Outcome;
use crate::{run_lua, run_mixed, run_wasm};
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, SnapshotError, Value};
use minivm_lua::stdlib;
use std::cell::RefCell;

/// How long slices are.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the random lengths come from.
    pub seed: u64,
    /// The longest first slice; later ones grow.
    pub first: u64,
    /// How much longer the longest slice is than the one before, in percent.
    pub growth_percent: u64,
    /// The machine is replaced at most so often.
    pub reloads_max: u32,
}

impl Plan {
    /// Lengths of slices, in instructions.
    pub fn lengths(self) -> impl Iterator<Item = u64> {
        let mut state = self.seed | 1;
        let mut longest = self.first.max(1);
        (0..self.reloads_max).map(move |_| {
            // xorshift64: any sequence does that differs from seed to seed.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let length = 1 + state % longest;
            longest = (longest * self.growth_percent / 100).max(longest).min(1 << 40);
            length
        })
    }
}

/// What happened besides the outcome.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reloads {
    /// The machine was replaced so often.
    pub done: u32,
    /// Saving was refused so often, as something was open.
    pub refused: u32,
}

/// Runs `step` on a machine until it ends, replacing the machine after each slice by one that `fresh` makes.
///
/// # Errors
/// When a state cannot be saved for another reason than that something is open, or not be loaded or copied, or saving it
/// once more gives other bytes.
pub fn run_in_slices(
    machine: &mut Machine,
    plan: Plan,
    reloads: &mut Reloads,
    fresh: impl Fn() -> Result<Machine, String>,
) -> Result<Result<Vec<Value>, Failure>, String> {
    for length in plan.lengths() {
        machine.set_fuel(Some(length));
        match machine.resume() {
            RunState::OutOfFuel => {}
            state => {
                // What runs when the machine is closed is not limited.
                machine.set_fuel(None);
                return ended(state);
            }
        }
        let bytes = match machine.save(b"note", CodeForm::Whole) {
            Ok(bytes) => bytes,
            Err(SnapshotError::Refused(_)) => {
                reloads.refused += 1;
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        // Both ways are taken, and the run goes on in a machine that came by them in turn.
        let ways = [By::Loading, By::Copying];
        let (first, last) = (ways[reloads.done as usize % 2], ways[(reloads.done as usize + 1) % 2]);
        drop(replacement(machine, first, &bytes, &fresh)?);
        let other = replacement(machine, last, &bytes, &fresh)?;
        reloads.done += 1;
        *machine = other;
    }
    machine.set_fuel(None);
    ended(machine.resume())
}

/// Tries whether a fresh machine loads what a machine has saved, and saves the same once more.
///
/// # Errors
/// When it does not.
pub(crate) fn check_saved(bytes: &[u8], fresh: impl Fn() -> Result<Machine, String>) -> Result<(), String> {
    let mut other = fresh()?;
    other.load(bytes).map_err(|error| error.to_string())?;
    is_saved_again(&saved_again(&mut other)?, bytes, "loaded and")
}

/// How a machine gets the state of another.
#[derive(Clone, Copy)]
enum By {
    Loading,
    Copying,
}

/// A fresh machine with the state of one that was saved as `bytes`.
fn replacement(
    machine: &mut Machine,
    by: By,
    bytes: &[u8],
    fresh: impl Fn() -> Result<Machine, String>,
) -> Result<Machine, String> {
    let mut other = fresh()?;
    let (done, what) = match by {
        By::Loading => (other.load(bytes).map(drop), "loaded and"),
        By::Copying => (machine.copy_into(&mut other), "copied and"),
    };
    done.map_err(|error| error.to_string())?;
    is_saved_again(&saved_again(&mut other)?, bytes, what)?;
    Ok(other)
}

fn saved_again(machine: &mut Machine) -> Result<Vec<u8>, String> {
    machine.save(b"note", CodeForm::Whole).map_err(|error| format!("once more: {error}"))
}

/// Whether what was saved once more is the same.
fn is_saved_again(again: &[u8], bytes: &[u8], what: &str) -> Result<(), String> {
    if again == bytes {
        return Ok(());
    }
    let at = bytes.iter().zip(again).position(|(one, other)| one != other);
    Err(format!("{what} saved once more, the bytes differ from {at:?} on ({} bytes)", bytes.len()))
}

pub(crate) fn ended(state: RunState) -> Result<Result<Vec<Value>, Failure>, String> {
    match state {
        RunState::Finished(values) => Ok(Ok(values)),
        RunState::Failed(failure) => Ok(Err(failure)),
        RunState::OutOfFuel | RunState::Stepped | RunState::Interrupted | RunState::Yielded(_) => {
            Err("it stopped for no reason".into())
        }
        RunState::Waiting(request) => Err(format!("it waits for '{}'", request.name())),
    }
}

/// What adds to the standard library.
pub(crate) type Install = fn(&mut Machine) -> Result<(), OutOfMemory>;

/// Runs a Lua case in slices.
///
/// # Errors
/// As for [`run_in_slices`].
pub fn run_lua(case: &Case, plan: Plan) -> Result<(Outcome, Reloads), String> {
    run_scripted(case, plan, Limits::default(), |_| Ok(()))
}

/// Runs a case that mixes languages in slices.
///
/// # Errors
/// As for [`run_in_slices`].
pub fn run_mixed(case: &Case, plan: Plan) -> Result<(Outcome, Reloads), String> {
    run_scripted(case, plan, run_mixed::limits(), minivm_modules::raw::install)
}

fn run_scripted(case: &Case, plan: Plan, limits: Limits, install: Install) -> Result<(Outcome, Reloads), String> {
    let mut reloads = Reloads::default();
    let outcome = run_lua::run_hosted(case, limits, install, |machine, host, chunk, arguments| {
        machine.prepare(chunk, arguments);
        run_in_slices(machine, plan, &mut reloads, || scripted(host, limits, install))
    })?;
    Ok((outcome, reloads))
}

/// A fresh machine for a Lua program.
pub(crate) fn scripted(host: &CaseHost, limits: Limits, install: Install) -> Result<Machine, String> {
    let mut machine = crate::native::machine(limits);
    stdlib::raw::install(&mut machine, Box::new(host.clone())).map_err(|error| error.to_string())?;
    install(&mut machine).map_err(|error| error.to_string())?;
    Ok(machine)
}

/// Runs a mixed case and saves it after every one of its instructions; each state, loaded into a fresh machine, ends as the
/// case does. Gives the number of instructions.
///
/// # Errors
/// When a state cannot be saved or loaded, or ends with another output.
pub fn run_from_everywhere(case: &Case, expected: &[u8]) -> Result<u64, String> {
    let mut places = 0;
    run_lua::run_hosted(case, run_mixed::limits(), minivm_modules::raw::install, |machine, host, chunk, arguments| {
        machine.prepare(chunk, arguments);
        loop {
            // By turns in baseline code and in optimised code that runs out of fuel.
            let state = if places % 2 == 0 {
                machine.step(1)
            } else {
                machine.set_fuel(Some(1));
                machine.resume()
            };
            machine.set_fuel(None);
            if !matches!(state, RunState::OutOfFuel | RunState::Stepped) {
                return ended(state);
            }
            places += 1;
            let at = |what: String| format!("after instruction {places}: {what}");
            let bytes = machine.save(b"", CodeForm::Whole).map_err(|error| at(error.to_string()))?;
            let before = host.printed();
            let (host, output) = CaseHost::new(case)?;
            let mut other = scripted(&host, run_mixed::limits(), minivm_modules::raw::install)?;
            other.load(&bytes).map_err(|error| at(error.to_string()))?;
            if let Err(failure) = ended(other.resume())? {
                return Err(at(failure.to_string()));
            }
            stdlib::raw::flush(&mut other).map_err(|error| at(error.to_string()))?;
            let all = [before, output.take()].concat();
            if all != expected {
                return Err(at(format!("it prints {}", String::from_utf8_lossy(&all))));
            }
        }
    })?;
    Ok(places)
}

/// Runs a C program in slices.
///
/// # Errors
/// As for [`run_in_slices`].
pub fn run_wasm(case: &Case, plan: Plan) -> Result<(Outcome, Reloads), String> {
    let mut reloads = Reloads::default();
    let outcome = run_wasm::run_with(case, |machine, start, host| {
        machine.prepare(start, &[]);
        let last = RefCell::new(None);
        let result = run_in_slices(machine, plan, &mut reloads, || {
            let (machine, linked) = host.machine()?;
            *last.borrow_mut() = Some(linked);
            Ok(machine)
        });
        if let Some(linked) = last.into_inner() {
            linked.flush().map_err(|error| error.to_string())?;
        }
        result
    })?;
    Ok((outcome, reloads))
}
