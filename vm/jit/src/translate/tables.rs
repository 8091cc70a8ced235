//! Reading and writing tables: elements of array parts, fields, methods, lengths.

use super::{Next, Translator, own, regions};
use crate::facts::seen;
use crate::kinds::{INT, Kind, PLAIN_BITS};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types as machine};
use minivm::raw::native::layout::{self, TAG_FALSE, TAG_FLOAT, TAG_INT, TAG_NIL, TAG_STRING, TAG_TABLE};
use minivm::raw::native::{MANY_NODES, NO_NODE, Seen};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction as I, Operand};

/// Where a field of a table may be.
struct Place {
    table: Value,
    key: Value,
}

/// Bits of the tag of a key in a node, below the tag of its value.
const KEY_TAG_BITS: u32 = 8;
const _: () = assert!(layout::NODE_VALUE_TAG == layout::NODE_KEY_TAG + 1);

impl Translator<'_, '_> {
    /// Instructions on tables.
    pub(super) fn access_table(&mut self, instruction: &I) -> Option<Next> {
        match *instruction {
            I::Get { dst, object, key } => self.get_item(dst, object, key),
            I::Set { object, key, value } => self.set_item(object, key, value),
            I::GetMethod { function, self_value, object, key } => self.get_method([function, self_value], object, key),
            I::Length { dst, src } => {
                self.length(dst, src);
                Some(Next::Falls)
            }
            _ => None,
        }
    }

    /// Goes to `cold` while the collector has to see what is overwritten.
    pub(super) fn unless_marking(&mut self, cold: ir::Block) {
        let context = self.context;
        let is_marking = self.b.ins().load(machine::I8, own(), context, layout::MARKING);
        self.cold_if(is_marking, cold);
    }

    /// Makes sure that an object is a table: by a guard where nothing else was seen, else in `cold`.
    pub(super) fn table(&mut self, object: Operand, cold: ir::Block) -> Value {
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
        self.kinds.is_field(key)
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
        if let Some(tag) = self.kinds.found(object, key, &seen(self.job, self.at)) {
            self.get_found(dst, object, key, tag);
            return Some(Next::Falls);
        }
        [object, key].into_iter().for_each(|operand| self.load_operand(operand));
        let (cold, done) = (self.cold(), self.block_with_pair());
        let table = self.table(object, cold);
        let place = Place { table, key: self.payload(key) };
        let miss = self.cold();
        if by == TAG_INT && !is_field {
            self.check_int(key, cold);
            let slot = self.slot_of_element(&place, miss);
            let tag = self.b.ins().load(machine::I32, regions::element_tag(), slot, layout::ELEMENT_TAG);
            let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
            self.cold_if(is_nil, miss);
            let payload = self.b.ins().load(machine::I64, regions::element(), slot, 0);
            self.b.ins().jump(done, &[payload.into(), tag.into()]);
        } else if is_field && let Some(node) = self.seen_node(&place, miss) {
            let tag = self.value_tag(node, miss);
            self.go_with_value(node, tag, done);
        } else {
            self.b.ins().jump(miss, &[]);
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

    /// The same where a value with this tag was found in one place each time: leaves where it is not there.
    fn get_found(&mut self, dst: Reg, object: Operand, key: Operand, tag: u32) {
        let place = Place { table: self.payload(object), key: self.payload(key) };
        let miss = self.cold();
        let payload = if self.is_field(key) {
            let node = self.seen_node(&place, miss).expect("the place is one node");
            self.check_tags(node, tag, miss);
            self.b.ins().load(machine::I64, regions::node_value(), node, layout::NODE_VALUE)
        } else {
            let slot = self.slot_of_element(&place, miss);
            self.check_element(slot, 1 << tag, miss);
            self.b.ins().load(machine::I64, regions::element(), slot, 0)
        };
        self.leave_in(miss);
        if tag == TAG_FLOAT {
            let float = self.float_of_bits(payload);
            self.set_float(dst, float);
        } else {
            self.set_known(dst, tag, payload);
        }
    }

    fn check_int(&mut self, key: Operand, cold: ir::Block) {
        if self.kind(key) != INT {
            let tag = self.tag_of(key);
            let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(TAG_INT));
            self.cold_if(is_other, cold);
        }
    }

    /// The node where a field was seen, if its key has the payload of the field's; its tags are still to be looked at.
    fn seen_node(&mut self, place: &Place, miss: ir::Block) -> Option<Value> {
        let index = seen(self.job, self.at).node;
        (index < MANY_NODES).then(|| self.node_at(place, index, miss))
    }

    /// A node, if its key has the payload of the one that is looked for; its tags are still to be looked at.
    fn node_at(&mut self, place: &Place, index: u32, miss: ir::Block) -> Value {
        if index > 0 {
            let mask = self.b.ins().load(machine::I32, regions::table(), place.table, layout::HEAP_TABLE_MASK);
            let is_short = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, mask, i64::from(index));
            self.cold_if(is_short, miss);
        }
        let nodes = self.b.ins().load(machine::I64, regions::table(), place.table, layout::HEAP_TABLE_NODES);
        let node = self.b.ins().iadd_imm_u(nodes, i64::from(index) * i64::from(layout::NODE_BYTES));
        let key = self.b.ins().load(machine::I64, regions::node_key(), node, layout::NODE_KEY);
        let is_other = self.b.ins().icmp(IntCC::NotEqual, key, place.key);
        self.cold_if(is_other, miss);
        node
    }

