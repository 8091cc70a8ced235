//! Flags, kinds and record layouts of the interface, with the interface's numbers.

use super::errno::Errno;
use super::memory::Record;
use bitflags::bitflags;

bitflags! {
    /// What a descriptor may be used for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rights: u64 {
        /// `fd_datasync`.
        const FD_DATASYNC = 1 << 0;
        /// `fd_read`, and `fd_pread` together with `FD_SEEK`.
        const FD_READ = 1 << 1;
        /// `fd_seek`.
        const FD_SEEK = 1 << 2;
        /// `fd_fdstat_set_flags`.
        const FD_FDSTAT_SET_FLAGS = 1 << 3;
        /// `fd_sync`.
        const FD_SYNC = 1 << 4;
        /// `fd_tell`.
        const FD_TELL = 1 << 5;
        /// `fd_write`, and `fd_pwrite` together with `FD_SEEK`.
        const FD_WRITE = 1 << 6;
        /// `fd_advise`.
        const FD_ADVISE = 1 << 7;
        /// `fd_allocate`.
        const FD_ALLOCATE = 1 << 8;
        /// `path_create_directory`.
        const PATH_CREATE_DIRECTORY = 1 << 9;
        /// `path_open` with the create flag.
        const PATH_CREATE_FILE = 1 << 10;
        /// `path_link` from this directory.
        const PATH_LINK_SOURCE = 1 << 11;
        /// `path_link` into this directory.
        const PATH_LINK_TARGET = 1 << 12;
        /// `path_open`.
        const PATH_OPEN = 1 << 13;
        /// `fd_readdir`.
        const FD_READDIR = 1 << 14;
        /// `path_readlink`.
        const PATH_READLINK = 1 << 15;
        /// `path_rename` from this directory.
        const PATH_RENAME_SOURCE = 1 << 16;
        /// `path_rename` into this directory.
        const PATH_RENAME_TARGET = 1 << 17;
        /// `path_filestat_get`.
        const PATH_FILESTAT_GET = 1 << 18;
        /// `path_open` with the truncate flag.
        const PATH_FILESTAT_SET_SIZE = 1 << 19;
        /// `path_filestat_set_times`.
        const PATH_FILESTAT_SET_TIMES = 1 << 20;
        /// `fd_filestat_get`.
        const FD_FILESTAT_GET = 1 << 21;
        /// `fd_filestat_set_size`.
        const FD_FILESTAT_SET_SIZE = 1 << 22;
        /// `fd_filestat_set_times`.
        const FD_FILESTAT_SET_TIMES = 1 << 23;
        /// `path_symlink`.
        const PATH_SYMLINK = 1 << 24;
        /// `path_remove_directory`.
        const PATH_REMOVE_DIRECTORY = 1 << 25;
        /// `path_unlink_file`.
        const PATH_UNLINK_FILE = 1 << 26;
        /// `poll_oneoff` on this descriptor.
        const POLL_FD_READWRITE = 1 << 27;
        /// `sock_shutdown`.
        const SOCK_SHUTDOWN = 1 << 28;
        /// `sock_accept`.
        const SOCK_ACCEPT = 1 << 29;
    }

    /// Flags of an open descriptor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FdFlags: u16 {
        /// Every write goes to the end of the file.
        const APPEND = 1 << 0;
        /// A write returns when its data are stored.
        const DSYNC = 1 << 1;
        /// Calls that would block return `EAGAIN`.
        const NONBLOCK = 1 << 2;
        /// Reads are as synchronised as writes.
        const RSYNC = 1 << 3;
        /// A write returns when its data and metadata are stored.
        const SYNC = 1 << 4;
    }

    /// How `path_open` opens.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OpenFlags: u16 {
        /// Create the file if it does not exist.
        const CREATE = 1 << 0;
        /// Fail if it is not a directory.
        const DIRECTORY = 1 << 1;
        /// Fail if it exists.
        const EXCLUSIVE = 1 << 2;
        /// Cut the file to size 0.
        const TRUNCATE = 1 << 3;
    }

    /// How a path is resolved.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LookupFlags: u32 {
        /// Follow a symbolic link in the last component.
        const SYMLINK_FOLLOW = 1 << 0;
    }

    /// Which times `*_filestat_set_times` sets.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct TimeFlags: u16 {
        /// Access time from the argument.
        const ACCESS = 1 << 0;
        /// Access time from the clock.
        const ACCESS_NOW = 1 << 1;
        /// Modification time from the argument.
        const MODIFY = 1 << 2;
        /// Modification time from the clock.
        const MODIFY_NOW = 1 << 3;
    }
}

