//! Tables, closures and cells.

use super::method::find_behind;
use super::sources::AnySource;
use crate::heap::{Node, Put, Str, Table, TableError};
use crate::runtime::call_nested::{call_for_result, call_from_instruction};
use crate::runtime::context::Context;
use crate::runtime::context::Status;
use crate::runtime::error;
use crate::runtime::function::top_of;
use crate::runtime::metamethod::Metamethod;
use crate::runtime::unwind::raise_message;
use crate::runtime::work::units_of_bytes;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::kinds::CachePlace;
use crate::threaded::operands::{get_any, set_any, tag_at};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::threaded::{Flow, Pc};
use crate::value::{Tag, Value};
use std::ptr::with_exposed_provenance_mut as pointer;

/// `__index` or `__newindex` values that may stand behind one another.
const CHAIN_MAX: usize = 2000;
/// As many of them are free.
pub(super) const FREE_HOPS: usize = 16;

/// The node that a cached index names, if it still holds this key and a value.
///
/// # Safety
/// The table is live and its own contents.
#[inline(always)]
pub(super) unsafe fn cached(table: *mut Table, index: u32, key: u64) -> Option<*mut Node> {
    // SAFETY: the table lives; index and mask bound the node.
    unsafe {
        if index > (*table).mask {
            return None;
        }
        let node = (*table).nodes.add(index as usize);
        ((*node).key == key && (*node).key_tag == Tag::STRING.0 as u8 && (*node).value_tag != 0).then_some(node)
    }
}

