//! Checked access to the guest's linear memory; it knows nothing of files.

use super::errno::{Errno, Error};
use std::fmt;
use std::ops::Range;

/// The guest passed a pointer that leads outside of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first byte that was asked for.
    pub address: u64,
    /// How many bytes were asked for.
    pub length: u64,
    /// How many bytes the memory has.
    pub memory_bytes: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes at address {:#x} are outside of the memory of {} bytes",
            self.length, self.address, self.memory_bytes
        )
    }
}

impl std::error::Error for Fault {}

/// More buffers in one call than this are refused, as POSIX systems do.
const BUFFERS_MAX: u32 = 1024;

/// The guest's memory as the calls use it: little-endian, every access checked.
#[derive(Debug)]
pub struct Memory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Memory<'a> {
    /// Wraps the whole linear memory; address 0 is its first byte.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Memory { bytes }
    }

    /// The bytes as an index range, if all of them exist.
    pub(super) fn range(&self, address: u32, length: u64) -> Result<Range<usize>, Fault> {
        let start = u64::from(address);
        let fault = Fault { address: start, length, memory_bytes: self.bytes.len() as u64 };
        let end = start.checked_add(length).ok_or(fault)?;
        if end > self.bytes.len() as u64 {
            return Err(fault);
        }
        Ok(start as usize..end as usize)
    }

    /// `length` bytes at `address`.
    pub fn slice(&self, address: u32, length: u32) -> Result<&[u8], Fault> {
        let range = self.range(address, u64::from(length))?;
        Ok(&self.bytes[range])
    }

    /// `length` bytes at `address`, to be written.
    pub fn slice_mut(&mut self, address: u32, length: u32) -> Result<&mut [u8], Fault> {
        let range = self.range(address, u64::from(length))?;
        Ok(&mut self.bytes[range])
    }

    /// The bytes of a range that was checked before.
    pub(super) fn checked(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// The bytes of a range that was checked before, to be written.
    pub(super) fn checked_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// A string; paths in this interface are UTF-8.
    pub fn text(&self, address: u32, length: u32) -> Result<&str, Error> {
        Ok(std::str::from_utf8(self.slice(address, length)?).map_err(|_| Errno::IlSeq)?)
    }

    fn read<const N: usize>(&self, address: u32) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        let range = self.range(address, N as u64)?;
        bytes.copy_from_slice(&self.bytes[range]);
        Ok(bytes)
    }

    /// Writes `bytes` at `address`.
    pub fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Fault> {
        let range = self.range(address, bytes.len() as u64)?;
        self.bytes[range].copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number of 16 bits.
    pub fn write_u16(&mut self, address: u32, value: u16) -> Result<(), Fault> {
        self.write(address, &value.to_le_bytes())
    }

    /// Reads a number of 32 bits.
    pub fn read_u32(&self, address: u32) -> Result<u32, Fault> {
        self.read(address).map(u32::from_le_bytes)
    }

    /// Writes a number of 32 bits.
    pub fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Fault> {
        self.write(address, &value.to_le_bytes())
    }

    /// Writes a number of 64 bits.
    pub fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Fault> {
        self.write(address, &value.to_le_bytes())
    }

    /// The buffers of an `iovec` or `ciovec` array (pairs of address and length), all
    /// checked before any is used. The sum of their lengths fits 32 bits: what is beyond
    /// is left off, since a call may always transfer less than it was asked for.
    pub(super) fn buffers(&self, address: u32, count: u32) -> Result<Vec<Range<usize>>, Error> {
        if count > BUFFERS_MAX {
            return Err(Errno::Inval.into());
        }
        let table = self.range(address, u64::from(count) * 8)?;
        let mut room = u32::MAX;
        let mut buffers = Vec::with_capacity(count as usize);
        for pair in self.bytes[table].chunks_exact(8) {
            let address = u32::from_le_bytes(pair[..4].try_into().expect("4 of 8 bytes"));
            let length = u32::from_le_bytes(pair[4..].try_into().expect("4 of 8 bytes"));
            self.range(address, u64::from(length))?;
            let used = length.min(room);
            room -= used;
            buffers.push(self.range(address, u64::from(used))?);
        }
        Ok(buffers)
    }
}

/// A structure of `N` bytes that is put together field by field, then written at once.
#[derive(Debug)]
pub(super) struct Record<const N: usize>([u8; N]);

impl<const N: usize> Record<N> {
    /// All bytes zero, padding included, so that nothing of the host leaks.
    pub(super) fn new() -> Self {
        Record([0; N])
    }

    /// Sets a field of one byte.
    pub(super) fn u8(mut self, offset: usize, value: u8) -> Self {
        self.0[offset] = value;
        self
    }

    /// Sets a field of 16 bits.
    pub(super) fn u16(mut self, offset: usize, value: u16) -> Self {
        self.0[offset..offset + 2].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// Sets a field of 32 bits.
    pub(super) fn u32(mut self, offset: usize, value: u32) -> Self {
        self.0[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// Sets a field of 64 bits.
    pub(super) fn u64(mut self, offset: usize, value: u64) -> Self {
        self.0[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// The finished structure.
    pub(super) fn bytes(&self) -> &[u8; N] {
        &self.0
    }
}
