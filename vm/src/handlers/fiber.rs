//! Fibers as instructions.

use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::switch;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::FREE_VALUES;
use crate::runtime::work::pay;
use crate::runtime::work::units_of_values;
use crate::threaded::Flow;
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

handler! {
    /// `fiber_new`.
    pub(crate) fn fiber_new(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::FiberNew { dst, callee } = rows::FiberNew::read(pc);
        let callee = get_any(regs, callee);
        if callee.tag() != Tag::FUNCTION {
            slow!(wrong_kind, pc, regs, cx, facc)
        }
        match switch::create(&mut *cx, callee) {
            Ok(fiber) => set_any(regs, dst, fiber),
            Err(_) => slow!(super::control::out_of_memory, pc, regs, cx, facc),
        }
        next!(rows::FiberNew::next(pc), regs, cx, facc)
    }
}

handler! {
    #[cold]
    #[inline(never)]
    fn wrong_kind(pc, regs, cx, facc) {
        (*cx).trap_code = TrapCode::WrongKind;
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// `fiber_resume…`.
    pub(crate) fn fiber_resume(pc, regs, cx) {
        let rows::FiberResume { fiber, window, arguments, cost, open, ok } = rows::FiberResume::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, Flow { pc, regs });
        }
        let count = arguments + if open { (*cx).open_count } else { 0 };
        if let Err(flow) = pay(&mut *cx, Flow { pc, regs }, cost, units_of_values(count)) {
            return flow;
        }
        if tag_at(regs, fiber) != Tag::FIBER {
            return raise_trap(&mut *cx, Flow { pc, regs }, TrapCode::WrongKind);
        }
        let fiber = get_any(regs, fiber);
        let waiting = switch::Waiting { next: rows::FiberResume::next(pc), window, ok };
        switch::resume_from_instruction(&mut *cx, Flow { pc, regs }, fiber, count, waiting)
    }
}

handler! {
    /// `fiber_yield…`.
    pub(crate) fn fiber_yield(pc, regs, cx, facc) {
        let rows::FiberYield { window, values, cost, open, .. } = rows::FiberYield::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            slow!(super::control::out_of_fuel, pc, regs, cx, facc)
        }
        let count = values + if open { (*cx).open_count } else { 0 };
        if count >= FREE_VALUES {
            slow!(yield_many, pc, regs, cx, facc)
        }
        let at = Flow { pc, regs };
        follow!(switch::suspend(&mut *cx, regs.add(window), count, rows::FiberYield::next(pc), at), cx, facc)
    }
}

slow_handler! {
    /// `fiber_yield…` of many values, which has taken its cost.
    fn yield_many(pc, regs, cx) {
        let rows::FiberYield { window, values, cost, open, .. } = rows::FiberYield::read(pc);
        let count = values + if open { (*cx).open_count } else { 0 };
        let at = Flow { pc, regs };
        if let Err(flow) = pay(&mut *cx, at, cost, units_of_values(count)) {
            return flow;
        }
        switch::suspend(&mut *cx, regs.add(window), count, rows::FiberYield::next(pc), at)
    }
}

slow_handler! {
    /// `fiber_close`.
    pub(crate) fn fiber_close(pc, regs, cx) {
        let rows::FiberClose { fiber, cost, ok, error } = rows::FiberClose::read(pc);
        (*cx).fuel -= cost;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost;
            return (*cx).stop(crate::runtime::context::Status::OutOfFuel, Flow { pc, regs });
        }
        if tag_at(regs, fiber) != Tag::FIBER {
            return raise_trap(&mut *cx, Flow { pc, regs }, TrapCode::WrongKind);
        }
        let fiber = get_any(regs, fiber);
        let waiting = switch::Waiting { next: rows::FiberClose::next(pc), window: error, ok };
        switch::close_from_instruction(&mut *cx, Flow { pc, regs }, fiber, waiting)
    }
}

handler! {
    /// `fiber_status`.
    pub(crate) fn fiber_status(pc, regs, cx, facc) {
        let rows::FiberStatus { dst, fiber } = rows::FiberStatus::read(pc);
        let Some(cell) = Value::as_fiber(get_any(regs, fiber)) else { slow!(wrong_kind, pc, regs, cx, facc) };
        *regs.add(dst) = match Fiber::of(cell).state {
            FiberState::Suspended => 0,
            FiberState::Running => 1,
            FiberState::Normal | FiberState::Parked => 2,
            FiberState::Dead => 3,
        };
        next!(rows::FiberStatus::next(pc), regs, cx, facc)
    }
}
