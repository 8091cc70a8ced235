//! Host functions that safe code writes: what they see of the machine, and how their answers are carried out.

use super::error::Error;
use super::local::{Brand, Local, Outcome, Plan, Raise, Reason};
use super::value::{InstanceId, Value};
use crate::raw;
use crate::runtime::definitions::Definitions;
use crate::runtime::host::{HostRequest, Protect, Returned};
use minivm_isa::verify::Verified;
use std::marker::PhantomData;
use std::sync::Arc;

/// A running host function: its arguments, what it may ask of the machine, and the outcomes that it can answer with.
///
/// It never calls a program itself. It answers that it wants to, and is called again in the state that it names; the values
/// that it [keeps](Self::keep) are its arguments then. Values of a call are [`Local`]: they cannot leave it.
///
/// ```
/// use minivm::{Limits, Machine};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut machine = Machine::new(Limits::default());
/// machine.define("host", "sum", |call| {
///     let sum: i64 = call.args().into_iter().filter_map(|argument| argument.as_int()).sum();
///     call.return_one(sum)
/// })?;
/// # Ok(())
/// # }
/// ```
///
/// A call of the program is an answer, too; what it gives is there in the next state:
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// machine.define("host", "call_twice", |call| match call.state() {
///     state @ 0..=1 => {
///         let callee = call.arg(0);
///         call.keep(&[callee]);                                       // the arguments of the next state
///         call.call(callee, &[i64::from(state).into()], state + 1)
///     }
///     _ => call.return_values(&call.returned().unwrap_or_default()),
/// })
/// # }
/// ```
///
/// Bytes are borrowed from the call:
///
/// ```compile_fail,E0502
/// # let mut machine = minivm::Machine::new(minivm::Limits::default());
/// machine.define("host", "twice", |call| {
///     let bytes = call.bytes(call.arg(0)).unwrap_or_default();
///     let doubled = call.string([bytes, bytes].concat())?;    // this is possible, the bytes are used before
///     let again = call.string(bytes)?;                        // but here the machine may have changed
///     call.return_values(&[doubled, again])
/// });
/// ```
pub struct HostCall<'c> {
    pub(crate) raw: raw::HostCall<'c>,
    /// What it wants to keep; done when it has answered.
    pub(crate) kept: Option<Vec<raw::Value>>,
    brand: Brand<'c>,
}

/// What a host function gives.
pub type HostResult<'c> = Result<Outcome<'c>, Raise<'c>>;

/// Calls a function of safe code, and does what it answers.
#[inline]
pub(crate) fn run(
    function: &impl for<'a, 'c> Fn(&'a mut HostCall<'c>) -> HostResult<'c>,
    outer: &mut raw::HostCall<'_>,
) -> Result<raw::Outcome, raw::Raise> {
    let inner = raw::HostCall {
        cx: &mut *outer.cx,
        base: outer.base,
        count: outer.count,
        state: outer.state,
        returned: outer.returned,
        is_frame_changed: outer.is_frame_changed,
        has_collected: outer.has_collected,
        asked: outer.asked,
        paid: outer.paid,
    };
    let mut call = HostCall { raw: inner, kept: None, brand: PhantomData };
    let answer = match function(&mut call) {
        Ok(outcome) => Ok(outcome.plan),
        Err(raise) => Err(raise.reason),
    };
    let (kept, asked, paid) = (call.kept, call.raw.asked, call.raw.paid);
    (outer.asked, outer.paid) = (asked, paid);
    match answer {
        Ok(Plan::ReturnNone) => outer.return_none(),
        Ok(Plan::ReturnOne(value)) => outer.return_one(value),
        Ok(plan) => carry_out(outer, kept, plan),
        Err(reason) => Err(raise(outer, reason)),
    }
}

