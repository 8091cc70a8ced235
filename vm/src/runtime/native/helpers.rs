//! What native code calls of the machine. Such a function runs no guest code and stores nothing in frames.

use super::GONE;
use crate::memory::LinearMemory;
use crate::runtime::work::{MEMORY_BYTES_PER_UNIT, SMALL};

/// Addresses of these functions. Each takes its arguments as 64-bit words and the fuel, and gives the fuel that is left, or
/// [`GONE`]: then it has done nothing, and the interpreter does the instruction.
#[derive(Clone, Copy, Debug)]
pub struct Helpers {
    /// `(memory, address, value, length, fuel)`.
    pub memory_fill: u64,
    /// `(memory, source memory, address, source, length, fuel)`.
    pub memory_copy: u64,
}

/// Defines a function that native code calls.
macro_rules! helper {
    ($(#[$attr:meta])* fn $name:ident($($argument:ident: $ty:ty),*) -> i64 $body:block) => {
        #[cfg(target_arch = "x86_64")]
        $(#[$attr])*
        unsafe extern "sysv64" fn $name($($argument: $ty),*) -> i64 $body
        #[cfg(not(target_arch = "x86_64"))]
        $(#[$attr])*
        unsafe extern "C" fn $name($($argument: $ty),*) -> i64 $body
    };
}

impl Helpers {
    pub(super) fn new() -> Self {
        Helpers { memory_fill: memory_fill as *const () as u64, memory_copy: memory_copy as *const () as u64 }
    }
}

/// What is left after work on so many bytes; none where the interpreter does it in slices.
fn pay(length: u64, fuel: i64) -> Option<i64> {
    let units = length / MEMORY_BYTES_PER_UNIT;
    (units <= SMALL && fuel >= units as i64).then(|| fuel - units as i64)
}

helper! {
    /// # Safety
    /// The memory is one of the job, to which no reference is in use.
    fn memory_fill(memory: *mut LinearMemory, address: u64, value: u64, length: u64, fuel: i64) -> i64 {
        let Some(left) = pay(length, fuel) else { return GONE };
        // SAFETY: the caller vouches for the memory.
        let filled = unsafe { (*memory).fill(address, value as u8, length) };
        if filled.is_ok() { left } else { GONE }
    }
}

helper! {
    /// # Safety
    /// The memories are those of the job, to which no reference is in use.
    fn memory_copy(
        to: *mut LinearMemory,
        from: *mut LinearMemory,
        address: u64,
        source: u64,
        length: u64,
        fuel: i64
    ) -> i64 {
        let Some(left) = pay(length, fuel) else { return GONE };
        // SAFETY: the caller vouches for the memories; where they are two, no reference to both is the same.
        let copied = unsafe {
            if std::ptr::eq(to, from) {
                (*to).copy_within(address, source, length)
            } else {
                (*from).slice(source, length).and_then(|bytes| (*to).write(address, bytes))
            }
        };
        if copied.is_ok() { left } else { GONE }
    }
}
