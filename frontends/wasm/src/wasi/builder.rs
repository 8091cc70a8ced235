//! [`WasiBuilder`]: says what a program may touch.

use super::descriptors::{Descriptor, Descriptors, Directory, Listing, Object, Provenance};
use super::platform::HostStream;
use super::sources::{Clock, CounterClock, Random, SeededRandom, SystemClock, SystemRandom};
use super::state::{OpenFiles, SavedFiles, Wasi};
use super::stream::{Buffering, HostInput, HostOutput, InputStream, Output, OutputStream};
use super::types::{FdFlags, Rights};
use cap_std::fs::Dir;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with what a program was to be given.
#[derive(Debug)]
pub enum SetupError {
    /// An argument or variable has a zero byte in it, which ends strings in this
    /// interface.
    ZeroByte(String),
    /// The name of a variable is empty or has an `=` in it.
    VariableName(String),
    /// Arguments or environment are larger than 32-bit addresses reach.
    TooLarge,
    /// A directory could not be opened.
    Directory {
        /// The host's path.
        path: PathBuf,
        /// What the host said.
        error: io::Error,
    },
    /// One of the process's standard streams could not be used.
    Stream(io::Error),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::ZeroByte(text) => write!(f, "{text:?} has a zero byte in it"),
            SetupError::VariableName(name) => {
                write!(f, "{name:?} is not a valid name for an environment variable")
            }
            SetupError::TooLarge => f.write_str("arguments and environment are too large"),
            SetupError::Directory { path, error } => {
                write!(f, "cannot open the directory {}: {error}", path.display())
            }
            SetupError::Stream(error) => write!(f, "cannot use a standard stream: {error}"),
        }
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SetupError::Directory { error, .. } | SetupError::Stream(error) => Some(error),
            SetupError::ZeroByte(_) | SetupError::VariableName(_) | SetupError::TooLarge => None,
        }
    }
}

/// Collects what a program is granted; nothing is unless said so.
///
/// Without any call, a program sees no arguments and no environment, empty input, output
/// that goes nowhere, no directory, a clock that only counts ([`CounterClock`]) and a
/// fixed random sequence ([`SeededRandom`]).
pub struct WasiBuilder {
    arguments: Vec<Vec<u8>>,
    environment: Vec<(String, String)>,
    input: Box<dyn InputStream>,
    output: Box<dyn OutputStream>,
    is_immediate: bool,
    error: Box<dyn OutputStream>,
    directories: Vec<Grant>,
    clock: Box<dyn Clock>,
    random: Box<dyn Random>,
}

struct Grant {
    dir: Dir,
    guest: String,
    denied: Rights,
}

impl Default for WasiBuilder {
    fn default() -> Self {
        WasiBuilder::new()
    }
}

impl WasiBuilder {
    /// Grants nothing.
    pub fn new() -> Self {
        WasiBuilder {
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Box::new(io::empty()),
            output: Box::new(io::sink()),
            is_immediate: false,
            error: Box::new(io::sink()),
            directories: Vec::new(),
            clock: Box::new(CounterClock::new(0)),
            random: Box::new(SeededRandom::new(0)),
        }
    }

