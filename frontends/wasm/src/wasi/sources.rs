//! Where time and randomness come from: traits, so that a host can record and replay them.

use super::platform;
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clocks of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockId {
    /// Time since the start of 1970.
    Realtime,
    /// Time since some moment; never goes back.
    Monotonic,
    /// Processor time of the process.
    ProcessCpu,
    /// Processor time of the thread.
    ThreadCpu,
}

/// A source of time. All times are nanoseconds.
pub trait Clock: Send {
    /// The smallest step of a clock; `None` where there is no such clock.
    fn resolution(&mut self, id: ClockId) -> Option<u64>;

    /// What a clock shows; `None` where there is no such clock.
    fn now(&mut self, id: ClockId) -> Option<u64>;

    /// Lets this much time pass. An error is handed to the guest.
    fn sleep(&mut self, nanoseconds: u64) -> io::Result<()>;

    /// Whether this clock goes on by itself, so that a wait for input may take its time.
    /// Where it does not, a wait with a time limit only looks, then calls
    /// [`Clock::sleep`].
    fn goes_on(&self) -> bool {
        false
    }

    /// What a snapshot must keep of it, so that no clock goes back.
    fn save(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Goes on from what [`save`](Self::save) gave.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() { Ok(()) } else { Err("it comes from another kind of clock".into()) }
    }
}

/// A number that was saved.
fn saved(bytes: &[u8]) -> Result<u64, String> {
    Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| "it comes from another kind of clock or randomness")?))
}

/// A source of randomness.
pub trait Random: Send {
    /// Fills all of `bytes`. An error is handed to the guest.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()>;

    /// What a snapshot must keep of it.
    fn save(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Goes on from what [`save`](Self::save) gave.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() { Ok(()) } else { Err("it comes from another kind of randomness".into()) }
    }
}

/// The host's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    /// What the monotonic clock showed at the origin.
    before: u64,
}

impl SystemClock {
    /// The monotonic clock starts at zero here.
    pub fn new() -> Self {
        SystemClock { origin: Instant::now(), before: 0 }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

/// Saturates after 584 years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for SystemClock {
    fn resolution(&mut self, id: ClockId) -> Option<u64> {
        self.now(id).map(|_| 1)
    }

    fn now(&mut self, id: ClockId) -> Option<u64> {
        match id {
            ClockId::Realtime => {
                // A host clock before 1970 shows the start of 1970.
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Some(nanoseconds(since))
            }
            ClockId::Monotonic => Some(self.before.saturating_add(nanoseconds(self.origin.elapsed()))),
            ClockId::ProcessCpu => platform::cpu_time(false),
            ClockId::ThreadCpu => platform::cpu_time(true),
        }
    }

    fn sleep(&mut self, nanoseconds: u64) -> io::Result<()> {
        std::thread::sleep(Duration::from_nanos(nanoseconds));
        Ok(())
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn save(&mut self) -> Vec<u8> {
        self.now(ClockId::Monotonic).unwrap_or(0).to_le_bytes().to_vec()
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        (self.origin, self.before) = (Instant::now(), saved(bytes)?);
        Ok(())
    }
}

/// A clock that only counts: each look moves it one microsecond on, and sleeping moves it
/// at once by the whole time. Two runs of a program see the same times.
#[derive(Clone, Debug)]
pub struct CounterClock {
    start: u64,
    passed: u64,
}

/// So long a look at a [`CounterClock`] takes; a program that waits in a loop gets on.
const LOOK_NANOSECONDS: u64 = 1_000;

impl CounterClock {
    /// A clock whose real time starts at `start` nanoseconds after the start of 1970.
    pub fn new(start: u64) -> Self {
        CounterClock { start, passed: 0 }
    }
}

impl Clock for CounterClock {
    fn resolution(&mut self, _: ClockId) -> Option<u64> {
        Some(LOOK_NANOSECONDS)
    }

    fn now(&mut self, id: ClockId) -> Option<u64> {
        self.passed = self.passed.saturating_add(LOOK_NANOSECONDS);
        Some(match id {
            ClockId::Realtime => self.start.saturating_add(self.passed),
            ClockId::Monotonic | ClockId::ProcessCpu | ClockId::ThreadCpu => self.passed,
        })
    }

    fn sleep(&mut self, nanoseconds: u64) -> io::Result<()> {
        self.passed = self.passed.saturating_add(nanoseconds);
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        self.passed.to_le_bytes().to_vec()
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.passed = saved(bytes)?;
        Ok(())
    }
}

/// The host's randomness, good enough for keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::from)
    }

    fn load(&mut self, _: &[u8]) -> Result<(), String> {
        // Whatever went before, this goes on from nothing.
        Ok(())
    }
}

/// A fixed sequence that only depends on its seed: for tests and replay, not for keys.
#[derive(Clone, Debug)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        SeededRandom { state: seed }
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        self.state.to_le_bytes().to_vec()
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        // After the host's randomness the sequence begins.
        if !bytes.is_empty() {
            self.state = saved(bytes)?;
        }
        Ok(())
    }
}
