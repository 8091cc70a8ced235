//! Calls that name files by path, except opening them.
//!
//! Every path is relative to a directory the program holds; `cap-std` resolves it and
//! refuses what would lead outside.

use super::descriptors::Descriptors;
use super::errno::{Errno, Error};
use super::files::Times;
use super::memory::Memory;
use super::state::Wasi;
use super::types::{FileStat, LookupFlags, Rights, flags};
use cap_fs_ext::DirExt;
use cap_std::fs::Dir;

/// A directory and a path in it, as calls take them.
struct Place<'a> {
    dir: &'a Dir,
    path: &'a str,
}

fn place<'a>(
    descriptors: &'a Descriptors,
    memory: &'a Memory<'_>,
    needed: Rights,
    fd: u32,
    (path, path_len): (u32, u32),
) -> Result<Place<'a>, Error> {
    let dir = &descriptors.directory(fd, needed)?.dir;
    Ok(Place { dir, path: memory.text(path, path_len)? })
}

impl Wasi {
    /// Creates a directory.
    pub fn path_create_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Error> {
        let needed = Rights::PATH_CREATE_DIRECTORY;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        Ok(at.dir.create_dir(at.path)?)
    }

    /// Writes what is known of a file.
    pub fn path_filestat_get(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result<(), Error> {
        let lookup: LookupFlags = flags(lookup)?;
        let needed = Rights::PATH_FILESTAT_GET;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        let metadata = if lookup.contains(LookupFlags::SYMLINK_FOLLOW) {
            at.dir.metadata(at.path)?
        } else {
            at.dir.symlink_metadata(at.path)?
        };
        Ok(memory.write(stat, FileStat::from(&metadata).record().bytes())?)
    }

    /// Sets access and modification time of a file.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn path_filestat_set_times(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        accessed: u64,
        modified: u64,
        which: u32,
    ) -> Result<(), Error> {
        let lookup: LookupFlags = flags(lookup)?;
        let needed = Rights::PATH_FILESTAT_SET_TIMES;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        let times = Times::new(self.clock.as_mut(), accessed, modified, which)?;
        let (accessed, modified) = times.specifications();
        if lookup.contains(LookupFlags::SYMLINK_FOLLOW) {
            at.dir.set_times(at.path, accessed, modified)?;
        } else {
            at.dir.set_symlink_times(at.path, accessed, modified)?;
        }
        Ok(())
    }

    /// Gives a file a second name. A symbolic link is linked itself; to follow it is not
    /// supported and refused.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn path_link(
        &mut self,
        memory: &mut Memory<'_>,
        old_fd: u32,
        old_lookup: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Error> {
        let source = (old_path, old_path_len);
        let target = (new_path, new_path_len);
        let from = place(&self.descriptors, memory, Rights::PATH_LINK_SOURCE, old_fd, source)?;
        let to = place(&self.descriptors, memory, Rights::PATH_LINK_TARGET, new_fd, target)?;
        let lookup: LookupFlags = flags(old_lookup)?;
        if lookup.contains(LookupFlags::SYMLINK_FOLLOW) {
            return Err(Errno::Inval.into());
        }
        Ok(from.dir.hard_link(from.path, to.dir, to.path)?)
    }

    /// Writes the text of a symbolic link, cut off where the buffer ends, and how many
    /// bytes that is.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn path_readlink(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        bufused: u32,
    ) -> Result<(), Error> {
        let needed = Rights::PATH_READLINK;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        let text = at.dir.read_link(at.path)?.into_os_string().into_string();
        let text = text.map_err(|_| Errno::IlSeq)?;
        let buffer = memory.slice_mut(buf, buf_len)?;
        let count = text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&text.as_bytes()[..count]);
        Ok(memory.write_u32(bufused, count as u32)?)
    }

    /// Removes an empty directory.
    pub fn path_remove_directory(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Error> {
        let needed = Rights::PATH_REMOVE_DIRECTORY;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        // The name of a directory may end in slashes, which the resolver does not expect
        // here. A path of nothing but slashes stays, to be refused.
        let name = match at.path.trim_end_matches('/') {
            "" => at.path,
            name => name,
        };
        Ok(at.dir.remove_dir(name)?)
    }

    /// Gives a file or directory another name, possibly in another directory.
    #[expect(clippy::too_many_arguments, reason = "the signature is the interface's")]
    pub fn path_rename(
        &mut self,
        memory: &mut Memory<'_>,
        old_fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Error> {
        let source = (old_path, old_path_len);
        let target = (new_path, new_path_len);
        let from = place(&self.descriptors, memory, Rights::PATH_RENAME_SOURCE, old_fd, source)?;
        let to = place(&self.descriptors, memory, Rights::PATH_RENAME_TARGET, new_fd, target)?;
        Ok(from.dir.rename(from.path, to.dir, to.path)?)
    }

    /// Creates a symbolic link with a relative target.
    pub fn path_symlink(
        &mut self,
        memory: &mut Memory<'_>,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Error> {
        let target = memory.text(old_path, old_path_len)?;
        let link = (new_path, new_path_len);
        let at = place(&self.descriptors, memory, Rights::PATH_SYMLINK, fd, link)?;
        Ok(at.dir.symlink(target, at.path)?)
    }

    /// Removes a file or symbolic link; directories have a call of their own.
    pub fn path_unlink_file(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Error> {
        let needed = Rights::PATH_UNLINK_FILE;
        let at = place(&self.descriptors, memory, needed, fd, (path, path_len))?;
        Ok(at.dir.remove_file_or_symlink(at.path)?)
    }
}
