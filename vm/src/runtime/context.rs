//! The state of one machine while it runs: what handlers reach through their context pointer.

use crate::heap::{Heap, Str, Table};
use crate::runtime::engine::Engine;
use crate::runtime::fiber::Fiber;
use crate::runtime::function::FunctionInfo;
use crate::runtime::instance::Instances;
use crate::runtime::task::{Run, Runs};
use crate::threaded::return_stubs::{ReturnStubs, is_machine_place};
use crate::threaded::{Assembler, HandlerAddress, ReturnInfo};
use crate::threaded::{Flow, Pc, Regs};
use crate::value::Value;
use minivm_isa::{Signature, TrapCode};

/// What runs one threaded instruction.
#[cfg(target_arch = "x86_64")]
pub(crate) type Handler = unsafe extern "sysv64" fn(Pc, Regs, *mut Context, f64);
#[cfg(not(target_arch = "x86_64"))]
pub(crate) type Handler = unsafe extern "C" fn(Pc, Regs, *mut Context, f64);

impl From<Handler> for HandlerAddress {
    fn from(handler: Handler) -> Self {
        HandlerAddress(handler as usize as u64)
    }
}

impl Assembler {
    /// Begins an instruction; see [`begin_at`](Self::begin_at).
    pub(crate) fn begin(&mut self, handler: Handler, canonical: usize) {
        self.begin_at(handler.into(), canonical);
    }
}

/// The budget of a machine without a limit: no run lasts so long, and costs that are given back do not overflow it.
pub(crate) const FUEL_UNLIMITED: i64 = i64::MAX / 2;

/// The largest budget with a limit; a machine without one stays above.
pub(crate) const FUEL_LIMIT_MAX: i64 = i64::MAX / 4;

/// Why the interpreter stopped, or that it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// It runs.
    Running,
    /// The main fiber is done; its results are where the context says.
    Finished,
    /// An error nobody caught.
    Failed,
    /// The budget is used up; the saved state is complete.
    OutOfFuel,
    /// One canonical instruction is done.
    Stepped,
    /// A host function waits for an answer.
    Waiting,
    /// The main fiber has yielded to the host.
    Yielded,
}

impl Status {
    /// Whether the interpreter runs.
    #[inline(always)]
    #[cfg_attr(minivm_tail, allow(dead_code, reason = "only the loop asks"))]
    pub(crate) fn is_running(self) -> bool {
        self == Status::Running
    }
}

/// The highest limit of a stack, to which a little can be added.
const STACK_WORDS_MAX: usize = usize::MAX >> 8;

/// Programs that may be loaded before unused ones are looked for.
pub(crate) const LOADS_MIN: usize = 256;

/// Limits of a machine.
///
/// ```
/// # use minivm::{Limits, Machine};
/// let machine = Machine::new(Limits { memory_bytes_max: 64 << 20, ..Limits::default() });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all that a program makes the machine hold: heap, linear memories, tables, stacks, code, what loading and
    /// compiling take while they run, and what functions of the host hold on its behalf. No limit by default.
    pub memory_bytes_max: u64,
    /// Words of one fiber's stack; 8 Mi by default, which is some 400,000 calls of a small function.
    pub stack_words_max: usize,
    /// Fibers that may resume one another in a chain; 4,096 by default.
    pub fiber_depth_max: u32,
    /// Key of the hash functions that take over where somebody has filled a table with keys that collide. Whoever does not know
    /// it cannot make keys that collide for these, too; but with the default that is work beyond reason already. It belongs to
    /// what makes a run reproducible, and snapshots keep it.
    pub hash_key: [u64; 2],
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory_bytes_max: u64::MAX,
            stack_words_max: 8 << 20,
            fiber_depth_max: 4096,
            hash_key: crate::heap::HASH_KEY_DEFAULT,
        }
    }
}

/// Metamethod names as interned strings, in the order of [`Metamethod`](crate::runtime::metamethod::Metamethod).
pub(crate) type MetamethodNames = [*mut Str; crate::heap::metamethod::COUNT];

