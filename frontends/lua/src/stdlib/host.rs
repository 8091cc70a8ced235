//! What the libraries need from outside: files, streams, clock, environment. The embedder grants it; by default there is
//! nothing.

use super::algorithms::calendar::Zone;
use std::fmt;

/// Why the outside refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    /// What programs are told.
    pub message: String,
    /// The number of the error, as in C's `errno`.
    pub code: i32,
}

impl HostError {
    /// The error for everything that is not granted.
    pub fn not_permitted() -> Self {
        Self { message: "Operation not permitted".into(), code: 1 }
    }
}

impl HostError {
    /// Whether more cannot be opened because too much is open, as `EMFILE` and `ENFILE` say.
    pub(super) fn is_too_many_open(&self) -> bool {
        matches!(self.code, 23 | 24)
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {}

impl From<std::io::Error> for HostError {
    /// The message of the operating system, without the number that Rust adds.
    fn from(error: std::io::Error) -> Self {
        let text = error.to_string();
        let message = text.split(" (os error").next().unwrap_or(&text).to_string();
        Self { message, code: error.raw_os_error().unwrap_or(5) }
    }
}

/// How a file is opened, as the mode of `io.open` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// `r`: it must exist.
    Read,
    /// `w`: it is emptied or made.
    Write,
    /// `a`: everything is written at its end; it is made if it is not there.
    Append,
    /// `r+`: to read and write; it must exist.
    Update,
    /// `w+`: to read and write; it is emptied or made.
    UpdateNew,
    /// `a+`: to read, and write at its end; it is made if it is not there.
    UpdateAppend,
}

impl OpenMode {
    /// Reads the mode of `io.open`; a `b` at its end changes nothing.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Some(match text.strip_suffix(b"b").unwrap_or(text) {
            b"r" => Self::Read,
            b"w" => Self::Write,
            b"a" => Self::Append,
            b"r+" => Self::Update,
            b"w+" => Self::UpdateNew,
            b"a+" => Self::UpdateAppend,
            _ => return None,
        })
    }
}

/// Where a seek starts to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The beginning.
    Start,
    /// The place where the file is.
    Current,
    /// The end.
    End,
}

/// How a command of the system ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// Which end of a pipe to a command a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeMode {
    /// It reads what the command writes.
    Read,
    /// It writes what the command reads.
    Write,
}

/// A file or stream. It is closed when it is dropped.
pub trait LuaFile: Send {
    /// Reads into `buffer`; 0 bytes mean the end.
    ///
    /// # Errors
    /// What the outside reports.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        let _ = buffer;
        Err(HostError { message: "Bad file descriptor".into(), code: 9 })
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// What the outside reports.
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        let _ = bytes;
        Err(HostError { message: "Bad file descriptor".into(), code: 9 })
    }

    /// Hands on what was written.
    ///
    /// # Errors
    /// What the outside reports.
    fn flush(&mut self) -> Result<(), HostError> {
        Ok(())
    }

    /// Ends the use of the file, which is dropped next. Of a pipe to a command, waits for its end and tells how that was.
    ///
    /// # Errors
    /// What the outside reports.
    fn close(&mut self) -> Result<Option<Termination>, HostError> {
        Ok(None)
    }

    /// Moves to another place and answers how far from the beginning it is.
    ///
    /// # Errors
    /// What the outside reports; streams cannot seek.
    fn seek(&mut self, whence: Whence, offset: i64) -> Result<u64, HostError> {
        let _ = (whence, offset);
        Err(HostError { message: "Illegal seek".into(), code: 29 })
    }
}

/// A stream that is empty and swallows what is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl LuaFile for Nowhere {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, HostError> {
        Ok(0)
    }

    fn write(&mut self, _: &[u8]) -> Result<(), HostError> {
        Ok(())
    }
}

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// What the program reads.
    Input,
    /// What it prints.
    Output,
    /// Where warnings go.
    Error,
}

