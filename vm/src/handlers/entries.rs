//! What tables hold one after the other, and metatables.

use crate::heap::{NEXT_SLOTS_MAX, Table, TableScan};
use crate::runtime::context::Context;
use crate::runtime::unwind::{raise_message, raise_trap};
use crate::runtime::work::pay;
use crate::threaded::Flow;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;

/// Slots without an entry that are passed over for 1 unit.
const SLOTS_PER_UNIT: u64 = 16;

slow_handler! {
    /// `table_next`.
    pub(crate) fn table_next(pc, regs, cx) {
        let rows::TableNext { key, value, table, after } = rows::TableNext::read(pc);
        let (cx, at): (&mut Context, Flow) = (&mut *cx, Flow { pc, regs });
        let (object, after) = (get_any(regs, table), get_any(regs, after));
        if object.tag() != Tag::TABLE {
            return raise_trap(cx, at, TrapCode::WrongKind);
        }
        let table: *mut Table = object.pointer().cast();
        let Ok(start) = Table::position_after(table, after) else {
            return raise_message(cx, at, "the table has no such key to go on after");
        };
        let found = Table::scan(table, &mut cx.heap, start, u64::MAX);
        let (end, entry) = match found {
            TableScan::Found { position, key, value } => (position, (key, value)),
            TableScan::End { position } | TableScan::More { position } => (position, (Value::NIL, Value::NIL)),
        };
        let passed = end.saturating_sub(start).saturating_sub(NEXT_SLOTS_MAX);
        if let Err(flow) = pay(cx, at, 0, passed / SLOTS_PER_UNIT) {
            return flow;
        }
        set_any(regs, key, entry.0);
        set_any(regs, value, entry.1);
        Flow { pc: rows::TableNext::next(pc), regs }
    }
}

handler! {
    /// `metatable_get`.
    pub(crate) fn metatable_get(pc, regs, cx, facc) {
        let rows::MetatableGet { dst, src } = rows::MetatableGet::read(pc);
        let metatable = (*cx).metatable(get_any(regs, src));
        set_any(regs, dst, if metatable.is_null() { Value::NIL } else { Value::from_table(metatable) });
        next!(rows::MetatableGet::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `metatable_set`.
    pub(crate) fn metatable_set(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        slow!(metatable_set_now, pc, regs, cx, facc)
    }
}

slow_handler! {
    fn metatable_set_now(pc, regs, cx) {
        let rows::MetatableSet { table, src } = rows::MetatableSet::read(pc);
        let (cx, at): (&mut Context, Flow) = (&mut *cx, Flow { pc, regs });
        let (table, metatable) = (get_any(regs, table), get_any(regs, src));
        if table.tag() != Tag::TABLE || !matches!(metatable.tag(), Tag::TABLE | Tag::NIL) {
            return raise_trap(cx, at, TrapCode::WrongKind);
        }
        match cx.heap.set_own_metatable(table, metatable) {
            Ok(()) => Flow { pc: rows::MetatableSet::next(pc), regs },
            Err(_) => crate::runtime::collect::make_room_at(cx, at),
        }
    }
}
