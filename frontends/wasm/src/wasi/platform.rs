//! The few things that host systems do differently; the rest of the library is the same
//! everywhere.

use super::errno::Errno;
use super::types::FdFlags;
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Duration;

/// What `fd_advise` announces, in the order of the interface's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    Normal,
    Sequential,
    Random,
    WillNeed,
    DontNeed,
    NoReuse,
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    Read,
    Write,
}

/// The process's own standard streams, without a buffer of ours or of the standard
/// library between, so that waiting for input sees what reading would get.
pub(super) use imp::{host_input, host_output};

pub(super) use imp::write_at;
pub(super) use imp::{advise, allocate, changed, cpu_time, errno, read_at, set_flags, wait};

/// A reader of standard input, and the file to wait on.
pub(super) type HostReader = (Box<dyn Read + Send>, Option<File>);

/// Which of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostStream {
    Output,
    Error,
}

#[cfg(unix)]
mod imp {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    pub(in super::super) fn host_input() -> io::Result<HostReader> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok((Box::new(file.try_clone()?), Some(file)))
    }

    pub(in super::super) fn host_output(stream: HostStream) -> io::Result<Box<dyn Write + Send>> {
        let descriptor = match stream {
            HostStream::Output => io::stdout().as_fd().try_clone_to_owned()?,
            HostStream::Error => io::stderr().as_fd().try_clone_to_owned()?,
        };
        Ok(Box::new(File::from(descriptor)))
    }

    pub(in super::super) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        file.read_at(bytes, at)
    }

    pub(in super::super) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
        file.write_at(bytes, at)
    }

    pub(in super::super) fn changed(metadata: &cap_std::fs::Metadata) -> Option<u64> {
        use cap_std::fs::MetadataExt;
        let seconds = u64::try_from(metadata.ctime()).ok()?;
        let rest = u64::try_from(metadata.ctime_nsec()).ok()?;
        seconds.checked_mul(1_000_000_000)?.checked_add(rest)
    }

    /// Turns append and non-blocking on or off. The synchronising flags cannot change
    /// once a file is open.
    pub(in super::super) fn set_flags(file: &File, flags: FdFlags) -> Result<(), Errno> {
        let mut host = fcntl_getfl(file).map_err(io::Error::from)?;
        host.set(OFlags::APPEND, flags.contains(FdFlags::APPEND));
        host.set(OFlags::NONBLOCK, flags.contains(FdFlags::NONBLOCK));
        Ok(fcntl_setfl(file, host).map_err(io::Error::from)?)
    }

    #[cfg(target_os = "linux")]
    pub(in super::super) fn allocate(file: &File, offset: u64, length: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno as Host;
        match fallocate(file, FallocateFlags::empty(), offset, length) {
            Ok(()) => Ok(()),
            // Not every file system can reserve; then only the size is right.
            Err(Host::OPNOTSUPP | Host::NOSYS) => super::grow(file, offset, length),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(in super::super) fn allocate(file: &File, offset: u64, length: u64) -> io::Result<()> {
        super::grow(file, offset, length)
    }

    #[cfg(target_os = "linux")]
    pub(in super::super) fn advise(file: &File, offset: u64, length: u64, advice: Advice) -> io::Result<()> {
        use rustix::fs::Advice as Host;
        let host = match advice {
            Advice::Normal => Host::Normal,
            Advice::Sequential => Host::Sequential,
            Advice::Random => Host::Random,
            Advice::WillNeed => Host::WillNeed,
            Advice::DontNeed => Host::DontNeed,
            Advice::NoReuse => Host::NoReuse,
        };
        Ok(rustix::fs::fadvise(file, offset, std::num::NonZeroU64::new(length), host)?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(in super::super) fn advise(_: &File, _: u64, _: u64, _: Advice) -> io::Result<()> {
        Ok(())
    }

    /// Waits until one of the files is ready or the time is over; tells which are ready.
    pub(in super::super) fn wait(files: &[(&File, Interest)], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
        let mut polled: Vec<PollFd<'_>> = files
            .iter()
            .map(|(file, interest)| {
                let flags = match interest {
                    Interest::Read => PollFlags::IN,
                    Interest::Write => PollFlags::OUT,
                };
                PollFd::new(*file, flags)
            })
            .collect();
        // A time that no clock reaches is no limit.
        let timeout = timeout.and_then(|time| {
            let tv_sec = i64::try_from(time.as_secs()).ok()?;
            Some(Timespec { tv_sec, tv_nsec: time.subsec_nanos().into() })
        });
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => Ok(polled.iter().map(|file| !file.revents().is_empty()).collect()),
            Err(error) => Err(error.into()),
        }
    }

    /// Nanoseconds of processor time that this process, or this thread, has used.
    pub(in super::super) fn cpu_time(thread: bool) -> Option<u64> {
        use rustix::time::{ClockId, clock_gettime};
        let id = if thread { ClockId::ThreadCPUTime } else { ClockId::ProcessCPUTime };
        let time = clock_gettime(id);
        let seconds = u64::try_from(time.tv_sec).ok()?.checked_mul(1_000_000_000)?;
        seconds.checked_add(u64::try_from(time.tv_nsec).ok()?)
    }

    pub(in super::super) fn errno(error: &io::Error) -> Option<Errno> {
        use rustix::io::Errno as Host;
        Some(match Host::from_io_error(error)? {
            Host::TOOBIG => Errno::TooBig,
            Host::ACCESS => Errno::Acces,
            Host::AGAIN => Errno::Again,
            Host::BADF => Errno::BadF,
            Host::BUSY => Errno::Busy,
            Host::DQUOT => Errno::DQuot,
            Host::EXIST => Errno::Exist,
            Host::FAULT => Errno::Fault,
            Host::FBIG => Errno::FBig,
            Host::ILSEQ => Errno::IlSeq,
            Host::INTR => Errno::Intr,
            Host::INVAL => Errno::Inval,
            Host::IO => Errno::Io,
            Host::ISDIR => Errno::IsDir,
            Host::LOOP => Errno::Loop,
            Host::MFILE => Errno::MFile,
            Host::MLINK => Errno::MLink,
            Host::NAMETOOLONG => Errno::NameTooLong,
            Host::NFILE => Errno::NFile,
            Host::NODEV => Errno::NoDev,
            Host::NOENT => Errno::NoEnt,
            Host::NOLCK => Errno::NoLck,
            Host::NOMEM => Errno::NoMem,
            Host::NOSPC => Errno::NoSpc,
            Host::NOSYS => Errno::NoSys,
            Host::NOTDIR => Errno::NotDir,
            Host::NOTEMPTY => Errno::NotEmpty,
            Host::NOTSUP => Errno::NotSup,
            Host::NOTTY => Errno::NoTty,
            Host::NXIO => Errno::NxIo,
            Host::OVERFLOW => Errno::Overflow,
            Host::PERM => Errno::Perm,
            Host::PIPE => Errno::Pipe,
            Host::ROFS => Errno::RoFs,
            Host::SPIPE => Errno::SPipe,
            Host::STALE => Errno::Stale,
            Host::TIMEDOUT => Errno::TimedOut,
            Host::TXTBSY => Errno::TxtBsy,
            Host::XDEV => Errno::XDev,
            // The kind of the error decides.
            _ => return None,
        })
    }
}

/// Makes the file at least as long as a reservation asks for.
fn grow(file: &File, offset: u64, length: u64) -> io::Result<()> {
    let end = offset
        .checked_add(length)
        .filter(|_| length > 0)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    if file.metadata()?.len() < end { file.set_len(end) } else { Ok(()) }
}

/// Plain standard library only: no waiting for input, no change of flags.
#[cfg(not(unix))]
mod imp {
    use super::*;
    use std::io::{Seek, SeekFrom};

    pub(in super::super) fn host_input() -> io::Result<HostReader> {
        Ok((Box::new(io::stdin()), None))
    }

    pub(in super::super) fn host_output(stream: HostStream) -> io::Result<Box<dyn Write + Send>> {
        Ok(match stream {
            HostStream::Output => Box::new(io::stdout()),
            HostStream::Error => Box::new(io::stderr()),
        })
    }

    /// Does `action` at another position, then goes back.
    fn at<T>(mut file: &File, position: u64, action: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let before = file.stream_position()?;
        file.seek(SeekFrom::Start(position))?;
        let result = action(file);
        file.seek(SeekFrom::Start(before))?;
        result
    }

    pub(in super::super) fn read_at(file: &File, bytes: &mut [u8], to: u64) -> io::Result<usize> {
        at(file, to, |mut file| file.read(bytes))
    }

    pub(in super::super) fn write_at(file: &File, bytes: &[u8], to: u64) -> io::Result<usize> {
        at(file, to, |mut file| file.write(bytes))
    }

    pub(in super::super) fn changed(_: &cap_std::fs::Metadata) -> Option<u64> {
        None
    }

    pub(in super::super) fn set_flags(_: &File, flags: FdFlags) -> Result<(), Errno> {
        if flags.is_empty() { Ok(()) } else { Err(Errno::NotSup) }
    }

    pub(in super::super) fn allocate(file: &File, offset: u64, length: u64) -> io::Result<()> {
        grow(file, offset, length)
    }

    pub(in super::super) fn advise(_: &File, _: u64, _: u64, _: Advice) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn wait(files: &[(&File, Interest)], _: Option<Duration>) -> io::Result<Vec<bool>> {
        Ok(vec![true; files.len()])
    }

    pub(in super::super) fn cpu_time(_: bool) -> Option<u64> {
        None
    }

    pub(in super::super) fn errno(_: &io::Error) -> Option<Errno> {
        None
    }
}
