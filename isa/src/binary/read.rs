//! Reads the numbers, strings and lists that the binary form is made of. Whatever the bytes are, it takes no more memory
//! than a small multiple of them and never panics.

use super::DecodeError;
use crate::allowance::Allowance;
use crate::limits::INDEX_MAX;
use crate::size::list_bytes;
use crate::steps;
use cranelift_entity::EntityRef;
use std::ops::Range;

/// Bytes that are being read; a part of a file, with offsets from the beginning of the file.
pub(super) struct Reader<'a> {
    file: &'a [u8],
    pub(super) at: usize,
    end: usize,
    allowance: &'a mut Allowance,
}

/// Items that room is made for before they have been read.
const RESERVED_MAX: usize = 1024;

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a [u8], allowance: &'a mut Allowance) -> Self {
        Reader { file, at: 0, end: file.len(), allowance }
    }

    /// A part of a file.
    pub(super) fn within(file: &'a [u8], part: Range<usize>, allowance: &'a mut Allowance) -> Self {
        Reader { file, at: part.start, end: part.end, allowance }
    }

    /// Where the next byte is, in a file of less than 4 GiB.
    pub(super) fn place(&self) -> u32 {
        u32::try_from(self.at).expect("the file has less than 4 GiB")
    }

    /// Takes bytes of the allowance.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), DecodeError> {
        match self.allowance.take(bytes) {
            Ok(()) => Ok(()),
            Err(exhausted) => self.error(self.at, exhausted.to_string()),
        }
    }

    pub(super) fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, DecodeError> {
        Err(DecodeError { offset, message: message.into() })
    }

    pub(super) fn remaining(&self) -> usize {
        self.end - self.at
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        if length > self.remaining() {
            return self.error(
                self.at,
                format!("the file ends too early: {length} bytes are needed, {} are left", self.remaining()),
            );
        }
        steps::count(1 + length);
        let bytes = &self.file[self.at..self.at + length];
        self.at += length;
        Ok(bytes)
    }

    pub(super) fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], DecodeError> {
        let bytes = self.bytes(LENGTH)?;
        Ok(bytes.try_into().expect("as many bytes were asked for"))
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        let start = self.at;
        if let Some(&byte) = self.file[..self.end].get(start)
            && byte < 0x80
        {
            steps::count(2);
            self.at += 1;
            return Ok(byte.into());
        }
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || (shift == 63 && bits > 1) {
                return self.error(start, "a number of more than 64 bits");
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return self.error(start, "a number that is not in its shortest form");
                }
                break;
            }
        }
        Ok(value)
    }

    pub(super) fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(super) fn number_u32(&mut self) -> Result<u32, DecodeError> {
        let start = self.at;
        let value = self.number()?;
        u32::try_from(value).or_else(|_| self.error(start, format!("{value} does not fit into 32 bits")))
    }

    /// A number by how far it is from the one before it.
    pub(super) fn difference(&mut self, before: &mut u32) -> Result<u32, DecodeError> {
        let start = self.at;
        let value = self.signed()?;
        let Ok(difference) = i32::try_from(value) else {
            return self.error(start, format!("{value} does not fit into 32 bits"));
        };
        *before = before.wrapping_add(difference.cast_unsigned());
        Ok(*before)
    }

    /// An index; indices have 31 bits.
    pub(super) fn index<E: EntityRef>(&mut self) -> Result<E, DecodeError> {
        let start = self.at;
        let value = self.number()?;
        match usize::try_from(value) {
            Ok(index) if index <= INDEX_MAX as usize => Ok(E::new(index)),
            _ => self.error(start, format!("the index {value} does not fit into 31 bits")),
        }
    }

    /// A count of things that each take at least one byte.
    pub(super) fn count(&mut self) -> Result<usize, DecodeError> {
        let start = self.at;
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.remaining() => Ok(count),
            _ => self
                .error(start, format!("{count} entries are announced, but only {} bytes are left", self.remaining())),
        }
    }

    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count()?;
        self.take(list_bytes::<T>(count))?;
        let mut items = Vec::with_capacity(count.min(RESERVED_MAX));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(super) fn string(&mut self) -> Result<Box<[u8]>, DecodeError> {
        let length = self.count()?;
        self.take(list_bytes::<u8>(length))?;
        self.bytes(length).map(Into::into)
    }

    pub(super) fn name(&mut self) -> Result<String, DecodeError> {
        let length = self.count()?;
        self.take(list_bytes::<u8>(length))?;
        let start = self.at;
        let bytes = self.bytes(length)?;
        match std::str::from_utf8(bytes) {
            Ok(name) => Ok(name.into()),
            Err(error) => self.error(start + error.valid_up_to(), "a name that is not UTF-8"),
        }
    }

    pub(super) fn flag(&mut self) -> Result<bool, DecodeError> {
        let start = self.at;
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            byte => self.error(start, format!("{byte} is neither 0 nor 1")),
        }
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    /// Something with its length before it, which must be exactly that long.
    pub(super) fn sized<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let length = self.count()?;
        let outer = std::mem::replace(&mut self.end, self.at + length);
        let value = read(self)?;
        if self.at < self.end {
            return self.error(self.at, format!("{} bytes are left over in {what}", self.remaining()));
        }
        self.end = outer;
        Ok(value)
    }

    /// Passes over something with its length before it, which it gives.
    pub(super) fn skip(&mut self) -> Result<usize, DecodeError> {
        let length = self.count()?;
        self.bytes(length).map(<[u8]>::len)
    }

    /// Passes over so many numbers, whatever they are.
    pub(super) fn skip_numbers(&mut self, count: usize) -> Result<(), DecodeError> {
        const LAST_BYTES: u64 = 0x8080_8080_8080_8080;
        let mut left = count;
        // Most are short: a word may hold the last bytes of eight. The product has the sum of its bytes on top.
        let (words, _) = self.file[self.at..self.end].as_chunks();
        for &word in words {
            if left < 8 {
                break;
            }
            let last_bytes = (!u64::from_le_bytes(word) & LAST_BYTES) >> 7;
            left -= (last_bytes.wrapping_mul(0x0101_0101_0101_0101) >> 56) as usize;
            steps::count(8);
            self.at += 8;
        }
        while left > 0 {
            left -= usize::from(self.byte()? < 0x80);
        }
        Ok(())
    }

    /// A byte that stands for one of a few cases.
    pub(super) fn tag<T>(&mut self, what: &str, find: impl FnOnce(u8) -> Option<T>) -> Result<T, DecodeError> {
        let start = self.at;
        let byte = self.byte()?;
        match find(byte) {
            Some(value) => Ok(value),
            None => self.error(start, format!("{byte} stands for no {what}")),
        }
    }
}
