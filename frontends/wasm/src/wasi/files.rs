//! Calls on open descriptors that do not move bytes: status, flags, size, times, number.

use super::descriptors::Object;
use super::errno::{Errno, Error};
use super::memory::{Memory, Record};
use super::platform::{self, Advice};
use super::sources::{Clock, ClockId};
use super::state::Wasi;
use super::types::{FdFlags, FileStat, Rights, TimeFlags, flags};
use cap_fs_ext::{DirExt, SystemTimeSpec};
use cap_std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Which times to set, to what; `None` leaves one as it is.
pub(super) struct Times {
    accessed: Option<SystemTime>,
    modified: Option<SystemTime>,
}

impl Times {
    /// From the arguments of the two calls that set times. "Now" is what the program's
    /// clock shows.
    pub(super) fn new(clock: &mut dyn Clock, accessed: u64, modified: u64, which: u32) -> Result<Self, Errno> {
        let which: TimeFlags = flags(which)?;
        let mut time = |given: TimeFlags, now: TimeFlags, nanoseconds: u64| {
            let nanoseconds = match (which.contains(given), which.contains(now)) {
                (true, true) => return Err(Errno::Inval),
                (true, false) => nanoseconds,
                (false, true) => clock.now(ClockId::Realtime).ok_or(Errno::NotSup)?,
                (false, false) => return Ok(None),
            };
            let time = UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds));
            Ok(Some(time.ok_or(Errno::Overflow)?))
        };
        Ok(Times {
            accessed: time(TimeFlags::ACCESS, TimeFlags::ACCESS_NOW, accessed)?,
            modified: time(TimeFlags::MODIFY, TimeFlags::MODIFY_NOW, modified)?,
        })
    }

    /// Access and modification time as `cap-std` takes them.
    pub(super) fn specifications(&self) -> (Option<SystemTimeSpec>, Option<SystemTimeSpec>) {
        let absolute = |time: SystemTime| SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time));
        (self.accessed.map(absolute), self.modified.map(absolute))
    }
}

impl Wasi {
    /// Announces how a part of a file will be used.
    pub fn fd_advise(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        offset: u64,
        length: u64,
        advice: u32,
    ) -> Result<(), Error> {
        let advice = match advice {
            0 => Advice::Normal,
            1 => Advice::Sequential,
            2 => Advice::Random,
            3 => Advice::WillNeed,
            4 => Advice::DontNeed,
            5 => Advice::NoReuse,
            _ => return Err(Errno::Inval.into()),
        };
        let file = self.descriptors.file(fd, Rights::FD_ADVISE)?;
        Ok(platform::advise(&file.file, offset, length, advice)?)
    }

    /// Reserves room for a part of a file, which grows to hold it.
    pub fn fd_allocate(&mut self, _: &mut Memory<'_>, fd: u32, offset: u64, length: u64) -> Result<(), Error> {
        let file = self.descriptors.file(fd, Rights::FD_ALLOCATE)?;
        Ok(platform::allocate(&file.file, offset, length)?)
    }

    /// Closes a descriptor.
    pub fn fd_close(&mut self, _: &mut Memory<'_>, fd: u32) -> Result<(), Error> {
        let mut descriptor = self.descriptors.remove(fd)?;
        if let Object::Output(output) = &mut descriptor.object {
            output.flush()?;
        }
        Ok(())
    }

    /// Moves a descriptor to another number that is in use, closing what was there.
    pub fn fd_renumber(&mut self, _: &mut Memory<'_>, from: u32, to: u32) -> Result<(), Error> {
        if let Some(mut closed) = self.descriptors.renumber(from, to)?
            && let Object::Output(output) = &mut closed.object
        {
            output.flush()?;
        }
        Ok(())
    }

    /// Waits until the data of a file are stored.
    pub fn fd_datasync(&mut self, _: &mut Memory<'_>, fd: u32) -> Result<(), Error> {
        self.synchronise(fd, Rights::FD_DATASYNC, std::fs::File::sync_data)
    }

    /// Waits until the data and metadata of a file are stored.
    pub fn fd_sync(&mut self, _: &mut Memory<'_>, fd: u32) -> Result<(), Error> {
        self.synchronise(fd, Rights::FD_SYNC, std::fs::File::sync_all)
    }

