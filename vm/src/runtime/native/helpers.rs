//! What native code calls of the machine. Such a function runs no guest code and stores nothing in frames.

use super::tier::{GONE, Helpers};
use crate::heap::{Cell, Closure, Node, Put, Str, Table};
use crate::memory::LinearMemory;
use crate::runtime::context::Context;
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::{FastPath, Intrinsic};
use crate::runtime::metamethod::Metamethod;
use crate::runtime::work::{MEMORY_BYTES_PER_UNIT, SMALL};
use crate::threaded::Regs;
use crate::threaded::operands::set_any;
use crate::value::{Tag, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::with_exposed_provenance_mut as pointer;

/// Defines a function that native code calls.
macro_rules! helper {
    ($(#[$attr:meta])* fn $name:ident($($argument:ident: $ty:ty),*) -> $result:ty $body:block) => {
        #[cfg(target_arch = "x86_64")]
        $(#[$attr])*
        unsafe extern "sysv64" fn $name($($argument: $ty),*) -> $result $body
        #[cfg(not(target_arch = "x86_64"))]
        $(#[$attr])*
        unsafe extern "C" fn $name($($argument: $ty),*) -> $result $body
    };
}

impl Helpers {
    pub(super) fn new() -> Self {
        Helpers {
            memory_fill: memory_fill as *const () as u64,
            memory_copy: memory_copy as *const () as u64,
            step: step as *const () as u64,
            refuel: refuel as *const () as u64,
            table_set: table_set as *const () as u64,
            field_set: field_set as *const () as u64,
            cell_set: cell_set as *const () as u64,
            table_get: table_get as *const () as u64,
            method_node: method_node as *const () as u64,
            equal: equal as *const () as u64,
            length: length as *const () as u64,
            fast_path: fast_path as *const () as u64,
            iterate: iterate as *const () as u64,
            table_new: table_new as *const () as u64,
            table_list: table_list as *const () as u64,
            closure_new: closure_new as *const () as u64,
            cell_new: cell_new as *const () as u64,
            power: power as *const () as u64,
            modulo: modulo as *const () as u64,
        }
    }
}

/// What is left after work on so many bytes; none where the interpreter does it in slices.
fn pay(length: u64, fuel: i64) -> Option<i64> {
    let units = length / MEMORY_BYTES_PER_UNIT;
    (units <= SMALL && fuel >= units as i64).then(|| fuel - units as i64)
}

helper! {
    /// # Safety
    /// Native code calls it; nothing else refers to the context meanwhile.
    fn refuel(cx: *mut Context, fuel: i64) -> i64 {
        // SAFETY: the caller vouches for the context.
        unsafe { (*cx).refuel(fuel) }
    }
}

helper! {
    /// # Safety
    /// The memory is one of the job, to which no reference is in use.
    fn memory_fill(memory: *mut LinearMemory, address: u64, value: u64, length: u64, fuel: i64) -> i64 {
        let Some(left) = pay(length, fuel) else { return GONE };
        // SAFETY: the caller vouches for the memory.
        let filled = unsafe { (*memory).fill(address, value as u8, length) };
        if filled.is_ok() { left } else { GONE }
    }
}

helper! {
    /// # Safety
    /// The memories are those of the job, to which no reference is in use.
    fn memory_copy(
        to: *mut LinearMemory,
        from: *mut LinearMemory,
        address: u64,
        source: u64,
        length: u64,
        fuel: i64
    ) -> i64 {
        let Some(left) = pay(length, fuel) else { return GONE };
        // SAFETY: the caller vouches for the memories; where they are two, no reference to both is the same.
        let copied = unsafe {
            if std::ptr::eq(to, from) {
                (*to).copy_within(address, source, length)
            } else {
                (*from).slice(source, length).and_then(|bytes| (*to).write(address, bytes))
            }
        };
        if copied.is_ok() { left } else { GONE }
    }
}

helper! {
    /// # Safety
    /// As for [`step`](super::step::step).
    fn step(cx: *mut Context, regs: Regs, at: u64, fuel: i64) -> i64 {
        // SAFETY: passed on.
        unsafe { super::step::step(cx, regs, at as usize, fuel) }
    }
}

helper! {
    /// # Safety
    /// The table is reachable from the frame, and the value with it.
    fn table_set(cx: *mut Context, table: *mut Table, key: u64, payload: u64, tag: u32) -> u64 {
        // SAFETY: the caller vouches for the table and the value; a free slot is one that holds nothing.
        unsafe {
            let heap = &mut (*cx).heap;
            let value = Value::from_parts(payload, Tag(tag));
            let index = key.wrapping_sub(1);
            // As the interpreter does: the collector has to hear of an object that is overwritten, and of nothing else.
            let is_there = index < u64::from((*table).array_len) && (*(*table).array.add(index as usize)).tag != Tag::NIL;
            if is_there {
                let slot = (*table).array.add(index as usize);
                if !(heap.marking() && (*slot).is_object()) {
                    value.store(slot);
                    return 1;
                }
            } else if !value.is_nil() {
                let slot = Table::free_slot(table, index);
                if !slot.is_null() {
                    value.store(slot);
                    return 1;
                }
            }
            let metatable = Table::metatable(table);
            let asks_nobody = metatable.is_null() || Table::lacks(metatable, Metamethod::NewIndex as u32);
            if heap.needs_step() || heap.has_moved_much() || !asks_nobody {
                return 0;
            }
            u64::from(Table::set_int(table, heap, key as i64, value).is_ok())
        }
    }
}

helper! {
    /// # Safety
    /// The table is reachable from the frame, and key and value with it.
    fn field_set(cx: *mut Context, table: *mut Table, key: *mut Str, payload: u64, tag: u32) -> u64 {
        // SAFETY: the caller vouches for all of them.
        unsafe {
            // Work on long strings is paid for.
            if !Str::is_short(key) {
                return 0;
            }
            let heap = &mut (*cx).heap;
            let value = Value::from_parts(payload, Tag(tag));
            let metatable = Table::metatable(table);
            let asks_nobody = metatable.is_null() || Table::lacks(metatable, Metamethod::NewIndex as u32);
            if asks_nobody && !matches!(Table::put_short(table, key, value, heap.marking()), Put::Refused) {
                return 1;
            }
            if heap.needs_step() || !asks_nobody {
                return 0;
            }
            u64::from(Table::set_str(table, heap, key, value).is_ok())
        }
    }
}

helper! {
    /// # Safety
    /// The cell is reachable from the frame, and the value with it.
    fn cell_set(cx: *mut Context, cell: *mut Cell, payload: u64, tag: u32) -> u64 {
        // SAFETY: the caller vouches for both.
        unsafe {
            (*cx).heap.barrier((*cell).value);
            Value::from_parts(payload, Tag(tag)).store(&raw mut (*cell).value);
        }
        0
    }
}

helper! {
    /// # Safety
    /// Table and key are reachable from the frame, and the place is in its window.
    fn table_get(cx: *mut Context, table: *mut Table, payload: u64, tag: u32, result: Regs) -> u64 {
        // SAFETY: passed on.
        unsafe {
            let key = Value::from_parts(payload, Tag(tag));
            // Work on long strings is paid for.
            if key.as_string().is_some_and(|string| !Str::is_short(string)) {
                return 0;
            }
            // As the interpreter looks: first where most keys are.
            let node = Table::peek(table, key);
            if !node.is_null() {
                set_any(result, 0, Value::from_parts((*node).value, Tag(u32::from((*node).value_tag))));
                return 1;
            }
            let cx = &mut *cx;
            let name = cx.metamethods[Metamethod::Index as usize];
            let mut table = table;
            for _ in 0..METHOD_HOPS {
                let value = Table::get(table, &mut cx.heap, key);
                let metatable = Table::metatable(table);
                let is_found = !value.is_nil() || metatable.is_null();
                let behind = if is_found {
                    Value::NIL
                } else {
                    Table::get_event(metatable, &mut cx.heap, Metamethod::Index as u32, name)
                };
                if behind.is_nil() {
                    set_any(result, 0, value);
                    return 1;
                }
                let Some(next) = behind.as_table() else { break };
                table = next;
            }
            0
        }
    }
}

helper! {
    /// # Safety
    /// The table is reachable from the frame, or null; the key is a short string of the function.
    fn method_node(cx: *mut Context, table: *mut Table, key: *mut Str) -> *mut Node {
        // SAFETY: the caller vouches for table and key; metatables live with their tables.
        unsafe {
            let mut metatable = (*cx).string_metatable;
            let mut table = table;
            for _ in 0..METHOD_HOPS {
                if !table.is_null() {
                    let node = Table::find_short(table, key);
                    if !node.is_null() && (*node).value_tag != 0 {
                        return node;
                    }
                    if Table::has_more(table) {
                        return std::ptr::null_mut();
                    }
                    metatable = Table::metatable(table);
                }
                if metatable.is_null() {
                    return std::ptr::null_mut();
                }
                let class = Table::find_short(metatable, (*cx).metamethods[Metamethod::Index as usize]);
                if class.is_null() || (*class).value_tag != Tag::TABLE.0 as u8 {
                    return std::ptr::null_mut();
                }
                table = pointer::<Table>((*class).value as usize);
            }
            std::ptr::null_mut()
        }
    }
}

helper! {
    /// # Safety
    /// The values are reachable from the frame.
    fn equal(payload: u64, tag: u32, other_payload: u64, other_tag: u32) -> i64 {
        // SAFETY: the caller vouches for both.
        let (value, other) =
            unsafe { (Value::from_parts(payload, Tag(tag)), Value::from_parts(other_payload, Tag(other_tag))) };
        if let (Some(string), Some(other)) = (value.as_string(), other.as_string()) {
            // SAFETY: the caller vouches for both. Work on long strings is paid for.
            if unsafe { !Str::is_short(string) && !Str::is_short(other) } {
                return -1;
            }
        } else if tag == other_tag && payload != other_payload {
            // Objects may have a metamethod.
            let is_bare = |table: Option<*mut Table>| {
                // SAFETY: the caller vouches for both.
                table.is_some_and(|table| unsafe { Table::metatable(table).is_null() })
            };
            if tag > Tag::STRING.0 && !(is_bare(value.as_table()) && is_bare(other.as_table())) {
                return -1;
            }
        }
        i64::from(value.raw_equals(other))
    }
}

helper! {
    /// # Safety
    /// The value is reachable from the frame.
    fn length(cx: *mut Context, payload: u64, tag: u32) -> i64 {
        // SAFETY: the caller vouches for the value.
        unsafe {
            let value = Value::from_parts(payload, Tag(tag));
            if let Some(string) = value.as_string() {
                return Str::len(string) as i64;
            }
            match value.as_table() {
                Some(table) if Table::metatable(table).is_null() => Table::len(table, &mut (*cx).heap),
                Some(_) | None => -1,
            }
        }
    }
}

helper! {
    /// # Safety
    /// The closure is one, and as many arguments lie in the window on top of the stack.
    fn fast_path(cx: *mut Context, closure: *mut Closure, arguments: Regs, count: u64) -> i64 {
        // SAFETY: the caller vouches for the arguments, which are laid out as values are; closures point to functions.
        unsafe {
            let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body else { return -1 };
            let Some(function) = host.intrinsic.and_then(Intrinsic::fast_path) else { return -1 };
            let heap = &mut (*cx).heap;
            if heap.needs_step() {
                return -1;
            }
            let values = std::slice::from_raw_parts(arguments.cast::<Value>(), count as usize);
            // One that panics does so again when the interpreter calls it, which then tells the host.
            match catch_unwind(AssertUnwindSafe(|| function(heap, values))) {
                Ok(FastPath::One(value)) => {
                    set_any(arguments, 0, value);
                    1
                }
                Ok(FastPath::Nothing) => 0,
                Ok(FastPath::From(_) | FastPath::Unknown) | Err(_) => -1,
            }
        }
    }
}

helper! {
    /// # Safety
    /// None.
    fn power(base: f64, exponent: f64) -> f64 {
        crate::number::power(base, exponent)
    }
}

helper! {
    /// # Safety
    /// None.
    fn modulo(dividend: f64, divisor: f64) -> f64 {
        crate::number::modulo_float(dividend, divisor)
    }
}

/// Tables in which a key is looked for, one after the other: fewer than those that cost something.
const METHOD_HOPS: usize = 8;

/// So much room of a new table is free.
const FREE_ROOM: u64 = 64;

helper! {
    /// # Safety
    /// The context is the running one.
    fn table_new(cx: *mut Context, slots: u64, entries: u64) -> *mut Table {
        // SAFETY: the caller vouches for the context.
        let heap = unsafe { &mut (*cx).heap };
        if slots | entries >= FREE_ROOM || heap.needs_step() {
            return std::ptr::null_mut();
        }
        heap.new_table(slots as u32, entries as u32).unwrap_or(std::ptr::null_mut())
    }
}

helper! {
    /// # Safety
    /// The table is reachable from the frame, as are the values.
    fn table_list(
        cx: *mut Context,
        table: *mut Table,
        first: u64,
        values: *const Value,
        count: u64,
        is_end: u64
    ) -> u64 {
        // SAFETY: the caller vouches for all of them.
        unsafe {
            let heap = &mut (*cx).heap;
            if heap.needs_step() {
                return 0;
            }
            let is_done = Table::set_list(table, heap, first as u32, values, count as usize).is_ok();
            if is_done && is_end != 0 {
                Table::end_list(table);
            }
            u64::from(is_done)
        }
    }
}

helper! {
    /// # Safety
    /// The function is one that the job names.
    fn closure_new(cx: *mut Context, function: *const FunctionInfo, count: u64) -> *mut Closure {
        // SAFETY: the caller vouches for context and function.
        unsafe {
            let heap = &mut (*cx).heap;
            if heap.needs_step() {
                return std::ptr::null_mut();
            }
            let made = heap.new_closure((*function).entry(&(*cx).return_stubs).cast(), function.cast(), count as u32);
            made.unwrap_or(std::ptr::null_mut())
        }
    }
}

helper! {
    /// # Safety
    /// The value is reachable from the frame.
    fn cell_new(cx: *mut Context, payload: u64, tag: u32) -> *mut Cell {
        // SAFETY: the caller vouches for the value.
        unsafe {
            let heap = &mut (*cx).heap;
            if heap.needs_step() {
                return std::ptr::null_mut();
            }
            heap.new_cell(Value::from_parts(payload, Tag(tag))).unwrap_or(std::ptr::null_mut())
        }
    }
}

helper! {
    /// # Safety
    /// The places are `any` registers of the running frame; the iterator is a function, the state a table.
    fn iterate(cx: *mut Context, iterator: Regs, state: Regs, control: Regs, results: Regs, wanted: u64) -> u64 {
        // SAFETY: passed on.
        u64::from(unsafe { crate::runtime::iterate::iterate(cx, iterator, state, control, results, wanted as usize) })
    }
}
