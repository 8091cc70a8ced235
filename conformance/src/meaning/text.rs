//! Cases in the text form as they are meant.

use crate::cases::Case;
use crate::outcome::{Ending, Outcome};
use minivm_isa::Opcode;
use minivm_semantics::{Any, Ended, Limits, Machine};
use std::collections::BTreeSet;
use std::fs;

/// Runs a case to its end; notes the rows that were used.
///
/// # Errors
/// When it does not load; what happens while it runs is part of the outcome.
pub fn run(case: &Case, used: &mut BTreeSet<Opcode>) -> Result<Outcome, String> {
    let text = fs::read_to_string(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let program = minivm_isa::text::parse(&text).map_err(|errors| errors[0].to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let mut machine = Machine::new(Limits::default());
    let instance = machine.instantiate(program).map_err(|error| format!("{error:?}"))?;
    let main = machine.exported_function(instance, "main").ok_or("it exports no main")?;
    let (output, ending) = match machine.call(&main, &[]) {
        Ended::Finished(values) => {
            let lines: String = values.iter().map(|value| described(value) + "\n").collect();
            (lines.into_bytes(), Ending::Finished)
        }
        Ended::Failed { error, .. } => (Vec::new(), Ending::Failed(described(&error))),
        Ended::OutOfFuel => return Err("it has no limit".to_owned()),
    };
    used.extend(machine.used());
    Ok(Outcome { output, ending })
}

/// A value as people see it; objects, which differ from run to run, by their kind.
fn described(value: &Any) -> String {
    match value {
        Any::String(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => super::shown(other),
    }
}