/// Everything the libraries may reach outside of the machine. The methods of the trait grant nothing.
pub trait LuaHost: Send {
    /// A standard stream; each is asked for once.
    fn standard(&mut self, stream: Standard) -> Box<dyn LuaFile> {
        let _ = stream;
        Box::new(Nowhere)
    }

    /// Whether a standard stream is a terminal, so that a person waits for each line.
    fn is_terminal(&mut self, stream: Standard) -> bool {
        let _ = stream;
        false
    }

    /// Whether programs may run commands of the system's shell: `os.execute` and `io.popen`. It is the one switch for both;
    /// whoever confines programs leaves it off.
    fn grants_commands(&mut self) -> bool {
        false
    }

    /// Runs a command of the system's shell to its end. Only called where [`grants_commands`](Self::grants_commands) says so.
    ///
    /// # Errors
    /// What the outside reports; there may be no shell.
    fn execute(&mut self, command: &[u8]) -> Result<Termination, HostError> {
        let _ = command;
        Err(HostError::not_permitted())
    }

    /// Starts a command of the system's shell with a pipe to it. Only called where
    /// [`grants_commands`](Self::grants_commands) says so.
    ///
    /// # Errors
    /// What the outside reports; there may be no shell.
    fn open_pipe(&mut self, command: &[u8], mode: PipeMode) -> Result<Box<dyn LuaFile>, HostError> {
        let _ = (command, mode);
        Err(HostError::not_permitted())
    }

    /// Opens a file.
    ///
    /// # Errors
    /// What the outside reports.
    fn open(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let _ = (name, mode);
        Err(HostError::not_permitted())
    }

    /// Opens a file again that was open in a state which is being loaded, for what it was opened for: nothing is made or
    /// emptied, and it is a regular file, as others could wait for somebody when they are opened. Only asked when the
    /// embedder has [said so](super::SavedFiles::Reopen).
    ///
    /// # Errors
    /// What the outside reports.
    fn open_again(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let _ = (name, mode);
        Err(HostError::not_permitted())
    }

    /// Whether the functions of `debug` may reach what belongs to other functions: their variables, what they capture, the
    /// metatables of values that hide theirs. Without, they are not in the library.
    fn grants_debug(&self) -> bool {
        true
    }

    /// Opens a new file without a name, to write and read.
    ///
    /// # Errors
    /// What the outside reports.
    fn open_temporary(&mut self) -> Result<Box<dyn LuaFile>, HostError> {
        Err(HostError::not_permitted())
    }

    /// Makes up a name for a new file.
    ///
    /// # Errors
    /// What the outside reports.
    fn temporary_name(&mut self) -> Result<Vec<u8>, HostError> {
        Err(HostError::not_permitted())
    }

    /// Removes a file or an empty folder.
    ///
    /// # Errors
    /// What the outside reports.
    fn remove(&mut self, name: &[u8]) -> Result<(), HostError> {
        let _ = name;
        Err(HostError::not_permitted())
    }

    /// Renames a file.
    ///
    /// # Errors
    /// What the outside reports.
    fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), HostError> {
        let _ = (from, to);
        Err(HostError::not_permitted())
    }

    /// A variable of the environment.
    fn variable(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let _ = name;
        None
    }

    /// Seconds since the beginning of 1970, if there is a clock.
    fn time(&mut self) -> Option<i64> {
        None
    }

    /// Seconds of processor time used, for `os.clock`.
    fn processor_seconds(&mut self) -> f64 {
        0.0
    }

    /// The zone in force at a time, in seconds since the beginning of 1970.
    fn zone(&mut self, seconds: i64) -> Zone {
        let _ = seconds;
        Zone { name: "UTC".into(), ..Zone::utc() }
    }

    /// What `math.random` starts from, and `math.randomseed` without arguments. Without a source of chance, always the same.
    fn seed(&mut self) -> (i64, i64) {
        (0, 0)
    }
}

/// A host that grants nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl LuaHost for NoHost {}
