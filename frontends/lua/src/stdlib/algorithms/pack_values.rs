//! Values to bytes and back, as the options of [`super::pack`] say.

use super::error::{LibraryError, LibraryResult};
use super::number::Number;
use super::pack::{ByteOrder, Kind, Options, PackOption};
use std::ops::Range;

/// The size of a Lua integer, in bytes.
const LUA_INTEGER_SIZE: usize = 8;

/// Appends `value` for an integer option of `size` bytes; `argument` is its position, for the error.
///
/// Fails if the value does not fit.
pub fn write_integer(out: &mut Vec<u8>, option: PackOption, value: i64, argument: u32) -> LibraryResult<()> {
    let (size, signed) = match option.kind {
        Kind::Signed { size } => (size, true),
        kind => (kind.size(), false),
    };
    let bits = (size * 8) as u32;
    if size < LUA_INTEGER_SIZE {
        let limit = 1i64 << (bits - 1);
        if signed && !(-limit..limit).contains(&value) {
            return Err(LibraryError::argument(argument, "integer overflow"));
        }
        if !signed && (value as u64) >> bits != 0 {
            return Err(LibraryError::argument(argument, "unsigned overflow"));
        }
    }
    let wide = if signed { i128::from(value) } else { i128::from(value as u64) };
    write_in_order(out, &wide.to_le_bytes()[..size], option.order);
    Ok(())
}

/// Appends `value` for a float option.
pub fn write_float(out: &mut Vec<u8>, option: PackOption, value: f64) {
    if option.kind == Kind::Float {
        write_in_order(out, &(value as f32).to_le_bytes(), option.order);
    } else {
        write_in_order(out, &value.to_le_bytes(), option.order);
    }
}

/// Checks a string for a string option, apart from zero bytes in it; `argument` is its position, for the error.
pub fn check_string(option: PackOption, length: usize, argument: u32) -> LibraryResult<()> {
    match option.kind {
        Kind::Fixed { size } if length > size => Err(LibraryError::argument(argument, "string longer than given size")),
        Kind::Counted { size } if size < LUA_INTEGER_SIZE && length >> (size * 8) != 0 => {
            Err(LibraryError::argument(argument, "string length does not fit in given size"))
        }
        _ => Ok(()),
    }
}

/// The error for zero bytes in a string that a zero byte is to end.
pub fn contains_zeros(argument: u32) -> LibraryError {
    LibraryError::argument(argument, "string contains zeros")
}

/// Appends the length that stands before a counted string.
pub fn write_length(out: &mut Vec<u8>, option: PackOption, length: usize) {
    write_in_order(out, &(length as u128).to_le_bytes()[..option.kind.size()], option.order);
}

fn write_in_order(out: &mut Vec<u8>, little_endian: &[u8], order: ByteOrder) {
    match order {
        ByteOrder::Little => out.extend_from_slice(little_endian),
        ByteOrder::Big => out.extend(little_endian.iter().rev()),
    }
}

/// A value read from packed data.
#[derive(Clone, Debug, PartialEq)]
pub enum Unpacked {
    /// A number.
    Number(Number),
    /// A string: that part of the data.
    Text(Range<usize>),
}

/// What one step of an [`Unpacker`] gave.
#[derive(Clone, Debug, PartialEq)]
pub enum UnpackStep {
    /// A value.
    Value(Unpacked),
    /// Nothing yet.
    Nothing,
    /// The format is at its end.
    End,
}

/// Bytes of a string that a zero byte ends that one step looks at.
const SEARCHED_MAX: usize = 1 << 16;

/// Reads the values of a format from data.
pub struct Unpacker<'f> {
    /// The options that are not read yet.
    pub options: Options<'f>,
    data: &'f [u8],
    /// Where the next value is.
    pub at: usize,
    /// How much of a string at hand was searched for the zero byte that ends it.
    pub searched: usize,
}

impl<'f> Unpacker<'f> {
    /// Goes on in the data at byte `at`, where so much of a string was searched already.
    pub fn new(options: Options<'f>, data: &'f [u8], at: usize, searched: usize) -> Self {
        Self { options, data, at: at.min(data.len()), searched }
    }

