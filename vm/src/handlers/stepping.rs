//! Baseline code: one threaded instruction for each canonical one, with a step before it that counts and may stop the run.
//!
//! While a run is stepping, only baseline code runs. Every way from one function to another then leads through
//! [`follow!`](crate::handlers), which finds the place in baseline code; so baseline code has its own returns, and calls by the
//! slow halves of the call handlers.

use crate::runtime::call;
use crate::runtime::context::{Context, Status, return_info};
use crate::runtime::deliver::deliver;
use crate::runtime::deliver::fill_nil;
use crate::runtime::work::{self, FREE_VALUES};
use crate::threaded::Flow;
use crate::threaded::OPEN;
use crate::threaded::frame::Frame;
use crate::threaded::operands::get_any;
use crate::threaded::operands::set_any;
use crate::threaded::rows;
use crate::threaded::table::Row;

handler! {
    /// At the start of every block: leaves baseline code unless the run is stepping.
    pub(crate) fn enter_block(pc, regs, cx, facc) {
        if !(*cx).stepping {
            slow!(leave_baseline, pc, regs, cx, facc)
        }
        next!(rows::EnterBlock::next(pc), regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn leave_baseline(pc, regs, cx, facc) {
        let rows::EnterBlock { block } = rows::EnterBlock::read(pc);
        follow!(crate::runtime::stepping::to_optimised(&mut *cx, regs, block), cx, facc)
    }
}

handler! {
    /// Before every instruction: counts it, or stops when the budget or the slice of single steps is used up.
    pub(crate) fn step(pc, regs, cx, facc) {
        if (*cx).fuel <= 0 {
            slow!(super::control::out_of_fuel, pc, regs, cx, facc)
        }
        if (*cx).steps == 0 {
            slow!(stepped, pc, regs, cx, facc)
        }
        (*cx).steps -= 1;
        // An instruction that has stopped half-way is paid for.
        (*cx).fuel -= i64::from((*cx).run.work.is_none() || work::is_left(&mut *cx));
        next!(rows::Step::next(pc), regs, cx, facc)
    }
}

handler! {
    #[cold]
    #[inline(never)]
    fn stepped(pc, regs, cx, facc) {
        if (*cx).hooks.is_on {
            slow!(step_hooked, pc, regs, cx, facc)
        }
        let _ = facc;
        (*cx).stop(Status::Stepped, Flow { pc, regs });
    }
}

slow_handler! {
    /// A step whose events are reported to hooks first.
    fn step_hooked(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let at = Flow { pc, regs };
        if cx.hooks.steps_left == 0 {
            return cx.stop(Status::Stepped, at);
        }
        if let Some(flow) = crate::runtime::hook_events::before_instruction(cx, at) {
            return flow;
        }
        cx.take_step();
        cx.fuel -= i64::from(cx.run.work.is_none() || work::is_left(cx));
        Flow { pc: rows::Step::next(pc), regs }
    }
}

slow_handler! {
    /// `call_any`.
    pub(crate) fn call_any(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let call = rows::CallAny::read(pc);
        let callee = get_any(regs, call.callee);
        let (new, place) = (regs.add(call.window), rows::CallAny::next(pc));
        call::call_value(cx, callee, new, call.arguments, place, Flow { pc, regs })
    }
}

slow_handler! {
    /// `tail_call_any…`.
    pub(crate) fn tail_call_any(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::TailCallAny { callee, window, arguments, open, variadic, .. } = rows::TailCallAny::read(pc);
        let count = arguments + if open { cx.open_count } else { 0 };
        let callee = get_any(regs, callee);
        if cx.hooks.is_on {
            crate::runtime::hook_events::will_tail_call(cx, regs);
            return call::tail_call_unhurried(cx, callee, window, count, variadic, Flow { pc, regs });
        }
        call::tail_call_value(cx, callee, window, count, variadic, Flow { pc, regs })
    }
}

handler! {
    /// `return_values` of one `any`.
    pub(crate) fn return_any(pc, regs, cx, facc) {
        let rows::ReturnAny { value: slot, .. } = rows::ReturnAny::read(pc);
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        let caller = regs.sub(info.delta as usize);
        let value = get_any(regs, slot);
        if info.results != 0 {
            set_any(caller, info.dst as usize, value);
        }
        if info.results == OPEN {
            (*cx).open_count = 1;
        } else {
            fill_nil(caller.add(info.dst as usize), 1, info.results as usize);
        }
        follow!(Flow { pc: place, regs: caller }, cx, facc)
    }
}

handler! {
    /// `return_values` and `return_open` in general.
    pub(crate) fn return_block(pc, regs, cx, facc) {
        let rows::ReturnBlock { window, values: count, open, variadic, .. } = rows::ReturnBlock::read(pc);
        let count = count + if open { (*cx).open_count } else { 0 };
        if count >= FREE_VALUES {
            slow!(super::call::return_many, pc, regs, cx, facc)
        }
        let base = Frame::at(regs).base(variadic);
        let place = Frame::at(regs).return_place();
        let caller = deliver(cx, regs.add(window), count, base, place);
        follow!(Flow { pc: place, regs: caller }, cx, facc)
    }
}

handler! {
    /// `return_values` of a typed function with one result word.
    pub(crate) fn return_word(pc, regs, cx, facc) {
        let rows::ReturnWord { value: slot } = rows::ReturnWord::read(pc);
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        let value = *regs.add(slot);
        let caller = regs.sub(info.delta as usize);
        *caller.add(info.dst as usize) = value;
        follow!(Flow { pc: place, regs: caller }, cx, facc)
    }
}

handler! {
    /// `return_values` of a typed function in general.
    pub(crate) fn return_words(pc, regs, cx, facc) {
        let rows::ReturnWords { window, words, .. } = rows::ReturnWords::read(pc);
        let place = Frame::at(regs).return_place();
        let info = return_info(place);
        let caller = regs.sub(info.delta as usize);
        std::ptr::copy(regs.add(window), caller.add(info.dst as usize), words);
        follow!(Flow { pc: place, regs: caller }, cx, facc)
    }
}
