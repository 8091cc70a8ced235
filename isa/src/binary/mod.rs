//! The binary form of programs (`.mvm`).
//!
//! A file is the magic bytes `\0mvm`, the version (`u32`), the feature bits (`u64`), then sections in ascending order of
//! their numbers, empty ones left out: a byte with the number ([`Section`]), the length of the contents, the contents.
//! Fixed-size numbers are little-endian. Counts, lengths and indices are LEB128 in their shortest form, signed numbers
//! zigzag LEB128. The same program always gives the same bytes.
//!
//! While the version is 0 the form may change; a file of another version, or with feature bits that are not known here, is
//! refused.

mod decode;
mod decode_function;
mod encode;
mod read;
mod write;

pub use decode::{decode, decode_within};
pub use encode::encode;

use crate::Program;
use crate::program::{FunctionDef, PAGE_BITS};
use crate::types::{Storage, Type};
use std::fmt;

/// The first bytes of every file.
pub const MAGIC: [u8; 4] = *b"\0mvm";

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 0;

/// Feature bit: a memory or table has 64-bit addresses.
pub const FEATURE_ADDRESS_64: u64 = 1 << 0;

/// Feature bit: a memory is shared between threads.
pub const FEATURE_SHARED_MEMORY: u64 = 1 << 1;

/// Feature bit: something has type `v128`.
pub const FEATURE_V128: u64 = 1 << 2;

/// Feature bit: a memory has pages of one byte.
pub const FEATURE_PAGE_SIZES: u64 = 1 << 3;

/// All feature bits that are known here.
pub const FEATURES_KNOWN: u64 = FEATURE_ADDRESS_64 | FEATURE_SHARED_MEMORY | FEATURE_V128 | FEATURE_PAGE_SIZES;

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// The sections of a file.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Section { $($(#[$doc])* $name = $number,)* }

        impl Section {
            /// All sections in the order in which they stand.
            pub const ALL: &'static [Section] = &[$(Section::$name),*];
        }
    };
}

sections! {
    /// The target, as text; left out when it is `unknown`.
    Target = 1;
    /// Source files.
    Sources = 2;
    /// Signatures.
    Signatures = 3;
    /// Layouts.
    Layouts = 4;
    /// Globals.
    Globals = 5;
    /// Memories.
    Memories = 6;
    /// Tables.
    Tables = 7;
    /// Data segments.
    Data = 8;
    /// Element segments.
    Elements = 9;
    /// Functions, each with its length before it.
    Functions = 10;
    /// Exports.
    Exports = 11;
    /// The start function.
    Start = 12;
    /// Custom sections.
    Custom = 13;
    /// Declared types.
    Types = 14;
}

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

/// The feature bits of a program.
pub fn features(program: &Program) -> u64 {
    let is_64 =
        program.memories.values().any(|memory| memory.is_64) || program.tables.values().any(|table| table.is_64);
    let is_shared = program.memories.values().any(|memory| memory.is_shared);
    let bit = |is_used: bool, bit: u64| if is_used { bit } else { 0 };
    let has_bytes = program.memories.values().any(|memory| memory.page_bits != PAGE_BITS);
    bit(is_64, FEATURE_ADDRESS_64)
        | bit(is_shared, FEATURE_SHARED_MEMORY)
        | bit(has_v128(program), FEATURE_V128)
        | bit(has_bytes, FEATURE_PAGE_SIZES)
}

fn has_v128(program: &Program) -> bool {
    let in_signatures =
        program.signatures.values().any(|signature| signature.params.iter().chain(&signature.results).any(is_v128));
    let is_stored = |storage: &Storage| *storage == Storage::Whole(Type::V128);
    let in_layouts = program.layouts.values().any(|layout| layout.storages().iter().any(is_stored));
    let in_functions = program.functions.values().any(|function| match function {
        FunctionDef::Import { .. } => false,
        FunctionDef::Code(code) => {
            code.registers.values().any(is_v128) || code.constants.values().any(|constant| is_v128(&constant.ty()))
        }
    });
    in_signatures || in_layouts || in_functions || program.globals.values().any(|global| is_v128(&global.ty))
}

fn is_v128(ty: &Type) -> bool {
    *ty == Type::V128
}
