//! Writing arguments to a stream, a window at a time: for `print`, `warn` and `write`.
//!
//! What was written cannot be written again, so that each state is paid for by the next one.

use super::algorithms::float_text;
use super::algorithms::number::Number;
use super::arguments::as_number;
use super::host::HostError;
use super::string::keep_behind;
use super::work::{VALUES_MAX, WINDOW_BYTES, byte_units};
use minivm::raw::{HostCall, Outcome, Raise, Value};

// States in which writing goes on, and in which there is nothing left to do but to return.
pub(super) const GOING_ON: u32 = 10;
pub(super) const DONE: u32 = 11;

/// Arguments on their way to a stream. All of this is kept behind them where it is much.
pub(super) struct Output {
    /// Where they go, if that is not always the same.
    pub(super) file: Value,
    /// How many arguments there are.
    pub(super) count: usize,
    /// The one at hand.
    pub(super) index: usize,
    /// How much of it is written.
    pub(super) offset: usize,
    /// Bytes and arguments that this state has written.
    bytes: usize,
    values: usize,
}

/// Values that it is kept as.
const KEPT: usize = 4;

impl Output {
    /// The arguments from `first` on.
    pub(super) fn new(call: &HostCall<'_>, file: Value, first: usize) -> Self {
        Self { file, count: call.arg_count(), index: first, offset: 0, bytes: 0, values: 0 }
    }

    /// Goes on, and pays for what the state before has written.
    pub(super) fn restore(call: &mut HostCall<'_>) -> Result<Self, Raise> {
        let count = call.arg_count().saturating_sub(KEPT);
        let number = |index| usize::try_from(call.arg(count + index).as_int().unwrap_or_default()).unwrap_or_default();
        let (index, offset, owed) = (number(1), number(2), number(3) as u64);
        let file = call.arg(count);
        call.charge(owed)?;
        Ok(Self { file, count, index, offset, bytes: 0, values: 0 })
    }

    /// What the next state has to pay.
    fn owed(&self) -> u64 {
        byte_units(self.bytes) + self.values as u64 / 16
    }

    /// Keeps it all.
    pub(super) fn keep(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let number = |number: usize| Value::int(number as i64);
        let owed = Value::int(self.owed() as i64);
        keep_behind(call, self.count, &[self.file, number(self.index), number(self.offset), owed])
    }

    /// Whether this state has written as much as it may.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= WINDOW_BYTES || self.values >= VALUES_MAX
    }

    /// Writes the text of the argument at hand as far as this state may, and goes on to the next one if that was to its end.
    pub(super) fn write(
        &mut self,
        text: &[u8],
        mut put: impl FnMut(&[u8]) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let rest = text.get(self.offset..).unwrap_or_default();
        let window = &rest[..rest.len().min(WINDOW_BYTES.saturating_sub(self.bytes))];
        self.bytes += window.len();
        if window.len() < rest.len() {
            self.offset += window.len();
        } else {
            self.values += 1;
            self.index += 1;
            self.offset = 0;
        }
        put(window)
    }

    /// Ends a state in which not everything was written.
    pub(super) fn pause(&self, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
        self.keep(call)?;
        call.go_on(GOING_ON)
    }

    /// Whether the last state has to be paid for before the function returns; then this does so.
    pub(super) fn pay(&self, call: &mut HostCall<'_>) -> Result<Option<Outcome>, Raise> {
        if self.owed() == 0 {
            return Ok(None);
        }
        self.keep(call)?;
        call.go_on(DONE).map(Some)
    }
}

/// A number as C writes it: floats need not look like floats here.
pub(super) fn write_numeral(out: &mut Vec<u8>, number: Number) {
    match number {
        Number::Float(value) if value.is_finite() => {
            if value.is_sign_negative() {
                out.push(b'-');
            }
            float_text::write_general(out, value, 14, false);
        }
        _ => float_text::write_number(out, number),
    }
}

/// The text of a string or a number, as `write` writes it; none for other values.
pub(super) fn written_text<'v>(value: &'v Value, numeral: &'v mut Vec<u8>) -> Option<&'v [u8]> {
    match as_number(*value) {
        Some(number) => {
            write_numeral(numeral, number);
            Some(numeral)
        }
        None => value.as_bytes(),
    }
}