/// The state of a machine. The first fields are those that handlers read most.
#[repr(C)]
pub(crate) struct Context {
    /// Calls must stay below.
    pub(crate) stack_end: *mut u64,
    /// Canonical instructions that may still be charged.
    pub(crate) fuel: i64,
    /// More of them, which come when those are used up: so long a run is not looked after.
    pub(crate) fuel_aside: i64,
    /// Whether the budget has a limit.
    pub(crate) is_limited: bool,
    /// The memory whose accesses need no operand, as it lies now.
    pub(crate) main_memory: crate::memory::MemoryView,
    /// That memory itself; null while there is none.
    pub(crate) main_memory_of: *const crate::memory::LinearMemory,
    /// Values in the open list, where one is live.
    pub(crate) open_count: usize,
    /// Captures of the running function are not here but in its closure; this is the state to go on with.
    pub(crate) pc: Pc,
    pub(crate) regs: Regs,
    pub(crate) facc: f64,
    pub(crate) status: Status,
    /// The reason of the trap being raised.
    pub(crate) trap_code: TrapCode,
    /// The native tier.
    pub(crate) native: crate::runtime::native::state::NativeState,
    /// The heap.
    pub(crate) heap: Heap,
    /// Start of the running fiber's stack.
    pub(crate) stack_start: *mut u64,
    /// Stacks for fibers that begin.
    pub(crate) spare_stacks: crate::runtime::stack_memory::SpareStacks,
    /// What belongs to the run at work.
    pub(crate) run: Run,
    /// The runs that are suspended.
    pub(crate) runs: Runs,
    /// The error that the host function gets whose continuation is gone on with next.
    pub(crate) pending_error: Option<Value>,
    /// The call that is made before the next continuation is gone on with.
    pub(crate) pending_call: Option<crate::runtime::task::PendingCall>,
    /// Metatable of strings.
    pub(crate) string_metatable: *mut Table,
    /// Metatables of the other kinds without one of their own, by tag.
    pub(crate) kind_metatables: [*mut Table; 5],
    pub(crate) metamethods: MetamethodNames,
    /// The message of the error that there is no memory for another one.
    pub(crate) no_memory: *mut Str,
    /// The programs that are loaded.
    pub(crate) instances: Instances,
    /// Host functions that are not part of an instance.
    pub(crate) host_functions: Vec<Box<FunctionInfo>>,
    /// Values the host keeps alive, by handle.
    pub(crate) kept: crate::runtime::kept::KeptValues,
    /// Named values of the host's libraries.
    pub(crate) registry: std::collections::BTreeMap<String, Value>,
    /// State of the host's libraries, by type.
    pub(crate) host_state: crate::runtime::host::HostState,
    pub(crate) limits: Limits,
    /// Layouts of records and arrays; their objects point here.
    pub(crate) layouts: crate::runtime::layouts::Layouts,
    /// Signatures of typed functions; functions carry their number here.
    pub(crate) signatures: crate::runtime::signatures::Signatures,
    /// Where the error was raised that has ended a run last.
    pub(crate) failed_at: Option<crate::runtime::frame_view::Position>,
    /// Waits on shared memories.
    pub(crate) waits: crate::runtime::waits::Waits,
    /// Programs that were loaded.
    pub(crate) loaded_programs: crate::runtime::loaded_program::LoadedPrograms,
    pub(crate) types: crate::runtime::declared::DeclaredTypes,
    /// Where calls out of continuations return to.
    pub(crate) definitions: crate::runtime::definitions::Definitions,
    /// The limit on memory has kept a stack from growing: what looks like an overflow is none.
    pub(crate) is_stack_refused: bool,
    /// Whether only baseline code runs.
    pub(crate) stepping: bool,
    /// Set while the running instruction makes a call that it has paid for: its errors must not pay again.
    pub(crate) is_paid: bool,
    /// Set while the machine makes a call that no instruction has paid for.
    pub(crate) owes_toll: bool,
    /// Set while a call that is nested already is on its way into its callee: errors of the frame that calls end it.
    pub(crate) is_entering: bool,
    /// Single steps that are left, in baseline code; 0 while each is reported to hooks.
    pub(crate) steps: u64,
    /// What all hooks have in common.
    pub(crate) hooks: crate::runtime::hook::Hooks,
    /// Places of the machine's own.
    pub(crate) return_stubs: ReturnStubs,
    /// How functions get their code and how it runs.
    pub(crate) engine: &'static Engine,
    /// Bridges by the number of their signature.
    pub(crate) bridges: std::collections::HashMap<u32, Box<FunctionInfo>>,
    /// Bridges that were made for calls lately.
    pub(crate) known_bridges: crate::runtime::known_bridges::KnownBridges,
    /// How what belongs to the host travels.
    pub(crate) codecs: crate::runtime::codec::Codecs,
    /// Reads numbers in strings, where the language takes those for numbers.
    pub(crate) number_reader: Option<NumberReader>,
    /// The host's own words for errors of instructions, and what is known of the one that is about to be raised.
    pub(crate) errors: crate::runtime::error::words::Errors,
    /// The last instruction that started again as there was room, and the budget it had then.
    pub(crate) retried: Option<(Pc, i64)>,
    /// Whether a run stops where an error is raised that nobody catches.
    pub(crate) keeps_uncaught: bool,
    /// A host function has the machine look whether the run is to stop.
    pub(crate) looks_around: bool,
    /// Units by which the slice at work ends sooner, of those that lie aside.
    pub(crate) hastened: i64,
    /// Words of the widest frame of a function so far: what an instruction does for 1 unit it does in its frame.
    pub(crate) widest_frame: u32,
    /// Whether the host wants a run to stop.
    pub(crate) interrupt: Option<Box<dyn FnMut() -> bool + Send>>,
    /// What the host has said to native code: the run is to stop, or a panic.
    pub(crate) interrupted: Option<std::thread::Result<()>>,
    /// The program has ended itself without cleaning up.
    pub(crate) is_abandoned: bool,
    /// What a host function has panicked with, until whoever runs the machine has it.
    pub(crate) panic: Option<Box<dyn std::any::Any + Send>>,
    /// What is taken from the account for things of the state that was loaded which have no charge of their own.
    pub(crate) loaded: Option<crate::memory::Held>,
    /// Values that handles of the host keep alive.
    pub(crate) rooted: crate::runtime::rooted::Rooted,
}