/// Does what a function has answered. It keeps nothing before it is known to come back, so where it only pays, fails or returns
/// its frame is as it was.
fn carry_out(
    outer: &mut raw::HostCall<'_>,
    kept: Option<Vec<raw::Value>>,
    plan: Plan,
) -> Result<raw::Outcome, raw::Raise> {
    let comes_back = matches!(
        plan,
        Plan::Call { .. } | Plan::Resume { .. } | Plan::Close { .. } | Plan::Wait { .. } | Plan::GoOn { .. }
    );
    if comes_back && let Some(kept) = kept {
        outer.keep(&kept)?;
        outer.returned = Returned::Nothing;
    }
    match plan {
        Plan::ReturnNone => outer.return_none(),
        Plan::ReturnOne(value) => outer.return_one(value),
        Plan::Return(values) => outer.return_values(&values),
        Plan::ReturnArguments { first } => outer.return_args_from(first),
        Plan::Call { callee, arguments, state, protect, handler } => {
            outer.call_protected(callee, &arguments, state, protect, handler)
        }
        Plan::TailCall { callee, arguments } => outer.tail_call(callee, &arguments),
        Plan::Yield(values) => outer.yield_values(&values),
        Plan::Resume { fiber, arguments, state } => outer.resume(fiber, &arguments, state),
        Plan::Close { fiber, state } => outer.close_fiber(fiber, state),
        Plan::Wait { request, state } => outer.wait(request, state),
        Plan::GoOn { state } => outer.go_on(state),
    }
}

/// What a function has failed with.
fn raise(outer: &mut raw::HostCall<'_>, reason: Reason) -> raw::Raise {
    match reason {
        Reason::Value(value) => raw::Raise::Value(value),
        Reason::Message { text, has_position: true } => outer.error(text),
        Reason::Message { text, has_position: false } => outer.error_without_position(text),
        Reason::Trap(code) => raw::Raise::Trap(code),
        Reason::Exit(status) => raw::Raise::Exit(status),
        Reason::ExitClosing(status) => raw::Raise::ExitClosing(status),
        Reason::Pause(pause) => raw::Raise::Pause(pause),
        Reason::LookAround => outer.look_around(),
    }
}

/// Values without their call.
fn baseline(values: &[Local<'_>]) -> Vec<raw::Value> {
    values.iter().map(|value| value.raw).collect()
}

/// Arguments, states and what calls gave.
impl<'c> HostCall<'c> {
    /// Number of arguments, or of values kept with [`keep`](Self::keep) in the state before.
    pub fn arg_count(&self) -> usize {
        self.raw.arg_count()
    }

    /// Argument `index`, from 0; nil past the last one.
    pub fn arg(&self, index: usize) -> Local<'c> {
        Local::new(self.raw.arg(index))
    }

    /// All arguments.
    pub fn args(&self) -> Vec<Local<'c>> {
        self.raw.args().into_iter().map(Local::new).collect()
    }

    /// 0 in the first call; then what the function gave when it asked for a call.
    pub fn state(&self) -> u32 {
        self.raw.state()
    }

    /// What the call asked for before gave: its results, or the error when it was protected. Nothing if none was made.
    pub fn returned(&self) -> Result<Vec<Local<'c>>, Local<'c>> {
        match self.raw.returned() {
            Ok(values) => Ok(values.into_iter().map(Local::new).collect()),
            Err(error) => Err(Local::new(error)),
        }
    }

    /// Says which values the function finds as its arguments in its next state; without this they are those that it has. Done
    /// when it comes back from what it answers with.
    pub fn keep(&mut self, values: &[Local<'c>]) {
        self.kept = Some(baseline(values));
    }

    /// Pays for work that this state is about to do: 1 unit is as much as an instruction of bytecode. To be called before it
    /// does anything that can be seen, and passed up with `?`: where the budget does not suffice, the run stops, and the
    /// function begins its state again when the run goes on. [`raw::HostCall::charge`] says what work costs.
    ///
    /// # Errors
    /// When the budget does not suffice.
    pub fn charge(&mut self, units: u64) -> Result<(), Raise<'c>> {
        Ok(self.raw.charge(units)?)
    }
}

