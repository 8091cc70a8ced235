//! What is compiled when.
//!
//! Nothing counts in the interpreter. A run is cut into inner slices, and where one ends shows what is hot. Which instruction
//! that is depends on the number of instructions alone.

use super::layout::AT_BITS;
use super::promise::Expectation;
use super::slot::EntryPlace;
use super::state::{NativePolicy, Pending, SLICE_MIN};
use super::{NativeFigures, NativeJob, NativeTier, Refusal};
use crate::heap::Closure;
use crate::runtime::context::{Context, Status};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::stepping::function_of;
use crate::threaded::{Pc, Regs};
use minivm_isa::Convention;
use minivm_isa::entities::Block;
use minivm_isa::loops::{innermost_loop, loop_heads};
use std::collections::HashSet;
use std::ptr::NonNull;
use std::rc::Rc;

const SLICE_MAX: i64 = 1 << 21;
/// The most instructions of a part of one while something is compiled.
const PENDING_PART: i64 = 1 << 16;
/// The same in tests that look often.
const CHAOS_SLICE_MAX: u64 = 3000;
const CHAOS_PARTS: i64 = 4;
const EAGER_SLICE: i64 = 700;
/// Times that a function is found running before it is compiled.
const HITS: u32 = 2;
/// The same before a function with a loop is compiled as a whole, too.
const CALLED_HITS: u32 = 4;
/// Guards that fail before a function is compiled again, with what a new short run sees, and how often that is done.
const MISSES_MAX: u32 = 100;
/// Instructions of native code from one such failure to the next that make it not worth compiling anything.
const SELDOM_INSTRUCTIONS: i64 = 2000;
const VERSIONS_MAX: u32 = 6;
/// Times that a function is watched until enough is known of it.
const WATCHED_MAX: u32 = 3;

/// Compiling a function of `any` code takes as long as compiling so many instructions more,
const FUNCTION_COST: i64 = 8;
/// watching a run for a profile as so many,
const WATCH_COST: i64 = 3;
/// and one of these as long as running so many.
const COMPILED_COST: i64 = 50_000;
/// So much may be spent on compiling before anything is won: this, or that part of what has run where it is less; more where much
/// is expected, and nothing where little is;
const ADVANCE_MAX: i64 = 3_000_000;
const ADVANCE_MAX_FOR_MUCH: i64 = 12_000_000;
const ADVANCE_PART: i64 = 6;
/// a part of all that has run, so that a program which wins nothing loses next to nothing,
const RUN_PART: i64 = 33;
/// and a part of what native code has done, less what going in, out and through the interpreter costs: less than what is won.
const DONE_PART: i64 = 25;
const ENTRY_COST: i64 = 50;
const STEP_COST: i64 = 30;

/// Instructions of the next part of an inner slice.
pub(crate) fn slice(cx: &Context) -> i64 {
    match cx.native.policy.chaos {
        _ if !cx.native.has_tier() => i64::MAX,
        None if cx.native.pending.is_empty() => cx.native.slice,
        // What is compiled is wanted soon.
        None => cx.native.slice.min(PENDING_PART),
        Some(_) => cx.native.slice / CHAOS_PARTS + 1,
    }
}

/// Looks where an inner slice has ended, or a part of one, of so many instructions.
pub(crate) fn sample(cx: &mut Context, instructions: i64) {
    if !cx.native.has_tier() {
        return;
    }
    cx.install_finished();
    let is_inside = std::mem::take(&mut cx.native.is_inside);
    cx.native.since_sample = cx.native.since_sample.saturating_add(instructions);
    if cx.native.since_sample < cx.native.slice {
        return;
    }
    cx.native.since_sample = 0;
    if cx.native.policy.chaos.is_some() {
        cx.native.slice = 1 + (cx.native.random() % CHAOS_SLICE_MAX) as i64;
        if cx.native.random().is_multiple_of(4) {
            cx.forget_some();
        }
    }
    if cx.status != Status::OutOfFuel || cx.pc.is_null() || cx.is_machine_place(cx.pc) {
        return;
    }
    let before = cx.native.tickets;
    cx.native.run = cx.native.run.saturating_add(cx.native.slice);
    // SAFETY: a run that has stopped there stands in a guest frame.
    unsafe { look_at(cx, cx.regs, is_inside) };
    let is_new = cx.native.tickets != before;
    if cx.native.policy.chaos.is_some() {
        return;
    }
    cx.native.slice = if is_new { cx.native.policy.slice_min() } else { (cx.native.slice * 2).min(SLICE_MAX) };
}

