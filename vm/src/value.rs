//! The tagged value: one payload word and one tag, exactly as an `any` register lies in a frame.
//! It knows the kinds of heap cells by name only; what they look like is the heap's business.

use std::fmt;

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

    /// The value with these two words.
    ///
    /// # Safety
    /// The words were taken from a value: for a heap tag, `payload` is the exposed address of a live cell of that kind
    /// that stays reachable while the value is used; for nil and booleans it is 0.
    #[inline(always)]
    pub(crate) const unsafe fn from_parts(payload: u64, tag: Tag) -> Value {
        Value { payload, tag }
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

    /// Whether this is a table.
    #[inline(always)]
    pub const fn is_table(self) -> bool {
        self.tag.0 == Tag::TABLE.0
    }

    /// Whether this is a function.
    #[inline(always)]
    pub const fn is_function(self) -> bool {
        self.tag.0 == Tag::FUNCTION.0
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

/// The name of a kind, as programs know it.
pub(crate) fn tag_name(tag: Tag) -> &'static str {
    match tag {
        Tag::NIL => "nil",
        Tag::FALSE | Tag::TRUE => "boolean",
        Tag::INT | Tag::FLOAT => "number",
        Tag::STRING => "string",
        Tag::TABLE => "table",
        Tag::FUNCTION => "function",
        Tag::FIBER => "thread",
        _ => "userdata",
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
    fn truthiness_follows_the_tag_order() {
        assert!(!Value::NIL.is_truthy() && !Value::FALSE.is_truthy());
        assert!(Value::TRUE.is_truthy() && Value::int(0).is_truthy());
        assert_eq!(Value::bool(true).tag(), Tag::TRUE);
        assert_eq!(float_to_int(2.5), None);
        assert_eq!(float_to_int(f64::INFINITY), None);
    }
}
