//! Comparison of `any` values, as branches and as values.

use super::{Next, Translator};
use crate::facts::seen;
use crate::kinds::{Kind, Way};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{TAG_FALSE, TAG_FLOAT, TAG_INT, TAG_STRING};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Input, Instruction as I, Operand};

/// A relation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessEqual,
}

impl Relation {
    fn of_ints(self) -> IntCC {
        match self {
            Relation::Equal => IntCC::Equal,
            Relation::Less => IntCC::SignedLessThan,
            Relation::LessEqual => IntCC::SignedLessThanOrEqual,
        }
    }

    fn of_floats(self) -> FloatCC {
        match self {
            Relation::Equal => FloatCC::Equal,
            Relation::Less => FloatCC::LessThan,
            Relation::LessEqual => FloatCC::LessThanOrEqual,
        }
    }
}

impl Translator<'_, '_> {
    /// A comparison that ends a block.
    pub(super) fn compare_and_go(&mut self, relation: Relation, inputs: [Operand; 2], targets: [Block; 2]) -> Next {
        // Before control splits: both ways need it.
        self.load_live(&targets);
        let holds = match self.compare_any(relation, inputs) {
            Ok(holds) => holds,
            Err(cold) => {
                // What the interpreter finds out goes straight to the blocks.
                let (holds, cold) = cold;
                let [yes, no] = targets.map(|target| self.edge(target));
                self.b.ins().brif(holds, yes, &[], no, &[]);
                self.step_branch_in(cold, &targets);
                return Next::Ended;
            }
        };
        self.branch(holds, targets[0], targets[1]);
        Next::Ended
    }

    /// A comparison as a value.
    pub(super) fn compare_as_value(&mut self, relation: Relation, inputs: [Operand; 2], dst: Reg) -> Next {
        let done = self.block_with_pair();
        let (holds, cold) = match self.compare_any(relation, inputs) {
            Ok(holds) => (holds, None),
            Err((holds, cold)) => (holds, Some(cold)),
        };
        let tag = self.tag_of_condition(holds);
        let payload = self.b.ins().iconst(machine::I64, 0);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
        if let Some(cold) = cold {
            self.step_in(cold, done, Some(dst));
        }
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let result = self.b.block_params(done).to_vec();
        self.set_pair(dst, (result[0], result[1]), Kind::Unknown);
        Next::Falls
    }

    /// The tag of a condition.
    pub(super) fn tag_of_condition(&mut self, holds: Value) -> Value {
        let wide = self.b.ins().uextend(machine::I32, holds);
        self.b.ins().iadd_imm_s(wide, i64::from(TAG_FALSE))
    }

    /// Whether a relation holds; with a block for what only the interpreter can tell, if there is something.
    fn compare_any(&mut self, relation: Relation, inputs: [Operand; 2]) -> Result<Value, (Value, ir::Block)> {
        let seen = seen(self.job, self.at);
        match self.kinds.comparison(inputs[0], inputs[1], &seen) {
            Way::Ints => {
                inputs.iter().for_each(|&input| self.guard(input, TAG_INT));
                let [lhs, rhs] = inputs.map(|input| self.payload(input));
                return Ok(self.b.ins().icmp(relation.of_ints(), lhs, rhs));
            }
            Way::Floats => {
                // Integers as floats are exact where one is a small constant; what is not, the interpreter compares.
                let is_float = |input: &Operand| self.kinds.expected(*input, &seen, usize::from(*input != inputs[0]));
                let all = inputs
                    .iter()
                    .all(|input| is_float(input) == crate::kinds::Expected::Float || self.small_int(*input).is_some());
                if all {
                    let [lhs, rhs] = self.floats(inputs, &seen);
                    return Ok(self.b.ins().fcmp(relation.of_floats(), lhs, rhs));
                }
                // The kinds that flow on are those behind guards.
                let _ = self.floats(inputs, &seen);
            }
            Way::Either if relation != Relation::Equal && self.job.leaves_unseen => {
                inputs.iter().for_each(|&input| self.load_operand(input));
                let cold = self.cold();
                let holds = self.numbers(relation, inputs, cold);
                self.leave_in(cold);
                return Ok(holds);
            }
            Way::Either | Way::Interpreter => {}
        }
        inputs.iter().for_each(|&input| self.load_operand(input));
        if relation == Relation::Equal {
            return self.equal(inputs);
        }
        let cold = self.cold();
        Err((self.numbers(relation, inputs, cold), cold))
    }

    fn small_int(&self, operand: Operand) -> Option<i64> {
        let Input::Const(constant) = operand.input() else { return None };
        let (payload, tag) = self.job.constants[constant.as_u32() as usize];
        let value = payload as i64;
        (tag == TAG_INT && value.unsigned_abs() < 1 << 52).then_some(value)
    }

