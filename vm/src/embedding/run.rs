//! Running: a call from the host, in slices.

use super::error::{Error, Failure};
use super::machine::Machine;
use super::value::{InstanceId, Value};
use crate::api::run::RunState as RawState;
use crate::runtime::error::{ErrorReport, InlinedCall};
use crate::runtime::frame_view::Position;
use crate::runtime::host::HostRequest;
use std::fmt;

/// How a slice of a run ended.
///
/// ```
/// # use minivm::{Limits, Machine, RunState, Value};
/// # fn go_on(machine: &mut Machine, function: &Value) -> Result<(), minivm::Error> {
/// machine.set_fuel(Some(1000));
/// let mut state = machine.start(function, &[])?;
/// loop {
///     state = match state {
///         RunState::Finished(values) => return Ok(println!("{} results", values.len())),
///         RunState::Failed(failure) => return Ok(println!("{failure}")),
///         RunState::OutOfFuel => {
///             machine.set_fuel(Some(1000));                           // or `save` it, or look at its `frames`
///             machine.resume()
///         }
///         RunState::Waiting(request) => panic!("nothing here serves `{}`", request.name()),
///         RunState::Interrupted | RunState::Stepped | RunState::Yielded(_) => machine.resume(),
///     };
/// }
/// # }
/// # fn main() -> Result<(), minivm::Error> {
/// # let mut machine = Machine::new(Limits::default());
/// # let function = machine.host_function("nothing", |call| call.return_none())?;
/// # go_on(&mut machine, &function)
/// # }
/// ```
pub enum RunState {
    /// It returned these values.
    Finished(Vec<Value>),
    /// It failed, or ended itself.
    Failed(Failure),
    /// The budget is used up; [`Machine::resume`] goes on.
    OutOfFuel,
    /// A host function waits; [`Machine::answer`] goes on.
    Waiting(Box<dyn HostRequest>),
    /// It has yielded these values to the host; [`Machine::answer`] goes on with what the yield gives, [`Machine::resume`]
    /// with nothing. Only runs that were [spawned](Machine::spawn) do this; others cannot yield outside of a fiber of
    /// theirs.
    Yielded(Vec<Value>),
    /// The single steps are done.
    Stepped,
    /// The host has [interrupted](Machine::set_interrupt) it; [`Machine::resume`] goes on.
    Interrupted,
}

impl RunState {
    /// What the run waits for, if it does.
    pub fn request(&self) -> Option<&dyn HostRequest> {
        match self {
            RunState::Waiting(request) => Some(&**request),
            RunState::Finished(_)
            | RunState::Failed(_)
            | RunState::OutOfFuel
            | RunState::Stepped
            | RunState::Interrupted
            | RunState::Yielded(_) => None,
        }
    }
}

impl fmt::Debug for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunState::Finished(values) => f.debug_tuple("Finished").field(values).finish(),
            RunState::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            RunState::OutOfFuel => f.write_str("OutOfFuel"),
            RunState::Waiting(_) => f.write_str("Waiting(..)"),
            RunState::Yielded(values) => f.debug_tuple("Yielded").field(values).finish(),
            RunState::Stepped => f.write_str("Stepped"),
            RunState::Interrupted => f.write_str("Interrupted"),
        }
    }
}

/// Calls, at once or in slices.
impl Machine {
    /// Calls a function and runs it to its end. A run that was not finished is dropped.
    ///
    /// # Errors
    /// When it fails, waits for the host, does not end within the budget, or something is of another machine.
    pub fn call(&mut self, function: &Value, arguments: &[Value]) -> Result<Vec<Value>, Error> {
        let function = self.cx().resolve(function)?;
        let arguments = self.cx().resolve_all(arguments)?;
        let result = self.0.call(function, &arguments);
        self.tell_panics();
        match result {
            Ok(values) => Ok(self.cx().root_all(values)),
            Err(failure) => Err(self.cx().own_failure(failure).into()),
        }
    }

