//! Leaving to the interpreter, fuel, and room on the stacks.

use super::any::Saved;
use super::{Translator, own};
use crate::types::{native, refuel_signature};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout::AT_BITS;
use minivm::raw::native::{GONE, layout};
use minivm_isa::entities::Reg;
use minivm_isa::register_set::RegisterSet;

/// A place where code leaves: what it stores, and where it goes on to.
#[derive(PartialEq)]
pub(super) struct Exit {
    to: ir::Block,
    /// The reason above the instruction.
    number: u32,
    /// Instructions from that one on that are charged in the fuel.
    undone: i64,
    fuel: Value,
    /// What could not be called.
    callee: Option<Value>,
    stored: Vec<(Reg, Saved)>,
}

impl Translator<'_, '_> {
    /// Instructions from the current one on that are charged.
    pub(super) fn undone(&self) -> i64 {
        (self.facts.segment_end[self.at] - self.at) as i64
    }

    /// Leaves before the current instruction if `condition` holds.
    pub(super) fn exit_if(&mut self, condition: Value, reason: u64) {
        let undone = self.undone();
        self.exit_if_charged(condition, reason, undone);
    }

    /// As [`exit_if`](Self::exit_if), where so many instructions from the current one on are charged.
    pub(super) fn exit_if_charged(&mut self, condition: Value, reason: u64, undone: i64) {
        let condition = if self.style.forces_exits { self.or_forced(condition) } else { condition };
        self.exit_where(condition, reason, undone, None);
    }

    /// Leaves if an access is outside of its memory: before the current instruction, or before one from which on nothing has been
    /// written but machine registers.
    pub(super) fn exit_if_outside(&mut self, is_outside: Value) {
        if let Some(cold) = self.last_check {
            let condition = if self.style.forces_exits { self.or_forced(is_outside) } else { is_outside };
            let next = self.b.create_block();
            self.b.ins().brif(condition, cold, &[], next, &[]);
            self.b.seal_block(next);
            self.b.switch_to_block(next);
            return;
        }
        self.exit_if(is_outside, layout::REASON_CHECK);
        if !self.is_dynamic {
            self.last_check = self.last_exit.as_ref().map(|&(cold, _)| cold);
        }
    }

