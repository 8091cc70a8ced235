//! Copying results to where a call wants them.

use crate::runtime::context::{Context, return_info};
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::{OPEN, Pc, Regs};
use crate::value::Value;

/// So many values are few: they are copied one by one, without a call.
pub(crate) const FEW_VALUES: usize = 4;

/// Copies results to where the call at `place` wants them; gives the caller's registers.
///
/// # Safety
/// `base` is the callee's window in the caller's frame and `place` its return place; `values` are `count` values above.
#[inline(always)]
pub(crate) unsafe fn deliver(cx: *mut Context, values: Regs, count: usize, base: Regs, place: Pc) -> Regs {
    // SAFETY: passed on.
    unsafe { deliver_by(|from, to, count| move_down(from, to, count), cx, values, count, base, place) }
}

/// As [`deliver`], of no more than [`FEW_VALUES`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn deliver_few(cx: *mut Context, values: Regs, count: usize, base: Regs, place: Pc) -> Regs {
    // SAFETY: passed on.
    unsafe { deliver_by(|from, to, count| move_few(from, to, count), cx, values, count, base, place) }
}

/// # Safety
/// As for [`deliver`].
#[inline(always)]
unsafe fn deliver_by(
    copy: impl Fn(Regs, Regs, usize),
    cx: *mut Context,
    values: Regs,
    count: usize,
    base: Regs,
    place: Pc,
) -> Regs {
    // SAFETY: the caller wanted so many results at `dst`; an open list has room as its values lie above.
    unsafe {
        let info = return_info(place);
        let caller = base.sub(info.delta as usize);
        let dst = caller.add(info.dst as usize);
        if info.results == OPEN {
            copy(values, dst, count);
            (*cx).open_count = count;
        } else {
            let wanted = info.results as usize;
            copy(values, dst, count.min(wanted));
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
        if count > FEW_VALUES {
            std::ptr::copy(from, to, count * 2);
        } else {
            move_few(from, to, count);
        }
    }
}

/// As [`move_down`], of no more than [`FEW_VALUES`].
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn move_few(from: Regs, to: Regs, count: usize) {
    debug_assert!(count <= FEW_VALUES);
    // One after the other: a loop takes more registers.
    for index in [0, 1, 2, 3] {
        if index == count {
            return;
        }
        // SAFETY: the caller vouches for the slots.
        unsafe { set_any(to, index * 2, get_any(from, index * 2)) };
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
