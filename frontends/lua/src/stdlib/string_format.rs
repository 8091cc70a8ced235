//! `string.format`.

use super::algorithms::format::{Conversion, Directive, Piece, Pieces};
use super::algorithms::quote;
use super::arguments::{Answer, Arguments, LibraryFunction, as_number};
use super::base::{plain_text, returned_text, text_metamethod};
use minivm::{HostCall, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("format", format)];

fn format(call: &mut HostCall<'_>) -> Answer {
    // In state n, the text of argument n comes from its metamethod and takes its place.
    let state = call.state() as usize;
    if state > 0 {
        let text = returned_text(call)?;
        call.set_arg(state, text.0);
    }
    let format = call.check_text(0)?;
    let mut out = Vec::with_capacity(format.bytes().len() + 32);
    let mut argument = 0;
    for piece in Pieces::new(format.bytes()) {
        match piece {
            Piece::Literal(text) => out.extend_from_slice(text),
            Piece::Directive(directive) => {
                argument += 1;
                if argument >= call.arg_count() {
                    return Err(call.argument_error(argument, "no value"));
                }
                let directive = directive.map_err(|error| call.fail(error))?;
                if directive.conversion() == Conversion::Text
                    && let value = call.arg(argument)
                    && let Some(method) = text_metamethod(call, value)
                {
                    // What comes before is written once more afterwards; the text is an argument by then.
                    return call.call(method, &[value], argument as u32);
                }
                write(call, &mut out, &directive, argument)?;
            }
        }
    }
    call.return_text(out)
}

fn write(call: &mut HostCall<'_>, out: &mut Vec<u8>, directive: &Directive<'_>, argument: usize) -> Result<(), Raise> {
    match directive.conversion() {
        Conversion::Character
        | Conversion::Signed
        | Conversion::Unsigned
        | Conversion::Octal
        | Conversion::Hexadecimal => directive.write_integer(out, call.check_integer(argument)?),
        Conversion::HexFloat | Conversion::Exponential | Conversion::Fixed | Conversion::General => {
            directive.write_float(out, call.check_float(argument)?);
        }
        Conversion::Pointer => {
            let value = call.arg(argument);
            let identity = value.is_object().then(|| call.identity(value));
            directive.write_identity(out, identity);
        }
        Conversion::Quoted => return write_quoted(call, out, argument),
        Conversion::Text => {
            let value = call.arg(argument);
            let text = plain_text(call, value)?;
            let written = directive.write_text(out, text.bytes(), argument as u32 + 1);
            return written.map_err(|error| call.fail(error));
        }
    }
    Ok(())
}

fn write_quoted(call: &mut HostCall<'_>, out: &mut Vec<u8>, argument: usize) -> Result<(), Raise> {
    let value: Value = call.arg(argument);
    if let Some(text) = value.as_bytes() {
        quote::write_string(out, text);
    } else if let Some(number) = as_number(value) {
        quote::write_number(out, number);
    } else if matches!(value.tag(), Tag::NIL | Tag::FALSE | Tag::TRUE) {
        out.extend_from_slice(plain_text(call, value)?.bytes());
    } else {
        return Err(call.argument_error(argument, "value has no literal form"));
    }
    Ok(())
}
