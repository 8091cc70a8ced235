//! Turns programs into bytes.

use super::encode_names::{write_names, write_positions};
use super::write::Writer;
use super::{MAGIC, Section, VERSION};
use crate::Instruction;
use crate::features;
use crate::operand::{Input, Operand, OperandRef};
use crate::program::{
    Constant, DeclaredType, Described, ElementType, FormPart, Function, FunctionDef, Import, Initial, InitialOp, Item,
    LayoutDef, Origin, PAGE_BITS, Program, RegionKind, SegmentMode,
};
use crate::types::{Convention, Signature, Storage, Type};
use cranelift_entity::EntityRef;

/// The bytes of a program.
pub fn encode(program: &Program) -> Vec<u8> {
    let mut file = Writer::default();
    file.bytes.extend_from_slice(&MAGIC);
    file.bytes.extend_from_slice(&VERSION.to_le_bytes());
    file.bytes.extend_from_slice(&features::of_program(program).bits().to_le_bytes());
    for &section in Section::ALL {
        let mut contents = Writer::default();
        if write_section(program, section, &mut contents) {
            file.byte(section as u8);
            file.string(&contents.bytes);
        }
    }
    file.bytes
}

/// Writes the contents of a section. Returns whether it has any.
fn write_section(program: &Program, section: Section, to: &mut Writer) -> bool {
    let count = match section {
        Section::Target => {
            to.bytes.extend_from_slice(program.target.as_bytes());
            program.target.len()
        }
        Section::Signatures => list(to, program.signatures.values(), write_signature),
        Section::Layouts => list(to, program.layouts.values(), write_layout),
        Section::Types => list(to, program.types.values(), write_declared),
        Section::Globals => list(to, program.globals.values(), |to, global| {
            write_type(to, global.ty);
            to.byte(u8::from(global.mutable));
            write_element_type(to, global.holds);
            write_origin(to, &global.origin, write_initial);
        }),
        Section::Memories => list(to, program.memories.values(), |to, memory| {
            let has_bytes = memory.page_bits != PAGE_BITS;
            to.byte(u8::from(memory.is_64) | u8::from(memory.is_shared) << 1 | u8::from(has_bytes) << 2);
            to.number(memory.minimum);
            to.option(memory.maximum, Writer::number);
            write_origin(to, &memory.origin, |_, ()| {});
        }),
        Section::Tables => list(to, program.tables.values(), |to, table| {
            to.byte(u8::from(table.is_64));
            write_element_type(to, table.element);
            to.number(table.minimum);
            to.option(table.maximum, Writer::number);
            write_origin(to, &table.origin, write_initial);
        }),
        Section::Data => list(to, program.data.values(), |to, data| {
            write_mode(to, &data.mode);
            to.string(&data.bytes);
        }),
        Section::Elements => list(to, program.elements.values(), |to, element| {
            write_mode(to, &element.mode);
            write_element_type(to, element.element);
            to.list(element.values.iter(), write_initial);
        }),
        Section::Functions => {
            list(to, program.functions.values(), |to, function| to.sized(|to| write_function(to, function)))
        }
        Section::Exports => list(to, program.exports.iter(), |to, export| {
            to.string(export.name.as_bytes());
            let (kind, index) = match export.item {
                Item::Function(function) => (0, function.index()),
                Item::Global(global) => (1, global.index()),
                Item::Memory(memory) => (2, memory.index()),
                Item::Table(table) => (3, table.index()),
            };
            to.byte(kind);
            to.count(index);
        }),
        Section::Start => program.start.map_or(0, |start| {
            to.count(start.index());
            1
        }),
        Section::Custom => list(to, program.custom.iter(), |to, section| {
            to.string(section.name.as_bytes());
            to.string(&section.bytes);
        }),
        Section::Sources => list(to, program.sources.values(), |to, source| {
            to.string(source.name.as_bytes());
            to.option(source.text.as_ref(), |to, text| to.string(text));
        }),
        Section::Names => return write_names(to, program),
        Section::Positions => return write_positions(to, program),
    };
    count > 0
}

