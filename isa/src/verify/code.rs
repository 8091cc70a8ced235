//! Rules for instructions that follow from the table: operands exist and have the types of their patterns, blocks end where
//! they must, open lists are taken at once.

use super::Rule;
use super::function::Checker;
use super::initial::address_type;
use crate::entities::{Block, Global, Layout, Memory, Reg, Table};
use crate::instruction::Effects;
use crate::limits::{FRAME_WORDS_MAX, LIST_MAX, NUMBER_MAX, OFFSET_MAX};
use crate::operand::{ImmediateKind, IndexKind, Input, Operand, OperandRef, Pattern, Role};
use crate::steps;
use crate::types::{Kind, Type};
use crate::{Instruction, TrapCode, frame};
use std::ops::Range;

/// What the indices of an instruction say about the types of its other operands. Nothing where an index is wrong.
#[derive(Default)]
struct Context {
    address: Option<Type>,
    global: Option<Type>,
    reference: Option<Type>,
    same: Option<Type>,
}

impl<'a> Checker<'a> {
    pub(super) fn code(&mut self) {
        let function = self.function;
        for block in function.blocks.keys() {
            let range = function.block_range(block);
            for index in range.clone() {
                self.here = Some((block, index));
                let instruction = &function.code[index];
                let info = instruction.info();
                let mut context = Context::default();
                if info.operands.iter().any(|(_, role)| matches!(role, Role::Index(_))) {
                    self.indices(instruction, &mut context);
                }
                self.operands(instruction, &mut context);
                self.special(instruction);
                self.window(instruction);
                self.position(index, &range, info.effects);
            }
        }
        self.here = None;
    }

    /// The registers have room below the largest window.
    fn window(&mut self, instruction: &Instruction) {
        let words = frame::window_words(self.program, instruction, |it| self.signatures.words(self.program, it));
        let frame = self.register_words + words;
        if frame > u64::from(FRAME_WORDS_MAX) && self.register_words <= u64::from(FRAME_WORDS_MAX) {
            let expected = format_args!("at most {FRAME_WORDS_MAX} frame words with those of a call");
            self.reject(Rule::FrameSize, "", expected, frame);
        }
    }

    /// Rules for what stands before and after an instruction.
    fn position(&mut self, index: usize, range: &Range<usize>, effects: Effects) {
        let is_last = index + 1 == range.end;
        if is_last && !effects.end {
            self.reject(Rule::BlockEnd, "", "an instruction that ends the block", "one that does not");
        }
        if !is_last && effects.end {
            self.reject(Rule::BlockEnd, "", "the end of the block after it", "more instructions");
        }
        let neighbour = |index: Option<usize>| {
            let index = index.filter(|index| range.contains(index))?;
            Some(self.function.code[index].info())
        };
        if effects.takes_open {
            let before = neighbour(index.checked_sub(1));
            if !before.is_some_and(|info| info.effects.leaves_open) {
                let found = before.map_or("nothing in this block", |info| info.name);
                self.reject(Rule::OpenList, "", "an instruction directly before it that leaves an open list", found);
            }
        }
        if effects.leaves_open {
            let after = neighbour(index.checked_add(1));
            if !after.is_some_and(|info| info.effects.takes_open) {
                let found = after.map_or("nothing in this block", |info| info.name);
                self.reject(Rule::OpenList, "", "an instruction directly after it that takes the open list", found);
            }
        }
    }

    fn indices(&mut self, instruction: &Instruction, context: &mut Context) {
        let program = self.program;
        instruction.for_each_operand(|name, operand| {
            let OperandRef::Index(kind, index) = operand else { return };
            let length = match kind {
                IndexKind::Func => program.functions.len(),
                IndexKind::Sig => program.signatures.len(),
                IndexKind::Global => program.globals.len(),
                IndexKind::Memory => program.memories.len(),
                IndexKind::Table => program.tables.len(),
                IndexKind::Data => program.data.len(),
                IndexKind::Element => program.elements.len(),
                IndexKind::Layout => program.layouts.len(),
            };
            if index as usize >= length {
                self.reject(Rule::Index, name, format_args!("one of {length}"), index);
                return;
            }
            match kind {
                IndexKind::Global => context.global = Some(program.globals[Global::from_u32(index)].ty),
                IndexKind::Memory => {
                    context.address = Some(address_type(program.memories[Memory::from_u32(index)].is_64));
                }
                IndexKind::Table => {
                    context.address = Some(address_type(program.tables[Table::from_u32(index)].is_64));
                }
                IndexKind::Layout => context.reference = Some(Type::Ref(Layout::from_u32(index))),
                IndexKind::Func | IndexKind::Sig | IndexKind::Data | IndexKind::Element => {}
            }
        });
    }

