//! Values that refer to cells of the heap: one constructor and one inspector for each kind.

use super::{Array, Cell, Closure, FiberCell, Header, Record, Str, Table, Userdata};
use crate::value::{Tag, Value, float_to_int};

/// Constructor and inspector of each heap kind.
macro_rules! object_kinds {
    ($($tag:ident $type:ident $from:ident $to:ident;)*) => {$(
        #[doc = concat!("The value that refers to a [`", stringify!($type), "`].")]
        ///
        /// # Safety
        /// `cell` is a live cell of this kind, and stays reachable from the roots while the value is used.
        #[inline(always)]
        pub(crate) unsafe fn $from(cell: *mut $type) -> Value {
            Value { payload: cell.expose_provenance() as u64, tag: Tag::$tag }
        }

        #[doc = concat!("The [`", stringify!($type), "`] this value refers to, if it is one.")]
        #[inline(always)]
        #[allow(dead_code, reason = "each kind has one")]
        pub(crate) fn $to(self) -> Option<*mut $type> {
            if self.tag == Tag::$tag { Some(self.pointer().cast()) } else { None }
        }
    )*};
}

impl Value {
    object_kinds! {
        STRING Str from_string as_string;
        TABLE Table from_table as_table;
        FUNCTION Closure from_function as_function;
        FIBER FiberCell from_fiber as_fiber;
        USERDATA Userdata from_userdata as_userdata;
        RECORD Record from_record as_record;
        ARRAY Array from_array as_array;
        CELL Cell from_cell as_cell;
        BUFFER Str from_buffer as_buffer;
    }

    /// The value that refers to a cell, whatever its kind.
    ///
    /// # Safety
    /// `cell` is a live cell and stays reachable from the roots while the value is used.
    #[inline(always)]
    pub(crate) unsafe fn from_object(cell: *mut Header) -> Value {
        // SAFETY: the caller gives a live cell, and every cell that values refer to begins with a header whose kind is
        // the tag.
        let tag = Tag(u32::from(unsafe { (*cell).kind() }));
        Value { payload: cell.expose_provenance() as u64, tag }
    }

    /// The cell this value refers to, whatever its kind, if it is a heap value.
    #[inline(always)]
    pub(crate) fn as_object(self) -> Option<*mut Header> {
        if self.is_object() { Some(self.pointer()) } else { None }
    }

    /// The payload as an address; meaningful for heap kinds only.
    #[inline(always)]
    pub(crate) fn pointer(self) -> *mut Header {
        std::ptr::with_exposed_provenance_mut(self.payload as usize)
    }

    /// Equality without metamethods: numbers by mathematical value, strings by content, everything else by identity.
    #[inline]
    pub fn raw_equals(self, other: Value) -> bool {
        if self.tag == other.tag {
            match self.tag {
                Tag::NIL | Tag::FALSE | Tag::TRUE => true,
                Tag::FLOAT => f64::from_bits(self.payload) == f64::from_bits(other.payload),
                Tag::STRING if self.payload != other.payload => {
                    // SAFETY: both came from constructors whose callers keep the strings alive.
                    unsafe { Str::equals(self.pointer().cast(), other.pointer().cast()) }
                }
                _ => self.payload == other.payload,
            }
        } else {
            match (self.tag, other.tag) {
                (Tag::INT, Tag::FLOAT) => float_to_int(f64::from_bits(other.payload)) == Some(self.payload as i64),
                (Tag::FLOAT, Tag::INT) => float_to_int(f64::from_bits(self.payload)) == Some(other.payload as i64),
                _ => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(Value::int(1).raw_equals(Value::float(1.0)));
        assert!(Value::float(0.0).raw_equals(Value::float(-0.0)));
        assert!(!Value::float(f64::NAN).raw_equals(Value::float(f64::NAN)));
        assert!(!Value::int(i64::MAX).raw_equals(Value::float(9_223_372_036_854_775_808.0)));
        assert!(Value::int(i64::MIN).raw_equals(Value::float(-9_223_372_036_854_775_808.0)));
        assert!(!Value::int(0).raw_equals(Value::FALSE));
    }
}
