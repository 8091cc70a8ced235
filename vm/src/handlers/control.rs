//! Jumps on `any` values, loops, and the ways out of the fast path.

use crate::runtime::context::{Context, Status};
use crate::runtime::function::FunctionInfo;
use crate::runtime::layouts::layout_of;
use crate::runtime::{call, unwind};
use crate::threaded::OPEN;
use crate::threaded::operands::Cursor;
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::{Flow, Regs};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

/// Ends a handler: takes a branch whose operands come next: cost (16 bits, may be negative), distance (32 bits, in
/// halves from this instruction).
macro_rules! take_branch {
    ($c:ident, $pc:ident, $regs:ident, $cx:ident, $facc:ident) => {{
        let cost = $c.signed_half();
        let distance = $c.word32() as i32;
        let target = $pc.offset(distance as isize);
        (*$cx).fuel -= cost;
        if (*$cx).fuel < 0 {
            slow!($crate::handlers::control::out_of_fuel, target, $regs, $cx, $facc)
        }
        next!(target, $regs, $cx, $facc)
    }};
}
pub(crate) use take_branch;

/// Takes a branch whose operands come next, in a function that says where to go on.
///
/// # Safety
/// The cursor is at the branch of the instruction at `pc`.
pub(crate) unsafe fn branch_flow(
    cx: *mut crate::runtime::context::Context,
    c: &mut Cursor,
    pc: crate::threaded::Pc,
    regs: crate::threaded::Regs,
) -> Flow {
    // SAFETY: the loader wrote the operands.
    unsafe {
        let cost = c.signed_half();
        let target = pc.offset(c.word32() as i32 as isize);
        (*cx).fuel -= cost;
        let flow = Flow { pc: target, regs };
        if (*cx).fuel < 0 { (*cx).stop(Status::OutOfFuel, flow) } else { flow }
    }
}

/// The target of a branch whose operands come next, without taking it.
macro_rules! branch_target {
    ($c:ident, $pc:ident) => {{
        let _cost = $c.half();
        let distance = $c.word32() as i32;
        $pc.offset(distance as isize)
    }};
}
pub(crate) use branch_target;

handler! {
    /// `jump`. Operands: branch.
    pub(crate) fn jump(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        take_branch!(c, pc, regs, cx, facc)
    }
}

handler! {
    /// Charges for instructions before a block that control falls into. Operands: cost, 32 bits.
    pub(crate) fn charge(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let cost = c.word32();
        (*cx).fuel -= i64::from(cost);
        if (*cx).fuel < 0 {
            slow!(out_of_fuel, c.end(), regs, cx, facc)
        }
        next!(c.end(), regs, cx, facc)
    }
}

/// Whether a branch is taken when its condition holds, or when it does not.
pub(crate) trait Sense {
    const HOLDS: bool;
}
pub(crate) enum Taken {}
impl Sense for Taken {
    const HOLDS: bool = true;
}
pub(crate) enum NotTaken {}
impl Sense for NotTaken {
    const HOLDS: bool = false;
}

