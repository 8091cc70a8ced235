//! Calls and returns of typed functions, with the statements and expressions that are done by the same instruction.
//!
//! A call charges for everything up to it, a return for everything in its function that was not paid for. Where the budget
//! ends, the run stops behind them: at the start of the callee, or where the call returned to. So what these instructions do
//! besides need not be undone.

use super::expression::Expr;
use super::statement::{Statement, fail};
use super::word::Word;
use crate::heap::Closure;
use crate::runtime::call;
use crate::runtime::context::{Context, Status};
use crate::runtime::function::FunctionInfo;
use crate::runtime::unwind::raise_trap;
use crate::threaded::ReturnInfo;
use crate::threaded::frame::Frame;
use crate::threaded::header_at;
use crate::threaded::kinds::{Cost, OperandKind};
use crate::threaded::operands::Cursor;
use crate::threaded::operands::{get_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::threaded::{Flow, Pc, Regs};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::ptr::with_exposed_provenance_mut as pointer;

handler! {
    /// Does a statement, then a `call` of a typed function. Operands: closure, window, cost, halves up to the return place,
    /// those of the statement; return information.
    pub(crate) fn call_after<S: Statement>(pc, regs, cx, facc) {
        let rows::CallAfter { closure, window, cost, .. } = rows::CallAfter::read(pc);
        let mut c = rows::CallAfter::rest(pc);
        if let Err(code) = S::execute(&mut c, regs, cx) {
            (*cx).fuel -= cost;
            fail!(code, c, regs, cx, facc)
        }
        (*cx).fuel -= cost;
        if (*cx).fuel >= 0 {
            let entry = (*closure).code.cast::<u16>();
            let new = regs.add(window);
            if new.wrapping_add(header_at(entry).extent as usize) <= (*cx).stack_end {
                Frame::at(new).begin(closure, c.end().add(4));
                next!(entry, new, cx, facc)
            }
        }
        slow!(call_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// The rest of such a call when everything but entering the callee is done.
    pub(crate) fn call_slow(pc, regs, cx) {
        let rows::CallAfter { closure, window, length, .. } = rows::CallAfter::read(pc);
        let place = pc.add(length as usize);
        let flow = call::enter_typed(&mut *cx, closure, regs.add(window), place, Flow { pc, regs });
        stop_at_entry(cx, closure, flow)
    }
}

/// Stops a run at the start of a function it has entered, if its budget is used up. Functions of the host are not stopped:
/// the next charge does that.
///
/// # Safety
/// `cx` is the context, and `flow` where the call of `closure` goes on.
unsafe fn stop_at_entry(cx: *mut Context, closure: *mut Closure, flow: Flow) -> Flow {
    // SAFETY: the caller vouches for both.
    unsafe {
        let is_entry = flow.pc == (*closure).code.cast::<u16>();
        if (*cx).fuel < 0 && is_entry { (*cx).stop(Status::OutOfFuel, flow) } else { flow }
    }
}

handler! {
    /// `call_ref`. Operands: slot of the callee as `any`, window, signature number of the machine, cost;
    /// return information.
    pub(crate) fn call_value(pc, regs, cx, facc) {
        let rows::CallValue { callee, window, signature, cost, .. } = rows::CallValue::read(pc);
        let place = rows::CallValue::next(pc);
        (*cx).fuel -= cost;
        if tag_at(regs, callee) == Tag::FUNCTION {
            let closure = pointer::<Closure>(*regs.add(callee) as usize);
            let info = &*(*closure).function.cast::<FunctionInfo>();
            if info.signature == signature {
                let entry = (*closure).code.cast::<u16>();
                let new = regs.add(window);
                if new.wrapping_add(header_at(entry).extent as usize) <= (*cx).stack_end && (*cx).fuel >= 0 {
                    Frame::at(new).begin(closure, place);
                    next!(entry, new, cx, facc)
                }
            }
        }
        slow!(call_value_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// The rest of such a call when it is charged for.
    pub(crate) fn call_value_slow(pc, regs, cx) {
        let rows::CallValue { callee, window, signature, .. } = rows::CallValue::read(pc);
        let callee: Value = get_any(regs, callee);
        let at = Flow { pc, regs };
        if callee.is_nil() {
            return raise_trap(&mut *cx, at, TrapCode::NullReference);
        }
        let place = rows::CallValue::next(pc);
        let mut flow = call::call_typed_value(&mut *cx, callee, signature, regs.add(window), place, at);
        if callee.tag() == Tag::FUNCTION {
            flow = stop_at_entry(cx, callee.pointer().cast(), flow);
        }
        flow
    }
}

handler! {
    /// Does a statement, then `call_indirect`. Operands: slot of the index, window, signature number of the machine, cost,
    /// nothing, halves up to the return place, table, those of the statement; return information.
    pub(crate) fn call_element<S: Statement>(pc, regs, cx, facc) {
        let mut c = rows::CallElement::rest(pc);
        if let Err(code) = S::execute(&mut c, regs, cx) {
            (*cx).fuel -= rows::CallElement::read(pc).cost;
            fail!(code, c, regs, cx, facc)
        }
        // Read after the statement, so that not all of it is in registers meanwhile.
        let call = rows::CallElement::read(pc);
        (*cx).fuel -= call.cost;
        let values = (*call.table).values();
        let index = *regs.add(call.index) as usize;
        if (*cx).fuel >= 0 && index < values.len() {
            let callee = values.as_ptr().add(index);
            if (*callee).tag == Tag::FUNCTION {
                let closure = pointer::<Closure>((*callee).payload as usize);
                let entry = (*closure).code.cast::<u16>();
                let new = regs.add(call.window);
                if (*(*closure).function.cast::<FunctionInfo>()).signature == call.signature
                    && new.wrapping_add(header_at(entry).extent as usize) <= (*cx).stack_end
                {
                    Frame::at(new).begin(closure, c.end().add(4));
                    next!(entry, new, cx, facc)
                }
            }
        }
        slow!(call_element_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// The rest of such a call when everything but finding and entering the callee is done.
    pub(crate) fn call_element_slow(pc, regs, cx) {
        let call = rows::CallElement::read(pc);
        let at = Flow { pc, regs };
        let values = (*call.table).values();
        let Some(&callee) = values.get(*regs.add(call.index) as usize) else {
            return raise_trap(&mut *cx, at, TrapCode::UndefinedElement);
        };
        let (new, place) = (regs.add(call.window), pc.add(call.length as usize));
        let mut flow = call::call_typed_value(&mut *cx, callee, call.signature, new, place, at);
        if callee.tag() == Tag::FUNCTION {
            flow = stop_at_entry(cx, callee.pointer().cast(), flow);
        }
        flow
    }
}

/// The registers of the caller that a function returns to, and the slot of its result there.
///
/// # Safety
/// `regs` are those of a frame whose call returns to `place`.
#[inline(always)]
unsafe fn destination(regs: Regs, place: Pc) -> (Regs, usize) {
    // SAFETY: every return place has its information before it. Its fields are read one by one: taking one load apart is slower.
    unsafe {
        let info = place.cast::<ReturnInfo>().sub(1);
        (regs.sub((*info).delta as usize), (*info).dst as usize)
    }
}

/// Ends a handler: pays, and goes on in the caller, or stops there.
macro_rules! charge_and_return {
    ($cost:expr, $place:expr, $caller:expr, $cx:expr, $facc:expr) => {{
        (*$cx).fuel -= $cost;
        if (*$cx).fuel < 0 {
            slow!(returned_out_of_fuel, $place, $caller, $cx, $facc)
        }
        next!($place, $caller, $cx, $facc)
    }};
}

handler! {
    /// `return_values` of one word. Operands: cost, those of the expression.
    pub(crate) fn return_value<E: Expr>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let cost = Cost::read(&mut c);
        match E::eval(&mut c, regs, cx) {
            Ok(value) => {
                let place = Frame::at(regs).return_place();
                let (caller, dst) = destination(regs, place);
                E::Value::write(caller, dst, value);
                charge_and_return!(cost, place, caller, cx, facc)
            }
            Err(code) => {
                (*cx).fuel -= cost;
                fail!(code, c, regs, cx, facc)
            }
        }
    }
}

handler! {
    /// Does a statement, then `return_values` of nothing. Operands: cost, those of the statement.
    pub(crate) fn return_after<S: Statement>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let cost = Cost::read(&mut c);
        match S::execute(&mut c, regs, cx) {
            Ok(()) => {
                let place = Frame::at(regs).return_place();
                let (caller, _) = destination(regs, place);
                charge_and_return!(cost, place, caller, cx, facc)
            }
            Err(code) => {
                (*cx).fuel -= cost;
                fail!(code, c, regs, cx, facc)
            }
        }
    }
}

handler! {
    /// Returns a value when a condition is not zero, else goes on. Operands: those of the condition, cost, the value.
    pub(crate) fn return_value_if<C: Expr<Value = u32>, E: Expr>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        match C::eval(&mut c, regs, cx) {
            Ok(condition) => {
                let cost = Cost::read(&mut c);
                let value = E::eval(&mut c, regs, cx);
                if let (true, Ok(value)) = (condition != 0, value) {
                    let place = Frame::at(regs).return_place();
                    let (caller, dst) = destination(regs, place);
                    E::Value::write(caller, dst, value);
                    charge_and_return!(cost, place, caller, cx, facc)
                }
                next!(c.end(), regs, cx, facc)
            }
            Err(code) => fail!(code, c, regs, cx, facc),
        }
    }
}

handler! {
    /// Returns nothing when a condition is not zero, else goes on. Operands: those of the condition, cost.
    pub(crate) fn return_if<C: Expr<Value = u32>>(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        match C::eval(&mut c, regs, cx) {
            Ok(condition) => {
                let cost = Cost::read(&mut c);
                if condition != 0 {
                    let place = Frame::at(regs).return_place();
                    let (caller, _) = destination(regs, place);
                    charge_and_return!(cost, place, caller, cx, facc)
                }
                next!(c.end(), regs, cx, facc)
            }
            Err(code) => fail!(code, c, regs, cx, facc),
        }
    }
}

handler! {
    /// A function has returned, and the budget is used up. What the machine itself called for is not stopped.
    #[cold]
    #[inline(never)]
    fn returned_out_of_fuel(pc, regs, cx, facc) {
        if pc == (*cx).continuation_return() {
            next!(pc, regs, cx, facc)
        }
        slow!(crate::handlers::control::out_of_fuel, pc, regs, cx, facc)
    }
}
