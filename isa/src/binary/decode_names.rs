//! Turns bytes into what a program says for people: names, and positions in the source.
//!
//! Both sections go through the program in its order: an entry for each function with code. Where no function has any, the list is
//! empty.

use super::DecodeError;
use super::read::Reader;
use crate::program::{Function, FunctionDef, Local, Program, Span};

/// Names of globals, then those of functions.
pub(super) fn read_names(from: &mut Reader<'_>, program: &mut Program) -> Result<(), DecodeError> {
    let start = from.at;
    let globals = program.globals.values_mut();
    let has_globals = each(from, "globals", globals.len(), globals, |from, global| {
        global.name = from.name()?;
        Ok(!global.name.is_empty())
    })?;
    let has_functions = each_code(from, program, |from, code| {
        code.name = from.name()?;
        code.locals = from.list(read_local)?;
        code.capture_names = from.list(Reader::name)?;
        Ok(has_names(code))
    })?;
    if has_globals || has_functions { Ok(()) } else { from.error(start, "an empty section, which is left out") }
}

/// Positions of the instructions of functions.
pub(super) fn read_positions(from: &mut Reader<'_>, program: &mut Program) -> Result<(), DecodeError> {
    let start = from.at;
    let has_spans = each_code(from, program, |from, code| {
        code.spans = read_spans(from)?;
        Ok(!code.spans.is_empty())
    })?;
    if has_spans { Ok(()) } else { from.error(start, "an empty section, which is left out") }
}

/// Whether a function has a name, or names for what is in it.
pub(super) fn has_names(code: &Function) -> bool {
    !code.name.is_empty() || !code.locals.is_empty() || !code.capture_names.is_empty()
}

/// An entry for each function with code, see [`each`].
fn each_code(
    from: &mut Reader<'_>,
    program: &mut Program,
    read: impl FnMut(&mut Reader<'_>, &mut Function) -> Result<bool, DecodeError>,
) -> Result<bool, DecodeError> {
    let is_code = |function: &&FunctionDef| matches!(function, FunctionDef::Code(_));
    let count = program.functions.values().filter(is_code).count();
    let codes = program.functions.values_mut().filter_map(|function| match function {
        FunctionDef::Code(code) => Some(&mut **code),
        FunctionDef::Import { .. } => None,
    });
    each(from, "functions with code", count, codes, read)
}

/// A list with an entry for each of `count` things, or an empty one where no entry says anything; `read` tells whether one does.
fn each<'p, T: 'p>(
    from: &mut Reader<'_>,
    what: &str,
    count: usize,
    things: impl Iterator<Item = &'p mut T>,
    mut read: impl FnMut(&mut Reader<'_>, &mut T) -> Result<bool, DecodeError>,
) -> Result<bool, DecodeError> {
    let start = from.at;
    let found = from.count()?;
    if found == 0 {
        return Ok(false);
    }
    if found != count {
        return from.error(start, format!("{found} entries, but there are {count} {what}"));
    }
    let mut says_something = false;
    for thing in things {
        says_something |= read(from, thing)?;
    }
    if says_something { Ok(true) } else { from.error(start, "a list that says nothing must be empty") }
}

pub(super) fn read_spans(from: &mut Reader<'_>) -> Result<Vec<Span>, DecodeError> {
    let (mut instruction, mut line, mut start) = (0, 0, 0);
    from.list(|from| {
        let instruction = from.difference(&mut instruction)?;
        let source = from.index()?;
        let line = from.difference(&mut line)?;
        let start = from.difference(&mut start)?;
        Ok(Span { instruction, source, line, start, end: from.difference(&mut { start })? })
    })
}

pub(super) fn read_local(from: &mut Reader<'_>) -> Result<Local, DecodeError> {
    Ok(Local { name: from.name()?, register: from.index()?, start: from.number_u32()?, end: from.number_u32()? })
}
