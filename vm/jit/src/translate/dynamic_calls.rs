//! Calls and returns of `any` code.
//!
//! Arguments lie where the callee's registers begin. The first result comes in machine registers; where another number of them is
//! wanted, all are where the callee's registers begin, and their number is above the tag.

use super::calls::Callee;
use super::{Next, Translator, frame, own};
use crate::facts::{open_values, seen};
use crate::kinds::{Expected, Kind};
use crate::types;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types as machine};
use minivm::raw::Numeric;
use minivm::raw::native::layout::{self, REASON_INSTRUCTION, TAG_FUNCTION, TAG_INT, TAG_NIL};
use minivm_isa::entities::Reg;
use minivm_isa::register_set::RegisterSet;
use minivm_isa::{Convention, Instruction as I, Operand};

/// The least float that is greater than all integers.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
/// Values that a return gives without a charge.
const FREE_VALUES: usize = 16;

impl Translator<'_, '_> {
    /// Calls and returns.
    pub(super) fn dynamic_call(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::CallAny { results, callee, arguments } => {
                if !self.facts.calls[self.at] {
                    return Some(self.call_host(instruction, results, *callee, arguments));
                }
                Some(self.call_any(Some(results), *callee, arguments, 0))
            }
            I::CallAnyToOpen { callee, arguments } if self.facts.calls[self.at] => {
                Some(self.call_any(None, *callee, arguments, 0))
            }
            I::CallAnyOpen { results, callee, arguments } if self.facts.calls[self.at] => {
                let open = open_values(seen(self.job, self.at))?;
                Some(self.call_any(Some(results), *callee, arguments, open))
            }
            I::CallAnyOpenToOpen { callee, arguments } if self.facts.calls[self.at] => {
                let open = open_values(seen(self.job, self.at))?;
                Some(self.call_any(None, *callee, arguments, open))
            }
            I::ReturnValues { values } => {
                self.return_dynamic(values);
                Some(Next::Ended)
            }
            I::TailCallAny { callee, arguments } => {
                self.tail_call_any(*callee, arguments, 0);
                Some(Next::Ended)
            }
            I::TailCallAnyOpen { callee, arguments } => {
                let open = open_values(seen(self.job, self.at))?;
                self.tail_call_any(*callee, arguments, open);
                Some(Next::Ended)
            }
            _ => None,
        }
    }

    /// A call with so many values of the open list after its arguments.
    fn call_any(&mut self, results: Option<&[Reg]>, callee: Operand, arguments: &[Operand], open: usize) -> Next {
        let job = self.job;
        let through = self.spill_for_call();
        let callee = self.any_callee(callee, arguments.len(), open);
        if self.params(arguments.len() + open) > arguments.len() + open {
            // What comes after the arguments may lie beyond the room that this frame has.
            self.check_room_for(&callee, i64::from(job.window) * 8);
        }
        let Callee { closure, code, .. } = callee;
        let mut pairs = self.argument_pairs(arguments, open);
        let params = self.params(pairs.len());
        let nil = (self.b.ins().iconst(machine::I64, 0), self.tag_constant(TAG_NIL));
        pairs.resize(params, nil);
        let new = self.place_pairs(pairs);
        let place = self.address_of(job.calls[&self.at].place);
        self.b.ins().store(frame(), closure, new, layout::FRAME_CLOSURE);
        self.b.ins().store(frame(), place, new, layout::FRAME_PLACE);
        let signature = self.b.import_signature(types::dynamic_signature());
        let all = [self.context, new, self.b.use_var(self.fuel)];
        let done = self.b.ins().call_indirect(signature, code, &all);
        let values = self.b.inst_results(done).to_vec();
        self.dirty = RegisterSet::empty(&job.function);
        self.in_frame = RegisterSet::empty(&job.function);
        through.iter().filter(|reg| self.facts.held[reg.as_u32() as usize]).for_each(|reg| self.in_frame.insert(reg));
        let value = (values[1], values[2]);
        if let Some(results) = results {
            self.take_values(results, new, value);
        }
        // A callee that has left still needs its frame.
        self.look_at_budget(values[0], |this| {
            if results.is_none() {
                this.open_list(new, value);
            }
        });
        self.load_views();
        Next::Falls
    }

    /// The most parameters that a callee with so many arguments may have.
    fn params(&self, arguments: usize) -> usize {
        self.job.calls.get(&self.at).map_or(0, |call| call.params).max(arguments)
    }

    /// Finds what is called; leaves where it has no native code for so many arguments.
    fn any_callee(&mut self, callee: Operand, fixed: usize, open: usize) -> Callee {
        let seen = seen(self.job, self.at);
        if self.kinds.is_seen(callee, &seen, 0, TAG_FUNCTION) {
            self.guard(callee, TAG_FUNCTION);
        }
        let (closure, tag) = self.pair(callee);
        if self.kind(callee) != Kind::Is(TAG_FUNCTION) {
            let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_FUNCTION));
            self.exit_if(is_other, layout::REASON_CHECK);
        }
        if self.job.function.code[self.at].info().effects.takes_open {
            self.check_open(open);
        }
        let count = self.params(fixed + open);
        let entry = self.b.ins().load(machine::I64, own(), closure, layout::CLOSURE_CODE);
        let params = self.b.ins().load(machine::I32, own(), entry, layout::ENTRY_PARAMS);
        // Arguments past the parameters are where nobody looks.
        let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, params, count as i64);
        self.exit_for_callee(is_other, closure);
        let code = self.b.ins().load(machine::I64, own(), entry, layout::ENTRY_NATIVE);
        let has_none = self.b.ins().icmp_imm_s(IntCC::Equal, code, 0);
        self.exit_for_callee(has_none, closure);
        Callee { closure, entry, code }
    }

    /// A call in place of a return. The frame is given up: nothing leaves any more once its words change.
    fn tail_call_any(&mut self, callee: Operand, arguments: &[Operand], open: usize) {
        let seen = seen(self.job, self.at);
        let is_host = seen.calls_others && !seen.calls_guests;
        if is_host && !seen.calls_slowly && open == 0 {
            return self.tail_call_host(callee, arguments);
        }
        if is_host || self.job.signature.convention == Convention::Variadic {
            self.share.left += u64::from(seen.count);
            return self.exit_now(REASON_INSTRUCTION);
        }
        let callee = self.any_callee(callee, arguments.len(), open);
        self.check_room_for(&callee, 0);
        let pairs = self.argument_pairs(arguments, open);
        let regs = self.regs;
        for (index, pair) in pairs.into_iter().enumerate() {
            self.store_pair(pair, (regs, index as i32 * layout::ELEMENT_BYTES));
        }
        self.b.ins().store(frame(), callee.closure, regs, layout::FRAME_CLOSURE);
        let signature = self.b.import_signature(types::dynamic_signature());
        let all = [self.context, regs, self.b.use_var(self.fuel)];
        self.b.ins().return_call_indirect(signature, callee.code, &all);
    }

    /// A call of a host function in place of a return, by its fast path.
    fn tail_call_host(&mut self, callee: Operand, arguments: &[Operand]) {
        arguments.iter().for_each(|&argument| self.load_operand(argument));
        let (closure, tag) = self.pair(callee);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_FUNCTION));
        self.exit_if(is_other, layout::REASON_CHECK);
        // What gives nothing has to make several nils of that where a call wants them.
        let regs = self.regs;
        let place = self.b.ins().load(machine::I64, frame(), regs, layout::FRAME_PLACE);
        let wanted = self.b.ins().uload16(machine::I32, own(), place, layout::RETURN_RESULTS);
        let is_more = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, wanted, 1);
        let is_closed = self.b.ins().icmp_imm_u(IntCC::NotEqual, wanted, i64::from(layout::OPEN_RESULTS));
        let is_several = self.b.ins().band(is_more, is_closed);
        self.exit_if(is_several, layout::REASON_CHECK);
        let new = self.place_values(arguments);
        let count = self.b.ins().iconst(machine::I64, arguments.len() as i64);
        let context = self.context;
        let found = self.call_helper(self.job.helpers.fast_path, &[context, closure, new, count], machine::I64);
        let cold = self.cold();
        let is_unknown = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, found, 0);
        self.cold_if_refused(is_unknown, cold);
        let (one, nothing) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(found, one, &[], nothing, &[]);
        [cold, one, nothing].into_iter().for_each(|block| self.b.seal_block(block));
        self.b.switch_to_block(one);
        let fuel = self.b.use_var(self.fuel);
        let (payload, tag) = self.load_pair(new, 0);
        self.b.ins().return_(&[fuel, payload, tag]);
        self.b.switch_to_block(nothing);
        let zero = self.b.ins().iconst(machine::I64, 0);
        let nil = self.tag_constant(TAG_NIL);
        let none = self.tag_constant(1 << layout::COUNT_SHIFT);
        let tag = self.b.ins().select(is_more, none, nil);
        self.b.ins().return_(&[fuel, zero, tag]);
        self.b.switch_to_block(cold);
        self.exit_now(layout::REASON_CHECK);
    }

    /// Leaves where the open list has another number of values.
    pub(super) fn check_open(&mut self, open: usize) {
        let context = self.context;
        let found = self.b.ins().load(machine::I64, own(), context, layout::OPEN_COUNT);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, found, open as i64);
        self.exit_if(is_other, layout::REASON_GUARD);
    }

    /// Arguments, and so many values of the open list, which lies in the window.
    pub(super) fn argument_pairs(&mut self, arguments: &[Operand], open: usize) -> Vec<(Value, Value)> {
        let mut pairs: Vec<_> = arguments.iter().map(|&argument| self.pair(argument)).collect();
        let (regs, window) = (self.regs, self.job.window as i32 * 8);
        pairs.extend((0..open).map(|index| self.load_pair(regs, window + index as i32 * layout::ELEMENT_BYTES)));
        pairs
    }

    /// Puts arguments where the registers of a callee begin.
    pub(super) fn place_values(&mut self, arguments: &[Operand]) -> Value {
        let pairs = self.argument_pairs(arguments, 0);
        self.place_pairs(pairs)
    }

    pub(super) fn place_pairs(&mut self, pairs: Vec<(Value, Value)>) -> Value {
        let (regs, window) = (self.regs, i64::from(self.job.window) * 8);
        let new = self.b.ins().iadd_imm_u(regs, window);
        for (index, pair) in pairs.into_iter().enumerate() {
            self.store_pair(pair, (new, index as i32 * layout::ELEMENT_BYTES));
        }
        new
    }

    /// What has come for several registers: one value, with which the others are nil, or all of them in the callee's frame.
    fn take_values(&mut self, results: &[Reg], new: Value, (payload, tag): (Value, Value)) {
        if let [only] = results {
            return self.set_pair(*only, (payload, tag), Kind::Unknown);
        }
        let count = self.b.ins().ushr_imm_u(tag, i64::from(layout::COUNT_SHIFT));
        let is_framed = self.b.ins().icmp_imm_u(IntCC::NotEqual, count, 0);
        for (index, &reg) in results.iter().enumerate() {
            let framed = self.load_pair(new, index as i32 * layout::ELEMENT_BYTES);
            let other = if index == 0 {
                (payload, tag)
            } else {
                (self.b.ins().iconst(machine::I64, 0), self.tag_constant(TAG_NIL))
            };
            let payload = self.b.ins().select(is_framed, framed.0, other.0);
            let tag = self.b.ins().select(is_framed, framed.1, other.1);
            self.set_pair(reg, (payload, tag), Kind::Unknown);
        }
    }

    /// What has come becomes the open list.
    fn open_list(&mut self, new: Value, value: (Value, Value)) {
        let (one, many, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(done, machine::I64);
        let count = self.b.ins().ushr_imm_u(value.1, i64::from(layout::COUNT_SHIFT));
        self.b.ins().brif(count, many, &[], one, &[]);
        self.b.seal_block(one);
        self.b.seal_block(many);
        self.b.switch_to_block(one);
        self.store_pair(value, (new, 0));
        let single = self.b.ins().iconst(machine::I64, 1);
        self.b.ins().jump(done, &[single.into()]);
        self.b.switch_to_block(many);
        let count = self.b.ins().iadd_imm_s(count, -1);
        let count = self.b.ins().uextend(machine::I64, count);
        self.b.ins().jump(done, &[count.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let (count, context) = (self.b.block_params(done)[0], self.context);
        self.b.ins().store(own(), count, context, layout::OPEN_COUNT);
    }

    /// A call of what is no function with code, as far as was seen: by its fast path, or by the interpreter.
    fn call_host(&mut self, instruction: &I, results: &[Reg], callee: Operand, arguments: &[Operand]) -> Next {
        let seen = seen(self.job, self.at);
        if results.len() > 1 || seen.calls_slowly {
            return self.step(instruction);
        }
        if let (&[result], &[argument], Some(numeric)) =
            (results, arguments, self.kinds.numeric(arguments, &seen).filter(|_| self.style.has_rounding))
        {
            self.call_numeric(result, callee, argument, numeric);
            return Next::Falls;
        }
        self.load_operand(callee);
        arguments.iter().for_each(|&argument| self.load_operand(argument));
        let cold = self.cold();
        let done = if results.is_empty() { self.b.create_block() } else { self.block_with_pair() };
        let (closure, tag) = self.pair(callee);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_FUNCTION));
        self.cold_if(is_other, cold);
        let new = self.place_values(arguments);
        let count = self.b.ins().iconst(machine::I64, arguments.len() as i64);
        let context = self.context;
        let found = self.call_helper(self.job.helpers.fast_path, &[context, closure, new, count], machine::I64);
        let is_unknown = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, found, 0);
        self.cold_if_refused(is_unknown, cold);
        if results.is_empty() {
            self.b.ins().jump(done, &[]);
        } else {
            let (payload, tag) = self.load_pair(new, 0);
            let zero = self.b.ins().iconst(machine::I64, 0);
            let nil = self.tag_constant(TAG_NIL);
            let payload = self.b.ins().select(found, payload, zero);
            let tag = self.b.ins().select(found, tag, nil);
            self.b.ins().jump(done, &[payload.into(), tag.into()]);
        }
        self.step_in(cold, done, results.first().copied());
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        if let Some(&reg) = results.first() {
            let result = self.b.block_params(done).to_vec();
            self.set_pair(reg, (result[0], result[1]), Kind::Unknown);
        }
        Next::Falls
    }

    /// A call of a host function that was always the same one of one number.
    fn call_numeric(&mut self, result: Reg, callee: Operand, argument: Operand, numeric: Numeric) {
        let seen = seen(self.job, self.at);
        [callee, argument].into_iter().for_each(|operand| self.load_operand(operand));
        self.guard(callee, TAG_FUNCTION);
        let (closure, context) = (self.payload(callee), self.context);
        let function = self.b.ins().load(machine::I64, own(), closure, layout::CLOSURE_FUNCTION);
        let known = self.address_of(seen.host);
        let is_other = self.b.ins().icmp(IntCC::NotEqual, function, known);
        self.exit_if(is_other, layout::REASON_GUARD);
        // Calls of the host are places where the collector works.
        let debt = self.b.ins().load(machine::I64, own(), context, layout::HEAP_DEBT);
        let is_due = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, debt, 0);
        self.exit_if(is_due, layout::REASON_CHECK);
        let expected = self.kinds.expected(argument, &seen, 1);
        match numeric {
            Numeric::SquareRoot => {
                let value = self.float(argument, expected);
                let root = self.b.ins().sqrt(value);
                self.set_float(result, root);
            }
            Numeric::Floor if expected == Expected::Int => {
                self.guard(argument, TAG_INT);
                self.set_copy(result, argument);
            }
            Numeric::Floor => {
                let value = self.float(argument, expected);
                let floor = self.b.ins().floor(value);
                // What fits is neither too large nor no number.
                let limits = [-TWO_TO_63, TWO_TO_63].map(|limit| self.b.ins().f64const(limit));
                let is_above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, floor, limits[0]);
                let is_below = self.b.ins().fcmp(FloatCC::LessThan, floor, limits[1]);
                let fits = self.b.ins().band(is_above, is_below);
                let is_other = self.b.ins().bxor_imm_u(fits, 1);
                self.exit_if(is_other, layout::REASON_CHECK);
                let whole = self.b.ins().fcvt_to_sint_sat(machine::I64, floor);
                self.set_known(result, TAG_INT, whole);
            }
        }
    }

    /// Returns.
    fn return_dynamic(&mut self, values: &[Operand]) {
        if values.len() >= FREE_VALUES {
            return self.exit_now(REASON_INSTRUCTION);
        }
        if values.len() != 1 {
            self.return_many(values);
        }
        let fuel = self.b.use_var(self.fuel);
        let (payload, tag) = match values.first() {
            Some(&value) => self.pair(value),
            None => (self.b.ins().iconst(machine::I64, 0), self.tag_constant(TAG_NIL)),
        };
        self.b.ins().return_(&[fuel, payload, tag]);
    }

    /// Returns where other than one value is wanted; goes on where it is one, or none.
    fn return_many(&mut self, values: &[Operand]) {
        values.iter().for_each(|&value| self.load_operand(value));
        let regs = self.regs;
        let place = self.b.ins().load(machine::I64, frame(), regs, layout::FRAME_PLACE);
        let wanted = self.b.ins().uload16(machine::I32, own(), place, layout::RETURN_RESULTS);
        let is_few = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, wanted, 1);
        let (few, many) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(is_few, few, &[], many, &[]);
        self.b.seal_block(few);
        self.b.seal_block(many);
        self.b.switch_to_block(many);
        let shared = self.shared.take();
        let is_closed = self.b.ins().icmp_imm_u(IntCC::NotEqual, wanted, i64::from(layout::OPEN_RESULTS));
        let is_more = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, wanted, values.len() as i64);
        let is_short = self.b.ins().band(is_closed, is_more);
        self.exit_if(is_short, REASON_INSTRUCTION);
        self.shared = shared;
        let pairs: Vec<_> = values.iter().map(|&value| self.pair(value)).collect();
        for (index, pair) in pairs.into_iter().enumerate() {
            self.store_pair(pair, (regs, index as i32 * layout::ELEMENT_BYTES));
        }
        let fuel = self.b.use_var(self.fuel);
        let zero = self.b.ins().iconst(machine::I64, 0);
        let count = self.tag_constant((values.len() as u32 + 1) << layout::COUNT_SHIFT);
        self.b.ins().return_(&[fuel, zero, count]);
        self.b.switch_to_block(few);
    }
}
