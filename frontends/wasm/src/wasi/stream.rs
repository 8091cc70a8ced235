//! Standard streams: what a host may give in their place, and the buffer for output.

use super::platform::{self, HostStream};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// What standard input reads from.
pub trait InputStream: Read + Send {
    /// Whether a person types there; the guest's `isatty` asks.
    fn is_terminal(&self) -> bool {
        false
    }

    /// The host's file behind it, if a program may have to wait for it. Input without one
    /// counts as always ready.
    fn waits_on(&self) -> Option<&File> {
        None
    }
}

impl InputStream for io::Empty {}
impl InputStream for io::Cursor<Vec<u8>> {}
impl InputStream for &'static [u8] {}

/// What standard output and standard error write to.
pub trait OutputStream: Write + Send {
    /// Whether a person reads there; then output comes line by line.
    fn is_terminal(&self) -> bool {
        false
    }
}

impl OutputStream for io::Sink {}

/// Output kept in memory; clones share it, so that the host can look at what a program
/// wrote.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Nothing yet.
    pub fn new() -> Self {
        Captured::default()
    }

    /// Takes what was written since the last time.
    pub fn take(&self) -> Vec<u8> {
        // A thread that panicked while it wrote leaves bytes, which are still bytes.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputStream for Captured {}

/// The process's own standard input.
pub(super) struct HostInput {
    reader: Box<dyn Read + Send>,
    file: Option<File>,
    terminal: bool,
}

impl HostInput {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, file) = platform::host_input()?;
        Ok(HostInput { reader, file, terminal: io::stdin().is_terminal() })
    }
}

impl Read for HostInput {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.reader.read(bytes)
    }
}

impl InputStream for HostInput {
    fn is_terminal(&self) -> bool {
        self.terminal
    }

    fn waits_on(&self) -> Option<&File> {
        self.file.as_ref()
    }
}

/// The process's own standard output or standard error.
pub(super) struct HostOutput {
    writer: Box<dyn Write + Send>,
    terminal: bool,
}

impl HostOutput {
    pub(super) fn new(stream: HostStream) -> io::Result<Self> {
        let terminal = match stream {
            HostStream::Output => io::stdout().is_terminal(),
            HostStream::Error => io::stderr().is_terminal(),
        };
        Ok(HostOutput { writer: platform::host_output(stream)?, terminal })
    }
}

impl Write for HostOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl OutputStream for HostOutput {
    fn is_terminal(&self) -> bool {
        self.terminal
    }
}

/// When buffered output goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffering {
    /// At the end of every call: standard error.
    None,
    /// At the end of every line: a terminal.
    Line,
    /// When the buffer is full, or the program waits, exits or writes an error.
    Block,
}

/// The buffer goes out when it holds this much.
const BUFFER_BYTES: usize = 32 * 1024;

/// An output stream with its buffer.
pub(super) struct Output {
    stream: Box<dyn OutputStream>,
    buffering: Buffering,
    pending: Vec<u8>,
}

impl Output {
    pub(super) fn new(stream: Box<dyn OutputStream>, buffering: Buffering) -> Self {
        Output { stream, buffering, pending: Vec::new() }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.stream.is_terminal()
    }

    /// Whether nothing is ever held back.
    pub(super) fn is_immediate(&self) -> bool {
        self.buffering == Buffering::None
    }

    /// Takes bytes; they may go out now or later, see [`Output::settle`].
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.pending.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            return self.stream.write_all(bytes);
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// At the end of a call: lets out what the kind of buffering does not hold back.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        match self.buffering {
            Buffering::None => self.flush(),
            Buffering::Line => match self.pending.iter().rposition(|&byte| byte == b'\n') {
                Some(newline) => self.let_out(newline + 1),
                None => Ok(()),
            },
            Buffering::Block => Ok(()),
        }
    }

    /// Lets everything out.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.let_out(self.pending.len())?;
        self.stream.flush()
    }

    /// After an error the bytes are dropped: whoever listened is gone, and the error has
    /// been reported.
    fn let_out(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let result = self.stream.write_all(&self.pending[..count]);
        self.pending.drain(..count);
        result
    }
}