/// Outcomes.
impl<'c> HostCall<'c> {
    /// Returns nothing.
    ///
    /// # Errors
    /// None; it is what a host function gives.
    pub fn return_none(&self) -> HostResult<'c> {
        Ok(Outcome::new(Plan::ReturnNone))
    }

    /// Returns one value.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn return_one(&self, value: impl Into<Local<'c>>) -> HostResult<'c> {
        Ok(Outcome::new(Plan::ReturnOne(value.into().raw)))
    }

    /// Returns values.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn return_values(&self, values: &[Local<'c>]) -> HostResult<'c> {
        Ok(Outcome::new(Plan::Return(baseline(values))))
    }

    /// Returns the arguments from `first` on.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn return_args_from(&self, first: usize) -> HostResult<'c> {
        Ok(Outcome::new(Plan::ReturnArguments { first }))
    }

    /// Calls a function of a program and comes back in `state`, with the kept values. Errors pass through.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn call(&self, callee: Local<'c>, arguments: &[Local<'c>], state: u32) -> HostResult<'c> {
        self.call_with(callee, arguments, state, (Protect::No, Local::NIL))
    }

    /// As [`call`](Self::call); an error comes back as [`returned`](Self::returned).
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn call_protected(&self, callee: Local<'c>, arguments: &[Local<'c>], state: u32) -> HostResult<'c> {
        self.call_with(callee, arguments, state, (Protect::Catch, Local::NIL))
    }

    /// As [`call_protected`](Self::call_protected); `handler` is called with the error where that happened, and what it gives is
    /// the error that comes back.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn call_handled(
        &self,
        callee: Local<'c>,
        arguments: &[Local<'c>],
        state: u32,
        handler: Local<'c>,
    ) -> HostResult<'c> {
        self.call_with(callee, arguments, state, (Protect::CatchWith, handler))
    }

    fn call_with(
        &self,
        callee: Local<'c>,
        arguments: &[Local<'c>],
        state: u32,
        (protect, handler): (Protect, Local<'c>),
    ) -> HostResult<'c> {
        let (callee, handler) = (callee.raw, handler.raw);
        Ok(Outcome::new(Plan::Call { callee, arguments: baseline(arguments), state, protect, handler }))
    }

    /// Calls a function of a program in place of this one.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn tail_call(&self, callee: Local<'c>, arguments: &[Local<'c>]) -> HostResult<'c> {
        Ok(Outcome::new(Plan::TailCall { callee: callee.raw, arguments: baseline(arguments) }))
    }

    /// Suspends the running fiber; what it is resumed with is what this function returns.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn yield_values(&self, values: &[Local<'c>]) -> HostResult<'c> {
        Ok(Outcome::new(Plan::Yield(baseline(values))))
    }

    /// Resumes a suspended fiber and comes back in `state`: [`returned`](Self::returned) is what it yielded or returned, or
    /// its error.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn resume(&self, fiber: Local<'c>, arguments: &[Local<'c>], state: u32) -> HostResult<'c> {
        Ok(Outcome::new(Plan::Resume { fiber: fiber.raw, arguments: baseline(arguments), state }))
    }

    /// Closes a suspended or dead fiber and comes back in `state`: [`returned`](Self::returned) is an error when a clean-up
    /// raised one or the fiber had failed.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn close_fiber(&self, fiber: Local<'c>, state: u32) -> HostResult<'c> {
        Ok(Outcome::new(Plan::Close { fiber: fiber.raw, state }))
    }

    /// Stops the run until the host has an answer, which comes back in `state`.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn wait(&self, request: impl HostRequest, state: u32) -> HostResult<'c> {
        Ok(Outcome::new(Plan::Wait { request: Box::new(request), state }))
    }

    /// Goes on in another state with the kept values, after the machine has had a look at the budget, at
    /// [interrupts](crate::Machine::set_interrupt) and at the collector.
    ///
    /// # Errors
    /// As for [`return_none`](Self::return_none).
    pub fn go_on(&self, state: u32) -> HostResult<'c> {
        Ok(Outcome::new(Plan::GoOn { state }))
    }

    /// An error with the position of the caller before its message.
    pub fn error(&self, message: impl AsRef<[u8]>) -> Raise<'c> {
        Raise::message(message)
    }
}

/// Values.
impl<'c> HostCall<'c> {
    /// A value for the host to keep.
    pub fn root(&mut self, value: impl Into<Local<'c>>) -> Value {
        self.raw.cx.root(value.into().raw)
    }

