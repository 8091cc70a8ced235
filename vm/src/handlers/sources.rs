//! Where the `any` inputs of instructions come from, as types: registers of which more or less is known, and constants.

use crate::threaded::Regs;
use crate::threaded::operands::Cursor;
use crate::threaded::operands::get_any;
use crate::value::{Tag, Value};

/// Where an `any` input comes from.
pub(crate) trait AnySource {
    /// A source with the same operand that assumes nothing, for slow paths.
    type General: AnySource;

    /// Reads it.
    ///
    /// # Safety
    /// The cursor is at such an operand.
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value;

    /// The float of a value that was read from here and is one.
    #[inline(always)]
    fn float(value: Value, facc: f64) -> f64 {
        let _ = facc;
        f64::from_bits(value.payload())
    }
}

/// A register.
pub(crate) enum Slot {}
impl AnySource for Slot {
    type General = Self;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value {
        // SAFETY: the loader wrote the word of an `any` register.
        unsafe { get_any(regs, c.half()) }
    }
}

/// A register that is known to hold an integer.
pub(crate) enum IntSlot {}
impl AnySource for IntSlot {
    type General = Slot;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value {
        // SAFETY: the loader wrote the word of an `any` register; whatever it holds, its payload is a number here.
        unsafe { Value::int(*regs.add(c.half()) as i64) }
    }
}

/// A register that is known to hold a float.
pub(crate) enum FloatSlot {}
impl AnySource for FloatSlot {
    type General = Slot;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value {
        // SAFETY: the loader wrote the word of an `any` register; whatever it holds, its payload is a number here.
        unsafe { Value::float(f64::from_bits(*regs.add(c.half()))) }
    }
}

/// A register that the instruction just before has written: a float in it is in the accumulator too, which is there sooner.
pub(crate) enum Latest {}
impl AnySource for Latest {
    type General = Slot;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value {
        // SAFETY: the loader wrote the word of an `any` register.
        unsafe { get_any(regs, c.half()) }
    }

    #[inline(always)]
    fn float(_: Value, facc: f64) -> f64 {
        facc
    }
}

/// As `Latest`, of a register that is known to hold a float.
pub(crate) enum LatestFloat {}
impl AnySource for LatestFloat {
    type General = Slot;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, regs: Regs) -> Value {
        // SAFETY: as for `FloatSlot`.
        unsafe { FloatSlot::read(c, regs) }
    }

    #[inline(always)]
    fn float(_: Value, facc: f64) -> f64 {
        facc
    }
}

/// A 16-bit integer in the instruction.
pub(crate) enum Int {}
impl AnySource for Int {
    type General = Self;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, _: Regs) -> Value {
        // SAFETY: the loader wrote it.
        Value::int(unsafe { c.signed_half() })
    }
}

/// A float in the instruction.
pub(crate) enum Float {}
impl AnySource for Float {
    type General = Self;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, _: Regs) -> Value {
        // SAFETY: the loader wrote it.
        Value::float(f64::from_bits(unsafe { c.word64() }))
    }
}

/// Any constant in the instruction: payload (64 bits), tag (16 bits).
pub(crate) enum Inline {}
impl AnySource for Inline {
    type General = Self;

    #[inline(always)]
    unsafe fn read(c: &mut Cursor, _: Regs) -> Value {
        // SAFETY: the loader wrote the words of a constant of the function, which keeps its objects alive.
        unsafe {
            let payload = c.word64();
            Value::from_parts(payload, Tag(c.half() as u32))
        }
    }
}
