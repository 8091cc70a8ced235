//! From bytes of a module to lines of what it was compiled from: the line tables of DWARF, as far as they can be read. What is
//! damaged there is as good as missing; it never makes a module invalid.
//!
//! Addresses are bytes of the code section (<https://yurydelendik.github.io/webassembly-dwarf/>).

use gimli::{AttributeValue, DebugLine, DebugLineOffset, EndianSlice, FileEntry, LittleEndian};
use minivm_builder::ProgramBuilder;
use minivm_isa::entities::Source;
use minivm_isa::program::Function;
use minivm_isa::{Allowance, steps};
use std::collections::HashMap;
use std::ops::Range;

pub(super) type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// What the names of sections for debuggers begin with.
pub(super) const DEBUG_SECTIONS: &str = ".debug_";
/// What rows and files take for each byte of the line tables, at most: a row takes one byte there and a few times that here.
const BYTES_PER_BYTE: u64 = 32;

/// From where on in the code section a line is the place of instructions.
#[derive(Clone, Copy)]
struct Row {
    address: u64,
    /// The file and the line; none where a sequence ends.
    place: Option<(Source, u32)>,
}

/// Where a section for debuggers is in a module: they may be most of it, and are not copied.
pub(super) struct DebugSection {
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

/// The lines of a module, by address.
pub(super) struct Lines(Vec<Row>);

impl Lines {
    /// The lines that the sections for debuggers of a module of this name tell; files become sources of the program.
    pub(super) fn read(
        debug: &[DebugSection],
        module: &[u8],
        program: &mut ProgramBuilder,
        (name, own): (&str, Source),
        allowance: &mut Allowance,
    ) -> Option<Self> {
        let find =
            |name: &str| debug.iter().find(|one| one.name == name).map_or(&[][..], |one| &module[one.range.clone()]);
        let sections = Sections::of(find);
        let length = sections.line.len() as u64;
        let bytes = length * BYTES_PER_BYTE + ALL_NAMES_BYTES_MAX.min(length * NAME_BYTES_MAX as u64);
        if length == 0 || allowance.touch(bytes).is_err() {
            return None;
        }
        // A module in the text format is compiled from itself.
        let known = HashMap::from([(name.strip_prefix("./").unwrap_or(name).to_owned(), own)]);
        let mut files = Files { program, known, bytes: 0 };
        let mut rows = Vec::new();
        sections.read(&mut files, &mut rows);
        // Of two rows for an address the later one counts.
        rows.sort_by_key(|row| row.address);
        (!rows.is_empty()).then_some(Lines(rows))
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// The place of the byte at an address.
    fn place(&self, address: u64) -> Option<(Source, u32)> {
        let after = self.0.partition_point(|row| row.address <= address);
        self.0[..after].last()?.place
    }

    /// Gives the instructions of a function their lines. `start` is where the code section begins in the module.
    pub(super) fn apply(&self, function: &mut Function, start: u64) {
        for span in &mut function.spans {
            steps::count(1);
            if let Some((source, line)) =
                u64::from(span.start).checked_sub(start).and_then(|address| self.place(address))
            {
                // The bytes are those of the module, not of that file.
                (span.source, span.line, span.end) = (source, line, span.start);
            }
        }
    }
}

/// The sections that have lines in them.
pub(super) struct Sections<'a> {
    line: &'a [u8],
    line_strings: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Of those that are found by name; a section that is not there is empty.
    pub(super) fn of(find: impl Fn(&str) -> &'a [u8]) -> Self {
        Sections { line: find(".debug_line"), line_strings: find(".debug_line_str"), strings: find(".debug_str") }
    }

    /// Reads the tables one after the other. Units of the module refer to them, but these are not needed, and many could refer to
    /// one table.
    fn read(&self, files: &mut Files<'_>, rows: &mut Vec<Row>) {
        let tables = DebugLine::new(self.line, LittleEndian);
        let mut at = 0;
        while let Some(length) = self.table(&tables, at, files, rows) {
            at += length;
        }
    }

