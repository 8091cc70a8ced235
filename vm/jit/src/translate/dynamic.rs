//! Instructions on `any` values: which of them native code does, and loops.

use super::{Next, Translator, frame};
use crate::facts::seen;
use crate::kinds::{self, FLOAT, INT, Kind, tag_of_bool};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, types as machine};
use minivm::raw::native::layout::{self, REASON_CHECK, TAG_FALSE, TAG_FLOAT, TAG_FUNCTION, TAG_INT};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::operand::OperandRef;
use minivm_isa::{Instruction as I, Operand, Type};

impl Translator<'_, '_> {
    /// Whether an instruction reads or writes values that are variables here and would be in the frame in typed functions.
    pub(super) fn touches_any(&self, instruction: &I) -> bool {
        let function = &self.job.function;
        let is_any = |operand: Operand| match operand.input() {
            minivm_isa::Input::Reg(reg) => function.registers[reg] == Type::Any,
            minivm_isa::Input::Const(constant) => function.constants[constant].ty() == Type::Any,
        };
        let mut touches = matches!(
            instruction,
            I::CellNew { .. }
                | I::CaptureGet { .. }
                | I::ReturnValues { .. }
                | I::CallAny { .. }
                | I::CallAnyToOpen { .. }
        );
        let effects = instruction.info().effects;
        touches |= effects.leaves_open || effects.takes_open;
        instruction.for_each_operand(|_, operand| match operand {
            OperandRef::In(operand, _) => touches |= is_any(operand),
            OperandRef::Ins(operands, _) => touches |= operands.iter().any(|&operand| is_any(operand)),
            OperandRef::Out(reg, _) | OperandRef::InOut(reg, _) => touches |= is_any(reg.into()),
            OperandRef::Outs(regs, _) => touches |= regs.iter().any(|&reg| is_any(reg.into())),
            _ => {}
        });
        touches
    }

    /// Such an instruction.
    pub(super) fn dynamic(&mut self, instruction: &I) -> Next {
        if let Some((operation, dst, lhs, rhs)) = kinds::operation(instruction) {
            return self.arithmetic(instruction, operation, dst, [lhs, rhs]);
        }
        let done = self
            .comparison(instruction)
            .or_else(|| self.object(instruction))
            .or_else(|| self.dynamic_call(instruction))
            .or_else(|| self.plain_value(instruction))
            .or_else(|| self.iteration(instruction))
            .or_else(|| self.counted_loop(instruction));
        done.unwrap_or_else(|| self.step(instruction))
    }

