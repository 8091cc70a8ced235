//! What a host function is, and what it may answer.

use crate::heap::Heap;
use crate::heap::OutOfMemory;
use crate::number::Numeric;
use crate::runtime::context::Context;
use crate::value::Value;
use minivm_isa::TrapCode;
use std::any::{Any, TypeId};
use std::rc::Rc;

pub use crate::threaded::continuation::Protect;

/// A function of the host. It never calls guest code itself: it answers with an [`Outcome`] that asks the machine to.
pub(crate) type HostFn = Rc<dyn Fn(&mut HostCall<'_>) -> Result<Outcome, Raise> + Send>;

/// What a host function wants to happen next; made by methods of [`HostCall`].
#[derive(Debug)]
pub struct Outcome(pub(crate) OutcomeKind);

#[derive(Debug)]
pub(crate) enum OutcomeKind {
    /// Return the values that lie at the frame's start.
    Return { count: usize },
    /// Call a guest function and come back.
    Call { callee: Value, arguments: usize, state: u32, protect: Protect, handler: Value },
    /// Call a guest function in place of this one; its arguments lie at the frame's start.
    TailCall { callee: Value, arguments: usize },
    /// Suspend the running fiber, handing out the values at the frame's start.
    Yield { count: usize },
    /// Run another fiber and come back.
    Resume { fiber: Value, arguments: usize, state: u32 },
    /// Close another fiber and come back.
    Close { fiber: Value, state: u32 },
    /// Wait for the host.
    Wait { request: WaitRequest, state: u32 },
    /// Go on in another state.
    GoOn { state: u32 },
}

pub(crate) struct WaitRequest(pub(crate) Box<dyn HostRequest>);

impl std::fmt::Debug for WaitRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("request")
    }
}

/// What a host function waits for; the host finds it in the stopped run.
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// struct ReadLine;
/// impl minivm::HostRequest for ReadLine {
///     fn name(&self) -> &'static str {
///         "read_line"
///     }
/// }
/// machine.define("host", "read_line", |call| match call.state() {
///     0 => call.wait(ReadLine, 1),                                    // `Machine::answer` goes on, in state 1
///     _ => call.return_values(&call.returned().unwrap_or_default()),
/// })
/// # }
/// ```
pub trait HostRequest: Any + Send {
    /// One word that names the request.
    fn name(&self) -> &'static str;
}

/// Why a host function did not succeed.
#[derive(Debug)]
pub enum Raise {
    /// An error value the program can catch.
    Value(Value),
    /// A trap.
    Trap(TrapCode),
    /// The program ends with an exit status; nothing can catch it, nothing is cleaned up.
    Exit(i32),
    /// The program ends with an exit status after the clean-ups of its main fiber; nothing can catch it.
    ExitClosing(i32),
    /// The budget does not allow the work that the function is about to do; made by [`HostCall::charge`] alone.
    Pause(Pause),
}

impl From<OutOfMemory> for Raise {
    fn from(_: OutOfMemory) -> Self {
        Raise::Trap(TrapCode::OutOfMemory)
    }
}

/// That a host function could not pay for its work. It begins its state again when the run goes on.
#[derive(Debug)]
pub struct Pause(pub(crate) ());

/// Units of work that one state of a host function does at most, by rule, see [`HostCall::charge`].
pub const SLICE: u64 = 20_000;

/// Bytes that the fast path of a host function may look at or copy at most, and that
/// [`charge_bytes`](HostCall::charge_bytes) charges nothing for.
pub const FAST_PATH_BYTES_MAX: usize = 4096;

/// The fast path of a host function: does its work for arguments it knows how to treat, without asking for anything of the
/// machine but the heap. For all others, errors among them, the function itself is called.
///
/// It cannot [charge](HostCall::charge), so it leaves everything to the function that this would charge for: what a call costs
/// does not depend on the form. [`FAST_PATH_BYTES_MAX`] says how much is free of charge.
pub type FastPathFn = fn(&mut Heap, &[Value]) -> FastPath;

/// What a [`FastPathFn`] gives.
#[derive(Clone, Copy, Debug)]
pub enum FastPath {
    /// One result.
    One(Value),
    /// The arguments from this one on, which are no more than a call may copy without a charge.
    From(usize),
    /// No result.
    Nothing,
    /// It did nothing, as it does not know such arguments.
    Unknown,
}

