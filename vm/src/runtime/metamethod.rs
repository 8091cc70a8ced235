//! Metamethods: their names and how they are found.

use crate::heap::{Str, Table};
use crate::runtime::context::Context;
use crate::value::{Tag, Value};

pub(crate) use crate::heap::metamethod::Metamethod;

impl Context {
    /// The metatable of a value, or null.
    pub(crate) fn metatable(&self, value: Value) -> *mut Table {
        // SAFETY: the values at hand are reachable, so their cells live.
        unsafe {
            match value.tag() {
                Tag::TABLE => Table::metatable(value.pointer().cast()),
                Tag::USERDATA => (*value.pointer().cast::<crate::heap::Userdata>()).metatable,
                Tag::STRING => self.string_metatable,
                Tag::NIL => self.kind_metatables[0],
                Tag::FALSE | Tag::TRUE => self.kind_metatables[1],
                Tag::INT | Tag::FLOAT => self.kind_metatables[2],
                Tag::FUNCTION => self.kind_metatables[3],
                Tag::FIBER => self.kind_metatables[4],
                _ => std::ptr::null_mut(),
            }
        }
    }

    /// A metamethod of a value, or nil.
    pub(crate) fn metamethod(&mut self, value: Value, metamethod: Metamethod) -> Value {
        self.metamethod_of(self.metatable(value), metamethod)
    }

    /// A metamethod that tables cache the absence of.
    #[inline]
    pub(crate) fn event(&mut self, metatable: *mut Table, metamethod: Metamethod) -> Value {
        if metatable.is_null() {
            return Value::NIL;
        }
        let name = self.metamethods[metamethod as usize];
        // SAFETY: the metatable is reachable from its table; the names are roots.
        unsafe { Table::get_event(metatable, &mut self.heap, metamethod as u32, name) }
    }

    /// A metamethod out of a metatable, which may be null, or nil.
    pub(crate) fn metamethod_of(&mut self, metatable: *mut Table, metamethod: Metamethod) -> Value {
        if metatable.is_null() {
            return Value::NIL;
        }
        // SAFETY: metatables are reachable from their values; the names are roots.
        unsafe {
            let node = Table::find_short(metatable, self.metamethods[metamethod as usize]);
            if node.is_null() { self.metamethod_elsewhere(metatable, metamethod) } else { (*node).value() }
        }
    }

    /// A metamethod out of a metatable that is itself weak or large, or nil.
    #[cold]
    fn metamethod_elsewhere(&mut self, metatable: *mut Table, metamethod: Metamethod) -> Value {
        // SAFETY: as for `metamethod_of`.
        unsafe {
            if !Table::has_more(metatable) {
                return Value::NIL;
            }
            Table::get_str(metatable, &mut self.heap, self.metamethods[metamethod as usize])
        }
    }

    /// The `__name` of a value, if it is a string.
    pub(crate) fn metatable_name(&self, value: Value) -> Option<*mut Str> {
        let metatable = self.metatable(value);
        if metatable.is_null() {
            return None;
        }
        // SAFETY: as for `metamethod_of`; strings are not removed from weak tables.
        unsafe {
            let name = Value::from_string(self.metamethods[Metamethod::Name as usize]);
            let node = Table::find(Table::contents(metatable), name);
            if node.is_null() { None } else { (*node).value().as_string() }
        }
    }
}