/// Looks at the function of a frame that was found running, in native code if `is_inside`.
///
/// # Safety
/// `regs` are those of a guest frame on top of the stack, where the run has stopped.
unsafe fn look_at(cx: &mut Context, regs: Regs, is_inside: bool) {
    // SAFETY: passed on.
    let (info, guest) = unsafe { function_of(regs) };
    let pc = cx.pc;
    let at = if guest.is_baseline(pc) { guest.baseline_stop(pc) } else { guest.loaded().stop_at(pc) };
    if cx.native.policy.always {
        let is_unseen = guest.convention != Convention::Typed && guest.native().get().profile.borrow().is_empty();
        if is_unseen && cx.native.policy.chaos.is_some() && cx.native.random().is_multiple_of(2) {
            super::profile::run(cx);
        }
        cx.compile_native(info, guest, None);
        return;
    }
    if guest.convention == Convention::Typed {
        if !is_inside {
            cx.look_at_typed(info, guest);
        }
        return;
    }
    if !cx.native.policy.any {
        return;
    }
    let native = guest.native().get();
    native.hits.set(native.hits.get().saturating_add(1));
    if native.hits.get() < HITS || native.versions.get() > VERSIONS_MAX {
        return;
    }
    // What runs in a loop may never be called again; native callers ask for what they call.
    let is_called = native.hits.get() > CALLED_HITS && guest.convention != Convention::Variadic;
    // SAFETY: the stack has not changed yet.
    let frames = unsafe { super::group::frames(cx, pc, regs, at) };
    if (!native.is_well_known() || native.is_outdated.take()) && native.watched.get() < WATCHED_MAX {
        // Of what cannot be compiled yet nothing need be known.
        if !cx.may_spend(WATCH_COST + FUNCTION_COST, native.expectation()) {
            native.is_outdated.set(true);
            return;
        }
        cx.native.compiled_any += WATCH_COST;
        native.watched.set(native.watched.get() + 1);
        super::profile::run(cx);
    }
    cx.compile_frames(&frames);
    if is_called {
        cx.compile_group(info, guest, None);
    }
}

/// A function has got its code, and is about to run.
pub(crate) fn loaded(cx: &mut Context, info: &FunctionInfo, guest: &GuestFunction) {
    if !cx.native.has_tier() || !cx.native.policy.always {
        return;
    }
    cx.compile_native(info, guest, None);
    if cx.native.policy.chaos.is_some() {
        let function = guest.portable();
        for head in minivm_isa::loops::loop_heads(function) {
            cx.compile_native(info, guest, Some(head));
        }
    }
}

/// What compiling a function of `any` code costs, as a number of instructions.
pub(super) fn any_instructions(guest: &GuestFunction) -> i64 {
    if guest.convention == Convention::Typed {
        return 0;
    }
    let native = guest.native().get();
    let count = if native.leaves_unseen() {
        native.profile.borrow().iter().filter(|seen| seen.count > 0).count()
    } else {
        guest.portable().code.len()
    };
    count as i64 + FUNCTION_COST
}

impl NativePolicy {
    fn slice_min(&self) -> i64 {
        if self.eager { EAGER_SLICE } else { SLICE_MIN }
    }
}

/// Whether a loop does not begin where its function does.
fn is_later(head: Block) -> bool {
    head.as_u32() > 0
}

/// Where a loop is entered, and the block there; none where that is not the start of one. Blocks that only jump lie where the next
/// one does.
fn loop_place(guest: &GuestFunction, head: Block) -> Option<(EntryPlace, Block)> {
    let (code, function) = (guest.loaded(), guest.portable());
    let pc = code.block(head);
    let (start, unpaid) = code.block_at(pc)?;
    let block = function.block_of(start);
    (function.block_range(block).start == start).then_some((EntryPlace { pc, unpaid, number: 0 }, block))
}

/// Whether guards that have failed so often cost next to nothing, while so many instructions have run, and native code has done so
/// many.
fn is_seldom(run: i64, done: i64) -> bool {
    done >= i64::from(MISSES_MAX) * SELDOM_INSTRUCTIONS && done.saturating_mul(2) >= run
}

impl super::state::NativeState {
    /// What may have been spent on compiling `any` code of which so much is expected, in instructions of the interpreter.
    fn means(&self, expectation: Expectation) -> i64 {
        let figures = &self.figures;
        let crossings = (figures.entries as i64).saturating_mul(ENTRY_COST);
        let lost = (figures.steps as i64).saturating_mul(STEP_COST).saturating_add(crossings);
        let won = self.done.saturating_sub(lost) / DONE_PART;
        let advance_max = match expectation {
            Expectation::Little => 0,
            Expectation::Some => ADVANCE_MAX,
            Expectation::Much => ADVANCE_MAX_FOR_MUCH,
        };
        (self.run / ADVANCE_PART).min(advance_max).saturating_add(self.run / RUN_PART).saturating_add(won)
    }
}

