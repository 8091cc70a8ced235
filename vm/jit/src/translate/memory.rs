//! Linear memories and tables.

use super::{Next, Translator, guest, own};
use crate::types::native;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, InstBuilder, MemFlagsData, Signature, Value, types as machine};
use cranelift_codegen::isa::CallConv;
use minivm::raw::native::layout::{self, REASON_CHECK};
use minivm_isa::Instruction as I;
use minivm_isa::entities::{Memory, Reg};
use minivm_isa::operand::{ImmediateKind, IndexKind, OperandRef};
use minivm_isa::program::{Constant, Function};
use minivm_isa::register_set::RegisterSet;
use minivm_isa::{Operand, Type};

/// An access that an instruction makes.
struct Access {
    memory: Memory,
    address: Operand,
    offset: u64,
    bytes: u64,
}

impl Access {
    /// Where it ends, from its address on; none where that is beyond all memories.
    fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.bytes).filter(|&end| end < 1 << 62)
    }
}

/// Whether an instruction writes nothing but registers that machine registers hold.
pub(super) fn is_pure(function: &Function, instruction: &I) -> bool {
    let effects = instruction.info().effects;
    let mut is_pure = !(effects.call || effects.allocate || effects.end || effects.bulk);
    let mut has_result = false;
    let mut touches_items = false;
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::Out(reg, _) | OperandRef::InOut(reg, _) => {
            has_result = true;
            is_pure &= native(function.registers[reg]).is_some();
        }
        OperandRef::Outs(..) => is_pure = false,
        OperandRef::Index(..) => touches_items = true,
        _ => {}
    });
    is_pure && has_result && (!touches_items || access_of(instruction).is_some())
}

/// The access of a load or a store.
fn access_of(instruction: &I) -> Option<Access> {
    let bytes = match instruction {
        I::I32Load8S { .. } | I::I32Load8U { .. } | I::I64Load8S { .. } | I::I64Load8U { .. } => 1,
        I::I32Store8 { .. } | I::I64Store8 { .. } => 1,
        I::I32Load16S { .. } | I::I32Load16U { .. } | I::I64Load16S { .. } | I::I64Load16U { .. } => 2,
        I::I32Store16 { .. } | I::I64Store16 { .. } => 2,
        I::I32Load { .. } | I::F32Load { .. } | I::I64Load32S { .. } | I::I64Load32U { .. } => 4,
        I::I32Store { .. } | I::F32Store { .. } | I::I64Store32 { .. } => 4,
        I::I64Load { .. } | I::F64Load { .. } | I::I64Store { .. } | I::F64Store { .. } => 8,
        I::V128Load { .. } | I::V128Store { .. } => 16,
        _ => return None,
    };
    let (mut memory, mut address, mut offset) = (None, None, 0);
    instruction.for_each_operand(|name, operand| match operand {
        OperandRef::Index(IndexKind::Memory, index) => memory = Some(Memory::from_u32(index)),
        OperandRef::In(operand, _) if name == "address" => address = Some(operand),
        OperandRef::Immediate(ImmediateKind::Offset, value) => offset = value,
        _ => {}
    });
    Some(Access { memory: memory?, address: address?, offset, bytes })
}

/// `dst` = what an operation loads.
macro_rules! load {
    ($self:ident, $dst:expr, $at:expr, $op:ident $(, $ty:expr)?) => {{
        let (base, offset) = $at;
        let value = $self.b.ins().$op($($ty,)? guest(), base, offset);
        $self.set(*$dst, value);
    }};
}

/// An operation stores `src`.
macro_rules! store {
    ($self:ident, $src:expr, $at:expr, $op:ident) => {{
        let (base, offset) = $at;
        let value = $self.get(*$src);
        $self.b.ins().$op(guest(), value, base, offset);
    }};
}

