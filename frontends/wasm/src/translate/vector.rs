//! Vectors, as far as an operator is not one instruction: loads and stores of lanes, shuffles, and the relaxed operators.
//!
//! Of what a relaxed operator may give, this is always the same, on all machines: lanes out of range swizzle to 0, conversions
//! saturate and give 0 for NaN, products and sums are rounded one after the other, a lane select goes by bits, minimum and
//! maximum are those of single floats, and products of bytes are signed.

use super::error::WasmError;
use super::function::FunctionTranslator;
use super::operator::memory_of;
use super::shape::{Shape, shape};
use minivm_isa::program::Constant;
use minivm_isa::{Instruction, Operand, Type};
use wasmparser::{MemArg, Operator};

impl FunctionTranslator<'_> {
    pub(super) fn vector(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::V128Bitselect => self.bitselect(),
            Operator::I8x16Shuffle { lanes } => {
                let lanes = self.builder.constant(Constant::V128(u128::from_le_bytes(lanes)));
                let (rhs, lhs) = (self.pop(), self.pop());
                self.produce(Type::V128, |dst| Instruction::I8x16Shuffle { dst, lhs, rhs, lanes });
            }
            Operator::V128Load8x8S { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I16x8ExtendLowI8x16S])
            }
            Operator::V128Load8x8U { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I16x8ExtendLowI8x16U])
            }
            Operator::V128Load16x4S { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I32x4ExtendLowI16x8S])
            }
            Operator::V128Load16x4U { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I32x4ExtendLowI16x8U])
            }
            Operator::V128Load32x2S { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I64x2ExtendLowI32x4S])
            }
            Operator::V128Load32x2U { memarg } => {
                self.load_as(memarg, &[Operator::I64x2Splat, Operator::I64x2ExtendLowI32x4U])
            }
            Operator::V128Load8Splat { memarg } => self.all(&[Operator::I32Load8U { memarg }, Operator::I8x16Splat]),
            Operator::V128Load16Splat { memarg } => self.all(&[Operator::I32Load16U { memarg }, Operator::I16x8Splat]),
            Operator::V128Load32Splat { memarg } => self.all(&[Operator::I32Load { memarg }, Operator::I32x4Splat]),
            Operator::V128Load64Splat { memarg } => self.all(&[Operator::I64Load { memarg }, Operator::I64x2Splat]),
            Operator::V128Load32Zero { memarg } => {
                self.load_into_zero(Operator::I32Load { memarg }, Operator::I32x4ReplaceLane { lane: 0 });
            }
            Operator::V128Load64Zero { memarg } => {
                self.load_into_zero(Operator::I64Load { memarg }, Operator::I64x2ReplaceLane { lane: 0 });
            }
            other => return self.lane_access(other),
        }
        Ok(())
    }

    /// Translates operators that are one instruction each.
    fn all(&mut self, operators: &[Operator<'_>]) {
        for operator in operators {
            if let Some(shape) = shape(operator) {
                self.shaped(shape);
            }
        }
    }

    fn load_as(&mut self, memarg: MemArg, then: &[Operator<'_>]) {
        self.all(&[Operator::I64Load { memarg }]);
        self.all(then);
    }

    fn bitselect(&mut self) {
        let (mask, if_zero, if_one) = (self.pop(), self.pop(), self.pop());
        self.produce(Type::V128, |dst| Instruction::V128Bitselect { dst, if_one, if_zero, mask });
    }

    fn load_into_zero(&mut self, load: Operator<'_>, replace: Operator<'_>) {
        self.all(&[load]);
        let (value, src) = (self.pop(), self.builder.constant(Constant::V128(0)));
        self.replace_lane(replace, src, value);
    }

    fn replace_lane(&mut self, replace: Operator<'_>, src: Operand, value: Operand) {
        if let Some(Shape::Replace(lane, make)) = shape(&replace) {
            self.produce(Type::V128, |dst| make(dst, src, value, lane.into()));
        }
    }

    fn lane_access(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::V128Load8Lane { memarg, lane } => {
                self.load_lane(Operator::I32Load8U { memarg }, Operator::I8x16ReplaceLane { lane });
            }
            Operator::V128Load16Lane { memarg, lane } => {
                self.load_lane(Operator::I32Load16U { memarg }, Operator::I16x8ReplaceLane { lane });
            }
            Operator::V128Load32Lane { memarg, lane } => {
                self.load_lane(Operator::I32Load { memarg }, Operator::I32x4ReplaceLane { lane });
            }
            Operator::V128Load64Lane { memarg, lane } => {
                self.load_lane(Operator::I64Load { memarg }, Operator::I64x2ReplaceLane { lane });
            }
            Operator::V128Store8Lane { memarg, lane } => {
                self.all(&[Operator::I8x16ExtractLaneU { lane }, Operator::I32Store8 { memarg }]);
            }
            Operator::V128Store16Lane { memarg, lane } => {
                self.all(&[Operator::I16x8ExtractLaneU { lane }, Operator::I32Store16 { memarg }]);
            }
            Operator::V128Store32Lane { memarg, lane } => {
                self.all(&[Operator::I32x4ExtractLane { lane }, Operator::I32Store { memarg }]);
            }
            Operator::V128Store64Lane { memarg, lane } => {
                self.all(&[Operator::I64x2ExtractLane { lane }, Operator::I64Store { memarg }]);
            }
            other => return self.relaxed(other),
        }
        Ok(())
    }

    /// Loads into one lane of the topmost value.
    fn load_lane(&mut self, load: Operator<'_>, replace: Operator<'_>) {
        self.flush();
        let (src, address) = (self.pop(), self.pop());
        // The value stays in its register while the lane is loaded, which is read there.
        let kept = self.kept_vector();
        self.emit(Instruction::Copy { dst: kept, src });
        if let Some(Shape::Load(ty, memarg, make)) = shape(&load) {
            self.produce(ty, |dst| make(dst, memory_of(memarg), address, memarg.offset));
        }
        let value = self.pop();
        self.replace_lane(replace, kept.into(), value);
    }

    fn relaxed(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        let same = match operator {
            Operator::I8x16RelaxedSwizzle => Operator::I8x16Swizzle,
            Operator::I32x4RelaxedTruncF32x4S => Operator::I32x4TruncSatF32x4S,
            Operator::I32x4RelaxedTruncF32x4U => Operator::I32x4TruncSatF32x4U,
            Operator::I32x4RelaxedTruncF64x2SZero => Operator::I32x4TruncSatF64x2SZero,
            Operator::I32x4RelaxedTruncF64x2UZero => Operator::I32x4TruncSatF64x2UZero,
            Operator::F32x4RelaxedMin => Operator::F32x4Min,
            Operator::F32x4RelaxedMax => Operator::F32x4Max,
            Operator::F64x2RelaxedMin => Operator::F64x2Min,
            Operator::F64x2RelaxedMax => Operator::F64x2Max,
            Operator::I16x8RelaxedQ15mulrS => Operator::I16x8Q15MulrSatS,
            Operator::I8x16RelaxedLaneselect
            | Operator::I16x8RelaxedLaneselect
            | Operator::I32x4RelaxedLaneselect
            | Operator::I64x2RelaxedLaneselect => {
                self.bitselect();
                return Ok(());
            }
            other => return self.relaxed_product(other),
        };
        self.all(&[same]);
        Ok(())
    }

    fn relaxed_product(&mut self, operator: Operator<'_>) -> Result<(), WasmError> {
        match operator {
            Operator::F32x4RelaxedMadd => self.multiply_add(&[Operator::F32x4Mul], Operator::F32x4Add),
            Operator::F64x2RelaxedMadd => self.multiply_add(&[Operator::F64x2Mul], Operator::F64x2Add),
            Operator::F32x4RelaxedNmadd => {
                self.multiply_add(&[Operator::F32x4Mul, Operator::F32x4Neg], Operator::F32x4Add);
            }
            Operator::F64x2RelaxedNmadd => {
                self.multiply_add(&[Operator::F64x2Mul, Operator::F64x2Neg], Operator::F64x2Add);
            }
            Operator::I16x8RelaxedDotI8x16I7x16S => self.dot(),
            Operator::I32x4RelaxedDotI8x16I7x16AddS => {
                let addend = self.keep_top();
                self.dot();
                self.all(&[Operator::I32x4ExtAddPairwiseI16x8S]);
                let lhs = self.pop();
                self.produce(Type::V128, |dst| Instruction::I32x4Add { dst, lhs, rhs: addend });
            }
            other => {
                return Err(WasmError::unsupported(self.span.0, format_args!("the operator {other:?}")));
            }
        }
        Ok(())
    }

    fn dot(&mut self) {
        let (rhs, lhs) = (self.pop(), self.pop());
        self.produce(Type::V128, |dst| Instruction::I16x8DotI8x16S { dst, lhs, rhs });
    }

    /// Takes the topmost value, in a register where it stays.
    fn keep_top(&mut self) -> Operand {
        let src = self.pop();
        let kept = self.kept_vector();
        self.emit(Instruction::Copy { dst: kept, src });
        kept.into()
    }

    fn multiply_add(&mut self, product: &[Operator<'_>], add: Operator<'_>) {
        let addend = self.keep_top();
        self.all(product);
        let lhs = self.pop();
        if let Some(Shape::Binary(ty, make)) = shape(&add) {
            self.produce(ty, |dst| make(dst, lhs, addend));
        }
    }
}
