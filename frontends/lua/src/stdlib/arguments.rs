//! Checking of arguments, with PUC Lua's messages. Arguments count from 0 here and from 1 in messages.

use super::algorithms::LibraryError;
use super::algorithms::float_text;
use super::algorithms::number::{self, Number};
use super::work::Work;
use minivm::raw::{HostCall, Outcome, Raise, Tag, Value};
use minivm_isa::TrapCode;

/// What a library function answers.
pub(super) type Answer = Result<Outcome, Raise>;

/// A library function.
pub(super) type LibraryFunction = fn(&mut HostCall<'_>) -> Answer;

/// A value that is known to be a string.
#[derive(Clone, Copy)]
pub(super) struct Text(pub(super) Value);

impl Text {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes().unwrap_or_default()
    }
}

/// A number, if the value is one.
pub(super) fn as_number(value: Value) -> Option<Number> {
    match value.tag() {
        Tag::INT => value.as_int().map(Number::Integer),
        Tag::FLOAT => value.as_float().map(Number::Float),
        _ => None,
    }
}

/// A numeral of more bytes is not read.
const NUMERAL_BYTES_MAX: usize = 1 << 20;
/// Strings of at most so many bytes are read as numerals without a charge.
const SHORT_NUMERAL_BYTES: usize = 256;

/// A number as a value.
pub(super) fn number_value(number: Number) -> Value {
    match number {
        Number::Integer(value) => Value::int(value),
        Number::Float(value) => Value::float(value),
    }
}

/// No memory for what the program asked.
pub(super) fn out_of_memory<E>(_: E) -> Raise {
    Raise::Trap(TrapCode::OutOfMemory)
}

#[cold]
fn charge_long_numeral(call: &mut HostCall<'_>, text: &[u8]) -> Result<(), Raise> {
    let length = text.len().min(NUMERAL_BYTES_MAX);
    call.charge_looks(length)?;
    let may_be_numeral = |&byte: &u8| number::is_space(byte) || number::may_be_in_numeral(byte);
    if text.len() > NUMERAL_BYTES_MAX && text[..length].iter().all(may_be_numeral) {
        return Err(call.error(format!("numeral too long (the limit is {NUMERAL_BYTES_MAX} bytes)")));
    }
    Ok(())
}

/// As much of a text of the program as messages show.
pub(super) fn shown(text: &[u8]) -> &[u8] {
    const SHOWN_MAX: usize = 1000;
    &text[..text.len().min(SHOWN_MAX)]
}

/// Argument checks of a running host function.
pub(super) trait Arguments {
    /// An error that names the argument at fault, as `luaL_argerror` does.
    fn argument_error(&mut self, index: usize, message: impl AsRef<[u8]>) -> Raise;
    /// An argument is not of the kind it should be.
    fn kind_error(&mut self, index: usize, expected: &str) -> Raise;
    /// What an algorithm reports, as an error of the program.
    fn fail(&mut self, error: LibraryError) -> Raise;
    /// Whether argument `index` was not given, or is nil.
    fn is_absent(&self, index: usize) -> bool;
    /// Any value, but one.
    fn check_any(&mut self, index: usize) -> Result<Value, Raise>;
    /// Pays for reading a string as a numeral.
    fn charge_numeral(&mut self, text: &[u8]) -> Result<(), Raise>;
    /// A number, if the value is one or a string that spells one.
    fn to_number(&mut self, value: Value) -> Result<Option<Number>, Raise>;
    /// A number, or a string that spells one.
    fn check_number(&mut self, index: usize) -> Result<Number, Raise>;
    /// A number as a float.
    fn check_float(&mut self, index: usize) -> Result<f64, Raise>;
    /// A number with an integer value.
    fn check_integer(&mut self, index: usize) -> Result<i64, Raise>;
    /// As `check_integer`, with a default for an absent argument.
    fn integer_or(&mut self, index: usize, default: i64) -> Result<i64, Raise>;
    /// A string, or a number as a string.
    fn check_text(&mut self, index: usize) -> Result<Text, Raise>;
    /// As `check_text`, but it may be absent.
    fn optional_text(&mut self, index: usize) -> Result<Option<Text>, Raise>;
    /// A table.
    fn check_table(&mut self, index: usize) -> Result<Value, Raise>;
    /// A function.
    fn check_function(&mut self, index: usize) -> Result<Value, Raise>;
    /// One of several words.
    fn check_option(&mut self, index: usize, default: Option<usize>, options: &[&str]) -> Result<usize, Raise>;
    /// A number as a string, or the string itself; `None` for other values.
    fn to_text(&mut self, value: Value) -> Result<Option<Text>, Raise>;
    /// Returns a string.
    fn return_text(&mut self, bytes: impl AsRef<[u8]>) -> Answer;
}

