//! What a machine keeps of its native tier.

use super::log::{NativeEvent, NativeLog};
use super::reason::REASONS;
use super::slot::{EntryPlace, Native};
use super::tier::{NativeTier, Refusal};
use crate::heap::Closure;
use crate::threaded::Regs;
use std::cell::Cell;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

/// Refusals that are kept for people.
const REFUSALS_MAX: usize = 256;

/// Instructions of an inner slice while something new may be hot, and when nothing was for long.
pub(super) const SLICE_MIN: i64 = 1 << 15;

/// What is compiled when, and how native code runs.
#[derive(Clone, Copy, Debug)]
pub struct NativePolicy {
    /// Everything is compiled before it first runs; else what is hot.
    pub always: bool,
    /// What is hot may be `any` code as well as typed code.
    pub any: bool,
    /// Instructions of a function past which it is not compiled.
    pub instructions_max: usize,
    /// Bytes of native code past which nothing more is compiled.
    pub code_bytes_max: usize,
    /// Bytes of the native stack that native code may use.
    pub stack_bytes: usize,
    /// Whether a [`NativeLog`] is kept.
    pub logs: bool,
    /// For tests: what is hot is found soon, and compiled whatever that costs.
    pub eager: bool,
    /// For tests: native code leaves at random checks, and is forgotten and compiled again at random; where from.
    pub chaos: Option<u64>,
}

impl Default for NativePolicy {
    fn default() -> Self {
        NativePolicy {
            always: false,
            any: true,
            instructions_max: 8000,
            code_bytes_max: 64 << 20,
            stack_bytes: 64 << 10,
            logs: false,
            eager: false,
            chaos: None,
        }
    }
}

/// What the tier has done.
#[derive(Clone, Debug, Default)]
pub struct NativeFigures {
    /// Functions and loops compiled.
    pub compiled: u64,
    /// Functions that were not.
    pub refused: u64,
    /// Some of these, and why.
    pub refusals: Vec<(String, Refusal)>,
    /// Functions that only native code enters, as they do too little at a time.
    pub detached: u64,
    /// Pieces of code that were given up.
    pub forgotten: u64,
    /// Bytes of native code that there is.
    pub bytes: usize,
    /// Time that compiling took.
    pub nanoseconds: u64,
    /// The longest time for one function.
    pub nanoseconds_max: u64,
    /// Times that the interpreter entered native code.
    pub entries: u64,
    /// Instructions that native code had the interpreter do.
    pub steps: u64,
    /// Times that native code left, by the reason of [`layout`](super::layout).
    pub exits: [u64; REASONS],
}

/// The native tier of a machine. Native code reads and writes the first fields.
#[repr(C)]
pub(crate) struct NativeState {
    pub(super) limit: u64,
    pub(super) exit_fuel: i64,
    pub(super) exit_regs: Regs,
    pub(super) exit_at: u32,
    pub(super) exit_callee: *mut Closure,
    pub(super) forced: i64,
    pub(super) next: u64,
    pub(super) start: u64,
    pub(super) tier: Option<Box<dyn NativeTier>>,
    pub(super) policy: NativePolicy,
    pub(super) figures: NativeFigures,
    pub(crate) log: NativeLog,
    /// Bytes of all native code.
    pub(super) bytes: Rc<Cell<usize>>,
    /// What is being compiled, by ticket.
    pub(super) pending: HashMap<u64, Pending>,
    pub(super) tickets: u64,
    /// Instructions of the next inner slice.
    pub(super) slice: i64,
    /// Instructions since the end of the last one.
    pub(super) since_sample: i64,
    pub(super) random: u64,
    /// Fuel that native code got on its way since it was entered.
    pub(super) granted: i64,
    /// Whether the run has stopped where native code had no more fuel.
    pub(super) is_inside: bool,
    /// Instructions that have run, those of them that native code has done, and those of `any` code that were compiled.
    pub(super) run: i64,
    pub(super) done: i64,
    pub(super) compiled_any: i64,
}

impl Default for NativeState {
    fn default() -> Self {
        NativeState {
            limit: 0,
            exit_fuel: 0,
            exit_regs: std::ptr::null_mut(),
            exit_at: 0,
            exit_callee: std::ptr::null_mut(),
            forced: i64::MAX,
            next: 0,
            start: 0,
            tier: None,
            policy: NativePolicy::default(),
            figures: NativeFigures::default(),
            log: NativeLog::default(),
            bytes: Rc::default(),
            pending: HashMap::new(),
            tickets: 0,
            slice: SLICE_MIN,
            since_sample: 0,
            random: 1,
            granted: 0,
            is_inside: false,
            run: 0,
            done: 0,
            compiled_any: 0,
        }
    }
}

impl NativeState {
    /// The next random number of a test.
    pub(super) fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// What the tier has done.
    pub(crate) fn figures(&self) -> NativeFigures {
        NativeFigures { bytes: self.bytes.get(), ..self.figures.clone() }
    }

    /// Notes that a function is not compiled.
    pub(super) fn refuse(&mut self, name: &str, refusal: Refusal) {
        self.figures.refused += 1;
        if self.policy.logs {
            self.log.note(NativeEvent::Refused { name: name.to_owned(), why: refusal.clone() });
        }
        if self.figures.refusals.len() < REFUSALS_MAX {
            self.figures.refusals.push((name.to_owned(), refusal));
        }
    }

    /// Whether there is a tier.
    pub(crate) fn has_tier(&self) -> bool {
        self.tier.is_some()
    }
}

/// Something that is being compiled.
pub(super) struct Pending {
    /// Of the function, as long as that lives.
    pub(super) native: Weak<Native>,
    /// That function, a [`GuestFunction`](crate::runtime::function::GuestFunction).
    pub(super) guest: NonNull<()>,
    /// Whether it is entered at the first instruction.
    pub(super) starts: bool,
    /// Where it is entered.
    pub(super) places: Vec<EntryPlace>,
}
