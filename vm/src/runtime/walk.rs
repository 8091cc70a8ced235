//! Walking a stack from its top frame down.

use crate::heap::Closure;
use crate::runtime::context::{Context, return_info};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction, HostFunction};
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::threaded::frame::Frame;
use crate::threaded::operands::words_between;
use crate::threaded::return_stubs::is_machine_place;
use crate::threaded::{Flow, Pc, Regs};
use minivm_isa::Convention;

/// One level of a stack.
pub(crate) enum Level<'a> {
    /// A guest frame and the canonical instruction it is at.
    Guest {
        guest: &'a GuestFunction,
        closure: *mut Closure,
        regs: Regs,
        instruction: usize,
        /// Whether the frame waits for a call, which is what the instruction is.
        calling: bool,
        /// Whether its code is plain.
        baseline: bool,
    },
    /// A host function, with its continuation.
    Host { host: &'a HostFunction, closure: *mut Closure, base: Regs, continuation: Regs },
    /// A continuation of an instruction or of the machine.
    Continuation { continuation: Regs },
    /// A boundary frame, with the function that was called over the boundary.
    Boundary { closure: *mut Closure },
}

/// Walks from a state down to the entry continuation, which is the last level.
#[derive(Clone)]
pub(crate) struct Walk {
    continuation_return: Pc,
    at: Option<Flow>,
    calling: bool,
    /// The place that was looked at last, and its canonical instruction: the frames of a recursion are all at the same one.
    known: (Pc, usize),
}

impl Walk {
    /// Starts at `at`; `calling` says that its `pc` is a return place.
    pub(crate) fn new(cx: &Context, at: Flow, calling: bool) -> Self {
        Walk::at(cx.continuation_return(), at, calling)
    }

    /// As [`new`](Self::new), for those who only have the machine's return place.
    pub(crate) fn at(continuation_return: Pc, at: Flow, calling: bool) -> Self {
        Walk { continuation_return, at: Some(at), calling, known: (std::ptr::null(), 0) }
    }

    /// Starts below the running host function whose values start at `base`; it is not a level itself.
    pub(crate) fn from_host(cx: &Context, base: Regs) -> Self {
        let known = (std::ptr::null(), 0);
        let mut walk = Walk { continuation_return: cx.continuation_return(), at: None, calling: true, known };
        // SAFETY: the frame of a host function has a header like any other.
        unsafe { walk.below(base, base) };
        walk
    }

    /// The state at the next level, which is a return place where it is a guest's.
    pub(crate) fn peek(&self) -> Option<Flow> {
        self.at
    }

