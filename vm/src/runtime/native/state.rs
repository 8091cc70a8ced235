//! What a machine keeps of its native tier, and a function of its native code.

use super::layout::REASONS;
use super::{NativeCode, NativeEvent, NativeLog, NativeTier, Refusal, Seen};
use crate::heap::Closure;
use crate::runtime::context::Context;
use crate::runtime::function::GuestFunction;
use crate::threaded::{HandlerAddress, Pc, Regs};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// Refusals that are kept for people.
const REFUSALS_MAX: usize = 256;

/// Instructions of a function that were watched when enough is known of it.
const NOTED_MIN: u32 = 200;
/// The same in runs from start to end.
const RUNS_MIN: usize = 4;
/// Versions of a function that leave what was not seen to run to the interpreter.
const VERSIONS_PARTIAL: u32 = 4;

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
    pub(super) exit_at: u64,
    pub(super) exit_callee: *mut Closure,
    pub(super) forced: i64,
    pub(super) next: u64,
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
            tier: None,
            policy: NativePolicy::default(),
            figures: NativeFigures::default(),
            log: NativeLog::default(),
            bytes: Rc::default(),
            pending: HashMap::new(),
            tickets: 0,
            slice: super::sample::SLICE_MIN,
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
    pub(super) guest: *const GuestFunction,
    /// Where it is entered, in threaded code.
    pub(super) place: Pc,
    pub(super) unpaid: i64,
    pub(super) is_entry: bool,
}

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
    /// Whether it turned out not to be worth entering.
    pub(super) is_detached: Cell<bool>,
    /// Instructions that the interpreter did for it since then.
    pub(super) steps: Cell<i64>,
    /// What was seen at each instruction of `any` code; empty while nothing was.
    pub(super) profile: RefCell<Vec<Seen>>,
    /// Instructions that were watched for the profile.
    pub(super) noted: Cell<u32>,
    /// Times that it was watched since guards failed too often.
    pub(super) watched: Cell<u32>,
    /// Whether that has happened, and nothing was watched since.
    pub(super) is_outdated: Cell<bool>,
    /// Guards that have failed since it was compiled, and how often that was.
    pub(super) misses: Cell<u32>,
    pub(super) versions: Cell<u32>,
}

/// Native code at a place.
pub(super) struct Installed {
    pub(super) place: Pc,
    /// Canonical instructions before that place that are not paid for there.
    pub(super) unpaid: i64,
    pub(super) is_entry: bool,
    pub(super) original: HandlerAddress,
    pub(super) code: NativeCode,
    _held: HeldBytes,
}

/// Bytes that count until this is dropped.
struct HeldBytes {
    total: Rc<Cell<usize>>,
    bytes: usize,
}

impl HeldBytes {
    fn new(total: &Rc<Cell<usize>>, bytes: usize) -> Self {
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
    /// Whether enough of the function was watched to know what of it runs. After some vain attempts all of it is compiled.
    pub(super) fn leaves_unseen(&self) -> bool {
        self.is_well_known() && self.versions.get() < VERSIONS_PARTIAL
    }

    /// Whether enough of it was watched: of short functions, some runs.
    pub(super) fn is_well_known(&self) -> bool {
        let noted = self.noted.get();
        noted >= NOTED_MIN || noted as usize > RUNS_MIN * self.profile.borrow().len()
    }
}

impl Context {
    /// Puts code in place that was compiled, if its function is still there.
    pub(super) fn install(&mut self, ticket: u64, result: Result<NativeCode, Refusal>) {
        let Some(pending) = self.native.pending.remove(&ticket) else { return };
        let Some(native) = pending.native.upgrade() else { return };
        // SAFETY: the function holds what was upgraded, so it is alive.
        let guest = unsafe { &*pending.guest };
        let code = match result {
            Ok(code) => code,
            Err(refusal) => {
                native.is_refused.set(native.is_refused.get() || pending.is_entry);
                self.native.refuse(&guest.portable().name, refusal);
                return;
            }
        };
        let Pending { place, unpaid, is_entry, .. } = pending;
        if native.installed.borrow().iter().any(|installed| installed.place == place) {
            return;
        }
        let figures = &mut self.native.figures;
        figures.compiled += 1;
        figures.nanoseconds += code.nanoseconds;
        figures.nanoseconds_max = figures.nanoseconds_max.max(code.nanoseconds);
        let loaded = guest.loaded();
        if self.native.policy.logs {
            let head = if is_entry { None } else { Some(loaded.stop_at(place)) };
            let (name, bytes, nanoseconds) = (guest.portable().name.clone(), code.bytes, code.nanoseconds);
            self.native.log.note(NativeEvent::Compiled { name, head, bytes, nanoseconds });
        }
        let word = loaded.handler_at(place);
        let original = HandlerAddress(word.replace(self.return_stubs.handlers().enter_native.0));
        if is_entry {
            loaded.native().set(code.body.expose_provenance() as u64);
        }
        let held = HeldBytes::new(&self.native.bytes, code.bytes);
        native.installed.borrow_mut().push(Installed { place, unpaid, is_entry, original, code, _held: held });
    }

    /// Has the interpreter do a function itself whose native code other native code still calls: going in and out costs more than
    /// it saves.
    pub(super) fn detach(&mut self, guest: &GuestFunction, native: &Native) {
        for installed in native.installed.borrow().iter() {
            guest.loaded().handler_at(installed.place).set(installed.original.0);
        }
        native.is_detached.set(true);
        self.native.figures.detached += 1;
        if self.native.policy.logs {
            self.native.log.note(NativeEvent::Detached { name: guest.portable().name.clone() });
        }
    }

    /// Gives the native code of a function up. None runs meanwhile.
    pub(super) fn forget(&mut self, guest: &GuestFunction) {
        let native = guest.native().get();
        for installed in native.installed.borrow_mut().drain(..) {
            let loaded = guest.loaded();
            loaded.handler_at(installed.place).set(installed.original.0);
            if installed.is_entry {
                loaded.native().set(0);
            }
            self.native.figures.forgotten += 1;
        }
        native.asked.borrow_mut().clear();
    }
}