    /// Calls an exported function to its end.
    ///
    /// # Errors
    /// As for [`call`](Self::call); also when there is no such function.
    pub fn invoke(&mut self, instance: InstanceId, name: &str, arguments: &[Value]) -> Result<Vec<Value>, Error> {
        let function = self.exported_function(instance, name)?;
        self.call(&function, arguments)
    }

    /// Starts a call and runs it as far as the budget goes. A run that was not finished is dropped.
    ///
    /// # Errors
    /// When something is of another machine; nothing happens then.
    pub fn start(&mut self, function: &Value, arguments: &[Value]) -> Result<RunState, Error> {
        self.prepare(function, arguments)?;
        Ok(self.resume())
    }

    /// Starts a call without running any of its instructions: [`resume`](Self::resume) and [`step`](Self::step) do. A run
    /// that was not finished is dropped.
    ///
    /// # Errors
    /// When something is of another machine; nothing happens then.
    pub fn prepare(&mut self, function: &Value, arguments: &[Value]) -> Result<(), Error> {
        let function = self.cx().resolve(function)?;
        let arguments = self.cx().resolve_all(arguments)?;
        self.0.prepare(function, &arguments);
        self.tell_panics();
        Ok(())
    }

    /// Goes on with a run that has stopped for want of fuel, was stepped or is only prepared.
    pub fn resume(&mut self) -> RunState {
        let state = self.0.resume();
        self.own_state(state)
    }

    /// Goes on with a run for at most so many canonical instructions. Each slice of the work of a long one counts.
    pub fn step(&mut self, instructions: u64) -> RunState {
        let state = self.0.step(instructions);
        self.own_state(state)
    }

    /// Goes on with a run until another source line begins, in the frame that runs or in one that it returns to; what it
    /// calls is run to its end. A function that is called in the place of the frame counts as that frame.
    ///
    /// It ends with [`RunState::Stepped`] there, and else as [`step`](Self::step) does.
    pub fn step_line(&mut self) -> RunState {
        let state = self.0.step_line();
        self.own_state(state)
    }

    /// As [`step_line`](Self::step_line), but also stops where a line begins in what the frame calls.
    pub fn step_into_line(&mut self) -> RunState {
        let state = self.0.step_into_line();
        self.own_state(state)
    }

    /// Goes on with a run that waits for the host, or has yielded to it, giving it these values.
    ///
    /// # Errors
    /// When a value is of another machine; nothing happens then.
    pub fn answer(&mut self, values: &[Value]) -> Result<RunState, Error> {
        self.prepare_answer(values)?;
        Ok(self.resume())
    }

    /// As [`answer`](Self::answer), without running any instruction.
    ///
    /// # Errors
    /// As for [`answer`](Self::answer).
    pub fn prepare_answer(&mut self, values: &[Value]) -> Result<(), Error> {
        let values = self.cx().resolve_all(values)?;
        self.0.prepare_answer(&values);
        Ok(())
    }

    /// Ends the program: runs the finalisers of all objects that have one, dead or not, in the reverse of the order in which
    /// they got it. Their errors are told as always. Does nothing if the program has ended itself at once. Runs that could
    /// go on are dropped, also those that are suspended.
    ///
    /// # Errors
    /// When a finaliser ends the program with an exit status, uses up the budget, waits for the host, or there is no memory to
    /// run it; no other runs then.
    pub fn close(&mut self) -> Result<(), Failure> {
        let closed = self.0.close();
        self.tell_panics();
        closed.map_err(|failure| self.cx().own_failure(failure))
    }

    /// How a slice ended, for the host.
    pub(crate) fn own_state(&mut self, state: RawState) -> RunState {
        self.tell_panics();
        match state {
            RawState::Finished(values) => RunState::Finished(self.cx().root_all(values)),
            RawState::Failed(failure) => RunState::Failed(self.cx().own_failure(failure)),
            RawState::OutOfFuel => RunState::OutOfFuel,
            RawState::Waiting(request) => RunState::Waiting(request),
            RawState::Yielded(values) => RunState::Yielded(self.cx().root_all(values)),
            RawState::Stepped => RunState::Stepped,
            RawState::Interrupted => RunState::Interrupted,
        }
    }
}

