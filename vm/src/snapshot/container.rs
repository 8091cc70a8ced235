//! The file around a snapshot: magic, version, checksum, compression.

use super::header::{self, COMPRESSED, HEADER_BYTES, Head, damaged};
pub use super::header::{MAGIC, VERSION, is_snapshot};
use super::parts::Snapshot;
use crate::bytes::SnapshotError;
use lz4_flex::frame::{BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

/// Bytes of a file that are read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// A snapshot as a compressed file with a checksum.
///
/// # Errors
/// When there is no memory for it.
pub fn pack(snapshot: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let payload = header::unchecked(snapshot)?.unwrap_or(snapshot);
    let mut file = vec![0; HEADER_BYTES];
    let info = FrameInfo::new().block_size(BlockSize::Max4MB);
    let mut encoder = FrameEncoder::with_frame_info(info, file);
    encoder.write_all(payload).map_err(|_| SnapshotError::OutOfMemory)?;
    file = encoder.finish().map_err(|_| SnapshotError::OutOfMemory)?;
    seal(&mut file, payload.len() as u64, COMPRESSED);
    Ok(file)
}

/// A snapshot as a file that is not compressed.
pub fn pack_stored(snapshot: &[u8]) -> Vec<u8> {
    let payload = header::unchecked(snapshot).ok().flatten().unwrap_or(snapshot);
    let mut file = vec![0; HEADER_BYTES];
    file.extend_from_slice(payload);
    seal(&mut file, payload.len() as u64, 0);
    file
}

fn seal(file: &mut [u8], length: u64, flags: u32) {
    let checksum = crc32fast::hash(&file[HEADER_BYTES..]);
    header::seal(file, length, flags, checksum);
}

/// The snapshot in a file, all at once: as many bytes as its header says, which is up to 256 times as many as the file has.
/// [`open`] reads it piece by piece.
///
/// # Errors
/// When the bytes are not such a file, of another version, or damaged.
pub fn unpack(file: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let short = if is_snapshot(file) { "unexpected end in the header" } else { "no snapshot signature at the start" };
    let (header, stored) = file.split_first_chunk().ok_or_else(|| damaged(short))?;
    let head = Head::read(header, stored.len() as u64)?;
    if head.checksum.is_some_and(|checksum| crc32fast::hash(stored) != checksum) {
        return Err(damaged("checksum mismatch"));
    }
    if !head.is_compressed {
        return Ok(stored.to_vec());
    }
    // It grows as bytes come.
    let mut payload = Vec::new();
    let mut decoder = FrameDecoder::new(stored).take(head.length.saturating_add(1));
    decoder.read_to_end(&mut payload).map_err(|error| SnapshotError::Damaged(error.to_string()))?;
    if payload.len() as u64 == head.length { Ok(payload) } else { Err(damaged("length mismatch")) }
}

/// The snapshot in a file that is read piece by piece, twice: once for its checksum. No piece of it takes more than
/// `memory_max` bytes, whatever its header says.
///
/// # Errors
/// As for [`unpack`], and when the file cannot be read.
pub fn open<'a>(mut file: impl Read + Seek + 'a, memory_max: u64) -> Result<Snapshot<'a>, SnapshotError> {
    let failed = |error: std::io::Error| SnapshotError::Damaged(error.to_string());
    let bytes = file.seek(SeekFrom::End(0)).and_then(|bytes| file.rewind().map(|()| bytes)).map_err(failed)?;
    let mut header = [0; HEADER_BYTES];
    let there = (HEADER_BYTES as u64).min(bytes) as usize;
    file.read_exact(&mut header[..there]).map_err(failed)?;
    if there < HEADER_BYTES && is_snapshot(&header[..there]) {
        return Err(damaged("unexpected end in the header"));
    }
    let head = Head::read(&header, bytes.saturating_sub(HEADER_BYTES as u64))?;
    let mut checksum = crc32fast::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => checksum.update(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let found = checksum.finalize();
    if head.checksum.is_some_and(|checksum| checksum != found) {
        return Err(damaged("checksum mismatch"));
    }
    file.seek(SeekFrom::Start(HEADER_BYTES as u64)).map_err(failed)?;
    let stored = BufReader::with_capacity(PIECE_BYTES, file);
    let payload: Box<dyn Read + 'a> =
        if head.is_compressed { Box::new(FrameDecoder::new(stored)) } else { Box::new(stored) };
    Snapshot::from_stream(payload, head.length, memory_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Cursor;

    /// The note may take a sixteenth of it.
    const MEMORY_MAX: u64 = 4 << 20;

    /// A payload whose only part that is not empty is the note.
    fn payload() -> Vec<u8> {
        let note: Vec<u8> = (0..200_000u32).map(|index| (index / 7) as u8).collect();
        let head = [0, 0, note.len() as u64, 0, 0, 0, 0, 0, 0, 0, 0].map(u64::to_le_bytes).concat();
        [head, note].concat()
    }

    #[test]
    fn files_come_back_and_damage_is_seen() {
        let payload = payload();
        for file in [pack(&payload).unwrap(), pack_stored(&payload)] {
            let both = |file: &[u8]| (unpack(file).is_ok(), open(Cursor::new(file), MEMORY_MAX).is_ok());
            assert_eq!(unpack(&file).unwrap(), payload);
            assert_eq!(open(Cursor::new(&file), MEMORY_MAX).unwrap().note(), &payload[88..]);
            assert_eq!(open(Cursor::new(&file), 1000).err(), Some(SnapshotError::OutOfMemory));
            for end in [0, 3, 5, 23, 24, 100, file.len() - 1] {
                assert_eq!(both(&file[..end]), (false, false), "cut at {end}");
            }
            let mut changed = file.clone();
            *changed.last_mut().unwrap() ^= 1;
            assert_eq!(both(&changed), (false, false));
            changed = file;
            changed[4] = 9;
            assert!(matches!(unpack(&changed), Err(SnapshotError::Missing(_))));
            assert!(matches!(open(Cursor::new(&changed), MEMORY_MAX), Err(SnapshotError::Missing(_))));
        }
    }

    #[test]
    fn a_header_that_lies_takes_no_memory() {
        let mut file = pack(&payload()).unwrap();
        for length in [u64::MAX, file.len() as u64 * 200, 88, 0] {
            file[12..20].copy_from_slice(&length.to_le_bytes());
            assert!(unpack(&file).is_err());
            assert!(open(Cursor::new(&file), MEMORY_MAX).is_err());
        }
    }
}
