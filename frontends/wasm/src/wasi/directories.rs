//! Calls on open directories: what was granted, and reading entries.

use super::descriptors::{Directory, Entry, Listing, Object};
use super::errno::{Errno, Error};
use super::memory::{Memory, Record};
use super::state::Wasi;
use super::types::{FileType, Rights};
use cap_fs_ext::{DirEntryExt, MetadataExt};
use minivm::raw::memory::MemoryBudget;
use std::io;

/// The size of a `dirent` structure, before the name.
const DIRENT_BYTES: usize = 24;

/// All entries in the order of their names, so that a program sees the same on every
/// host; `.` and `..` come first. The parent gets the directory's own number, because the
/// true one may lie outside of what was granted.
fn list(directory: &Directory, budget: Option<&MemoryBudget>) -> io::Result<Listing> {
    let no_memory = |_| io::Error::from(io::ErrorKind::OutOfMemory);
    let held = budget.map(|budget| budget.hold(0)).transpose().map_err(no_memory)?;
    let own = directory.dir.dir_metadata()?.ino();
    let mut entries = Vec::new();
    for entry in directory.dir.entries()? {
        let entry = entry?;
        // An entry that vanished between the listing and the look is not there.
        let (inode, kind) = match entry.full_metadata() {
            Ok(metadata) => (metadata.ino(), metadata.file_type().into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        // Names that are not text cannot be used in any call; they stay visible, with
        // replacement characters.
        let name = entry.file_name().to_string_lossy().into_owned().into_bytes();
        if let Some(held) = &held {
            held.grow((size_of::<Entry>() + name.len()) as u64 * 2).map_err(no_memory)?;
        }
        entries.push(Entry { name, inode, kind });
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    let dots = [b".".to_vec(), b"..".to_vec()].map(|name| Entry { name, inode: own, kind: FileType::Directory });
    Ok(Listing { entries: dots.into_iter().chain(entries).collect(), _held: held })
}

/// Copies as much as fits; tells whether all did.
fn put(buffer: &mut [u8], used: &mut usize, bytes: &[u8]) -> bool {
    let count = bytes.len().min(buffer.len() - *used);
    buffer[*used..*used + count].copy_from_slice(&bytes[..count]);
    *used += count;
    count == bytes.len()
}

impl Wasi {
    /// The granted directory of this number; `EBADF` for anything else, which is where
    /// the guest stops looking for more.
    fn granted(&self, fd: u32) -> Result<&str, Errno> {
        match &self.descriptors.get(fd)?.object {
            Object::Directory(directory) => directory.granted().ok_or(Errno::BadF),
            _ => Err(Errno::BadF),
        }
    }

    /// Writes that a descriptor is a granted directory, and how long its name is.
    pub fn fd_prestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, prestat: u32) -> Result<(), Error> {
        let length = u32::try_from(self.granted(fd)?.len()).map_err(|_| Errno::Overflow)?;
        // Kind 0 is a directory, and the only one there is.
        let record = Record::<8>::new().u8(0, 0).u32(4, length);
        Ok(memory.write(prestat, record.bytes())?)
    }

    /// Writes the name of a granted directory.
    pub fn fd_prestat_dir_name(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Error> {
        let name = self.granted(fd)?;
        if name.len() > path_len as usize {
            return Err(Errno::NameTooLong.into());
        }
        Ok(memory.write(path, name.as_bytes())?)
    }

    /// Writes directory entries from `cookie` on, the last cut off where the buffer ends;
    /// a buffer that is not full means that there are no more. Cookie 0 reads the
    /// directory anew; others go on in the listing that was read then, so entries that
    /// come and go do not disturb the count.
    pub fn fd_readdir(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        bufused: u32,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get_mut(fd)?;
        if let Object::Directory(_) = descriptor.object {
            descriptor.require(Rights::FD_READDIR)?;
        }
        let Object::Directory(directory) = &mut descriptor.object else {
            return Err(Errno::NotDir.into());
        };
        if cookie == 0 || directory.listing.entries.is_empty() {
            directory.listing = Listing::default();
            directory.listing = list(directory, self.budget.as_ref())?;
        }
        let buffer = memory.slice_mut(buf, buf_len)?;
        let mut used = 0;
        let start = usize::try_from(cookie).unwrap_or(usize::MAX);
        for (index, entry) in directory.listing.entries.iter().enumerate().skip(start) {
            let length = u32::try_from(entry.name.len()).map_err(|_| Errno::Overflow)?;
            let head = Record::<DIRENT_BYTES>::new()
                .u64(0, index as u64 + 1)
                .u64(8, entry.inode)
                .u32(16, length)
                .u8(20, entry.kind as u8);
            if !put(buffer, &mut used, head.bytes()) || !put(buffer, &mut used, &entry.name) {
                break;
            }
        }
        Ok(memory.write_u32(bufused, used as u32)?)
    }
}
