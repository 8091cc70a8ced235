//! Reading the parts of a snapshot: from bytes at hand, or piece by piece from a stream. A reader trusts nothing and never
//! reads past the end of its part.
//!
//! Bytes that were read are good until the next read. Whoever wants many of them has them filled into a place of its own.

use super::SnapshotError;
use super::trace::{self, FieldKind};
use std::io::{ErrorKind, Read};

/// Bytes that a stream is asked for at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Names are no longer than this.
const NAME_BYTES_MAX: usize = 1 << 20;

/// Where the bytes of a stream come from.
struct Source<'a> {
    from: &'a mut dyn Read,
    /// Bytes of the part that were not taken from it yet.
    left: u64,
    /// Those that are at hand.
    buffer: Vec<u8>,
    /// The most bytes that are held together.
    together_max: usize,
}

/// Reads a part of a snapshot.
pub(crate) struct Reader<'a> {
    /// The part, unless it comes from a stream.
    bytes: &'a [u8],
    source: Option<Source<'a>>,
    /// What of the bytes at hand was read, and how many there are.
    next: usize,
    end: usize,
    /// What the bytes are, for messages.
    part: &'static str,
    tracer: trace::Tracer,
}

/// Bytes that were set apart, to be read later.
pub(crate) struct Block {
    bytes: Box<[u8]>,
    /// Where they were, for a trace.
    origin: usize,
}

impl Block {
    /// Reads the bytes.
    pub(crate) fn reader(&self, part: &'static str) -> Reader<'_> {
        Reader::at(&self.bytes, part, self.origin)
    }
}

impl<'a> Reader<'a> {
    /// Reads bytes at hand.
    pub(crate) fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Reader::at(bytes, part, trace::UNKNOWN)
    }

    /// As [`new`](Self::new), where it is known how far from the start of the payload they are.
    pub(crate) fn at(bytes: &'a [u8], part: &'static str, origin: usize) -> Self {
        Reader { bytes, source: None, next: 0, end: bytes.len(), part, tracer: trace::Tracer::new(origin) }
    }

    /// Reads so many bytes of a stream; never so many together that they take more memory than this.
    pub(crate) fn streamed(from: &'a mut dyn Read, left: u64, part: &'static str, together_max: usize) -> Self {
        let source = Some(Source { from, left, buffer: Vec::new(), together_max });
        Reader { bytes: &[], source, next: 0, end: 0, part, tracer: trace::Tracer::new(trace::UNKNOWN) }
    }

    /// The error that something here makes no sense.
    #[cold]
    pub(crate) fn damaged(&self, what: &str) -> SnapshotError {
        SnapshotError::Damaged(format!("{}: {what}", self.part))
    }

    #[cold]
    fn ended(&self) -> SnapshotError {
        self.damaged("unexpected end")
    }

