//! The stored output of every Lua case is what the reference implementation prints. Without `lua5.4` there is nothing to do.
//! `cargo accept` stores it anew.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::{reference, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let installed = reference::is_lua_installed();
    // Cases in `beyond` show what the reference implementation cannot do; their output is written by hand.
    let cases = cases::lua().into_iter().filter(|case| !case.name.starts_with("lua/beyond/"));
    let trial = |case: Case| Trial::test(case.name.clone(), move || Ok(check(&case)?)).with_ignored_flag(!installed);
    let trials = cases.chain(cases::lua_programs()).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(case: &Case) -> Result<(), String> {
    snapshot::check(case, &reference::run_lua(case)?.text())
}
