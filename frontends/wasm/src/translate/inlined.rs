//! From a byte of a module to the calls that its compiler has inlined there, by DWARF. It is read only when something has failed, and
//! as far as it is sound: what is damaged is as good as missing. Time is bounded by [`STEPS_MAX`], memory by that
//! of one unit.

use super::lines::{Bytes, DEBUG_SECTIONS, Sections, shown};
use super::names::demangled;
use gimli::{
    Abbreviation, AttributeValue, DebugInfoOffset, DwAt, Dwarf, EndianSlice, EntriesRaw, LittleEndian, Unit,
    UnitOffset, constants,
};
use minivm::InlinedCall;
use std::cell::Cell;
use wasmparser::{Parser, Payload};

/// Entries, attributes, ranges and bytes of tables that are looked at, at most: for each byte of the sections, in any case, and of the
/// largest module. Compilers write less than one for each byte.
const STEPS_PER_BYTE: u64 = 4;
const STEPS: u64 = 1_000_000;
const STEPS_MAX: u64 = 50_000_000;
/// Calls that are inlined in each other, as far as they are told.
const CALLS_MAX: usize = 64;
/// Entries that stand for another one's name, one after the other.
const ORIGINS_MAX: usize = 8;

/// The calls that are inlined around a byte of a binary module, the innermost first; none where the module does not say.
pub fn inlined_calls(module: &[u8], byte: u32) -> Vec<InlinedCall> {
    let mut custom = Vec::new();
    let mut code_start = None;
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::CodeSectionStart { unchecked_range, .. }) => code_start = Some(unchecked_range.start),
            Ok(Payload::CustomSection(section)) if section.name().starts_with(DEBUG_SECTIONS) => {
                custom.push((section.name(), section.data()));
            }
            Ok(_) => {}
            Err(_) => return Vec::new(),
        }
    }
    let Some(address) = code_start.and_then(|start| u64::from(byte).checked_sub(start)) else { return Vec::new() };
    let find = |name: &str| custom.iter().find(|one| one.0 == name).map_or(&[][..], |one| one.1);
    let section = |id: gimli::SectionId| Ok::<_, ()>(EndianSlice::new(find(id.name()), LittleEndian));
    let Ok(dwarf) = Dwarf::load(section) else { return Vec::new() };
    let abbreviations = find(".debug_abbrev");
    let bytes: usize = custom.iter().map(|section| section.1.len()).sum();
    let steps = (STEPS + STEPS_PER_BYTE * bytes as u64).min(STEPS_MAX);
    let reading = Reading { dwarf, sections: Sections::of(find), abbreviations, address, left: Cell::new(steps) };
    reading.calls().unwrap_or_default()
}

/// The search for an address.
struct Reading<'a> {
    dwarf: Dwarf<Bytes<'a>>,
    sections: Sections<'a>,
    abbreviations: &'a [u8],
    address: u64,
    /// Steps that may still be taken.
    left: Cell<u64>,
}

/// What is read of an entry.
#[derive(Default)]
struct Entry<'a> {
    low: Option<AttributeValue<Bytes<'a>>>,
    high: Option<AttributeValue<Bytes<'a>>>,
    ranges: Option<AttributeValue<Bytes<'a>>>,
    name: Option<AttributeValue<Bytes<'a>>>,
    symbol: Option<AttributeValue<Bytes<'a>>>,
    /// The entry that has the name of this one.
    origin: Option<AttributeValue<Bytes<'a>>>,
    call_file: Option<u64>,
    call_line: u32,
}