    /// Number of bytes at hand.
    #[inline(always)]
    fn at_hand(&self) -> usize {
        self.end - self.next
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> u64 {
        self.at_hand() as u64 + self.source.as_ref().map_or(0, |source| source.left)
    }

    /// Everything was read.
    pub(crate) fn end(&self) -> Result<(), SnapshotError> {
        if self.left() == 0 { Ok(()) } else { Err(self.damaged("trailing bytes")) }
    }

    /// Says what the fields from here on belong to, for a trace.
    #[inline(always)]
    pub(crate) fn label(&mut self, label: &'static str) {
        self.tracer.label(label);
    }

    /// Notes that a field was read whose bytes are the last ones.
    #[inline(always)]
    fn note(&self, kind: FieldKind, bytes: usize) {
        self.tracer.note(kind, self.next, bytes);
    }

    /// The last bytes that were taken.
    #[inline(always)]
    fn taken(&self, count: usize) -> &[u8] {
        let all = self.source.as_ref().map_or(self.bytes, |source| &source.buffer);
        &all[self.next - count..self.next]
    }

    /// Takes bytes that are at hand.
    #[inline(always)]
    fn take(&mut self, count: usize) -> &[u8] {
        self.next += count;
        self.taken(count)
    }

    /// Brings so many bytes to hand.
    #[inline(always)]
    fn need(&mut self, count: usize) -> Result<(), SnapshotError> {
        if count <= self.at_hand() { Ok(()) } else { self.fetch(count) }
    }

    /// The part of [`need`](Self::need) that asks the stream. The buffer grows as bytes come, whatever is asked for.
    #[cold]
    #[inline(never)]
    fn fetch(&mut self, count: usize) -> Result<(), SnapshotError> {
        let (at_hand, part, ended) = (self.at_hand(), self.part, self.ended());
        let Some(source) = self.source.as_mut().filter(|source| (count - at_hand) as u64 <= source.left) else {
            return Err(ended);
        };
        if count > source.together_max {
            return Err(SnapshotError::OutOfMemory);
        }
        source.buffer.drain(..self.next);
        (self.next, self.end) = (0, at_hand);
        // No more than is asked for and one piece, so that it is known what the buffer takes.
        source.buffer.shrink_to(count + PIECE_BYTES);
        source.buffer.reserve_exact(count - at_hand + PIECE_BYTES);
        while source.buffer.len() < count {
            let piece = source.left.min(PIECE_BYTES as u64) as usize;
            source.buffer.resize(self.end + piece, 0);
            let read = read_some(source.from, &mut source.buffer[self.end..], part);
            source.buffer.truncate(self.end + *read.as_ref().unwrap_or(&0));
            if read? == 0 {
                return Err(ended);
            }
            source.left -= (source.buffer.len() - self.end) as u64;
            self.end = source.buffer.len();
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn raw(&mut self, count: usize) -> Result<&[u8], SnapshotError> {
        self.need(count)?;
        self.next += count;
        self.note(FieldKind::Raw, count);
        Ok(self.taken(count))
    }

    /// Fills a place with the bytes that come next.
    pub(crate) fn fill(&mut self, place: &mut [u8]) -> Result<(), SnapshotError> {
        if place.len() as u64 > self.left() {
            return Err(self.ended());
        }
        let (first, rest) = place.split_at_mut(place.len().min(self.at_hand()));
        first.copy_from_slice(self.take(first.len()));
        self.note(FieldKind::Raw, first.len());
        let part = self.part;
        let mut rest = rest;
        while let Some(source) = self.source.as_mut().filter(|_| !rest.is_empty()) {
            let read = read_some(source.from, rest, part)?;
            if read == 0 {
                return Err(self.ended());
            }
            source.left -= read as u64;
            rest = &mut rest[read..];
        }
        Ok(())
    }

    #[inline(always)]
    fn one(&mut self) -> Result<u8, SnapshotError> {
        self.need(1)?;
        Ok(self.take(1)[0])
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self) -> Result<u8, SnapshotError> {
        let byte = self.one()?;
        self.note(FieldKind::Byte, 1);
        Ok(byte)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, SnapshotError> {
        let byte = self.one()?;
        self.note(FieldKind::Flag, 1);
        match byte {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.damaged("a flag is neither 0 nor 1")),
        }
    }

    /// A number, and how many bytes it took.
    #[inline(always)]
    fn digits(&mut self) -> Result<(u64, usize), SnapshotError> {
        let first = self.one()?;
        if first < 0x80 { Ok((u64::from(first), 1)) } else { self.long_number(first) }
    }

    #[inline(never)]
    fn long_number(&mut self, first: u8) -> Result<(u64, usize), SnapshotError> {
        let mut number = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.one()?;
            let bits = u64::from(byte & 0x7f);
            if shift > 63 || bits << shift >> shift != bits {
                return Err(self.damaged("a number is out of range"));
            }
            number |= bits << shift;
            shift += 7;
            if byte < 0x80 {
                return Ok((number, shift / 7));
            }
        }
    }

    #[inline(always)]
    pub(crate) fn number(&mut self) -> Result<u64, SnapshotError> {
        let (number, bytes) = self.digits()?;
        self.note(FieldKind::Number, bytes);
        Ok(number)
    }

    #[inline(always)]
    pub(crate) fn signed(&mut self) -> Result<i64, SnapshotError> {
        let (number, bytes) = self.digits()?;
        self.note(FieldKind::Signed, bytes);
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// An index or size.
    pub(crate) fn size(&mut self) -> Result<usize, SnapshotError> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| self.damaged("a size is out of range"))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SnapshotError> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.damaged("a number is out of range"))
    }

    /// The number of items that follow here, each of at least one byte. It is no reason yet to make room for them.
    pub(crate) fn count(&mut self) -> Result<usize, SnapshotError> {
        let (number, bytes) = self.digits()?;
        self.note(FieldKind::Count, bytes);
        if number > self.left() {
            return Err(self.damaged("fewer items than declared"));
        }
        usize::try_from(number).map_err(|_| self.damaged("a size is out of range"))
    }

    #[inline(always)]
    pub(crate) fn word(&mut self) -> Result<u64, SnapshotError> {
        self.need(8)?;
        let word = u64::from_le_bytes(self.take(8).try_into().expect("eight bytes were taken"));
        self.note(FieldKind::Word, 8);
        Ok(word)
    }

