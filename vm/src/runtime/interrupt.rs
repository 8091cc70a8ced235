//! Whether the host wants a run to stop, and how often it is asked.

use crate::runtime::context::Context;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Units of the budget after which a run that may be interrupted is looked at: about 50 microseconds, and a few milliseconds
/// where each instruction misses the caches and touches new memory.
const INTERRUPT_SLICE: i64 = 1 << 15;

/// Words of frames that are not especially wide.
const USUAL_FRAME: i64 = 256;

impl Context {
    /// Units of the budget after which a run is looked at. Instructions may have as many operands as frames are wide.
    pub(crate) fn interrupt_slice(&self) -> i64 {
        match self.interrupt {
            Some(_) => INTERRUPT_SLICE * USUAL_FRAME / i64::from(self.widest_frame).max(USUAL_FRAME),
            None => i64::MAX,
        }
    }

    /// Whether the host wants the run to stop, or did when native code asked.
    pub(crate) fn is_interrupted(&mut self) -> bool {
        match self.interrupted.take() {
            Some(Ok(())) => true,
            Some(Err(panic)) => resume_unwind(panic),
            None => self.interrupt.as_mut().is_some_and(|is_interrupted| is_interrupted()),
        }
    }

    /// The same for native code, which no panic can pass: it waits for [`is_interrupted`](Self::is_interrupted).
    pub(crate) fn note_interrupt(&mut self) -> bool {
        self.interrupted = match catch_unwind(AssertUnwindSafe(|| self.is_interrupted())) {
            Ok(is_interrupted) => is_interrupted.then_some(Ok(())),
            Err(panic) => Some(Err(panic)),
        };
        self.interrupted.is_some()
    }
}
