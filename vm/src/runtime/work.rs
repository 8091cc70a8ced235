//! Instructions that do much, and cost more than 1 unit: what they pay, and where they stop half-way.
//!
//! Optimised code does such an instruction at once where it is small and the budget suffices. Else it goes to baseline code, where the
//! instruction pays what it can, or does as much as it can pay for. Then the run stands before the instruction again, and
//! [`Work`] says how far that has got. The instruction itself is paid for then. So what a program costs, and where it stops,
//! does not depend on how it is cut into slices.

use super::stepping;
use crate::runtime::context::Context;
use crate::runtime::task::Work;
use crate::threaded::Flow;
use crate::value::Value;

/// Whether the instruction that was half done had nothing to do with it, so that this is a different one: it is forgotten then. A
/// state that was made up may be like that.
#[cold]
#[inline(never)]
pub(crate) fn is_left(cx: &mut Context) -> bool {
    let is_left = cx.run.work.as_mut().is_some_and(|work| std::mem::replace(&mut work.has_begun, true));
    if is_left {
        cx.run.work = None;
    }
    is_left
}

/// Units of an instruction that are done before the next look at the budget.
pub(crate) const SLICE: u64 = 1 << 16;
/// The same where the host may interrupt: two megabytes of values, which the host may have to clear first.
const INTERRUPTED_SLICE: u64 = 1 << 13;

/// Bytes of a memory that are 1 unit of work.
pub(crate) const MEMORY_BYTES_PER_UNIT: u64 = 64;

/// Units of an instruction that are done before the next look at the budget, as things are.
fn slice_units(cx: &Context) -> u64 {
    if cx.fuel_aside > 0 { INTERRUPTED_SLICE } else { SLICE }
}

/// Units that optimised code does at once in any case; what pays by [`pay`] may do as many as are done before a look.
pub(super) const SMALL: u64 = 1 << 10;

/// Units for so many `any` values.
#[inline(always)]
pub(crate) fn units_of_values(count: usize) -> u64 {
    count as u64 / 16
}

/// Units for so many bytes of strings.
#[inline(always)]
pub(crate) fn units_of_bytes(bytes: usize) -> u64 {
    bytes.saturating_sub(crate::runtime::host::FAST_PATH_BYTES_MAX) as u64 / 64
}

/// Lists of so many values are free: what handlers look at before they leave everything to a slow one.
pub(crate) const FREE_VALUES: usize = 16;

/// The same state in baseline code, for the instruction at `at` in optimised code, which has not begun.
///
/// # Safety
/// `at` is the running guest frame, before an instruction that nothing is moved over.
#[inline(never)]
pub(crate) unsafe fn leave_optimised(cx: &mut Context, at: Flow) -> Flow {
    // SAFETY: passed on.
    unsafe {
        cx.fuel -= stepping::unpaid_at_stop(cx, at);
        stepping::leave_optimised(cx, at)
    }
}

/// Whether optimised code, or an instruction that has not stopped before, may do so many units at once: pays for them then.
#[inline(always)]
pub(crate) fn pay_small(cx: &mut Context, units: u64) -> bool {
    units <= SMALL && pay_whole(cx, units)
}

/// Pays for so many units, if the budget suffices and nothing is half done.
#[inline(always)]
fn pay_whole(cx: &mut Context, units: u64) -> bool {
    if cx.run.work.is_some() || cx.fuel < units as i64 {
        return false;
    }
    cx.fuel -= units as i64;
    true
}

/// Pays for the work of the instruction at `at` before it begins, or says where to go on instead. `cost` is what optimised code has
/// charged at it, to be given back then.
///
/// # Safety
/// As for [`leave_optimised`].
pub(crate) unsafe fn pay(cx: &mut Context, at: Flow, cost: i64, units: u64) -> Result<(), Flow> {
    // Baseline code of a long function takes longer to make than what a slice does.
    if units <= slice_units(cx) && pay_whole(cx, units) {
        return Ok(());
    }
    // SAFETY: passed on.
    unsafe {
        let (_, guest) = stepping::function_of(at.regs);
        if !guest.is_baseline(at.pc) {
            cx.fuel += cost;
            return Err(leave_optimised(cx, at));
        }
        let paid = cx.run.work.take().map_or(0, |work| work.done.min(units));
        let due = i64::try_from(units - paid).unwrap_or(i64::MAX);
        let now = cx.pay_up_to(due);
        if now == due {
            return Ok(());
        }
        Err(stop_inside(cx, at, Work { done: paid + now as u64, object: Value::NIL, has_begun: false }))
    }
}

/// What the instruction at `at` in baseline code may do now of so many units, of which it pays: from where, to where. With what it
/// has made so far.
pub(crate) fn take_slice(cx: &mut Context, units: u64) -> (u64, u64, Value) {
    let work = cx.run.work.take().map_or(Work { done: 0, object: Value::NIL, has_begun: false }, |work| *work);
    let from = work.done.min(units);
    let most = slice_units(cx);
    let now = (units - from).min(most).min(cx.fuel.max(0) as u64);
    cx.fuel -= now as i64;
    if now == most {
        cx.hasten(i64::MAX);
    }
    (from, from + now, work.object)
}

/// Leaves the instruction at `at` in baseline code, half-way: the run stands before it again.
///
/// # Safety
/// `at` is the running guest frame in baseline code.
pub(crate) unsafe fn stop_inside(cx: &mut Context, at: Flow, work: Work) -> Flow {
    cx.run.work = Some(Box::new(work));
    // SAFETY: passed on.
    unsafe {
        let (_, guest) = stepping::function_of(at.regs);
        let baseline = guest.baseline().expect("the frame is in baseline code");
        stepping::take_prepended(cx, guest, baseline, at);
        Flow { pc: baseline.place_of(baseline.canonical(at.pc)), regs: at.regs }
    }
}

/// Whether the instruction of a frame that runs is in its baseline code.
///
/// # Safety
/// `at` is the running guest frame.
pub(crate) unsafe fn is_baseline(at: Flow) -> bool {
    // SAFETY: passed on.
    unsafe { stepping::function_of(at.regs).1.is_baseline(at.pc) }
}

impl Context {
    /// Pays for work that is done already. What the budget does not suffice for, the run owes, and stops for it at
    /// [`stop_if_used_up`](stepping::stop_if_used_up).
    pub(crate) fn owe(&mut self, units: u64) {
        let units = i64::try_from(units).unwrap_or(i64::MAX);
        self.run.owed += units - self.pay_up_to(units);
    }

    /// Pays what the run owes; says whether that is all of it.
    pub(crate) fn pay_owed(&mut self) -> bool {
        let paid = if self.is_limited { self.run.owed.min(self.fuel.max(0)) } else { self.run.owed };
        self.fuel -= paid;
        self.run.owed -= paid;
        self.run.owed == 0
    }
}
