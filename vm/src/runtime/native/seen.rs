//! What was seen of `any` code at one instruction.

/// Operands of an instruction that are looked at.
pub const OPERANDS: usize = 3;

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
    /// The function with code that was called, by the address of what closures name; 0 for none, 1 for several.
    pub guest: u64,
    /// The host function that was called, by the address of what closures name; 0 for none, 1 for several.
    pub host: u64,
    /// The number of values of the open list that it took; [`NO_OPEN`], [`MANY_OPEN`].
    pub open: u32,
    /// The place of the field that its constant key names, in the hash part of the table; [`NO_NODE`], [`MANY_NODES`].
    pub node: u32,
}

impl Seen {
    /// Nothing.
    pub const NOTHING: Seen = Seen {
        count: 0,
        tags: [0; OPERANDS],
        calls_guests: false,
        calls_others: false,
        calls_slowly: false,
        guest: 0,
        host: 0,
        open: NO_OPEN,
        node: NO_NODE,
    };
}