impl Rights {
    /// What a directory can have.
    pub const DIRECTORY: Rights = Rights::FD_FDSTAT_SET_FLAGS
        .union(Rights::FD_SYNC)
        .union(Rights::FD_DATASYNC)
        .union(Rights::FD_ADVISE)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::FD_READDIR)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE)
        .union(Rights::POLL_FD_READWRITE);

    /// What a file can have.
    pub const FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);

    /// Rights that change something, which a read-only directory does not pass on.
    pub const CHANGING: Rights = Rights::FD_WRITE
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE);
}

/// What a descriptor or a directory entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FileType {
    /// Something else, a pipe for example.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device; a terminal is one.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDatagram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

impl From<cap_std::fs::FileType> for FileType {
    fn from(kind: cap_std::fs::FileType) -> Self {
        use cap_fs_ext::FileTypeExt;
        if kind.is_file() {
            FileType::RegularFile
        } else if kind.is_dir() {
            FileType::Directory
        } else if kind.is_symlink() {
            FileType::SymbolicLink
        } else if kind.is_char_device() {
            FileType::CharacterDevice
        } else if kind.is_block_device() {
            FileType::BlockDevice
        } else if kind.is_socket() {
            FileType::SocketStream
        } else {
            FileType::Unknown
        }
    }
}

/// A flag word from the guest; bits that mean nothing are an error.
pub(super) fn flags<F: bitflags::Flags>(bits: u32) -> Result<F, Errno>
where
    F::Bits: TryFrom<u32>,
{
    F::Bits::try_from(bits).ok().and_then(F::from_bits).ok_or(Errno::Inval)
}

/// The size of a `filestat` structure.
pub(super) const FILESTAT_BYTES: usize = 64;

/// What is known of a file: the interface's `filestat`. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileStat {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) kind: FileType,
    pub(super) links: u64,
    pub(super) size: u64,
    pub(super) accessed: u64,
    pub(super) modified: u64,
    pub(super) changed: u64,
}

impl FileStat {
    /// A stream, of which the guest learns nothing but that it is one.
    pub(super) fn stream(kind: FileType) -> Self {
        FileStat { device: 0, inode: 0, kind, links: 1, size: 0, accessed: 0, modified: 0, changed: 0 }
    }

    /// As the guest reads it.
    pub(super) fn record(&self) -> Record<FILESTAT_BYTES> {
        Record::new()
            .u64(0, self.device)
            .u64(8, self.inode)
            .u8(16, self.kind as u8)
            .u64(24, self.links)
            .u64(32, self.size)
            .u64(40, self.accessed)
            .u64(48, self.modified)
            .u64(56, self.changed)
    }
}

impl From<&cap_std::fs::Metadata> for FileStat {
    fn from(metadata: &cap_std::fs::Metadata) -> Self {
        use cap_fs_ext::MetadataExt;
        let nanoseconds = |time: std::io::Result<cap_std::time::SystemTime>| {
            let since = time.ok()?.into_std().duration_since(std::time::UNIX_EPOCH).ok()?;
            u64::try_from(since.as_nanos()).ok()
        };
        FileStat {
            device: metadata.dev(),
            inode: metadata.ino(),
            kind: metadata.file_type().into(),
            links: metadata.nlink(),
            size: metadata.len(),
            accessed: nanoseconds(metadata.accessed()).unwrap_or(0),
            modified: nanoseconds(metadata.modified()).unwrap_or(0),
            changed: super::platform::changed(metadata).or_else(|| nanoseconds(metadata.created())).unwrap_or(0),
        }
    }
}
