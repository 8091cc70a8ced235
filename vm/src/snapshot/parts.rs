//! The parts of a payload: owned, while one is written; at hand or in a stream, while one is read.

use crate::bytes::{Reader, SnapshotError, Writer, trace};
use std::io::Read;

/// How many parts there are.
const PARTS: usize = 9;
/// What they are, in their order.
const NAMES: [&str; PARTS] = [
    "note",
    "programs",
    "instances",
    "host functions",
    "items",
    "shapes of cells",
    "contents of cells",
    "machine",
    "states of libraries",
];
/// The place of the part with the contents of globals and tables.
const MACHINE: usize = 7;
/// The place of the part with the contents of cells.
const CONTENTS: usize = 6;
/// A note of so many bytes is always read.
const NOTE_BYTES: usize = 1 << 16;
/// Bytes before the parts.
const HEAD_BYTES: usize = 8 * (2 + PARTS);

/// What a payload consists of.
pub(crate) struct Parts {
    pub(crate) cells: usize,
    /// Short strings among the cells: how much room to make.
    pub(crate) strings: usize,
    pub(crate) note: Vec<u8>,
    pub(crate) code: Vec<u8>,
    pub(crate) instances: Vec<u8>,
    pub(crate) hosts: Vec<u8>,
    pub(crate) items: Vec<u8>,
    pub(crate) shapes: Vec<u8>,
    pub(crate) contents: Vec<u8>,
    pub(crate) machine: Vec<u8>,
    pub(crate) states: Vec<u8>,
}

impl Parts {
    fn in_order(&self) -> [&[u8]; PARTS] {
        [
            &self.note,
            &self.code,
            &self.instances,
            &self.hosts,
            &self.items,
            &self.shapes,
            &self.contents,
            &self.machine,
            &self.states,
        ]
    }

    /// The parts as one payload.
    pub(crate) fn join(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.word(self.cells as u64);
        out.word(self.strings as u64);
        let parts = self.in_order();
        parts.iter().for_each(|part| out.word(part.len() as u64));
        parts.iter().for_each(|part| out.raw(part));
        out.into_bytes()
    }

    /// The parts to be read, without writing them anywhere.
    pub(crate) fn payload(&self) -> Payload<'_> {
        let parts = self.in_order();
        let lengths = parts.map(|part| part.len() as u64);
        let from = From::Bytes(parts.map(|part| (part, trace::UNKNOWN)));
        Payload { cells: self.cells as u64, strings: self.strings as u64, lengths, next: 0, from }
    }
}

