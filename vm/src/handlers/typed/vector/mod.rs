//! Vectors of 128 bits: instructions on lanes that the compiler of this crate makes vectors of the processor of, each for itself,
//! and those of one or two operands as operators of trees.

mod floats;
mod integers;
mod lanes;
mod ordered;
pub(crate) mod processor;

pub(crate) use floats::*;
pub(crate) use integers::*;
pub(crate) use lanes::*;

use super::bulk::operand;
use super::expression::{BinaryOperator, Expr, Imm, Slot};
use super::statement::{Statement, statement};
use super::word::Word;
use crate::runtime::context::{Context, Handler};
use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use minivm_isa::{Opcode, TrapCode};

/// The handler of an instruction on vectors whose inputs are what `I` says, if the processor can do it. Its operands: the inputs,
/// the lane if it names one (64 bits), the slot of the result.
pub(crate) fn handler<I: Inputs>(opcode: Opcode) -> Option<Handler> {
    lanes::handler::<I>(opcode).or_else(|| integers::handler::<I>(opcode)).or_else(|| floats::handler::<I>(opcode))
}

/// Whether an instruction on vectors is an operator that trees may have.
pub(crate) fn is_operator(opcode: Opcode) -> bool {
    lanes::is_operator(opcode) || integers::is_operator(opcode) || floats::is_operator(opcode)
}

/// What the inputs of an instruction are.
pub(crate) trait Inputs {
    /// Whether its handlers are only for processors that can pick bytes of a vector by number.
    const PICKS_BYTES: bool;

    /// The handler of a statement on such inputs, if the processor can do it.
    fn handler<S: Statement>() -> Option<Handler>;

    /// Reads one.
    ///
    /// # Safety
    /// As for [`Expr::eval`].
    unsafe fn read<T: Word>(is_last: bool, c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<T, TrapCode>;
}

/// All are registers. Operands: their slots. Operators of trees have this, whatever their operands are.
pub(crate) enum Registers {}

impl Inputs for Registers {
    const PICKS_BYTES: bool = processor::PICKS_BYTES;
    fn handler<S: Statement>() -> Option<Handler> {
        processor::statement::<S>()
    }
    #[inline(always)]
    unsafe fn read<T: Word>(_: bool, c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: passed on.
        unsafe { Slot::eval(c, regs, cx) }
    }
}

/// The last is a constant, the others are registers. Operands: their slots, the bits of the constant.
pub(crate) enum LastConstant {}

impl Inputs for LastConstant {
    const PICKS_BYTES: bool = processor::PICKS_BYTES;
    fn handler<S: Statement>() -> Option<Handler> {
        processor::statement::<S>()
    }
    #[inline(always)]
    unsafe fn read<T: Word>(is_last: bool, c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: passed on.
        unsafe { if is_last { Imm::eval(c, regs, cx) } else { Slot::eval(c, regs, cx) } }
    }
}

/// Each is a register or a constant. Operands: those of [`operand`].
pub(crate) enum Mixed {}

impl Inputs for Mixed {
    const PICKS_BYTES: bool = false;
    fn handler<S: Statement>() -> Option<Handler> {
        Some(statement::<S>)
    }
    #[inline(always)]
    unsafe fn read<T: Word>(_: bool, c: &mut Cursor, regs: Regs, cx: *mut Context) -> Result<T, TrapCode> {
        // SAFETY: passed on.
        unsafe { operand(c, regs, cx) }
    }
}

/// Defines instructions: `Name(inputs; lane) -> result = value`.
macro_rules! vectors {
    ($($name:ident($($input:ident: $ty:ty),*$(; $lane:ident)?) -> $result:ty = $value:expr;)*) => {
        $(
            #[doc = concat!("See [`Opcode::", stringify!($name), "`](minivm_isa::Opcode::", stringify!($name), ").")]
            pub(crate) struct $name<I = super::Registers>(std::marker::PhantomData<I>);
            super::operator! { $name($($input: $ty),*$(; $lane)?) -> $result = $value }
            impl<I: super::Inputs> crate::handlers::typed::statement::Statement for $name<I> {
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
                        let mut following = [$(stringify!($input)),*].len();
                        $(
                            following -= 1;
                            let $input: $ty = I::read(following == 0, c, regs, cx)?;
                        )*
                        $(let $lane = c.u64() as usize;)?
                        let result: $result = $value;
                        crate::handlers::typed::word::Word::write(regs, c.u16(), result);
                        Ok(())
                    }
                }
            }
        )*

        pub(super) fn handler<I: super::Inputs>(opcode: minivm_isa::Opcode) -> Option<crate::runtime::context::Handler> {
            match opcode {
                $(minivm_isa::Opcode::$name => I::handler::<$name<I>>(),)*
                _ => None,
            }
        }

        pub(super) fn is_operator(opcode: minivm_isa::Opcode) -> bool {
            match opcode {
                $(minivm_isa::Opcode::$name => const {
                    let lanes: &[&str] = &[$(stringify!($lane))?];
                    [$(stringify!($input)),*].len() <= 2 && lanes.is_empty()
                },)*
                _ => false,
            }
        }
    };
}
use vectors;

