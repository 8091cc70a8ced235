//! Limits that every program keeps, whatever machine it runs on.

/// Frame words that the registers of one function may take, with the widest window that an instruction of it needs for what it
/// calls ([`window_words`](crate::frame::window_words)). Operands of machines are 16 bits wide; what is left is for headers.
pub const FRAME_WORDS_MAX: u32 = 60_000;

/// Operands in one list, values captured by one function, fields of one record.
pub const LIST_MAX: usize = 65_535;

/// First supertypes above a declared type.
pub const TYPE_DEPTH_MAX: usize = 64;

/// Registers that are live where blocks and regions of a function begin, summed over these, for each of its instructions and
/// regions: bounds what it takes to follow values through the function.
pub const LIVE_PER_INSTRUCTION_MAX: usize = 256;

/// How deep an initial value may nest.
pub const INITIAL_DEPTH_MAX: usize = 100;

/// Pages of 64 KiB of a memory with 32-bit addresses.
pub const MEMORY_PAGES_MAX: u64 = 1 << 16;

/// Pages of one byte of a memory with 32-bit addresses: their number is an `i32`.
pub const MEMORY_BYTES_MAX: u64 = u32::MAX as u64;

/// Pages of 64 KiB of a memory with 64-bit addresses.
pub const MEMORY_PAGES_64_MAX: u64 = 1 << 48;

/// Elements of a table with 32-bit indices.
pub const TABLE_ELEMENTS_MAX: u64 = u32::MAX as u64;

/// Largest count or index that is part of an instruction.
pub const NUMBER_MAX: u64 = u32::MAX as u64;

/// Rejections that the verifier lists for one function; the last one then says how many more there are.
pub const REJECTIONS_PER_FUNCTION: usize = 100;

/// Functions with rejections after which the verifier stops looking.
pub const REJECTED_FUNCTIONS_MAX: usize = 100;
