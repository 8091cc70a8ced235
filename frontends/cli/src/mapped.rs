//! A file whose bytes stay where the system keeps them: a large program is not copied to memory for the few functions that run.
#![allow(unsafe_code)]

use minivm_isa::bytes::FileBytes;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Deref;
use std::time::SystemTime;

/// A mapped file.
#[derive(Debug)]
pub(crate) struct MappedFile {
    pages: system::Pages,
    /// Bytes that are looked at.
    length: usize,
    file: File,
    version: Version,
}

/// What tells that a file was written to.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    length: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(file: &Metadata) -> Self {
        Version { length: file.len(), modified: file.modified().ok() }
    }
}

impl MappedFile {
    /// Maps a file; none where that cannot be done, and it is to be read.
    ///
    /// # Errors
    /// When nothing is known of the file.
    pub(crate) fn new(file: &File, length_min: usize) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        let length = usize::try_from(metadata.len()).ok().filter(|&length| length >= length_min);
        let Some(length) = length.filter(|_| metadata.is_file()) else { return Ok(None) };
        let Some(pages) = system::Pages::new(file, length) else { return Ok(None) };
        Ok(Some(MappedFile { pages, length, file: file.try_clone()?, version: Version::of(&metadata) }))
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.pages.bytes()[..self.length]
    }
}

impl FileBytes for MappedFile {
    fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    fn rest(&self) {
        self.pages.rest();
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn has_changed(&self) -> bool {
        !self.file.metadata().is_ok_and(|metadata| Version::of(&metadata) == self.version)
    }
}

#[cfg(all(unix, target_pointer_width = "64", not(miri)))]
mod system {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::ptr::null_mut;

    /// The pages of a file.
    #[derive(Debug)]
    pub(super) struct Pages {
        base: *mut u8,
        length: usize,
    }

    // SAFETY: nobody writes to the pages, and no thread owns them.
    unsafe impl Send for Pages {}
    // SAFETY: as above.
    unsafe impl Sync for Pages {}

    impl Pages {
        pub(super) fn new(file: &File, length: usize) -> Option<Self> {
            // SAFETY: a fresh private mapping disturbs nothing; a length of zero is an error.
            let base =
                unsafe { libc::mmap(null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
            (base != libc::MAP_FAILED).then_some(Pages { base: base.cast(), length })
        }

        pub(super) fn bytes(&self) -> &[u8] {
            // SAFETY: so many bytes are mapped. Nothing in this process writes to them before the program runs, and after that
            // they are only looked at if `has_changed` says that nobody has: the contract of a file that is mapped.
            unsafe { std::slice::from_raw_parts(self.base, self.length) }
        }

        pub(super) fn rest(&self) {
            // SAFETY: pages of a file that nobody writes to come back as they were when they are touched.
            unsafe { libc::madvise(self.base.cast(), self.length, libc::MADV_DONTNEED) };
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: it is the whole mapping, and nothing refers to it any more.
            unsafe { libc::munmap(self.base.cast(), self.length) };
        }
    }
}

#[cfg(not(all(unix, target_pointer_width = "64", not(miri))))]
mod system {
    use std::fs::File;

    /// Files are read here.
    #[derive(Debug)]
    pub(super) enum Pages {}

    impl Pages {
        pub(super) fn new(_: &File, _: usize) -> Option<Self> {
            None
        }

        pub(super) fn bytes(&self) -> &[u8] {
            match *self {}
        }

        pub(super) fn rest(&self) {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn changes_are_seen() {
        let mut file = tempfile::NamedTempFile::new().expect("there is room");
        file.write_all(b"a program").expect("there is room");
        let open = || MappedFile::new(file.as_file(), 9).expect("it is there");
        // Where files cannot be mapped, they are read.
        let Some(mut mapped) = open() else { return };
        assert_eq!((&*mapped, mapped.has_changed()), (&b"a program"[..], false));
        mapped.rest();
        mapped.truncate(1);
        assert_eq!(&*mapped, b"a");
        assert!(MappedFile::new(file.as_file(), 10).expect("it is there").is_none(), "it is too short");
        file.as_file().set_len(8).expect("it is open for writing");
        assert!(mapped.has_changed());
    }
}
