//! For compilers that write code as they read: an expression computes its value before it is known what is wanted of it, a value in
//! the register of a variable, a jump, or a call in tail position. These change the instruction that was written last to fit.

use super::FunctionBuilder;
use crate::IntoOperand;
use minivm_isa::entities::{Block, Reg};
use minivm_isa::operand::{OperandMut, OperandRef, Pattern};
use minivm_isa::{Instruction, Type};

impl FunctionBuilder {
    /// Moves a temporary value to the register `to`. The instruction that has just computed it writes `to` instead; of a constant, or
    /// a value from further back, `to` gets a copy. Nothing may read the temporary afterwards; a register with an
    /// [open local](Self::open_local) is a variable, and none.
    ///
    /// ```
    /// # use minivm_builder::{ProgramBuilder, Signature, Type};
    /// # let mut program = ProgramBuilder::new();
    /// # let mut f = program.function("f", Signature::dynamic(2, false));
    /// let sum = f.register(Type::Any);
    /// let value = f.add(f.param(0), f.param(1));      // what `a + b` came to
    /// f.move_to(sum, value);                          // it was the value of `let sum`
    /// f.return_values((sum,));
    /// # let number = program.add(f)?;
    /// let text = program.finish()?.to_string();
    /// assert!(text.contains("r2 = add r0, r1") && !text.contains("copy"));
    /// # Ok::<(), minivm_builder::BuildError>(())
    /// ```
    pub fn move_to(&mut self, to: Reg, value: impl IntoOperand) -> Reg {
        let ty = self.register_type(to);
        let value = value.into_operand(self, Pattern::Exactly(ty));
        match value.reg() {
            Some(register) if register == to => {}
            Some(register) if self.is_last_result(register) && self.register_type(register) == ty => {
                let last = self.written.last_mut(&self.blocks[self.current].code).expect("it has the last result");
                last.for_each_operand_mut(|operand| match operand {
                    OperandMut::Out(result) => *result = to,
                    OperandMut::Outs(results) => results.fill(to),
                    _ => {}
                });
            }
            _ => drop(self.to(to).copy(value)),
        }
        to
    }

    /// Goes on at `yes` if a temporary value is neither nil nor false, and else at `no`. The comparison or negation of `any` values
    /// that has just computed it becomes the branch. Nothing may read the temporary afterwards.
    pub fn branch_on(&mut self, value: impl IntoOperand, yes: Block, no: Block) {
        let value = value.into_operand(self, Pattern::Exactly(Type::Any));
        let branch = match value.reg().and_then(|register| self.last_with_result(register)) {
            Some(Instruction::Equal { lhs, rhs, .. }) => {
                Instruction::BranchEqual { lhs: *lhs, rhs: *rhs, if_true: yes, if_false: no }
            }
            Some(Instruction::Less { lhs, rhs, .. }) => {
                Instruction::BranchLess { lhs: *lhs, rhs: *rhs, if_true: yes, if_false: no }
            }
            Some(Instruction::LessEqual { lhs, rhs, .. }) => {
                Instruction::BranchLessEqual { lhs: *lhs, rhs: *rhs, if_true: yes, if_false: no }
            }
            Some(Instruction::Not { src, .. }) => Instruction::BranchTruthy { cond: *src, if_true: no, if_false: yes },
            _ => return self.branch_truthy(value, yes, no),
        };
        self.replace_last(branch);
    }

    /// Returns a temporary value from a dynamic function. The call of an `any` value that has just computed it becomes a call in
    /// tail position, which gives up the frame; so this must not stand in a protected region.
    pub fn return_tail(&mut self, value: impl IntoOperand) {
        let value = value.into_operand(self, Pattern::Exactly(Type::Any));
        match value.reg().and_then(|register| self.last_with_result(register)) {
            Some(Instruction::CallAny { callee, arguments, .. }) => {
                let call = Instruction::TailCallAny { callee: *callee, arguments: arguments.clone() };
                self.replace_last(call);
            }
            _ => self.return_values((value,)),
        }
    }

    /// Whether the instruction that was written last has this register as its only result, and no variable is there.
    fn is_last_result(&self, register: Reg) -> bool {
        self.last_with_result(register).is_some()
    }

    fn last_with_result(&self, register: Reg) -> Option<&Instruction> {
        let last = self.last().filter(|last| !last.info().effects.end)?;
        let is_variable = self.open_locals.get(&register).is_some_and(|open| !open.is_empty());
        let (mut results, mut is_one) = (0, !is_variable && self.destination.is_none());
        last.for_each_operand(|_, operand| match operand {
            OperandRef::Out(result, _) => {
                results += 1;
                is_one &= result == register;
            }
            OperandRef::Outs(list, _) => {
                results += list.len();
                is_one &= list.iter().all(|result| *result == register);
            }
            OperandRef::InOut(..) => is_one = false,
            _ => {}
        });
        (is_one && results == 1).then_some(last)
    }

    /// Puts an instruction in the place of the last one, with the position of that.
    fn replace_last(&mut self, instruction: Instruction) {
        let of_last = self.written.pop(&mut self.blocks[self.current].code);
        let span = std::mem::replace(&mut self.span, of_last);
        self.emit(instruction);
        self.span = span;
    }
}