    /// A value that the host has kept.
    ///
    /// # Errors
    /// When it is of another machine.
    pub fn local(&self, value: &Value) -> Result<Local<'c>, Error> {
        self.raw.cx.resolve(value).map(Local::new)
    }

    /// A new string.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> Result<Local<'c>, Error> {
        Ok(Local::new(self.raw.cx.heap.string_value(bytes.as_ref())?))
    }

    /// The bytes of a string; none of other values.
    pub fn bytes(&self, value: Local<'c>) -> Option<&[u8]> {
        self.raw.cx.bytes_of(value.raw)
    }

    /// A string as text; none of other values, and of bytes that are not UTF-8.
    pub fn text(&self, value: Local<'c>) -> Option<&str> {
        std::str::from_utf8(self.bytes(value)?).ok()
    }

    /// A new table with room for `slots` consecutive and `entries` other elements.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn table(&mut self, slots: u32, entries: u32) -> Result<Local<'c>, Error> {
        Ok(Local::new(self.raw.cx.heap.table_value(slots, entries)?))
    }

    /// `table[key]` without metamethods.
    ///
    /// # Errors
    /// When it is no table.
    pub fn get(&mut self, table: Local<'c>, key: impl Into<Local<'c>>) -> Result<Local<'c>, Error> {
        self.raw.cx.get(table.raw, key.into().raw).map(Local::new)
    }

    /// `table[key] = value` without metamethods.
    ///
    /// # Errors
    /// When it is no table, for a nil or NaN key, or when there is no memory.
    pub fn set(
        &mut self,
        table: Local<'c>,
        key: impl Into<Local<'c>>,
        value: impl Into<Local<'c>>,
    ) -> Result<(), Error> {
        self.raw.cx.set(table.raw, key.into().raw, value.into().raw)
    }

    /// A border of a table, without metamethods.
    ///
    /// # Errors
    /// When it is no table.
    pub fn len(&mut self, table: Local<'c>) -> Result<i64, Error> {
        self.raw.cx.len(table.raw)
    }

    /// The entry after `key`, or the first one after nil.
    ///
    /// # Errors
    /// When it is no table, or has no such key.
    pub fn next(&mut self, table: Local<'c>, key: Local<'c>) -> Result<Option<(Local<'c>, Local<'c>)>, Error> {
        let entry = self.raw.cx.next(table.raw, key.raw)?;
        Ok(entry.map(|(key, value)| (Local::new(key), Local::new(value))))
    }

    /// The metatable of any value, or nil.
    pub fn metatable(&self, value: Local<'c>) -> Local<'c> {
        Local::new(self.raw.metatable(value.raw))
    }

    /// Sets the metatable of a value: of itself for tables and objects, of its kind for others. Nil for none.
    ///
    /// # Errors
    /// When it is neither table nor nil, or there is no memory.
    pub fn set_metatable(&mut self, value: Local<'c>, metatable: Local<'c>) -> Result<(), Raise<'c>> {
        crate::embedding::data::check_metatable(metatable.raw)?;
        Ok(self.raw.set_metatable(value.raw, metatable.raw)?)
    }

    /// A named value of the host's libraries; nil when it was never set.
    pub fn registered(&self, name: &str) -> Local<'c> {
        Local::new(self.raw.registered(name))
    }

    /// Sets a named value of the host's libraries.
    pub fn register(&mut self, name: &str, value: impl Into<Local<'c>>) {
        self.raw.register(name, value.into().raw);
    }

    /// A function that calls the host.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn function(
        &mut self,
        name: impl Into<String>,
        function: impl for<'a, 'd> Fn(&'a mut HostCall<'d>) -> HostResult<'d> + Send + 'static,
    ) -> Result<Local<'c>, Error> {
        Ok(Local::new(self.raw.cx.safe_function(name.into(), function)?))
    }

    /// An object of the host in a value, with a metatable or nil. `kind` is its name in messages and for
    /// [codecs](crate::Machine::set_object_codec).
    ///
    /// # Errors
    /// When the metatable is something else, or there is no memory for it.
    pub fn object<T: Send + 'static>(
        &mut self,
        kind: &str,
        object: T,
        metatable: Local<'c>,
    ) -> Result<Local<'c>, Error> {
        self.raw.cx.object(kind, object, metatable.raw).map(Local::new)
    }

    /// The object of type `T` in a value; none of other values.
    pub fn object_mut<T: Send + 'static>(&mut self, value: Local<'c>) -> Option<&mut T> {
        self.raw.cx.object_mut(value.raw)
    }

    /// The state of type `T` that host functions of this machine share, made when it is first asked for.
    pub fn shared<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.raw.cx.host_state.get()
    }

    /// The linear memory of the function that called this one from typed code.
    pub fn memory(&mut self) -> Option<&mut [u8]> {
        self.raw.memory().map(crate::memory::LinearMemory::bytes_mut)
    }
}

