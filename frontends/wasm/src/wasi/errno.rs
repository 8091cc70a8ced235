//! What a call can end with: the error numbers of the interface, and the ways to stop.

use super::memory::Fault;
use std::fmt;
use std::io;

/// One list of the error numbers, in the order the interface numbers them from zero.
macro_rules! errnos {
    ($($name:ident = $text:literal,)*) => {
        /// An error number of WASI preview 1, as the guest sees it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $text] $name,)*
        }

        impl fmt::Display for Errno {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Errno::$name => $text,)* })
            }
        }
    };
}

errnos! {
    Success = "success",
    TooBig = "argument list too long",
    Acces = "permission denied",
    AddrInUse = "address in use",
    AddrNotAvail = "address not available",
    AfNoSupport = "address family not supported",
    Again = "resource unavailable, or operation would block",
    Already = "connection already in progress",
    BadF = "bad file descriptor",
    BadMsg = "bad message",
    Busy = "device or resource busy",
    Canceled = "operation cancelled",
    Child = "no child processes",
    ConnAborted = "connection aborted",
    ConnRefused = "connection refused",
    ConnReset = "connection reset",
    DeadLk = "resource deadlock would occur",
    DestAddrReq = "destination address required",
    Dom = "argument out of the domain of the function",
    DQuot = "quota exceeded",
    Exist = "file exists",
    Fault = "bad address",
    FBig = "file too large",
    HostUnreach = "host is unreachable",
    IdRm = "identifier removed",
    IlSeq = "illegal byte sequence",
    InProgress = "operation in progress",
    Intr = "interrupted function",
    Inval = "invalid argument",
    Io = "input or output error",
    IsConn = "socket is connected",
    IsDir = "is a directory",
    Loop = "too many levels of symbolic links",
    MFile = "file descriptor table is full",
    MLink = "too many links",
    MsgSize = "message too large",
    MultiHop = "multihop attempted",
    NameTooLong = "file name too long",
    NetDown = "network is down",
    NetReset = "connection aborted by the network",
    NetUnreach = "network unreachable",
    NFile = "too many files open in the system",
    NoBufs = "no buffer space available",
    NoDev = "no such device",
    NoEnt = "no such file or directory",
    NoExec = "executable file format error",
    NoLck = "no locks available",
    NoLink = "link has been severed",
    NoMem = "not enough memory",
    NoMsg = "no message of the desired type",
    NoProtoOpt = "protocol not available",
    NoSpc = "no space left on the device",
    NoSys = "function not supported",
    NotConn = "socket is not connected",
    NotDir = "not a directory",
    NotEmpty = "directory not empty",
    NotRecoverable = "state not recoverable",
    NotSock = "not a socket",
    NotSup = "not supported",
    NoTty = "inappropriate control operation",
    NxIo = "no such device or address",
    Overflow = "value too large",
    OwnerDead = "previous owner died",
    Perm = "operation not permitted",
    Pipe = "broken pipe",
    Proto = "protocol error",
    ProtoNoSupport = "protocol not supported",
    Prototype = "wrong protocol type for the socket",
    Range = "result too large",
    RoFs = "read-only file system",
    SPipe = "invalid seek",
    Srch = "no such process",
    Stale = "stale file handle",
    TimedOut = "connection timed out",
    TxtBsy = "text file busy",
    XDev = "cross-device link",
    NotCapable = "the descriptor lacks the right for it, or the path leads outside of the directory",
}

impl Errno {
    /// The number the guest gets.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl std::error::Error for Errno {}

/// Why the program does not go on after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The program called `proc_exit` with this code.
    Exit(u32),
    /// The program raised this signal (`SIGABRT` is 6), whose default is to end it.
    Raise(u8),
    /// The program passed a pointer that leads outside of its memory.
    Fault(Fault),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Exit(code) => write!(f, "exit with code {code}"),
            Stop::Raise(signal) => write!(f, "ended by signal {signal}, raised by itself"),
            Stop::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Stop {}

/// What a call returns when it does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The guest gets this number and goes on.
    Errno(Errno),
    /// The program ends.
    Stop(Stop),
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Error::Errno(errno)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Error::Stop(Stop::Fault(fault))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Errno(Errno::from(error))
    }
}

impl From<io::Error> for Errno {
    /// The host's own number where it has one, else the kind. A refusal that comes from
    /// `cap-std` and not from the system has no number: the path led outside.
    fn from(error: io::Error) -> Self {
        if let Some(errno) = super::platform::errno(&error) {
            return errno;
        }
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound => Errno::NoEnt,
            Kind::PermissionDenied if error.raw_os_error().is_none() => Errno::NotCapable,
            Kind::PermissionDenied => Errno::Acces,
            Kind::AlreadyExists => Errno::Exist,
            Kind::InvalidInput | Kind::InvalidData => Errno::Inval,
            Kind::WouldBlock => Errno::Again,
            Kind::Interrupted => Errno::Intr,
            Kind::BrokenPipe => Errno::Pipe,
            Kind::NotADirectory => Errno::NotDir,
            Kind::IsADirectory => Errno::IsDir,
            Kind::DirectoryNotEmpty => Errno::NotEmpty,
            Kind::ReadOnlyFilesystem => Errno::RoFs,
            Kind::StorageFull => Errno::NoSpc,
            Kind::NotSeekable => Errno::SPipe,
            Kind::QuotaExceeded => Errno::DQuot,
            Kind::FileTooLarge => Errno::FBig,
            Kind::ResourceBusy => Errno::Busy,
            Kind::ExecutableFileBusy => Errno::TxtBsy,
            Kind::CrossesDevices => Errno::XDev,
            Kind::TooManyLinks => Errno::MLink,
            Kind::InvalidFilename => Errno::NameTooLong,
            Kind::Unsupported => Errno::NotSup,
            Kind::OutOfMemory => Errno::NoMem,
            Kind::TimedOut => Errno::TimedOut,
            // The list of kinds is open; whatever else the host reports is an I/O error.
            _ => Errno::Io,
        }
    }
}
