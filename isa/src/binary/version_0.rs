//! Reads files of version 0, which are not written any more. What is not here is read as in version 1: the table of instructions,
//! and whatever items consist of, but for names and positions, which stood beside what they belong to.

use super::DecodeError;
use super::decode::{
    read_custom, read_data, read_declared, read_elements, read_export, read_global, read_layout, read_memory,
    read_signature, read_source, read_table, read_target, some,
};
use super::decode_function::{read_code, read_import_function};
use super::decode_names::{read_local, read_spans};
use super::read::Reader;
use crate::code::Code;
use crate::features::{self, Features};
use crate::program::{FunctionDef, GlobalDef, Program};
use std::ops::RangeInclusive;

/// The number of this version.
pub(super) const VERSION: u32 = 0;

/// The features that there were.
const KNOWN: u64 = 0xf;

/// The numbers of the sections that there were.
const SECTIONS: RangeInclusive<u8> = 1..=14;

/// What comes after the version.
pub(super) fn read(from: &mut Reader<'_>) -> Result<Program, DecodeError> {
    let bits = u64::from_le_bytes(from.array()?);
    if bits & !KNOWN != 0 {
        let unknown = Features::from_bits(bits & !KNOWN);
        return from.error(8, format!("features that version 0 does not have: {unknown}"));
    }
    let mut program = Program::default();
    let mut before = 0;
    while from.remaining() > 0 {
        let start = from.at;
        let section = from.tag("section of version 0", |byte| SECTIONS.contains(&byte).then_some(byte))?;
        if section <= before {
            return from.error(start, format!("section {section} must come before section {before}, and only once"));
        }
        before = section;
        from.sized("the section", |from| read_section(from, section, &mut program))?;
    }
    let needed = features::of_items(&program);
    if needed.bits() != bits {
        let said = Features::from_bits(bits);
        return from.error(8, format!("the features are said to be {said}, but the program needs {needed}"));
    }
    let later = features::of_program(&program).without(Features::from_bits(KNOWN));
    if later.is_empty() { Ok(program) } else { from.error(8, format!("the program needs what came later: {later}")) }
}

fn read_section(from: &mut Reader<'_>, section: u8, program: &mut Program) -> Result<(), DecodeError> {
    match section {
        1 => program.target = read_target(from)?,
        2 => program.sources = some(from, read_source)?.into(),
        3 => program.signatures = some(from, read_signature)?.into(),
        4 => program.layouts = some(from, read_layout)?.into(),
        5 => program.globals = some(from, read_named_global)?.into(),
        6 => program.memories = some(from, read_memory)?.into(),
        7 => program.tables = some(from, read_table)?.into(),
        8 => program.data = some(from, read_data)?.into(),
        9 => program.elements = some(from, read_elements)?.into(),
        10 => program.functions = some(from, |from| from.sized("the function", read_function))?.into(),
        11 => program.exports = some(from, read_export)?,
        12 => program.start = Some(from.index()?),
        13 => program.custom = some(from, read_custom)?,
        14 => program.types = some(from, read_declared)?.into(),
        _ => unreachable!("the number of the section was looked at"),
    }
    Ok(())
}

/// A global, and its name.
fn read_named_global(from: &mut Reader<'_>) -> Result<GlobalDef, DecodeError> {
    let global = read_global(from)?;
    Ok(GlobalDef { name: from.name()?, ..global })
}

/// A function with its names and positions.
fn read_function(from: &mut Reader<'_>) -> Result<FunctionDef, DecodeError> {
    if !from.flag()? {
        return read_import_function(from);
    }
    let name = from.name()?;
    let mut code = read_code(from)?;
    code.name = name;
    code.spans = read_spans(from)?;
    code.locals = from.list(read_local)?;
    code.capture_names = from.list(Reader::name)?;
    Ok(FunctionDef::Code(Code::new(code)))
}
