//! Snapshots: the whole state of a program as bytes, and back.
//!
//! ```text
//! snapshot   magic `\0mvs`, version (u32), flags (u32: 1 = compressed, 2 = without checksum), bytes of the payload (u64), CRC-32 of
//!            the stored payload (u32), the payload
//! payload    the number of cells (u64), how many of them are short strings (u64), the lengths of nine parts (u64 each), then the
//!            parts, in the order in which they are loaded:
//!  1 note       what the host wrote there for itself
//!  2 programs   the code: binary programs, or their hashes
//!  3 instances  which program each is of; the bridges made for its imports
//!  4 hosts      names of the host functions that the program can reach
//!  5 items      what programs and host objects share: types of globals, whole memories, types and lengths of tables
//!  6 shapes     kinds and sizes of heap cells        (see `heap::transfer`)
//!  7 cells      their contents, fibers and frames among them
//!  8 machine    contents of globals and tables, instances, registry, counters, the runs: those aside, then the one at work
//!  9 states     states of the host's libraries, by name, in the forms their codecs gave them
//! ```
//! Numbers are little-endian or LEB128. Frames are a function, a canonical instruction and the registers that the program
//! can still read, by their types: nothing of the machine's own code or addresses is in a snapshot. The same state gives the
//! same bytes. A run that is saved is first brought to baseline code and to the end of a collection under way, and goes on
//! from there: it and what is loaded do the same, instruction for instruction and allocation for allocation.
//!
//! A run that has stopped at an error which nobody catches (see [`Machine::set_keep_stack_on_error`]) is saved inside of the
//! instruction or host function that raised it, with the error: whoever goes on with it unwinds the stack.
//!
//! Suspended runs travel, with their numbers and in their order. What one of them waits for stays with the host, who
//! answers it in the machine that has loaded it.
//!
//! | file | what |
//! |---|---|
//! | `parts`, `header`, `container` | the parts of a payload; what stands before it; files with it; their fields are written and read by `crate::bytes` |
//! | `deoptimise` | stacks brought to baseline code |
//! | `save`, `save_items`, `save_runs`, `save_stack` | from a machine to bytes |
//! | `load`, `load_code`, `load_items`, `load_machine`, `load_runs`, `load_stack`, `levels` | from bytes to a machine; trusts nothing |
//! | `invariants` | what holds of fibers, frames, records, runs, instances; what `load` checks |
//! | `clone` | the heap of a copy, which is copied as it lies; the other parts of a copy go through bytes |

mod clone;
#[cfg(feature = "snapshot-files")]
pub mod container;
#[cfg_attr(not(feature = "snapshot-files"), allow(dead_code, unreachable_pub, reason = "files need all of it"))]
pub(crate) mod header;
mod hooks;
mod invariants;
mod levels;
pub(crate) mod load;
pub(crate) mod load_code;
mod load_items;
mod load_machine;
mod load_runs;
mod load_stack;
pub(crate) mod parts;
pub(crate) mod save;
mod save_items;
mod save_runs;
mod save_stack;

pub(crate) use crate::runtime::codec::Codecs;
pub use load_code::{ProgramHash, program_hash};
pub use parts::Snapshot;
pub use save::CodeForm;
