//! Making tables, filling them in order, and their length.

use crate::heap::{Str, Table};
use crate::runtime::call_nested::call_for_result;
use crate::runtime::context::Context;
use crate::runtime::error;
use crate::runtime::metamethod::Metamethod;
use crate::runtime::unwind::raise_message;
use crate::runtime::work::{FREE_VALUES, pay};
use crate::threaded::Flow;
use crate::threaded::continuation::ContinuationKind;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

/// So much room of a new table is free.
const FREE_ROOM: u32 = 64;

handler! {
    /// `table_new`.
    pub(crate) fn table_new(pc, regs, cx, facc) {
        let rows::TableNew { dst, array: slots, hash: entries } = rows::TableNew::read(pc);
        if slots | entries >= FREE_ROOM {
            slow!(table_new_large, pc, regs, cx, facc)
        }
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        match (*cx).heap.new_table(slots, entries) {
            Ok(table) => set_any(regs, dst, Value::from_table(table)),
            Err(_) => slow!(super::control::out_of_memory, pc, regs, cx, facc),
        }
        next!(rows::TableNew::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    /// `table_new` with much room.
    fn table_new_large(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::TableNew { dst, array: slots, hash: entries } = rows::TableNew::read(pc);
        let at = Flow { pc, regs };
        if cx.heap.needs_step() && cx.run.work.is_none() {
            return crate::runtime::collect::step_at(cx, at);
        }
        let units = u64::from(slots) / 16 + u64::from(entries) / 8;
        if let Err(flow) = pay(cx, at, 0, units) {
            return flow;
        }
        match cx.heap.new_table(slots, entries) {
            Ok(table) => set_any(regs, dst, Value::from_table(table)),
            Err(_) => {
                cx.fuel += units as i64;
                return crate::runtime::collect::make_room_at(cx, at);
            }
        }
        Flow { pc: rows::TableNew::next(pc), regs }
    }
}

handler! {
    /// `append`, `append_open`.
    pub(crate) fn append(pc, regs, cx, facc) {
        let rows::Append { table, window, values: count, open, first } = rows::Append::read(pc);
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let count = count + if open { (*cx).open_count } else { 0 };
        let table = get_any(regs, table);
        if table.tag() != Tag::TABLE {
            (*cx).trap_code = TrapCode::WrongKind;
            slow!(super::control::trap, pc, regs, cx, facc)
        }
        if open && count >= FREE_VALUES {
            slow!(append_many, pc, regs, cx, facc)
        }
        // A register of values is laid out like a value.
        let values = regs.add(window).cast::<Value>();
        if Table::set_list(table.pointer().cast(), &mut (*cx).heap, first, values, count).is_err() {
            slow!(super::control::out_of_memory, pc, regs, cx, facc)
        }
        if open {
            Table::end_list(table.pointer().cast());
        }
        next!(rows::Append::next(pc), regs, cx, facc)
    }
}

slow_handler! {
    /// `append_open` of many values to a table.
    fn append_many(pc, regs, cx) {
        let cx: &mut Context = &mut *cx;
        let rows::Append { table, window, values: count, first, .. } = rows::Append::read(pc);
        let count = count + cx.open_count;
        let table: *mut Table = get_any(regs, table).pointer().cast();
        let at = Flow { pc, regs };
        if let Err(flow) = pay(cx, at, 0, count as u64 / 4) {
            return flow;
        }
        let values = regs.add(window);
        for index in 0..count {
            let key = i64::from(first) + index as i64;
            if Table::set_int(table, &mut cx.heap, key, get_any(values, index * 2)).is_err() {
                // What is paid for is so when it starts again.
                cx.fuel += (count / 4) as i64;
                return crate::runtime::collect::make_room_at(cx, at);
            }
        }
        Flow { pc: rows::Append::next(pc), regs }
    }
}

handler! {
    /// `length`.
    pub(crate) fn length(pc, regs, cx, facc) {
        let rows::Length { dst, src } = rows::Length::read(pc);
        let value = get_any(regs, src);
        if value.tag() == Tag::TABLE {
            let table: *mut Table = value.pointer().cast();
            if Table::metatable(table).is_null() {
                set_any(regs, dst, Value::int(Table::len(table, &mut (*cx).heap)));
                next!(rows::Length::next(pc), regs, cx, facc)
            }
        } else if value.tag() == Tag::STRING {
            set_any(regs, dst, Value::int(Str::len(value.pointer().cast()) as i64));
            next!(rows::Length::next(pc), regs, cx, facc)
        }
        slow!(length_slow, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn length_slow(pc, regs, cx) {
        let rows::Length { dst, src } = rows::Length::read(pc);
        let value = get_any(regs, src);
        let callee = (*cx).metamethod(value, Metamethod::Len);
        let at = Flow { pc, regs };
        if !callee.is_nil() {
            return call_for_result(&mut *cx, at, rows::Length::next(pc), callee, &[value, value], dst, ContinuationKind::Store);
        }
        if value.tag() == Tag::TABLE {
            set_any(regs, dst, Value::int(Table::len(value.pointer().cast(), &mut (*cx).heap)));
            return Flow { pc: rows::Length::next(pc), regs };
        }
        let message = error::operation_error(&*cx, at, "get length of", value, "src");
        raise_message(&mut *cx, at, message)
    }
}
