//! Vectors of 128 bits: variables of sixteen bytes, seen as lanes where an instruction works on them.

use super::{Next, Translator};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, ConstantData, Endianness, InstBuilder, MemFlagsData, Value, types as machine};
use minivm_isa::Instruction as I;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::Constant;
use minivm_isa::{Input, Operand};

/// The first lane is the one of the lowest bytes.
fn as_lanes() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}

/// Instructions of one vector and one of Cranelift.
macro_rules! one {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident $op:ident;)*) => {
        match $instruction {
            $(I::$name { dst, src } => {
                let src = $self.lanes(*src, machine::$lanes);
                let value = $self.b.ins().$op(src);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// Instructions of two vectors and one of Cranelift.
macro_rules! two {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident $op:ident;)*) => {
        match $instruction {
            $(I::$name { dst, lhs, rhs } => {
                let [lhs, rhs] = $self.both(*lhs, *rhs, machine::$lanes);
                let value = $self.b.ins().$op(lhs, rhs);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// Comparisons.
macro_rules! compare {
    ($self:ident, $instruction:expr, $op:ident, $conditions:ident; $($name:ident $lanes:ident $condition:ident;)*) => {
        match $instruction {
            $(I::$name { dst, lhs, rhs } => {
                let [lhs, rhs] = $self.both(*lhs, *rhs, machine::$lanes);
                let value = $self.b.ins().$op($conditions::$condition, lhs, rhs);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// Shifts of all lanes by one count.
macro_rules! shift {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident $op:ident;)*) => {
        match $instruction {
            $(I::$name { dst, lhs, rhs } => {
                let (lhs, count) = ($self.lanes(*lhs, machine::$lanes), $self.get(*rhs));
                let value = $self.b.ins().$op(lhs, count);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// Products of the wider lanes that one half of each operand makes.
macro_rules! widened_product {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident $widen:ident;)*) => {
        match $instruction {
            $(I::$name { dst, lhs, rhs } => {
                let wide = $self.both(*lhs, *rhs, machine::$lanes).map(|value| $self.b.ins().$widen(value));
                let value = $self.b.ins().imul(wide[0], wide[1]);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// Sums of neighbours as wider lanes.
macro_rules! pairs {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident $low:ident $high:ident;)*) => {
        match $instruction {
            $(I::$name { dst, src } => {
                let src = $self.lanes(*src, machine::$lanes);
                let (low, high) = ($self.b.ins().$low(src), $self.b.ins().$high(src));
                let value = $self.b.ins().iadd_pairwise(low, high);
                $self.set_lanes(*dst, value);
            })*
            _ => return None,
        }
    };
}

/// What a vector tells as a number.
macro_rules! number {
    ($self:ident, $instruction:expr; $($name:ident $lanes:ident;)* => $of:ident) => {
        match $instruction {
            $(I::$name { dst, src } => {
                let src = $self.lanes(*src, machine::$lanes);
                let value = $self.$of(src);
                $self.set(*dst, value);
            })*
            _ => return None,
        }
    };
}

impl Translator<'_, '_> {
    /// Instructions on vectors.
    pub(super) fn vector(&mut self, instruction: &I) -> Option<Next> {
        if !self.style.has_vectors {
            return None;
        }
        self.vector_arithmetic(instruction)
            .or_else(|| self.vector_floats(instruction))
            .or_else(|| self.vector_comparison(instruction))
            .or_else(|| self.vector_shift(instruction))
            .or_else(|| self.vector_widening(instruction))
            .or_else(|| self.vector_conversion(instruction))
            .or_else(|| self.single_lane(instruction))
            .or_else(|| self.vector_bits(instruction))
            .or_else(|| self.vector_number(instruction))
    }

    /// A constant of sixteen bytes.
    pub(super) fn vector_constant(&mut self, bits: u128) -> Value {
        let data = ConstantData::from(bits.to_le_bytes().as_slice());
        let constant = self.b.func.dfg.constants.insert(data);
        self.b.ins().vconst(machine::I8X16, constant)
    }

    fn as_lanes(&mut self, value: Value, lanes: ir::Type) -> Value {
        if self.b.func.dfg.value_type(value) == lanes { value } else { self.b.ins().bitcast(lanes, as_lanes(), value) }
    }

    fn lanes(&mut self, operand: Operand, lanes: ir::Type) -> Value {
        let value = self.get(operand);
        self.as_lanes(value, lanes)
    }

    fn both(&mut self, lhs: Operand, rhs: Operand, lanes: ir::Type) -> [Value; 2] {
        [self.lanes(lhs, lanes), self.lanes(rhs, lanes)]
    }

    fn set_lanes(&mut self, dst: Reg, value: Value) {
        let whole = self.as_lanes(value, machine::I8X16);
        self.set(dst, whole);
    }

    fn vector_arithmetic(&mut self, instruction: &I) -> Option<Next> {
        two! { self, instruction;
            I8x16Add I8X16 iadd; I8x16AddSatS I8X16 sadd_sat; I8x16AddSatU I8X16 uadd_sat;
            I8x16Sub I8X16 isub; I8x16SubSatS I8X16 ssub_sat; I8x16SubSatU I8X16 usub_sat;
            I8x16MinS I8X16 smin; I8x16MinU I8X16 umin; I8x16MaxS I8X16 smax; I8x16MaxU I8X16 umax;
            I8x16AvgrU I8X16 avg_round;
            I16x8Add I16X8 iadd; I16x8AddSatS I16X8 sadd_sat; I16x8AddSatU I16X8 uadd_sat;
            I16x8Sub I16X8 isub; I16x8SubSatS I16X8 ssub_sat; I16x8SubSatU I16X8 usub_sat; I16x8Mul I16X8 imul;
            I16x8MinS I16X8 smin; I16x8MinU I16X8 umin; I16x8MaxS I16X8 smax; I16x8MaxU I16X8 umax;
            I16x8AvgrU I16X8 avg_round; I16x8Q15MulrSatS I16X8 sqmul_round_sat;
            I32x4Add I32X4 iadd; I32x4Sub I32X4 isub; I32x4Mul I32X4 imul;
            I32x4MinS I32X4 smin; I32x4MinU I32X4 umin; I32x4MaxS I32X4 smax; I32x4MaxU I32X4 umax;
            I64x2Add I64X2 iadd; I64x2Sub I64X2 isub; I64x2Mul I64X2 imul;
            I8x16NarrowI16x8S I16X8 snarrow; I8x16NarrowI16x8U I16X8 unarrow;
            I16x8NarrowI32x4S I32X4 snarrow; I16x8NarrowI32x4U I32X4 unarrow;
            V128And I8X16 band; V128Or I8X16 bor; V128Xor I8X16 bxor; V128AndNot I8X16 band_not;
            I8x16Swizzle I8X16 swizzle;
            F32x4Add F32X4 fadd; F32x4Sub F32X4 fsub; F32x4Mul F32X4 fmul; F32x4Div F32X4 fdiv;
            F64x2Add F64X2 fadd; F64x2Sub F64X2 fsub; F64x2Mul F64X2 fmul; F64x2Div F64X2 fdiv;
        }
        Some(Next::Falls)
    }

    fn vector_floats(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::F32x4Min { dst, lhs, rhs } => self.extremes(*dst, [*lhs, *rhs], machine::F32X4, true),
            I::F32x4Max { dst, lhs, rhs } => self.extremes(*dst, [*lhs, *rhs], machine::F32X4, false),
            I::F64x2Min { dst, lhs, rhs } => self.extremes(*dst, [*lhs, *rhs], machine::F64X2, true),
            I::F64x2Max { dst, lhs, rhs } => self.extremes(*dst, [*lhs, *rhs], machine::F64X2, false),
            I::F32x4PMin { dst, lhs, rhs } => self.pseudo_extremes(*dst, [*lhs, *rhs], machine::F32X4, true),
            I::F32x4PMax { dst, lhs, rhs } => self.pseudo_extremes(*dst, [*lhs, *rhs], machine::F32X4, false),
            I::F64x2PMin { dst, lhs, rhs } => self.pseudo_extremes(*dst, [*lhs, *rhs], machine::F64X2, true),
            I::F64x2PMax { dst, lhs, rhs } => self.pseudo_extremes(*dst, [*lhs, *rhs], machine::F64X2, false),
            _ => one! { self, instruction;
                I8x16Abs I8X16 iabs; I8x16Neg I8X16 ineg; I8x16Popcnt I8X16 popcnt; I16x8Abs I16X8 iabs;
                I16x8Neg I16X8 ineg; I32x4Abs I32X4 iabs; I32x4Neg I32X4 ineg; I64x2Abs I64X2 iabs; I64x2Neg I64X2 ineg;
                V128Not I8X16 bnot;
                F32x4Abs F32X4 fabs; F32x4Neg F32X4 fneg; F32x4Sqrt F32X4 sqrt;
                F32x4Ceil F32X4 ceil; F32x4Floor F32X4 floor; F32x4Trunc F32X4 trunc; F32x4Nearest F32X4 nearest;
                F64x2Abs F64X2 fabs; F64x2Neg F64X2 fneg; F64x2Sqrt F64X2 sqrt;
                F64x2Ceil F64X2 ceil; F64x2Floor F64X2 floor; F64x2Trunc F64X2 trunc; F64x2Nearest F64X2 nearest;
            },
        }
        Some(Next::Falls)
    }

    /// The lesser or the greater of each two lanes, as for single floats.
    fn extremes(&mut self, dst: Reg, [lhs, rhs]: [Operand; 2], lanes: ir::Type, is_least: bool) {
        let [lhs, rhs] = self.both(lhs, rhs, lanes);
        let condition = if is_least { FloatCC::LessThan } else { FloatCC::GreaterThan };
        let is_lhs = self.b.ins().fcmp(condition, lhs, rhs);
        let is_rhs = self.b.ins().fcmp(condition, rhs, lhs);
        let is_equal = self.b.ins().fcmp(FloatCC::Equal, lhs, rhs);
        // Not a number.
        let sum = self.b.ins().fadd(lhs, rhs);
        let [lhs, rhs, sum, is_lhs, is_rhs, is_equal] =
            [lhs, rhs, sum, is_lhs, is_rhs, is_equal].map(|value| self.as_lanes(value, machine::I8X16));
        let zeros = if is_least { self.b.ins().bor(lhs, rhs) } else { self.b.ins().band(lhs, rhs) };
        let value = self.b.ins().bitselect(is_equal, zeros, sum);
        let value = self.b.ins().bitselect(is_rhs, rhs, value);
        let value = self.b.ins().bitselect(is_lhs, lhs, value);
        self.set(dst, value);
    }

    /// The second of each two lanes where it is less, or greater, else the first.
    fn pseudo_extremes(&mut self, dst: Reg, [lhs, rhs]: [Operand; 2], lanes: ir::Type, is_least: bool) {
        let [lhs, rhs] = self.both(lhs, rhs, lanes);
        let (one, other) = if is_least { (rhs, lhs) } else { (lhs, rhs) };
        let is_rhs = self.b.ins().fcmp(FloatCC::LessThan, one, other);
        let [lhs, rhs, is_rhs] = [lhs, rhs, is_rhs].map(|value| self.as_lanes(value, machine::I8X16));
        let value = self.b.ins().bitselect(is_rhs, rhs, lhs);
        self.set(dst, value);
    }

    fn vector_comparison(&mut self, instruction: &I) -> Option<Next> {
        let whole = |this: &mut Self| -> Option<()> {
            compare! { this, instruction, icmp, IntCC;
                I8x16Eq I8X16 Equal; I8x16Ne I8X16 NotEqual;
                I8x16LtS I8X16 SignedLessThan; I8x16LtU I8X16 UnsignedLessThan;
                I8x16GtS I8X16 SignedGreaterThan; I8x16GtU I8X16 UnsignedGreaterThan;
                I8x16LeS I8X16 SignedLessThanOrEqual; I8x16LeU I8X16 UnsignedLessThanOrEqual;
                I8x16GeS I8X16 SignedGreaterThanOrEqual; I8x16GeU I8X16 UnsignedGreaterThanOrEqual;
                I16x8Eq I16X8 Equal; I16x8Ne I16X8 NotEqual;
                I16x8LtS I16X8 SignedLessThan; I16x8LtU I16X8 UnsignedLessThan;
                I16x8GtS I16X8 SignedGreaterThan; I16x8GtU I16X8 UnsignedGreaterThan;
                I16x8LeS I16X8 SignedLessThanOrEqual; I16x8LeU I16X8 UnsignedLessThanOrEqual;
                I16x8GeS I16X8 SignedGreaterThanOrEqual; I16x8GeU I16X8 UnsignedGreaterThanOrEqual;
                I32x4Eq I32X4 Equal; I32x4Ne I32X4 NotEqual;
                I32x4LtS I32X4 SignedLessThan; I32x4LtU I32X4 UnsignedLessThan;
                I32x4GtS I32X4 SignedGreaterThan; I32x4GtU I32X4 UnsignedGreaterThan;
                I32x4LeS I32X4 SignedLessThanOrEqual; I32x4LeU I32X4 UnsignedLessThanOrEqual;
                I32x4GeS I32X4 SignedGreaterThanOrEqual; I32x4GeU I32X4 UnsignedGreaterThanOrEqual;
                I64x2Eq I64X2 Equal; I64x2Ne I64X2 NotEqual; I64x2LtS I64X2 SignedLessThan;
                I64x2GtS I64X2 SignedGreaterThan; I64x2LeS I64X2 SignedLessThanOrEqual;
                I64x2GeS I64X2 SignedGreaterThanOrEqual;
            }
            Some(())
        };
        let floats = |this: &mut Self| -> Option<()> {
            compare! { this, instruction, fcmp, FloatCC;
                F32x4Eq F32X4 Equal; F32x4Ne F32X4 NotEqual; F32x4Lt F32X4 LessThan; F32x4Gt F32X4 GreaterThan;
                F32x4Le F32X4 LessThanOrEqual; F32x4Ge F32X4 GreaterThanOrEqual;
                F64x2Eq F64X2 Equal; F64x2Ne F64X2 NotEqual; F64x2Lt F64X2 LessThan; F64x2Gt F64X2 GreaterThan;
                F64x2Le F64X2 LessThanOrEqual; F64x2Ge F64X2 GreaterThanOrEqual;
            }
            Some(())
        };
        whole(self).or_else(|| floats(self)).map(|()| Next::Falls)
    }

    fn vector_shift(&mut self, instruction: &I) -> Option<Next> {
        shift! { self, instruction;
            I8x16Shl I8X16 ishl; I8x16ShrS I8X16 sshr; I8x16ShrU I8X16 ushr;
            I16x8Shl I16X8 ishl; I16x8ShrS I16X8 sshr; I16x8ShrU I16X8 ushr;
            I32x4Shl I32X4 ishl; I32x4ShrS I32X4 sshr; I32x4ShrU I32X4 ushr;
            I64x2Shl I64X2 ishl; I64x2ShrS I64X2 sshr; I64x2ShrU I64X2 ushr;
        }
        Some(Next::Falls)
    }

    fn vector_widening(&mut self, instruction: &I) -> Option<Next> {
        let widen = |this: &mut Self| -> Option<()> {
            one! { this, instruction;
                I16x8ExtendLowI8x16S I8X16 swiden_low; I16x8ExtendLowI8x16U I8X16 uwiden_low;
                I16x8ExtendHighI8x16S I8X16 swiden_high; I16x8ExtendHighI8x16U I8X16 uwiden_high;
                I32x4ExtendLowI16x8S I16X8 swiden_low; I32x4ExtendLowI16x8U I16X8 uwiden_low;
                I32x4ExtendHighI16x8S I16X8 swiden_high; I32x4ExtendHighI16x8U I16X8 uwiden_high;
                I64x2ExtendLowI32x4S I32X4 swiden_low; I64x2ExtendLowI32x4U I32X4 uwiden_low;
                I64x2ExtendHighI32x4S I32X4 swiden_high; I64x2ExtendHighI32x4U I32X4 uwiden_high;
            }
            Some(())
        };
        let product = |this: &mut Self| -> Option<()> {
            widened_product! { this, instruction;
                I16x8ExtMulLowI8x16S I8X16 swiden_low; I16x8ExtMulLowI8x16U I8X16 uwiden_low;
                I16x8ExtMulHighI8x16S I8X16 swiden_high; I16x8ExtMulHighI8x16U I8X16 uwiden_high;
                I32x4ExtMulLowI16x8S I16X8 swiden_low; I32x4ExtMulLowI16x8U I16X8 uwiden_low;
                I32x4ExtMulHighI16x8S I16X8 swiden_high; I32x4ExtMulHighI16x8U I16X8 uwiden_high;
                I64x2ExtMulLowI32x4S I32X4 swiden_low; I64x2ExtMulLowI32x4U I32X4 uwiden_low;
                I64x2ExtMulHighI32x4S I32X4 swiden_high; I64x2ExtMulHighI32x4U I32X4 uwiden_high;
            }
            Some(())
        };
        let sum = |this: &mut Self| -> Option<()> {
            pairs! { this, instruction;
                I16x8ExtAddPairwiseI8x16S I8X16 swiden_low swiden_high;
                I16x8ExtAddPairwiseI8x16U I8X16 uwiden_low uwiden_high;
                I32x4ExtAddPairwiseI16x8S I16X8 swiden_low swiden_high;
                I32x4ExtAddPairwiseI16x8U I16X8 uwiden_low uwiden_high;
            }
            Some(())
        };
        if let I::I32x4DotI16x8S { dst, lhs, rhs } = instruction {
            let [lhs, rhs] = self.both(*lhs, *rhs, machine::I16X8);
            let low = [lhs, rhs].map(|value| self.b.ins().swiden_low(value));
            let high = [lhs, rhs].map(|value| self.b.ins().swiden_high(value));
            let [low, high] = [low, high].map(|[lhs, rhs]| self.b.ins().imul(lhs, rhs));
            let value = self.b.ins().iadd_pairwise(low, high);
            self.set_lanes(*dst, value);
            return Some(Next::Falls);
        }
        widen(self).or_else(|| product(self)).or_else(|| sum(self)).map(|()| Next::Falls)
    }

    fn vector_conversion(&mut self, instruction: &I) -> Option<Next> {
        let (dst, value) = match instruction {
            I::F32x4ConvertI32x4S { dst, src } => {
                let src = self.lanes(*src, machine::I32X4);
                (dst, self.b.ins().fcvt_from_sint(machine::F32X4, src))
            }
            I::F32x4ConvertI32x4U { dst, src } => {
                let src = self.lanes(*src, machine::I32X4);
                (dst, self.b.ins().fcvt_from_uint(machine::F32X4, src))
            }
            I::F64x2ConvertLowI32x4S { dst, src } => {
                let src = self.lanes(*src, machine::I32X4);
                let wide = self.b.ins().swiden_low(src);
                (dst, self.b.ins().fcvt_from_sint(machine::F64X2, wide))
            }
            I::F64x2ConvertLowI32x4U { dst, src } => {
                let src = self.lanes(*src, machine::I32X4);
                let wide = self.b.ins().uwiden_low(src);
                (dst, self.b.ins().fcvt_from_uint(machine::F64X2, wide))
            }
            I::I32x4TruncSatF32x4S { dst, src } => {
                let src = self.lanes(*src, machine::F32X4);
                (dst, self.b.ins().fcvt_to_sint_sat(machine::I32X4, src))
            }
            I::I32x4TruncSatF32x4U { dst, src } => {
                let src = self.lanes(*src, machine::F32X4);
                (dst, self.b.ins().fcvt_to_uint_sat(machine::I32X4, src))
            }
            I::I32x4TruncSatF64x2SZero { dst, src } => {
                let src = self.lanes(*src, machine::F64X2);
                let wide = self.b.ins().fcvt_to_sint_sat(machine::I64X2, src);
                let zero = self.vector_constant(0);
                let zero = self.as_lanes(zero, machine::I64X2);
                (dst, self.b.ins().snarrow(wide, zero))
            }
            I::I32x4TruncSatF64x2UZero { dst, src } => {
                let src = self.lanes(*src, machine::F64X2);
                let wide = self.b.ins().fcvt_to_uint_sat(machine::I64X2, src);
                let zero = self.vector_constant(0);
                let zero = self.as_lanes(zero, machine::I64X2);
                (dst, self.b.ins().uunarrow(wide, zero))
            }
            I::F32x4DemoteF64x2Zero { dst, src } => {
                let src = self.lanes(*src, machine::F64X2);
                (dst, self.b.ins().fvdemote(src))
            }
            I::F64x2PromoteLowF32x4 { dst, src } => {
                let src = self.lanes(*src, machine::F32X4);
                (dst, self.b.ins().fvpromote_low(src))
            }
            _ => return None,
        };
        self.set_lanes(*dst, value);
        Some(Next::Falls)
    }

    /// Instructions on one lane, and those that give all the same value.
    fn single_lane(&mut self, instruction: &I) -> Option<Next> {
        let (lanes, lane) = (lanes_of(instruction)?, lane_of(instruction));
        match instruction {
            I::I8x16Splat { dst, src }
            | I::I16x8Splat { dst, src }
            | I::I32x4Splat { dst, src }
            | I::I64x2Splat { dst, src }
            | I::F32x4Splat { dst, src }
            | I::F64x2Splat { dst, src } => {
                let src = self.get(*src);
                let src = self.narrowed(src, lanes.lane_type());
                let value = self.b.ins().splat(lanes, src);
                self.set_lanes(*dst, value);
            }
            I::I8x16ReplaceLane { dst, src, value, .. }
            | I::I16x8ReplaceLane { dst, src, value, .. }
            | I::I32x4ReplaceLane { dst, src, value, .. }
            | I::I64x2ReplaceLane { dst, src, value, .. }
            | I::F32x4ReplaceLane { dst, src, value, .. }
            | I::F64x2ReplaceLane { dst, src, value, .. } => {
                let (src, value) = (self.lanes(*src, lanes), self.get(*value));
                let value = self.narrowed(value, lanes.lane_type());
                let value = self.b.ins().insertlane(src, value, lane);
                self.set_lanes(*dst, value);
            }
            I::I8x16ExtractLaneS { dst, src, .. } | I::I16x8ExtractLaneS { dst, src, .. } => {
                let src = self.lanes(*src, lanes);
                let value = self.b.ins().extractlane(src, lane);
                let value = self.b.ins().sextend(machine::I32, value);
                self.set(*dst, value);
            }
            I::I8x16ExtractLaneU { dst, src, .. } | I::I16x8ExtractLaneU { dst, src, .. } => {
                let src = self.lanes(*src, lanes);
                let value = self.b.ins().extractlane(src, lane);
                let value = self.b.ins().uextend(machine::I32, value);
                self.set(*dst, value);
            }
            I::I32x4ExtractLane { dst, src, .. }
            | I::I64x2ExtractLane { dst, src, .. }
            | I::F32x4ExtractLane { dst, src, .. }
            | I::F64x2ExtractLane { dst, src, .. } => {
                let src = self.lanes(*src, lanes);
                let value = self.b.ins().extractlane(src, lane);
                self.set(*dst, value);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    /// A value as one of lanes that may be narrower.
    fn narrowed(&mut self, value: Value, lane: ir::Type) -> Value {
        if self.b.func.dfg.value_type(value) == lane { value } else { self.b.ins().ireduce(lane, value) }
    }

    fn vector_bits(&mut self, instruction: &I) -> Option<Next> {
        match instruction {
            I::V128Bitselect { dst, if_one, if_zero, mask } => {
                let [if_one, if_zero, mask] = [*if_one, *if_zero, *mask].map(|operand| self.get(operand));
                let value = self.b.ins().bitselect(mask, if_one, if_zero);
                self.set(*dst, value);
            }
            I::I8x16Shuffle { dst, lhs, rhs, lanes } => {
                // What names no lane is for the interpreter, and lanes that are not known.
                let Input::Const(constant) = lanes.input() else { return None };
                let Constant::V128(bits) = self.job.function.constants[constant] else { return None };
                let places = bits.to_le_bytes();
                if places.iter().any(|&place| place >= 32) {
                    return None;
                }
                let [lhs, rhs] = [*lhs, *rhs].map(|operand| self.get(operand));
                let mask = self.b.func.dfg.immediates.push(ConstantData::from(places.as_slice()));
                let value = self.b.ins().shuffle(lhs, rhs, mask);
                self.set(*dst, value);
            }
            _ => return None,
        }
        Some(Next::Falls)
    }

    fn vector_number(&mut self, instruction: &I) -> Option<Next> {
        let any = |this: &mut Self| -> Option<()> {
            number! { this, instruction; V128AnyTrue I8X16; => any_true }
            Some(())
        };
        let all = |this: &mut Self| -> Option<()> {
            number! { this, instruction;
                I8x16AllTrue I8X16; I16x8AllTrue I16X8; I32x4AllTrue I32X4; I64x2AllTrue I64X2; => all_true
            }
            Some(())
        };
        let mask = |this: &mut Self| -> Option<()> {
            number! { this, instruction;
                I8x16Bitmask I8X16; I16x8Bitmask I16X8; I32x4Bitmask I32X4; I64x2Bitmask I64X2; => high_bits
            }
            Some(())
        };
        any(self).or_else(|| all(self)).or_else(|| mask(self)).map(|()| Next::Falls)
    }

    fn any_true(&mut self, value: Value) -> Value {
        let is_true = self.b.ins().vany_true(value);
        self.b.ins().uextend(machine::I32, is_true)
    }

    fn all_true(&mut self, value: Value) -> Value {
        let is_true = self.b.ins().vall_true(value);
        self.b.ins().uextend(machine::I32, is_true)
    }

    fn high_bits(&mut self, value: Value) -> Value {
        self.b.ins().vhigh_bits(machine::I32, value)
    }
}

/// The lanes that an instruction on one of them works on.
fn lanes_of(instruction: &I) -> Option<ir::Type> {
    Some(match instruction {
        I::I8x16Splat { .. }
        | I::I8x16ReplaceLane { .. }
        | I::I8x16ExtractLaneS { .. }
        | I::I8x16ExtractLaneU { .. } => machine::I8X16,
        I::I16x8Splat { .. }
        | I::I16x8ReplaceLane { .. }
        | I::I16x8ExtractLaneS { .. }
        | I::I16x8ExtractLaneU { .. } => machine::I16X8,
        I::I32x4Splat { .. } | I::I32x4ReplaceLane { .. } | I::I32x4ExtractLane { .. } => machine::I32X4,
        I::I64x2Splat { .. } | I::I64x2ReplaceLane { .. } | I::I64x2ExtractLane { .. } => machine::I64X2,
        I::F32x4Splat { .. } | I::F32x4ReplaceLane { .. } | I::F32x4ExtractLane { .. } => machine::F32X4,
        I::F64x2Splat { .. } | I::F64x2ReplaceLane { .. } | I::F64x2ExtractLane { .. } => machine::F64X2,
        _ => return None,
    })
}

/// The lane that an instruction names; the interpreter counts them in a circle, too.
fn lane_of(instruction: &I) -> u8 {
    let mut found = 0;
    instruction.for_each_operand(|_, operand| {
        if let OperandRef::Immediate(_, lane) = operand {
            found = lane;
        }
    });
    let count = lanes_of(instruction).map_or(1, |lanes| u64::from(lanes.lane_count()));
    (found % count) as u8
}
