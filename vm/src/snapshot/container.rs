//! The file around a snapshot: magic, version, checksum, compression.

use crate::bytes::SnapshotError;
use lz4_flex::frame::{BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use std::io::{Read, Write};

/// The first bytes of every file.
pub const MAGIC: [u8; 4] = *b"\0mvs";
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 0;

/// Flag: the payload is an LZ4 frame.
const COMPRESSED: u32 = 1;
/// Bytes before the payload.
const HEADER_BYTES: usize = 24;
/// No compressed byte stands for more than this many.
const RATIO_MAX: u64 = 256;

/// Whether bytes begin as a snapshot does.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// A snapshot as a file.
///
/// # Errors
/// When there is no memory for it.
pub fn pack(payload: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let mut file = vec![0; HEADER_BYTES];
    let info = FrameInfo::new().block_size(BlockSize::Max4MB);
    let mut encoder = FrameEncoder::with_frame_info(info, file);
    encoder.write_all(payload).map_err(|_| SnapshotError::OutOfMemory)?;
    file = encoder.finish().map_err(|_| SnapshotError::OutOfMemory)?;
    seal(&mut file, payload.len() as u64, COMPRESSED);
    Ok(file)
}

/// A snapshot as a file that is not compressed.
pub fn pack_stored(payload: &[u8]) -> Vec<u8> {
    let mut file = vec![0; HEADER_BYTES];
    file.extend_from_slice(payload);
    seal(&mut file, payload.len() as u64, 0);
    file
}

fn seal(file: &mut [u8], length: u64, flags: u32) {
    let checksum = crc32fast::hash(&file[HEADER_BYTES..]);
    file[..4].copy_from_slice(&MAGIC);
    file[4..8].copy_from_slice(&VERSION.to_le_bytes());
    file[8..12].copy_from_slice(&flags.to_le_bytes());
    file[12..20].copy_from_slice(&length.to_le_bytes());
    file[20..24].copy_from_slice(&checksum.to_le_bytes());
}

/// The snapshot in a file.
///
/// # Errors
/// When the bytes are not such a file, of another version, or damaged.
pub fn unpack(file: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let damaged = |what: &str| SnapshotError::Damaged(what.to_string());
    if !is_snapshot(file) {
        return Err(damaged("it does not begin as one"));
    }
    let (header, stored) = file.split_at_checked(HEADER_BYTES).ok_or_else(|| damaged("it ends in its header"))?;
    let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"));
    if word(4) != VERSION {
        return Err(SnapshotError::Missing(format!("it is of version {}, not {VERSION}", word(4))));
    }
    let length = u64::from_le_bytes(header[12..20].try_into().expect("eight bytes"));
    if crc32fast::hash(stored) != word(20) {
        return Err(damaged("the checksum is another one"));
    }
    match word(8) {
        0 if length == stored.len() as u64 => Ok(stored.to_vec()),
        COMPRESSED if length <= (stored.len() as u64).saturating_mul(RATIO_MAX) => {
            let mut payload = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            let mut decoder = FrameDecoder::new(stored).take(length + 1);
            decoder.read_to_end(&mut payload).map_err(|error| SnapshotError::Damaged(error.to_string()))?;
            if payload.len() as u64 == length { Ok(payload) } else { Err(damaged("it has another length")) }
        }
        0 | COMPRESSED => Err(damaged("it has another length")),
        flags => Err(SnapshotError::Missing(format!("it has the flags {flags:#x}, which are not known here"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_and_damage_is_seen() {
        let payload: Vec<u8> = (0..100_000u32).map(|index| (index / 7) as u8).collect();
        for file in [pack(&payload).unwrap(), pack_stored(&payload)] {
            assert_eq!(unpack(&file).unwrap(), payload);
            assert!(unpack(&file[..file.len() - 1]).is_err());
            let mut changed = file.clone();
            *changed.last_mut().unwrap() ^= 1;
            assert!(unpack(&changed).is_err());
            changed = file;
            changed[4] = 9;
            assert!(matches!(unpack(&changed), Err(SnapshotError::Missing(_))));
        }
    }
}
