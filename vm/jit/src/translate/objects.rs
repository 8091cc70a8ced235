//! Tables, captured values and cells.

use super::{Next, Translator, own};
use crate::facts::seen;
use crate::kinds::{INT, Kind};
use crate::types::native;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{self, TAG_CELL, TAG_FUNCTION, TAG_INT, TAG_NIL, TAG_STRING, TAG_TABLE};
use minivm::raw::native::{MANY_NODES, NO_NODE};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction as I, Operand, Type};

/// Where a field of a table may be.
struct Place {
    table: Value,
    key: Value,
}

impl Translator<'_, '_> {
    /// Instructions on objects.
    pub(super) fn object(&mut self, instruction: &I) -> Option<Next> {
        match *instruction {
            I::Get { dst, object, key } => return self.get_item(dst, object, key),
            I::Set { object, key, value } => return self.set_item(object, key, value),
            I::GetMethod { function, self_value, object, key } => {
                return self.get_method([function, self_value], object, key);
            }
            I::Length { dst, src } => self.length(dst, src),
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
            I::Append { table, first, ref values } if !values.is_empty() => self.append(table, first, values),
            I::CaptureGet { dst, index } => {
                let pair = self.capture(index);
                match self.job.function.registers[dst] {
                    Type::Any => self.set_pair(dst, pair, Kind::Unknown),
                    ty if native(ty).is_none() => {
                        let (slot, regs) = (self.slot(dst), self.regs);
                        self.b.ins().store(own(), pair.0, regs, slot);
                    }
                    _ => return None,
                }
            }
            I::CaptureCellGet { dst, index } => {
                let cell = self.capture(index).0;
                let pair = self.load_pair(cell, layout::CELL_VALUE);
                self.set_pair(dst, pair, Kind::Unknown);
            }
            I::CellGet { dst, cell } => {
                let cell = self.cell(cell)?;
                let pair = self.load_pair(cell, layout::CELL_VALUE);
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
            self.store_pair(pair, (made, layout::CLOSURE_CAPTURES + index as i32 * layout::ELEMENT_BYTES));
        }
        self.b.ins().jump(done, &[made.into()]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        let (slot, regs) = (self.slot(dst), self.regs);
        let payload = self.b.ins().load(machine::I64, own(), regs, slot);
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
        self.b.ins().store(own(), made, regs, slot);
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
                let cell = self.b.ins().load(machine::I64, own(), regs, slot);
                (cell, self.tag_constant(TAG_CELL))
            }
            None => self.pair(capture),
        }
    }

    /// The values of a constructor, which lie in the window.
    fn append(&mut self, table: Operand, first: u64, values: &[Operand]) {
        self.load_operand(table);
        values.iter().for_each(|&value| self.load_operand(value));
        let (cold, done) = (self.cold(), self.b.create_block());
        let table = self.table(table, cold);
        let list = self.place_values(values);
        let [first, count] =
            [first, values.len() as u64].map(|number| self.b.ins().iconst(machine::I64, number as i64));
        let context = self.context;
        let arguments = [context, table, first, list, count];
        let is_done = self.call_helper(self.job.helpers.table_list, &arguments, machine::I64);
        let is_refused = self.b.ins().icmp_imm_u(IntCC::Equal, is_done, 0);
        self.cold_if_refused(is_refused, cold);
        self.b.ins().jump(done, &[]);
        self.step_in(cold, done, None);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }

    /// A captured value of the running closure.
    fn capture(&mut self, index: u64) -> (Value, Value) {
        let regs = self.regs;
        let closure = self.b.ins().load(machine::I64, own(), regs, layout::FRAME_CLOSURE);
        self.load_pair(closure, layout::CLOSURE_CAPTURES + index as i32 * layout::ELEMENT_BYTES)
    }

