//! Turns bytes into functions and instructions.

use super::DecodeError;
use super::decode::{read_constant, read_import, read_type};
use super::read::Reader;
use crate::code::Code;
use crate::entities::{Block, Const, Reg};
use crate::limits::INDEX_MAX;
use crate::operand::{ImmediateKind, IndexKind, OperandSource, Pattern};
use crate::program::{Function, FunctionDef, Region, RegionKind};
use crate::size::ALLOCATION_BYTES;
use crate::{Instruction, Opcode, Operand};

pub(super) fn read_function(from: &mut Reader<'_>) -> Result<FunctionDef, DecodeError> {
    if from.flag()? { Ok(FunctionDef::Code(Code::new(read_code(from)?))) } else { read_import_function(from) }
}

pub(super) fn read_import_function(from: &mut Reader<'_>) -> Result<FunctionDef, DecodeError> {
    Ok(FunctionDef::Import { import: read_import(from)?, signature: from.index()? })
}

/// The code of a function, without names and positions.
pub(super) fn read_code(from: &mut Reader<'_>) -> Result<Function, DecodeError> {
    from.take(ALLOCATION_BYTES + size_of::<Function>() as u64)?;
    let mut block = 0;
    // Fields are read in the order in which they stand here.
    Ok(Function {
        signature: from.index()?,
        captures: from.list(read_type)?,
        registers: from.list(read_type)?.into(),
        constants: from.list(read_constant)?.into(),
        blocks: from.list(|from| from.difference(&mut block))?.into(),
        code: from.list(read_instruction)?,
        regions: from.list(read_region)?,
        name: String::new(),
        spans: Vec::new(),
        locals: Vec::new(),
        capture_names: Vec::new(),
    })
}

fn read_instruction(from: &mut Reader<'_>) -> Result<Instruction, DecodeError> {
    let start = from.at;
    let number = from.number()?;
    match u16::try_from(number).ok().and_then(Opcode::from_number) {
        Some(opcode) => opcode.read(from),
        None => from.error(start, format!("{number:#x} stands for no instruction")),
    }
}

fn read_region(from: &mut Reader<'_>) -> Result<Region, DecodeError> {
    let kind = from.tag("kind of region", |byte| match byte {
        0 => Some(RegionKind::Catch),
        1 => Some(RegionKind::Cleanup),
        2 => Some(RegionKind::Exception),
        _ => None,
    })?;
    Ok(Region {
        kind,
        start: from.index()?,
        end: from.index()?,
        handler: from.index()?,
        error: from.index()?,
        message_handler: from.option(Reader::index)?,
    })
}

fn read_operand(from: &mut Reader<'_>) -> Result<Operand, DecodeError> {
    let start = from.at;
    let value = from.number()?;
    let Some(index) = u32::try_from(value >> 1).ok().filter(|&index| index <= INDEX_MAX) else {
        return from.error(start, format!("the index {} does not fit into 31 bits", value >> 1));
    };
    Ok(if value & 1 == 0 { Reg::from_u32(index).into() } else { Const::from_u32(index).into() })
}

impl OperandSource for Reader<'_> {
    type Error = DecodeError;

    fn reg(&mut self, _: &'static str) -> Result<Reg, DecodeError> {
        Reader::index(self)
    }

    fn input(&mut self, _: &'static str, _: Pattern) -> Result<Operand, DecodeError> {
        read_operand(self)
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, DecodeError> {
        self.list(Reader::index).map(Vec::into)
    }

    fn inputs(&mut self, _: &'static str, _: Pattern) -> Result<Box<[Operand]>, DecodeError> {
        self.list(read_operand).map(Vec::into)
    }

    fn block(&mut self, _: &'static str) -> Result<Block, DecodeError> {
        Reader::index(self)
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, DecodeError> {
        self.list(Reader::index).map(Vec::into)
    }

    fn index(&mut self, _: &'static str, _: IndexKind) -> Result<u32, DecodeError> {
        let start = self.at;
        let value = self.number_u32()?;
        if value > INDEX_MAX {
            return self.error(start, format!("the index {value} does not fit into 31 bits"));
        }
        Ok(value)
    }

    fn immediate(&mut self, _: &'static str, _: ImmediateKind) -> Result<u64, DecodeError> {
        self.number()
    }
}
