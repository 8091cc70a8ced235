//! Reading from files in the formats of the `io` library.
//!
//! What was read cannot be read again, so that each state is paid for by the next one. Long lines and the like gather in pieces.

use super::algorithms::number::{Number, is_space};
use super::algorithms::numeral_reader::NumeralReader;
use super::arguments::{Answer, Arguments, Text, as_number, number_value};
use super::host::HostError;
use super::io_file::with_stream;
use super::stream::{LineEnd, Stream};
use super::text_builder::{self, Finished, TextBuilder};
use super::work::{LOOKS_MAX, VALUES_MAX, WINDOW_BYTES, byte_units};
use minivm::raw::{FAST_PATH_BYTES_MAX, HostCall, Outcome, Raise, Value};

// States: reading goes on; a long text is made; there is nothing left to do but to return.
const GOING_ON: u32 = 10;
const JOINED: u32 = 11;
const DONE: u32 = 12;

/// What is read at a time.
enum Format {
    Number,
    Line { keep_newline: bool },
    All,
    Bytes(usize),
}

/// What reading one value has come to.
enum Progress {
    /// It is this; none where the file has ended, or holds no such thing.
    Done(Option<Value>),
    /// The text of the value is all there.
    Text,
    /// This state has read enough.
    More,
}

/// Values that are being read. This is what the function keeps.
pub(super) struct Reading {
    pub(super) file: Value,
    /// The formats, a line if there is none; the position of the first among the arguments, for messages.
    formats: Vec<Value>,
    first: usize,
    /// The one at hand.
    index: usize,
    /// What was read of its text.
    text: TextBuilder,
    values: Vec<Value>,
    /// Bytes that this state has read.
    bytes: usize,
    /// Units that the next state pays for.
    owed: u64,
}

/// Where what is kept begins: behind the file, four numbers and the text there are the formats and the values.
const TEXT: usize = 5;
const FORMATS: usize = TEXT + text_builder::KEPT;

impl Reading {
    /// Reads values in these formats, a line by default; after one that cannot be read there is nil, and the rest is left.
    /// `first` is the position of the first format among the arguments, for messages.
    pub(super) fn new(file: Value, formats: Vec<Value>, first: usize) -> Self {
        Self { file, formats, first, index: 0, text: TextBuilder::default(), values: Vec::new(), bytes: 0, owed: 0 }
    }

    /// Goes on, and pays for what the state before has read; none in state 0.
    pub(super) fn restore(call: &mut HostCall<'_>) -> Result<Option<Self>, Raise> {
        if call.state() == 0 {
            return Ok(None);
        }
        let number = |index| usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default();
        let (count, owed) = (number(4).min(call.arg_count().saturating_sub(FORMATS)), number(3) as u64);
        let mut values: Vec<Value> = (FORMATS..call.arg_count()).map(|index| call.arg(index)).collect();
        let read = values.split_off(count);
        let text = TextBuilder::restore(call, TEXT);
        let mut reading = Self { text, values: read, index: number(2), ..Self::new(call.arg(0), values, number(1)) };
        call.charge(owed)?;
        if call.state() == JOINED {
            let text = call.returned_one();
            reading.take(Some(text));
            reading.text = TextBuilder::default();
        }
        Ok(Some(reading))
    }

    fn kept(&self) -> Vec<Value> {
        let number = |number: usize| Value::int(number as i64);
        let numbers = [self.first, self.index, self.owed as usize, self.formats.len()].map(number);
        let mut kept = vec![self.file];
        for part in [&numbers[..], &self.text.kept(), &self.formats, &self.values] {
            kept.extend_from_slice(part);
        }
        kept
    }

    /// Takes a value that was read; none ends it all.
    fn take(&mut self, value: Option<Value>) {
        self.values.push(value.unwrap_or(Value::NIL));
        self.index = if value.is_none() { usize::MAX / 2 } else { self.index + 1 };
    }

    /// Goes on reading as far as one state may; `finish` gets the values, or the error of the host.
    pub(super) fn run(
        mut self,
        call: &mut HostCall<'_>,
        finish: impl FnOnce(&mut HostCall<'_>, Result<Vec<Value>, HostError>) -> Answer,
    ) -> Answer {
        let state = match self.read(call)? {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) if self.index < self.formats.len().max(1) => GOING_ON,
            Ok(None) => {
                self.owed += byte_units(self.bytes);
                if self.owed == 0 || call.state() == DONE {
                    return finish(call, Ok(self.values));
                }
                DONE
            }
            Err(error) => return finish(call, Err(error)),
        };
        if state == GOING_ON {
            self.owed += byte_units(self.bytes);
            self.text.flush(call)?;
        }
        call.keep(&self.kept())?;
        call.go_on(state)
    }

