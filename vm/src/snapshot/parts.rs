//! The parts of a payload, as bytes that are owned or borrowed.

use crate::bytes::SnapshotError;
use crate::bytes::{Reader, Writer};

/// What a payload consists of.
pub(crate) struct Parts<B> {
    pub(crate) cells: usize,
    /// Short strings among the cells: how much room to make.
    pub(crate) strings: usize,
    pub(crate) note: B,
    pub(crate) code: B,
    pub(crate) instances: B,
    pub(crate) hosts: B,
    pub(crate) items: B,
    pub(crate) shapes: B,
    pub(crate) contents: B,
    pub(crate) machine: B,
    pub(crate) states: B,
}

impl Parts<Vec<u8>> {
    /// The parts as one payload.
    pub(crate) fn join(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.word(self.cells as u64);
        out.word(self.strings as u64);
        let first = [&self.note, &self.code, &self.instances, &self.hosts, &self.items];
        for part in first.into_iter().chain([&self.shapes, &self.contents, &self.machine, &self.states]) {
            out.block(part);
        }
        out.into_bytes()
    }

    /// The parts without writing them anywhere.
    pub(crate) fn borrow(&self) -> Parts<&[u8]> {
        Parts {
            cells: self.cells,
            strings: self.strings,
            note: &self.note,
            code: &self.code,
            instances: &self.instances,
            hosts: &self.hosts,
            items: &self.items,
            shapes: &self.shapes,
            contents: &self.contents,
            machine: &self.machine,
            states: &self.states,
        }
    }
}

impl<'a> Parts<&'a [u8]> {
    /// The parts of a payload.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(bytes, "parts");
        let (cells, strings) = (from.word()?, from.word()?);
        let parts = Parts {
            cells: usize::try_from(cells).map_err(|_| from.damaged("there are too many cells"))?,
            strings: usize::try_from(strings).map_err(|_| from.damaged("there are too many strings"))?,
            note: from.block()?,
            code: from.block()?,
            instances: from.block()?,
            hosts: from.block()?,
            items: from.block()?,
            shapes: from.block()?,
            contents: from.block()?,
            machine: from.block()?,
            states: from.block()?,
        };
        from.end()?;
        Ok(parts)
    }
}