    /// Reads the next option, or a part of its value.
    pub fn step(&mut self) -> LibraryResult<UnpackStep> {
        let too_short = || LibraryError::argument(2, "data string too short");
        let before = self.options.clone();
        let Some(option) = self.options.next(self.at)? else { return Ok(UnpackStep::End) };
        let size = option.kind.size();
        if option.padding + size > self.data.len() - self.at {
            return Err(too_short());
        }
        let start = self.at + option.padding;
        let mut at = start + size;
        let bytes = &self.data[start..at];
        let value = match option.kind {
            Kind::Signed { .. } | Kind::Unsigned { .. } => {
                Unpacked::Number(Number::Integer(read_integer(bytes, option)?))
            }
            Kind::Float | Kind::Double => Unpacked::Number(Number::Float(read_float(bytes, option))),
            Kind::Fixed { .. } => Unpacked::Text(start..at),
            Kind::Counted { .. } => {
                let length = read_integer(bytes, option)? as u64;
                let length = usize::try_from(length).ok().filter(|&length| length <= self.data.len() - at);
                let text = at..at + length.ok_or_else(too_short)?;
                at = text.end;
                Unpacked::Text(text)
            }
            Kind::ZeroTerminated => {
                let rest = self.data.get(at + self.searched..).unwrap_or_default();
                let window = &rest[..rest.len().min(SEARCHED_MAX)];
                match memchr::memchr(0, window) {
                    Some(length) => {
                        let text = at..at + self.searched + length;
                        at = text.end + 1;
                        Unpacked::Text(text)
                    }
                    None if window.len() == rest.len() => {
                        return Err(LibraryError::argument(2, "unfinished string for format 'z'"));
                    }
                    None => {
                        self.searched += window.len();
                        self.options = before;
                        return Ok(UnpackStep::Nothing);
                    }
                }
            }
            Kind::Padding | Kind::Nothing => {
                self.at = at;
                return Ok(UnpackStep::Nothing);
            }
        };
        (self.at, self.searched) = (at, 0);
        Ok(UnpackStep::Value(value))
    }
}

/// Reads the values of `format` from `data`, from byte `start` (at most the data's length) on, and returns them with the
/// offset after the last.
#[cfg(test)]
pub fn unpack(format: &[u8], data: &[u8], start: usize) -> LibraryResult<(Vec<Unpacked>, usize)> {
    let mut unpacker = Unpacker::new(Options::new(format), data, start, 0);
    let mut values = Vec::new();
    loop {
        match unpacker.step()? {
            UnpackStep::Value(value) => values.push(value),
            UnpackStep::Nothing => {}
            UnpackStep::End => return Ok((values, unpacker.at)),
        }
    }
}

fn read_integer(bytes: &[u8], option: PackOption) -> LibraryResult<i64> {
    let signed = matches!(option.kind, Kind::Signed { .. });
    let mut wide = [0; 16];
    for (index, &byte) in bytes.iter().enumerate() {
        let place = if option.order == ByteOrder::Little { index } else { bytes.len() - 1 - index };
        wide[place] = byte;
    }
    let unused_bits = ((wide.len() - bytes.len()) * 8) as u32;
    let value = i128::from_le_bytes(wide);
    if bytes.len() <= LUA_INTEGER_SIZE {
        return Ok(if signed { (value << unused_bits >> unused_bits) as i64 } else { value as i64 });
    }
    let fits =
        if signed { i64::try_from(value << unused_bits >> unused_bits).is_ok() } else { value as u128 >> 64 == 0 };
    if fits {
        return Ok(value as i64);
    }
    Err(LibraryError::message(format!("{}-byte integer does not fit into Lua Integer", bytes.len())))
}

fn read_float(bytes: &[u8], option: PackOption) -> f64 {
    let mut wide = [0; 8];
    let width = bytes.len();
    wide[..width].copy_from_slice(bytes);
    if option.order == ByteOrder::Big {
        wide[..width].reverse();
    }
    if option.kind == Kind::Float {
        f64::from(f32::from_bits(u64::from_le_bytes(wide) as u32))
    } else {
        f64::from_le_bytes(wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stdlib::algorithms::pack::packed_size;

    fn option(format: &[u8]) -> PackOption {
        Options::new(format).next(0).expect("valid").expect("one option")
    }

    #[test]
    fn integers_of_all_sizes_round_trip() {
        for size in 1..=16 {
            for value in [0, 1, -1, 127, -128] {
                for order in ["<", ">"] {
                    let format = format!("{order}i{size}");
                    let mut out = Vec::new();
                    write_integer(&mut out, option(format.as_bytes()), value, 2).expect("fits");
                    assert_eq!(out.len(), size);
                    let (values, end) = unpack(format.as_bytes(), &out, 0).expect("valid");
                    assert_eq!((values, end), (vec![Unpacked::Number(Number::Integer(value))], size));
                }
            }
        }
    }

    #[test]
    fn alignment() {
        assert_eq!(packed_size(b"!8 b Xh i4 i8 c1 Xi8"), Ok(24));
        assert_eq!(packed_size(b"!4 i1 !2 i8"), Ok(10));
        assert_eq!(packed_size(b"!3 i4"), Err(LibraryError::argument(1, "format asks for alignment not power of 2")));
        assert_eq!(packed_size(b"X"), Err(LibraryError::argument(1, "invalid next option for option 'X'")));
        assert_eq!(packed_size(b"Xc1"), Err(LibraryError::argument(1, "invalid next option for option 'X'")));
    }

    #[test]
    fn wide_integers_must_fit() {
        let error = LibraryError::message("16-byte integer does not fit into Lua Integer");
        assert_eq!(unpack(b"<i16", &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], 0), Err(error.clone()));
        assert_eq!(unpack(b"<I16", &[0xff; 16], 0), Err(error));
    }
}