    /// Leaves before the current instruction if `condition` holds: where the last exit does, if that stores the same.
    pub(super) fn exit_where(&mut self, condition: Value, reason: u64, undone: i64, callee: Option<Value>) {
        let exit = self.exit_here(reason, undone, callee);
        let next = self.b.create_block();
        if let Some((block, _)) = self.last_exit.as_ref().filter(|(_, last)| *last == exit) {
            self.b.ins().brif(condition, *block, &[], next, &[]);
        } else {
            let cold = self.cold();
            self.b.ins().brif(condition, cold, &[], next, &[]);
            self.b.switch_to_block(cold);
            self.write_exit(&exit);
            self.last_exit = Some((cold, exit));
        }
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    pub(super) fn or_forced(&mut self, condition: Value) -> Value {
        let context = self.context;
        let left = self.b.ins().load(machine::I64, own(), context, layout::FORCED);
        let left = self.b.ins().iadd_imm_s(left, -1);
        self.b.ins().store(own(), left, context, layout::FORCED);
        let is_zero = self.b.ins().icmp_imm_s(IntCC::Equal, left, 0);
        self.b.ins().bor(condition, is_zero)
    }

    /// Leaves before the current instruction.
    pub(super) fn exit_now(&mut self, reason: u64) {
        let undone = self.undone();
        self.exit_charged(reason, undone);
    }

    /// In `cold`, leaves before the current instruction, since something is not as it was seen; the others go on.
    pub(super) fn leave_in(&mut self, cold: ir::Block) {
        let next = self.b.create_block();
        self.b.ins().jump(next, &[]);
        self.leave_from(cold);
        self.b.seal_block(next);
        self.b.switch_to_block(next);
    }

    /// The same where the current block has ended.
    pub(super) fn leave_from(&mut self, cold: ir::Block) {
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.exit_now(layout::REASON_GUARD);
    }

    /// Leaves before the current instruction, of which and of what follows so much is charged.
    pub(super) fn exit_charged(&mut self, reason: u64, undone: i64) {
        let exit = self.exit_here(reason, undone, None);
        self.write_exit(&exit);
    }

    /// What leaving before the current instruction would store.
    fn exit_here(&mut self, reason: u64, undone: i64, callee: Option<Value>) -> Exit {
        let mut live = self.facts.before[self.at].clone();
        let to = if self.at == self.facts.segment_start[self.at] { self.exit } else { self.shared_exit(&mut live) };
        let stored = live.iter().filter(|&reg| self.is_only_here(reg)).collect::<Vec<_>>();
        let stored = stored.into_iter().map(|reg| (reg, self.saved(reg))).collect();
        let fuel = self.b.use_var(self.fuel);
        Exit { to, number: (reason as u32) << AT_BITS | self.at as u32, undone, fuel, callee, stored }
    }

    fn write_exit(&mut self, exit: &Exit) {
        if let Some(closure) = exit.callee {
            let context = self.context;
            self.b.ins().store(own(), closure, context, layout::EXIT_CALLEE);
        }
        for &(reg, saved) in &exit.stored {
            self.store_saved(reg, saved);
        }
        let number = self.b.ins().iconst(machine::I32, i64::from(exit.number));
        let fuel = if exit.undone == 0 { exit.fuel } else { self.b.ins().iadd_imm_s(exit.fuel, exit.undone) };
        self.b.ins().jump(exit.to, &[number.into(), fuel.into()]);
    }

    /// The part that all exits of the segment share: it stores what no instruction of the segment writes, and is written at the
    /// end. Takes these registers out of `live`.
    fn shared_exit(&mut self, live: &mut RegisterSet) -> ir::Block {
        if self.shared.is_none() {
            let mut set = live.clone();
            for at in self.facts.segment_start[self.at]..self.facts.segment_end[self.at] {
                self.job.function.code[at].for_each_def(|reg| set.remove(reg));
            }
            let mut stored = RegisterSet::empty(&self.job.function);
            set.iter().filter(|&reg| self.is_only_here(reg)).for_each(|reg| stored.insert(reg));
            let values = stored.iter().map(|reg| (reg, self.saved(reg))).collect();
            let block = self.b.create_block();
            self.b.set_cold_block(block);
            self.b.append_block_param(block, machine::I32);
            self.b.append_block_param(block, machine::I64);
            self.shared_exits.push((block, values));
            self.shared = Some((block, stored));
        }
        let (block, stored) = self.shared.as_ref().expect("it was just made");
        stored.iter().for_each(|reg| live.remove(reg));
        *block
    }

    fn is_only_here(&self, reg: Reg) -> bool {
        self.dirty.contains(reg) && !self.in_frame.contains(reg)
    }

    /// Stores those of some registers that are not in the frame.
    pub(super) fn spill(&mut self, live: &RegisterSet) {
        for reg in live.iter() {
            if self.is_only_here(reg) {
                self.store_register(reg);
            }
        }
    }

    /// Charges for the segment that begins at the current instruction.
    pub(super) fn charge(&mut self) {
        let cost = self.undone();
        let fuel = self.b.use_var(self.fuel);
        let left = self.b.ins().iadd_imm_s(fuel, -cost);
        self.b.def_var(self.fuel, left);
        if self.facts.checks[self.at] {
            self.check_budget(left);
        }
    }

    /// Leaves before the current instruction if the budget is used up and there is no more.
    fn check_budget(&mut self, left: Value) {
        if self.style.forces_exits {
            let never = self.b.ins().iconst(machine::I8, 0);
            self.exit_if(never, layout::REASON_FORCED);
        }
        let (cold, none, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.set_cold_block(none);
        let is_used_up = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.b.ins().brif(is_used_up, cold, &[], next, &[]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        let left = self.refuel(left);
        let is_used_up = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.b.ins().brif(is_used_up, none, &[], next, &[]);
        self.b.seal_block(none);
        self.b.seal_block(next);
        self.b.switch_to_block(none);
        self.exit_now(layout::REASON_FUEL);
        self.b.switch_to_block(next);
    }

    /// Asks the machine for more fuel; gives what there is to go on with.
    pub(super) fn refuel(&mut self, left: Value) -> Value {
        let signature = self.b.import_signature(refuel_signature());
        let (callee, context) = (self.address_of(self.style.refuel), self.context);
        self.b.ins().call_indirect(signature, callee, &[context, left]);
        let left = self.b.ins().load(machine::I64, own(), context, layout::EXIT_FUEL);
        self.b.def_var(self.fuel, left);
        left
    }

    /// Leaves where a frame does not fit on the machine's stack, or the native stack is used up. The caller has written the header.
    pub(super) fn check_room(&mut self) {
        let (regs, context) = (self.regs, self.context);
        let top = self.b.ins().iadd_imm_u(regs, i64::from(self.job.extent) * 8);
        let end = self.b.ins().load(machine::I64, own(), context, layout::STACK_END);
        let is_full = self.b.ins().icmp(IntCC::UnsignedGreaterThan, top, end);
        self.exit_if_charged(is_full, layout::REASON_ROOM, 0);
        if self.facts.has_calls {
            let pointer = self.b.ins().get_stack_pointer(machine::I64);
            let limit = self.b.ins().load(machine::I64, own(), context, layout::NATIVE_LIMIT);
            let is_deep = self.b.ins().icmp(IntCC::UnsignedLessThan, pointer, limit);
            self.exit_if_charged(is_deep, layout::REASON_ROOM, 0);
        }
    }

    /// The end of all exits.
    pub(super) fn leave(&mut self) {
        self.b.set_srcloc(ir::SourceLoc::default());
        let exit = self.exit;
        for (block, values) in std::mem::take(&mut self.shared_exits) {
            self.b.switch_to_block(block);
            let params = self.b.block_params(block).to_vec();
            for (reg, saved) in values {
                self.store_saved(reg, saved);
            }
            self.b.ins().jump(exit, &[params[0].into(), params[1].into()]);
        }
        self.b.switch_to_block(self.exit);
        let params = self.b.block_params(self.exit).to_vec();
        let (context, regs) = (self.context, self.regs);
        self.b.ins().store(own(), params[0], context, layout::EXIT_AT);
        self.b.ins().store(own(), params[1], context, layout::EXIT_FUEL);
        self.b.ins().store(own(), regs, context, layout::EXIT_REGS);
        self.b.ins().jump(self.gone, &[]);
        self.b.switch_to_block(self.gone);
        self.return_gone();
    }

    /// Tells the caller that the interpreter goes on.
    fn return_gone(&mut self) {
        let mut values = vec![self.b.ins().iconst(machine::I64, GONE)];
        if self.is_dynamic {
            values.push(self.b.ins().iconst(machine::I64, 0));
            values.push(self.b.ins().iconst(machine::I32, 0));
            self.b.ins().return_(&values);
            return;
        }
        for ty in self.job.signature.results.iter().filter_map(|&ty| native(ty)) {
            values.push(match ty {
                machine::F32 => self.b.ins().f32const(0.0),
                machine::F64 => self.b.ins().f64const(0.0),
                machine::I8X16 => self.vector_constant(0),
                _ => self.b.ins().iconst(ty, 0),
            });
        }
        self.b.ins().return_(&values);
    }
}
