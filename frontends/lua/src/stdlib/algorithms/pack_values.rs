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

/// Appends `text` for a string option; `argument` is its position, for the error.
///
/// Fails if it is too long, or has zero bytes where it must not.
pub fn write_string(out: &mut Vec<u8>, option: PackOption, text: &[u8], argument: u32) -> LibraryResult<()> {
    let fail = |message: &str| Err(LibraryError::argument(argument, message));
    match option.kind {
        Kind::Fixed { size } => {
            if text.len() > size {
                return fail("string longer than given size");
            }
            out.extend_from_slice(text);
            out.resize(out.len() + size - text.len(), 0);
        }
        Kind::Counted { size } => {
            if size < LUA_INTEGER_SIZE && text.len() >> (size * 8) != 0 {
                return fail("string length does not fit in given size");
            }
            write_in_order(out, &(text.len() as u128).to_le_bytes()[..size], option.order);
            out.extend_from_slice(text);
        }
        _ => {
            if memchr::memchr(0, text).is_some() {
                return fail("string contains zeros");
            }
            out.extend_from_slice(text);
            out.push(0);
        }
    }
    Ok(())
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

/// Reads the values of `format` from `data`, from byte `start` (at most the data's length) on, and returns them with the
/// offset after the last.
pub fn unpack(format: &[u8], data: &[u8], start: usize) -> LibraryResult<(Vec<Unpacked>, usize)> {
    let too_short = || LibraryError::argument(2, "data string too short");
    let mut options = Options::new(format);
    let mut values = Vec::new();
    let mut at = start;
    while let Some(option) = options.next(at)? {
        let size = option.kind.size();
        if option.padding + size > data.len() - at {
            return Err(too_short());
        }
        at += option.padding;
        let bytes = &data[at..at + size];
        at += size;
        let value = match option.kind {
            Kind::Signed { .. } | Kind::Unsigned { .. } => {
                Unpacked::Number(Number::Integer(read_integer(bytes, option)?))
            }
            Kind::Float | Kind::Double => Unpacked::Number(Number::Float(read_float(bytes, option))),
            Kind::Fixed { .. } => Unpacked::Text(at - size..at),
            Kind::Counted { .. } => {
                let length = read_integer(bytes, option)? as u64;
                let length =
                    usize::try_from(length).ok().filter(|&length| length <= data.len() - at).ok_or_else(too_short)?;
                at += length;
                Unpacked::Text(at - length..at)
            }
            Kind::ZeroTerminated => {
                let length = memchr::memchr(0, &data[at..])
                    .ok_or_else(|| LibraryError::argument(2, "unfinished string for format 'z'"))?;
                let text = at..at + length;
                at += length + 1;
                Unpacked::Text(text)
            }
            Kind::Padding | Kind::Nothing => continue,
        };
        values.push(value);
    }
    Ok((values, at))
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
