//! Arithmetic of `any` values: of integers and floats, behind guards; all else the interpreter does.

use super::{Next, Translator};
use crate::facts::seen;
use crate::kinds::{Expected, Kind, Operation, Way, way_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::Seen;
use minivm::raw::native::layout::{REASON_GUARD, TAG_FLOAT, TAG_INT};
use minivm_isa::entities::Reg;
use minivm_isa::{Input, Instruction as I, Operand};

impl Translator<'_, '_> {
    /// An operation on two numbers.
    pub(super) fn arithmetic(&mut self, instruction: &I, operation: Operation, dst: Reg, inputs: [Operand; 2]) -> Next {
        let seen = seen(self.job, self.at);
        let [lhs, rhs] = inputs;
        let expected = [self.kinds.expected(lhs, &seen, 0), self.kinds.expected(rhs, &seen, 1)];
        match way_of(operation, expected[0], expected[1]) {
            Way::Ints => {
                self.guard(lhs, TAG_INT);
                self.guard(rhs, TAG_INT);
                self.ints(operation, dst, inputs);
            }
            Way::Floats => {
                let [lhs, rhs] = self.floats(inputs, &seen);
                let Some(result) = self.float_operation(operation, lhs, rhs) else { return self.step(instruction) };
                self.set_float(dst, result);
            }
            Way::Either => self.either(operation, dst, inputs),
            Way::Interpreter => return self.step(instruction),
        }
        Next::Falls
    }

    /// Two inputs as floats, behind guards.
    pub(super) fn floats(&mut self, inputs: [Operand; 2], seen: &Seen) -> [Value; 2] {
        let mut index = 0;
        inputs.map(|input| {
            let expected = self.kinds.expected(input, seen, index);
            index += 1;
            self.float(input, expected)
        })
    }

    /// An input as a float, behind a guard.
    pub(super) fn float(&mut self, input: Operand, expected: Expected) -> Value {
        match expected {
            Expected::Float => {
                self.guard(input, TAG_FLOAT);
                self.known_float(input)
            }
            Expected::Int => {
                self.guard(input, TAG_INT);
                let payload = self.payload(input);
                self.b.ins().fcvt_from_sint(machine::F64, payload)
            }
            Expected::Mixed | Expected::Other => {
                let (payload, tag) = self.pair(input);
                self.number_as_float(payload, tag)
            }
        }
    }

    /// A number as a float; leaves where it is none.
    fn number_as_float(&mut self, payload: Value, tag: Value) -> Value {
        let above = self.b.ins().iadd_imm_s(tag, -i64::from(TAG_INT));
        let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 1);
        self.exit_if(is_other, REASON_GUARD);
        self.as_float(payload, tag)
    }

    /// An integer or a float as a float.
    fn as_float(&mut self, payload: Value, tag: Value) -> Value {
        let (int, float, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(done, machine::F64);
        let is_int = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_INT));
        self.b.ins().brif(is_int, int, &[], float, &[]);
        self.b.seal_block(int);
        self.b.seal_block(float);
        self.b.switch_to_block(int);
        let value = self.b.ins().fcvt_from_sint(machine::F64, payload);
        self.b.ins().jump(done, &[value.into()]);
        self.b.switch_to_block(float);
        let value = self.float_of_bits(payload);
        self.b.ins().jump(done, &[value.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        self.b.block_params(done)[0]
    }

    pub(super) fn float_operation(&mut self, operation: Operation, lhs: Value, rhs: Value) -> Option<Value> {
        Some(match operation {
            Operation::Add => self.b.ins().fadd(lhs, rhs),
            Operation::Sub => self.b.ins().fsub(lhs, rhs),
            Operation::Mul => self.b.ins().fmul(lhs, rhs),
            Operation::Div => self.b.ins().fdiv(lhs, rhs),
            Operation::FloorDiv if self.style.has_rounding => {
                let quotient = self.b.ins().fdiv(lhs, rhs);
                self.b.ins().floor(quotient)
            }
            Operation::Pow => self.call_helper(self.job.helpers.power, &[lhs, rhs], machine::F64),
            Operation::Modulo => self.call_helper(self.job.helpers.modulo, &[lhs, rhs], machine::F64),
            Operation::FloorDiv
            | Operation::And
            | Operation::Or
            | Operation::Xor
            | Operation::ShiftLeft
            | Operation::ShiftRight => return None,
        })
    }

    /// Of integers that always have a result.
    fn total(&mut self, operation: Operation, lhs: Value, rhs: Value) -> Option<Value> {
        Some(match operation {
            Operation::Add => self.b.ins().iadd(lhs, rhs),
            Operation::Sub => self.b.ins().isub(lhs, rhs),
            Operation::Mul => self.b.ins().imul(lhs, rhs),
            Operation::And => self.b.ins().band(lhs, rhs),
            Operation::Or => self.b.ins().bor(lhs, rhs),
            Operation::Xor => self.b.ins().bxor(lhs, rhs),
            Operation::ShiftLeft => self.shift(lhs, rhs, true),
            Operation::ShiftRight => self.shift(lhs, rhs, false),
            Operation::Div | Operation::Pow | Operation::Modulo | Operation::FloorDiv => return None,
        })
    }

    /// Zeros shifted in; by 64 and more gives 0; by a negative number goes the other way.
    fn shift(&mut self, value: Value, by: Value, is_left: bool) -> Value {
        let zero = self.b.ins().iconst(machine::I64, 0);
        let back = self.b.ins().ineg(by);
        let mut results = [(is_left, by), (!is_left, back)].map(|(is_left, by)| {
            let shifted = if is_left { self.b.ins().ishl(value, by) } else { self.b.ins().ushr(value, by) };
            let fits = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, by, 64);
            self.b.ins().select(fits, shifted, zero)
        });
        let is_negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, by, 0);
        results.reverse();
        self.b.ins().select(is_negative, results[0], results[1])
    }

    fn constant_int(&self, operand: Operand) -> Option<i64> {
        match operand.input() {
            Input::Const(constant) => {
                let (payload, tag) = self.job.constants[constant.as_u32() as usize];
                (tag == TAG_INT).then_some(payload as i64)
            }
            Input::Reg(_) => None,
        }
    }

    fn ints(&mut self, operation: Operation, dst: Reg, inputs: [Operand; 2]) {
        let divisor = self.constant_int(inputs[1]);
        let [lhs, rhs] = inputs.map(|input| self.payload(input));
        if let Some(result) = self.total(operation, lhs, rhs) {
            return self.set_known(dst, TAG_INT, result);
        }
        if !divisor.is_some_and(|divisor| divisor != 0 && divisor != -1) {
            let is_special = self.is_special_divisor(rhs);
            self.exit_if(is_special, minivm::raw::native::layout::REASON_CHECK);
        }
        let result = self.divide(operation, divisor, lhs, rhs);
        self.set_known(dst, TAG_INT, result);
    }

    /// By 0 is an error, by -1 may overflow.
    fn is_special_divisor(&mut self, divisor: Value) -> Value {
        let above = self.b.ins().iadd_imm_s(divisor, 1);
        self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, above, 1)
    }

    /// The floor of a quotient, or what is left of it; the divisor may be a constant.
    fn divide(&mut self, operation: Operation, constant: Option<i64>, lhs: Value, rhs: Value) -> Value {
        match (operation, constant) {
            (Operation::Modulo, Some(divisor)) if divisor > 0 && divisor & (divisor - 1) == 0 => {
                self.b.ins().band_imm_s(lhs, divisor - 1)
            }
            (Operation::FloorDiv, Some(divisor)) if divisor > 0 && divisor & (divisor - 1) == 0 => {
                self.b.ins().sshr_imm_u(lhs, i64::from(divisor.trailing_zeros()))
            }
            (Operation::Modulo, _) => {
                let remainder = self.b.ins().srem(lhs, rhs);
                let is_off = self.rounds_up(remainder, rhs);
                let other = self.b.ins().iadd(remainder, rhs);
                self.b.ins().select(is_off, other, remainder)
            }
            _ => {
                let quotient = self.b.ins().sdiv(lhs, rhs);
                let product = self.b.ins().imul(quotient, rhs);
                let remainder = self.b.ins().isub(lhs, product);
                let is_off = self.rounds_up(remainder, rhs);
                let other = self.b.ins().iadd_imm_s(quotient, -1);
                self.b.ins().select(is_off, other, quotient)
            }
        }
    }

    /// Whether a division with this remainder was rounded up.
    fn rounds_up(&mut self, remainder: Value, divisor: Value) -> Value {
        let signs = self.b.ins().bxor(remainder, divisor);
        let differs = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let is_uneven = self.b.ins().icmp_imm_s(IntCC::NotEqual, remainder, 0);
        self.b.ins().band(differs, is_uneven)
    }

    /// Of integers or floats, as it comes.
    fn either(&mut self, operation: Operation, dst: Reg, inputs: [Operand; 2]) {
        inputs.iter().for_each(|&input| self.load_operand(input));
        let pairs = inputs.map(|input| self.pair(input));
        let (ints, floats, cold, done) =
            (self.b.create_block(), self.b.create_block(), self.cold(), self.block_with_pair());
        let is_int = [0, 1].map(|index| self.b.ins().icmp_imm_u(IntCC::Equal, pairs[index].1, i64::from(TAG_INT)));
        let are_ints = self.b.ins().band(is_int[0], is_int[1]);
        self.b.ins().brif(are_ints, ints, &[], floats, &[]);
        self.b.seal_block(ints);
        self.b.seal_block(floats);
        self.b.switch_to_block(ints);
        let [lhs, rhs] = [pairs[0].0, pairs[1].0];
        let result = match self.total(operation, lhs, rhs) {
            Some(result) => result,
            None => {
                let is_special = self.is_special_divisor(rhs);
                self.cold_if(is_special, cold);
                self.divide(operation, None, lhs, rhs)
            }
        };
        let tag = self.tag_constant(TAG_INT);
        self.b.ins().jump(done, &[result.into(), tag.into()]);
        self.b.switch_to_block(floats);
        let values = pairs.map(|(payload, tag)| {
            let above = self.b.ins().iadd_imm_s(tag, -i64::from(TAG_INT));
            let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 1);
            self.cold_if(is_other, cold);
            self.as_float(payload, tag)
        });
        if let Some(result) = self.float_operation(operation, values[0], values[1]) {
            let bits = self.bits(result);
            let tag = self.tag_constant(TAG_FLOAT);
            self.b.ins().jump(done, &[bits.into(), tag.into()]);
        } else {
            self.b.ins().jump(cold, &[]);
        }
        if self.job.leaves_unseen {
            self.leave_from(cold);
        } else {
            self.step_in_for_number(cold, done, dst);
        }
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let result = self.b.block_params(done).to_vec();
        self.set_pair(dst, (result[0], result[1]), Kind::Number);
    }

    /// As `step_in`; leaves after the instruction where its result is no number.
    fn step_in_for_number(&mut self, cold: ir::Block, done: ir::Block, dst: Reg) {
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        let (slot, regs) = (self.slot(dst), self.regs);
        let (payload, tag) = self.load_pair(regs, slot);
        let above = self.b.ins().iadd_imm_s(tag, -i64::from(TAG_INT));
        let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 1);
        self.exit_after(is_other, dst);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
    }

    /// Leaves after the current instruction, which the interpreter has done, with its result in the frame.
    pub(super) fn exit_after(&mut self, condition: Value, dst: Reg) {
        let (dirty, in_frame) = (self.dirty.clone(), self.in_frame.clone());
        let shared = self.shared.take();
        let undone = self.undone() - 1;
        self.dirty.remove(dst);
        self.in_frame.remove(dst);
        self.at += 1;
        self.exit_if_charged(condition, REASON_GUARD, undone);
        self.at -= 1;
        self.shared = shared;
        (self.dirty, self.in_frame) = (dirty, in_frame);
    }

    /// `negate`.
    pub(super) fn negate(&mut self, instruction: &I, dst: Reg, src: Operand) -> Next {
        match self.kinds.expected(src, &seen(self.job, self.at), 0) {
            Expected::Int => {
                self.guard(src, TAG_INT);
                let payload = self.payload(src);
                let result = self.b.ins().ineg(payload);
                self.set_known(dst, TAG_INT, result);
            }
            Expected::Float => {
                self.guard(src, TAG_FLOAT);
                let float = self.known_float(src);
                let result = self.b.ins().fneg(float);
                self.set_float(dst, result);
            }
            Expected::Mixed | Expected::Other => return self.step(instruction),
        }
        Next::Falls
    }
}
