//! `string.pack` and its like.

use super::algorithms::pack::{Kind, Options, PackOption, add_packed_size};
use super::algorithms::pack_values::{self, UnpackStep, Unpacked, Unpacker};
use super::algorithms::positions::start_offset;
use super::arguments::{Answer, Arguments, LibraryFunction, Text, number_value};
use super::long_text;
use super::string::keep_behind;
use super::text_builder::{self, Finished, TextBuilder};
use super::work::{STEPS_MAX, WINDOW_BYTES, Work, byte_units, step_units};
use minivm::raw::{HostCall, Raise, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("pack", pack), ("packsize", packsize), ("unpack", unpack)];

// States: the format goes on; the result, or a long one of several, is there.
const GOING_ON: u32 = 1;
const MADE: u32 = 2;

/// Numbers as values that are kept.
fn kept_numbers<const N: usize>(numbers: [usize; N]) -> [Value; N] {
    numbers.map(|number| Value::int(number as i64))
}

fn kept_number(call: &HostCall<'_>, index: usize) -> usize {
    usize::try_from(call.arg(index).as_int().unwrap_or_default()).unwrap_or_default()
}

/// Data being packed. Where it is much, this is kept behind the arguments, the reader of options as three numbers.
struct Packer {
    format: Text,
    /// Arguments, the format among them.
    count: usize,
    out: TextBuilder,
    options: [usize; 3],
    /// The argument of the last option that is done.
    index: usize,
    /// How much of the next argument was searched for zero bytes.
    searched: usize,
    steps: u64,
}

/// Values that a packer is kept as.
const KEPT: usize = text_builder::KEPT + 5;
/// Bytes searched for zero bytes that are as much work as reading a letter.
const SEARCHED_PER_STEP: u64 = 16;
/// Bytes that are searched at a time.
const SEARCHED_MAX: usize = 1 << 16;

fn pack(call: &mut HostCall<'_>) -> Answer {
    let mut work = match call.state() {
        0 => {
            let format = call.check_text(0)?;
            let (count, options) = (call.arg_count(), Options::new(format.bytes()).state());
            Packer { format, count, out: TextBuilder::default(), options, index: 0, searched: 0, steps: STEPS_MAX }
        }
        MADE => return call.return_returned(None),
        _ => Packer::restore(call),
    };
    let is_done = work.run(call)?;
    call.charge_steps(STEPS_MAX - work.steps)?;
    if is_done {
        return match work.out.finish(call, Text(Value::NIL), (MADE, &[]))? {
            Finished::Text(text) => call.return_one(text),
            Finished::Later(outcome) => Ok(outcome),
        };
    }
    work.out.pay_and_flush(call)?;
    work.keep(call)?;
    call.go_on(GOING_ON)
}

impl Packer {
    fn restore(call: &HostCall<'_>) -> Self {
        let count = call.arg_count().saturating_sub(KEPT);
        let number = |index| kept_number(call, count + text_builder::KEPT + index);
        Self {
            format: Text(call.arg(0)),
            count,
            out: TextBuilder::restore(call, count),
            options: [number(0), number(1), number(2)],
            index: number(3).min(count),
            searched: number(4),
            steps: STEPS_MAX,
        }
    }

    fn keep(&self, call: &mut HostCall<'_>) -> Result<(), Raise> {
        let [offset, order, alignment] = self.options;
        let numbers = kept_numbers([offset, order, alignment, self.index, self.searched]);
        keep_behind(call, self.count, &[&self.out.kept()[..], &numbers].concat())
    }

