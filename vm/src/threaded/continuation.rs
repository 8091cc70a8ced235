//! Continuations: what the machine itself keeps on a fiber's stack, between guest frames.
//!
//! A continuation stands where a caller's registers would be. The callee above returns to a common place of the machine, which
//! finds the continuation at its registers and does what it says. Nothing of a run lives on the native stack.

use crate::threaded::{Pc, Regs};
use crate::value::Value;

/// Words of a continuation.
pub(crate) const CONTINUATION_WORDS: usize = 9;
/// Words between the registers of a continuation and those of the frame it calls: the continuation and the frame header.
pub(crate) const CONTINUATION_DELTA: usize = CONTINUATION_WORDS + FRAME_HEADER_WORDS;
/// Words above the arguments of a call that a host function may use. Every guest frame has room for them above its window, so that
/// the stack neither grows nor overflows because a host function was called in one way or another.
pub(crate) const HOST_CALL_WORDS: usize = CONTINUATION_DELTA + 8;
/// Words of a frame header: closure, return place.
pub(crate) const FRAME_HEADER_WORDS: usize = 2;

/// Calls of host functions, metamethods, fibers and handlers that may be nested in one another. It is where the reference
/// implementation of Lua ends such recursion, for which it uses the native stack; ours would go on much longer and tell nobody.
pub(crate) const NESTING_MAX: u32 = 197;
/// What is raised for more.
pub(crate) const NESTED_TOO_DEEP: &str = "C stack overflow";
/// As [`NESTING_MAX`], for message handlers, which are called for that error, too.
pub(crate) const HANDLER_NESTING_MAX: u32 = 240;

/// What happens when the call above a continuation returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ContinuationKind {
    /// The bottom of a fiber: the fiber is done.
    Entry,
    /// A host function goes on in its next state.
    Host,
    /// A host function begins a state: one that could not be paid for when it was tried, or one that it has asked for itself.
    /// `values` are those that it keeps, then those that its last call gave, which take `delta` words; `value` is the error
    /// that the call gave instead; `spare` is what was paid of what the state will charge.
    Paused,
    /// An instruction gets its result: the first value.
    Store,
    /// An instruction gets its result: whether the first value is truthy.
    StoreTruthy,
    /// A conditional branch goes on.
    Branch,
    /// The values are not wanted.
    Discard,
    /// The guest frame below returns the values.
    Return,
    /// A concatenation goes on with the values below the continuation.
    Concat,
    /// An error handler has mapped an error value; unwinding goes on.
    MessageHandler,
    /// An instruction that resumed a fiber gets what it gave: `state` is the word of `ok`, `spare` the window.
    Resume,
    /// An instruction that closed a fiber gets to know how that went: `state` is the word of `ok`, `spare` that of the error.
    Close,
    /// A finaliser has run; the instruction that it interrupted starts again, or the host function with the values below
    /// begins. `state` is 1 while its error is being told.
    Finaliser,
    /// An event has been reported to a hook; its number is `spare`. The instruction that it interrupted starts again with the open
    /// list below, or without `next` its frame returns these values; the host function with the values below begins, or returns
    /// them.
    Hook,
}

/// Whether errors stop at a host function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Protect {
    /// They pass.
    No,
    /// The host function gets them.
    Catch,
    /// A handler maps them where they happened, then the host function gets them.
    CatchWith,
}

/// How a host function came to a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Came {
    /// An instruction called it and has paid for that.
    Called,
    /// The machine did: there is a toll for its work.
    WithValues,
    /// It did, and what the function had called ended with an error.
    WithError,
}

/// A continuation, as it lies on the stack.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Continuation {
    pub(crate) kind: ContinuationKind,
    pub(crate) protect: Protect,
    /// Whether what the frame below had not paid for yet was charged when the continuation was made.
    pub(crate) metered: bool,
    /// How a host function comes to the state it will begin.
    pub(crate) came: Came,
    /// State of a host function, or destination word of an instruction.
    pub(crate) state: u32,
    /// Words of `any` values directly below the continuation.
    pub(crate) values: u32,
    /// Words from the registers of the guest frame below to the continuation; 0 for host functions, whose own frame starts with
    /// the values.
    pub(crate) delta: u32,
    /// Where an instruction goes on: always, or when the value is truthy.
    pub(crate) next: Pc,
    /// Where a branch goes on when the value is falsy.
    pub(crate) otherwise: Pc,
    /// A message handler, or an error value.
    pub(crate) value: Value,
    /// The instruction that made the continuation.
    pub(crate) instruction: Pc,
    pub(crate) spare: u64,
    /// Calls that were nested in the machine below, see the context.
    pub(crate) nesting: u32,
}

const _: () =
    assert!(size_of::<Continuation>() == CONTINUATION_WORDS * 8, "a continuation has its fixed size on the stack");

impl Continuation {
    /// A continuation of an instruction of the guest frame `delta` words below.
    #[inline(always)]
    pub(crate) fn instruction(kind: ContinuationKind, instruction: Pc, next: Pc, delta: usize) -> Self {
        Continuation {
            kind,
            protect: Protect::No,
            metered: false,
            came: Came::Called,
            state: 0,
            values: 0,
            delta: u32::try_from(delta).expect("frames have less than 2^32 words"),
            next,
            otherwise: std::ptr::null(),
            value: Value::NIL,
            instruction,
            spare: 0,
            nesting: 0,
        }
    }

    /// The continuation at `regs`.
    ///
    /// # Safety
    /// A continuation was written there.
    pub(crate) unsafe fn at<'a>(regs: Regs) -> &'a mut Continuation {
        // SAFETY: the caller knows that a continuation is there.
        unsafe { &mut *regs.cast::<Continuation>() }
    }
}
