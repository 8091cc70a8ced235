//! [`Wasi`]: what one program has open and may ask for.

use super::descriptors::{Descriptors, Object};
use super::sources::{Clock, Random};
use minivm::raw::memory::MemoryBudget;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The state behind the calls of one program. Made by
/// [`WasiBuilder`](super::WasiBuilder); each call is a method of the interface's name, and
/// [`FUNCTIONS`](super::FUNCTIONS) lists them all.
///
/// Output is buffered: [`Wasi::flush`] it when the program has ended, however it ended.
/// `proc_exit` and dropping do so too, but cannot report an error.
pub struct Wasi {
    /// With their terminating zeros.
    pub(super) arguments: Vec<Vec<u8>>,
    /// `NAME=value`, with their terminating zeros.
    pub(super) environment: Vec<Vec<u8>>,
    pub(super) descriptors: Descriptors,
    pub(super) open_files: OpenFiles,
    pub(super) saved_files: SavedFiles,
    pub(super) clock: Box<dyn Clock>,
    pub(super) random: Box<dyn Random>,
    /// Nanoseconds that are over of the time of the call at work, if its thread has waited for others.
    pub(super) passed: Option<u64>,
    /// The account of the machine that the program runs in.
    pub(super) budget: Option<MemoryBudget>,
}

/// What becomes of files and directories that a program has opened when its state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OpenFiles {
    /// The state is not saved.
    #[default]
    Refuse,
    /// In the saved state their descriptors are closed.
    Close,
    /// Path and place travel, and who loads the state may [open them again](SavedFiles::Reopen), in the directories granted
    /// there.
    Reopen,
}

/// What becomes of files and directories that are open in a state that is loaded. Loading has no effect outside unless the
/// embedder says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SavedFiles {
    /// The state is not loaded.
    #[default]
    Refuse,
    /// They are closed, and so are directories that were granted and are not here: for who only looks at the state.
    Close,
    /// They are opened again in the directories granted here.
    Reopen,
}

impl Wasi {
    /// Lets out all output that is still held back.
    ///
    /// # Errors
    /// The first error of the streams; the others are flushed nevertheless.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for descriptor in self.descriptors.iter_mut() {
            if let Object::Output(output) = &mut descriptor.object {
                result = result.and(output.flush());
            }
        }
        result
    }
}

impl Drop for Wasi {
    fn drop(&mut self) {
        // Nobody is left to hear of an error, nor of a panic of the host's: its streams are dropped next, and may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| self.flush()));
    }
}

impl fmt::Debug for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wasi")
            .field("arguments", &self.arguments.len())
            .field("environment", &self.environment.len())
            .finish_non_exhaustive()
    }
}