    fn tags(&mut self, node: Value) -> Value {
        self.b.ins().uload16(machine::I32, regions::node_tags(), node, layout::NODE_KEY_TAG)
    }

    /// The tag of the value of a node; goes to `miss` where that is nil or the key is no string.
    fn value_tag(&mut self, node: Value, miss: ir::Block) -> Value {
        let tags = self.tags(node);
        let key_tag = self.b.ins().ireduce(machine::I8, tags);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, key_tag, i64::from(TAG_STRING));
        self.cold_if(is_other, miss);
        let tag = self.b.ins().ushr_imm_u(tags, i64::from(KEY_TAG_BITS));
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
        self.cold_if(is_nil, miss);
        tag
    }

    /// Goes to `miss` unless a node has a string as its key and a value with this tag.
    fn check_tags(&mut self, node: Value, tag: u32, miss: ir::Block) {
        let tags = self.tags(node);
        let wanted = i64::from(TAG_STRING | tag << KEY_TAG_BITS);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tags, wanted);
        self.cold_if(is_other, miss);
    }

    /// Goes to `miss` unless the tag of an element is the one that was seen, or, of several, no reference and not nil.
    fn check_element(&mut self, slot: Value, seen: u16, miss: ir::Block) {
        let tag = self.b.ins().load(machine::I32, regions::element_tag(), slot, layout::ELEMENT_TAG);
        self.check_seen_tag(tag, seen, miss);
    }

    fn check_seen_tag(&mut self, tag: Value, seen: u16, miss: ir::Block) {
        let is_other = if seen.is_power_of_two() {
            self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, i64::from(seen.trailing_zeros()))
        } else {
            let above = self.b.ins().iadd_imm_s(tag, -i64::from(TAG_FALSE));
            self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, i64::from(TAG_FLOAT - TAG_FALSE))
        };
        self.cold_if(is_other, miss);
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

    /// The slot of an element of the array part; goes to `miss` where there is none. It may hold nil.
    fn slot_of_element(&mut self, place: &Place, miss: ir::Block) -> Value {
        let index = self.b.ins().iadd_imm_s(place.key, -1);
        let length = self.b.ins().uload32(regions::table(), place.table, layout::HEAP_TABLE_LENGTH);
        let is_outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.cold_if(is_outside, miss);
        let array = self.b.ins().load(machine::I64, regions::table(), place.table, layout::HEAP_TABLE_ARRAY);
        let offset = self.b.ins().imul_imm_s(index, i64::from(layout::ELEMENT_BYTES));
        self.b.ins().iadd(array, offset)
    }

    /// `object[key] = value`.
    fn set_item(&mut self, object: Operand, key: Operand, value: Operand) -> Option<Next> {
        self.guard_table(object);
        let is_field = self.is_field(key);
        let by = if is_field { TAG_STRING } else { self.guard_key(object, key)? };
        if let Some(old) = self.kinds.overwritten(object, key, &seen(self.job, self.at)) {
            self.overwrite([object, key, value], old);
            return Some(Next::Falls);
        }
        [object, key, value].into_iter().for_each(|operand| self.load_operand(operand));
        let (cold, miss, done) = (self.cold(), self.cold(), self.b.create_block());
        let table = self.table(object, cold);
        let key_payload = self.payload(key);
        let pair = self.pair(value);
        if by == TAG_INT {
            self.check_int(key, cold);
        }
        let place = Place { table, key: key_payload };
        let helper = if by == TAG_STRING {
            self.unless_marking(miss);
            if let Some(node) = is_field.then(|| self.seen_node(&place, miss)).flatten() {
                self.value_tag(node, miss);
                self.b.ins().store(regions::node_value(), pair.0, node, layout::NODE_VALUE);
                self.b.ins().istore8(regions::node_tags(), pair.1, node, layout::NODE_VALUE_TAG);
                self.b.ins().jump(done, &[]);
            } else {
                self.b.ins().jump(miss, &[]);
            }
            self.job.helpers.field_set
        } else {
            let fills = seen(self.job, self.at).found & 1 << TAG_NIL != 0;
            let outside = if fills { self.b.create_block() } else { miss };
            let slot = self.slot_of_element(&place, outside);
            let tag = self.b.ins().load(machine::I32, regions::element_tag(), slot, layout::ELEMENT_TAG);
            self.unless_shown(tag, miss);
            self.store_pair_in_slot(pair, slot);
            self.b.ins().jump(done, &[]);
            if fills {
                self.b.seal_block(outside);
                self.b.switch_to_block(outside);
                let slot = self.next_slot(&place, pair.1, miss);
                self.store_pair_in_slot(pair, slot);
                self.b.ins().jump(done, &[]);
            }
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

    /// Goes to `miss` where an element with this tag is nil, or the collector has to see that it is overwritten, as references are
    /// while it marks.
    fn unless_shown(&mut self, tag: Value, miss: ir::Block) {
        let (other, plain) = (self.b.create_block(), self.b.create_block());
        if seen(self.job, self.at).found & !(PLAIN_BITS | 1 << TAG_NIL) == 0 {
            self.b.set_cold_block(other);
        }
        let above = self.b.ins().iadd_imm_s(tag, -i64::from(TAG_FALSE));
        let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, above, i64::from(TAG_FLOAT - TAG_FALSE));
        self.b.ins().brif(is_other, other, &[], plain, &[]);
        self.b.seal_block(other);
        self.b.switch_to_block(other);
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
        self.cold_if(is_nil, miss);
        self.unless_marking(miss);
        self.b.ins().jump(plain, &[]);
        self.b.seal_block(plain);
        self.b.switch_to_block(plain);
    }

    fn store_pair_in_slot(&mut self, (payload, tag): (Value, Value), slot: Value) {
        self.b.ins().store(regions::element(), payload, slot, 0);
        self.b.ins().store(regions::element_tag(), tag, slot, layout::ELEMENT_TAG);
    }

    /// Makes the slot after the last one of the array part, where that is the one that is looked for, there is room for it, and a
    /// value with this tag may just be stored; else goes to `miss`. The collector need not see what was not there.
    fn next_slot(&mut self, place: &Place, tag: Value, miss: ir::Block) -> Value {
        let index = self.b.ins().iadd_imm_s(place.key, -1);
        let length = self.b.ins().load(machine::I32, regions::table(), place.table, layout::HEAP_TABLE_LENGTH);
        let wide = self.b.ins().uextend(machine::I64, length);
        let is_other = self.b.ins().icmp(IntCC::NotEqual, index, wide);
        self.cold_if(is_other, miss);
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, tag, i64::from(TAG_NIL));
        self.cold_if(is_nil, miss);
        let nodes = self.b.ins().load(machine::I64, regions::table(), place.table, layout::HEAP_TABLE_NODES);
        let metatable = self.b.ins().load(machine::I64, regions::table(), nodes, layout::NODES_METATABLE);
        let has_metatable = self.b.ins().icmp_imm_u(IntCC::NotEqual, metatable, 0);
        self.cold_if(has_metatable, miss);
        let flags = self.b.ins().load(machine::I8, regions::table(), nodes, layout::NODES_FLAGS);
        let is_closed = self.b.ins().band_imm_u(flags, i64::from(layout::FLAGS_NO_FREE_SLOT));
        self.cold_if(is_closed, miss);
        let array = self.b.ins().load(machine::I64, regions::table(), place.table, layout::HEAP_TABLE_ARRAY);
        let own = self.b.ins().iadd_imm_u(place.table, i64::from(layout::HEAP_TABLE_INLINE_ARRAY));
        let is_inline = self.b.ins().icmp(IntCC::Equal, array, own);
        self.cold_if(is_inline, miss);
        let size = self.b.ins().load(machine::I32, regions::table(), array, layout::ARRAY_SIZE);
        let is_full = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, length, size);
        self.cold_if(is_full, miss);
        let end = self.b.ins().iadd_imm_s(length, 1);
        self.b.ins().store(regions::table(), end, place.table, layout::HEAP_TABLE_LENGTH);
        let hint = self.b.ins().load(machine::I32, regions::table(), array, layout::ARRAY_HINT);
        let hint = self.b.ins().umax(hint, end);
        self.b.ins().store(regions::table(), hint, array, layout::ARRAY_HINT);
        let offset = self.b.ins().imul_imm_s(index, i64::from(layout::ELEMENT_BYTES));
        self.b.ins().iadd(array, offset)
    }

    /// The same where values with these tags were overwritten in one place each time: leaves where that is not so. None of them is
    /// a reference, so that the collector need not see them.
    fn overwrite(&mut self, [object, key, value]: [Operand; 3], old: u16) {
        let place = Place { table: self.payload(object), key: self.payload(key) };
        let is_kept = self.kind(value) == Kind::Is(old.trailing_zeros()) && old.is_power_of_two();
        let (payload, tag) = self.pair(value);
        let miss = self.cold();
        if self.is_field(key) {
            let node = self.seen_node(&place, miss).expect("the place is one node");
            if old.is_power_of_two() {
                self.check_tags(node, old.trailing_zeros(), miss);
            } else {
                let found = self.value_tag(node, miss);
                self.check_seen_tag(found, old, miss);
            }
            self.b.ins().store(regions::node_value(), payload, node, layout::NODE_VALUE);
            if !is_kept {
                self.b.ins().istore8(regions::node_tags(), tag, node, layout::NODE_VALUE_TAG);
            }
        } else {
            let slot = self.slot_of_element(&place, miss);
            self.check_element(slot, old, miss);
            self.b.ins().store(regions::element(), payload, slot, 0);
            if !is_kept {
                self.b.ins().store(regions::element_tag(), tag, slot, layout::ELEMENT_TAG);
            }
        }
        self.leave_in(miss);
    }

    fn get_method(&mut self, [function, self_value]: [Reg; 2], object: Operand, key: Operand) -> Option<Next> {
        let hash = self.kinds.hash_of(key)?;
        self.guard_table(object);
        let seen = seen(self.job, self.at);
        let is_string = self.kinds.is_seen(object, &seen, 0, TAG_STRING);
        if is_string {
            self.guard(object, TAG_STRING);
        }
        self.load_operand(object);
        let (cold, done) = (self.cold(), self.block_with_pair());
        // Strings have no methods of their own.
        let table = if is_string { self.b.ins().iconst(machine::I64, 0) } else { self.table(object, cold) };
        let place = Place { table, key: self.payload(key) };
        if !is_string && seen.node < MANY_NODES {
            let miss = self.cold();
            let node = self.seen_method(&place, hash, &seen, miss);
            let tag = self.value_tag(node, miss);
            self.go_with_value(node, tag, done);
            self.b.seal_block(miss);
            self.b.switch_to_block(miss);
        }
        let arguments = [self.context, place.table, place.key];
        let node = self.call_helper(self.job.helpers.method_node, &arguments, machine::I64);
        let is_none = self.b.ins().icmp_imm_u(IntCC::Equal, node, 0);
        self.cold_if(is_none, cold);
        let tags = self.tags(node);
        let tag = self.b.ins().ushr_imm_u(tags, i64::from(KEY_TAG_BITS));
        self.go_with_value(node, tag, done);
        self.step_in(cold, done, Some(function));
        self.b.seal_block(done);
        self.b.switch_to_block(done);
        let result = self.b.block_params(done).to_vec();
        self.set_copy(self_value, object);
        self.set_pair(function, (result[0], result[1]), Kind::Unknown);
        Some(Next::Falls)
    }

    /// Goes on with the value of a node, whose tag is known.
    fn go_with_value(&mut self, node: Value, tag: Value, done: ir::Block) {
        let payload = self.b.ins().load(machine::I64, regions::node_value(), node, layout::NODE_VALUE);
        self.b.ins().jump(done, &[payload.into(), tag.into()]);
    }

    /// The node where a method was seen, behind as many metatables as then; goes to `miss` where it is not there now, or the
    /// object or a table on the way has something under its name.
    fn seen_method(&mut self, place: &Place, hash: u32, seen: &Seen, miss: ir::Block) -> Value {
        let mut table = place.table;
        for &index in seen.behind.iter().take_while(|&&index| index != NO_NODE) {
            let nodes = self.nodes_without(&Place { table, ..*place }, hash, miss);
            let metatable = self.b.ins().load(machine::I64, regions::table(), nodes, layout::NODES_METATABLE);
            let is_none = self.b.ins().icmp_imm_u(IntCC::Equal, metatable, 0);
            self.cold_if(is_none, miss);
            let name = self.address_of(self.job.index_name);
            let node = self.node_at(&Place { table: metatable, key: name }, index, miss);
            self.check_tags(node, TAG_TABLE, miss);
            table = self.b.ins().load(machine::I64, regions::node_value(), node, layout::NODE_VALUE);
        }
        self.node_at(&Place { table, ..*place }, seen.node, miss)
    }

    /// The nodes of a table; goes to `miss` if they may have the key, or others may.
    fn nodes_without(&mut self, place: &Place, hash: u32, miss: ir::Block) -> Value {
        let nodes = self.b.ins().load(machine::I64, regions::table(), place.table, layout::HEAP_TABLE_NODES);
        let flags = self.b.ins().load(machine::I8, regions::table(), nodes, layout::NODES_FLAGS);
        let has_more = self.b.ins().band_imm_u(flags, i64::from(layout::FLAGS_MORE));
        self.cold_if(has_more, miss);
        let mask = self.b.ins().uload32(regions::table(), place.table, layout::HEAP_TABLE_MASK);
        let index = self.b.ins().band_imm_u(mask, i64::from(hash));
        let (chain, absent) = (self.b.create_block(), self.b.create_block());
        self.b.append_block_param(chain, machine::I64);
        let offset = self.b.ins().imul_imm_u(index, i64::from(layout::NODE_BYTES));
        let start = self.b.ins().iadd(nodes, offset);
        self.b.ins().jump(chain, &[start.into()]);
        self.b.switch_to_block(chain);
        let node = self.b.block_params(chain)[0];
        let key = self.b.ins().load(machine::I64, regions::node_key(), node, layout::NODE_KEY);
        let is_there = self.b.ins().icmp(IntCC::Equal, key, place.key);
        self.cold_if(is_there, miss);
        let distance = self.b.ins().sload32(regions::table(), node, layout::NODE_NEXT);
        let offset = self.b.ins().imul_imm_s(distance, i64::from(layout::NODE_BYTES));
        let next = self.b.ins().iadd(node, offset);
        self.b.ins().brif(distance, chain, &[next.into()], absent, &[]);
        self.b.seal_block(chain);
        self.b.seal_block(absent);
        self.b.switch_to_block(absent);
        nodes
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
