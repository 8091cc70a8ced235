//! Rules of vectors of 128 bits: bits, single lanes, and comparisons, which give a lane of ones or of zeros.

use super::rules;
use super::scope::{Flow, Scope, Stop};
use crate::lanes::{compare, get, shuffled, splat, swizzled, with};
use minivm_isa::Instruction;

rules! {
    /// Bits and single lanes.
    pub(crate) fn lane_access;
    V128Not(src: u128) -> u128 = !src;
    V128And(lhs: u128, rhs: u128) -> u128 = lhs & rhs;
    V128AndNot(lhs: u128, rhs: u128) -> u128 = lhs & !rhs;
    V128Or(lhs: u128, rhs: u128) -> u128 = lhs | rhs;
    V128Xor(lhs: u128, rhs: u128) -> u128 = lhs ^ rhs;
    V128Bitselect(if_one: u128, if_zero: u128, mask: u128) -> u128 = if_one & mask | if_zero & !mask;
    V128AnyTrue(src: u128) -> bool = src != 0;
    I8x16Shuffle(lhs: u128, rhs: u128, lanes: u128) -> u128 = shuffled(lhs, rhs, lanes);
    I8x16Swizzle(lhs: u128, rhs: u128) -> u128 = swizzled(lhs, rhs);
    I8x16Splat(src: u32) -> u128 = splat(src as u8);
    I8x16ExtractLaneS(src: u128; lane) -> i32 = get::<i8>(src, lane).into();
    I8x16ExtractLaneU(src: u128; lane) -> u32 = get::<u8>(src, lane).into();
    I8x16ReplaceLane(src: u128, value: u32; lane) -> u128 = with(src, lane, value as u8);
    I16x8Splat(src: u32) -> u128 = splat(src as u16);
    I16x8ExtractLaneS(src: u128; lane) -> i32 = get::<i16>(src, lane).into();
    I16x8ExtractLaneU(src: u128; lane) -> u32 = get::<u16>(src, lane).into();
    I16x8ReplaceLane(src: u128, value: u32; lane) -> u128 = with(src, lane, value as u16);
    I32x4Splat(src: u32) -> u128 = splat(src as u32);
    I32x4ExtractLane(src: u128; lane) -> u32 = get::<u32>(src, lane);
    I32x4ReplaceLane(src: u128, value: u32; lane) -> u128 = with(src, lane, value as u32);
    I64x2Splat(src: u64) -> u128 = splat(src as u64);
    I64x2ExtractLane(src: u128; lane) -> u64 = get::<u64>(src, lane);
    I64x2ReplaceLane(src: u128, value: u64; lane) -> u128 = with(src, lane, value as u64);
    F32x4Splat(src: f32) -> u128 = splat(src);
    F32x4ExtractLane(src: u128; lane) -> f32 = get::<f32>(src, lane);
    F32x4ReplaceLane(src: u128, value: f32; lane) -> u128 = with(src, lane, value);
    F64x2Splat(src: f64) -> u128 = splat(src);
    F64x2ExtractLane(src: u128; lane) -> f64 = get::<f64>(src, lane);
    F64x2ReplaceLane(src: u128, value: f64; lane) -> u128 = with(src, lane, value);
}

rules! {
    /// Comparisons.
    pub(crate) fn lane_comparisons;
    I8x16Eq(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs == rhs);
    I8x16Ne(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs != rhs);
    I8x16LtS(lhs: u128, rhs: u128) -> u128 = compare::<i8>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I8x16LtU(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I8x16GtS(lhs: u128, rhs: u128) -> u128 = compare::<i8>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I8x16GtU(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I8x16LeS(lhs: u128, rhs: u128) -> u128 = compare::<i8>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I8x16LeU(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I8x16GeS(lhs: u128, rhs: u128) -> u128 = compare::<i8>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I8x16GeU(lhs: u128, rhs: u128) -> u128 = compare::<u8>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I16x8Eq(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs == rhs);
    I16x8Ne(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs != rhs);
    I16x8LtS(lhs: u128, rhs: u128) -> u128 = compare::<i16>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I16x8LtU(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I16x8GtS(lhs: u128, rhs: u128) -> u128 = compare::<i16>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I16x8GtU(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I16x8LeS(lhs: u128, rhs: u128) -> u128 = compare::<i16>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I16x8LeU(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I16x8GeS(lhs: u128, rhs: u128) -> u128 = compare::<i16>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I16x8GeU(lhs: u128, rhs: u128) -> u128 = compare::<u16>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I32x4Eq(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs == rhs);
    I32x4Ne(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs != rhs);
    I32x4LtS(lhs: u128, rhs: u128) -> u128 = compare::<i32>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I32x4LtU(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I32x4GtS(lhs: u128, rhs: u128) -> u128 = compare::<i32>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I32x4GtU(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I32x4LeS(lhs: u128, rhs: u128) -> u128 = compare::<i32>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I32x4LeU(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I32x4GeS(lhs: u128, rhs: u128) -> u128 = compare::<i32>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I32x4GeU(lhs: u128, rhs: u128) -> u128 = compare::<u32>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    I64x2Eq(lhs: u128, rhs: u128) -> u128 = compare::<u64>(lhs, rhs, |lhs, rhs| lhs == rhs);
    I64x2Ne(lhs: u128, rhs: u128) -> u128 = compare::<u64>(lhs, rhs, |lhs, rhs| lhs != rhs);
    I64x2LtS(lhs: u128, rhs: u128) -> u128 = compare::<i64>(lhs, rhs, |lhs, rhs| lhs < rhs);
    I64x2GtS(lhs: u128, rhs: u128) -> u128 = compare::<i64>(lhs, rhs, |lhs, rhs| lhs > rhs);
    I64x2LeS(lhs: u128, rhs: u128) -> u128 = compare::<i64>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    I64x2GeS(lhs: u128, rhs: u128) -> u128 = compare::<i64>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    F32x4Eq(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs == rhs);
    F32x4Ne(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs != rhs);
    F32x4Lt(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs < rhs);
    F32x4Gt(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs > rhs);
    F32x4Le(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    F32x4Ge(lhs: u128, rhs: u128) -> u128 = compare::<f32>(lhs, rhs, |lhs, rhs| lhs >= rhs);
    F64x2Eq(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs == rhs);
    F64x2Ne(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs != rhs);
    F64x2Lt(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs < rhs);
    F64x2Gt(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs > rhs);
    F64x2Le(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs <= rhs);
    F64x2Ge(lhs: u128, rhs: u128) -> u128 = compare::<f64>(lhs, rhs, |lhs, rhs| lhs >= rhs);
}
