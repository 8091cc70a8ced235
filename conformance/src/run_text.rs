//! Runs a program in the text form of bytecode: its export `main`, whose results are the output.

use crate::cases::Case;
use crate::outcome::{Ending, Outcome};
use minivm::raw::{Failure, Limits, Machine, Value};
use std::fs;

/// Runs a case to its end.
///
/// # Errors
/// When it does not load; what happens while it runs is part of the outcome.
pub fn run(case: &Case) -> Result<Outcome, String> {
    run_with(case, |machine, main| machine.call(main, &[]))
}

/// Runs a case to its end in a way of the caller's: `call` is given the function.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    case: &Case,
    call: impl FnOnce(&mut Machine, Value) -> Result<Vec<Value>, Failure>,
) -> Result<Outcome, String> {
    let text = fs::read_to_string(&case.source).map_err(|error| format!("{}: {error}", case.name))?;
    let program = minivm_isa::text::parse(&text).map_err(|errors| errors[0].to_string())?;
    let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
    let mut machine = crate::native::machine(Limits::default());
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let main = machine.exported_function(instance, "main").ok_or("it exports no main")?;
    let result = call(&mut machine, main);
    let (output, ending) = match result {
        Ok(values) => {
            let lines: String = values.iter().map(|&value| machine.describe(value) + "\n").collect();
            (lines.into_bytes(), Ending::Finished)
        }
        Err(Failure::Exit(status)) => (Vec::new(), Ending::Exited(status)),
        Err(Failure::Error { value, .. }) => (Vec::new(), Ending::Failed(machine.describe(value))),
    };
    Ok(Outcome { output, ending })
}
