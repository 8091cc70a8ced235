//! Copying results to where a call wants them.

use crate::runtime::context::return_info;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{OPEN, Regs};
use crate::value::Value;

/// Copies results to where the call at `place` wants them; gives the caller's registers.
///
/// # Safety
/// `base` is the callee's window in the caller's frame and `place` its return place; `values` are `count` values above.
#[inline(always)]
pub(crate) unsafe fn deliver(
    cx: *mut crate::runtime::context::Context,
    values: Regs,
    count: usize,
    base: Regs,
    place: crate::threaded::Pc,
) -> Regs {
    // SAFETY: the caller wanted so many results at `dst`; an open list has room as its values lie above.
    unsafe {
        let info = return_info(place);
        let caller = base.sub(info.delta as usize);
        let dst = caller.add(info.dst as usize);
        if info.results == OPEN {
            move_down(values, dst, count);
            (*cx).open_count = count;
        } else {
            let wanted = info.results as usize;
            move_down(values, dst, count.min(wanted));
            fill_nil(dst, count, wanted);
        }
        caller
    }
}

/// Copies `any` values; few are the rule, for which a copy of bytes is long.
///
/// # Safety
/// Both are places for so many values, and `to` is not above `from` where they overlap.
#[inline(always)]
pub(crate) unsafe fn move_down(from: Regs, to: Regs, count: usize) {
    // SAFETY: the caller vouches for the slots.
    unsafe {
        if count > 4 {
            std::ptr::copy(from, to, count * 2);
            return;
        }
        for index in 0..count {
            set_any(to, index * 2, get_any(from, index * 2));
        }
    }
}

/// Sets the `any` slots from number `from` up to, not with, `to` to nil.
///
/// # Safety
/// The slots are inside the stack.
#[inline(always)]
pub(crate) unsafe fn fill_nil(slots: Regs, from: usize, to: usize) {
    for index in from..to {
        // SAFETY: the caller vouches for the slots.
        unsafe { set_any(slots, index * 2, Value::NIL) };
    }
}