/// Fibers, programs, and what is shown to people.
impl<'c> HostCall<'c> {
    /// A new fiber that will call `callee`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new_fiber(&mut self, callee: Local<'c>) -> Result<Local<'c>, Raise<'c>> {
        Ok(Local::new(self.raw.new_fiber(callee.raw)?))
    }

    /// What a fiber does; none when the value is no fiber.
    pub fn fiber_state(&self, fiber: Local<'c>) -> Option<raw::FiberState> {
        self.raw.fiber_state(fiber.raw)
    }

    /// The running fiber, and whether it cannot yield.
    pub fn running_fiber(&self) -> (Local<'c>, bool) {
        let (fiber, is_main) = self.raw.running_fiber();
        (Local::new(fiber), is_main)
    }

    /// Loads a program into the machine, where it stays; instances of one `Arc` share the code. Its start function, if it has one,
    /// is given back to be called.
    ///
    /// # Errors
    /// When it cannot be linked.
    pub fn instantiate(&mut self, program: impl Into<Arc<Verified>>) -> Result<(InstanceId, Option<Local<'c>>), Error> {
        let cx = &mut *self.raw.cx;
        let program = cx.loaded_program(program.into())?;
        match cx.instantiate(program, &Definitions::default()) {
            Ok((id, start)) => Ok((cx.own_instance(id), start.map(Local::new))),
            Err(error) => Err(cx.own_link_error(error)),
        }
    }

    /// An exported function of a program.
    ///
    /// # Errors
    /// When there is none of that name, or the program is of another machine.
    pub fn exported_function(&mut self, instance: InstanceId, name: &str) -> Result<Local<'c>, Error> {
        self.raw.cx.exported_function(instance, name).map(Local::new)
    }

    /// A closure over an exported function that captures values, as chunks of languages with an environment do.
    ///
    /// # Errors
    /// When there is no such function, there is no memory, or the program is of another machine.
    pub fn closure(&mut self, instance: InstanceId, name: &str, captures: &[Local<'c>]) -> Result<Local<'c>, Error> {
        let cx = &mut *self.raw.cx;
        let id = cx.resolve_instance(instance)?;
        match cx.closure(id, name, &baseline(captures)) {
            Ok(closure) => Ok(Local::new(closure)),
            Err(raw::LinkError::Unknown { name, .. }) => Err(Error::NoExport { expected: "function", name }),
            Err(error) => Err(cx.own_link_error(error)),
        }
    }

    /// The name of a value's kind, as programs know it; a metatable's `__name` comes first.
    pub fn type_name(&self, value: Local<'c>) -> String {
        self.raw.type_name(value.raw)
    }

    /// The text of a value for people: strings as they are, numbers as `tostring` writes them, other values by their kind.
    pub fn describe(&mut self, value: Local<'c>) -> String {
        self.raw.cx.describe(value.raw)
    }

    /// Where the function stands that called this one, `level` frames up (1 is the caller): `file:line:` and a space, or
    /// nothing when it is not known.
    pub fn position(&self, level: usize) -> String {
        self.raw.position(level)
    }

    /// A traceback in PUC Lua's form from this function down, leaving out `skip` levels.
    pub fn traceback(&self, skip: usize) -> String {
        self.raw.traceback(skip)
    }
}
