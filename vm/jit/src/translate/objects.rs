//! New objects, captured values and cells.

use super::{Next, Translator, frame, regions};
use crate::facts::{open_values, seen};
use crate::kinds::Kind;
use crate::types::native;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{self, TAG_CELL, TAG_FUNCTION, TAG_TABLE};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction as I, Operand, Type};

impl Translator<'_, '_> {
    /// Instructions on objects.
    pub(super) fn object(&mut self, instruction: &I) -> Option<Next> {
        match *instruction {
            I::Get { .. } | I::Set { .. } | I::GetMethod { .. } | I::Length { .. } => {
                return self.access_table(instruction);
            }
            I::TableNew { dst, array, hash } => {
                let [array, hash] = [array, hash].map(|number| self.b.ins().iconst(machine::I64, number as i64));
                let context = self.context;
                let made = self.call_helper(self.job.helpers.table_new, &[context, array, hash], machine::I64);
                self.set_made(dst, TAG_TABLE, made, &[]);
            }
            I::CellNew { dst, src } => self.new_cell(dst, src),
            I::Closure { dst, ref captures, .. } => {
                let function = *self.job.functions.get(&self.at)?;
                captures.iter().for_each(|&capture| self.load_operand(capture));
                let values: Vec<_> = captures.iter().map(|&capture| self.captured(capture)).collect();
                let (function, context) = (self.address_of(function), self.context);
                let count = self.b.ins().iconst(machine::I64, captures.len() as i64);
                let made = self.call_helper(self.job.helpers.closure_new, &[context, function, count], machine::I64);
                self.set_made(dst, TAG_FUNCTION, made, &values);
            }
            I::Append { table, first, ref values } if !values.is_empty() => self.append(table, first, values, None),
            I::AppendOpen { table, first, ref values } => {
                let open = open_values(seen(self.job, self.at))?;
                self.append(table, first, values, Some(open));
            }
            I::CaptureGet { dst, index } => {
                let pair = self.capture(index);
                match self.job.function.registers[dst] {
                    Type::Any => self.set_pair(dst, pair, Kind::Unknown),
                    ty if native(ty).is_none() => {
                        let (slot, regs) = (self.slot(dst), self.regs);
                        self.b.ins().store(frame(), pair.0, regs, slot);
                    }
                    _ => return None,
                }
            }
            I::CaptureCellGet { dst, index } => {
                let cell = self.capture(index).0;
                let pair = self.load_pair_in(regions::cell(), cell, layout::CELL_VALUE);
                self.set_pair(dst, pair, Kind::Unknown);
            }
            I::CellGet { dst, cell } => {
                let cell = self.cell(cell)?;
                let pair = self.load_pair_in(regions::cell(), cell, layout::CELL_VALUE);
                self.set_pair(dst, pair, Kind::Unknown);
            }
            I::CaptureCellSet { index, src } => {
                self.load_operand(src);
                let cell = self.capture(index).0;
                self.set_cell(cell, src);
            }
            I::CellSet { cell, src } => {
                self.load_operand(src);
                let cell = self.cell(cell)?;
                self.set_cell(cell, src);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// A new object, whose captured values are yet to be written; the interpreter makes it where there is none.
    fn set_made(&mut self, dst: Reg, tag: u32, made: Value, captured: &[(Value, Value)]) {
        let (cold, done) = (self.cold(), self.b.create_block());
        self.b.append_block_param(done, machine::I64);
        let is_none = self.b.ins().icmp_imm_u(IntCC::Equal, made, 0);
        self.cold_if_refused(is_none, cold);
        for (index, &pair) in captured.iter().enumerate() {
            let offset = layout::CLOSURE_CAPTURES + index as i32 * layout::ELEMENT_BYTES;
            self.store_pair_in(regions::capture(), pair, (made, offset));
        }
        self.b.ins().jump(done, &[made.into()]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        let (slot, regs) = (self.slot(dst), self.regs);
        let payload = self.b.ins().load(machine::I64, frame(), regs, slot);
        self.b.ins().jump(done, &[payload.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let made = self.b.block_params(done)[0];
        self.set_known(dst, tag, made);
    }

    /// A new cell, which is in the frame only.
    fn new_cell(&mut self, dst: Reg, src: Operand) {
        self.load_operand(src);
        let (payload, tag) = self.pair(src);
        let (context, cold, done) = (self.context, self.cold(), self.b.create_block());
        let made = self.call_helper(self.job.helpers.cell_new, &[context, payload, tag], machine::I64);
        let is_none = self.b.ins().icmp_imm_u(IntCC::Equal, made, 0);
        self.cold_if_refused(is_none, cold);
        let (slot, regs) = (self.slot(dst), self.regs);
        self.b.ins().store(frame(), made, regs, slot);
        self.b.ins().jump(done, &[]);
        self.step_in(cold, done, None);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }

    /// A value that a closure captures, or the cell.
    fn captured(&mut self, capture: Operand) -> (Value, Value) {
        match capture.reg().filter(|&reg| !self.is_any(reg)) {
            Some(reg) => {
                let (slot, regs) = (self.slot(reg), self.regs);
                let cell = self.b.ins().load(machine::I64, frame(), regs, slot);
                (cell, self.tag_constant(TAG_CELL))
            }
            None => self.pair(capture),
        }
    }

    /// The values of a constructor, the last of them, if there are `open`, those of the open list. They lie in the window.
    fn append(&mut self, table: Operand, first: u64, values: &[Operand], open: Option<usize>) {
        if let Some(open) = open {
            self.check_open(open);
        }
        self.load_operand(table);
        values.iter().for_each(|&value| self.load_operand(value));
        let (cold, done) = (self.cold(), self.b.create_block());
        let table = self.table(table, cold);
        let pairs = self.argument_pairs(values, open.unwrap_or(0));
        let list = self.place_pairs(pairs.clone());
        let numbers = [first, pairs.len() as u64, u64::from(open.is_some())];
        let [first, count, is_end] = numbers.map(|number| self.b.ins().iconst(machine::I64, number as i64));
        let context = self.context;
        let arguments = [context, table, first, list, count, is_end];
        let is_done = self.call_helper(self.job.helpers.table_list, &arguments, machine::I64);
        let is_refused = self.b.ins().icmp_imm_u(IntCC::Equal, is_done, 0);
        let refused = self.cold();
        self.cold_if_refused(is_refused, refused);
        self.b.ins().jump(done, &[]);
        // The interpreter finds the open list where it was.
        self.b.seal_block(refused);
        self.b.switch_to_block(refused);
        self.place_pairs(pairs[values.len()..].to_vec());
        self.b.ins().jump(cold, &[]);
        self.step_in(cold, done, None);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }

    /// A captured value of the running closure.
    fn capture(&mut self, index: u64) -> (Value, Value) {
        let regs = self.regs;
        let closure = self.b.ins().load(machine::I64, frame(), regs, layout::FRAME_CLOSURE);
        let offset = layout::CLOSURE_CAPTURES + index as i32 * layout::ELEMENT_BYTES;
        self.load_pair_in(regions::capture(), closure, offset)
    }

    fn cell(&mut self, cell: Operand) -> Option<Value> {
        let (slot, regs) = (self.slot(cell.reg()?), self.regs);
        Some(self.b.ins().load(machine::I64, frame(), regs, slot))
    }

    fn set_cell(&mut self, cell: Value, src: Operand) {
        let pair = self.pair(src);
        let (cold, done) = (self.cold(), self.b.create_block());
        self.unless_marking(cold);
        self.store_pair_in(regions::cell(), pair, (cell, layout::CELL_VALUE));
        self.b.ins().jump(done, &[]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        let context = self.context;
        self.call_helper(self.job.helpers.cell_set, &[context, cell, pair.0, pair.1], machine::I64);
        self.b.ins().jump(done, &[]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }
}
