//! Bytes of a snapshot: little-endian numbers, LEB128 counts. It knows of no part what is in it.
//!
//! | file | is |
//! |---|---|
//! | `write` | the writer |
//! | `read` | the reader, of bytes at hand or of a stream; it trusts nothing and never reads past its end |
//! | `trace` | which fields were read, for those who forge snapshots |

pub(crate) mod read;
#[cfg_attr(not(feature = "snapshot-trace"), allow(dead_code, unreachable_pub, reason = "only those who forge read it"))]
pub mod trace;
pub(crate) mod write;

pub(crate) use read::{Block, Reader};
use std::fmt;
pub(crate) use write::Writer;

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