handler! {
    /// `get` with a constant string key.
    pub(crate) fn get_field<S: AnySource>(pc, regs, cx, facc) {
        let rows::GetField { dst, object, cache, key } = rows::GetField::<S>::read(pc);
        let object = S::value(object, regs);
        if object.tag() == Tag::TABLE
            && let Some(node) = cached(object.pointer().cast(), cache.index, key)
        {
            *regs.add(dst) = (*node).value;
            *regs.add(dst + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
            next!(rows::GetField::<S>::next(pc), regs, cx, facc)
        }
        slow!(find_field::<S>, pc, regs, cx, facc)
    }
}

handler! {
    /// `get_field` of what a table has elsewhere than was thought, what it has not, and what it has from a table behind `__index`.
    #[inline(never)]
    fn find_field<S: AnySource>(pc, regs, cx, facc) {
        let rows::GetField { dst, object, cache, key } = rows::GetField::<S>::read(pc);
        let object = S::value(object, regs);
        if object.tag() == Tag::TABLE {
            let key = pointer::<Str>(key as usize);
            let table: *mut Table = object.pointer().cast();
            let node = Table::find_short(table, key);
            if !node.is_null() && !(*node).is_empty() {
                cache.place.remember(node.offset_from((*table).nodes) as u32);
                *regs.add(dst) = (*node).value;
                *regs.add(dst + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
                next!(rows::GetField::<S>::next(pc), regs, cx, facc)
            }
            if Table::metatable(table).is_null() && !Table::has_more(table) {
                set_any(regs, dst, Value::NIL);
                next!(rows::GetField::<S>::next(pc), regs, cx, facc)
            }
            slow!(find_field_behind::<S>, pc, regs, cx, facc)
        }
        slow!(get_field_slow::<S>, pc, regs, cx, facc)
    }
}

handler! {
    /// `get_field` of what a table has not itself.
    #[inline(never)]
    fn find_field_behind<S: AnySource>(pc, regs, cx, facc) {
        let rows::GetField { dst, object, key, .. } = rows::GetField::<S>::read(pc);
        let node = find_behind(cx, S::value(object, regs).pointer().cast(), pointer::<Str>(key as usize));
        if !node.is_null() {
            *regs.add(dst) = (*node).value;
            *regs.add(dst + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
            next!(rows::GetField::<S>::next(pc), regs, cx, facc)
        }
        slow!(get_field_slow::<S>, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn get_field_slow<S: AnySource>(pc, regs, cx, facc) {
        let rows::GetField { dst, object, cache, key } = rows::GetField::<S>::read(pc);
        let object = S::value(object, regs);
        let (next, key) = (rows::GetField::<S>::next(pc), pointer::<Str>(key as usize));
        follow!(get_str(&mut *cx, Flow { pc, regs }, next, object, key, dst, cache.place), cx, facc)
    }
}

/// Pays for a chain of metatables that was gone through, and for a long key that was compared.
///
/// # Safety
/// `flow` is the running guest frame; the key is live, or null.
#[inline(always)]
unsafe fn pay_for_chain(cx: &mut Context, flow: Flow, hops: usize, key: *mut Str) -> Flow {
    // SAFETY: the key is one, or null.
    let bytes = if key.is_null() { 0 } else { unsafe { Str::len(key) } };
    if hops < FREE_HOPS && bytes <= crate::runtime::host::FAST_PATH_BYTES_MAX {
        return flow;
    }
    owe_for_chain(cx, flow, hops, bytes)
}

#[cold]
#[inline(never)]
fn owe_for_chain(cx: &mut Context, flow: Flow, hops: usize, bytes: usize) -> Flow {
    if flow.pc.is_null() && cx.status != Status::OutOfFuel {
        return flow;
    }
    cx.owe(hops as u64 / 4 + units_of_bytes(bytes).saturating_mul(hops as u64 + 1));
    // SAFETY: the caller has come there.
    unsafe { crate::runtime::stepping::stop_if_used_up(cx, flow) }
}

/// The string that a key is, or null.
#[inline(always)]
fn string_key(key: Value) -> *mut Str {
    if key.tag() == Tag::STRING { key.pointer().cast() } else { std::ptr::null_mut() }
}

/// `object[key]` for a string key, walking `__index`; remembers the node of a direct hit.
///
/// # Safety
/// `at` is the running guest frame, at that instruction; object and key are live, and the cache is the instruction's own.
#[inline(never)]
pub(super) unsafe fn get_str(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    object: Value,
    key: *mut Str,
    dst: usize,
    cache: CachePlace,
) -> Flow {
    let mut hops = 0;
    // SAFETY: passed on.
    unsafe {
        let flow = get_str_through(cx, at, next, object, key, dst, cache, &mut hops);
        pay_for_chain(cx, flow, hops, key)
    }
}

/// # Safety
/// As for `get_str`.
#[allow(clippy::too_many_arguments, reason = "the decoded instruction")]
#[inline(always)]
unsafe fn get_str_through(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    mut object: Value,
    key: *mut Str,
    dst: usize,
    cache: CachePlace,
    hops: &mut usize,
) -> Flow {
    // SAFETY: the operands are reachable from the frame.
    unsafe {
        for level in 0..CHAIN_MAX {
            *hops = level;
            let handler = if object.tag() == Tag::TABLE {
                let table: *mut Table = object.pointer().cast();
                if level == 0
                    && let Some(index) = Table::find_str_index(table, key)
                {
                    cache.remember(index);
                }
                let value = Table::get_str(table, &mut cx.heap, key);
                if !value.is_nil() {
                    set_any(at.regs, dst, value);
                    return Flow { pc: next, regs: at.regs };
                }
                let metatable = Table::metatable(table);
                let handler = cx.event(metatable, Metamethod::Index);
                if handler.is_nil() {
                    set_any(at.regs, dst, Value::NIL);
                    return Flow { pc: next, regs: at.regs };
                }
                handler
            } else {
                let handler = cx.metamethod(object, Metamethod::Index);
                if handler.is_nil() {
                    return index_error(cx, at, object, level == 0);
                }
                handler
            };
            if handler.tag() == Tag::FUNCTION {
                let arguments = [object, Value::from_string(key)];
                return call_for_result(cx, at, next, handler, &arguments, dst, ContinuationKind::Store);
            }
            object = handler;
        }
        raise_message(cx, at, "'__index' chain too long; possible loop")
    }
}

/// `is_operand` says that the object is what the instruction names, not something behind its metamethods.
///
/// # Safety
/// `at` is the running guest frame, and the object is live.
unsafe fn index_error(cx: &mut Context, at: Flow, object: Value, is_operand: bool) -> Flow {
    let operand = if is_operand { "object" } else { "" };
    let message = error::operation_error(cx, at, "index", object, operand);
    // SAFETY: `at` is the running frame.
    unsafe { raise_message(cx, at, message) }
}

handler! {
    /// `get` with any key.
    pub(crate) fn get<S: AnySource, K: AnySource>(pc, regs, cx, facc) {
        let rows::Get { dst, object, key } = rows::Get::<S, K>::read(pc);
        let object = S::value(object, regs);
        let key = K::value(key, regs);
        if object.tag() == Tag::TABLE && key.tag() == Tag::INT {
            let table: *mut Table = object.pointer().cast();
            let index = key.payload().wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                let slot = (*table).array.add(index as usize);
                if (*slot).tag != Tag::NIL {
                    *regs.add(dst) = (*slot).payload;
                    *regs.add(dst + 1).cast::<Tag>() = (*slot).tag;
                    next!(rows::Get::<S, K>::next(pc), regs, cx, facc)
                }
            }
        }
        slow!(get_hashed_slow::<S, K::General>, pc, regs, cx, facc)
    }
}

handler! {
    /// `get` of what may be in the hash part.
    #[inline(never)]
    fn get_hashed_slow<S: AnySource, K: AnySource>(pc, regs, cx, facc) {
        let rows::Get { dst, object, key } = rows::Get::<S, K>::read(pc);
        let object = S::value(object, regs);
        let key = K::value(key, regs);
        if object.tag() == Tag::TABLE {
            let table: *mut Table = object.pointer().cast();
            let node = Table::peek(table, key);
            if !node.is_null() {
                *regs.add(dst) = (*node).value;
                *regs.add(dst + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
                next!(rows::Get::<S, K>::next(pc), regs, cx, facc)
            }
        }
        slow!(get_slow::<S, K>, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn get_slow<S: AnySource, K: AnySource>(pc, regs, cx, facc) {
        let rows::Get { dst, object, key } = rows::Get::<S, K>::read(pc);
        let object = S::value(object, regs);
        let key = K::value(key, regs);
        let next = rows::Get::<S, K>::next(pc);
        follow!(get_any_key(&mut *cx, Flow { pc, regs }, next, object, key, dst), cx, facc)
    }
}

/// # Safety
/// As for `get_str`.
#[inline(never)]
unsafe fn get_any_key(cx: &mut Context, at: Flow, next: Pc, object: Value, key: Value, dst: usize) -> Flow {
    let mut hops = 0;
    // SAFETY: passed on.
    unsafe {
        let flow = get_through(cx, at, next, object, key, dst, &mut hops);
        pay_for_chain(cx, flow, hops, string_key(key))
    }
}

/// # Safety
/// As for `get_str`.
#[inline(always)]
unsafe fn get_through(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    mut object: Value,
    key: Value,
    dst: usize,
    hops: &mut usize,
) -> Flow {
    // SAFETY: the operands are reachable from the frame.
    unsafe {
        for level in 0..CHAIN_MAX {
            *hops = level;
            let handler = if object.tag() == Tag::TABLE {
                let table: *mut Table = object.pointer().cast();
                let value = Table::get(table, &mut cx.heap, key);
                if !value.is_nil() {
                    set_any(at.regs, dst, value);
                    return Flow { pc: next, regs: at.regs };
                }
                let handler = cx.event(Table::metatable(table), Metamethod::Index);
                if handler.is_nil() {
                    set_any(at.regs, dst, Value::NIL);
                    return Flow { pc: next, regs: at.regs };
                }
                handler
            } else {
                let handler = cx.metamethod(object, Metamethod::Index);
                if handler.is_nil() {
                    return index_error(cx, at, object, level == 0);
                }
                handler
            };
            if handler.tag() == Tag::FUNCTION {
                return call_for_result(cx, at, next, handler, &[object, key], dst, ContinuationKind::Store);
            }
            object = handler;
        }
        raise_message(cx, at, "'__index' chain too long; possible loop")
    }
}

handler! {
    /// `set` with a constant string key.
    pub(crate) fn set_field<V: AnySource>(pc, regs, cx, facc) {
        let rows::SetField { object, cache, key, value } = rows::SetField::<V>::read(pc);
        if tag_at(regs, object) == Tag::TABLE
            && let Some(node) = cached(pointer::<Table>(*regs.add(object) as usize), cache.index, key)
        {
            if (*cx).heap.marking() {
                slow!(set_field_marking::<V>, pc, regs, cx, facc)
            }
            let value = V::value(value, regs);
            (*node).value = value.payload();
            (*node).value_tag = value.tag().0 as u8;
            next!(rows::SetField::<V>::next(pc), regs, cx, facc)
        }
        slow!(add_field::<V>, pc, regs, cx, facc)
    }
}

handler! {
    /// `set_field` of a node that was found, while the collector marks: it has to hear of an object that is overwritten. The key is one
    /// of the function's constants.
    #[inline(never)]
    fn set_field_marking<V: AnySource>(pc, regs, cx, facc) {
        let rows::SetField { object, cache, value, .. } = rows::SetField::<V>::read(pc);
        let node = (*pointer::<Table>(*regs.add(object) as usize)).nodes.add(cache.index as usize);
        if (*node).value().is_object() {
            slow!(set_field_slow::<V>, pc, regs, cx, facc)
        }
        (*node).set_value(V::value(value, regs));
        next!(rows::SetField::<V>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `set` with a constant string key that a table has not yet and that finds its node free, as fields of a new object do.
    #[inline(never)]
    fn add_field<V: AnySource>(pc, regs, cx, facc) {
        let rows::SetField { object, cache, key, value } = rows::SetField::<V>::read(pc);
        let value = V::value(value, regs);
        if tag_at(regs, object) == Tag::TABLE && value.tag() != Tag::NIL {
            let table = pointer::<Table>(*regs.add(object) as usize);
            let metatable = Table::metatable(table);
            if metatable.is_null() || Table::lacks(metatable, Metamethod::NewIndex as u32) {
                let index = Table::add_short(table, pointer::<Str>(key as usize), value);
                if index != u32::MAX {
                    cache.place.remember(index);
                    next!(rows::SetField::<V>::next(pc), regs, cx, facc)
                }
            }
        }
        slow!(put_field::<V>, pc, regs, cx, facc)
    }
}

handler! {
    /// `set` with a constant string key that a table has elsewhere than was thought, or not yet.
    #[inline(never)]
    fn put_field<V: AnySource>(pc, regs, cx, facc) {
        let rows::SetField { object, cache, key, value } = rows::SetField::<V>::read(pc);
        let key = pointer::<Str>(key as usize);
        let value = V::value(value, regs);
        if tag_at(regs, object) == Tag::TABLE {
            let table = pointer::<Table>(*regs.add(object) as usize);
            let metatable = Table::metatable(table);
            if metatable.is_null() || Table::lacks(metatable, Metamethod::NewIndex as u32) {
                match Table::put_short(table, key, value, (*cx).heap.marking()) {
                    Put::At(index) => {
                        cache.place.remember(index);
                        next!(rows::SetField::<V>::next(pc), regs, cx, facc)
                    }
                    Put::Nothing => next!(rows::SetField::<V>::next(pc), regs, cx, facc),
                    Put::Refused => {}
                }
            }
        }
        slow!(set_field_slow::<V>, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn set_field_slow<V: AnySource>(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::SetField { object, cache, key, value } = rows::SetField::<V>::read(pc);
        let key = pointer::<Str>(key as usize);
        let value = V::value(value, regs);
        let object = get_any(regs, object);
        let key_value = Value::from_string(key);
        let flow = set(&mut *cx, Flow { pc, regs }, rows::SetField::<V>::next(pc), object, key_value, value);
        if object.tag() == Tag::TABLE
            && let Some(index) = Table::find_str_index(object.pointer().cast(), key)
        {
            cache.place.remember(index);
        }
        follow!(flow, cx, facc)
    }
}

handler! {
    /// `set` with any key.
    pub(crate) fn set_index<K: AnySource, V: AnySource>(pc, regs, cx, facc) {
        let rows::SetIndex { object, key, value } = rows::SetIndex::<K, V>::read(pc);
        let key = K::value(key, regs);
        let value = V::value(value, regs);
        if tag_at(regs, object) == Tag::TABLE && key.tag() == Tag::INT {
            let table = pointer::<Table>(*regs.add(object) as usize);
            let index = key.payload().wrapping_sub(1);
            if index < u64::from((*table).array_len) {
                let slot = (*table).array.add(index as usize);
                if (*slot).tag != Tag::NIL {
                    if (*cx).heap.marking() {
                        slow!(set_index_marking::<K::General, V::General>, pc, regs, cx, facc)
                    }
                    (*slot).payload = value.payload();
                    (*slot).tag = value.tag();
                    next!(rows::SetIndex::<K, V>::next(pc), regs, cx, facc)
                }
            }
        }
        slow!(append_index::<K::General, V::General>, pc, regs, cx, facc)
    }
}

handler! {
    /// `set_index` of an element that there is, while the collector marks.
    #[inline(never)]
    fn set_index_marking<K: AnySource, V: AnySource>(pc, regs, cx, facc) {
        let rows::SetIndex { object, key, value } = rows::SetIndex::<K, V>::read(pc);
        let index = K::value(key, regs).payload().wrapping_sub(1);
        let slot = (*pointer::<Table>(*regs.add(object) as usize)).array.add(index as usize);
        if (*slot).is_object() {
            slow!(set_index_slow::<K, V>, pc, regs, cx, facc)
        }
        V::value(value, regs).store(slot);
        next!(rows::SetIndex::<K, V>::next(pc), regs, cx, facc)
    }
}

handler! {
    /// `set` of an element that the array part has no value for yet, often the one after its last.
    #[inline(never)]
    fn append_index<K: AnySource, V: AnySource>(pc, regs, cx, facc) {
        let rows::SetIndex { object, key, value } = rows::SetIndex::<K, V>::read(pc);
        let key = K::value(key, regs);
        let value = V::value(value, regs);
        if tag_at(regs, object) == Tag::TABLE && key.tag() == Tag::INT && value.tag() != Tag::NIL {
            let table = pointer::<Table>(*regs.add(object) as usize);
            let slot = Table::free_slot(table, key.payload().wrapping_sub(1));
            if !slot.is_null() {
                (*slot).payload = value.payload();
                (*slot).tag = value.tag();
                next!(rows::SetIndex::<K, V>::next(pc), regs, cx, facc)
            }
        }
        slow!(set_index_slow::<K::General, V::General>, pc, regs, cx, facc)
    }
}

handler! {
    #[inline(never)]
    fn set_index_slow<K: AnySource, V: AnySource>(pc, regs, cx, facc) {
        if (*cx).heap.needs_step() {
            slow!(super::control::collect, pc, regs, cx, facc)
        }
        let rows::SetIndex { object, key, value } = rows::SetIndex::<K, V>::read(pc);
        let key = K::value(key, regs);
        let value = V::value(value, regs);
        let object = get_any(regs, object);
        if object.tag() == Tag::TABLE && key.tag() == Tag::INT {
            let table: *mut Table = object.pointer().cast();
            if Table::metatable(table).is_null() {
                if Table::set_int(table, &mut (*cx).heap, key.payload() as i64, value).is_err() {
                    slow!(super::control::out_of_memory, pc, regs, cx, facc)
                }
                let moved = (*cx).heap.take_moved();
                if moved > 0 {
                    (*cx).hasten(moved);
                }
                next!(rows::SetIndex::<K, V>::next(pc), regs, cx, facc)
            }
        }
        follow!(set(&mut *cx, Flow { pc, regs }, rows::SetIndex::<K, V>::next(pc), object, key, value), cx, facc)
    }
}

/// `object[key] = value`, walking `__newindex`.
///
/// # Safety
/// As for `get_str`; the value is live, too.
#[inline(never)]
unsafe fn set(cx: &mut Context, at: Flow, next: Pc, object: Value, key: Value, value: Value) -> Flow {
    let mut hops = 0;
    // SAFETY: passed on.
    unsafe {
        let flow = set_through(cx, at, next, object, key, value, &mut hops);
        let moved = cx.heap.take_moved();
        cx.hasten(moved);
        // What did not find room begins again.
        if flow.pc == at.pc { flow } else { pay_for_chain(cx, flow, hops, string_key(key)) }
    }
}

/// # Safety
/// As for `set`.
#[inline(always)]
unsafe fn set_through(
    cx: &mut Context,
    at: Flow,
    next: Pc,
    mut object: Value,
    key: Value,
    value: Value,
    hops: &mut usize,
) -> Flow {
    // SAFETY: the operands are reachable from the frame.
    unsafe {
        for level in 0..CHAIN_MAX {
            *hops = level;
            let handler = if object.tag() == Tag::TABLE {
                let table: *mut Table = object.pointer().cast();
                let handler = cx.event(Table::metatable(table), Metamethod::NewIndex);
                if handler.is_nil() || !Table::get(table, &mut cx.heap, key).is_nil() {
                    return match Table::set(table, &mut cx.heap, key, value) {
                        Ok(()) => Flow { pc: next, regs: at.regs },
                        Err(wrong @ (TableError::NilKey | TableError::NanKey)) => {
                            error::note(cx, error::ErrorKind::Key, &[key], None);
                            let found = if matches!(wrong, TableError::NilKey) { "nil" } else { "NaN" };
                            raise_message(cx, at, format!("table index is {found}"))
                        }
                        Err(TableError::OutOfMemory(_)) => crate::runtime::collect::make_room_at(cx, at),
                    };
                }
                handler
            } else {
                let handler = cx.metamethod(object, Metamethod::NewIndex);
                if handler.is_nil() {
                    return index_error(cx, at, object, level == 0);
                }
                handler
            };
            if handler.tag() == Tag::FUNCTION {
                let continuation = Continuation::instruction(ContinuationKind::Discard, at.pc, next, top_of(at.regs));
                return call_from_instruction(cx, at, handler, &[object, key, value], continuation);
            }
            object = handler;
        }
        raise_message(cx, at, "'__newindex' chain too long; possible loop")
    }
}
