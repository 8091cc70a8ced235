//! Precompiled chunks: a function with those inside of it as bytes, and back. They begin as those of the reference implementation
//! do; then comes the length of a program in the binary format of this machine, and that. It is checked as any other program.

use crate::codegen::{CHUNK_SECTION, EXACT_SECTION, LINES_SECTION, SUPPORT_MODULE};
use minivm_isa::binary::{decode_within, encode, is_binary};
use minivm_isa::entities::{Func, Source};
use minivm_isa::operand::{IndexKind, OperandRef};
use minivm_isa::program::{CustomSection, Export, Function, FunctionDef, Item, NO_LINE, Program, SourceFile, Span};
use minivm_isa::{Allowance, Instruction, Verified, verify};
use std::collections::BTreeMap;

/// A precompiled chunk begins with this byte.
pub(crate) const MARK: u8 = 0x1b;

/// The parts of the header, and what is said of another one.
const HEADER: [(&[u8], &str); 8] = [
    (b"\x1bLua", "not a binary chunk"),
    (b"\x54", "version mismatch"),
    (b"\0", "format mismatch"),
    (b"\x19\x93\r\n\x1a\n", "corrupted chunk"),
    (b"\x04", "Instruction size mismatch"),
    (b"\x08", "lua_Integer size mismatch"),
    (b"\x08", "lua_Number size mismatch"),
    (b"\x78\x56\0\0\0\0\0\0\0\0\0\0\0\x28\x77\x40", "integer or float format mismatch"),
];

/// Bytes of the number of upvalues and of the length of the program, after the header.
const COUNT_BYTES: usize = 1;
const LENGTH_BYTES: usize = 8;

/// Whether bytes are a precompiled chunk, or a program of this machine, rather than text.
pub(crate) fn is_precompiled(bytes: &[u8]) -> bool {
    bytes.first() == Some(&MARK) || is_binary(bytes)
}

/// A function of a program as a precompiled chunk; without names and lines if it is to be stripped. None where the function is not
/// one that a chunk can be.
pub(crate) fn dump(program: &Program, function: Func, strip: bool) -> Option<Vec<u8>> {
    let is_plain = program.globals.is_empty() && program.memories.is_empty() && program.tables.is_empty();
    let is_chunk = is_plain && program.custom.iter().any(|section| section.name == LINES_SECTION);
    if !is_chunk {
        return None;
    }
    let numbers = reachable(program, function);
    let mut part = Program { signatures: program.signatures.clone(), ..Program::default() };
    for source in program.sources.values() {
        let name = if strip { "?".to_owned() } else { source.name.clone() };
        part.sources.push(SourceFile { name, text: None });
    }
    for &old in numbers.keys() {
        let mut definition = program.functions[old].clone();
        if let FunctionDef::Code(code) = &mut definition {
            renumber(code, &numbers)?;
            if strip {
                strip_function(code);
            }
        }
        part.functions.push(definition);
    }
    part.exports.push(Export { name: "main".to_owned(), item: Item::Function(numbers[&function]) });
    for section in &program.custom {
        let bytes: Box<[u8]> = match section.name.as_str() {
            LINES_SECTION => lines_of(&section.bytes, &numbers),
            CHUNK_SECTION if strip => (*b"=?").into(),
            CHUNK_SECTION | EXACT_SECTION => section.bytes.clone(),
            _ => continue,
        };
        part.custom.push(CustomSection { name: section.name.clone(), bytes });
    }
    let FunctionDef::Code(main) = &program.functions[function] else { return None };
    let upvalues = u8::try_from(main.captures.len()).ok()?;
    let program = encode(&part);
    let header = HEADER.iter().flat_map(|(bytes, _)| bytes.iter().copied());
    Some(header.chain([upvalues]).chain((program.len() as u64).to_le_bytes()).chain(program).collect())
}