/// Budgets, interrupts and errors.
impl Machine {
    /// Adds to the budget of canonical instructions. A machine starts without a limit; the first call sets one.
    pub fn add_fuel(&mut self, fuel: u64) {
        self.0.add_fuel(fuel);
    }

    /// Sets the budget of canonical instructions, or takes the limit away. A run stops after exactly so many. Instructions
    /// that do much, and host functions that do, count as several, see [`HostCall::charge`](crate::HostCall::charge).
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        self.0.set_fuel(fuel);
    }

    /// What is left of the budget; none when there is no limit.
    pub fn fuel(&self) -> Option<u64> {
        self.0.fuel()
    }

    /// Asks this when a run begins or goes on and then again and again, some thousand times a second, whatever the program
    /// does: where it says yes, the run stops with [`RunState::Interrupted`], and can go on. So a host that has clocks and
    /// signals sets a deadline, or lets itself be called back.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// let deadline = Instant::now() + Duration::from_secs(5);
    /// machine.set_interrupt(move || Instant::now() >= deadline);
    /// ```
    ///
    /// Where a run stops for this is not determined by the program, what it has done till then, and costs, is.
    pub fn set_interrupt(&mut self, is_interrupted: impl FnMut() -> bool + Send + 'static) {
        self.0.set_interrupt(is_interrupted);
    }

    /// Asks nothing any more.
    pub fn clear_interrupt(&mut self) {
        self.0.clear_interrupt();
    }

    /// Where a run stands that has stopped and can go on, as a traceback; empty when there is no such run.
    pub fn traceback(&self) -> String {
        self.0.traceback()
    }

    /// Says whether a run that raises an error which nothing in the program catches stops there, with its stack as it is: no
    /// protected call, no handler, on the running fiber and on those that have resumed it. It is not so at first.
    ///
    /// Such a run ends with [`RunState::Failed`] as it would without, but [`frames`](Self::frames) shows where,
    /// [`save`](Self::save) takes it along, and [`resume`](Self::resume) goes on: it unwinds the stack, cleans up, and ends with
    /// `Failed` again.
    pub fn set_keep_stack_on_error(&mut self, keeps: bool) {
        self.0.set_keep_stack_on_error(keeps);
    }

    /// Gives errors of instructions the words of a language: what `words` gives is the error value, as a string, with a position or
    /// without; for none the error keeps its own words. What it says is what programs see, so that it says the same of the same, in
    /// every machine that goes on with the state.
    ///
    /// ```
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// machine.set_error_words(|error| match (error.kind, &error.variable) {
    ///     (minivm::ErrorKind::Call, Some((_, name))) => Some(format!("{name} is not a function")),
    ///     _ => None,
    /// });
    /// ```
    pub fn set_error_words(&mut self, words: impl Fn(&ErrorReport) -> Option<String> + Send + 'static) {
        self.0.set_error_words(words);
    }

    /// Tells tracebacks of errors that end a run of calls that a compiler has inlined: `inlined` gives those around a byte of the
    /// module of this name, the innermost first. It is asked for places that line tables of a module have told, when a run has failed.
    /// Programs do not see it.
    pub fn set_inlined_calls(&mut self, inlined: impl Fn(&str, u32) -> Vec<InlinedCall> + Send + 'static) {
        self.0.set_inlined_calls(inlined);
    }

    /// The error that the run has stopped at, see [`set_keep_stack_on_error`](Self::set_keep_stack_on_error).
    pub fn uncaught_error(&mut self) -> Option<Value> {
        let error = self.0.uncaught_error()?;
        Some(self.cx().root(error))
    }

    /// Where the error was raised that has ended a run last: in the innermost function with code and positions.
    pub fn failed_at(&self) -> Option<&Position> {
        self.0.failed_at()
    }

    /// Raises an error where a run stands that has stopped and could go on, with that position before the message;
    /// [`resume`](Self::resume) goes on with whoever catches it. Says whether there is such a run.
    pub fn raise(&mut self, message: impl AsRef<[u8]>) -> bool {
        let is_raised = self.0.raise(message);
        self.tell_panics();
        is_raised
    }

    /// Whether there is a run that [`resume`](Self::resume) would go on with.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}
