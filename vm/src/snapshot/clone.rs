//! The heap of a copy, with what the machine itself knows of it.

use crate::heap::transfer::{HeapTwin, WaitingCells};
use crate::heap::{OutOfMemory, Str};
use crate::runtime::context::{Context, MetamethodNames};

/// A copied heap, and the strings in it that a machine has by name.
pub(crate) struct Cloner {
    pub(crate) heap: HeapTwin,
    pub(crate) metamethods: MetamethodNames,
    pub(crate) no_memory: *mut Str,
}

impl Cloner {
    /// Gives a new context this heap in place of its own.
    ///
    /// # Errors
    /// When its limits do not allow it.
    pub(crate) fn put_into(self, new: &mut Context) -> Result<WaitingCells, OutOfMemory> {
        let waiting = self.heap.put_into(&mut new.heap)?;
        new.metamethods = self.metamethods;
        new.no_memory = self.no_memory;
        Ok(waiting)
    }
}
