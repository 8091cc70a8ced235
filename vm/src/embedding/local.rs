//! What a host function gets, and what it answers: values, outcomes and errors that are good for one call only.

use super::error::Error;
use super::value::kind_of;
use crate::heap::OutOfMemory;
use crate::raw;
use minivm_isa::Kind;
use minivm_isa::TrapCode;
use std::fmt;
use std::marker::PhantomData;

/// Ties something to one call of a host function. The lifetime is invariant, and each call has its own, so nothing that has it
/// gets into another call, or from the call of one machine into that of another; nor to another thread.
pub(crate) type Brand<'c> = PhantomData<*mut &'c ()>;

/// A value in a call of a host function, for as long as that lasts. Nothing is collected meanwhile.
///
/// [`HostCall::root`](crate::HostCall::root) makes one to keep, and [`HostCall::local`](crate::HostCall::local) is the way back.
///
/// ```
/// # use std::sync::Mutex;
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// let kept = Mutex::new(Vec::new());
/// machine.define("host", "keep", move |call| {
///     let value = call.root(call.arg(0));
///     kept.lock().unwrap().push(value);
///     call.return_none()
/// });
/// ```
///
/// Without that it does not get out:
///
/// ```compile_fail,E0521
/// # use std::sync::Mutex;
/// # fn defined<F>(f: F) -> F where F: for<'a, 'c> Fn(&'a mut minivm::HostCall<'c>) -> minivm::HostResult<'c> { f }
/// # let _ =
/// // In place of `machine.define("host", "keep", …)`.
/// defined({
///     let kept = Mutex::new(Vec::new());
///     move |call| {
///         kept.lock().unwrap().push(call.arg(0));
///         call.return_none()
///     }
/// });
/// ```
///
/// Nor does it get into the call of another machine that goes on inside:
///
/// ```compile_fail
/// # let mut outer = minivm::Machine::new(minivm::Limits::default());
/// outer.define("host", "mix", |call| {
///     let local = call.arg(0);
///     let mut inner = minivm::Machine::new(minivm::Limits::default());
///     let mixed = inner.host_function("mixed", move |inner_call| inner_call.return_one(local))?;
///     inner.call(&mixed, &[])?;
///     call.return_none()
/// });
/// ```
#[derive(Clone, Copy)]
pub struct Local<'c> {
    pub(crate) raw: raw::Value,
    brand: Brand<'c>,
}

impl<'c> Local<'c> {
    /// The absent value.
    pub const NIL: Local<'c> = Local { raw: raw::Value::NIL, brand: PhantomData };

    /// A value of the call that the caller is in.
    pub(crate) fn new(raw: raw::Value) -> Self {
        Local { raw, brand: PhantomData }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        kind_of(self.raw.tag())
    }

    /// Whether this is nil.
    pub fn is_nil(self) -> bool {
        self.raw.is_nil()
    }

    /// Whether this counts as true: everything but nil and `false`.
    pub fn is_truthy(self) -> bool {
        self.raw.is_truthy()
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        self.raw.as_bool()
    }

    /// The integer, if it is one (floats are not converted).
    pub fn as_int(self) -> Option<i64> {
        self.raw.as_int()
    }

    /// The float, if it is one (integers are not converted).
    pub fn as_float(self) -> Option<f64> {
        self.raw.as_float()
    }

    /// Whether two values are the same without asking metamethods: numbers by their value, strings by content, all others by
    /// identity.
    pub fn equals(self, other: Local<'c>) -> bool {
        self.raw.raw_equals(other.raw)
    }
}

impl fmt::Debug for Local<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl From<bool> for Local<'_> {
    fn from(value: bool) -> Self {
        Local::new(raw::Value::bool(value))
    }
}

impl From<i64> for Local<'_> {
    fn from(value: i64) -> Self {
        Local::new(raw::Value::int(value))
    }
}

impl From<f64> for Local<'_> {
    fn from(value: f64) -> Self {
        Local::new(raw::Value::float(value))
    }
}

/// What a host function wants to happen next; made by methods of [`HostCall`](crate::HostCall), and done when it is returned. It
/// cannot be kept for another call:
///
/// ```compile_fail,E0521
/// # use std::sync::Mutex;
/// # fn defined<F>(f: F) -> F where F: for<'a, 'c> Fn(&'a mut minivm::HostCall<'c>) -> minivm::HostResult<'c> { f }
/// # let _ =
/// // In place of `machine.define("host", "later", …)`.
/// defined({
///     let kept = Mutex::new(Vec::new());
///     move |call| {
///         kept.lock().unwrap().extend(call.return_none());
///         call.return_none()
///     }
/// });
/// ```
#[must_use = "an outcome happens when the host function returns it"]
pub struct Outcome<'c> {
    pub(crate) plan: Plan,
    brand: Brand<'c>,
}

