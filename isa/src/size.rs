//! How much memory programs take: a rule for each part, the same on every machine, that a budget can rely on.
//!
//! The rules follow what the parts of a program are made of, with what an allocator adds. They know no machine.

use crate::code::FunctionMaker;
use crate::entities::Declared;
use crate::instruction::Instruction;
use crate::operand::OperandRef;
use crate::program::{
    Constant, DeclaredType, FormPart, Function, FunctionDef, Import, Initial, LayoutDef, Local, Origin, Program,
    SegmentMode, Span,
};
use crate::types::{Signature, Storage, Type};

/// Bytes that an allocation of its own takes besides what it is for: a header and rounding.
pub const ALLOCATION_BYTES: u64 = 24;

/// Bytes of a list of so many items of a type.
pub const fn list_bytes<T>(count: usize) -> u64 {
    if count == 0 { 0 } else { ALLOCATION_BYTES + (count * size_of::<T>()) as u64 }
}

/// Bytes of a program, but for the functions that are made later, whether or not they are there by now.
pub fn program_bytes(program: &Program) -> u64 {
    let mut bytes = size_of::<Program>() as u64 + ALLOCATION_BYTES + text_bytes(&program.target);
    bytes += program.signatures.values().map(signature_bytes).sum::<u64>();
    bytes += program.layouts.values().map(layout_bytes).sum::<u64>();
    bytes += program.types.values().map(declared_bytes).sum::<u64>();
    for function in program.functions.values() {
        bytes += size_of::<FunctionDef>() as u64;
        bytes += match function {
            FunctionDef::Import { import, .. } => import_bytes(import),
            // What is made later is charged for then.
            FunctionDef::Code(code) if code.maker().is_some() => 0,
            FunctionDef::Code(function) => function_bytes(function),
        };
    }
    bytes += first_maker(program).map_or(0, |maker| maker.bytes());
    for global in program.globals.values() {
        bytes += global.name.len() as u64;
        bytes += size_of_val(global) as u64 + origin_bytes(&global.origin, initial_bytes);
    }
    for memory in program.memories.values() {
        bytes += size_of_val(memory) as u64 + origin_bytes(&memory.origin, |()| 0);
    }
    for table in program.tables.values() {
        bytes += size_of_val(table) as u64 + origin_bytes(&table.origin, initial_bytes);
    }
    for data in program.data.values() {
        bytes += size_of_val(data) as u64 + mode_bytes(&data.mode) + list_bytes::<u8>(data.bytes.own());
    }
    for element in program.elements.values() {
        bytes += size_of_val(element) as u64 + mode_bytes(&element.mode);
        bytes += list_bytes::<Initial>(element.values.len()) + element.values.iter().map(initial_bytes).sum::<u64>();
    }
    bytes += program.exports.iter().map(|export| size_of_val(export) as u64 + text_bytes(&export.name)).sum::<u64>();
    for source in program.sources.values() {
        bytes += size_of_val(source) as u64 + text_bytes(&source.name);
        bytes += source.text.as_ref().map_or(0, |text| list_bytes::<u8>(text.len()));
    }
    for section in &program.custom {
        bytes += size_of_val(section) as u64 + text_bytes(&section.name) + list_bytes::<u8>(section.bytes.len());
    }
    bytes
}

/// What makes functions of a program, if some are made later.
fn first_maker(program: &Program) -> Option<&FunctionMaker> {
    program.functions.values().find_map(|function| match function {
        FunctionDef::Code(code) => code.maker().map(|maker| &**maker),
        FunctionDef::Import { .. } => None,
    })
}

/// Bytes of a function's code and tables.
pub fn function_bytes(function: &Function) -> u64 {
    let mut bytes = size_of::<Function>() as u64 + ALLOCATION_BYTES;
    bytes += text_bytes(&function.name);
    bytes += list_bytes::<Type>(function.captures.len()) + list_bytes::<Type>(function.registers.len());
    bytes += list_bytes::<Constant>(function.constants.len());
    bytes += function.constants.values().map(constant_bytes).sum::<u64>();
    bytes += list_bytes::<u32>(function.blocks.len()) + list_bytes::<Span>(function.spans.len());
    bytes += list_bytes::<crate::program::Region>(function.regions.len());
    bytes += list_bytes::<Local>(function.locals.len());
    bytes += function.locals.iter().map(|local| text_bytes(&local.name)).sum::<u64>();
    bytes += list_bytes::<String>(function.capture_names.len());
    bytes += function.capture_names.iter().map(|name| text_bytes(name)).sum::<u64>();
    bytes += list_bytes::<Instruction>(function.code.len());
    bytes + function.code.iter().map(operand_bytes).sum::<u64>()
}

