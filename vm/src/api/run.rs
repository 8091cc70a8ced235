//! Running: a call from the host, in slices.

use crate::api::machine::Machine;
use crate::heap::FiberCell;
use crate::runtime::call::call_value;
use crate::runtime::context::{Context, FUEL_LIMIT_MAX, FUEL_UNLIMITED, Status};
use crate::runtime::definitions::InstanceId;
use crate::runtime::engine::CompileError;
use crate::runtime::failure::Failure;
use crate::runtime::fiber::{Fiber, FiberState};
use crate::runtime::function::{Body, FunctionInfo};
use crate::runtime::host::HostRequest;
use crate::runtime::task::Uncaught;
use crate::runtime::{host_run, stepping, switch};
use crate::threaded::Flow;
use crate::threaded::UNPAID_MAX;
use crate::threaded::continuation::CONTINUATION_DELTA;
use crate::value::Value;

/// How a slice of a run ended.
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

impl Machine {
    /// Calls a function to its end.
    ///
    /// # Errors
    /// The error nobody caught, with a traceback; also when the run waits for the host, which only [`resume`](Self::resume)
    /// and [`answer`](Self::answer) can serve.
    pub fn call(&mut self, function: Value, arguments: &[Value]) -> Result<Vec<Value>, Failure> {
        let mut state = self.start(function, arguments);
        loop {
            match state {
                RunState::Finished(values) => return Ok(values),
                RunState::Failed(failure) => return Err(failure),
                RunState::Waiting(request) => {
                    let message = format!("host request '{}' was not answered", request.name());
                    return Err(self.cx.failure_of(&message));
                }
                RunState::OutOfFuel => return Err(self.cx.failure_of("out of fuel")),
                RunState::Interrupted => return Err(self.cx.failure_of("interrupted")),
                RunState::Stepped | RunState::Yielded(_) => state = self.resume(),
            }
        }
    }

    /// Calls an exported function to its end.
    ///
    /// # Errors
    /// As for [`call`](Self::call); also when there is no such function.
    pub fn invoke(&mut self, instance: InstanceId, name: &str, arguments: &[Value]) -> Result<Vec<Value>, Failure> {
        match self.exported_function(instance, name) {
            Some(function) => self.call(function, arguments),
            None => Err(self.cx.failure_of(&format!("no exported function '{name}'"))),
        }
    }

    /// Adds to the budget of canonical instructions. A machine starts without a limit; the first call sets one.
    pub fn add_fuel(&mut self, fuel: u64) {
        let left = self.fuel().unwrap_or(0);
        self.set_fuel(Some(left.saturating_add(fuel)));
    }

    /// Sets the budget of canonical instructions, or takes the limit away. A run stops after exactly so many. Instructions
    /// that do much, and host functions that do, count as several, see [`HostCall::charge`](crate::raw::HostCall::charge).
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        let limited = |fuel: u64| i64::try_from(fuel).unwrap_or(i64::MAX).min(FUEL_LIMIT_MAX);
        self.cx.fuel = fuel.map_or(FUEL_UNLIMITED, limited);
        self.cx.is_limited = fuel.is_some();
    }

    /// What is left of the budget; none when there is no limit.
    pub fn fuel(&self) -> Option<u64> {
        self.cx.is_limited.then(|| self.cx.fuel.max(0) as u64)
    }

    /// Asks this when a run begins or goes on and then again and again, some thousand times a second, whatever the program
    /// does: where it says yes, the run stops with [`RunState::Interrupted`], and can go on. So a host that has clocks and
    /// signals sets a deadline, or lets itself be called back.
    ///
    /// Where a run stops for this is not determined by the program, what it has done till then, and costs, is.
    pub fn set_interrupt(&mut self, is_interrupted: impl FnMut() -> bool + Send + 'static) {
        self.cx.interrupt = Some(Box::new(is_interrupted));
    }

    /// Asks nothing any more.
    pub fn clear_interrupt(&mut self) {
        self.cx.interrupt = None;
    }

    /// Starts a call and runs it as far as the budget goes. A run that was not finished is dropped.
    pub fn start(&mut self, function: Value, arguments: &[Value]) -> RunState {
        self.prepare(function, arguments);
        self.resume()
    }

    /// Starts a call without running any of its instructions: [`resume`](Self::resume) and [`step`](Self::step) do. A run
    /// that was not finished is dropped.
    pub fn prepare(&mut self, function: Value, arguments: &[Value]) {
        self.cx.begin(function, arguments);
    }

    /// Goes on with a run that has stopped for want of fuel, was stepped or is only prepared.
    pub fn resume(&mut self) -> RunState {
        self.cx.run_slice(None)
    }

    /// Goes on with a run for at most so many canonical instructions. Each slice of the work of a long one counts.
    pub fn step(&mut self, instructions: u64) -> RunState {
        self.cx.run_slice(Some(instructions))
    }

    /// Where a run stands that has stopped and can go on, as a traceback; empty when there is no such run.
    pub fn traceback(&self) -> String {
        match self.cx.status {
            Status::OutOfFuel | Status::Stepped | Status::Waiting => {
                crate::runtime::error::traceback(&self.cx, Flow { pc: self.cx.pc, regs: self.cx.regs }, false)
            }
            Status::Failed if self.uncaught_error().is_some() => {
                crate::runtime::error::traceback(&self.cx, Flow { pc: self.cx.pc, regs: self.cx.regs }, false)
            }
            Status::Yielded => {
                // SAFETY: the run keeps the fiber.
                let fiber = unsafe { Value::from_fiber(self.cx.run.suspended) };
                crate::runtime::error::traceback_of_fiber(&self.cx, fiber, 0)
            }
            Status::Running | Status::Finished | Status::Failed => String::new(),
        }
    }

    /// Goes on with a run that waits for the host, or has yielded to it, giving it these values.
    pub fn answer(&mut self, values: &[Value]) -> RunState {
        self.prepare_answer(values);
        self.resume()
    }

    /// As [`answer`](Self::answer), without running any instruction.
    pub fn prepare_answer(&mut self, values: &[Value]) {
        let cx = &mut self.cx;
        let flow = match cx.status {
            Status::Waiting => {
                cx.status = Status::Running;
                // SAFETY: a run waits with the continuation of its host function on top.
                unsafe { host_run::answer(cx, cx.regs, values) }
            }
            Status::Yielded => switch::answer_yield(cx, values),
            Status::Running | Status::OutOfFuel | Status::Stepped | Status::Finished | Status::Failed => return,
        };
        cx.go_on(flow);
    }
}

