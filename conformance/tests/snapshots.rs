//! Every case prints the same when its machine is saved and loaded into a fresh one again and again.
//!
//! `MINIVM_SNAPSHOT_SEED=N` chooses other places; `MINIVM_SNAPSHOT_EVERY=1` reloads after every so many instructions at most,
//! for the first ten thousand.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::reload::{self, Plan};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let trial = |case: Case| {
        let crashes = known::crashes(&case.name);
        let test = Trial::test(case.name.clone(), move || Ok(known::judge(&case, check(&case))?));
        test.with_ignored_flag(crashes)
    };
    let lua = cases::lua().into_iter().chain(cases::lua_programs());
    let trials = lua.chain(cases::c_programs()).chain(cases::mixed()).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn plan(case: &Case) -> Plan {
    // Each case is cut at other places, always the same ones.
    let start = number("MINIVM_SNAPSHOT_SEED").unwrap_or(1);
    let seed = case.name.bytes().fold(start.wrapping_mul(0x9e37_79b9_7f4a_7c15), |seed, byte| {
        seed.rotate_left(5).wrapping_mul(31) ^ u64::from(byte)
    });
    match number("MINIVM_SNAPSHOT_EVERY") {
        Some(every) => Plan { seed, first: every, growth_percent: 100, reloads_max: 10_000 },
        None => Plan { seed, first: 60, growth_percent: 300, reloads_max: 10 },
    }
}

fn check(case: &Case) -> Result<(), String> {
    let is_lua = case.source.extension().is_some_and(|ending| ending == "lua");
    let (outcome, reloads) = match (case.name.starts_with("mixed/"), is_lua) {
        (true, _) => with_small_stack(|| reload::run_mixed(case, plan(case)))?,
        (false, true) => reload::run_lua(case, plan(case))?,
        (false, false) => reload::run_wasm(case, plan(case))?,
    };
    // Nothing in a mixed case is open: every state of it can be saved.
    if case.name.starts_with("mixed/") && reloads.refused > 0 {
        return Err(format!("{} states were refused", reloads.refused));
    }
    snapshot::check(case, &outcome.text())
}
