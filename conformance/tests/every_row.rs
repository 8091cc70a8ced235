//! Every row of the table of instructions is verified, loaded and run in every form of code, and stopped before each instruction, to
//! go on in a machine that loads what was saved.

use minivm_conformance::every_row::programs;
use minivm_conformance::generate::Programs;
use minivm_conformance::run_generated::{Way, run, run_reloaded};
use minivm_conformance::small_stack::with_small_stack;
use minivm_isa::instruction::InstructionInfo;

fn check(row: &InstructionInfo, programs: &Programs) -> Result<(), String> {
    let first = run(programs, Way::Fast, 0)?;
    if first.log.contains("not linked") || !first.log.contains("finished: ") {
        return Err(first.log);
    }
    // Rows that may end otherwise do so with numbers; with what they are made for, they work.
    if row.effects.call && row.facts.metamethod.is_some() && !first.log.lines().any(|line| line.starts_with("true ")) {
        return Err(format!("its metamethod gives nothing:\n{}", first.log));
    }
    for way in &Way::ALL[1..] {
        let other = run(programs, *way, 0)?;
        if first != other {
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
