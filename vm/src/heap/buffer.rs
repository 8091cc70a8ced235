//! Buffers: long strings that a host function writes in several steps, from the front to the end.
//!
//! A buffer is the cell of the string that it becomes, so that nothing is copied at the end. Programs never see one: it is
//! among the values that a host function keeps. What is not written yet is not even touched, as there may be much of it.

use super::string::{FIXED_BYTES, SHORT_BYTES_MAX, Str};
use super::{Header, Heap, OutOfMemory};
use crate::value::{Tag, Value};

impl Str {
    /// What is written of a buffer.
    ///
    /// # Safety
    /// `buffer` is a live buffer that is not written to for `'a`.
    pub(super) unsafe fn written<'a>(buffer: *mut Str) -> &'a [u8] {
        // SAFETY: so many bytes were written behind the fixed part.
        unsafe { std::slice::from_raw_parts(Str::data(buffer), (*buffer).hash as usize) }
    }
}

impl Heap {
    /// A string of `length` bytes that is yet to be written.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn buffer(&mut self, length: usize) -> Result<Value, OutOfMemory> {
        let len = u32::try_from(length).map_err(|_| OutOfMemory { bytes: length })?;
        let buffer = self.allocate(FIXED_BYTES + length)?.cast::<Str>();
        // SAFETY: the fresh cell holds the fixed part.
        unsafe {
            buffer.write(Str { header: Header::new(Tag::BUFFER, 0), hash: 0, len });
            Ok(Value::from_buffer(buffer))
        }
    }

    /// The buffer that a value stands for, if it is not finished.
    fn open_buffer(value: Value) -> Option<*mut Str> {
        // SAFETY: values at hand are reachable; every cell begins with its header.
        value.as_buffer().filter(|&buffer| unsafe { u32::from((*buffer).header.kind()) == Tag::BUFFER.0 })
    }

    /// How many bytes of a buffer are written, and how many are not; nothing when it is none, or finished.
    pub fn buffer_progress(&self, buffer: Value) -> (usize, usize) {
        // SAFETY: values at hand are reachable.
        Heap::open_buffer(buffer)
            .map_or((0, 0), |buffer| unsafe { ((*buffer).hash as usize, ((*buffer).len - (*buffer).hash) as usize) })
    }

    /// Writes the next `count` bytes of a buffer, or as many as are missing. `write` is given those that are there, and
    /// the new ones, which are zeros.
    pub fn append_to_buffer(&mut self, buffer: Value, count: usize, write: impl FnOnce(&[u8], &mut [u8])) {
        let Some(buffer) = Heap::open_buffer(buffer) else { return };
        // SAFETY: values at hand are reachable, and the heap is borrowed, so nobody else looks at the cell, which has room for
        // `len` bytes behind the fixed part.
        unsafe {
            let written = (*buffer).hash as usize;
            let count = count.min(Str::len(buffer) - written);
            let window = Str::data(buffer).add(written);
            window.write_bytes(0, count);
            write(Str::written(buffer), std::slice::from_raw_parts_mut(window, count));
            (*buffer).hash += count as u32;
        }
    }

    /// Makes a buffer whose bytes are all written a string; none when it is no such buffer.
    ///
    /// # Errors
    /// When there is no memory for a short one.
    pub fn finish_buffer(&mut self, buffer: Value) -> Result<Option<Value>, OutOfMemory> {
        let Some(string) = Heap::open_buffer(buffer) else { return Ok(None) };
        // SAFETY: values at hand are reachable. A string cell differs from that of a buffer in its header and hash only.
        unsafe {
            if (*string).hash != (*string).len {
                return Ok(None);
            }
            if Str::len(string) <= SHORT_BYTES_MAX {
                return self.string_value(Str::written(string)).map(Some);
            }
            (*string).header.become_kind(Tag::STRING);
            (*string).header.set(Header::LONG);
            (*string).hash = 0;
            Ok(Some(Value::from_string(string)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::heap::{Heap, HeapLimits};

    #[test]
    fn buffers_become_strings() {
        for length in [0, 5, 40, 41, 100_000] {
            let mut heap = Heap::new(HeapLimits::default());
            let buffer = heap.buffer(length).expect("no limit");
            assert_eq!(buffer.as_bytes(), None);
            while heap.buffer_progress(buffer).1 > 0 {
                assert!(heap.finish_buffer(buffer).expect("no limit").is_none());
                heap.append_to_buffer(buffer, 7_001, |before, window| {
                    let at = before.len();
                    assert!(before.iter().enumerate().all(|(index, &byte)| byte == index as u8));
                    assert!(window.iter().all(|&byte| byte == 0));
                    window.iter_mut().enumerate().for_each(|(index, byte)| *byte = (at + index) as u8);
                });
            }
            let string = heap.finish_buffer(buffer).expect("no limit").expect("it is full");
            let expected: Vec<u8> = (0..length).map(|index| index as u8).collect();
            assert_eq!(string.as_bytes(), Some(&expected[..]));
            assert!(string.raw_equals(heap.string_value(&expected).expect("no limit")));
            if length > 40 {
                // What is a string now does not change any more.
                assert!(heap.finish_buffer(buffer).expect("no limit").is_none());
                heap.append_to_buffer(buffer, 1, |_, _| panic!("it is no buffer"));
            }
        }
    }
}
