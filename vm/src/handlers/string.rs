//! Strings as bytes.

use crate::heap::{Array, Str};
use crate::runtime::collect::{make_room_at, step_at};
use crate::runtime::context::Context;
use crate::runtime::layouts::object_at;
use crate::runtime::unwind::raise_trap;
use crate::runtime::work::{pay, units_of_bytes};
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::threaded::{Flow, Pc};
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

handler! {
    /// `string_byte`.
    pub(crate) fn string_byte(pc, regs, cx, facc) {
        let rows::StringByte { dst, src, index } = rows::StringByte::read(pc);
        let value = get_any(regs, src);
        let index = *regs.add(index);
        if value.tag() == Tag::STRING {
            let string: *mut Str = value.pointer().cast();
            if index < Str::len(string) as u64 {
                *regs.add(dst) = u64::from(*Str::data(string).add(index as usize));
                next!(rows::StringByte::next(pc), regs, cx, facc)
            }
        }
        (*cx).trap_code = if value.tag() == Tag::STRING { TrapCode::StringBounds } else { TrapCode::WrongKind };
        slow!(super::control::trap, pc, regs, cx, facc)
    }
}

slow_handler! {
    /// `string_slice`.
    pub(crate) fn string_slice(pc, regs, cx) {
        let rows::StringSlice { dst, src, start, end } = rows::StringSlice::read(pc);
        let (cx, at): (&mut Context, Flow) = (&mut *cx, Flow { pc, regs });
        let value = get_any(regs, src);
        let (start, end) = (*regs.add(start), *regs.add(end));
        if value.tag() != Tag::STRING {
            return raise_trap(cx, at, TrapCode::WrongKind);
        }
        let string: *mut Str = value.pointer().cast();
        // Negative ones are large ones.
        if end > Str::len(string) as u64 || start > end {
            return raise_trap(cx, at, TrapCode::StringBounds);
        }
        let length = (end - start) as usize;
        // The whole of it is itself.
        if length == Str::len(string) {
            set_any(regs, dst, value);
            return Flow { pc: rows::StringSlice::next(pc), regs };
        }
        let bytes = Str::data(string).add(start as usize).cast_const();
        make_string(cx, at, (bytes, length), (dst, rows::StringSlice::next(pc)))
    }
}

slow_handler! {
    /// `string_new`.
    pub(crate) fn string_new(pc, regs, cx) {
        let rows::StringNew { dst, window, bytes: count } = rows::StringNew::read(pc);
        let words = regs.add(window);
        let bytes: Vec<u8> = (0..count).map(|index| *words.add(index) as u8).collect();
        make_string(&mut *cx, Flow { pc, regs }, (bytes.as_ptr(), count), (dst, rows::StringNew::next(pc)))
    }
}

slow_handler! {
    /// `string_from_array`.
    pub(crate) fn string_from_array(pc, regs, cx) {
        let rows::StringFromArray { dst, object, index, length } = rows::StringFromArray::read(pc);
        let (cx, at): (&mut Context, Flow) = (&mut *cx, Flow { pc, regs });
        let (object, index, length) = (*regs.add(object), *regs.add(index), *regs.add(length));
        if object == 0 {
            return raise_trap(cx, at, TrapCode::NullReference);
        }
        let array: *mut Array = object_at(object).cast();
        // Both have 32 bits.
        if index + length > (*array).len {
            return raise_trap(cx, at, TrapCode::ArrayBounds);
        }
        let bytes = Array::data(array).add(index as usize).cast_const();
        make_string(cx, at, (bytes, length as usize), (dst, rows::StringFromArray::next(pc)))
    }
}

/// Pays for a new string of these bytes and puts it into a register, unless the instruction has to begin again.
///
/// # Safety
/// `at` is the running guest frame before the instruction, and the bytes are there.
unsafe fn make_string(
    cx: &mut Context,
    at: Flow,
    (bytes, length): (*const u8, usize),
    (dst, next): (usize, Pc),
) -> Flow {
    // SAFETY: passed on; nothing is collected between reading the bytes and copying them.
    unsafe {
        if cx.heap.needs_step() && cx.run.work.is_none() {
            return step_at(cx, at);
        }
        let units = units_of_bytes(length);
        if let Err(flow) = pay(cx, at, 0, units) {
            return flow;
        }
        match cx.heap.new_string(std::slice::from_raw_parts(bytes, length)) {
            Ok(string) => set_any(at.regs, dst, Value::from_string(string)),
            Err(_) => {
                // It is paid for when it begins again.
                cx.fuel += units as i64;
                return make_room_at(cx, at);
            }
        }
        Flow { pc: next, regs: at.regs }
    }
}
