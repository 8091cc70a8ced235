//! What a typed register holds: how it lies in a frame and in the operands of an instruction.

use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use crate::threaded::operands::{get_any, set_any};
use crate::value::{Tag, Value};

/// A slot operand that says: the immediate that follows is meant.
pub(crate) const NO_SLOT: u16 = u16::MAX;

/// How a value is encoded, where an instruction does not tell it by itself. Singles go as `Bits32`, doubles and references
/// as `Bits64`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Class {
    /// 32 bits; the upper half of the word is zero.
    Bits32 = 1,
    /// 64 bits.
    Bits64 = 2,
    /// A single, in a tree that computes one.
    Single = 3,
    /// A double, in a tree that computes one.
    Double = 4,
    /// 128 bits in two words.
    Bits128 = 5,
    /// A tagged value in two words.
    Any = 6,
}

/// A value of a typed register.
pub(crate) trait Word: Copy {
    /// How it is encoded.
    const CLASS: Class;

    /// Reads a register.
    ///
    /// # Safety
    /// `slot` names a register of this type.
    unsafe fn read(regs: Regs, slot: usize) -> Self;

    /// Writes a register.
    ///
    /// # Safety
    /// `slot` names a register of this type.
    unsafe fn write(regs: Regs, slot: usize, value: Self);

    /// Reads a constant operand.
    ///
    /// # Safety
    /// The instruction has such an operand next.
    unsafe fn immediate(c: &mut Cursor) -> Self;
}

/// What operators on vectors compute with: in trees lanes of any kind are one type, so that operators on different lanes fit together.
pub(crate) trait Held: Word {
    /// The type that trees know.
    type Whole: Word;

    /// From that type.
    fn from_whole(whole: Self::Whole) -> Self;

    /// As that type.
    fn whole(self) -> Self::Whole;
}

macro_rules! held_as_they_are {
    ($($ty:ty)*) => {$(
        impl Held for $ty {
            type Whole = $ty;
            #[inline(always)]
            fn from_whole(whole: $ty) -> $ty {
                whole
            }
            #[inline(always)]
            fn whole(self) -> $ty {
                self
            }
        }
    )*};
}

held_as_they_are! { u32 u64 f32 f64 }

macro_rules! words {
    ($($ty:ty, $class:ident, |$regs:ident, $slot:ident| $read:expr, |$value:ident| $write:expr, |$c:ident| $immediate:expr;)*) => {$(
        impl Word for $ty {
            const CLASS: Class = Class::$class;
            /// # Safety
            /// The caller names a register of the frame.
            #[inline(always)]
            unsafe fn read($regs: Regs, $slot: usize) -> Self {
                // SAFETY: the caller names a register of the frame.
                unsafe { $read }
            }
            /// # Safety
            /// The caller names a register of the frame.
            #[inline(always)]
            unsafe fn write($regs: Regs, $slot: usize, $value: Self) {
                // SAFETY: the caller names a register of the frame.
                unsafe { $write }
            }
            /// # Safety
            /// The caller knows the layout of its own instruction.
            #[inline(always)]
            unsafe fn immediate($c: &mut Cursor) -> Self {
                // SAFETY: the caller knows the layout of its own instruction.
                unsafe { $immediate }
            }
        }
    )*};
}

// The low half of a word is read alone, so that a narrow read follows a narrow or a wide write at no cost.
words! {
    u32, Bits32, |regs, slot| *regs.add(slot).cast::<u32>(), |value| *regs.add(slot) = u64::from(value), |c| c.u32();
    u64, Bits64, |regs, slot| *regs.add(slot), |value| *regs.add(slot) = value, |c| c.u64();
    f32, Single, |regs, slot| *regs.add(slot).cast::<f32>(), |value| *regs.add(slot) = u64::from(value.to_bits()),
        |c| f32::from_bits(c.u32());
    f64, Double, |regs, slot| *regs.add(slot).cast::<f64>(), |value| *regs.add(slot).cast::<f64>() = value,
        |c| f64::from_bits(c.u64());
    Wide, Bits128, |regs, slot| regs.add(slot).cast::<Wide>().read_unaligned(),
        |value| regs.add(slot).cast::<Wide>().write_unaligned(value),
        |c| c.wide::<Wide>();
    Value, Any, |regs, slot| get_any(regs, slot), |value| set_any(regs, slot, value),
        |c| Value { payload: c.u64(), tag: Tag(c.u32()) };
}

/// How 128 bits move: at once, where the processor can. What reads them at once right after would wait for two halves.
#[cfg(target_arch = "x86_64")]
type Halves = std::arch::x86_64::__m128i;
#[cfg(target_arch = "aarch64")]
type Halves = std::arch::aarch64::uint64x2_t;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Halves = [u64; 2];

/// 128 bits, the low half first.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Wide(Halves);

impl Wide {
    /// From bytes, the lowest first.
    #[inline(always)]
    pub(crate) fn from_le_bytes(bytes: [u8; 16]) -> Wide {
        // SAFETY: both are 128 bits that may be any.
        Wide(unsafe { std::mem::transmute::<[u8; 16], Halves>(bytes) })
    }

    /// Its bytes, the lowest first.
    #[inline(always)]
    pub(crate) fn to_le_bytes(self) -> [u8; 16] {
        // SAFETY: both are 128 bits that may be any.
        unsafe { std::mem::transmute::<Halves, [u8; 16]>(self.0) }
    }
}

macro_rules! lanes {
    ($($ty:ty, $count:literal;)*) => {$(
        impl Word for [$ty; $count] {
            const CLASS: Class = Class::Bits128;
            /// # Safety
            /// The caller names a register of the frame.
            #[inline(always)]
            unsafe fn read(regs: Regs, slot: usize) -> Self {
                // SAFETY: passed on; lanes may be any bits.
                unsafe { regs.add(slot).cast::<Self>().read_unaligned() }
            }
            /// # Safety
            /// The caller names a register of the frame.
            #[inline(always)]
            unsafe fn write(regs: Regs, slot: usize, value: Self) {
                // SAFETY: passed on.
                unsafe { regs.add(slot).cast::<Self>().write_unaligned(value) }
            }
            /// # Safety
            /// The caller knows the layout of its own instruction.
            #[inline(always)]
            unsafe fn immediate(c: &mut Cursor) -> Self {
                // SAFETY: the caller knows the layout of its own instruction; lanes may be any bits.
                unsafe { c.wide() }
            }
        }

        impl Held for [$ty; $count] {
            type Whole = Wide;
            #[inline(always)]
            fn from_whole(whole: Wide) -> Self {
                // SAFETY: both are 128 bits that may be any.
                unsafe { std::mem::transmute::<Halves, Self>(whole.0) }
            }
            #[inline(always)]
            fn whole(self) -> Wide {
                // SAFETY: as above.
                Wide(unsafe { std::mem::transmute::<Self, Halves>(self) })
            }
        }
    )*};
}

lanes! { i8, 16; u8, 16; i16, 8; u16, 8; i32, 4; u32, 4; i64, 2; u64, 2; f32, 4; f64, 2; }

// Registers are read in parts: the low half of a word lies first, and the lanes of a vector as in the memory of WebAssembly.
const _: () = assert!(cfg!(target_endian = "little"), "the machine runs on little-endian processors");
