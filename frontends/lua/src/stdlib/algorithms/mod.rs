//! What the standard library computes, as safe functions over bytes and plain values.
//!
//! | module | holds |
//! |---|---|
//! | [`error`] | the two ways in which a library function fails |
//! | [`number`] | strings to numbers, floats to integers |
//! | [`float_text`] | floats to decimal text, `tostring` of numbers |
//! | [`hex_float`] | hexadecimal floats, both ways |
//! | [`mod@format`] | the conversions of `string.format` |
//! | [`quote`] | the `%q` conversion: values as Lua source |
//! | [`byte_set`] | character classes |
//! | [`pattern`], [`pattern_match`] | patterns: compiling, matching |
//! | [`pattern_cache`] | compiled patterns, kept |
//! | [`replacement`] | the replacement strings of `string.gsub` |
//! | [`pack`], [`pack_values`] | `string.pack`: its options, and values to bytes and back |
//! | [`utf8`] | the `utf8` library |
//! | [`math`], [`random`] | the `math` library |
//! | [`sort`] | `table.sort`, one comparison at a time |
//! | [`calendar`], [`date`] | `os.time` and `os.date` |
//! | [`positions`] | positions in strings, which may count from the end |
//! | [`numeral_reader`] | `file:read("n")` |
//! | [`search_path`] | `package.searchpath` |
//!
//! Nothing here knows the machine, touches a clock or recurses on the native stack.

pub mod byte_set;
pub mod calendar;
pub mod date;
pub mod error;
pub mod float_text;
pub mod format;
pub mod hex_float;
pub mod math;
pub mod number;
pub mod numeral_reader;
pub mod pack;
pub mod pack_values;
pub mod pattern;
pub mod pattern_cache;
mod pattern_item;
pub mod pattern_match;
pub mod positions;
pub mod quote;
pub mod random;
pub mod replacement;
pub mod search_path;
pub mod sort;
pub mod utf8;

pub use error::{LibraryError, LibraryResult};
pub use number::Number;

#[cfg(test)]
mod peer_tests;
