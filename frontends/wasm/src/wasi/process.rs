//! Calls that concern the process itself, and randomness.

use super::errno::{Errno, Error, Stop};
use super::memory::Memory;
use super::state::Wasi;

/// The highest signal number of the interface (`SIGSYS`).
const SIGNAL_MAX: u32 = 30;

/// Signals that a process ignores unless it says otherwise: child, continue, urgent data,
/// window size.
const IGNORED: [u32; 4] = [16, 17, 22, 27];

impl Wasi {
    /// Ends the program with a code. Output goes out first.
    pub fn proc_exit(&mut self, _: &mut Memory<'_>, code: u32) -> Result<(), Error> {
        // The program is gone; the host hears of an error when it flushes itself.
        let _ = self.flush();
        Err(Error::Stop(Stop::Exit(code)))
    }

    /// Does what a signal does to a process that handles none: ends the program, or
    /// nothing.
    pub fn proc_raise(&mut self, _: &mut Memory<'_>, signal: u32) -> Result<(), Error> {
        if signal > SIGNAL_MAX {
            return Err(Errno::Inval.into());
        }
        if signal == 0 || IGNORED.contains(&signal) {
            return Ok(());
        }
        let _ = self.flush();
        Err(Error::Stop(Stop::Raise(signal as u8)))
    }

    /// Lets others run. There is no other thread in a program, so nothing is to be done.
    pub fn sched_yield(&mut self, _: &mut Memory<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Fills a buffer with random bytes.
    pub fn random_get(&mut self, memory: &mut Memory<'_>, buf: u32, buf_len: u32) -> Result<(), Error> {
        Ok(self.random.fill(memory.slice_mut(buf, buf_len)?)?)
    }
}
