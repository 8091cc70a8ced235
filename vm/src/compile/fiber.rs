//! Emitting fiber instructions.

use super::Loading;
use crate::handlers::fiber;
use crate::threaded::{OPEN, ReturnInfo};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction, Operand};

impl Loading<'_> {
    pub(super) fn emit_fiber(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::FiberNew { dst, callee } => {
                let callee = self.any_slot(at, *callee);
                let dst = self.slots.of(*dst);
                self.asm.begin(fiber::fiber_new, at);
                self.asm.half(dst);
                self.asm.half(callee);
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
                let slots = [self.any_slot(at, *fiber), self.slots.of(*ok), self.slots.of(*error)];
                let cost = self.take_pending();
                self.asm.begin(fiber::fiber_close, at);
                self.asm.half(slots[0]);
                self.asm.half(cost);
                self.asm.half(slots[1]);
                self.asm.half(slots[2]);
            }
            Instruction::FiberStatus { dst, fiber } => {
                let fiber = self.any_slot(at, *fiber);
                let dst = self.slots.of(*dst);
                self.asm.begin(fiber::fiber_status, at);
                self.asm.half(dst);
                self.asm.half(fiber);
            }
            other => self.unsupported = Some(other.info().name),
        }
    }

    fn fiber_resume(&mut self, at: usize, ok: Reg, fiber: Operand, arguments: usize, open: bool) {
        let fiber = self.any_slot(at, fiber);
        let ok = self.slots.of(ok);
        let cost = self.take_pending();
        self.asm.begin(fiber::fiber_resume, at);
        self.asm.half(fiber);
        self.asm.half(self.window as u16);
        self.asm.half(arguments as u16);
        self.asm.half(cost);
        self.asm.half(u16::from(open));
        self.asm.half(ok);
    }

    fn fiber_yield(&mut self, at: usize, values: usize, open: bool) {
        let window = self.window as u16;
        let cost = self.take_pending();
        self.asm.begin(fiber::fiber_yield, at);
        self.asm.half(window);
        self.asm.half(values as u16);
        self.asm.half(cost);
        self.asm.half(u16::from(open));
        self.asm.return_info(ReturnInfo { dst: window, results: OPEN, delta: self.window as u32 });
    }
}
