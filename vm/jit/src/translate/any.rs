//! Tagged values in machine registers: payload and tag, or what is left of them where the kind is known.

use super::{Translator, frame};
use crate::kinds::{FLOAT, Kind};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Ieee64;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types as machine};
use cranelift_frontend::{FunctionBuilder, Variable};
use minivm::raw::native::layout::{self, REASON_GUARD, TAG_FLOAT};
use minivm_isa::entities::Reg;
use minivm_isa::{Input, Operand};

/// The variables of a tagged value. Which of them count depends on the kind: a float has `float`, another known kind `payload`,
/// all else `payload` and `tag`.
#[derive(Clone, Copy)]
pub(super) struct AnyVariables {
    payload: Variable,
    tag: Variable,
    float: Variable,
}

impl AnyVariables {
    pub(super) fn new(b: &mut FunctionBuilder<'_>) -> Self {
        let (payload, tag) = (b.declare_var(machine::I64), b.declare_var(machine::I32));
        AnyVariables { payload, tag, float: b.declare_var(machine::F64) }
    }
}

/// A value that is to be stored, in its form at some place.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Saved {
    /// Of a type that is not tagged.
    Typed(Value),
    Float(Value),
    Known(u32, Value),
    Pair(Value, Value),
}

impl Translator<'_, '_> {
    /// The value of a register that is not in the frame.
    pub(super) fn saved(&mut self, reg: Reg) -> Saved {
        let Some(variables) = self.any[reg.as_u32() as usize] else { return Saved::Typed(self.variable(reg)) };
        match self.kinds.of[reg.as_u32() as usize] {
            FLOAT => Saved::Float(self.b.use_var(variables.float)),
            Kind::Is(tag) => Saved::Known(tag, self.b.use_var(variables.payload)),
            Kind::Number | Kind::Unknown => {
                Saved::Pair(self.b.use_var(variables.payload), self.b.use_var(variables.tag))
            }
        }
    }

    /// Stores such a value in its register.
    pub(super) fn store_saved(&mut self, reg: Reg, saved: Saved) {
        let (ty, slot, regs) = (self.job.function.registers[reg], self.slot(reg), self.regs);
        match saved {
            Saved::Typed(value) => self.store_word(ty, value, regs, slot),
            Saved::Float(value) => {
                let bits = self.bits(value);
                let tag = self.tag_constant(TAG_FLOAT);
                self.store_pair((bits, tag), (regs, slot));
            }
            Saved::Known(tag, payload) => {
                let tag = self.tag_constant(tag);
                self.store_pair((payload, tag), (regs, slot));
            }
            Saved::Pair(payload, tag) => self.store_pair((payload, tag), (regs, slot)),
        }
    }

    /// Stores payload and tag in a frame.
    pub(super) fn store_pair(&mut self, pair: (Value, Value), place: (Value, i32)) {
        self.store_pair_in(frame(), pair, place);
    }

    /// Stores payload and tag.
    pub(super) fn store_pair_in(
        &mut self,
        region: MemFlagsData,
        (payload, tag): (Value, Value),
        (base, offset): (Value, i32),
    ) {
        self.b.ins().store(region, payload, base, offset);
        self.b.ins().store(region, tag, base, offset + layout::ELEMENT_TAG);
    }

    /// Loads payload and tag from a frame.
    pub(super) fn load_pair(&mut self, base: Value, offset: i32) -> (Value, Value) {
        self.load_pair_in(frame(), base, offset)
    }

    /// Loads payload and tag.
    pub(super) fn load_pair_in(&mut self, region: MemFlagsData, base: Value, offset: i32) -> (Value, Value) {
        let payload = self.b.ins().load(machine::I64, region, base, offset);
        (payload, self.b.ins().load(machine::I32, region, base, offset + layout::ELEMENT_TAG))
    }

    pub(super) fn tag_constant(&mut self, tag: u32) -> Value {
        self.b.ins().iconst(machine::I32, i64::from(tag))
    }

    pub(super) fn bits(&mut self, float: Value) -> Value {
        self.b.ins().bitcast(machine::I64, MemFlagsData::new(), float)
    }

    pub(super) fn float_of_bits(&mut self, bits: Value) -> Value {
        self.b.ins().bitcast(machine::F64, MemFlagsData::new(), bits)
    }

    fn any_variables(&self, reg: Reg) -> AnyVariables {
        self.any[reg.as_u32() as usize].expect("the register holds a tagged value")
    }

    /// Makes sure that a register is not in the frame only.
    pub(super) fn load(&mut self, reg: Reg) {
        if !self.in_frame.contains(reg) {
            return;
        }
        let Some(variables) = self.any[reg.as_u32() as usize] else {
            self.register(reg);
            return;
        };
        self.in_frame.remove(reg);
        let (slot, regs) = (self.slot(reg), self.regs);
        let payload = self.b.ins().load(machine::I64, frame(), regs, slot);
        match self.kinds.of[reg.as_u32() as usize] {
            FLOAT => {
                let float = self.float_of_bits(payload);
                self.b.def_var(variables.float, float);
            }
            Kind::Is(_) => self.b.def_var(variables.payload, payload),
            Kind::Number | Kind::Unknown => {
                let tag = self.b.ins().load(machine::I32, frame(), regs, slot + layout::ELEMENT_TAG);
                self.b.def_var(variables.payload, payload);
                self.b.def_var(variables.tag, tag);
            }
        }
    }

    /// Makes sure that an operand is not in the frame only: before control splits and comes together again.
    pub(super) fn load_operand(&mut self, operand: Operand) {
        if let Some(reg) = operand.reg() {
            self.load(reg);
        }
    }

