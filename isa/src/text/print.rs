//! How the items of a program print.

use super::print_function::FunctionText;
use super::value::{InitialText, Quoted};
use crate::Program;
use crate::entities::{Memory, Table};
use crate::program::{ElementType, FunctionDef, Item, Origin, PAGE_BITS, SegmentMode};
use crate::types::Type;
use cranelift_entity::EntityRef;
use std::fmt::{self, Display, Formatter};

/// Bytes of a segment that stand on one line.
const BYTES_PER_LINE: usize = 32;

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "minivm {}", super::VERSION)?;
        if !self.target.is_empty() {
            writeln!(f, "target {}", Quoted(self.target.as_bytes()))?;
        }
        for (number, source) in &self.sources {
            write!(f, "{number} = {}", Quoted(source.name.as_bytes()))?;
            if let Some(text) = &source.text {
                f.write_str(" ")?;
                bytes(f, text, |byte| byte == b'\n')?;
            }
            writeln!(f)?;
        }
        for (number, signature) in &self.signatures {
            writeln!(f, "{number} = {signature}")?;
        }
        for (number, layout) in &self.layouts {
            writeln!(f, "{number} = {layout}")?;
        }
        for (number, ty) in &self.types {
            writeln!(f, "{number} = {ty}")?;
        }
        stores(self, f)?;
        segments(self, f)?;
        for export in &self.exports {
            write!(f, "export {} ", Quoted(export.name.as_bytes()))?;
            match export.item {
                Item::Function(function) => writeln!(f, "{function}")?,
                Item::Global(global) => writeln!(f, "{global}")?,
                Item::Memory(memory) => writeln!(f, "{memory}")?,
                Item::Table(table) => writeln!(f, "{table}")?,
            }
        }
        if let Some(start) = self.start {
            writeln!(f, "start {start}")?;
        }
        for section in &self.custom {
            write!(f, "custom {} ", Quoted(section.name.as_bytes()))?;
            bytes(f, &section.bytes, |_| false)?;
            writeln!(f)?;
        }
        for (number, function) in &self.functions {
            match function {
                FunctionDef::Import { import, signature } => {
                    write!(f, "{number} {import} {signature}")?;
                    match self.signatures.get(*signature) {
                        Some(known) => writeln!(f, " {known}")?,
                        None => writeln!(f)?,
                    }
                }
                FunctionDef::Code(_) => write!(f, "\n{}", FunctionText { program: self, number })?,
            }
        }
        Ok(())
    }
}

/// Globals, memories and tables.
fn stores(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    for (number, global) in &program.globals {
        let mutable = if global.mutable { "mutable " } else { "" };
        let holds = match global.holds {
            ElementType::Any => String::new(),
            holds => format!("{holds} "),
        };
        write!(f, "{number} ")?;
        if !global.name.is_empty() {
            write!(f, "{} ", Quoted(global.name.as_bytes()))?;
        }
        write!(f, "= {mutable}{holds}{} ", global.ty)?;
        match &global.origin {
            Origin::Import(import) => writeln!(f, "{import}")?,
            Origin::Own(initial) => writeln!(f, "{}", InitialText(initial, global.ty))?,
        }
    }
    for (number, memory) in &program.memories {
        let (width, shared) = (if memory.is_64 { "i64" } else { "i32" }, if memory.is_shared { " shared" } else { "" });
        let unit = if memory.page_bits == PAGE_BITS { "" } else { " bytes" };
        write!(f, "{number} = {width}{shared}{unit} {}", memory.minimum)?;
        maximum(f, memory.maximum)?;
        match &memory.origin {
            Origin::Import(import) => writeln!(f, " {import}")?,
            Origin::Own(()) => writeln!(f)?,
        }
    }
    for (number, table) in &program.tables {
        let width = if table.is_64 { "i64" } else { "i32" };
        write!(f, "{number} = {width} {} {}", table.element, table.minimum)?;
        maximum(f, table.maximum)?;
        match &table.origin {
            Origin::Import(import) => writeln!(f, " {import}")?,
            Origin::Own(initial) => writeln!(f, " {}", InitialText(initial, Type::Any))?,
        }
    }
    Ok(())
}

fn maximum(f: &mut Formatter<'_>, maximum: Option<u64>) -> fmt::Result {
    maximum.map_or(Ok(()), |maximum| write!(f, " maximum {maximum}"))
}

fn segments(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    for (number, data) in &program.data {
        let width = |memory: Memory| program.memories.get(memory).is_some_and(|memory| memory.is_64);
        write!(f, "{number} = ")?;
        mode(f, &data.mode, width)?;
        bytes(f, &data.bytes, |_| false)?;
        writeln!(f)?;
    }
    for (number, element) in &program.elements {
        let width = |table: Table| program.tables.get(table).is_some_and(|table| table.is_64);
        write!(f, "{number} = {} ", element.element)?;
        mode(f, &element.mode, width)?;
        f.write_str("(")?;
        for (index, value) in element.values.iter().enumerate() {
            let separator = match index {
                0 => "",
                _ if index.is_multiple_of(10) => ",\n  ",
                _ => ", ",
            };
            write!(f, "{separator}{}", InitialText(value, Type::Any))?;
        }
        writeln!(f, ")")?;
    }
    Ok(())
}

fn mode<T: EntityRef + Display>(
    f: &mut Formatter<'_>,
    mode: &SegmentMode<T>,
    is_64: impl Fn(T) -> bool,
) -> fmt::Result {
    match mode {
        SegmentMode::Passive => f.write_str("passive "),
        SegmentMode::Declared => f.write_str("declared "),
        SegmentMode::Active(into, offset) => {
            // Where there is no such memory or table, the parser takes 32 bits as well.
            let address = if is_64(*into) { Type::I64 } else { Type::I32 };
            write!(f, "active {into} {} ", InitialText(offset, address))
        }
    }
}

/// Bytes as strings between braces; a line ends after so many bytes, or where `ends` says.
fn bytes(f: &mut Formatter<'_>, bytes: &[u8], ends: impl Fn(u8) -> bool) -> fmt::Result {
    let breaks_lines = bytes.iter().any(|&byte| ends(byte));
    if bytes.len() <= BYTES_PER_LINE && !breaks_lines {
        return if bytes.is_empty() { f.write_str("{}") } else { write!(f, "{{ {} }}", Quoted(bytes)) };
    }
    f.write_str("{\n")?;
    if breaks_lines {
        for line in bytes.split_inclusive(|&byte| ends(byte)) {
            writeln!(f, "  {}", Quoted(line))?;
        }
    } else {
        for line in bytes.chunks(BYTES_PER_LINE) {
            writeln!(f, "  {}", Quoted(line))?;
        }
    }
    f.write_str("}")
}