/// Where a payload comes from.
enum From<'a> {
    /// The parts, and how far from the start they are.
    Bytes([(&'a [u8], usize); PARTS]),
    /// A stream, and the most bytes of it that are held together.
    Stream(Box<dyn Read + 'a>, usize),
}

/// A payload that is being read, part by part.
pub(crate) struct Payload<'a> {
    cells: u64,
    strings: u64,
    lengths: [u64; PARTS],
    next: usize,
    from: From<'a>,
}

/// The numbers before the parts: cells, strings, lengths.
fn head(from: &mut Reader<'_>) -> Result<(u64, u64, [u64; PARTS]), SnapshotError> {
    let (cells, strings) = (from.word()?, from.word()?);
    let mut lengths = [0; PARTS];
    for length in &mut lengths {
        *length = from.word()?;
    }
    Ok((cells, strings, lengths))
}

fn damaged(what: &str) -> SnapshotError {
    SnapshotError::Damaged(format!("parts: {what}"))
}

impl<'a> Payload<'a> {
    /// A payload at hand.
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let (cells, strings, lengths) = head(&mut Reader::new(bytes, "parts"))?;
        let mut rest = &bytes[HEAD_BYTES..];
        let mut parts = [(&[][..], 0); PARTS];
        for (part, &length) in parts.iter_mut().zip(&lengths) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let (first, after) = rest.split_at_checked(length).ok_or_else(|| damaged("unexpected end"))?;
            *part = (first, bytes.len() - rest.len());
            rest = after;
        }
        if !rest.is_empty() {
            return Err(damaged("trailing bytes"));
        }
        Ok(Payload { cells, strings, lengths, next: 0, from: From::Bytes(parts) })
    }

    /// A payload of so many bytes in a stream; no more than `together_max` of them are held together.
    pub(crate) fn of_stream(
        mut stream: Box<dyn Read + 'a>,
        bytes: u64,
        together_max: usize,
    ) -> Result<Self, SnapshotError> {
        let mut first = [0; HEAD_BYTES];
        Reader::streamed(&mut stream, bytes, "parts", HEAD_BYTES).fill(&mut first)?;
        let (cells, strings, lengths) = head(&mut Reader::new(&first, "parts"))?;
        let total = lengths.iter().try_fold(HEAD_BYTES as u64, |total, length| total.checked_add(*length));
        if total != Some(bytes) {
            return Err(damaged("length differs from that of the payload"));
        }
        Ok(Payload { cells, strings, lengths, next: 0, from: From::Stream(stream, together_max) })
    }

    /// The next part. The one before was read to its end.
    pub(crate) fn part(&mut self) -> Reader<'_> {
        let index = self.next;
        self.next += 1;
        match &mut self.from {
            From::Bytes(parts) => Reader::at(parts[index].0, NAMES[index], parts[index].1),
            From::Stream(stream, together_max) => {
                Reader::streamed(stream, self.lengths[index], NAMES[index], *together_max)
            }
        }
    }

    /// All parts were read: there is nothing after them.
    pub(crate) fn end(&mut self) -> Result<(), SnapshotError> {
        debug_assert!(self.next == PARTS, "all parts were read");
        match &mut self.from {
            From::Bytes(_) => Ok(()),
            From::Stream(stream, _) => match Reader::streamed(stream, 1, "parts", 1).byte() {
                Ok(_) => Err(damaged("trailing bytes")),
                Err(_) => Ok(()),
            },
        }
    }

    /// The number of cells; there are no more than bytes of their shapes.
    pub(crate) fn cells(&self) -> u64 {
        self.cells
    }

    /// The number of short strings among the cells.
    pub(crate) fn strings(&self) -> u64 {
        self.strings
    }

    /// Bytes of the contents of cells.
    pub(crate) fn contents_bytes(&self) -> u64 {
        self.lengths[CONTENTS]
    }

    /// Bytes of what there is besides cells and code.
    pub(crate) fn machine_bytes(&self) -> u64 {
        self.lengths[MACHINE]
    }
}

/// A snapshot that is about to be loaded. Its note is there already; everything else is read when a machine
/// [loads it](crate::raw::Machine::load_snapshot).
pub struct Snapshot<'a> {
    pub(crate) note: Vec<u8>,
    pub(crate) payload: Payload<'a>,
}

impl<'a> Snapshot<'a> {
    /// The snapshot in bytes that [`Machine::save`](crate::raw::Machine::save) gave.
    ///
    /// # Errors
    /// When they are none.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        Snapshot::new(Payload::of_bytes(bytes)?)
    }

    /// The snapshot in a stream of so many bytes that [`Machine::save`](crate::raw::Machine::save) gave. It is read piece by piece,
    /// and none of the pieces takes more than `memory_max` bytes; the note, which the machine does not count, no more than a
    /// sixteenth of them.
    ///
    /// # Errors
    /// As for [`from_bytes`](Self::from_bytes).
    pub fn from_stream(stream: impl Read + 'a, bytes: u64, memory_max: u64) -> Result<Self, SnapshotError> {
        let together_max = usize::try_from(memory_max).unwrap_or(usize::MAX);
        Snapshot::new(Payload::of_stream(Box::new(stream), bytes, together_max)?)
    }

    fn new(mut payload: Payload<'a>) -> Result<Self, SnapshotError> {
        let note_bytes_max = match &payload.from {
            From::Bytes(_) => usize::MAX,
            // Hosts make something of it.
            From::Stream(_, together_max) => (together_max / 16).max(NOTE_BYTES),
        };
        let mut from = payload.part();
        let length = usize::try_from(from.left()).unwrap_or(usize::MAX);
        if length > note_bytes_max {
            return Err(SnapshotError::OutOfMemory);
        }
        let note = from.raw(length)?.to_vec();
        Ok(Snapshot { note, payload })
    }

    /// What the host has written there for itself.
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}
