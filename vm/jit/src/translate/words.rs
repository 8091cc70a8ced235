//! Registers, constants, and moving whole words.

use super::{Next, Translator, frame};
use crate::types::native;
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types as machine};
use minivm::raw::native::layout;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::Constant;
use minivm_isa::{Input, Instruction, Operand, Type};

/// Accesses to vectors in frames, which are aligned to words.
fn frame_vector() -> MemFlagsData {
    MemFlagsData::new().with_notrap().with_alias_region(frame().alias_region())
}

impl Translator<'_, '_> {
    /// Bytes from the registers to a register.
    pub(super) fn slot(&self, reg: Reg) -> i32 {
        self.job.slots[reg.as_u32() as usize] as i32 * 8
    }

    /// The type of an operand.
    pub(super) fn type_of(&self, operand: Operand) -> Type {
        match operand.input() {
            Input::Reg(reg) => self.job.function.registers[reg],
            Input::Const(constant) => self.job.function.constants[constant].ty(),
        }
    }

    /// Loads a value of a type from a word. Floats come as bits first: then no operation takes its operand from memory in an
    /// order of its own, which would show in not-a-numbers.
    pub(super) fn load_word(&mut self, ty: Type, base: Value, offset: i32) -> Value {
        match ty {
            Type::I32 => self.b.ins().load(machine::I32, frame(), base, offset),
            Type::F32 => {
                let bits = self.b.ins().load(machine::I32, frame(), base, offset);
                self.b.ins().bitcast(machine::F32, MemFlagsData::new(), bits)
            }
            Type::F64 => {
                let bits = self.b.ins().load(machine::I64, frame(), base, offset);
                self.b.ins().bitcast(machine::F64, MemFlagsData::new(), bits)
            }
            Type::V128 => self.b.ins().load(machine::I8X16, frame_vector(), base, offset),
            Type::I64 | Type::Any | Type::Cell | Type::Ref(_) => self.b.ins().load(machine::I64, frame(), base, offset),
        }
    }

    /// Stores a value of a type as a whole word.
    pub(super) fn store_word(&mut self, ty: Type, value: Value, base: Value, offset: i32) {
        let word = match ty {
            Type::I32 => self.b.ins().uextend(machine::I64, value),
            Type::F32 => {
                let bits = self.b.ins().bitcast(machine::I32, MemFlagsData::new(), value);
                self.b.ins().uextend(machine::I64, bits)
            }
            Type::V128 => {
                self.b.ins().store(frame_vector(), value, base, offset);
                return;
            }
            Type::I64 | Type::F64 | Type::Any | Type::Cell | Type::Ref(_) => value,
        };
        self.b.ins().store(frame(), word, base, offset);
    }

    pub(super) fn load_register(&mut self, reg: Reg) -> Value {
        let (ty, slot, regs) = (self.job.function.registers[reg], self.slot(reg), self.regs);
        self.load_word(ty, regs, slot)
    }

    pub(super) fn store_register(&mut self, reg: Reg) {
        let saved = self.saved(reg);
        self.store_saved(reg, saved);
    }

    pub(super) fn variable(&mut self, reg: Reg) -> Value {
        let variable = self.vars[reg.as_u32() as usize].expect("the register is one that a machine register holds");
        self.b.use_var(variable)
    }

    /// Gives a register a value without more.
    pub(super) fn define(&mut self, reg: Reg, value: Value) {
        let variable = self.vars[reg.as_u32() as usize].expect("the register is one that a machine register holds");
        self.b.def_var(variable, value);
    }

    /// Reads a register that a machine register holds.
    pub(super) fn register(&mut self, reg: Reg) -> Value {
        if self.in_frame.contains(reg) {
            self.in_frame.remove(reg);
            let value = self.load_register(reg);
            self.define(reg, value);
            return value;
        }
        self.variable(reg)
    }

    /// Reads an operand that a machine register holds.
    pub(super) fn get(&mut self, operand: Operand) -> Value {
        let constant = match operand.input() {
            Input::Reg(reg) => return self.register(reg),
            Input::Const(constant) => constant,
        };
        match self.job.function.constants[constant] {
            Constant::I32(value) => self.b.ins().iconst(machine::I32, i64::from(value as u32)),
            Constant::I64(value) => self.b.ins().iconst(machine::I64, value),
            Constant::F32(bits) => self.b.ins().f32const(Ieee32::with_bits(bits)),
            Constant::F64(bits) => self.b.ins().f64const(Ieee64::with_bits(bits)),
            Constant::V128(bits) => self.vector_constant(bits),
            ref other => unreachable!("{other:?} is no constant of an instruction that is known"),
        }
    }

    /// Writes a register.
    pub(super) fn set(&mut self, reg: Reg, value: Value) {
        self.in_frame.remove(reg);
        self.dirty.insert(reg);
        self.define(reg, value);
    }

    /// Copies the words of a value of a type that stays in frames.
    pub(super) fn copy_words(&mut self, ty: Type, (from, source): (Value, i32), (to, target): (Value, i32)) {
        let words = self.load_words(ty, (from, source));
        self.store_words(&words, (to, target));
    }