    fn cell(&mut self, cell: Operand) -> Option<Value> {
        let (slot, regs) = (self.slot(cell.reg()?), self.regs);
        Some(self.b.ins().load(machine::I64, own(), regs, slot))
    }

    fn set_cell(&mut self, cell: Value, src: Operand) {
        let pair = self.pair(src);
        let (cold, done) = (self.cold(), self.b.create_block());
        self.unless_marking(cold);
        self.store_pair(pair, (cell, layout::CELL_VALUE));
        self.b.ins().jump(done, &[]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        let context = self.context;
        self.call_helper(self.job.helpers.cell_set, &[context, cell, pair.0, pair.1], machine::I64);
        self.b.ins().jump(done, &[]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
    }

    /// Goes to `cold` while the collector has to see what is overwritten.
    fn unless_marking(&mut self, cold: ir::Block) {
        let context = self.context;
        let is_marking = self.b.ins().load(machine::I8, own(), context, layout::MARKING);
        self.cold_if(is_marking, cold);
    }

    /// Makes sure that an object is a table: by a guard where nothing else was seen, else in `cold`.
    fn table(&mut self, object: Operand, cold: ir::Block) -> Value {
        if self.kind(object) != Kind::Is(TAG_TABLE) {
            let tag = self.tag_of(object);
            let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_TABLE));
            self.cold_if(is_other, cold);
        }
        self.payload(object)
    }

    /// Guards what was seen of an object.
    fn guard_table(&mut self, object: Operand) {
        let seen = seen(self.job, self.at);
        if self.kinds.is_seen(object, &seen, 0, TAG_TABLE) {
            self.guard(object, TAG_TABLE);
        }
    }

    fn is_field(&self, key: Operand) -> bool {
        key.constant().is_some_and(|constant| self.job.short_strings[constant.as_u32() as usize])
    }

    /// How a key is looked up: as an integer, or by its hash; none when only the interpreter knows.
    fn guard_key(&mut self, object: Operand, key: Operand) -> Option<u32> {
        let seen = seen(self.job, self.at);
        let is_table = self.kinds.is_seen(object, &seen, 0, TAG_TABLE);
        if is_table && key.constant().is_none() {
            for tag in [TAG_INT, TAG_STRING] {
                if self.kinds.is_seen(key, &seen, 1, tag) {
                    self.guard(key, tag);
                    return Some(tag);
                }
            }
        }
        match self.kind(key) {
            INT => Some(TAG_INT),
            Kind::Is(TAG_STRING) => Some(TAG_STRING),
            Kind::Unknown | Kind::Number if seen.tags[1] & !(1 << TAG_INT) == 0 => Some(TAG_INT),
            _ => None,
        }
    }

    /// `dst = object[key]`.
    fn get_item(&mut self, dst: Reg, object: Operand, key: Operand) -> Option<Next> {
        self.guard_table(object);
        let is_field = self.is_field(key);
        let by = if is_field { TAG_STRING } else { self.guard_key(object, key)? };
        [object, key].into_iter().for_each(|operand| self.load_operand(operand));
        let (cold, done) = (self.cold(), self.block_with_pair());
        let table = self.table(object, cold);
        let place = Place { table, key: self.payload(key) };
        let miss = self.cold();
        if by == TAG_INT && !is_field {
            self.check_int(key, cold);
            self.get_element(&place, miss, done);
        } else {
            match is_field.then(|| self.seen_node(&place, miss)).flatten() {
                Some(node) => self.go_with_node(node, done),
                None => {
                    self.b.ins().jump(miss, &[]);
                }
            }
        }
        self.b.seal_block(miss);
        self.b.switch_to_block(miss);
        self.look_up(&place, by, cold, done);
        self.step_in(cold, done, Some(dst));
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let result = self.b.block_params(done).to_vec();
        self.set_pair(dst, (result[0], result[1]), Kind::Unknown);
        Some(Next::Falls)
    }

