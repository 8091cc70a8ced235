//! `string.pack` and its like.

use super::algorithms::pack::{Kind, Options, packed_size};
use super::algorithms::pack_values::{self, Unpacked};
use super::algorithms::positions::start_offset;
use super::arguments::{Answer, Arguments, LibraryFunction, number_value, out_of_memory};
use super::string::room;
use minivm::{HostCall, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("pack", pack), ("packsize", packsize), ("unpack", unpack)];

fn pack(call: &mut HostCall<'_>) -> Answer {
    let format = call.check_text(0)?;
    let mut options = Options::new(format.bytes());
    let mut out = Vec::new();
    let mut index = 0;
    while let Some(option) = options.next(out.len()).map_err(|error| call.fail(error))? {
        if out.len() + option.padding + option.kind.size() > room(call) {
            return Err(out_of_memory(()));
        }
        out.resize(out.len() + option.padding, 0);
        index += usize::from(option.kind.has_value());
        let number = index as u32 + 1;
        if option.kind.has_value() && index >= call.arg_count() {
            // PUC Lua finds a nil of its own behind the arguments.
            let is_text = matches!(option.kind, Kind::Fixed { .. } | Kind::Counted { .. } | Kind::ZeroTerminated);
            let expected = if is_text { "string" } else { "number" };
            return Err(call.argument_error(index, format!("{expected} expected, got nil")));
        }
        let written = match option.kind {
            Kind::Signed { .. } | Kind::Unsigned { .. } => {
                pack_values::write_integer(&mut out, option, call.check_integer(index)?, number)
            }
            Kind::Float | Kind::Double => {
                pack_values::write_float(&mut out, option, call.check_float(index)?);
                Ok(())
            }
            Kind::Fixed { .. } | Kind::Counted { .. } | Kind::ZeroTerminated => {
                pack_values::write_string(&mut out, option, call.check_text(index)?.bytes(), number)
            }
            Kind::Padding => {
                out.push(0);
                Ok(())
            }
            Kind::Nothing => Ok(()),
        };
        written.map_err(|error| call.fail(error))?;
    }
    call.return_text(out)
}

fn packsize(call: &mut HostCall<'_>) -> Answer {
    let format = call.check_text(0)?;
    let size = packed_size(format.bytes()).map_err(|error| call.fail(error))?;
    call.return_one(Value::int(size as i64))
}

fn unpack(call: &mut HostCall<'_>) -> Answer {
    let (format, data) = (call.check_text(0)?, call.check_text(1)?);
    let start = start_offset(call.integer_or(2, 1)?, data.bytes().len());
    if start > data.bytes().len() {
        return Err(call.argument_error(2, "initial position out of string"));
    }
    let unpacked = pack_values::unpack(format.bytes(), data.bytes(), start);
    let (unpacked, end) = unpacked.map_err(|error| call.fail(error))?;
    let mut values = Vec::with_capacity(unpacked.len() + 1);
    for value in unpacked {
        values.push(match value {
            Unpacked::Number(number) => number_value(number),
            Unpacked::Text(range) => call.string(&data.bytes()[range])?,
        });
    }
    values.push(Value::int(end as i64 + 1));
    call.return_values(&values)
}
