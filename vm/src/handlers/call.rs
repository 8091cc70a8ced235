//! Calls and returns.
//!
//! A callee's registers begin in the caller's window, above all of the caller's registers, with two words of header before
//! them: the closure and the return place. Arguments are put in place by the caller.

use crate::heap::Closure;
use crate::runtime::context::Context;
use crate::runtime::context::return_info;
use crate::runtime::deliver::{FEW_VALUES, deliver, deliver_few, fill_nil, move_few};
use crate::runtime::function::{Body, FunctionInfo, HostFunction};
use crate::runtime::work::FREE_VALUES;
use crate::runtime::work::pay;
use crate::runtime::work::units_of_values;
use crate::runtime::{call, direct_switch, host_run, unwind};
use crate::threaded::Flow;
use crate::threaded::OPEN;
use crate::threaded::continuation::{CONTINUATION_WORDS, Continuation, ContinuationKind, HOST_CALL_WORDS};
use crate::threaded::frame::Frame;
use crate::threaded::header_at;
use crate::threaded::kinds::{OperandKind, Slot};
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::ptr::with_exposed_provenance_mut as pointer;

/// Words that there are above an open list at least.
const OPEN_LIST_ROOM: usize = 16;

handler! {
    /// `call_any`: enters a closure that takes exactly these arguments.
    pub(crate) fn call_any(pc, regs, cx, facc) {
        let call = rows::CallAny::read(pc);
        (*cx).fuel -= call.cost;
        if tag_at(regs, call.callee) == Tag::FUNCTION && (*cx).fuel >= 0 {
            let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
            let entry = (*closure).code.cast::<u16>();
            let header = header_at(entry);
            let new = regs.add(call.window);
            if header.params as usize == call.arguments && new.wrapping_add(header.extent as usize) <= (*cx).stack_end {
                Frame::at(new).begin(closure, rows::CallAny::next(pc));
                next!(entry, new, cx, facc)
            }
        }
        slow!(super::boundary::call_any_other, pc, regs, cx, facc)
    }
}