impl GuestFunction {
    /// The canonical instruction of a place in baseline code.
    pub(super) fn baseline_stop(&self, pc: crate::threaded::Pc) -> usize {
        self.baseline().expect("the place is in it").stop_at(pc)
    }
}

impl Context {
    /// Sets the tier that compiles functions to machine code, or takes it away.
    pub(crate) fn set_native(&mut self, tier: Option<Box<dyn NativeTier>>, policy: NativePolicy) {
        self.forget_all();
        self.native.pending.clear();
        self.native.tier = tier;
        self.native.policy = policy;
        self.native.figures = NativeFigures::default();
        self.native.log = super::NativeLog::default();
        self.native.slice = policy.slice_min();
        self.native.random = policy.chaos.unwrap_or(0) | 1;
    }

    /// Native code could not call this, which had none.
    pub(super) fn note_callee(&mut self, closure: *mut Closure) {
        if closure.is_null() {
            return;
        }
        // SAFETY: native code has read the closure in the running instruction, so it is alive, as is its function.
        let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        let Body::Guest(guest) = &info.body else { return };
        let native = guest.native().get();
        native.hits.set(native.hits.get().saturating_add(1));
        // What was never seen to run is not known well enough.
        let is_known =
            guest.convention == Convention::Typed || self.native.policy.always || !native.profile.borrow().is_empty();
        let is_hot = native.hits.get() >= HITS && native.versions.get() <= VERSIONS_MAX && is_known;
        // What has lost its code is to be watched first, but not waited for for ever.
        if native.is_outdated.get() {
            native.misses.set(native.misses.get() + 1);
            if native.misses.get() < MISSES_MAX {
                return;
            }
            native.misses.set(0);
        }
        if is_hot && guest.code().is_some() {
            self.compile_native(info, guest, None);
        }
    }

    /// A guard of a function has failed. One that fails often was made from what does not hold any more.
    pub(super) fn note_miss(&mut self, guest: &GuestFunction) {
        let native = guest.native().get();
        native.misses.set(native.misses.get() + 1);
        let now = (self.native.run, self.native.done);
        if native.misses.get() == 1 {
            native.missed_from.set(now);
        }
        if native.misses.get() < MISSES_MAX || self.native.policy.always {
            return;
        }
        native.misses.set(0);
        let (run, done) = native.missed_from.get();
        // What has run is known to the last inner slice.
        let run = (now.0 - run).saturating_sub(self.native.slice);
        if !self.native.policy.eager && is_seldom(run, now.1 - done) {
            return;
        }
        native.versions.set(native.versions.get() + 1);
        // What was seen before stays known.
        native.is_outdated.set(true);
        native.watched.set(0);
        self.native.slice = self.native.policy.slice_min();
        if self.native.policy.logs {
            self.native.log.note(super::NativeEvent::GivenUp { name: guest.portable().name.clone() });
        }
        self.forget(guest);
    }

    /// Compiles a typed function that the interpreter was found running again and again.
    fn look_at_typed(&mut self, info: &FunctionInfo, guest: &GuestFunction) {
        let native = guest.native().get();
        native.hits.set(native.hits.get().saturating_add(1));
        if native.hits.get() >= HITS {
            self.compile_native(info, guest, None);
        }
    }

    /// The head of the innermost loop around an instruction, of a function that is not too large.
    pub(super) fn loop_around(&self, guest: &GuestFunction, at: usize) -> Option<Block> {
        let function = guest.portable();
        let fits = function.code.len() <= self.native.policy.instructions_max;
        fits.then(|| innermost_loop(function, function.block_of(at))).flatten()
    }

    /// Begins to compile a function, or a loop of it, if enough has run for that, unless it was tried.
    pub(super) fn compile_native(&mut self, info: &FunctionInfo, guest: &GuestFunction, head: Option<Block>) {
        if self.may_afford(guest) {
            self.compile_paid(info, guest, head);
        }
    }

