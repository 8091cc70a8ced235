//! Turns bytes into programs.

use super::decode_function::read_function;
use super::decode_names::{entries, read_names, read_positions};
use super::read::Reader;
use super::{DecodeError, MAGIC, SKIPPABLE, Section, VERSION, version_0};
use crate::allowance::Allowance;
use crate::features::{self, Features};
use crate::limits::INITIAL_DEPTH_MAX;
use crate::program::{
    Constant, CustomSection, DataDef, DeclaredType, Described, ElementDef, ElementType, Export, FormPart, GlobalDef,
    Import, Initial, InitialOp, Item, LayoutDef, MemoryDef, Origin, PAGE_BITS, Program, SegmentMode, SourceFile,
    TableDef,
};
use crate::size::list_bytes;
use crate::types::{Convention, Signature, Storage, Type};
use cranelift_entity::EntityRef;

/// The program in some bytes. Whether it makes sense is up to [`verify`](crate::verify::verify).
///
/// # Errors
/// The first place where the bytes are not what they should be: no MiniVM program, a newer version, unknown features, cut off, or
/// damaged.
pub fn decode(bytes: &[u8]) -> Result<Program, DecodeError> {
    decode_within(bytes, &mut Allowance::default())
}

/// As [`decode`], in so much memory.
///
/// # Errors
/// As for [`decode`]; "not enough memory" when the allowance does not suffice.
pub fn decode_within(bytes: &[u8], allowance: &mut Allowance) -> Result<Program, DecodeError> {
    let mut from = Reader::new(bytes, allowance);
    if from.array().ok() != Some(MAGIC) {
        return from.error(0, "this is no MiniVM program: it does not begin with \\0mvm");
    }
    match u32::from_le_bytes(from.array()?) {
        VERSION => read_version_1(&mut from),
        version_0::VERSION => version_0::read(&mut from),
        newer => {
            let known = format!("this build reads versions {} to {VERSION}", version_0::VERSION);
            from.error(4, format!("this is format version {newer}, but {known}: a newer release of MiniVM reads it"))
        }
    }
}

/// What comes after the version.
fn read_version_1(from: &mut Reader<'_>) -> Result<Program, DecodeError> {
    let found = read_features(from)?;
    let program = read_sections(from, read_section)?;
    let needed = features::of_program(&program);
    if needed != found {
        return from.error(8, format!("the features are said to be {found}, but the program needs {needed}"));
    }
    Ok(program)
}

/// The features that the program needs, which are known here.
pub(super) fn read_features(from: &mut Reader<'_>) -> Result<Features, DecodeError> {
    let found = Features::from_bits(u64::from_le_bytes(from.array()?));
    let (known, unknown) = (Features::known(), found.without(Features::known()));
    if !unknown.is_empty() {
        let message = format!("the program needs unknown features: {unknown}; this build knows {known}");
        return from.error(8, format!("{message}: a newer release of MiniVM reads it"));
    }
    Ok(found)
}

