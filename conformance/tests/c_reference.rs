//! The stored output of every C program is what its native build prints. Without `clang` there is nothing to do.
//! `cargo accept` stores it anew.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::{reference, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let installed = reference::is_clang_installed();
    let trial = |case: Case| Trial::test(case.name.clone(), move || Ok(check(&case)?)).with_ignored_flag(!installed);
    libtest_mimic::run(&arguments, cases::c_programs().into_iter().map(trial).collect()).exit();
}

fn check(case: &Case) -> Result<(), String> {
    snapshot::check(case, &reference::run_native(case)?.text())
}
