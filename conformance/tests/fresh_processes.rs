//! Every case prints the same when it goes on in another process again and again.
//!
//! By itself this runs a sample. The ignored trials are all cases: `cargo fresh-processes`. `MINIVM_SNAPSHOT_SEED=N` chooses
//! other places, `MINIVM_SNAPSHOT_PROCESSES=N` more or fewer processes for each case than six. With
//! `MINIVM_ONE_BY_ONE_MAX=N`, cases of at most so many instructions are stopped after each of them, too. With
//! `MINIVM_OTHER_BUILD=FILE`, processes of this build and of that one, which does not dispatch as this one does, take turns;
//! `cargo modes` makes one.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::process_chain;
use minivm_conformance::reload::Plan;
use minivm_conformance::{known, snapshot};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Of each kind, one case in so many is in the sample.
const SAMPLE: usize = 24;

fn all() -> Vec<Case> {
    let lua = cases::lua().into_iter().chain(cases::lua_programs());
    lua.chain(cases::c_programs()).chain(cases::mixed()).collect()
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, file] = words.as_slice()
        && first == process_chain::CHILD
    {
        return match process_chain::be_child(Path::new(file), &all()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (number, case) in all().into_iter().enumerate() {
        let (name, crashes) = (case.name.clone(), known::crashes(&case.name));
        let is_sample = number % SAMPLE == 0 && !name.contains("programs");
        let test = Trial::test(name, move || Ok(known::judge(&case, check(&case))?));
        trials.push(test.with_ignored_flag(crashes || !is_sample));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(case: &Case) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let other = std::env::var_os("MINIVM_OTHER_BUILD").map(PathBuf::from);
    let builds: Vec<PathBuf> = [this].into_iter().chain(other).collect();
    let one_by_one_max = number("MINIVM_ONE_BY_ONE_MAX").unwrap_or(0);
    if one_by_one_max > 0 && process_chain::is_short(case, one_by_one_max, &builds[0])? {
        check_run(case, iter::repeat_n(1, one_by_one_max as usize), &builds)
            .map_err(|why| format!("one by one: {why}"))?;
    }
    let seed = number("MINIVM_SNAPSHOT_SEED").unwrap_or(1);
    let seed = case.name.bytes().fold(seed, |seed, byte| seed.rotate_left(5).wrapping_mul(31) ^ u64::from(byte));
    let processes = number("MINIVM_SNAPSHOT_PROCESSES").unwrap_or(6).clamp(1, 1 << 20) as u32;
    let plan = Plan { seed, first: 90, growth_percent: 400, reloads_max: processes - 1 };
    check_run(case, plan.lengths(), &builds)
}

fn check_run(case: &Case, lengths: impl Iterator<Item = u64>, builds: &[PathBuf]) -> Result<(), String> {
    let (outcome, processes) = process_chain::run(case, lengths, builds)?;
    let is_mixed = (1..processes.count).contains(&processes.with_tail_calls);
    if builds.len() > 1 && processes.count > 1 && !is_mixed {
        return Err("both builds go from handler to handler in the same way".into());
    }
    snapshot::check(case, &outcome.text())
}
