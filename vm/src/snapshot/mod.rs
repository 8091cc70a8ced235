//! Snapshots: the whole state of a program as bytes, and back.
//!
//! ```text
//! file       magic `\0mvs`, version (u32), flags (u32: 1 = compressed), bytes of the payload (u64), CRC-32 of the stored payload
//!            (u32), the payload
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
//! same bytes. A run that is saved is first brought to plain code and to the end of a collection under way, and goes on
//! from there: it and what is loaded do the same, instruction for instruction and allocation for allocation.
//!
//! A run that has stopped at an error which nobody catches (see [`Machine::set_keep_stack_on_error`]) is saved inside of the
//! instruction or host function that raised it, with the error: whoever goes on with it unwinds the stack.
//!
//! Runs that are aside travel, with their numbers and in their order. What one of them waits for stays with the host, who
//! answers it in the machine that has loaded it.
//!
//! | file | what |
//! |---|---|
//! | `bytes`, `read`, `parts`, `container` | writing and reading fields; the parts of a payload; the file around it |
//! | `trace` | the fields of a payload, for those who forge some |
//! | `settle` | stacks brought to plain code |
//! | `save`, `save_items`, `save_runs`, `save_stack` | from a machine to bytes |
//! | `load`, `load_code`, `load_items`, `load_machine`, `load_runs`, `load_stack`, `levels` | from bytes to a machine; trusts nothing |
//! | `invariants` | what holds of fibers, frames, records, runs, instances; what `load` checks |
//! | `twin` | the heap of a copy, which is copied as it lies; the other parts of a copy go through bytes |
//! | `describe` | a state for people: what runs, and what there is |
//! | `codec` | how the host's own objects and states travel |

pub(crate) mod bytes;
mod codec;
#[cfg(feature = "snapshot-files")]
pub mod container;
mod describe;
mod invariants;
mod levels;
mod load;
mod load_code;
mod load_items;
mod load_machine;
mod load_runs;
mod load_stack;
mod parts;
pub(crate) mod read;
mod save;
mod save_items;
mod save_runs;
mod save_stack;
mod settle;
#[cfg_attr(not(feature = "snapshot-trace"), allow(dead_code, unreachable_pub, reason = "only those who forge read it"))]
pub mod trace;
mod twin;

use crate::machine::Machine;
use minivm_isa::verify::Verified;
use save::Cells;
use std::fmt;
use std::rc::Rc;

pub(crate) use codec::Codecs;
pub use codec::{ObjectCodec, ObjectHandles, StateCodec};
pub use describe::{FiberActivity, FiberReport, MemoryReport, ProgramReport, StateReport};
pub use load_code::{ProgramHash, program_hash};
pub use parts::Snapshot;
pub use save::CodeForm;