/// Host functions the machine does itself, or calls more directly, where it can.
#[derive(Clone, Copy, Debug)]
pub enum Intrinsic {
    /// Has a fast path.
    FastPath(FastPathFn),
    /// Has a fast path, which gives this of one number and may not know others; native code does it itself.
    Numeric(Numeric, FastPathFn),
    /// Suspends the running fiber with its arguments, and returns what the fiber is resumed with.
    Yield,
    /// Resumes a fiber with its arguments. Where it waits for the fiber in this state, it returns what the fiber gives, after a
    /// first value of its own. Without a first value it raises the fiber's error again, as nothing would tell it from a value.
    Resumes {
        /// Which fiber.
        fiber: FiberSource,
        /// The state.
        state: u32,
        /// The first value.
        first: Option<Value>,
    },
    /// Gives the next key and value of a table.
    Next,
    /// Gives the next index and value of a sequence.
    SequenceNext,
}

impl Intrinsic {
    /// The fast path, if it has one.
    #[inline(always)]
    pub(crate) fn fast_path(self) -> Option<FastPathFn> {
        match self {
            Intrinsic::FastPath(function) | Intrinsic::Numeric(_, function) => Some(function),
            Intrinsic::Yield | Intrinsic::Resumes { .. } | Intrinsic::Next | Intrinsic::SequenceNext => None,
        }
    }
}

/// Where a host function finds the fiber that it resumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FiberSource {
    /// It is the first argument; the fiber gets those behind it.
    Argument,
    /// It is the first captured value.
    Capture,
}

/// State of the host's libraries, one value a type.
#[derive(Default)]
pub struct HostState {
    /// So few that looking through them is quicker than hashing; asked for by every other library function.
    entries: Vec<(TypeId, Box<dyn Any + Send>)>,
    /// Names of the types, for messages.
    names: std::collections::BTreeSet<&'static str>,
}

impl HostState {
    /// The state of type `T`, made when it is first asked for.
    #[inline]
    pub fn get<T: Any + Default + Send>(&mut self) -> &mut T {
        let index = match self.find::<T>() {
            Some(index) => index,
            None => self.begin::<T>(),
        };
        self.entries[index].1.downcast_mut().expect("entries are kept under their own type")
    }

    /// Makes the state of a type that was not asked for before; gives where it is.
    #[cold]
    #[inline(never)]
    fn begin<T: Any + Default + Send>(&mut self) -> usize {
        self.set(T::default());
        self.entries.len() - 1
    }

    /// Sets the state of type `T`.
    pub fn set<T: Any + Send>(&mut self, state: T) {
        let state = Box::new(state);
        match self.find::<T>() {
            Some(index) => self.entries[index].1 = state,
            None => {
                self.names.insert(std::any::type_name::<T>());
                self.entries.push((TypeId::of::<T>(), state));
            }
        }
    }

    /// Where the state of a type is.
    #[inline]
    fn find<T: Any>(&self) -> Option<usize> {
        self.entries.iter().position(|(kind, _)| *kind == TypeId::of::<T>())
    }

    /// Number of states.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The names of their types.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.names.iter().copied().collect()
    }
}

/// A running host function.
pub struct HostCall<'m> {
    pub(crate) cx: &'m mut Context,
    /// First value, in words from the start of the stack.
    pub(crate) base: usize,
    /// Values the function keeps.
    pub(crate) count: usize,
    pub(crate) state: u32,
    pub(crate) returned: Returned,
    /// Whether the values it keeps are others than when its state began.
    pub(crate) is_frame_changed: bool,
    /// Whether the state has begun again after a collection, as there was not enough memory.
    pub(crate) has_collected: bool,
    /// Units of this state's work that are asked for so far.
    pub(crate) asked: u64,
    /// Units that were paid, now or before a pause.
    pub(crate) paid: u64,
}

/// What a call of guest code gave.
#[derive(Clone, Copy)]
pub(crate) enum Returned {
    /// None was made yet.
    Nothing,
    /// Values, in words from the start of the stack, and their number.
    Values(usize, usize),
    /// An error.
    Error(Value),
}
