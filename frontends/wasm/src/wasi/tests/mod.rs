//! Tests call through the function table, as a linker would.

mod descriptors;
mod directories;
mod files;
mod process;
mod snapshots;
mod streams;
mod threads;

use super::*;
use cap_tempfile::TempDir;

/// A guest with 64 KiB of memory, of which results live in the first KiB.
struct Guest {
    wasi: Wasi,
    memory: Vec<u8>,
    /// Where the next piece of data goes.
    top: usize,
}

/// Where results are written.
const RESULT: u64 = 16;

/// The first granted directory.
const ROOT: u64 = 3;

/// A second place for results.
const RESULT_2: u64 = 24;

/// Everything a directory or file can have.
const ALL: u64 = Rights::DIRECTORY.union(Rights::FILE).bits();

impl Guest {
    fn new(builder: WasiBuilder) -> Self {
        Guest { wasi: builder.build().unwrap(), memory: vec![0; 65_536], top: 1024 }
    }

    /// A guest with an empty directory at descriptor 3, and the directory.
    fn with_directory() -> (Self, TempDir) {
        let host = cap_tempfile::tempdir(cap_tempfile::ambient_authority()).unwrap();
        let builder = WasiBuilder::new().directory(host.try_clone().unwrap(), "/");
        (Guest::new(builder), host)
    }

    /// Puts bytes somewhere; returns address and length.
    fn put(&mut self, bytes: &[u8]) -> (u64, u64) {
        let address = self.top;
        self.memory[address..address + bytes.len()].copy_from_slice(bytes);
        self.top += bytes.len().next_multiple_of(8);
        (address as u64, bytes.len() as u64)
    }

    /// A buffer description for the piece of memory.
    fn buffers(&mut self, pieces: &[(u64, u64)]) -> (u64, u64) {
        let mut bytes = Vec::new();
        for (address, length) in pieces {
            bytes.extend((*address as u32).to_le_bytes());
            bytes.extend((*length as u32).to_le_bytes());
        }
        let (address, _) = self.put(&bytes);
        (address, pieces.len() as u64)
    }

    fn try_call(&mut self, name: &str, arguments: &[u64]) -> Result<Errno, Stop> {
        (function(name).unwrap().call)(&mut self.wasi, &mut self.memory, arguments)
    }

    fn call(&mut self, name: &str, arguments: &[u64]) -> Errno {
        self.try_call(name, arguments).unwrap()
    }

    /// Calls what must succeed.
    fn ok(&mut self, name: &str, arguments: &[u64]) {
        assert_eq!(self.call(name, arguments), Errno::Success, "{name}");
    }

    /// Calls a function that takes a directory and a path and nothing else.
    fn path(&mut self, name: &str, path: &str) -> Errno {
        let (address, length) = self.put(path.as_bytes());
        self.call(name, &[ROOT, address, length])
    }

    fn bytes(&self, address: u64, length: u64) -> &[u8] {
        &self.memory[address as usize..(address + length) as usize]
    }

    fn u16(&self, address: u64) -> u16 {
        u16::from_le_bytes(self.bytes(address, 2).try_into().unwrap())
    }

