//! Saving, loading and copying machines.

use super::machine::Machine;
use crate::bytes::SnapshotError;
use crate::snapshot::{CodeForm, ProgramHash, Snapshot, header};
use minivm_isa::verify::Verified;
use std::borrow::Cow;

/// The payload of a snapshot, as it was saved or packed.
fn payload(bytes: &[u8]) -> Result<Cow<'_, [u8]>, SnapshotError> {
    if let Some(payload) = header::unchecked(bytes)? {
        return Ok(payload.into());
    }
    #[cfg(feature = "snapshot-files")]
    if header::is_snapshot(bytes) {
        return crate::snapshot::container::unpack(bytes).map(Cow::from);
    }
    // `unpack` gives what has no header any more.
    Ok(bytes.into())
}

/// Snapshots. Handles of the host are not part of a state: what only they keep alive is garbage in the machine that loads it, and
/// a machine that has loaded a state refuses the handles, instances and runs of the one that it had before.
/// [Registered](Machine::register) values are the way to find something again.
impl Machine {
    /// The whole state as bytes: of a run that has stopped, or of a machine in which nothing runs; with all runs that are
    /// aside. They begin as those of every snapshot do, so that `minivm inspect` reads a file with them;
    /// `snapshot_file::pack` (feature `snapshot-files`) makes them smaller, and gives them a checksum.
    ///
    /// # Errors
    /// When something cannot travel; nothing is written then.
    pub fn save(&mut self, note: &[u8], code: CodeForm) -> Result<Vec<u8>, SnapshotError> {
        let saved = self.0.save(note, code);
        self.tell_panics();
        saved.map(|payload| header::with_header(&payload))
    }

    /// As [`save`](Self::save), with the code of all programs but those with these hashes:
    /// [`load_with`](Self::load_with) wants them.
    ///
    /// # Errors
    /// As for [`save`](Self::save).
    pub fn save_without(&mut self, note: &[u8], programs: &[ProgramHash]) -> Result<Vec<u8>, SnapshotError> {
        let saved = self.0.save_without(note, programs);
        self.tell_panics();
        saved.map(|payload| header::with_header(&payload))
    }

    /// The hashes of all programs that have instances, each once.
    pub fn program_hashes(&self) -> Vec<ProgramHash> {
        self.0.program_hashes()
    }

    /// Takes over a state that [`save`](Self::save) gave, in place of its own. The machine must have the host functions and
    /// codecs that the state needs. Both states count against its limit until the old one is dropped. Gives the note.
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
        let payload = payload(bytes)?;
        let loaded = self.0.load_with(&payload, programs);
        self.tell_panics();
        loaded
    }

    /// As [`load_with`](Self::load_with), for a snapshot whose note was read already, and which may be read from a file piece
    /// by piece.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_snapshot(&mut self, snapshot: Snapshot<'_>, programs: Vec<Verified>) -> Result<(), SnapshotError> {
        let loaded = self.0.load_snapshot(snapshot, programs);
        self.tell_panics();
        loaded
    }

    /// The note in a snapshot, without loading it.
    ///
    /// # Errors
    /// When the bytes are no snapshot.
    pub fn snapshot_note(bytes: &[u8]) -> Result<Vec<u8>, SnapshotError> {
        crate::raw::Machine::snapshot_note(&payload(bytes)?)
    }

    /// A copy of a machine, with a run that has stopped: a fork. `other` is a fresh machine with the same host functions
    /// and codecs.
    ///
    /// # Errors
    /// As for [`save`](Self::save) and [`load`](Self::load).
    pub fn copy_into(&mut self, other: &mut Machine) -> Result<(), SnapshotError> {
        let copied = self.0.copy_into(&mut other.0);
        self.tell_panics();
        other.tell_panics();
        copied
    }
}