/// Makes an operator of an instruction of one or two operands that names no lane.
macro_rules! operator {
    ($name:ident($source:ident: $ty:ty) -> $result:ty = $value:expr) => {
        impl<I: super::Inputs> crate::handlers::typed::expression::UnaryOperator for $name<I> {
            type Source = <$ty as crate::handlers::typed::word::Held>::Whole;
            type Result = <$result as crate::handlers::typed::word::Held>::Whole;
            const OPCODE: minivm_isa::Opcode = minivm_isa::Opcode::$name;
            #[inline(always)]
            fn apply(source: Self::Source) -> Result<Self::Result, minivm_isa::TrapCode> {
                let $source = <$ty as crate::handlers::typed::word::Held>::from_whole(source);
                let result: $result = $value;
                Ok(crate::handlers::typed::word::Held::whole(result))
            }
        }
    };
    ($name:ident($lhs:ident: $left:ty, $rhs:ident: $right:ty) -> $result:ty = $value:expr) => {
        impl<I: super::Inputs> crate::handlers::typed::expression::BinaryOperator for $name<I> {
            type Left = <$left as crate::handlers::typed::word::Held>::Whole;
            type Right = <$right as crate::handlers::typed::word::Held>::Whole;
            type Result = <$result as crate::handlers::typed::word::Held>::Whole;
            const OPCODE: minivm_isa::Opcode = minivm_isa::Opcode::$name;
            #[inline(always)]
            fn apply(left: Self::Left, right: Self::Right) -> Result<Self::Result, minivm_isa::TrapCode> {
                let $lhs = <$left as crate::handlers::typed::word::Held>::from_whole(left);
                let $rhs = <$right as crate::handlers::typed::word::Held>::from_whole(right);
                let result: $result = $value;
                Ok(crate::handlers::typed::word::Held::whole(result))
            }
        }
    };
    ($($other:tt)*) => {};
}
use operator;

/// A vector of what is made of the number of each lane. The functions of the standard library that do the same are not always
/// part of the handler.
#[inline(always)]
fn each<R: Copy + Default, const N: usize>(value: impl Fn(usize) -> R) -> [R; N] {
    let mut lanes = [R::default(); N];
    for (lane, place) in lanes.iter_mut().enumerate() {
        *place = value(lane);
    }
    lanes
}

/// The lanes of a vector, changed one by one.
#[inline(always)]
fn map<T: Copy, R: Copy + Default, const N: usize>(lanes: [T; N], change: impl Fn(T) -> R) -> [R; N] {
    each(|lane| change(lanes[lane]))
}

/// The lanes of two vectors, combined one by one.
#[inline(always)]
fn zip<T: Copy, R: Copy + Default, const N: usize>(lhs: [T; N], rhs: [T; N], combine: impl Fn(T, T) -> R) -> [R; N] {
    each(|lane| combine(lhs[lane], rhs[lane]))
}

/// What an operator on single values makes of lanes; none of those that come here traps.
#[inline(always)]
fn scalar<O: BinaryOperator<Left = T, Right = T, Result = T>, T: Copy>(lhs: T, rhs: T) -> T {
    O::apply(lhs, rhs).unwrap_or(lhs)
}

/// Lanes that are numbers, others where they are not.
#[inline(always)]
#[allow(clippy::eq_op, reason = "what is not a number is not itself")]
fn numbers_or<T: Copy + Default + PartialEq, const N: usize>(others: [T; N], lanes: [T; N]) -> [T; N] {
    each(|lane| if lanes[lane] == lanes[lane] { lanes[lane] } else { others[lane] })
}

/// Lanes from `first` on, wider.
#[inline(always)]
fn widened<T: Copy + Into<W>, W: Copy + Default, const N: usize, const M: usize>(
    lanes: [T; N],
    first: usize,
) -> [W; M] {
    each(|lane| lanes[first + lane].into())
}

/// The lanes of one vector, then those of another.
#[inline(always)]
fn joined<T: Copy + Default, const N: usize, const M: usize>(lhs: [T; N], rhs: [T; N]) -> [T; M] {
    each(|lane| if lane < N { lhs[lane] } else { rhs[lane - N] })
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
fn swizzle<I: Inputs>(lanes: [u8; 16], places: [u8; 16]) -> [u8; 16] {
    if I::PICKS_BYTES {
        return ordered::pick_bytes(lanes, map(places, below_16));
    }
    map(places, |place| if place < 16 { lanes[usize::from(place & 15)] } else { 0 })
}

#[inline(always)]
fn shuffle<I: Inputs>(lhs: [u8; 16], rhs: [u8; 16], places: [u8; 16]) -> [u8; 16] {
    if I::PICKS_BYTES {
        let left = ordered::pick_bytes(lhs, map(places, below_16));
        let right = ordered::pick_bytes(rhs, map(places, |place| below_16(place ^ 16)));
        return zip(left, right, |one: u8, other: u8| one | other);
    }
    map(places, |place| match place {
        0..16 => lhs[usize::from(place & 15)],
        16..32 => rhs[usize::from(place & 15)],
        _ => 0,
    })
}

/// A number with its highest bit set unless it is below 16, and the same in its lowest four bits then.
#[inline(always)]
fn below_16(place: u8) -> u8 {
    place.saturating_add(0x70)
}