impl Arguments for HostCall<'_> {
    #[cold]
    fn argument_error(&mut self, index: usize, message: impl AsRef<[u8]>) -> Raise {
        let mut number = index + 1;
        let name = match self.called_as() {
            Some(("method", name)) => {
                number -= 1;
                if number == 0 {
                    let text = [format!("calling '{name}' on bad self (").as_bytes(), message.as_ref(), b")"].concat();
                    return self.error(text);
                }
                name
            }
            Some((_, name)) => name,
            None => self.own_name(),
        };
        let text = [format!("bad argument #{number} to '{name}' (").as_bytes(), message.as_ref(), b")"].concat();
        self.error(text)
    }

    #[cold]
    fn kind_error(&mut self, index: usize, expected: &str) -> Raise {
        let found = if index < self.arg_count() { self.type_name(self.arg(index)) } else { "no value".into() };
        self.argument_error(index, format!("{expected} expected, got {found}"))
    }

    #[cold]
    fn fail(&mut self, error: LibraryError) -> Raise {
        match error {
            LibraryError::Message(text) => self.error(text),
            LibraryError::Argument { index, message } => self.argument_error(index as usize - 1, message),
        }
    }

    fn is_absent(&self, index: usize) -> bool {
        self.arg(index).is_nil()
    }

    fn check_any(&mut self, index: usize) -> Result<Value, Raise> {
        if index < self.arg_count() { Ok(self.arg(index)) } else { Err(self.argument_error(index, "value expected")) }
    }

    fn check_number(&mut self, index: usize) -> Result<Number, Raise> {
        let value = self.arg(index);
        match value.tag() {
            Tag::INT => Ok(Number::Integer(value.as_int().unwrap_or_default())),
            Tag::FLOAT => Ok(Number::Float(value.as_float().unwrap_or_default())),
            _ => self.to_number(value)?.ok_or_else(|| self.kind_error(index, "number")),
        }
    }

    #[inline]
    fn charge_numeral(&mut self, text: &[u8]) -> Result<(), Raise> {
        if text.len() <= SHORT_NUMERAL_BYTES { Ok(()) } else { charge_long_numeral(self, text) }
    }

    fn to_number(&mut self, value: Value) -> Result<Option<Number>, Raise> {
        if let Some(number) = as_number(value) {
            return Ok(Some(number));
        }
        let Some(text) = value.as_bytes() else { return Ok(None) };
        self.charge_numeral(text)?;
        Ok(number::parse(text))
    }

    fn check_float(&mut self, index: usize) -> Result<f64, Raise> {
        self.check_number(index).map(Number::as_float)
    }

    fn check_integer(&mut self, index: usize) -> Result<i64, Raise> {
        if let Some(value) = self.arg(index).as_int() {
            return Ok(value);
        }
        match self.check_number(index)?.as_integer() {
            Some(value) => Ok(value),
            None => Err(self.argument_error(index, "number has no integer representation")),
        }
    }

    fn integer_or(&mut self, index: usize, default: i64) -> Result<i64, Raise> {
        if self.is_absent(index) { Ok(default) } else { self.check_integer(index) }
    }

    fn check_text(&mut self, index: usize) -> Result<Text, Raise> {
        let value = self.arg(index);
        if value.tag() == Tag::STRING {
            return Ok(Text(value));
        }
        match self.to_text(value)? {
            Some(text) => {
                // So that nothing is made again when the function begins again.
                self.set_arg(index, text.0);
                Ok(text)
            }
            None => Err(self.kind_error(index, "string")),
        }
    }

    fn optional_text(&mut self, index: usize) -> Result<Option<Text>, Raise> {
        if self.is_absent(index) { Ok(None) } else { self.check_text(index).map(Some) }
    }

    fn check_table(&mut self, index: usize) -> Result<Value, Raise> {
        let value = self.arg(index);
        if value.tag() == Tag::TABLE { Ok(value) } else { Err(self.kind_error(index, "table")) }
    }

    fn check_function(&mut self, index: usize) -> Result<Value, Raise> {
        let value = self.arg(index);
        if value.tag() == Tag::FUNCTION { Ok(value) } else { Err(self.kind_error(index, "function")) }
    }

    fn check_option(&mut self, index: usize, default: Option<usize>, options: &[&str]) -> Result<usize, Raise> {
        if let Some(default) = default.filter(|_| self.is_absent(index)) {
            return Ok(default);
        }
        let text = self.check_text(index)?;
        match options.iter().position(|option| option.as_bytes() == text.bytes()) {
            Some(found) => Ok(found),
            None => Err(self.argument_error(index, [b"invalid option '", shown(text.bytes()), b"'"].concat())),
        }
    }

    fn to_text(&mut self, value: Value) -> Result<Option<Text>, Raise> {
        if value.tag() == Tag::STRING {
            return Ok(Some(Text(value)));
        }
        let Some(number) = as_number(value) else { return Ok(None) };
        let mut text = Vec::with_capacity(24);
        float_text::write_number(&mut text, number);
        Ok(Some(Text(self.string(&text)?)))
    }

    fn return_text(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        let value = self.string(bytes)?;
        self.return_one(value)
    }
}
