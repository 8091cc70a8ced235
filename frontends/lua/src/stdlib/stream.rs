//! Buffered streams over the host's files.

use super::host::{HostError, LuaFile, OpenMode, PipeMode, Termination, Whence};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes read or written at a time.
const BUFFER_BYTES: usize = 1 << 14;

/// When written bytes are handed to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffering {
    /// At once.
    No,
    /// When the buffer is full.
    Full,
    /// After each line.
    Line,
}

/// A file with buffers for both directions.
pub(super) struct Stream {
    file: Box<dyn LuaFile>,
    input: Vec<u8>,
    input_at: usize,
    output: Vec<u8>,
    buffering: Buffering,
    is_read_only: bool,
    is_write_only: bool,
    /// What it was opened by, if a name was.
    origin: Option<Origin>,
}

/// Where the part of a line ends that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    Newline,
    /// The stream is at its end.
    End,
    /// The line goes on.
    More,
}

/// The name and the mode that a file was opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) name: Vec<u8>,
    pub(super) mode: OpenMode,
}

impl Stream {
    pub(super) fn new(file: Box<dyn LuaFile>) -> Self {
        Self {
            file,
            input: Vec::new(),
            input_at: 0,
            output: Vec::new(),
            buffering: Buffering::Full,
            is_read_only: false,
            is_write_only: false,
            origin: None,
        }
    }

    /// The stream of a file that was opened by its name.
    pub(super) fn opened(file: Box<dyn LuaFile>, origin: Origin) -> Self {
        let mut stream = Self::new(file);
        stream.is_read_only = origin.mode == OpenMode::Read;
        // A file that is opened again need not be opened as it was the first time, but shall do the same.
        stream.is_write_only = matches!(origin.mode, OpenMode::Write | OpenMode::Append);
        stream.origin = Some(origin);
        stream
    }

    /// The stream to or from a command.
    pub(super) fn pipe(file: Box<dyn LuaFile>, mode: PipeMode) -> Self {
        let mut stream = Self::new(file);
        stream.is_read_only = mode == PipeMode::Read;
        stream.is_write_only = mode == PipeMode::Write;
        stream
    }

    /// What it was opened by, if a name was.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// How it is buffered.
    pub(super) fn buffering(&self) -> Buffering {
        self.buffering
    }

    /// A stream that cannot be written to.
    pub(super) fn read_only(file: Box<dyn LuaFile>) -> Self {
        let mut stream = Self::new(file);
        stream.is_read_only = true;
        stream
    }

    /// How it is buffered, and what was read ahead.
    pub(super) fn parts(&self) -> (Buffering, &[u8]) {
        (self.buffering, &self.input[self.input_at..])
    }

    /// Goes on as a stream whose [`parts`](Self::parts) these are.
    pub(super) fn take_over(&mut self, buffering: Buffering, ahead: &[u8]) {
        self.buffering = buffering;
        self.input = ahead.to_vec();
        self.input_at = 0;
    }

    pub(super) fn set_buffering(&mut self, buffering: Buffering) -> Result<(), HostError> {
        self.buffering = buffering;
        self.flush()
    }

    /// Whether reading needs the host.
    pub(super) fn is_drained(&self) -> bool {
        self.input_at == self.input.len()
    }

    /// Hands on what was written and ends the use of the file.
    pub(super) fn close(&mut self) -> Result<Option<Termination>, HostError> {
        let flushed = self.flush();
        let closed = self.file.close();
        flushed.and(closed)
    }

    /// What was read from the host and not taken yet; empty only at the end.
    fn fill(&mut self) -> Result<&[u8], HostError> {
        if self.is_write_only {
            return Err(HostError { message: "Bad file descriptor".into(), code: 9 });
        }
        if self.input_at == self.input.len() {
            self.flush()?;
            self.input.resize(BUFFER_BYTES, 0);
            self.input_at = 0;
            let read = self.file.read(&mut self.input);
            self.input.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(&self.input[self.input_at..])
    }

    /// The next byte, which stays in the stream.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, HostError> {
        Ok(self.fill()?.first().copied())
    }

    /// Takes the byte that was looked at.
    pub(super) fn advance(&mut self) {
        self.input_at = (self.input_at + 1).min(self.input.len());
    }

    /// Appends what comes before the next newline, which is taken too, or the end, but at most `count` bytes.
    pub(super) fn read_line(&mut self, out: &mut Vec<u8>, count: usize) -> Result<LineEnd, HostError> {
        let mut left = count;
        loop {
            let input = self.fill()?;
            if input.is_empty() {
                return Ok(LineEnd::End);
            }
            let input = &input[..input.len().min(left)];
            let newline = memchr::memchr(b'\n', input);
            let length = newline.unwrap_or(input.len());
            out.extend_from_slice(&input[..length]);
            left -= length;
            self.input_at += length + usize::from(newline.is_some());
            if newline.is_some() {
                return Ok(LineEnd::Newline);
            }
            if left == 0 {
                return Ok(LineEnd::More);
            }
        }
    }

    /// Appends up to `count` bytes; fewer only at the end, which it tells.
    pub(super) fn read_bytes(&mut self, out: &mut Vec<u8>, count: usize) -> Result<bool, HostError> {
        let mut left = count;
        while left > 0 {
            let input = self.fill()?;
            if input.is_empty() {
                return Ok(true);
            }
            let length = input.len().min(left);
            out.extend_from_slice(&input[..length]);
            self.input_at += length;
            left -= length;
        }
        Ok(false)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        if self.is_read_only {
            return Err(HostError { message: "Bad file descriptor".into(), code: 9 });
        }
        let unread = self.input.len() - self.input_at;
        if unread > 0 {
            // What was read ahead belongs after the place where the program is.
            self.file.seek(Whence::Current, -(unread as i64))?;
        }
        self.input.clear();
        self.input_at = 0;
        self.output.extend_from_slice(bytes);
        let hand_on = match self.buffering {
            Buffering::No => true,
            Buffering::Full => self.output.len() >= BUFFER_BYTES,
            Buffering::Line => self.output.len() >= BUFFER_BYTES || bytes.contains(&b'\n'),
        };
        if hand_on { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), HostError> {
        if self.output.is_empty() {
            return Ok(());
        }
        let result = self.file.write(&self.output);
        self.output.clear();
        result
    }

    pub(super) fn flush(&mut self) -> Result<(), HostError> {
        self.hand_on()?;
        self.file.flush()
    }

    pub(super) fn seek(&mut self, whence: Whence, offset: i64) -> Result<u64, HostError> {
        self.hand_on()?;
        let unread = (self.input.len() - self.input_at) as i64;
        let offset = if whence == Whence::Current { offset.saturating_sub(unread) } else { offset };
        let place = self.file.seek(whence, offset)?;
        self.input.clear();
        self.input_at = 0;
        Ok(place)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Nobody is left to hear of an error, nor of a panic of the host's: its file is dropped next, and may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| self.hand_on()));
    }
}