    /// The same where enough has run.
    pub(super) fn compile_paid(&mut self, info: &FunctionInfo, guest: &GuestFunction, head: Option<Block>) {
        let Some(entries) = self.entries(guest, head) else { return };
        let native = guest.native().get();
        let starts = entries.iter().any(|(place, _)| place.number == 0);
        native.asked.borrow_mut().extend(entries.iter().map(|(place, _)| place.pc));
        if let Err(refusal) = self.may_compile(guest) {
            self.native.refuse(&guest.portable().name, refusal);
            return;
        }
        self.native.compiled_any += any_instructions(guest);
        let heads = entries.iter().filter_map(|&(_, head)| head).collect();
        let job = NativeJob::new(self, info, guest, starts, heads);
        let ticket = self.native.tickets;
        self.native.tickets += 1;
        let address = NonNull::from(guest).cast();
        let places = entries.into_iter().map(|(place, _)| place).collect();
        let pending = Pending { native: Rc::downgrade(&native), guest: address, starts, places };
        self.native.pending.insert(ticket, pending);
        self.native.tier.as_mut().expect("the callers looked").start(ticket, job);
        self.install_finished();
    }

    /// Where code is to be entered that is wanted at the start of a function, or at the head of a loop, each with its block, unless
    /// code was asked for that is. Typed functions are compiled once, to be entered everywhere. `any` code is entered where it is
    /// wanted alone: what enters an inner loop makes the outer ones slower, and guards keep values less well known in them.
    fn entries(&self, guest: &GuestFunction, head: Option<Block>) -> Option<Vec<(EntryPlace, Option<Block>)>> {
        let (native, function) = (guest.native().get(), guest.portable());
        let asked = native.asked.borrow();
        let start = (EntryPlace { pc: guest.loaded().entry(), unpaid: 0, number: 0 }, None);
        let at_head = |head| loop_place(guest, head).map(|(place, block)| (place, Some(block)));
        let wanted = match head.filter(|&head| is_later(head)) {
            None => start,
            Some(head) => at_head(head).map(|(place, block)| (EntryPlace { number: 1, ..place }, block))?,
        };
        if asked.contains(&wanted.0.pc) {
            return None;
        }
        if guest.convention != Convention::Typed && !self.native.policy.always {
            return Some(vec![wanted]);
        }
        // A function that is too large to be compiled may have very many loops.
        let mut known: HashSet<Pc> = asked.iter().copied().collect();
        let mut entries: Vec<_> = known.insert(start.0.pc).then_some(start).into_iter().collect();
        let heads = loop_heads(function).into_iter().filter(|&head| is_later(head)).filter_map(at_head);
        for (number, (place, block)) in (1..).zip(heads.filter(|(place, _)| known.insert(place.pc))) {
            entries.push((EntryPlace { number, ..place }, block));
        }
        Some(entries)
    }

    /// Whether enough has run for what compiling takes. What waits is found again.
    fn may_afford(&self, guest: &GuestFunction) -> bool {
        if self.native.policy.always || self.native.policy.eager || guest.convention == Convention::Typed {
            return true;
        }
        let expectation = guest.native().get().expectation();
        self.native.policy.any && self.may_spend(any_instructions(guest), expectation)
    }

    /// Whether so many more instructions of `any` code may be compiled.
    pub(super) fn may_spend(&self, instructions: i64, expectation: Expectation) -> bool {
        let cost = (self.native.compiled_any + instructions).saturating_mul(COMPILED_COST);
        self.native.policy.eager || cost <= self.native.means(expectation)
    }

    fn may_compile(&self, guest: &GuestFunction) -> Result<(), Refusal> {
        if guest.portable().code.len() > self.native.policy.instructions_max.min(1 << AT_BITS) {
            return Err(Refusal::TooLarge);
        }
        if self.native.bytes.get() > self.native.policy.code_bytes_max {
            return Err(Refusal::NoMemory("the limit on native code is reached".to_owned()));
        }
        Ok(())
    }

    /// Puts all code in place that is ready.
    pub(super) fn install_finished(&mut self) {
        while let Some((ticket, result)) = self.native.tier.as_mut().and_then(|tier| tier.finished()) {
            self.install(ticket, result);
        }
    }

    /// Gives all native code up.
    fn forget_all(&mut self) {
        for guest in self.all_guests() {
            // SAFETY: functions live as long as their instances.
            self.forget(unsafe { &*guest });
        }
    }

    /// Gives some native code up and has it compiled again, for tests.
    fn forget_some(&mut self) {
        for guest in self.all_guests() {
            // SAFETY: functions live as long as their instances.
            let guest = unsafe { &*guest };
            if guest.code().is_some() && self.native.random().is_multiple_of(4) {
                self.forget(guest);
            }
        }
    }

    fn all_guests(&self) -> Vec<*const GuestFunction> {
        let functions = self.instances.iter().flat_map(|instance| instance.known_functions());
        let guests = functions.filter_map(|info| match &info.body {
            Body::Guest(guest) if guest.code().is_some() => Some(std::ptr::from_ref(guest)),
            _ => None,
        });
        guests.collect()
    }
}
