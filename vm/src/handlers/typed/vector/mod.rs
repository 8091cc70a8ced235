//! Vectors of 128 bits: each instruction for itself, on lanes that the compiler of this crate makes vectors of the processor of.

mod floats;
mod integers;
mod lanes;

use super::bulk::operand;
use super::expression::BinaryOperator;
use super::word::{Wide, Word};
use crate::runtime::context::{Context, Handler};
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};
use std::array::from_fn;

/// The handler of an instruction on vectors. Its operands: the inputs, each a register or a constant, the lane if it names one
/// (64 bits), the slot of the result.
pub(crate) fn handler(opcode: Opcode) -> Option<Handler> {
    lanes::handler(opcode).or_else(|| integers::handler(opcode)).or_else(|| floats::handler(opcode))
}

/// What an instruction on vectors takes and gives.
trait Part: Sized {
    /// # Safety
    /// As for [`Statement::execute`](super::statement::Statement::execute).
    unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode>;
    /// # Safety
    /// `slot` names a register of this type.
    unsafe fn write(self, regs: Regs, slot: usize);
}

macro_rules! words {
    ($($ty:ty)*) => {$(
        impl Part for $ty {
            #[inline(always)]
            unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
                // SAFETY: passed on.
                unsafe { operand::<$ty>(c, regs, cx) }
            }
            #[inline(always)]
            unsafe fn write(self, regs: Regs, slot: usize) {
                // SAFETY: passed on.
                unsafe { Word::write(regs, slot, self) }
            }
        }
    )*};
}

words! { u32 u64 f32 f64 }

macro_rules! lanes {
    ($($ty:ty, $count:literal;)*) => {$(
        impl Part for [$ty; $count] {
            #[inline(always)]
            unsafe fn read(c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<Self, TrapCode> {
                // SAFETY: passed on.
                let Wide(low, high) = unsafe { operand::<Wide>(c, regs, cx)? };
                let bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
                const SIZE: usize = 16 / $count;
                Ok(from_fn(|lane| <$ty>::from_le_bytes(from_fn(|byte| bytes[lane * SIZE + byte]))))
            }
            #[inline(always)]
            unsafe fn write(self, regs: Regs, slot: usize) {
                let bytes = self.map(|lane| lane.to_le_bytes());
                let flat = bytes.as_flattened();
                let value = u128::from_le_bytes(from_fn(|byte| flat[byte]));
                // SAFETY: passed on.
                unsafe { Word::write(regs, slot, Wide(value as u64, (value >> 64) as u64)) }
            }
        }
    )*};
}

lanes! { i8, 16; u8, 16; i16, 8; u16, 8; i32, 4; u32, 4; i64, 2; u64, 2; f32, 4; f64, 2; }

/// Defines instructions: `Name(inputs; lane) -> result = value`.
macro_rules! vectors {
    ($($name:ident($($input:ident: $ty:ty),*$(; $lane:ident)?) -> $result:ty = $value:expr;)*) => {
        $(
            pub(crate) enum $name {}
            impl crate::handlers::typed::statement::Statement for $name {
                const KEY: crate::handlers::typed::shape::Key =
                    crate::handlers::typed::shape::operation(minivm_isa::Opcode::$name, &[]);
                /// # Safety
                /// The caller vouches for the operands.
                #[inline(always)]
                unsafe fn execute(
                    c: &mut crate::threaded::operands::Cursor,
                    regs: crate::threaded::Regs,
                    cx: *mut crate::runtime::context::Context,
                ) -> Result<(), minivm_isa::TrapCode> {
                    // SAFETY: the caller vouches for the operands.
                    unsafe {
                        $(let $input: $ty = super::Part::read(c, regs, cx)?;)*
                        $(let $lane = c.u64() as usize;)?
                        let result: $result = $value;
                        super::Part::write(result, regs, c.u16());
                        Ok(())
                    }
                }
            }
        )*

        pub(super) fn handler(opcode: minivm_isa::Opcode) -> Option<crate::runtime::context::Handler> {
            Some(match opcode {
                $(minivm_isa::Opcode::$name => crate::handlers::typed::statement::statement::<$name>,)*
                _ => return None,
            })
        }
    };
}
use vectors;

/// The lanes of two vectors, combined one by one.
#[inline(always)]
fn zip<T: Copy, R, const N: usize>(lhs: [T; N], rhs: [T; N], combine: impl Fn(T, T) -> R) -> [R; N] {
    from_fn(|lane| combine(lhs[lane], rhs[lane]))
}

/// What an operator on single values makes of lanes; none of those that come here traps.
#[inline(always)]
fn scalar<O: BinaryOperator<Left = T, Right = T, Result = T>, T: Copy>(lhs: T, rhs: T) -> T {
    O::apply(lhs, rhs).unwrap_or(lhs)
}

/// Lanes from `first` on, wider.
#[inline(always)]
fn widened<T: Copy + Into<W>, W, const N: usize, const M: usize>(lanes: [T; N], first: usize) -> [W; M] {
    from_fn(|lane| lanes[first + lane].into())
}

/// The lanes of one vector, then those of another.
#[inline(always)]
fn joined<T: Copy, const N: usize, const M: usize>(lhs: [T; N], rhs: [T; N]) -> [T; M] {
    from_fn(|lane| if lane < N { lhs[lane] } else { rhs[lane - N] })
}

/// A vector with another value in one lane.
#[inline(always)]
fn replaced<T: Copy, const N: usize>(mut lanes: [T; N], lane: usize, value: T) -> [T; N] {
    lanes[lane] = value;
    lanes
}

#[inline(always)]
fn bitmask<const N: usize>(signs: [bool; N]) -> u32 {
    (0..N).fold(0, |mask, lane| mask | u32::from(signs[lane]) << lane)
}

/// Product of a lane of two vectors.
#[inline(always)]
fn product(lhs: [i16; 8], rhs: [i16; 8], lane: usize) -> i32 {
    i32::from(lhs[lane]) * i32::from(rhs[lane])
}

/// As [`product`].
#[inline(always)]
fn byte_product(lhs: [i8; 16], rhs: [i8; 16], lane: usize) -> i32 {
    i32::from(lhs[lane]) * i32::from(rhs[lane])
}

#[inline(always)]
fn swizzle(lanes: [u8; 16], places: [u8; 16]) -> [u8; 16] {
    places.map(|place| if place < 16 { lanes[usize::from(place & 15)] } else { 0 })
}

#[inline(always)]
fn shuffle(lhs: [u8; 16], rhs: [u8; 16], places: [u8; 16]) -> [u8; 16] {
    places.map(|place| match place {
        0..16 => lhs[usize::from(place & 15)],
        16..32 => rhs[usize::from(place & 15)],
        _ => 0,
    })
}