fn list<T>(to: &mut Writer, items: impl ExactSizeIterator<Item = T>, write: impl FnMut(&mut Writer, T)) -> usize {
    let count = items.len();
    to.list(items, write);
    count
}

fn write_element_type(to: &mut Writer, element: ElementType) {
    match element {
        ElementType::Any => to.byte(0),
        ElementType::Function => to.byte(1),
        ElementType::Tag(ty) => {
            to.byte(2);
            to.option(ty, |to, ty| to.count(ty.index()));
        }
        ElementType::Declared { is_function, ty } => {
            to.byte(3 + u8::from(is_function));
            to.count(ty.index());
        }
    }
}

fn write_declared(to: &mut Writer, ty: &DeclaredType) {
    to.byte(u8::from(ty.is_joined));
    to.list(ty.form.iter(), |to, part| match *part {
        FormPart::Number(number) => {
            to.byte(0);
            to.number(number);
        }
        FormPart::Type(ty) => {
            to.byte(1);
            to.count(ty.index());
        }
    });
    to.list(ty.supertypes.iter(), |to, supertype| to.count(supertype.index()));
    match ty.describes {
        Described::Nothing => to.byte(0),
        Described::Signature(signature) => {
            to.byte(1);
            to.count(signature.index());
        }
        Described::Layout(layout) => {
            to.byte(2);
            to.count(layout.index());
        }
    }
}

fn write_type(to: &mut Writer, ty: Type) {
    match ty {
        Type::Any => to.byte(0),
        Type::I32 => to.byte(1),
        Type::I64 => to.byte(2),
        Type::F32 => to.byte(3),
        Type::F64 => to.byte(4),
        Type::V128 => to.byte(5),
        Type::Cell => to.byte(6),
        Type::Ref(layout) => {
            to.byte(7);
            to.count(layout.index());
        }
    }
}

fn write_signature(to: &mut Writer, signature: &Signature) {
    to.byte(match signature.convention {
        Convention::Typed => 0,
        Convention::Dynamic => 1,
        Convention::Variadic => 2,
    });
    to.list(signature.params.iter().copied(), write_type);
    to.list(signature.results.iter().copied(), write_type);
}

fn write_layout(to: &mut Writer, layout: &LayoutDef) {
    let storage = |to: &mut Writer, storage: &Storage| match *storage {
        Storage::I8 => to.byte(8),
        Storage::I16 => to.byte(9),
        Storage::Whole(ty) => write_type(to, ty),
    };
    match layout {
        LayoutDef::Record(fields) => {
            to.byte(0);
            to.list(fields.iter(), storage);
        }
        LayoutDef::Array(element) => {
            to.byte(1);
            storage(to, element);
        }
        LayoutDef::Exception(fields) => {
            to.byte(2);
            to.list(fields.iter(), storage);
        }
    }
}

fn write_import(to: &mut Writer, import: &Import) {
    to.string(import.module.as_bytes());
    to.string(import.name.as_bytes());
}

fn write_origin<T>(to: &mut Writer, origin: &Origin<T>, own: impl FnOnce(&mut Writer, &T)) {
    match origin {
        Origin::Import(import) => {
            to.byte(0);
            write_import(to, import);
        }
        Origin::Own(value) => {
            to.byte(1);
            own(to, value);
        }
    }
}

fn write_mode<T: EntityRef>(to: &mut Writer, mode: &SegmentMode<T>) {
    match mode {
        SegmentMode::Passive => to.byte(0),
        SegmentMode::Active(into, offset) => {
            to.byte(1);
            to.count(into.index());
            write_initial(to, offset);
        }
        SegmentMode::Declared => to.byte(2),
    }
}