/// Reads the number that a string spells.
pub type NumberReader = fn(&[u8]) -> Option<Value>;

impl Context {
    /// A context without a fiber.
    pub(crate) fn new(mut heap: Heap, mut limits: Limits, engine: &'static Engine) -> Box<Self> {
        limits.stack_words_max = limits.stack_words_max.min(STACK_WORDS_MAX);
        let metamethods = crate::heap::metamethod::intern_names(&mut heap);
        heap.make_kind_names();
        let message = TrapCode::OutOfMemory.message().as_bytes();
        Box::new(Context {
            stack_end: std::ptr::null_mut(),
            fuel: FUEL_UNLIMITED,
            fuel_aside: 0,
            is_limited: false,
            main_memory: crate::memory::MemoryView::EMPTY,
            main_memory_of: std::ptr::null(),
            open_count: 0,
            pc: std::ptr::null(),
            regs: std::ptr::null_mut(),
            facc: 0.0,
            status: Status::Finished,
            trap_code: TrapCode::Unreachable,
            native: crate::runtime::native::state::NativeState::default(),
            stack_start: std::ptr::null_mut(),
            spare_stacks: Default::default(),
            run: Run::default(),
            runs: Runs::default(),
            pending_error: None,
            pending_call: None,
            string_metatable: std::ptr::null_mut(),
            kind_metatables: [std::ptr::null_mut(); 5],
            metamethods,
            no_memory: heap.new_string(message).expect("a new heap has room for a message"),
            heap,
            instances: Instances::default(),
            host_functions: Vec::new(),
            kept: crate::runtime::kept::KeptValues::default(),
            registry: std::collections::BTreeMap::new(),
            host_state: crate::runtime::host::HostState::default(),
            limits,
            layouts: crate::runtime::layouts::Layouts::default(),
            signatures: crate::runtime::signatures::Signatures::default(),
            failed_at: None,
            waits: Default::default(),
            loaded_programs: Default::default(),
            types: crate::runtime::declared::DeclaredTypes::default(),
            definitions: crate::runtime::definitions::Definitions::default(),
            is_stack_refused: false,
            stepping: false,
            is_paid: false,
            owes_toll: false,
            is_entering: false,
            steps: u64::MAX,
            hooks: crate::runtime::hook::Hooks::default(),
            return_stubs: ReturnStubs::new((engine.stubs)()),
            engine,
            bridges: std::collections::HashMap::new(),
            known_bridges: crate::runtime::known_bridges::KnownBridges::default(),
            codecs: crate::runtime::codec::Codecs::default(),
            number_reader: None,
            errors: Default::default(),
            retried: None,
            keeps_uncaught: false,
            looks_around: false,
            hastened: 0,
            widest_frame: 0,
            interrupt: None,
            interrupted: None,
            is_abandoned: false,
            panic: None,
            loaded: None,
            rooted: crate::runtime::rooted::Rooted::default(),
        })
    }

