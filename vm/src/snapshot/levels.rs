//! A stack that is being built, level by level.

use crate::bytes::SnapshotError;
use crate::heap::Closure;
use crate::runtime::function::GuestFunction;
use crate::runtime::stack_memory::{FIRST_WORDS, RESERVE_WORDS, StackMemory};
use crate::threaded::Code;
use crate::threaded::Pc;
use crate::threaded::continuation::{CONTINUATION_DELTA, CONTINUATION_WORDS, Continuation, ContinuationKind, Protect};
use crate::threaded::operands::set_any;
use crate::value::Value;
use minivm_isa::Type;

/// A level that was read: what may stand above it.
pub(crate) enum Below<'a> {
    /// Nothing yet.
    Ground,
    /// A guest frame at an instruction.
    Guest { guest: &'a GuestFunction, baseline: &'a Code, at: usize, instruction: usize, calling: bool },
    /// A boundary frame, what its callee returns to, and what that must give.
    Boundary { at: usize, place: Pc, results: Option<Vec<Type>> },
    /// A continuation.
    Continuation { at: usize, kind: ContinuationKind, protect: Protect },
}

/// What a callee gives back.
#[derive(PartialEq)]
pub(crate) enum Wanted {
    /// Any number of `any` values.
    Values,
    /// Values of these types of the machine.
    Typed(Vec<Type>),
}

/// Words kept free above the top of a stack.
pub(crate) const MARGIN_WORDS: usize = 16;

/// A stack that is being built, where it stays.
pub(crate) struct Building<'a> {
    stack: StackMemory,
    /// Words that the stack may have.
    words_max: usize,
    /// Words of it that were reached, with a margin.
    reached: usize,
    pub(crate) below: Below<'a>,
    pub(crate) continuation_return: Pc,
    /// Continuations of finalisers.
    pub(crate) finalisers: usize,
    /// Heights of frames that stay in baseline code.
    pub(crate) pinned: Vec<usize>,
}

impl Building<'_> {
    /// A stack of so many words, which may become larger up to `words_max`.
    pub(crate) fn new(words: usize, words_max: usize, continuation_return: Pc) -> Result<Self, SnapshotError> {
        let words = words.max(FIRST_WORDS);
        if words > words_max {
            return Err(SnapshotError::OutOfMemory);
        }
        let stack = StackMemory::new(words).ok_or(SnapshotError::OutOfMemory)?;
        let (below, pinned) = (Below::Ground, Vec::new());
        Ok(Building { stack, words_max, reached: 0, below, continuation_return, finalisers: 0, pinned })
    }

    /// The stack. It is as large as it was, so that it grows when it would have grown; but for one that would be too small.
    pub(crate) fn finish(self) -> StackMemory {
        self.stack
    }

    /// Makes sure that there are so many words.
    pub(crate) fn reach(&mut self, words: usize) -> Result<(), SnapshotError> {
        if words <= self.reached {
            return Ok(());
        }
        let needed = words.saturating_sub(MARGIN_WORDS).saturating_add(RESERVE_WORDS).max(words);
        if needed > self.stack.words() {
            // It takes a while until it is so large once more.
            let roomy = needed.saturating_add(needed / 2).min(self.words_max);
            if needed > self.words_max || !self.stack.grow_with_zeros(roomy) {
                return Err(SnapshotError::OutOfMemory);
            }
        }
        self.reached = words;
        Ok(())
    }

    /// The words so far.
    pub(crate) fn words(&mut self) -> &mut [u64] {
        self.stack.words_mut()
    }

    pub(crate) fn set_value(&mut self, at: usize, value: Value) -> Result<(), SnapshotError> {
        self.reach(at + 2)?;
        // SAFETY: the words are there.
        unsafe { set_any(self.words().as_mut_ptr(), at, value) };
        Ok(())
    }

    pub(crate) fn set_continuation(&mut self, at: usize, continuation: Continuation) -> Result<(), SnapshotError> {
        self.reach(at + CONTINUATION_WORDS + CONTINUATION_DELTA)?;
        // SAFETY: the words are there, and a continuation may begin at any of them.
        unsafe { self.words().as_mut_ptr().add(at).cast::<Continuation>().write(continuation) };
        self.finalisers += usize::from(continuation.kind == ContinuationKind::Finaliser);
        Ok(())
    }

    pub(crate) fn set_header(&mut self, at: usize, closure: *mut Closure, place: Pc) -> Result<(), SnapshotError> {
        self.reach(at)?;
        let words = self.words();
        words[at - 2] = closure.expose_provenance() as u64;
        words[at - 1] = place as u64;
        Ok(())
    }
}