    pub(crate) fn fixed_u32(&mut self) -> Result<u32, SnapshotError> {
        self.need(4)?;
        let half = u32::from_le_bytes(self.take(4).try_into().expect("four bytes were taken"));
        self.note(FieldKind::Half, 4);
        Ok(half)
    }

    /// The length of a block whose bytes follow.
    pub(crate) fn length(&mut self) -> Result<usize, SnapshotError> {
        let (number, bytes) = self.digits()?;
        self.note(FieldKind::Length(number), bytes);
        if number > self.left() {
            return Err(self.ended());
        }
        usize::try_from(number).map_err(|_| self.damaged("a size is out of range"))
    }

    /// So many bytes, which are read later.
    pub(crate) fn block_apart(&mut self, count: usize) -> Result<Block, SnapshotError> {
        self.need(count)?;
        let origin = self.tracer.offset(self.next);
        Ok(Block { bytes: self.take(count).into(), origin })
    }

    /// A name.
    pub(crate) fn text(&mut self) -> Result<String, SnapshotError> {
        let length = self.length()?;
        if length > NAME_BYTES_MAX {
            return Err(self.damaged("a name is too long"));
        }
        let text = std::str::from_utf8(self.raw(length)?).map(str::to_string);
        text.map_err(|_| self.damaged("a name is not UTF-8"))
    }
}

/// Reads once, whatever signals come.
fn read_some(from: &mut dyn Read, place: &mut [u8], part: &str) -> Result<usize, SnapshotError> {
    loop {
        match from.read(place) {
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(SnapshotError::Damaged(format!("{part}: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    /// Gives few bytes at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, place: &mut [u8]) -> std::io::Result<usize> {
            let count = place.len().min(3).min(self.0.len());
            let (first, rest) = self.0.split_at(count);
            place[..count].copy_from_slice(first);
            self.0 = rest;
            Ok(count)
        }
    }

    const NUMBERS: [u64; 6] = [0, 1, 127, 128, 1 << 35, u64::MAX];

    fn written() -> Vec<u8> {
        let mut writer = Writer::new();
        for number in NUMBERS {
            writer.number(number);
            writer.signed(number as i64);
            writer.word(number);
            writer.text("some text");
            writer.raw(&[7; 20]);
        }
        writer.into_bytes()
    }

    fn check(mut reader: Reader<'_>) {
        for number in NUMBERS {
            assert_eq!(reader.number().unwrap(), number);
            assert_eq!(reader.signed().unwrap(), number as i64);
            assert_eq!(reader.word().unwrap(), number);
            assert_eq!(reader.text().unwrap(), "some text");
            let mut place = [0; 20];
            reader.fill(&mut place).unwrap();
            assert_eq!(place, [7; 20]);
        }
        assert!(reader.end().is_ok());
        assert!(reader.byte().is_err());
    }

    #[test]
    fn fields_come_back_at_once_and_in_pieces() {
        let bytes = written();
        check(Reader::new(&bytes, "test"));
        check(Reader::streamed(&mut Slow(&bytes), bytes.len() as u64, "test", 100));
        check(Reader::streamed(&mut &bytes[..], bytes.len() as u64, "test", 100));
    }

    #[test]
    fn numbers_that_are_too_long_are_errors() {
        assert!(Reader::new(&[0xff; 11], "test").number().is_err());
        assert!(Reader::new(&[0x80], "test").number().is_err());
    }

    #[test]
    fn a_stream_that_ends_early_is_an_error() {
        let bytes = written();
        let mut from = &bytes[..10];
        let mut reader = Reader::streamed(&mut from, bytes.len() as u64, "test", 100);
        let mut place = [0; 20];
        assert!(reader.fill(&mut place).is_err());
        let mut from = &bytes[..10];
        assert!(Reader::streamed(&mut from, bytes.len() as u64, "test", 100).raw(11).is_err());
    }

    #[test]
    fn no_more_is_held_together_than_allowed() {
        // What a stream gives at a time is always at hand.
        let (together_max, bytes) = (2 * PIECE_BYTES, vec![1; 8 * PIECE_BYTES]);
        let mut from = &bytes[..];
        let mut reader = Reader::streamed(&mut from, bytes.len() as u64, "test", together_max);
        assert!(reader.raw(together_max).is_ok());
        assert_eq!(reader.raw(together_max + PIECE_BYTES).err(), Some(SnapshotError::OutOfMemory));
    }
}
