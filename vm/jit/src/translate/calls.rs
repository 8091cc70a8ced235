//! Calls between native functions.
//!
//! What is live is stored, the header of the callee's frame is written, and a native call is made. Afterwards everything is in the
//! frame, and loaded when it is used: if the callee has left to the interpreter, this code just returns.

use super::{Next, Translator, frame, own};
use crate::facts::arguments;
use crate::types::{self, native, words};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{self, REASON_CHECK, REASON_FUEL};
use minivm::raw::native::{CallJob, GONE};
use minivm_isa::Instruction as I;
use minivm_isa::register_set::RegisterSet;

/// What is called.
pub(super) struct Callee {
    pub(super) closure: Value,
    pub(super) entry: Value,
    pub(super) code: Value,
}

impl Translator<'_, '_> {
    /// A call that comes back.
    pub(super) fn call(&mut self, instruction: &I) -> Option<Next> {
        let job = self.job;
        let call = &job.calls[&self.at];
        let through = self.spill_for_call();
        let callee = self.callee(instruction, call)?;
        let passed = self.pass(instruction, call);
        let window = i64::from(job.window) * 8;
        let regs = self.regs;
        let new = self.b.ins().iadd_imm_u(regs, window);
        self.place_arguments(instruction, call, new);
        let place = self.address_of(call.place);
        self.b.ins().store(frame(), callee.closure, new, layout::FRAME_CLOSURE);
        self.b.ins().store(frame(), place, new, layout::FRAME_PLACE);
        let signature = types::signature(&call.signature);
        let signature = self.b.import_signature(signature);
        let mut all = vec![self.context, new, self.b.use_var(self.fuel)];
        all.extend(passed);
        let done = self.b.ins().call_indirect(signature, callee.code, &all);
        let values = self.b.inst_results(done).to_vec();
        self.dirty = RegisterSet::empty(&job.function);
        self.in_frame = RegisterSet::empty(&job.function);
        through.iter().filter(|reg| self.facts.held[reg.as_u32() as usize]).for_each(|reg| self.in_frame.insert(reg));
        self.take_results(call, &values[1..]);
        self.look_at_budget(values[0], |_| {});
        self.load_views();
        Some(Next::Falls)
    }

    /// Stores what is live through the call, which is then not stored once more where code leaves before it.
    pub(super) fn spill_for_call(&mut self) -> RegisterSet {
        let through = self.facts.during[self.at].clone().expect("it is made for calls");
        self.spill(&through);
        through.iter().for_each(|reg| self.dirty.remove(reg));
        through
    }

    /// Where results go to registers: those in machine registers, and those that the callee has put where the call says.
    fn take_results(&mut self, call: &CallJob, values: &[Value]) {
        let results = self.results();
        let mut values = values.iter();
        let is_single = results.len() == 1;
        for ((ty, word), &reg) in words(&call.signature.results).zip(&results) {
            if native(ty).is_some() {
                let value = *values.next().expect("machine results are those that machine registers hold");
                self.set(reg, value);
            } else if !is_single {
                let (slot, regs) = (self.slot(reg), self.regs);
                let from = (self.job.window + word) as i32 * 8;
                self.copy_words(ty, (regs, from), (regs, slot));
            }
        }
    }

