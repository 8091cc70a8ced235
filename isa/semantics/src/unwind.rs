//! Errors: who handles one, and how the stack is unwound to there.

use crate::calls::Call;
use crate::fiber::{Continuation, ContinuationKind, Level};
use crate::host::{Protect, Returned};
use crate::machine::{Action, Ended, Machine};
use crate::rules::scope::Stop;
use crate::store::code_of;
use crate::value::Any;
use minivm_isa::program::{Function, Region, RegionKind};
use minivm_isa::{Instruction, TrapCode};

/// Message handlers at work for errors in message handlers, at which the error becomes that there are too many.
const HANDLERS_WARN: usize = 195;
/// Message handlers that may be at work for errors in message handlers.
const HANDLERS_MAX: usize = 215;
/// Calls within one another at which no message handler is called any more.
const HANDLER_NESTING_MAX: u32 = 240;
/// Levels of the stack that an error looks at for 1 unit.
const LEVELS_PER_UNIT: u64 = 8;
/// What the error becomes when handling it fails for good.
const HANDLING_FAILED: &str = "error in error handling";

/// Who handles an error.
#[derive(Clone)]
enum Catcher {
    /// A region of the function at this level.
    Region { level: usize, region: Region, nesting: Option<u32> },
    /// The host function at this level.
    Host(usize),
    /// Nobody on this fiber.
    Nobody,
}

/// What a search has found.
struct Search {
    catcher: Catcher,
    /// The message handler to call first.
    handler: Option<Any>,
    handlers_at_work: usize,
    /// Levels that were looked at.
    levels: u64,
}

impl Machine {
    /// An error happens at the top level.
    pub(crate) fn raise(&mut self, error: Any, trap: Option<TrapCode>) -> Result<Action, Stop> {
        self.run.trap = trap;
        let is_new = !self.throws_on();
        let search = self.search_catcher(&error, is_new);
        let is_end = matches!(search.catcher, Catcher::Nobody) && self.run.fiber == self.run.main;
        if !is_end {
            self.meter.pay(search.levels / LEVELS_PER_UNIT)?;
        }
        let Some(handler) = search.handler else { return self.unwind_to(search.catcher, error) };
        if search.handlers_at_work >= HANDLERS_MAX || self.run.nesting >= HANDLER_NESTING_MAX {
            let error = Any::string(HANDLING_FAILED);
            let search = self.search_catcher(&error, true);
            return self.unwind_to(search.catcher, error);
        }
        let is_warning = search.handlers_at_work == HANDLERS_WARN;
        let error = if is_warning { Any::string(crate::calls::NESTED_TOO_DEEP) } else { error };
        let nesting = self.nest();
        self.push(Level::Continuation(Continuation { kind: ContinuationKind::MessageHandler, nesting }))?;
        Ok(Action::Call(Call { callee: handler, arguments: vec![error], is_own: true }))
    }

    /// A message handler has made this of an error that happened at the top level.
    pub(crate) fn handled(&mut self, error: Any) -> Result<Action, Stop> {
        self.pass_on(error)
    }

    /// An error that is on its way already passes the top level.
    pub(crate) fn pass_on(&mut self, error: Any) -> Result<Action, Stop> {
        let search = self.search_catcher(&error, false);
        self.unwind_to(search.catcher, error)
    }

    /// Whether the instruction at the top throws on what a clean-up region got.
    fn throws_on(&self) -> bool {
        let Some(Level::Guest(frame)) = self.run.stack.last() else { return false };
        let code = code_of(&self.store[frame.instance].program, frame.function);
        let Instruction::Throw { value } = code.code[frame.at] else { return false };
        let is_its = |region: &Region| region.kind == RegionKind::Cleanup && Some(region.error) == value.reg();
        code.regions.iter().any(is_its)
    }

    /// Whether an error is a continuation of an exception layout.
    pub fn is_exception(&self, error: &Any) -> bool {
        matches!(error, Any::Object { id, .. } if self.store.types.is_exception(self.store[*id].layout))
    }

