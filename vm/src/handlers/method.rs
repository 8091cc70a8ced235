//! Methods, and what stands behind `__index`.

use super::object::{FREE_HOPS, cached, get_str};
use crate::heap::{Node, Str, Table, empty_nodes};
use crate::runtime::context::Context;
use crate::runtime::metamethod::Metamethod;
use crate::threaded::Flow;
use crate::threaded::kinds::CachePlace;
use crate::threaded::operands::{get_any, set_any};
use crate::threaded::rows;
use crate::threaded::table::Row;
use crate::value::Tag;
use std::ptr::with_exposed_provenance_mut as pointer;

/// Tables behind one another that are gone through without a look at anything else.
const HOPS_AT_ONCE: usize = 8;
const _: () = assert!(HOPS_AT_ONCE < FREE_HOPS);

handler! {
    /// `get_method` with a constant string key. The index is that of the node in the table behind `__index` when the object
    /// itself has no such key, as no string has.
    pub(crate) fn get_method(pc, regs, cx, facc) {
        let rows::GetMethod { function, receiver, cache, key, object, argument } = rows::GetMethod::read(pc);
        let value = get_any(regs, object);
        if value.tag() == Tag::TABLE {
            let table: *mut Table = value.pointer().cast();
            let node = Table::find_short(table, pointer::<Str>(key as usize));
            let node = if !node.is_null() && (*node).value_tag != 0 {
                Some(node)
            } else {
                match behind_index(cx, table) {
                    Some(class) => cached(class, cache.index, key),
                    None => None,
                }
            };
            if let Some(node) = node {
                set_any(regs, receiver, value);
                set_any(regs, argument, value);
                *regs.add(function) = (*node).value;
                *regs.add(function + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
                next!(rows::GetMethod::next(pc), regs, cx, facc)
            }
            slow!(find_method, pc, regs, cx, facc)
        }
        slow!(get_string_method_slow, pc, regs, cx, facc)
    }
}

handler! {
    /// The same of what the table behind `__index` has elsewhere than was thought, or has from one behind its own.
    #[inline(never)]
    fn find_method(pc, regs, cx, facc) {
        let rows::GetMethod { function, receiver, cache, key, object, argument } = rows::GetMethod::read(pc);
        let value = get_any(regs, object);
        if let Some(class) = behind_index(cx, value.pointer().cast()) {
            let key = pointer::<Str>(key as usize);
            let mut node = Table::find_short(class, key);
            if node.is_null() || (*node).is_empty() {
                node = find_behind(cx, class, key);
            } else {
                cache.place.remember(node.offset_from((*class).nodes) as u32);
            }
            if !node.is_null() {
                set_any(regs, receiver, value);
                set_any(regs, argument, value);
                *regs.add(function) = (*node).value;
                *regs.add(function + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
                next!(rows::GetMethod::next(pc), regs, cx, facc)
            }
        }
        slow!(get_method_slow, pc, regs, cx, facc)
    }
}

handler! {
    /// The same of a string.
    #[inline(never)]
    fn get_string_method_slow(pc, regs, cx, facc) {
        let rows::GetMethod { function, receiver, cache, key, object, argument } = rows::GetMethod::read(pc);
        let value = get_any(regs, object);
        if value.tag() == Tag::STRING
            && let Some(class) = index_of(cx, (*cx).string_metatable)
            && let Some(node) = cached(class, cache.index, key)
        {
            set_any(regs, receiver, value);
            set_any(regs, argument, value);
            *regs.add(function) = (*node).value;
            *regs.add(function + 1).cast::<Tag>() = Tag(u32::from((*node).value_tag));
            next!(rows::GetMethod::next(pc), regs, cx, facc)
        }
        slow!(get_method_slow, pc, regs, cx, facc)
    }
}

/// The table behind `__index` of a table's metatable, when it is one.
///
/// # Safety
/// The table is live.
#[inline(always)]
unsafe fn behind_index(cx: *mut Context, table: *mut Table) -> Option<*mut Table> {
    // SAFETY: the table lives, and its metatable with it.
    unsafe {
        // What a weak or large table has itself was not looked for.
        if Table::has_more(table) { None } else { index_of(cx, Table::metatable(table)) }
    }
}

/// The table behind `__index` of a metatable, which may be null, when it is one.
///
/// # Safety
/// The metatable is live.
#[inline(always)]
unsafe fn index_of(cx: *mut Context, metatable: *mut Table) -> Option<*mut Table> {
    // SAFETY: the metatable lives, and what it refers to.
    unsafe {
        if metatable.is_null() {
            return None;
        }
        let node = Table::find_short(metatable, (*cx).metamethods[Metamethod::Index as usize]);
        (!node.is_null() && (*node).value_tag == Tag::TABLE.0 as u8).then(|| pointer::<Table>((*node).value as usize))
    }
}

slow_handler! {
    fn get_method_slow(pc, regs, cx) {
        let rows::GetMethod { function, receiver, cache, key, object, argument } = rows::GetMethod::read(pc);
        let key = pointer::<Str>(key as usize);
        let value = get_any(regs, object);
        set_any(regs, receiver, value);
        set_any(regs, argument, value);
        let class = match value.tag() {
            Tag::TABLE => behind_index(cx, value.pointer().cast()),
            Tag::STRING => index_of(cx, (*cx).string_metatable),
            _ => None,
        };
        if let Some(class) = class
            && let Some(index) = Table::find_str_index(class, key)
        {
            cache.place.remember(index);
        }
        // What the object has itself is not remembered.
        let mut forgotten = [0u16; 2];
        let ignored = CachePlace::from(&mut forgotten);
        get_str(&mut *cx, Flow { pc, regs }, rows::GetMethod::next(pc), value, key, function, ignored)
    }
}

/// Where a short string key has a value in the tables behind `__index` of one that has none for it itself: a node without a value
/// if it has none there either, null where that takes more than looking at a few tables.
///
/// # Safety
/// The table and the key are live.
#[inline(always)]
pub(super) unsafe fn find_behind(cx: *mut Context, mut table: *mut Table, key: *mut Str) -> *mut Node {
    // SAFETY: the table lives, and so does what stands behind it.
    unsafe {
        for _ in 0..HOPS_AT_ONCE {
            // What a weak or large table has itself was not looked for.
            if Table::has_more(table) {
                break;
            }
            let metatable = Table::metatable(table);
            if metatable.is_null() || Table::lacks(metatable, Metamethod::Index as u32) {
                return empty_nodes();
            }
            let Some(next) = index_of(cx, metatable) else { break };
            let node = Table::find_short(next, key);
            if !node.is_null() && !(*node).is_empty() {
                return node;
            }
            table = next;
        }
        std::ptr::null_mut()
    }
}
