//! What the module reaches of the world.

use minivm::{Held, MemoryBudget, OutOfMemory};
use std::io::{self, Read, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Standard streams and the clock, as far as a program is to have them.
pub trait Host: Send {
    /// Writes to standard output. The module calls it with much at once.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes to standard error.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write_error(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Reads from standard input; 0 bytes are the end.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Seconds from anywhere on; none where no clock is granted.
    fn clock(&mut self) -> Option<f64> {
        None
    }

    /// Seconds since 1970; none where no clock is granted.
    fn time(&mut self) -> Option<i64> {
        None
    }
}

/// The streams of the process, and its clock where that is granted.
#[derive(Debug, Default)]
pub struct Process {
    started: Option<Instant>,
}

impl Process {
    /// With a clock, which counts from now on.
    pub fn with_clock() -> Self {
        Process { started: Some(Instant::now()) }
    }
}

impl Host for Process {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = io::stdout().lock();
        stream.write_all(bytes)?;
        stream.flush()
    }

    fn write_error(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::stderr().lock().write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match io::stdin().lock().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn clock(&mut self) -> Option<f64> {
        self.started.map(|started| started.elapsed().as_secs_f64())
    }

    fn time(&mut self) -> Option<i64> {
        self.started?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    }
}

/// Bytes that are written at a time.
const OUTPUT_BYTES: usize = 1 << 13;
/// Bytes that are read at a time.
const INPUT_BYTES: usize = 1 << 13;

/// What the functions of a machine share.
#[derive(Default)]
pub(crate) struct State {
    host: Option<Box<dyn Host>>,
    budget: Option<MemoryBudget>,
    output: Vec<u8>,
    /// What was read and not taken.
    ahead: Vec<u8>,
}

/// What a machine says in which the module was not installed.
fn absent() -> io::Error {
    io::Error::other("the module is not installed")
}

impl State {
    pub(crate) fn new(host: Box<dyn Host>, budget: MemoryBudget) -> Self {
        State { host: Some(host), budget: Some(budget), ..State::default() }
    }

    /// Charges the program for bytes that the host is about to take.
    pub(crate) fn hold(&self, bytes: u64) -> Result<Option<Held>, OutOfMemory> {
        self.budget.as_ref().map(|budget| budget.hold(bytes)).transpose()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.extend_from_slice(bytes);
        if self.output.len() < OUTPUT_BYTES { Ok(()) } else { self.flush() }
    }

    pub(crate) fn write_error(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.host.as_mut().ok_or_else(absent)?.write_error(bytes)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        // What cannot be written is not tried again.
        let output = std::mem::take(&mut self.output);
        self.host.as_mut().ok_or_else(absent)?.write(&output)
    }

    /// Reads ahead; whether anything came.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        // Who is asked something sees the question first.
        self.flush()?;
        let start = self.ahead.len();
        self.ahead.resize(start + INPUT_BYTES, 0);
        let host = self.host.as_mut().ok_or_else(absent);
        let read = host.and_then(|host| host.read(&mut self.ahead[start..]));
        let count = read.as_ref().map_or(0, |&count| count.min(INPUT_BYTES));
        self.ahead.truncate(start + count);
        read.map(|_| count > 0)
    }

    /// What was read ahead.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Takes bytes that were read ahead.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.ahead.split_off(count.min(self.ahead.len()));
        std::mem::replace(&mut self.ahead, rest)
    }

    pub(crate) fn clock(&mut self) -> Option<f64> {
        self.host.as_mut()?.clock()
    }

    pub(crate) fn time(&mut self) -> Option<i64> {
        self.host.as_mut()?.time()
    }

    /// What travels in a snapshot.
    pub(crate) fn save(&mut self) -> io::Result<Vec<u8>> {
        self.flush()?;
        Ok(self.ahead.clone())
    }

    pub(crate) fn load(&mut self, bytes: &[u8]) {
        self.output.clear();
        self.ahead = bytes.to_vec();
    }
}
