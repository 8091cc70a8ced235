//! The hooks of fibers as data: which events each is for, and how far it has reported.

use crate::value::Value;
use std::cell::Cell;
use std::rc::Rc;

/// In place of the number of an event: the host function has suspended its fiber, and returns what that is resumed with.
pub(crate) const SUSPENDED: u64 = 5;

/// Which events a hook is called for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HookEvents {
    /// Calls.
    pub calls: bool,
    /// Returns; errors end functions without one.
    pub returns: bool,
    /// Instructions that begin a line, or go back in the code.
    pub lines: bool,
    /// So many instructions; 0 for never.
    pub count: u32,
}

/// What is reported to a hook, as its first argument; the second is a line, or nil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Event {
    Call,
    TailCall,
    Count,
    Line,
    Return,
}

impl Event {
    pub(crate) const ALL: [Event; 5] = [Event::Call, Event::TailCall, Event::Count, Event::Line, Event::Return];

    pub(crate) fn name(self) -> &'static [u8] {
        match self {
            Event::Call => b"call",
            Event::TailCall => b"tail call",
            Event::Count => b"count",
            Event::Line => b"line",
            Event::Return => b"return",
        }
    }
}

/// How the function was entered whose first instruction comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Entered {
    Not,
    Called,
    TailCalled,
}

/// What the fiber has done last, as far as lines are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Last {
    /// Nothing that is known.
    Unknown,
    /// It has entered the frame at this height.
    Entered(usize),
    /// This instruction of the frame at this height.
    Done(usize, usize),
}

/// How many fibers of a machine have a hook.
#[derive(Clone, Default)]
pub(crate) struct HookCount(Rc<Cell<usize>>);

impl HookCount {
    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }
}

/// What all hooks of a machine have in common.
#[derive(Default)]
pub(crate) struct Hooks {
    /// Whether each step is reported to hooks.
    pub(crate) is_on: bool,
    /// Single steps that are left meanwhile.
    pub(crate) steps_left: u64,
    /// How many fibers have one.
    pub(crate) count: HookCount,
}

/// The hook of a fiber, and how far it has reported.
pub(crate) struct Hook {
    pub(crate) function: Value,
    pub(crate) events: HookEvents,
    /// Instructions up to the next event of a count.
    pub(crate) left: u32,
    pub(crate) entered: Entered,
    pub(crate) last: Last,
    /// How many of the events of the next instruction are reported.
    pub(crate) reported: u8,
    /// How high the continuation lies above which it runs.
    pub(crate) running_at: Option<usize>,
    count: HookCount,
}

impl Hook {
    /// A hook to which nothing was reported yet.
    pub(crate) fn new(function: Value, events: HookEvents, count: &HookCount) -> Box<Self> {
        count.0.set(count.get() + 1);
        Box::new(Hook {
            function,
            events,
            left: events.count,
            entered: Entered::Not,
            last: Last::Unknown,
            reported: 0,
            running_at: None,
            count: count.clone(),
        })
    }

    /// Whether what happens at this height happens in the hook. An error may have ended it.
    pub(crate) fn is_running_above(&mut self, height: usize) -> bool {
        match self.running_at {
            Some(at) if height > at => true,
            Some(_) => {
                (self.running_at, self.reported) = (None, 0);
                false
            }
            None => false,
        }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.count.0.set(self.count.get() - 1);
    }
}
