//! Rules of vectors of floats.

use super::rules;
use super::scope::{Flow, Scope, Stop};
use crate::floats::Float;
use crate::lanes::{convert, low, map, zip};
use minivm_isa::Instruction;

rules! {
    /// Arithmetic of float lanes.
    pub(crate) fn float_lanes;
    F32x4Ceil(src: u128) -> u128 = map(src, |lane: f32| lane.ceil().quiet());
    F32x4Floor(src: u128) -> u128 = map(src, |lane: f32| lane.floor().quiet());
    F32x4Trunc(src: u128) -> u128 = map(src, |lane: f32| lane.trunc().quiet());
    F32x4Nearest(src: u128) -> u128 = map(src, |lane: f32| lane.round_ties_even().quiet());
    F32x4Abs(src: u128) -> u128 = map(src, f32::abs);
    F32x4Sqrt(src: u128) -> u128 = map(src, f32::sqrt);
    F32x4Neg(src: u128) -> u128 = map(src, |lane: f32| -lane);
    F32x4Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| lhs + rhs);
    F32x4Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| lhs - rhs);
    F32x4Mul(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| lhs * rhs);
    F32x4Div(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| lhs / rhs);
    F32x4Min(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, <f32 as Float>::lesser);
    F32x4Max(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, <f32 as Float>::greater);
    F32x4PMin(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| if rhs < lhs { rhs } else { lhs });
    F32x4PMax(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f32, rhs: f32| if lhs < rhs { rhs } else { lhs });
    F64x2Ceil(src: u128) -> u128 = map(src, |lane: f64| lane.ceil().quiet());
    F64x2Floor(src: u128) -> u128 = map(src, |lane: f64| lane.floor().quiet());
    F64x2Trunc(src: u128) -> u128 = map(src, |lane: f64| lane.trunc().quiet());
    F64x2Nearest(src: u128) -> u128 = map(src, |lane: f64| lane.round_ties_even().quiet());
    F64x2Abs(src: u128) -> u128 = map(src, f64::abs);
    F64x2Sqrt(src: u128) -> u128 = map(src, f64::sqrt);
    F64x2Neg(src: u128) -> u128 = map(src, |lane: f64| -lane);
    F64x2Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| lhs + rhs);
    F64x2Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| lhs - rhs);
    F64x2Mul(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| lhs * rhs);
    F64x2Div(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| lhs / rhs);
    F64x2Min(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, <f64 as Float>::lesser);
    F64x2Max(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, <f64 as Float>::greater);
    F64x2PMin(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| if rhs < lhs { rhs } else { lhs });
    F64x2PMax(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: f64, rhs: f64| if lhs < rhs { rhs } else { lhs });
    I32x4TruncSatF32x4S(src: u128) -> u128 = convert(src, |lane: f32| lane as i32);
    I32x4TruncSatF64x2SZero(src: u128) -> u128 = convert(src, |lane: f64| lane as i32);
    F32x4ConvertI32x4S(src: u128) -> u128 = convert(src, |lane: i32| lane as f32);
    F64x2ConvertLowI32x4S(src: u128) -> u128 = convert(low(src), |lane: i32| f64::from(lane));
    I32x4TruncSatF32x4U(src: u128) -> u128 = convert(src, |lane: f32| lane as u32);
    I32x4TruncSatF64x2UZero(src: u128) -> u128 = convert(src, |lane: f64| lane as u32);
    F32x4ConvertI32x4U(src: u128) -> u128 = convert(src, |lane: u32| lane as f32);
    F64x2ConvertLowI32x4U(src: u128) -> u128 = convert(low(src), |lane: u32| f64::from(lane));
    F32x4DemoteF64x2Zero(src: u128) -> u128 = convert(src, |lane: f64| lane as f32);
    F64x2PromoteLowF32x4(src: u128) -> u128 = convert(low(src), |lane: f32| f64::from(lane));
}
