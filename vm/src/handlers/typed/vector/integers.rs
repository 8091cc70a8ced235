//! Lanes of integers.

use super::{bitmask, byte_product, each, joined, map, product, vectors, widened, zip};

vectors! {
    I8x16Eq(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one == other));
    I8x16Ne(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one != other));
    I8x16LtS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one < other));
    I8x16LtU(lhs: [u8; 16], rhs: [u8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: u8, other: u8| -i8::from(one < other));
    I8x16GtS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one > other));
    I8x16GtU(lhs: [u8; 16], rhs: [u8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: u8, other: u8| -i8::from(one > other));
    I8x16LeS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one <= other));
    I8x16LeU(lhs: [u8; 16], rhs: [u8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: u8, other: u8| -i8::from(one <= other));
    I8x16GeS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: i8, other: i8| -i8::from(one >= other));
    I8x16GeU(lhs: [u8; 16], rhs: [u8; 16]) -> [i8; 16] = zip(lhs, rhs, |one: u8, other: u8| -i8::from(one >= other));
    I16x8Eq(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one == other));
    I16x8Ne(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one != other));
    I16x8LtS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one < other));
    I16x8LtU(lhs: [u16; 8], rhs: [u16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: u16, other: u16| -i16::from(one < other));
    I16x8GtS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one > other));
    I16x8GtU(lhs: [u16; 8], rhs: [u16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: u16, other: u16| -i16::from(one > other));
    I16x8LeS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one <= other));
    I16x8LeU(lhs: [u16; 8], rhs: [u16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: u16, other: u16| -i16::from(one <= other));
    I16x8GeS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| -i16::from(one >= other));
    I16x8GeU(lhs: [u16; 8], rhs: [u16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: u16, other: u16| -i16::from(one >= other));
    I32x4Eq(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one == other));
    I32x4Ne(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one != other));
    I32x4LtS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one < other));
    I32x4LtU(lhs: [u32; 4], rhs: [u32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: u32, other: u32| -i32::from(one < other));
    I32x4GtS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one > other));
    I32x4GtU(lhs: [u32; 4], rhs: [u32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: u32, other: u32| -i32::from(one > other));
    I32x4LeS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one <= other));
    I32x4LeU(lhs: [u32; 4], rhs: [u32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: u32, other: u32| -i32::from(one <= other));
    I32x4GeS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: i32, other: i32| -i32::from(one >= other));
    I32x4GeU(lhs: [u32; 4], rhs: [u32; 4]) -> [i32; 4] =
        zip(lhs, rhs, |one: u32, other: u32| -i32::from(one >= other));
    I64x2Eq(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one == other));
    I64x2Ne(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one != other));
    I64x2LtS(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one < other));
    I64x2GtS(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one > other));
    I64x2LeS(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one <= other));
    I64x2GeS(lhs: [i64; 2], rhs: [i64; 2]) -> [i64; 2] =
        zip(lhs, rhs, |one: i64, other: i64| -i64::from(one >= other));
    I8x16Abs(src: [i8; 16]) -> [i8; 16] = map(src, i8::wrapping_abs);
    I8x16Neg(src: [i8; 16]) -> [i8; 16] = map(src, i8::wrapping_neg);
    I8x16Popcnt(src: [u8; 16]) -> [u8; 16] = map(src, |lane| lane.count_ones() as u8);
    I8x16AllTrue(src: [u8; 16]) -> u32 = u32::from(src.iter().all(|&lane| lane != 0));
    I8x16Bitmask(src: [i8; 16]) -> u32 = bitmask(map(src, |lane| lane < 0));
    I8x16Shl(lhs: [u8; 16], rhs: u32) -> [u8; 16] = map(lhs, |lane| lane.wrapping_shl(rhs));
    I8x16ShrS(lhs: [i8; 16], rhs: u32) -> [i8; 16] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I8x16ShrU(lhs: [u8; 16], rhs: u32) -> [u8; 16] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I8x16Add(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::wrapping_add);
    I8x16AddSatS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, i8::saturating_add);
    I8x16AddSatU(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::saturating_add);
    I8x16Sub(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::wrapping_sub);
    I8x16SubSatS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, i8::saturating_sub);
    I8x16SubSatU(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::saturating_sub);
    I8x16MinS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, i8::min);
    I8x16MinU(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::min);
    I8x16MaxS(lhs: [i8; 16], rhs: [i8; 16]) -> [i8; 16] = zip(lhs, rhs, i8::max);
    I8x16MaxU(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = zip(lhs, rhs, u8::max);
    I8x16AvgrU(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] =
        zip(lhs, rhs, |one: u8, other: u8| (u32::from(one) + u32::from(other)).div_ceil(2) as u8);
    I16x8Abs(src: [i16; 8]) -> [i16; 8] = map(src, i16::wrapping_abs);
    I16x8Neg(src: [i16; 8]) -> [i16; 8] = map(src, i16::wrapping_neg);
    I16x8AllTrue(src: [u16; 8]) -> u32 = u32::from(src.iter().all(|&lane| lane != 0));
    I16x8Bitmask(src: [i16; 8]) -> u32 = bitmask(map(src, |lane| lane < 0));
    I16x8Shl(lhs: [u16; 8], rhs: u32) -> [u16; 8] = map(lhs, |lane| lane.wrapping_shl(rhs));
    I16x8ShrS(lhs: [i16; 8], rhs: u32) -> [i16; 8] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I16x8ShrU(lhs: [u16; 8], rhs: u32) -> [u16; 8] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I16x8Add(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::wrapping_add);
    I16x8AddSatS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] = zip(lhs, rhs, i16::saturating_add);
    I16x8AddSatU(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::saturating_add);
    I16x8Sub(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::wrapping_sub);
    I16x8SubSatS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] = zip(lhs, rhs, i16::saturating_sub);
    I16x8SubSatU(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::saturating_sub);
    I16x8Mul(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::wrapping_mul);
    I16x8MinS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] = zip(lhs, rhs, i16::min);
    I16x8MinU(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::min);
    I16x8MaxS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] = zip(lhs, rhs, i16::max);
    I16x8MaxU(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] = zip(lhs, rhs, u16::max);
    I16x8AvgrU(lhs: [u16; 8], rhs: [u16; 8]) -> [u16; 8] =
        zip(lhs, rhs, |one: u16, other: u16| (u32::from(one) + u32::from(other)).div_ceil(2) as u16);
    I32x4Abs(src: [i32; 4]) -> [i32; 4] = map(src, i32::wrapping_abs);
    I32x4Neg(src: [i32; 4]) -> [i32; 4] = map(src, i32::wrapping_neg);
    I32x4AllTrue(src: [u32; 4]) -> u32 = u32::from(src.iter().all(|&lane| lane != 0));
    I32x4Bitmask(src: [i32; 4]) -> u32 = bitmask(map(src, |lane| lane < 0));
    I32x4Shl(lhs: [u32; 4], rhs: u32) -> [u32; 4] = map(lhs, |lane| lane.wrapping_shl(rhs));
    I32x4ShrS(lhs: [i32; 4], rhs: u32) -> [i32; 4] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I32x4ShrU(lhs: [u32; 4], rhs: u32) -> [u32; 4] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I32x4Add(lhs: [u32; 4], rhs: [u32; 4]) -> [u32; 4] = zip(lhs, rhs, u32::wrapping_add);
    I32x4Sub(lhs: [u32; 4], rhs: [u32; 4]) -> [u32; 4] = zip(lhs, rhs, u32::wrapping_sub);
    I32x4Mul(lhs: [u32; 4], rhs: [u32; 4]) -> [u32; 4] = zip(lhs, rhs, u32::wrapping_mul);
    I32x4MinS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] = zip(lhs, rhs, i32::min);
    I32x4MinU(lhs: [u32; 4], rhs: [u32; 4]) -> [u32; 4] = zip(lhs, rhs, u32::min);
    I32x4MaxS(lhs: [i32; 4], rhs: [i32; 4]) -> [i32; 4] = zip(lhs, rhs, i32::max);
    I32x4MaxU(lhs: [u32; 4], rhs: [u32; 4]) -> [u32; 4] = zip(lhs, rhs, u32::max);
    I64x2Abs(src: [i64; 2]) -> [i64; 2] = map(src, i64::wrapping_abs);
    I64x2Neg(src: [i64; 2]) -> [i64; 2] = map(src, i64::wrapping_neg);
    I64x2AllTrue(src: [u64; 2]) -> u32 = u32::from(src.iter().all(|&lane| lane != 0));
    I64x2Bitmask(src: [i64; 2]) -> u32 = bitmask(map(src, |lane| lane < 0));
    I64x2Shl(lhs: [u64; 2], rhs: u32) -> [u64; 2] = map(lhs, |lane| lane.wrapping_shl(rhs));
    I64x2ShrS(lhs: [i64; 2], rhs: u32) -> [i64; 2] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I64x2ShrU(lhs: [u64; 2], rhs: u32) -> [u64; 2] = map(lhs, |lane| lane.wrapping_shr(rhs));
    I64x2Add(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, u64::wrapping_add);
    I64x2Sub(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, u64::wrapping_sub);
    I64x2Mul(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, u64::wrapping_mul);
    I16x8ExtendLowI8x16S(src: [i8; 16]) -> [i16; 8] = widened::<i8, i16, 16, 8>(src, 0);
    I16x8ExtendLowI8x16U(src: [u8; 16]) -> [u16; 8] = widened::<u8, u16, 16, 8>(src, 0);
    I16x8ExtendHighI8x16S(src: [i8; 16]) -> [i16; 8] = widened::<i8, i16, 16, 8>(src, 8);
    I16x8ExtendHighI8x16U(src: [u8; 16]) -> [u16; 8] = widened::<u8, u16, 16, 8>(src, 8);
    I16x8ExtMulLowI8x16S(lhs: [i8; 16], rhs: [i8; 16]) -> [i16; 8] =
        zip(widened::<i8, i16, 16, 8>(lhs, 0), widened(rhs, 0), i16::wrapping_mul);
    I16x8ExtMulLowI8x16U(lhs: [u8; 16], rhs: [u8; 16]) -> [u16; 8] =
        zip(widened::<u8, u16, 16, 8>(lhs, 0), widened(rhs, 0), u16::wrapping_mul);
    I16x8ExtMulHighI8x16S(lhs: [i8; 16], rhs: [i8; 16]) -> [i16; 8] =
        zip(widened::<i8, i16, 16, 8>(lhs, 8), widened(rhs, 8), i16::wrapping_mul);
    I16x8ExtMulHighI8x16U(lhs: [u8; 16], rhs: [u8; 16]) -> [u16; 8] =
        zip(widened::<u8, u16, 16, 8>(lhs, 8), widened(rhs, 8), u16::wrapping_mul);
    I16x8ExtAddPairwiseI8x16S(src: [i8; 16]) -> [i16; 8] =
        each(|index| i16::from(src[2 * index]) + i16::from(src[2 * index + 1]));
    I16x8ExtAddPairwiseI8x16U(src: [u8; 16]) -> [u16; 8] =
        each(|index| u16::from(src[2 * index]) + u16::from(src[2 * index + 1]));
    I8x16NarrowI16x8S(lhs: [i16; 8], rhs: [i16; 8]) -> [i8; 16] =
        map(joined(lhs, rhs), |lane: i16| lane.clamp(i8::MIN.into(), i8::MAX.into()) as i8);
    I8x16NarrowI16x8U(lhs: [i16; 8], rhs: [i16; 8]) -> [u8; 16] =
        map(joined(lhs, rhs), |lane: i16| lane.clamp(u8::MIN.into(), u8::MAX.into()) as u8);
    I32x4ExtendLowI16x8S(src: [i16; 8]) -> [i32; 4] = widened::<i16, i32, 8, 4>(src, 0);
    I32x4ExtendLowI16x8U(src: [u16; 8]) -> [u32; 4] = widened::<u16, u32, 8, 4>(src, 0);
    I32x4ExtendHighI16x8S(src: [i16; 8]) -> [i32; 4] = widened::<i16, i32, 8, 4>(src, 4);
    I32x4ExtendHighI16x8U(src: [u16; 8]) -> [u32; 4] = widened::<u16, u32, 8, 4>(src, 4);
    I32x4ExtMulLowI16x8S(lhs: [i16; 8], rhs: [i16; 8]) -> [i32; 4] =
        zip(widened::<i16, i32, 8, 4>(lhs, 0), widened(rhs, 0), i32::wrapping_mul);
    I32x4ExtMulLowI16x8U(lhs: [u16; 8], rhs: [u16; 8]) -> [u32; 4] =
        zip(widened::<u16, u32, 8, 4>(lhs, 0), widened(rhs, 0), u32::wrapping_mul);
    I32x4ExtMulHighI16x8S(lhs: [i16; 8], rhs: [i16; 8]) -> [i32; 4] =
        zip(widened::<i16, i32, 8, 4>(lhs, 4), widened(rhs, 4), i32::wrapping_mul);
    I32x4ExtMulHighI16x8U(lhs: [u16; 8], rhs: [u16; 8]) -> [u32; 4] =
        zip(widened::<u16, u32, 8, 4>(lhs, 4), widened(rhs, 4), u32::wrapping_mul);
    I32x4ExtAddPairwiseI16x8S(src: [i16; 8]) -> [i32; 4] =
        each(|index| i32::from(src[2 * index]) + i32::from(src[2 * index + 1]));
    I32x4ExtAddPairwiseI16x8U(src: [u16; 8]) -> [u32; 4] =
        each(|index| u32::from(src[2 * index]) + u32::from(src[2 * index + 1]));
    I16x8NarrowI32x4S(lhs: [i32; 4], rhs: [i32; 4]) -> [i16; 8] =
        map(joined(lhs, rhs), |lane: i32| lane.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
    I16x8NarrowI32x4U(lhs: [i32; 4], rhs: [i32; 4]) -> [u16; 8] =
        map(joined(lhs, rhs), |lane: i32| lane.clamp(u16::MIN.into(), u16::MAX.into()) as u16);
    I64x2ExtendLowI32x4S(src: [i32; 4]) -> [i64; 2] = widened::<i32, i64, 4, 2>(src, 0);
    I64x2ExtendLowI32x4U(src: [u32; 4]) -> [u64; 2] = widened::<u32, u64, 4, 2>(src, 0);
    I64x2ExtendHighI32x4S(src: [i32; 4]) -> [i64; 2] = widened::<i32, i64, 4, 2>(src, 2);
    I64x2ExtendHighI32x4U(src: [u32; 4]) -> [u64; 2] = widened::<u32, u64, 4, 2>(src, 2);
    I64x2ExtMulLowI32x4S(lhs: [i32; 4], rhs: [i32; 4]) -> [i64; 2] =
        zip(widened::<i32, i64, 4, 2>(lhs, 0), widened(rhs, 0), i64::wrapping_mul);
    I64x2ExtMulLowI32x4U(lhs: [u32; 4], rhs: [u32; 4]) -> [u64; 2] =
        zip(widened::<u32, u64, 4, 2>(lhs, 0), widened(rhs, 0), u64::wrapping_mul);
    I64x2ExtMulHighI32x4S(lhs: [i32; 4], rhs: [i32; 4]) -> [i64; 2] =
        zip(widened::<i32, i64, 4, 2>(lhs, 2), widened(rhs, 2), i64::wrapping_mul);
    I64x2ExtMulHighI32x4U(lhs: [u32; 4], rhs: [u32; 4]) -> [u64; 2] =
        zip(widened::<u32, u64, 4, 2>(lhs, 2), widened(rhs, 2), u64::wrapping_mul);
    I16x8Q15MulrSatS(lhs: [i16; 8], rhs: [i16; 8]) -> [i16; 8] =
        zip(lhs, rhs, |one: i16, other: i16| ((i32::from(one) * i32::from(other) + 0x4000) >> 15).min(0x7fff) as i16);
    I32x4DotI16x8S(lhs: [i16; 8], rhs: [i16; 8]) -> [i32; 4] =
        each(|index| product(lhs, rhs, 2 * index).wrapping_add(product(lhs, rhs, 2 * index + 1)));
    I16x8DotI8x16S(lhs: [i8; 16], rhs: [i8; 16]) -> [i16; 8] =
        each(|index| (byte_product(lhs, rhs, 2 * index) + byte_product(lhs, rhs, 2 * index + 1)).clamp(-0x8000, 0x7fff) as i16);
}
