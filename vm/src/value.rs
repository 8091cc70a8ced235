//! The tagged value: one payload word and one tag, exactly as an `any` register lies in a frame.
//! It knows the kinds of heap cells by name only; what they look like is the heap's business.

use std::fmt;

use crate::heap::{Array, Cell, Closure, FiberCell, Header, Record, Str, Table, Userdata};

/// The kind of a [`Value`], in the low 32 bits of its second word.
///
/// The order is part of the contract: everything up to [`Tag::FALSE`] is falsy, everything from [`Tag::STRING`] on is a
/// heap cell.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// The absent value.
    pub const NIL: Tag = Tag(0);
    /// The boolean `false`.
    pub const FALSE: Tag = Tag(1);
    /// The boolean `true`.
    pub const TRUE: Tag = Tag(2);
    /// A 64-bit signed integer.
    pub const INT: Tag = Tag(3);
    /// A 64-bit float.
    pub const FLOAT: Tag = Tag(4);
    /// An immutable byte string; the first of the heap kinds.
    pub const STRING: Tag = Tag(5);
    /// A table.
    pub const TABLE: Tag = Tag(6);
    /// A closure.
    pub const FUNCTION: Tag = Tag(7);
    /// A fiber.
    pub const FIBER: Tag = Tag(8);
    /// A host object.
    pub const USERDATA: Tag = Tag(9);
    /// A record of fixed layout.
    pub const RECORD: Tag = Tag(10);
    /// An array of one element kind.
    pub const ARRAY: Tag = Tag(11);
    /// A captured variable.
    pub const CELL: Tag = Tag(12);
    /// A string that a host function is writing; programs never see one.
    pub const BUFFER: Tag = Tag(13);

    /// Whether a value of this kind refers to a heap cell.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 >= Tag::STRING.0
    }

    /// The name of the kind, for messages and dumps.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "nil",
            1 => "false",
            2 => "true",
            3 => "integer",
            4 => "float",
            5 => "string",
            6 => "table",
            7 => "function",
            8 => "fiber",
            9 => "userdata",
            10 => "record",
            11 => "array",
            12 => "cell",
            13 => "buffer",
            _ => "unknown",
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value of any kind: payload word, then tag.
///
/// Integers and floats keep their bits in the payload, booleans and nil have payload 0, heap kinds keep the address of
/// their cell. Values of heap kinds come only from `unsafe` constructors, whose caller promises that the cell stays
/// alive while the value is used; the safe inspectors rely on that promise.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    pub(crate) payload: u64,
    pub(crate) tag: Tag,
}

/// Constructor and inspector of each heap kind.
macro_rules! object_kinds {
    ($($tag:ident $type:ident $from:ident $to:ident;)*) => {$(
        #[doc = concat!("The value that refers to a [`", stringify!($type), "`].")]
        ///
        /// # Safety
        /// `cell` is a live cell of this kind, and stays reachable from the roots while the value is used.
        #[inline(always)]
        pub unsafe fn $from(cell: *mut $type) -> Value {
            Value { payload: cell.expose_provenance() as u64, tag: Tag::$tag }
        }

        #[doc = concat!("The [`", stringify!($type), "`] this value refers to, if it is one.")]
        #[inline(always)]
        pub fn $to(self) -> Option<*mut $type> {
            if self.tag == Tag::$tag { Some(self.pointer().cast()) } else { None }
        }
    )*};
}

impl Value {
    /// The absent value.
    pub const NIL: Value = Value { payload: 0, tag: Tag::NIL };
    /// The boolean `false`.
    pub const FALSE: Value = Value { payload: 0, tag: Tag::FALSE };
    /// The boolean `true`.
    pub const TRUE: Value = Value { payload: 0, tag: Tag::TRUE };

    /// A boolean.
    #[inline(always)]
    pub const fn bool(value: bool) -> Value {
        Value { payload: 0, tag: Tag(Tag::FALSE.0 + value as u32) }
    }

    /// A 64-bit integer.
    #[inline(always)]
    pub const fn int(value: i64) -> Value {
        Value { payload: value as u64, tag: Tag::INT }
    }

    /// A 64-bit float.
    #[inline(always)]
    pub const fn float(value: f64) -> Value {
        Value { payload: value.to_bits(), tag: Tag::FLOAT }
    }

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