    /// Adds an argument, which need not be UTF-8; the first is the program's name.
    pub fn argument(mut self, argument: impl Into<Vec<u8>>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn arguments<S: Into<Vec<u8>>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable; a later value for a name replaces an earlier one.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value.into()));
        self
    }

    /// Grants a directory and everything in it, under the path `guest`. Granted
    /// directories are the descriptors from 3 on, in order.
    pub fn directory(self, dir: Dir, guest: impl Into<String>) -> Self {
        self.grant(dir, guest.into(), Rights::empty())
    }

    /// Grants a directory for reading only.
    pub fn directory_read_only(self, dir: Dir, guest: impl Into<String>) -> Self {
        self.grant(dir, guest.into(), Rights::CHANGING)
    }

    /// Grants the host's directory at `host`.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn host_directory(self, host: impl AsRef<Path>, guest: impl Into<String>) -> Result<Self, SetupError> {
        let host = host.as_ref();
        match Dir::open_ambient_dir(host, cap_std::ambient_authority()) {
            Ok(dir) => Ok(self.directory(dir, guest)),
            Err(error) => Err(SetupError::Directory { path: host.to_owned(), error }),
        }
    }

    fn grant(mut self, dir: Dir, guest: String, denied: Rights) -> Self {
        self.directories.push(Grant { dir, guest, denied });
        self
    }

    /// What standard input reads.
    pub fn stdin(mut self, stream: impl InputStream + 'static) -> Self {
        self.input = Box::new(stream);
        self
    }

    /// Where standard output goes.
    pub fn stdout(mut self, stream: impl OutputStream + 'static) -> Self {
        self.output = Box::new(stream);
        self
    }

    /// Where standard error goes.
    pub fn stderr(mut self, stream: impl OutputStream + 'static) -> Self {
        self.error = Box::new(stream);
        self
    }

    /// Gives the program the process's own three standard streams.
    ///
    /// # Errors
    /// Where one of them is closed.
    pub fn inherit_streams(self) -> Result<Self, SetupError> {
        let input = HostInput::new().map_err(SetupError::Stream)?;
        let output = HostOutput::new(HostStream::Output).map_err(SetupError::Stream)?;
        let error = HostOutput::new(HostStream::Error).map_err(SetupError::Stream)?;
        Ok(self.stdin(input).stdout(output).stderr(error))
    }

    /// Nothing of standard output is held back: for a program that is not the only one that writes there.
    pub fn immediate_output(mut self) -> Self {
        self.is_immediate = true;
        self
    }

    /// Where time comes from.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Where randomness comes from.
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Gives the program the host's clocks and randomness.
    pub fn inherit_sources(self) -> Self {
        self.clock(SystemClock::new()).random(SystemRandom)
    }

    /// The state of a program that has just been started.
    ///
    /// # Errors
    /// Where an argument or variable cannot be expressed in the interface.
    pub fn build(self) -> Result<Wasi, SetupError> {
        let environment = self
            .environment
            .into_iter()
            .map(|(name, value)| {
                if name.is_empty() || name.contains('=') {
                    return Err(SetupError::VariableName(name));
                }
                Ok(format!("{name}={value}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut descriptors = Descriptors::default();
        let buffering = match self.is_immediate {
            true => Buffering::None,
            false if self.output.is_terminal() => Buffering::Line,
            false => Buffering::Block,
        };
        let streams = [
            (Object::Input(self.input), Rights::FD_READ),
            (Object::Output(Output::new(self.output, buffering)), Rights::FD_WRITE),
            (Object::Output(Output::new(self.error, Buffering::None)), Rights::FD_WRITE),
        ];
        let granted = self.directories.into_iter().map(|grant| Descriptor {
            object: Object::Directory(Directory {
                dir: grant.dir,
                provenance: Provenance::Granted(grant.guest),
                listing: Listing::default(),
            }),
            rights: Rights::DIRECTORY - grant.denied,
            inheriting: (Rights::DIRECTORY | Rights::FILE) - grant.denied,
            flags: FdFlags::empty(),
        });
        for descriptor in streams.map(stream_descriptor).into_iter().chain(granted) {
            descriptors.insert(descriptor).map_err(|_| SetupError::TooLarge)?;
        }
        Ok(Wasi {
            arguments: terminated(self.arguments)?,
            environment: terminated(environment.into_iter().map(String::into_bytes))?,
            descriptors,
            open_files: OpenFiles::default(),
            saved_files: SavedFiles::default(),
            clock: self.clock,
            random: self.random,
            passed: None,
            budget: None,
        })
    }
}

fn stream_descriptor((object, transfer): (Object, Rights)) -> Descriptor {
    let rights = transfer | Rights::FD_FILESTAT_GET | Rights::FD_FDSTAT_SET_FLAGS | Rights::POLL_FD_READWRITE;
    Descriptor { object, rights, inheriting: Rights::empty(), flags: FdFlags::empty() }
}

/// Strings as the guest gets them: ended by a zero byte, all together within 32 bits.
fn terminated(strings: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Vec<u8>>, SetupError> {
    let mut total: usize = 0;
    let mut terminated = Vec::new();
    for mut bytes in strings {
        if bytes.contains(&0) {
            return Err(SetupError::ZeroByte(String::from_utf8_lossy(&bytes).into_owned()));
        }
        bytes.push(0);
        total = total.saturating_add(bytes.len());
        terminated.push(bytes);
    }
    if total > u32::MAX as usize { Err(SetupError::TooLarge) } else { Ok(terminated) }
}

impl fmt::Debug for WasiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiBuilder")
            .field("arguments", &self.arguments)
            .field("environment", &self.environment)
            .field("directories", &self.directories.iter().map(|d| &d.guest).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
