//! Emitting fiber instructions.

use super::Compiling;
use crate::threaded::{OPEN, ReturnInfo, rows};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction, Operand};

impl Compiling<'_> {
    pub(super) fn emit_fiber(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::FiberNew { dst, callee } => {
                let callee = self.any_slot(at, *callee);
                put!(self, at, rows::FiberNew { dst: self.slot(*dst), callee });
            }
            Instruction::FiberResumeToOpen { ok, fiber, arguments } => {
                self.gather(at, arguments);
                self.fiber_resume(at, *ok, *fiber, arguments.len(), false);
            }
            Instruction::FiberResumeOpenToOpen { ok, fiber, arguments } => {
                self.prepend(at, arguments);
                self.fiber_resume(at, *ok, *fiber, arguments.len(), true);
            }
            Instruction::FiberYieldToOpen { values } => {
                self.gather(at, values);
                self.fiber_yield(at, values.len(), false);
            }
            Instruction::FiberYieldOpenToOpen { values } => {
                self.prepend(at, values);
                self.fiber_yield(at, values.len(), true);
            }
            Instruction::FiberClose { ok, error, fiber } => {
                let (fiber, ok, error) = (self.any_slot(at, *fiber), self.slot(*ok), self.slot(*error));
                let cost = self.take_pending();
                put!(self, at, rows::FiberClose { fiber, cost, ok, error });
            }
            Instruction::FiberStatus { dst, fiber } => {
                let fiber = self.any_slot(at, *fiber);
                put!(self, at, rows::FiberStatus { dst: self.slot(*dst), fiber });
            }
            _ => return false,
        }
        true
    }

    fn fiber_resume(&mut self, at: usize, ok: Reg, fiber: Operand, arguments: usize, open: bool) {
        let fiber = self.any_slot(at, fiber);
        let (window, ok, cost) = (self.window, self.slot(ok), self.take_pending());
        put!(self, at, rows::FiberResume { fiber, window, arguments, cost, open, ok });
    }

    fn fiber_yield(&mut self, at: usize, values: usize, open: bool) {
        let (window, cost) = (self.window, self.take_pending());
        let returns = ReturnInfo { dst: window as u16, results: OPEN, delta: window as u32 };
        put!(self, at, rows::FiberYield { window, values, cost, open, returns });
    }
}