    /// Of two integers or two floats; all else goes to `cold`.
    fn numbers(&mut self, relation: Relation, inputs: [Operand; 2], cold: ir::Block) -> Value {
        let pairs = inputs.map(|input| self.pair(input));
        let done = self.b.create_block();
        self.b.append_block_param(done, machine::I8);
        let are = |this: &mut Self, tag: u32| {
            let is = [0, 1].map(|index: usize| this.b.ins().icmp_imm_u(IntCC::Equal, pairs[index].1, i64::from(tag)));
            this.b.ins().band(is[0], is[1])
        };
        let (ints, others) = (self.b.create_block(), self.b.create_block());
        let are_ints = are(self, TAG_INT);
        self.b.ins().brif(are_ints, ints, &[], others, &[]);
        self.b.seal_block(ints);
        self.b.seal_block(others);
        self.b.switch_to_block(ints);
        let holds = self.b.ins().icmp(relation.of_ints(), pairs[0].0, pairs[1].0);
        self.b.ins().jump(done, &[holds.into()]);
        self.b.switch_to_block(others);
        let are_floats = are(self, TAG_FLOAT);
        let is_other = self.b.ins().bxor_imm_u(are_floats, 1);
        self.cold_if(is_other, cold);
        let [lhs, rhs] = pairs.map(|(payload, _)| self.float_of_bits(payload));
        let holds = self.b.ins().fcmp(relation.of_floats(), lhs, rhs);
        self.b.ins().jump(done, &[holds.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        self.b.block_params(done)[0]
    }

    /// Equality of any two values.
    fn equal(&mut self, inputs: [Operand; 2]) -> Result<Value, (Value, ir::Block)> {
        let pairs = inputs.map(|input| self.pair(input));
        let same_tag = self.b.ins().icmp(IntCC::Equal, pairs[0].1, pairs[1].1);
        let same_payload = self.b.ins().icmp(IntCC::Equal, pairs[0].0, pairs[1].0);
        let is_same = self.b.ins().band(same_tag, same_payload);
        if inputs.iter().any(|&input| self.is_identified(input)) {
            return Ok(is_same);
        }
        // Floats, long strings, and objects that may have a metamethod.
        let cold = self.cold();
        let is_float = pairs.map(|(_, tag)| self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_FLOAT)));
        let has_float = self.b.ins().bor(is_float[0], is_float[1]);
        let is_object = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, pairs[0].1, i64::from(TAG_STRING));
        let differs = self.b.ins().bxor_imm_u(same_payload, 1);
        let is_like = self.b.ins().band(same_tag, is_object);
        let is_unclear = self.b.ins().band(is_like, differs);
        let is_unclear = self.b.ins().bor(is_unclear, has_float);
        let (unclear, done) = (self.cold(), self.b.create_block());
        self.b.append_block_param(done, machine::I8);
        self.b.ins().brif(is_unclear, unclear, &[], done, &[is_same.into()]);
        self.b.seal_block(unclear);
        self.b.switch_to_block(unclear);
        let arguments = [pairs[0].0, pairs[0].1, pairs[1].0, pairs[1].1];
        let found = self.call_helper(self.job.helpers.equal, &arguments, machine::I64);
        let is_unknown = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, found, 0);
        self.cold_if(is_unknown, cold);
        let holds = self.b.ins().ireduce(machine::I8, found);
        self.b.ins().jump(done, &[holds.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        Err((self.b.block_params(done)[0], cold))
    }

    /// Whether a constant equals nothing but itself.
    fn is_identified(&self, operand: Operand) -> bool {
        let Input::Const(constant) = operand.input() else { return false };
        let index = constant.as_u32() as usize;
        self.job.constants[index].1 < TAG_INT || self.job.short_strings[index].is_some()
    }

    /// Comparisons.
    pub(super) fn comparison(&mut self, instruction: &I) -> Option<Next> {
        Some(match *instruction {
            I::BranchEqual { lhs, rhs, if_true, if_false } => {
                self.compare_and_go(Relation::Equal, [lhs, rhs], [if_true, if_false])
            }
            I::BranchLess { lhs, rhs, if_true, if_false } => {
                self.compare_and_go(Relation::Less, [lhs, rhs], [if_true, if_false])
            }
            I::BranchLessEqual { lhs, rhs, if_true, if_false } => {
                self.compare_and_go(Relation::LessEqual, [lhs, rhs], [if_true, if_false])
            }
            I::Equal { dst, lhs, rhs } => self.compare_as_value(Relation::Equal, [lhs, rhs], dst),
            I::Less { dst, lhs, rhs } => self.compare_as_value(Relation::Less, [lhs, rhs], dst),
            I::LessEqual { dst, lhs, rhs } => self.compare_as_value(Relation::LessEqual, [lhs, rhs], dst),
            _ => return None,
        })
    }
}