    /// Looks for who catches an error. A new one wants its message handler, and leaves clean-ups waiting if nobody on the fiber
    /// catches it.
    fn search_catcher(&self, error: &Any, is_new: bool) -> Search {
        let closing = self.store[self.run.fiber.expect("a fiber runs")].closing;
        // While a fiber is being closed, only what its clean-ups have called catches errors.
        let catches = |level: usize| closing.is_none_or(|closing| level > closing);
        let is_exception = self.is_exception(error);
        let (mut cleanup, mut nesting, mut handlers_at_work, mut levels) = (None, None, 0, 0);
        for (level, what) in self.run.stack.iter().enumerate().rev() {
            levels += 1;
            let (catcher, handler) = match what {
                Level::Guest(frame) => {
                    let code = code_of(&self.store[frame.instance].program, frame.function);
                    let (inner, catching) = regions_at(code, frame.at, |kind| match kind {
                        RegionKind::Catch => catches(level),
                        RegionKind::Exception => is_exception && catches(level),
                        RegionKind::Cleanup => false,
                    });
                    let of = |region: &Region| Catcher::Region { level, region: region.clone(), nesting };
                    cleanup = cleanup.or(inner.map(of));
                    match (catching, &cleanup) {
                        (Some(region), _) => (of(region), region.message_handler.map(|reg| frame.get(reg).any())),
                        (None, Some(catcher)) if !is_new => (catcher.clone(), None),
                        (None, _) => continue,
                    }
                }
                Level::Host(host) => {
                    nesting = Some(host.nesting);
                    match &host.protect {
                        Protect::No => continue,
                        _ if !catches(level) => continue,
                        Protect::Catch => (Catcher::Host(level), None),
                        Protect::CatchWith(handler) => (Catcher::Host(level), Some(handler.clone())),
                    }
                }
                Level::Continuation(continuation) => {
                    nesting = Some(continuation.nesting);
                    handlers_at_work += usize::from(matches!(continuation.kind, ContinuationKind::MessageHandler));
                    continue;
                }
                Level::Boundary(_) => continue,
            };
            let handler = handler.filter(|_| is_new);
            return Search { catcher: cleanup.unwrap_or(catcher), handler, handlers_at_work, levels };
        }
        // What a fiber fails with leaves its clean-ups for when it is closed; the main one is closed by failing.
        let cleans_up = closing.is_some() || !is_new || self.run.fiber == self.run.main;
        let catcher = cleanup.filter(|_| cleans_up).unwrap_or(Catcher::Nobody);
        Search { catcher, handler: None, handlers_at_work, levels }
    }

    fn unwind_to(&mut self, catcher: Catcher, error: Any) -> Result<Action, Stop> {
        match catcher {
            Catcher::Region { level, region, nesting } => {
                self.run.nesting = nesting.unwrap_or(self.run.nesting);
                let fiber = self.run.fiber.expect("a fiber runs");
                self.store[fiber].closing = self.store[fiber].closing.map(|_| level);
                self.run.stack.truncate(level + 1);
                self.with_scope(|scope| {
                    scope.set(region.error, error);
                    scope.frame.at = scope.code.blocks[region.handler] as usize;
                });
                Ok(Action::Step)
            }
            Catcher::Host(level) => {
                self.run.stack.truncate(level + 1);
                self.run.trap = None;
                if let Some(Level::Host(host)) = self.run.stack.last() {
                    self.run.nesting = host.nesting;
                }
                Ok(Action::Host { returned: Returned::Error(error), is_called: false })
            }
            Catcher::Nobody if self.run.fiber == self.run.main => {
                Ok(Action::End(Ended::Failed { error, trap: self.run.trap.take() }))
            }
            Catcher::Nobody => self.failed(error),
        }
    }
}

/// The innermost region around an instruction that catches, and the innermost one that cleans up inside of it.
fn regions_at(code: &Function, at: usize, catches: impl Fn(RegionKind) -> bool) -> (Option<&Region>, Option<&Region>) {
    let block = code.block_of(at);
    let mut cleanup = None;
    // Inner regions stand before outer ones.
    for region in code.regions.iter().filter(|region| region.start <= block && block < region.end) {
        if catches(region.kind) {
            return (cleanup, Some(region));
        }
        if region.kind == RegionKind::Cleanup && cleanup.is_none() {
            cleanup = Some(region);
        }
    }
    (cleanup, None)
}
