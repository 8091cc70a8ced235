//! Fibers and what their stacks are made of.

use crate::host::{HostFunction, Protect};
use crate::value::{Any, ClosureId, FiberId, InstanceId, Value};
use minivm_isa::entities::{Func, Reg};

/// A stack that can be suspended.
#[derive(Default)]
pub(crate) struct Fiber {
    /// Empty while the fiber runs: its levels are those of the run then.
    pub(crate) stack: Vec<Level>,
    pub(crate) state: State,
    /// Who gets what it yields.
    pub(crate) resumer: Option<FiberId>,
    /// What it will call, until it has begun.
    pub(crate) callee: Option<Any>,
    /// What it has failed with, until it is closed.
    pub(crate) error: Option<Any>,
    /// While it is being closed: only levels above this one catch errors.
    pub(crate) closing: Option<usize>,
}

/// What a fiber does, as `fiber_status` numbers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum State {
    /// It has not begun, or has yielded.
    #[default]
    Suspended = 0,
    /// It runs.
    Running = 1,
    /// It has resumed another one.
    Normal = 2,
    /// It has returned or failed.
    Dead = 3,
}

/// A level of a stack. A level that is not the top one waits for values; what it does with them, its instruction says, or its kind.
pub(crate) enum Level {
    /// A function with code.
    Guest(Frame),
    /// A function of the host.
    Host(HostFrame),
    /// What the machine itself waits with.
    Continuation(Continuation),
    /// Between typed code and `any` code.
    Boundary(Boundary),
}

/// A running function with code.
pub(crate) struct Frame {
    pub(crate) closure: ClosureId,
    pub(crate) instance: InstanceId,
    pub(crate) function: Func,
    /// None for those that nothing was written to yet.
    pub(crate) registers: Vec<Option<Value>>,
    /// Canonical index of the instruction that runs or waits.
    pub(crate) at: usize,
    /// Arguments past the parameters.
    pub(crate) varargs: Vec<Any>,
    /// The open list.
    pub(crate) open: Vec<Any>,
}

impl Frame {
    /// The value of a register.
    pub(crate) fn get(&self, register: Reg) -> Value {
        let value = self.registers[register.as_u32() as usize].clone();
        value.expect("the verifier proved that it is assigned")
    }

    /// Writes a register.
    pub(crate) fn set(&mut self, register: Reg, value: Value) {
        self.registers[register.as_u32() as usize] = Some(value);
    }
}

/// A running function of the host.
pub(crate) struct HostFrame {
    pub(crate) function: HostFunction,
    /// Its arguments, or what else it keeps.
    pub(crate) kept: Vec<Any>,
    /// Where it goes on when it gets an answer.
    pub(crate) state: u32,
    /// What happens to an error of what it has called.
    pub(crate) protect: Protect,
    /// Calls that were nested before its own.
    pub(crate) nesting: u32,
}

/// What the machine waits with.
pub(crate) struct Continuation {
    pub(crate) kind: ContinuationKind,
    /// Calls that were nested before.
    pub(crate) nesting: u32,
}

/// For what it waits.
pub(crate) enum ContinuationKind {
    /// The first function of the fiber.
    Entry,
    /// A metamethod that the instruction below has called.
    Metamethod,
    /// As `Metamethod`, of a concatenation: these are left to be joined.
    Concat(Vec<Any>),
    /// A fiber that the instruction below has resumed.
    Resume,
    /// A fiber that the instruction below closes.
    Close,
    /// A host function that was called in place of the function below.
    TailCall,
    /// A message handler for an error that happened below.
    MessageHandler,
}

/// Between typed code and `any` code.
pub(crate) enum Boundary {
    /// Typed code was called: its results become `any` values.
    ToTyped,
    /// `any` code was called through this bridge: its results become those of the bridge's signature.
    ToAny(ClosureId),
}
