//! From block to block in `any` code: values change their form where the next block expects another one.

use super::Translator;
use crate::kinds::Kind;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, types as machine};
use minivm::raw::native::layout::{REASON_GUARD, TAG_INT};
use minivm_isa::entities::{Block, Reg};

impl Translator<'_, '_> {
    /// Where a branch to a block goes: the block, or what changes values on the way.
    pub(super) fn edge(&mut self, target: Block) -> ir::Block {
        let block = self.blocks[target.as_u32() as usize];
        if !self.is_dynamic || self.changes(target).is_empty() {
            return block;
        }
        let edge = self.b.create_block();
        self.edges.push((edge, target));
        edge
    }

    /// Registers that are live in a block in another form than here.
    fn changes(&self, target: Block) -> Vec<Reg> {
        let number = target.as_u32() as usize;
        let start = self.job.function.block_range(target).start;
        let differs = |reg: &Reg| {
            let index = reg.as_u32() as usize;
            let (have, want) = (self.kinds.of[index], self.kinds_in[number][index]);
            self.is_any(*reg) && have != want && (have, want) != (Kind::Number, Kind::Unknown)
        };
        self.facts.before[start].iter().filter(differs).collect()
    }

    /// Writes all such ways.
    pub(super) fn finish_edges(&mut self) {
        for (edge, target) in std::mem::take(&mut self.edges) {
            self.b.switch_to_block(edge);
            self.b.seal_block(edge);
            let (kinds, at, shared) = (self.kinds.of.clone(), self.at, self.shared.take());
            let dirty = self.dirty.clone();
            self.at = self.job.function.block_range(target).start;
            self.change_to(target);
            let block = self.blocks[target.as_u32() as usize];
            self.b.ins().jump(block, &[]);
            self.kinds.of = kinds;
            self.at = at;
            self.shared = shared;
            self.dirty = dirty;
        }
    }

    /// Gives all registers the form that a block expects. Where one is of another kind, leaves before the block.
    pub(super) fn change_to(&mut self, target: Block) {
        for reg in self.changes(target) {
            let index = reg.as_u32() as usize;
            match (self.kinds.of[index], self.kinds_in[target.as_u32() as usize][index]) {
                (Kind::Is(_), want @ (Kind::Number | Kind::Unknown)) => self.convert(reg, want),
                (Kind::Is(_), Kind::Is(_)) => {
                    let always = self.b.ins().iconst(machine::I8, 1);
                    self.exit_if_charged(always, REASON_GUARD, 0);
                    self.convert(reg, Kind::Unknown);
                    self.know(reg, self.wanted_tag(target, index));
                }
                (_, Kind::Is(tag)) => {
                    let found = self.tag_of(reg.into());
                    let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, found, i64::from(tag));
                    self.exit_if_charged(is_other, REASON_GUARD, 0);
                    self.know(reg, tag);
                }
                (_, want @ (Kind::Number | Kind::Unknown)) => {
                    let found = self.tag_of(reg.into());
                    let above = self.b.ins().iadd_imm_s(found, -i64::from(TAG_INT));
                    let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, 1);
                    self.exit_if_charged(is_other, REASON_GUARD, 0);
                    self.convert(reg, want);
                }
            }
        }
    }

    fn wanted_tag(&self, target: Block, index: usize) -> u32 {
        match self.kinds_in[target.as_u32() as usize][index] {
            Kind::Is(tag) => tag,
            Kind::Number | Kind::Unknown => TAG_INT,
        }
    }
}