    fn synchronise(
        &mut self,
        fd: u32,
        needed: Rights,
        action: fn(&std::fs::File) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get_mut(fd)?;
        match &mut descriptor.object {
            Object::Output(output) => return Ok(output.flush()?),
            // Nothing of an input is ours to store.
            Object::Input(_) => return Err(Errno::Inval.into()),
            Object::File(_) | Object::Directory(_) => {}
        }
        descriptor.require(needed)?;
        match &descriptor.object {
            Object::File(file) => Ok(action(&file.file)?),
            Object::Directory(directory) => {
                // The handle of the directory itself may be one that cannot synchronise.
                let handle = directory.dir.open_dir(".")?.into_std_file();
                match action(&handle).map_err(Errno::from) {
                    Ok(()) | Err(Errno::BadF) => Ok(()),
                    Err(errno) => Err(errno.into()),
                }
            }
            Object::Input(_) | Object::Output(_) => Err(Errno::Inval.into()),
        }
    }

    /// Writes kind, flags and rights of a descriptor.
    pub fn fd_fdstat_get(&mut self, memory: &mut Memory<'_>, fd: u32, stat: u32) -> Result<(), Error> {
        let descriptor = self.descriptors.get(fd)?;
        let record = Record::<24>::new()
            .u8(0, descriptor.kind() as u8)
            .u16(2, descriptor.flags.bits())
            .u64(8, descriptor.rights.bits())
            .u64(16, descriptor.inheriting.bits());
        Ok(memory.write(stat, record.bytes())?)
    }

    /// Changes the flags of a descriptor; those that concern synchronising stay as the
    /// file was opened.
    pub fn fd_fdstat_set_flags(&mut self, _: &mut Memory<'_>, fd: u32, bits: u32) -> Result<(), Error> {
        let new: FdFlags = flags(bits)?;
        let descriptor = self.descriptors.get_mut(fd)?;
        descriptor.require(Rights::FD_FDSTAT_SET_FLAGS)?;
        let settled = FdFlags::SYNC | FdFlags::DSYNC | FdFlags::RSYNC;
        if (descriptor.flags ^ new).intersects(settled) {
            return Err(Errno::Inval.into());
        }
        match &descriptor.object {
            Object::File(file) => platform::set_flags(&file.file, new)?,
            // A stream is the host's: it takes the flags for the guest to read back.
            Object::Directory(_) | Object::Input(_) | Object::Output(_) => {}
        }
        descriptor.flags = new;
        Ok(())
    }

    /// Takes rights away from a descriptor; none can be added.
    pub fn fd_fdstat_set_rights(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get_mut(fd)?;
        // Bits that mean nothing are rights that the descriptor does not have.
        let base = Rights::from_bits(base).ok_or(Errno::NotCapable)?;
        let inheriting = Rights::from_bits(inheriting).ok_or(Errno::NotCapable)?;
        if !descriptor.rights.contains(base) || !descriptor.inheriting.contains(inheriting) {
            return Err(Errno::NotCapable.into());
        }
        descriptor.rights = base;
        descriptor.inheriting = inheriting;
        Ok(())
    }

    /// Writes what is known of the file behind a descriptor.
    pub fn fd_filestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, stat: u32) -> Result<(), Error> {
        let descriptor = self.descriptors.get(fd)?;
        descriptor.require(Rights::FD_FILESTAT_GET)?;
        let known = match &descriptor.object {
            Object::File(file) => FileStat::from(&Metadata::from_file(&file.file)?),
            Object::Directory(directory) => FileStat::from(&directory.dir.dir_metadata()?),
            Object::Input(_) | Object::Output(_) => FileStat::stream(descriptor.kind()),
        };
        Ok(memory.write(stat, known.record().bytes())?)
    }

    /// Cuts a file or fills it up with zeros.
    pub fn fd_filestat_set_size(&mut self, _: &mut Memory<'_>, fd: u32, size: u64) -> Result<(), Error> {
        let file = self.descriptors.file(fd, Rights::FD_FILESTAT_SET_SIZE)?;
        Ok(file.file.set_len(size)?)
    }

    /// Sets access and modification time.
    pub fn fd_filestat_set_times(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        accessed: u64,
        modified: u64,
        which: u32,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get(fd)?;
        descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
        let times = Times::new(self.clock.as_mut(), accessed, modified, which)?;
        match &descriptor.object {
            Object::File(file) => {
                let mut set = std::fs::FileTimes::new();
                if let Some(time) = times.accessed {
                    set = set.set_accessed(time);
                }
                if let Some(time) = times.modified {
                    set = set.set_modified(time);
                }
                Ok(file.file.set_times(set)?)
            }
            Object::Directory(directory) => {
                let (accessed, modified) = times.specifications();
                Ok(directory.dir.set_times(".", accessed, modified)?)
            }
            Object::Input(_) | Object::Output(_) => Err(Errno::BadF.into()),
        }
    }
}
