//! Jumps on `any` values, loops, and the ways out of the fast path.

use crate::runtime::context::{Context, Status};
use crate::runtime::error::{self, ErrorKind};
use crate::runtime::function::FunctionInfo;
use crate::runtime::layouts::layout_of;
use crate::runtime::{call, direct_switch, unwind};
use crate::threaded::kinds::BranchTo;
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::{Row, Variant};
use crate::threaded::{Flow, Regs};
use crate::threaded::{OPEN, ReturnInfo};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

/// Ends a handler: takes the branch of the instruction at `pc`.
macro_rules! take_branch {
    ($branch:ident, $pc:ident, $regs:ident, $cx:ident, $facc:ident) => {{
        let branch: $crate::threaded::kinds::BranchTo = $branch;
        // In this order, so that the target takes the register of the place.
        let cost = branch.cost();
        let target = branch.target($pc);
        (*$cx).fuel -= cost;
        if (*$cx).fuel < 0 {
            slow!($crate::handlers::control::out_of_fuel, target, $regs, $cx, $facc)
        }
        next!(target, $regs, $cx, $facc)
    }};
}
pub(crate) use take_branch;

/// Takes the branch of the instruction at `pc`, in a function that says where to go on.
///
/// # Safety
/// The branch was read there, and `cx` is the context.
pub(crate) unsafe fn branch_flow(
    cx: *mut crate::runtime::context::Context,
    branch: BranchTo,
    pc: crate::threaded::Pc,
    regs: crate::threaded::Regs,
) -> Flow {
    // SAFETY: the compiler wrote the operands.
    unsafe {
        (*cx).fuel -= branch.cost();
        let flow = Flow { pc: branch.target(pc), regs };
        if (*cx).fuel < 0 { (*cx).stop(Status::OutOfFuel, flow) } else { flow }
    }
}

handler! {
    /// `jump`.
    pub(crate) fn jump(pc, regs, cx, facc) {
        let rows::Jump { branch } = rows::Jump::read(pc);
        take_branch!(branch, pc, regs, cx, facc)
    }
}

handler! {
    /// Charges for instructions before a block that control falls into.
    pub(crate) fn charge(pc, regs, cx, facc) {
        let rows::Charge { cost } = rows::Charge::read(pc);
        (*cx).fuel -= i64::from(cost);
        if (*cx).fuel < 0 {
            slow!(out_of_fuel, rows::Charge::next(pc), regs, cx, facc)
        }
        next!(rows::Charge::next(pc), regs, cx, facc)
    }
}

/// Whether a branch is taken when its condition holds, or when it does not.
pub(crate) trait Sense: Variant {
    const HOLDS: bool;
}
pub(crate) enum Taken {}
impl Variant for Taken {
    const NAME: &'static str = "taken";
}
impl Sense for Taken {
    const HOLDS: bool = true;
}
pub(crate) enum NotTaken {}
impl Variant for NotTaken {
    const NAME: &'static str = "not_taken";
}
impl Sense for NotTaken {
    const HOLDS: bool = false;
}

