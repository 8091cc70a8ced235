//! Fibers as instructions.

use super::operands::{get_any, set_any, tag_at};
use super::{Cursor, Flow};
use crate::fiber::{Fiber, FiberState};
use crate::stack::switch;
use crate::stack::unwind::raise_trap;
use crate::stack::work::{FREE_VALUES, pay, units_of_values};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

handler! {
    /// `fiber_new`. Operands: destination, callee.
    pub(crate) fn fiber_new(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let mut c = Cursor::new(pc);
        let (dst, callee) = (c.half(), c.half());
        let callee = get_any(regs, callee);
        if callee.tag() != Tag::FUNCTION {
            slow!(wrong_kind, pc, regs, cx, facc)
        }
        match switch::create(&mut *cx, callee) {
            Ok(fiber) => set_any(regs, dst, fiber),
            Err(_) => slow!(super::control::out_of_memory, pc, regs, cx, facc),
        }
        next!(c.end(), regs, cx, facc)
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
    /// `fiber_resume…`. Operands: fiber, window with the arguments, their number, cost, whether the open list follows,
    /// destination of `ok`.
    pub(crate) fn fiber_resume(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (fiber, window, arguments, cost) = (c.half(), c.half(), c.half(), c.half());
        let (open, ok) = (c.half() != 0, c.half());
        (*cx).fuel -= cost as i64;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost as i64;
            return (*cx).stop(crate::context::Status::OutOfFuel, Flow { pc, regs });
        }
        let count = arguments + if open { (*cx).open_count } else { 0 };
        if let Err(flow) = pay(&mut *cx, Flow { pc, regs }, cost as i64, units_of_values(count)) {
            return flow;
        }
        if tag_at(regs, fiber) != Tag::FIBER {
            return raise_trap(&mut *cx, Flow { pc, regs }, TrapCode::WrongKind);
        }
        let fiber = get_any(regs, fiber);
        let waiting = switch::Waiting { next: c.end(), window, ok };
        switch::resume_from_instruction(&mut *cx, Flow { pc, regs }, fiber, count, waiting)
    }
}

handler! {
    /// `fiber_yield…`. Operands: window with the values, their number, cost, whether the open list follows; return
    /// information, as a fiber that has yielded waits like one that has called.
    pub(crate) fn fiber_yield(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (window, values, cost, open) = (c.half(), c.half(), c.half(), c.half() != 0);
        let _info = c.word64();
        (*cx).fuel -= cost as i64;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost as i64;
            slow!(super::control::out_of_fuel, pc, regs, cx, facc)
        }
        let count = values + if open { (*cx).open_count } else { 0 };
        if count >= FREE_VALUES {
            slow!(yield_many, pc, regs, cx, facc)
        }
        let at = Flow { pc, regs };
        follow!(switch::suspend(&mut *cx, regs.add(window), count, c.end(), at), cx, facc)
    }
}

slow_handler! {
    /// `fiber_yield…` of many values, which has taken its cost.
    fn yield_many(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (window, values, cost, open) = (c.half(), c.half(), c.half(), c.half() != 0);
        let _info = c.word64();
        let count = values + if open { (*cx).open_count } else { 0 };
        let at = Flow { pc, regs };
        if let Err(flow) = pay(&mut *cx, at, cost as i64, units_of_values(count)) {
            return flow;
        }
        switch::suspend(&mut *cx, regs.add(window), count, c.end(), at)
    }
}

slow_handler! {
    /// `fiber_close`. Operands: fiber, cost, destination of `ok`, destination of `error`.
    pub(crate) fn fiber_close(pc, regs, cx) {
        let mut c = Cursor::new(pc);
        let (fiber, cost, ok, error) = (c.half(), c.half(), c.half(), c.half());
        (*cx).fuel -= cost as i64;
        if (*cx).fuel < 0 {
            (*cx).fuel += cost as i64;
            return (*cx).stop(crate::context::Status::OutOfFuel, Flow { pc, regs });
        }
        if tag_at(regs, fiber) != Tag::FIBER {
            return raise_trap(&mut *cx, Flow { pc, regs }, TrapCode::WrongKind);
        }
        let fiber = get_any(regs, fiber);
        let waiting = switch::Waiting { next: c.end(), window: error, ok };
        switch::close_from_instruction(&mut *cx, Flow { pc, regs }, fiber, waiting)
    }
}

handler! {
    /// `fiber_status`. Operands: destination word, fiber.
    pub(crate) fn fiber_status(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, fiber) = (c.half(), c.half());
        let Some(cell) = Value::as_fiber(get_any(regs, fiber)) else { slow!(wrong_kind, pc, regs, cx, facc) };
        *regs.add(dst) = match Fiber::of(cell).state {
            FiberState::Suspended => 0,
            FiberState::Running => 1,
            FiberState::Normal | FiberState::Parked => 2,
            FiberState::Dead => 3,
        };
        next!(c.end(), regs, cx, facc)
    }
}
