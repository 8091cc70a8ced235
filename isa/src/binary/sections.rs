//! The sections of version 1.

macro_rules! sections {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal;)*) => {
        /// The sections of a file.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Section { $($(#[doc = $doc])+ $name = $number,)* }

        impl Section {
            /// All sections in the order in which they stand, that of their numbers.
            pub const ALL: &'static [Section] = &[$(Section::$name),*];

            /// What it holds.
            pub fn doc(self) -> &'static str {
                match self { $(Section::$name => concat!($($doc, "\n"),+),)* }
            }
        }
    };
}

sections! {
    /// The target, as text; left out where the program names none.
    Target = 0x01;
    /// Signatures.
    Signatures = 0x02;
    /// Layouts.
    Layouts = 0x03;
    /// Declared types.
    Types = 0x04;
    /// Globals.
    Globals = 0x05;
    /// Memories.
    Memories = 0x06;
    /// Tables.
    Tables = 0x07;
    /// Data segments.
    Data = 0x08;
    /// Element segments.
    Elements = 0x09;
    /// Functions, each with its length before it.
    Functions = 0x0a;
    /// Exports.
    Exports = 0x0b;
    /// The start function.
    Start = 0x0c;
    /// Custom sections.
    Custom = 0x0d;
    /// Source files.
    Sources = 0x80;
    /// Names of globals; names of functions, of their locals and of what they capture.
    Names = 0x81;
    /// Where the instructions of functions come from.
    Positions = 0x82;
}

/// Sections with this number and those above it may be skipped: what a program means does not depend on them.
pub const SKIPPABLE: u8 = 0x80;

impl Section {
    /// The section with a number.
    pub fn from_number(number: u8) -> Option<Section> {
        Section::ALL.iter().copied().find(|&section| section as u8 == number)
    }

    /// Whether a reader may skip it.
    pub fn is_skippable(self) -> bool {
        self as u8 >= SKIPPABLE
    }
}