fn write_initial(to: &mut Writer, initial: &Initial) {
    match initial {
        Initial::Constant(constant) => {
            to.byte(0);
            write_constant(to, constant);
        }
        Initial::Null => to.byte(1),
        Initial::Function(function) => {
            to.byte(2);
            to.count(function.index());
        }
        Initial::Global(global) => {
            to.byte(3);
            to.count(global.index());
        }
        Initial::Arithmetic(op, lhs, rhs) => {
            to.byte(match op {
                InitialOp::Add => 4,
                InitialOp::Sub => 5,
                InitialOp::Mul => 6,
            });
            write_initial(to, lhs);
            write_initial(to, rhs);
        }
        Initial::Record(layout, fields) => {
            to.byte(7);
            to.count(layout.index());
            to.list(fields.iter(), write_initial);
        }
        Initial::Array(layout, elements) => {
            to.byte(8);
            to.count(layout.index());
            to.list(elements.iter(), write_initial);
        }
        Initial::ArrayOf(layout, parts) => {
            to.byte(9);
            to.count(layout.index());
            parts.iter().for_each(|part| write_initial(to, part));
        }
        Initial::Integer31(value) => {
            to.byte(10);
            write_initial(to, value);
        }
        Initial::NotNull(value) => {
            to.byte(11);
            write_initial(to, value);
        }
    }
}

fn write_constant(to: &mut Writer, constant: &Constant) {
    match constant {
        Constant::Nil => to.byte(0),
        Constant::False => to.byte(1),
        Constant::True => to.byte(2),
        Constant::Integer(value) => {
            to.byte(3);
            to.signed(*value);
        }
        Constant::Float(bits) => {
            to.byte(4);
            to.bytes.extend_from_slice(&bits.to_le_bytes());
        }
        Constant::String(bytes) => {
            to.byte(5);
            to.string(bytes);
        }
        Constant::I32(value) => {
            to.byte(6);
            to.signed(i64::from(*value));
        }
        Constant::I64(value) => {
            to.byte(7);
            to.signed(*value);
        }
        Constant::F32(bits) => {
            to.byte(8);
            to.bytes.extend_from_slice(&bits.to_le_bytes());
        }
        Constant::F64(bits) => {
            to.byte(9);
            to.bytes.extend_from_slice(&bits.to_le_bytes());
        }
        Constant::V128(bits) => {
            to.byte(10);
            to.bytes.extend_from_slice(&bits.to_le_bytes());
        }
    }
}

fn write_function(to: &mut Writer, function: &FunctionDef) {
    match function {
        FunctionDef::Import { import, signature } => {
            to.byte(0);
            write_import(to, import);
            to.count(signature.index());
        }
        FunctionDef::Code(function) => {
            to.byte(1);
            write_code(to, function);
        }
    }
}

fn write_code(to: &mut Writer, function: &Function) {
    to.count(function.signature.index());
    to.list(function.captures.iter().copied(), write_type);
    to.list(function.registers.values().copied(), write_type);
    to.list(function.constants.values(), write_constant);
    let mut before = 0;
    to.list(function.blocks.values(), |to, &start| to.difference(start, &mut before));
    to.list(function.code.iter(), write_instruction);
    to.list(function.regions.iter(), |to, region| {
        to.byte(match region.kind {
            RegionKind::Catch => 0,
            RegionKind::Cleanup => 1,
            RegionKind::Exception => 2,
        });
        [region.start, region.end, region.handler].iter().for_each(|block| to.count(block.index()));
        to.count(region.error.index());
        to.option(region.message_handler, |to, register| to.count(register.index()));
    });
}

fn write_operand(to: &mut Writer, operand: Operand) {
    match operand.input() {
        Input::Reg(register) => to.number((register.index() as u64) << 1),
        Input::Const(constant) => to.number((constant.index() as u64) << 1 | 1),
    }
}

fn write_instruction(to: &mut Writer, instruction: &Instruction) {
    to.number(u64::from(instruction.opcode() as u16));
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::Out(register, _) | OperandRef::InOut(register, _) => to.count(register.index()),
        OperandRef::In(input, _) => write_operand(to, input),
        OperandRef::Outs(registers, _) => to.list(registers.iter(), |to, register| to.count(register.index())),
        OperandRef::Ins(inputs, _) => to.list(inputs.iter().copied(), write_operand),
        OperandRef::Target(block) => to.count(block.index()),
        OperandRef::Targets(blocks) => to.list(blocks.iter(), |to, block| to.count(block.index())),
        OperandRef::Index(_, index) => to.number(u64::from(index)),
        OperandRef::Immediate(_, value) => to.number(value),
    });
}
