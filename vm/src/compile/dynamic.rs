//! Emitting `any` instructions.

use super::facts::{self, Fact};
use super::sources::{self, FromSource, Kind, Kinds, Operation, Source, Variants};
use super::sources::{arithmetic, branch, comparison, float_arithmetic};
use super::{Compiling, key_address, small_int};
use crate::handlers::control::{NotTaken, Sense, Taken};
use crate::handlers::dynamic as ops;
use crate::handlers::sources::{AnySource, Capture, Inline, Int, IntSlot, Slot};
use crate::heap::Str;
use crate::runtime::function::FunctionInfo;
use crate::threaded::kinds::{BranchTo, CachedIndex};
use crate::threaded::rows;
use crate::value::{Tag, Value};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Instruction, Operand, Type};
use std::marker::PhantomData;

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

impl Compiling<'_> {
    /// Emits an instruction that the typed part does not know. A test sees that one of these families has each.
    pub(super) fn emit(&mut self, at: usize) {
        let is_emitted = self.emit_operator(at)
            || self.emit_branch(at)
            || self.emit_exit(at)
            || self.emit_object(at)
            || self.emit_entries(at)
            || self.emit_string(at)
            || self.emit_call(at)
            || self.emit_return(at)
            || self.emit_conversion(at)
            || self.emit_object_of_layout(at)
            || self.emit_fiber(at);
        if !is_emitted {
            self.unsupported = Some(self.function.code[at].info().name);
        }
    }

    fn emit_operator(&mut self, at: usize) -> bool {
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
            Instruction::Negate { dst, src } => {
                let (dst, src) = self.unary(at, *dst, *src);
                put!(self, at, rows::Negate { dst, src });
            }
            Instruction::BitNot { dst, src } => {
                let (dst, src) = self.unary(at, *dst, *src);
                put!(self, at, rows::BitNot { dst, src });
            }
            Instruction::Length { dst, src } => {
                let (dst, src) = self.unary(at, *dst, *src);
                put!(self, at, rows::Length { dst, src });
            }
            Instruction::Not { dst, src } => {
                let (dst, src) = self.unary(at, *dst, *src);
                put!(self, at, rows::Not { dst, src });
            }
            Instruction::Concat { dst, values } => self.concat(at, *dst, values),
            Instruction::Copy { dst, src } => self.copy(at, *dst, *src),
            _ => return false,
        }
        true
    }

    fn emit_branch(&mut self, at: usize) -> bool {
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
                let (src, kind) = (self.any_slot(at, *src), Tag(*kind as u32));
                let branch = self.branch_to(*if_true);
                put!(self, at, rows::BranchKind::<Taken> { src, kind, branch, variant: PhantomData });
                self.go_to(at, *if_false);
            }
            branch @ (Instruction::BranchUnboxI64 { dst, src, if_true, if_false }
            | Instruction::BranchUnboxF64 { dst, src, if_true, if_false }) => {
                let tag = if matches!(branch, Instruction::BranchUnboxI64 { .. }) { Tag::INT } else { Tag::FLOAT };
                self.unbox(at, tag, *dst, *src, *if_true, *if_false);
            }
            branch @ (Instruction::BranchRef { dst, layout, src, if_true, if_false }
            | Instruction::BranchRefExact { dst, layout, src, if_true, if_false }) => {
                let is_exact = matches!(branch, Instruction::BranchRefExact { .. });
                let (dst, src, layout) = (self.slot(*dst), self.any_slot(at, *src), self.layout(*layout).number);
                let branch = self.branch_to(*if_true);
                match is_exact {
                    true => put!(self, at, rows::BranchRefExact { dst, src, layout, branch }),
                    false => put!(self, at, rows::BranchRef { dst, src, layout, branch }),
                }
                self.go_to(at, *if_false);
            }
            branch @ (Instruction::BranchSignature { src, signature, if_true, if_false }
            | Instruction::BranchSignatureExact { src, signature, if_true, if_false }) => {
                let is_exact = matches!(branch, Instruction::BranchSignatureExact { .. });
                let (src, signature) = (self.any_slot(at, *src), self.instance.signature_number(*signature));
                let branch = self.branch_to(*if_true);
                match is_exact {
                    true => put!(self, at, rows::BranchSignatureExact { src, signature, branch }),
                    false => put!(self, at, rows::BranchSignature { src, signature, branch }),
                }
                self.go_to(at, *if_false);
            }
            Instruction::ForPrepare { index, limit, step, variable, body, done } => {
                let [index, limit, step, variable] = [index, limit, step, variable].map(|reg| self.slot(*reg));
                let branch = self.branch_to(*done);
                put!(self, at, rows::ForPrepare { index, limit, step, variable, branch });
                self.go_to(at, *body);
            }
            Instruction::ForLoop { index, limit, step, variable, body, done } => {
                let known = [index, limit, step].iter().all(|reg| self.fact(Operand::from(**reg)) == Fact::Int);
                let [index, limit, step, variable] = [index, limit, step, variable].map(|reg| self.slot(*reg));
                let branch = self.branch_to(*body);
                if known {
                    put!(self, at, rows::ForLoopInt { index, limit, step, variable, branch });
                } else {
                    put!(self, at, rows::ForLoop { index, limit, step, variable, branch });
                }
                self.go_to(at, *done);
            }
            _ => return false,
        }
        true
    }

    fn emit_exit(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::Throw { value } => {
                let value = self.any_slot(at, *value);
                put!(self, at, rows::Throw { value });
                self.leave();
            }
            Instruction::Trap { code } => {
                put!(self, at, rows::Trap { code: *code as usize });
                self.leave();
            }
            _ => return false,
        }
        true
    }

    fn branch_truthy(&mut self, at: usize, cond: Operand, if_true: Block, if_false: Block) {
        let cond = self.any_slot(at, cond);
        if self.next_block == Some(if_true) {
            let branch = self.branch_to(if_false);
            put!(self, at, rows::BranchTruthy::<NotTaken> { cond, branch, variant: PhantomData });
            self.go_to(at, if_true);
        } else {
            let branch = self.branch_to(if_true);
            put!(self, at, rows::BranchTruthy::<Taken> { cond, branch, variant: PhantomData });
            self.go_to(at, if_false);
        }
    }

    fn emit_object(&mut self, at: usize) -> bool {
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
                let (dst, capture) = (self.destination(at, *dst), *index as usize);
                if self.function.captures[capture] == Type::Any {
                    put!(self, at, rows::CaptureGet { dst, capture });
                } else {
                    put!(self, at, rows::CaptureGetWord { dst, capture });
                }
            }
            Instruction::CaptureCellGet { dst, index } => {
                let dst = self.destination(at, *dst);
                put!(self, at, rows::CaptureCellGet { dst, capture: *index as usize });
            }
            Instruction::CaptureCellSet { index, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::CaptureCellSet { capture: *index as usize, src });
            }
            Instruction::CellNew { dst, src } => {
                let src = self.any_slot(at, *src);
                put!(self, at, rows::CellNew { dst: self.slot(*dst), src });
            }
            Instruction::CellGet { dst, cell } => {
                let dst = self.destination(at, *dst);
                let cell = self.slot(cell.reg().expect("cells are never constants"));
                put!(self, at, rows::CellGet { dst, cell });
            }
            Instruction::CellSet { cell, src } => {
                let src = self.any_slot(at, *src);
                let cell = self.slot(cell.reg().expect("cells are never constants"));
                put!(self, at, rows::CellSet { cell, src });
            }
            Instruction::CurrentFunction { dst } => {
                let dst = self.destination(at, *dst);
                put!(self, at, rows::CurrentFunction { dst });
            }
            _ => return false,
        }
        true
    }

    fn table_new(&mut self, at: usize, dst: Reg, array: u64, hash: u64) {
        let dst = self.destination(at, dst);
        let (array, hash) = (array.min(ROOM_MAX) as u32, hash.min(ROOM_MAX) as u32);
        put!(self, at, rows::TableNew { dst, array, hash });
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

    fn binary(&mut self, at: usize, variants: Variants<usize>, dst: Reg, lhs: Operand, rhs: Operand) {
        self.compare(at, variants, dst, lhs, rhs);
        if self.plan.fate(at) == super::Fate::Emitted {
            self.accumulator = Some((dst, self.asm.len()));
        }
    }

    fn compare(&mut self, at: usize, variants: Variants<usize>, dst: Reg, lhs: Operand, rhs: Operand) {
        let (left, right) = self.sources(at, lhs, rhs);
        let kinds = (self.kinds(left, lhs), self.kinds(right, rhs));
        let to = self.destination(at, dst);
        sources::put(self, variants, kinds, Operation { at, to, lhs: left, rhs: right });
    }

    /// Destination and source of an operator.
    fn unary(&mut self, at: usize, dst: Reg, src: Operand) -> (usize, usize) {
        let src = self.any_slot(at, src);
        (self.destination(at, dst), src)
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
                    let slot = above + 2 * constants;
                    constants += 1;
                    self.copy_constant(at, slot, constant);
                    slots.push(slot);
                }
            }
        }
        put_list!(self, at, &slots, |values| rows::Concat { dst, values });
    }

    fn copy(&mut self, at: usize, dst: Reg, src: Operand) {
        let dst = self.destination(at, dst);
        match self.any_constant(src) {
            Some(value) => self.copy_constant(at, dst, value),
            None => {
                let src = self.any_slot(at, src);
                put!(self, at, rows::CopyAny { dst, src });
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
        let variants: Variants<BranchTo> = if inverted { branch::<O, NotTaken> } else { branch::<O, Taken> };
        let kinds = (self.kinds(left, lhs), self.kinds(right, rhs));
        let (taken, other) = if inverted { (if_false, if_true) } else { (if_true, if_false) };
        let to = self.branch_to(taken);
        sources::put(self, variants, kinds, Operation { at, to, lhs: left, rhs: right });
        self.go_to(at, other);
    }

    /// A comparison for equality with a constant that equals nothing but itself; false when it is not one.
    fn branch_same(&mut self, at: usize, lhs: Operand, rhs: Operand, if_true: Block, if_false: Block) -> bool {
        let (value, constant) = if rhs.constant().is_some() { (lhs, rhs) } else { (rhs, lhs) };
        let Some(constant) = self.any_constant(constant).filter(|&constant| is_unique(constant)) else { return false };
        let src = self.any_slot(at, value);
        if self.next_block == Some(if_true) {
            self.put_same::<NotTaken>(at, src, constant, self.branch_to(if_false));
            self.go_to(at, if_true);
        } else {
            self.put_same::<Taken>(at, src, constant, self.branch_to(if_true));
            self.go_to(at, if_false);
        }
        true
    }

    fn put_same<S: Sense>(&mut self, at: usize, src: usize, constant: Value, branch: BranchTo) {
        if constant.tag() == Tag::STRING {
            let string = constant.payload();
            put!(self, at, rows::BranchSame::<S> { src, string, branch, variant: PhantomData });
        } else {
            put!(self, at, rows::BranchKind::<S> { src, kind: constant.tag(), branch, variant: PhantomData });
        }
    }

    fn unbox(&mut self, at: usize, kind: Tag, dst: Reg, src: Operand, if_true: Block, if_false: Block) {
        let (src, branch) = (self.any_slot(at, src), self.branch_to(if_true));
        put!(self, at, rows::BranchUnbox { dst: self.slot(dst), src, kind, branch });
        self.go_to(at, if_false);
    }

    fn get(&mut self, at: usize, dst: Reg, object: Operand, key: Operand) {
        let dst = self.destination(at, dst);
        if super::short_string(self.function, key).is_some() {
            let key = key_address(self.any_constant(key).expect("it is a constant"));
            let cache = CachedIndex::EMPTY;
            if let Some(object) = self.folded_capture(at, object) {
                put!(self, at, rows::GetField::<Capture> { dst, object, cache, key });
            } else {
                let object = self.any_slot(at, object);
                put!(self, at, rows::GetField::<Slot> { dst, object, cache, key });
            }
            return;
        }
        match self.folded_capture(at, object) {
            Some(object) => self.get_element::<Capture>(at, dst, object, key),
            None => {
                let object = self.any_slot(at, object);
                self.get_element::<Slot>(at, dst, object, key);
            }
        }
    }

    /// `get` with another key than a short string.
    fn get_element<S: AnySource<Value = usize>>(&mut self, at: usize, dst: usize, object: usize, key: Operand) {
        if let Some(key) = self.any_constant(key).and_then(small_int) {
            return put!(self, at, rows::Get::<S, Int> { dst, object, key: i64::from(key) });
        }
        let is_int = self.fact(key) == Fact::Int;
        let key = self.any_slot(at, key);
        if is_int {
            put!(self, at, rows::Get::<S, IntSlot> { dst, object, key });
        } else {
            put!(self, at, rows::Get::<S, Slot> { dst, object, key });
        }
    }

    /// The capture that the object of instruction `at` is read from, when reading it was folded into the instruction.
    fn folded_capture(&self, at: usize, object: Operand) -> Option<usize> {
        let before = at.checked_sub(1)?;
        match &self.function.code[before] {
            Instruction::CaptureGet { dst, index }
                if self.plan.fate(before) == super::Fate::Folded(at as u32) && object == Operand::from(*dst) =>
            {
                Some(*index as usize)
            }
            _ => None,
        }
    }

    fn get_method(&mut self, at: usize, function: Reg, receiver: Reg, object: Operand, key: Operand) {
        let object = self.any_slot(at, object);
        let (function, receiver) = (self.slot(function), self.slot(receiver));
        if super::short_string(self.function, key).is_none() {
            let mut key = self.any_slot(at, key);
            // The receiver comes first, as the look-up may call a metamethod and then goes on behind it.
            if key == receiver {
                key = self.scratch_slot();
                put!(self, at, rows::CopyAny { dst: key, src: receiver });
            }
            put!(self, at, rows::CopyAny { dst: receiver, src: object });
            put!(self, at, rows::Get::<Slot, Slot> { dst: function, object: receiver, key });
            return;
        }
        let key = key_address(self.any_constant(key).expect("it is a constant"));
        let argument = self.plan.receiver_place(at).unwrap_or(receiver);
        put!(self, at, rows::GetMethod { function, receiver, cache: CachedIndex::EMPTY, key, object, argument });
    }

    fn set(&mut self, at: usize, object: Operand, key: Operand, value: Operand) {
        let object = self.any_slot(at, object);
        let value = match self.any_constant(value) {
            Some(constant) => small_int(constant).map_or(Source::Inline(constant), Source::Int),
            None => Source::Slot(self.any_slot(at, value)),
        };
        if super::short_string(self.function, key).is_some() {
            let key = key_address(self.any_constant(key).expect("it is a constant"));
            return match value {
                Source::Int(_) => self.put_field::<Int>(at, object, key, value),
                Source::Inline(_) => self.put_field::<Inline>(at, object, key, value),
                Source::Slot(_) | Source::Float(_) => self.put_field::<Slot>(at, object, key, value),
            };
        }
        if let Some(key) = self.any_constant(key).and_then(small_int) {
            return self.put_index::<Int>(at, object, i64::from(key), value);
        }
        let is_int = self.fact(key) == Fact::Int;
        let key = self.any_slot(at, key);
        if is_int {
            self.put_index::<IntSlot>(at, object, key, value);
        } else {
            self.put_index::<Slot>(at, object, key, value);
        }
    }

    fn put_field<V: FromSource>(&mut self, at: usize, object: usize, key: u64, value: Source) {
        put!(self, at, rows::SetField::<V> { object, cache: CachedIndex::EMPTY, key, value: V::of(value) });
    }

    fn put_index<K: AnySource>(&mut self, at: usize, object: usize, key: K::Value, value: Source) {
        match value {
            Source::Int(_) => put!(self, at, rows::SetIndex::<K, Int> { object, key, value: Int::of(value) }),
            Source::Inline(_) => put!(self, at, rows::SetIndex::<K, Inline> { object, key, value: Inline::of(value) }),
            Source::Slot(_) | Source::Float(_) => {
                put!(self, at, rows::SetIndex::<K, Slot> { object, key, value: Slot::of(value) });
            }
        }
    }

    fn ref_func(&mut self, at: usize, dst: Reg, function: minivm_isa::entities::Func) {
        let dst = self.destination(at, dst);
        self.copy_constant(at, dst, self.instance.linked_function(function));
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
                    slots.push((self.slot(reg), is_cell));
                }
                Some(value) => {
                    let slot = above + 2 * constants;
                    constants += 1;
                    self.copy_constant(at, slot, value);
                    slots.push((slot, false));
                }
            }
        }
        let info: *const FunctionInfo = self.instance.function_info(function);
        let dst = self.destination(at, dst);
        let function = info.cast::<()>().cast_mut();
        put_list!(self, at, &slots, |captures| rows::Closure { function, dst, captures });
    }

    /// The value of a constant, for the typed part.
    pub(crate) fn value(&self, constant: minivm_isa::entities::Const) -> Value {
        self.constants[constant.as_u32() as usize]
    }
}
