//! Calls that move bytes through descriptors, and the position they move them at.

use super::descriptors::{Object, OpenFile};
use super::errno::{Errno, Error};
use super::memory::Memory;
use super::platform;
use super::state::Wasi;
use super::stream::{InputStream, Output};
use super::types::{FileType, Rights};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Repeats an action that a signal interrupted: the guest has no signal handlers, so the
/// interruption is the host's.
fn uninterrupted<T>(mut action: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match action() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Fills buffers one after the other. Goes on to the next only when the last was filled
/// and `again` allows it: on a pipe another read could wait although there is an answer.
fn fill(
    memory: &mut Memory<'_>,
    buffers: Vec<Range<usize>>,
    again: bool,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> Result<u32, Error> {
    let mut total = 0;
    for buffer in buffers.into_iter().filter(|buffer| !buffer.is_empty()) {
        let length = buffer.len();
        let count = match uninterrupted(|| read(memory.checked_mut(buffer.clone()), total)) {
            Ok(count) => count,
            // What was read before the error is not lost; the error will come again.
            Err(_) if total > 0 => break,
            Err(error) => return Err(error.into()),
        };
        total += count as u64;
        if count < length || !again {
            break;
        }
    }
    // `Memory::buffers` keeps the sum of the lengths within 32 bits.
    Ok(total as u32)
}

fn read_stream(
    stream: &mut dyn InputStream,
    memory: &mut Memory<'_>,
    buffers: Vec<Range<usize>>,
) -> Result<u32, Error> {
    fill(memory, buffers, false, |bytes, _| stream.read(bytes))
}

fn read_file(file: &OpenFile, memory: &mut Memory<'_>, buffers: Vec<Range<usize>>) -> Result<u32, Error> {
    let regular = file.kind == FileType::RegularFile;
    fill(memory, buffers, regular, |bytes, _| (&file.file).read(bytes))
}

fn write_stream(output: &mut Output, memory: &Memory<'_>, buffers: Vec<Range<usize>>) -> Result<u32, Error> {
    let mut total = 0;
    for buffer in buffers {
        total += buffer.len();
        output.push(memory.checked(buffer))?;
    }
    output.settle()?;
    Ok(total as u32)
}

fn write_file(file: &OpenFile, memory: &Memory<'_>, buffers: Vec<Range<usize>>) -> Result<u32, Error> {
    let slices: Vec<IoSlice<'_>> = buffers.into_iter().map(|buffer| IoSlice::new(memory.checked(buffer))).collect();
    Ok(uninterrupted(|| (&file.file).write_vectored(&slices))? as u32)
}

impl Wasi {
    /// Reads into buffers; writes how many bytes were read, 0 at the end.
    pub fn fd_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get(fd)?;
        if let Object::Directory(_) = descriptor.object {
            return Err(Errno::IsDir.into());
        }
        descriptor.require(Rights::FD_READ)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        if let Object::Input(_) = descriptor.object {
            // Whoever waits for an answer has seen the question.
            self.flush_quietly();
        }
        let count = match &mut self.descriptors.get_mut(fd)?.object {
            Object::Input(stream) => read_stream(stream.as_mut(), memory, buffers)?,
            Object::File(file) => read_file(file, memory, buffers)?,
            Object::Output(_) | Object::Directory(_) => return Err(Errno::BadF.into()),
        };
        Ok(memory.write_u32(nread, count)?)
    }

    /// Writes from buffers; writes how many bytes were taken.
    pub fn fd_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Result<(), Error> {
        let descriptor = self.descriptors.get(fd)?;
        if let Object::Directory(_) = descriptor.object {
            return Err(Errno::IsDir.into());
        }
        descriptor.require(Rights::FD_WRITE)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        if let Object::Output(output) = &descriptor.object
            && output.is_immediate()
        {
            // Output and errors that go to the same place stay in the program's order.
            self.flush_quietly();
        }
        let count = match &mut self.descriptors.get_mut(fd)?.object {
            Object::Output(output) => write_stream(output, memory, buffers)?,
            Object::File(file) => write_file(file, memory, buffers)?,
            Object::Input(_) | Object::Directory(_) => return Err(Errno::BadF.into()),
        };
        Ok(memory.write_u32(nwritten, count)?)
    }

    /// Flushes where an error is not the caller's; the stream itself reports it next time.
    pub(super) fn flush_quietly(&mut self) {
        let _ = self.flush();
    }

    /// Reads at an offset, without moving the position.
    pub fn fd_pread(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Result<(), Error> {
        let file = self.descriptors.file(fd, Rights::FD_READ | Rights::FD_SEEK)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let regular = file.kind == FileType::RegularFile;
        let count = fill(memory, buffers, regular, |bytes, done| {
            let at = offset.checked_add(done).ok_or(io::ErrorKind::InvalidInput)?;
            platform::read_at(&file.file, bytes, at)
        })?;
        Ok(memory.write_u32(nread, count)?)
    }

    /// Writes at an offset, without moving the position. A file that appends may append
    /// all the same, as the host does.
    pub fn fd_pwrite(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result<(), Error> {
        let file = self.descriptors.file(fd, Rights::FD_WRITE | Rights::FD_SEEK)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let mut total: u64 = 0;
        for buffer in buffers.into_iter().filter(|buffer| !buffer.is_empty()) {
            let at = offset.checked_add(total).ok_or(Errno::Inval)?;
            let bytes = memory.checked(buffer);
            match uninterrupted(|| platform::write_at(&file.file, bytes, at)) {
                Ok(count) => {
                    total += count as u64;
                    if count < bytes.len() {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(memory.write_u32(nwritten, total as u32)?)
    }

    /// Moves the position, counted from the start (0), from itself (1) or from the end
    /// (2); writes the new one.
    pub fn fd_seek(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        position: u32,
    ) -> Result<(), Error> {
        // To ask where one is, the right to ask is enough.
        let needed = if whence == 1 && offset == 0 { Rights::FD_TELL } else { Rights::FD_SEEK };
        let file = match self.descriptors.file(fd, needed) {
            Err(Errno::NotCapable) => self.descriptors.file(fd, Rights::FD_SEEK)?,
            other => other?,
        };
        let target = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::Inval.into()),
        };
        let reached = (&file.file).seek(target)?;
        Ok(memory.write_u64(position, reached)?)
    }

    /// Writes the position.
    pub fn fd_tell(&mut self, memory: &mut Memory<'_>, fd: u32, position: u32) -> Result<(), Error> {
        let file = self.descriptors.file(fd, Rights::FD_TELL)?;
        let reached = (&file.file).stream_position()?;
        Ok(memory.write_u64(position, reached)?)
    }
}