/// The functions that are reachable from one, with their numbers among them, in the order of their numbers.
fn reachable(program: &Program, function: Func) -> BTreeMap<Func, Func> {
    let mut found = BTreeMap::from([(function, function)]);
    let mut open = vec![function];
    while let Some(function) = open.pop() {
        let FunctionDef::Code(code) = &program.functions[function] else { continue };
        for instruction in &code.code {
            instruction.for_each_operand(|_, operand| {
                if let OperandRef::Index(IndexKind::Func, number) = operand {
                    let other = Func::from_u32(number);
                    if found.insert(other, other).is_none() {
                        open.push(other);
                    }
                }
            });
        }
    }
    for (index, number) in found.values_mut().enumerate() {
        *number = Func::from_u32(index as u32);
    }
    found
}

/// Gives functions their numbers in the part; none where an instruction is not one of those that chunks consist of.
fn renumber(code: &mut Function, numbers: &BTreeMap<Func, Func>) -> Option<()> {
    for instruction in &mut code.code {
        match instruction {
            Instruction::Closure { function, .. } | Instruction::RefFunc { function, .. } => {
                *function = *numbers.get(function)?;
            }
            other => {
                let mut names_one = false;
                other.for_each_operand(|_, operand| {
                    names_one |= matches!(operand, OperandRef::Index(IndexKind::Func, _));
                });
                if names_one {
                    return None;
                }
            }
        }
    }
    Some(())
}

/// Takes names and places of the source away.
fn strip_function(code: &mut Function) {
    code.locals.clear();
    code.capture_names.clear();
    if let Some(line) =
        code.name.strip_prefix("function <").and_then(|name| name.rsplit_once(':')).map(|(_, line)| line)
    {
        code.name = format!("function <?:{line}");
    }
    code.spans = vec![Span { instruction: 0, source: Source::from_u32(0), line: NO_LINE, start: 0, end: 0 }];
}

/// The entries of the section about lines for some functions.
fn lines_of(section: &[u8], numbers: &BTreeMap<Func, Func>) -> Box<[u8]> {
    let mut bytes = Vec::new();
    for entry in section.as_chunks::<16>().0 {
        let number = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
        if let Some(new) = numbers.get(&Func::from_u32(number)) {
            bytes.extend_from_slice(&new.as_u32().to_le_bytes());
            bytes.extend_from_slice(&entry[4..]);
        }
    }
    bytes.into()
}

/// The program in a precompiled chunk, in so much memory.
///
/// # Errors
/// Why it is none, in the words of the reference implementation as far as it has any.
pub(crate) fn load(bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, String> {
    let encoded = if is_binary(bytes) { bytes } else { body(bytes)? };
    let program = decode_within(encoded, allowance).map_err(|error| error.to_string())?;
    let foreign = program.functions.values().find_map(|function| match function {
        FunctionDef::Import { import, .. } if import.module != SUPPORT_MODULE => Some(import),
        FunctionDef::Import { .. } | FunctionDef::Code(_) => None,
    });
    if let Some(import) = foreign {
        return Err(format!("it imports '{}' of '{}', which chunks cannot", import.name, import.module));
    }
    if program.start.is_some() {
        return Err("it has a start function, which chunks have not".to_owned());
    }
    let main = program.exports.iter().find(|export| export.name == "main").map(|export| export.item);
    match main {
        Some(Item::Function(main)) if matches!(program.functions[main], FunctionDef::Code(_)) => {}
        _ => return Err("it exports no function 'main'".to_owned()),
    }
    verify(program).map_err(|rejections| match rejections.first() {
        Some(rejection) => rejection.to_string(),
        None => "it is refused".to_owned(),
    })
}

/// What comes after the header of a precompiled chunk.
fn body(bytes: &[u8]) -> Result<&[u8], String> {
    const TRUNCATED: &str = "truncated chunk";
    let mut rest = bytes;
    for (part, message) in HEADER {
        let found = rest.split_at_checked(part.len()).ok_or(TRUNCATED)?;
        if found.0 != part {
            return Err(message.to_owned());
        }
        rest = found.1;
    }
    let (_, rest) = rest.split_at_checked(COUNT_BYTES).ok_or(TRUNCATED)?;
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(TRUNCATED)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    Ok(rest.get(..length).ok_or(TRUNCATED)?)
}