    /// The words of a value of a type that stays in frames.
    pub(super) fn load_words(&mut self, ty: Type, (from, offset): (Value, i32)) -> Vec<Value> {
        let mut words = vec![self.b.ins().load(machine::I64, frame(), from, offset)];
        match ty {
            Type::Any => words.push(self.b.ins().load(machine::I32, frame(), from, offset + 8)),
            Type::Cell | Type::Ref(_) | Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => {}
        }
        words
    }

    /// Stores such words.
    pub(super) fn store_words(&mut self, words: &[Value], (to, offset): (Value, i32)) {
        for (index, &word) in words.iter().enumerate() {
            self.b.ins().store(frame(), word, to, offset + 8 * index as i32);
        }
    }

    /// Instructions that move values.
    pub(super) fn word(&mut self, instruction: &Instruction) -> Option<Next> {
        match instruction {
            Instruction::Copy { dst, src } => self.copy(*dst, *src),
            Instruction::Select { dst, cond, if_true, if_false } => self.select(*dst, *cond, [*if_true, *if_false]),
            Instruction::GlobalGet { dst, global } => {
                let global = self.job.globals[global];
                let address = self.address_of(global.address);
                if native(global.ty).is_some() {
                    let value = self.load_word(global.ty, address, 0);
                    self.set(*dst, value);
                } else {
                    let (slot, regs) = (self.slot(*dst), self.regs);
                    self.copy_words(global.ty, (address, 0), (regs, slot));
                }
            }
            Instruction::GlobalSet { global, src } => {
                let global = self.job.globals[global];
                // References need the collector's barrier.
                native(global.ty)?;
                let address = self.address_of(global.address);
                let value = self.get(*src);
                self.store_word(global.ty, value, address, 0);
            }
            Instruction::RefNull { dst, .. } => {
                let zero = self.b.ins().iconst(machine::I64, 0);
                let (slot, regs) = (self.slot(*dst), self.regs);
                self.b.ins().store(frame(), zero, regs, slot);
            }
            Instruction::RefIsNull { dst, src, .. } => {
                let (slot, regs) = (self.slot(src.reg()?), self.regs);
                let word = self.b.ins().load(machine::I64, frame(), regs, slot);
                let is_null = self.b.ins().icmp_imm_u(cranelift_codegen::ir::condcodes::IntCC::Equal, word, 0);
                let value = self.b.ins().uextend(machine::I32, is_null);
                self.set(*dst, value);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    fn copy(&mut self, dst: Reg, src: Operand) {
        let ty = self.job.function.registers[dst];
        if native(ty).is_some() {
            let value = self.get(src);
            self.set(dst, value);
        } else {
            let words = self.words_of(ty, src);
            let (to, regs) = (self.slot(dst), self.regs);
            self.store_words(&words, (regs, to));
        }
    }

    /// The words of an operand of a type that stays in frames.
    pub(super) fn words_of(&mut self, ty: Type, operand: Operand) -> Vec<Value> {
        let constant = match operand.input() {
            Input::Reg(reg) => {
                let (slot, regs) = (self.slot(reg), self.regs);
                return self.load_words(ty, (regs, slot));
            }
            Input::Const(constant) => constant,
        };
        match self.job.function.constants[constant] {
            Constant::Nil => {
                let payload = self.b.ins().iconst(machine::I64, 0);
                vec![payload, self.b.ins().iconst(machine::I32, i64::from(layout::TAG_NIL))]
            }
            ref other => unreachable!("{other:?} is no constant of an instruction that is known"),
        }
    }

    fn select(&mut self, dst: Reg, cond: Operand, values: [Operand; 2]) {
        let ty = self.job.function.registers[dst];
        let cond = self.get(cond);
        if native(ty).is_some() {
            let [if_true, if_false] = values.map(|value| self.get(value));
            let value = self.b.ins().select(cond, if_true, if_false);
            self.set(dst, value);
            return;
        }
        let [if_true, if_false] = values.map(|value| self.words_of(ty, value));
        let chosen: Vec<Value> =
            if_true.iter().zip(&if_false).map(|(&yes, &no)| self.b.ins().select(cond, yes, no)).collect();
        let (slot, regs) = (self.slot(dst), self.regs);
        self.store_words(&chosen, (regs, slot));
    }

    /// The tag of a tagged register.
    pub(super) fn tag(&mut self, reg: Reg) -> Value {
        let (slot, regs) = (self.slot(reg), self.regs);
        self.b.ins().load(machine::I32, frame(), regs, slot + layout::ELEMENT_TAG)
    }

    /// The registers that an instruction has as results.
    pub(super) fn results(&self) -> Vec<Reg> {
        let mut results = Vec::new();
        self.job.function.code[self.at].for_each_operand(|_, operand| {
            if let OperandRef::Outs(regs, _) = operand {
                results.extend_from_slice(regs);
            }
        });
        results
    }
}