slow_handler! {
    pub(crate) fn call_any_slow(pc, regs, cx) {
        let call = rows::CallAny::read(pc);
        let at = Flow { pc, regs };
        if (*cx).fuel < 0 {
            (*cx).fuel += call.cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        let callee = get_any(regs, call.callee);
        let new = regs.add(call.window);
        if callee.tag() == Tag::FUNCTION {
            let closure = pointer::<Closure>(callee.payload() as usize);
            if let Some(host) = host_of(closure) {
                return host_run::call(&mut *cx, host, closure, new, call.arguments, rows::CallAny::next(pc), at);
            }
        }
        call::call_value(&mut *cx, callee, new, call.arguments, rows::CallAny::next(pc), at)
    }
}

/// The function of the host that a closure is, if it is one.
///
/// # Safety
/// The closure is live.
#[inline(always)]
pub(super) unsafe fn host_of<'a>(closure: *mut Closure) -> Option<&'a HostFunction> {
    // SAFETY: closures point to functions, which live as long as they do.
    match unsafe { &(*(*closure).function.cast::<FunctionInfo>()).body } {
        Body::Host(host) => Some(host),
        Body::Guest(_) | Body::Bridge(_) => None,
    }
}

slow_handler! {
    /// `call_any` of a host function with a fast path, which nothing stands in the way of but perhaps a collection, or the arguments.
    pub(crate) fn call_fast_path_slow(pc, regs, cx) {
        let call = rows::CallAny::read(pc);
        let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
        let host = host_of(closure).expect("the caller has seen a function of the host");
        let (new, place) = (regs.add(call.window), rows::CallAny::next(pc));
        match host_run::call_fast_path(&mut *cx, host, new, call.arguments, new, place) {
            Some(flow) => flow,
            None => host_run::invoke(&mut *cx, host, closure, new, call.arguments, place, Flow { pc, regs }),
        }
    }
}

handler! {
    /// `call_any_open…`: the open list lies at the start of the window and moves up by the fixed arguments, which then go
    /// before it.
    pub(crate) fn call_any_open(pc, regs, cx, facc) {
        let call = rows::CallAnyOpen::read(pc);
        (*cx).fuel -= call.cost;
        if tag_at(regs, call.callee) == Tag::FUNCTION && (*cx).fuel >= 0 {
            let closure = pointer::<Closure>(*regs.add(call.callee) as usize);
            let entry = (*closure).code.cast::<u16>();
            let header = header_at(entry);
            let new = regs.add(call.window);
            let total = call.arguments + (*cx).open_count;
            if header.params as usize == total && new.wrapping_add(header.extent as usize) <= (*cx).stack_end {
                Frame::at(new).begin(closure, rows::CallAnyOpen::next(pc));
                next!(entry, new, cx, facc)
            }
        }
        slow!(call_any_open_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    pub(crate) fn call_any_open_slow(pc, regs, cx) {
        let call = rows::CallAnyOpen::read(pc);
        let at = Flow { pc, regs };
        if (*cx).fuel < 0 {
            (*cx).fuel += call.cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        let callee = get_any(regs, call.callee);
        let total = call.arguments + (*cx).open_count;
        let (new, place) = (regs.add(call.window), rows::CallAnyOpen::next(pc));
        // The function itself would make room, in whatever form the code is.
        let has_room = new.wrapping_add(2 * total + HOST_CALL_WORDS) <= (*cx).stack_end;
        if callee.tag() == Tag::FUNCTION
            && has_room
            && !(*cx).hooks.is_on
            && let Some(host) = host_of(callee.pointer().cast())
            && let Some(flow) = host_run::call_fast_path(&mut *cx, host, new, total, new, place)
        {
            return flow;
        }
        direct_switch::call_value(&mut *cx, callee, new, total, place, at)
    }
}

handler! {
    /// Makes room for values before the open list and puts them there.
    pub(crate) fn prepend_open(pc, regs, cx, facc) {
        let rows::PrependOpen { window, values } = rows::PrependOpen::read(pc);
        let count = values.count;
        let open = (*cx).open_count;
        let list = regs.add(window);
        if open == 1 {
            // One value is the common case: its frame had room for the fixed ones.
            set_any(list, count * 2, get_any(list, 0));
        } else if list.wrapping_add((count + open) * 2 + OPEN_LIST_ROOM) <= (*cx).stack_end {
            let mut index = open;
            while index > 0 {
                index -= 1;
                set_any(list, (count + index) * 2, get_any(list, index * 2));
            }
        } else {
            slow!(prepend_open_slow, pc, regs, cx, facc)
        }
        let mut slots = values.cursor();
        for index in 0..count {
            set_any(list, index * 2, get_any(regs, Slot::read(&mut slots)));
        }
        next!(values.next(pc), regs, cx, facc)
    }
}

handler! {
    /// Makes room on the stack for `prepend_open`, which then starts again.
    #[inline(never)]
    fn prepend_open_slow(pc, regs, cx, facc) {
        let rows::PrependOpen { window, values } = rows::PrependOpen::read(pc);
        let top = regs.add(window + (values.count + (*cx).open_count) * 2);
        match (*cx).reserve(regs, top, 64) {
            Some(moved) => next!(pc, moved, cx, facc),
            None => slow!(super::control::stack_overflow, pc, regs, cx, facc),
        }
    }
}

handler! {
    /// `tail_call_any…`.
    pub(crate) fn tail_call_any(pc, regs, cx, facc) {
        let rows::TailCallAny { callee, window, arguments, cost, open, variadic } = rows::TailCallAny::read(pc);
        (*cx).fuel -= cost;
        if tag_at(regs, callee) == Tag::FUNCTION && !variadic && (*cx).fuel >= 0 {
            let arguments = arguments + if open { (*cx).open_count } else { 0 };
            let closure = pointer::<Closure>(*regs.add(callee) as usize);
            let entry = (*closure).code.cast::<u16>();
            let header = header_at(entry);
            if header.params as usize == arguments && regs.wrapping_add(header.extent as usize) <= (*cx).stack_end {
                Frame::at(regs).set_closure(closure);
                let from = regs.add(window);
                move_few(from, regs, arguments.min(FEW_VALUES));
                for word in 2 * FEW_VALUES..2 * arguments {
                    // Words that were just written one by one are read so, too: wider reads would wait for them.
                    *regs.add(word) = std::ptr::read_volatile(from.add(word));
                }
                next!(entry, regs, cx, facc)
            }
        }
        slow!(tail_call_any_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    pub(crate) fn tail_call_any_slow(pc, regs, cx) {
        let rows::TailCallAny { callee, window, arguments, cost, open, variadic } = rows::TailCallAny::read(pc);
        let at = Flow { pc, regs };
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        let count = arguments + if open { (*cx).open_count } else { 0 };
        let callee = get_any(regs, callee);
        call::tail_call_value(&mut *cx, callee, window, count, variadic, at)
    }
}

handler! {
    /// `tail_call` of a typed function.
    pub(crate) fn tail_call_typed(pc, regs, cx, facc) {
        let rows::TailCallTyped { closure, window, words, cost } = rows::TailCallTyped::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel >= 0 {
            // What has no code yet is larger than any stack.
            let entry = (*closure).code.cast::<u16>();
            if regs.wrapping_add(header_at(entry).extent as usize) <= (*cx).stack_end {
                Frame::at(regs).set_closure(closure);
                for word in 0..words {
                    // Words that were just written one by one are read so, too: wider reads would wait for them.
                    *regs.add(word) = std::ptr::read_volatile(regs.add(window + word));
                }
                next!(entry, regs, cx, facc)
            }
        }
        slow!(tail_call_typed_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    pub(crate) fn tail_call_typed_slow(pc, regs, cx) {
        let rows::TailCallTyped { closure, window, words, cost } = rows::TailCallTyped::read(pc);
        let at = Flow { pc, regs };
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        call::tail_call_typed(&mut *cx, closure, window, words, at)
    }
}

slow_handler! {
    /// `tail_call_indirect`, `tail_call_ref`.
    pub(crate) fn tail_call_typed_value(pc, regs, cx) {
        let rows::TailCallTypedValue { callee, window, signature, words, cost, null } =
            rows::TailCallTypedValue::read(pc);
        let at = Flow { pc, regs };
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        let closure = match call::check_signature(&mut *cx, get_any(regs, callee), signature, at) {
            Ok(closure) => closure,
            Err(TrapCode::UninitializedElement) => {
                let code = TrapCode::from_number(null as u64).unwrap_or(TrapCode::UninitializedElement);
                return unwind::raise_trap(&mut *cx, at, code);
            }
            Err(code) => return unwind::raise_trap(&mut *cx, at, code),
        };
        call::tail_call_typed(&mut *cx, closure, window, words, at)
    }
}

handler! {
    /// `return_values` of one `any` from a function that is not variadic.
    pub(crate) fn return_any(pc, regs, cx, facc) {
        let rows::ReturnAny { value: slot, cost } = rows::ReturnAny::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            slow!(return_any_out_of_fuel, pc, regs, cx, facc)
        }
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        if info.results == 1 {
            let value = get_any(regs, slot);
            let caller = regs.sub(info.delta as usize);
            set_any(caller, info.dst as usize, value);
            next!(place, caller, cx, facc)
        }
        slow!(return_any_slow, pc, regs, cx, facc)
    }
}

handler! {
    /// A return that the budget does not allow any more: it gives back what it charged.
    #[cold]
    #[inline(never)]
    fn return_any_out_of_fuel(pc, regs, cx, facc) {
        (*cx).fuel += rows::ReturnAny::read(pc).cost;
        slow!(super::control::out_of_fuel, pc, regs, cx, facc)
    }
}

handler! {
    /// The same of `return_any`, for a call that does not want one value.
    #[inline(never)]
    fn return_any_slow(pc, regs, cx, facc) {
        let rows::ReturnAny { value: slot, .. } = rows::ReturnAny::read(pc);
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        let caller = regs.sub(info.delta as usize);
        let value = get_any(regs, slot);
        match info.results {
            0 => {}
            OPEN => {
                set_any(caller, info.dst as usize, value);
                (*cx).open_count = 1;
            }
            wanted => {
                set_any(caller, info.dst as usize, value);
                fill_nil(caller.add(info.dst as usize), 1, wanted as usize);
            }
        }
        next!(place, caller, cx, facc)
    }
}

handler! {
    /// The same of `return_block`.
    #[cold]
    #[inline(never)]
    fn return_block_out_of_fuel(pc, regs, cx, facc) {
        (*cx).fuel += rows::ReturnBlock::read(pc).cost;
        slow!(super::control::out_of_fuel, pc, regs, cx, facc)
    }
}

handler! {
    /// The same of `return_words`.
    #[cold]
    #[inline(never)]
    fn return_words_out_of_fuel(pc, regs, cx, facc) {
        (*cx).fuel += rows::ReturnWords::read(pc).cost;
        slow!(super::control::out_of_fuel, pc, regs, cx, facc)
    }
}

handler! {
    /// `return_values` and `return_open` in general.
    pub(crate) fn return_block(pc, regs, cx, facc) {
        let rows::ReturnBlock { window, values: count, cost, open, variadic } = rows::ReturnBlock::read(pc);
        let count = count + if open { (*cx).open_count } else { 0 };
        if count > FEW_VALUES {
            slow!(return_more, pc, regs, cx, facc)
        }
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            slow!(return_block_out_of_fuel, pc, regs, cx, facc)
        }
        let base = Frame::at(regs).base(variadic);
        let place = Frame::at(regs).return_place();
        let caller = deliver_few(cx, regs.add(window), count, base, place);
        next!(place, caller, cx, facc)
    }
}

handler! {
    /// The same of more values.
    #[inline(never)]
    fn return_more(pc, regs, cx, facc) {
        let rows::ReturnBlock { window, values: count, cost, open, variadic } = rows::ReturnBlock::read(pc);
        let count = count + if open { (*cx).open_count } else { 0 };
        if count >= FREE_VALUES {
            slow!(return_many, pc, regs, cx, facc)
        }
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            slow!(return_block_out_of_fuel, pc, regs, cx, facc)
        }
        let base = Frame::at(regs).base(variadic);
        let place = Frame::at(regs).return_place();
        let caller = deliver(cx, regs.add(window), count, base, place);
        next!(place, caller, cx, facc)
    }
}

slow_handler! {
    /// `return_block` of many values, in both forms of code; baseline code has no cost.
    pub(crate) fn return_many(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::ReturnBlock { window, values: count, cost, open, variadic } = rows::ReturnBlock::read(pc);
        let at = Flow { pc, regs };
        if cx.fuel < cost {
            return cx.stop(crate::runtime::context::Status::OutOfFuel, at);
        }
        let count = count + if open { cx.open_count } else { 0 };
        cx.fuel -= cost;
        if let Err(flow) = pay(cx, at, cost, units_of_values(count)) {
            return flow;
        }
        let base = Frame::at(regs).base(variadic);
        let place = Frame::at(regs).return_place();
        let caller = deliver(cx, regs.add(window), count, base, place);
        Flow { pc: place, regs: caller }
    }
}

handler! {
    /// `return_values` of a typed function in general.
    pub(crate) fn return_words(pc, regs, cx, facc) {
        let rows::ReturnWords { window, words, cost } = rows::ReturnWords::read(pc);
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            slow!(return_words_out_of_fuel, pc, regs, cx, facc)
        }
        let caller = regs.sub(info.delta as usize);
        std::ptr::copy(regs.add(window), caller.add(info.dst as usize), words);
        next!(place, caller, cx, facc)
    }
}

handler! {
    /// `varargs`: copies arguments past the parameters.
    pub(crate) fn varargs(pc, regs, cx, facc) {
        let rows::Varargs { params, results } = rows::Varargs::read(pc);
        let (first, count) = Frame::at(regs).varargs(params);
        let mut slots = results.cursor();
        for index in 0..results.count {
            let slot = Slot::read(&mut slots);
            let value = if index < count { get_any(first, index * 2) } else { Value::NIL };
            set_any(regs, slot, value);
        }
        next!(results.next(pc), regs, cx, facc)
    }
}

handler! {
    /// `varargs_to_open`.
    pub(crate) fn varargs_to_open(pc, regs, cx, facc) {
        let rows::VarargsToOpen { params, window } = rows::VarargsToOpen::read(pc);
        let (first, count) = Frame::at(regs).varargs(params);
        let to = regs.add(window);
        if count > FEW_VALUES || to.wrapping_add(count * 2 + OPEN_LIST_ROOM) > (*cx).stack_end {
            slow!(many_varargs_to_open, pc, regs, cx, facc)
        }
        move_few(first, to, count);
        (*cx).open_count = count;
        next!(rows::VarargsToOpen::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    fn many_varargs_to_open(pc, regs, cx) {
        let cx: &mut crate::runtime::context::Context = &mut *cx;
        let rows::VarargsToOpen { params, window } = rows::VarargsToOpen::read(pc);
        let (_, count) = Frame::at(regs).varargs(params);
        let at = Flow { pc, regs };
        if count >= FREE_VALUES
            && let Err(flow) = pay(cx, at, 0, units_of_values(count))
        {
            return flow;
        }
        let Some(regs) = cx.reserve(regs, regs.add(window), count * 2 + OPEN_LIST_ROOM) else { return call::stack_overflow(cx, at) };
        let (first, count) = Frame::at(regs).varargs(params);
        std::ptr::copy_nonoverlapping(first, regs.add(window), count * 2);
        cx.open_count = count;
        Flow { pc: rows::VarargsToOpen::next(pc), regs }
    }
}

handler! {
    /// `take_open`.
    pub(crate) fn take_open(pc, regs, cx, facc) {
        let rows::TakeOpen { window, count, results } = rows::TakeOpen::read(pc);
        let open = (*cx).open_count;
        let values = regs.add(window);
        let mut slots = results.cursor();
        for index in 0..results.count {
            let slot = Slot::read(&mut slots);
            let value = if index < open { get_any(values, index * 2) } else { Value::NIL };
            set_any(regs, slot, value);
        }
        *regs.add(count) = open as u64;
        next!(results.next(pc), regs, cx, facc)
    }
}

handler! {
    /// The instruction of a function that has no code yet is never run: calls see that it cannot be entered directly.
    pub(crate) fn enter_stub(pc, regs, cx, facc) {
        (*cx).trap_code = minivm_isa::TrapCode::Unreachable;
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

handler! {
    /// A call out of a continuation has returned; `regs` are at the continuation.
    pub(crate) fn continuation_returned(pc, regs, cx, facc) {
        let continuation: *mut Continuation = regs.cast();
        let kind = (*continuation).kind;
        let goes_on = matches!(
            kind,
            ContinuationKind::Store
                | ContinuationKind::StoreTruthy
                | ContinuationKind::Branch
                | ContinuationKind::Discard
        );
        if goes_on && !(*continuation).metered && !(*cx).stepping && (*cx).pending_call.is_none() {
            let value = if (*cx).open_count > 0 { get_any(regs, CONTINUATION_WORDS) } else { Value::NIL };
            facc = f64::from_bits(value.payload());
            let below = regs.sub((*continuation).delta as usize);
            (*cx).run.nesting = (*continuation).nesting;
            let mut next = (*continuation).next;
            match kind {
                ContinuationKind::Store => set_any(below, (*continuation).state as usize, value),
                ContinuationKind::StoreTruthy => {
                    set_any(below, (*continuation).state as usize, Value::bool(value.is_truthy()));
                }
                ContinuationKind::Branch if !value.is_truthy() => next = (*continuation).otherwise,
                _ => {}
            }
            next!(next, below, cx, facc)
        }
        slow!(continuation_returned_slow, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn continuation_returned_slow(pc, regs, cx, facc) {
        let _ = pc;
        // An instruction may go on with the result as the one before has left it.
        if (*cx).open_count > 0 {
            facc = f64::from_bits(*regs.add(CONTINUATION_WORDS));
        }
        follow!(crate::runtime::resume::continuation_returned(&mut *cx, regs), cx, facc)
    }
}
