//! Where the `any` inputs of instructions come from: what the kinds of operands that may be one mean.

use crate::heap::Closure;
use crate::threaded::Regs;
use crate::threaded::frame::Frame;
use crate::threaded::kinds::OperandKind;
pub(crate) use crate::threaded::kinds::{Capture, Float, FloatSlot, Inline, Int, IntSlot, Latest, LatestFloat, Slot};
use crate::threaded::operands::get_any;
use crate::value::Value;

/// Where an `any` input comes from.
pub(crate) trait AnySource: OperandKind {
    /// A source with the same operand that assumes nothing, for slow paths.
    type General: AnySource;

    /// Its value.
    ///
    /// # Safety
    /// The operand was read from an instruction that runs in the frame at `regs`.
    unsafe fn value(operand: Self::Value, regs: Regs) -> Value;

    /// The float of a value that was read from here and is one.
    #[inline(always)]
    fn float(value: Value, facc: f64) -> f64 {
        let _ = facc;
        f64::from_bits(value.payload())
    }
}

impl AnySource for Slot {
    type General = Self;

    #[inline(always)]
    unsafe fn value(word: usize, regs: Regs) -> Value {
        // SAFETY: the compiler wrote the word of an `any` register.
        unsafe { get_any(regs, word) }
    }
}

impl AnySource for IntSlot {
    type General = Slot;

    #[inline(always)]
    unsafe fn value(word: usize, regs: Regs) -> Value {
        // SAFETY: the compiler wrote the word of an `any` register; whatever it holds, its payload is a number here.
        unsafe { Value::int(*regs.add(word) as i64) }
    }
}

impl AnySource for FloatSlot {
    type General = Slot;

    #[inline(always)]
    unsafe fn value(word: usize, regs: Regs) -> Value {
        // SAFETY: the compiler wrote the word of an `any` register; whatever it holds, its payload is a number here.
        unsafe { Value::float(f64::from_bits(*regs.add(word))) }
    }
}

/// A float in the register is in the accumulator too, which is there sooner.
impl AnySource for Latest {
    type General = Slot;

    #[inline(always)]
    unsafe fn value(word: usize, regs: Regs) -> Value {
        // SAFETY: the compiler wrote the word of an `any` register.
        unsafe { get_any(regs, word) }
    }

    #[inline(always)]
    fn float(_: Value, facc: f64) -> f64 {
        facc
    }
}

impl AnySource for LatestFloat {
    type General = Slot;

    #[inline(always)]
    unsafe fn value(word: usize, regs: Regs) -> Value {
        // SAFETY: as for `FloatSlot`.
        unsafe { FloatSlot::value(word, regs) }
    }

    #[inline(always)]
    fn float(_: Value, facc: f64) -> f64 {
        facc
    }
}

impl AnySource for Capture {
    type General = Self;

    #[inline(always)]
    unsafe fn value(index: usize, regs: Regs) -> Value {
        // SAFETY: the compiler wrote the index of a capture.
        unsafe { *captures(regs).add(index) }
    }
}

/// The captured values of the running closure.
///
/// # Safety
/// `regs` are those of a guest frame.
#[inline(always)]
unsafe fn captures(regs: Regs) -> *mut Value {
    // SAFETY: the header of a frame names its closure.
    unsafe { Closure::upvalues(Frame::at(regs).closure()) }
}

impl AnySource for Int {
    type General = Self;

    #[inline(always)]
    unsafe fn value(int: i64, _: Regs) -> Value {
        Value::int(int)
    }
}

impl AnySource for Float {
    type General = Self;

    #[inline(always)]
    unsafe fn value(bits: u64, _: Regs) -> Value {
        Value::float(f64::from_bits(bits))
    }
}

/// The function keeps the objects of its constants alive.
impl AnySource for Inline {
    type General = Self;

    #[inline(always)]
    unsafe fn value(value: Value, _: Regs) -> Value {
        value
    }
}