    /// Where calls out of continuations return to.
    pub(crate) fn continuation_return(&self) -> Pc {
        self.return_stubs.continuation()
    }

    /// Whether a place is the machine's own.
    pub(crate) fn is_machine_place(&self, place: Pc) -> bool {
        is_machine_place(self.return_stubs.continuation(), place)
    }

    /// The running fiber's state.
    pub(crate) fn running(&mut self) -> &mut Fiber {
        // SAFETY: a fiber is set while code runs, and the collector keeps it.
        unsafe { Fiber::of(self.run.fiber) }
    }

    /// Makes room for `words` words at `top`, which may move the stack; gives `regs` where it is then.
    ///
    /// # Errors
    /// None when the stack may not grow so far.
    #[inline(always)]
    pub(crate) fn reserve(&mut self, regs: Regs, top: Regs, words: usize) -> Option<Regs> {
        if (top as usize) + words * 8 <= self.stack_end as usize {
            return Some(regs);
        }
        self.grow_stack(regs, top, words)
    }

    #[cold]
    #[inline(never)]
    fn grow_stack(&mut self, regs: Regs, top: Regs, words: usize) -> Option<Regs> {
        let used = (top as usize - self.stack_start as usize) / 8;
        let maximum = self.limits.stack_words_max + self.run.overflow_words;
        let needed = used + words + crate::runtime::stack_memory::RESERVE_WORDS;
        let offset = (regs as usize - self.stack_start as usize) / 8;
        self.is_stack_refused = false;
        if needed > maximum {
            return None;
        }
        let words = self.running().stack.words();
        // Where memory is short, it grows in small steps.
        let targets = [words * 2, words + words / 8, needed].map(|target| target.max(needed).min(maximum));
        // SAFETY: the running fiber is alive.
        if !targets.into_iter().any(|target| unsafe { self.resize_stack(target) }) {
            self.is_stack_refused = true;
            return None;
        }
        self.stack_start = self.running().stack.start();
        self.stack_end = self.running().stack.limit();
        // What it has grown by is touched for the first time, and deep stacks take long to search.
        self.hasten(i64::MAX);
        Some(self.stack_start.wrapping_add(offset))
    }

    /// Grows the running stack to so many words.
    ///
    /// # Safety
    /// A fiber is running.
    unsafe fn resize_stack(&mut self, target: usize) -> bool {
        let more = (target - self.running().stack.words()) * 8;
        // SAFETY: the running fiber is alive.
        unsafe { self.heap.charge_fiber(self.run.fiber, more) && self.running().stack.resize(target) }
    }

    /// The trap of a stack that may not grow: it has reached its own limit, or that on memory.
    pub(crate) fn take_stack_trap(&mut self) -> TrapCode {
        if std::mem::take(&mut self.is_stack_refused) { TrapCode::OutOfMemory } else { TrapCode::StackOverflow }
    }

