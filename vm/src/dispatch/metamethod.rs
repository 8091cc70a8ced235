//! Metamethods: their names and how they are found.

use crate::context::Context;
use crate::heap::{Heap, Str, Table};
use crate::value::{Tag, Value};

macro_rules! metamethods {
    ($($name:ident $text:literal;)*) => {
        /// A metamethod. The first eight have a bit in a table's cache of absent ones.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(dead_code, reason = "some are only asked for by name, by hosts")]
        pub(crate) enum Metamethod { $(#[doc = $text] $name,)* }

        const NAMES: &[&str] = &[$($text),*];
        /// How many there are.
        pub(crate) const COUNT: usize = NAMES.len();
    };
}

metamethods! {
    Index "__index"; NewIndex "__newindex"; Eq "__eq"; Len "__len"; Call "__call"; Gc "__gc"; Mode "__mode"; Close "__close";
    Add "__add"; Sub "__sub"; Mul "__mul"; Div "__div"; Mod "__mod"; Pow "__pow"; FloorDiv "__idiv";
    BitAnd "__band"; BitOr "__bor"; BitXor "__bxor"; ShiftLeft "__shl"; ShiftRight "__shr";
    Negate "__unm"; BitNot "__bnot"; Concat "__concat"; Less "__lt"; LessEqual "__le";
    Name "__name"; ToString "__tostring"; Metatable "__metatable"; Pairs "__pairs";
}

/// The names as interned strings.
pub(crate) fn intern_names(heap: &mut Heap) -> [*mut Str; COUNT] {
    let mut names = [std::ptr::null_mut(); COUNT];
    for (slot, name) in names.iter_mut().zip(NAMES) {
        *slot = heap.new_string(name.as_bytes()).expect("a new heap has room for the names");
    }
    names
}

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
