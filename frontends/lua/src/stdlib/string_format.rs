//! `string.format`.

use super::algorithms::float_text;
use super::algorithms::format::{Conversion, Directive, Piece, Pieces};
use super::algorithms::quote;
use super::arguments::{Answer, Arguments, LibraryFunction, Text, as_number};
use super::base::{plain_text, returned_text, text_metamethod};
use super::string::keep_behind;
use super::text_builder::{self, Finished, TextBuilder};
use super::work::STEPS_MAX;
use minivm::raw::{HostCall, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("format", format)];

// States: the text of an argument comes from its metamethod; the format goes on; the result is there.
const TEXT: u32 = 1;
const GOING_ON: u32 = 2;
const JOINED: u32 = 3;

/// Steps that a directive takes, and those that cost nothing.
const DIRECTIVE_STEPS: u64 = 32;
const STEPS_FREE: u64 = 8 * DIRECTIVE_STEPS;
/// Bytes of one argument that are looked at in one go.
const WINDOW: usize = 1 << 14;

/// A text being formatted. Where there is much of it, all of this is kept behind the arguments.
struct Formatter {
    format: Text,
    /// Arguments, the format among them.
    count: usize,
    out: TextBuilder,
    /// How many bytes of the format are done, up to the directive at hand.
    offset: usize,
    /// The argument of the last directive that is done.
    argument: usize,
    /// The argument whose metamethod has given its text, which stands in its place.
    ready: usize,
    /// How much of the next argument was looked at.
    inside: usize,
    /// Steps left in this state.
    steps: u64,
}

/// Values that a formatter is kept as.
const KEPT: usize = text_builder::KEPT + 4;

/// Why a formatter stops.
enum Stop {
    End,
    /// The state has done enough.
    Pause,
    /// This metamethod has to give the text of the next argument.
    Ask(Value),
}

fn format(call: &mut HostCall<'_>) -> Answer {
    let mut work = match call.state() {
        0 => {
            let format = call.check_text(0)?;
            let out = TextBuilder::small();
            let count = call.arg_count();
            Formatter { format, count, out, offset: 0, argument: 0, ready: 0, inside: 0, steps: STEPS_MAX }
        }
        JOINED => return call.return_returned(None),
        _ => Formatter::restore(call),
    };
    if call.state() == TEXT {
        let text = returned_text(call)?;
        work.ready = work.argument + 1;
        call.set_arg(work.ready, text.0);
    }
    let stop = work.run(call)?;
    call.charge((STEPS_MAX - work.steps).saturating_sub(STEPS_FREE) / 4)?;
    let state = match stop {
        Stop::End => {
            return match work.out.finish(call, work.format, (JOINED, &[]))? {
                Finished::Text(text) => call.return_one(text),
                Finished::Later(outcome) => Ok(outcome),
            };
        }
        Stop::Pause => None,
        Stop::Ask(method) => Some(method),
    };
    work.out.pay_and_flush(call)?;
    work.keep(call)?;
    match state {
        None => call.go_on(GOING_ON),
        Some(method) => call.call(method, &[call.arg(work.argument + 1)], TEXT),
    }
}

impl Formatter {
    fn restore(call: &HostCall<'_>) -> Self {
        let count = call.arg_count().saturating_sub(KEPT);
        let number = |index| usize::try_from(call.arg(count + index).as_int().unwrap_or_default()).unwrap_or_default();
        Self {
            format: Text(call.arg(0)),
            count,
            out: TextBuilder::restore(call, count),
            offset: number(text_builder::KEPT),
            argument: number(text_builder::KEPT + 1).min(count),
            ready: number(text_builder::KEPT + 2),
            inside: number(text_builder::KEPT + 3),
            steps: STEPS_MAX,
        }
    }

    fn keep(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let [pieces, count, bytes] = self.out.kept();
        let numbers = [self.offset, self.argument, self.ready, self.inside];
        let [offset, argument, ready, inside] = numbers.map(|number| Value::int(number as i64));
        keep_behind(call, self.count, &[pieces, count, bytes, offset, argument, ready, inside])
    }