/// What is to be done when a host function has returned.
pub(crate) enum Plan {
    ReturnNone,
    ReturnOne(raw::Value),
    Return(Vec<raw::Value>),
    ReturnArguments { first: usize },
    Call { callee: raw::Value, arguments: Vec<raw::Value>, state: u32, protect: raw::Protect, handler: raw::Value },
    TailCall { callee: raw::Value, arguments: Vec<raw::Value> },
    Yield(Vec<raw::Value>),
    Resume { fiber: raw::Value, arguments: Vec<raw::Value>, state: u32 },
    Close { fiber: raw::Value, state: u32 },
    Wait { request: Box<dyn raw::HostRequest>, state: u32 },
    GoOn { state: u32 },
}

impl Outcome<'_> {
    pub(crate) fn new(plan: Plan) -> Self {
        Outcome { plan, brand: PhantomData }
    }
}

/// Why a host function did not succeed.
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// use minivm::Raise;
/// machine.define("host", "root", |call| match call.arg(0).as_float() {
///     Some(number) if number >= 0.0 => call.return_one(number.sqrt()),
///     Some(_) => Err(Raise::value(call.arg(0))),                      // any value, as it is
///     None => Err(call.error("a number is expected")),                // a text, with the position of the caller
/// })
/// # }
/// ```
pub struct Raise<'c> {
    pub(crate) reason: Reason,
    brand: Brand<'c>,
}

/// Why a host function did not succeed, without its call.
pub(crate) enum Reason {
    Value(raw::Value),
    /// A message; with the position of the caller before it, or as it is.
    Message {
        text: Vec<u8>,
        has_position: bool,
    },
    Trap(TrapCode),
    Exit(i32),
    ExitClosing(i32),
    Pause(raw::Pause),
    LookAround,
}

impl<'c> Raise<'c> {
    pub(crate) fn new(reason: Reason) -> Self {
        Raise { reason, brand: PhantomData }
    }

    /// An error value that the program can catch.
    pub fn value(value: impl Into<Local<'c>>) -> Self {
        Raise::new(Reason::Value(value.into().raw))
    }

    /// An error whose value is this string, with the position of the caller before it.
    pub fn message(text: impl AsRef<[u8]>) -> Self {
        Raise::new(Reason::Message { text: text.as_ref().to_vec(), has_position: true })
    }

    /// An error whose value is this string.
    pub fn message_without_position(text: impl AsRef<[u8]>) -> Self {
        Raise::new(Reason::Message { text: text.as_ref().to_vec(), has_position: false })
    }

    /// A trap.
    pub fn trap(code: TrapCode) -> Self {
        Raise::new(Reason::Trap(code))
    }

    /// The program ends with an exit status; nothing can catch it, nothing is cleaned up.
    pub fn exit(status: i32) -> Self {
        Raise::new(Reason::Exit(status))
    }

    /// The program ends with an exit status after the clean-ups of its main fiber; nothing can catch it.
    pub fn exit_closing(status: i32) -> Self {
        Raise::new(Reason::ExitClosing(status))
    }

    /// For a function that has to wait a little, for a thread of its own say: the machine looks at
    /// [interrupts](crate::Machine::set_interrupt), then begins the state again. It costs nothing.
    pub fn look_around() -> Self {
        Raise::new(Reason::LookAround)
    }
}

impl fmt::Debug for Raise<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Value(value) => write!(f, "error {value:?}"),
            Reason::Message { text, .. } => write!(f, "error '{}'", String::from_utf8_lossy(text)),
            Reason::Trap(code) => write!(f, "trap '{code}'"),
            Reason::Exit(status) | Reason::ExitClosing(status) => write!(f, "exit {status}"),
            Reason::Pause(_) | Reason::LookAround => f.write_str("pause"),
        }
    }
}

impl From<OutOfMemory> for Raise<'_> {
    fn from(_: OutOfMemory) -> Self {
        Raise::trap(TrapCode::OutOfMemory)
    }
}

impl From<Error> for Raise<'_> {
    /// The program gets the error's text.
    fn from(error: Error) -> Self {
        match error {
            Error::OutOfMemory(_) => Raise::trap(TrapCode::OutOfMemory),
            Error::Trap(code) => Raise::trap(code),
            other => Raise::message(other.to_string()),
        }
    }
}

impl From<raw::Raise> for Raise<'_> {
    fn from(raise: raw::Raise) -> Self {
        Raise::new(match raise {
            raw::Raise::Value(value) => Reason::Value(value),
            raw::Raise::Trap(code) => Reason::Trap(code),
            raw::Raise::Exit(status) => Reason::Exit(status),
            raw::Raise::ExitClosing(status) => Reason::ExitClosing(status),
            raw::Raise::Pause(pause) => Reason::Pause(pause),
        })
    }
}
