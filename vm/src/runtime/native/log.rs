//! What the native tier does, for people.

use super::reason;
use super::tier::Refusal;
use std::collections::BTreeMap;
use std::fmt;

/// Events that are kept.
const EVENTS_MAX: usize = 4096;
/// Places of exits that are kept.
const EXITS_MAX: usize = 4096;

/// In place of a reason: the interpreter has done an instruction, and native code went on.
pub(super) const DONE: u64 = u64::MAX;

/// What a native tier has done.
#[derive(Clone, Debug, Default)]
pub struct NativeLog {
    /// In their order.
    pub events: Vec<NativeEvent>,
    /// How often native code was left where.
    pub exits: BTreeMap<NativeExit, u64>,
}

/// Something that a native tier has done.
#[derive(Clone, Debug)]
pub enum NativeEvent {
    /// A function, or a loop of it, has native code.
    Compiled {
        /// The function.
        name: String,
        /// The canonical instruction at which the loop begins.
        head: Option<usize>,
        /// Bytes of the code.
        bytes: usize,
        /// Time that compiling took.
        nanoseconds: u64,
    },
    /// A function is not compiled.
    Refused {
        /// The function.
        name: String,
        /// Why.
        why: Refusal,
    },
    /// Code was given up, as what was seen of the function does not hold any more.
    GivenUp {
        /// The function.
        name: String,
    },
    /// The interpreter does not enter it any more, as it does too little at a time.
    Detached {
        /// The function.
        name: String,
    },
}

/// Where and why native code was left.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NativeExit {
    /// The function.
    pub name: String,
    /// The canonical instruction that the interpreter goes on with.
    pub at: usize,
    /// The name of that instruction.
    pub instruction: &'static str,
    /// One of the reasons in [`layout`](super::layout).
    pub reason: u64,
}

impl NativeLog {
    pub(super) fn note(&mut self, event: NativeEvent) {
        if self.events.len() < EVENTS_MAX {
            self.events.push(event);
        }
    }

    pub(super) fn note_exit(&mut self, exit: NativeExit) {
        if self.exits.len() < EXITS_MAX || self.exits.contains_key(&exit) {
            *self.exits.entry(exit).or_default() += 1;
        }
    }
}

impl fmt::Display for NativeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NativeEvent::Compiled { name, head, bytes, nanoseconds } => {
                write!(f, "`{name}` was compiled")?;
                if let Some(head) = head {
                    write!(f, ", its loop at instruction {head}")?;
                }
                write!(f, ": {bytes} bytes in {:.1} ms", *nanoseconds as f64 / 1e6)
            }
            NativeEvent::Refused { name, why } => write!(f, "`{name}` is not compiled: {why}"),
            NativeEvent::GivenUp { name } => write!(f, "`{name}` lost its code: values of other kinds have come"),
            NativeEvent::Detached { name } => {
                write!(f, "`{name}` is entered by compiled callers only: it does too little")
            }
        }
    }
}

impl fmt::Display for NativeExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            reason::REASON_FUEL => "no fuel",
            reason::REASON_ROOM => "no room on a stack",
            reason::REASON_CHECK => "a trap or a rare case",
            reason::REASON_GUARD => "a value of another kind",
            reason::REASON_INSTRUCTION => "an instruction for the interpreter",
            reason::REASON_CALLEE => "a callee without machine code",
            reason::REASON_STEPPED => "an instruction that calls",
            DONE => return write!(f, "`{}`: instruction {} ({}) was stepped", self.name, self.at, self.instruction),
            _ => "a test",
        };
        write!(f, "`{}` was left at instruction {} ({}): {why}", self.name, self.at, self.instruction)
    }
}
