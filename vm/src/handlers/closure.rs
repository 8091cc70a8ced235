//! Closures, captured values and the cells of captured variables.

use super::sources::{AnySource, Capture};
use crate::heap::{Cell, Closure};
use crate::runtime::function::FunctionInfo;
use crate::threaded::frame::Frame;
use crate::threaded::kinds::{Captured, OperandKind};
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use std::ptr::with_exposed_provenance_mut as pointer;

handler! {
    /// `closure`.
    pub(crate) fn closure(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::Closure { function, dst, captures } = rows::Closure::read(pc);
        let function = function.cast::<FunctionInfo>();
        let code = (*function).entry(&(*cx).return_stubs).cast();
        let made = (*cx).heap.new_closure(code, function.cast_const().cast(), captures.count as u32);
        let Ok(closure) = made else { slow!(super::control::out_of_memory, pc, regs, cx, facc) };
        let upvalues = Closure::upvalues(closure);
        let mut c = captures.cursor();
        for index in 0..captures.count {
            let (slot, is_cell) = Captured::read(&mut c);
            let value = if is_cell {
                Value::from_parts(*regs.add(slot), Tag::CELL)
            } else {
                get_any(regs, slot)
            };
            value.store(upvalues.add(index));
        }
        set_any(regs, dst, Value::from_function(closure));
        next!(captures.next(pc), regs, cx, facc)
    }
}

handler! {
    /// `capture_get` of an `any`.
    pub(crate) fn capture_get(pc, regs, cx, facc) {
        let rows::CaptureGet { dst, capture } = rows::CaptureGet::read(pc);
        let value = Capture::value(capture, regs);
        set_any(regs, dst, value);
        next!(rows::CaptureGet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `capture_get` of a cell.
    pub(crate) fn capture_get_word(pc, regs, cx, facc) {
        let rows::CaptureGetWord { dst, capture } = rows::CaptureGetWord::read(pc);
        *regs.add(dst) = Capture::value(capture, regs).payload();
        next!(rows::CaptureGetWord::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `cell_new`.
    pub(crate) fn cell_new(pc, regs, cx, facc) {
        let rows::CellNew { dst, src } = rows::CellNew::read(pc);
        if !(*cx).heap.needs_step() {
            let cell = (*cx).heap.try_new_cell(get_any(regs, src));
            if !cell.is_null() {
                *regs.add(dst) = cell.expose_provenance() as u64;
                next!(rows::CellNew::next(pc), regs, cx, facc)
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
        let rows::CellNew { dst, src } = rows::CellNew::read(pc);
        match (*cx).heap.new_cell(get_any(regs, src)) {
            Ok(cell) => *regs.add(dst) = cell.expose_provenance() as u64,
            Err(_) => slow!(super::control::out_of_memory, pc, regs, cx, facc),
        }
        next!(rows::CellNew::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `cell_get`.
    pub(crate) fn cell_get(pc, regs, cx, facc) {
        let rows::CellGet { dst, cell } = rows::CellGet::read(pc);
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        set_any(regs, dst, Value::load(&raw const (*cell).value));
        next!(rows::CellGet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `cell_set`.
    pub(crate) fn cell_set(pc, regs, cx, facc) {
        let rows::CellSet { cell, src } = rows::CellSet::read(pc);
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        if (*cx).heap.marking() {
            slow!(cell_set_marking, pc, regs, cx, facc)
        }
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(rows::CellSet::next(pc), regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn cell_set_marking(pc, regs, cx, facc) {
        let rows::CellSet { cell, src } = rows::CellSet::read(pc);
        let cell = pointer::<Cell>(*regs.add(cell) as usize);
        (*cx).heap.barrier(Value::load(&raw const (*cell).value));
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(rows::CellSet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `capture_cell_get`.
    pub(crate) fn capture_cell_get(pc, regs, cx, facc) {
        let rows::CaptureCellGet { dst, capture } = rows::CaptureCellGet::read(pc);
        let cell = pointer::<Cell>(Capture::value(capture, regs).payload() as usize);
        set_any(regs, dst, Value::load(&raw const (*cell).value));
        next!(rows::CaptureCellGet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `capture_cell_set`.
    pub(crate) fn capture_cell_set(pc, regs, cx, facc) {
        let rows::CaptureCellSet { capture, src } = rows::CaptureCellSet::read(pc);
        let cell = pointer::<Cell>(Capture::value(capture, regs).payload() as usize);
        if (*cx).heap.marking() {
            slow!(capture_cell_set_marking, pc, regs, cx, facc)
        }
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(rows::CaptureCellSet::next(pc), regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn capture_cell_set_marking(pc, regs, cx, facc) {
        let rows::CaptureCellSet { capture, src } = rows::CaptureCellSet::read(pc);
        let cell = pointer::<Cell>(Capture::value(capture, regs).payload() as usize);
        (*cx).heap.barrier(Value::load(&raw const (*cell).value));
        get_any(regs, src).store(&raw mut (*cell).value);
        next!(rows::CaptureCellSet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `current_function`.
    pub(crate) fn current_function(pc, regs, cx, facc) {
        let rows::CurrentFunction { dst } = rows::CurrentFunction::read(pc);
        set_any(regs, dst, Value::from_function(Frame::at(regs).closure()));
        next!(rows::CurrentFunction::next(pc), regs, cx, facc)
    }
}
