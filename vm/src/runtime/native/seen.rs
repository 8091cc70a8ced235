//! What was seen of `any` code at one instruction.

use crate::number::Numeric;

/// Operands of an instruction that are looked at.
pub const OPERANDS: usize = 3;

/// Functions that a call was seen to call.
pub const GUESTS_MAX: usize = 4;

/// Metatables that a method is looked for behind.
pub const HOPS_MAX: usize = 2;

/// No field was found.
pub const NO_NODE: u32 = u32::MAX;
/// A field was found in several places.
pub const MANY_NODES: u32 = u32::MAX - 1;

/// No open list was taken.
pub const NO_OPEN: u32 = u32::MAX;
/// Open lists of several lengths were taken.
pub const MANY_OPEN: u32 = u32::MAX - 1;

/// What was seen at one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// How often it ran.
    pub count: u32,
    /// The kinds of its `any` inputs, in their order: a bit for each tag.
    pub tags: [u16; OPERANDS],
    /// Functions with code were called.
    pub calls_guests: bool,
    /// Something else was called.
    pub calls_others: bool,
    /// A host function without a fast path was called, or something that is no function.
    pub calls_slowly: bool,
    /// The functions with code that were called, by the address of what closures name, then 0; not more than there is room for.
    pub guests: [u64; GUESTS_MAX],
    /// The host function that was called, by the address of what closures name; 0 for none, 1 for several.
    pub host: u64,
    /// What of one number that function gives, or the last one of several.
    pub numeric: Option<Numeric>,
    /// The number of values of the open list that it took; [`NO_OPEN`], [`MANY_OPEN`].
    pub open: u32,
    /// The place of the field or method that its constant key names, in the hash part of the table; [`NO_NODE`], [`MANY_NODES`].
    pub node: u32,
    /// The places of `__index` in the metatables that a method was found behind, one after the other, then [`NO_NODE`].
    pub behind: [u32; HOPS_MAX],
    /// The kinds of the values that were where a table has the key, in its own array part or hash part: a bit for each tag, that
    /// of nil where nothing was.
    pub found: u16,
}

impl Seen {
    /// Nothing.
    pub const NOTHING: Seen = Seen {
        count: 0,
        tags: [0; OPERANDS],
        calls_guests: false,
        calls_others: false,
        calls_slowly: false,
        guests: [0; GUESTS_MAX],
        host: 0,
        numeric: None,
        open: NO_OPEN,
        node: NO_NODE,
        behind: [NO_NODE; HOPS_MAX],
        found: 0,
    };
}