    /// The next level and the state at it.
    ///
    /// # Safety
    /// The walk started at a live state of a stack that has not changed since.
    pub(crate) unsafe fn next<'a>(&mut self) -> Option<(Level<'a>, Flow)> {
        let at = self.at.take()?;
        // SAFETY: frames and continuations lie as calls put them; their headers lead from one to the next.
        unsafe {
            if at.pc == self.continuation_return {
                let continuation = Continuation::at(at.regs);
                return Some((self.continuation_level(continuation, at), at));
            }
            let closure = Frame::at(at.regs).closure();
            if is_machine_place(self.continuation_return, at.pc) {
                self.below(at.regs, at.regs);
                return Some((Level::Boundary { closure }, at));
            }
            let Body::Guest(guest) = &(*(*closure).function.cast::<FunctionInfo>()).body else {
                unreachable!("only guest frames have a place in code")
            };
            // A return place is after its call, and the call may be the last instruction before another block.
            let inside = if self.calling { at.pc.sub(1) } else { at.pc };
            if self.known.0 != inside {
                self.known = (inside, guest.canonical(inside));
            }
            let instruction = self.known.1;
            let (calling, baseline) = (self.calling, guest.is_baseline(at.pc));
            let base = match guest.convention {
                Convention::Variadic => Frame::at(at.regs).variadic_base(),
                Convention::Typed | Convention::Dynamic => at.regs,
            };
            self.below(base, at.regs);
            Some((Level::Guest { guest, closure, regs: at.regs, instruction, calling, baseline }, at))
        }
    }

    /// The next level that people are shown: a function, unless an error has ended it and it only cleans up, or it stands
    /// for the host.
    ///
    /// # Safety
    /// As for [`next`](Self::next).
    pub(crate) unsafe fn next_shown<'a>(&mut self) -> Option<Level<'a>> {
        // SAFETY: passed on.
        unsafe { self.next_shown_below() }.map(|(level, _)| level)
    }

    /// As [`next_shown`](Self::next_shown), with the continuation that lies right above it, if one does.
    ///
    /// # Safety
    /// As for [`next`](Self::next).
    pub(crate) unsafe fn next_shown_below<'a>(&mut self) -> Option<(Level<'a>, Option<Regs>)> {
        let mut above = None;
        // SAFETY: passed on.
        while let Some((level, _)) = unsafe { self.next() } {
            match level {
                Level::Continuation { continuation } => above = Some(continuation),
                Level::Boundary { .. } => above = None,
                Level::Guest { guest, instruction, .. } if guest.cleans_up(instruction) || guest.stands_for_host() => {
                    above = None;
                }
                Level::Host { host, .. } if host.is_internal.get() => above = None,
                Level::Guest { .. } | Level::Host { .. } => return Some((level, above)),
            }
        }
        None
    }

    /// Goes on with the caller of the frame at `base`, whose header is before `header_of`.
    ///
    /// # Safety
    /// As for `next`.
    unsafe fn below(&mut self, base: Regs, header_of: Regs) {
        // SAFETY: as for `next`.
        unsafe {
            let place = Frame::at(header_of).return_place();
            let caller = base.sub(return_info(place).delta as usize);
            self.at = Some(Flow { pc: place, regs: caller });
            self.calling = true;
        }
    }

    /// # Safety
    /// As for `next`; the continuation is one of the stack.
    unsafe fn continuation_level<'a>(&mut self, continuation: &Continuation, at: Flow) -> Level<'a> {
        // SAFETY: as for `next`.
        unsafe {
            match continuation.kind {
                ContinuationKind::Entry => Level::Continuation { continuation: at.regs },
                ContinuationKind::Host
                | ContinuationKind::Paused
                | ContinuationKind::Finaliser
                | ContinuationKind::Hook
                    if continuation.instruction.is_null() =>
                {
                    let base = at.regs.sub(continuation.values as usize);
                    let closure = Frame::at(base).closure();
                    let Body::Host(host) = &(*(*closure).function.cast::<FunctionInfo>()).body else {
                        unreachable!("host continuations lie above frames of host functions")
                    };
                    self.below(base, base);
                    Level::Host { host, closure, base, continuation: at.regs }
                }
                ContinuationKind::MessageHandler => {
                    let regs = at.regs.sub(continuation.delta as usize);
                    self.at = Some(Flow { pc: continuation.next, regs });
                    self.calling = continuation.state != 0;
                    Level::Continuation { continuation: at.regs }
                }
                _ => {
                    let regs = at.regs.sub(continuation.delta as usize);
                    self.at = Some(Flow { pc: continuation.instruction, regs });
                    self.calling = false;
                    Level::Continuation { continuation: at.regs }
                }
            }
        }
    }
}

/// How far above the start of the stack a place is, in words.
pub(crate) fn height(cx: &Context, regs: Regs) -> usize {
    words_between(cx.stack_start, regs)
}

/// Name of the source of code that stands for functions of the host.
const HOST_SOURCE: &str = "[C]";

impl GuestFunction {
    /// Whether the function is a part of the host that happens to be written in bytecode.
    pub(crate) fn stands_for_host(&self) -> bool {
        self.program().sources.values().next().is_some_and(|source| source.name == HOST_SOURCE)
    }

    /// Whether an instruction is of a handler that cleans up after an error.
    pub(crate) fn cleans_up(&self, instruction: usize) -> bool {
        let function = self.portable();
        !function.regions.is_empty() && self.lookups().is_cleanup_handler(function.block_of(instruction))
    }

    /// The call that a place is inside of, see [`inside_call`](super::call::inside_call).
    pub(crate) fn call_around(&self, pc: Pc) -> Option<usize> {
        // No instruction begins right before a place that a call returns to.
        if (pc as usize).is_multiple_of(8) {
            return None;
        }
        let code = match self.baseline() {
            Some(baseline) if baseline.contains(pc) => baseline,
            _ => self.loaded(),
        };
        code.call_before(pc.wrapping_add(1))
    }

    /// The canonical instruction of a place in either form of the code.
    pub(crate) fn canonical(&self, pc: Pc) -> usize {
        match self.baseline() {
            Some(baseline) if baseline.contains(pc) => baseline.canonical(pc),
            _ => self.loaded().canonical(pc),
        }
    }
}