    fn plain_value(&mut self, instruction: &I) -> Option<Next> {
        match *instruction {
            I::Copy { dst, src } => self.set_copy(dst, src),
            I::Negate { dst, src } => return Some(self.negate(instruction, dst, src)),
            I::Not { dst, src } => {
                let tag = match self.kind(src) {
                    Kind::Is(tag) => self.tag_constant(tag_of_bool(tag <= TAG_FALSE)),
                    Kind::Number | Kind::Unknown => {
                        let tag = self.tag_of(src);
                        let is_falsy =
                            self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, tag, i64::from(TAG_FALSE));
                        self.tag_of_condition(is_falsy)
                    }
                };
                let payload = self.b.ins().iconst(machine::I64, 0);
                self.set_pair(dst, (payload, tag), Kind::Unknown);
            }
            I::IsTruthy { dst, src } => {
                let tag = self.tag_of(src);
                let is_truthy = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, tag, i64::from(TAG_FALSE));
                let value = self.b.ins().uextend(machine::I32, is_truthy);
                self.set(dst, value);
            }
            I::BranchTruthy { cond, if_true, if_false } => {
                let tag = self.tag_of(cond);
                let is_truthy = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, tag, i64::from(TAG_FALSE));
                self.branch(is_truthy, if_true, if_false);
                return Some(Next::Ended);
            }
            I::BranchKind { src, kind, if_true, if_false } => {
                let tag = self.tag_of(src);
                let is_kind = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::try_from(kind).ok()?);
                self.branch(is_kind, if_true, if_false);
                return Some(Next::Ended);
            }
            I::AnyFromI64 { dst, src } => {
                let value = self.get(src);
                self.set_known(dst, TAG_INT, value);
            }
            I::AnyFromF64 { dst, src } => {
                let value = self.get(src);
                self.set_float(dst, value);
            }
            I::CurrentFunction { dst } => {
                let regs = self.regs;
                let closure = self.b.ins().load(machine::I64, frame(), regs, layout::FRAME_CLOSURE);
                self.set_known(dst, TAG_FUNCTION, closure);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// The loops over numbers.
    fn counted_loop(&mut self, instruction: &I) -> Option<Next> {
        match *instruction {
            I::ForPrepare { index, limit, step, variable, body, done } => {
                let kind = self.kinds.loop_kind([index, limit, step], &seen(self.job, self.at))?;
                if kind != INT || self.is_live_in(done, variable) {
                    return None;
                }
                self.prepare_ints([index, limit, step, variable], [body, done]);
            }
            I::ForLoop { index, limit, step, variable, body, done } => {
                let kind = self.kinds.loop_kind([index, limit, step], &seen(self.job, self.at))?;
                if self.is_live_in(done, variable) {
                    return None;
                }
                if kind == INT {
                    self.loop_ints([index, limit, step, variable], [body, done]);
                } else if kind == FLOAT {
                    self.loop_floats([index, limit, step, variable], [body, done]);
                } else {
                    return None;
                }
            }
            _ => return None,
        }
        Some(Next::Ended)
    }

    fn is_live_in(&self, block: Block, reg: Reg) -> bool {
        self.facts.before[self.job.function.block_range(block).start].contains(reg)
    }

    fn prepare_ints(&mut self, [index, limit, step, variable]: [Reg; 4], [body, done]: [Block; 2]) {
        [index, limit, step].into_iter().for_each(|reg| self.guard(reg.into(), TAG_INT));
        let [first, last, by] = [index, limit, step].map(|reg| self.payload(reg.into()));
        // Steps of other sizes are rare, and divide.
        let is_up = self.b.ins().icmp_imm_s(IntCC::Equal, by, 1);
        let is_down = self.b.ins().icmp_imm_s(IntCC::Equal, by, -1);
        let is_simple = self.b.ins().bor(is_up, is_down);
        let (simple, other, ready) = (self.b.create_block(), self.cold(), self.b.create_block());
        self.b.append_block_param(ready, machine::I64);
        self.b.append_block_param(ready, machine::I8);
        self.b.ins().brif(is_simple, simple, &[], other, &[]);
        self.b.seal_block(simple);
        self.b.seal_block(other);
        self.b.switch_to_block(other);
        let is_wrong = self.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, by, 0);
        self.exit_if(is_wrong, REASON_CHECK);
        let distance = self.b.ins().isub(last, first);
        let rounds = self.b.ins().udiv(distance, by);
        let skips = self.b.ins().icmp(IntCC::SignedGreaterThan, first, last);
        self.b.ins().jump(ready, &[rounds.into(), skips.into()]);
        self.b.switch_to_block(simple);
        let (low, high) = (self.b.ins().select(is_up, first, last), self.b.ins().select(is_up, last, first));
        let rounds = self.b.ins().isub(high, low);
        let skips = self.b.ins().icmp(IntCC::SignedGreaterThan, low, high);
        self.b.ins().jump(ready, &[rounds.into(), skips.into()]);
        self.b.seal_block(ready);
        self.b.switch_to_block(ready);
        let values = self.b.block_params(ready).to_vec();
        // Where the loop does not run, all but the variable stays; it is not read then, nor are the others.
        let live = [index, limit, step].map(|reg| self.is_live_in(done, reg));
        let rounds = if live[1] { self.b.ins().select(values[1], last, values[0]) } else { values[0] };
        self.set_known(limit, TAG_INT, rounds);
        self.set_known(variable, TAG_INT, first);
        self.branch(values[1], done, body);
    }

    fn loop_ints(&mut self, [index, limit, step, variable]: [Reg; 4], [body, done]: [Block; 2]) {
        [index, limit, step].into_iter().for_each(|reg| self.guard(reg.into(), TAG_INT));
        let [now, rounds, by] = [index, limit, step].map(|reg| self.payload(reg.into()));
        let goes_on = self.b.ins().icmp_imm_s(IntCC::NotEqual, rounds, 0);
        let left = self.b.ins().iadd_imm_s(rounds, -1);
        let next = self.b.ins().iadd(now, by);
        let left = if self.is_live_in(done, limit) { self.b.ins().select(goes_on, left, rounds) } else { left };
        let index_next = if self.is_live_in(done, index) { self.b.ins().select(goes_on, next, now) } else { next };
        self.set_known(limit, TAG_INT, left);
        self.set_known(index, TAG_INT, index_next);
        self.set_known(variable, TAG_INT, next);
        self.branch(goes_on, body, done);
    }

    fn loop_floats(&mut self, [index, limit, step, variable]: [Reg; 4], [body, done]: [Block; 2]) {
        [index, limit, step].into_iter().for_each(|reg| self.guard(reg.into(), TAG_FLOAT));
        let [now, end, by] = [index, limit, step].map(|reg| self.known_float(reg.into()));
        let next = self.b.ins().fadd(now, by);
        let zero = self.b.ins().f64const(0.0);
        let is_up = self.b.ins().fcmp(FloatCC::GreaterThan, by, zero);
        let below = self.b.ins().fcmp(FloatCC::LessThanOrEqual, next, end);
        let above = self.b.ins().fcmp(FloatCC::LessThanOrEqual, end, next);
        let goes_on = self.b.ins().select(is_up, below, above);
        let index_next = if self.is_live_in(done, index) { self.b.ins().select(goes_on, next, now) } else { next };
        self.set_float(index, index_next);
        self.set_float(variable, next);
        self.branch(goes_on, body, done);
    }
}
