//! Every program in the text form of bytecode gives what is stored beside it, which is written by hand.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{known, run_text, snapshot};

fn main() {
    let arguments = Arguments::from_args();
    let trial = |case: Case| Trial::test(case.name.clone(), move || Ok(known::judge(&case, check(&case))?));
    libtest_mimic::run(&arguments, cases::text().into_iter().map(trial).collect()).exit();
}

fn check(case: &Case) -> Result<(), String> {
    let outcome = with_small_stack(|| run_text::run(case))?;
    snapshot::check(case, &outcome.text())
}
