//! Closures, captured values and the cells of captured variables.

use super::object::Capture;
use super::sources::AnySource;
use crate::heap::{Cell, Closure};
use crate::runtime::function::FunctionInfo;
use crate::threaded::operands::Cursor;
use crate::threaded::operands::{get_any, set_any};
use crate::value::{Tag, Value};
use std::ptr::with_exposed_provenance_mut as pointer;

handler! {
    /// `closure`. Operands: destination, number of captures, function, then for each capture its slot and whether it is a
    /// cell.
    pub(crate) fn closure(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let mut c = Cursor::new(pc);
        let (dst, count) = (c.half(), c.half());
        let function = pointer::<FunctionInfo>(c.word64() as usize);
        let made = (*cx).heap.new_closure((*function).entry().cast(), function.cast_const().cast(), count as u32);
        let Ok(closure) = made else { slow!(super::control::out_of_memory, pc, regs, cx, facc) };
        let captures = Closure::upvalues(closure);
        for index in 0..count {
            let (slot, is_cell) = (c.half(), c.half());
            let value = if is_cell != 0 {
                Value::from_parts(*regs.add(slot), Tag::CELL)
            } else {
                get_any(regs, slot)
            };
            value.store(captures.add(index));
        }
        set_any(regs, dst, Value::from_function(closure));
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `capture_get` of an `any`. Operands: destination, index.
    pub(crate) fn capture_get(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let dst = c.half();
        let value = Capture::read(&mut c, regs);
        set_any(regs, dst, value);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `capture_get` of a cell. Operands: destination, index.
    pub(crate) fn capture_get_word(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let dst = c.half();
        *regs.add(dst) = Capture::read(&mut c, regs).payload();
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `cell_new`. Operands: destination, source.
    pub(crate) fn cell_new(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        if !(*cx).heap.needs_step() {
            let cell = (*cx).heap.try_new_cell(get_any(regs, src));
            if !cell.is_null() {
                *regs.add(dst) = cell.expose_provenance() as u64;
                next!(c.end(), regs, cx, facc)
            }
        }
        slow!(cell_new_slow, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn cell_new_slow(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let mut c = Cursor::new(pc);
        let (dst, src) = (c.half(), c.half());
        match (*cx).heap.new_cell(get_any(regs, src)) {
            Ok(cell) => *regs.add(dst) = cell.expose_provenance() as u64,
            Err(_) => slow!(super::control::out_of_memory, pc, regs, cx, facc),
        }
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `cell_get`. Operands: destination, cell.
    pub(crate) fn cell_get(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (dst, cell) = (c.half(), c.half());
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        set_any(regs, dst, Value::load(&raw const (*cell).value));
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `cell_set`. Operands: cell, source.
    pub(crate) fn cell_set(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (cell, src) = (c.half(), c.half());
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        if (*cx).heap.marking() {
            slow!(cell_set_marking, pc, regs, cx, facc)
        }
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn cell_set_marking(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let (cell, src) = (c.half(), c.half());
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        (*cx).heap.barrier(Value::load(&raw const (*cell).value));
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `capture_cell_get`. Operands: destination, index.
    pub(crate) fn capture_cell_get(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let dst = c.half();
        let cell = pointer::<Cell>(Capture::read(&mut c, regs).payload() as usize);
        set_any(regs, dst, Value::load(&raw const (*cell).value));
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `capture_cell_set`. Operands: index, source.
    pub(crate) fn capture_cell_set(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let cell = pointer::<Cell>(Capture::read(&mut c, regs).payload() as usize);
        let src = c.half();
        if (*cx).heap.marking() {
            slow!(capture_cell_set_marking, pc, regs, cx, facc)
        }
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn capture_cell_set_marking(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let cell = pointer::<Cell>(Capture::read(&mut c, regs).payload() as usize);
        let src = c.half();
        (*cx).heap.barrier(Value::load(&raw const (*cell).value));
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(c.end(), regs, cx, facc)
    }
}

handler! {
    /// `current_function`. Operands: destination.
    pub(crate) fn current_function(pc, regs, cx, facc) {
        let mut c = Cursor::new(pc);
        let dst = c.half();
        set_any(regs, dst, Value::from_parts(*regs.sub(2), Tag::FUNCTION));
        next!(c.end(), regs, cx, facc)
    }
}
