//! Rules of vectors of integers.

use super::rules;
use super::scope::{Flow, Scope, Stop};
use crate::lanes::{bitmask, dot, high, lanes, low, map, narrow, pairs, product, widen, zip};
use minivm_isa::Instruction;

rules! {
    /// Arithmetic of integer lanes.
    pub(crate) fn integer_lanes;
    I8x16Abs(src: u128) -> u128 = map(src, i8::wrapping_abs);
    I8x16Neg(src: u128) -> u128 = map(src, i8::wrapping_neg);
    I8x16AllTrue(src: u128) -> bool = lanes::<u8>(src).all(|lane| lane != 0);
    I8x16Bitmask(src: u128) -> u32 = bitmask::<i8>(src);
    I8x16Popcnt(src: u128) -> u128 = map(src, |lane: u8| lane.count_ones() as u8);
    I8x16Shl(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u8| lane << (rhs % 8));
    I8x16ShrS(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: i8| lane >> (rhs % 8));
    I8x16ShrU(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u8| lane >> (rhs % 8));
    I8x16Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::wrapping_add);
    I8x16Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::wrapping_sub);
    I8x16AddSatS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i8::saturating_add);
    I8x16AddSatU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::saturating_add);
    I8x16SubSatS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i8::saturating_sub);
    I8x16SubSatU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::saturating_sub);
    I8x16MinS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i8::min);
    I8x16MinU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::min);
    I8x16MaxS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i8::max);
    I8x16MaxU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u8::max);
    I8x16AvgrU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: u8, rhs: u8| (u32::from(lhs) + u32::from(rhs)).div_ceil(2) as u8);
    I16x8Abs(src: u128) -> u128 = map(src, i16::wrapping_abs);
    I16x8Neg(src: u128) -> u128 = map(src, i16::wrapping_neg);
    I16x8AllTrue(src: u128) -> bool = lanes::<u16>(src).all(|lane| lane != 0);
    I16x8Bitmask(src: u128) -> u32 = bitmask::<i16>(src);
    I16x8Shl(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u16| lane << (rhs % 16));
    I16x8ShrS(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: i16| lane >> (rhs % 16));
    I16x8ShrU(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u16| lane >> (rhs % 16));
    I16x8Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::wrapping_add);
    I16x8Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::wrapping_sub);
    I16x8Mul(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::wrapping_mul);
    I16x8AddSatS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i16::saturating_add);
    I16x8AddSatU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::saturating_add);
    I16x8SubSatS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i16::saturating_sub);
    I16x8SubSatU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::saturating_sub);
    I16x8MinS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i16::min);
    I16x8MinU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::min);
    I16x8MaxS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i16::max);
    I16x8MaxU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u16::max);
    I16x8AvgrU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, |lhs: u16, rhs: u16| (u32::from(lhs) + u32::from(rhs)).div_ceil(2) as u16);
    I32x4Abs(src: u128) -> u128 = map(src, i32::wrapping_abs);
    I32x4Neg(src: u128) -> u128 = map(src, i32::wrapping_neg);
    I32x4AllTrue(src: u128) -> bool = lanes::<u32>(src).all(|lane| lane != 0);
    I32x4Bitmask(src: u128) -> u32 = bitmask::<i32>(src);
    I32x4Shl(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u32| lane << (rhs % 32));
    I32x4ShrS(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: i32| lane >> (rhs % 32));
    I32x4ShrU(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u32| lane >> (rhs % 32));
    I32x4Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u32::wrapping_add);
    I32x4Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u32::wrapping_sub);
    I32x4Mul(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u32::wrapping_mul);
    I32x4MinS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i32::min);
    I32x4MinU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u32::min);
    I32x4MaxS(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, i32::max);
    I32x4MaxU(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u32::max);
    I64x2Abs(src: u128) -> u128 = map(src, i64::wrapping_abs);
    I64x2Neg(src: u128) -> u128 = map(src, i64::wrapping_neg);
    I64x2AllTrue(src: u128) -> bool = lanes::<u64>(src).all(|lane| lane != 0);
    I64x2Bitmask(src: u128) -> u32 = bitmask::<i64>(src);
    I64x2Shl(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u64| lane << (rhs % 64));
    I64x2ShrS(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: i64| lane >> (rhs % 64));
    I64x2ShrU(lhs: u128, rhs: u32) -> u128 = map(lhs, |lane: u64| lane >> (rhs % 64));
    I64x2Add(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u64::wrapping_add);
    I64x2Sub(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u64::wrapping_sub);
    I64x2Mul(lhs: u128, rhs: u128) -> u128 = zip(lhs, rhs, u64::wrapping_mul);
    I16x8ExtendLowI8x16S(src: u128) -> u128 = widen::<i8, i16>(low(src));
    I16x8ExtendHighI8x16S(src: u128) -> u128 = widen::<i8, i16>(high(src));
    I16x8ExtMulLowI8x16S(lhs: u128, rhs: u128) -> u128 = product::<i8, i16>(low(lhs), low(rhs));
    I16x8ExtMulHighI8x16S(lhs: u128, rhs: u128) -> u128 = product::<i8, i16>(high(lhs), high(rhs));
    I16x8ExtAddPairwiseI8x16S(src: u128) -> u128 = pairs::<i8, i16>(src, |first, second| first + second);
    I8x16NarrowI16x8S(lhs: u128, rhs: u128) -> u128 =
        narrow::<i16, i8>(lhs, rhs, |lane| lane.clamp(i8::MIN.into(), i8::MAX.into()) as i8);
    I16x8ExtendLowI8x16U(src: u128) -> u128 = widen::<u8, u16>(low(src));
    I16x8ExtendHighI8x16U(src: u128) -> u128 = widen::<u8, u16>(high(src));
    I16x8ExtMulLowI8x16U(lhs: u128, rhs: u128) -> u128 = product::<u8, u16>(low(lhs), low(rhs));
    I16x8ExtMulHighI8x16U(lhs: u128, rhs: u128) -> u128 = product::<u8, u16>(high(lhs), high(rhs));
    I16x8ExtAddPairwiseI8x16U(src: u128) -> u128 = pairs::<u8, u16>(src, |first, second| first + second);
    I8x16NarrowI16x8U(lhs: u128, rhs: u128) -> u128 =
        narrow::<i16, u8>(lhs, rhs, |lane| lane.clamp(u8::MIN.into(), u8::MAX.into()) as u8);
    I32x4ExtendLowI16x8S(src: u128) -> u128 = widen::<i16, i32>(low(src));
    I32x4ExtendHighI16x8S(src: u128) -> u128 = widen::<i16, i32>(high(src));
    I32x4ExtMulLowI16x8S(lhs: u128, rhs: u128) -> u128 = product::<i16, i32>(low(lhs), low(rhs));
    I32x4ExtMulHighI16x8S(lhs: u128, rhs: u128) -> u128 = product::<i16, i32>(high(lhs), high(rhs));
    I32x4ExtAddPairwiseI16x8S(src: u128) -> u128 = pairs::<i16, i32>(src, |first, second| first + second);
    I16x8NarrowI32x4S(lhs: u128, rhs: u128) -> u128 =
        narrow::<i32, i16>(lhs, rhs, |lane| lane.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
    I32x4ExtendLowI16x8U(src: u128) -> u128 = widen::<u16, u32>(low(src));
    I32x4ExtendHighI16x8U(src: u128) -> u128 = widen::<u16, u32>(high(src));
    I32x4ExtMulLowI16x8U(lhs: u128, rhs: u128) -> u128 = product::<u16, u32>(low(lhs), low(rhs));
    I32x4ExtMulHighI16x8U(lhs: u128, rhs: u128) -> u128 = product::<u16, u32>(high(lhs), high(rhs));
    I32x4ExtAddPairwiseI16x8U(src: u128) -> u128 = pairs::<u16, u32>(src, |first, second| first + second);
    I16x8NarrowI32x4U(lhs: u128, rhs: u128) -> u128 =
        narrow::<i32, u16>(lhs, rhs, |lane| lane.clamp(u16::MIN.into(), u16::MAX.into()) as u16);
    I64x2ExtendLowI32x4S(src: u128) -> u128 = widen::<i32, i64>(low(src));
    I64x2ExtendHighI32x4S(src: u128) -> u128 = widen::<i32, i64>(high(src));
    I64x2ExtMulLowI32x4S(lhs: u128, rhs: u128) -> u128 = product::<i32, i64>(low(lhs), low(rhs));
    I64x2ExtMulHighI32x4S(lhs: u128, rhs: u128) -> u128 = product::<i32, i64>(high(lhs), high(rhs));
    I64x2ExtendLowI32x4U(src: u128) -> u128 = widen::<u32, u64>(low(src));
    I64x2ExtendHighI32x4U(src: u128) -> u128 = widen::<u32, u64>(high(src));
    I64x2ExtMulLowI32x4U(lhs: u128, rhs: u128) -> u128 = product::<u32, u64>(low(lhs), low(rhs));
    I64x2ExtMulHighI32x4U(lhs: u128, rhs: u128) -> u128 = product::<u32, u64>(high(lhs), high(rhs));
    I16x8Q15MulrSatS(lhs: u128, rhs: u128) -> u128 =
        zip(lhs, rhs, |lhs: i16, rhs: i16| ((i32::from(lhs) * i32::from(rhs) + 0x4000) >> 15).min(0x7fff) as i16);
    I32x4DotI16x8S(lhs: u128, rhs: u128) -> u128 = dot::<i16, i32>(lhs, rhs, i32::wrapping_add);
    I16x8DotI8x16S(lhs: u128, rhs: u128) -> u128 = dot::<i8, i16>(lhs, rhs, i16::saturating_add);
}
