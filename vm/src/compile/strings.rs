//! Emitting instructions on strings, and on tables and metatables as such.

use super::Compiling;
use crate::threaded::rows;
use minivm_isa::Instruction;

impl Compiling<'_> {
    pub(super) fn emit_entries(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::TableNext { key, value, table, after } => {
                let (table, after) = (self.any_slot(at, *table), self.any_slot(at, *after));
                put!(self, at, rows::TableNext { key: self.slot(*key), value: self.slot(*value), table, after });
            }
            Instruction::MetatableGet { dst, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::MetatableGet { dst: self.slot(*dst), src });
            }
            Instruction::MetatableSet { table, src } => {
                let (table, src) = (self.any_slot(at, *table), self.any_slot(at, *src));
                put!(self, at, rows::MetatableSet { table, src });
            }
            _ => return false,
        }
        true
    }

    pub(super) fn emit_string(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::StringByte { dst, src, index } => {
                let (src, index) = (self.any_slot(at, *src), self.word_slot(at, *index));
                put!(self, at, rows::StringByte { dst: self.slot(*dst), src, index });
            }
            Instruction::StringSlice { dst, src, start, end } => {
                let src = self.any_slot(at, *src);
                let (start, end) = (self.word_slot(at, *start), self.word_slot(at, *end));
                put!(self, at, rows::StringSlice { dst: self.slot(*dst), src, start, end });
            }
            Instruction::StringNew { dst, bytes } => {
                let bytes = self.gather_words(at, bytes);
                put!(self, at, rows::StringNew { dst: self.slot(*dst), window: self.window, bytes });
            }
            Instruction::StringFromArray { dst, object, index, length, .. } => {
                let (object, index) = (self.word_slot(at, *object), self.word_slot(at, *index));
                let length = self.word_slot(at, *length);
                put!(self, at, rows::StringFromArray { dst: self.slot(*dst), object, index, length });
            }
            _ => return false,
        }
        true
    }
}
