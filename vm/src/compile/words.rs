//! Moving typed values word by word: arguments, results, elements of function tables.

use super::Compiling;
use crate::threaded::rows;
use minivm_isa::entities::Table;
use minivm_isa::program::Constant;
use minivm_isa::{Input, Operand, Type};

/// The words of a typed constant.
fn words_of(constant: &Constant) -> Option<[u64; 2]> {
    match constant {
        Constant::I32(value) => Some([u64::from(*value as u32), 0]),
        Constant::I64(value) => Some([*value as u64, 0]),
        Constant::F32(bits) => Some([u64::from(*bits), 0]),
        Constant::F64(bits) => Some([*bits, 0]),
        Constant::V128(bits) => Some([*bits as u64, (*bits >> 64) as u64]),
        _ => None,
    }
}

impl Compiling<'_> {
    /// Copies an operand of any type to a word of the frame.
    pub(super) fn copy_to(&mut self, at: usize, operand: Operand, slot: usize) {
        match operand.input() {
            Input::Reg(reg) if self.function.registers[reg] == Type::Any => {
                put!(self, at, rows::CopyAny { dst: slot, src: self.slot(reg) });
            }
            Input::Reg(reg) => {
                let words = self.function.registers[reg].words();
                self.copy_words(at, self.slot(reg), slot, words);
            }
            Input::Const(constant) => match words_of(&self.function.constants[constant]) {
                Some(words) => {
                    let count = self.function.constants[constant].ty().words() as usize;
                    for (index, &word) in words.iter().take(count).enumerate() {
                        put!(self, at, rows::WordConstant { dst: slot + index, word });
                    }
                }
                None => self.copy_constant(at, slot, self.value(constant)),
            },
        }
    }

    /// Copies words of the frame.
    pub(super) fn copy_words(&mut self, at: usize, from: usize, to: usize, words: u32) {
        for word in 0..words as usize {
            put!(self, at, rows::CopyWord { dst: to + word, src: from + word });
        }
    }

    /// The slot of a one-word operand; a constant is put into a scratch register.
    pub(super) fn word_slot(&mut self, at: usize, operand: Operand) -> usize {
        match operand.input() {
            Input::Reg(reg) => self.slot(reg),
            Input::Const(_) => {
                let slot = self.scratch_slot();
                self.copy_to(at, operand, slot);
                slot
            }
        }
    }

    /// Puts the element of a table into a scratch register; traps as calls through tables do.
    pub(super) fn element_slot(&mut self, at: usize, table: Table, index: Operand) -> usize {
        let index = self.word_slot(at, index);
        let dst = self.scratch_slot();
        put!(self, at, rows::TableElement { dst, index, table: self.instance.table(table) });
        dst
    }
}
