//! Calls that read clocks.

use super::errno::{Errno, Error};
use super::memory::Memory;
use super::sources::ClockId;
use super::state::Wasi;

/// The clock of this number.
pub(super) fn clock_id(number: u32) -> Result<ClockId, Errno> {
    match number {
        0 => Ok(ClockId::Realtime),
        1 => Ok(ClockId::Monotonic),
        2 => Ok(ClockId::ProcessCpu),
        3 => Ok(ClockId::ThreadCpu),
        _ => Err(Errno::Inval),
    }
}

impl Wasi {
    /// Writes the resolution of a clock in nanoseconds.
    pub fn clock_res_get(&mut self, memory: &mut Memory<'_>, id: u32, resolution: u32) -> Result<(), Error> {
        let nanoseconds = self.clock.resolution(clock_id(id)?).ok_or(Errno::NotSup)?;
        Ok(memory.write_u64(resolution, nanoseconds)?)
    }

    /// Writes what a clock shows, in nanoseconds. The precision asked for is a permission
    /// to be late, of which no use is made.
    pub fn clock_time_get(
        &mut self,
        memory: &mut Memory<'_>,
        id: u32,
        _precision: u64,
        time: u32,
    ) -> Result<(), Error> {
        let nanoseconds = self.clock.now(clock_id(id)?).ok_or(Errno::NotSup)?;
        Ok(memory.write_u64(time, nanoseconds)?)
    }
}
