//! Texts of unknown length under construction: the one growing buffer of the library.
//!
//! What one state of a function makes gathers on the host's side, at most a window of bytes; long parts are only noted, not
//! copied. When the state ends, what there is moves into a table of pieces, which the function keeps. At the end the
//! pieces are joined: at once when they are few bytes, else by [`super::long_text`], window by window.

use super::arguments::{Text, out_of_memory};
use super::long_text;
use super::work::{VALUES_MAX, WINDOW_BYTES};
use minivm::raw::{HostCall, Outcome, Raise, Value};
use std::ops::Range;

/// Parts of at most so many bytes are copied, longer ones are noted.
const COPIED_MAX: usize = 4096;

/// Bytes that many texts do not exceed.
const SMALL: usize = 64;

/// A text under construction. A piece is a string, a part of the source as `start << 32 | end`, or, as a float, a number of zero
/// bytes.
#[derive(Default)]
pub(super) struct TextBuilder {
    /// Bytes that are in no piece yet.
    pub(super) bytes: Vec<u8>,
    /// Pieces that stand between these, each with the number of bytes before it.
    noted: Vec<(usize, Value)>,
    noted_bytes: usize,
    /// The table of pieces, nil while there is none, their number and their bytes.
    pieces: Value,
    count: i64,
    pieces_bytes: usize,
}

/// So few pieces are gathered at once when they have few bytes.
const FEW: i64 = 256;

/// Values that a builder is kept as.
pub(super) const KEPT: usize = 3;

/// A finished text.
pub(super) enum Finished {
    /// It is a string.
    Text(Value),
    /// It is being joined, and is what comes back.
    Later(Outcome),
}

impl TextBuilder {
    /// An empty one, for a text of some ten bytes.
    pub(super) fn small() -> Self {
        Self { bytes: Vec::with_capacity(SMALL), ..Self::default() }
    }

    /// What was kept from argument `first` on. The numbers of a forged snapshot are found out when the pieces are joined.
    pub(super) fn restore(call: &HostCall<'_>, first: usize) -> Self {
        let number = |index| call.arg(index).as_int().unwrap_or_default().max(0);
        Self {
            pieces: call.arg(first),
            count: number(first + 1),
            pieces_bytes: number(first + 2) as usize,
            ..Self::default()
        }
    }

    /// What is to be kept; everything is in pieces.
    pub(super) fn kept(&self) -> [Value; KEPT] {
        [self.pieces, Value::int(self.count), Value::int(self.pieces_bytes as i64)]
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_add(self.noted_bytes).saturating_add(self.pieces_bytes)
    }