    /// What is known of an operand.
    pub(super) fn kind(&self, operand: Operand) -> Kind {
        self.kinds.operand(operand)
    }

    /// The payload of an operand.
    pub(super) fn payload(&mut self, operand: Operand) -> Value {
        let reg = match operand.input() {
            Input::Reg(reg) => reg,
            Input::Const(constant) => {
                let (payload, _) = self.job.constants[constant.as_u32() as usize];
                return self.b.ins().iconst(machine::I64, payload as i64);
            }
        };
        self.load(reg);
        let variables = self.any_variables(reg);
        if self.kinds.of[reg.as_u32() as usize] == FLOAT {
            let float = self.b.use_var(variables.float);
            return self.bits(float);
        }
        self.b.use_var(variables.payload)
    }

    /// The tag of an operand.
    pub(super) fn tag_of(&mut self, operand: Operand) -> Value {
        if let Kind::Is(tag) = self.kind(operand) {
            return self.tag_constant(tag);
        }
        let reg = operand.reg().expect("constants are of a known kind");
        self.load(reg);
        let variables = self.any_variables(reg);
        self.b.use_var(variables.tag)
    }

    /// Payload and tag of an operand.
    pub(super) fn pair(&mut self, operand: Operand) -> (Value, Value) {
        (self.payload(operand), self.tag_of(operand))
    }

    /// The float that an operand is known to be.
    pub(super) fn known_float(&mut self, operand: Operand) -> Value {
        match operand.input() {
            Input::Reg(reg) => {
                self.load(reg);
                let variables = self.any_variables(reg);
                self.b.use_var(variables.float)
            }
            Input::Const(constant) => {
                let (payload, _) = self.job.constants[constant.as_u32() as usize];
                self.b.ins().f64const(Ieee64::with_bits(payload))
            }
        }
    }

    fn begin_set(&mut self, reg: Reg, kind: Kind) -> AnyVariables {
        self.in_frame.remove(reg);
        self.dirty.insert(reg);
        self.kinds.of[reg.as_u32() as usize] = kind;
        self.any_variables(reg)
    }

    /// Writes a register of which nothing more is known than what `kind` says: not a tag.
    pub(super) fn set_pair(&mut self, reg: Reg, (payload, tag): (Value, Value), kind: Kind) {
        let variables = self.begin_set(reg, kind);
        self.b.def_var(variables.payload, payload);
        self.b.def_var(variables.tag, tag);
    }

    /// Writes a register with a tag that is known; not a float.
    pub(super) fn set_known(&mut self, reg: Reg, tag: u32, payload: Value) {
        let variables = self.begin_set(reg, Kind::Is(tag));
        self.b.def_var(variables.payload, payload);
    }

    /// Writes a float.
    pub(super) fn set_float(&mut self, reg: Reg, float: Value) {
        let variables = self.begin_set(reg, FLOAT);
        self.b.def_var(variables.float, float);
    }

    /// Writes a constant or a register as it is.
    pub(super) fn set_copy(&mut self, dst: Reg, src: Operand) {
        match self.kind(src) {
            FLOAT => {
                let float = self.known_float(src);
                self.set_float(dst, float);
            }
            Kind::Is(tag) => {
                let payload = self.payload(src);
                self.set_known(dst, tag, payload);
            }
            kind @ (Kind::Number | Kind::Unknown) => {
                let pair = self.pair(src);
                self.set_pair(dst, pair, kind);
            }
        }
    }

    /// Leaves unless a value has a tag; it is known to have it then.
    pub(super) fn guard(&mut self, operand: Operand, tag: u32) {
        let kind = self.kind(operand);
        if kind == Kind::Is(tag) {
            return;
        }
        let Some(reg) = operand.reg().filter(|_| !matches!(kind, Kind::Is(_))) else {
            let always = self.b.ins().iconst(machine::I8, 1);
            return self.exit_if(always, REASON_GUARD);
        };
        let found = if self.in_frame.contains(reg) {
            let (slot, regs) = (self.slot(reg), self.regs);
            self.b.ins().load(machine::I32, frame(), regs, slot + layout::ELEMENT_TAG)
        } else {
            self.tag_of(operand)
        };
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, found, i64::from(tag));
        self.exit_if(is_other, REASON_GUARD);
        self.know(reg, tag);
    }

    /// A register has turned out to have a tag.
    pub(super) fn know(&mut self, reg: Reg, tag: u32) {
        if tag == TAG_FLOAT && !self.in_frame.contains(reg) {
            let variables = self.any_variables(reg);
            let payload = self.b.use_var(variables.payload);
            let float = self.float_of_bits(payload);
            self.b.def_var(variables.float, float);
        }
        self.kinds.of[reg.as_u32() as usize] = Kind::Is(tag);
    }

    /// Gives a register, which is not in the frame only, another form.
    pub(super) fn convert(&mut self, reg: Reg, kind: Kind) {
        let variables = self.any_variables(reg);
        if let Kind::Is(tag) = self.kinds.of[reg.as_u32() as usize] {
            if tag == TAG_FLOAT {
                let float = self.b.use_var(variables.float);
                let bits = self.bits(float);
                self.b.def_var(variables.payload, bits);
            }
            let tag = self.tag_constant(tag);
            self.b.def_var(variables.tag, tag);
        }
        self.kinds.of[reg.as_u32() as usize] = kind;
    }

    /// Whether the type of a register is one of tagged values that machine registers hold.
    pub(super) fn is_any(&self, reg: Reg) -> bool {
        self.any[reg.as_u32() as usize].is_some()
    }
}
