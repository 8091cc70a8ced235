//! Linear memories as byte views. Every access is checked.

use super::{check_self, grow_after_collection};
use crate::arguments::{
    Answer, LibraryFunction, argument_error, check_bytes, check_unsigned, integer, kind_error, out_of_memory,
};
use minivm::raw::{Extern, ExternKind, HostCall, Raise, Value};

/// The methods by name.
pub(super) const METHODS: &[(&str, LibraryFunction)] = &[
    ("fill", fill),
    ("get", get),
    ("grow", grow),
    ("pages", pages),
    ("set", set),
    ("size", size),
    ("string", string),
    ("write", write),
];

/// The metamethods by name.
pub(super) const METAMETHODS: &[(&str, LibraryFunction)] = &[("__len", size)];

fn check_memory(call: &mut HostCall<'_>) -> Result<Extern, Raise> {
    check_self(call, ExternKind::Memory)
}

#[cold]
fn out_of_bounds(call: &mut HostCall<'_>, memory: &Extern, address: u64, length: u64) -> Raise {
    let size = size_of_memory(call, memory);
    call.error(format!("out of bounds memory access ({length} bytes at {address}, the memory has {size})"))
}

fn size_of_memory(call: &mut HostCall<'_>, memory: &Extern) -> usize {
    call.memory_of(memory).map_or(0, |memory| memory.length())
}

/// Some bytes of a memory.
fn slice<'c>(
    call: &'c mut HostCall<'_>,
    memory: &Extern,
    address: u64,
    length: u64,
) -> Result<&'c mut [u8], (u64, u64)> {
    let found = call.memory_of(memory).and_then(|memory| memory.slice_mut(address, length).ok());
    found.ok_or((address, length))
}

/// `memory:size()`, `#memory`: its bytes.
fn size(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let size = size_of_memory(call, &memory);
    call.return_one(Value::int(size as i64))
}

/// `memory:pages()`: its pages of 64 KiB.
fn pages(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let pages = call.memory_of(&memory).map_or(0, |memory| memory.pages());
    call.return_one(Value::int(pages as i64))
}

/// `memory:grow(pages)`: the pages it had before; nil when it may not grow so far.
fn grow(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let more = check_unsigned(call, 1)?;
    let before = grow_after_collection(call, |call| call.memory_of(&memory).and_then(|memory| memory.grow(more)));
    call.return_one(before.map_or(Value::NIL, |before| Value::int(before as i64)))
}

/// `memory:string(address, length)`.
fn string(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let (address, length) = (check_unsigned(call, 1)?, check_unsigned(call, 2)?);
    let most = size_of_memory(call, &memory);
    let _copy = call.hold(usize::try_from(length).unwrap_or(usize::MAX).min(most))?;
    let bytes = match slice(call, &memory, address, length) {
        Ok(bytes) => bytes.to_vec(),
        Err((address, length)) => return Err(out_of_bounds(call, &memory, address, length)),
    };
    let text = call.heap().string_value(&bytes).map_err(out_of_memory)?;
    call.return_one(text)
}

/// `memory:write(address, string)`.
fn write(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let (address, bytes) = (check_unsigned(call, 1)?, check_bytes(call, 2)?);
    match slice(call, &memory, address, bytes.len() as u64) {
        Ok(to) => to.copy_from_slice(&bytes),
        Err((address, length)) => return Err(out_of_bounds(call, &memory, address, length)),
    }
    call.return_none()
}

/// `memory:fill(address, byte, length)`.
fn fill(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let (address, length) = (check_unsigned(call, 1)?, check_unsigned(call, 3)?);
    let byte = integer(call.arg(2)).and_then(|byte| u8::try_from(byte).ok());
    let byte = byte.ok_or_else(|| kind_error(call, 2, "byte"))?;
    match slice(call, &memory, address, length) {
        Ok(to) => to.fill(byte),
        Err((address, length)) => return Err(out_of_bounds(call, &memory, address, length)),
    }
    call.return_none()
}

/// How a number lies in memory, little-endian.
#[derive(Clone, Copy)]
struct Element {
    name: &'static str,
    bytes: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Signed,
    Unsigned,
    Float,
}

const ELEMENTS: [Element; 9] = [
    Element { name: "i8", bytes: 1, kind: Kind::Signed },
    Element { name: "u8", bytes: 1, kind: Kind::Unsigned },
    Element { name: "i16", bytes: 2, kind: Kind::Signed },
    Element { name: "u16", bytes: 2, kind: Kind::Unsigned },
    Element { name: "i32", bytes: 4, kind: Kind::Signed },
    Element { name: "u32", bytes: 4, kind: Kind::Unsigned },
    Element { name: "i64", bytes: 8, kind: Kind::Signed },
    Element { name: "f32", bytes: 4, kind: Kind::Float },
    Element { name: "f64", bytes: 8, kind: Kind::Float },
];

fn check_element(call: &mut HostCall<'_>) -> Result<Element, Raise> {
    let name = check_bytes(call, 1)?;
    match ELEMENTS.iter().find(|element| element.name.as_bytes() == &*name) {
        Some(element) => Ok(*element),
        None => {
            let message = format!("invalid type '{}'", String::from_utf8_lossy(&name));
            Err(argument_error(call, 1, &message))
        }
    }
}

impl Element {
    fn read(self, bytes: &[u8]) -> Value {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        let word = u64::from_le_bytes(word);
        let shift = 64 - 8 * self.bytes as u32;
        match self.kind {
            Kind::Signed => Value::int((word << shift) as i64 >> shift),
            Kind::Unsigned => Value::int(word as i64),
            Kind::Float if self.bytes == 4 => Value::float(f64::from(f32::from_bits(word as u32))),
            Kind::Float => Value::float(f64::from_bits(word)),
        }
    }

    /// The bits of a value. Integers may be given signed or unsigned; they must fit.
    fn bits(self, value: Value) -> Option<u64> {
        if self.kind == Kind::Float {
            let number = value.as_float().or_else(|| value.as_int().map(|int| int as f64))?;
            return Some(if self.bytes == 4 { u64::from((number as f32).to_bits()) } else { number.to_bits() });
        }
        let int = integer(value)?;
        let bits = 8 * self.bytes as u32;
        let fits = bits == 64 || (-(1 << (bits - 1))..1 << bits).contains(&int);
        fits.then_some(int as u64)
    }
}

/// `memory:get(type, address)`: a number as it lies there.
fn get(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let (element, address) = (check_element(call)?, check_unsigned(call, 2)?);
    let value = match slice(call, &memory, address, element.bytes) {
        Ok(bytes) => element.read(bytes),
        Err((address, length)) => return Err(out_of_bounds(call, &memory, address, length)),
    };
    call.return_one(value)
}

/// `memory:set(type, address, value)`.
fn set(call: &mut HostCall<'_>) -> Answer {
    let memory = check_memory(call)?;
    let (element, address) = (check_element(call)?, check_unsigned(call, 2)?);
    let bits = element.bits(call.arg(3)).ok_or_else(|| kind_error(call, 3, element.name))?;
    match slice(call, &memory, address, element.bytes) {
        Ok(to) => to.copy_from_slice(&bits.to_le_bytes()[..element.bytes as usize]),
        Err((address, length)) => return Err(out_of_bounds(call, &memory, address, length)),
    }
    call.return_none()
}
