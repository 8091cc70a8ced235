//! What a function keeps of its native code.

use super::promise::Expectation;
use super::seen::Seen;
use super::tier::{NativeCode, NativeThunk};
use crate::threaded::{Code, HandlerAddress, Pc};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// Instructions of a function that were watched when enough is known of it.
const NOTED_MIN: u32 = 200;
/// The same in runs from start to end.
const RUNS_MIN: usize = 4;
/// Versions of a function that guard what was found in tables.
const VERSIONS_GUARDED: u32 = 2;
/// Versions of a function that leave what was not seen to run to the interpreter.
const VERSIONS_PARTIAL: u32 = 4;

/// The native code of a function, if anything is known of it.
#[derive(Default)]
pub(crate) struct NativeSlot(RefCell<Option<Rc<Native>>>);

/// What is known of a function's native code.
#[derive(Default)]
pub(crate) struct Native {
    pub(super) installed: RefCell<Vec<Installed>>,
    /// Places that are compiled, or that are not to be.
    pub(super) asked: RefCell<Vec<Pc>>,
    /// How often it was found running, or called by native code that could not.
    pub(super) hits: Cell<u32>,
    /// Times that it was entered since it was last looked at, and instructions done then.
    pub(super) entries: Cell<u32>,
    pub(super) done: Cell<i64>,
    /// Whether it was tried in vain to compile it.
    pub(super) is_refused: Cell<bool>,
    /// Instructions that the interpreter did for it since then.
    pub(super) steps: Cell<i64>,
    /// What was seen at each instruction of `any` code; empty while nothing was.
    pub(super) profile: RefCell<Vec<Seen>>,
    /// The functions whose addresses stand there, as long as they live: chunks that were loaded may be gone.
    callees: RefCell<HashMap<u64, Weak<Native>>>,
    /// Instructions that were watched for the profile.
    pub(super) noted: Cell<u32>,
    /// Times that it was watched since guards failed too often.
    pub(super) watched: Cell<u32>,
    /// Whether that has happened, and nothing was watched since.
    pub(super) is_outdated: Cell<bool>,
    /// Guards that have failed since it was compiled, and how often that was.
    pub(super) misses: Cell<u32>,
    pub(super) versions: Cell<u32>,
    /// Instructions that had run at the first of these failures, and those of them that native code had done.
    pub(super) missed_from: Cell<(i64, i64)>,
}

/// A place of threaded code where native code is entered.
#[derive(Clone, Copy)]
pub(super) struct EntryPlace {
    pub(super) pc: Pc,
    /// Canonical instructions before that place that are not paid for there.
    pub(super) unpaid: i64,
    /// What native code knows it by, see [`START`](super::layout::START).
    pub(super) number: u64,
}

/// Native code, where it is entered, and the handlers that stood there.
pub(super) struct Installed {
    pub(super) places: Vec<(EntryPlace, HandlerAddress)>,
    pub(super) starts: bool,
    pub(super) code: NativeCode,
    pub(super) _held: HeldBytes,
}

impl Installed {
    /// Has the interpreter do all instructions itself again.
    pub(super) fn take_away(&self, code: &Code) {
        self.places.iter().for_each(|(place, original)| code.handler_at(place.pc).set(original.0));
    }
}

/// Bytes that count until this is dropped.
pub(super) struct HeldBytes {
    total: Rc<Cell<usize>>,
    bytes: usize,
}

impl HeldBytes {
    pub(super) fn new(total: &Rc<Cell<usize>>, bytes: usize) -> Self {
        total.set(total.get() + bytes);
        HeldBytes { total: total.clone(), bytes }
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.total.set(self.total.get() - self.bytes);
    }
}

impl NativeSlot {
    /// What is known, made if there is nothing.
    pub(super) fn get(&self) -> Rc<Native> {
        self.0.borrow_mut().get_or_insert_default().clone()
    }
}

impl Native {
    /// The code that is entered at a place, if there is any: its thunk and body, the place, and the handler that stood there.
    pub(super) fn find(&self, pc: Pc) -> Option<(NativeThunk, *const u8, EntryPlace, HandlerAddress)> {
        let installed = self.installed.borrow();
        let mut all = installed.iter().flat_map(|one| one.places.iter().map(move |place| (&one.code, place)));
        let (code, &(place, original)) = all.find(|(_, (place, _))| place.pc == pc)?;
        Some((code.thunk, code.body, place, original))
    }

    /// Notes that a function was called, of which closures name this address.
    pub(super) fn note_callee(&self, address: u64, slot: &NativeSlot) {
        self.callees.borrow_mut().insert(address, Rc::downgrade(&slot.get()));
    }

    /// Whether the function is still there of which closures name this address of the profile: it holds what is asked for.
    pub(super) fn is_there(&self, address: u64) -> bool {
        self.callees.borrow().get(&address).is_some_and(|native| native.strong_count() > 0)
    }

    /// Whether enough of the function was watched to know what of it runs. After some vain attempts all of it is compiled.
    pub(super) fn leaves_unseen(&self) -> bool {
        self.is_well_known() && self.versions.get() < VERSIONS_PARTIAL
    }

    /// Whether what was found in tables is guarded. Where guards fail again and again, code takes what comes.
    pub(super) fn guards_found(&self) -> bool {
        self.leaves_unseen() && self.versions.get() < VERSIONS_GUARDED
    }

    /// Whether it had native code before, once, which was worth it but for what was not seen then.
    pub(super) fn is_known_to_pay(&self) -> bool {
        self.versions.get() == 1
    }

    /// What is expected of its native code, whatever is in its profile.
    pub(super) fn expectation(&self) -> Expectation {
        if self.is_known_to_pay() { Expectation::Much } else { Expectation::Some }
    }

    /// Whether enough of it was watched: of short functions, some runs.
    pub(super) fn is_well_known(&self) -> bool {
        let noted = self.noted.get();
        noted >= NOTED_MIN || noted as usize > RUNS_MIN * self.profile.borrow().len()
    }
}