/// Bytes of the operand lists of an instruction, which lie outside of it.
pub fn operand_bytes(instruction: &Instruction) -> u64 {
    let mut bytes = 0;
    if !instruction.opcode().has_lists() {
        return bytes;
    }
    instruction.for_each_operand(|_, operand| {
        bytes += match operand {
            OperandRef::Ins(list, _) => list_bytes::<u32>(list.len()),
            OperandRef::Outs(list, _) => list_bytes::<u32>(list.len()),
            OperandRef::Targets(list) => list_bytes::<u32>(list.len()),
            _ => 0,
        };
    });
    bytes
}

/// Bytes that checking a program takes for a while, besides the program: what is known of one function at a time.
pub fn checking_bytes(program: &Program) -> u64 {
    let functions = program.functions.values().filter_map(|function| match function {
        // What is made later is checked then.
        FunctionDef::Code(code) => code.made().map(flow_bytes),
        FunctionDef::Import { .. } => None,
    });
    functions.max().unwrap_or(0) + 64 * (program.exports.len() + program.functions.len()) as u64
}

/// Bytes of what is known of the registers of a function at its blocks.
pub fn flow_bytes(function: &Function) -> u64 {
    let nodes = (function.blocks.len() + function.regions.len()) as u64;
    let lists = function.code.iter().map(operand_bytes).sum::<u64>();
    160 * nodes + 64 * function.code.len() as u64 + 16 * lists + 64 * function.registers.len() as u64
}

fn text_bytes(text: &str) -> u64 {
    list_bytes::<u8>(text.len())
}

fn constant_bytes(constant: &Constant) -> u64 {
    match constant {
        Constant::String(bytes) => list_bytes::<u8>(bytes.len()),
        Constant::Nil | Constant::False | Constant::True | Constant::Integer(_) | Constant::Float(_) => 0,
        Constant::I32(_) | Constant::I64(_) | Constant::F32(_) | Constant::F64(_) | Constant::V128(_) => 0,
    }
}

/// Bytes of a signature.
pub fn signature_bytes(signature: &Signature) -> u64 {
    let lists = list_bytes::<Type>(signature.params.len()) + list_bytes::<Type>(signature.results.len());
    size_of::<Signature>() as u64 + lists
}

/// Bytes of a layout.
pub fn layout_bytes(layout: &LayoutDef) -> u64 {
    let fields = match layout {
        LayoutDef::Record(fields) | LayoutDef::Exception(fields) => list_bytes::<Storage>(fields.len()),
        LayoutDef::Array(_) => 0,
    };
    size_of::<LayoutDef>() as u64 + fields
}

/// Bytes of a declared type.
fn declared_bytes(ty: &DeclaredType) -> u64 {
    let lists = list_bytes::<FormPart>(ty.form.len()) + list_bytes::<Declared>(ty.supertypes.len());
    size_of::<DeclaredType>() as u64 + lists
}

fn import_bytes(import: &Import) -> u64 {
    text_bytes(&import.module) + text_bytes(&import.name)
}

fn origin_bytes<T>(origin: &Origin<T>, own: impl FnOnce(&T) -> u64) -> u64 {
    match origin {
        Origin::Import(import) => import_bytes(import),
        Origin::Own(value) => own(value),
    }
}

fn mode_bytes<T>(mode: &SegmentMode<T>) -> u64 {
    match mode {
        SegmentMode::Active(_, offset) => initial_bytes(offset),
        SegmentMode::Passive | SegmentMode::Declared => 0,
    }
}

/// What an initial value takes besides its place.
fn initial_bytes(initial: &Initial) -> u64 {
    match initial {
        Initial::Constant(constant) => constant_bytes(constant),
        Initial::Null | Initial::Function(_) | Initial::Global(_) => 0,
        Initial::Arithmetic(_, lhs, rhs) => {
            2 * (ALLOCATION_BYTES + size_of::<Initial>() as u64) + initial_bytes(lhs) + initial_bytes(rhs)
        }
        Initial::Record(_, parts) | Initial::Array(_, parts) => {
            list_bytes::<Initial>(parts.len()) + parts.iter().map(initial_bytes).sum::<u64>()
        }
        Initial::ArrayOf(_, parts) => list_bytes::<Initial>(2) + parts.iter().map(initial_bytes).sum::<u64>(),
        Initial::Integer31(value) | Initial::NotNull(value) => list_bytes::<Initial>(1) + initial_bytes(value),
    }
}