    /// Stops with a status; the state to go on with is `flow`.
    pub(crate) fn stop(&mut self, status: Status, flow: Flow) -> Flow {
        self.status = status;
        self.pc = flow.pc;
        self.regs = flow.regs;
        Flow::EXIT
    }
}

/// The return information before a return place.
///
/// # Safety
/// `place` is a return place of a frame.
#[inline(always)]
pub(crate) unsafe fn return_info(place: Pc) -> ReturnInfo {
    // SAFETY: every return place has it in front.
    unsafe { *place.cast::<ReturnInfo>().sub(1) }
}

/// So many units at once are those of a host function or instruction that moves memory, whose first touch can take several times
/// as long as instructions of the same number: for interrupts they weigh more.
const HEAVY_UNITS: i64 = 4096;
const HEAVY_WEIGHT: i64 = 4;

impl Context {
    /// Whether instructions are counted exactly: there is a limit, or the run is stepping.
    #[inline(always)]
    pub(crate) fn is_metered(&self) -> bool {
        self.stepping || self.is_limited
    }

    /// Takes one of the single steps that are left, if the run is stepping; false when there is none.
    pub(crate) fn take_step(&mut self) -> bool {
        let left = if self.hooks.is_on { &mut self.hooks.steps_left } else { &mut self.steps };
        if !self.stepping || *left == u64::MAX {
            return true;
        }
        let is_one = *left > 0;
        *left -= u64::from(is_one);
        is_one
    }

    /// Pays for work, as far as the budget goes; gives what was paid.
    pub(crate) fn pay_up_to(&mut self, units: i64) -> i64 {
        let left = self.fuel.saturating_add(self.fuel_aside).max(0);
        let paid = if self.is_limited { units.min(left) } else { units };
        self.fuel = self.fuel.saturating_sub(paid);
        if paid >= HEAVY_UNITS {
            self.hasten(paid.saturating_mul(HEAVY_WEIGHT - 1));
        }
        paid
    }

    /// Ends a slice of the run sooner, as if so many units more had been used; the budget is the same. For work that takes longer
    /// than its units tell, so that interrupts are not kept waiting.
    #[inline]
    pub(crate) fn hasten(&mut self, units: i64) {
        if self.fuel_aside > 0 {
            let units = units.min(self.fuel.max(0));
            self.fuel -= units;
            self.fuel_aside = self.fuel_aside.saturating_add(units);
            self.hastened = self.hastened.saturating_add(units);
        }
    }

    /// Looks again where the main memory lies: something besides its own instructions may have grown it.
    pub(crate) fn refresh_memory(&mut self) {
        if !self.main_memory_of.is_null() {
            // SAFETY: the memory is part of an instance, which lives as long as the machine.
            self.main_memory = unsafe { (*self.main_memory_of).view() };
        }
    }
}

/// The number of signatures that are not typed.
pub(crate) const NO_SIGNATURE: u32 = u32::MAX;

impl Context {
    /// The number of a signature in this machine, the same for equal ones; those that are not typed have none.
    /// `ty` is the declared type that describes it.
    pub(crate) fn signature_number(&mut self, signature: Signature, ty: Option<u32>) -> u32 {
        if signature.is_dynamic() { NO_SIGNATURE } else { self.signatures.intern(signature, ty) }
    }

    /// Whether a function of one signature can be called with another.
    pub(crate) fn signature_fits(&self, found: u32, wanted: u32) -> bool {
        self.signatures.fits(&self.types, found, wanted)
    }

    /// Whether objects of one layout count as ones of another.
    pub(crate) fn layout_fits(&self, found: u32, wanted: u32) -> bool {
        let declared = |number| self.layouts.get(number).and_then(|layout| layout.declared);
        found == wanted
            || declared(found).zip(declared(wanted)).is_some_and(|(found, wanted)| self.types.is_under(found, wanted))
    }
}

impl Context {
    /// Notes that a call is nested in what runs; what its continuation keeps of that is how many there were before. Who takes the
    /// continuation away sets this again.
    #[inline]
    pub(crate) fn nest(&mut self) -> u32 {
        self.run.nesting += 1;
        self.run.nesting - 1
    }
}
