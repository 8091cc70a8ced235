//! Writes the numbers, strings and lists that the binary form is made of.

use crate::steps;

/// Bytes under way.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        steps::count(1);
        self.bytes.push(byte);
    }

    /// LEB128 in its shortest form.
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// Zigzag LEB128: small magnitudes are short.
    pub(super) fn signed(&mut self, value: i64) {
        self.number((value << 1 ^ value >> 63).cast_unsigned());
    }

    /// How far a number is from the one before it; any two numbers work.
    pub(super) fn difference(&mut self, value: u32, before: &mut u32) {
        self.signed(i64::from(value.wrapping_sub(*before).cast_signed()));
        *before = value;
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn string(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        steps::count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.count(items.len());
        items.for_each(|item| write(self, item));
    }

    /// Something with its length before it.
    pub(super) fn sized(&mut self, write: impl FnOnce(&mut Self)) {
        let mut contents = Writer::default();
        write(&mut contents);
        self.string(&contents.bytes);
    }

    /// Whether there is something, and what.
    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}