impl<'a> Reading<'a> {
    /// None when there is nothing, or no more steps may be taken.
    fn calls(&self) -> Option<Vec<InlinedCall>> {
        let mut headers = self.dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            let Some(unit) = self.unit(header)? else { continue };
            if let Some(calls) = self.calls_in(&unit)? {
                return Some(calls);
            }
        }
        None
    }

    fn spend(&self, steps: usize) -> Option<()> {
        self.left.set(self.left.get().checked_sub(steps as u64)?);
        Some(())
    }

    /// The unit with this header, if it can be read.
    fn unit(&self, header: gimli::UnitHeader<Bytes<'a>>) -> Option<Option<Unit<Bytes<'a>>>> {
        // Any number of units may have one table of abbreviations, or of lines.
        self.spend(1 + table_bytes(self.abbreviations.get(header.debug_abbrev_offset().0..).unwrap_or_default()))?;
        let unit = self.dwarf.unit(header).ok();
        let lines = unit.as_ref().and_then(|unit| unit.line_program.as_ref());
        self.spend(lines.map_or(0, |lines| lines.header().header_length()))?;
        Some(unit)
    }

    /// The calls in the function of this unit that has the address; none when there is no such function.
    fn calls_in(&self, unit: &Unit<Bytes<'a>>) -> Option<Option<Vec<InlinedCall>>> {
        let Ok(mut entries) = unit.header.entries_raw(&unit.abbreviations, None) else { return Some(None) };
        let (mut function, mut inlined): (Option<isize>, Vec<(isize, Entry<'a>)>) = (None, Vec::new());
        let mut is_root = true;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let Ok(abbreviation) = entries.read_abbreviation() else { break };
            self.spend(1)?;
            let Some(abbreviation) = abbreviation else { continue };
            if function.is_some_and(|function| depth <= function) {
                break;
            }
            let innermost = inlined.last().map_or(function, |&(depth, _)| Some(depth));
            let is_wanted = match abbreviation.tag() {
                constants::DW_TAG_subprogram => function.is_none(),
                constants::DW_TAG_inlined_subroutine => innermost.is_some_and(|innermost| depth > innermost),
                _ => is_root,
            };
            let Some(entry) = self.entry(&mut entries, abbreviation, is_wanted)? else { break };
            if std::mem::take(&mut is_root) {
                // Whole units are passed over by what they say they span.
                if entry.has_extent() && !self.is_inside(unit, &entry)? {
                    return Some(None);
                }
            } else if is_wanted && inlined.len() < CALLS_MAX && self.is_inside(unit, &entry)? {
                match function {
                    None => function = Some(depth),
                    Some(_) => inlined.push((depth, entry)),
                }
            }
        }
        if function.is_none() {
            return Some(None);
        }
        Some(Some(inlined.iter().rev().map(|(_, entry)| self.call(unit, entry)).collect()))
    }

    /// Reads the attributes of an entry, or passes over them; none when they are damaged.
    fn entry(
        &self,
        entries: &mut EntriesRaw<'_, Bytes<'a>>,
        abbreviation: &Abbreviation,
        is_wanted: bool,
    ) -> Option<Option<Entry<'a>>> {
        self.spend(abbreviation.attributes().len())?;
        let mut entry = Entry::default();
        if !is_wanted {
            return Some(entries.skip_attributes(abbreviation.attributes()).is_ok().then_some(entry));
        }
        for &attribute in abbreviation.attributes() {
            let Ok(read) = entries.read_attribute(attribute) else { return Some(None) };
            entry.take(read.name(), read.value());
        }
        Some(Some(entry))
    }

    /// Whether the address is in what the entry spans.
    fn is_inside(&self, unit: &Unit<Bytes<'a>>, entry: &Entry<'a>) -> Option<bool> {
        // What the linker has left out begins at 0.
        let is_in = |begin: u64, end: u64| begin != 0 && (begin..end).contains(&self.address);
        if let Some(ranges) = entry.ranges {
            let Ok(Some(mut ranges)) = self.dwarf.attr_ranges(unit, ranges) else { return Some(false) };
            while let Ok(Some(range)) = ranges.next() {
                self.spend(1)?;
                if is_in(range.begin, range.end) {
                    return Some(true);
                }
            }
            return Some(false);
        }
        let address = |value| self.dwarf.attr_address(unit, value).ok().flatten();
        let Some(low) = entry.low.and_then(address) else { return Some(false) };
        let high = match entry.high {
            Some(AttributeValue::Udata(length)) => low.wrapping_add(length),
            Some(value) => address(value).unwrap_or(low),
            None => low,
        };
        Some(is_in(low, high))
    }

    fn call(&self, unit: &Unit<Bytes<'a>>, entry: &Entry<'a>) -> InlinedCall {
        let file = entry.call_file.and_then(|number| {
            let header = unit.line_program.as_ref()?.header();
            Some(self.sections.names(header, header.file(number)?)?.1)
        });
        InlinedCall {
            function: self.name(unit, entry, ORIGINS_MAX).unwrap_or_else(|| "?".into()),
            file: file.unwrap_or_default(),
            line: entry.call_line,
        }
    }

    /// The name of what an entry is an instance of.
    fn name(&self, unit: &Unit<Bytes<'a>>, entry: &Entry<'a>, origins: usize) -> Option<String> {
        let text = |value| Some(shown(self.dwarf.attr_string(unit, value).ok()?.slice()));
        let symbol: Option<String> = entry.symbol.and_then(text);
        let readable = symbol.as_deref().map(demangled).filter(|name| Some(name) != symbol.as_ref());
        if let Some(name) = readable.or_else(|| entry.name.and_then(text)).or(symbol) {
            return Some(name);
        }
        let origins = origins.checked_sub(1)?;
        match entry.origin? {
            AttributeValue::UnitRef(at) => self.name(unit, &self.entry_at(unit, at)?, origins),
            AttributeValue::DebugInfoRef(at) => {
                let (unit, at) = self.unit_of(at)?;
                self.name(&unit, &self.entry_at(&unit, at)?, origins)
            }
            _ => None,
        }
    }

    fn entry_at(&self, unit: &Unit<Bytes<'a>>, at: UnitOffset) -> Option<Entry<'a>> {
        let mut entries = unit.header.entries_raw(&unit.abbreviations, Some(at)).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        self.entry(&mut entries, abbreviation, true)?
    }

    /// The unit that has an entry, which a linker has put into another one.
    fn unit_of(&self, at: DebugInfoOffset) -> Option<(Unit<Bytes<'a>>, UnitOffset)> {
        let mut headers = self.dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            self.spend(1)?;
            if let Some(at) = at.to_unit_offset(&header) {
                return Some((self.unit(header)??, at));
            }
        }
        None
    }
}

