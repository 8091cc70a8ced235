//! The verifier: proves every fact that machines rely on, or says everything that is wrong.
//!
//! It checks the program's items (`program`), initial values (`initial`), then for each function its shape
//! (`function`), its instructions by the table (`code`) and by rules of their own (`special`), and at last that every
//! register is assigned before it is read (`flow`). It runs no code and knows no machine.

mod code;
mod flow;
mod function;
mod initial;
mod program;
mod rejection;
mod special;
mod types;

pub use rejection::{Place, Rejection, Rule, SourceLine};

use crate::Program;
use crate::limits::REJECTED_FUNCTIONS_MAX;
use crate::program::FunctionDef;
use std::fmt;

/// A program that the verifier has accepted. It is made only here, so whoever has one may rely on the rules.
#[derive(Clone, PartialEq, Debug)]
pub struct Verified(Program);

impl Verified {
    /// The program, free to be changed again.
    pub fn into_program(self) -> Program {
        self.0
    }
}

impl std::ops::Deref for Verified {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0
    }
}

impl AsRef<Program> for Verified {
    fn as_ref(&self) -> &Program {
        &self.0
    }
}

/// Checks a program.
///
/// # Errors
/// All rejections in the order of the program, at most a hundred for a function and for a hundred functions; a last one says
/// when there are more.
pub fn verify(program: Program) -> Result<Verified, Vec<Rejection>> {
    let rejections = check(&program);
    if rejections.is_empty() { Ok(Verified(program)) } else { Err(rejections) }
}

/// The rejections of a program, none when it is fine. See [`verify`].
pub fn check(program: &Program) -> Vec<Rejection> {
    let mut all = Rejections::default();
    program::check(program, &mut all);
    initial::check(program, &mut all);
    let mut rejected = 0;
    let signatures = special::SignatureFacts::default();
    for (number, definition) in &program.functions {
        let FunctionDef::Code(function) = definition else { continue };
        if rejected == REJECTED_FUNCTIONS_MAX {
            let place = Place { item: "program".into(), ..Place::default() };
            all.list.push(Rejection {
                rule: Rule::More,
                place,
                expected: format!("at most {REJECTED_FUNCTIONS_MAX} functions with mistakes"),
                found: format!("{number} and those after it, not checked"),
            });
            break;
        }
        let before = all.list.len();
        function::check((program, &signatures), number, function, &mut all);
        rejected += usize::from(all.list.len() > before);
    }
    all.list
}

/// The rejections so far.
#[derive(Default)]
struct Rejections {
    list: Vec<Rejection>,
}

impl Rejections {
    /// Adds a rejection of an item outside of functions.
    fn item(
        &mut self,
        rule: Rule,
        item: &dyn fmt::Display,
        part: &'static str,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        let operand = (!part.is_empty()).then_some(part);
        let place = Place { item: item.to_string(), operand, ..Place::default() };
        self.list.push(Rejection { rule, place, expected: expected.to_string(), found: found.to_string() });
    }
}

#[cfg(test)]
mod tests;
