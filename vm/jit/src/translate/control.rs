//! Branches, returns and traps.

use super::{Next, Translator, frame, own};
use crate::types::{native, words};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout;
use minivm_isa::Instruction as I;
use minivm_isa::Operand;
use minivm_isa::entities::Block;

impl Translator<'_, '_> {
    /// Instructions that end blocks, and calls.
    pub(super) fn control(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::Jump { target } => {
                self.jump_to(*target);
            }
            I::BranchIf { cond, if_true, if_false } => {
                let cond = self.get(*cond);
                self.branch(cond, *if_true, *if_false);
            }
            I::BranchTable { index, targets, default } => self.branch_table(*index, targets, *default),
            I::BranchKind { src, kind, if_true, if_false } => {
                let tag = self.tag(src.reg()?);
                let kind = i64::try_from(*kind).ok()?;
                let is_kind = self.b.ins().icmp_imm_u(IntCC::Equal, tag, kind);
                self.branch(is_kind, *if_true, *if_false);
            }
            I::ReturnValues { .. } | I::TailCall { .. } | I::TailCallIndirect { .. } | I::TailCallRef { .. }
                if self.is_dynamic =>
            {
                self.exit_now(layout::REASON_INSTRUCTION);
            }
            I::ReturnValues { values } => self.return_values(values),
            I::Trap { .. } => self.exit_now(layout::REASON_CHECK),
            I::TailCall { .. } | I::TailCallIndirect { .. } | I::TailCallRef { .. } => {
                return self.tail_call(instruction);
            }
            I::Call { .. } | I::CallIndirect { .. } | I::CallRef { .. } => return self.call(instruction),
            _ => return self.compare_and_branch(instruction),
        }
        Some(Next::Ended)
    }

    fn compare_and_branch(&mut self, instruction: &I) -> Option<Next> {
        let (lhs, rhs, condition, if_true, if_false) = match instruction {
            I::BranchI32Eq { lhs, rhs, if_true, if_false } | I::BranchI64Eq { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::Equal, if_true, if_false)
            }
            I::BranchI32Ne { lhs, rhs, if_true, if_false } | I::BranchI64Ne { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::NotEqual, if_true, if_false)
            }
            I::BranchI32LtS { lhs, rhs, if_true, if_false } | I::BranchI64LtS { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::SignedLessThan, if_true, if_false)
            }
            I::BranchI32LtU { lhs, rhs, if_true, if_false } | I::BranchI64LtU { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::UnsignedLessThan, if_true, if_false)
            }
            I::BranchI32LeS { lhs, rhs, if_true, if_false } | I::BranchI64LeS { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::SignedLessThanOrEqual, if_true, if_false)
            }
            I::BranchI32LeU { lhs, rhs, if_true, if_false } | I::BranchI64LeU { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, IntCC::UnsignedLessThanOrEqual, if_true, if_false)
            }
            _ => return self.compare_floats_and_branch(instruction),
        };
        let (lhs, rhs) = (self.get(*lhs), self.get(*rhs));
        let holds = self.b.ins().icmp(condition, lhs, rhs);
        self.branch(holds, *if_true, *if_false);
        Some(Next::Ended)
    }

    fn compare_floats_and_branch(&mut self, instruction: &I) -> Option<Next> {
        let (lhs, rhs, condition, if_true, if_false) = match instruction {
            I::BranchF32Eq { lhs, rhs, if_true, if_false } | I::BranchF64Eq { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, FloatCC::Equal, if_true, if_false)
            }
            I::BranchF32Lt { lhs, rhs, if_true, if_false } | I::BranchF64Lt { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, FloatCC::LessThan, if_true, if_false)
            }
            I::BranchF32Le { lhs, rhs, if_true, if_false } | I::BranchF64Le { lhs, rhs, if_true, if_false } => {
                (lhs, rhs, FloatCC::LessThanOrEqual, if_true, if_false)
            }
            _ => return None,
        };
        let (lhs, rhs) = (self.get(*lhs), self.get(*rhs));
        let holds = self.b.ins().fcmp(condition, lhs, rhs);
        self.branch(holds, *if_true, *if_false);
        Some(Next::Ended)
    }

    pub(super) fn jump_to(&mut self, target: Block) {
        self.load_live(&[target]);
        let target = self.edge(target);
        self.b.ins().jump(target, &[]);
    }

    pub(super) fn branch(&mut self, condition: Value, if_true: Block, if_false: Block) {
        self.load_live(&[if_true, if_false]);
        let [yes, no] = [if_true, if_false].map(|block| self.edge(block));
        self.b.ins().brif(condition, yes, &[], no, &[]);
    }

    fn branch_table(&mut self, index: Operand, targets: &[Block], default: Block) {
        let index = self.get(index);
        let mut all = targets.to_vec();
        all.push(default);
        self.load_live(&all);
        let blocks: Vec<ir::Block> = all.into_iter().map(|block| self.edge(block)).collect();
        let pool = &mut self.b.func.dfg.value_lists;
        let mut calls: Vec<ir::BlockCall> = Vec::with_capacity(blocks.len());
        for block in blocks {
            calls.push(ir::BlockCall::new(block, [], pool));
        }
        let default = calls.pop().expect("the default is the last");
        let table = self.b.create_jump_table(ir::JumpTableData::new(default, &calls));
        self.b.ins().br_table(index, table);
    }

    /// What is live in blocks that come next, and only in the frame, is loaded.
    pub(super) fn load_live(&mut self, targets: &[Block]) {
        if self.in_frame.iter().next().is_none() {
            return;
        }
        for target in targets {
            let start = self.job.function.block_range(*target).start;
            for reg in self.facts.before[start].clone().iter() {
                if self.in_frame.contains(reg) {
                    self.load(reg);
                }
            }
        }
    }

    /// Returns: what machine registers hold there, the rest to where the caller wants it.
    fn return_values(&mut self, values: &[Operand]) {
        let job = self.job;
        let mut all = vec![self.b.use_var(self.fuel)];
        let mut framed = Vec::new();
        for ((ty, word), &value) in words(&job.signature.results).zip(values) {
            if native(ty).is_some() {
                all.push(self.get(value));
            } else {
                framed.push((word, self.words_of(ty, value)));
            }
        }
        if !framed.is_empty() {
            let target = self.destination();
            for (word, values) in framed {
                self.store_words(&values, (target, word as i32 * 8));
            }
        }
        self.b.ins().return_(&all);
    }

    /// Where the caller takes results.
    fn destination(&mut self) -> Value {
        let regs = self.regs;
        let place = self.b.ins().load(machine::I64, frame(), regs, layout::FRAME_PLACE);
        destination_of(&mut self.b, regs, place)
    }
}

/// The address where the results of a frame go that returns to `place`.
pub(crate) fn destination_of(b: &mut cranelift_frontend::FunctionBuilder<'_>, regs: Value, place: Value) -> Value {
    let dst = b.ins().uload16(machine::I64, own(), place, layout::RETURN_DST);
    let delta = b.ins().uload32(own(), place, layout::RETURN_DELTA);
    let words = b.ins().isub(dst, delta);
    let bytes = b.ins().ishl_imm_u(words, 3);
    b.ins().iadd(regs, bytes)
}