    fn check_int(&mut self, key: Operand, cold: ir::Block) {
        if self.kind(key) != INT {
            let tag = self.tag_of(key);
            let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_INT));
            self.cold_if(is_other, cold);
        }
    }

    /// The node where a field was seen; goes to `miss` where it is not there now.
    fn seen_node(&mut self, place: &Place, miss: ir::Block) -> Option<Value> {
        let index = seen(self.job, self.at).node;
        if index == NO_NODE || index == MANY_NODES {
            return None;
        }
        if index > 0 {
            let mask = self.b.ins().load(machine::I32, own(), place.table, layout::HEAP_TABLE_MASK);
            let is_short = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, mask, i64::from(index));
            self.cold_if(is_short, miss);
        }
        let nodes = self.b.ins().load(machine::I64, own(), place.table, layout::HEAP_TABLE_NODES);
        let node = self.b.ins().iadd_imm_u(nodes, i64::from(index) * i64::from(layout::NODE_BYTES));
        let key = self.b.ins().load(machine::I64, own(), node, layout::NODE_KEY);
        let is_other = self.b.ins().icmp(IntCC::NotEqual, key, place.key);
        self.cold_if(is_other, miss);
        let tag = self.b.ins().load(machine::I8, own(), node, layout::NODE_KEY_TAG);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_STRING));
        self.cold_if(is_other, miss);
        let tag = self.b.ins().load(machine::I8, own(), node, layout::NODE_VALUE_TAG);
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
        self.cold_if(is_nil, miss);
        Some(node)
    }

    /// Has the machine look a key up; goes to `cold` where only the interpreter can.
    fn look_up(&mut self, place: &Place, tag: u32, cold: ir::Block, done: ir::Block) {
        let (regs, window) = (self.regs, i64::from(self.job.window) * 8);
        let result = self.b.ins().iadd_imm_u(regs, window);
        let tag = self.tag_constant(tag);
        let arguments = [self.context, place.table, place.key, tag, result];
        let is_known = self.call_helper(self.job.helpers.table_get, &arguments, machine::I64);
        let is_unknown = self.b.ins().icmp_imm_u(IntCC::Equal, is_known, 0);
        self.cold_if(is_unknown, cold);
        let (payload, tag) = self.load_pair(result, 0);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
    }

    /// Goes on with the value of a node.
    fn go_with_node(&mut self, node: Value, done: ir::Block) {
        let payload = self.b.ins().load(machine::I64, own(), node, layout::NODE_VALUE);
        let tag = self.b.ins().uload8(machine::I32, own(), node, layout::NODE_VALUE_TAG);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
    }

    /// The slot of an element of the array part; goes to `miss` where there is none.
    fn slot_of_element(&mut self, place: &Place, miss: ir::Block) -> (Value, Value) {
        let index = self.b.ins().iadd_imm_s(place.key, -1);
        let length = self.b.ins().uload32(own(), place.table, layout::HEAP_TABLE_LENGTH);
        let is_outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.cold_if(is_outside, miss);
        let array = self.b.ins().load(machine::I64, own(), place.table, layout::HEAP_TABLE_ARRAY);
        let offset = self.b.ins().imul_imm_s(index, i64::from(layout::ELEMENT_BYTES));
        let slot = self.b.ins().iadd(array, offset);
        let tag = self.b.ins().load(machine::I32, own(), slot, layout::ELEMENT_TAG);
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
        self.cold_if(is_nil, miss);
        (slot, tag)
    }

    fn get_element(&mut self, place: &Place, miss: ir::Block, done: ir::Block) {
        let (slot, tag) = self.slot_of_element(place, miss);
        let payload = self.b.ins().load(machine::I64, own(), slot, 0);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
    }

    /// `object[key] = value`.
    fn set_item(&mut self, object: Operand, key: Operand, value: Operand) -> Option<Next> {
        self.guard_table(object);
        let is_field = self.is_field(key);
        let by = if is_field { TAG_STRING } else { self.guard_key(object, key)? };
        if by == TAG_STRING && !is_field {
            return None;
        }
        [object, key, value].into_iter().for_each(|operand| self.load_operand(operand));
        let (cold, miss, done) = (self.cold(), self.cold(), self.b.create_block());
        let table = self.table(object, cold);
        let key_payload = self.payload(key);
        let pair = self.pair(value);
        if !is_field {
            self.check_int(key, cold);
        }
        self.unless_marking(miss);
        let place = Place { table, key: key_payload };
        let helper = if is_field {
            if let Some(node) = self.seen_node(&place, miss) {
                self.b.ins().store(own(), pair.0, node, layout::NODE_VALUE);
                self.b.ins().istore8(own(), pair.1, node, layout::NODE_VALUE_TAG);
                self.b.ins().jump(done, &[]);
            } else {
                self.b.ins().jump(miss, &[]);
            }
            self.job.helpers.field_set
        } else {
            let (slot, _) = self.slot_of_element(&place, miss);
            self.store_pair(pair, (slot, 0));
            self.b.ins().jump(done, &[]);
            self.job.helpers.table_set
        };
        self.b.seal_block(miss);
        self.b.switch_to_block(miss);
        let arguments = [self.context, table, key_payload, pair.0, pair.1];
        let is_stored = self.call_helper(helper, &arguments, machine::I64);
        let is_refused = self.b.ins().icmp_imm_u(IntCC::Equal, is_stored, 0);
        // What is stored must not be stored once more by a test.
        self.b.ins().brif(is_refused, cold, &[], done, &[]);
        self.step_in(cold, done, None);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        Some(Next::Falls)
    }

    fn get_method(&mut self, [function, self_value]: [Reg; 2], object: Operand, key: Operand) -> Option<Next> {
        if !self.is_field(key) {
            return None;
        }
        self.guard_table(object);
        let is_string = self.kinds.is_seen(object, &seen(self.job, self.at), 0, TAG_STRING);
        if is_string {
            self.guard(object, TAG_STRING);
        }
        self.load_operand(object);
        let (cold, done) = (self.cold(), self.block_with_pair());
        // Strings have no methods of their own.
        let table = if is_string { self.b.ins().iconst(machine::I64, 0) } else { self.table(object, cold) };
        let (key, context) = (self.payload(key), self.context);
        let node = self.call_helper(self.job.helpers.method_node, &[context, table, key], machine::I64);
        let is_none = self.b.ins().icmp_imm_u(IntCC::Equal, node, 0);
        self.cold_if(is_none, cold);
        self.go_with_node(node, done);
        self.step_in(cold, done, Some(function));
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let result = self.b.block_params(done).to_vec();
        self.set_copy(self_value, object);
        self.set_pair(function, (result[0], result[1]), Kind::Unknown);
        Some(Next::Falls)
    }

    /// The length of a table or string, which is an integer; that of a metamethod may be something else.
    fn length(&mut self, dst: Reg, src: Operand) {
        self.load_operand(src);
        let (payload, tag) = self.pair(src);
        let (cold, done, context) = (self.cold(), self.b.create_block(), self.context);
        self.b.append_block_param(done, machine::I64);
        let length = self.call_helper(self.job.helpers.length, &[context, payload, tag], machine::I64);
        let is_unknown = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, length, 0);
        self.cold_if(is_unknown, cold);
        self.b.ins().jump(done, &[length.into()]);
        self.b.seal_block(cold);
        self.b.switch_to_block(cold);
        self.call_step();
        let (slot, regs) = (self.slot(dst), self.regs);
        let (length, tag) = self.load_pair(regs, slot);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_INT));
        self.exit_after(is_other, dst);
        self.b.ins().jump(done, &[length.into()]);
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let length = self.b.block_params(done)[0];
        self.set_known(dst, TAG_INT, length);
    }
}
