//! Host functions of the machine's own, for work of instructions that may be long: joining and comparing strings. They do it in
//! slices, as all host functions do, and are called as a metamethod would be.

use super::work::units_of_bytes;
use crate::format;
use crate::heap::OutOfMemory;
use crate::runtime::context::Context;
use crate::runtime::host::HostCall;
use crate::runtime::host::HostFn;
use crate::runtime::host::Outcome;
use crate::runtime::host::Raise;
use crate::runtime::host::SLICE;
use crate::value::{Tag, Value};
use minivm_isa::TrapCode;
use std::rc::Rc;

/// Bytes that an instruction joins or compares itself.
pub(crate) const AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// Bytes of a slice.
const SLICE_BYTES: usize = SLICE as usize * 64;

/// A host function of the machine's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    /// Joins strings and numbers.
    Concat,
    /// Compares two strings, as its third argument says.
    Compare,
}

/// What a comparison asks; its number is the third argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether both are equal; so long they are.
    Equal = 0,
    /// Whether the first is less.
    Less = 1,
    /// Whether the first is less or equal.
    LessEqual = 2,
}

impl Builtin {
    const ALL: [Builtin; 2] = [Builtin::Concat, Builtin::Compare];

    /// Its name; programs cannot make one like it.
    fn name(self) -> &'static str {
        match self {
            Builtin::Concat => "(concat)",
            Builtin::Compare => "(compare)",
        }
    }
}

impl Context {
    /// Makes the functions known, so that snapshots find them.
    pub(crate) fn define_builtins(&mut self) -> Result<(), OutOfMemory> {
        for builtin in Builtin::ALL {
            let function: HostFn = match builtin {
                Builtin::Concat => Rc::new(concat),
                Builtin::Compare => Rc::new(compare),
            };
            let value = self.host_function(builtin.name().to_owned(), function, None)?;
            self.registry.insert(builtin.name().to_owned(), value);
        }
        Ok(())
    }

    /// The value of a function; nil when a snapshot has none.
    pub(crate) fn builtin(&self, builtin: Builtin) -> Value {
        self.registry.get(builtin.name()).copied().unwrap_or(Value::NIL)
    }
}

/// `(concat)(values...)`: strings and numbers. Keeps them, then the buffer.
fn concat(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    if call.state() == 0 {
        let mut total = 0_usize;
        for index in 0..call.arg_count() {
            let value = call.arg(index);
            if value.tag() != Tag::STRING {
                let text = call.string(format::number(value))?;
                call.set_arg(index, text);
            }
            total = total.saturating_add(bytes(call.arg(index)).len());
        }
        let buffer = match call.heap().buffer(total) {
            Ok(buffer) => buffer,
            Err(_) => {
                call.collect();
                call.heap().buffer(total).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))?
            }
        };
        call.keep_more(&[buffer])?;
        return call.go_on(1);
    }
    let count = call.arg_count() - 1;
    let buffer = call.arg(count);
    let (written, left) = call.heap().buffer_progress(buffer);
    let free = if written == 0 { crate::runtime::host::FAST_PATH_BYTES_MAX } else { 0 };
    let slice = left.min(SLICE_BYTES + free);
    call.charge((slice - free.min(slice)) as u64 / 64)?;
    let mut rest = slice;
    let mut before = written;
    for index in 0..count {
        let piece = bytes(call.arg(index));
        let skipped = before.min(piece.len());
        before -= skipped;
        let part = &piece[skipped..piece.len().min(skipped + rest)];
        call.heap().append_to_buffer(buffer, part.len(), |_, window| window.copy_from_slice(part));
        rest -= part.len();
        if rest == 0 {
            break;
        }
    }
    match call.heap().finish_buffer(buffer).map_err(|_| Raise::Trap(TrapCode::OutOfMemory))? {
        Some(string) => call.return_one(string),
        None => call.go_on(1),
    }
}

/// The bytes of a string.
fn bytes<'a>(value: Value) -> &'a [u8] {
    match value.as_string() {
        // SAFETY: the function keeps the string while it uses its bytes.
        Some(string) => unsafe { crate::heap::Str::bytes(string) },
        None => &[],
    }
}

/// `(compare)(lhs, rhs, question)`. Keeps also how many bytes are equal, as far as it has looked.
fn compare(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let (lhs, rhs) = (bytes(call.arg(0)), bytes(call.arg(1)));
    let from = call.arg(3).as_int().map_or(0, |at| at.clamp(0, i64::MAX) as usize);
    let end = lhs.len().min(rhs.len()).min(from.saturating_add(SLICE_BYTES));
    let (left, right) = (lhs.get(from..end).unwrap_or_default(), rhs.get(from..end).unwrap_or_default());
    call.charge(left.len() as u64 / 64)?;
    let mut order = left.cmp(right);
    if order.is_eq() && end < lhs.len().min(rhs.len()) {
        let question = call.arg(2);
        let at = Value::int(end as i64);
        call.keep(&[call.arg(0), call.arg(1), question, at])?;
        return call.go_on(1);
    }
    if order.is_eq() {
        order = lhs.len().cmp(&rhs.len());
    }
    let holds = match call.arg(2).as_int() {
        Some(question) if question == Question::Less as i64 => order.is_lt(),
        Some(question) if question == Question::LessEqual as i64 => order.is_le(),
        _ => order.is_eq(),
    };
    call.return_one(Value::bool(holds))
}

/// How many bytes a comparison of two values looks at, if they are strings that take long.
pub(crate) fn long_comparison(question: Question, lhs: Value, rhs: Value) -> Option<usize> {
    if lhs.tag() != Tag::STRING || rhs.tag() != Tag::STRING || lhs.payload() == rhs.payload() {
        return None;
    }
    let (left, right) = (bytes(lhs).len(), bytes(rhs).len());
    let is_told = question == Question::Equal && left != right;
    let shorter = left.min(right);
    (!is_told && units_of_bytes(shorter) > 0).then_some(shorter)
}
