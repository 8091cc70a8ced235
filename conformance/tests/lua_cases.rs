//! Every Lua case and program, run through the library, prints what the reference implementation prints.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_lua, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let trial = |case: Case| {
        let crashes = known::crashes(&case.name);
        let test = Trial::test(case.name.clone(), move || Ok(known::judge(&case, check(&case))?));
        test.with_ignored_flag(crashes)
    };
    let trials = cases::lua().into_iter().chain(cases::lua_programs()).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(case: &Case) -> Result<(), String> {
    let outcome = with_small_stack(|| run_lua::run(case))?;
    snapshot::check(case, &outcome.text())
}
