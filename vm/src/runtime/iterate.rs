//! Steps of iterations that the machine does itself.

use crate::heap::TableScan;
use crate::heap::{Closure, Table};
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::Intrinsic;
use crate::threaded::Regs;
use crate::threaded::operands::{get_any, set_any};
use crate::value::Value;
use std::ptr::with_exposed_provenance as pointer;

/// Does one step of an iteration without a call when the iterator is one the machine knows: writes the `wanted` values to
/// `dst` and gives true. Everything is passed as places in the frame, so that nothing of the handler has an address.
///
/// # Safety
/// The places are `any` registers of the running frame; `iterator` holds a function, `state` a table.
#[inline(never)]
pub(crate) unsafe fn iterate(
    cx: *mut Context,
    iterator: Regs,
    state: Regs,
    control: Regs,
    dst: Regs,
    wanted: usize,
) -> bool {
    // SAFETY: closures point to functions; the table is one.
    unsafe {
        let closure = pointer::<Closure>(*iterator as usize);
        let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body else { return false };
        let table = pointer::<Table>(*state as usize).cast_mut();
        let control = get_any(control, 0);
        let heap = &mut (*cx).heap;
        let (key, value) = match host.intrinsic {
            Some(Intrinsic::Next) => match Table::next(table, heap, control) {
                Ok(TableScan::Found { key, value, .. }) => (key, value),
                Ok(TableScan::End { .. }) => (Value::NIL, Value::NIL),
                // The function looks further, and charges for it.
                Ok(TableScan::More { .. }) | Err(_) => return false,
            },
            Some(Intrinsic::SequenceNext) => {
                let Some(index) = control.as_int() else { return false };
                let index = index.wrapping_add(1);
                let value = Table::get_int(table, heap, index);
                match value.is_nil() {
                    false => (Value::int(index), value),
                    true if Table::metatable(table).is_null() => (Value::NIL, Value::NIL),
                    // A metatable may still have something to say.
                    true => return false,
                }
            }
            Some(Intrinsic::FastPath(_) | Intrinsic::Numeric(..) | Intrinsic::Yield | Intrinsic::Resumes { .. })
            | None => return false,
        };
        set_any(dst, 0, key);
        if wanted > 1 {
            set_any(dst, 2, value);
            for more in 2..wanted {
                set_any(dst, 2 * more, Value::NIL);
            }
        }
        true
    }
}
