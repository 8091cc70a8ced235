//! Turns what a program says for people into bytes: names, and positions in the source. See `decode_names` for the form.

use super::decode_names::has_names;
use super::write::Writer;
use crate::program::{Function, FunctionDef, Program};
use cranelift_entity::EntityRef;

/// Names of globals, then those of functions. Returns whether there are any.
pub(super) fn write_names(to: &mut Writer, program: &Program) -> bool {
    let globals = program.globals.values();
    let has_globals = globals.clone().any(|global| !global.name.is_empty());
    if has_globals {
        to.list(globals, |to, global| to.string(global.name.as_bytes()));
    } else {
        to.count(0);
    }
    write_each_code(to, program, has_names, |to, function| {
        to.string(function.name.as_bytes());
        to.list(function.locals.iter(), |to, local| {
            to.string(local.name.as_bytes());
            to.count(local.register.index());
            to.number(u64::from(local.start));
            to.number(u64::from(local.end));
        });
        to.list(function.capture_names.iter(), |to, name| to.string(name.as_bytes()));
    }) || has_globals
}

/// Positions of the instructions of functions. Returns whether there are any.
pub(super) fn write_positions(to: &mut Writer, program: &Program) -> bool {
    write_each_code(
        to,
        program,
        |function| !function.spans.is_empty(),
        |to, function| {
            let (mut instruction, mut line, mut start) = (0, 0, 0);
            to.list(function.spans.iter(), |to, span| {
                to.difference(span.instruction, &mut instruction);
                to.count(span.source.index());
                to.difference(span.line, &mut line);
                to.difference(span.start, &mut start);
                to.difference(span.end, &mut { span.start });
            });
        },
    )
}

/// An entry for each function with code, or none where no function has any. Returns whether one has.
fn write_each_code(
    to: &mut Writer,
    program: &Program,
    says_something: impl Fn(&Function) -> bool,
    mut write: impl FnMut(&mut Writer, &Function),
) -> bool {
    let codes = || {
        program.functions.values().filter_map(|function| match function {
            FunctionDef::Code(code) => Some(&**code),
            FunctionDef::Import { .. } => None,
        })
    };
    let is_any = codes().any(says_something);
    if is_any {
        to.count(codes().count());
        codes().for_each(|function| write(to, function));
    } else {
        to.count(0);
    }
    is_any
}
