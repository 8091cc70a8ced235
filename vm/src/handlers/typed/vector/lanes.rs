//! Bits, single lanes, shuffles.

use super::{each, map, replaced, shuffle, swizzle, vectors, zip};

vectors! {
    V128Not(src: [u64; 2]) -> [u64; 2] = map(src, |word| !word);
    V128And(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, |one: u64, other: u64| one & other);
    V128AndNot(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, |one: u64, other: u64| one & !other);
    V128Or(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, |one: u64, other: u64| one | other);
    V128Xor(lhs: [u64; 2], rhs: [u64; 2]) -> [u64; 2] = zip(lhs, rhs, |one: u64, other: u64| one ^ other);
    V128Bitselect(if_one: [u64; 2], if_zero: [u64; 2], mask: [u64; 2]) -> [u64; 2] =
        each(|index| if_one[index] & mask[index] | if_zero[index] & !mask[index]);
    V128AnyTrue(src: [u64; 2]) -> u32 = u32::from(src[0] | src[1] != 0);
    I8x16Shuffle(lhs: [u8; 16], rhs: [u8; 16], lanes: [u8; 16]) -> [u8; 16] = shuffle::<I>(lhs, rhs, lanes);
    I8x16Swizzle(lhs: [u8; 16], rhs: [u8; 16]) -> [u8; 16] = swizzle::<I>(lhs, rhs);
    I8x16Splat(src: u32) -> [u8; 16] = [src as u8; 16];
    I8x16ExtractLaneS(src: [i8; 16]; lane) -> u32 = i32::from(src[lane & 15]) as u32;
    I8x16ExtractLaneU(src: [u8; 16]; lane) -> u32 = u32::from(src[lane & 15]);
    I8x16ReplaceLane(src: [u8; 16], value: u32; lane) -> [u8; 16] = replaced(src, lane & 15, value as u8);
    I16x8Splat(src: u32) -> [u16; 8] = [src as u16; 8];
    I16x8ExtractLaneS(src: [i16; 8]; lane) -> u32 = i32::from(src[lane & 7]) as u32;
    I16x8ExtractLaneU(src: [u16; 8]; lane) -> u32 = u32::from(src[lane & 7]);
    I16x8ReplaceLane(src: [u16; 8], value: u32; lane) -> [u16; 8] = replaced(src, lane & 7, value as u16);
    I32x4Splat(src: u32) -> [u32; 4] = [src; 4];
    I32x4ExtractLane(src: [u32; 4]; lane) -> u32 = src[lane & 3];
    I32x4ReplaceLane(src: [u32; 4], value: u32; lane) -> [u32; 4] = replaced(src, lane & 3, value);
    I64x2Splat(src: u64) -> [u64; 2] = [src; 2];
    I64x2ExtractLane(src: [u64; 2]; lane) -> u64 = src[lane & 1];
    I64x2ReplaceLane(src: [u64; 2], value: u64; lane) -> [u64; 2] = replaced(src, lane & 1, value);
    F32x4Splat(src: f32) -> [f32; 4] = [src; 4];
    F32x4ExtractLane(src: [f32; 4]; lane) -> f32 = src[lane & 3];
    F32x4ReplaceLane(src: [f32; 4], value: f32; lane) -> [f32; 4] = replaced(src, lane & 3, value);
    F64x2Splat(src: f64) -> [f64; 2] = [src; 2];
    F64x2ExtractLane(src: [f64; 2]; lane) -> f64 = src[lane & 1];
    F64x2ReplaceLane(src: [f64; 2], value: f64; lane) -> [f64; 2] = replaced(src, lane & 1, value);
}