    /// Whether the state at work has made as much as it should.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= WINDOW_BYTES || self.noted.len() >= VALUES_MAX
    }

    /// Appends bytes, which are few.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a string.
    pub(super) fn push_text(&mut self, text: Text) {
        let length = text.bytes().len();
        if length <= COPIED_MAX { self.push(text.bytes()) } else { self.note(text.0, length) }
    }

    /// Appends a part of the source.
    #[inline]
    pub(super) fn push_range(&mut self, source: &[u8], range: Range<usize>) {
        let length = range.len();
        if length <= COPIED_MAX {
            self.bytes.extend_from_slice(&source[range]);
        } else {
            self.note(range_value(range), length);
        }
    }

    /// Appends zero bytes.
    pub(super) fn push_zeros(&mut self, count: usize) {
        if count <= COPIED_MAX {
            self.bytes.resize(self.bytes.len() + count, 0);
        } else {
            self.note(Value::float(count as f64), count);
        }
    }

    #[cold]
    fn note(&mut self, piece: Value, length: usize) {
        self.noted.push((self.bytes.len(), piece));
        self.noted_bytes = self.noted_bytes.saturating_add(length);
    }

    /// Checks that the result may fit into memory.
    pub(super) fn check_room(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        if self.len() > call.heap().room_bytes() { Err(out_of_memory(())) } else { Ok(()) }
    }

    /// Pays for what this state has made and moves it into pieces, so that it can be kept.
    pub(super) fn pay_and_flush(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        call.charge_bytes(self.bytes.len())?;
        self.flush(call)
    }

    /// Moves what this state has made into pieces; another one pays for it.
    pub(super) fn flush(&mut self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        if self.bytes.is_empty() && self.noted.is_empty() {
            return Ok(());
        }
        self.check_room(call)?;
        let mut done = 0;
        for (end, piece) in std::mem::take(&mut self.noted) {
            self.flush_bytes(call, done..end)?;
            self.add(call, piece)?;
            done = end;
        }
        self.flush_bytes(call, done..self.bytes.len())?;
        self.pieces_bytes = self.len();
        self.noted_bytes = 0;
        self.bytes.clear();
        Ok(())
    }

    fn flush_bytes(&mut self, call: &mut HostCall<'_>, range: Range<usize>) -> Result<(), Raise> {
        if range.is_empty() {
            return Ok(());
        }
        let piece = call.string(&self.bytes[range])?;
        self.add(call, piece)
    }

    /// Appends a piece of so many bytes at once, where there is nothing but pieces.
    pub(super) fn push_piece(&mut self, call: &mut HostCall<'_>, piece: Value, length: usize) -> Result<(), Raise> {
        self.pieces_bytes = self.pieces_bytes.saturating_add(length);
        self.add(call, piece)
    }

    fn add(&mut self, call: &mut HostCall<'_>, piece: Value) -> Result<(), Raise> {
        if self.pieces.is_nil() {
            self.pieces = call.table(8, 0)?;
        }
        self.count += 1;
        call.heap().table_set_int(self.pieces, self.count, piece).map_err(out_of_memory)
    }

    /// Pays for the rest, and makes the text a string. A long one is joined in slices: the function keeps `kept` and comes back
    /// in `state` with what it [was given](HostCall::returned_one).
    pub(super) fn finish(
        mut self,
        call: &mut HostCall<'_>,
        source: Text,
        (state, kept): (u32, &[Value]),
    ) -> Result<Finished, Raise> {
        if !self.pieces.is_nil() && self.count <= FEW && self.len() <= minivm::raw::FAST_PATH_BYTES_MAX {
            self.gather(call, source);
        }
        if !self.pieces.is_nil() || self.len() > WINDOW_BYTES {
            self.pay_and_flush(call)?;
            call.keep(kept)?;
            let pieces = [self.pieces, Value::int(self.count), Value::int(self.pieces_bytes as i64), source.0];
            return long_text::join(call, pieces, state).map(Finished::Later);
        }
        call.charge_bytes(self.len())?;
        self.check_room(call)?;
        if self.noted.is_empty() {
            return call.string(&self.bytes).map(Finished::Text);
        }
        let mut out = Vec::with_capacity(self.len());
        let mut done = 0;
        for &(end, piece) in &self.noted {
            out.extend_from_slice(&self.bytes[done..end]);
            match long_text::piece_bytes(&piece, &source) {
                long_text::Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                long_text::Piece::Zeros(count) => out.resize(out.len() + count, 0),
            }
            done = end;
        }
        out.extend_from_slice(&self.bytes[done..]);
        call.string(out).map(Finished::Text)
    }
}

impl TextBuilder {
    /// Takes the few bytes of a few pieces back.
    fn gather(&mut self, call: &mut HostCall<'_>, source: Text) {
        let mut gathered = Vec::with_capacity(self.len());
        for index in 1..=self.count {
            let piece = call.heap().table_get_int(self.pieces, index);
            match long_text::piece_bytes(&piece, &source) {
                long_text::Piece::Bytes(bytes) => gathered.extend_from_slice(bytes),
                long_text::Piece::Zeros(count) => gathered.resize(gathered.len() + count, 0),
            }
        }
        gathered.append(&mut self.bytes);
        self.bytes = gathered;
        (self.pieces, self.pieces_bytes) = (Value::NIL, 0);
    }
}

/// A part of the source as a piece.
pub(super) fn range_value(range: Range<usize>) -> Value {
    Value::int(((range.start as u64) << 32 | range.end as u64) as i64)
}
