//! Turns bytes into what a program says for people: names, and positions in the source.
//!
//! Both sections go through the program in its order: an entry for each function with code. Where no function has any, the list is
//! empty.

use super::DecodeError;
use super::later::Parts;
use super::read::Reader;
use crate::entities::Func;
use crate::program::{Function, FunctionDef, GlobalDef, Local, Span};
use cranelift_entity::PrimaryMap;

/// A function with code.
pub(super) enum Entry<'p> {
    /// What there is about it is read now.
    Now(&'p mut Function),
    /// It is read later: only where it is is noted.
    Later(&'p mut Parts),
}

/// All functions with code, in their order.
pub(super) fn entries(functions: &mut PrimaryMap<Func, FunctionDef>) -> Vec<Entry<'_>> {
    let codes = functions.values_mut().filter_map(|function| match function {
        FunctionDef::Code(code) => Some(Entry::Now(code)),
        FunctionDef::Import { .. } => None,
    });
    codes.collect()
}

/// Names of globals, then those of functions.
pub(super) fn read_names<'p>(
    from: &mut Reader<'_>,
    globals: impl ExactSizeIterator<Item = &'p mut GlobalDef>,
    functions: Vec<Entry<'_>>,
) -> Result<(), DecodeError> {
    let start = from.at;
    let has_globals = each(from, "globals", globals, |from, global| {
        global.name = from.name()?;
        Ok(!global.name.is_empty())
    })?;
    let has_functions = each(from, "functions with code", functions.into_iter(), |from, entry| match entry {
        Entry::Now(code) => {
            read_names_of(from, code)?;
            Ok(has_names(code))
        }
        Entry::Later(parts) => {
            parts.names = from.place();
            skip_names(from)
        }
    })?;
    if has_globals || has_functions { Ok(()) } else { from.error(start, "an empty section, which is left out") }
}

/// The names of a function, of its locals and of what it captures.
pub(super) fn read_names_of(from: &mut Reader<'_>, code: &mut Function) -> Result<(), DecodeError> {
    code.name = from.name()?;
    code.locals = from.list(read_local)?;
    code.capture_names = from.list(Reader::name)?;
    Ok(())
}

/// Passes over the names of a function; gives whether there are any.
fn skip_names(from: &mut Reader<'_>) -> Result<bool, DecodeError> {
    let mut bytes = from.skip()?;
    let locals = from.count()?;
    for _ in 0..locals {
        from.skip()?;
        from.skip_numbers(LOCAL_NUMBERS)?;
    }
    let captures = from.count()?;
    for _ in 0..captures {
        from.skip()?;
    }
    bytes += locals + captures;
    Ok(bytes > 0)
}

/// Positions of the instructions of functions.
pub(super) fn read_positions(from: &mut Reader<'_>, functions: Vec<Entry<'_>>) -> Result<(), DecodeError> {
    let start = from.at;
    let has_spans = each(from, "functions with code", functions.into_iter(), |from, entry| match entry {
        Entry::Now(code) => {
            code.spans = read_spans(from)?;
            Ok(!code.spans.is_empty())
        }
        Entry::Later(parts) => {
            parts.positions = from.place();
            let spans = from.count()?;
            from.skip_numbers(spans.saturating_mul(SPAN_NUMBERS))?;
            Ok(spans > 0)
        }
    })?;
    if has_spans { Ok(()) } else { from.error(start, "an empty section, which is left out") }
}

/// Whether a function has a name, or names for what is in it.
pub(super) fn has_names(code: &Function) -> bool {
    !code.name.is_empty() || !code.locals.is_empty() || !code.capture_names.is_empty()
}

/// A list with an entry for each thing, or an empty one where no entry says anything; `read` tells whether one does.
fn each<T>(
    from: &mut Reader<'_>,
    what: &str,
    things: impl ExactSizeIterator<Item = T>,
    mut read: impl FnMut(&mut Reader<'_>, T) -> Result<bool, DecodeError>,
) -> Result<bool, DecodeError> {
    let start = from.at;
    let (found, count) = (from.count()?, things.len());
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

/// Numbers of a span.
const SPAN_NUMBERS: usize = 5;

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

/// Numbers of a local variable, after its name.
const LOCAL_NUMBERS: usize = 3;

pub(super) fn read_local(from: &mut Reader<'_>) -> Result<Local, DecodeError> {
    Ok(Local { name: from.name()?, register: from.index()?, start: from.number_u32()?, end: from.number_u32()? })
}
