//! Turns bytes into functions and instructions.

use super::DecodeError;
use super::decode::{read_constant, read_import, read_type};
use super::read::Reader;
use crate::entities::{Block, Const, Reg};
use crate::operand::{ImmediateKind, IndexKind, OperandSource, Pattern};
use crate::program::{Function, FunctionDef, Local, Region, RegionKind, Span};
use crate::size::ALLOCATION_BYTES;
use crate::{Instruction, Opcode, Operand};

pub(super) fn read_function(from: &mut Reader<'_>) -> Result<FunctionDef, DecodeError> {
    if from.flag()? {
        return read_code(from).map(|code| FunctionDef::Code(Box::new(code)));
    }
    Ok(FunctionDef::Import { import: read_import(from)?, signature: from.index()? })
}

fn read_code(from: &mut Reader<'_>) -> Result<Function, DecodeError> {
    from.take(ALLOCATION_BYTES + size_of::<Function>() as u64)?;
    let mut block = 0;
    // Fields are read in the order in which they stand here.
    Ok(Function {
        name: from.name()?,
        signature: from.index()?,
        captures: from.list(read_type)?,
        registers: from.list(read_type)?.into_iter().collect(),
        constants: from.list(read_constant)?.into_iter().collect(),
        blocks: from.list(|from| from.difference(&mut block))?.into_iter().collect(),
        code: from.list(read_instruction)?,
        regions: from.list(read_region)?,
        spans: read_spans(from)?,
        locals: from.list(read_local)?,
        capture_names: from.list(|from| from.name())?,
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

fn read_spans(from: &mut Reader<'_>) -> Result<Vec<Span>, DecodeError> {
    let (mut instruction, mut line, mut start) = (0, 0, 0);
    from.list(|from| {
        let instruction = from.difference(&mut instruction)?;
        let source = from.index()?;
        let line = from.difference(&mut line)?;
        let start = from.difference(&mut start)?;
        Ok(Span { instruction, source, line, start, end: from.difference(&mut { start })? })
    })
}

fn read_local(from: &mut Reader<'_>) -> Result<Local, DecodeError> {
    Ok(Local { name: from.name()?, register: from.index()?, start: from.number_u32()?, end: from.number_u32()? })
}

fn read_operand(from: &mut Reader<'_>) -> Result<Operand, DecodeError> {
    let start = from.at;
    let value = from.number()?;
    let Some(index) = u32::try_from(value >> 1).ok().filter(|&index| index <= u32::MAX >> 1) else {
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
        if value > u32::MAX >> 1 {
            return self.error(start, format!("the index {value} does not fit into 31 bits"));
        }
        Ok(value)
    }

    fn immediate(&mut self, _: &'static str, _: ImmediateKind) -> Result<u64, DecodeError> {
        self.number()
    }
}
