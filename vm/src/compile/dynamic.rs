//! Emitting `any` instructions.

use super::facts::{self, Fact};
use super::sources::{Kind, Kinds, Source, Variants, arithmetic, branch, choose, comparison, float_arithmetic};
use super::{Loading, key_address, small_int};
use crate::handlers::control;
use crate::handlers::control::{NotTaken, Taken};
use crate::handlers::dynamic as ops;
use crate::handlers::object;
use crate::handlers::object::Capture;
use crate::handlers::sources::{Inline, Int, IntSlot, Slot};
use crate::heap::Str;
use crate::runtime::context::Handler;
use crate::runtime::function::FunctionInfo;
use crate::value::{Tag, Value};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Instruction, Operand, Type};

/// Whether a constant equals only values with the same tag and payload, whatever metamethods say.
fn is_unique(constant: Value) -> bool {
    match constant.tag() {
        Tag::NIL | Tag::FALSE | Tag::TRUE => true,
        // SAFETY: constants of a function live as long as it.
        Tag::STRING => unsafe { Str::is_short(constant.pointer().cast()) },
        _ => false,
    }
}

/// As much room of each kind a new table gets at most from its instruction: it grows as it is filled.
const ROOM_MAX: u64 = 1 << 19;

impl Loading<'_> {
    /// Emits an instruction that the typed part does not know.
    pub(super) fn emit(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::Add { dst, lhs, rhs } => self.binary(at, float_arithmetic::<ops::Add>, *dst, *lhs, *rhs),
            Instruction::Sub { dst, lhs, rhs } => self.binary(at, float_arithmetic::<ops::Sub>, *dst, *lhs, *rhs),
            Instruction::Mul { dst, lhs, rhs } => self.binary(at, float_arithmetic::<ops::Mul>, *dst, *lhs, *rhs),
            Instruction::Div { dst, lhs, rhs } => self.binary(at, float_arithmetic::<ops::Div>, *dst, *lhs, *rhs),
            Instruction::Modulo { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::Mod>, *dst, *lhs, *rhs),
            Instruction::Pow { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::Pow>, *dst, *lhs, *rhs),
            Instruction::FloorDiv { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::FloorDiv>, *dst, *lhs, *rhs),
            Instruction::BitAnd { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::BitAnd>, *dst, *lhs, *rhs),
            Instruction::BitOr { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::BitOr>, *dst, *lhs, *rhs),
            Instruction::BitXor { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::BitXor>, *dst, *lhs, *rhs),
            Instruction::ShiftLeft { dst, lhs, rhs } => self.binary(at, arithmetic::<ops::ShiftLeft>, *dst, *lhs, *rhs),
            Instruction::ShiftRight { dst, lhs, rhs } => {
                self.binary(at, arithmetic::<ops::ShiftRight>, *dst, *lhs, *rhs)
            }
            Instruction::Equal { dst, lhs, rhs } => self.compare(at, comparison::<ops::Equal>, *dst, *lhs, *rhs),
            Instruction::Less { dst, lhs, rhs } => self.compare(at, comparison::<ops::Less>, *dst, *lhs, *rhs),
            Instruction::LessEqual { dst, lhs, rhs } => {
                self.compare(at, comparison::<ops::LessEqual>, *dst, *lhs, *rhs)
            }
            Instruction::Negate { dst, src } => self.unary(at, ops::negate, *dst, *src),
            Instruction::BitNot { dst, src } => self.unary(at, ops::bit_not, *dst, *src),
            Instruction::Length { dst, src } => self.unary(at, object::length, *dst, *src),
            Instruction::Not { dst, src } => self.unary(at, ops::not, *dst, *src),
            Instruction::Concat { dst, values } => self.concat(at, *dst, values),
            Instruction::Copy { dst, src } => self.copy(at, *dst, *src),
            _ => self.emit_branch(at),
        }
    }

    fn emit_branch(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::BranchEqual { lhs, rhs, if_true, if_false } => {
                if !self.branch_same(at, *lhs, *rhs, *if_true, *if_false) {
                    self.compare_branch::<ops::Equal>(at, *lhs, *rhs, *if_true, *if_false);
                }
            }
            Instruction::BranchLess { lhs, rhs, if_true, if_false } => {
                self.compare_branch::<ops::Less>(at, *lhs, *rhs, *if_true, *if_false);
            }
            Instruction::BranchLessEqual { lhs, rhs, if_true, if_false } => {
                self.compare_branch::<ops::LessEqual>(at, *lhs, *rhs, *if_true, *if_false);
            }
            Instruction::BranchTruthy { cond, if_true, if_false } => self.branch_truthy(at, *cond, *if_true, *if_false),
            Instruction::BranchKind { src, kind, if_true, if_false } => {
                let slot = self.any_slot(at, *src);
                self.asm.begin(control::branch_kind::<Taken>, at);
                self.asm.half(slot);
                self.asm.half(*kind as u16);
                self.end_branch(at, false, *if_true, *if_false);
            }
            Instruction::BranchUnboxI64 { dst, src, if_true, if_false } => {
                self.unbox(at, Tag::INT, *dst, *src, *if_true, *if_false);
            }
            Instruction::BranchUnboxF64 { dst, src, if_true, if_false } => {
                self.unbox(at, Tag::FLOAT, *dst, *src, *if_true, *if_false);
            }
            Instruction::BranchRef { dst, layout, src, if_true, if_false } => {
                let number = self.layout(*layout).number;
                let slot = self.any_slot(at, *src);
                self.asm.begin(control::branch_ref, at);
                self.registers(&[*dst]);
                self.asm.half(slot);
                self.asm.word32(number);
                self.end_branch(at, false, *if_true, *if_false);
            }
            Instruction::BranchSignature { src, signature, if_true, if_false } => {
                let number = self.instance.signature_number(*signature);
                let slot = self.any_slot(at, *src);
                self.asm.begin(control::branch_signature, at);
                self.asm.half(slot);
                self.asm.word32(number);
                self.end_branch(at, false, *if_true, *if_false);
            }
            Instruction::ForPrepare { index, limit, step, variable, body, done } => {
                self.asm.begin(control::for_prepare, at);
                self.registers(&[*index, *limit, *step, *variable]);
                self.end_branch(at, true, *body, *done);
            }
            Instruction::ForLoop { index, limit, step, variable, body, done } => {
                let known = [index, limit, step].iter().all(|reg| self.fact(Operand::from(**reg)) == Fact::Int);
                self.asm.begin(if known { control::for_loop_int } else { control::for_loop }, at);
                self.registers(&[*index, *limit, *step, *variable]);
                self.end_branch(at, false, *body, *done);
            }
            _ => self.emit_exit(at),
        }
    }

    fn emit_exit(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::Throw { value } => {
                let slot = self.any_slot(at, *value);
                self.asm.begin(control::throw, at);
                self.asm.half(slot);
                self.leave();
            }
            Instruction::Trap { code } => {
                self.asm.begin(control::trap_instruction, at);
                self.asm.half(*code as u16);
                self.leave();
            }
            _ => self.emit_object(at),
        }
    }

    fn branch_truthy(&mut self, at: usize, cond: Operand, if_true: Block, if_false: Block) {
        let slot = self.any_slot(at, cond);
        let inverted = self.next_block == Some(if_true);
        self.asm.begin(if inverted { control::branch_truthy::<NotTaken> } else { control::branch_truthy::<Taken> }, at);
        self.asm.half(slot);
        self.end_branch(at, inverted, if_true, if_false);
    }

    fn emit_object(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::Get { dst, object, key } => self.get(at, *dst, *object, *key),
            Instruction::GetMethod { function, self_value, object, key } => {
                self.get_method(at, *function, *self_value, *object, *key);
            }
            Instruction::Set { object, key, value } => self.set(at, *object, *key, *value),
            Instruction::TableNew { dst, array, hash } => self.table_new(at, *dst, *array, *hash),
            Instruction::Closure { dst, function, captures } => self.closure(at, *dst, *function, captures),
            Instruction::RefFunc { dst, function } => self.ref_func(at, *dst, *function),
            Instruction::CaptureGet { dst, index } => {
                let handler: Handler = match self.function.captures[*index as usize] {
                    Type::Any => crate::handlers::closure::capture_get,
                    _ => crate::handlers::closure::capture_get_word,
                };
                let dst = self.destination(at, *dst);
                self.asm.begin(handler, at);
                self.asm.half(dst);
                self.asm.half(*index as u16);
            }
            Instruction::CaptureCellGet { dst, index } => {
                let dst = self.destination(at, *dst);
                self.asm.begin(crate::handlers::closure::capture_cell_get, at);
                self.asm.half(dst);
                self.asm.half(*index as u16);
            }
            Instruction::CaptureCellSet { index, src } => {
                let src = self.any_slot(at, *src);
                self.asm.begin(crate::handlers::closure::capture_cell_set, at);
                self.asm.half(*index as u16);
                self.asm.half(src);
            }
            Instruction::CellNew { dst, src } => {
                let src = self.any_slot(at, *src);
                self.asm.begin(crate::handlers::closure::cell_new, at);
                self.registers(&[*dst]);
                self.asm.half(src);
            }
            Instruction::CellGet { dst, cell } => {
                let dst = self.destination(at, *dst);
                let cell = self.slots.of(cell.reg().expect("cells are never constants"));
                self.asm.begin(crate::handlers::closure::cell_get, at);
                self.asm.half(dst);
                self.asm.half(cell);
            }
            Instruction::CellSet { cell, src } => {
                let src = self.any_slot(at, *src);
                let cell = self.slots.of(cell.reg().expect("cells are never constants"));
                self.asm.begin(crate::handlers::closure::cell_set, at);
                self.asm.half(cell);
                self.asm.half(src);
            }
            Instruction::CurrentFunction { dst } => {
                let dst = self.destination(at, *dst);
                self.asm.begin(crate::handlers::closure::current_function, at);
                self.asm.half(dst);
            }
            _ => self.emit_call(at),
        }
    }

    fn table_new(&mut self, at: usize, dst: Reg, array: u64, hash: u64) {
        let dst = self.destination(at, dst);
        self.asm.begin(object::table_new, at);
        self.asm.half(dst);
        self.asm.half(0);
        self.asm.word32(array.min(ROOM_MAX) as u32);
        self.asm.word32(hash.min(ROOM_MAX) as u32);
    }

    fn registers(&mut self, registers: &[Reg]) {
        for &reg in registers {
            let slot = self.slots.of(reg);
            self.asm.half(slot);
        }
    }

    /// What is known of an operand at the instruction at hand.
    fn fact(&self, operand: Operand) -> Fact {
        facts::kind(self.function, operand, &self.known)
    }

    /// How an input is best given to a handler that takes numbers in place.
    fn source(&mut self, at: usize, operand: Operand, in_place: bool) -> Source {
        if in_place && let Some(value) = self.any_constant(operand) {
            if let Some(int) = small_int(value) {
                return Source::Int(int);
            }
            if value.tag() == Tag::FLOAT {
                return Source::Float(value.payload());
            }
        }
        Source::Slot(self.any_slot(at, operand))
    }

    fn sources(&mut self, at: usize, lhs: Operand, rhs: Operand) -> (Source, Source) {
        let right = self.source(at, rhs, true);
        let left = self.source(at, lhs, matches!(right, Source::Slot(_)));
        (left, right)
    }

    /// The kinds that a source may be treated as, the best first.
    fn kinds(&self, source: Source, operand: Operand) -> Kinds {
        match source {
            Source::Int(_) => return [Kind::Int; 3],
            Source::Float(_) => return [Kind::Float; 3],
            Source::Slot(_) | Source::Inline(_) => {}
        }
        let is_latest = operand.reg().is_some_and(|reg| self.accumulator == Some((reg, self.asm.len())));
        match (self.fact(operand), is_latest) {
            (Fact::Int, _) => [Kind::IntSlot, Kind::Slot, Kind::Slot],
            (Fact::Float, true) => [Kind::LatestFloat, Kind::FloatSlot, Kind::Slot],
            (Fact::Float, false) => [Kind::FloatSlot, Kind::Slot, Kind::Slot],
            (_, true) => [Kind::Latest, Kind::Slot, Kind::Slot],
            (_, false) => [Kind::Slot; 3],
        }
    }

    fn write_source(&mut self, source: Source) {
        match source {
            Source::Slot(slot) => self.asm.half(slot),
            Source::Int(int) => self.asm.half(int as u16),
            Source::Float(bits) => self.asm.word64(bits),
            Source::Inline(value) => {
                self.asm.word64(value.payload());
                self.asm.half(value.tag().0 as u16);
            }
        }
    }

    fn binary(&mut self, at: usize, variants: Variants, dst: Reg, lhs: Operand, rhs: Operand) {
        self.compare(at, variants, dst, lhs, rhs);
        if self.plan.fate(at) == super::Fate::Emitted {
            self.accumulator = Some((dst, self.asm.len()));
        }
    }

    fn compare(&mut self, at: usize, variants: Variants, dst: Reg, lhs: Operand, rhs: Operand) {
        let (left, right) = self.sources(at, lhs, rhs);
        let handler = choose(variants, self.kinds(left, lhs), self.kinds(right, rhs));
        let dst = self.destination(at, dst);
        self.asm.begin(handler, at);
        self.asm.half(dst);
        self.write_source(left);
        self.write_source(right);
    }

    fn unary(&mut self, at: usize, handler: Handler, dst: Reg, src: Operand) {
        let src = self.any_slot(at, src);
        let dst = self.destination(at, dst);
        self.asm.begin(handler, at);
        self.asm.half(dst);
        self.asm.half(src);
    }

    fn concat(&mut self, at: usize, dst: Reg, values: &[Operand]) {
        let dst = self.destination(at, dst);
        // Constants may be many here: they go above the window's use by calls, which a concatenation does not make.
        let mut slots = Vec::with_capacity(values.len());
        let above = self.window + self.plan.words_waiting(at, self.window);
        let mut constants = 0;
        for &value in values {
            match self.any_constant(value) {
                None => slots.push(self.any_slot(at, value)),
                Some(constant) => {
                    let slot = (above + 2 * constants) as u16;
                    constants += 1;
                    self.copy_constant(at, slot, constant);
                    slots.push(slot);
                }
            }
        }
        self.asm.begin(ops::concat, at);
        self.asm.half(dst);
        self.asm.half(values.len() as u16);
        for slot in slots {
            self.asm.half(slot);
        }
    }

    fn copy(&mut self, at: usize, dst: Reg, src: Operand) {
        let slot = self.destination(at, dst);
        match self.any_constant(src) {
            Some(value) => self.copy_constant(at, slot, value),
            None => {
                let src = self.any_slot(at, src);
                self.asm.begin(crate::handlers::copy::copy_any, at);
                self.asm.half(slot);
                self.asm.half(src);
            }
        }
    }

    fn compare_branch<O: ops::Relation>(
        &mut self,
        at: usize,
        lhs: Operand,
        rhs: Operand,
        if_true: Block,
        if_false: Block,
    ) {
        let inverted = self.next_block == Some(if_true);
        let (left, right) = self.sources(at, lhs, rhs);
        let variants: Variants = if inverted { branch::<O, NotTaken> } else { branch::<O, Taken> };
        let handler = choose(variants, self.kinds(left, lhs), self.kinds(right, rhs));
        self.asm.begin(handler, at);
        self.write_source(left);
        self.write_source(right);
        self.end_branch(at, inverted, if_true, if_false);
    }

    /// A comparison for equality with a constant that equals nothing but itself; false when it is not one.
    fn branch_same(&mut self, at: usize, lhs: Operand, rhs: Operand, if_true: Block, if_false: Block) -> bool {
        let (value, constant) = if rhs.constant().is_some() { (lhs, rhs) } else { (rhs, lhs) };
        let Some(constant) = self.any_constant(constant).filter(|&constant| is_unique(constant)) else { return false };
        let slot = self.any_slot(at, value);
        let inverted = self.next_block == Some(if_true);
        let handler: Handler = match (constant.tag() == Tag::STRING, inverted) {
            (true, false) => control::branch_same::<Taken>,
            (true, true) => control::branch_same::<NotTaken>,
            (false, false) => control::branch_kind::<Taken>,
            (false, true) => control::branch_kind::<NotTaken>,
        };
        self.asm.begin(handler, at);
        self.asm.half(slot);
        if constant.tag() == Tag::STRING {
            self.asm.word64(constant.payload());
        } else {
            self.asm.half(constant.tag().0 as u16);
        }
        self.end_branch(at, inverted, if_true, if_false);
        true
    }

    fn unbox(&mut self, at: usize, tag: Tag, dst: Reg, src: Operand, if_true: Block, if_false: Block) {
        let slot = self.any_slot(at, src);
        self.asm.begin(control::branch_unbox, at);
        self.registers(&[dst]);
        self.asm.half(slot);
        self.asm.half(tag.0 as u16);
        self.end_branch(at, false, if_true, if_false);
    }

    /// The end of a conditional branch: taken to `if_true`, or when inverted to `if_false`; then on to the other block.
    pub(super) fn end_branch(&mut self, at: usize, inverted: bool, if_true: Block, if_false: Block) {
        let (taken, other) = if inverted { (if_false, if_true) } else { (if_true, if_false) };
        self.branch(taken);
        self.go_to(at, other);
    }

    fn get(&mut self, at: usize, dst: Reg, object: Operand, key: Operand) {
        let dst_slot = self.destination(at, dst);
        if super::short_string(self.function, key).is_some() {
            let key = key_address(self.any_constant(key).expect("it is a constant"));
            let capture = self.folded_capture(at, object);
            let slot = if capture.is_none() { Some(self.any_slot(at, object)) } else { None };
            let handler: Handler = match capture {
                Some(_) => object::get_field::<Capture>,
                None => object::get_field::<Slot>,
            };
            self.asm.begin(handler, at);
            self.asm.half(dst_slot);
            self.asm.half(capture.or(slot).expect("one of them is there"));
            self.asm.word32(u32::MAX);
            self.asm.word64(key);
            return;
        }
        let object = self.any_slot(at, object);
        let int = self.any_constant(key).and_then(small_int);
        let handler: Handler = match (int.is_some(), self.fact(key)) {
            (true, _) => object::get::<Int>,
            (false, Fact::Int) => object::get::<IntSlot>,
            (false, _) => object::get::<Slot>,
        };
        let key = if int.is_none() { Some(self.any_slot(at, key)) } else { None };
        self.asm.begin(handler, at);
        self.asm.half(dst_slot);
        self.asm.half(object);
        self.asm.half(int.map(|int| int as u16).or(key).expect("one of them is there"));
    }

    /// The capture that the object of instruction `at` is read from, when reading it was folded into the instruction.
    fn folded_capture(&self, at: usize, object: Operand) -> Option<u16> {
        let before = at.checked_sub(1)?;
        match &self.function.code[before] {
            Instruction::CaptureGet { dst, index }
                if self.plan.fate(before) == super::Fate::Folded(at as u32) && object == Operand::from(*dst) =>
            {
                Some(*index as u16)
            }
            _ => None,
        }
    }

    fn get_method(&mut self, at: usize, function: Reg, receiver: Reg, object: Operand, key: Operand) {
        let slot = self.any_slot(at, object);
        if super::short_string(self.function, key).is_none() {
            let key = self.any_slot(at, key);
            // The function comes first, as its register may not be that of the object.
            let keep = self.scratch_slot();
            self.asm.begin(crate::handlers::copy::copy_any, at);
            self.asm.half(keep);
            self.asm.half(slot);
            self.asm.begin(object::get::<Slot>, at);
            self.registers(&[function]);
            self.asm.half(keep);
            self.asm.half(key);
            self.asm.begin(crate::handlers::copy::copy_any, at);
            self.registers(&[receiver]);
            self.asm.half(keep);
            return;
        }
        let key = key_address(self.any_constant(key).expect("it is a constant"));
        self.asm.begin(object::get_method, at);
        self.registers(&[function, receiver]);
        self.asm.half(slot);
        self.asm.word32(u32::MAX);
        self.asm.half(0);
        self.asm.word32(0);
        self.asm.word64(key);
    }

    fn set(&mut self, at: usize, object: Operand, key: Operand, value: Operand) {
        let object = self.any_slot(at, object);
        let value = match self.any_constant(value) {
            Some(constant) => small_int(constant).map_or(Source::Inline(constant), Source::Int),
            None => Source::Slot(self.any_slot(at, value)),
        };
        if super::short_string(self.function, key).is_some() {
            let key = key_address(self.any_constant(key).expect("it is a constant"));
            let handler: Handler = match value {
                Source::Int(_) => object::set_field::<Int>,
                Source::Inline(_) => object::set_field::<Inline>,
                Source::Slot(_) | Source::Float(_) => object::set_field::<Slot>,
            };
            self.asm.begin(handler, at);
            self.asm.half(object);
            self.asm.word32(u32::MAX);
            self.asm.word64(key);
            self.write_source(value);
            return;
        }
        let int = self.any_constant(key).and_then(small_int);
        let key_is_int = self.fact(key) == Fact::Int;
        let key_slot = if int.is_none() { Some(self.any_slot(at, key)) } else { None };
        let handler: Handler = match (int.is_some(), value) {
            (false, Source::Int(_)) if key_is_int => object::set_index::<IntSlot, Int>,
            (false, Source::Inline(_)) if key_is_int => object::set_index::<IntSlot, Inline>,
            (false, _) if key_is_int => object::set_index::<IntSlot, Slot>,
            (false, Source::Int(_)) => object::set_index::<Slot, Int>,
            (false, Source::Inline(_)) => object::set_index::<Slot, Inline>,
            (false, _) => object::set_index::<Slot, Slot>,
            (true, Source::Int(_)) => object::set_index::<Int, Int>,
            (true, Source::Inline(_)) => object::set_index::<Int, Inline>,
            (true, _) => object::set_index::<Int, Slot>,
        };
        self.asm.begin(handler, at);
        self.asm.half(object);
        self.asm.half(int.map(|int| int as u16).or(key_slot).expect("one of them is there"));
        self.write_source(value);
    }

    fn ref_func(&mut self, at: usize, dst: Reg, function: minivm_isa::entities::Func) {
        let dst = self.destination(at, dst);
        self.copy_constant(at, dst, self.instance.function_value(function));
    }

    fn closure(&mut self, at: usize, dst: Reg, function: minivm_isa::entities::Func, captures: &[Operand]) {
        if self.instance.is_import(function) {
            // What was linked has captured what it needs.
            return self.ref_func(at, dst, function);
        }
        let mut slots = Vec::with_capacity(captures.len());
        let above = self.window + self.plan.words_waiting(at, self.window);
        let mut constants = 0;
        for &capture in captures {
            match self.any_constant(capture) {
                None => {
                    let reg = capture.reg().expect("it is no constant");
                    let is_cell = self.function.registers[reg] == Type::Cell;
                    slots.push((self.slots.of(reg), is_cell));
                }
                Some(value) => {
                    let slot = (above + 2 * constants) as u16;
                    constants += 1;
                    self.copy_constant(at, slot, value);
                    slots.push((slot, false));
                }
            }
        }
        let info: *const FunctionInfo = self.instance.function_info(function);
        let dst = self.destination(at, dst);
        self.asm.begin(crate::handlers::closure::closure, at);
        self.asm.half(dst);
        self.asm.half(captures.len() as u16);
        self.asm.word64(info.expose_provenance() as u64);
        for (slot, is_cell) in slots {
            self.asm.half(slot);
            self.asm.half(u16::from(is_cell));
        }
    }

    /// The value of a constant, for the typed part.
    pub(crate) fn value(&self, constant: minivm_isa::entities::Const) -> Value {
        self.constants[constant.as_u32() as usize]
    }
}
