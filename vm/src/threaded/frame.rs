//! A frame: registers, and in the words before them who runs there and where it returns to.
//!
//! From the registers downwards: the return place, the closure, and in variadic functions the words that the arguments were moved by
//! to stand above those past the parameters.

use crate::heap::Closure;
use crate::threaded::{Pc, Regs};
use std::ptr::with_exposed_provenance_mut as pointer;

/// The frame with its first register there.
#[derive(Clone, Copy)]
pub(crate) struct Frame(Regs);

impl Frame {
    /// The frame with these registers.
    #[inline(always)]
    pub(crate) fn at(regs: Regs) -> Frame {
        Frame(regs)
    }

    /// The word that names the closure.
    #[inline(always)]
    pub(crate) fn closure_word(self) -> Regs {
        self.0.wrapping_sub(2)
    }

    /// The word with the return place.
    #[inline(always)]
    pub(crate) fn return_word(self) -> Regs {
        self.0.wrapping_sub(1)
    }

    /// The closure that runs.
    ///
    /// # Safety
    /// It is a frame whose header was written.
    #[inline(always)]
    pub(crate) unsafe fn closure(self) -> *mut Closure {
        // SAFETY: the caller vouches for the header.
        unsafe { pointer(*self.closure_word() as usize) }
    }

    /// Where it returns to.
    ///
    /// # Safety
    /// As for [`closure`](Self::closure).
    #[inline(always)]
    pub(crate) unsafe fn return_place(self) -> Pc {
        // SAFETY: as above.
        unsafe { pointer::<u16>(*self.return_word() as usize).cast_const() }
    }

    /// The registers that the call of a variadic function was given, which its caller knows.
    ///
    /// # Safety
    /// It is a frame of a variadic function.
    #[inline(always)]
    pub(crate) unsafe fn variadic_base(self) -> Regs {
        // SAFETY: the frame of a variadic function has the distance below its header.
        unsafe { self.0.sub(self.shift()) }
    }

    /// The registers that the caller knows: its own unless the function is variadic.
    ///
    /// # Safety
    /// `variadic` says whether it is.
    #[inline(always)]
    pub(crate) unsafe fn base(self, variadic: bool) -> Regs {
        // SAFETY: passed on.
        if variadic { unsafe { self.variadic_base() } } else { self.0 }
    }

    /// The words that the arguments of a variadic function were moved by.
    ///
    /// # Safety
    /// As for [`variadic_base`](Self::variadic_base).
    #[inline(always)]
    pub(crate) unsafe fn shift(self) -> usize {
        // SAFETY: passed on.
        unsafe { *self.0.sub(3) as usize }
    }

    /// The arguments past the parameters of a variadic function: where they lie, and how many.
    ///
    /// # Safety
    /// The frame is one of a variadic function with `params` parameters.
    pub(crate) unsafe fn varargs(self, params: usize) -> (Regs, usize) {
        // SAFETY: variadic functions are entered with the shift before their header.
        unsafe {
            let shift = self.shift();
            (self.0.sub(shift).add(2 * params), (shift - 3) / 2 - params)
        }
    }

    /// Says how far the arguments of a variadic function were moved.
    ///
    /// # Safety
    /// The three words before the registers are free.
    #[inline(always)]
    pub(crate) unsafe fn set_shift(self, words: usize) {
        // SAFETY: passed on.
        unsafe { *self.0.sub(3) = words as u64 }
    }

    /// Writes the header.
    ///
    /// # Safety
    /// The two words before the registers are free.
    #[inline(always)]
    pub(crate) unsafe fn begin(self, closure: *mut Closure, place: Pc) {
        // SAFETY: passed on.
        unsafe {
            self.set_closure(closure);
            *self.return_word() = place.expose_provenance() as u64;
        }
    }

    /// Another closure runs here from now on, and returns to the same place.
    ///
    /// # Safety
    /// As for [`begin`](Self::begin).
    #[inline(always)]
    pub(crate) unsafe fn set_closure(self, closure: *mut Closure) {
        // SAFETY: passed on.
        unsafe { *self.closure_word() = closure.expose_provenance() as u64 }
    }
}