/// Why a state cannot be saved or loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Something in the state cannot travel, by name.
    Refused(String),
    /// The bytes are not what a machine wrote.
    Damaged(String),
    /// They are, but this machine lacks something: a version, a host function, a state, a program.
    Missing(String),
    /// There is not so much memory, or the limits do not allow it.
    OutOfMemory,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Refused(what) => write!(f, "this state cannot be saved: {what}"),
            SnapshotError::Damaged(what) => write!(f, "the snapshot is damaged: {what}"),
            SnapshotError::Missing(what) => write!(f, "the snapshot cannot be loaded here: {what}"),
            SnapshotError::OutOfMemory => f.write_str("there is not enough memory for the snapshot"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// What a codec finds wrong with its bytes.
impl From<String> for SnapshotError {
    fn from(what: String) -> Self {
        SnapshotError::Damaged(what)
    }
}

impl Machine {
    /// The whole state as bytes: of a run that has stopped, or of a machine in which nothing runs; with all runs that are
    /// aside.
    ///
    /// # Errors
    /// When something cannot travel; nothing is written then.
    pub fn save(&mut self, note: &[u8], code: CodeForm) -> Result<Vec<u8>, SnapshotError> {
        save::save(&mut self.cx, note, code.into(), Cells::Written).map(|saved| saved.parts.join())
    }

    /// As [`save`](Self::save), with the code of all programs but those with these hashes:
    /// [`load_with`](Self::load_with) wants them.
    ///
    /// # Errors
    /// As for [`save`](Self::save).
    pub fn save_without(&mut self, note: &[u8], programs: &[ProgramHash]) -> Result<Vec<u8>, SnapshotError> {
        save::save(&mut self.cx, note, save::Code::Without(programs), Cells::Written).map(|saved| saved.parts.join())
    }

    /// The hashes of all programs that have instances, each once.
    pub fn program_hashes(&self) -> Vec<ProgramHash> {
        let mut hashes: Vec<ProgramHash> =
            self.cx.instances.iter().map(|instance| program_hash(&instance.program)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// Takes over a state that [`save`](Self::save) gave, in place of its own. The machine must have the host functions and
    /// codecs that the state needs. Gives the note.
    ///
    /// # Errors
    /// When the bytes make no sense or something is missing. The machine is as before then, but for states of the host's
    /// libraries.
    pub fn load(&mut self, bytes: &[u8]) -> Result<Vec<u8>, SnapshotError> {
        self.load_with(bytes, Vec::new())
    }

    /// As [`load`](Self::load), for a state that was saved as [`CodeForm::ByHash`] or without some of its programs: `programs`
    /// are those it may name.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_with(&mut self, bytes: &[u8], programs: Vec<Verified>) -> Result<Vec<u8>, SnapshotError> {
        let snapshot = Snapshot::from_bytes(bytes)?;
        let note = snapshot.note().to_vec();
        self.load_snapshot(snapshot, programs).map(|()| note)
    }

    /// As [`load_with`](Self::load_with), for a snapshot whose note was read already, and which may be read from a file piece
    /// by piece.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_snapshot(&mut self, snapshot: Snapshot<'_>, programs: Vec<Verified>) -> Result<(), SnapshotError> {
        let programs: Vec<Rc<Verified>> = programs.into_iter().map(Rc::new).collect();
        load::load(&mut self.cx, snapshot.payload, &programs, None)
    }

    /// The note in a snapshot, without loading it.
    ///
    /// # Errors
    /// When the bytes are no snapshot.
    pub fn snapshot_note(bytes: &[u8]) -> Result<Vec<u8>, SnapshotError> {
        Snapshot::from_bytes(bytes).map(|snapshot| snapshot.note)
    }

    /// Whether there is a run that [`resume`](Self::resume) would go on with.
    pub fn is_stopped(&self) -> bool {
        use crate::context::Status;
        match self.cx.status {
            Status::Running | Status::OutOfFuel | Status::Stepped | Status::Yielded => true,
            Status::Failed => self.uncaught_error().is_some(),
            Status::Finished | Status::Waiting => false,
        }
    }

    /// A copy of a machine, with a run that has stopped: a fork. `other` is a fresh machine with the same host functions
    /// and codecs.
    ///
    /// # Errors
    /// As for [`save`](Self::save) and [`load`](Self::load).
    pub fn copy_into(&mut self, other: &mut Machine) -> Result<(), SnapshotError> {
        let saved = save::save(&mut self.cx, &[], save::Code::Shared, Cells::Copied)?;
        let mut payload = saved.parts.payload();
        payload.part();
        load::load(&mut other.cx, payload, &saved.programs, saved.twin)
    }

    /// Says how host objects of a kind travel, by their [`type_name`](crate::heap::HostObject::type_name).
    pub fn set_object_codec(&mut self, kind: &str, codec: ObjectCodec) {
        self.cx.codecs.objects.insert(kind.to_string(), codec);
    }

    /// Says how a state of the host's libraries travels, under a name.
    pub fn set_state_codec(&mut self, name: &str, codec: StateCodec) {
        self.cx.codecs.states.insert(name.to_string(), codec);
    }
}