handler! {
    /// `branch_truthy`, taken when the value is truthy, or when it is not. Operands: slot, branch.
    pub(crate) fn branch_truthy<S: Sense>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let slot = c.half();
        if (tag_at(regs, slot) > Tag::FALSE) == S::HOLDS {
            take_branch!(c, pc, regs, cx, facc)
        }
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `branch_kind`, taken when the tag is that one, or when it is not. Operands: slot, tag, branch.
    pub(crate) fn branch_kind<S: Sense>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (slot, tag) = (c.half(), c.half());
        if (tag_at(regs, slot).0 as usize == tag) == S::HOLDS {
            take_branch!(c, pc, regs, cx, facc)
        }
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `branch_equal` with a short string, taken when it is that one, or when it is not. Operands: slot, string, branch.
    pub(crate) fn branch_same<S: Sense>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (slot, string) = (c.half(), c.word64());
        if (*regs.add(slot) == string && tag_at(regs, slot) == Tag::STRING) == S::HOLDS {
            take_branch!(c, pc, regs, cx, facc)
        }
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `branch_unbox_i64`, `branch_unbox_f64`: taken when the tag is that one. Operands: destination, slot, tag, branch.
    pub(crate) fn branch_unbox(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, slot, tag) = (c.half(), c.half(), c.half());
        let value = get_any(regs, slot);
        if value.tag().0 as usize == tag {
            *regs.add(dst) = value.payload();
            take_branch!(c, pc, regs, cx, facc)
        }
        *regs.add(dst) = 0;
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `branch_ref`: taken when the value is a record or array of that layout. Operands: destination word, slot, number of the
    /// layout (32 bits), branch.
    pub(crate) fn branch_ref(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, slot, layout) = (c.half(), c.half(), c.word32());
        let value = get_any(regs, slot);
        if layout_of(value) == Some(layout) {
            *regs.add(dst) = value.payload();
            take_branch!(c, pc, regs, cx, facc)
        }
        if value.tag() == Tag::RECORD || value.tag() == Tag::ARRAY {
            slow!(branch_subtype, pc, regs, cx, facc)
        }
        *regs.add(dst) = 0;
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

slow_handler! {
    /// `branch_signature`: taken when the value is a function that can be called with that signature. Operands: slot, number of
    /// the signature (32 bits), branch.
    pub(crate) fn branch_signature(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (slot, signature) = (c.half(), c.word32());
        let fits = get_any(regs, slot).as_function().is_some_and(|closure| {
            let info = &*(*closure).function.cast::<FunctionInfo>();
            (*cx).signature_fits(info.signature, signature)
        });
        if fits {
            return branch_flow(cx, &mut c, pc, regs);
        }
        let _ = branch_target!(c, pc);
        Flow { pc: c.end(), regs }
    }
}

slow_handler! {
    /// `branch_ref` of a record or array that is not exactly of the layout.
    fn branch_subtype(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (dst, slot, layout) = (c.half(), c.half(), c.word32());
        let value = get_any(regs, slot);
        let fits = layout_of(value).is_some_and(|found| (*cx).layout_fits(found, layout));
        if fits {
            *regs.add(dst) = value.payload();
            return branch_flow(cx, &mut c, pc, regs);
        }
        *regs.add(dst) = 0;
        let _ = branch_target!(c, pc);
        Flow { pc: c.end(), regs }
    }
}

handler! {
    /// `for_loop` over integers, taken while it runs. Operands: index, limit, step, variable, branch. The limit slot holds
    /// the number of rounds left, as `for_prepare` computed it; the step slot is an integer.
    pub(crate) fn for_loop(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (index, limit, step, variable) = (c.half(), c.half(), c.half(), c.half());
        if tag_at(regs, step) == Tag::INT && tag_at(regs, index) == Tag::INT && tag_at(regs, limit) == Tag::INT {
            let rounds = *regs.add(limit);
            if rounds == 0 {
                // The verifier counts the variable as written on both ways.
                set_any(regs, variable, Value::NIL);
                let _ = branch_target!(c, pc);
                next!(c.end(), regs, cx, facc)
            }
            *regs.add(limit) = rounds - 1;
            let value = (*regs.add(index)).wrapping_add(*regs.add(step));
            *regs.add(index) = value;
            set_any(regs, variable, Value::int(value as i64));
            take_branch!(c, pc, regs, cx, facc)
        }
        slow!(for_loop_float, pc, regs, cx, facc)
    }
}

handler! {
    /// `for_loop` where index, limit and step are known to be integers. Operands: as for `for_loop`.
    pub(crate) fn for_loop_int(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (index, limit, step, variable) = (c.half(), c.half(), c.half(), c.half());
        let rounds = *regs.add(limit);
        if rounds == 0 {
            // The verifier counts the variable as written on both ways.
            set_any(regs, variable, Value::NIL);
            let _ = branch_target!(c, pc);
            next!(c.end(), regs, cx, facc)
        }
        *regs.add(limit) = rounds - 1;
        let value = (*regs.add(index)).wrapping_add(*regs.add(step));
        *regs.add(index) = value;
        set_any(regs, variable, Value::int(value as i64));
        take_branch!(c, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn for_loop_float(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (index, limit, step, variable) = (c.half(), c.half(), c.half(), c.half());
        let floats = (get_any(regs, index).as_float(), get_any(regs, limit).as_float(), get_any(regs, step).as_float());
        let (Some(value), Some(end), Some(by)) = floats else {
            let flow = unwind::raise_message(&mut *cx, Flow { pc, regs }, "'for' loop state was changed");
            follow!(flow, cx, facc)
        };
        let value = value + by;
        if if by > 0.0 { value <= end } else { end <= value } {
            set_any(regs, index, Value::float(value));
            set_any(regs, variable, Value::float(value));
            take_branch!(c, pc, regs, cx, facc)
        }
        set_any(regs, variable, Value::NIL);
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `for_prepare`, taken when the loop does not run. Operands: index, limit, step, variable, branch.
    pub(crate) fn for_prepare(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (index, limit, step, variable) = (c.half(), c.half(), c.half(), c.half());
        let (start, last, by) = (get_any(regs, index), get_any(regs, limit), get_any(regs, step));
        if start.tag() == Tag::INT && last.tag() == Tag::INT && by.tag() == Tag::INT && by.payload() as i64 > 0 {
            if start.payload() as i64 > last.payload() as i64 {
                // The verifier counts the variable as written on both ways.
                set_any(regs, variable, Value::NIL);
                take_branch!(c, pc, regs, cx, facc)
            }
            let distance = last.payload().wrapping_sub(start.payload());
            *regs.add(limit) = if by.payload() == 1 { distance } else { distance / by.payload() };
            set_any(regs, variable, start);
            let _ = branch_target!(c, pc);
            next!(c.end(), regs, cx, facc)
        }
        slow!(for_prepare_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn for_prepare_slow(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (index, limit, step, variable) = (c.half(), c.half(), c.half(), c.half());
        let values = (get_any(regs, index), get_any(regs, limit), get_any(regs, step));
        match crate::number::prepare_loop(values.0, values.1, values.2) {
            Ok(None) => {
                set_any(regs, variable, Value::NIL);
                return branch_flow(cx, &mut c, pc, regs);
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
        let _ = branch_target!(c, pc);
        Flow { pc: c.end(), regs }
    }
}

/// Replaces bounds of a loop that are strings by the numbers they spell: a start or step by a float. Gives whether it did so.
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
#[cold]
unsafe fn for_error(cx: &mut crate::runtime::context::Context, at: Flow, part: &str, wrong: Value) -> Flow {
    let message = if part == "zero" {
        "'for' step is zero".to_string()
    } else {
        format!("bad 'for' {part} (number expected, got {})", crate::runtime::error::type_name(cx, wrong))
    };
    // SAFETY: `at` is the running frame.
    unsafe { unwind::raise_message(cx, at, message) }
}

handler! {
    /// `for_each`, first half: calls the iterator, or does what it would. Operands: iterator, state, control, window, cost,
    /// wanted results; return information. The second half is `for_each_test`.
    pub(crate) fn for_each(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (iterator, state, control, window) = (c.half(), c.half(), c.half(), c.half());
        let (cost, wanted) = (c.half(), c.half());
        let _pad = c.word32();
        let info_at = c.here().cast::<crate::threaded::ReturnInfo>();
        let _info = c.word64();
        (*cx).fuel -= cost as i64;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost as i64;
            slow!(out_of_fuel, pc, regs, cx, facc)
        }
        let dst = regs.add((*info_at).dst as usize);
        if tag_at(regs, iterator) == Tag::FUNCTION
            && tag_at(regs, state) == Tag::TABLE
            && crate::runtime::iterate::iterate(cx, regs.add(iterator), regs.add(state), regs.add(control), dst, wanted)
        {
            next!(c.end(), regs, cx, facc)
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
        let mut c = Cursor::new(pc);
        let (iterator, _state, _control, window) = (c.half(), c.half(), c.half(), c.half());
        let _counts = (c.half(), c.half(), c.word32(), c.word64());
        call::call_value(&mut *cx, get_any(regs, iterator), regs.add(window), 2, c.end(), Flow { pc, regs })
    }
}

handler! {
    /// `for_each`, second half: taken when the first result is not nil. Operands: first result, branch.
    pub(crate) fn for_each_test(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let slot = c.half();
        if tag_at(regs, slot) != Tag::NIL {
            take_branch!(c, pc, regs, cx, facc)
        }
        let _ = branch_target!(c, pc);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `throw`. Operands: slot.
    pub(crate) fn throw(pc, regs, cx, facc) {
        let value = get_any(regs, Cursor::new(pc).half());
        follow!(call::throw(&mut *cx, Flow { pc, regs }, value), cx, facc)
    }
}

handler! {
    /// `trap`. Operands: code.
    pub(crate) fn trap_instruction(pc, regs, cx, facc) {
        let code = Cursor::new(pc).half() as u64;
        (*cx).trap_code = TrapCode::from_number(code).unwrap_or(TrapCode::Unreachable);
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
