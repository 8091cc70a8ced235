//! Calls that hand over arguments and environment.

use super::errno::Error;
use super::memory::Memory;
use super::state::Wasi;

/// Writes the strings one after the other at `buffer` and their addresses at `table`.
fn hand_over(strings: &[Vec<u8>], memory: &mut Memory<'_>, table: u32, buffer: u32) -> Result<(), Error> {
    // Both ranges exist as a whole, so the sums below stay within 32 bits.
    memory.range(table, strings.len() as u64 * 4)?;
    memory.range(buffer, strings.iter().map(|string| string.len() as u64).sum())?;
    let (mut slot, mut address) = (table, buffer);
    for string in strings {
        memory.write_u32(slot, address)?;
        memory.write(address, string)?;
        slot = slot.wrapping_add(4);
        address = address.wrapping_add(string.len() as u32);
    }
    Ok(())
}

fn hand_over_sizes(strings: &[Vec<u8>], memory: &mut Memory<'_>, count: u32, size: u32) -> Result<(), Error> {
    // `WasiBuilder::build` keeps the sum within 32 bits; every string has a byte or more.
    let bytes: usize = strings.iter().map(Vec::len).sum();
    memory.write_u32(count, strings.len() as u32)?;
    Ok(memory.write_u32(size, bytes as u32)?)
}

impl Wasi {
    /// Writes the arguments at `argv_buf` and pointers to them at `argv`.
    pub fn args_get(&mut self, memory: &mut Memory<'_>, argv: u32, argv_buf: u32) -> Result<(), Error> {
        hand_over(&self.arguments, memory, argv, argv_buf)
    }

    /// Writes the number of arguments and the bytes they take together.
    pub fn args_sizes_get(&mut self, memory: &mut Memory<'_>, count: u32, size: u32) -> Result<(), Error> {
        hand_over_sizes(&self.arguments, memory, count, size)
    }

    /// Writes the variables (`NAME=value`) at `environ_buf` and pointers to them at
    /// `environ`.
    pub fn environ_get(&mut self, memory: &mut Memory<'_>, environ: u32, environ_buf: u32) -> Result<(), Error> {
        hand_over(&self.environment, memory, environ, environ_buf)
    }

    /// Writes the number of variables and the bytes they take together.
    pub fn environ_sizes_get(&mut self, memory: &mut Memory<'_>, count: u32, size: u32) -> Result<(), Error> {
        hand_over_sizes(&self.environment, memory, count, size)
    }
}
