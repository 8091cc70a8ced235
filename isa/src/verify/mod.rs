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
pub(crate) use special::SignatureFacts;

use crate::Program;
use crate::code::{Code, FunctionMaker};
use crate::entities::Func;
use crate::limits::REJECTED_FUNCTIONS_MAX;
use crate::program::{Function, FunctionDef};
use std::fmt;
use std::sync::Arc;

/// A program that the verifier has accepted. It is made only here, so whoever has one may rely on the rules: functions that are made
/// later are verified then, and are replaced by one that fails if they break a rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Verified(Arc<Program>);

impl Verified {
    /// The program, free to be changed again.
    pub fn into_program(self) -> Program {
        Arc::unwrap_or_clone(self.0)
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

/// Checks a program; functions that are not made yet are checked when they are.
///
/// # Errors
/// All rejections in the order of the program, at most a hundred for a function and for a hundred functions; a last one says
/// when there are more.
pub fn verify(program: Program) -> Result<Verified, Vec<Rejection>> {
    let rejections = check_if(&program, |code| code.made().is_some());
    if !rejections.is_empty() {
        return Err(rejections);
    }
    let makes_later = program.functions.values().any(|function| unmade(function).is_some());
    Ok(Verified(if makes_later { verifying(program) } else { Arc::new(program) }))
}

/// The maker of a function that is not made yet.
fn unmade(function: &FunctionDef) -> Option<&Arc<FunctionMaker>> {
    match function {
        FunctionDef::Code(code) if code.made().is_none() => code.maker(),
        FunctionDef::Code(_) | FunctionDef::Import { .. } => None,
    }
}

/// A program that verifies functions when they are made.
fn verifying(mut program: Program) -> Arc<Program> {
    Arc::new_cyclic(|this| {
        // One maker after the other, as a rule the same.
        let mut last: Option<(Arc<FunctionMaker>, Arc<FunctionMaker>)> = None;
        for function in program.functions.values_mut() {
            let Some(maker) = unmade(function) else { continue };
            let known = last.take_if(|(known, _)| !Arc::ptr_eq(known, maker));
            drop(known);
            let (_, new) = last.get_or_insert_with(|| (maker.clone(), maker.verifying(this.clone())));
            let new = new.clone();
            if let FunctionDef::Code(code) = function {
                code.set_maker(new);
            }
        }
        program
    })
}

/// The rejections of a program, none when it is fine. See [`verify`]; functions that are not made yet are made.
pub fn check(program: &Program) -> Vec<Rejection> {
    check_if(program, |_| true)
}

/// The rejections of one function of a program that is fine besides.
pub(crate) fn check_function(
    program: &Program,
    signatures: &SignatureFacts,
    number: Func,
    function: &Function,
) -> Vec<Rejection> {
    let mut all = Rejections::default();
    function::check((program, signatures), number, function, &mut all);
    all.list
}

/// The rejections of a program with the functions for which `is_checked` holds.
fn check_if(program: &Program, is_checked: impl Fn(&Code) -> bool) -> Vec<Rejection> {
    let mut all = Rejections::default();
    program::check(program, &mut all);
    initial::check(program, &mut all);
    let mut rejected = 0;
    let signatures = special::SignatureFacts::default();
    for (number, definition) in &program.functions {
        let FunctionDef::Code(function) = definition else { continue };
        if !is_checked(function) {
            continue;
        }
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
