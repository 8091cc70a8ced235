//! Every C program, its wasm run through the library, prints what its native build prints, whenever its functions are translated.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_wasm, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let trial = |case: Case| Trial::test(case.name.clone(), move || Ok(known::judge(&case, check(&case))?));
    libtest_mimic::run(&arguments, cases::c_programs().into_iter().map(trial).collect()).exit();
}

fn check(case: &Case) -> Result<(), String> {
    let outcome = with_small_stack(|| run_wasm::run(case))?;
    with_small_stack(|| run_wasm::compare_translations(case))?;
    snapshot::check(case, &outcome.text())
}
