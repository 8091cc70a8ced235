//! The header that all snapshots begin with, in files and in memory.

use crate::bytes::SnapshotError;

/// The first bytes of every snapshot.
pub const MAGIC: [u8; 4] = *b"\0mvs";
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 0;

/// Flag: the payload is an LZ4 frame.
pub(super) const COMPRESSED: u32 = 1;
/// Flag: there is no checksum, as the bytes have not left the process yet.
pub(super) const UNCHECKED: u32 = 2;
/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 24;
/// No compressed byte stands for more than this many.
const RATIO_MAX: u64 = 256;

/// Whether bytes begin as a snapshot does.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Fills the room for a header at the start of a snapshot whose payload has so many bytes when it is unpacked.
pub(super) fn seal(snapshot: &mut [u8], length: u64, flags: u32, checksum: u32) {
    snapshot[..4].copy_from_slice(&MAGIC);
    snapshot[4..8].copy_from_slice(&VERSION.to_le_bytes());
    snapshot[8..12].copy_from_slice(&flags.to_le_bytes());
    snapshot[12..20].copy_from_slice(&length.to_le_bytes());
    snapshot[20..24].copy_from_slice(&checksum.to_le_bytes());
}

/// A payload as a snapshot without checksum.
pub(crate) fn with_header(payload: &[u8]) -> Vec<u8> {
    let mut snapshot = Vec::with_capacity(HEADER_BYTES + payload.len());
    snapshot.resize(HEADER_BYTES, 0);
    snapshot.extend_from_slice(payload);
    seal(&mut snapshot, payload.len() as u64, UNCHECKED, 0);
    snapshot
}

/// The payload of a snapshot without checksum; none of others.
///
/// # Errors
/// When it is of another version, or of another length than it says.
pub(crate) fn unchecked(bytes: &[u8]) -> Result<Option<&[u8]>, SnapshotError> {
    if !is_snapshot(bytes) {
        return Ok(None);
    }
    let Some((header, stored)) = bytes.split_first_chunk() else {
        return Err(damaged("unexpected end in the header"));
    };
    let head = Head::read(header, stored.len() as u64)?;
    Ok((!head.is_compressed && head.checksum.is_none()).then_some(stored))
}

/// The header of a snapshot.
pub(super) struct Head {
    /// Bytes of the payload.
    pub(super) length: u64,
    /// That of the stored bytes, if they have one.
    pub(super) checksum: Option<u32>,
    pub(super) is_compressed: bool,
}

pub(super) fn damaged(what: &str) -> SnapshotError {
    SnapshotError::Damaged(what.to_string())
}

impl Head {
    /// Reads the header of a snapshot in which so many bytes follow it.
    pub(super) fn read(header: &[u8; HEADER_BYTES], stored: u64) -> Result<Head, SnapshotError> {
        if !is_snapshot(header) {
            return Err(damaged("no snapshot signature at the start"));
        }
        let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
        if word(4) != VERSION {
            return Err(SnapshotError::Missing(format!("it is of version {}, not {VERSION}", word(4))));
        }
        let length = u64::from_le_bytes(header[12..20].try_into().expect("eight bytes"));
        let flags = word(8);
        let is_compressed = match flags {
            0 | UNCHECKED if length == stored => false,
            COMPRESSED if length <= stored.saturating_mul(RATIO_MAX) => true,
            0 | COMPRESSED | UNCHECKED => return Err(damaged("length mismatch")),
            flags => {
                return Err(SnapshotError::Missing(format!("it has the flags {flags:#x}, which are not known here")));
            }
        };
        let checksum = (flags != UNCHECKED).then_some(word(20));
        Ok(Head { length, checksum, is_compressed })
    }
}
