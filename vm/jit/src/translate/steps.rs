//! Instructions of `any` code that the interpreter does, between native ones.

use super::{Next, Translator, own};
use crate::facts::seen;
use crate::kinds::Kind;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, Value, types as machine};
use cranelift_codegen::isa::CallConv;
use minivm::raw::native::{GONE, layout};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Instruction, loops};

impl Translator<'_, '_> {
    /// Calls a function of the machine.
    pub(super) fn call_helper(&mut self, helper: u64, arguments: &[Value], result: ir::Type) -> Value {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = arguments.iter().map(|&value| AbiParam::new(self.b.func.dfg.value_type(value))).collect();
        signature.returns = vec![AbiParam::new(result)];
        let signature = self.b.import_signature(signature);
        let helper = self.address_of(helper);
        let call = self.b.ins().call_indirect(signature, helper, arguments);
        self.b.inst_results(call)[0]
    }

    /// Has the interpreter do the current instruction, with everything in the frame that it may read. What it has written is there.
    pub(super) fn call_step(&mut self) {
        let live = self.facts.before[self.at].clone();
        self.spill(&live);
        let undone = self.undone();
        let fuel = self.b.use_var(self.fuel);
        let fuel = self.b.ins().iadd_imm_s(fuel, undone);
        let at = self.b.ins().iconst(machine::I64, self.at as i64);
        let (context, regs) = (self.context, self.regs);
        let left = self.call_helper(self.job.helpers.step, &[context, regs, at, fuel], machine::I64);
        let next = self.b.create_block();
        let is_gone = self.b.ins().icmp_imm_s(IntCC::Equal, left, GONE);
        self.b.ins().brif(is_gone, self.gone, &[], next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
        let left = self.b.ins().iadd_imm_s(left, 1 - undone);
        self.b.def_var(self.fuel, left);
    }

    /// The interpreter does the current instruction in any case.
    pub(super) fn step(&mut self, instruction: &Instruction) -> Next {
        self.share.left += u64::from(seen(self.job, self.at).count);
        let mut has_targets = false;
        instruction.for_each_target(|_| has_targets = true);
        if instruction.info().effects.end && !has_targets {
            self.exit_now(layout::REASON_INSTRUCTION);
            return Next::Ended;
        }
        self.call_step();
        self.load_views();
        for reg in self.facts.before[self.at].clone().iter() {
            self.dirty.remove(reg);
        }
        instruction.for_each_def(|reg| self.now_in_frame(reg));
        if !has_targets {
            return Next::Falls;
        }
        let block = self.job.function.block_of(self.at);
        let targets = loops::targets(&self.job.function, block);
        self.go_where_stepped(&targets);
        Next::Ended
    }

    /// The frame has a new value of a register.
    fn now_in_frame(&mut self, reg: Reg) {
        let index = reg.as_u32() as usize;
        if self.facts.held[index] {
            self.dirty.remove(reg);
            self.in_frame.insert(reg);
            self.kinds.of[index] = Kind::Unknown;
        }
    }

    /// Goes on at the block that a step of the interpreter has come to.
    pub(super) fn go_where_stepped(&mut self, targets: &[Block]) {
        self.load_live(targets);
        let context = self.context;
        let next = self.b.ins().load(machine::I64, own(), context, layout::NEXT);
        let (last, others) = targets.split_last().expect("branches have targets");
        for &target in others {
            let start = self.job.function.block_range(target).start;
            let is_there = self.b.ins().icmp_imm_s(IntCC::Equal, next, start as i64);
            let (edge, more) = (self.edge(target), self.b.create_block());
            self.b.ins().brif(is_there, edge, &[], more, &[]);
            self.b.seal_block(more);
            self.b.switch_to_block(more);
        }
        let edge = self.edge(*last);
        self.b.ins().jump(edge, &[]);
    }

    /// A block for what is rarely done.
    pub(super) fn cold(&mut self) -> ir::Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// Goes to `cold` if a condition holds.
    pub(super) fn cold_if(&mut self, condition: Value, cold: ir::Block) {
        let condition = if self.style.forces_exits { self.or_forced(condition) } else { condition };
        let next = self.b.create_block();
        self.b.ins().brif(condition, cold, &[], next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    /// As [`cold_if`](Self::cold_if), where something is done that must not be done once more: no test asks for it.
    pub(super) fn cold_if_refused(&mut self, condition: Value, cold: ir::Block) {
        let next = self.b.create_block();
        self.b.ins().brif(condition, cold, &[], next, &[]);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    /// In `cold`, the interpreter does the instruction, and its result, payload and tag, go to `done`.
    pub(super) fn step_in(&mut self, cold: ir::Block, done: ir::Block, result: Option<Reg>) {
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        let mut arguments: Vec<ir::BlockArg> = Vec::new();
        if let Some(reg) = result {
            let (slot, regs) = (self.slot(reg), self.regs);
            let (payload, tag) = self.load_pair(regs, slot);
            arguments.push(payload.into());
            arguments.push(tag.into());
        }
        self.b.ins().jump(done, &arguments);
    }

    /// In `cold`, the interpreter does a branch.
    pub(super) fn step_branch_in(&mut self, cold: ir::Block, targets: &[Block]) {
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        self.go_where_stepped(targets);
    }

    /// A block that takes a value, payload and tag.
    pub(super) fn block_with_pair(&mut self) -> ir::Block {
        let block = self.b.create_block();
        self.b.append_block_param(block, machine::I64);
        self.b.append_block_param(block, machine::I32);
        block
    }
}
