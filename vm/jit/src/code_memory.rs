//! Executable memory that is never writable and executable at once.
//!
//! Each piece gets pages of its own, which are written, then made executable and read-only before anybody knows their address.
//! They are never writable again; dropping the piece unmaps them.

#![allow(unsafe_code)]

use std::io;
#[cfg(unix)]
use std::ptr::NonNull;

/// Pages with code in them: none on this system.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) enum CodePages {}

#[cfg(not(unix))]
impl CodePages {
    pub(crate) fn new(_: &[u8]) -> io::Result<CodePages> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    pub(crate) fn start(&self) -> *const u8 {
        match *self {}
    }

    pub(crate) fn bytes(&self) -> usize {
        match *self {}
    }
}

/// Pages with code in them.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct CodePages {
    start: NonNull<u8>,
    bytes: usize,
}

#[cfg(unix)]
// SAFETY: the pages are read-only, and unmapped once, by whoever owns them.
unsafe impl Send for CodePages {}
#[cfg(unix)]
// SAFETY: as above.
unsafe impl Sync for CodePages {}

#[cfg(unix)]
impl CodePages {
    /// Puts code into memory of its own.
    ///
    /// # Errors
    /// When the system does not give executable memory.
    pub(crate) fn new(code: &[u8]) -> io::Result<CodePages> {
        let page = page_bytes();
        let bytes = code.len().max(1).next_multiple_of(page);
        // SAFETY: an anonymous mapping at an address of the system's choice touches nothing else.
        let start = unsafe {
            let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or_else(io::Error::last_os_error)?;
        let pages = CodePages { start, bytes };
        // SAFETY: the mapping is ours, has room for the code, and nobody else knows of it.
        let sealed = unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), start.as_ptr(), code.len());
            libc::mprotect(start.as_ptr().cast(), bytes, libc::PROT_READ | libc::PROT_EXEC)
        };
        if sealed == 0 { Ok(pages) } else { Err(io::Error::last_os_error()) }
    }

    /// The first byte of the code.
    pub(crate) fn start(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// Bytes of memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(unix)]
impl Drop for CodePages {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours; who drops it vouches that no code of it runs.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(unix)]
fn page_bytes() -> usize {
    // SAFETY: it only asks.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two()).unwrap_or(1 << 16)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_what_was_put_there() {
        let code: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let pages = CodePages::new(&code).expect("the system gives executable memory");
        // SAFETY: the pages hold so many bytes and may be read.
        let found = unsafe { std::slice::from_raw_parts(pages.start(), code.len()) };
        assert_eq!(found, code);
        assert!(pages.bytes() >= code.len());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_page_is_writable_and_executable() {
        let pages = CodePages::new(&[0xc3; 5000]).expect("the system gives executable memory");
        let maps = std::fs::read_to_string("/proc/self/maps").expect("it is there on Linux");
        let start = pages.start().addr();
        let mut is_found = false;
        for line in maps.lines() {
            let (range, rest) = line.split_once(' ').expect("a range comes first");
            let (from, to) = range.split_once('-').expect("a range has two ends");
            let number = |text| usize::from_str_radix(text, 16).expect("ends are hexadecimal");
            if (number(from)..number(to)).contains(&start) {
                is_found = true;
                assert!(rest.starts_with("r-x"), "{line}");
            }
        }
        assert!(is_found);
    }
}