impl Context {
    /// Runs until the budget, or the number of steps, is used up.
    ///
    /// Optimised code charges only now and then, so it gets less than the budget; what is left is done in baseline code.
    fn run_slice(&mut self, steps: Option<u64>) -> RunState {
        // Optimised code may stop with a little more left than it kept back, where the next block costs more than that.
        let mut is_rest = false;
        self.interrupted = None;
        self.steps = steps.unwrap_or(u64::MAX);
        loop {
            match self.status {
                Status::Running | Status::OutOfFuel | Status::Stepped => {}
                Status::Failed if let Uncaught::Stopped(error) = self.run.uncaught => {
                    self.unwind_uncaught(error);
                    continue;
                }
                Status::Yielded if !self.run.is_yield_unreported => {
                    let flow = switch::answer_yield(self, &[]);
                    self.go_on(flow);
                    continue;
                }
                Status::Finished | Status::Failed | Status::Waiting | Status::Yielded => return self.state(),
            }
            if self.is_interrupted() {
                return RunState::Interrupted;
            }
            if self.status == Status::Running && self.heap.needs_step() && !self.is_machine_place(self.pc) {
                // A run that begins: what earlier ones have left is collected though this one may come to no safepoint.
                // SAFETY: it stands at the start of a function, whose arguments are in place.
                unsafe { crate::runtime::collect::step_before(self, Flow { pc: self.pc, regs: self.regs }) };
            }
            if !self.is_limited {
                self.fuel = FUEL_UNLIMITED;
            }
            if !self.pay_owed() {
                return RunState::OutOfFuel;
            }
            let is_hooked = self.hooks.count.get() > 0;
            self.stepping = steps.is_some() || is_hooked || self.is_limited && (is_rest || self.fuel <= UNPAID_MAX);
            let reserve = if self.is_limited && !self.stepping { UNPAID_MAX } else { 0 };
            let slice = self.interrupt_slice().min(crate::runtime::native::slice(self));
            self.fuel_aside = self.fuel.saturating_sub(reserve).saturating_sub(slice).max(0);
            if is_hooked {
                self.hooks.steps_left = std::mem::take(&mut self.steps);
            }
            self.hooks.is_on = is_hooked;
            self.run_once(reserve);
            if std::mem::take(&mut self.hooks.is_on) {
                self.steps = self.hooks.steps_left;
            }
            let is_slice = std::mem::take(&mut self.fuel_aside) > 0;
            let stepped = std::mem::take(&mut self.stepping);
            let looks_around = std::mem::take(&mut self.looks_around);
            let hastened = std::mem::take(&mut self.hastened);
            if is_slice && !stepped {
                crate::runtime::native::sample(self, slice.saturating_sub(hastened));
            }
            if self.status == Status::OutOfFuel && (is_slice || !self.is_limited || looks_around) {
                continue;
            }
            if self.status != Status::OutOfFuel || stepped {
                return self.state();
            }
            is_rest = true;
        }
    }

    /// Runs with so much of the budget kept back, besides what lies aside.
    pub(crate) fn run_once(&mut self, reserve: i64) {
        let flow = Flow { pc: self.pc, regs: self.regs };
        let is_stopped = self.status == Status::OutOfFuel;
        self.status = Status::Running;
        // Its budget means nothing in another slice.
        self.retried = None;
        self.refresh_memory();
        // SAFETY: the saved state is that of the run: `begin` or the stop made it.
        unsafe {
            let flow = stepping::begin_slice(self, flow, is_stopped);
            self.go_on(flow);
            self.fuel -= reserve + self.fuel_aside;
            (self.engine.run)(&raw mut *self);
            // More may lie aside by now.
            self.fuel += reserve + self.fuel_aside;
            if !self.stepping && self.status == Status::OutOfFuel {
                self.fuel -= stepping::unpaid_at_stop(self, Flow { pc: self.pc, regs: self.regs });
            }
        }
    }
}