/// What is in all sections, each read by `read`.
pub(super) fn read_sections(
    from: &mut Reader<'_>,
    mut read: impl FnMut(&mut Reader<'_>, Section, &mut Program) -> Result<(), DecodeError>,
) -> Result<Program, DecodeError> {
    let mut program = Program::default();
    let mut before = 0;
    while from.remaining() > 0 {
        let start = from.at;
        let number = from.byte()?;
        if number <= before {
            return from
                .error(start, format!("section {number:#x} must come before section {before:#x}, and only once"));
        }
        before = number;
        match Section::from_number(number) {
            Some(section) => from.sized("the section", |from| read(from, section, &mut program))?,
            None if number >= SKIPPABLE => drop(from.skip()?),
            None => return from.error(start, format!("{number:#x} stands for no section of version {VERSION}")),
        }
    }
    Ok(program)
}

pub(super) fn read_section(from: &mut Reader<'_>, section: Section, program: &mut Program) -> Result<(), DecodeError> {
    match section {
        Section::Target => program.target = read_target(from)?,
        Section::Signatures => program.signatures = some(from, read_signature)?.into(),
        Section::Layouts => program.layouts = some(from, read_layout)?.into(),
        Section::Types => program.types = some(from, read_declared)?.into(),
        Section::Globals => program.globals = some(from, read_global)?.into(),
        Section::Memories => program.memories = some(from, read_memory)?.into(),
        Section::Tables => program.tables = some(from, read_table)?.into(),
        Section::Data => program.data = some(from, read_data)?.into(),
        Section::Elements => program.elements = some(from, read_elements)?.into(),
        Section::Functions => {
            program.functions = some(from, |from| from.sized("the function", read_function))?.into();
        }
        Section::Exports => program.exports = some(from, read_export)?,
        Section::Start => program.start = Some(from.index()?),
        Section::Custom => program.custom = some(from, read_custom)?,
        Section::Sources => program.sources = some(from, read_source)?.into(),
        Section::Names => read_names(from, program.globals.values_mut(), entries(&mut program.functions))?,
        Section::Positions => read_positions(from, entries(&mut program.functions))?,
    }
    Ok(())
}

/// The items of a section, of which there is at least one: an empty section is left out.
pub(super) fn some<T>(
    from: &mut Reader<'_>,
    read: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let start = from.at;
    let items = from.list(read)?;
    if items.is_empty() { from.error(start, "an empty section, which is left out") } else { Ok(items) }
}

pub(super) fn read_target(from: &mut Reader<'_>) -> Result<String, DecodeError> {
    let start = from.at;
    from.take(list_bytes::<u8>(from.remaining()))?;
    let bytes = from.bytes(from.remaining())?;
    match std::str::from_utf8(bytes) {
        Ok("") => from.error(start, "an empty section, which is left out"),
        Ok(name) => Ok(name.into()),
        Err(error) => from.error(start + error.valid_up_to(), "a name that is not UTF-8"),
    }
}

pub(super) fn read_source(from: &mut Reader<'_>) -> Result<SourceFile, DecodeError> {
    Ok(SourceFile { name: from.name()?, text: from.option(Reader::string)? })
}

/// A global without its name.
pub(super) fn read_global(from: &mut Reader<'_>) -> Result<GlobalDef, DecodeError> {
    let ty = read_type(from)?;
    let (mutable, holds) = (from.flag()?, read_element_type(from)?);
    let origin = read_origin(from, read_initial)?;
    Ok(GlobalDef { name: String::new(), ty, mutable, holds, origin })
}

pub(super) fn read_data(from: &mut Reader<'_>) -> Result<DataDef, DecodeError> {
    Ok(DataDef { mode: read_mode(from)?, bytes: from.string()?.into() })
}

pub(super) fn read_elements(from: &mut Reader<'_>) -> Result<ElementDef, DecodeError> {
    let (mode, element) = (read_mode(from)?, read_element_type(from)?);
    Ok(ElementDef { mode, element, values: from.list(read_initial)? })
}

pub(super) fn read_custom(from: &mut Reader<'_>) -> Result<CustomSection, DecodeError> {
    Ok(CustomSection { name: from.name()?, bytes: from.string()? })
}

fn read_element_type(from: &mut Reader<'_>) -> Result<ElementType, DecodeError> {
    let start = from.at;
    match from.byte()? {
        0 => Ok(ElementType::Any),
        1 => Ok(ElementType::Function),
        2 => from.option(Reader::index).map(ElementType::Tag),
        byte @ (3 | 4) => Ok(ElementType::Declared { is_function: byte == 4, ty: from.index()? }),
        byte => from.error(start, format!("{byte} stands for no element type")),
    }
}

pub(super) fn read_declared(from: &mut Reader<'_>) -> Result<DeclaredType, DecodeError> {
    let is_joined = from.flag()?;
    let form = from.list(|from| match from.flag()? {
        false => from.number().map(FormPart::Number),
        true => from.index().map(FormPart::Type),
    })?;
    let supertypes = from.list(Reader::index)?;
    let start = from.at;
    let describes = match from.byte()? {
        0 => Described::Nothing,
        1 => Described::Signature(from.index()?),
        2 => Described::Layout(from.index()?),
        byte => return from.error(start, format!("{byte} stands for nothing that a type describes")),
    };
    Ok(DeclaredType { is_joined, form, supertypes, describes })
}

pub(super) fn read_type(from: &mut Reader<'_>) -> Result<Type, DecodeError> {
    let start = from.at;
    match from.byte()? {
        0 => Ok(Type::Any),
        1 => Ok(Type::I32),
        2 => Ok(Type::I64),
        3 => Ok(Type::F32),
        4 => Ok(Type::F64),
        5 => Ok(Type::V128),
        6 => Ok(Type::Cell),
        7 => from.index().map(Type::Ref),
        byte => from.error(start, format!("{byte} stands for no type")),
    }
}

pub(super) fn read_signature(from: &mut Reader<'_>) -> Result<Signature, DecodeError> {
    let convention = from.tag("convention", |byte| match byte {
        0 => Some(Convention::Typed),
        1 => Some(Convention::Dynamic),
        2 => Some(Convention::Variadic),
        _ => None,
    })?;
    Ok(Signature { convention, params: from.list(read_type)?, results: from.list(read_type)? })
}

fn read_storage(from: &mut Reader<'_>) -> Result<Storage, DecodeError> {
    let start = from.at;
    match from.byte()? {
        8 => Ok(Storage::I8),
        9 => Ok(Storage::I16),
        _ => {
            from.at = start;
            read_type(from).map(Storage::Whole)
        }
    }
}

pub(super) fn read_layout(from: &mut Reader<'_>) -> Result<LayoutDef, DecodeError> {
    let start = from.at;
    match from.byte()? {
        0 => from.list(read_storage).map(LayoutDef::Record),
        1 => read_storage(from).map(LayoutDef::Array),
        2 => from.list(read_storage).map(LayoutDef::Exception),
        byte => from.error(start, format!("{byte} stands for no layout")),
    }
}

pub(super) fn read_import(from: &mut Reader<'_>) -> Result<Import, DecodeError> {
    Ok(Import { module: from.name()?, name: from.name()? })
}

fn read_origin<T>(
    from: &mut Reader<'_>,
    own: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Origin<T>, DecodeError> {
    if from.flag()? { own(from).map(Origin::Own) } else { read_import(from).map(Origin::Import) }
}

pub(super) fn read_memory(from: &mut Reader<'_>) -> Result<MemoryDef, DecodeError> {
    let flags = from.tag("kind of memory", |byte| (byte < 8).then_some(byte))?;
    let (minimum, maximum) = (from.number()?, from.option(Reader::number)?);
    let origin = read_origin(from, |_| Ok(()))?;
    let page_bits = if flags & 4 != 0 { 0 } else { PAGE_BITS };
    Ok(MemoryDef { origin, minimum, maximum, is_64: flags & 1 != 0, is_shared: flags & 2 != 0, page_bits })
}

pub(super) fn read_table(from: &mut Reader<'_>) -> Result<TableDef, DecodeError> {
    let (is_64, element) = (from.flag()?, read_element_type(from)?);
    let (minimum, maximum) = (from.number()?, from.option(Reader::number)?);
    Ok(TableDef { origin: read_origin(from, read_initial)?, element, minimum, maximum, is_64 })
}

pub(super) fn read_mode<T: EntityRef>(from: &mut Reader<'_>) -> Result<SegmentMode<T>, DecodeError> {
    let start = from.at;
    match from.byte()? {
        0 => Ok(SegmentMode::Passive),
        1 => Ok(SegmentMode::Active(from.index()?, read_initial(from)?)),
        2 => Ok(SegmentMode::Declared),
        byte => from.error(start, format!("{byte} stands for no kind of segment")),
    }
}

fn read_initial(from: &mut Reader<'_>) -> Result<Initial, DecodeError> {
    read_initial_nested(from, INITIAL_DEPTH_MAX)
}

/// Recursion ends at the limit of the verifier.
fn read_initial_nested(from: &mut Reader<'_>, depth_left: usize) -> Result<Initial, DecodeError> {
    let start = from.at;
    let op = match from.byte()? {
        0 => return read_constant(from).map(Initial::Constant),
        1 => return Ok(Initial::Null),
        2 => return from.index().map(Initial::Function),
        3 => return from.index().map(Initial::Global),
        4 => InitialOp::Add,
        5 => InitialOp::Sub,
        6 => InitialOp::Mul,
        kind @ 7..=11 if depth_left > 0 => return read_initial_object(from, kind, depth_left - 1),
        7..=11 => return from.error(start, format!("an initial value nests at most {INITIAL_DEPTH_MAX} deep")),
        byte => return from.error(start, format!("{byte} stands for no initial value")),
    };
    if depth_left == 0 {
        return from.error(start, format!("an initial value nests at most {INITIAL_DEPTH_MAX} deep"));
    }
    let lhs = Box::new(read_initial_nested(from, depth_left - 1)?);
    let rhs = Box::new(read_initial_nested(from, depth_left - 1)?);
    Ok(Initial::Arithmetic(op, lhs, rhs))
}

fn read_initial_object(from: &mut Reader<'_>, kind: u8, depth_left: usize) -> Result<Initial, DecodeError> {
    if kind == 10 {
        return Ok(Initial::Integer31(Box::new(read_initial_nested(from, depth_left)?)));
    }
    if kind == 11 {
        return Ok(Initial::NotNull(Box::new(read_initial_nested(from, depth_left)?)));
    }
    let layout = from.index()?;
    if kind == 9 {
        let parts = [read_initial_nested(from, depth_left)?, read_initial_nested(from, depth_left)?];
        return Ok(Initial::ArrayOf(layout, Box::new(parts)));
    }
    let parts = from.list(|from| read_initial_nested(from, depth_left))?;
    Ok(if kind == 7 { Initial::Record(layout, parts) } else { Initial::Array(layout, parts) })
}

pub(super) fn read_constant(from: &mut Reader<'_>) -> Result<Constant, DecodeError> {
    let start = from.at;
    Ok(match from.byte()? {
        0 => Constant::Nil,
        1 => Constant::False,
        2 => Constant::True,
        3 => Constant::Integer(from.signed()?),
        4 => Constant::Float(u64::from_le_bytes(from.array()?)),
        5 => Constant::String(from.string()?),
        6 => {
            let value = from.signed()?;
            match i32::try_from(value) {
                Ok(value) => Constant::I32(value),
                Err(_) => return from.error(start, format!("{value} does not fit into 32 bits")),
            }
        }
        7 => Constant::I64(from.signed()?),
        8 => Constant::F32(u32::from_le_bytes(from.array()?)),
        9 => Constant::F64(u64::from_le_bytes(from.array()?)),
        10 => Constant::V128(u128::from_le_bytes(from.array()?)),
        byte => return from.error(start, format!("{byte} stands for no constant")),
    })
}

pub(super) fn read_export(from: &mut Reader<'_>) -> Result<Export, DecodeError> {
    let name = from.name()?;
    let start = from.at;
    let item = match from.byte()? {
        0 => Item::Function(from.index()?),
        1 => Item::Global(from.index()?),
        2 => Item::Memory(from.index()?),
        3 => Item::Table(from.index()?),
        byte => return from.error(start, format!("{byte} stands for no kind of export")),
    };
    Ok(Export { name, item })
}
