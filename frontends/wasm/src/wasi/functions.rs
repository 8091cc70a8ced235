//! The table of all calls, made for registering them with a linker.

use super::errno::{Errno, Error, Stop};
use super::memory::Memory;
use super::state::Wasi;

/// The import module these functions belong to.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// A WebAssembly type that occurs in the signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// 32 bits; the upper half of a slot is ignored.
    I32,
    /// 64 bits.
    I64,
}

/// Calls a function with the guest's whole linear memory and one slot a parameter.
///
/// # Panics
/// Where the number of slots is not that of the parameters.
pub type Call = fn(&mut Wasi, &mut [u8], &[u64]) -> Result<Errno, Stop>;

/// One function of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its import name.
    pub name: &'static str,
    /// The types of its parameters.
    pub parameters: &'static [ValueType],
    /// The types of its results: one `i32`, the [`Errno`], or none if it never returns.
    pub results: &'static [ValueType],
    /// Calls it.
    pub call: Call,
}

/// Finds a function by its import name.
pub fn function(name: &str) -> Option<&'static Function> {
    // The list is in alphabetical order; a test holds it so.
    let index = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    Some(&FUNCTIONS[index])
}

/// How a parameter travels in a slot of 64 bits.
trait Parameter {
    const TYPE: ValueType;
    fn from_slot(slot: u64) -> Self;
}

impl Parameter for u32 {
    const TYPE: ValueType = ValueType::I32;
    fn from_slot(slot: u64) -> Self {
        slot as u32
    }
}

impl Parameter for u64 {
    const TYPE: ValueType = ValueType::I64;
    fn from_slot(slot: u64) -> Self {
        slot
    }
}

impl Parameter for i64 {
    const TYPE: ValueType = ValueType::I64;
    fn from_slot(slot: u64) -> Self {
        slot as i64
    }
}

fn finish(result: Result<(), Error>) -> Result<Errno, Stop> {
    match result {
        Ok(()) => Ok(Errno::Success),
        Err(Error::Errno(errno)) => Ok(errno),
        Err(Error::Stop(stop)) => Err(stop),
    }
}

macro_rules! functions {
    ($($name:ident($($parameter:ident: $type:ty),*) $(-> $never:tt)?;)*) => {
        /// Every function of `wasi_snapshot_preview1`, in alphabetical order.
        pub static FUNCTIONS: &[Function] = &[$({
            fn call(wasi: &mut Wasi, memory: &mut [u8], slots: &[u64]) -> Result<Errno, Stop> {
                let &[$($parameter),*] = slots else {
                    panic!("{} called with {} arguments", stringify!($name), slots.len());
                };
                let memory = &mut Memory::new(memory);
                finish(wasi.$name(memory, $(<$type as Parameter>::from_slot($parameter)),*))
            }
            Function {
                name: stringify!($name),
                parameters: &[$(<$type as Parameter>::TYPE),*],
                results: functions!(@results $($never)?),
                call,
            }
        }),*];
    };
    (@results) => { &[ValueType::I32] };
    (@results !) => { &[] };
}

functions! {
    args_get(argv: u32, argv_buf: u32);
    args_sizes_get(count: u32, size: u32);
    clock_res_get(id: u32, resolution: u32);
    clock_time_get(id: u32, precision: u64, time: u32);
    environ_get(environ: u32, environ_buf: u32);
    environ_sizes_get(count: u32, size: u32);
    fd_advise(fd: u32, offset: u64, length: u64, advice: u32);
    fd_allocate(fd: u32, offset: u64, length: u64);
    fd_close(fd: u32);
    fd_datasync(fd: u32);
    fd_fdstat_get(fd: u32, stat: u32);
    fd_fdstat_set_flags(fd: u32, flags: u32);
    fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
    fd_filestat_get(fd: u32, stat: u32);
    fd_filestat_set_size(fd: u32, size: u64);
    fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32);
    fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32);
    fd_prestat_dir_name(fd: u32, path: u32, path_len: u32);
    fd_prestat_get(fd: u32, prestat: u32);
    fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32);
    fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32);
    fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, bufused: u32);
    fd_renumber(from: u32, to: u32);
    fd_seek(fd: u32, offset: i64, whence: u32, position: u32);
    fd_sync(fd: u32);
    fd_tell(fd: u32, position: u32);
    fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32);
    path_create_directory(fd: u32, path: u32, path_len: u32);
    path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32);
    path_filestat_set_times(fd: u32, flags: u32, path: u32, path_len: u32, accessed: u64, modified: u64, which: u32);
    path_link(
        old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32
    );
    path_open(
        fd: u32, lookup: u32, path: u32, path_len: u32, how: u32, base: u64, inheriting: u64, fdflags: u32, opened: u32
    );
    path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, bufused: u32);
    path_remove_directory(fd: u32, path: u32, path_len: u32);
    path_rename(fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32);
    path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32);
    path_unlink_file(fd: u32, path: u32, path_len: u32);
    poll_oneoff(subscriptions: u32, events: u32, nsubscriptions: u32, nevents: u32);
    proc_exit(code: u32) -> !;
    proc_raise(signal: u32);
    random_get(buf: u32, buf_len: u32);
    sched_yield();
    sock_accept(fd: u32, flags: u32, accepted: u32);
    sock_recv(fd: u32, iovs: u32, iovs_len: u32, flags: u32, nread: u32, out_flags: u32);
    sock_send(fd: u32, iovs: u32, iovs_len: u32, flags: u32, nwritten: u32);
    sock_shutdown(fd: u32, how: u32);
}