    /// Goes on with the format as far as one state may; says whether that was to its end.
    fn run(&mut self, call: &mut HostCall<'_>) -> Result<bool, Raise> {
        let format = self.format;
        let mut options = Options::resume(format.bytes(), self.options);
        while self.steps > 0 && !self.out.is_full() {
            let Some(option) = options.next(self.out.len()).map_err(|error| call.fail(error))? else {
                return Ok(true);
            };
            let state = options.state();
            self.steps = self.steps.saturating_sub((state[0] - self.options[0]) as u64);
            if !self.write(call, option)? {
                return Ok(false);
            }
            self.options = state;
            self.index += usize::from(option.kind.has_value());
            self.searched = 0;
        }
        self.out.check_room(call)?;
        Ok(false)
    }

    /// Writes the value of an option; false if it is long and not all of it was looked at.
    fn write(&mut self, call: &mut HostCall<'_>, option: PackOption) -> Result<bool, Raise> {
        let index = self.index + 1;
        let number = index as u32 + 1;
        if option.kind.has_value() && index >= self.count {
            // PUC Lua finds a nil of its own behind the arguments.
            let is_text = matches!(option.kind, Kind::Fixed { .. } | Kind::Counted { .. } | Kind::ZeroTerminated);
            let expected = if is_text { "string" } else { "number" };
            return Err(call.argument_error(index, format!("{expected} expected, got nil")));
        }
        match option.kind {
            Kind::Signed { .. } | Kind::Unsigned { .. } => {
                let value = call.check_integer(index)?;
                self.out.push_zeros(option.padding);
                let written = pack_values::write_integer(&mut self.out.bytes, option, value, number);
                written.map_err(|error| call.fail(error))?;
            }
            Kind::Float | Kind::Double => {
                let value = call.check_float(index)?;
                self.out.push_zeros(option.padding);
                pack_values::write_float(&mut self.out.bytes, option, value);
            }
            Kind::Fixed { .. } | Kind::Counted { .. } | Kind::ZeroTerminated => {
                return self.write_text(call, option, index);
            }
            Kind::Padding => self.out.push_zeros(option.padding + 1),
            Kind::Nothing => self.out.push_zeros(option.padding),
        }
        Ok(true)
    }

    fn write_text(&mut self, call: &mut HostCall<'_>, option: PackOption, index: usize) -> Result<bool, Raise> {
        let number = index as u32 + 1;
        let text = call.check_text(index)?;
        let length = text.bytes().len();
        pack_values::check_string(option, length, number).map_err(|error| call.fail(error))?;
        if option.kind == Kind::ZeroTerminated {
            while self.searched < length {
                let end = length.min(self.searched + SEARCHED_MAX);
                if memchr::memchr(0, &text.bytes()[self.searched..end]).is_some() {
                    return Err(call.fail(pack_values::contains_zeros(number)));
                }
                self.steps = self.steps.saturating_sub((end - self.searched) as u64 / SEARCHED_PER_STEP);
                self.searched = end;
                if self.steps == 0 {
                    return Ok(false);
                }
            }
        }
        self.out.push_zeros(option.padding);
        if matches!(option.kind, Kind::Counted { .. }) {
            pack_values::write_length(&mut self.out.bytes, option, length);
        }
        self.out.push_text(text);
        match option.kind {
            Kind::Fixed { size } => self.out.push_zeros(size - length),
            Kind::ZeroTerminated => self.out.push_zeros(1),
            _ => {}
        }
        Ok(true)
    }
}

/// While a long format goes on, the function keeps it, the reader of options and the size so far.
fn packsize(call: &mut HostCall<'_>) -> Answer {
    let (format, state, mut total) = if call.state() == GOING_ON {
        let number = |index| kept_number(call, index);
        (Text(call.arg(0)), [number(1), number(2), number(3)], number(4))
    } else {
        let format = call.check_text(0)?;
        (format, Options::new(format.bytes()).state(), 0)
    };
    let mut options = Options::resume(format.bytes(), state);
    let mut is_done = false;
    while !is_done && ((options.state()[0] - state[0]) as u64) < STEPS_MAX {
        is_done = !add_packed_size(&mut options, &mut total).map_err(|error| call.fail(error))?;
    }
    let [offset, order, alignment] = options.state();
    call.charge_steps((offset - state[0]) as u64)?;
    if is_done {
        return call.return_one(Value::int(total as i64));
    }
    call.keep(&[format.0])?;
    call.keep_more(&kept_numbers([offset, order, alignment, total]))?;
    call.go_on(GOING_ON)
}