    fn operands(&mut self, instruction: &Instruction, context: &mut Context) {
        self.written.clear();
        steps::count(1);
        instruction.for_each_operand(|name, operand| match operand {
            OperandRef::Out(register, pattern) => self.writes(name, register, pattern, context),
            OperandRef::In(input, pattern) => self.reads(name, input, pattern, context),
            OperandRef::InOut(register, pattern) => self.writes(name, register, pattern, context),
            OperandRef::Outs(registers, pattern) => {
                self.list_length(name, registers.len());
                registers.iter().for_each(|&register| self.writes(name, register, pattern, context));
            }
            OperandRef::Ins(inputs, pattern) => {
                self.list_length(name, inputs.len());
                inputs.iter().for_each(|&input| self.reads(name, input, pattern, context));
            }
            OperandRef::Target(block) => self.target(name, block),
            OperandRef::Targets(blocks) => blocks.iter().for_each(|&block| self.target(name, block)),
            OperandRef::Index(..) => {}
            OperandRef::Immediate(kind, value) => self.immediate(name, kind, value, context),
        });
        if self.written.len() > 1 {
            self.written.sort_unstable();
            if let Some(pair) = self.written.windows(2).find(|pair| pair[0] == pair[1]) {
                let register = pair[0];
                self.reject(Rule::WrittenTwice, "", "each register written once", register);
            }
        }
    }

    fn writes(&mut self, name: &'static str, register: Reg, pattern: Pattern, context: &mut Context) {
        steps::count(1);
        self.written.push(register);
        match self.register_type(register) {
            Some(ty) => self.type_fits(name, register.into(), ty, pattern, context),
            None => self.no_register(name, register),
        }
    }

    fn reads(&mut self, name: &'static str, input: Operand, pattern: Pattern, context: &mut Context) {
        steps::count(1);
        match (self.operand_type(input), input.input()) {
            (Some(ty), _) => self.type_fits(name, input, ty, pattern, context),
            (None, Input::Reg(register)) => self.no_register(name, register),
            (None, Input::Const(constant)) => {
                let expected = format!("one of {} constants", self.function.constants.len());
                self.reject(Rule::Index, name, expected, constant);
            }
        }
    }

    fn type_fits(&mut self, name: &'static str, operand: Operand, ty: Type, pattern: Pattern, context: &mut Context) {
        let expected = match pattern {
            Pattern::Exactly(expected) => Some(expected),
            Pattern::Same => Some(*context.same.get_or_insert(ty)),
            Pattern::Address => context.address,
            Pattern::GlobalType => context.global,
            Pattern::RefType => context.reference,
            Pattern::Special => None,
        };
        if let Some(expected) = expected.filter(|&expected| expected != ty) {
            self.wrong_type(name, operand, expected, ty);
        }
    }

    pub(super) fn wrong_type(&mut self, name: &'static str, operand: Operand, expected: Type, found: Type) {
        self.reject(Rule::OperandType, name, expected, format_args!("{operand:?}: {found}"));
    }

    fn list_length(&mut self, name: &'static str, length: usize) {
        if length > LIST_MAX {
            self.reject(Rule::ListLength, name, format_args!("at most {LIST_MAX}"), length);
        }
    }

    fn target(&mut self, name: &'static str, block: Block) {
        steps::count(1);
        if !self.function.blocks.is_valid(block) {
            let expected = format!("one of {} blocks", self.function.blocks.len());
            self.reject(Rule::Index, name, expected, block);
        }
    }

    fn immediate(&mut self, name: &'static str, kind: ImmediateKind, value: u64, context: &Context) {
        let most = match kind {
            ImmediateKind::Offset if context.address == Some(Type::I64) => u64::MAX,
            ImmediateKind::Offset => OFFSET_MAX,
            ImmediateKind::Number => NUMBER_MAX,
            ImmediateKind::Kind => Kind::ALL.len() as u64 - 1,
            ImmediateKind::Trap => TrapCode::ALL.len() as u64 - 1,
        };
        if value > most {
            self.reject(Rule::Immediate, name, format_args!("at most {most}"), value);
        }
    }
}