    /// Goes on with the format as far as one state may.
    fn run(&mut self, call: &mut HostCall<'_>) -> Result<Stop, Raise> {
        let format = self.format;
        let mut pieces = Pieces::resume(format.bytes(), self.offset);
        while self.steps > 0 && !self.out.is_full() {
            match pieces.next() {
                None => return Ok(Stop::End),
                Some(Piece::Literal(text)) => {
                    let end = pieces.offset();
                    // A percent sign stands for two.
                    let length = text.len();
                    self.out.push_range(format.bytes(), end - length..end);
                    self.offset = end;
                    self.spend(1);
                }
                Some(Piece::Directive(directive)) => {
                    if self.argument + 1 >= self.count {
                        return Err(call.argument_error(self.argument + 1, "no value"));
                    }
                    let directive = directive.map_err(|error| call.fail(error))?;
                    self.spend(DIRECTIVE_STEPS);
                    let value = call.arg(self.argument + 1);
                    if directive.conversion() == Conversion::Text
                        && self.ready != self.argument + 1
                        && let Some(method) = text_metamethod(call, value)
                    {
                        return Ok(Stop::Ask(method));
                    }
                    while !self.write(call, &directive)? {
                        if self.steps == 0 || self.out.is_full() {
                            return Ok(Stop::Pause);
                        }
                    }
                    self.offset = pieces.offset();
                    self.argument += 1;
                    self.inside = 0;
                }
            }
        }
        self.out.check_room(call)?;
        Ok(Stop::Pause)
    }

    fn spend(&mut self, steps: u64) {
        self.steps = self.steps.saturating_sub(steps);
    }

    /// Writes the next argument, or a part of a long one; false if it is not done yet.
    fn write(&mut self, call: &mut HostCall<'_>, directive: &Directive<'_>) -> Result<bool, Raise> {
        let (index, out) = (self.argument + 1, &mut self.out.bytes);
        match directive.conversion() {
            Conversion::Character
            | Conversion::Signed
            | Conversion::Unsigned
            | Conversion::Octal
            | Conversion::Hexadecimal => directive.write_integer(out, call.check_integer(index)?),
            Conversion::HexFloat | Conversion::Exponential | Conversion::Fixed | Conversion::General => {
                directive.write_float(out, call.check_float(index)?);
            }
            Conversion::Pointer => {
                let value = call.arg(index);
                let identity = value.is_object().then(|| call.identity(value));
                directive.write_identity(out, identity);
            }
            Conversion::Quoted => return self.write_quoted(call),
            Conversion::Text => return self.write_value(call, directive),
        }
        Ok(true)
    }

    /// Writes the next argument for `%s`.
    fn write_value(&mut self, call: &mut HostCall<'_>, directive: &Directive<'_>) -> Result<bool, Raise> {
        let value = call.arg(self.argument + 1);
        if let Some(number) = as_number(value) {
            let mut text = Vec::with_capacity(24);
            float_text::write_number(&mut text, number);
            directive.lay_out_text(&mut self.out.bytes, &text);
            return Ok(true);
        }
        let text = plain_text(call, value)?;
        let bytes = text.bytes();
        if !directive.is_plain() && self.inside < bytes.len() {
            // A text with a layout has no zero bytes.
            let end = bytes.len().min(self.inside + 4 * WINDOW);
            if memchr::memchr(0, &bytes[self.inside..end]).is_some() {
                return Err(call.argument_error(self.argument + 1, "string contains zeros"));
            }
            self.spend((end - self.inside) as u64 / 16);
            self.inside = end;
            if end < bytes.len() {
                return Ok(false);
            }
        }
        if directive.takes_whole(bytes.len()) {
            self.out.push_text(text);
        } else {
            directive.lay_out_text(&mut self.out.bytes, bytes);
        }
        Ok(true)
    }

    /// Writes the next argument as source text.
    fn write_quoted(&mut self, call: &mut HostCall<'_>) -> Result<bool, Raise> {
        let value: Value = call.arg(self.argument + 1);
        if let Some(text) = value.as_bytes() {
            let start = self.inside.min(text.len());
            let end = text.len().min(start + WINDOW);
            quote::write_string_part(&mut self.out.bytes, text, start..end);
            self.inside = end;
            self.spend((end - start) as u64 / 4);
            return Ok(end == text.len());
        }
        if let Some(number) = as_number(value) {
            quote::write_number(&mut self.out.bytes, number);
        } else if matches!(value.tag(), Tag::NIL | Tag::FALSE | Tag::TRUE) {
            let text = plain_text(call, value)?;
            self.out.push(text.bytes());
        } else {
            return Err(call.argument_error(self.argument + 1, "value has no literal form"));
        }
        Ok(true)
    }
}
