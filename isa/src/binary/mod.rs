//! The binary form of programs (`.mvm`).
//!
//! A file is the magic bytes `\0mvm`, the version (`u32`), the bits of the features that the program needs (`u64`), then sections
//! in ascending order of their numbers, empty ones left out: a byte with the number ([`Section`]), the length of the contents,
//! the contents. Fixed-size numbers are little-endian. Counts, lengths and indices are LEB128 in their shortest form, signed
//! numbers zigzag LEB128. The same program always gives the same bytes.
//!
//! What is written is version 1, which will be read for as long as there are later ones; what may be added to it, and how, stands
//! in `REFERENCE.md`. Sections from [`SKIPPABLE`] on that are not known are skipped, everything else that is not known is refused.
//! Files of version 0 are read, too.

mod decode;
mod decode_function;
mod decode_names;
mod encode;
mod encode_names;
mod later;
mod read;
mod sections;
mod version_0;
mod write;

pub use decode::{decode, decode_within};
pub use encode::encode;
pub use later::decode_later;
pub use sections::{SKIPPABLE, Section};

use std::fmt;

/// The first bytes of every file.
pub const MAGIC: [u8; 4] = *b"\0mvm";

/// The version that is written, and the newest one that is read.
pub const VERSION: u32 = 1;

/// Why bytes are not a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// Byte of the file where it was noticed.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {:#x}: {}", self.offset, self.message)
    }
}

impl std::error::Error for DecodeError {}

/// Whether bytes begin as a binary program does.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The version that a binary program says it is of, known here or not; none of other bytes.
pub fn version_of(bytes: &[u8]) -> Option<u32> {
    let (version, _) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
    Some(u32::from_le_bytes(*version))
}
