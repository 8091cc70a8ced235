//! Lanes of floats, and conversions.

use super::{map, numbers_or, ordered, scalar, vectors, zip};
use crate::handlers::typed::operators::float as operators;
use crate::handlers::typed::operators::rounding::Rounding;

vectors! {
    F32x4Eq(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| -i32::from(one == other));
    F32x4Ne(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| -i32::from(one != other));
    F32x4Lt(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] = zip(lhs, rhs, |one: f32, other: f32| -i32::from(one < other));
    F32x4Gt(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] = zip(lhs, rhs, |one: f32, other: f32| -i32::from(one > other));
    F32x4Le(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| -i32::from(one <= other));
    F32x4Ge(lhs: [f32; 4], rhs: [f32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| -i32::from(one >= other));
    F64x2Eq(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| -i64::from(one == other));
    F64x2Ne(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| -i64::from(one != other));
    F64x2Lt(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] = zip(lhs, rhs, |one: f64, other: f64| -i64::from(one < other));
    F64x2Gt(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] = zip(lhs, rhs, |one: f64, other: f64| -i64::from(one > other));
    F64x2Le(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| -i64::from(one <= other));
    F64x2Ge(lhs: [f64; 2], rhs: [f64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| -i64::from(one >= other));
    F32x4Ceil(src: [f32; 4]) -> [f32; 4] = map(src, Rounding::round_up);
    F32x4Floor(src: [f32; 4]) -> [f32; 4] = map(src, Rounding::round_down);
    F32x4Trunc(src: [f32; 4]) -> [f32; 4] = map(src, Rounding::round_to_zero);
    F32x4Nearest(src: [f32; 4]) -> [f32; 4] = map(src, Rounding::round_to_even);
    F32x4Abs(src: [f32; 4]) -> [f32; 4] = map(src, f32::abs);
    F32x4Neg(src: [f32; 4]) -> [f32; 4] = map(src, |lane| -lane);
    F32x4Sqrt(src: [f32; 4]) -> [f32; 4] = map(src, f32::sqrt);
    F32x4Add(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] = ordered::add_singles(lhs, rhs);
    F32x4Sub(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] = zip(lhs, rhs, |one: f32, other: f32| one - other);
    F32x4Mul(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] = ordered::multiply_singles(lhs, rhs);
    F32x4Div(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] = zip(lhs, rhs, |one: f32, other: f32| one / other);
    F32x4Min(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] =
        numbers_or(ordered::add_singles(lhs, rhs), zip(lhs, rhs, scalar::<operators::F32Min, _>));
    F32x4Max(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] =
        numbers_or(ordered::add_singles(lhs, rhs), zip(lhs, rhs, scalar::<operators::F32Max, _>));
    F32x4PMin(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| if other < one { other } else { one });
    F32x4PMax(lhs: [f32; 4], rhs: [f32; 4]) -> [f32; 4] =
        zip(lhs, rhs, |one: f32, other: f32| if one < other { other } else { one });
    F64x2Ceil(src: [f64; 2]) -> [f64; 2] = map(src, Rounding::round_up);
    F64x2Floor(src: [f64; 2]) -> [f64; 2] = map(src, Rounding::round_down);
    F64x2Trunc(src: [f64; 2]) -> [f64; 2] = map(src, Rounding::round_to_zero);
    F64x2Nearest(src: [f64; 2]) -> [f64; 2] = map(src, Rounding::round_to_even);
    F64x2Abs(src: [f64; 2]) -> [f64; 2] = map(src, f64::abs);
    F64x2Neg(src: [f64; 2]) -> [f64; 2] = map(src, |lane| -lane);
    F64x2Sqrt(src: [f64; 2]) -> [f64; 2] = map(src, f64::sqrt);
    F64x2Add(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] = ordered::add_doubles(lhs, rhs);
    F64x2Sub(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] = zip(lhs, rhs, |one: f64, other: f64| one - other);
    F64x2Mul(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] = ordered::multiply_doubles(lhs, rhs);
    F64x2Div(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] = zip(lhs, rhs, |one: f64, other: f64| one / other);
    F64x2Min(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] =
        numbers_or(ordered::add_doubles(lhs, rhs), zip(lhs, rhs, scalar::<operators::F64Min, _>));
    F64x2Max(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] =
        numbers_or(ordered::add_doubles(lhs, rhs), zip(lhs, rhs, scalar::<operators::F64Max, _>));
    F64x2PMin(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| if other < one { other } else { one });
    F64x2PMax(lhs: [f64; 2], rhs: [f64; 2]) -> [f64; 2] =
        zip(lhs, rhs, |one: f64, other: f64| if one < other { other } else { one });
    I32x4TruncSatF32x4S(src: [f32; 4]) -> [i32; 4] = map(src, |lane| lane as i32);
    I32x4TruncSatF64x2SZero(src: [f64; 2]) -> [i32; 4] = [src[0] as i32, src[1] as i32, 0, 0];
    F32x4ConvertI32x4S(src: [i32; 4]) -> [f32; 4] = map(src, |lane| lane as f32);
    F64x2ConvertLowI32x4S(src: [i32; 4]) -> [f64; 2] = [f64::from(src[0]), f64::from(src[1])];
    I32x4TruncSatF32x4U(src: [f32; 4]) -> [u32; 4] = map(src, |lane| lane as u32);
    I32x4TruncSatF64x2UZero(src: [f64; 2]) -> [u32; 4] = [src[0] as u32, src[1] as u32, 0, 0];
    F32x4ConvertI32x4U(src: [u32; 4]) -> [f32; 4] = map(src, |lane| lane as f32);
    F64x2ConvertLowI32x4U(src: [u32; 4]) -> [f64; 2] = [f64::from(src[0]), f64::from(src[1])];
    F32x4DemoteF64x2Zero(src: [f64; 2]) -> [f32; 4] = [src[0] as f32, src[1] as f32, 0.0, 0.0];
    F64x2PromoteLowF32x4(src: [f32; 4]) -> [f64; 2] = [f64::from(src[0]), f64::from(src[1])];
}