handler! {
    /// `branch_truthy`, taken when the value is truthy, or when it is not.
    pub(crate) fn branch_truthy<S: Sense>(pc, regs, cx, facc) {
        let rows::BranchTruthy { cond, branch, .. } = rows::BranchTruthy::<S>::read(pc);
        if (tag_at(regs, cond) > Tag::FALSE) == S::HOLDS {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchTruthy::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_kind`, taken when the tag is that one, or when it is not.
    pub(crate) fn branch_kind<S: Sense>(pc, regs, cx, facc) {
        let rows::BranchKind { src, kind, branch, .. } = rows::BranchKind::<S>::read(pc);
        if (tag_at(regs, src) == kind) == S::HOLDS {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchKind::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_equal` with a short string, taken when it is that one, or when it is not.
    pub(crate) fn branch_same<S: Sense>(pc, regs, cx, facc) {
        let rows::BranchSame { src, string, branch, .. } = rows::BranchSame::<S>::read(pc);
        if (*regs.add(src) == string && tag_at(regs, src) == Tag::STRING) == S::HOLDS {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchSame::<S>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_unbox_i64`, `branch_unbox_f64`: taken when the tag is that one.
    pub(crate) fn branch_unbox(pc, regs, cx, facc) {
        let rows::BranchUnbox { dst, src, kind, branch } = rows::BranchUnbox::read(pc);
        let value = get_any(regs, src);
        if value.tag() == kind {
            *regs.add(dst) = value.payload();
            take_branch!(branch, pc, regs, cx, facc)
        }
        *regs.add(dst) = 0;
        next!(rows::BranchUnbox::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_ref`: taken when the value is a record or array of that layout.
    pub(crate) fn branch_ref(pc, regs, cx, facc) {
        let rows::BranchRef { dst, src, layout, branch } = rows::BranchRef::read(pc);
        let value = get_any(regs, src);
        if layout_of(value) == Some(layout) {
            *regs.add(dst) = value.payload();
            take_branch!(branch, pc, regs, cx, facc)
        }
        if value.tag() == Tag::RECORD || value.tag() == Tag::ARRAY {
            slow!(branch_subtype, pc, regs, cx, facc)
        }
        *regs.add(dst) = 0;
        next!(rows::BranchRef::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_ref_exact`: taken when the value was made with that layout.
    pub(crate) fn branch_ref_exact(pc, regs, cx, facc) {
        let rows::BranchRefExact { dst, src, layout, branch } = rows::BranchRefExact::read(pc);
        let value = get_any(regs, src);
        if layout_of(value) == Some(layout) {
            *regs.add(dst) = value.payload();
            take_branch!(branch, pc, regs, cx, facc)
        }
        *regs.add(dst) = 0;
        next!(rows::BranchRefExact::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `branch_signature_exact`: taken when the value is a function that was declared with that signature.
    pub(crate) fn branch_signature_exact(pc, regs, cx, facc) {
        let rows::BranchSignatureExact { src, signature, branch } = rows::BranchSignatureExact::read(pc);
        let callee = get_any(regs, src).as_function();
        if callee.is_some_and(|closure| (*(*closure).function.cast::<FunctionInfo>()).signature == signature) {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::BranchSignatureExact::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    /// `branch_signature`: taken when the value is a function that can be called with that signature.
    pub(crate) fn branch_signature(pc, regs, cx) {
        let rows::BranchSignature { src, signature, branch } = rows::BranchSignature::read(pc);
        let fits = get_any(regs, src).as_function().is_some_and(|closure| {
            let info = &*(*closure).function.cast::<FunctionInfo>();
            (*cx).signature_fits(info.signature, signature)
        });
        if fits {
            return branch_flow(cx, branch, pc, regs);
        }
        Flow { pc: rows::BranchSignature::next(pc), regs }
    }
}

slow_handler! {
    /// `branch_ref` of a record or array that is not exactly of the layout.
    fn branch_subtype(pc, regs, cx) {
        let rows::BranchRef { dst, src, layout, branch } = rows::BranchRef::read(pc);
        let value = get_any(regs, src);
        let fits = layout_of(value).is_some_and(|found| (*cx).layout_fits(found, layout));
        if fits {
            *regs.add(dst) = value.payload();
            return branch_flow(cx, branch, pc, regs);
        }
        *regs.add(dst) = 0;
        Flow { pc: rows::BranchRef::next(pc), regs }
    }
}

handler! {
    /// `for_loop` over integers, taken while it runs. The limit slot holds the number of rounds left, as `for_prepare`
    /// computed it; the step slot is an integer.
    pub(crate) fn for_loop(pc, regs, cx, facc) {
        let rows::ForLoop { index, limit, step, variable, branch } = rows::ForLoop::read(pc);
        if tag_at(regs, step) == Tag::INT && tag_at(regs, index) == Tag::INT && tag_at(regs, limit) == Tag::INT {
            let rounds = *regs.add(limit);
            if rounds == 0 {
                // The verifier counts the variable as written on both ways.
                set_any(regs, variable, Value::NIL);
                next!(rows::ForLoop::next(pc), regs, cx, facc)
            }
            *regs.add(limit) = rounds - 1;
            let value = (*regs.add(index)).wrapping_add(*regs.add(step));
            *regs.add(index) = value;
            set_any(regs, variable, Value::int(value as i64));
            take_branch!(branch, pc, regs, cx, facc)
        }
        slow!(for_loop_float, pc, regs, cx, facc)
    }
}

handler! {
    /// `for_loop` where index, limit and step are known to be integers.
    pub(crate) fn for_loop_int(pc, regs, cx, facc) {
        let rows::ForLoopInt { index, limit, step, variable, branch } = rows::ForLoopInt::read(pc);
        let rounds = *regs.add(limit);
        if rounds == 0 {
            // The verifier counts the variable as written on both ways.
            set_any(regs, variable, Value::NIL);
            next!(rows::ForLoopInt::next(pc), regs, cx, facc)
        }
        *regs.add(limit) = rounds - 1;
        let value = (*regs.add(index)).wrapping_add(*regs.add(step));
        *regs.add(index) = value;
        set_any(regs, variable, Value::int(value as i64));
        take_branch!(branch, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn for_loop_float(pc, regs, cx, facc) {
        let rows::ForLoop { index, limit, step, variable, branch } = rows::ForLoop::read(pc);
        let floats = (get_any(regs, index).as_float(), get_any(regs, limit).as_float(), get_any(regs, step).as_float());
        let (Some(value), Some(end), Some(by)) = floats else {
            let flow = unwind::raise_message(&mut *cx, Flow { pc, regs }, "'for' loop state was changed");
            follow!(flow, cx, facc)
        };
        let value = value + by;
        if if by > 0.0 { value <= end } else { end <= value } {
            set_any(regs, index, Value::float(value));
            set_any(regs, variable, Value::float(value));
            take_branch!(branch, pc, regs, cx, facc)
        }
        set_any(regs, variable, Value::NIL);
        next!(rows::ForLoop::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `for_prepare`, taken when the loop does not run.
    pub(crate) fn for_prepare(pc, regs, cx, facc) {
        let rows::ForPrepare { index, limit, step, variable, branch } = rows::ForPrepare::read(pc);
        let (start, last, by) = (get_any(regs, index), get_any(regs, limit), get_any(regs, step));
        if start.tag() == Tag::INT && last.tag() == Tag::INT && by.tag() == Tag::INT && by.payload() as i64 > 0 {
            if start.payload() as i64 > last.payload() as i64 {
                // The verifier counts the variable as written on both ways.
                set_any(regs, variable, Value::NIL);
                take_branch!(branch, pc, regs, cx, facc)
            }
            let distance = last.payload().wrapping_sub(start.payload());
            *regs.add(limit) = if by.payload() == 1 { distance } else { distance / by.payload() };
            set_any(regs, variable, start);
            next!(rows::ForPrepare::next(pc), regs, cx, facc)
        }
        slow!(for_prepare_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn for_prepare_slow(pc, regs, cx) {
        let rows::ForPrepare { index, limit, step, variable, branch } = rows::ForPrepare::read(pc);
        let values = (get_any(regs, index), get_any(regs, limit), get_any(regs, step));
        match crate::number::prepare_loop(values.0, values.1, values.2) {
            Ok(None) => {
                set_any(regs, variable, Value::NIL);
                return branch_flow(cx, branch, pc, regs);
            }
            Ok(Some((start, end, by))) => {
                set_any(regs, index, start);
                set_any(regs, limit, end);
                set_any(regs, step, by);
                set_any(regs, variable, start);
            }
            Err(_) if read_bounds(&*cx, regs, [index, limit, step]) => return Flow { pc, regs },
            Err((part, wrong)) => return for_error(&mut *cx, Flow { pc, regs }, part, wrong),
        }
        Flow { pc: rows::ForPrepare::next(pc), regs }
    }
}

/// Replaces bounds of a loop that are strings by the numbers they spell: a start or step by a float. Gives whether it did so.
///
/// # Safety
/// The slots are those of the instruction, in the running frame.
unsafe fn read_bounds(cx: &Context, regs: Regs, slots: [usize; 3]) -> bool {
    let Some(reader) = cx.number_reader else { return false };
    let mut read = false;
    for (index, slot) in slots.into_iter().enumerate() {
        // SAFETY: the slots are those of the instruction, and what they hold is reachable.
        unsafe {
            let number = get_any(regs, slot).as_bytes().and_then(reader);
            let float = number.and_then(crate::number::to_float).map(Value::float);
            if let Some(number) = if index == 1 { number } else { float } {
                set_any(regs, slot, number);
                read = true;
            }
        }
    }
    read
}

/// Raises the error of a loop whose `part` is wrong.
///
/// # Safety
/// `at` is the running guest frame.
#[cold]
unsafe fn for_error(cx: &mut crate::runtime::context::Context, at: Flow, part: &str, wrong: Value) -> Flow {
    error::note(cx, ErrorKind::Loop, &[wrong], None);
    let message = if part == "zero" {
        "'for' step is zero".to_string()
    } else {
        format!("bad 'for' {part} (number expected, got {})", error::type_name(cx, wrong))
    };
    // SAFETY: `at` is the running frame.
    unsafe { unwind::raise_message(cx, at, message) }
}

handler! {
    /// `for_each`, first half: calls the iterator, or does what it would. The second half is `for_each_test`.
    pub(crate) fn for_each(pc, regs, cx, facc) {
        let rows::ForEach { iterator, state, control, window, cost, wanted, .. } = rows::ForEach::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            slow!(out_of_fuel, pc, regs, cx, facc)
        }
        let dst = regs.add((*rows::ForEach::next(pc).cast::<ReturnInfo>().sub(1)).dst as usize);
        if tag_at(regs, iterator) == Tag::FUNCTION
            && tag_at(regs, state) == Tag::TABLE
            && crate::runtime::iterate::iterate(cx, regs.add(iterator), regs.add(state), regs.add(control), dst, wanted)
        {
            next!(rows::ForEach::next(pc), regs, cx, facc)
        }
        let new = regs.add(window);
        set_any(new, 0, get_any(regs, state));
        set_any(new, 2, get_any(regs, control));
        slow!(for_each_call, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// Calls the iterator, whose arguments are in the window.
    fn for_each_call(pc, regs, cx) {
        let rows::ForEach { iterator, window, .. } = rows::ForEach::read(pc);
        let next = rows::ForEach::next(pc);
        direct_switch::call_value(&mut *cx, get_any(regs, iterator), regs.add(window), 2, next, Flow { pc, regs })
    }
}

handler! {
    /// `for_each`, second half: taken when the first result is not nil.
    pub(crate) fn for_each_test(pc, regs, cx, facc) {
        let rows::ForEachTest { first, branch } = rows::ForEachTest::read(pc);
        if tag_at(regs, first) != Tag::NIL {
            take_branch!(branch, pc, regs, cx, facc)
        }
        next!(rows::ForEachTest::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `throw`.
    pub(crate) fn throw(pc, regs, cx, facc) {
        let rows::Throw { value } = rows::Throw::read(pc);
        let value = get_any(regs, value);
        follow!(call::throw(&mut *cx, Flow { pc, regs }, value), cx, facc)
    }
}

handler! {
    /// `trap`.
    pub(crate) fn trap_instruction(pc, regs, cx, facc) {
        let rows::Trap { code } = rows::Trap::read(pc);
        (*cx).trap_code = TrapCode::from_number(code as u64).unwrap_or(TrapCode::Unreachable);
        slow!(trap, pc, regs, cx, facc)
    }
}

handler! {
    /// Raises the trap in the context at `pc`.
    #[cold]
    #[inline(never)]
    pub(crate) fn trap(pc, regs, cx, facc) {
        let code = (*cx).trap_code;
        follow!(unwind::raise_trap(&mut *cx, Flow { pc, regs }, code), cx, facc)
    }
}

handler! {
    /// The stack may not grow.
    #[cold]
    #[inline(never)]
    pub(crate) fn stack_overflow(pc, regs, cx, facc) {
        follow!(call::stack_overflow(&mut *cx, Flow { pc, regs }), cx, facc)
    }
}

handler! {
    /// The heap has no room for what the instruction at `pc` makes, which starts again if a collection helps.
    #[cold]
    #[inline(never)]
    pub(crate) fn out_of_memory(pc, regs, cx, facc) {
        follow!(crate::runtime::collect::make_room_at(&mut *cx, Flow { pc, regs }), cx, facc)
    }
}

handler! {
    /// The budget is used up; everything before `pc` is done.
    #[cold]
    #[inline(never)]
    pub(crate) fn out_of_fuel(pc, regs, cx, facc) {
        let _ = facc;
        (*cx).stop(Status::OutOfFuel, Flow { pc, regs });
    }
}

handler! {
    /// A step of the collector is due; the instruction at `pc` has not begun and starts again.
    #[cold]
    #[inline(never)]
    pub(crate) fn collect(pc, regs, cx, facc) {
        follow!(crate::runtime::collect::step_at(&mut *cx, Flow { pc, regs }), cx, facc)
    }
}

const _: () = assert!(OPEN == u16::MAX, "the number of results of an open call is none that a list can have");
