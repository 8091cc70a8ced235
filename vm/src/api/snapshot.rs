//! Saving, loading and copying machines.

use crate::api::machine::Machine;
use crate::bytes::SnapshotError;
use crate::runtime::codec::ObjectCodec;
use crate::runtime::codec::StateCodec;
use crate::snapshot::load_code::ProgramHash;
use crate::snapshot::load_code::program_hash;
use crate::snapshot::parts::Snapshot;
use crate::snapshot::save::Cells;
use crate::snapshot::save::CodeForm;
use crate::snapshot::{load, save};
use minivm_isa::verify::Verified;
use std::sync::Arc;

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
        let programs: Vec<Arc<Verified>> = programs.into_iter().map(Arc::new).collect();
        load::load(&mut self.cx, snapshot.payload, &programs, None)
    }

    /// From now on states are loaded to be looked at, whatever host they are of: functions of the host that are not here fail when
    /// they are called, objects of kinds without a codec have nothing in them, and states of other libraries are passed over.
    pub fn load_to_inspect(&mut self) {
        self.cx.codecs.stands_in = true;
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
        use crate::runtime::context::Status;
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
        // The note, which is empty.
        payload.part();
        load::load(&mut other.cx, payload, &saved.programs, saved.clone)
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