impl<'a> Entry<'a> {
    fn take(&mut self, name: DwAt, value: AttributeValue<Bytes<'a>>) {
        match name {
            constants::DW_AT_low_pc => self.low = Some(value),
            constants::DW_AT_high_pc => self.high = Some(value),
            constants::DW_AT_ranges => self.ranges = Some(value),
            constants::DW_AT_name => self.name = Some(value),
            constants::DW_AT_linkage_name | constants::DW_AT_MIPS_linkage_name => self.symbol = Some(value),
            constants::DW_AT_abstract_origin | constants::DW_AT_specification => self.origin = Some(value),
            constants::DW_AT_call_file => {
                self.call_file = match value {
                    AttributeValue::FileIndex(number) => Some(number),
                    other => other.udata_value(),
                }
            }
            constants::DW_AT_call_line => {
                self.call_line = value.udata_value().and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            }
            _ => {}
        }
    }

    fn has_extent(&self) -> bool {
        self.ranges.is_some() || self.high.is_some()
    }
}

/// Bytes of a table of abbreviations, which ends with a zero in place of a number.
fn table_bytes(table: &[u8]) -> usize {
    let mut rest = table;
    while number(&mut rest) != 0 {
        number(&mut rest);
        rest = rest.get(1..).unwrap_or_default();
        loop {
            let (name, form) = (number(&mut rest), number(&mut rest));
            if form == u64::from(constants::DW_FORM_implicit_const.0) {
                number(&mut rest);
            }
            if name == 0 && form == 0 {
                break;
            }
        }
    }
    table.len() - rest.len()
}

/// Reads a number in LEB128, without regard to bits that are too many; 0 at the end.
fn number(rest: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some((&byte, after)) = rest.split_first() {
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    number
}
