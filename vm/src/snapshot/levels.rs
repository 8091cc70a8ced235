//! A stack that is being built, level by level.

use crate::heap::Closure;
use crate::runtime::function::GuestFunction;
use crate::threaded::Code;
use crate::threaded::Pc;
use crate::threaded::continuation::{RECORD_DELTA, RECORD_WORDS, Record, RecordKind};
use crate::threaded::operands::set_any;
use crate::value::Value;
use minivm_isa::Type;

/// A level that was read: what may stand above it.
pub(super) enum Below<'a> {
    /// Nothing yet.
    Ground,
    /// A guest frame at an instruction.
    Guest { guest: &'a GuestFunction, plain: &'a Code, at: usize, instruction: usize, calling: bool },
    /// A border frame, what its callee returns to, and what that must give.
    Border { at: usize, place: Pc, results: Option<Vec<Type>> },
    /// A record.
    Record { at: usize, kind: RecordKind },
}

/// What a callee gives back.
#[derive(PartialEq)]
pub(super) enum Wanted {
    /// Any number of `any` values.
    Values,
    /// Values of these types of the machine.
    Typed(Vec<Type>),
}

/// A stack that is being built.
pub(super) struct Building<'a> {
    pub(super) words: Vec<u64>,
    pub(super) below: Below<'a>,
    /// Words that the stack must have.
    pub(super) needed: usize,
    pub(super) record_return: Pc,
}

impl Building<'_> {
    pub(super) fn reach(&mut self, words: usize) {
        self.needed = self.needed.max(words);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    pub(super) fn set_value(&mut self, at: usize, value: Value) {
        self.reach(at + 2);
        // SAFETY: the words are there.
        unsafe { set_any(self.words.as_mut_ptr(), at, value) };
    }

    pub(super) fn set_record(&mut self, at: usize, record: Record) {
        self.reach(at + RECORD_WORDS + RECORD_DELTA);
        // SAFETY: the words are there, and a record may begin at any of them.
        unsafe { self.words.as_mut_ptr().add(at).cast::<Record>().write(record) };
    }

    pub(super) fn set_header(&mut self, at: usize, closure: *mut Closure, place: Pc) {
        self.reach(at);
        self.words[at - 2] = closure.expose_provenance() as u64;
        self.words[at - 1] = place as u64;
    }
}