    /// Reads values until this state has read enough, or all, or a long text is to be made.
    fn read(&mut self, call: &mut HostCall<'_>) -> Result<Result<Option<Outcome>, HostError>, Raise> {
        let mut count = 0;
        while self.index < self.formats.len().max(1) && self.bytes < WINDOW_BYTES && count < VALUES_MAX {
            count += 1;
            let format = match self.formats.get(self.index) {
                Some(&format) => parse_format(call, format, self.first + self.index)?,
                None => Format::Line { keep_newline: false },
            };
            let progress = match self.read_value(call, &format) {
                Ok(progress) => progress,
                Err(error) => return Ok(Err(error)),
            };
            match progress {
                Progress::Done(value) => self.take(value),
                Progress::Text if self.text.len() <= FAST_PATH_BYTES_MAX => {
                    let text = std::mem::take(&mut self.text);
                    if let Finished::Text(text) = text.finish(call, Text(Value::NIL), (JOINED, &[]))? {
                        self.take(Some(text));
                    }
                }
                Progress::Text => {
                    self.owed += byte_units(self.bytes);
                    self.text.flush(call)?;
                    let kept = self.kept();
                    let text = std::mem::take(&mut self.text);
                    if let Finished::Later(outcome) = text.finish(call, Text(Value::NIL), (JOINED, &kept))? {
                        return Ok(Ok(Some(outcome)));
                    }
                }
                Progress::More => break,
            }
        }
        Ok(Ok(None))
    }

    /// Reads the value at hand, or a part of it.
    fn read_value(&mut self, call: &mut HostCall<'_>, format: &Format) -> Result<Progress, HostError> {
        let room = WINDOW_BYTES - self.bytes;
        let out = &mut self.text.bytes;
        let before = out.len();
        let progress = match *format {
            Format::Number => {
                let (number, bytes) = with_stream(call, self.file, |stream| read_number(stream, LOOKS_MAX))?;
                self.bytes += bytes;
                return Ok(match number {
                    Some(number) => Progress::Done(number.map(number_value)),
                    None => Progress::More,
                });
            }
            Format::Line { keep_newline } => {
                match with_stream(call, self.file, |stream| stream.read_line(out, room))? {
                    LineEnd::Newline => {
                        if keep_newline {
                            out.push(b'\n');
                        }
                        Progress::Text
                    }
                    LineEnd::End if self.text.len() == 0 => Progress::Done(None),
                    LineEnd::End => Progress::Text,
                    LineEnd::More => Progress::More,
                }
            }
            Format::Bytes(0) => {
                let is_more = with_stream(call, self.file, |stream| Ok(stream.peek()?.is_some()))?;
                if is_more { Progress::Text } else { Progress::Done(None) }
            }
            Format::All | Format::Bytes(_) => {
                let so_far = self.text.len();
                let wanted = if let Format::Bytes(count) = *format { count.saturating_sub(so_far) } else { usize::MAX };
                let out = &mut self.text.bytes;
                let is_end = with_stream(call, self.file, |stream| stream.read_bytes(out, wanted.min(room)))?;
                let is_empty = self.text.len() == 0;
                match format {
                    Format::Bytes(_) if is_empty && is_end => Progress::Done(None),
                    _ if is_end || wanted <= room => Progress::Text,
                    _ => Progress::More,
                }
            }
        };
        self.bytes += self.text.bytes.len() - before;
        Ok(progress)
    }
}

fn parse_format(call: &mut HostCall<'_>, format: Value, index: usize) -> Result<Format, Raise> {
    if let Some(number) = as_number(format) {
        let Some(count) = number.as_integer() else {
            return Err(call.argument_error(index, "number has no integer representation"));
        };
        return Ok(Format::Bytes(usize::try_from(count).unwrap_or(usize::MAX)));
    }
    let Some(text) = format.as_bytes() else { return Err(call.kind_error(index, "string")) };
    match text.strip_prefix(b"*").unwrap_or(text).first() {
        Some(b'n') => Ok(Format::Number),
        Some(b'l') => Ok(Format::Line { keep_newline: false }),
        Some(b'L') => Ok(Format::Line { keep_newline: true }),
        Some(b'a') => Ok(Format::All),
        _ => Err(call.argument_error(index, "invalid format")),
    }
}

/// Reads a number, with the white space before it; how many bytes that took. No answer where there is more white space than
/// may be skipped.
fn read_number(stream: &mut Stream, spaces_max: usize) -> Result<(Option<Option<Number>>, usize), HostError> {
    let mut count = 0;
    while stream.peek()?.is_some_and(is_space) {
        if count == spaces_max {
            return Ok((None, count));
        }
        stream.advance();
        count += 1;
    }
    let mut reader = NumeralReader::new();
    while let Some(byte) = stream.peek()? {
        if !reader.take(byte) {
            break;
        }
        stream.advance();
        count += 1;
    }
    Ok((Some(reader.number()), count))
}
