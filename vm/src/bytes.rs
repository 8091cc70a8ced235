//! Bytes of a snapshot: little-endian numbers, LEB128 counts. A reader trusts nothing and never reads past its end.

use std::fmt;

/// Why a state cannot be saved or loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Something in the state cannot travel, by name.
    Refused(String),
    /// The bytes are not what a machine wrote.
    Damaged(String),
    /// They are, but this machine lacks something: a version, a host function, a state, a program.
    Missing(String),
    /// There is not so much memory, or the limits do not allow it.
    OutOfMemory,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Refused(what) => write!(f, "this state cannot be saved: {what}"),
            SnapshotError::Damaged(what) => write!(f, "the snapshot is damaged: {what}"),
            SnapshotError::Missing(what) => write!(f, "the snapshot cannot be loaded here: {what}"),
            SnapshotError::OutOfMemory => f.write_str("there is not enough memory for the snapshot"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// What a codec finds wrong with its bytes.
impl From<String> for SnapshotError {
    fn from(what: String) -> Self {
        SnapshotError::Damaged(what)
    }
}

/// Writes the parts of a snapshot.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Writer::default()
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.bytes.push(u8::from(flag));
    }

    /// A number in LEB128.
    #[inline(always)]
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A count or an index.
    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// A signed number in zigzag LEB128.
    #[inline(always)]
    pub(crate) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    #[inline(always)]
    pub(crate) fn word(&mut self, word: u64) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes with their number before them.
    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    /// Writes four bytes over those at a place.
    pub(crate) fn patch(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
}

/// Reads the parts of a snapshot.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// What the bytes are, for messages.
    part: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Reader { rest: bytes, part }
    }

    /// The error that something here makes no sense.
    #[cold]
    pub(crate) fn damaged(&self, what: &str) -> SnapshotError {
        SnapshotError::Damaged(format!("{}: {what}", self.part))
    }

    #[cold]
    fn ended(&self) -> SnapshotError {
        self.damaged("it ends too early")
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Everything was read.
    pub(crate) fn end(&self) -> Result<(), SnapshotError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged("there are bytes after its end")) }
    }

    #[inline(always)]
    pub(crate) fn raw(&mut self, count: usize) -> Result<&'a [u8], SnapshotError> {
        match self.rest.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.ended()),
        }
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self) -> Result<u8, SnapshotError> {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                Ok(byte)
            }
            None => Err(self.ended()),
        }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.damaged("a flag is neither 0 nor 1")),
        }
    }

    #[inline(always)]
    pub(crate) fn number(&mut self) -> Result<u64, SnapshotError> {
        let first = self.byte()?;
        if first < 0x80 { Ok(u64::from(first)) } else { self.long_number(first) }
    }

    #[inline(never)]
    fn long_number(&mut self, first: u8) -> Result<u64, SnapshotError> {
        let mut number = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || bits << shift >> shift != bits {
                return Err(self.damaged("a number is too large"));
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    #[inline(always)]
    pub(crate) fn signed(&mut self) -> Result<i64, SnapshotError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// An index or size.
    pub(crate) fn size(&mut self) -> Result<usize, SnapshotError> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| self.damaged("a size is too large"))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SnapshotError> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.damaged("a number is too large"))
    }

    /// The number of items that follow here, each of at least one byte.
    pub(crate) fn count(&mut self) -> Result<usize, SnapshotError> {
        let count = self.size()?;
        if count > self.rest.len() { Err(self.damaged("there are fewer items than it says")) } else { Ok(count) }
    }

    #[inline(always)]
    pub(crate) fn word(&mut self) -> Result<u64, SnapshotError> {
        let bytes = self.raw(8)?;
        Ok(u64::from_le_bytes(bytes.try_into().expect("eight bytes were taken")))
    }

    pub(crate) fn fixed_u32(&mut self) -> Result<u32, SnapshotError> {
        let bytes = self.raw(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were taken")))
    }

    pub(crate) fn block(&mut self) -> Result<&'a [u8], SnapshotError> {
        let count = self.count()?;
        self.raw(count)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, SnapshotError> {
        let bytes = self.block()?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("a name is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut writer = Writer::new();
        for number in [0, 1, 127, 128, 1 << 35, u64::MAX] {
            writer.number(number);
            writer.signed(number as i64);
        }
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes, "test");
        for number in [0, 1, 127, 128, 1 << 35, u64::MAX] {
            assert_eq!(reader.number().unwrap(), number);
            assert_eq!(reader.signed().unwrap(), number as i64);
        }
        assert!(reader.end().is_ok());
        assert!(Reader::new(&[0xff; 11], "test").number().is_err());
        assert!(Reader::new(&[0x80], "test").number().is_err());
    }
}