    /// Reads the table at an offset; gives how many bytes it has.
    fn table(
        &self,
        tables: &DebugLine<Bytes<'a>>,
        at: usize,
        files: &mut Files<'_>,
        rows: &mut Vec<Row>,
    ) -> Option<usize> {
        let table = tables.program(DebugLineOffset(at), ADDRESS_BYTES, None, None).ok()?;
        let header = table.header();
        let length = header.unit_length() + usize::from(header.format().initial_length_size());
        // By number: those that rows have named, and what became of them.
        let mut sources: Vec<Option<Option<Source>>> = vec![None; header.file_names().len() + 1];
        let (mut sequence, mut is_dead) = (rows.len(), false);
        let mut read = table.clone().rows();
        while let Ok(Some((_, row))) = read.next_row() {
            steps::count(1);
            // Functions that the linker has left out begin at no address, or at one past all code.
            is_dead |= sequence == rows.len() && (row.address() == 0 || row.address() >= u64::from(u32::MAX) - 1);
            let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
            let place = match (line, sources.get_mut(row.file_index() as usize)) {
                (Some(line), Some(source)) if !row.end_sequence() => {
                    let file = || files.source(self.names(header, header.file(row.file_index())?)?);
                    source.get_or_insert_with(file).map(|source| (source, line))
                }
                _ => None,
            };
            // The text format has no line for the last operator of a function, which only ends it.
            let address = row.address().saturating_add(u64::from(row.end_sequence()));
            rows.push(Row { address, place });
            if row.end_sequence() {
                if is_dead {
                    rows.truncate(sequence);
                }
                (sequence, is_dead) = (rows.len(), false);
            }
        }
        if is_dead {
            rows.truncate(sequence);
        }
        Some(length)
    }

    /// The whole name of a file, and its name as the compiler was given it.
    pub(super) fn names(
        &self,
        header: &gimli::LineProgramHeader<Bytes<'a>>,
        file: &FileEntry<Bytes<'a>>,
    ) -> Option<(String, String)> {
        let name = self.text(file.path_name())?;
        let directory = file.directory(header).and_then(|directory| self.text(directory)).unwrap_or_default();
        if matches!(&*directory, "" | ".") || name.starts_with('/') {
            return Some((name.clone(), name));
        }
        let whole = format!("{directory}/{name}");
        // The first directory is that of the compilation, which means nothing elsewhere.
        let is_elsewhere = file.directory_index() == 0 && directory.starts_with('/');
        Some((whole.clone(), if is_elsewhere { name } else { whole }))
    }

    fn text(&self, value: AttributeValue<Bytes<'a>>) -> Option<String> {
        let bytes = match value {
            AttributeValue::String(text) => text.slice(),
            AttributeValue::DebugLineStrRef(at) => self.line_strings.get(at.0..)?,
            AttributeValue::DebugStrRef(at) => self.strings.get(at.0..)?,
            _ => return None,
        };
        Some(shown(bytes))
    }
}

/// What is kept of a name that a zero ends.
pub(super) fn shown(bytes: &[u8]) -> String {
    // Any number of files may have one name, so no more is looked at, nor searched for its end, than is kept.
    let shown = &bytes[..bytes.len().min(NAME_BYTES_MAX)];
    let end = shown.iter().position(|&byte| byte == 0).unwrap_or(shown.len());
    String::from_utf8_lossy(&shown[..end]).into_owned()
}

/// The files that lines are in, as sources of a program.
struct Files<'p> {
    program: &'p mut ProgramBuilder,
    known: HashMap<String, Source>,
    /// Bytes of all names.
    bytes: u64,
}

impl Files<'_> {
    /// The file of a whole name and a given one; none when there are too many.
    fn source(&mut self, (whole, name): (String, String)) -> Option<Source> {
        if let Some(&known) = self.known.get(&whole).or_else(|| self.known.get(&name)) {
            return Some(known);
        }
        self.bytes += 2 * name.len() as u64 + FILE_BYTES;
        if self.bytes > ALL_NAMES_BYTES_MAX {
            return None;
        }
        let source = self.program.source(name.clone(), None);
        self.known.insert(name, source);
        Some(source)
    }
}

/// What a file takes besides its name, and what all of them may take.
const FILE_BYTES: u64 = 128;
const ALL_NAMES_BYTES_MAX: u64 = 4 << 20;
/// Bytes of an address, where the table does not say.
const ADDRESS_BYTES: u8 = 4;
/// What of a name is kept.
const NAME_BYTES_MAX: usize = 1024;