/// Where the kept values of `unpack` begin: behind the format, the data, where in it the next value is, the reader of options, and
/// how much of a string was searched.
const VALUES: usize = 7;
/// Values that one state makes at most.
const VALUES_MADE_MAX: usize = 4096;

fn unpack(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        MADE => {
            let made = call.returned_one();
            call.keep_more(&[made])?;
            return call.go_on(GOING_ON);
        }
        GOING_ON => {
            let number = |index| kept_number(call, index);
            let (at, options, searched) = (number(2), [number(3), number(4), number(5)], number(6));
            return unpack_values(call, (Text(call.arg(0)), Text(call.arg(1))), (at, options, searched));
        }
        _ => {}
    }
    let (format, data) = (call.check_text(0)?, call.check_text(1)?);
    let start = start_offset(call.integer_or(2, 1)?, data.bytes().len());
    if start > data.bytes().len() {
        return Err(call.argument_error(2, "initial position out of string"));
    }
    unpack_values(call, (format, data), (start, Options::new(format.bytes()).state(), 0))
}

/// Reads as many values as one state may.
fn unpack_values(
    call: &mut HostCall<'_>,
    (format, data): (Text, Text),
    (at, options, searched): (usize, [usize; 3], usize),
) -> Answer {
    let mut unpacker = Unpacker::new(Options::resume(format.bytes(), options), data.bytes(), at, searched);
    let (mut unpacked, mut bytes, mut is_done, mut long) = (Vec::new(), 0, false, None);
    let steps = |unpacker: &Unpacker<'_>| {
        let letters = unpacker.options.state()[0].saturating_sub(options[0]) as u64;
        letters + unpacker.searched.abs_diff(searched) as u64 / SEARCHED_PER_STEP
    };
    while steps(&unpacker) < STEPS_MAX && unpacked.len() < VALUES_MADE_MAX && bytes < WINDOW_BYTES {
        match unpacker.step().map_err(|error| call.fail(error))? {
            UnpackStep::Value(Unpacked::Text(range)) if range.len() > WINDOW_BYTES => {
                long = Some(range);
                break;
            }
            UnpackStep::Value(value) => {
                if let Unpacked::Text(range) = &value {
                    bytes += range.len();
                }
                unpacked.push(value);
            }
            UnpackStep::Nothing => {}
            UnpackStep::End => {
                is_done = true;
                break;
            }
        }
    }
    call.charge(step_units(steps(&unpacker)) + byte_units(bytes))?;
    let mut values = Vec::with_capacity(unpacked.len() + 1);
    for value in unpacked {
        values.push(match value {
            Unpacked::Number(number) => number_value(number),
            Unpacked::Text(range) => call.string(&data.bytes()[range])?,
        });
    }
    if is_done {
        values.push(Value::int(unpacker.at as i64 + 1));
    }
    if is_done && call.state() != GOING_ON {
        return call.return_values(&values);
    }
    let [offset, order, alignment] = unpacker.options.state();
    let numbers = kept_numbers([unpacker.at, offset, order, alignment, unpacker.searched]);
    if call.state() != GOING_ON {
        call.keep(&[format.0, data.0])?;
        call.keep_more(&numbers)?;
    }
    for (index, number) in numbers.into_iter().enumerate() {
        call.set_arg(2 + index, number);
    }
    call.keep_more(&values)?;
    match long {
        Some(range) => long_text::copy_range(call, data, range, MADE),
        None if is_done => call.return_args_from(VALUES),
        None => call.go_on(GOING_ON),
    }
}
