//! Programs whose functions are read when they are first needed, as large programs have many that never run. The file is kept.

use super::decode::{read_features, read_mode, read_section, read_sections, read_type, some};
use super::decode_function::{read_code, read_import_function};
use super::decode_names::{Entry, read_names, read_names_of, read_positions, read_spans};
use super::read::Reader;
use super::{DecodeError, MAGIC, Section, VERSION, decode_within, version_of};
use crate::allowance::Allowance;
use crate::bytes::{Bytes, CHANGED, FileBytes};
use crate::code::{Code, FunctionMaker, FunctionSource};
use crate::entities::{Func, Sig};
use crate::features::{self, Features};
use crate::program::{DataDef, Function, FunctionDef, Import, Program};
use crate::types::Signature;
use cranelift_entity::PrimaryMap;
use std::ops::Range;
use std::sync::Arc;

/// As [`decode_within`], but functions that capture nothing are read when they are first needed: one whose bytes are damaged raises
/// that then. The memory for functions is taken when they are made.
///
/// # Errors
/// As for [`decode_within`], as far as it is not about functions.
pub fn decode_later(bytes: impl Into<Box<dyn FileBytes>>, allowance: &mut Allowance) -> Result<Program, DecodeError> {
    let bytes = bytes.into();
    if version_of(&bytes) != Some(VERSION) || u32::try_from(bytes.len()).is_err() {
        return decode_within(&bytes, allowance);
    }
    let file: Arc<dyn FileBytes> = bytes.into();
    let mut from = Reader::new(&file, allowance);
    from.bytes(MAGIC.len() + size_of_val(&VERSION))?;
    let features = read_features(&mut from)?;
    let (mut all, mut data): (All, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    let mut program = read_sections(&mut from, |from, section, program| {
        match section {
            Section::Functions => {
                let read = |from: &mut Reader<'_>| from.sized("the function", |from| read_function(from, &mut all));
                program.functions = some(from, read)?.into();
            }
            Section::Names => {
                let globals = program.globals.values_mut();
                read_names(from, globals, entries(&mut program.functions, &mut all))?;
            }
            Section::Positions => read_positions(from, entries(&mut program.functions, &mut all))?,
            Section::Data => program.data = some(from, |from| read_data(from, &mut data))?.into(),
            _ => read_section(from, section, program)?,
        }
        Ok(())
    })?;
    // Those that are read later are looked at then.
    check_features(features, features::of_program(&program))?;
    let signatures = program.signatures.clone();
    let part = Bytes::parts(&file, &data);
    for (definition, place) in program.data.values_mut().zip(data.iter().cloned()) {
        definition.bytes = part(place);
    }
    drop(part);
    file.rest();
    all.shrink_to_fit();
    let is_later: Vec<bool> = all.iter().map(Option::is_some).collect();
    let maker = FunctionMaker::new(Functions { file: file.clone(), all, features, signatures });
    for ((number, function), is_later) in program.functions.iter_mut().zip(is_later) {
        if is_later {
            *function = FunctionDef::Code(Code::later(&maker, number, function.signature()));
        }
    }
    Ok(program)
}

/// Where in the file the parts of a function are. Nothing but the header is at 0.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    start: u32,
    end: u32,
    signature: Sig,
    pub(super) names: u32,
    pub(super) positions: u32,
}

/// The parts of functions that are read later, by number; none of those that are imported or read now.
type All = Vec<Option<Parts>>;

fn read_function(from: &mut Reader<'_>, all: &mut All) -> Result<FunctionDef, DecodeError> {
    if !from.flag()? {
        all.push(None);
        return read_import_function(from);
    }
    let (start, place) = (from.at, from.place());
    let signature: Sig = from.index()?;
    if !from.list(read_type)?.is_empty() {
        from.at = start;
        all.push(None);
        return Ok(FunctionDef::Code(Code::new(read_code(from)?)));
    }
    from.bytes(from.remaining())?;
    all.push(Some(Parts { start: place, end: from.place(), signature, names: 0, positions: 0 }));
    // It stands in until all of the file is known.
    Ok(FunctionDef::Import { import: Import { module: String::new(), name: String::new() }, signature })
}

/// The functions with code, in their order.
fn entries<'p>(functions: &'p mut PrimaryMap<Func, FunctionDef>, all: &'p mut All) -> Vec<Entry<'p>> {
    let entries = functions.values_mut().zip(all).filter_map(|(function, parts)| match (function, parts) {
        (_, Some(parts)) => Some(Entry::Later(parts)),
        (FunctionDef::Code(code), None) => Some(Entry::Now(code)),
        (FunctionDef::Import { .. }, None) => None,
    });
    entries.collect()
}

/// Reads all of a segment but its bytes, and notes where those are.
fn read_data(from: &mut Reader<'_>, places: &mut Vec<Range<usize>>) -> Result<DataDef, DecodeError> {
    let mode = read_mode(from)?;
    let length = from.count()?;
    from.bytes(length)?;
    places.push(from.at - length..from.at);
    Ok(DataDef { mode, bytes: Vec::new().into() })
}

/// Whether the file says that it needs these.
fn check_features(found: Features, needed: Features) -> Result<(), DecodeError> {
    let message = || format!("the features are said to be {found}, but the program needs {needed}");
    if needed.without(found).is_empty() { Ok(()) } else { Err(DecodeError { offset: 8, message: message() }) }
}

/// The functions of a program in a file.
struct Functions {
    file: Arc<dyn FileBytes>,
    all: All,
    /// Those that the file says it needs.
    features: Features,
    signatures: PrimaryMap<Sig, Signature>,
}

impl Functions {
    fn read(&self, parts: Parts, allowance: &mut Allowance) -> Result<Function, DecodeError> {
        let mut from = Reader::within(&self.file, parts.start as usize..parts.end as usize, allowance);
        let mut function = read_code(&mut from)?;
        if from.remaining() > 0 {
            return from.error(from.at, format!("{} bytes are left over in the function", from.remaining()));
        }
        check_features(self.features, features::of_function(&function))?;
        let end = self.file.len();
        if parts.names > 0 {
            read_names_of(&mut Reader::within(&self.file, parts.names as usize..end, allowance), &mut function)?;
        }
        if parts.positions > 0 {
            function.spans = read_spans(&mut Reader::within(&self.file, parts.positions as usize..end, allowance))?;
        }
        Ok(function)
    }
}

impl FunctionSource for Functions {
    fn function(&self, number: Func, allowance: &mut Allowance) -> Function {
        let parts = self.all[number.as_u32() as usize].expect("others were read when the file was");
        let made = if self.file.has_changed() {
            Err(CHANGED.to_owned())
        } else {
            self.read(parts, allowance).map_err(|error| error.to_string())
        };
        made.unwrap_or_else(|error| {
            let params = self.signatures.get(parts.signature).map_or(&[][..], |signature| &signature.params);
            Function::failing(String::new(), (parts.signature, params), &error)
        })
    }

    fn bytes(&self) -> u64 {
        (self.file.len() + size_of_val(&*self.all)) as u64
    }
}
