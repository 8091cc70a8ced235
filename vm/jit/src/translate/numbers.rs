//! Arithmetic, comparisons and conversions of numbers.

use super::{Next, Translator};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, Value, types as machine};
use minivm::raw::native::layout::REASON_CHECK;
use minivm_isa::Instruction as I;
use minivm_isa::entities::Reg;
use minivm_isa::program::Constant;
use minivm_isa::{Operand, Type};

/// `dst = op(lhs, rhs)`.
macro_rules! binary {
    ($self:ident, $dst:expr, $lhs:expr, $rhs:expr, $op:ident) => {{
        let (lhs, rhs) = ($self.get(*$lhs), $self.get(*$rhs));
        let value = $self.b.ins().$op(lhs, rhs);
        $self.set(*$dst, value);
    }};
}

/// `dst = op(src)`, of a type where the operation needs one.
macro_rules! unary {
    ($self:ident, $dst:expr, $src:expr, $op:ident $(, $argument:expr)*) => {{
        let src = $self.get(*$src);
        let value = $self.b.ins().$op($($argument,)* src);
        $self.set(*$dst, value);
    }};
}

impl Translator<'_, '_> {
    /// Operations on integers and floats.
    pub(super) fn number(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::I32Add { dst, lhs, rhs } | I::I64Add { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, iadd),
            I::I32Sub { dst, lhs, rhs } | I::I64Sub { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, isub),
            I::I32Mul { dst, lhs, rhs } | I::I64Mul { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, imul),
            I::I32And { dst, lhs, rhs } | I::I64And { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, band),
            I::I32Or { dst, lhs, rhs } | I::I64Or { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, bor),
            I::I32Xor { dst, lhs, rhs } | I::I64Xor { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, bxor),
            I::I32Shl { dst, lhs, rhs } | I::I64Shl { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, ishl),
            I::I32ShrS { dst, lhs, rhs } | I::I64ShrS { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, sshr),
            I::I32ShrU { dst, lhs, rhs } | I::I64ShrU { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, ushr),
            I::I32Rotl { dst, lhs, rhs } | I::I64Rotl { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, rotl),
            I::I32Rotr { dst, lhs, rhs } | I::I64Rotr { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, rotr),
            I::I32Clz { dst, src } | I::I64Clz { dst, src } => unary!(self, dst, src, clz),
            I::I32Ctz { dst, src } | I::I64Ctz { dst, src } => unary!(self, dst, src, ctz),
            I::I32Popcnt { dst, src } | I::I64Popcnt { dst, src } => unary!(self, dst, src, popcnt),
            I::I32Extend8S { dst, src } => self.extend(*dst, *src, machine::I8, machine::I32),
            I::I32Extend16S { dst, src } => self.extend(*dst, *src, machine::I16, machine::I32),
            I::I64Extend8S { dst, src } => self.extend(*dst, *src, machine::I8, machine::I64),
            I::I64Extend16S { dst, src } => self.extend(*dst, *src, machine::I16, machine::I64),
            I::I64Extend32S { dst, src } => self.extend(*dst, *src, machine::I32, machine::I64),
            I::I32Eqz { dst, src } | I::I64Eqz { dst, src } => {
                let src = self.get(*src);
                let is_zero = self.b.ins().icmp_imm_s(IntCC::Equal, src, 0);
                self.set_flag(*dst, is_zero);
            }
            I::F32Add { dst, lhs, rhs } | I::F64Add { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, fadd),
            I::F32Sub { dst, lhs, rhs } | I::F64Sub { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, fsub),
            I::F32Mul { dst, lhs, rhs } | I::F64Mul { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, fmul),
            I::F32Div { dst, lhs, rhs } | I::F64Div { dst, lhs, rhs } => binary!(self, dst, lhs, rhs, fdiv),
            I::F32Copysign { dst, lhs, rhs } | I::F64Copysign { dst, lhs, rhs } => {
                binary!(self, dst, lhs, rhs, fcopysign)
            }
            I::F32Min { dst, lhs, rhs } | I::F64Min { dst, lhs, rhs } => self.extreme(*dst, [*lhs, *rhs], true),
            I::F32Max { dst, lhs, rhs } | I::F64Max { dst, lhs, rhs } => self.extreme(*dst, [*lhs, *rhs], false),
            I::F32Sqrt { dst, src } | I::F64Sqrt { dst, src } => unary!(self, dst, src, sqrt),
            I::F32Abs { dst, src } | I::F64Abs { dst, src } => unary!(self, dst, src, fabs),
            I::F32Neg { dst, src } | I::F64Neg { dst, src } => unary!(self, dst, src, fneg),
            _ => {
                return self
                    .division(instruction)
                    .or_else(|| self.rounding(instruction))
                    .or_else(|| self.compare(instruction));
            }
        }
        Some(Next::Falls)
    }

    fn extend(&mut self, dst: Reg, src: Operand, narrow: ir::Type, wide: ir::Type) {
        let src = self.get(src);
        let low = self.b.ins().ireduce(narrow, src);
        let value = self.b.ins().sextend(wide, low);
        self.set(dst, value);
    }

    fn set_flag(&mut self, dst: Reg, flag: Value) {
        let value = self.b.ins().uextend(machine::I32, flag);
        self.set(dst, value);
    }

    fn division(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::I32DivS { dst, lhs, rhs } | I::I64DivS { dst, lhs, rhs } => {
                self.check_divisor(*rhs);
                self.check_quotient(*lhs, *rhs);
                binary!(self, dst, lhs, rhs, sdiv);
            }
            I::I32DivU { dst, lhs, rhs } | I::I64DivU { dst, lhs, rhs } => {
                self.check_divisor(*rhs);
                binary!(self, dst, lhs, rhs, udiv);
            }
            I::I32RemS { dst, lhs, rhs } | I::I64RemS { dst, lhs, rhs } => {
                self.check_divisor(*rhs);
                binary!(self, dst, lhs, rhs, srem);
            }
            I::I32RemU { dst, lhs, rhs } | I::I64RemU { dst, lhs, rhs } => {
                self.check_divisor(*rhs);
                binary!(self, dst, lhs, rhs, urem);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    fn constant_integer(&self, operand: Operand) -> Option<i64> {
        match self.job.function.constants[operand.constant()?] {
            Constant::I32(value) => Some(i64::from(value)),
            Constant::I64(value) => Some(value),
            _ => None,
        }
    }

    fn check_divisor(&mut self, rhs: Operand) {
        if self.constant_integer(rhs).is_some_and(|value| value != 0) {
            return;
        }
        let rhs = self.get(rhs);
        let is_zero = self.b.ins().icmp_imm_s(IntCC::Equal, rhs, 0);
        self.exit_if(is_zero, REASON_CHECK);
    }

    /// Leaves where the quotient does not fit.
    fn check_quotient(&mut self, lhs: Operand, rhs: Operand) {
        if self.constant_integer(rhs).is_some_and(|value| value != -1) {
            return;
        }
        let least = if self.type_of(lhs) == Type::I32 { i64::from(i32::MIN) } else { i64::MIN };
        let (lhs, rhs) = (self.get(lhs), self.get(rhs));
        let is_least = self.b.ins().icmp_imm_s(IntCC::Equal, lhs, least);
        let is_minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, rhs, -1);
        let both = self.b.ins().band(is_least, is_minus_one);
        self.exit_if(both, REASON_CHECK);
    }

    fn rounding(&mut self, instruction: &I) -> Option<Next> {
        if !self.style.has_rounding {
            return None;
        }
        match instruction {
            I::F32Ceil { dst, src } | I::F64Ceil { dst, src } => unary!(self, dst, src, ceil),
            I::F32Floor { dst, src } | I::F64Floor { dst, src } => unary!(self, dst, src, floor),
            I::F32Trunc { dst, src } | I::F64Trunc { dst, src } => unary!(self, dst, src, trunc),
            I::F32Nearest { dst, src } | I::F64Nearest { dst, src } => unary!(self, dst, src, nearest),
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// The lesser or the greater of two floats, as the interpreter computes it.
    fn extreme(&mut self, dst: Reg, [lhs, rhs]: [Operand; 2], is_least: bool) {
        let (lhs, rhs) = (self.get(lhs), self.get(rhs));
        let ty = self.b.func.dfg.value_type(lhs);
        let bits = if ty == machine::F32 { machine::I32 } else { machine::I64 };
        let condition = if is_least { FloatCC::LessThan } else { FloatCC::GreaterThan };
        let is_lhs = self.b.ins().fcmp(condition, lhs, rhs);
        let is_rhs = self.b.ins().fcmp(condition, rhs, lhs);
        let is_equal = self.b.ins().fcmp(FloatCC::Equal, lhs, rhs);
        let (lhs_bits, rhs_bits) = (
            self.b.ins().bitcast(bits, MemFlagsData::new(), lhs),
            self.b.ins().bitcast(bits, MemFlagsData::new(), rhs),
        );
        let zeros = if is_least { self.b.ins().bor(lhs_bits, rhs_bits) } else { self.b.ins().band(lhs_bits, rhs_bits) };
        let zeros = self.b.ins().bitcast(ty, MemFlagsData::new(), zeros);
        // Not a number.
        let sum = self.b.ins().fadd(lhs, rhs);
        let value = self.b.ins().select(is_equal, zeros, sum);
        let value = self.b.ins().select(is_rhs, rhs, value);
        let value = self.b.ins().select(is_lhs, lhs, value);
        self.set(dst, value);
    }

    fn compare(&mut self, instruction: &I) -> Option<Next> {
        let (dst, lhs, rhs, condition) = match instruction {
            I::I32Eq { dst, lhs, rhs } | I::I64Eq { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::Equal),
            I::I32Ne { dst, lhs, rhs } | I::I64Ne { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::NotEqual),
            I::I32LtS { dst, lhs, rhs } | I::I64LtS { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::SignedLessThan),
            I::I32LtU { dst, lhs, rhs } | I::I64LtU { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::UnsignedLessThan),
            I::I32GtS { dst, lhs, rhs } | I::I64GtS { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::SignedGreaterThan),
            I::I32GtU { dst, lhs, rhs } | I::I64GtU { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::UnsignedGreaterThan),
            I::I32LeS { dst, lhs, rhs } | I::I64LeS { dst, lhs, rhs } => (dst, lhs, rhs, IntCC::SignedLessThanOrEqual),
            I::I32LeU { dst, lhs, rhs } | I::I64LeU { dst, lhs, rhs } => {
                (dst, lhs, rhs, IntCC::UnsignedLessThanOrEqual)
            }
            I::I32GeS { dst, lhs, rhs } | I::I64GeS { dst, lhs, rhs } => {
                (dst, lhs, rhs, IntCC::SignedGreaterThanOrEqual)
            }
            I::I32GeU { dst, lhs, rhs } | I::I64GeU { dst, lhs, rhs } => {
                (dst, lhs, rhs, IntCC::UnsignedGreaterThanOrEqual)
            }
            _ => return self.compare_floats(instruction),
        };
        let (lhs, rhs) = (self.get(*lhs), self.get(*rhs));
        let flag = self.b.ins().icmp(condition, lhs, rhs);
        self.set_flag(*dst, flag);
        Some(Next::Falls)
    }

    fn compare_floats(&mut self, instruction: &I) -> Option<Next> {
        let (dst, lhs, rhs, condition) = match instruction {
            I::F32Eq { dst, lhs, rhs } | I::F64Eq { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::Equal),
            I::F32Ne { dst, lhs, rhs } | I::F64Ne { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::NotEqual),
            I::F32Lt { dst, lhs, rhs } | I::F64Lt { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::LessThan),
            I::F32Gt { dst, lhs, rhs } | I::F64Gt { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::GreaterThan),
            I::F32Le { dst, lhs, rhs } | I::F64Le { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::LessThanOrEqual),
            I::F32Ge { dst, lhs, rhs } | I::F64Ge { dst, lhs, rhs } => (dst, lhs, rhs, FloatCC::GreaterThanOrEqual),
            _ => return None,
        };
        let (lhs, rhs) = (self.get(*lhs), self.get(*rhs));
        let flag = self.b.ins().fcmp(condition, lhs, rhs);
        self.set_flag(*dst, flag);
        Some(Next::Falls)
    }

    /// Conversions between numbers.
    pub(super) fn conversion(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::I32WrapI64 { dst, src } => unary!(self, dst, src, ireduce, machine::I32),
            I::I64ExtendI32S { dst, src } => unary!(self, dst, src, sextend, machine::I64),
            I::I64ExtendI32U { dst, src } => unary!(self, dst, src, uextend, machine::I64),
            I::F32ConvertI32S { dst, src } | I::F32ConvertI64S { dst, src } => {
                unary!(self, dst, src, fcvt_from_sint, machine::F32)
            }
            I::F32ConvertI32U { dst, src } | I::F32ConvertI64U { dst, src } => {
                unary!(self, dst, src, fcvt_from_uint, machine::F32)
            }
            I::F64ConvertI32S { dst, src } | I::F64ConvertI64S { dst, src } => {
                unary!(self, dst, src, fcvt_from_sint, machine::F64)
            }
            I::F64ConvertI32U { dst, src } | I::F64ConvertI64U { dst, src } => {
                unary!(self, dst, src, fcvt_from_uint, machine::F64)
            }
            I::F32DemoteF64 { dst, src } => unary!(self, dst, src, fdemote, machine::F32),
            I::F64PromoteF32 { dst, src } => unary!(self, dst, src, fpromote, machine::F64),
            I::I32ReinterpretF32 { dst, src } => unary!(self, dst, src, bitcast, machine::I32, MemFlagsData::new()),
            I::I64ReinterpretF64 { dst, src } => unary!(self, dst, src, bitcast, machine::I64, MemFlagsData::new()),
            I::F32ReinterpretI32 { dst, src } => unary!(self, dst, src, bitcast, machine::F32, MemFlagsData::new()),
            I::F64ReinterpretI64 { dst, src } => unary!(self, dst, src, bitcast, machine::F64, MemFlagsData::new()),
            I::I32TruncSatF32S { dst, src } | I::I32TruncSatF64S { dst, src } => {
                unary!(self, dst, src, fcvt_to_sint_sat, machine::I32)
            }
            I::I32TruncSatF32U { dst, src } | I::I32TruncSatF64U { dst, src } => {
                unary!(self, dst, src, fcvt_to_uint_sat, machine::I32)
            }
            I::I64TruncSatF32S { dst, src } | I::I64TruncSatF64S { dst, src } => {
                unary!(self, dst, src, fcvt_to_sint_sat, machine::I64)
            }
            I::I64TruncSatF32U { dst, src } | I::I64TruncSatF64U { dst, src } => {
                unary!(self, dst, src, fcvt_to_uint_sat, machine::I64)
            }
            _ => return self.truncation(instruction),
        }
        Some(Next::Falls)
    }

    /// Conversions that trap: what is certainly inside is converted, all else left to the interpreter.
    fn truncation(&mut self, instruction: &I) -> Option<Next> {
        let (dst, src, to, is_signed) = match instruction {
            I::I32TruncF32S { dst, src } | I::I32TruncF64S { dst, src } => (dst, src, machine::I32, true),
            I::I32TruncF32U { dst, src } | I::I32TruncF64U { dst, src } => (dst, src, machine::I32, false),
            I::I64TruncF32S { dst, src } | I::I64TruncF64S { dst, src } => (dst, src, machine::I64, true),
            I::I64TruncF32U { dst, src } | I::I64TruncF64U { dst, src } => (dst, src, machine::I64, false),
            _ => return None,
        };
        let src = self.get(*src);
        let digits = if is_signed { to.bits() - 1 } else { to.bits() };
        // A power of two is exact in both types.
        let above = (1u128 << digits) as f64;
        let below = if is_signed { -above } else { 0.0 };
        let (low, high) = if self.b.func.dfg.value_type(src) == machine::F32 {
            let constant = |value: f64| Ieee32::with_bits((value as f32).to_bits());
            (self.b.ins().f32const(constant(below)), self.b.ins().f32const(constant(above)))
        } else {
            let constant = |value: f64| Ieee64::with_bits(value.to_bits());
            (self.b.ins().f64const(constant(below)), self.b.ins().f64const(constant(above)))
        };
        let is_not_low = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, src, low);
        let is_not_high = self.b.ins().fcmp(FloatCC::LessThan, src, high);
        let is_inside = self.b.ins().band(is_not_low, is_not_high);
        let is_outside = self.b.ins().icmp_imm_s(IntCC::Equal, is_inside, 0);
        self.exit_if(is_outside, REASON_CHECK);
        let value =
            if is_signed { self.b.ins().fcvt_to_sint_sat(to, src) } else { self.b.ins().fcvt_to_uint_sat(to, src) };
        self.set(*dst, value);
        Some(Next::Falls)
    }
}