    /// The value with these two words.
    ///
    /// # Safety
    /// The words were taken from a value: for a heap tag, `payload` is the exposed address of a live cell of that kind
    /// that stays reachable while the value is used; for nil and booleans it is 0.
    #[inline(always)]
    pub const unsafe fn from_parts(payload: u64, tag: Tag) -> Value {
        Value { payload, tag }
    }

    /// The value that refers to a cell, whatever its kind.
    ///
    /// # Safety
    /// `cell` is a live cell and stays reachable from the roots while the value is used.
    #[inline(always)]
    pub unsafe fn from_object(cell: *mut Header) -> Value {
        // SAFETY: the caller gives a live cell, and every cell that values refer to begins with a header whose kind is
        // the tag.
        let tag = Tag(u32::from(unsafe { (*cell).kind() }));
        Value { payload: cell.expose_provenance() as u64, tag }
    }

    /// The payload word.
    #[inline(always)]
    pub const fn payload(self) -> u64 {
        self.payload
    }

    /// The kind.
    #[inline(always)]
    pub const fn tag(self) -> Tag {
        self.tag
    }

    /// Whether this is nil.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.tag.0 == Tag::NIL.0
    }

    /// Whether this counts as true: everything but nil and `false`.
    #[inline(always)]
    pub const fn is_truthy(self) -> bool {
        self.tag.0 > Tag::FALSE.0
    }

    /// Whether this refers to a heap cell.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.tag.is_object()
    }

    /// The boolean, if it is one.
    #[inline(always)]
    pub fn as_bool(self) -> Option<bool> {
        match self.tag {
            Tag::FALSE => Some(false),
            Tag::TRUE => Some(true),
            _ => None,
        }
    }

    /// The integer, if it is one (floats are not converted).
    #[inline(always)]
    pub fn as_int(self) -> Option<i64> {
        if self.tag == Tag::INT { Some(self.payload as i64) } else { None }
    }

    /// The float, if it is one (integers are not converted).
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        if self.tag == Tag::FLOAT { Some(f64::from_bits(self.payload)) } else { None }
    }

    /// The cell this value refers to, whatever its kind, if it is a heap value.
    #[inline(always)]
    pub fn as_object(self) -> Option<*mut Header> {
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

    /// Reads a slot as two separate words.
    ///
    /// A 16-byte vector copy would wait for the two narrower stores that wrote the slot; 8 + 4 bytes are forwarded.
    ///
    /// # Safety
    /// `slot` is valid for reads and holds a value.
    #[inline(always)]
    pub unsafe fn load(slot: *const Value) -> Value {
        // SAFETY: the caller gives a readable slot.
        unsafe { Value { payload: (*slot).payload, tag: (*slot).tag } }
    }

    /// Writes a slot as two separate words; see [`Value::load`]. Applies no barrier.
    ///
    /// # Safety
    /// `slot` is valid for writes.
    #[inline(always)]
    pub unsafe fn store(self, slot: *mut Value) {
        // SAFETY: the caller gives a writable slot.
        unsafe {
            (*slot).payload = self.payload;
            (*slot).tag = self.tag;
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Value::NIL
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::float(value)
    }
}

impl fmt::Debug for Value {
    /// Prints no address: heap values show their kind only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag {
            Tag::INT => write!(f, "{}", self.payload as i64),
            Tag::FLOAT => write!(f, "{:?}", f64::from_bits(self.payload)),
            tag => f.write_str(tag.name()),
        }
    }
}

/// The integer that is exactly this float, if there is one.
#[inline]
pub fn float_to_int(value: f64) -> Option<i64> {
    // -2^63 and 2^63 are exact floats; the range is half open because 2^63 itself does not fit.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        let int = value as i64;
        if int as f64 == value { Some(int) } else { None }
    } else {
        None
    }
}

const _: () = assert!(size_of::<Value>() == 16 && std::mem::offset_of!(Value, tag) == 8, "a value is two words");

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

    #[test]
    fn truthiness_follows_the_tag_order() {
        assert!(!Value::NIL.is_truthy() && !Value::FALSE.is_truthy());
        assert!(Value::TRUE.is_truthy() && Value::int(0).is_truthy());
        assert_eq!(Value::bool(true).tag(), Tag::TRUE);
        assert_eq!(float_to_int(2.5), None);
        assert_eq!(float_to_int(f64::INFINITY), None);
    }
}