impl Translator<'_, '_> {
    /// Instructions on memories and tables.
    pub(super) fn access(&mut self, instruction: &I) -> Option<Next> {
        let Some(access) = access_of(instruction) else { return self.whole(instruction) };
        let at = self.locate(&access)?;
        match instruction {
            I::I32Load { dst, .. } => load!(self, dst, at, load, machine::I32),
            I::I64Load { dst, .. } => load!(self, dst, at, load, machine::I64),
            I::F32Load { dst, .. } => self.load_float(*dst, at, machine::I32),
            I::F64Load { dst, .. } => self.load_float(*dst, at, machine::I64),
            I::I32Load8S { dst, .. } => load!(self, dst, at, sload8, machine::I32),
            I::I32Load8U { dst, .. } => load!(self, dst, at, uload8, machine::I32),
            I::I32Load16S { dst, .. } => load!(self, dst, at, sload16, machine::I32),
            I::I32Load16U { dst, .. } => load!(self, dst, at, uload16, machine::I32),
            I::I64Load8S { dst, .. } => load!(self, dst, at, sload8, machine::I64),
            I::I64Load8U { dst, .. } => load!(self, dst, at, uload8, machine::I64),
            I::I64Load16S { dst, .. } => load!(self, dst, at, sload16, machine::I64),
            I::I64Load16U { dst, .. } => load!(self, dst, at, uload16, machine::I64),
            I::I64Load32S { dst, .. } => load!(self, dst, at, sload32),
            I::I64Load32U { dst, .. } => load!(self, dst, at, uload32),
            I::I32Store { src, .. } | I::I64Store { src, .. } | I::F32Store { src, .. } | I::F64Store { src, .. } => {
                store!(self, src, at, store)
            }
            I::I32Store8 { src, .. } | I::I64Store8 { src, .. } => store!(self, src, at, istore8),
            I::I32Store16 { src, .. } | I::I64Store16 { src, .. } => store!(self, src, at, istore16),
            I::I64Store32 { src, .. } => store!(self, src, at, istore32),
            I::V128Load { dst, .. } => load!(self, dst, at, load, machine::I8X16),
            I::V128Store { src, .. } => store!(self, src, at, store),
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// Floats come as bits, see `load_word`.
    fn load_float(&mut self, dst: Reg, (base, offset): (Value, i32), bits: cranelift_codegen::ir::Type) {
        let word = self.b.ins().load(bits, guest(), base, offset);
        let ty = if bits == machine::I32 { machine::F32 } else { machine::F64 };
        let value = self.b.ins().bitcast(ty, MemFlagsData::new(), word);
        self.set(dst, value);
    }

    /// Where an access is in the host; leaves when it is outside of the memory.
    fn locate(&mut self, access: &Access) -> Option<(Value, i32)> {
        let end = access.end()?;
        let original = self.get(access.address);
        let address = self.wide(access.address);
        let view = self.views[&access.memory];
        if self.check(access, (original, address), end) {
            self.check_ahead();
        }
        let base = self.b.use_var(view.base);
        let place = self.b.ins().iadd(base, address);
        Some(match i32::try_from(access.offset) {
            Ok(offset) if offset <= i32::MAX - 16 => (place, offset),
            _ => (self.b.ins().iadd_imm_u(place, access.offset as i64), 0),
        })
    }

    /// Leaves unless an access is inside, if that is not known; says whether it was not. The address comes as it is and in 64 bits.
    fn check(&mut self, access: &Access, (original, address): (Value, Value), end: u64) -> bool {
        let key = (access.memory, self.b.func.dfg.resolve_aliases(original));
        if self.is_always_inside(access, end) || self.checked.get(&key).is_some_and(|&known| known >= end) {
            return false;
        }
        let extent = self.extent_ahead(access, end);
        let length = self.b.use_var(self.views[&access.memory].length);
        if self.b.func.dfg.value_type(original) == machine::I64 {
            self.check_wide(address, extent, length);
        } else {
            let last = self.b.ins().iadd_imm_u(address, extent as i64);
            let is_outside = self.b.ins().icmp(IntCC::UnsignedGreaterThan, last, length);
            self.exit_if_outside(is_outside);
        }
        self.checked.insert(key, extent);
        true
    }

    /// Whether an access is to a constant address that the memory had when the function was compiled.
    fn is_always_inside(&self, access: &Access, end: u64) -> bool {
        let Some(constant) = access.address.constant() else { return false };
        let address = match self.job.function.constants[constant] {
            Constant::I32(value) => u64::from(value as u32),
            Constant::I64(value) => value as u64,
            _ => return false,
        };
        address.checked_add(end).is_some_and(|end| end <= self.job.memories[&access.memory].length)
    }

    /// Checks what the rest of the segment accesses at addresses that are known now: all these checks leave at one place.
    fn check_ahead(&mut self) {
        let job = self.job;
        let mut changed = RegisterSet::empty(&job.function);
        for at in self.at..self.facts.segment_end[self.at] {
            let instruction = &job.function.code[at];
            if let Some(access) = access_of(instruction)
                && let Some(reg) = access.address.reg()
                && !changed.contains(reg)
                && let Some(end) = access.end()
            {
                let original = self.get(access.address);
                let address = self.wide(access.address);
                self.check(&access, (original, address), end);
            }
            instruction.for_each_def(|reg| changed.insert(reg));
        }
    }

    /// Leaves unless `address + extent <= length`, without overflow.
    fn check_wide(&mut self, address: Value, extent: u64, length: Value) {
        let is_short = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, length, extent as i64);
        let room = self.b.ins().iadd_imm_s(length, -(extent as i64));
        let is_past = self.b.ins().icmp(IntCC::UnsignedGreaterThan, address, room);
        let is_outside = self.b.ins().bor(is_short, is_past);
        self.exit_if_outside(is_outside);
    }

    /// How far the rest of the segment accesses from the same address: one check is for all. Where it fails, baseline code finds
    /// out what is really outside.
    fn extent_ahead(&self, access: &Access, end: u64) -> u64 {
        let Some(reg) = access.address.reg() else { return end };
        let mut extent = end;
        for at in self.at..self.facts.segment_end[self.at] {
            let instruction = &self.job.function.code[at];
            if let Some(other) = access_of(instruction)
                && other.memory == access.memory
                && other.address.reg() == Some(reg)
                && let Some(end) = other.end()
            {
                extent = extent.max(end);
            }
            let mut is_changed = false;
            instruction.for_each_def(|changed| is_changed |= changed == reg);
            if is_changed {
                break;
            }
        }
        extent
    }

    /// Instructions on whole memories and on tables.
    fn whole(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::MemorySize { dst, memory } => {
                let length = self.b.use_var(self.views[memory].length);
                let pages = self.b.ins().ushr_imm_u(length, i64::from(self.job.memories[memory].page_bits));
                self.set_count(*dst, pages);
            }
            I::MemoryFill { memory, address, value, length } => {
                let memory = self.address_of(self.job.memories[memory].address);
                let numbers = [*address, *value, *length].map(|operand| self.wide(operand));
                self.help(self.job.helpers.memory_fill, &[memory, numbers[0], numbers[1], numbers[2]]);
            }
            I::MemoryCopy { memory, source_memory, address, source, length } => {
                let to = self.address_of(self.job.memories[memory].address);
                let from = self.address_of(self.job.memories[source_memory].address);
                let numbers = [*address, *source, *length].map(|operand| self.wide(operand));
                self.help(self.job.helpers.memory_copy, &[to, from, numbers[0], numbers[1], numbers[2]]);
            }
            I::TableSize { dst, table } => {
                let table = self.address_of(self.job.tables[table].address);
                let length = self.b.ins().load(machine::I64, own(), table, layout::TABLE_LENGTH);
                self.set_count(*dst, length);
            }
            I::TableGet { dst, table, index } => {
                let index = self.wide(*index);
                let element = self.element(*table, index);
                let (slot, regs) = (self.slot(*dst), self.regs);
                self.copy_words(Type::Any, (element, 0), (regs, slot));
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// A number as 64 bits without a sign.
    pub(super) fn wide(&mut self, operand: Operand) -> Value {
        let value = self.get(operand);
        if self.b.func.dfg.value_type(value) == machine::I32 {
            self.b.ins().uextend(machine::I64, value)
        } else {
            value
        }
    }

    /// Writes a number of 64 bits to a register of its width.
    fn set_count(&mut self, dst: Reg, count: Value) {
        let is_narrow = native(self.job.function.registers[dst]) == Some(machine::I32);
        let count = if is_narrow { self.b.ins().ireduce(machine::I32, count) } else { count };
        self.set(dst, count);
    }

    /// The address of an element of a table; leaves when it is not inside.
    pub(super) fn element(&mut self, table: minivm_isa::entities::Table, index: Value) -> Value {
        let table = self.address_of(self.job.tables[&table].address);
        let length = self.b.ins().load(machine::I64, own(), table, layout::TABLE_LENGTH);
        let is_outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.exit_if(is_outside, REASON_CHECK);
        let base = self.b.ins().load(machine::I64, own(), table, layout::TABLE_BASE);
        let offset = self.b.ins().imul_imm_s(index, i64::from(layout::ELEMENT_BYTES));
        self.b.ins().iadd(base, offset)
    }

    /// Calls a function of the machine, `helper(arguments, fuel) -> fuel`, which has done nothing where it gives less than 0.
    fn help(&mut self, helper: u64, arguments: &[Value]) {
        let mut signature = Signature::new(CallConv::SystemV);
        signature.params = vec![AbiParam::new(machine::I64); arguments.len() + 1];
        signature.returns = vec![AbiParam::new(machine::I64)];
        let signature = self.b.import_signature(signature);
        let helper = self.address_of(helper);
        let mut all = arguments.to_vec();
        all.push(self.b.use_var(self.fuel));
        let call = self.b.ins().call_indirect(signature, helper, &all);
        let left = self.b.inst_results(call)[0];
        let is_refused = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.exit_if(is_refused, REASON_CHECK);
        self.b.def_var(self.fuel, left);
    }
}