    /// Takes the budget that a call has left over, or more, or leaves; `take` does what is to be done first where the callee has
    /// returned.
    pub(super) fn look_at_budget(&mut self, left: Value, take: impl Fn(&mut Self)) {
        self.b.def_var(self.fuel, left);
        let next = self.b.create_block();
        let [cold, used_up, stop] = [(); 3].map(|()| self.cold());
        let is_negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.b.ins().brif(is_negative, cold, &[], next, &[]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        let is_gone = self.b.ins().icmp_imm_s(IntCC::Equal, left, GONE);
        self.b.ins().brif(is_gone, self.gone, &[], used_up, &[]);
        self.b.seal_block(used_up);
        self.b.switch_to_block(used_up);
        let left = self.refuel(left);
        let is_negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.b.ins().brif(is_negative, stop, &[], next, &[]);
        self.b.seal_block(stop);
        self.b.switch_to_block(stop);
        take(self);
        self.at += 1;
        self.shared = None;
        self.exit_charged(REASON_FUEL, 0);
        self.at -= 1;
        self.b.seal_block(next);
        self.b.switch_to_block(next);
        take(self);
    }

    /// A call in place of a return. The frame is given up: nothing leaves any more once its words change.
    pub(super) fn tail_call(&mut self, instruction: &I) -> Option<Next> {
        let job = self.job;
        let call = &job.calls[&self.at];
        let callee = self.callee(instruction, call)?;
        self.check_room_for(&callee, 0);
        let passed = self.pass(instruction, call);
        let regs = self.regs;
        self.place_arguments(instruction, call, regs);
        self.b.ins().store(frame(), callee.closure, regs, layout::FRAME_CLOSURE);
        let signature = types::signature(&call.signature);
        let signature = self.b.import_signature(signature);
        let mut all = vec![self.context, regs, self.b.use_var(self.fuel)];
        all.extend(passed);
        self.b.ins().return_call_indirect(signature, callee.code, &all);
        Some(Next::Ended)
    }

    /// Leaves where the frame of a callee does not fit that begins so many bytes behind this one. One that takes its place is looked
    /// for before anything changes, so that errors find this frame whole.
    pub(super) fn check_room_for(&mut self, callee: &Callee, offset: i64) {
        let extent = self.b.ins().uload32(own(), callee.entry, layout::ENTRY_EXTENT);
        let bytes = self.b.ins().ishl_imm_u(extent, 3);
        let (regs, context) = (self.regs, self.context);
        let top = self.b.ins().iadd(regs, bytes);
        let top = self.b.ins().iadd_imm_u(top, offset);
        let end = self.b.ins().load(machine::I64, own(), context, layout::STACK_END);
        let is_full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, top, end);
        self.exit_if(is_full, REASON_CHECK);
    }

    /// The arguments that machine registers hold.
    fn pass(&mut self, instruction: &I, call: &CallJob) -> Vec<Value> {
        let pairs = call.signature.params.iter().zip(arguments(instruction));
        pairs.filter(|(ty, _)| native(**ty).is_some()).map(|(_, &argument)| self.get(argument)).collect()
    }

    /// Puts the other arguments where the callee's registers are.
    fn place_arguments(&mut self, instruction: &I, call: &CallJob, new: Value) {
        let mut framed = Vec::new();
        for ((ty, word), &argument) in words(&call.signature.params).zip(arguments(instruction)) {
            if native(ty).is_none() {
                framed.push((word, self.words_of(ty, argument)));
            }
        }
        for (word, values) in framed {
            self.store_words(&values, (new, word as i32 * 8));
        }
    }

    /// Finds what is called; leaves where that is no function of the signature, or has no native code.
    fn callee(&mut self, instruction: &I, call: &CallJob) -> Option<Callee> {
        let closure = match instruction {
            I::Call { .. } | I::TailCall { .. } if call.closure == 0 => return None,
            I::Call { .. } | I::TailCall { .. } => self.address_of(call.closure),
            I::CallIndirect { table, index, .. } | I::TailCallIndirect { table, index, .. } => {
                let index = self.wide(*index);
                let element = self.element(*table, index);
                let tag = self.b.ins().load(machine::I32, own(), element, layout::ELEMENT_TAG);
                let closure = self.b.ins().load(machine::I64, own(), element, 0);
                self.check_callee(tag, closure, call)
            }
            I::CallRef { callee, .. } | I::TailCallRef { callee, .. } => {
                let reg = callee.reg()?;
                let tag = self.tag(reg);
                let (slot, regs) = (self.slot(reg), self.regs);
                let closure = self.b.ins().load(machine::I64, frame(), regs, slot);
                self.check_callee(tag, closure, call)
            }
            _ => return None,
        };
        let entry = self.b.ins().load(machine::I64, own(), closure, layout::CLOSURE_CODE);
        let code = self.b.ins().load(machine::I64, own(), entry, layout::ENTRY_NATIVE);
        let has_none = self.b.ins().icmp_imm_s(IntCC::Equal, code, 0);
        self.exit_for_callee(has_none, closure);
        Some(Callee { closure, entry, code })
    }

    /// Leaves unless a value is a function of the signature of the call.
    fn check_callee(&mut self, tag: Value, closure: Value, call: &CallJob) -> Value {
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(layout::TAG_FUNCTION));
        self.exit_if(is_other, REASON_CHECK);
        let function = self.b.ins().load(machine::I64, own(), closure, layout::CLOSURE_FUNCTION);
        let signature = self.b.ins().load(machine::I32, own(), function, layout::FUNCTION_SIGNATURE);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, signature, i64::from(call.number));
        self.exit_if(is_other, REASON_CHECK);
        closure
    }

    /// Leaves where a callee has no native code, and notes which.
    pub(super) fn exit_for_callee(&mut self, has_none: Value, closure: Value) {
        let undone = self.undone();
        self.exit_where(has_none, layout::REASON_CALLEE, undone, Some(closure));
    }
}