    fn u32(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().unwrap())
    }

    fn u64(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }

    fn open_as(&mut self, path: &str, how: OpenFlags, rights: u64, flags: FdFlags) -> Result<u64, Errno> {
        let (address, length) = self.put(path.as_bytes());
        let (how, flags) = (u64::from(how.bits()), u64::from(flags.bits()));
        let arguments = [ROOT, 0, address, length, how, rights, ALL, flags, RESULT];
        match self.call("path_open", &arguments) {
            Errno::Success => Ok(u64::from(self.u32(RESULT))),
            errno => Err(errno),
        }
    }

    /// Opens for reading and writing.
    fn open(&mut self, path: &str, how: OpenFlags) -> Result<u64, Errno> {
        self.open_as(path, how, Rights::FILE.bits(), FdFlags::empty())
    }

    fn write(&mut self, fd: u64, text: &str) -> Errno {
        let piece = self.put(text.as_bytes());
        let (buffers, count) = self.buffers(&[piece]);
        self.call("fd_write", &[fd, buffers, count, RESULT])
    }

    /// Reads at most 100 bytes.
    fn read(&mut self, fd: u64) -> Result<String, Errno> {
        let piece = self.put(&[0; 100]);
        let (buffers, count) = self.buffers(&[piece]);
        match self.call("fd_read", &[fd, buffers, count, RESULT]) {
            Errno::Success => {
                let length = u64::from(self.u32(RESULT));
                Ok(String::from_utf8(self.bytes(piece.0, length).to_vec()).unwrap())
            }
            errno => Err(errno),
        }
    }

    fn seek(&mut self, fd: u64, offset: i64, whence: u64) -> Result<u64, Errno> {
        match self.call("fd_seek", &[fd, offset as u64, whence, RESULT]) {
            Errno::Success => Ok(self.u64(RESULT)),
            errno => Err(errno),
        }
    }
}

#[test]
fn the_table_is_in_order_and_complete() {
    assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    assert_eq!(FUNCTIONS.len(), 46);
    assert!(function("fd_dup").is_none());
    let open = function("path_open").unwrap();
    use ValueType::{I32, I64};
    assert_eq!(open.parameters, [I32, I32, I32, I32, I32, I64, I64, I32, I32]);
    assert_eq!(open.results, [I32]);
    assert!(function("proc_exit").unwrap().results.is_empty());
}

#[test]
fn every_pointer_is_checked() {
    let outside = 65_536 + 8;
    for function in FUNCTIONS {
        let (mut guest, _host) = Guest::with_directory();
        // Pointers and lengths all lead outside; descriptors mostly do not exist. Nothing
        // may panic, and memory stays as it is.
        for argument in [outside, u64::from(u32::MAX), u64::MAX, ROOT, 1] {
            let arguments = vec![argument; function.parameters.len()];
            let _ = guest.try_call(function.name, &arguments);
        }
    }
    let (mut guest, _host) = Guest::with_directory();
    let fault = Fault { address: outside, length: 4, memory_bytes: 65_536 };
    assert_eq!(guest.try_call("args_sizes_get", &[outside, 0]), Err(Stop::Fault(fault)));
    assert!(fault.to_string().contains("0x10008"), "{fault}");
    let result = guest.try_call("fd_read", &[0, u64::from(u32::MAX), 1, 0]);
    assert!(matches!(result, Err(Stop::Fault(_))), "{result:?}");
    let (buffers, _) = guest.buffers(&[(0, 4), (65_530, 100)]);
    let result = guest.try_call("fd_read", &[0, buffers, 2, 0]);
    assert!(matches!(result, Err(Stop::Fault(_))), "{result:?}");
    assert_eq!(guest.call("fd_read", &[0, 0, 1025, RESULT]), Errno::Inval);
}

#[test]
fn random_calls_never_panic() {
    let mut random = SeededRandom::new(1);
    let mut next = move |limit: u64| {
        let mut bytes = [0; 8];
        random.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes) % limit
    };
    for _ in 0..20 {
        let (mut guest, _host) = Guest::with_directory();
        // Bytes that are often names, small numbers and addresses at once.
        for byte in &mut guest.memory {
            *byte = [0, 0, 0, 1, 4, b'a', b'.', b'/'][next(8) as usize];
        }
        for _ in 0..1000 {
            let function = &FUNCTIONS[next(FUNCTIONS.len() as u64) as usize];
            // Reserving and growing could fill the disk.
            if matches!(function.name, "fd_allocate" | "fd_filestat_set_size" | "fd_pwrite" | "fd_seek") {
                continue;
            }
            let argument = |_| match next(8) {
                0..=4 => next(8),
                5 => next(1000),
                6 => next(70_000),
                _ => next(u64::MAX),
            };
            let arguments: Vec<u64> = function.parameters.iter().map(argument).collect();
            let _ = guest.try_call(function.name, &arguments);
        }
    }
}
