//! Every row of the table of instructions is verified, loaded and run in every form of code, and stopped before each instruction, to
//! go on in a machine that loads what was saved.

use minivm_conformance::every_row::programs;
use minivm_conformance::generate::Programs;
use minivm_conformance::run_generated::{Way, run, run_reloaded};
use minivm_conformance::small_stack::with_small_stack;
use minivm_isa::instruction::InstructionInfo;

/// Rows that do nothing but raise an error.
const FAILING: [&str; 2] = ["throw", "trap"];

fn check(row: &InstructionInfo, programs: &Programs) -> Result<(), String> {
    let first = run(programs, Way::Fast, 0)?;
    if first.log.contains("not linked") || !first.log.contains("finished: ") {
        return Err(first.log);
    }
    // What the operands are made for goes well, whatever the numbers do; what does nothing but fail, fails.
    let is_well = first.log.lines().any(|line| line.starts_with("true "));
    if is_well == FAILING.contains(&row.name) || first.log.contains("not supported") {
        return Err(format!("it is well: {is_well}\n{}", first.log));
    }
    for way in &Way::ALL[1..] {
        let other = run(programs, *way, 0)?;
        if !first.is_same(&other) {
            let (found, expected) = (other.fuel, first.fuel);
            return Err(format!(
                "{way:?} differs, with {found} and not {expected} fuel left:\n{}\nand not\n{}",
                other.log, first.log
            ));
        }
    }
    let log = run_reloaded(programs)?;
    if log != first.log {
        return Err(format!("loaded, it differs:\n{log}\nand not\n{}", first.log));
    }
    Ok(())
}

#[test]
fn every_row_runs_in_every_form_of_code() {
    let failures: Vec<String> = with_small_stack(|| match programs() {
        Ok(programs) => {
            let failed = |(row, programs): &(&InstructionInfo, Programs)| {
                check(row, programs).err().map(|error| format!("{}: {error}", row.name))
            };
            programs.iter().filter_map(failed).collect()
        }
        Err(error) => vec![error],
    });
    assert!(failures.is_empty(), "{} rows fail:\n{}", failures.len(), failures.join("\n"));
}
