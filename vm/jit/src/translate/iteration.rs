//! Loops over what iterators give.

use super::{Next, Translator};
use crate::kinds::Kind;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{self, TAG_FUNCTION, TAG_NIL, TAG_TABLE};
use minivm_isa::Instruction as I;
use minivm_isa::entities::{Block, Reg};

impl Translator<'_, '_> {
    /// `for_each`: the machine does steps of iterators that it knows, the interpreter all others.
    pub(super) fn iteration(&mut self, instruction: &I) -> Option<Next> {
        let I::ForEach { results, iterator, state, control, body, done } = instruction else { return None };
        let inputs = [iterator.reg()?, state.reg()?, control.reg()?];
        self.for_each(results, inputs, [*body, *done]);
        Some(Next::Ended)
    }

    fn for_each(&mut self, results: &[Reg], inputs: [Reg; 3], targets: [Block; 2]) {
        self.load_live(&targets);
        inputs.into_iter().for_each(|reg| self.load(reg));
        for reg in inputs {
            if self.dirty.contains(reg) {
                self.store_register(reg);
            }
        }
        let cold = self.cold();
        for (reg, tag) in [(inputs[0], TAG_FUNCTION), (inputs[1], TAG_TABLE)] {
            if self.kind(reg.into()) != Kind::Is(tag) {
                let found = self.tag_of(reg.into());
                let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, found, i64::from(tag));
                self.cold_if(is_other, cold);
            }
        }
        let regs = self.regs;
        let place = |this: &mut Self, word: u32| this.b.ins().iadd_imm_u(regs, i64::from(word) * 8);
        let [iterator, state, control] = inputs.map(|reg| self.job.slots[reg.as_u32() as usize]);
        let [iterator, state, control, list] =
            [iterator, state, control, self.job.window].map(|word| place(self, word));
        let wanted = self.b.ins().iconst(machine::I64, results.len() as i64);
        let arguments = [self.context, iterator, state, control, list, wanted];
        let is_done = self.call_helper(self.job.helpers.iterate, &arguments, machine::I64);
        let is_refused = self.b.ins().icmp_imm_u(IntCC::Equal, is_done, 0);
        self.cold_if_refused(is_refused, cold);
        let before = (self.kinds.of.clone(), self.dirty.clone(), self.in_frame.clone());
        self.take_list(results, list, 0);
        let tag = self.tag_of(results[0].into());
        let goes_on = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_NIL));
        let [yes, no] = targets.map(|target| self.edge(target));
        self.b.ins().brif(goes_on, yes, &[], no, &[]);
        (self.kinds.of, self.dirty, self.in_frame) = before;
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        for &reg in results {
            let slot = self.slot(reg);
            self.take_list(&[reg], regs, slot);
        }
        self.go_where_stepped(&targets);
    }

    /// Loads values that lie behind one another into registers.
    fn take_list(&mut self, results: &[Reg], base: Value, offset: i32) {
        for (index, &reg) in results.iter().enumerate() {
            let pair = self.load_pair(base, offset + index as i32 * layout::ELEMENT_BYTES);
            self.set_pair(reg, pair, Kind::Unknown);
        }
    }
}
