//! Where code is entered: at the start of the function, or at loops, with what the frame has there.

use super::{Translator, own};
use crate::kinds::Kind;
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout;
use minivm_isa::entities::{Block, Reg};
use minivm_isa::register_set::RegisterSet;

/// The first block of a function.
fn first() -> Block {
    Block::from_u32(0)
}

impl Translator<'_, '_> {
    /// Begins the code; `params` are those of the function.
    pub(super) fn enter(&mut self, params: &[Value]) {
        let job = self.job;
        self.load_views();
        let loops: Vec<ir::Block> = job.heads.iter().map(|_| self.cold()).collect();
        self.go_to_loop(&loops);
        if job.starts {
            self.at = 0;
            if self.is_dynamic { self.start_dynamic() } else { self.start_typed(params) }
        }
        for (&head, block) in job.heads.iter().zip(loops) {
            self.b.seal_block(block);
            self.b.switch_to_block(block);
            self.at = job.function.block_range(head).start;
            if self.is_dynamic {
                self.take_frame(head);
            } else {
                self.take_typed_frame();
            }
            self.go_to(head);
        }
    }

    /// Goes to the loop that is entered, if it is one; the start of the function comes next.
    fn go_to_loop(&mut self, loops: &[ir::Block]) {
        if loops.is_empty() {
            return;
        }
        let context = self.context;
        let number = self.b.ins().load(machine::I64, own(), context, layout::START);
        let start = self.job.starts.then(|| self.b.create_block());
        if let Some(start) = start {
            let cold = self.cold();
            self.b.ins().brif(number, cold, &[], start, &[]);
            self.b.seal_block(cold);
            self.b.switch_to_block(cold);
        }
        let none = self.b.ins().iconst(machine::I64, 0);
        self.b.ins().store(own(), none, context, layout::START);
        let index = self.b.ins().iadd_imm_s(number, -1);
        let index = self.b.ins().ireduce(machine::I32, index);
        let pool = &mut self.b.func.dfg.value_lists;
        let mut calls: Vec<ir::BlockCall> = Vec::with_capacity(loops.len());
        for &block in loops {
            calls.push(ir::BlockCall::new(block, [], pool));
        }
        let last = calls.pop().expect("there are loops");
        let table = self.b.create_jump_table(ir::JumpTableData::new(last, &calls));
        self.b.ins().br_table(index, table);
        if let Some(start) = start {
            self.b.seal_block(start);
            self.b.switch_to_block(start);
        }
    }

    fn go_to(&mut self, block: Block) {
        let block = self.blocks[block.as_u32() as usize];
        self.b.ins().jump(block, &[]);
    }

    fn start_typed(&mut self, params: &[Value]) {
        let mut values = params.iter();
        for index in 0..self.job.signature.params.len() {
            let reg = Reg::from_u32(index as u32);
            if self.vars[index].is_some() {
                let value = *values.next().expect("machine parameters are those that machine registers hold");
                self.define(reg, value);
            }
        }
        self.dirty = self.facts.dirty_in[0].clone();
        self.check_room();
        self.go_to(first());
    }

    /// The start of `any` code: everything is in the frame.
    fn start_dynamic(&mut self) {
        self.check_room();
        if !self.starts_lazily() {
            self.take_frame(first());
        }
        self.go_to(first());
    }

    /// Loads what a loop of a typed function finds in the frame.
    fn take_typed_frame(&mut self) {
        for reg in self.facts.before[self.at].clone().iter() {
            if self.vars[reg.as_u32() as usize].is_some() {
                let value = self.load_register(reg);
                self.define(reg, value);
            }
        }
    }

    /// Loads what a block of `any` code finds in the frame, in the form that it expects.
    fn take_frame(&mut self, block: Block) {
        self.dirty = RegisterSet::empty(&self.job.function);
        self.kinds.of.fill(Kind::Unknown);
        let live = self.facts.before[self.at].clone();
        for reg in live.iter().filter(|reg| self.facts.held[reg.as_u32() as usize]) {
            self.in_frame.insert(reg);
        }
        for reg in live.iter() {
            self.load(reg);
        }
        self.change_to(block);
    }

    /// Registers that are in the frame only where a block begins: the parameters, where nothing else leads there.
    pub(super) fn in_frame_at(&self, block: Block) -> RegisterSet {
        let mut set = RegisterSet::empty(&self.job.function);
        if self.is_dynamic && block == first() && self.starts_lazily() {
            let count = self.job.signature.params.len() as u32;
            (0..count).map(Reg::from_u32).for_each(|reg| set.insert(reg));
        }
        set
    }

    /// Whether what the first block finds in the frame may stay there until it is used.
    fn starts_lazily(&self) -> bool {
        self.job.starts && self.facts.sources[0].is_empty()
    }
}