impl Context {
    /// Takes the state that a slow function has left, unless it has stopped.
    pub(crate) fn go_on(&mut self, flow: Flow) {
        if !flow.pc.is_null() {
            self.pc = flow.pc;
            self.regs = flow.regs;
        }
    }

    /// Prepares a call on a new main fiber, in place of the run at work.
    fn begin(&mut self, function: Value, arguments: &[Value]) {
        self.drop_present();
        self.run.is_unreported = true;
        self.load_first(function, arguments);
        let made = switch::create(self, function).or_else(|_| {
            crate::runtime::collect::make_room_for(self, function, arguments)?;
            switch::create(self, function)
        });
        match made {
            Ok(fiber) => self.enter_main(fiber.as_fiber().expect("it was just made"), arguments),
            Err(_) => {
                self.run.failure = Some(self.failure_of("not enough memory"));
                self.status = Status::Failed;
            }
        }
    }

    /// Makes the code of the function that a run begins with, where a collection can make room for it: entering it can only
    /// fail. What fails here fails there again, and is told.
    fn load_first(&mut self, function: Value, arguments: &[Value]) {
        let Some(closure) = function.as_function() else { return };
        // SAFETY: values at hand are reachable; closures point to functions, which live as long as one of them.
        let info = unsafe { &*(*closure).function.cast::<FunctionInfo>() };
        if let Body::Guest(guest) = &info.body
            && (self.engine.compile)(self, info, guest) == Err(CompileError::OutOfMemory)
        {
            let _ = crate::runtime::collect::make_room_for(self, function, arguments);
        }
    }

    /// Calls the function that waits on a new fiber, which becomes the main one of the run at work.
    pub(crate) fn enter_main(&mut self, cell: *mut FiberCell, arguments: &[Value]) {
        self.run.main_fiber = cell;
        self.run.fiber = cell;
        self.status = Status::Running;
        self.is_abandoned = false;
        // SAFETY: the fiber is new: its stack has an entry continuation and the function, and nothing else.
        unsafe {
            let state = Fiber::of(cell);
            let function = state.waiting_callee();
            state.state = FiberState::Running;
            self.stack_start = state.stack.start();
            self.stack_end = state.stack.limit();
            let continuation = self.stack_start;
            let place = self.continuation_return();
            let needed = CONTINUATION_DELTA + 2 * arguments.len() + 16;
            let at = Flow { pc: place, regs: continuation };
            let flow = match self.reserve(continuation, continuation, needed) {
                Some(continuation) => {
                    let new = continuation.add(CONTINUATION_DELTA);
                    for (index, &argument) in arguments.iter().enumerate() {
                        crate::threaded::operands::set_any(new, index * 2, argument);
                    }
                    call_value(self, function, new, arguments.len(), place, Flow { pc: place, regs: continuation })
                }
                None => crate::runtime::call::stack_overflow(self, at),
            };
            self.go_on(flow);
        }
    }

    /// How the slice ended.
    fn state(&mut self) -> RunState {
        if let Some(panic) = self.heap.take_panic() {
            std::panic::resume_unwind(panic);
        }
        if let Some(Err(panic)) = self.interrupted.take() {
            std::panic::resume_unwind(panic);
        }
        match self.status {
            Status::Finished => {
                self.run.is_unreported = false;
                RunState::Finished(std::mem::take(&mut self.run.values))
            }
            Status::Failed => {
                if !matches!(self.run.uncaught, Uncaught::Stopped(_)) {
                    self.run.is_unreported = false;
                    self.run.end_fibers();
                }
                if let Some(panic) = self.panic.take() {
                    self.run.failure = None;
                    std::panic::resume_unwind(panic);
                }
                RunState::Failed(self.run.failure.take().unwrap_or(Failure::Exit(1)))
            }
            Status::OutOfFuel => RunState::OutOfFuel,
            Status::Stepped => RunState::Stepped,
            Status::Yielded => {
                self.run.is_yield_unreported = false;
                RunState::Yielded(std::mem::take(&mut self.run.values))
            }
            Status::Waiting => match self.run.request.take() {
                Some(request) => RunState::Waiting(request),
                None => RunState::Failed(self.failure_of("a host function waits for nothing")),
            },
            Status::Running => RunState::Failed(self.failure_of("the run was left while it ran")),
        }
    }

    /// A failure with a message of the machine's own.
    pub(crate) fn failure_of(&mut self, message: &str) -> Failure {
        let value = self.heap.string_value(message.as_bytes()).unwrap_or(Value::NIL);
        Failure::Error { value, trap: None, trace: String::new() }
    }
}
