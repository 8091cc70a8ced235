//! Limits that every program keeps, whatever machine it runs on: part of version 1 of the binary form.

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $ty:ty = $value:expr;)*) => {
        $($(#[doc = $doc])+ pub const $name: $ty = $value;)*

        /// All limits, for the reference.
        pub const ALL: &[Limit] =
            &[$(Limit { name: stringify!($name), doc: concat!($($doc, "\n"),+), value: $name as u64 }),*];
    };
}

/// A limit, as data.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its name here.
    pub name: &'static str,
    /// What it is a limit of.
    pub doc: &'static str,
    /// The most.
    pub value: u64,
}

limits! {
    /// Frame words that the registers of one function may take, with the widest window that an instruction of it needs for what it
    /// calls. Operands of machines are 16 bits wide; what is left is for headers.
    FRAME_WORDS_MAX: u32 = 60_000;
    /// Operands in one list, values captured by one function, fields of one record.
    LIST_MAX: usize = 65_535;
    /// First supertypes above a declared type.
    TYPE_DEPTH_MAX: usize = 64;
    /// Registers that are live where blocks and regions of a function begin, summed over these, for each of its instructions and
    /// regions: bounds what it takes to follow values through the function.
    LIVE_PER_INSTRUCTION_MAX: usize = 256;
    /// How deep an initial value may nest.
    INITIAL_DEPTH_MAX: usize = 100;
    /// Pages of 64 KiB of a memory with 32-bit addresses.
    MEMORY_PAGES_MAX: u64 = 1 << 16;
    /// Pages of one byte of a memory with 32-bit addresses: their number is an `i32`.
    MEMORY_BYTES_MAX: u64 = u32::MAX as u64;
    /// Pages of 64 KiB of a memory with 64-bit addresses.
    MEMORY_PAGES_64_MAX: u64 = 1 << 48;
    /// Elements of a table with 32-bit indices.
    TABLE_ELEMENTS_MAX: u64 = u32::MAX as u64;
    /// Largest count or index that is part of an instruction.
    NUMBER_MAX: u64 = u32::MAX as u64;
    /// What an access to a memory with 32-bit addresses adds to its address.
    OFFSET_MAX: u64 = u32::MAX as u64;
    /// Largest index of an item, register, constant or block.
    INDEX_MAX: u32 = u32::MAX >> 1;
}

/// Rejections that the verifier lists for one function; the last one then says how many more there are.
pub const REJECTIONS_PER_FUNCTION: usize = 100;

/// Functions with rejections after which the verifier stops looking.
pub const REJECTED_FUNCTIONS_MAX: usize = 100;
