//! `path_open`: rights, flags, and how they become a host's open.

use super::descriptors::{Descriptor, Directory, Listing, Object, OpenFile, Origin, Provenance};
use super::errno::{Errno, Error};
use super::memory::Memory;
use super::state::Wasi;
use super::types::{FdFlags, LookupFlags, OpenFlags, Rights, flags};
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, OpenOptions};
use std::io;

/// Rights for which the host's file must be open for writing.
const WRITING: Rights = Rights::FD_WRITE.union(Rights::FD_ALLOCATE).union(Rights::FD_FILESTAT_SET_SIZE);

/// What the guest asked for, with the bits checked and rights cut to what there is.
struct Request {
    follow: bool,
    how: OpenFlags,
    flags: FdFlags,
    rights: Rights,
    inheriting: Rights,
}

impl Request {
    fn writes(&self) -> bool {
        self.rights.intersects(WRITING)
    }

    /// Rights on the directory that the request needs.
    fn needs(&self) -> Rights {
        let mut needed = Rights::PATH_OPEN;
        if self.how.contains(OpenFlags::CREATE) {
            needed |= Rights::PATH_CREATE_FILE;
        }
        if self.how.contains(OpenFlags::TRUNCATE) {
            needed |= Rights::PATH_FILESTAT_SET_SIZE;
        }
        needed
    }

    /// Rights are a wish: guests ask for all they know. Reading and writing are meant,
    /// so that those are refused where the directory does not pass them on.
    fn limit(&mut self, passed_on: Rights) -> Result<(), Errno> {
        let meant = self.rights & (Rights::FD_READ | Rights::FD_WRITE);
        if !passed_on.contains(meant) {
            return Err(Errno::NotCapable);
        }
        self.rights &= passed_on;
        self.inheriting &= passed_on;
        Ok(())
    }

    fn open(&self, directory: &Directory, path: &str) -> Result<Descriptor, Error> {
        let dir = &directory.dir;
        let (root, inner) = directory.inner(path);
        let mut origin = Origin { root, path: inner, follow: self.follow, writes: self.writes_on_host() };
        if self.how.contains(OpenFlags::DIRECTORY) {
            return self.open_directory(dir, path, origin);
        }
        let file = match self.open_file(dir, path, self.writes_on_host()) {
            // A file that exists and cannot be written can still be "created" for
            // reading, as POSIX has it.
            Err(error) if self.is_refused_for_writing(&error) => {
                origin.writes = false;
                self.open_file(dir, path, false)?
            }
            other => other?,
        };
        let metadata = file.metadata()?;
        let file = file.into_std();
        if metadata.is_dir() {
            if self.writes() {
                return Err(Errno::IsDir.into());
            }
            return Ok(self.directory(Dir::from_std_file(file), origin));
        }
        let kind = metadata.file_type().into();
        Ok(Descriptor {
            object: Object::File(OpenFile { file, kind, origin }),
            rights: self.rights & Rights::FILE,
            inheriting: Rights::empty(),
            flags: self.flags,
        })
    }

    /// The host creates and cuts only through handles that write.
    fn writes_on_host(&self) -> bool {
        self.writes() || self.how.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE)
    }

    fn is_refused_for_writing(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::PermissionDenied
            && error.raw_os_error().is_some()
            && !self.writes()
            && !self.how.intersects(OpenFlags::TRUNCATE | OpenFlags::EXCLUSIVE)
    }

    fn open_file(&self, dir: &Dir, path: &str, writes: bool) -> io::Result<cap_std::fs::File> {
        let appends = writes && self.flags.contains(FdFlags::APPEND);
        let creates = writes && self.how.contains(OpenFlags::CREATE);
        let cuts = self.how.contains(OpenFlags::TRUNCATE);
        let mut options = OpenOptions::new();
        options
            .read(self.rights.contains(Rights::FD_READ) || !writes)
            .write(writes)
            .append(appends)
            .create(creates)
            .create_new(creates && self.how.contains(OpenFlags::EXCLUSIVE))
            .truncate(cuts && !appends)
            .maybe_dir(true)
            .follow(if self.follow { FollowSymlinks::Yes } else { FollowSymlinks::No })
            .sync(self.flags.contains(FdFlags::SYNC))
            .dsync(self.flags.contains(FdFlags::DSYNC))
            .rsync(self.flags.contains(FdFlags::RSYNC))
            .nonblock(self.flags.contains(FdFlags::NONBLOCK));
        let file = dir.open_with(path, &options)?;
        // The options do not take both at once.
        if cuts && appends {
            file.set_len(0)?;
        }
        Ok(file)
    }

    fn open_directory(&self, dir: &Dir, path: &str, origin: Origin) -> Result<Descriptor, Error> {
        if self.how != OpenFlags::DIRECTORY {
            return Err(Errno::Inval.into());
        }
        let opened = if self.follow { dir.open_dir(path)? } else { dir.open_dir_nofollow(path)? };
        if self.writes() {
            return Err(Errno::IsDir.into());
        }
        Ok(self.directory(opened, origin))
    }

    fn directory(&self, dir: Dir, origin: Origin) -> Descriptor {
        Descriptor {
            object: Object::Directory(Directory {
                dir,
                provenance: Provenance::Opened(origin),
                listing: Listing::default(),
            }),
            rights: self.rights & Rights::DIRECTORY,
            inheriting: self.inheriting,
            flags: self.flags,
        }
    }
}

/// Opens something once more that was opened in a directory with these flags: nothing is made or emptied, and nothing is waited
/// for.
pub(super) fn again(dir: &Dir, origin: &Origin, rights: Rights, flags: FdFlags) -> io::Result<cap_std::fs::File> {
    let how = OpenFlags::empty();
    // It makes no difference for regular files and directories, which it must be.
    let flags = flags | FdFlags::NONBLOCK;
    let request = Request { follow: origin.follow, how, flags, rights, inheriting: Rights::empty() };
    request.open_file(dir, &origin.path, origin.writes)
}

impl Wasi {
    /// Opens or creates a file, or opens a directory; writes the new descriptor.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn path_open(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        how: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
        opened: u32,
    ) -> Result<(), Error> {
        let lookup: LookupFlags = flags(lookup)?;
        let mut request = Request {
            follow: lookup.contains(LookupFlags::SYMLINK_FOLLOW),
            how: flags(how)?,
            flags: flags(fdflags)?,
            rights: Rights::from_bits_truncate(base),
            inheriting: Rights::from_bits_truncate(inheriting),
        };
        let directory = self.descriptors.directory(fd, request.needs())?;
        request.limit(self.descriptors.get(fd)?.inheriting)?;
        // A result that cannot be handed over must not leave a descriptor behind.
        memory.range(opened, 4)?;
        let descriptor = request.open(directory, memory.text(path, path_len)?)?;
        let fd = self.descriptors.insert(descriptor)?;
        Ok(memory.write_u32(opened, fd)?)
    }
}
